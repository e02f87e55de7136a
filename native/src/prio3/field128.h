/* The field of p = 2^128 - 7*2^66 + 1 elements, and how Prio3 multiplies in it.
 *
 * Source     draft-irtf-cfrg-vdaf-20, section 6.1.2 (Field128); Montgomery,
 *            Mathematics of Computation 44 (1985)
 *
 * Elements are canonical between all calls: low + 2^64 * high < p. The names
 * are those of field64.h: the files *_body.h are compiled once with each.
 *
 * fe_mul divides by R = 2^128. What others are multiplied by, such as roots of
 * unity and challenges, is therefore kept multiplied by R, and called a factor:
 *
 *     element * factor  -> element        factor * factor -> factor
 *
 * Shares are never converted. Where two plain elements are multiplied, in
 * gadgets alone, fe_unscale puts R back, once for a whole sum.
 */
#ifndef PRIVSHARE_PRIO3_FIELD128_H
#define PRIVSHARE_PRIO3_FIELD128_H

#include "../bytes.h"
#include "../ct.h"
#include "../mpn/limb.h"

typedef struct {
    uint64_t low, high;
} fe;

enum { FE_BYTES = 16, FE_LIMBS = 2, FE_ORDER_LOG = 66 };

/* p = 1 + 2^64 * FE_P_HIGH; so -1/p modulo 2^64 is -1. */
#define FE_P_HIGH UINT64_C(0xffffffffffffffe4)

/* 7^(2^62 - 7) * R mod p, of order 2^66; and R^2 mod p. */
static const uint64_t field128_generator[2] = {
    0xf0111fb98c6b9875, 0x50f8f7f554db309c
};
static const uint64_t field128_r_squared[2] = {
    0xfffffffffffffcf1, 0x0000000000005587
};

static inline fe fe_from_u64(uint64_t x)
{
    return (fe){x, 0};
}

static inline fe fe_zero(void)
{
    return (fe){0, 0};
}

static inline ps_wide fe_wide(fe a)
{
    return ((ps_wide)a.high << 64) | a.low;
}

static inline fe fe_narrow(ps_wide x)
{
    return (fe){(uint64_t)x, (uint64_t)(x >> 64)};
}

static inline ps_wide fe_p(void)
{
    return ((ps_wide)FE_P_HIGH << 64) | 1;
}

static inline ps_wide fe_p_if(uint64_t bit)
{
    uint64_t mask = ct_mask(bit);

    return ((ps_wide)(FE_P_HIGH & mask) << 64) | (1 & mask);
}

/* x - p when it is not negative; carry says that x is really 2^128 + x. */
static inline fe fe_reduce_once(ps_wide x, uint64_t carry)
{
    uint64_t less = (uint64_t)(x < fe_p()) & (carry ^ 1);

    return fe_narrow(x - fe_p_if(less ^ 1));
}

static inline fe fe_add(fe a, fe b)
{
    ps_wide s = fe_wide(a) + fe_wide(b);

    return fe_reduce_once(s, (uint64_t)(s < fe_wide(a)));
}

static inline fe fe_sub(fe a, fe b)
{
    ps_wide d = fe_wide(a) - fe_wide(b);

    return fe_narrow(d + fe_p_if((uint64_t)(fe_wide(a) < fe_wide(b))));
}

/* a*b/R mod p: the product plus (m_0 + 2^64 * m_1) * p is divisible by R. Each
 * m is minus the word that it clears, from which 1 is carried unless that word
 * was 0. */
static inline fe fe_mul(fe a, fe b)
{
    ps_wide ll = (ps_wide)a.low * b.low, lh = (ps_wide)a.low * b.high;
    ps_wide hl = (ps_wide)a.high * b.low, hh = (ps_wide)a.high * b.high;
    ps_wide t, u;
    uint64_t word0 = (uint64_t)ll, word1, m;

    t = (ll >> 64) + (uint64_t)lh + (uint64_t)hl;
    word1 = (uint64_t)t;
    hh += (t >> 64) + (lh >> 64) + (hl >> 64); /* words 2 and 3 */

    m = 0 - word0;
    u = (ps_wide)m * FE_P_HIGH + word1 + (uint64_t)(word0 != 0);
    word1 = (uint64_t)u;

    m = 0 - word1;
    u = (ps_wide)m * FE_P_HIGH + (u >> 64) + (uint64_t)(word1 != 0);
    t = hh + u;
    return fe_reduce_once(t, (uint64_t)(t < hh));
}

static inline fe fe_r_squared(void)
{
    return (fe){field128_r_squared[0], field128_r_squared[1]};
}

static inline fe fe_factor(fe a)
{
    return fe_mul(a, fe_r_squared());
}

static inline fe fe_unscale(fe a)
{
    return fe_mul(a, fe_r_squared());
}

static inline fe fe_generator(void) /* a factor */
{
    return (fe){field128_generator[0], field128_generator[1]};
}

/* (p + 1)/2, a factor. */
static inline fe fe_half(void)
{
    return fe_factor(fe_narrow((fe_p() >> 1) + 1));
}

static inline void fe_exponent_of_inverse(uint64_t *words2)
{
    words2[0] = (uint64_t)(fe_p() - 2);
    words2[1] = (uint64_t)((fe_p() - 2) >> 64);
}

static inline uint64_t fe_mask_equal(fe a, fe b)
{
    return ct_mask_zero((a.low ^ b.low) | (a.high ^ b.high));
}

/* All ones when the words are an element; out may be anything if not. */
static inline uint64_t fe_from_words(fe *out, const uint64_t *words)
{
    *out = (fe){words[0], words[1]};
    return ct_mask((uint64_t)(fe_wide(*out) < fe_p()));
}

static inline void fe_store(uint8_t *out, fe a)
{
    ps_store64_le(out, a.low);
    ps_store64_le(out + 8, a.high);
}

#endif
