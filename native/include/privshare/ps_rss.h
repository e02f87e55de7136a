/* Replicated secret sharing among three nodes: the local part of each step.
 *
 * x = x0 + x1 + x2 modulo 2^64 or 2^128; a node holds two of the pieces, its
 * own and the next. An element of Z_2^128 is two limbs, the low one first.
 * Bits are sliced: row b holds bit b of all values, value j in word j / 64 at
 * bit j % 64.
 *
 * Source  Araki, Furukawa, Lindell, Nof and Ohara, CCS 2016, section 2.
 *
 * Time and addresses depend on sizes alone. `limbs` is 1 or 2 for products,
 * and any number from 1 where bits are sliced; a product of sizes that a call
 * names must not pass SIZE_MAX.
 */
#ifndef PRIVSHARE_PS_RSS_H
#define PRIVSHARE_PS_RSS_H

#include "ps_config.h"

/* ffi: begin */
/** A node's part of products, element by element.
 *
 *  Computes   z = x_own * (y_own + y_next) + x_next * y_own
 *  Out        z          n elements
 *  In         x_own, x_next, y_own, y_next     n elements each
 *  Secret     all; time depends on n and limbs
 *  Overlap    z may be one of the inputs
 */
void ps_rss_multiply(uint64_t *z, const uint64_t *x_own,
                     const uint64_t *x_next, const uint64_t *y_own,
                     const uint64_t *y_next, size_t n, size_t limbs);

/** A node's part of a product of matrices.
 *
 *  Computes   as ps_rss_multiply, summed over the inner index
 *  Out        z          rows * columns elements, row by row
 *  In         x_own, x_next     rows * inner elements
 *             y_own, y_next     inner * columns elements
 *  Secret     all; time depends on the sizes
 *  Overlap    none
 */
void ps_rss_matmul(uint64_t *z, const uint64_t *x_own, const uint64_t *x_next,
                   const uint64_t *y_own, const uint64_t *y_next, size_t rows,
                   size_t inner, size_t columns, size_t limbs);

/** A node's part of the conjunction of bits.
 *
 *  Computes   z = x_own & (y_own ^ y_next) ^ x_next & y_own ^ a ^ b
 *  Out        z          n words
 *  In         x_own, x_next, y_own, y_next, a, b     n words each
 *  Secret     all; time depends on n
 *  Overlap    z may be one of the inputs
 */
void ps_rss_and(uint64_t *z, const uint64_t *x_own, const uint64_t *x_next,
                const uint64_t *y_own, const uint64_t *y_next,
                const uint64_t *a, const uint64_t *b, size_t n);

/** Sums in Z_2^128.
 *
 *  Computes   z = a + b
 *  Out        z          n elements of two limbs
 *  In         a, b       n elements each
 *  Secret     all; time depends on n
 *  Overlap    z may be a or b
 */
void ps_rss_add128(uint64_t *z, const uint64_t *a, const uint64_t *b,
                   size_t n);

/** Differences in Z_2^128.
 *
 *  Computes   z = a - b
 *  Out        z          n elements of two limbs
 *  In         a, b       n elements each
 *  Secret     all; time depends on n
 *  Overlap    z may be a or b
 */
void ps_rss_sub128(uint64_t *z, const uint64_t *a, const uint64_t *b,
                   size_t n);

/** Products in Z_2^128.
 *
 *  Computes   z = a * b
 *  Out        z          n elements of two limbs
 *  In         a          n elements
 *             b          n elements, or one if same is not 0
 *  Secret     all but same; time depends on n
 *  Overlap    z may be a
 */
void ps_rss_mul128(uint64_t *z, const uint64_t *a, const uint64_t *b,
                   size_t n, int same);

/** Sums along the middle one of three axes, in Z_2^128.
 *
 *  Out        z          outer * tail elements of two limbs
 *  In         a          outer * inner * tail elements
 *  Secret     a; time depends on the sizes
 *  Overlap    none
 */
void ps_rss_sum128(uint64_t *z, const uint64_t *a, size_t outer, size_t inner,
                   size_t tail);

/** Slice some bits of elements.
 *
 *  Out        rows       n_bits rows of ceil(n / 64) words; bits past the last
 *                        value are zero
 *  In         values     n elements
 *             first      the lowest bit taken; first + n_bits <= 64 * limbs
 *  Secret     values; time depends on the sizes
 *  Overlap    none
 */
void ps_rss_slice(uint64_t *rows, const uint64_t *values, size_t n,
                  size_t limbs, size_t first, size_t n_bits);

/** Turn rows of bits into elements 0 and 1.
 *
 *  Out        values     n_rows * n elements
 *  In         rows       n_rows rows of ceil(n / 64) words
 *  Secret     rows; time depends on the sizes
 *  Overlap    none
 */
void ps_rss_unslice(uint64_t *values, const uint64_t *rows, size_t n_rows,
                    size_t n, size_t limbs);
/* ffi: end */

#endif
