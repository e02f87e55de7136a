/* Four integers modulo p = 2^255 - 19 in 256-bit vectors, one a lane.
 *
 *   x = v[0] + 2^51 v[1] + 2^102 v[2] + 2^153 v[3] + 2^204 v[4]
 *
 * For the four coordinates of one point, where the eight lanes of vector.h
 * would wait for work.
 *
 * Bounds     "tight" limbs are below 2^51 + 2^18: what carry returns. One
 *            factor of a product is tight, the other has limbs below 2^52.
 *            Products are "wide", below 2^60: the caller adds and subtracts
 *            them and carries once, from anything below 2^64. Checking builds
 *            assert this.
 * Secret     all values; nothing branches
 *
 * Source     AVX-512 IFMA on 256-bit vectors for one point: the layout of
 *            curve25519-dalek, docs/ifma-notes.md; the formulas here differ
 */
#ifndef PRIVSHARE_BACKEND_FIELD4_H
#define PRIVSHARE_BACKEND_FIELD4_H

#include "../../ristretto255/field.h"
#include "../backend.h"

#if defined(PS_HAVE_LANES)

#if defined(PS_EMULATE_LANES)
#define FOUR_TARGET
#define FOUR_INLINE static inline
#else
#include <immintrin.h>
#define FOUR_TARGET __attribute__((target("avx512f,avx512vl,avx512ifma")))
#define FOUR_INLINE FOUR_TARGET __attribute__((always_inline)) static inline
#endif

typedef uint64_t ps_quad __attribute__((vector_size(32), may_alias));

/* Lane i of the result is the lane of x that is named there. */
#if defined(__clang__)
#define QUAD_PERMUTE(x, i, j, k, l) __builtin_shufflevector(x, x, i, j, k, l)
#else
#define QUAD_PERMUTE(x, i, j, k, l) __builtin_shuffle(x, (ps_quad){i, j, k, l})
#endif

FOUR_INLINE ps_quad quad_set(uint64_t x)
{
    return (ps_quad){x, x, x, x};
}

#if defined(PS_EMULATE_LANES)
#define QUAD_DIGIT (((uint64_t)1 << 52) - 1)

/* sum + the low 52 bits of a * b, and sum + the bits above them. */
FOUR_INLINE ps_quad quad_low(ps_quad sum, ps_quad a, ps_quad b)
{
    for (int i = 0; i < 4; i++) {
        ps_wide product = (ps_wide)(a[i] & QUAD_DIGIT) * (b[i] & QUAD_DIGIT);
        sum[i] += (uint64_t)product & QUAD_DIGIT;
    }
    return sum;
}

FOUR_INLINE ps_quad quad_high(ps_quad sum, ps_quad a, ps_quad b)
{
    for (int i = 0; i < 4; i++) {
        ps_wide product = (ps_wide)(a[i] & QUAD_DIGIT) * (b[i] & QUAD_DIGIT);
        sum[i] += (uint64_t)(product >> 52);
    }
    return sum;
}

/* x + y and x - y in the lanes whose bits are set, other in the rest. */
FOUR_INLINE ps_quad quad_add_in(ps_quad other, unsigned lanes, ps_quad x,
                                ps_quad y)
{
    for (int i = 0; i < 4; i++) {
        other[i] = lanes >> i & 1 ? x[i] + y[i] : other[i];
    }
    return other;
}

FOUR_INLINE ps_quad quad_sub_in(ps_quad other, unsigned lanes, ps_quad x,
                                ps_quad y)
{
    for (int i = 0; i < 4; i++) {
        other[i] = lanes >> i & 1 ? x[i] - y[i] : other[i];
    }
    return other;
}

/* Lane i of the result is lane index[i] of x; the index is public. */
FOUR_INLINE ps_quad quad_permute(ps_quad x, ps_quad index)
{
    ps_quad r = x;

    for (int i = 0; i < 4; i++) {
        r[i] = x[index[i]];
    }
    return r;
}

/* sum | (x & mask). */
FOUR_INLINE ps_quad quad_choose(ps_quad sum, ps_quad x, ps_quad mask)
{
    return sum | (x & mask);
}

/* a where mask is all ones, b where it is zero. */
FOUR_INLINE ps_quad quad_select(ps_quad mask, ps_quad a, ps_quad b)
{
    return (a & mask) | (b & ~mask);
}
#else
FOUR_INLINE ps_quad quad_low(ps_quad sum, ps_quad a, ps_quad b)
{
    return (ps_quad)_mm256_madd52lo_epu64((__m256i)sum, (__m256i)a,
                                          (__m256i)b);
}

