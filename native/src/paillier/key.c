/* Keys: what may be one, and making it ready. */
#include <string.h>

#include "../mpn/limb.h"
#include "dual.h"
#include "privshare/ps_config.h"
#include "privshare/ps_paillier.h"

#define P_LIMBS PS_PAILLIER_P_LIMBS
#define N_LIMBS PS_PAILLIER_N_LIMBS

static size_t limbs_of(size_t len)
{
    return (len + 7) / 8;
}

/* Bits of a public number in bytes without leading zeros. */
static size_t bit_length(const uint8_t *n, size_t len)
{
    ps_limb limbs[N_LIMBS];
    if (ps_mpn_from_bytes(limbs, N_LIMBS, n, len) != PS_OK) {
        return 0;
    }
    return ps_mpn_bits_vartime(limbs, N_LIMBS);
}

ps_status ps_paillier_check_modulus_vartime(const uint8_t *n, size_t n_len,
                                            size_t n_bits, ps_limb *scratch)
{
    if (n_bits < 2 || n_bits > 64 * N_LIMBS || n_len != (n_bits + 7) / 8
        || bit_length(n, n_len) != n_bits) {
        return PS_E_KEY;
    }
    if (ps_prime_no_small_factor_vartime(n, n_len) != PS_OK
        || ps_prime_no_perfect_power_vartime(n, n_len) != PS_OK
        || ps_prime_no_close_factors_vartime(n, n_len) != PS_OK
        || ps_prime_is_composite_vartime(n, n_len, scratch) != PS_OK) {
        return PS_E_KEY;
    }
    return PS_OK;
}

/* 1 when |p - q| > 2^(64 limbs - 100). */
static ps_limb far_apart(const ps_limb *p, const ps_limb *q, size_t limbs)
{
    ps_limb d[P_LIMBS], e[P_LIMBS];
    ps_limb far;
    ps_limb negative = ps_mpn_sub(d, p, q, limbs);

    (void)ps_mpn_sub(e, q, p, limbs);
    ps_mpn_select(d, negative, e, d, limbs);
    /* The highest 100 bits: one limb and 36 bits of the next. */
    far = d[limbs - 1] | (d[limbs - 2] >> 28);
    ps_wipe(d, sizeof d);
    ps_wipe(e, sizeof e);
    return ct_mask_nonzero(far) & 1;
}

/* 1 when gcd(p, q - 1) = 1, for odd p. */
static ps_limb coprime_to_minus_one(const ps_limb *p, const ps_limb *q,
                                    size_t limbs)
{
    ps_mont mont;
    ps_limb minus_one[P_LIMBS], rest[P_LIMBS];
    ps_status status = ps_mont_init(&mont, p, limbs);

    if (status == PS_OK) {
        memcpy(minus_one, q, limbs * sizeof *q);
        minus_one[0] &= ~(ps_limb)1;
        ps_mont_reduce(rest, minus_one, limbs, &mont);
        status = ps_mont_invert(rest, rest, &mont);
    }
    ps_wipe(&mont, sizeof mont);
    ps_wipe(minus_one, sizeof minus_one);
    ps_wipe(rest, sizeof rest);
    return status == PS_OK;
}

static ps_limb fits(const ps_limb *p, const ps_limb *q, size_t limbs)
{
    ps_limb n[N_LIMBS];
    ps_limb good;

    ps_mpn_mul(n, p, limbs, q, limbs);
    good = (n[2 * limbs - 1] >> 63) & far_apart(p, q, limbs);
    ps_wipe(n, sizeof n);
    PS_PUBLIC(&good, sizeof good);
    return good && coprime_to_minus_one(p, q, limbs)
        && coprime_to_minus_one(q, p, limbs);
}

ps_status ps_paillier_check_primes(const uint8_t *p, const uint8_t *q,
                                   size_t len, size_t n_bits,
                                   const ps_backend *backend,
                                   ps_limb *scratch)
{
    ps_limb a[P_LIMBS], b[P_LIMBS];
    size_t limbs = limbs_of(len);
    ps_limb good;

    if (n_bits % 128 != 0 || n_bits < 256 || n_bits > 64 * N_LIMBS
        || len != n_bits / 16) {
        return PS_E_KEY;
    }
    if (ps_prime_check(p, len, PS_PRIME_ROUNDS, backend, scratch) != PS_OK
        || ps_prime_check(q, len, PS_PRIME_ROUNDS, backend, scratch)
            != PS_OK) {
        return PS_E_KEY;
    }
    /* The lengths fit exactly, so reading cannot fail. */
    good = ps_mpn_from_bytes(a, limbs, p, len) == PS_OK
        && ps_mpn_from_bytes(b, limbs, q, len) == PS_OK
        && fits(a, b, limbs);
    ps_wipe(a, sizeof a);
    ps_wipe(b, sizeof b);
    return good ? PS_OK : PS_E_KEY;
}

