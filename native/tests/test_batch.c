/* Batches: every backend gives the bytes of the portable one, and refuses what
 * it refuses. */
#include "check.h"
#include "privshare/ps_paillier.h"

enum { C_MAX = 768, N_MAX = 384, COUNT_MAX = 200 };

static ps_limb scratch[PS_PAILLIER_BATCH_LIMBS];
static ps_paillier_private key;
static const ps_paillier_public *pub = &key.pub;
static const ps_backend *portable, *best;

static uint8_t m[COUNT_MAX * N_MAX], r[COUNT_MAX * N_MAX];
static uint8_t m2[COUNT_MAX * N_MAX], r2[COUNT_MAX * N_MAX];
static uint8_t c[COUNT_MAX * C_MAX], c2[COUNT_MAX * C_MAX];

/* n - less as bytes. */
static void below_n(uint8_t *x, ps_limb less)
{
    ps_limb difference[PS_PAILLIER_N_LIMBS];
    ps_limb small[PS_PAILLIER_N_LIMBS] = {less};
    size_t limbs = pub->n.mont.limbs;

    (void)ps_mpn_sub(difference, pub->n.mont.m, small, limbs);
    ps_mpn_to_bytes(x, pub->n_len, difference, limbs);
}

/* Numbers in [1, n): edges first, then limbs that lean to the edges. */
static void number(uint8_t *x, size_t i)
{
    ps_limb limbs[PS_PAILLIER_N_LIMBS];

    memset(x, 0, pub->n_len);
    switch (i) {
    case 0: x[pub->n_len - 1] = 1; break;
    case 1: below_n(x, 1); break;
    case 2: below_n(x, 2); break;
    case 3: x[pub->n_len - 1] = 2; break;
    default:
        edgy(limbs, PS_PAILLIER_N_LIMBS);
        ps_mpn_to_bytes(x, pub->n_len, limbs, PS_PAILLIER_N_LIMBS);
        x[0] = 0;
        x[pub->n_len - 1] |= 1;
    }
}

static void fill(size_t count, size_t from)
{
    for (size_t i = 0; i < count; i++) {
        number(m + i * pub->n_len, (from + i) % COUNT_MAX);
        number(r + i * pub->n_len, (from + 3 * i) % COUNT_MAX);
    }
    memset(m, 0, pub->n_len);
}

static void scratch_is_wiped(void)
{
    for (size_t i = 0; i < PS_PAILLIER_BATCH_LIMBS; i++) {
        CHECK(scratch[i] == 0);
    }
}

/* Encrypt by both, open by the best: the same bytes. r is a unit, but for a
 * chance of 2^-250. */
static void agree(size_t count, size_t from)
{
    size_t n = pub->n_len, s = pub->c_len;

    fill(count, from);
    memset(c2, 0xaa, sizeof c2);
    CHECK(ps_paillier_encrypt(c, m, r, count, pub, portable, scratch)
          == PS_OK);
    CHECK(ps_paillier_encrypt(c2, m, r, count, pub, best, scratch) == PS_OK);
    CHECK(memcmp(c, c2, count * s) == 0);
    CHECK(c2[count * s] == 0xaa);
    scratch_is_wiped();
    memset(m2, 0xaa, sizeof m2);
    memset(r2, 0xaa, sizeof r2);
    CHECK(ps_paillier_recover(m2, r2, c, count, &key, best, scratch)
          == PS_OK);
    CHECK(memcmp(m, m2, count * n) == 0 && memcmp(r, r2, count * n) == 0);
    CHECK(m2[count * n] == 0xaa && r2[count * n] == 0xaa);
    scratch_is_wiped();
    memset(m2, 0, sizeof m2);
    CHECK(ps_paillier_decrypt(m2, c, count, &key, best, scratch) == PS_OK);
    CHECK(memcmp(m, m2, count * n) == 0);
    scratch_is_wiped();
}

/* c holds so many ciphertexts. */
static void sums_agree(size_t count)
{
    uint8_t a[C_MAX], b[C_MAX];

    for (size_t i = 1; i <= count; i += i < 40 ? 1 : 23) {
        CHECK(ps_paillier_sum_vartime(a, c, i, pub, portable, scratch)
              == PS_OK);
        CHECK(ps_paillier_sum_vartime(b, c, i, pub, best, scratch) == PS_OK);
        CHECK(memcmp(a, b, pub->c_len) == 0);
    }
}

