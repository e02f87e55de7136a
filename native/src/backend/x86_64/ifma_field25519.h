/* Eight integers modulo p = 2^255 - 19, one a lane.
 *
 *   x = v[0] + 2^51 v[1] + 2^102 v[2] + 2^153 v[3] + 2^204 v[4]
 *
 * Bounds     "tight" limbs are below 2^51 + 2^17: what carry returns, so what
 *            every function here returns that does not say otherwise. Factors
 *            have limbs below 2^52, so a sum of two tight values is none. The
 *            "wide" functions leave the carries to the caller: a product has
 *            limbs below 2^61, and sums of products go into fe8_carry as long
 *            as they stay below 2^63. Checking builds assert this.
 * Secret     all values; nothing branches
 *
 * A product is 50 instructions that multiply. Their high halves weigh twice
 * the next limb: they are summed first, doubled once a column, and the low
 * halves go on top. The five upper columns count 19 times in the lower ones.
 */
#ifndef PRIVSHARE_BACKEND_FIELD25519_H
#define PRIVSHARE_BACKEND_FIELD25519_H

#include "vector.h"

#if defined(PS_HAVE_LANES)

#include "../../ristretto255/field.h"

typedef struct {
    ps_lanes v[5];
} fe8;

#define FE8_TIGHT (((uint64_t)1 << 51) + ((uint64_t)1 << 17))
#define FE8_FACTOR ((uint64_t)1 << 52)
#define FE8_WIDE ((uint64_t)1 << 61)
#define FE8_CARRY ((uint64_t)1 << 63)

/* What a difference of wide values starts from, 768 p: limbs above 2^60. */
#define FE8_WIDE_ZERO (768 * (FE_MASK - 18))
#define FE8_WIDE_ONES (768 * FE_MASK)

LANES_INLINE void fe8_check(const fe8 *a, uint64_t bound)
{
#if defined(PS_CHECKED)
    for (int i = 0; i < 5; i++) {
        for (int lane = 0; lane < LANES; lane++) {
            PS_CHECK(a->v[i][lane] < bound);
        }
    }
#else
    (void)a;
    (void)bound;
#endif
}

LANES_INLINE void fe8_set(fe8 *r, const fe *a)
{
    LANES_UNROLL
    for (int i = 0; i < 5; i++) {
        r->v[i] = lanes_set(a->v[i]);
    }
}

/* In: limbs below 2^63. */
LANES_INLINE void fe8_carry(fe8 *r, const fe8 *a)
{
    const ps_lanes mask = lanes_set(FE_MASK);
    const ps_lanes a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3];
    const ps_lanes a4 = a->v[4];

    fe8_check(a, FE8_CARRY);
    r->v[0] = lanes_low(a0 & mask, a4 >> 51, lanes_set(19));
    r->v[1] = (a1 & mask) + (a0 >> 51);
    r->v[2] = (a2 & mask) + (a1 >> 51);
    r->v[3] = (a3 & mask) + (a2 >> 51);
    r->v[4] = (a4 & mask) + (a3 >> 51);
    fe8_check(r, FE8_TIGHT);
}

LANES_INLINE void fe8_add_wide(fe8 *r, const fe8 *a, const fe8 *b)
{
    r->v[0] = a->v[0] + b->v[0];
    r->v[1] = a->v[1] + b->v[1];
    r->v[2] = a->v[2] + b->v[2];
    r->v[3] = a->v[3] + b->v[3];
    r->v[4] = a->v[4] + b->v[4];
}

/* a - b + 768 p. In: limbs of b below 2^60. */
LANES_INLINE void fe8_sub_wide(fe8 *r, const fe8 *a, const fe8 *b)
{
    const ps_lanes zero = lanes_set(FE8_WIDE_ZERO);
    const ps_lanes ones = lanes_set(FE8_WIDE_ONES);

    fe8_check(b, FE8_WIDE / 2);
    r->v[0] = a->v[0] + (zero - b->v[0]);
    r->v[1] = a->v[1] + (ones - b->v[1]);
    r->v[2] = a->v[2] + (ones - b->v[2]);
    r->v[3] = a->v[3] + (ones - b->v[3]);
    r->v[4] = a->v[4] + (ones - b->v[4]);
}

LANES_INLINE void fe8_add(fe8 *r, const fe8 *a, const fe8 *b)
{
    fe8 t;

    fe8_add_wide(&t, a, b);
    fe8_carry(r, &t);
}

LANES_INLINE void fe8_sub(fe8 *r, const fe8 *a, const fe8 *b)
{
    fe8 t;

    fe8_sub_wide(&t, a, b);
    fe8_carry(r, &t);
}

/* 2 p - a, a factor without a carry. In: a tight. */
LANES_INLINE void fe8_minus(fe8 *r, const fe8 *a)
{
    fe8_check(a, FE8_TIGHT);
    r->v[0] = lanes_set(2 * (FE_MASK - 18)) - a->v[0];
    LANES_UNROLL
    for (int i = 1; i < 5; i++) {
        r->v[i] = lanes_set(2 * FE_MASK) - a->v[i];
    }
    fe8_check(r, FE8_FACTOR);
}

LANES_INLINE void fe8_neg(fe8 *r, const fe8 *a)
{
    fe8 t;

    fe8_minus(&t, a);
    fe8_carry(r, &t);
}

