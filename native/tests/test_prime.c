/* Known primes and known composites. */
#include "check.h"
#include "privshare/ps_prime.h"

static ps_limb scratch[PS_PRIME_SCRATCH_LIMBS];
static const ps_backend *backend;

static ps_status is_prime(uint64_t x)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(x >> (56 - 8 * i));
    }
    return ps_prime_check(bytes, 8, PS_PRIME_ROUNDS, backend, scratch);
}

static void hard_composites(void)
{
    /* Carmichael numbers and strong pseudoprimes to many small bases: OEIS
     * A002997, A014233. */
    static const uint64_t composites[] = {
        561, 1105, 1729, 2465, 8911, 3215031751, 3474749660383,
        341550071728321, 3825123056546413051,
    };
    for (size_t i = 0; i < sizeof composites / sizeof *composites; i++) {
        CHECK(is_prime(composites[i]) == PS_E_VERIFY);
    }
    CHECK(is_prime(UINT64_MAX - 58) == PS_OK);      /* 2^64 - 59 */
    CHECK(is_prime(((uint64_t)1 << 61) - 1) == PS_OK);
    CHECK(is_prime(0) == PS_E_VERIFY);
    CHECK(is_prime(1) == PS_E_VERIFY);
}

/* 2^521 - 1 is prime, 2^523 - 1 is not. */
static void mersenne(void)
{
    uint8_t m[66];

    memset(m, 0xff, sizeof m);
    m[0] = 0x01;
    CHECK(ps_prime_check(m, 66, 5, backend, scratch) == PS_OK);
    m[0] = 0x07;
    CHECK(ps_prime_check(m, 66, 5, backend, scratch) == PS_E_VERIFY);
    CHECK(ps_prime_check(m, 0, 5, backend, scratch) == PS_E_RANGE);
    CHECK(ps_prime_check(m, PS_PRIME_MAX_BYTES + 1, 5, backend, scratch) == PS_E_RANGE);
}

/* n = a^k, big-endian, in 64 bytes. */
static void power_bytes(uint8_t *n, uint64_t a, size_t k)
{
    ps_limb x[8] = {1}, y[9];

    for (size_t i = 0; i < k; i++) {
        ps_mpn_mul(y, x, 8, &a, 1);
        CHECK(y[8] == 0);
        memcpy(x, y, sizeof x);
    }
    ps_mpn_to_bytes(n, 64, x, 8);
}

static void perfect_powers(void)
{
    static const uint64_t bases[] = {65537, 65539, 16777259, 4294967291};
    uint8_t n[64];

    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 2; k <= 16; k++) {
            power_bytes(n, bases[i], k);
            CHECK(ps_prime_no_small_factor_vartime(n, 64) == PS_OK);
            CHECK(ps_prime_no_perfect_power_vartime(n, 64) == PS_E_KEY);
            n[63] = (uint8_t)(n[63] + 2);
            CHECK(ps_prime_no_perfect_power_vartime(n, 64) == PS_OK);
        }
    }
}

/* n = a (a + 2^shift) with an odd a of 256 bits: 2^shift against 22 n^(1/4),
 * which is 22 * 2^128. */
static ps_status close_factors(size_t shift)
{
    ps_limb a[4], b[4] = {0}, product[8];
    uint8_t n[64];

    pseudo_random(a, sizeof a);
    a[0] |= 1;
    a[3] = ((ps_limb)1 << 63) | (a[3] >> 2);
    b[shift / 64] = (ps_limb)1 << (shift % 64);
    CHECK(ps_mpn_add(b, b, a, 4) == 0);
    ps_mpn_mul(product, a, 4, b, 4);
    ps_mpn_to_bytes(n, 64, product, 8);
    return ps_prime_no_close_factors_vartime(n, 64);
}

static void close_factors_are_found(void)
{
    uint8_t square[2] = {1, 0x69}, n[2] = {0, 21};

    for (size_t shift = 1; shift <= 131; shift++) {
        CHECK(close_factors(shift) == PS_E_KEY);
    }
    for (size_t shift = 134; shift < 200; shift += 7) {
        CHECK(close_factors(shift) == PS_OK);
    }
    CHECK(ps_prime_no_close_factors_vartime(square, 2) == PS_E_KEY);
    CHECK(ps_prime_no_close_factors_vartime(n, 2) == PS_E_KEY);
    CHECK(ps_prime_no_close_factors_vartime(n, 0) == PS_E_RANGE);
}

static void small_factors(void)
{
    uint8_t n[4] = {0};
    static const uint32_t with[] = {0, 1, 2, 3 * 65537, 65521 * 65537u,
                                    65519u * 65521u};

    for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
        for (int j = 0; j < 4; j++) {
            n[j] = (uint8_t)(with[i] >> (24 - 8 * j));
        }
        CHECK(ps_prime_no_small_factor_vartime(n, 4) == PS_E_KEY);
    }
    n[0] = 0xff, n[1] = 0xff, n[2] = 0xff, n[3] = 0xfb; /* prime */
    CHECK(ps_prime_no_small_factor_vartime(n, 4) == PS_OK);
    CHECK(ps_prime_is_composite_vartime(n, 4, scratch) == PS_E_KEY);
    n[3] = 0xfd;
    CHECK(ps_prime_is_composite_vartime(n, 4, scratch) == PS_OK);
}

int main(void)
{
    const ps_backend *backends[] = {ps_backend_portable(), ps_backend_best()};

    for (size_t i = 0; i < 2; i++) {
        backend = backends[i];
        hard_composites();
        mersenne();
    }
    perfect_powers();
    small_factors();
    close_factors_are_found();
    printf("prime: ok\n");
    return 0;
}
