/* Products of shares in the rings of integers modulo 2^128 and 2^192.
 *
 * An element is `limbs` limbs, 2 or 3, the low one first. x = x0 + x1 + x2,
 * and a node holds two of the three pieces, its own and the next one.
 *
 * Source     Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016, section 2
 */
#ifndef PRIVSHARE_PS_WIDE_H
#define PRIVSHARE_PS_WIDE_H

#include "ps_config.h"

/* ffi: begin */
/** A node's part of products, not masked yet.
 *
 *  Computes   out[i] = x0[i] * (y0[i] + y1[i]) + x1[i] * y0[i]
 *  Out        out        count elements
 *  In         x0, x1     count elements each: own and next pieces
 *             y0, y1     count elements each
 *  Secret     all        time and addresses depend on count and limbs alone
 *  Overlap    none
 */
void ps_wide_cross(ps_limb *out, const ps_limb *x0, const ps_limb *x1,
                   const ps_limb *y0, const ps_limb *y1, size_t count,
                   size_t limbs);

/** The same, summed.
 *
 *  Computes   out[k] = the sum over i < count of what ps_wide_cross gives at
 *             k * count + i
 *  Out        out        rows elements
 *  In         x0, x1, y0, y1   rows * count elements each
 *  Secret     all        time and addresses depend on sizes alone
 *  Overlap    none
 */
void ps_wide_dot(ps_limb *out, const ps_limb *x0, const ps_limb *x1,
                 const ps_limb *y0, const ps_limb *y1, size_t rows,
                 size_t count, size_t limbs);

/** Sums, differences and products, element by element.
 *
 *  Computes   out[i] = a[i] + b[i], a[i] - b[i], a[i] * b[i]
 *  Out        out        count elements
 *  In         a, b       count elements each
 *  Secret     all        time and addresses depend on count and limbs alone
 *  Overlap    out may be a or b
 */
void ps_wide_add(ps_limb *out, const ps_limb *a, const ps_limb *b,
                 size_t count, size_t limbs);
void ps_wide_sub(ps_limb *out, const ps_limb *a, const ps_limb *b,
                 size_t count, size_t limbs);
void ps_wide_mul(ps_limb *out, const ps_limb *a, const ps_limb *b,
                 size_t count, size_t limbs);

/** Sums along the middle one of three axes.
 *
 *  Out        out        outer * tail elements
 *  In         a          outer * inner * tail elements
 *  Secret     a          time and addresses depend on sizes alone
 *  Overlap    none
 */
void ps_wide_sum(ps_limb *out, const ps_limb *a, size_t outer, size_t inner,
                 size_t tail, size_t limbs);
/* ffi: end */

#endif
