/* Many elements times one secret, in lanes, and written in batches.
 *
 * All lanes have the same digits, so a choice is eight masks for a whole
 * window, made once a call. The table is read a few words at a time between
 * the doublings that the words are for: loads wait for no multiplication.
 *
 * What is multiplied is half the scalar. With 2 (X, Y, Z) = (e h, f g, f h)
 * in the terms of `completed` (there f and h have each other's names), the
 * square root that RFC 9496, section 4.3.2, asks for is known:
 *
 *   (Z^2 - Y^2)(X Y)^2 = (a - d) (e^2 f^2 g h)^2
 *
 * because g^2 - f^2 = e^2 and h^2 - f^2 = -d e^2. All inverses that are left
 * are parts of 1 / (e f g h), so a block shares one inversion.
 *
 * Source     the equations above; Hamburg, "Decaf", CRYPTO 2015, for the
 *            encoding; Montgomery 1987, 10.3.1, for the shared inversion
 */
#include "ifma_canonical.h"
#include "ifma_group_law.h"

#if defined(PS_HAVE_LANES)

#include "../../ristretto255/constant.h"
#include "privshare/ps_oprf.h"

enum {
    DIGITS = 64,
    MULTIPLES = 8,
    BLOCK = 8 /* vectors that share an inversion */
};

/* Digits -8 .. 7 to radix 16: pick[k] is 0xff when the digit is k + 1 or
 * -(k + 1), and 0 otherwise. */
typedef struct {
    uint8_t pick[MULTIPLES];
    uint64_t none, negative;
} window;

/* What is doubled: X, Y, Z. */
typedef struct {
    fe8 x, y, z;
} point;

typedef struct {
    window window[DIGITS];
    ge8_cached table[MULTIPLES];
    ge8_cached chosen;
    ge8_extended outside;
    ge8 sum;
    point twice;
    ge8_completed last[BLOCK];
    fe8 product[BLOCK];
} work;

static void recode(window *w, const ps_scalar *s)
{
    ps_scalar half;
    ps_wide sum = 0;
    uint64_t word[4];

    ps_oprf_halve(&half, s);
    for (size_t j = 0; j < 4; j++) {
        sum += (ps_wide)half.limb[j] + 0x8888888888888888;
        word[j] = (uint64_t)sum;
        sum >>= 64;
    }
    for (size_t i = 0; i < DIGITS; i++) {
        uint64_t digit = ((word[i / 16] >> (4 * (i % 16))) & 15) - 8;
        uint64_t negative = ct_mask(digit >> 63);
        uint64_t size = (digit ^ negative) - negative;

        for (uint64_t k = 0; k < MULTIPLES; k++) {
            w[i].pick[k] = (uint8_t)ct_mask_equal(size, k + 1);
        }
        w[i].none = ct_mask_zero(size);
        w[i].negative = negative;
    }
    ps_wipe(&half, sizeof half);
    ps_wipe(word, sizeof word);
}

/* Coordinate `place` of the chosen multiple, 0 where the digit is. */
LANES_INLINE void choose(fe8 *r, const ge8_cached *table, const window *w,
                         size_t place)
{
    const ps_lanes *word = (const ps_lanes *)(const void *)table + 5 * place;
    ps_lanes v0, v1, v2, v3, v4;

    v0 = v1 = v2 = v3 = v4 = lanes_set(0);
    LANES_UNROLL
    for (size_t k = 0; k < MULTIPLES; k++) {
        const lanes_flag flag = w->pick[k];

        v0 = lanes_keep(v0, word[k * GE8_WORDS + 0], flag);
        v1 = lanes_keep(v1, word[k * GE8_WORDS + 1], flag);
        v2 = lanes_keep(v2, word[k * GE8_WORDS + 2], flag);
        v3 = lanes_keep(v3, word[k * GE8_WORDS + 3], flag);
        v4 = lanes_keep(v4, word[k * GE8_WORDS + 4], flag);
    }
    r->v[0] = v0;
    r->v[1] = v1;
    r->v[2] = v2;
    r->v[3] = v3;
    r->v[4] = v4;
}

/* The digit's sign, and the identity for 0. */
LANES_INLINE void finish_choice(ge8_cached *r, const window *w)
{
    const lanes_mask negative = lanes_set(w->negative);
    const ps_lanes one = lanes_set(w->none & 1);
    fe8 minus, plus = r->plus;

    fe8_take(&r->plus, negative, &r->minus, &plus);
    fe8_take(&r->minus, negative, &plus, &r->minus);
    fe8_minus(&minus, &r->t2d);
    fe8_take(&r->t2d, negative, &minus, &r->t2d);
    r->minus.v[0] += one;
    r->plus.v[0] += one;
    r->z2.v[0] += one + one;
}

/* The terms of 2 a. As ge8_twice, with E = 2 X Y instead of a square: one
 * multiplication more and 35 other instructions less, and an order that keeps
 * the multipliers busy: 370 cycles instead of 396 (2026-11-23). */
