/* Eight independent multiplications at a time. */
#include "../../ristretto255/table.h"
#include "ifma_group.h"
#include "ifma_point.h"

#if defined(PS_HAVE_LANES)

/* Digits -8 .. 7 to radix 16: with 8 added to each, s = sum digit[i] 16^i
 * becomes s + 888...8 in plain hexadecimal. */
#define EIGHTS 0x8888888888888888

enum { DIGITS = 64 };

/* Scalars in lanes, 8 added to each digit; the first again in the lanes that
 * are left. */
typedef struct {
    ps_lanes word[4];
} digits;

LANES_TARGET
static void read_digits(digits *r, const ps_scalar *s, size_t count)
{
    for (size_t lane = 0; lane < LANES; lane++) {
        const ps_scalar *x = s + (lane < count ? lane : 0);
        ps_wide sum = 0;

        for (size_t j = 0; j < 4; j++) {
            sum += (ps_wide)x->limb[j] + EIGHTS;
            r->word[j][lane] = (uint64_t)sum;
            sum >>= 64;
        }
    }
}

LANES_INLINE ps_lanes digit(const digits *s, size_t i)
{
    return ((s->word[i / 16] >> (4 * (i % 16))) & lanes_set(15)) - lanes_set(8);
}

/* Which of eight multiples a lane takes. */
typedef struct {
    lanes_mask bit0, bit1, bit2, none, negative;
} choice;

LANES_INLINE void choose(choice *c, ps_lanes digit)
{
    ps_lanes place;

    c->negative = lanes_is_negative(digit);
    place = lanes_select(c->negative, lanes_set(0) - digit, digit) - lanes_set(1);
    c->bit0 = lanes_is_negative(place << 63);
    c->bit1 = lanes_is_negative(place << 62);
    c->bit2 = lanes_is_negative(place << 61);
    c->none = lanes_is_negative(place);
}

/* Word i of the chosen multiple, 0 where the digit is. Every entry is read. */
LANES_INLINE ps_lanes chosen_word(const ge8_cached *table, const choice *c,
                                  size_t i)
{
    const ps_lanes *w = (const ps_lanes *)(const void *)table + i;
    ps_lanes v01, v23, v45, v67;

    v01 = lanes_select(c->bit0, w[1 * GE8_WORDS], w[0]);
    v23 = lanes_select(c->bit0, w[3 * GE8_WORDS], w[2 * GE8_WORDS]);
    v45 = lanes_select(c->bit0, w[5 * GE8_WORDS], w[4 * GE8_WORDS]);
    v67 = lanes_select(c->bit0, w[7 * GE8_WORDS], w[6 * GE8_WORDS]);
    v01 = lanes_select(c->bit1, v23, v01);
    v45 = lanes_select(c->bit1, v67, v45);
    return lanes_select(c->none, lanes_set(0), lanes_select(c->bit2, v45, v01));
}

/* digit * a from the multiples of a. */
LANES_TARGET
static void look_up(ge8_cached *r, const ge8_cached *table, ps_lanes digit)
{
    ps_lanes one;
    choice c;
    fe8 minus;

    choose(&c, digit);
    for (size_t i = 0; i < 5; i++) {
        ps_lanes x = chosen_word(table, &c, i);
        ps_lanes y = chosen_word(table, &c, i + 5);

        r->minus.v[i] = lanes_select(c.negative, y, x);
        r->plus.v[i] = lanes_select(c.negative, x, y);
        r->z2.v[i] = chosen_word(table, &c, i + 10);
        r->t2d.v[i] = chosen_word(table, &c, i + 15);
    }
    fe8_minus(&minus, &r->t2d);
    fe8_take(&r->t2d, c.negative, &minus, &r->t2d);
    one = lanes_select(c.none, lanes_set(1), lanes_set(0));
    r->minus.v[0] += one;
    r->plus.v[0] += one;
    r->z2.v[0] += one + one;
}

/* One term of eight: the multiples of its elements, and its scalars. */
typedef struct {
    ge8_cached table[8];
    digits s;
} term;

typedef struct {
    term term[2];
    ge8_cached chosen;
    ge8_extended outside;
    ge8 sum;
    ge8_projective twice;
} work;

