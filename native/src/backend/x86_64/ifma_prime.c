/* Primality of eight numbers at a time, or of one to eight bases. */
#include <string.h>

#include "ifma_prime.h"

#if defined(PS_HAVE_LANES)

/* Digits of the exponent to the base 2: what a square is shifted by. With
 * R >= 2^16 m, a square of 2^7 * 1.3 m is below 1.5 m again. */
enum { SHIFT_BITS = 3 };

/* A modulus in each lane, for the plain ring alone. */
typedef struct {
    lanes_modulus m;
    ps_lanes *one;        /* R mod m */
    size_t bits;
} moduli;

/* One lane from limbs of 64 bits, number `digit` of 52. */
static void insert(ps_lanes *r, size_t width, const ps_limb *x, size_t limbs,
                   size_t lane)
{
    uint64_t *digits = (uint64_t *)(void *)r + lane;

    for (size_t i = 0; i < width; i++) {
        size_t limb = LANES_BITS * i / 64;
        size_t shift = LANES_BITS * i % 64;
        uint64_t digit = limb < limbs ? x[limb] >> shift : 0;
        if (shift > 64 - LANES_BITS && limb + 1 < limbs) {
            digit |= x[limb + 1] << (64 - shift);
        }
        digits[LANES * i] = digit & LANES_DIGIT;
    }
}

/* x = 2^bits - c, which is 2^bits mod c. */
static void radix_rest(ps_limb *x, const ps_limb *c, size_t limbs, size_t bits)
{
    ps_limb zero[PS_PAILLIER_P_LIMBS] = {0};

    (void)ps_mpn_sub(x, zero, c, limbs);
    if (bits % 64 != 0) {
        x[limbs - 1] &= ((ps_limb)1 << (bits % 64)) - 1;
    }
}

/* -m^-1 mod 2^52 from m modulo 2^52; see mpn/mont.c. */
LANES_TARGET
static ps_lanes negated_inverse(ps_lanes m)
{
    ps_lanes x = m;
    const ps_lanes zero = lanes_set(0), two = lanes_set(2);
    const ps_lanes digit = lanes_set(LANES_DIGIT);

    for (int right = 3; right < LANES_BITS; right *= 2) {
        ps_lanes factor = (two - lanes_low(zero, m, x)) & digit;
        x = lanes_low(zero, x, factor);
    }
    return (zero - x) & digit;
}

/* x = 2 x mod m, canonical. */
LANES_TARGET
static void twice(ps_lanes *x, const moduli *w)
{
    size_t h = w->m.kernel->limbs;

    for (size_t i = 0; i < h; i++) {
        x[i] += x[i];
    }
    ps_lanes_normalise(x, h);
    (void)ps_lanes_subtract_once(x, w->m.m, h);
}

/* candidates: count numbers; the lanes left over get the first. */
LANES_TARGET
static void moduli_init(moduli *w, const ps_limb *candidates, size_t count,
                        size_t limbs, size_t bits, lanes_arena *arena)
{
    const lanes_kernel *kernel = ps_lanes_kernel_for(limbs);
    size_t h = kernel->limbs;
    ps_limb rest[PS_PAILLIER_P_LIMBS];

    memset(w, 0, sizeof *w);
    w->bits = bits;
    w->m.kernel = kernel;
    w->m.m = ps_lanes_take(arena, h);
    w->m.quotient = ps_lanes_take(arena, h);
    w->one = ps_lanes_take(arena, h);
    for (size_t lane = 0; lane < LANES; lane++) {
        const ps_limb *c = candidates + (lane < count ? lane : 0) * limbs;
        insert(w->m.m, h, c, limbs, lane);
        radix_rest(rest, c, limbs, bits);
        insert(w->one, h, rest, limbs, lane);
    }
    w->m.neg_inv = negated_inverse(w->m.m[0]);
    for (size_t i = bits; i < LANES_BITS * h; i++) {
        twice(w->one, w);
    }
    ps_wipe(rest, sizeof rest);
}

