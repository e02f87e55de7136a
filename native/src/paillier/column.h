/* What column.c and column_sums.c share. */
#ifndef PRIVSHARE_PAILLIER_COLUMN_H
#define PRIVSHARE_PAILLIER_COLUMN_H

#include "../backend/backend.h"
#include "privshare/ps_paillier_column.h"

#define N_LIMBS PS_PAILLIER_N_LIMBS
#define C_LIMBS (2 * PS_PAILLIER_N_LIMBS)

/* Only entered once all elements were found to be below n^2. */
#define COLUMN_DONE(entry, ...) \
    (backend->entry != NULL && backend->entry(__VA_ARGS__))

/** Say which is no ciphertext; PS_E_VERIFY in any case. */
PS_MUST_CHECK
ps_status ps_paillier_column_blame(size_t *bad, const uint8_t *c, size_t count,
                                   const ps_paillier_public *key);

/** Montgomery's trick for a few elements.
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   an element is no ciphertext; c is untouched
 *  Out        c          count * key->c_len bytes
 *  In         a          count * key->c_len bytes, count > 0
 *  Scratch    products   count * key->n2.limbs limbs
 *  Overlap    c may be a
 */
PS_MUST_CHECK
ps_status ps_paillier_column_invert_few(uint8_t *c, const uint8_t *a,
                                        size_t count,
                                        const ps_paillier_public *key,
                                        ps_limb *products);

/** 1 for an element of that sign. */
static inline int column_has_sign(const uint8_t *negative, size_t i,
                                  uint8_t sign)
{
    return (negative != NULL && negative[i] != 0) == (sign != 0);
}

#endif
