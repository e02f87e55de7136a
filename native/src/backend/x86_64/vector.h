/* A vector of eight 64-bit lanes.
 *
 * Two instructions of AVX-512 IFMA do the work, as inline functions here. With
 * -DPS_EMULATE_LANES these, choices and permutations are plain C and the
 * compiler lowers the vectors to what every x86-64 has: no other line differs,
 * so the same sources run under Valgrind 3.19, which knows no AVX-512, and
 * under the sanitisers on any machine.
 */
#ifndef PRIVSHARE_BACKEND_VECTOR_H
#define PRIVSHARE_BACKEND_VECTOR_H

#include <string.h>

#include "../../mpn/limb.h"
#include "../backend.h"

#if defined(PS_HAVE_LANES)

#if defined(PS_EMULATE_LANES)
#define LANES_TARGET
/* Left to the compiler: all kernels inlined take a sanitiser minutes. */
#define LANES_INLINE static inline
#else
#include <immintrin.h>
#define LANES_TARGET \
    __attribute__((target("avx512f,avx512dq,avx512ifma")))
#define LANES_INLINE LANES_TARGET __attribute__((always_inline)) static inline
#endif

enum { LANES = 8, LANES_BITS = 52 };

#define LANES_DIGIT (((uint64_t)1 << LANES_BITS) - 1)

typedef uint64_t ps_lanes __attribute__((vector_size(64), may_alias));

/* Lanes that meet a condition: all ones, zero in the others. */
typedef ps_lanes lanes_mask;

/* Before a loop of few steps over vectors that should stay in registers. */
#define LANES_UNROLL _Pragma("GCC unroll 8")

LANES_INLINE ps_lanes lanes_set(uint64_t x)
{
    return (ps_lanes){x, x, x, x, x, x, x, x};
}

#if defined(PS_EMULATE_LANES)
/* sum | (x & mask). */
LANES_INLINE ps_lanes lanes_choose(ps_lanes sum, ps_lanes x, ps_lanes mask)
{
    return sum | (x & mask);
}

/* a where mask is all ones, b where it is zero. */
LANES_INLINE ps_lanes lanes_select(ps_lanes mask, ps_lanes a, ps_lanes b)
{
    return (a & mask) | (b & ~mask);
}

/* In each lane, word number digit mod 16 of the sixteen in low and high. */
LANES_INLINE ps_lanes lanes_pick16(ps_lanes low, ps_lanes high, ps_lanes digit)
{
    const ps_lanes one = lanes_set(1), number = digit & lanes_set(15);
    ps_lanes r = lanes_set(0);

    for (uint64_t i = 0; i < 2 * LANES; i++) {
        uint64_t word = i < LANES ? low[i] : high[i - LANES];
        /* Below 16 a difference minus 1 is negative only where it was 0. */
        ps_lanes other = (number ^ lanes_set(i)) - one;
        r |= lanes_set(word) & (lanes_set(0) - (other >> 63));
    }
    return r;
}

/* One choice for all lanes: 0xff, or 0. */
typedef uint8_t lanes_flag;

/* x where flag is set, else r. */
LANES_INLINE ps_lanes lanes_keep(ps_lanes r, ps_lanes x, lanes_flag flag)
{
    return lanes_select(lanes_set(0 - (uint64_t)(flag & 1)), x, r);
}

/* sum + the low 52 bits of a * b, and sum + the bits above them. */
LANES_INLINE ps_lanes lanes_low(ps_lanes sum, ps_lanes a, ps_lanes b)
{
    for (int i = 0; i < LANES; i++) {
        ps_wide product = (ps_wide)(a[i] & LANES_DIGIT) * (b[i] & LANES_DIGIT);
        sum[i] += (uint64_t)product & LANES_DIGIT;
    }
    return sum;
}

LANES_INLINE ps_lanes lanes_high(ps_lanes sum, ps_lanes a, ps_lanes b)
{
    for (int i = 0; i < LANES; i++) {
        ps_wide product = (ps_wide)(a[i] & LANES_DIGIT) * (b[i] & LANES_DIGIT);
        sum[i] += (uint64_t)(product >> LANES_BITS);
    }
    return sum;
}

/* In each lane, the lane of x that the low three bits of index name. */
LANES_INLINE ps_lanes lanes_permute(ps_lanes x, ps_lanes index)
{
    return lanes_pick16(x, x, index & lanes_set(LANES - 1));
}

/* Eight vectors, limb j of vector i, become limb i of vector j. */
LANES_INLINE void lanes_transpose(ps_lanes *v)
{
    ps_lanes t[LANES];

    memcpy(t, v, sizeof t);
    for (size_t i = 0; i < LANES; i++) {
        for (size_t j = 0; j < LANES; j++) {
            v[i][j] = t[j][i];
        }
    }
}

/* 19 x mod 2^64. */
LANES_INLINE ps_lanes lanes_times19(ps_lanes x)
{
    return x * lanes_set(19);
}
#else
/* The third operation is one that the compiler does not always find: bit
 * a | (b & c) of the table 0xf8. */
