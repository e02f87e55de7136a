/* Choosing without branching.
 *
 * A mask is all ones or all zeros. Each mask passes a value barrier, after
 * which the compiler no longer knows that it has only two values and cannot
 * turn the choice back into a branch.
 */
#ifndef PRIVSHARE_CT_H
#define PRIVSHARE_CT_H

#include "privshare/ps_status.h"

/* The compiler must take the result for any value at all. */
static inline ps_limb ct_barrier(ps_limb x)
{
#if defined(__GNUC__)
    __asm__ volatile("" : "+r"(x));
    return x;
#else
    volatile ps_limb hidden = x;
    return hidden;
#endif
}

/* All ones when bit is 1, zero when it is 0. bit is 0 or 1. */
static inline ps_limb ct_mask(ps_limb bit)
{
    return ct_barrier((ps_limb)0 - bit);
}

/* All ones when x is not 0. */
static inline ps_limb ct_mask_nonzero(ps_limb x)
{
    return ct_mask((x | ((ps_limb)0 - x)) >> 63);
}

static inline ps_limb ct_mask_zero(ps_limb x)
{
    return ~ct_mask_nonzero(x);
}

static inline ps_limb ct_mask_equal(ps_limb x, ps_limb y)
{
    return ct_mask_zero(x ^ y);
}

/* a when mask is all ones, b when it is zero. */
static inline ps_limb ct_select(ps_limb mask, ps_limb a, ps_limb b)
{
    return b ^ (mask & (a ^ b));
}

#endif
