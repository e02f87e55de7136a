/* What only the key holder can do. */
#include <string.h>

#include "../backend/backend.h"
#include "../mpn/limb.h"
#include "ciphertext.h"
#include "dual.h"
#include "privshare/ps_config.h"
#include "privshare/ps_paillier.h"

#define P_LIMBS PS_PAILLIER_P_LIMBS
#define N_LIMBS PS_PAILLIER_N_LIMBS
#define C_LIMBS (2 * PS_PAILLIER_N_LIMBS)

/* m mod p from c, and whether c is a unit modulo p.
 *
 * c^(p-1) = 1 + L p mod p^2 is the pair (1, L): the division in Paillier's
 * L(u) = (u - 1) / p has already happened. */
static ps_limb message_part(ps_limb *m_p, const ps_limb *c, size_t c_limbs,
                            const ps_paillier_prime *prime, ps_limb *scratch)
{
    ps_limb x[2 * P_LIMBS];
    ps_limb one[P_LIMBS] = {1};
    const ps_mont *p = &prime->p.mont;
    ps_limb unit;

    ps_dual_split(x, c, c_limbs, &prime->p);
    ps_dual_enter(x, x, &prime->p);
    ps_dual_exp(x, x, prime->minus_one, p->limbs, &prime->p, scratch);
    ps_dual_leave(x, x, &prime->p);
    unit = ps_mpn_is_equal(x, one, p->limbs);
    ps_mont_mul(m_p, x + p->limbs, prime->h, p);
    ps_wipe(x, sizeof x);
    return unit;
}

/* r mod p = (c mod p)^(n^-1 mod (p - 1)) mod p. */
static void rand_part(ps_limb *r_p, const ps_limb *c, size_t c_limbs,
                      const ps_paillier_prime *prime, ps_limb *scratch)
{
    const ps_mont *p = &prime->p.mont;

    ps_mont_reduce(r_p, c, c_limbs, p);
    ps_mont_enter(r_p, r_p, p);
    ps_mont_exp(r_p, r_p, prime->root, p->limbs, p, scratch);
    ps_mont_leave(r_p, r_p, p);
}

/* x = x_p + p * ((x_q - x_p) * p^-1 mod q), below p q. */
static void join(ps_limb *x, const ps_limb *x_p, const ps_limb *x_q,
                 const ps_paillier_private *key)
{
    ps_limb d[P_LIMBS];
    const ps_mont *p = &key->p.p.mont;
    const ps_mont *q = &key->q.p.mont;
    size_t n = p->limbs;
    ps_limb carry;

    ps_mont_reduce(d, x_p, n, q);
    ps_mont_sub(d, x_q, d, q);
    ps_mont_mul(d, d, key->p_inv, q);
    ps_mpn_mul(x, p->m, n, d, n);
    carry = ps_mpn_add(x, x, x_p, n);
    for (size_t i = n; i < 2 * n; i++) {
        ps_wide s = (ps_wide)x[i] + carry;
        x[i] = (ps_limb)s;
        carry = (ps_limb)(s >> 64);
    }
    ps_wipe(d, sizeof d);
}

/* Numbers below n of 2 * limbs(p) limbs as n_len bytes. */
static void write_joined(uint8_t *out, const ps_limb *x_p, const ps_limb *x_q,
                         const ps_paillier_private *key)
{
    ps_limb x[N_LIMBS];

    join(x, x_p, x_q, key);
    ps_mpn_to_bytes(out, key->pub.n_len, x, 2 * key->p.p.mont.limbs);
    ps_wipe(x, sizeof x);
}

static ps_status open_one(uint8_t *m, uint8_t *r, const uint8_t *bytes,
                          const ps_paillier_private *key, ps_limb *scratch)
{
    ps_limb c[C_LIMBS], x_p[P_LIMBS], x_q[P_LIMBS];
    size_t limbs = key->pub.n2.limbs;
    ps_limb unit;

    if (ps_mpn_from_bytes(c, limbs, bytes, key->pub.c_len) != PS_OK
        || !ps_mpn_is_less(c, key->pub.n2.m, limbs)) {
        return PS_E_VERIFY;
    }
    unit = message_part(x_p, c, limbs, &key->p, scratch);
    unit &= message_part(x_q, c, limbs, &key->q, scratch);
    PS_PUBLIC(&unit, sizeof unit);
    if (unit) {
        write_joined(m, x_p, x_q, key);
        if (r != NULL) {
            rand_part(x_p, c, limbs, &key->p, scratch);
            rand_part(x_q, c, limbs, &key->q, scratch);
            write_joined(r, x_p, x_q, key);
        }
    }
    ps_wipe(x_p, sizeof x_p);
    ps_wipe(x_q, sizeof x_q);
    return unit ? PS_OK : PS_E_VERIFY;
}