LANES_INLINE void double_terms(ge8_completed *c, const point *a)
{
    fe8 xx, yy, t, u;

    fe8_sqr_wide(&u, &a->z);
    fe8_sqr_wide(&xx, &a->x);
    fe8_sqr_wide(&yy, &a->y);
    fe8_sub_wide(&t, &yy, &xx);
    fe8_carry(&c->g, &t);
    fe8_add_wide(&u, &u, &u);
    fe8_add_wide(&u, &u, &xx);
    fe8_sub_wide(&u, &u, &yy);
    fe8_carry(&c->f, &u);
    fe8_add_wide(&t, &yy, &xx);
    fe8_mul_wide(&u, &a->x, &a->y);
    fe8_carry(&c->h, &t);
    fe8_add_wide(&u, &u, &u);
    fe8_carry(&c->e, &u);
}

LANES_INLINE void finish_point(point *r, const ge8_completed *c)
{
    fe8_mul(&r->z, &c->f, &c->g);
    fe8_mul(&r->y, &c->g, &c->h);
    fe8_mul(&r->x, &c->e, &c->f);
}

LANES_INLINE void double_inline(point *r)
{
    ge8_completed c;

    double_terms(&c, r);
    finish_point(r, &c);
}

/* w->twice = element times the scalar whose windows w has. */
LANES_TARGET
static void multiply(work *w, const ge8 *element)
{
    const ge8_cached *table = w->table;
    ge8_cached *chosen = &w->chosen;
    ge8_completed c;
    fe8 d;

    ps_ge8_multiples(w->table, element);
    ps_ge8_identity(&w->sum);
    for (size_t i = DIGITS; i-- > 0;) {
        const window *now = &w->window[i];

        if (i != DIGITS - 1) {
            double_inline(&w->twice);
            choose(&chosen->minus, table, now, 0);
            double_inline(&w->twice);
            choose(&chosen->plus, table, now, 1);
            double_inline(&w->twice);
            choose(&chosen->z2, table, now, 2);
            double_terms(&c, &w->twice);
            ge8_finish_added(&w->sum, &c);
            choose(&chosen->t2d, table, now, 3);
        } else {
            for (size_t place = 0; place < 4; place++) {
                choose((fe8 *)(void *)chosen + place, table, now, place);
            }
        }
        finish_choice(chosen, now);
        fe8_mul_wide(&d, &w->sum.z, &chosen->z2);
        ge8_sum(&c, &w->sum, &chosen->minus, &chosen->plus, &chosen->t2d, &d);
        finish_point(&w->twice, &c);
    }
}

/* What is left to invert of a double, 1 where that is 0. */
LANES_TARGET
static void begin(fe8 *product, ge8_completed *c, const point *a)
{
    fe8 eg, fh, one;
    lanes_mask none;

    double_terms(c, a);
    fe8_set(&one, &fe_one);
    fe8_mul(&eg, &c->e, &c->h);
    fe8_mul(&fh, &c->g, &c->f);
    fe8_mul(product, &eg, &fh);
    none = fe8_is_zero(product);
    fe8_take(product, none, &one, product);
}

/* r = a * c for a constant. */
LANES_INLINE void mul_constant(fe8 *r, const fe8 *a, const fe *constant)
{
    fe8 c;

    fe8_set(&c, constant);
    fe8_mul(r, a, &c);
}

/* RFC 9496, section 4.3.2, from the terms and 1 / (e f g h). */
LANES_TARGET
static void finish(uint8_t *out, const ge8_completed *c, const fe8 *inverse,
                   size_t count)
{
    /* As in the equations: y = g / h. */
    const fe8 *g = &c->h, *h = &c->f;
    fe8 e, f, eg, fh, z_inv, t_inv, factor, t, other, zero;
    lanes_mask rotate, none;

    fe8_set(&zero, &fe_zero);
    e = c->e;
    f = c->g;
    fe8_mul(&eg, &e, g);
    fe8_mul(&fh, &f, h);
    fe8_mul(&z_inv, &eg, inverse);
    fe8_mul(&t_inv, &fh, inverse);
    none = fe8_is_zero(&eg);
    fe8_mul(&t, &eg, &z_inv);
    rotate = fe8_is_negative(&t);
    /* In a rotated coset (e, g, h) is (g, -e, i f) and the factor i. */
    mul_constant(&other, &f, &fe_sqrt_m1);
    fe8_take(&fh, rotate, &other, h);
    fe8_neg(&other, &e);
    fe8_take(&e, rotate, g, &e);
    fe8_take(&other, rotate, &other, g);
    fe8_set(&f, &fe_sqrt_m1);
    fe8_set(&factor, &fe_invsqrt_a_minus_d);
    fe8_take(&factor, rotate, &f, &factor);
    fe8_mul(&t, &fh, &e);
    fe8_mul(&t, &t, &z_inv);
    fe8_mul(&t_inv, &t_inv, &other);
    fe8_negate_if(&other, fe8_is_negative(&t), &other);
    fe8_sub(&t, &fh, &other);
    fe8_mul(&t, &t, &factor);
    fe8_mul(&t, &t, &t_inv);
    fe8_absolute(&t, &t);
    fe8_take(&t, none, &zero, &t);
    fe8_write_eight(out, &t, count);
}