LANES_TARGET
static void prepare(work *w, term *t, const ps_scalar *s,
                    const ps_ristretto255 *a, size_t count)
{
    ps_ge8_load(&w->outside, a, count);
    ps_ge8_enter(&w->sum, &w->outside);
    ps_ge8_multiples(t->table, &w->sum);
    read_digits(&t->s, s, count);
}

/* The sum of the terms, of which digits from `top` on are 0. */
LANES_TARGET
static void mul_eight(work *w, size_t terms, size_t top, ps_ristretto255 *p,
                      size_t count)
{
    ps_ge8_identity(&w->sum);
    for (size_t i = top; i-- > 0;) {
        if (i + 1 < top) {
            ps_ge8_double(&w->twice, &w->twice);
            ps_ge8_double(&w->twice, &w->twice);
            ps_ge8_double(&w->twice, &w->twice);
            ps_ge8_double_last(&w->sum, &w->twice);
        }
        if (terms == 2) {
            look_up(&w->chosen, w->term[1].table, digit(&w->term[1].s, i));
            ps_ge8_add(&w->sum, &w->sum, &w->chosen);
        }
        look_up(&w->chosen, w->term[0].table, digit(&w->term[0].s, i));
        if (i != 0) {
            ps_ge8_add_projective(&w->twice, &w->sum, &w->chosen);
        }
    }
    if (top != 0) {
        ps_ge8_add(&w->sum, &w->sum, &w->chosen);
    }
    ps_ge8_leave(&w->outside, &w->sum);
    ps_ge8_store(p, &w->outside, count);
}

/* So many, and no more, are quicker one after the other (2026-11-22). */
enum { FEW = 3, FEW_FIXED = 3 };

static size_t at_most_eight(size_t count)
{
    return count < LANES ? count : LANES;
}

int ps_ge8_mul(ps_ristretto255 *p, const ps_scalar *s,
               const ps_ristretto255 *a, size_t count)
{
    size_t i = 0;
    work w;

    for (; count - i > FEW; i += at_most_eight(count - i)) {
        size_t n = at_most_eight(count - i);

        prepare(&w, &w.term[0], s + i, a + i, n);
        mul_eight(&w, 1, DIGITS, p + i, n);
    }
    if (i > 0) {
        ps_wipe(&w, sizeof w);
    }
    for (; i < count; i++) {
        ps_ge4_msm(&p[i], &s[i], &a[i], 1);
    }
    return 1;
}

/* Digits of the longest scalar, with one for a carry. */
static size_t length_vartime(const ps_scalar *s, size_t count)
{
    for (size_t j = 4; j-- > 0;) {
        uint64_t all = 0;

        for (size_t i = 0; i < count; i++) {
            all |= s[i].limb[j];
        }
        if (all != 0) {
            size_t top = 16 * j + (63 - (size_t)__builtin_clzll(all)) / 4 + 2;

            return top < DIGITS ? top : DIGITS;
        }
    }
    return 0;
}

int ps_ge8_mul_vartime(ps_ristretto255 *p, const ps_scalar *s,
                       const ps_ristretto255 *a, size_t count)
{
    size_t i = 0;
    work w;

    for (; count - i > FEW; i += at_most_eight(count - i)) {
        size_t n = at_most_eight(count - i);

        prepare(&w, &w.term[0], s + i, a + i, n);
        mul_eight(&w, 1, length_vartime(s + i, n), p + i, n);
    }
    for (; i < count; i++) {
        ps_ge4_msm_vartime(&p[i], &s[i], &a[i], 1);
    }
    return 1;
}

int ps_ge8_mul_two_vartime(ps_ristretto255 *p, const ps_scalar *s,
                           const ps_ristretto255 *a, const ps_scalar *t,
                           const ps_ristretto255 *c, size_t count)
{
    size_t i = 0;
    work w;

    for (; count - i > FEW; i += at_most_eight(count - i)) {
        size_t n = at_most_eight(count - i);
        size_t x = length_vartime(s + i, n), y = length_vartime(t + i, n);

        prepare(&w, &w.term[0], s + i, a + i, n);
        prepare(&w, &w.term[1], t + i, c + i, n);
        mul_eight(&w, 2, x > y ? x : y, p + i, n);
    }
    for (; i < count; i++) {
        const ps_scalar factor[2] = {s[i], t[i]};
        const ps_ristretto255 element[2] = {a[i], c[i]};

        ps_ge4_msm_vartime(&p[i], factor, element, 2);
    }
    return 1;
}

