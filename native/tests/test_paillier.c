/* Paillier at every profile: laws, refusals, and what an error leaves. */
#include "check.h"
#include "privshare/ps_paillier_column.h"

enum { C_MAX = 768, N_MAX = 384 };

static ps_limb scratch[PS_PAILLIER_BATCH_LIMBS];
static const ps_backend *backend;
static ps_paillier_private key;
static const ps_paillier_public *pub = &key.pub;
static uint8_t zero[C_MAX];

/* A number below n: random, with the top byte cleared. */
static void number(uint8_t *x)
{
    pseudo_random(x, pub->n_len);
    x[0] = 0;
    x[pub->n_len - 1] |= 1;
}

/* Python phe's own test: p = 293, q = 433. */
static void published_example(void)
{
    static const uint8_t p[2] = {0x01, 0x25}, q[2] = {0x01, 0xb1};
    static const uint8_t m[3] = {0x00, 0x27, 0x74}, r[3] = {0x01, 0x22, 0x90};
    uint8_t c[6], m2[3], r2[3];

    CHECK(ps_paillier_private_init(&key, p, q, 2) == PS_OK);
    CHECK(pub->n_len == 3 && pub->c_len == 6);
    CHECK(ps_paillier_encrypt(c, m, r, 1, pub, backend, scratch) == PS_OK);
    CHECK(equals_hex(c, 6, "000037c8cd9d"));        /* 935906717 */
    CHECK(ps_paillier_recover(m2, r2, c, 1, &key, backend, scratch) == PS_OK);
    CHECK(memcmp(m, m2, 3) == 0 && memcmp(r, r2, 3) == 0);
}

static void decrypts_to(const uint8_t *c, const uint8_t *m)
{
    uint8_t found[N_MAX];
    CHECK(ps_paillier_decrypt(found, c, 1, &key, backend, scratch) == PS_OK);
    CHECK(memcmp(found, m, pub->n_len) == 0);
}

/* Nothing of the powers is left in the scratch. */
static void scratch_is_wiped(void)
{
    for (size_t i = 0; i < PS_PAILLIER_BATCH_LIMBS; i++) {
        CHECK(scratch[i] == 0);
    }
}

static ps_limb room[PS_PAILLIER_COLUMN_LIMBS];

/* Columns of one element. */
static ps_status add(uint8_t *c, const uint8_t *x, const uint8_t *y)
{
    uint8_t a[C_MAX], b[C_MAX];
    size_t bad;

    memcpy(a, x, pub->c_len);
    memcpy(b, y, pub->c_len);
    return ps_paillier_column_add_vartime(c, &bad, a, b, 1, pub, backend,
                                          room);
}

static ps_status add_plain(uint8_t *c, const uint8_t *a, const uint8_t *m)
{
    size_t bad;

    return ps_paillier_column_add_plain(c, &bad, a, m, 1, pub, backend, room);
}

static ps_status negate(uint8_t *c, const uint8_t *a)
{
    size_t bad;

    return ps_paillier_column_negate_vartime(c, &bad, a, 1, pub, backend,
                                             room);
}

static ps_status multiply(uint8_t *c, const uint8_t *a, uint64_t k,
                          uint8_t negative)
{
    size_t bad;

    return ps_paillier_column_multiply_vartime(c, &bad, a, &k, &negative, 1,
                                               pub, backend, room);
}

static void homomorphism(void)
{
    uint8_t m[2 * N_MAX], r[2 * N_MAX], c[2 * C_MAX], d[C_MAX], e[C_MAX];
    uint8_t zero_m[N_MAX] = {0};
    size_t n = pub->n_len, s = pub->c_len;

    number(m), number(m + n), number(r), number(r + n);
    CHECK(ps_paillier_encrypt(c, m, r, 2, pub, backend, scratch) == PS_OK);
    CHECK(ps_paillier_check_vartime(c, 2, pub) == PS_OK);
    scratch_is_wiped();
    decrypts_to(c, m);
    decrypts_to(c + s, m + n);
    scratch_is_wiped();

    CHECK(add(d, c, c + s) == PS_OK);
    CHECK(ps_paillier_sum_vartime(e, c, 2, pub, backend, scratch) == PS_OK);
    CHECK(memcmp(d, e, s) == 0);
    CHECK(add_plain(e, c, m + n) == PS_OK);
    CHECK(ps_paillier_rerandomise(e, e, r + n, 1, pub, scratch) == PS_OK);
    CHECK(memcmp(d, e, s) == 0);

    CHECK(negate(d, c) == PS_OK);
    CHECK(multiply(e, c, 0, 1) == PS_OK);
    decrypts_to(e, zero_m);
    CHECK(multiply(e, c, 3, 0) == PS_OK);
    CHECK(add(e, e, d) == PS_OK);
    CHECK(add(e, e, d) == PS_OK);
    CHECK(memcmp(e, c, s) == 0);
    CHECK(multiply(e, d, 3, 1) == PS_OK);
    CHECK(multiply(d, c, 3, 0) == PS_OK);
    CHECK(memcmp(d, e, s) == 0);
}