/* One after the other; r is NULL when nobody asks for it. */
static ps_status open_each(uint8_t *m, uint8_t *r, const uint8_t *c,
                           size_t count, const ps_paillier_private *key,
                           ps_limb *scratch)
{
    size_t len = key->pub.n_len;
    ps_status status = PS_OK;

    for (size_t i = 0; i < count && status == PS_OK; i++) {
        status = open_one(m + i * len, r == NULL ? NULL : r + i * len,
                          c + i * key->pub.c_len, key, scratch);
    }
    return status;
}

/* As open_each, unless the backend can do better. */
static ps_status open_all(uint8_t *m, uint8_t *r, const uint8_t *c,
                          size_t count, const ps_paillier_private *key,
                          const ps_backend *backend, ps_limb *scratch)
{
    ps_limb units;

    if (count > 0 && backend->paillier_open != NULL
        && ps_paillier_below_n2_vartime(c, count, &key->pub) == PS_OK
        && backend->paillier_open(m, r, &units, c, count, key, scratch)) {
        PS_PUBLIC(&units, sizeof units);
        return units ? PS_OK : PS_E_VERIFY;
    }
    return open_each(m, r, c, count, key, scratch);
}

ps_status ps_paillier_decrypt(uint8_t *m, const uint8_t *c, size_t count,
                              const ps_paillier_private *key,
                              const ps_backend *backend, ps_limb *scratch)
{
    ps_status status = open_all(m, NULL, c, count, key, backend, scratch);

    if (status != PS_OK) {
        ps_wipe(m, count * key->pub.n_len);
    }
    return status;
}

ps_status ps_paillier_recover(uint8_t *m, uint8_t *r, const uint8_t *c,
                              size_t count, const ps_paillier_private *key,
                              const ps_backend *backend, ps_limb *scratch)
{
    ps_status status = open_all(m, r, c, count, key, backend, scratch);

    if (status != PS_OK) {
        ps_wipe(m, count * key->pub.n_len);
        ps_wipe(r, count * key->pub.n_len);
    }
    return status;
}

/* Whether m - m2 = n - 2 modulo n, from the bytes of both. */
static int differ_as_they_should(const uint8_t *m, const uint8_t *m2,
                                 const ps_mont *n, size_t n_len)
{
    ps_limb x[N_LIMBS], y[N_LIMBS], z[N_LIMBS] = {2};
    int good = ps_mpn_from_bytes(x, n->limbs, m, n_len) == PS_OK
            && ps_mpn_from_bytes(y, n->limbs, m2, n_len) == PS_OK;

    ps_mont_sub(x, y, x, n);
    ps_limb equal = ps_mpn_is_equal(x, z, n->limbs);
    PS_PUBLIC(&equal, sizeof equal);
    ps_wipe(x, sizeof x);
    ps_wipe(y, sizeof y);
    return good && equal;
}

/* n - 1, which is (1 + (n - 1) n)(n - 1)^n modulo n^2; n^2 - 2; and that times
 * 1 + (n - 2) n, which is 4 n - 2. */
static void self_test_numbers(uint8_t *c, const ps_paillier_public *pub)
{
    size_t limbs = pub->n.mont.limbs, len = pub->c_len;
    ps_limb x[C_LIMBS] = {0};
    ps_limb one[C_LIMBS] = {1}, two[C_LIMBS] = {2};

    memcpy(x, pub->n.mont.m, limbs * sizeof *x);
    (void)ps_mpn_sub(x, x, one, 2 * limbs);
    ps_mpn_to_bytes(c, len, x, 2 * limbs);
    (void)ps_mpn_add(x, x, one, 2 * limbs);
    (void)ps_mpn_add(x, x, x, 2 * limbs);
    (void)ps_mpn_add(x, x, x, 2 * limbs);
    (void)ps_mpn_sub(x, x, two, 2 * limbs);
    ps_mpn_to_bytes(c + 2 * len, len, x, 2 * limbs);
    (void)ps_mpn_sub(x, pub->n2.m, two, 2 * limbs);
    ps_mpn_to_bytes(c + len, len, x, 2 * limbs);
}

ps_status ps_paillier_pairwise_test(const ps_paillier_private *key,
                                    const ps_backend *backend,
                                    ps_limb *scratch)
{
    enum { TESTS = 3 };
    uint8_t c[TESTS * 8 * C_LIMBS], m[TESTS * 8 * N_LIMBS];
    const ps_paillier_public *pub = &key->pub;
    size_t len = pub->n_len;
    ps_status status;
    int good;

    self_test_numbers(c, pub);
    status = ps_paillier_decrypt(m, c, TESTS, key, backend, scratch);
    /* Of the first, everybody knows the message. */
    PS_PUBLIC(m, len);
    good = status == PS_OK && memcmp(m, c + len, len) == 0
        && differ_as_they_should(m + 2 * len, m + len, &pub->n.mont, len);
    ps_wipe(m, sizeof m);
    return good ? PS_OK : PS_E_VERIFY;
}
