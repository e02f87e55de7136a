/* The sieve, eight primes at a time; src/prime_sieve.c has the same in plain C.
 */
#include <string.h>

#include "ifma_prime.h"

#if defined(PS_HAVE_LANES)

enum { GROUPS = SIEVE_PRIMES / LANES };

/* x mod r, or r more, for x < 2^52: three instructions after the first. */
LANES_INLINE ps_lanes reduce_lazily(ps_lanes x, ps_lanes r, ps_lanes inv)
{
    const ps_lanes zero = lanes_set(0);
    return x - lanes_low(zero, lanes_high(zero, x, inv), r);
}

LANES_INLINE ps_lanes reduce_fully(ps_lanes x, ps_lanes r, ps_lanes inv)
{
    ps_lanes rest = reduce_lazily(x, r, inv);
    ps_lanes less = rest - r;
    return less + (r & (lanes_set(0) - (less >> 63)));
}

static const ps_lanes *vectors(const ps_limb *x)
{
    return (const ps_lanes *)(const void *)x;
}

/* The arrays of a sieve begin where vectors may: see prime_search.c. */
LANES_TARGET
void ps_lanes_residues(ps_limb *rest, const ps_sieve *s, const ps_limb *x,
                       size_t limbs)
{
    ps_lanes *out = (ps_lanes *)(void *)rest;

    for (size_t i = 0; i < GROUPS; i++) {
        ps_lanes r = vectors(s->prime)[i], inv = vectors(s->inv)[i];
        ps_lanes sum = lanes_set(0);
        for (size_t j = limbs; j-- > 0;) {
            sum = reduce_lazily((sum << 32) | lanes_set(x[j] >> 32), r, inv);
            sum = reduce_lazily((sum << 32) | lanes_set(x[j] & 0xffffffff), r,
                                inv);
        }
        out[i] = reduce_fully(sum, r, inv);
    }
}

LANES_TARGET
void ps_lanes_times(ps_limb *product, const ps_sieve *s, const ps_limb *a,
                    const ps_limb *b)
{
    ps_lanes *out = (ps_lanes *)(void *)product;

    for (size_t i = 0; i < GROUPS; i++) {
        ps_lanes x = lanes_low(lanes_set(0), vectors(a)[i], vectors(b)[i]);
        out[i] = reduce_fully(x, vectors(s->prime)[i], vectors(s->inv)[i]);
    }
}

/* a^(r-2) with the exponents' bits as masks. */
LANES_TARGET
void ps_lanes_invert(ps_limb *inverse, const ps_sieve *s, const ps_limb *a)
{
    const ps_lanes zero = lanes_set(0), one = lanes_set(1);
    ps_lanes *out = (ps_lanes *)(void *)inverse;

    for (size_t i = 0; i < GROUPS; i++) {
        ps_lanes r = vectors(s->prime)[i], inv = vectors(s->inv)[i];
        ps_lanes base = vectors(a)[i], e = r - lanes_set(2);
        ps_lanes power = one;
        for (int bit = 15; bit >= 0; bit--) {
            power = reduce_lazily(lanes_low(zero, power, power), r, inv);
            /* the base where the bit is 1, else 1 */
            ps_lanes chosen = zero - ((e >> bit) & one);
            ps_lanes factor = (base & chosen) | (one & ~chosen);
            power = reduce_lazily(lanes_low(zero, power, factor), r, inv);
        }
        out[i] = reduce_fully(power, r, inv);
    }
}

/* A comparison gives all ones or all zeros in each lane. The whole window
 * stays in registers: `v` is a constant of each caller. */
LANES_INLINE void mark_window(const size_t v, ps_sieve *s,
                              const ps_limb *place)
{
    ps_lanes *window = (ps_lanes *)(void *)s->window;
    ps_lanes w[SIEVE_WORDS / LANES];
    const ps_lanes first = {0, 1, 2, 3, 4, 5, 6, 7};
    ps_limb end = 64 * LANES * v;

#pragma GCC unroll 16
    for (size_t k = 0; k < SIEVE_WORDS / LANES; k++) {
        w[k] = window[k];
    }
    for (size_t i = 0; i < SIEVE_PRIMES; i++) {
        for (ps_limb j = 0; j < end; j += s->prime[i]) {
            ps_limb at = place[i] + j;
            ps_lanes bit = lanes_set((ps_limb)1 << (at % 64));
            ps_lanes word = lanes_set(at / 64) - first;
#pragma GCC unroll 16
            for (size_t k = 0; k < v; k++) {
                w[k] |= bit & (ps_lanes)(word == lanes_set(LANES * k));
            }
        }
    }
#pragma GCC unroll 16
    for (size_t k = 0; k < v; k++) {
        window[k] = w[k];
    }
}

LANES_TARGET
void ps_lanes_mark(ps_sieve *s, const ps_limb *place)
{
    if (s->words == 4 * LANES) {
        mark_window(4, s, place);
    } else {
        PS_CHECK(s->words == SIEVE_WORDS);
        mark_window(SIEVE_WORDS / LANES, s, place);
    }
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_lane_sieve;
#endif