static void opening(void)
{
    uint8_t m[N_MAX], r[N_MAX], c[C_MAX], m2[N_MAX], r2[N_MAX];
    size_t n = pub->n_len;

    number(m), number(r);
    CHECK(ps_paillier_encrypt(c, m, r, 1, pub, backend, scratch) == PS_OK);
    CHECK(ps_paillier_recover(m2, r2, c, 1, &key, backend, scratch) == PS_OK);
    scratch_is_wiped();
    CHECK(memcmp(m, m2, n) == 0 && memcmp(r, r2, n) == 0);
    CHECK(ps_paillier_verify_opening_vartime(c, m, r, pub, backend, scratch)
          == PS_OK);
    m[n - 1] ^= 2;
    CHECK(ps_paillier_verify_opening_vartime(c, m, r, pub, backend, scratch)
          == PS_E_VERIFY);
    m[n - 1] ^= 2;
    r[n - 1] ^= 2;
    CHECK(ps_paillier_verify_opening_vartime(c, m, r, pub, backend, scratch)
          == PS_E_VERIFY);
    CHECK(ps_paillier_verify_opening_vartime(c, m, zero, pub, backend, scratch)
          == PS_E_VERIFY);
}

static void refused_by_all(const uint8_t *bad)
{
    uint8_t good[2 * C_MAX], m[N_MAX], r[N_MAX], out[2 * C_MAX];
    size_t s = pub->c_len;

    number(m), number(r);
    CHECK(ps_paillier_encrypt(good, m, r, 1, pub, backend, scratch) == PS_OK);
    memcpy(good + s, bad, s);
    memset(out, 0xaa, sizeof out);
    CHECK(ps_paillier_check_vartime(good, 2, pub) == PS_E_VERIFY);
    CHECK(add(out, good, bad) == PS_E_VERIFY);
    CHECK(memcmp(out, zero, s) == 0);
    CHECK(add(out, bad, good) == PS_E_VERIFY);
    CHECK(ps_paillier_sum_vartime(out, good, 2, pub, backend, scratch)
          == PS_E_VERIFY);
    CHECK(ps_paillier_sum_vartime(out, bad, 1, pub, backend, scratch)
          == PS_E_VERIFY);
    CHECK(negate(out, bad) == PS_E_VERIFY);
    CHECK(add_plain(out, bad, m) == PS_E_VERIFY);
    CHECK(multiply(out, bad, 2, 0) == PS_E_VERIFY);
    CHECK(ps_paillier_rerandomise(out, bad, r, 1, pub, scratch)
          == PS_E_VERIFY);
    CHECK(ps_paillier_verify_opening_vartime(bad, m, r, pub, backend, scratch)
          == PS_E_VERIFY);
    memset(out, 0xaa, sizeof out);
    CHECK(ps_paillier_decrypt(out, good, 2, &key, backend, scratch)
          == PS_E_VERIFY);
    CHECK(memcmp(out, zero, 2 * pub->n_len) == 0);
    CHECK(ps_paillier_recover(out, out + C_MAX, bad, 1, &key, backend, scratch)
          == PS_E_VERIFY);
}

/* 0, p, n, n^2 and all ones. */
static void not_ciphertexts(const uint8_t *p, size_t len)
{
    uint8_t bad[C_MAX] = {0};
    size_t s = pub->c_len;

    refused_by_all(bad);
    memcpy(bad + s - len, p, len);
    refused_by_all(bad);
    memset(bad, 0, sizeof bad);
    ps_mpn_to_bytes(bad, s, pub->n.mont.m, pub->n.mont.limbs);
    refused_by_all(bad);
    ps_mpn_to_bytes(bad, s, pub->n2.m, pub->n2.limbs);
    refused_by_all(bad);
    memset(bad, 0xff, sizeof bad);
    refused_by_all(bad);
}

