/* The inside of Montgomery multiplication, for mont.c and dual.c. */
#ifndef PRIVSHARE_MPN_MONT_H
#define PRIVSHARE_MPN_MONT_H

#include "privshare/ps_mpn.h"

/* Montgomery reduction before the last subtraction.
 *
 * Computes   (t + q * m) / R with q = -t * m^-1 mod R
 * Returns    the limb above r: the result is returned * R + r, which is
 *            below t / R + m
 * Out        r          limbs limbs
 *            q          limbs limbs
 * In         t          2 * limbs limbs, used up
 */
ps_limb ps_mont_redc(ps_limb *r, ps_limb *q, ps_limb *t, const ps_mont *mont);

/* Subtracts m once if high * R + r >= m; returns 1 if it did.
 *
 * In         high       the limb above r; high * R + r < R + m, so that one
 *                       subtraction empties it
 */
ps_limb ps_mont_subtract_once(ps_limb *r, ps_limb high, const ps_mont *mont);

/* r = entry number `digit` of a table of PS_MPN_WINDOWS entries, reading all
 * of it. */
void ps_table_pick(ps_limb *r, const ps_limb *table, ps_limb digit,
                   size_t entry_limbs);

/* Secret exponents are read in windows of 5 bits, 2^5 = PS_MPN_WINDOWS. */
enum { PS_WINDOW_BITS = 5 };

/* Number of windows of `width` bits that cover so many bits. */
size_t ps_window_count(size_t bits, size_t width);

/* Window number i of e, counted from the right; width <= 5. */
ps_limb ps_window_digit(const ps_limb *e, size_t e_limbs, size_t i,
                        size_t width);

/* A good width for a public exponent of so many bits, at most 5. */
size_t ps_window_width_vartime(size_t bits);

#endif
