/* What anybody can do with ciphertexts. */
#include <string.h>

#include "../backend/backend.h"
#include "../mpn/limb.h"
#include "../mpn/mont.h"
#include "ciphertext.h"
#include "dual.h"
#include "privshare/ps_config.h"
#include "privshare/ps_paillier.h"

#define N_LIMBS PS_PAILLIER_N_LIMBS
#define C_LIMBS (2 * PS_PAILLIER_N_LIMBS)

/* A ciphertext below n^2. Whether it is a unit is settled separately. */
ps_status ps_paillier_read_ciphertext(ps_limb *c, const uint8_t *bytes,
                                      const ps_paillier_public *key)
{
    size_t limbs = key->n2.limbs;

    if (ps_mpn_from_bytes(c, limbs, bytes, key->c_len) != PS_OK
        || !ps_mpn_is_less(c, key->n2.m, limbs)) {
        return PS_E_VERIFY;
    }
    return PS_OK;
}

void ps_paillier_write_ciphertext(uint8_t *bytes, const ps_limb *c,
                                  const ps_paillier_public *key)
{
    ps_mpn_to_bytes(bytes, key->c_len, c, key->n2.limbs);
}

void ps_paillier_gather(ps_limb *product, const ps_limb *c,
                        const ps_paillier_public *key)
{
    const ps_mont *n = &key->n.mont;
    ps_limb rest[N_LIMBS], quotient[N_LIMBS], copy[C_LIMBS];

    memcpy(copy, c, key->n2.limbs * sizeof *c);
    ps_limb high = ps_mont_redc(rest, quotient, copy, n);
    (void)ps_mont_subtract_once(rest, high, n);
    ps_mont_mul(product, product, rest, n);
}

ps_status ps_paillier_below_n2_vartime(const uint8_t *c, size_t count,
                                       const ps_paillier_public *key)
{
    uint8_t n2[8 * C_LIMBS];

    ps_mpn_to_bytes(n2, key->c_len, key->n2.m, key->n2.limbs);
    for (size_t i = 0; i < count; i++) {
        if (memcmp(c + i * key->c_len, n2, key->c_len) >= 0) {
            return PS_E_VERIFY;
        }
    }
    return PS_OK;
}

ps_status ps_paillier_all_units(const ps_limb *product,
                                const ps_paillier_public *key)
{
    return ps_mont_coprime_vartime(product, &key->n.mont) == PS_OK
        ? PS_OK : PS_E_VERIFY;
}

static ps_status is_unit(const ps_limb *c, const ps_paillier_public *key)
{
    ps_limb rest[N_LIMBS];

    ps_mont_reduce(rest, c, key->n2.limbs, &key->n.mont);
    return ps_paillier_all_units(rest, key);
}

static ps_status read_unit(ps_limb *c, const uint8_t *bytes,
                           const ps_paillier_public *key)
{
    ps_status status = ps_paillier_read_ciphertext(c, bytes, key);
    return status == PS_OK ? is_unit(c, key) : status;
}

/* c = a * b mod n^2, plain form. */
static void multiply(ps_limb *c, const ps_limb *a, const ps_limb *b,
                     const ps_paillier_public *key)
{
    ps_limb x[C_LIMBS];

    ps_mont_enter(x, a, &key->n2);
    ps_mont_mul(c, b, x, &key->n2);
    ps_wipe(x, key->n2.limbs * sizeof *x);
}

/* Read r in [1, n). */
static ps_status read_rand(ps_limb *r, const uint8_t *bytes,
                           const ps_paillier_public *key)
{
    size_t limbs = key->n.mont.limbs;
    ps_status status = ps_mpn_from_bytes(r, limbs, bytes, key->n_len);
    ps_limb good = ps_mpn_is_less(r, key->n.mont.m, limbs)
                 & (ps_mpn_is_zero(r, limbs) ^ 1);

    PS_PUBLIC(&good, sizeof good);
    return status == PS_OK && good ? PS_OK : PS_E_RANGE;
}

ps_status ps_paillier_read_plain(ps_limb *m, const uint8_t *bytes,
                                 const ps_paillier_public *key)
{
    size_t limbs = key->n.mont.limbs;
    ps_status status = ps_mpn_from_bytes(m, limbs, bytes, key->n_len);
    ps_limb good = ps_mpn_is_less(m, key->n.mont.m, limbs);

    PS_PUBLIC(&good, sizeof good);
    return status == PS_OK && good ? PS_OK : PS_E_RANGE;
}

