/* The field of 2^64 elements.
 *
 * An element is a limb: bit i is the coefficient of X^i, modulo
 * X^64 + X^4 + X^3 + X + 1, the least irreducible pentanomial of its degree.
 * Addition is XOR. A fast path multiplies with VPCLMULQDQ; the portable one
 * with integer products of numbers that have three zeros after each bit.
 *
 * Source     modulus: Seroussi, "Table of low-weight binary irreducible
 *            polynomials", HPL-98-135
 */
#ifndef PRIVSHARE_PS_GF64_H
#define PRIVSHARE_PS_GF64_H

#include "ps_config.h"

/* ffi: begin */
/** Multiply element by element.
 *
 *  Computes   out[i] = a[i] * b[i]
 *  Out        out        count elements
 *  In         a, b       count elements each
 *             backend    from ps_backend_portable or ps_backend_best
 *  Secret     a, b       time and addresses depend on count alone
 *  Overlap    out may be a or b
 */
void ps_gf64_mul(ps_limb *out, const ps_limb *a, const ps_limb *b,
                 size_t count, const ps_backend *backend);

/** Sum of products.
 *
 *  Computes   the sum of a[i] * b[i]
 *  Returns    one element
 *  In         a, b       count elements each
 *             backend    as above
 *  Secret     a, b       time and addresses depend on count alone
 */
ps_limb ps_gf64_dot(const ps_limb *a, const ps_limb *b, size_t count,
                    const ps_backend *backend);
/* ffi: end */

#endif
