/* Columns: every backend gives the bytes of one-by-one arithmetic, and names
 * the element that is no ciphertext. */
#include "check.h"
#include "privshare/ps_paillier_column.h"

enum { C_MAX = 768, N_MAX = 384, COUNT_MAX = 72, GROUPS = 5 };

static ps_limb scratch[PS_PAILLIER_COLUMN_LIMBS];
static ps_paillier_private key;
static const ps_paillier_public *pub = &key.pub;
static const ps_backend *backend;

static uint8_t a[COUNT_MAX * C_MAX], b[COUNT_MAX * C_MAX];
static uint8_t m[COUNT_MAX * N_MAX], e[COUNT_MAX * 9];
static uint8_t got[COUNT_MAX * C_MAX], expected[COUNT_MAX * C_MAX];
static uint64_t k[COUNT_MAX];
static uint8_t negative[COUNT_MAX], group[4 * COUNT_MAX];

/* One number the slow way: r = x * y mod n^2. */
static void times(uint8_t *r, const uint8_t *x, const uint8_t *y)
{
    ps_limb p[PS_MPN_MAX_LIMBS], q[PS_MPN_MAX_LIMBS];
    size_t limbs = pub->n2.limbs;

    CHECK(ps_mpn_from_bytes(p, limbs, x, pub->c_len) == PS_OK);
    CHECK(ps_mpn_from_bytes(q, limbs, y, pub->c_len) == PS_OK);
    ps_mont_enter(q, q, &pub->n2);
    ps_mont_mul(p, p, q, &pub->n2);
    ps_mpn_to_bytes(r, pub->c_len, p, limbs);
}

static void invert(uint8_t *r, const uint8_t *x)
{
    ps_limb p[PS_MPN_MAX_LIMBS];
    size_t limbs = pub->n2.limbs;

    CHECK(ps_mpn_from_bytes(p, limbs, x, pub->c_len) == PS_OK);
    CHECK(ps_mont_invert_vartime(p, p, &pub->n2) == PS_OK);
    ps_mpn_to_bytes(r, pub->c_len, p, limbs);
}

static void set_one(uint8_t *r)
{
    memset(r, 0, pub->c_len);
    r[pub->c_len - 1] = 1;
}

/* r = x^y bit by bit, y of len bytes. */
static void power(uint8_t *r, const uint8_t *x, const uint8_t *y, size_t len)
{
    uint8_t base[C_MAX], sum[C_MAX];

    memcpy(base, x, pub->c_len);
    set_one(sum);
    for (size_t i = 0; i < 8 * len; i++) {
        times(sum, sum, sum);
        if ((y[i / 8] >> (7 - i % 8)) & 1) {
            times(sum, sum, base);
        }
    }
    memcpy(r, sum, pub->c_len);
}

static void word(uint8_t *bytes8, uint64_t x)
{
    for (int i = 0; i < 8; i++) {
        bytes8[i] = (uint8_t)(x >> (56 - 8 * i));
    }
}

/* 1, n^2 - 1, and others below n^2; units but for a chance of 2^-250. */
static void unit(uint8_t *x, size_t i)
{
    ps_limb limbs[PS_MPN_MAX_LIMBS], one[PS_MPN_MAX_LIMBS] = {1};
    size_t size = pub->n2.limbs;

    edgy(limbs, size);
    if (i == 0) {
        memcpy(limbs, one, sizeof limbs);
    } else if (i == 1) {
        (void)ps_mpn_sub(limbs, pub->n2.m, one, size);
    } else {
        ps_mont_leave(limbs, limbs, &pub->n2);
    }
    ps_mpn_to_bytes(x, pub->c_len, limbs, size);
}

static void plain(uint8_t *x, size_t i)
{
    ps_limb limbs[PS_MPN_MAX_LIMBS], one[PS_MPN_MAX_LIMBS] = {1};
    size_t size = pub->n.mont.limbs;

    edgy(limbs, size);
    if (i == 1) {
        (void)ps_mpn_sub(limbs, pub->n.mont.m, one, size);
    } else {
        ps_mont_leave(limbs, limbs, &pub->n.mont);
    }
    ps_mpn_to_bytes(x, pub->n_len, limbs, size);
}

static void fill(size_t count, unsigned k_bits)
{
    for (size_t i = 0; i < count; i++) {
        ps_limb scalar;
        unit(a + i * pub->c_len, i);
        unit(b + i * pub->c_len, (3 * i + 1) % count);
        plain(m + i * pub->n_len, i);
        edgy(&scalar, 1);
        k[i] = scalar >> (64 - k_bits);
        negative[i] = (uint8_t)(scalar >> 5) & 1;
        pseudo_random(e + 9 * i, 9);
        group[4 * i] = (uint8_t)((scalar >> 9) % (GROUPS - 1));
    }
}

