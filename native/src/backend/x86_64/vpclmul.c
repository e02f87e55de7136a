/* GF(2^64), eight elements at a time: VPCLMULQDQ with AVX-512.
 *
 * One instruction multiplies the even lanes, another the odd ones; two
 * unpackings put the low and the high halves back into order.
 *
 * Source     Intel SDM, volume 2, PCLMULQDQ
 */
#include "../backend.h"

#if defined(PS_HAVE_VPCLMUL)
#include <immintrin.h>

#include "../../gf64/gf64.h"

#define TARGET __attribute__((target("avx512f,avx512dq,vpclmulqdq,pclmul")))
#define INLINE TARGET __attribute__((always_inline)) static inline

enum { LANES = 8 };

typedef struct {
    __m512i low;
    __m512i high;
} wide8;

INLINE __m512i load(const ps_limb *p)
{
    return _mm512_loadu_si512((const void *)p);
}

INLINE __m512i load_part(const ps_limb *p, __mmask8 part)
{
    return _mm512_maskz_loadu_epi64(part, (const void *)p);
}

INLINE void store(ps_limb *p, __m512i x)
{
    _mm512_storeu_si512((void *)p, x);
}

INLINE wide8 multiply(__m512i a, __m512i b)
{
    __m512i even = _mm512_clmulepi64_epi128(a, b, 0x00);
    __m512i odd = _mm512_clmulepi64_epi128(a, b, 0x11);
    wide8 z;

    z.low = _mm512_unpacklo_epi64(even, odd);
    z.high = _mm512_unpackhi_epi64(even, odd);
    return z;
}

INLINE __m512i plus(__m512i a, __m512i b)
{
    return _mm512_xor_si512(a, b);
}

/* As gf64_reduce. */
INLINE __m512i reduce(wide8 x)
{
    __m512i h = x.high;

    h = plus(h, plus(plus(_mm512_srli_epi64(h, 60), _mm512_srli_epi64(h, 61)),
                     _mm512_srli_epi64(h, 63)));
    return plus(plus(x.low, h),
                plus(plus(_mm512_slli_epi64(h, 1), _mm512_slli_epi64(h, 3)),
                     _mm512_slli_epi64(h, 4)));
}

INLINE wide8 sum(wide8 a, wide8 b)
{
    a.low = plus(a.low, b.low);
    a.high = plus(a.high, b.high);
    return a;
}

/* The lanes of x together. */
INLINE ps_limb total(__m512i x)
{
    ps_limb lanes[LANES], all = 0;

    store(lanes, x);
    for (int i = 0; i < LANES; i++) {
        all ^= lanes[i];
    }
    return all;
}

INLINE __mmask8 first(size_t count)
{
    return count >= LANES ? (__mmask8)0xff : (__mmask8)((1u << count) - 1);
}

TARGET
static void mul(ps_limb *out, const ps_limb *a, const ps_limb *b, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        __mmask8 part = first(count - i);
        wide8 z = multiply(load_part(a + i, part), load_part(b + i, part));
        _mm512_mask_storeu_epi64((void *)(out + i), part, reduce(z));
    }
}

TARGET
static ps_limb dot(const ps_limb *a, const ps_limb *b, size_t count)
{
    wide8 all = {_mm512_setzero_si512(), _mm512_setzero_si512()};

    for (size_t i = 0; i < count; i += LANES) {
        __mmask8 part = first(count - i);
        all = sum(all, multiply(load_part(a + i, part),
                                load_part(b + i, part)));
    }
    return total(reduce(all));
}

TARGET
static void gather(ps_limb *sums, const ps_limb *x0, const ps_limb *x1,
                   const ps_limb *y0, const ps_limb *y1, ps_limb beta)
{
    const __m512i weight = _mm512_set1_epi64((long long)beta);

    for (size_t p = 0; p < GF64_ROOM; p += LANES) {
        __m512i left = _mm512_and_si512(load(x0 + p), load(y1 + p));
        __m512i right = _mm512_and_si512(load(y0 + p), load(x1 + p));
        wide8 z = multiply(plus(left, right), weight);
        store(sums + p, plus(load(sums + p), z.low));
        store(sums + GF64_ROOM + p, plus(load(sums + GF64_ROOM + p), z.high));
    }
}

