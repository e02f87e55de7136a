/* Encryption from tables of powers: the key holder's. */
#include <string.h>

#include "../backend/backend.h"
#include "../mpn/limb.h"
#include "privshare/ps_config.h"
#include "table.h"

#define P_LIMBS PS_PAILLIER_P_LIMBS
#define N_LIMBS PS_PAILLIER_N_LIMBS
#define C_LIMBS (2 * PS_PAILLIER_N_LIMBS)

enum { ALIGN = 64, SPARE_BYTES = 8 };

static size_t exponent_len(const ps_paillier_private *key)
{
    size_t bits = 64 * key->p.p.mont.limbs;

    return bits / 8 + SPARE_BYTES;
}

static size_t limbs_of(const ps_paillier_prime *prime,
                       const ps_paillier_private *key,
                       const ps_backend *backend)
{
    return ps_powers_limbs(&prime->p, exponent_len(key), backend);
}

size_t ps_paillier_holder_table_bytes(const ps_paillier_private *key,
                                      const ps_backend *backend)
{
    size_t limbs = limbs_of(&key->p, key, backend)
                 + limbs_of(&key->q, key, backend);

    return limbs * sizeof(ps_limb) + ALIGN;
}

/* base^p mod p^2 in Montgomery form, for 2 <= base < p - 1. */
static ps_status raise_base(ps_limb *x, const uint8_t *base, size_t len,
                            const ps_paillier_prime *prime, ps_limb *scratch)
{
    const ps_paillier_dual *p = &prime->p;
    ps_limb two[P_LIMBS] = {2};
    size_t limbs = p->mont.limbs;
    ps_status status = ps_mpn_from_bytes(x, limbs, base, len);
    ps_limb good = ps_mpn_is_less(x, prime->minus_one, limbs)
                 & (ps_mpn_is_less(x, two, limbs) ^ 1);

    PS_PUBLIC(&good, sizeof good);
    if (status != PS_OK || !good) {
        return PS_E_RANGE;
    }
    memset(x + limbs, 0, limbs * sizeof *x);
    ps_dual_enter(x, x, p);
    ps_dual_exp(x, x, p->mont.m, limbs, p, scratch);
    return PS_OK;
}

static ps_status init_both(ps_paillier_holder_table *table, ps_limb *room,
                           const ps_limb *x, const ps_limb *y,
                           const ps_paillier_private *key,
                           const ps_backend *backend, ps_limb *scratch)
{
    table->exponent_len = exponent_len(key);
    table->backend = backend;
    ps_powers_init(&table->p, room, x, table->exponent_len, &key->p.p,
                   backend, scratch);
    ps_powers_init(&table->q, room + limbs_of(&key->p, key, backend), y,
                   table->exponent_len, &key->q.p, backend, scratch);
    return PS_OK;
}

ps_status ps_paillier_holder_table_init(ps_paillier_holder_table *table,
                                        uint8_t *memory, size_t bytes,
                                        const uint8_t *p_base,
                                        const uint8_t *q_base, size_t p_len,
                                        const ps_paillier_private *key,
                                        const ps_backend *backend,
                                        ps_limb *scratch)
{
    ps_limb x[2 * P_LIMBS], y[2 * P_LIMBS];
    size_t misfit = (uintptr_t)memory % ALIGN;
    uint8_t *aligned = memory + (misfit == 0 ? 0 : ALIGN - misfit);
    ps_status status = PS_E_RANGE;

    memset(table, 0, sizeof *table);
    if (bytes >= ps_paillier_holder_table_bytes(key, backend)
        && raise_base(x, p_base, p_len, &key->p, scratch) == PS_OK
        && raise_base(y, q_base, p_len, &key->q, scratch) == PS_OK) {
        status = init_both(table, (ps_limb *)(void *)aligned, x, y, key,
                           backend, scratch);
    }
    ps_wipe(x, sizeof x);
    ps_wipe(y, sizeof y);
    return status;
}

/* What the first half borrows is one m of the second. */
void ps_pair_sub(ps_limb *r, const ps_limb *a, const ps_limb *b,
                 const ps_mont *m)
{
    size_t limbs = m->limbs;
    ps_limb borrow[N_LIMBS] = {ps_mpn_is_less(a, b, limbs)};

    ps_mont_sub(r, a, b, m);
    ps_mont_sub(r + limbs, a + limbs, b + limbs, m);
    ps_mont_sub(r + limbs, r + limbs, borrow, m);
    ps_wipe(borrow, sizeof borrow);
}

/* Newton's step from v = p^-1 mod q: v (2 - p v) is p^-1 mod q^2. The pair of
 * p v is (1, k), that of 2 - p v is (1, -k). */
void ps_holder_weight(ps_limb *r, const ps_paillier_private *key)
{
    ps_limb v[2 * P_LIMBS] = {0}, x[2 * P_LIMBS];
    ps_limb zero[P_LIMBS] = {0};
    const ps_paillier_dual *q = &key->q.p;
    size_t limbs = q->mont.limbs;

    memcpy(v, key->p_inv, limbs * sizeof *v);
    ps_dual_split(x, key->p.p.mont.m, limbs, q);
    ps_dual_mul(x, x, v, q);
    ps_mont_sub(x + limbs, zero, x + limbs, &q->mont);
    ps_dual_enter(x, x, q);
    ps_dual_mul(v, v, x, q);
    ps_dual_sqr(r, v, q);
    ps_wipe(v, sizeof v);
    ps_wipe(x, sizeof x);
}