FOUR_INLINE ps_quad quad_high(ps_quad sum, ps_quad a, ps_quad b)
{
    return (ps_quad)_mm256_madd52hi_epu64((__m256i)sum, (__m256i)a,
                                          (__m256i)b);
}

FOUR_INLINE ps_quad quad_add_in(ps_quad other, unsigned lanes, ps_quad x,
                                ps_quad y)
{
    return (ps_quad)_mm256_mask_add_epi64((__m256i)other, (__mmask8)lanes,
                                          (__m256i)x, (__m256i)y);
}

FOUR_INLINE ps_quad quad_sub_in(ps_quad other, unsigned lanes, ps_quad x,
                                ps_quad y)
{
    return (ps_quad)_mm256_mask_sub_epi64((__m256i)other, (__mmask8)lanes,
                                          (__m256i)x, (__m256i)y);
}

FOUR_INLINE ps_quad quad_permute(ps_quad x, ps_quad index)
{
    return (ps_quad)_mm256_permutexvar_epi64((__m256i)index, (__m256i)x);
}

/* Two operations that compilers do not always find: a | (b & c) and
 * b & a | c & ~a of the tables 0xf8 and 0xca. */
FOUR_INLINE ps_quad quad_choose(ps_quad sum, ps_quad x, ps_quad mask)
{
    return (ps_quad)_mm256_ternarylogic_epi64((__m256i)sum, (__m256i)x,
                                              (__m256i)mask, 0xf8);
}

FOUR_INLINE ps_quad quad_select(ps_quad mask, ps_quad a, ps_quad b)
{
    return (ps_quad)_mm256_ternarylogic_epi64((__m256i)mask, (__m256i)a,
                                              (__m256i)b, 0xca);
}
#endif

/* All ones in the lanes where x and y are the same. */
FOUR_INLINE ps_quad quad_equal(ps_quad x, ps_quad y)
{
    return (ps_quad)(x == y);
}

typedef struct {
    ps_quad v[5];
} fe4;

#define FE4_TIGHT (((uint64_t)1 << 51) + ((uint64_t)1 << 18))
#define FE4_FACTOR ((uint64_t)1 << 52)
#define FE4_WIDE ((uint64_t)1 << 60)

/* Limb i of 1024 p, above every wide one: what a difference starts from. */
#define FE4_ZERO(i) quad_set(1024 * ((i) == 0 ? FE_MASK - 18 : FE_MASK))

/* One statement for each limb, so that gcc keeps them in registers at -O2. */
#define FE4_EACH(step) step(0) step(1) step(2) step(3) step(4)

FOUR_INLINE void fe4_check(const fe4 *a, uint64_t bound)
{
#if defined(PS_CHECKED)
    for (int i = 0; i < 5; i++) {
        for (int lane = 0; lane < 4; lane++) {
            PS_CHECK(a->v[i][lane] < bound);
        }
    }
#else
    (void)a;
    (void)bound;
#endif
}

FOUR_INLINE ps_quad quad_times19(ps_quad x)
{
    return (x << 4) + (x << 1) + x;
}

FOUR_INLINE fe4 fe4_carry(fe4 a)
{
    const ps_quad mask = quad_set(FE_MASK);
    fe4 r;

    r.v[0] = (a.v[0] & mask) + quad_times19(a.v[4] >> 51);
    r.v[1] = (a.v[1] & mask) + (a.v[0] >> 51);
    r.v[2] = (a.v[2] & mask) + (a.v[1] >> 51);
    r.v[3] = (a.v[3] & mask) + (a.v[2] >> 51);
    r.v[4] = (a.v[4] & mask) + (a.v[3] >> 51);
    fe4_check(&r, FE4_TIGHT);
    return r;
}

/* Column k, low[k] + 2 high[k], counts 2^(51 k). The columns from 5 on go 19
 * times into the others, and are worked on first. */