static void same(size_t count)
{
    CHECK(memcmp(got, expected, count * pub->c_len) == 0);
    memset(got, 0xaa, sizeof got);
}

static void element_by_element(size_t count)
{
    size_t s = pub->c_len, n = pub->n_len, bad;
    uint8_t zero[N_MAX] = {0};

    for (size_t i = 0; i < count; i++) {
        times(expected + i * s, a + i * s, b + i * s);
    }
    CHECK(ps_paillier_column_add_vartime(got, &bad, a, b, count, pub, backend,
                                         scratch) == PS_OK);
    same(count);
    /* 1 + m n encrypts m without randomness. */
    zero[n - 1] = 1;
    for (size_t i = 0; i < count; i++) {
        uint8_t factor[C_MAX];
        CHECK(ps_paillier_encrypt(factor, m + i * n, zero, 1, pub,
                                  ps_backend_portable(), scratch) == PS_OK);
        times(expected + i * s, a + i * s, factor);
    }
    CHECK(ps_paillier_column_add_plain(got, &bad, a, m, count, pub, backend,
                                       scratch) == PS_OK);
    same(count);
    for (size_t i = 0; i < count; i++) {
        invert(expected + i * s, a + i * s);
    }
    CHECK(ps_paillier_column_negate_vartime(got, &bad, a, count, pub, backend,
                                            scratch) == PS_OK);
    same(count);
    memcpy(got, a, count * s);
    CHECK(ps_paillier_column_negate_vartime(got, &bad, got, count, pub,
                                            backend, scratch) == PS_OK);
    same(count);
    for (size_t i = 0; i < count; i++) {
        power(expected + i * s, a + i * s, e + 9 * i, 9);
    }
    CHECK(ps_paillier_column_power_vartime(got, &bad, a, e, 9, count, pub,
                                           backend, scratch) == PS_OK);
    same(count);
}

static void scalars(size_t count)
{
    size_t s = pub->c_len, bad;
    uint8_t bytes8[8], total[C_MAX];

    for (int signs = 0; signs < 2; signs++) {
        set_one(total);
        for (size_t i = 0; i < count; i++) {
            word(bytes8, k[i]);
            power(expected + i * s, a + i * s, bytes8, 8);
            if (signs && negative[i]) {
                invert(expected + i * s, expected + i * s);
            }
            times(total, total, expected + i * s);
        }
        CHECK(ps_paillier_column_multiply_vartime(
                  got, &bad, a, k, signs ? negative : NULL, count, pub,
                  backend, scratch) == PS_OK);
        same(count);
        memcpy(expected, total, s);
        CHECK(ps_paillier_column_dot_vartime(
                  got, &bad, a, k, signs ? negative : NULL, count, pub,
                  backend, scratch) == PS_OK);
        same(1);
    }
}

static void groups(size_t count)
{
    size_t s = pub->c_len, bad;

    for (size_t g = 0; g < GROUPS; g++) {
        set_one(expected + g * s);
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t *sum = expected + group[4 * i] * s;
        times(sum, sum, a + i * s);
    }
    CHECK(ps_paillier_column_sum_groups_vartime(got, &bad, a, group, count,
                                                GROUPS, pub, backend, scratch)
          == PS_OK);
    same(GROUPS);
    group[4 * (count - 1)] = GROUPS;
    CHECK(ps_paillier_column_sum_groups_vartime(got, &bad, a, group, count,
                                                GROUPS, pub, backend, scratch)
          == PS_E_RANGE);
    CHECK(bad == count - 1 && got[0] == 0);
    group[4 * (count - 1)] = 0;
}

