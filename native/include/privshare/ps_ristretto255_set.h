/* Sums over elements that never change, such as the generators of a proof.
 *
 * Source     Straus, 1964, with tables made beforehand
 *
 * A set is built once, in memory of the caller, and read by any number of calls
 * at the same time. It holds sixteen odd multiples each of P and of 2^130*P for
 * every element P, so that a sum takes 130 doublings in place of 252, and makes
 * no tables. All backends read the same set.
 */
#ifndef PRIVSHARE_PS_RISTRETTO255_SET_H
#define PRIVSHARE_PS_RISTRETTO255_SET_H

#include "ps_ristretto255.h"

/* ffi: begin */
/* Limbs of memory for each element. */
#define PS_RISTRETTO255_SET_LIMBS 512

/* Private. */
typedef struct {
    size_t count;
    const ps_limb *rows;  /* in the caller's memory */
} ps_ristretto255_set;

/** Build a set.
 *
 *  Out        set        points into memory; both stay where they are until the
 *                        last call that reads them
 *             memory     PS_RISTRETTO255_SET_LIMBS * count limbs
 *  In         a          count elements; public
 */
void ps_ristretto255_set_init_vartime(ps_ristretto255_set *set,
                                      ps_limb *memory,
                                      const ps_ristretto255 *a, size_t count,
                                      const ps_backend *backend);

/** Limbs of scratch for sums over so many elements. */
size_t ps_ristretto255_set_limbs(size_t count);

/** Sum multiples of a set's elements.
 *
 *  Computes   p = s[0]*a[0] + ... + s[count - 1]*a[count - 1]
 *
 *  Out        p
 *  In         s          count scalars, public; those that are zero cost next
 *                        to nothing
 *             set        of count or more elements
 *  Scratch    ps_ristretto255_set_limbs(count) limbs
 */
void ps_ristretto255_set_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                     size_t count,
                                     const ps_ristretto255_set *set,
                                     const ps_backend *backend,
                                     ps_limb *scratch);
/* ffi: end */

#endif
