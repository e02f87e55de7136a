/* Ciphertexts to a secret power, in dual numbers modulo n^2. */
#include "privshare/ps_paillier_power.h"

#include <string.h>

#include "../backend/backend.h"
#include "dual.h"
#include "privshare/ps_config.h"

#define C_LIMBS (2 * PS_PAILLIER_N_LIMBS)

enum { E_LIMBS = PS_PAILLIER_POWER_MAX_BYTES / 8 };

/* The bytes are a ciphertext's, so reading them cannot fail. */
static ps_status power_one(uint8_t *c, const uint8_t *a, const ps_limb *e,
                           size_t e_limbs, const ps_paillier_public *key,
                           ps_limb *scratch)
{
    ps_limb x[C_LIMBS], pair[C_LIMBS];
    size_t limbs = key->n2.limbs;
    ps_status status = ps_mpn_from_bytes(x, limbs, a, key->c_len);

    ps_dual_split(pair, x, limbs, &key->n);
    ps_dual_enter(pair, pair, &key->n);
    ps_dual_exp(pair, pair, e, e_limbs, &key->n, scratch);
    ps_dual_leave(pair, pair, &key->n);
    ps_dual_join(x, pair, &key->n);
    ps_mpn_to_bytes(c, key->c_len, x, limbs);
    ps_wipe(x, sizeof x);
    ps_wipe(pair, sizeof pair);
    return status;
}

static ps_status power_all(uint8_t *c, const uint8_t *a, size_t count,
                           const ps_limb *e, size_t e_limbs,
                           const ps_paillier_public *key,
                           const ps_backend *backend, ps_limb *scratch)
{
    ps_status status = PS_OK;

    if (count > 0 && backend->paillier_power != NULL
        && backend->paillier_power(c, a, count, e, e_limbs, key, scratch)) {
        return PS_OK;
    }
    for (size_t i = 0; i < count && status == PS_OK; i++) {
        status = power_one(c + i * key->c_len, a + i * key->c_len, e, e_limbs,
                           key, scratch);
    }
    return status;
}

ps_status ps_paillier_power(uint8_t *c, const uint8_t *a, size_t count,
                            const uint8_t *e, size_t e_len,
                            const ps_paillier_public *key,
                            const ps_backend *backend, ps_limb *scratch)
{
    ps_limb exponent[E_LIMBS];
    size_t e_limbs = (e_len + 7) / 8;
    ps_status status = PS_E_RANGE;

    if (e_len != 0 && e_len <= PS_PAILLIER_POWER_MAX_BYTES) {
        status = ps_paillier_check_vartime(a, count, key);
    }
    if (status == PS_OK) {
        status = ps_mpn_from_bytes(exponent, e_limbs, e, e_len);
    }
    if (status == PS_OK) {
        status = power_all(c, a, count, exponent, e_limbs, key, backend,
                           scratch);
        ps_wipe(exponent, e_limbs * sizeof *exponent);
    }
    if (status != PS_OK) {
        ps_wipe(c, count * key->c_len);
    }
    return status;
}
