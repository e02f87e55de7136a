/* Integers modulo p = 2^255 - 19, five limbs of 51 bits.
 *
 *   x = x[0] + 2^51 x[1] + 2^102 x[2] + 2^153 x[3] + 2^204 x[4]
 *
 * Bounds     "narrow" limbs are below 2^52: what mul, sqr, sub, neg and carry
 *            return. add returns the sum, not carried. mul, sqr and sub take
 *            limbs below 2^54, so sums of up to four narrow values may go in.
 *            freeze and to_bytes alone give the canonical value.
 * Secret     all values; nothing branches
 */
#ifndef PRIVSHARE_RISTRETTO255_FIELD_H
#define PRIVSHARE_RISTRETTO255_FIELD_H

#include "../bytes.h"
#include "../mpn/limb.h"

#define FE_MASK (((uint64_t)1 << 51) - 1)

typedef struct {
    uint64_t v[5];
} fe;

static const fe fe_zero = {{0, 0, 0, 0, 0}};
static const fe fe_one = {{1, 0, 0, 0, 0}};

/* Limbs below 2^bits. */
static inline void fe_check(const fe *a, int bits)
{
    for (int i = 0; i < 5; i++) {
        PS_CHECK(a->v[i] >> bits == 0);
    }
    (void)a;
    (void)bits;
}

/* Limbs of any size below 2^64 - 2^18 to narrow ones. */
static inline void fe_carry(fe *r, const fe *a)
{
    uint64_t c = a->v[4] >> 51;
    uint64_t x0 = (a->v[0] & FE_MASK) + 19 * c;
    uint64_t x1 = (a->v[1] & FE_MASK) + (a->v[0] >> 51);
    uint64_t x2 = (a->v[2] & FE_MASK) + (a->v[1] >> 51);
    uint64_t x3 = (a->v[3] & FE_MASK) + (a->v[2] >> 51);
    uint64_t x4 = (a->v[4] & FE_MASK) + (a->v[3] >> 51);

    r->v[0] = x0;
    r->v[1] = x1;
    r->v[2] = x2;
    r->v[3] = x3;
    r->v[4] = x4;
}

static inline void fe_add(fe *r, const fe *a, const fe *b)
{
    r->v[0] = a->v[0] + b->v[0];
    r->v[1] = a->v[1] + b->v[1];
    r->v[2] = a->v[2] + b->v[2];
    r->v[3] = a->v[3] + b->v[3];
    r->v[4] = a->v[4] + b->v[4];
}

/* a - b + 16 p, carried. 16 p has limbs above 2^54. */
static inline void fe_sub(fe *r, const fe *a, const fe *b)
{
    fe t;

    fe_check(a, 54);
    fe_check(b, 54);
    t.v[0] = a->v[0] + 0x7ffffffffffed0 - b->v[0];
    t.v[1] = a->v[1] + 0x7ffffffffffff0 - b->v[1];
    t.v[2] = a->v[2] + 0x7ffffffffffff0 - b->v[2];
    t.v[3] = a->v[3] + 0x7ffffffffffff0 - b->v[3];
    t.v[4] = a->v[4] + 0x7ffffffffffff0 - b->v[4];
    fe_carry(r, &t);
}

static inline void fe_neg(fe *r, const fe *a)
{
    fe_sub(r, &fe_zero, a);
}

/* Two carries of the whole number, each limb for itself: the shorter wait.
 * t0 and t1 below 2^115, t4 below 2^111. */