/* z[k] counts 2^(51 k); the columns from 5 on go 19 times into the others. */
LANES_INLINE void fe8_fold(fe8 *r, const ps_lanes *z)
{
    r->v[0] = z[0] + lanes_times19(z[5]);
    r->v[1] = z[1] + lanes_times19(z[6]);
    r->v[2] = z[2] + lanes_times19(z[7]);
    r->v[3] = z[3] + lanes_times19(z[8]);
    r->v[4] = z[4] + lanes_times19(z[9]);
    fe8_check(r, FE8_WIDE);
}

#define FE8_ROW(half, k, y)           \
    z[(k) + 0] = half(z[(k) + 0], a0, y); \
    z[(k) + 1] = half(z[(k) + 1], a1, y); \
    z[(k) + 2] = half(z[(k) + 2], a2, y); \
    z[(k) + 3] = half(z[(k) + 3], a3, y); \
    z[(k) + 4] = half(z[(k) + 4], a4, y);

#define FE8_TWICE(k) z[k] += z[k];

/* A product of factors, limbs below 2^61; of tight ones, below 2^59. */
LANES_INLINE void fe8_mul_wide(fe8 *r, const fe8 *a, const fe8 *b)
{
    const ps_lanes a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3];
    const ps_lanes a4 = a->v[4];
    ps_lanes z[10] = {{0}};

    fe8_check(a, FE8_FACTOR);
    fe8_check(b, FE8_FACTOR);
    FE8_ROW(lanes_high, 1, b->v[0])
    FE8_ROW(lanes_high, 2, b->v[1])
    FE8_ROW(lanes_high, 3, b->v[2])
    FE8_ROW(lanes_high, 4, b->v[3])
    FE8_ROW(lanes_high, 5, b->v[4])
    FE8_TWICE(1) FE8_TWICE(2) FE8_TWICE(3) FE8_TWICE(4) FE8_TWICE(5)
    FE8_TWICE(6) FE8_TWICE(7) FE8_TWICE(8) FE8_TWICE(9)
    FE8_ROW(lanes_low, 0, b->v[0])
    FE8_ROW(lanes_low, 1, b->v[1])
    FE8_ROW(lanes_low, 2, b->v[2])
    FE8_ROW(lanes_low, 3, b->v[3])
    FE8_ROW(lanes_low, 4, b->v[4])
    fe8_fold(r, z);
}

/* The same of a a. Products of two different limbs count twice. */
LANES_INLINE void fe8_sqr_wide(fe8 *r, const fe8 *a)
{
    const ps_lanes a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3];
    const ps_lanes a4 = a->v[4];
    ps_lanes z[10] = {{0}};

    fe8_check(a, FE8_FACTOR);
#define PAIRS(half, k)                   \
    z[1 + (k)] = half(z[1 + (k)], a0, a1); \
    z[2 + (k)] = half(z[2 + (k)], a0, a2); \
    z[3 + (k)] = half(z[3 + (k)], a0, a3); \
    z[4 + (k)] = half(z[4 + (k)], a0, a4); \
    z[5 + (k)] = half(z[5 + (k)], a1, a4); \
    z[6 + (k)] = half(z[6 + (k)], a2, a4); \
    z[7 + (k)] = half(z[7 + (k)], a3, a4); \
    z[3 + (k)] = half(z[3 + (k)], a1, a2); \
    z[4 + (k)] = half(z[4 + (k)], a1, a3); \
    z[5 + (k)] = half(z[5 + (k)], a2, a3);
#define SQUARES(half, k)                 \
    z[0 + (k)] = half(z[0 + (k)], a0, a0); \
    z[2 + (k)] = half(z[2 + (k)], a1, a1); \
    z[4 + (k)] = half(z[4 + (k)], a2, a2); \
    z[6 + (k)] = half(z[6 + (k)], a3, a3); \
    z[8 + (k)] = half(z[8 + (k)], a4, a4);
    PAIRS(lanes_high, 1)
    FE8_TWICE(2) FE8_TWICE(3) FE8_TWICE(4) FE8_TWICE(5)
    FE8_TWICE(6) FE8_TWICE(7) FE8_TWICE(8)
    SQUARES(lanes_high, 1)
    PAIRS(lanes_low, 0)
    FE8_TWICE(1) FE8_TWICE(2) FE8_TWICE(3) FE8_TWICE(4) FE8_TWICE(5)
    FE8_TWICE(6) FE8_TWICE(7) FE8_TWICE(8) FE8_TWICE(9)
    SQUARES(lanes_low, 0)
#undef PAIRS
#undef SQUARES
    fe8_fold(r, z);
}

#undef FE8_ROW
#undef FE8_TWICE

LANES_INLINE void fe8_mul(fe8 *r, const fe8 *a, const fe8 *b)
{
    fe8 t;

    fe8_mul_wide(&t, a, b);
    fe8_carry(r, &t);
}

LANES_INLINE void fe8_sqr(fe8 *r, const fe8 *a)
{
    fe8 t;

    fe8_sqr_wide(&t, a);
    fe8_carry(r, &t);
}

/* a in the lanes of m, b in the others. */
LANES_INLINE void fe8_take(fe8 *r, lanes_mask m, const fe8 *a, const fe8 *b)
{
    LANES_UNROLL
    for (int i = 0; i < 5; i++) {
        r->v[i] = lanes_select(m, a->v[i], b->v[i]);
    }
}

#endif
#endif
