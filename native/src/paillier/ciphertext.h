/* What public.c and private.c share about ciphertexts. */
#ifndef PRIVSHARE_PAILLIER_CIPHERTEXT_H
#define PRIVSHARE_PAILLIER_CIPHERTEXT_H

#include "privshare/ps_paillier.h"

/** Whether all are below n^2.
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   one is not
 *  In         c          count * key->c_len bytes
 */
PS_MUST_CHECK
ps_status ps_paillier_below_n2_vartime(const uint8_t *c, size_t count,
                                       const ps_paillier_public *key);

#endif
