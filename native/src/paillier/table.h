/* What table.c, table_holder.c and the lanes share about tables. */
#ifndef PRIVSHARE_PAILLIER_TABLE_H
#define PRIVSHARE_PAILLIER_TABLE_H

#include "dual.h"
#include "privshare/ps_paillier_table.h"

/* Room in limbs for powers modulo m^2 by exponents of so many bytes; one
 * vector more for the alignment. */
size_t ps_powers_limbs(const ps_paillier_dual *dual, size_t exponent_len,
                       const ps_backend *backend);

/** Build powers in ps_powers_limbs limbs from the next aligned address on.
 *
 *  In         base       a pair in Montgomery form
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs, wiped
 *  Secret     base, dual
 */
void ps_powers_init(ps_paillier_powers *powers, ps_limb *room,
                    const ps_limb *base, size_t exponent_len,
                    const ps_paillier_dual *dual, const ps_backend *backend,
                    ps_limb *scratch);

/** The power of the base, a pair in Montgomery form. For powers that the
 *  portable code built.
 *
 *  In         x          exponent_len bytes
 *  Secret     x, powers, dual
 */
void ps_powers_exp(ps_limb *r, const uint8_t *x, size_t exponent_len,
                   const ps_paillier_powers *powers,
                   const ps_paillier_dual *dual);

/** p^-2 mod q^2, a pair in Montgomery form. */
void ps_holder_weight(ps_limb *r, const ps_paillier_private *key);

/** r = a - b for pairs modulo m^2, in either form. r may be a or b. */
void ps_pair_sub(ps_limb *r, const ps_limb *a, const ps_limb *b,
                 const ps_mont *m);

/** All m below n.
 *
 *  Returns    PS_OK, or PS_E_RANGE
 *  Secret     m
 */
PS_MUST_CHECK
ps_status ps_paillier_plain_in_range(const uint8_t *m, size_t count,
                                     const ps_paillier_public *key);

#endif
