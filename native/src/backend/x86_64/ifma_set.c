/* Sums over a set of fixed elements, eight of them at a time.
 *
 * Every nonzero scalar gives two terms, one for each base of its element. With
 * digits that are all odd, s = sum d_i * 32^i, -31 <= d_i <= 31, each digit
 * names a row: there is nothing to skip, and eight terms go together. A lane
 * gathers its own sum; the lanes are added up at the end.
 */
#include "ifma_group.h"

#if defined(PS_HAVE_LANES)

#include "../../ristretto255/set.h"

enum {
    WINDOW = 5,
    DIGITS = SET_BITS / WINDOW,      /* 26 of each base */
    ROW_VECTORS = sizeof(set_row) / sizeof(ps_lanes)
};

_Static_assert(1 << (WINDOW - 1) == SET_ENTRIES, "a row for each odd digit");
_Static_assert(ROW_VECTORS == 2, "two vectors");

/* What the terms are: rows of each, and the digits, those of place i together.
 * Bit 7 of a digit is its sign, the others the number of its row. */
typedef struct {
    size_t count;                    /* a multiple of LANES */
    const set_row **rows;
    uint8_t *digits;
} terms;

enum { MINUS = 0x80 };

/* What is added where a term is missing. */
static const set_row nothing = {{{{1, 0, 0, 0, 0}}, {{1, 0, 0, 0, 0}},
                                 {{0, 0, 0, 0, 0}}}, 0};

/* An odd s is the sum of all 2^i, i < 260, each added or taken away: added
 * where bit i of (s + 2^260 - 1)/2 is 1. Five of them are a digit. */
static void put_digits(terms *t, size_t at, const ps_scalar *odd,
                       uint8_t minus)
{
    const uint64_t *s = odd->limb;
    const uint64_t word[6] = {s[0], s[1], s[2], s[3],
                              1 << (SET_BASES * SET_BITS - 256), 0};

    for (size_t b = 0; b < SET_BASES; b++) {
        uint8_t *digit = t->digits + at + b;
        size_t bit = b * SET_BITS + 1;

        for (size_t i = 0; i < DIGITS; i++, bit += WINDOW) {
            /* Two shifts, so that none is by 64. */
            uint64_t low = word[bit / 64] >> (bit % 64)
                         | word[bit / 64 + 1] << 1 << (63 - bit % 64);
            uint8_t value = (uint8_t)(low & (2 * SET_ENTRIES - 1));
            uint8_t down = (uint8_t)((value / SET_ENTRIES) - 1); /* 0 or ff */

            digit[i * t->count] = (uint8_t)(((value ^ down) & (SET_ENTRIES - 1))
                                            | ((down ^ minus) & MINUS));
        }
    }
}

/* l is odd, so s or -s is. */
static void put_term(terms *t, size_t at, const ps_scalar *s)
{
    ps_scalar odd = *s;
    uint8_t minus = 0;

    if ((s->limb[0] & 1) == 0) {
        ps_scalar_neg(&odd, s);
        minus = MINUS;
    }
    put_digits(t, at, &odd, minus);
}

static void make_terms(terms *t, const ps_scalar *s, size_t count,
                       const ps_ristretto255_set *set, ps_limb *scratch)
{
    size_t used = 0, at = 0;

    for (size_t k = 0; k < count; k++) {
        used += SET_BASES * (1 - ps_scalar_is_zero(&s[k]));
    }
    t->count = (used + LANES - 1) / LANES * LANES;
    t->rows = (const set_row **)(void *)scratch;
    t->digits = (uint8_t *)(t->rows + t->count);
    memset(t->digits, 0, DIGITS * t->count);
    for (size_t k = 0; k < count; k++) {
        if (!ps_scalar_is_zero(&s[k])) {
            put_term(t, at, &s[k]);
            for (size_t b = 0; b < SET_BASES; b++) {
                t->rows[at++] = set_rows(set, k, b);
            }
        }
    }
    for (; at < t->count; at++) {
        t->rows[at] = &nothing;
    }
}

/* All ones in the lanes whose digit has a minus. */
LANES_INLINE ps_lanes signs(const uint8_t *digit)
{
    const ps_lanes shift = {56, 48, 40, 32, 24, 16, 8, 0};
    uint64_t eight = ps_load64_le(digit);

    return lanes_is_negative(lanes_set(eight) << shift);
}

/* The rows that eight terms name at one place. */
LANES_INLINE void gather(ge8_affine *r, const set_row *const *rows,
                         const uint8_t *digit)
{
    const ps_lanes minus = signs(digit);
    ps_lanes low[LANES], high[LANES];
    fe8 plus, t2d;

    LANES_UNROLL
    for (size_t lane = 0; lane < LANES; lane++) {
        /* Bytes, because rows are not aligned. */
        const uint8_t *row = (const uint8_t *)(rows[lane]
                                               + (digit[lane] & (MINUS - 1)));

        memcpy(&low[lane], row, sizeof low[lane]);
        memcpy(&high[lane], row + sizeof low[lane], sizeof high[lane]);
    }
    lanes_transpose(low);
    lanes_transpose(high);
    plus = (fe8){{low[0], low[1], low[2], low[3], low[4]}};
    r->minus = (fe8){{low[5], low[6], low[7], high[0], high[1]}};
    t2d = (fe8){{high[2], high[3], high[4], high[5], high[6]}};
    fe8_take(&r->plus, minus, &r->minus, &plus);
    fe8_take(&r->minus, minus, &plus, &r->minus);
    fe8_minus(&r->t2d, &t2d);
    fe8_take(&r->t2d, minus, &r->t2d, &t2d);
}

/* All coordinates are doubled, which is the same point. */
LANES_INLINE void to_projective(ge8_projective *r, const ge8 *a)
{
    fe8_sub(&r->x, &a->plus, &a->minus);
    fe8_add(&r->y, &a->plus, &a->minus);
    fe8_add(&r->sum, &a->plus, &a->plus);
    fe8_add(&r->z, &a->z, &a->z);
}

LANES_TARGET
static void double_often(ge8 *r)
{
    ge8_projective p;

    to_projective(&p, r);
    for (int i = 1; i < WINDOW; i++) {
        ps_ge8_double(&p, &p);
    }
    ps_ge8_double_last(r, &p);
}

/* The sum of the lanes. */
static void add_lanes(ps_ristretto255 *p, const ge8 *sum)
{
    ps_ristretto255 lane[LANES];
    ge8_extended outside;
    ge_cached c;
    ge r, x;

    ps_ge8_leave(&outside, sum);
    ps_ge8_store(lane, &outside, LANES);
    ge_load(&r, &lane[0]);
    for (size_t i = 1; i < LANES; i++) {
        ge_load(&x, &lane[i]);
        ps_ge_cache(&c, &x);
        ps_ge_add(&r, &r, &c);
    }
    ge_store(p, &r);
}

LANES_TARGET
int ps_ge8_set_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                           size_t count, const ps_ristretto255_set *set,
                           ps_limb *scratch)
{
    terms t;
    ge8 sum;
    ge8_affine chosen;

    make_terms(&t, s, count, set, scratch);
    ps_ge8_identity(&sum);
    for (size_t i = DIGITS; i-- > 0;) {
        const uint8_t *digit = t.digits + t.count * i;

        if (i + 1 < DIGITS) {
            double_often(&sum);
        }
        for (size_t k = 0; k < t.count; k += LANES) {
            gather(&chosen, t.rows + k, digit + k);
            ps_ge8_add_affine(&sum, &sum, &chosen);
        }
    }
    add_lanes(p, &sum);
    return 1;
}
#endif
