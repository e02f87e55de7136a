/* Refusing public moduli: small factors, perfect powers, and factors that are
 * close together. */
#include <string.h>

#include "mpn/limb.h"
#include "privshare/ps_prime.h"

#define MAX_LIMBS (2 * PS_PRIME_MAX_BYTES / 8)

enum { SMALL = 1 << 16 };

/* One bit an odd number below SMALL: is 2i + 1 composite? */
typedef struct {
    uint8_t composite[SMALL / 16];
} odd_sieve;

static int is_composite(const odd_sieve *s, unsigned i)
{
    return (s->composite[i / 8] >> (i % 8)) & 1;
}

/* Eratosthenes; 2i + 1 has its odd multiples at i + (2i + 1) j. */
static void odd_sieve_init(odd_sieve *s)
{
    memset(s, 0, sizeof *s);
    for (unsigned i = 1; (2 * i + 1) * (2 * i + 1) < SMALL; i++) {
        if (is_composite(s, i)) {
            continue;
        }
        for (unsigned j = 3 * i + 1; j < SMALL / 2; j += 2 * i + 1) {
            s->composite[j / 8] |= (uint8_t)(1u << (j % 8));
        }
    }
}

/* n mod d for d < 2^32, in words of 32 bits. */
static uint64_t modulo(const ps_limb *n, size_t limbs, uint64_t d)
{
    uint64_t rest = 0;
    for (size_t i = limbs; i-- > 0;) {
        rest = ((rest << 32) | (n[i] >> 32)) % d;
        rest = ((rest << 32) | (n[i] & 0xffffffff)) % d;
    }
    return rest;
}

/* Primes go in pairs, so that a pass over n serves two. */
static int has_small_factor(const ps_limb *n, size_t limbs)
{
    odd_sieve s;
    uint64_t waiting = 1;

    odd_sieve_init(&s);
    for (unsigned i = 1; i < SMALL / 2; i++) {
        uint64_t p = 2 * i + 1;
        if (is_composite(&s, i)) {
            continue;
        }
        if (waiting == 1) {
            waiting = p;
            continue;
        }
        uint64_t rest = modulo(n, limbs, waiting * p);
        if (rest % waiting == 0 || rest % p == 0) {
            return 1;
        }
        waiting = 1;
    }
    return waiting != 1 && modulo(n, limbs, waiting) == 0;
}

ps_status ps_prime_no_small_factor_vartime(const uint8_t *n, size_t len)
{
    ps_limb limbs[MAX_LIMBS];
    size_t count = (len + 7) / 8;

    if (len == 0 || len > 2 * PS_PRIME_MAX_BYTES) {
        return PS_E_RANGE;
    }
    if (ps_mpn_from_bytes(limbs, count, n, len) != PS_OK
        || (limbs[0] & 1) == 0 || ps_mpn_bits_vartime(limbs, count) < 2) {
        return PS_E_KEY;
    }
    return has_small_factor(limbs, count) ? PS_E_KEY : PS_OK;
}

static size_t limb_length(const ps_limb *a, size_t limbs)
{
    return (ps_mpn_bits_vartime(a, limbs) + 63) / 64;
}

/* -1, 0 or 1 as x^k is below, equal to or above n. Stops when the power has
 * outgrown n. x is not 0. */
static int compare_power(const ps_limb *x, size_t k, const ps_limb *n,
                         size_t limbs)
{
    ps_limb power[MAX_LIMBS] = {1};
    ps_limb product[2 * MAX_LIMBS];
    size_t x_limbs = limb_length(x, limbs);
    size_t size = 1;

    for (size_t i = 0; i < k; i++) {
        ps_mpn_mul(product, power, size, x, x_limbs);
        size = limb_length(product, size + x_limbs);
        if (size > limbs) {
            return 1;
        }
        memcpy(power, product, size * sizeof *power);
    }
    if (ps_mpn_is_equal(power, n, limbs)) {
        return 0;
    }
    return ps_mpn_is_less(power, n, limbs) ? -1 : 1;
}

/* The largest root with root^k <= n, bit by bit from the top; 1 when root^k is
 * n. */
static int root_of(ps_limb *root, const ps_limb *n, size_t limbs, size_t bits,
                   size_t k)
{
    memset(root, 0, MAX_LIMBS * sizeof *root);
    for (size_t bit = (bits + k - 1) / k; bit-- > 0;) {
        root[bit / 64] |= (ps_limb)1 << (bit % 64);
        int order = compare_power(root, k, n, limbs);
        if (order == 0) {
            return 1;
        }
        if (order > 0) {
            root[bit / 64] &= ~((ps_limb)1 << (bit % 64));
        }
    }
    return 0;
}

static int is_power(const ps_limb *n, size_t limbs, size_t bits, size_t k)
{
    ps_limb root[MAX_LIMBS];
    return root_of(root, n, limbs, bits, k);
}

static int is_prime_exponent(size_t k)
{
    for (size_t d = 2; d * d <= k; d++) {
        if (k % d == 0) {
            return 0;
        }
    }
    return 1;
}

/* A base without factors below 2^16 is itself at least 2^16, which bounds the
 * exponent by bits / 16; prime exponents are enough. */
ps_status ps_prime_no_perfect_power_vartime(const uint8_t *n, size_t len)
{
    ps_limb limbs[MAX_LIMBS];
    size_t count = (len + 7) / 8;

    if (len == 0 || len > 2 * PS_PRIME_MAX_BYTES) {
        return PS_E_RANGE;
    }
    if (ps_mpn_from_bytes(limbs, count, n, len) != PS_OK) {
        return PS_E_RANGE;
    }
    size_t bits = ps_mpn_bits_vartime(limbs, count);

    for (size_t k = 2; k <= bits / 16 + 1; k++) {
        if (is_prime_exponent(k) && is_power(limbs, count, bits, k)) {
            return PS_E_KEY;
        }
    }
    return PS_OK;
}

/* Four of five numbers that are no squares are none modulo 64. */
static int is_square(const ps_limb *x, size_t limbs)
{
    static const uint64_t squares64 = 0x0202021202030213;

    return ((squares64 >> (x[0] % 64)) & 1)
        && is_power(x, limbs, ps_mpn_bits_vartime(x, limbs), 2);
}

/* x + 1, which fits. */
static void increment(ps_limb *x, size_t limbs)
{
    for (size_t i = 0; i < limbs && ++x[i] == 0; i++) {
    }
}

/* Fermat: n = a^2 - b^2 with a from ceil(sqrt(n)) on. */
ps_status ps_prime_no_close_factors_vartime(const uint8_t *n, size_t len)
{
    ps_limb limbs[MAX_LIMBS], a[MAX_LIMBS], b2[2 * MAX_LIMBS];
    size_t count = (len + 7) / 8;

    if (len == 0 || len > 2 * PS_PRIME_MAX_BYTES) {
        return PS_E_RANGE;
    }
    if (ps_mpn_from_bytes(limbs, count, n, len) != PS_OK
        || root_of(a, limbs, count, ps_mpn_bits_vartime(limbs, count), 2)) {
        return PS_E_KEY;
    }
    for (size_t step = 0; step < PS_PRIME_FERMAT_STEPS; step++) {
        increment(a, count);
        ps_mpn_sqr(b2, a, count);
        (void)ps_mpn_sub(b2, b2, limbs, count);
        if (is_square(b2, count)) {
            return PS_E_KEY;
        }
    }
    return PS_OK;
}