static inline void fe_fold(fe *r, ps_wide t0, ps_wide t1, ps_wide t2,
                           ps_wide t3, ps_wide t4)
{
    uint64_t x0 = ((uint64_t)t0 & FE_MASK) + 19 * (uint64_t)(t4 >> 51);
    uint64_t x1 = ((uint64_t)t1 & FE_MASK) + (uint64_t)(t0 >> 51);
    uint64_t x2 = ((uint64_t)t2 & FE_MASK) + (uint64_t)(t1 >> 51);
    uint64_t x3 = ((uint64_t)t3 & FE_MASK) + (uint64_t)(t2 >> 51);
    uint64_t x4 = ((uint64_t)t4 & FE_MASK) + (uint64_t)(t3 >> 51);

    r->v[0] = (x0 & FE_MASK) + 19 * (x4 >> 51);
    r->v[1] = (x1 & FE_MASK) + (x0 >> 51);
    r->v[2] = (x2 & FE_MASK) + (x1 >> 51);
    r->v[3] = (x3 & FE_MASK) + (x2 >> 51);
    r->v[4] = (x4 & FE_MASK) + (x3 >> 51);
    fe_check(r, 52);
}

static inline void fe_mul(fe *r, const fe *a, const fe *b)
{
    const uint64_t *x = a->v, *y = b->v;
    uint64_t y1 = 19 * y[1], y2 = 19 * y[2], y3 = 19 * y[3], y4 = 19 * y[4];
    ps_wide t0 = (ps_wide)x[0] * y[0] + (ps_wide)x[1] * y4
               + (ps_wide)x[2] * y3 + (ps_wide)x[3] * y2 + (ps_wide)x[4] * y1;
    ps_wide t1 = (ps_wide)x[0] * y[1] + (ps_wide)x[1] * y[0]
               + (ps_wide)x[2] * y4 + (ps_wide)x[3] * y3 + (ps_wide)x[4] * y2;
    ps_wide t2 = (ps_wide)x[0] * y[2] + (ps_wide)x[1] * y[1]
               + (ps_wide)x[2] * y[0] + (ps_wide)x[3] * y4
               + (ps_wide)x[4] * y3;
    ps_wide t3 = (ps_wide)x[0] * y[3] + (ps_wide)x[1] * y[2]
               + (ps_wide)x[2] * y[1] + (ps_wide)x[3] * y[0]
               + (ps_wide)x[4] * y4;
    ps_wide t4 = (ps_wide)x[0] * y[4] + (ps_wide)x[1] * y[3]
               + (ps_wide)x[2] * y[2] + (ps_wide)x[3] * y[1]
               + (ps_wide)x[4] * y[0];

    fe_check(a, 54);
    fe_check(b, 54);
    fe_fold(r, t0, t1, t2, t3, t4);
}

static inline void fe_sqr(fe *r, const fe *a)
{
    const uint64_t *x = a->v;
    uint64_t d0 = 2 * x[0], d1 = 2 * x[1];
    uint64_t x3 = 19 * x[3], x4 = 19 * x[4];
    ps_wide t0 = (ps_wide)x[0] * x[0] + (ps_wide)d1 * x4
               + (ps_wide)(2 * x[2]) * x3;
    ps_wide t1 = (ps_wide)d0 * x[1] + (ps_wide)(2 * x[2]) * x4
               + (ps_wide)x[3] * x3;
    ps_wide t2 = (ps_wide)d0 * x[2] + (ps_wide)x[1] * x[1]
               + (ps_wide)(2 * x[3]) * x4;
    ps_wide t3 = (ps_wide)d0 * x[3] + (ps_wide)d1 * x[2]
               + (ps_wide)x[4] * x4;
    ps_wide t4 = (ps_wide)d0 * x[4] + (ps_wide)d1 * x[3]
               + (ps_wide)x[2] * x[2];

    fe_check(a, 54);
    fe_fold(r, t0, t1, t2, t3, t4);
}

static inline void fe_sqr_times(fe *r, const fe *a, int times)
{
    fe_sqr(r, a);
    while (--times > 0) {
        fe_sqr(r, r);
    }
}