static size_t at_most_eight(size_t count)
{
    return count < LANES ? count : LANES;
}

/* Write the vectors of a block, of count elements in all. */
LANES_TARGET
static void flush(work *w, uint8_t *out, size_t count)
{
    size_t vectors = (count + LANES - 1) / LANES;
    fe8 inverse, one_inverse, running;

    running = w->product[0];
    for (size_t i = 1; i < vectors; i++) {
        fe8 own = w->product[i];

        w->product[i] = running;
        fe8_mul(&running, &running, &own);
        /* own is found again from the terms */
    }
    ps_fe8_invert(&inverse, &running);
    for (size_t i = vectors; i-- > 0;) {
        if (i != 0) {
            fe8 own, eg;

            fe8_mul(&one_inverse, &inverse, &w->product[i]);
            fe8_mul(&eg, &w->last[i].e, &w->last[i].h);
            fe8_mul(&own, &w->last[i].g, &w->last[i].f);
            fe8_mul(&own, &own, &eg);
            fe8_set(&eg, &fe_one);
            fe8_take(&own, fe8_is_zero(&own), &eg, &own);
            fe8_mul(&inverse, &inverse, &own);
        } else {
            one_inverse = inverse;
        }
        finish(out + 32 * LANES * i, &w->last[i], &one_inverse,
               at_most_eight(count - LANES * i));
    }
}

LANES_TARGET
int ps_ge8_oprf_blind(uint8_t *out, const uint8_t *in, size_t count,
                      const ps_scalar *s)
{
    work w;
    ge8 element;

    if (count < 2) {
        return 0;
    }
    recode(w.window, s);
    for (size_t from = 0; from < count; from += BLOCK * LANES) {
        size_t n = count - from < BLOCK * LANES ? count - from : BLOCK * LANES;

        for (size_t i = 0; i < n; i += LANES) {
            ps_ge8_map_two(&element, in + 64 * (from + i),
                           at_most_eight(n - i));
            multiply(&w, &element);
            begin(&w.product[i / LANES], &w.last[i / LANES], &w.twice);
        }
        flush(&w, out + 32 * from, n);
    }
    ps_wipe(&w, sizeof w);
    ps_wipe(&element, sizeof element);
    return 1;
}

/* The first lane that is no element or the identity; count when none is. */
LANES_TARGET
static size_t first_bad(lanes_mask ok, const ge8_extended *a, size_t count)
{
    ok &= ~fe8_is_zero(&a->x);
    for (size_t lane = 0; lane < count; lane++) {
        if (!ok[lane]) {
            return lane;
        }
    }
    return count;
}

LANES_TARGET
int ps_ge8_oprf_evaluate(uint8_t *out, size_t *bad, const uint8_t *in,
                         size_t count, const ps_scalar *s)
{
    work w;
    ge8 element;

    if (count < 2) {
        return 0;
    }
    *bad = count;
    recode(w.window, s);
    for (size_t from = 0; from < count && *bad == count;
         from += BLOCK * LANES) {
        size_t n = count - from < BLOCK * LANES ? count - from : BLOCK * LANES;

        for (size_t i = 0; i < n; i += LANES) {
            size_t have = at_most_eight(n - i);
            lanes_mask ok = ps_ge8_read(&w.outside, in + 32 * (from + i), have);
            size_t lane = first_bad(ok, &w.outside, have);

            if (lane < have) {
                *bad = from + i + lane;
                break;
            }
            ps_ge8_enter(&element, &w.outside);
            multiply(&w, &element);
            begin(&w.product[i / LANES], &w.last[i / LANES], &w.twice);
        }
        if (*bad == count) {
            flush(&w, out + 32 * from, n);
        }
    }
    ps_wipe(&w, sizeof w);
    return 1;
}

LANES_TARGET
int ps_ge8_encode_twice(uint8_t *out, const ps_ristretto255 *p, size_t count)
{
    work w;

    if (count < 2) {
        return 0;
    }
    for (size_t from = 0; from < count; from += BLOCK * LANES) {
        size_t n = count - from < BLOCK * LANES ? count - from : BLOCK * LANES;

        for (size_t i = 0; i < n; i += LANES) {
            ps_ge8_load(&w.outside, p + from + i, at_most_eight(n - i));
            w.twice.x = w.outside.x;
            w.twice.y = w.outside.y;
            w.twice.z = w.outside.z;
            begin(&w.product[i / LANES], &w.last[i / LANES], &w.twice);
        }
        flush(&w, out + 32 * from, n);
    }
    ps_wipe(&w, sizeof w);
    return 1;
}
#endif
