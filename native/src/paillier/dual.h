/* Dual numbers: arithmetic modulo m^2 in halves of the size of m.
 *
 * A pair (a0, a1) of numbers below m stands for a0 + a1 * m modulo m^2. A
 * product costs five half-size products instead of eight, a square three and
 * a half instead of six. In Montgomery form with R = 2^(64 * limbs):
 *
 *   T = a0 b0,  q = -T m^-1 mod R,  T + q m = R t
 *   a b / R = t + ((a0 b1 + a1 b0 - q) / R mod m) * m   mod m^2
 *
 * since a0 b0 = R t - q m. The quotient q, which an ordinary reduction throws
 * away, is all that has to be carried over.
 *
 * Layout     2 * limbs limbs: a0, then a1, each canonical below m.
 */
#ifndef PRIVSHARE_PAILLIER_DUAL_H
#define PRIVSHARE_PAILLIER_DUAL_H

#include "privshare/ps_paillier.h"

#define DUAL_MAX_LIMBS (2 * PS_PAILLIER_N_LIMBS)

/** Prepare a modulus.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    as ps_mont_init, or limbs > PS_PAILLIER_N_LIMBS
 *  Secret     m
 */
PS_MUST_CHECK
ps_status ps_dual_init(ps_paillier_dual *dual, const ps_limb *m,
                       size_t limbs);

/** Montgomery product and square. r may be a or b. */
void ps_dual_mul(ps_limb *r, const ps_limb *a, const ps_limb *b,
                 const ps_paillier_dual *dual);
void ps_dual_sqr(ps_limb *r, const ps_limb *a, const ps_paillier_dual *dual);

/** Twice a pair, in either form. In place. */
void ps_dual_twice(ps_limb *a, const ps_paillier_dual *dual);

/** Into Montgomery form and out of it. r may be a. */
void ps_dual_enter(ps_limb *r, const ps_limb *a,
                   const ps_paillier_dual *dual);
void ps_dual_leave(ps_limb *r, const ps_limb *a,
                   const ps_paillier_dual *dual);

/** The pair of x mod m^2, plain form.
 *
 *  In         x          x_limbs <= 4 * limbs limbs
 */
void ps_dual_split(ps_limb *r, const ps_limb *x, size_t x_limbs,
                   const ps_paillier_dual *dual);

/** The pair of x * R^-1 mod m^2, in plain form: what Montgomery form makes of
 *  x * R^-2. A reduction of x and one of its quotient, far less than a split.
 *
 *  In         x          2 * limbs limbs, below m * R; used up
 */
void ps_dual_fold(ps_limb *r, ps_limb *x, const ps_paillier_dual *dual);

/** r = a0 + a1 * m, 2 * limbs limbs. r may not be a. */
void ps_dual_join(ps_limb *r, const ps_limb *a, const ps_paillier_dual *dual);

/** Powers, base and result in Montgomery form.
 *
 *  In         e          e_limbs limbs; public in the _vartime call
 *  Scratch    table      PS_MPN_WINDOWS * 2 * limbs limbs, wiped
 */
void ps_dual_exp(ps_limb *r, const ps_limb *base, const ps_limb *e,
                 size_t e_limbs, const ps_paillier_dual *dual,
                 ps_limb *table);
void ps_dual_exp_vartime(ps_limb *r, const ps_limb *base, const ps_limb *e,
                         size_t e_limbs, const ps_paillier_dual *dual,
                         ps_limb *table);

#endif