/* 2^(the lowest SHIFT_BITS bits), by masks: Valgrind takes the count of a
 * vector shift for an address. */
LANES_TARGET
static ps_lanes power_of_two(ps_lanes digit)
{
    const ps_lanes zero = lanes_set(0), one = lanes_set(1);
    ps_lanes power = one;

    power += power & (zero - (digit & one));
    power += (power + power + power) & (zero - ((digit >> 1) & one));
    power += ((power << 4) - power) & (zero - ((digit >> 2) & one));
    return power;
}

/* x = x * 2^(digit number i of (m - 1) / 2): m is odd, so that these are the
 * bits from 1 + 3 i on. */
LANES_TARGET
static void shift(ps_lanes *x, size_t i, const moduli *w)
{
    size_t h = w->m.kernel->limbs;
    size_t low = 1 + SHIFT_BITS * i;
    size_t limb = low / LANES_BITS, at = low % LANES_BITS;
    ps_lanes digit = w->m.m[limb] >> at;

    if (at > LANES_BITS - SHIFT_BITS && limb + 1 < h) {
        digit |= w->m.m[limb + 1] << (LANES_BITS - at);
    }
    ps_lanes factor = power_of_two(digit), above = lanes_set(0);
    for (size_t j = 0; j < h; j++) {
        ps_lanes high = lanes_high(lanes_set(0), x[j], factor);
        x[j] = lanes_low(above, x[j], factor);
        above = high;
    }
    ps_lanes_normalise(x, h);
}

LANES_TARGET
static ps_lanes is_zero(ps_lanes x)
{
    /* x is below 2^52: minus 1 it is negative only where it was 0. */
    return (x - lanes_set(1)) >> 63;
}

/* 1 in the lanes where x, out of Montgomery form, is 1 or m - 1; and in
 * *minus_one where it is m - 1. y is room. */
LANES_TARGET
static ps_lanes is_unit_one(ps_lanes *minus_one, ps_lanes *y,
                            const ps_lanes *x, const ps_lanes *plain_one,
                            const moduli *w)
{
    size_t h = w->m.kernel->limbs;

    w->m.kernel->plain.mul(y, x, plain_one, &w->m);
    (void)ps_lanes_subtract_once(y, w->m.m, h);
    ps_lanes is_one = y[0] ^ lanes_set(1);
    ps_lanes is_minus = y[0] ^ w->m.m[0] ^ lanes_set(1);
    for (size_t i = 1; i < h; i++) {
        is_one |= y[i];
        is_minus |= y[i] ^ w->m.m[i];
    }
    *minus_one = is_zero(is_minus);
    return is_zero(is_one) | *minus_one;
}

LANES_TARGET
static ps_lanes *take_one(lanes_arena *arena, size_t width)
{
    ps_lanes *one = ps_lanes_take(arena, width);

    memset(one, 0, width * sizeof *one);
    one[0] = lanes_set(1);
    return one;
}

LANES_TARGET
static void euler(ps_limb *passes, const ps_limb *candidates, size_t count,
                  size_t limbs, size_t bits, ps_limb *scratch)
{
    lanes_arena arena = ps_lanes_arena(scratch, PS_PRIME_ROOM_LIMBS);
    moduli w;

    moduli_init(&w, candidates, count, limbs, bits, &arena);
    size_t h = w.m.kernel->limbs;
    const lanes_ring *ring = &w.m.kernel->plain;
    ps_lanes *one = take_one(&arena, h);
    ps_lanes *x = ps_lanes_take(&arena, h);
    ps_lanes *y = ps_lanes_take(&arena, h);
    size_t i = (bits - 1 + SHIFT_BITS - 1) / SHIFT_BITS - 1;
    ps_lanes unused;

    memcpy(x, w.one, h * sizeof *x);
    shift(x, i, &w);
    while (i-- > 0) {
        ring->sqr(y, x, &w.m);
        ring->sqr(x, y, &w.m);
        ring->sqr(y, x, &w.m);
        ps_lanes *swap = x;
        x = y;
        y = swap;
        shift(x, i, &w);
    }
    ps_lanes good = is_unit_one(&unused, y, x, one, &w);
    for (size_t lane = 0; lane < count; lane++) {
        passes[lane] = good[lane];
    }
    ps_wipe(scratch, PS_PRIME_ROOM_LIMBS * sizeof *scratch);
    ps_wipe(&w, sizeof w);
}