ps_status ps_paillier_public_init(ps_paillier_public *key, const uint8_t *n,
                                  size_t n_len)
{
    ps_limb limbs[N_LIMBS];
    ps_limb square[2 * N_LIMBS];
    size_t count = limbs_of(n_len);

    memset(key, 0, sizeof *key);
    if (n_len == 0 || count > N_LIMBS || n[0] == 0
        || ps_mpn_from_bytes(limbs, count, n, n_len) != PS_OK
        || ps_dual_init(&key->n, limbs, count) != PS_OK) {
        return PS_E_KEY;
    }
    ps_mpn_sqr(square, limbs, count);
    if (ps_mont_init(&key->n2, square, 2 * count) != PS_OK) {
        ps_wipe(key, sizeof *key);
        return PS_E_KEY;
    }
    key->n_len = n_len;
    key->c_len = 2 * n_len;
    return PS_OK;
}

/* root = q^-1 mod (p - 1), which is n^-1 mod (p - 1) since p = 1 there.
 *
 * p - 1 is even, so the inverse is taken the other way round: with
 * y = -(p - 1)^-1 mod q, the number 1 + (p - 1) y is a multiple of q, and
 * the quotient is the root. It is below p - 1 because y < q. */
static ps_status init_root(ps_limb *root, const ps_limb *minus_one,
                           size_t limbs, const ps_mont *q)
{
    ps_limb y[P_LIMBS];
    ps_limb zero[P_LIMBS] = {0};
    ps_limb product[2 * P_LIMBS];
    ps_status status;

    ps_mont_reduce(y, minus_one, limbs, q);
    status = ps_mont_invert(y, y, q);
    ps_mont_sub(y, zero, y, q);
    ps_mpn_mul(product, minus_one, limbs, y, limbs);
    product[0] |= 1; /* + 1: the product is even */
    ps_mont_divide_exact(product, product, 2 * limbs, q);
    memcpy(root, product, limbs * sizeof *root);
    ps_wipe(y, sizeof y);
    ps_wipe(product, sizeof product);
    return status;
}

/* (-q)^-1 mod p in Montgomery form. L_p(g^(p-1)) is (p - 1) q = -q mod p. */
static ps_status init_h(ps_limb *h, const ps_limb *q, size_t limbs,
                        const ps_mont *p)
{
    ps_limb zero[P_LIMBS] = {0};
    ps_limb x[P_LIMBS];
    ps_status status;

    ps_mont_reduce(x, q, limbs, p);
    ps_mont_sub(x, zero, x, p);
    status = ps_mont_invert(x, x, p);
    ps_mont_enter(h, x, p);
    ps_wipe(x, sizeof x);
    return status;
}

static ps_status init_prime(ps_paillier_prime *prime, const ps_mont *other)
{
    const ps_mont *p = &prime->p.mont;
    ps_status status;

    memcpy(prime->minus_one, p->m, p->limbs * sizeof *p->m);
    prime->minus_one[0] &= ~(ps_limb)1;
    status = init_h(prime->h, other->m, p->limbs, p);
    if (status == PS_OK) {
        status = init_root(prime->root, prime->minus_one, p->limbs, other);
    }
    return status;
}

static ps_status init_public(ps_paillier_public *pub, const ps_limb *p,
                             const ps_limb *q, size_t limbs)
{
    ps_limb n[N_LIMBS];
    uint8_t bytes[8 * N_LIMBS];

    ps_mpn_mul(n, p, limbs, q, limbs);
    PS_PUBLIC(n, 2 * limbs * sizeof *n);
    size_t n_len = (ps_mpn_bits_vartime(n, 2 * limbs) + 7) / 8;
    ps_mpn_to_bytes(bytes, n_len, n, 2 * limbs);
    return ps_paillier_public_init(pub, bytes, n_len);
}