/* The pair of (1 + m n) * base^x mod p^2: 1 + m n is the pair (1, m q). */
static void encrypt_part(ps_limb *pair, const ps_limb *m, size_t m_limbs,
                         const uint8_t *x, size_t x_len,
                         const ps_paillier_powers *powers,
                         const ps_paillier_dual *p, const ps_mont *other)
{
    ps_limb k[P_LIMBS], factor[P_LIMBS];
    size_t limbs = p->mont.limbs;

    ps_powers_exp(pair, x, x_len, powers, p);
    ps_dual_leave(pair, pair, p);
    ps_mont_reduce(k, m, m_limbs, &p->mont);
    ps_mont_reduce(factor, other->m, limbs, &p->mont);
    ps_mont_enter(k, k, &p->mont);
    ps_mont_mul(k, k, factor, &p->mont);
    ps_mont_enter(k, k, &p->mont);
    ps_mont_mul(k, k, pair, &p->mont);
    ps_mont_add(pair + limbs, pair + limbs, k, &p->mont);
    ps_wipe(k, sizeof k);
    ps_wipe(factor, sizeof factor);
}

/* c = c_p + p^2 * ((c_q - c_p) * p^-2 mod q^2), below n^2; both are used up. */
static void join(ps_limb *c, ps_limb *c_p, ps_limb *c_q,
                 const ps_limb *weight, const ps_paillier_private *key)
{
    ps_limb x[2 * P_LIMBS], square[2 * P_LIMBS];
    const ps_paillier_dual *q = &key->q.p;
    size_t limbs = q->mont.limbs;
    ps_limb carry;

    ps_dual_join(x, c_p, &key->p.p);
    ps_dual_split(c_p, x, 2 * limbs, q);
    ps_pair_sub(c_q, c_q, c_p, &q->mont);
    ps_dual_mul(c_q, c_q, weight, q);
    ps_dual_join(c_p, c_q, q);
    ps_mpn_sqr(square, key->p.p.mont.m, limbs);
    ps_mpn_mul(c, square, 2 * limbs, c_p, 2 * limbs);
    carry = ps_mpn_add(c, c, x, 2 * limbs);
    for (size_t i = 2 * limbs; i < 4 * limbs; i++) {
        ps_wide sum = (ps_wide)c[i] + carry;
        c[i] = (ps_limb)sum;
        carry = (ps_limb)(sum >> 64);
    }
    ps_wipe(x, sizeof x);
    ps_wipe(square, sizeof square);
}

/* m is below n. */
static void encrypt_one(uint8_t *bytes, const uint8_t *m_bytes,
                        const uint8_t *x, const ps_limb *weight,
                        const ps_paillier_holder_table *table,
                        const ps_paillier_private *key)
{
    ps_limb c_p[2 * P_LIMBS], c_q[2 * P_LIMBS], c[C_LIMBS], m[N_LIMBS];
    size_t m_limbs = key->pub.n.mont.limbs;
    size_t len = table->exponent_len;
    ps_status status = ps_mpn_from_bytes(m, m_limbs, m_bytes, key->pub.n_len);

    PS_CHECK(status == PS_OK);
    (void)status;
    encrypt_part(c_p, m, m_limbs, x, len, &table->p, &key->p.p,
                 &key->q.p.mont);
    encrypt_part(c_q, m, m_limbs, x + len, len, &table->q, &key->q.p,
                 &key->p.p.mont);
    join(c, c_p, c_q, weight, key);
    ps_mpn_to_bytes(bytes, key->pub.c_len, c, 4 * key->p.p.mont.limbs);
    ps_wipe(c_p, sizeof c_p);
    ps_wipe(c_q, sizeof c_q);
    ps_wipe(c, sizeof c);
    ps_wipe(m, sizeof m);
}

static void encrypt_each(uint8_t *c, const uint8_t *m, const uint8_t *x,
                         size_t count, const ps_paillier_holder_table *table,
                         const ps_paillier_private *key)
{
    ps_limb weight[2 * P_LIMBS];

    ps_holder_weight(weight, key);
    for (size_t i = 0; i < count; i++) {
        encrypt_one(c + i * key->pub.c_len, m + i * key->pub.n_len,
                    x + i * 2 * table->exponent_len, weight, table, key);
    }
    ps_wipe(weight, sizeof weight);
}

ps_status ps_paillier_holder_encrypt(uint8_t *c, const uint8_t *m,
                                     const uint8_t *x, size_t count,
                                     const ps_paillier_holder_table *table,
                                     const ps_paillier_private *key,
                                     ps_limb *scratch)
{
    const ps_backend *backend = table->backend;

    if (ps_paillier_plain_in_range(m, count, &key->pub) != PS_OK) {
        ps_wipe(c, count * key->pub.c_len);
        return PS_E_RANGE;
    }
    if (backend->holder_encrypt != NULL) {
        backend->holder_encrypt(c, m, x, count, table, key, scratch);
    } else {
        encrypt_each(c, m, x, count, table, key);
    }
    /* What is sent is public, whatever it was made from. */
    PS_PUBLIC(c, count * key->pub.c_len);
    return PS_OK;
}
