/* Small worlds in full. */
#include "../src/paillier/dual.h"
#include "check.h"
#include "privshare/ps_paillier.h"

static ps_limb scratch[PS_PAILLIER_BATCH_LIMBS];
static const ps_backend *portable;

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

static uint64_t power(uint64_t x, uint64_t e, uint64_t m)
{
    uint64_t r = 1 % m;
    for (; e != 0; e >>= 1) {
        if (e & 1) {
            r = r * x % m;
        }
        x = x * x % m;
    }
    return r;
}

/* Montgomery products and inverses for every odd m below 100. */
static void all_small_moduli(void)
{
    ps_mont mont;

    for (ps_limb m = 3; m < 100; m += 2) {
        CHECK(ps_mont_init(&mont, &m, 1) == PS_OK);
        for (ps_limb a = 0; a < m; a++) {
            ps_limb x, y;
            ps_status status = ps_mont_invert(&x, &a, &mont);
            CHECK((status == PS_OK) == (gcd(a, m) == 1));
            CHECK(status != PS_OK || a * x % m == 1);
            CHECK(ps_mont_coprime_vartime(&a, &mont) == status);
            for (ps_limb b = 0; b < m; b++) {
                ps_mont_enter(&y, &b, &mont);
                ps_mont_mul(&y, &a, &y, &mont);
                CHECK(y == a * b % m);
            }
        }
    }
}

/* Dual products for every odd m below 24: all pairs modulo m^2. */
static void all_small_duals(void)
{
    ps_paillier_dual dual;

    for (ps_limb m = 3; m < 24; m += 2) {
        CHECK(ps_dual_init(&dual, &m, 1) == PS_OK);
        for (ps_limb a = 0; a < m * m; a++) {
            ps_limb x[2], y[2], joined[2], square = a * a % (m * m);
            ps_dual_split(x, &a, 1, &dual);
            CHECK(x[0] == a % m && x[1] == a / m);
            ps_dual_enter(x, x, &dual);
            ps_dual_sqr(y, x, &dual);
            ps_dual_leave(y, y, &dual);
            ps_dual_join(joined, y, &dual);
            CHECK(joined[0] == square && joined[1] == 0);
            for (ps_limb b = 0; b < m * m; b++) {
                y[0] = b % m;
                y[1] = b / m;
                ps_dual_mul(y, x, y, &dual);
                ps_dual_join(joined, y, &dual);
                CHECK(joined[0] == a * b % (m * m));
            }
        }
    }
}

/* Dual products against Montgomery modulo m^2, at moduli near R as well. */
static void long_duals(size_t limbs, int high)
{
    ps_limb m[PS_PAILLIER_N_LIMBS], m2[2 * PS_PAILLIER_N_LIMBS];
    ps_limb a[DUAL_MAX_LIMBS], b[DUAL_MAX_LIMBS], x[DUAL_MAX_LIMBS];
    ps_limb y[DUAL_MAX_LIMBS], wide[2 * DUAL_MAX_LIMBS];
    ps_paillier_dual dual;
    ps_mont mont;

    edgy(m, limbs);
    m[0] |= 3;
    if (high) {
        memset(m, 0xff, limbs * sizeof *m);
    }
    ps_mpn_sqr(m2, m, limbs);
    CHECK(ps_dual_init(&dual, m, limbs) == PS_OK);
    CHECK(ps_mont_init(&mont, m2, 2 * limbs) == PS_OK);
    edgy(wide, 4 * limbs);
    ps_mont_reduce(a, wide, 4 * limbs, &mont);
    edgy(wide, 4 * limbs);
    ps_mont_reduce(b, wide, 4 * limbs, &mont);

    ps_dual_split(x, a, 2 * limbs, &dual);
    ps_dual_split(y, b, 2 * limbs, &dual);
    ps_dual_enter(x, x, &dual);
    ps_dual_mul(x, x, y, &dual);
    ps_dual_join(wide, x, &dual);
    ps_mont_enter(a, a, &mont);
    ps_mont_mul(a, b, a, &mont);
    CHECK(ps_mpn_is_equal(a, wide, 2 * limbs));

    ps_dual_enter(x, x, &dual);
    ps_dual_exp(y, x, m, limbs, &dual, scratch);
    ps_dual_exp_vartime(x, x, m, limbs, &dual, scratch);
    CHECK(ps_mpn_is_equal(x, y, 2 * limbs));
    ps_dual_leave(x, x, &dual);
    ps_dual_join(wide, x, &dual);
    ps_mont_enter(a, a, &mont);
    ps_mont_exp(a, a, m, limbs, &mont, scratch);
    ps_mont_leave(a, a, &mont);
    CHECK(ps_mpn_is_equal(a, wide, 2 * limbs));
}

