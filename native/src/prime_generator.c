/* Generators of Z_p* for p = 2 u k + 1; see ps_prime_search.h. */
#include <string.h>

#include "mpn/limb.h"
#include "prime_sieve.h"
#include "privshare/ps_prime_search.h"

#define P_LIMBS (PS_PRIME_MAX_BYTES / 8)

/* A number below 2^32 has at most nine odd prime factors: the first ten,
 * 3 * 5 * ... * 31, are above 2^32. */
enum { FACTORS = 9 };

static const uint8_t bases[] = {
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67,
    71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149,
    151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229,
    233, 239, 241, 251,
};

/* The exponents (p - 1) / f of the test. */
typedef struct {
    ps_mont p;
    ps_limb e[FACTORS + 2][P_LIMBS];
    size_t count;
} divisors;

/* q = x / d, when that is exact; 0 when it is not. */
static ps_limb divide(ps_limb *q, const ps_limb *x, size_t limbs, ps_limb d)
{
    ps_mont mont;
    ps_limb product[P_LIMBS + 1];
    ps_limb exact;

    if (d == 1) {
        memcpy(q, x, limbs * sizeof *q);
        return 1;
    }
    if (ps_mont_init(&mont, &d, 1) != PS_OK) {
        return 0;
    }
    ps_mont_divide_exact(q, x, limbs, &mont);
    ps_mpn_mul(product, q, limbs, &d, 1);
    exact = ps_mpn_is_zero(product + limbs, 1)
          & ps_mpn_is_equal(product, x, limbs);
    PS_PUBLIC(&exact, sizeof exact);
    ps_wipe(product, sizeof product);
    return exact;
}

/* (p - 1) / f for the prime factors f of k, which is public. */
static void divide_by_factors(divisors *d, const ps_limb *minus_one,
                              ps_limb k)
{
    for (ps_limb f = 3; k > 1; f += 2) {
        if (f * f > k) {
            f = k;
        }
        if (k % f == 0) {
            ps_limb exact = divide(d->e[d->count++], minus_one, d->p.limbs, f);
            PS_CHECK(exact);
            (void)exact;
        }
        while (k % f == 0) {
            k /= f;
        }
    }
}

/* PS_OK when p - 1 = 2 u k with a prime u. */
static ps_status divisors_init(divisors *d, const ps_limb *minus_one,
                               ps_limb k, const ps_backend *backend,
                               ps_limb *scratch)
{
    uint8_t bytes[PS_PRIME_MAX_BYTES];
    ps_limb *half = d->e[0];
    ps_limb u[P_LIMBS];
    size_t limbs = d->p.limbs;
    ps_status status;

    for (size_t i = 0; i < limbs; i++) {
        half[i] = minus_one[i] >> 1;
        half[i] |= i + 1 < limbs ? minus_one[i + 1] << 63 : 0;
    }
    if (!divide(u, half, limbs, k)) {
        return PS_E_KEY;
    }
    ps_mpn_to_bytes(bytes, 8 * limbs, u, limbs);
    status = ps_prime_check(bytes, 8 * limbs, PS_PRIME_ROUNDS, backend,
                            scratch);
    ps_wipe(bytes, sizeof bytes);
    ps_wipe(u, sizeof u);
    d->e[1][0] = 2 * k;
    d->count = 2;
    divide_by_factors(d, minus_one, k);
    return status == PS_OK ? PS_OK : PS_E_KEY;
}

/* 1 when no power of g is 1. */
static ps_limb generates(ps_limb g, const divisors *d, ps_limb *scratch)
{
    ps_limb form[PS_MPN_MAX_LIMBS] = {0}, x[PS_MPN_MAX_LIMBS];
    ps_limb apart = 1;

    form[0] = g;
    ps_mont_enter(form, form, &d->p);
    for (size_t i = 0; i < d->count && apart; i++) {
        ps_mont_exp(x, form, d->e[i], d->p.limbs, &d->p, scratch);
        apart = ps_mpn_is_equal(x, d->p.one, d->p.limbs) ^ 1;
        PS_PUBLIC(&apart, sizeof apart);
    }
    ps_wipe(form, sizeof form);
    ps_wipe(x, sizeof x);
    return apart;
}

static ps_status first_generator(uint64_t *g, const divisors *d,
                                 ps_limb *scratch)
{
    for (size_t i = 0; i < sizeof bases; i++) {
        if (generates(bases[i], d, scratch)) {
            *g = bases[i];
            return PS_OK;
        }
    }
    return PS_E_VERIFY;
}

ps_status ps_prime_generator(uint64_t *g, const uint8_t *p, size_t len,
                             uint64_t cofactor, const ps_backend *backend,
                             ps_limb *scratch)
{
    divisors d;
    ps_limb x[P_LIMBS];
    ps_status status;

    *g = 0;
    PS_PUBLIC(&cofactor, sizeof cofactor);
    if (len < 32 || len > PS_PRIME_MAX_BYTES || len % 8 != 0
        || cofactor % 2 == 0 || cofactor >> 32 != 0) {
        return PS_E_RANGE;
    }
    memset(&d, 0, sizeof d);
    status = ps_mpn_from_bytes(x, len / 8, p, len);
    if (status == PS_OK && ps_mont_init(&d.p, x, len / 8) != PS_OK) {
        status = PS_E_VERIFY;
    }
    if (status == PS_OK) {
        x[0] &= ~(ps_limb)1;
        status = divisors_init(&d, x, cofactor, backend, scratch);
    }
    if (status == PS_OK) {
        status = first_generator(g, &d, scratch);
    }
    ps_wipe(&d, sizeof d);
    ps_wipe(x, sizeof x);
    ps_wipe(scratch, PS_PRIME_SEARCH_LIMBS * sizeof *scratch);
    return status;
}