/* The pair of r^n mod n^2. The exponent is public. */
static void blind(ps_limb *pair, const ps_limb *r,
                  const ps_paillier_public *key, ps_limb *scratch)
{
    size_t limbs = key->n.mont.limbs;

    memcpy(pair, r, limbs * sizeof *pair);
    memset(pair + limbs, 0, limbs * sizeof *pair);
    ps_dual_enter(pair, pair, &key->n);
    ps_dual_exp_vartime(pair, pair, key->n.mont.m, limbs, &key->n, scratch);
    ps_dual_leave(pair, pair, &key->n);
}

/* c = (1 + m n)(b0 + b1 n) = b0 + (b1 + m b0) n mod n^2. */
static void encrypt(ps_limb *c, const ps_limb *m, const ps_limb *r,
                    const ps_paillier_public *key, ps_limb *scratch)
{
    ps_limb pair[C_LIMBS];
    ps_limb x[N_LIMBS];
    const ps_mont *n = &key->n.mont;

    blind(pair, r, key, scratch);
    ps_mont_enter(x, m, n);
    ps_mont_mul(x, x, pair, n);
    ps_mont_add(pair + n->limbs, pair + n->limbs, x, n);
    ps_dual_join(c, pair, &key->n);
    ps_wipe(pair, sizeof pair);
    ps_wipe(x, sizeof x);
}

static ps_status encrypt_bytes(uint8_t *out, const uint8_t *m_bytes,
                               const uint8_t *r_bytes,
                               const ps_paillier_public *key,
                               ps_limb *scratch)
{
    ps_limb m[N_LIMBS], r[N_LIMBS], c[C_LIMBS];
    ps_status status = ps_paillier_read_plain(m, m_bytes, key);

    if (status == PS_OK) {
        status = read_rand(r, r_bytes, key);
    }
    if (status == PS_OK) {
        encrypt(c, m, r, key, scratch);
        /* What is sent is public, whatever it was made from. */
        PS_PUBLIC(c, key->n2.limbs * sizeof *c);
        ps_paillier_write_ciphertext(out, c, key);
    }
    ps_wipe(m, sizeof m);
    ps_wipe(r, sizeof r);
    return status;
}

/* Every m below n and every r in [1, n). */
static ps_status in_range(const uint8_t *m, const uint8_t *r, size_t count,
                          const ps_paillier_public *key)
{
    ps_limb x[N_LIMBS];
    ps_status status = PS_OK;

    for (size_t i = 0; i < count && status == PS_OK; i++) {
        status = ps_paillier_read_plain(x, m + i * key->n_len, key);
        if (status == PS_OK) {
            status = read_rand(x, r + i * key->n_len, key);
        }
    }
    ps_wipe(x, sizeof x);
    return status;
}

/* 1 when the backend has encrypted the batch. */
static int batch_encrypt(uint8_t *c, const uint8_t *m, const uint8_t *r,
                         size_t count, const ps_paillier_public *key,
                         const ps_backend *backend, ps_limb *scratch)
{
    return count > 0 && backend->paillier_encrypt != NULL
        && in_range(m, r, count, key) == PS_OK
        && backend->paillier_encrypt(c, m, r, count, key, scratch);
}

ps_status ps_paillier_encrypt(uint8_t *c, const uint8_t *m, const uint8_t *r,
                              size_t count, const ps_paillier_public *key,
                              const ps_backend *backend, ps_limb *scratch)
{
    if (batch_encrypt(c, m, r, count, key, backend, scratch)) {
        /* What is sent is public, whatever it was made from. */
        PS_PUBLIC(c, count * key->c_len);
        return PS_OK;
    }
    for (size_t i = 0; i < count; i++) {
        ps_status status = encrypt_bytes(c + i * key->c_len,
                                         m + i * key->n_len,
                                         r + i * key->n_len, key, scratch);
        if (status != PS_OK) {
            ps_wipe(c, count * key->c_len);
            return status;
        }
    }
    return PS_OK;
}

ps_status ps_paillier_check_vartime(const uint8_t *c, size_t count,
                                    const ps_paillier_public *key)
{
    ps_limb x[C_LIMBS];
    ps_limb product[N_LIMBS];

    memcpy(product, key->n.mont.one, sizeof product);
    for (size_t i = 0; i < count; i++) {
        if (ps_paillier_read_ciphertext(x, c + i * key->c_len, key) != PS_OK) {
            return PS_E_VERIFY;
        }
        ps_paillier_gather(product, x, key);
    }
    return ps_paillier_all_units(product, key);
}

/* x = product of the terms times 2^-shift; a Montgomery product costs half of
 * a plain one, and the powers of R are mended once at the end. */