static int all_zero(const uint8_t *x, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= x[i];
    }
    return any == 0;
}

/* One bad ciphertext among so many good ones, first, last and between. */
static void refused(const uint8_t *bad, size_t count)
{
    size_t s = pub->c_len;
    uint8_t good[C_MAX], sum[C_MAX];

    for (size_t i = 0; i < count; i += 8) {
        memcpy(good, c + i * s, s);
        memcpy(c + i * s, bad, s);
        memset(m2, 0xaa, sizeof m2);
        memset(r2, 0xaa, sizeof r2);
        CHECK(ps_paillier_decrypt(m2, c, count, &key, best, scratch)
              == PS_E_VERIFY);
        CHECK(all_zero(m2, count * pub->n_len));
        CHECK(ps_paillier_recover(m2, r2, c, count, &key, best, scratch)
              == PS_E_VERIFY);
        CHECK(all_zero(r2, count * pub->n_len));
        CHECK(ps_paillier_sum_vartime(sum, c, count, pub, best, scratch)
              == PS_E_VERIFY);
        CHECK(all_zero(sum, s));
        memcpy(c + i * s, good, s);
    }
}

static void refusals(const uint8_t *p, size_t p_len, size_t count)
{
    uint8_t bad[C_MAX] = {0};
    size_t s = pub->c_len;

    refused(bad, count);
    memcpy(bad + s - p_len, p, p_len);
    refused(bad, count);
    ps_mpn_to_bytes(bad, s, pub->n2.m, pub->n2.limbs);
    refused(bad, count);
    memset(bad, 0xff, s);
    refused(bad, count);

    size_t last = (count - 1) * pub->n_len;
    below_n(m + last, 0);
    CHECK(ps_paillier_encrypt(c2, m, r, count, pub, best, scratch)
          == PS_E_RANGE);
    CHECK(all_zero(c2, count * s));
    below_n(m + last, 1);
    memset(r + last, 0, pub->n_len);
    CHECK(ps_paillier_encrypt(c2, m, r, count, pub, best, scratch)
          == PS_E_RANGE);
    CHECK(all_zero(c2, count * s));
}

static void new_key(size_t bits, uint8_t *p, uint8_t *q)
{
    static uint8_t feed[1 << 12];
    static ps_limb search[PS_PRIME_SEARCH_LIMBS];
    uint64_t cofactors[2];

    pseudo_random(feed, sizeof feed);
    CHECK(ps_paillier_generate(p, q, cofactors, PS_PRIME_KNOWN, bits, feed,
                               sizeof feed, ps_backend_portable(), search)
          == PS_OK);
    CHECK(ps_paillier_private_init(&key, p, q, bits / 16) == PS_OK);
}

/* `rounds` batches of 1 to 17, then longer ones. */
static void profile(size_t bits, size_t rounds, size_t long_batch)
{
    uint8_t p[N_MAX / 2], q[N_MAX / 2];

    new_key(bits, p, q);
    for (size_t i = 0; i < rounds; i++) {
        agree(1 + i % 17, 5 * i);
    }
    agree(long_batch, 0);
    sums_agree(long_batch);
    refusals(p, bits / 16, 9);
    refusals(p, bits / 16, 25);
}

int main(int argc, char **argv)
{
    size_t factor = argc > 1 ? (size_t)atoi(argv[1]) : 1;

    portable = ps_backend_portable();
    best = ps_backend_best();
#if defined(PS_EMULATE_LANES)
    /* Emulated lanes take minutes for a long key; test_lanes has all kernels.
     */
    profile(512, 10 * factor, 40);
#else
    profile(512, 170 * factor, COUNT_MAX - 1);
    profile(640, 17 * factor, 17);
    profile(1024, 17 * factor, 33);
    profile(1536, 17, 17);
    profile(2048, 17, 41);
    profile(3072, 9, 33);
#endif
    CHECK(ps_paillier_encrypt(c, m, r, 0, pub, best, scratch) == PS_OK);
    CHECK(ps_paillier_decrypt(m, c, 0, &key, best, scratch) == PS_OK);
    printf("batch: ok (%s)\n", ps_backend_name(best));
    return 0;
}
