/* What the files of this folder share about ciphertexts. */
#ifndef PRIVSHARE_PAILLIER_CIPHERTEXT_H
#define PRIVSHARE_PAILLIER_CIPHERTEXT_H

#include "../mpn/limb.h"
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

/** Read a number below n^2, key->n2.limbs limbs. PS_E_VERIFY if it is not. */
PS_MUST_CHECK
ps_status ps_paillier_read_ciphertext(ps_limb *c, const uint8_t *bytes,
                                      const ps_paillier_public *key);

void ps_paillier_write_ciphertext(uint8_t *bytes, const ps_limb *c,
                                  const ps_paillier_public *key);

/** Read m in [0, n). PS_E_RANGE if it is not. */
PS_MUST_CHECK
ps_status ps_paillier_read_plain(ps_limb *m, const uint8_t *bytes,
                                 const ps_paillier_public *key);

/** product = product * c mod n, up to powers of R.
 *
 *  A product of ciphertexts is a unit exactly when each factor is, and so are
 *  the powers of R: one gcd settles a whole array. Begin with key->n.mont.one.
 */
void ps_paillier_gather(ps_limb *product, const ps_limb *c,
                        const ps_paillier_public *key);

/** PS_OK when that product, a number below n, is a unit; else PS_E_VERIFY. */
PS_MUST_CHECK
ps_status ps_paillier_all_units(const ps_limb *product,
                                const ps_paillier_public *key);

/** x = x * 2^shift mod m, for x below m. */
void ps_paillier_mend(ps_limb *x, ps_wide shift, const ps_mont *mont);

#endif