FOUR_INLINE fe4 fe4_mul(fe4 a, fe4 b)
{
    const ps_quad a0 = a.v[0], a1 = a.v[1], a2 = a.v[2], a3 = a.v[3];
    const ps_quad a4 = a.v[4], zero = quad_set(0);
    const ps_quad b0 = b.v[0], b1 = b.v[1], b2 = b.v[2], b3 = b.v[3];
    const ps_quad b4 = b.v[4];
    ps_quad low0 = zero, low1 = zero, low2 = zero, low3 = zero, low4 = zero;
    ps_quad low5 = zero, low6 = zero, low7 = zero, low8 = zero;
    ps_quad high1 = zero, high2 = zero, high3 = zero, high4 = zero;
    ps_quad high5 = zero, high6 = zero, high7 = zero, high8 = zero;
    ps_quad high9 = zero;
    fe4 r;

    fe4_check(&a, FE4_TIGHT);
    fe4_check(&b, FE4_FACTOR);
#define TERM(i, j, k, l)                     \
    low##k = quad_low(low##k, a##i, b##j);      \
    high##l = quad_high(high##l, a##i, b##j);
    TERM(4, 4, 8, 9) TERM(4, 3, 7, 8) TERM(3, 4, 7, 8) TERM(4, 2, 6, 7)
    TERM(3, 3, 6, 7) TERM(2, 4, 6, 7) TERM(4, 1, 5, 6) TERM(3, 2, 5, 6)
    TERM(2, 3, 5, 6) TERM(1, 4, 5, 6) TERM(4, 0, 4, 5) TERM(3, 1, 4, 5)
    TERM(2, 2, 4, 5) TERM(1, 3, 4, 5) TERM(0, 4, 4, 5) TERM(3, 0, 3, 4)
    TERM(2, 1, 3, 4) TERM(1, 2, 3, 4) TERM(0, 3, 3, 4) TERM(2, 0, 2, 3)
    TERM(1, 1, 2, 3) TERM(0, 2, 2, 3) TERM(1, 0, 1, 2) TERM(0, 1, 1, 2)
    TERM(0, 0, 0, 1)
#undef TERM
    r.v[0] = low0 + quad_times19(low5 + high5 + high5);
    r.v[1] = low1 + high1 + high1 + quad_times19(low6 + high6 + high6);
    r.v[2] = low2 + high2 + high2 + quad_times19(low7 + high7 + high7);
    r.v[3] = low3 + high3 + high3 + quad_times19(low8 + high8 + high8);
    r.v[4] = low4 + high4 + high4 + quad_times19(high9 + high9);
    fe4_check(&r, FE4_WIDE);
    return r;
}

/* The same of a a, tight: column k is once[k] + 2 twice[k] + 4 four[k]. */
FOUR_INLINE fe4 fe4_sqr(fe4 a)
{
    const ps_quad a0 = a.v[0], a1 = a.v[1], a2 = a.v[2], a3 = a.v[3];
    const ps_quad a4 = a.v[4], zero = quad_set(0);
    ps_quad once0 = zero, once2 = zero, once4 = zero, once6 = zero;
    ps_quad once8 = zero, twice1 = zero, twice2 = zero, twice3 = zero;
    ps_quad twice4 = zero, twice5 = zero, twice6 = zero, twice7 = zero;
    ps_quad twice9 = zero, four2 = zero, four3 = zero, four4 = zero;
    ps_quad four5 = zero, four6 = zero, four7 = zero, four8 = zero;
    fe4 r;

    fe4_check(&a, FE4_TIGHT);
#define PAIR(i, j, k, l)                        \
    twice##k = quad_low(twice##k, a##i, a##j);    \
    four##l = quad_high(four##l, a##i, a##j);
#define SQUARE(i, k, l)                       \
    once##k = quad_low(once##k, a##i, a##i);    \
    twice##l = quad_high(twice##l, a##i, a##i);
    SQUARE(4, 8, 9) PAIR(3, 4, 7, 8) SQUARE(3, 6, 7) PAIR(2, 4, 6, 7)
    PAIR(2, 3, 5, 6) PAIR(1, 4, 5, 6) SQUARE(2, 4, 5) PAIR(1, 3, 4, 5)
    PAIR(0, 4, 4, 5) PAIR(1, 2, 3, 4) PAIR(0, 3, 3, 4) SQUARE(1, 2, 3)
    PAIR(0, 2, 2, 3) PAIR(0, 1, 1, 2) SQUARE(0, 0, 1)
#undef PAIR
#undef SQUARE
    twice2 += four2 + four2;
    twice3 += four3 + four3;
    twice4 += four4 + four4;
    twice5 += four5 + four5;
    twice6 += four6 + four6;
    twice7 += four7 + four7;
    once8 += (four8 + four8) << 1;
    r.v[0] = once0 + quad_times19(twice5 + twice5);
    r.v[1] = twice1 + twice1 + quad_times19(once6 + twice6 + twice6);
    r.v[2] = once2 + twice2 + twice2 + quad_times19(twice7 + twice7);
    r.v[3] = twice3 + twice3 + quad_times19(once8);
    r.v[4] = once4 + twice4 + twice4 + quad_times19(twice9 + twice9);
    fe4_check(&r, FE4_WIDE);
    return r;
}

#endif
#endif
