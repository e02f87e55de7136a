/* Ciphertexts to a secret power: what the holder of a share computes.
 *
 * Source     Damgard and Jurik, PKC 2001, section 4.1: a share holder's
 *            partial decryption is c^(2 D s) mod n^2 with D = (number of
 *            holders)! and the share s, which is about as long as n^2
 *
 * Whoever knows p and q has better ways (ps_paillier_decrypt). ps_paillier.h
 * says how numbers travel.
 */
#ifndef PRIVSHARE_PS_PAILLIER_POWER_H
#define PRIVSHARE_PS_PAILLIER_POWER_H

#include "ps_paillier.h"

/* ffi: begin */
/* 9600 bits: n^2 of 6144 bits, D for several hundred holders, and the room
 * that statistical hiding in a proof takes. */
#define PS_PAILLIER_POWER_MAX_BYTES 1200

/** Raise ciphertexts to one secret power.
 *
 *  Computes   c[i] = a[i]^e mod n^2
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    e_len is 0 or above PS_PAILLIER_POWER_MAX_BYTES
 *             PS_E_VERIFY   an a is no ciphertext
 *  Out        c          count * key->c_len bytes
 *  In         a          count * key->c_len bytes
 *             e          e_len bytes, big-endian; leading zeros allowed
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs, wiped
 *  Secret     e          time and addresses depend on n, count and e_len alone
 *  Overlap    c may be a
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_power(uint8_t *c, const uint8_t *a, size_t count,
                            const uint8_t *e, size_t e_len,
                            const ps_paillier_public *key,
                            const ps_backend *backend, ps_limb *scratch);
/* ffi: end */

#endif