/* a when mask is all ones, b when it is zero. */
static inline void fe_select(fe *r, ps_limb mask, const fe *a, const fe *b)
{
    r->v[0] = ct_select(mask, a->v[0], b->v[0]);
    r->v[1] = ct_select(mask, a->v[1], b->v[1]);
    r->v[2] = ct_select(mask, a->v[2], b->v[2]);
    r->v[3] = ct_select(mask, a->v[3], b->v[3]);
    r->v[4] = ct_select(mask, a->v[4], b->v[4]);
}

/* -a when mask is all ones, a when it is zero. */
static inline void fe_negate_if(fe *r, ps_limb mask, const fe *a)
{
    fe minus;

    fe_neg(&minus, a);
    fe_select(r, mask, &minus, a);
}

/* The canonical limbs: the value below p. */
static inline void fe_freeze(fe *r, const fe *a)
{
    fe t;
    uint64_t c;

    fe_carry(&t, a);
    fe_carry(&t, &t);
    /* Now below 2p. The carry out of x + 19 says whether x >= p. */
    c = (t.v[0] + 19) >> 51;
    for (int i = 1; i < 5; i++) {
        c = (t.v[i] + c) >> 51;
    }
    c *= 19;
    for (int i = 0; i < 5; i++) {
        t.v[i] += c;
        c = t.v[i] >> 51;
        r->v[i] = t.v[i] & FE_MASK;
    }
}

static inline void fe_to_bytes(uint8_t *out32, const fe *a)
{
    fe t;
    uint64_t w[4];

    fe_freeze(&t, a);
    w[0] = t.v[0] | (t.v[1] << 51);
    w[1] = (t.v[1] >> 13) | (t.v[2] << 38);
    w[2] = (t.v[2] >> 26) | (t.v[3] << 25);
    w[3] = (t.v[3] >> 39) | (t.v[4] << 12);
    for (int i = 0; i < 32; i++) {
        out32[i] = (uint8_t)(w[i / 8] >> (8 * (i % 8)));
    }
}

/* The low 255 bits, whatever they are; the top bit is not looked at. */
static inline void fe_from_bytes(fe *r, const uint8_t *in32)
{
    uint64_t w0 = ps_load64_le(in32), w1 = ps_load64_le(in32 + 8);
    uint64_t w2 = ps_load64_le(in32 + 16), w3 = ps_load64_le(in32 + 24);

    r->v[0] = w0 & FE_MASK;
    r->v[1] = ((w0 >> 51) | (w1 << 13)) & FE_MASK;
    r->v[2] = ((w1 >> 38) | (w2 << 26)) & FE_MASK;
    r->v[3] = ((w2 >> 25) | (w3 << 39)) & FE_MASK;
    r->v[4] = (w3 >> 12) & FE_MASK;
}

/* All ones when a = 0 mod p. */
static inline ps_limb fe_mask_zero(const fe *a)
{
    fe t;

    fe_freeze(&t, a);
    return ct_mask_zero(t.v[0] | t.v[1] | t.v[2] | t.v[3] | t.v[4]);
}

static inline ps_limb fe_mask_equal(const fe *a, const fe *b)
{
    fe t;

    fe_sub(&t, a, b);
    return fe_mask_zero(&t);
}

/* All ones when the canonical value is odd: "negative" in RFC 9496. */
static inline ps_limb fe_mask_negative(const fe *a)
{
    fe t;

    fe_freeze(&t, a);
    return ct_mask(t.v[0] & 1);
}

static inline void fe_abs(fe *r, const fe *a)
{
    fe_negate_if(r, fe_mask_negative(a), a);
}

/* 1/a; 0 for 0. */
void ps_fe_invert(fe *r, const fe *a);

/* a^((p - 5) / 8) = a^(2^252 - 3). */
void ps_fe_pow_p58(fe *r, const fe *a);

/* SQRT_RATIO_M1 of RFC 9496, section 4.2: r is the nonnegative root of u/v, or
 * of sqrt(-1) * u/v; all ones when u/v is a square. */
ps_limb ps_fe_sqrt_ratio(fe *r, const fe *u, const fe *v);

#endif