static ps_status product_of(ps_limb *x, uint64_t *shift, const uint8_t *a,
                            size_t count, const ps_paillier_public *key,
                            const ps_backend *backend, ps_limb *scratch)
{
    ps_limb term[C_LIMBS];
    ps_status status;

    if (backend->paillier_product != NULL
        && ps_paillier_below_n2_vartime(a, count, key) == PS_OK
        && backend->paillier_product(x, shift, a, count, key, scratch)) {
        return PS_OK;
    }
    status = ps_paillier_read_ciphertext(x, a, key);
    *shift = 64 * (uint64_t)key->n2.limbs * (count - 1);
    for (size_t i = 1; i < count && status == PS_OK; i++) {
        status = ps_paillier_read_ciphertext(term, a + i * key->c_len, key);
        if (status == PS_OK) {
            ps_mont_mul(x, x, term, &key->n2);
        }
    }
    return status;
}

/* x = x * 2^shift. The highest bits of shift, as far as they are below
 * 64 * limbs, are a power of two as it stands; one square and perhaps one
 * doubling for each of the others. */
void ps_paillier_mend(ps_limb *x, ps_wide shift, const ps_mont *mont)
{
    ps_limb power[C_LIMBS] = {0};
    int left = 0;

    while (shift >> left >= 64 * mont->limbs) {
        left++;
    }
    ps_limb rest = (ps_limb)(shift >> left);
    power[rest / 64] = (ps_limb)1 << (rest % 64);
    ps_mont_enter(power, power, mont);
    while (left-- > 0) {
        ps_mont_sqr(power, power, mont);
        if ((shift >> left) & 1) {
            ps_mont_add(power, power, power, mont);
        }
    }
    ps_mont_mul(x, x, power, mont);
}

ps_status ps_paillier_sum_vartime(uint8_t *c, const uint8_t *a, size_t count,
                                  const ps_paillier_public *key,
                                  const ps_backend *backend,
                                  ps_limb *scratch)
{
    ps_limb x[C_LIMBS];
    uint64_t shift;
    ps_status status;

    memset(c, 0, key->c_len);
    if (count == 0) {
        return PS_E_RANGE;
    }
    status = product_of(x, &shift, a, count, key, backend, scratch);
    if (status == PS_OK) {
        status = is_unit(x, key);
    }
    if (status == PS_OK) {
        ps_paillier_mend(x, shift, &key->n2);
        ps_paillier_write_ciphertext(c, x, key);
    }
    return status;
}

static ps_status rerandomise_one(uint8_t *c, const uint8_t *a,
                                 const uint8_t *r_bytes,
                                 const ps_paillier_public *key,
                                 ps_limb *scratch)
{
    ps_limb x[C_LIMBS], r[N_LIMBS], pair[C_LIMBS], factor[C_LIMBS];
    ps_status status = read_unit(x, a, key);

    if (status == PS_OK) {
        status = read_rand(r, r_bytes, key);
    }
    if (status == PS_OK) {
        blind(pair, r, key, scratch);
        ps_dual_join(factor, pair, &key->n);
        multiply(x, x, factor, key);
        PS_PUBLIC(x, key->n2.limbs * sizeof *x);
        ps_paillier_write_ciphertext(c, x, key);
        ps_wipe(pair, sizeof pair);
        ps_wipe(factor, sizeof factor);
    }
    ps_wipe(r, sizeof r);
    return status;
}

ps_status ps_paillier_rerandomise(uint8_t *c, const uint8_t *a,
                                  const uint8_t *r, size_t count,
                                  const ps_paillier_public *key,
                                  ps_limb *scratch)
{
    for (size_t i = 0; i < count; i++) {
        ps_status status = rerandomise_one(c + i * key->c_len,
                                           a + i * key->c_len,
                                           r + i * key->n_len, key, scratch);
        if (status != PS_OK) {
            ps_wipe(c, count * key->c_len);
            return status;
        }
    }
    return PS_OK;
}

ps_status ps_paillier_verify_opening_vartime(const uint8_t *c,
                                             const uint8_t *m,
                                             const uint8_t *r,
                                             const ps_paillier_public *key,
                                             const ps_backend *backend,
                                             ps_limb *scratch)
{
    ps_limb x[C_LIMBS];
    uint8_t expected[8 * C_LIMBS];

    if (read_unit(x, c, key) != PS_OK
        || ps_paillier_encrypt(expected, m, r, 1, key, backend, scratch)
            != PS_OK
        || memcmp(expected, c, key->c_len) != 0) {
        return PS_E_VERIFY;
    }
    return PS_OK;
}