/* A bad element in the place of a good one, and every call. */
static void refused(uint8_t *place, size_t position, size_t count)
{
    uint8_t good[C_MAX];
    size_t bad = 0;

    memcpy(good, place, pub->c_len);
    for (int kind = 0; kind < 3; kind++) {
        memset(place, 0, pub->c_len);
        if (kind == 1) {
            ps_mpn_to_bytes(place, pub->c_len, pub->n2.m, pub->n2.limbs);
        } else if (kind == 2) {
            ps_mpn_to_bytes(place, pub->c_len, key.p.p.mont.m,
                            key.p.p.mont.limbs);
        }
#define REFUSED(...)                                              \
        bad = SIZE_MAX;                                           \
        memset(got, 0xaa, sizeof got);                            \
        CHECK((__VA_ARGS__) == PS_E_VERIFY && bad == position);   \
        CHECK(got[0] == 0 && got[pub->c_len - 1] == 0);
        REFUSED(ps_paillier_column_add_vartime(got, &bad, a, b, count, pub,
                                               backend, scratch))
        if (position >= count) {
            continue;
        }
        REFUSED(ps_paillier_column_add_plain(got, &bad, a, m, count, pub,
                                             backend, scratch))
        REFUSED(ps_paillier_column_negate_vartime(got, &bad, a, count, pub,
                                                  backend, scratch))
        REFUSED(ps_paillier_column_multiply_vartime(
            got, &bad, a, k, negative, count, pub, backend, scratch))
        REFUSED(ps_paillier_column_power_vartime(got, &bad, a, e, 9, count,
                                                 pub, backend, scratch))
        REFUSED(ps_paillier_column_dot_vartime(got, &bad, a, k, negative,
                                               count, pub, backend, scratch))
        REFUSED(ps_paillier_column_sum_groups_vartime(
            got, &bad, a, group, count, GROUPS, pub, backend, scratch))
        bad = SIZE_MAX;
        CHECK(ps_paillier_column_check_vartime(&bad, a, count, pub, backend,
                                               scratch) == PS_E_VERIFY);
        CHECK(bad == position);
    }
    memcpy(place, good, pub->c_len);
    CHECK(ps_paillier_column_check_vartime(&bad, a, count, pub, backend,
                                           scratch) == PS_OK);
}

static void refusals(size_t count)
{
    size_t n = pub->n_len, bad;

    for (size_t i = 0; i < count; i += count / 3) {
        refused(a + i * pub->c_len, i, count);
        refused(b + i * pub->c_len, count + i, count);
    }
    ps_mpn_to_bytes(m + 2 * n, n, pub->n.mont.m, pub->n.mont.limbs);
    CHECK(ps_paillier_column_add_plain(got, &bad, a, m, count, pub, backend,
                                       scratch) == PS_E_RANGE && bad == 2);
    memset(m + 2 * n, 0, n);
    CHECK(ps_paillier_column_power_vartime(
              got, &bad, a, e, PS_PAILLIER_COLUMN_EXPONENT + 1, count, pub,
              backend, scratch) == PS_E_RANGE);
    CHECK(ps_paillier_column_sum_groups_vartime(got, &bad, a, group, count, 0,
                                                pub, backend, scratch)
          == PS_E_RANGE);
}

static void signs(void)
{
    const int64_t in[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    const uint64_t out[] = {0, 1, 1, INT64_MAX, (uint64_t)1 << 63};
    const uint8_t sign[] = {0, 0, 1, 0, 1};

    ps_paillier_column_signs(k, negative, (const uint8_t *)in, 5);
    CHECK(memcmp(k, out, sizeof out) == 0);
    CHECK(memcmp(negative, sign, sizeof sign) == 0);
}

static void new_key(size_t bits)
{
    static uint8_t feed[1 << 12];
    static ps_limb search[PS_PRIME_SEARCH_LIMBS];
    uint64_t cofactors[2];
    uint8_t p[N_MAX / 2], q[N_MAX / 2];

    pseudo_random(feed, sizeof feed);
    CHECK(ps_paillier_generate(p, q, cofactors, PS_PRIME_KNOWN, bits, feed,
                               sizeof feed, ps_backend_portable(), search)
          == PS_OK);
    CHECK(ps_paillier_private_init(&key, p, q, bits / 16) == PS_OK);
}

static void profile(size_t count, unsigned k_bits)
{
    const ps_backend *backends[] = {ps_backend_portable(), ps_backend_best()};

    for (size_t i = 0; i < 2; i++) {
        backend = backends[i];
        fill(count, k_bits);
        element_by_element(count);
        scalars(count);
        groups(count);
    }
}

int main(void)
{
    const size_t counts[] = {1, 7, 8, 9, 24, 33, COUNT_MAX};
    const unsigned k_bits[] = {1, 8, 16, 31, 32, 53, 64};

    signs();
    new_key(512);
    for (size_t i = 0; i < 7; i++) {
        profile(counts[i], k_bits[i]);
    }
    refusals(6);
    refusals(33);
#if !defined(PS_EMULATE_LANES)
    /* Emulated lanes take minutes for a long key. */
    new_key(2048);
    profile(33, 32);
    refusals(33);
    new_key(3072);
    profile(41, 53);
    refusals(12);
#endif
    printf("column: ok (%s)\n", ps_backend_name(backend));
    return 0;
}
