/* Sums of multiples, a window of the scalars in each lane.
 *
 * Source     Straus, 1964
 *
 * All eight lanes work on the same element, each on a digit of its own, so one
 * table of multiples serves them all and a look-up is one permutation a word.
 * The 64 digits to radix 16 are eight vectors; their 64 sums are put together
 * at the end, by doublings that do not depend on how many elements there are.
 */
#include "ifma_group.h"
#include "ifma_point.h"

#if defined(PS_HAVE_LANES)

#include "../../ristretto255/element.h"

/* With 8 added to each digit -8 .. 7, a scalar is plain hexadecimal. */
#define EIGHTS 0x8888888888888888
#define PIECE_OF_ZEROS 0x88888888

/* From so many public elements on, buckets are quicker (2026-11-22). */
#define BUCKETS 250

enum { GROUPS = 8, ENTRIES = 16 };

/* So many, and no more, are quicker point by point (2026-11-22). */
enum { FEW_SECRET = 4, FEW = PS_GE4_MOST };

/* Word by word, the multiples -8 .. 7 of one element. */
typedef struct {
    ps_lanes word[GE8_WORDS][ENTRIES / LANES];
} multiples;

typedef struct {
    ge8 sum[GROUPS];
    ge8_cached chosen;
    ge8_cached entry[8];
    multiples table[LANES];
} work;

static work *place(ps_limb *scratch)
{
    return (work *)(((uintptr_t)scratch + 63) / 64 * 64);
}

size_t ps_ge8_msm_limbs(size_t count)
{
    size_t tables = count < LANES ? count : LANES;
    size_t straus = (offsetof(work, table) + tables * sizeof(multiples)) / sizeof(ps_limb)
         + LANES;
    size_t buckets = count < BUCKETS ? 0 : ps_ge8_buckets_limbs(count);

    return straus > buckets ? straus : buckets;
}

/* Tables of elements 0 to count - 1 of eight. */
LANES_TARGET
static void transpose_entries(work *w, size_t count)
{
    static const uint8_t opposite[4] = {5, 0, 10, 15};
    ge8_cached identity;
    const ps_lanes *none = (const ps_lanes *)(const void *)&identity;

    ps_ge8_cached_identity(&identity);
    for (size_t i = 0; i < GE8_WORDS; i++) {
        const size_t minus = opposite[i / 5] + i % 5;
        ps_lanes low[LANES], high[LANES];

        high[0] = none[i];
        for (size_t k = 0; k < LANES; k++) {
            const ps_lanes *entry = (const ps_lanes *)(void *)&w->entry[k];

            low[7 - k] = entry[minus];
            if (k < 7) {
                high[k + 1] = entry[i];
            }
            if (i == 15) {
                low[7 - k] = lanes_set(2 * (FE_MASK - 18)) - low[7 - k];
            } else if (i > 15) {
                low[7 - k] = lanes_set(2 * FE_MASK) - low[7 - k];
            }
        }
        lanes_transpose(low);
        lanes_transpose(high);
        for (size_t k = 0; k < count; k++) {
            w->table[k].word[i][0] = low[k];
            w->table[k].word[i][1] = high[k];
        }
    }
}

/* sum[g] += the multiples that this piece of the scalar names. */
LANES_TARGET
static void add_piece(work *w, size_t g, const multiples *table,
                      uint32_t piece)
{
    const ps_lanes shift = {0, 4, 8, 12, 16, 20, 24, 28};
    const ps_lanes digit = lanes_set(piece) >> shift;
    ps_lanes *v = (ps_lanes *)(void *)&w->chosen;

    for (size_t i = 0; i < GE8_WORDS; i++) {
        v[i] = lanes_pick16(table->word[i][0], table->word[i][1], digit);
    }
    ps_ge8_add(&w->sum[g], &w->sum[g], &w->chosen);
}

/* Eight digits each, with 8 added to them. */
static void cut(uint32_t *piece, const ps_scalar *s)
{
    ps_wide sum = 0;

    for (size_t j = 0; j < 4; j++) {
        sum += (ps_wide)s->limb[j] + EIGHTS;
        piece[2 * j] = (uint32_t)sum;
        piece[2 * j + 1] = (uint32_t)(sum >> 32);
        sum >>= 64;
    }
}

/* Two functions, because with a flag gcc looked at the secret piece first. */
static void add_element(work *w, const multiples *table, const ps_scalar *s)
{
    uint32_t piece[GROUPS];

    cut(piece, s);
    for (size_t g = 0; g < GROUPS; g++) {
        add_piece(w, g, table, piece[g]);
    }
    ps_wipe(piece, sizeof piece);
}

static void add_element_vartime(work *w, const multiples *table,
                                const ps_scalar *s)
{
    uint32_t piece[GROUPS];

    cut(piece, s);
    for (size_t g = 0; g < GROUPS; g++) {
        if (piece[g] != PIECE_OF_ZEROS) {
            add_piece(w, g, table, piece[g]);
        }
    }
}

LANES_TARGET
static void straus(ps_ristretto255 *p, const ps_scalar *s,
                   const ps_ristretto255 *a, size_t count, int vartime,
                   ps_limb *scratch)
{
    work *w = place(scratch);
    ps_ristretto255 *window = (ps_ristretto255 *)(void *)w->entry;
    ge8_extended outside;
    ge8 x;

    for (size_t g = 0; g < GROUPS; g++) {
        ps_ge8_identity(&w->sum[g]);
    }
    for (size_t i = 0; i < count; i += LANES) {
        size_t n = count - i < LANES ? count - i : LANES;

        ps_ge8_load(&outside, a + i, n);
        ps_ge8_enter(&x, &outside);
        ps_ge8_multiples(w->entry, &x);
        transpose_entries(w, n);
        for (size_t k = 0; k < n; k++) {
            if (vartime) {
                add_element_vartime(w, &w->table[k], &s[i + k]);
            } else {
                add_element(w, &w->table[k], &s[i + k]);
            }
        }
    }
    for (size_t g = 0; g < GROUPS; g++) {
        ps_ge8_leave(&outside, &w->sum[g]);
        ps_ge8_store(window + LANES * g, &outside, LANES);
    }
    ps_ge4_horner(p, window, LANES * GROUPS, 4);
    if (!vartime) {
        ps_wipe(w, offsetof(work, table));
        ps_wipe(&outside, sizeof outside);
    }
}

_Static_assert(LANES * GROUPS * sizeof(ps_ristretto255)
                   <= 8 * sizeof(ge8_cached), "room for all windows");

int ps_ge8_msm(ps_ristretto255 *p, const ps_scalar *s,
               const ps_ristretto255 *a, size_t count, ps_limb *scratch)
{
    if (count == 0) {
        return 0;
    }
    if (count <= FEW_SECRET) {
        ps_ge4_msm(p, s, a, count);
    } else {
        straus(p, s, a, count, 0, scratch);
    }
    return 1;
}

int ps_ge8_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                       const ps_ristretto255 *a, size_t count,
                       ps_limb *scratch)
{
    if (count == 0) {
        return 0;
    }
    if (count <= FEW) {
        ps_ge4_msm_vartime(p, s, a, count);
    } else if (count < BUCKETS) {
        straus(p, s, a, count, 1, scratch);
    } else {
        ps_ge8_buckets(p, s, a, count, scratch);
    }
    return 1;
}
#endif