LANES_INLINE ps_lanes lanes_choose(ps_lanes sum, ps_lanes x, ps_lanes mask)
{
    return (ps_lanes)_mm512_ternarylogic_epi64((__m512i)sum, (__m512i)x,
                                               (__m512i)mask, 0xf8);
}

/* a & mask | b & ~mask of the table 0xca. */
LANES_INLINE ps_lanes lanes_select(ps_lanes mask, ps_lanes a, ps_lanes b)
{
    return (ps_lanes)_mm512_ternarylogic_epi64((__m512i)mask, (__m512i)a,
                                               (__m512i)b, 0xca);
}

/* A mask register: nothing is loaded for it between two choices. */
typedef __mmask8 lanes_flag;

LANES_INLINE ps_lanes lanes_keep(ps_lanes r, ps_lanes x, lanes_flag flag)
{
    return (ps_lanes)_mm512_mask_mov_epi64((__m512i)r, flag, (__m512i)x);
}

LANES_INLINE ps_lanes lanes_pick16(ps_lanes low, ps_lanes high, ps_lanes digit)
{
    return (ps_lanes)_mm512_permutex2var_epi64((__m512i)low, (__m512i)digit,
                                               (__m512i)high);
}

LANES_INLINE ps_lanes lanes_low(ps_lanes sum, ps_lanes a, ps_lanes b)
{
    return (ps_lanes)_mm512_madd52lo_epu64((__m512i)sum, (__m512i)a,
                                           (__m512i)b);
}

LANES_INLINE ps_lanes lanes_high(ps_lanes sum, ps_lanes a, ps_lanes b)
{
    return (ps_lanes)_mm512_madd52hi_epu64((__m512i)sum, (__m512i)a,
                                           (__m512i)b);
}

LANES_INLINE ps_lanes lanes_permute(ps_lanes x, ps_lanes index)
{
    return (ps_lanes)_mm512_permutexvar_epi64((__m512i)index, (__m512i)x);
}

/* One multiplication: gcc, which may not see the 19, makes five steps of it. */
LANES_INLINE ps_lanes lanes_times19(ps_lanes x)
{
    ps_lanes factor = lanes_set(19);

    __asm__("" : "+v"(factor));
    return (ps_lanes)_mm512_mullo_epi64((__m512i)x, (__m512i)factor);
}

#define LANES_LOW(a, b) \
    (ps_lanes)_mm512_unpacklo_epi64((__m512i)(a), (__m512i)(b))
#define LANES_HIGH(a, b) \
    (ps_lanes)_mm512_unpackhi_epi64((__m512i)(a), (__m512i)(b))
/* Quarters 0 and 2 of both, or 1 and 3. */
#define LANES_EVEN(a, b) \
    (ps_lanes)_mm512_shuffle_i64x2((__m512i)(a), (__m512i)(b), 0x88)
#define LANES_ODD(a, b) \
    (ps_lanes)_mm512_shuffle_i64x2((__m512i)(a), (__m512i)(b), 0xdd)

LANES_INLINE void lanes_transpose(ps_lanes *v)
{
    const ps_lanes a0 = LANES_LOW(v[0], v[1]), a1 = LANES_HIGH(v[0], v[1]);
    const ps_lanes a2 = LANES_LOW(v[2], v[3]), a3 = LANES_HIGH(v[2], v[3]);
    const ps_lanes a4 = LANES_LOW(v[4], v[5]), a5 = LANES_HIGH(v[4], v[5]);
    const ps_lanes a6 = LANES_LOW(v[6], v[7]), a7 = LANES_HIGH(v[6], v[7]);
    const ps_lanes b0 = LANES_EVEN(a0, a2), b1 = LANES_EVEN(a1, a3);
    const ps_lanes b2 = LANES_ODD(a0, a2), b3 = LANES_ODD(a1, a3);
    const ps_lanes b4 = LANES_EVEN(a4, a6), b5 = LANES_EVEN(a5, a7);
    const ps_lanes b6 = LANES_ODD(a4, a6), b7 = LANES_ODD(a5, a7);

    v[0] = LANES_EVEN(b0, b4);
    v[1] = LANES_EVEN(b1, b5);
    v[2] = LANES_EVEN(b2, b6);
    v[3] = LANES_EVEN(b3, b7);
    v[4] = LANES_ODD(b0, b4);
    v[5] = LANES_ODD(b1, b5);
    v[6] = LANES_ODD(b2, b6);
    v[7] = LANES_ODD(b3, b7);
}
#endif

LANES_INLINE lanes_mask lanes_is_zero(ps_lanes x)
{
    return ((x | (lanes_set(0) - x)) >> 63) - lanes_set(1);
}

/* The top bit. */
LANES_INLINE lanes_mask lanes_is_negative(ps_lanes x)
{
    typedef int64_t signed_lanes __attribute__((vector_size(64)));

    return (lanes_mask)((signed_lanes)x >> 63);
}

#endif
#endif
