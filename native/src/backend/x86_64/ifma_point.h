/* Few multiplications, the coordinates of each point side by side.
 *
 * Eight lanes of points (ifma_group.h) take as long for one as for eight; this
 * takes a quarter of that for one.
 */
#ifndef PRIVSHARE_BACKEND_POINT_H
#define PRIVSHARE_BACKEND_POINT_H

#include "../backend.h"

#if defined(PS_HAVE_LANES)

/* The longest sums. */
enum { PS_GE4_MOST = 8 };

/** The sum of s[i] * a[i], of one to PS_GE4_MOST products.
 *
 *  Out        p
 *  In         s          count scalars; secret unless _vartime
 *             a          count elements
 *  Overlap    p may be one of a
 */
void ps_ge4_msm(ps_ristretto255 *p, const ps_scalar *s,
                const ps_ristretto255 *a, size_t count);
void ps_ge4_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                        const ps_ristretto255 *a, size_t count);

/** s * base, from a table of ps_ristretto255_table_init.
 *
 *  Out        p
 *  In         s          secret
 */
void ps_ge4_table_mul(ps_ristretto255 *p, const ps_scalar *s,
                      const ps_ristretto255_table *table);

/** The sum of 2^(bits * i) * window[i].
 *
 *  Out        p
 *  In         window     `windows` elements, one or more; secret
 *             bits       one or more
 */
void ps_ge4_horner(ps_ristretto255 *p, const ps_ristretto255 *window,
                   size_t windows, int bits);

#endif
#endif
