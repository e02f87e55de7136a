/* Slicing: bits of many values to one row for each bit, and back. */
#include "privshare/ps_rss.h"

enum { WORD = 64 };

/* Transpose 64 words of 64 bits: exchange ever smaller off-diagonal blocks. */
static void transpose(uint64_t m[WORD])
{
    uint64_t mask = 0x00000000FFFFFFFFu;

    for (size_t half = 32; half != 0; half >>= 1, mask ^= mask << half) {
        for (size_t i = 0; i < WORD; i = (i + half + 1) & ~half) {
            uint64_t t = ((m[i] >> half) ^ m[i + half]) & mask;

            m[i] ^= t << half;
            m[i + half] ^= t;
        }
    }
}

void ps_rss_slice(uint64_t *rows, const uint64_t *values, size_t n,
                  size_t limbs, size_t first, size_t n_bits)
{
    size_t words = (n + WORD - 1) / WORD;
    uint64_t m[WORD];

    for (size_t limb = first / WORD; limb * WORD < first + n_bits; limb++) {
        size_t low = limb * WORD < first ? first : limb * WORD;
        size_t high = (limb + 1) * WORD < first + n_bits ? (limb + 1) * WORD
                                                         : first + n_bits;

        for (size_t w = 0; w < words; w++) {
            size_t count = n - w * WORD < WORD ? n - w * WORD : WORD;

            for (size_t i = 0; i < count; i++) {
                m[i] = values[(w * WORD + i) * limbs + limb];
            }
            for (size_t i = count; i < WORD; i++) {
                m[i] = 0;
            }
            transpose(m);
            for (size_t b = low; b < high; b++) {
                rows[(b - first) * words + w] = m[b % WORD];
            }
        }
    }
    ps_wipe(m, sizeof m);
}

void ps_rss_unslice(uint64_t *values, const uint64_t *rows, size_t n_rows,
                    size_t n, size_t limbs)
{
    size_t words = (n + WORD - 1) / WORD;

    for (size_t row = 0; row < n_rows; row++) {
        const uint64_t *bits = rows + row * words;
        uint64_t *out = values + row * n * limbs;

        for (size_t i = 0; i < n; i++) {
            uint64_t bit = bits[i / WORD] >> (i % WORD) & 1;

            out[i * limbs] = bit;
            for (size_t limb = 1; limb < limbs; limb++) {
                out[i * limbs + limb] = 0;
            }
        }
    }
}
