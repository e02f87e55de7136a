/* SHA-256 with the SHA extensions of x86-64.
 *
 * Source     Intel Architecture Instruction Set Extensions Programming
 *            Reference, chapter 8: SHA256RNDS2, SHA256MSG1, SHA256MSG2.
 *
 * The state sits in two registers, words from high to low: (A B E F) and
 * (C D G H). SHA256RNDS2 does two rounds and exchanges the roles of the two.
 */
#include "../backend.h"

#if defined(PS_HAVE_X86_64)
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

typedef struct {
    __m128i abef;
    __m128i cdgh;
} sha_state;

/* Four rounds with the schedule words w[t..t+3]. */
TARGET
static inline void four_rounds(sha_state *s, __m128i w, int t)
{
    __m128i k = _mm_loadu_si128((const __m128i *)(const void *)
                                (ps_sha256_k + t));
    __m128i wk = _mm_add_epi32(w, k);

    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, wk);
    wk = _mm_shuffle_epi32(wk, 0x0e);
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, wk);
}

/* The next four schedule words from the last sixteen, oldest first. */
TARGET
static inline __m128i next_words(__m128i w0, __m128i w1, __m128i w2,
                                 __m128i w3)
{
    __m128i sum = _mm_sha256msg1_epu32(w0, w1);
    sum = _mm_add_epi32(sum, _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

TARGET
static inline sha_state load_state(const uint32_t *state8)
{
    __m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)state8);
    __m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)
                                   (state8 + 4));
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
    __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    sha_state s;

    s.abef = _mm_alignr_epi8(cdab, efgh, 8);
    s.cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
    return s;
}

TARGET
static inline void store_state(uint32_t *state8, sha_state s)
{
    __m128i feba = _mm_shuffle_epi32(s.abef, 0x1b);
    __m128i dchg = _mm_shuffle_epi32(s.cdgh, 0xb1);

    _mm_storeu_si128((__m128i *)(void *)state8,
                     _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state8 + 4),
                     _mm_alignr_epi8(dchg, feba, 8));
}

TARGET
static inline void one_block(sha_state *s, const uint8_t *block)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL,
                                        0x0405060700010203LL);
    const __m128i *in = (const __m128i *)(const void *)block;
    __m128i w[4];

    for (int i = 0; i < 4; i++) {
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128(in + i), swap);
        four_rounds(s, w[i], 4 * i);
    }
    for (int t = 16; t < 64; t += 4) {
        __m128i fresh = next_words(w[0], w[1], w[2], w[3]);
        w[0] = w[1];
        w[1] = w[2];
        w[2] = w[3];
        w[3] = fresh;
        four_rounds(s, fresh, t);
    }
}

TARGET
void ps_sha256_blocks_sha_ni(uint32_t *state8, const uint8_t *blocks,
                             size_t count)
{
    sha_state s = load_state(state8);

    for (size_t i = 0; i < count; i++) {
        sha_state start = s;
        one_block(&s, blocks + 64 * i);
        s.abef = _mm_add_epi32(s.abef, start.abef);
        s.cdgh = _mm_add_epi32(s.cdgh, start.cdgh);
    }
    store_state(state8, s);
}

const ps_backend ps_backend_table_sha_ni = {
    .name = "sha-ni",
    .sha256_blocks = ps_sha256_blocks_sha_ni,
};
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_sha_ni;
#endif
