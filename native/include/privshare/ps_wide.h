/* Products of shares in the ring of integers modulo 2^128.
 *
 * An element is two limbs, the low one first. x = x0 + x1 + x2, and a node
 * holds two of the three pieces, its own and the next one.
 *
 * Source     Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016, section 2
 */
#ifndef PRIVSHARE_PS_WIDE_H
#define PRIVSHARE_PS_WIDE_H

#include "ps_config.h"

/* ffi: begin */
/** A node's part of products, not masked yet.
 *
 *  Computes   out[i] = x0[i] * (y0[i] + y1[i]) + x1[i] * y0[i] mod 2^128
 *  Out        out        count elements
 *  In         x0, x1     count elements each: own and next pieces
 *             y0, y1     count elements each
 *  Secret     all        time and addresses depend on count alone
 *  Overlap    none
 */
void ps_wide_cross(ps_limb *out, const ps_limb *x0, const ps_limb *x1,
                   const ps_limb *y0, const ps_limb *y1, size_t count);

/** The same, summed.
 *
 *  Computes   out[k] = the sum over i < count of what ps_wide_cross gives at
 *             k * count + i
 *  Out        out        rows elements
 *  In         x0, x1, y0, y1   rows * count elements each
 *  Secret     all        time and addresses depend on rows and count alone
 *  Overlap    none
 */
void ps_wide_dot(ps_limb *out, const ps_limb *x0, const ps_limb *x1,
                 const ps_limb *y0, const ps_limb *y1, size_t rows,
                 size_t count);
/* ffi: end */

#endif
