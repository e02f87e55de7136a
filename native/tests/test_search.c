/* The search: its primes are what they should be, both backends find the same,
 * and generators generate. */
#include "check.h"
#include "privshare/ps_prime_search.h"

enum { LEN = PS_PRIME_MAX_BYTES, LIMBS = LEN / 8 };

static ps_limb scratch[PS_PRIME_SEARCH_LIMBS];
static uint8_t feed[1 << 17];
static const ps_backend *backends[2];

static void scratch_is_wiped(void)
{
    for (size_t i = 0; i < PS_PRIME_SEARCH_LIMBS; i++) {
        CHECK(scratch[i] == 0);
    }
}

static ps_status is_prime(const uint8_t *x, size_t len)
{
    return ps_prime_check(x, len, PS_PRIME_ROUNDS, backends[0], scratch);
}

/* u = (p - 1) / (2 k) by long division, a bit at a time. */
static void divide(uint8_t *u, const uint8_t *p, size_t len, uint64_t k)
{
    uint64_t rest = 0;

    for (size_t i = 0; i < 8 * len; i++) {
        unsigned bit = (p[i / 8] >> (7 - i % 8)) & 1;
        rest = 2 * rest + (i == 8 * len - 1 ? bit - 1 : bit);
        if (i % 8 == 0) {
            u[i / 8] = 0;
        }
        if (rest >= 2 * k) {
            rest -= 2 * k;
            u[i / 8] |= (uint8_t)(1u << (7 - i % 8));
        }
    }
    CHECK(rest == 0);
}

static size_t bit_length(const uint8_t *x, size_t len)
{
    ps_limb limbs[LIMBS];
    CHECK(ps_mpn_from_bytes(limbs, LIMBS, x, len) == PS_OK);
    return ps_mpn_bits_vartime(limbs, LIMBS);
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    return b == 0 ? a : gcd(b, a % b);
}

static ps_status search(uint8_t *p, uint64_t *k, size_t *used, size_t len,
                        ps_prime_kind kind, uint64_t avoid, size_t feed_len,
                        const ps_backend *backend)
{
    ps_status status = ps_prime_search(p, k, used, len, kind, avoid, feed,
                                       feed_len, backend, scratch);
    scratch_is_wiped();
    return status;
}

static void found(size_t len, ps_prime_kind kind, uint64_t avoid)
{
    uint8_t p[LEN], p2[LEN], u[LEN];
    uint64_t k, k2;
    size_t used, used2;

    pseudo_random(feed, sizeof feed);
    CHECK(search(p, &k, &used, len, kind, avoid, sizeof feed, backends[0])
          == PS_OK);
    CHECK(search(p2, &k2, &used2, len, kind, avoid, sizeof feed, backends[1])
          == PS_OK);
    CHECK(memcmp(p, p2, len) == 0 && k == k2 && used == used2);
    CHECK(p[0] >= 0xc0 && p[len - 1] % 4 == 3);
    CHECK(is_prime(p, len) == PS_OK);
    divide(u, p, len, k);
    CHECK(is_prime(u, len) == PS_OK && u[len - 1] % 4 == 3);
    CHECK(k % 2 == 1 && gcd(k, avoid) == 1);
    CHECK(bit_length(u, len) == 8 * len - (kind == PS_PRIME_SAFE ? 1 : 20));
    CHECK(kind == PS_PRIME_SAFE ? k == 1 : k >= 3 << 17 && k <= 1 << 20);
    /* What the last window took is not there: nothing is found. */
    CHECK(search(p, &k, &used2, len, kind, avoid, used - 1, backends[1])
          == PS_E_FEED);
    CHECK(p[0] == 0 && p[len - 1] == 0 && k == 0);
}

#if !defined(PS_EMULATE_LANES)
/* The first prime in steps of four from what the feed says, by a test of every
 * number: what the sieve crossed out was composite. */