/* The same by the best backend, all at once. */
static void in_one_batch(const ps_paillier_private *key, uint8_t n)
{
    static uint8_t m[65536], r[65536], m2[65536], r2[65536], c[131072];
    static uint8_t c2[131072];
    const ps_backend *best = ps_backend_best();
    size_t count = 0;
#if defined(PS_EMULATE_LANES)
    uint8_t messages = 3; /* emulated lanes are slow */
#else
    uint8_t messages = n;
#endif

    for (uint8_t i = 0; i < messages; i++) {
        for (uint8_t j = 1; j < n; j++) {
            if (gcd(j, n) == 1) {
                m[count] = i;
                r[count++] = j;
            }
        }
    }
    CHECK(ps_paillier_encrypt(c, m, r, count, &key->pub, portable, scratch)
          == PS_OK);
    CHECK(ps_paillier_encrypt(c2, m, r, count, &key->pub, best, scratch)
          == PS_OK);
    CHECK(memcmp(c, c2, 2 * count) == 0);
    CHECK(ps_paillier_recover(m2, r2, c, count, key, best, scratch) == PS_OK);
    CHECK(memcmp(m, m2, count) == 0 && memcmp(r, r2, count) == 0);
}

/* Every m and every r of a tiny key; every number below n^2 as ciphertext. */
static void whole_key(uint8_t p, uint8_t q)
{
    static ps_paillier_private key;
    uint64_t n = (uint64_t)p * q, n2 = n * n;
    uint8_t m8, r8, c8[2], m2, r2;

    CHECK(ps_paillier_private_init(&key, &p, &q, 1) == PS_OK);
    for (uint64_t m = 0; m < n; m++) {
        for (uint64_t r = 1; r < n; r++) {
            uint64_t c = (1 + m * n) * power(r, n, n2) % n2;
            m8 = (uint8_t)m;
            r8 = (uint8_t)r;
            CHECK(ps_paillier_encrypt(c8, &m8, &r8, 1, &key.pub, portable,
                                      scratch) == PS_OK);
            CHECK(c8[0] == c >> 8 && c8[1] == (c & 255));
            if (gcd(r, n) == 1) {
                CHECK(ps_paillier_recover(&m2, &r2, c8, 1, &key, portable,
                                          scratch) == PS_OK);
                CHECK(m2 == m && r2 == r);
            }
        }
    }
    for (uint64_t c = 0; c < 65536; c++) {
        int good = c < n2 && gcd(c, n) == 1;
        c8[0] = (uint8_t)(c >> 8);
        c8[1] = (uint8_t)c;
        CHECK((ps_paillier_check_vartime(c8, 1, &key.pub) == PS_OK) == good);
        CHECK((ps_paillier_decrypt(&m2, c8, 1, &key, portable, scratch)
               == PS_OK) == good);
    }
    in_one_batch(&key, (uint8_t)n);
}

/* gcd(n, phi) is not 1: no key. */
static void no_key(uint8_t p, uint8_t q)
{
    static ps_paillier_private key;
    CHECK(ps_paillier_private_init(&key, &p, &q, 1) == PS_E_KEY);
}

static void all_primes_below_16_bits(void)
{
    for (unsigned x = 1; x < 65536; x++) {
        uint8_t bytes[2] = {(uint8_t)(x >> 8), (uint8_t)x};
        unsigned d = 2;
        while (d * d <= x && x % d != 0) {
            d++;
        }
        int prime = x > 2 && d * d > x;
        CHECK((ps_prime_check(bytes, 2, 20, ps_backend_portable(),
                              scratch) == PS_OK) == prime);
    }
}

static void everything(void)
{
    all_small_moduli();
    all_small_duals();
    for (size_t limbs = 1; limbs <= 10; limbs++) {
        for (int round = 0; round < 20; round++) {
            long_duals(limbs, round == 0);
        }
    }
    long_duals(24, 1);
    long_duals(48, 1);
    whole_key(5, 7);
    whole_key(7, 5);
    whole_key(11, 13);
    whole_key(3, 17);
    no_key(3, 7);
    no_key(7, 3);
    no_key(5, 11);
    no_key(13, 13);
    all_primes_below_16_bits();
}

int main(void)
{
    portable = ps_backend_portable();
    ps_mpn_plain(1);
    everything();
    ps_mpn_plain(0);
    everything();
    printf("exhaustive: ok\n");
    return 0;
}