/* R^2 mod m: with 52 h = e * 2^j, double R e times and square j times. */
LANES_TARGET
static ps_lanes *square_of_radix(const moduli *w, lanes_arena *arena)
{
    size_t h = w->m.kernel->limbs;
    size_t e = LANES_BITS * h;
    ps_lanes *x = ps_lanes_take(arena, h);
    ps_lanes *y = ps_lanes_take(arena, h);
    int j = 0;

    for (; e % 2 == 0; e /= 2) {
        j++;
    }
    memcpy(x, w->one, h * sizeof *x);
    while (e-- > 0) {
        twice(x, w);
    }
    while (j-- > 0) {
        w->m.kernel->plain.sqr(y, x, &w->m);
        ps_lanes *swap = x;
        x = y;
        y = swap;
    }
    return x;
}

/* Bases that are 0 or +-1 modulo p say nothing and pass. */
LANES_TARGET
static ps_limb rounds(const ps_limb *p, const ps_limb *bases,
                      const ps_limb *odd, size_t s, size_t limbs, size_t bits,
                      ps_limb *scratch)
{
    lanes_arena arena = ps_lanes_arena(scratch, PS_PRIME_ROOM_LIMBS);
    moduli w;
    ps_lanes minus_one;

    moduli_init(&w, p, 1, limbs, bits, &arena);
    size_t h = w.m.kernel->limbs;
    const lanes_ring *ring = &w.m.kernel->plain;
    ps_lanes *one = take_one(&arena, h);
    ps_lanes *base = ps_lanes_take(&arena, h);
    ps_lanes *x = ps_lanes_take(&arena, h);
    ps_lanes *y = ps_lanes_take(&arena, h);
    const ps_lanes *rr = square_of_radix(&w, &arena);

    for (size_t lane = 0; lane < LANES; lane++) {
        insert(y, h, bases + lane * limbs, limbs, lane);
    }
    ring->mul(base, y, rr, &w.m);
    ring->mul(x, base, one, &w.m);
    (void)ps_lanes_subtract_once(x, w.m.m, h);
    ps_lanes good = x[0];
    for (size_t i = 1; i < h; i++) {
        good |= x[i];
    }
    good = is_zero(good);
    ps_lanes_exp(x, base, w.one, odd, limbs, ring, &w.m, arena);
    good |= is_unit_one(&minus_one, y, x, one, &w);
    for (size_t i = 1; i < s; i++) {
        ring->sqr(y, x, &w.m);
        memcpy(x, y, h * sizeof *x);
        (void)is_unit_one(&minus_one, y, x, one, &w);
        good |= minus_one;
    }
    ps_limb all = 1;
    for (size_t lane = 0; lane < LANES; lane++) {
        all &= good[lane];
    }
    ps_wipe(scratch, PS_PRIME_ROOM_LIMBS * sizeof *scratch);
    ps_wipe(&w, sizeof w);
    return all;
}

const ps_prime_backend ps_lanes_prime = {
    .group = LANES,
    .residues = ps_lanes_residues,
    .times = ps_lanes_times,
    .invert = ps_lanes_invert,
    .mark = ps_lanes_mark,
    .euler = euler,
    .rounds = rounds,
};
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_lane_primes;
#endif
