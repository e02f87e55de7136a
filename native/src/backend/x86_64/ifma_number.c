/* Eight numbers at a time: in and out, carries, moduli. */
#include <string.h>

#include "../../paillier/dual.h"
#include "lanes.h"

#if defined(PS_HAVE_LANES)

#define MAX_BYTES (16 * PS_PAILLIER_N_LIMBS)     /* of a ciphertext: 768 */

lanes_arena ps_lanes_arena(ps_limb *scratch, size_t limbs)
{
    uintptr_t misfit = (uintptr_t)scratch % sizeof(ps_lanes);
    size_t skip = misfit == 0 ? 0 : sizeof(ps_lanes) - misfit;

    return (lanes_arena){(ps_lanes *)(void *)((uint8_t *)scratch + skip),
                         scratch + limbs};
}

ps_lanes *ps_lanes_take(lanes_arena *arena, size_t vectors)
{
    ps_lanes *taken = arena->next;
    arena->next += vectors;
    PS_CHECK((const ps_limb *)(const void *)arena->next <= arena->end);
    return taken;
}

/* Bits [52 i, 52 i + 52) of a number of 64-bit limbs. */
static uint64_t digit_of(const ps_limb *x, size_t limbs, size_t i)
{
    size_t limb = LANES_BITS * i / 64;
    size_t shift = LANES_BITS * i % 64;
    uint64_t digit = limb < limbs ? x[limb] >> shift : 0;

    if (shift > 64 - LANES_BITS && limb + 1 < limbs) {
        digit |= x[limb + 1] << (64 - shift);
    }
    return digit & LANES_DIGIT;
}

LANES_TARGET
void ps_lanes_spread(ps_lanes *r, size_t width, const ps_limb *x, size_t limbs)
{
    for (size_t i = 0; i < width; i++) {
        r[i] = lanes_set(digit_of(x, limbs, i));
    }
}

/* R = 2^(52 h) from 2^(64 limbs): double so many times. */
static size_t steps_to_radix(const lanes_kernel *kernel, size_t limbs)
{
    return LANES_BITS * kernel->limbs - 64 * limbs;
}

/* gap = R + (m - R mod m), a multiple of m. Its digits: R lends 2^52 to each
 * place, which lends 1 to the place above, until R itself is used up. */
LANES_TARGET
static void init_gap(lanes_modulus *m, const ps_mont *mont)
{
    ps_limb x[PS_PAILLIER_N_LIMBS];
    size_t h = m->kernel->limbs;

    memcpy(x, mont->one, mont->limbs * sizeof *x);
    for (size_t i = steps_to_radix(m->kernel, mont->limbs); i-- > 0;) {
        ps_mont_add(x, x, x, mont);
    }
    (void)ps_mpn_sub(x, mont->m, x, mont->limbs);
    ps_lanes_spread(m->gap, h, x, mont->limbs);
    m->gap[0] += lanes_set(LANES_DIGIT + 1);
    for (size_t i = 1; i < h; i++) {
        m->gap[i] += lanes_set(LANES_DIGIT);
    }
    ps_wipe(x, sizeof x);
}

/* R^2 mod m^2 from the portable 2^(128 limbs). */
LANES_TARGET
static void init_rr(lanes_modulus *m, const ps_paillier_dual *dual)
{
    ps_limb x[DUAL_MAX_LIMBS];
    size_t limbs = dual->mont.limbs;
    size_t h = m->kernel->limbs;

    memcpy(x, dual->mont.rr, limbs * sizeof *x);
    memcpy(x + limbs, dual->rr1, limbs * sizeof *x);
    for (size_t i = 2 * steps_to_radix(m->kernel, limbs); i-- > 0;) {
        ps_dual_twice(x, dual);
    }
    ps_lanes_spread(m->rr, h, x, limbs);
    ps_lanes_spread(m->rr + h, h, x + limbs, limbs);
    ps_wipe(x, sizeof x);
}

LANES_TARGET
void ps_lanes_modulus_init(lanes_modulus *m, const lanes_kernel *kernel,
                           const ps_paillier_dual *dual, lanes_arena *arena)
{
    size_t h = kernel->limbs;

    m->kernel = kernel;
    m->m = ps_lanes_take(arena, h);
    m->gap = ps_lanes_take(arena, h);
    m->rr = ps_lanes_take(arena, 2 * h);
    m->quotient = ps_lanes_take(arena, h);
    m->second = ps_lanes_take(arena, h);
    m->neg_inv = lanes_set(dual->mont.neg_inv & LANES_DIGIT);
    ps_lanes_spread(m->m, h, dual->mont.m, dual->mont.limbs);
    init_gap(m, &dual->mont);
    init_rr(m, dual);
}

/* One lane, two digits from 13 bytes at a time: x86-64 reads eight bytes at
 * any address in one instruction, so this is faster than permuting vectors
 * and transposing them (2026-11-22). `bytes` may be read from 16 bytes before
 * its beginning. */