/* A row of a table, word by word: lane k has the multiple k + 1. Loads overlap
 * in the middle word. */
LANES_TARGET
static void load_row(ps_lanes *word, const ps_ristretto255_table *table,
                     size_t row)
{
    const uint64_t *entry = table->word
                          + row * PS_TABLE_WIDTH * GE8_AFFINE_WORDS;
    ps_lanes low[LANES], high[LANES];

    for (size_t k = 0; k < LANES; k++) {
        memcpy(&low[k], entry + k * GE8_AFFINE_WORDS, sizeof *low);
        memcpy(&high[k], entry + k * GE8_AFFINE_WORDS + 7, sizeof *high);
    }
    lanes_transpose(low);
    lanes_transpose(high);
    memcpy(word, low, sizeof low);
    memcpy(word + 7, high, sizeof high);
}

/* digit * 256^row * base, from the words of the row. */
LANES_TARGET
static void look_up_affine(ge8_affine *r, const ps_lanes *word, ps_lanes digit)
{
    ps_lanes place, one;
    lanes_mask negative, none;
    fe8 minus;

    negative = lanes_is_negative(digit);
    place = lanes_select(negative, lanes_set(0) - digit, digit) - lanes_set(1);
    none = lanes_is_negative(place);
    one = none & lanes_set(1);
    for (size_t i = 0; i < 5; i++) {
        ps_lanes x = lanes_permute(word[i], place) & ~none;
        ps_lanes y = lanes_permute(word[i + 5], place) & ~none;

        r->plus.v[i] = lanes_select(negative, y, x);
        r->minus.v[i] = lanes_select(negative, x, y);
        r->t2d.v[i] = lanes_permute(word[i + 10], place) & ~none;
    }
    fe8_carry(&r->t2d, &r->t2d);
    fe8_minus(&minus, &r->t2d);
    fe8_take(&r->t2d, negative, &minus, &r->t2d);
    r->plus.v[0] += one;
    r->minus.v[0] += one;
}

typedef struct {
    ps_lanes word[GE8_AFFINE_WORDS];
    ge8_affine chosen;
    ge8_cached cached;
    digits s;
    ge8 sum[2];
    ge8_projective twice;
    ge8_extended outside;
} table_work;

/* As ristretto255/table.c, both digits of a row at once. */
LANES_TARGET
static void table_mul_eight(table_work *w, ps_ristretto255 *p,
                            const ps_scalar *s, size_t count,
                            const ps_ristretto255_table *table)
{
    read_digits(&w->s, s, count);
    ps_ge8_identity(&w->sum[0]);
    ps_ge8_identity(&w->sum[1]);
    for (size_t i = 0; i < PS_TABLE_ROWS; i++) {
        load_row(w->word, table, i);
        for (size_t half = 0; half < 2; half++) {
            look_up_affine(&w->chosen, w->word, digit(&w->s, 2 * i + half));
            ps_ge8_add_affine(&w->sum[half], &w->sum[half], &w->chosen);
        }
    }
    ps_ge8_cached_identity(&w->cached);
    ps_ge8_add_projective(&w->twice, &w->sum[1], &w->cached);
    ps_ge8_double(&w->twice, &w->twice);
    ps_ge8_double(&w->twice, &w->twice);
    ps_ge8_double(&w->twice, &w->twice);
    ps_ge8_double_last(&w->sum[1], &w->twice);
    ps_ge8_cache(&w->cached, &w->sum[0]);
    ps_ge8_add(&w->sum[1], &w->sum[1], &w->cached);
    ps_ge8_leave(&w->outside, &w->sum[1]);
    ps_ge8_store(p, &w->outside, count);
}

int ps_ge8_table_mul(ps_ristretto255 *p, const ps_scalar *s, size_t count,
                     const ps_ristretto255_table *table)
{
    size_t i = 0;
    table_work w;

    for (; count - i > FEW_FIXED; i += at_most_eight(count - i)) {
        table_mul_eight(&w, p + i, s + i, at_most_eight(count - i), table);
    }
    if (i > 0) {
        ps_wipe(&w, sizeof w);
    }
    for (; i < count; i++) {
        ps_ge4_table_mul(&p[i], &s[i], table);
    }
    return 1;
}
#endif