static void first_of_its_window(size_t len)
{
    uint8_t p[LEN], u[LEN], x[LEN];
    uint64_t k;
    size_t used, steps = 0;

    pseudo_random(feed, sizeof feed);
    CHECK(search(p, &k, &used, len, PS_PRIME_KNOWN, 1, sizeof feed,
                 backends[1]) == PS_OK);
    divide(u, p, len, k);
    if (used != len + 8) {
        return;
    }
    memcpy(x, feed, len);
    x[0] = 0, x[1] = 0, x[2] = (uint8_t)((x[2] & 0x0f) | 0x08);
    x[len - 1] |= 3;
    while (memcmp(x, u, len) != 0) {
        CHECK(is_prime(x, len) == PS_E_VERIFY);
        unsigned sum = x[len - 1] + 4u;
        x[len - 1] = (uint8_t)sum;
        for (size_t i = len - 1; sum > 255 && i > 0; i--) {
            sum = x[i - 1] + 1u;
            x[i - 1] = (uint8_t)sum;
        }
        CHECK(++steps < 2048);
    }
}
#endif

/* g generates: the only statement that can be checked without this code is
 * made in Python. Here: the cofactor must be the right one. */
static void generators(size_t len, ps_prime_kind kind)
{
    uint8_t p[LEN];
    uint64_t k, g, g2;
    size_t used;

    pseudo_random(feed, sizeof feed);
    CHECK(search(p, &k, &used, len, kind, 1, sizeof feed, backends[1])
          == PS_OK);
    CHECK(ps_prime_generator(&g, p, len, k, backends[0], scratch) == PS_OK);
    scratch_is_wiped();
    CHECK(ps_prime_generator(&g2, p, len, k, backends[1], scratch) == PS_OK);
    CHECK(g == g2 && g >= 2 && g <= 251);
    CHECK(ps_prime_generator(&g, p, len, k + 2, backends[1], scratch)
          == PS_E_KEY);
    CHECK(g == 0);
    CHECK(ps_prime_generator(&g, p, len, k + 1, backends[1], scratch)
          == PS_E_RANGE);
    CHECK(ps_prime_generator(&g, p, len - 4, k, backends[1], scratch)
          == PS_E_RANGE);
    if (kind == PS_PRIME_KNOWN) {
        /* 2 divides, but what is left is no prime. */
        CHECK(ps_prime_generator(&g, p, len, 1, backends[1], scratch)
              == PS_E_KEY);
    }
}

static void refusals(void)
{
    uint8_t p[LEN];
    uint64_t k;
    size_t used;

    CHECK(search(p, &k, &used, 31, PS_PRIME_KNOWN, 1, 99, backends[1])
          == PS_E_RANGE);
    CHECK(search(p, &k, &used, 28, PS_PRIME_KNOWN, 1, 99, backends[1])
          == PS_E_RANGE);
    CHECK(search(p, &k, &used, LEN + 8, PS_PRIME_KNOWN, 1, 999, backends[1])
          == PS_E_RANGE);
    CHECK(search(p, &k, &used, 32, (ps_prime_kind)3, 1, 99, backends[1])
          == PS_E_RANGE);
    CHECK(search(p, &k, &used, 32, PS_PRIME_KNOWN, 1, 0, backends[1])
          == PS_E_FEED);
}

int main(void)
{
    backends[0] = ps_backend_portable();
    backends[1] = ps_backend_best();
#if defined(PS_EMULATE_LANES)
    found(32, PS_PRIME_KNOWN, 3 * 5 * 7);
    generators(32, PS_PRIME_KNOWN);
#else
    for (int i = 0; i < 20; i++) {
        found(32, PS_PRIME_KNOWN, 3 * 5 * 7 * 11);
        found(32, PS_PRIME_SAFE, 1);
        generators(32, PS_PRIME_KNOWN);
    }
    first_of_its_window(32);
    first_of_its_window(64);
    found(40, PS_PRIME_KNOWN, 1);
    found(64, PS_PRIME_SAFE, 1);
    found(128, PS_PRIME_KNOWN, 0xffff1);
    found(192, PS_PRIME_KNOWN, 3);
    generators(40, PS_PRIME_SAFE);
    generators(128, PS_PRIME_KNOWN);
#endif
    refusals();
    printf("search: ok (%s)\n", ps_backend_name(backends[1]));
    return 0;
}