static void read_lane(ps_lanes *r, size_t width, const uint8_t *bytes,
                      size_t len, size_t lane)
{
    uint64_t *digits = (uint64_t *)(void *)r + lane;

    for (size_t i = 0; i < width; i++) {
        size_t low = LANES_BITS * i / 8;
        uint64_t word = 0;
        if (low < len) {
            memcpy(&word, bytes + len - low - 8, 8);
            word = __builtin_bswap64(word);
        }
        digits[LANES * i] = (word >> (4 * (i & 1))) & LANES_DIGIT;
    }
}

void ps_lanes_read(ps_lanes *r, size_t width, const uint8_t *bytes,
                   size_t count, size_t len)
{
    uint8_t padded[16 + MAX_BYTES] = {0};

    PS_CHECK(len <= MAX_BYTES && 2 * len <= 13 * width);
    for (size_t lane = 0; lane < LANES; lane++) {
        memcpy(padded + 16, bytes + (lane < count ? lane : 0) * len, len);
        read_lane(r, width, padded + 16, len, lane);
    }
    ps_wipe(padded, sizeof padded);
}

void ps_lanes_extract(ps_limb *x, size_t limbs, const ps_lanes *a,
                      size_t width, size_t lane)
{
    const uint64_t *digits = (const uint64_t *)(const void *)a + lane;

    memset(x, 0, limbs * sizeof *x);
    for (size_t i = 0; i < width; i++) {
        size_t limb = LANES_BITS * i / 64;
        size_t shift = LANES_BITS * i % 64;
        uint64_t digit = digits[LANES * i];
        if (limb < limbs) {
            x[limb] |= digit << shift;
        }
        if (shift > 64 - LANES_BITS && limb + 1 < limbs) {
            x[limb + 1] |= digit >> (64 - shift);
        }
    }
}

/* One lane, two digits as 13 bytes at a time: two stores of eight bytes, from
 * the right to the left. The second of them reaches 3 bytes too far, where the
 * next pair is written after it. `end` is where the number ends. */
static void write_lane(uint8_t *end, const ps_lanes *a, size_t width,
                       size_t lane)
{
    const uint64_t *digits = (const uint64_t *)(const void *)a + lane;

    for (size_t i = 0; i < width; i += 2) {
        uint64_t low = digits[LANES * i];
        uint64_t high = i + 1 < width ? digits[LANES * (i + 1)] : 0;
        uint64_t word = __builtin_bswap64(low | (high << LANES_BITS));
        memcpy(end - 8, &word, 8);
        word = __builtin_bswap64(high >> (64 - LANES_BITS));
        memcpy(end - 16, &word, 8);
        end -= 13;
    }
}

void ps_lanes_write(uint8_t *bytes, size_t count, size_t len,
                    const ps_lanes *a, size_t width)
{
    uint8_t padded[16 + 13 * LANES_MAX / 2] = {0};
    uint8_t *end = padded + sizeof padded;

    PS_CHECK(len <= MAX_BYTES && width <= LANES_MAX);
    for (size_t lane = 0; lane < count; lane++) {
        write_lane(end, a, width, lane);
        memcpy(bytes + lane * len, end - len, len);
    }
    ps_wipe(padded, sizeof padded);
}

LANES_TARGET
void ps_lanes_normalise(ps_lanes *a, size_t width)
{
    ps_lanes carry = lanes_set(0);

    for (size_t i = 0; i < width; i++) {
        carry += a[i];
        a[i] = carry & lanes_set(LANES_DIGIT);
        carry >>= LANES_BITS;
    }
}

/* The borrow is the sign of a difference of numbers below 2^52. The choice is
 * by masks of whole lanes; vector code has no branch to turn them into. */
LANES_TARGET
ps_lanes ps_lanes_subtract_once(ps_lanes *a, const ps_lanes *m, size_t width)
{
    ps_lanes borrow = lanes_set(0);

    for (size_t i = 0; i < width; i++) {
        borrow = (a[i] - m[i] - borrow) >> 63;
    }
    ps_lanes take = borrow - lanes_set(1);
    borrow = lanes_set(0);
    for (size_t i = 0; i < width; i++) {
        ps_lanes less = a[i] - (m[i] & take) - borrow;
        a[i] = less & lanes_set(LANES_DIGIT);
        borrow = less >> 63;
    }
    return take & lanes_set(1);
}

/* A first half of m is one more m in the second. */
LANES_TARGET
void ps_lanes_canonical(ps_lanes *a, const lanes_modulus *m)
{
    size_t h = m->kernel->limbs;

    a[h] += ps_lanes_subtract_once(a, m->m, h);
    ps_lanes_normalise(a + h, h);
    (void)ps_lanes_subtract_once(a + h, m->m, h);
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_lane_numbers;
#endif
