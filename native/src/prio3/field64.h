/* The field of p = 2^64 - 2^32 + 1 elements, and how Prio3 multiplies in it.
 *
 * Source     draft-irtf-cfrg-vdaf-20, section 6.1.2 (Field64)
 *
 * Elements are canonical between all calls. The names are those of
 * field128.h: the files *_body.h are compiled once with each.
 *
 * `fe` is an element, `fe_factor` one that others are multiplied by. Here the
 * two are the same.
 */
#ifndef PRIVSHARE_PRIO3_FIELD64_H
#define PRIVSHARE_PRIO3_FIELD64_H

#include "../bytes.h"
#include "../ct.h"
#include "../mpn/limb.h"

typedef struct {
    uint64_t v;
} fe;

enum { FE_BYTES = 8, FE_LIMBS = 1, FE_ORDER_LOG = 32 };

#define FE_P UINT64_C(0xffffffff00000001)
#define FE_EPSILON UINT64_C(0xffffffff) /* 2^64 mod p = 2^32 - 1 */

/* 7^(2^32 - 1), of order 2^32. */
static const uint64_t field64_generator[1] = {0x185629dcda58878c};

static inline fe fe_from_u64(uint64_t x) /* x < p */
{
    return (fe){x};
}

static inline fe fe_zero(void)
{
    return (fe){0};
}

/* x - p when it is not negative; carry says that x is really 2^64 + x. */
static inline fe fe_reduce_once(uint64_t x, uint64_t carry)
{
    uint64_t less = (uint64_t)(x < FE_P) & (carry ^ 1);

    return (fe){x - (FE_P & ~ct_mask(less))};
}

static inline fe fe_add(fe a, fe b)
{
    uint64_t s = a.v + b.v;

    return fe_reduce_once(s, (uint64_t)(s < a.v));
}

static inline fe fe_sub(fe a, fe b)
{
    uint64_t d = a.v - b.v;

    return (fe){d + (FE_P & ct_mask((uint64_t)(a.v < b.v)))};
}

/* With 2^64 = 2^32 - 1 and 2^96 = -1 modulo p. */
static inline fe fe_mul(fe a, fe b)
{
    ps_wide x = (ps_wide)a.v * b.v;
    uint64_t low = (uint64_t)x, high = (uint64_t)(x >> 64);
    uint64_t top = high >> 32, middle = high & FE_EPSILON;
    uint64_t t = low - top;

    t -= FE_EPSILON & ct_mask((uint64_t)(low < top));
    middle = (middle << 32) - middle;
    t += middle;
    t += FE_EPSILON & ct_mask((uint64_t)(t < middle));
    return fe_reduce_once(t, 0);
}

/* What others are multiplied by. */
static inline fe fe_factor(fe a)
{
    return a;
}

/* a*b for two elements that are no factors, once for a sum of such products:
 * fe_unscale(fe_mul(a, b) + fe_mul(c, d)) = a*b + c*d. */
static inline fe fe_unscale(fe a)
{
    return a;
}

static inline fe fe_generator(void) /* a factor */
{
    return (fe){field64_generator[0]};
}

/* (p + 1)/2, a factor. */
static inline fe fe_half(void)
{
    return (fe){(FE_P >> 1) + 1};
}

static inline void fe_exponent_of_inverse(uint64_t *words2)
{
    words2[0] = FE_P - 2;
    words2[1] = 0;
}

static inline uint64_t fe_mask_equal(fe a, fe b)
{
    return ct_mask_equal(a.v, b.v);
}

/* All ones when the words are an element; out may be anything if not. */
static inline uint64_t fe_from_words(fe *out, const uint64_t *words)
{
    out->v = words[0];
    return ct_mask((uint64_t)(words[0] < FE_P));
}

static inline void fe_store(uint8_t *out, fe a)
{
    ps_store64_le(out, a.v);
}

#endif
