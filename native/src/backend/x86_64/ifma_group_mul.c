/* Eight independent multiplications at a time. */
#include "ifma_group.h"

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

typedef struct {
    ge8_cached table[8], chosen;
    digits s;
    ge8_extended outside;
    ge8 sum;
    ge8_projective twice;
} work;

LANES_TARGET
static void mul_eight(work *w, ps_ristretto255 *p, const ps_scalar *s,
                      const ps_ristretto255 *a, size_t count)
{
    ps_ge8_load(&w->outside, a, count);
    ps_ge8_enter(&w->sum, &w->outside);
    ps_ge8_multiples(w->table, &w->sum);
    read_digits(&w->s, s, count);
    ps_ge8_identity(&w->sum);
    for (size_t i = DIGITS; i-- > 0;) {
        look_up(&w->chosen, w->table, digit(&w->s, i));
        if (i == 0) {
            break;
        }
        ps_ge8_add_projective(&w->twice, &w->sum, &w->chosen);
        ps_ge8_double(&w->twice, &w->twice);
        ps_ge8_double(&w->twice, &w->twice);
        ps_ge8_double(&w->twice, &w->twice);
        ps_ge8_double_last(&w->sum, &w->twice);
    }
    ps_ge8_add(&w->sum, &w->sum, &w->chosen);
    ps_ge8_leave(&w->outside, &w->sum);
    ps_ge8_store(p, &w->outside, count);
}

int ps_ge8_mul(ps_ristretto255 *p, const ps_scalar *s,
               const ps_ristretto255 *a, size_t count)
{
    work w;

    if (count < 2) {
        return 0;
    }
    for (size_t i = 0; i < count; i += LANES) {
        mul_eight(&w, p + i, s + i, a + i,
                  count - i < LANES ? count - i : LANES);
    }
    ps_wipe(&w, sizeof w);
    return 1;
}
#endif