static ps_status init_both(ps_paillier_private *key, const ps_limb *p,
                           const ps_limb *q, size_t limbs)
{
    ps_mont *mp = &key->p.p.mont;
    ps_mont *mq = &key->q.p.mont;
    ps_limb x[P_LIMBS];
    ps_status status;

    if (ps_dual_init(&key->p.p, p, limbs) != PS_OK
        || ps_dual_init(&key->q.p, q, limbs) != PS_OK
        || init_prime(&key->p, mq) != PS_OK
        || init_prime(&key->q, mp) != PS_OK
        || init_public(&key->pub, p, q, limbs) != PS_OK) {
        return PS_E_KEY;
    }
    ps_mont_reduce(x, p, limbs, mq);
    status = ps_mont_invert(x, x, mq);
    ps_mont_enter(key->p_inv, x, mq);
    ps_wipe(x, sizeof x);
    return status == PS_OK ? PS_OK : PS_E_KEY;
}

ps_status ps_paillier_private_init(ps_paillier_private *key, const uint8_t *p,
                                   const uint8_t *q, size_t len)
{
    ps_limb a[P_LIMBS], b[P_LIMBS];
    size_t limbs = limbs_of(len);
    ps_status status = PS_E_KEY;

    memset(key, 0, sizeof *key);
    if (len == 0 || len > PS_PRIME_MAX_BYTES) {
        return PS_E_RANGE;
    }
    if (ps_mpn_from_bytes(a, limbs, p, len) == PS_OK
        && ps_mpn_from_bytes(b, limbs, q, len) == PS_OK) {
        status = init_both(key, a, b, limbs);
    }
    ps_wipe(a, sizeof a);
    ps_wipe(b, sizeof b);
    if (status != PS_OK) {
        ps_wipe(key, sizeof *key);
    }
    return status;
}

/* x / 2 without the lowest bit. */
static void halve(ps_limb *x, size_t limbs)
{
    for (size_t i = 0; i < limbs; i++) {
        x[i] = (x[i] >> 1) | (i + 1 < limbs ? x[i + 1] << 63 : 0);
    }
}

/* 1 when gcd((p - 1) / 2, (q - 1) / 2) = 1, for p = q = 3 mod 4. Both are used
 * up. */
static ps_limb halves_coprime(ps_limb *p, ps_limb *q, size_t limbs)
{
    ps_mont mont;
    ps_limb rest[P_LIMBS];
    ps_status status;

    halve(p, limbs);
    halve(q, limbs);
    status = ps_mont_init(&mont, p, limbs);
    if (status == PS_OK) {
        ps_mont_reduce(rest, q, limbs, &mont);
        status = ps_mont_invert(rest, rest, &mont);
    }
    ps_wipe(&mont, sizeof mont);
    ps_wipe(rest, sizeof rest);
    return status == PS_OK;
}

/* Two primes of the same length with their highest two bits set: the product
 * is at least 9/16 of 2^n_bits. Only a feed that repeats itself fails the last
 * two checks. */
static ps_status generate(uint8_t *p, uint8_t *q, uint64_t *cofactors,
                          ps_prime_kind kind, size_t len, const uint8_t *feed,
                          size_t feed_len, const ps_backend *backend,
                          ps_limb *scratch)
{
    ps_limb a[P_LIMBS], b[P_LIMBS];
    size_t used_p, used_q, limbs = limbs_of(len);
    ps_status status;

    status = ps_prime_search(p, &cofactors[0], &used_p, len, kind, 1, feed,
                             feed_len, backend, scratch);
    if (status == PS_OK) {
        status = ps_prime_search(q, &cofactors[1], &used_q, len, kind,
                                 cofactors[0], feed + used_p,
                                 feed_len - used_p, backend, scratch);
    }
    if (status == PS_OK) {
        int good = ps_mpn_from_bytes(a, limbs, p, len) == PS_OK
                && ps_mpn_from_bytes(b, limbs, q, len) == PS_OK
                && fits(a, b, limbs) && halves_coprime(a, b, limbs);
        status = good ? PS_OK : PS_E_FEED;
        ps_wipe(a, sizeof a);
        ps_wipe(b, sizeof b);
    }
    return status;
}

ps_status ps_paillier_generate(uint8_t *p, uint8_t *q, uint64_t *cofactors,
                               ps_prime_kind kind, size_t n_bits,
                               const uint8_t *feed, size_t feed_len,
                               const ps_backend *backend, ps_limb *scratch)
{
    size_t len = n_bits / 16;
    ps_status status = PS_E_RANGE;

    if (n_bits % 128 == 0 && n_bits >= 512 && n_bits <= 64 * N_LIMBS) {
        status = generate(p, q, cofactors, kind, len, feed, feed_len, backend,
                          scratch);
        if (status != PS_OK) {
            ps_wipe(p, len);
            ps_wipe(q, len);
        }
    }
    if (status != PS_OK) {
        cofactors[0] = cofactors[1] = 0;
    }
    return status;
}