TARGET
static void spread(ps_limb *out, const ps_limb *words, const ps_limb *eq)
{
    __m512i all[LANES];

    for (int g = 0; g < LANES; g++) {
        all[g] = _mm512_setzero_si512();
    }
    for (size_t c = 0; c < PS_DZK_WORDS; c++) {
        const __m512i weight = _mm512_set1_epi64((long long)eq[c]);
        ps_limb word = words[c];
#define GROUP(g) \
        all[g] = _mm512_mask_xor_epi64(all[g], (__mmask8)(word >> (8 * g)), \
                                       all[g], weight);
        GROUP(0) GROUP(1) GROUP(2) GROUP(3)
        GROUP(4) GROUP(5) GROUP(6) GROUP(7)
#undef GROUP
    }
    for (int g = 0; g < LANES; g++) {
        store(out + LANES * g, all[g]);
    }
}

/* All points of three variables. */
INLINE void extend3(__m512i *out, const ps_limb *u, size_t n, size_t i,
                    __mmask8 part)
{
    __m512i corner[8], at[3][4];

    for (size_t c = 0; c < PS_DZK_FAN; c++) {
        corner[c] = load_part(u + c * n + i, part);
    }
    for (size_t c = 0; c < 4; c++) {
        at[0][c] = corner[c];
        at[1][c] = corner[4 + c];
        at[2][c] = plus(corner[c], corner[4 + c]);
    }
    for (size_t d = 0; d < 3; d++) {
        __m512i low[3], high[3];
        low[0] = at[d][0];
        high[0] = at[d][1];
        low[1] = at[d][2];
        high[1] = at[d][3];
        low[2] = plus(low[0], low[1]);
        high[2] = plus(high[0], high[1]);
        for (size_t e = 0; e < 3; e++) {
            out[9 * d + 3 * e] = low[e];
            out[9 * d + 3 * e + 1] = high[e];
            out[9 * d + 3 * e + 2] = plus(low[e], high[e]);
        }
    }
}

TARGET
static void products(ps_limb *out, const ps_limb *u, const ps_limb *v,
                     size_t n)
{
    wide8 sums[PS_DZK_FAN_POINTS];
    __m512i a[PS_DZK_FAN_POINTS], b[PS_DZK_FAN_POINTS];

    for (size_t p = 0; p < PS_DZK_FAN_POINTS; p++) {
        sums[p].low = _mm512_setzero_si512();
        sums[p].high = _mm512_setzero_si512();
    }
    for (size_t i = 0; i < n; i += LANES) {
        __mmask8 part = first(n - i);
        extend3(a, u, n, i, part);
        extend3(b, v, n, i, part);
        for (size_t p = 0; p < PS_DZK_FAN_POINTS; p++) {
            sums[p] = sum(sums[p], multiply(a[p], b[p]));
        }
    }
    for (size_t p = 0; p < PS_DZK_FAN_POINTS; p++) {
        out[p] = total(reduce(sums[p]));
    }
    ps_wipe(a, sizeof a);
    ps_wipe(b, sizeof b);
    ps_wipe(sums, sizeof sums);
}

TARGET
static void fold(ps_limb *out, const ps_limb *u, const ps_limb *eq, size_t n)
{
    for (size_t i = 0; i < n; i += LANES) {
        __mmask8 part = first(n - i);
        wide8 all = {_mm512_setzero_si512(), _mm512_setzero_si512()};
        for (size_t c = 0; c < PS_DZK_FAN; c++) {
            all = sum(all, multiply(load_part(u + c * n + i, part),
                                    _mm512_set1_epi64((long long)eq[c])));
        }
        _mm512_mask_storeu_epi64((void *)(out + i), part, reduce(all));
    }
}

const ps_gf64_backend ps_gf64_vpclmul = {
    .mul = mul,
    .dot = dot,
    .gather = gather,
    .spread = spread,
    .products = products,
    .fold = fold,
};
#endif