static void out_of_range(void)
{
    uint8_t m[N_MAX], r[N_MAX], n[N_MAX], c[C_MAX];

    number(m), number(r);
    ps_mpn_to_bytes(n, pub->n_len, pub->n.mont.m, pub->n.mont.limbs);
    CHECK(ps_paillier_encrypt(c, n, r, 1, pub, backend, scratch) == PS_E_RANGE);
    CHECK(memcmp(c, zero, pub->c_len) == 0);
    CHECK(ps_paillier_encrypt(c, m, n, 1, pub, backend, scratch) == PS_E_RANGE);
    CHECK(ps_paillier_encrypt(c, m, zero, 1, pub, backend, scratch)
          == PS_E_RANGE);
    CHECK(ps_paillier_sum_vartime(c, NULL, 0, pub, backend, scratch)
          == PS_E_RANGE);
}

static void primes_are(ps_status expected, const uint8_t *p, const uint8_t *q,
                       size_t len, size_t bits)
{
    CHECK(ps_paillier_check_primes(p, q, len, bits, backend, scratch)
          == expected);
}

/* The self-test sees a fault in any part that decryption uses. */
static void broken_keys(void)
{
    ps_limb *parts[] = {key.p.h, key.q.h, key.p_inv, key.p.minus_one,
                        key.q.minus_one};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        parts[i][0] ^= 2;
        CHECK(ps_paillier_pairwise_test(&key, backend, scratch)
              == PS_E_VERIFY);
        parts[i][0] ^= 2;
    }
    CHECK(ps_paillier_pairwise_test(&key, backend, scratch) == PS_OK);
}

static void bad_keys(const uint8_t *p, const uint8_t *q, size_t len)
{
    ps_paillier_private other;
    uint8_t x[N_MAX];
    size_t bits = 16 * len;

    memcpy(x, p, len);
    primes_are(PS_OK, p, q, len, bits);
    primes_are(PS_E_KEY, p, p, len, bits);
    primes_are(PS_E_KEY, p, q, len, bits - 128);
    x[len - 1] ^= 2;
    primes_are(PS_E_KEY, x, q, len, bits);
    x[len - 1] ^= 3;
    primes_are(PS_E_KEY, x, q, len, bits);
    CHECK(ps_paillier_private_init(&other, p, p, len) == PS_E_KEY);
    CHECK(ps_paillier_private_init(&other, x, q, len) == PS_E_KEY);
    CHECK(other.pub.n_len == 0 && other.p.h[0] == 0);
    CHECK(ps_paillier_check_modulus_vartime(p, len, 8 * len, scratch)
          == PS_E_KEY);
}

static void profile(size_t bits)
{
    static uint8_t feed[1 << 12];
    static ps_limb search[PS_PRIME_SEARCH_LIMBS];
    uint64_t cofactors[2];
    uint8_t p[N_MAX / 2], q[N_MAX / 2], n[N_MAX];
    size_t len = bits / 16;

    pseudo_random(feed, sizeof feed);
    CHECK(ps_paillier_generate(p, q, cofactors, PS_PRIME_KNOWN, bits, feed,
                               sizeof feed, ps_backend_portable(), search)
          == PS_OK);
    CHECK(ps_paillier_private_init(&key, p, q, len) == PS_OK);
    CHECK(ps_paillier_pairwise_test(&key, backend, scratch) == PS_OK);
    ps_mpn_to_bytes(n, pub->n_len, pub->n.mont.m, pub->n.mont.limbs);
    CHECK(ps_paillier_check_modulus_vartime(n, pub->n_len, bits, scratch)
          == PS_OK);
    homomorphism();
    opening();
    not_ciphertexts(p, len);
    out_of_range();
    bad_keys(p, q, len);
    broken_keys();
    CHECK(ps_paillier_generate(p, q, cofactors, PS_PRIME_KNOWN, bits, feed,
                               len + 8, backend, search) == PS_E_FEED);
    CHECK(p[0] == 0 && q[0] == 0 && cofactors[0] == 0);
    CHECK(ps_paillier_generate(p, q, cofactors, PS_PRIME_KNOWN, bits + 1, feed,
                               sizeof feed, backend, search) == PS_E_RANGE);
}

/* Emulated lanes take minutes for a long key; test_lanes has all kernels. */
#if defined(PS_EMULATE_LANES)
enum { EMULATED = 1 };
#else
enum { EMULATED = 0 };
#endif

static void all_profiles(const ps_backend *chosen)
{
    backend = chosen;
    published_example();
    profile(512);
    if (chosen == ps_backend_portable() || !EMULATED) {
        profile(2048);
        profile(3072);
    }
}

int main(void)
{
    ps_mpn_plain(1);
    all_profiles(ps_backend_portable());
    ps_mpn_plain(0);
    all_profiles(ps_backend_portable());
    all_profiles(ps_backend_best());
    printf("paillier: ok (%s)\n", ps_backend_name(ps_backend_best()));
    return 0;
}
