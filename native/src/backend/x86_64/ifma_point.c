/* Points of the curve, four coordinates side by side.
 *
 * Source     Hisil, Wong, Carter and Dawson, ASIACRYPT 2008, section 3: the
 *            complete addition and doubling on a = -1, whose four products at
 *            a time are one of vectors here
 *
 * Between two operations a point is wide: its sums wait for the one carry
 * before the next product. It comes in two forms, lane by lane
 *
 *   whole      (Y, Z, T, X)
 *   halved     (Y, Z, Y, X)   what a doubling takes: T is not worked out
 *
 * and what an addition takes is (Y + X, 2Z, 2d T, Y - X), tight.
 */
#include "ifma_point.h"

#include "../../ristretto255/constant.h"
#include "../../ristretto255/digit.h"
#include "../../ristretto255/table.h"
#include "ifma_field4.h"

#if defined(PS_HAVE_LANES)

/* Lanes as bits. */
enum { LANE_0 = 1, LANE_1 = 2, LANE_2 = 4, LANE_3 = 8 };

/* Which of E, F, G and H the first factors are: E in the lane of T, or G. */
#define WHOLE ((ps_quad){2, 1, 0, 0})
#define HALVED ((ps_quad){2, 1, 2, 0})

/* A point from (E, F, G, H), wide: Y = G H, Z = F G, T = E H, X = E F. */
FOUR_INLINE fe4 finish(fe4 u, ps_quad form)
{
    fe4 a, b;

    u = fe4_carry(u);
#define STEP(i)                          \
    a.v[i] = quad_permute(u.v[i], form); \
    b.v[i] = QUAD_PERMUTE(u.v[i], 3, 2, 3, 1);
    FE4_EACH(STEP)
#undef STEP
    return fe4_mul(a, b);
}

/* 2 v, of a halved point. From (Y, Z, Y + X, X) and its squares (B, C, S, A)
 *
 *   E = S - (A + B),  F = 2 C - (B - A),  G = B - A,  H = A + B
 *
 * where HWCD turn the signs of F and H. */
FOUR_INLINE fe4 twice(fe4 v, ps_quad form)
{
    fe4 r, u;

#define STEP(i)                                  \
    v.v[i] = quad_add_in(v.v[i], LANE_2, v.v[i], \
                         QUAD_PERMUTE(v.v[i], 0, 1, 3, 3));
    FE4_EACH(STEP)
#undef STEP
    r = fe4_sqr(fe4_carry(v));
#define STEP(i)                                                         \
    {                                                                   \
        const ps_quad a = QUAD_PERMUTE(r.v[i], 3, 3, 3, 3);             \
        const ps_quad b = QUAD_PERMUTE(r.v[i], 0, 0, 0, 0);             \
        const ps_quad sc = QUAD_PERMUTE(r.v[i], 2, 1, 2, 3);            \
        const ps_quad zero = FE4_ZERO(i);                               \
        ps_quad lifted = quad_add_in(b, LANE_1 | LANE_2, b, zero);      \
        ps_quad ab = quad_sub_in(b + a, LANE_1 | LANE_2, lifted, a);    \
        ps_quad first = quad_add_in(sc, LANE_1, sc, r.v[i]);            \
        ab = quad_sub_in(ab, LANE_0 | LANE_1, zero << 1, ab);           \
        u.v[i] = quad_add_in(ab, LANE_0 | LANE_1, ab, first);           \
    }
    FE4_EACH(STEP)
#undef STEP
    return finish(u, form);
}

/* (Y + X, Z, T, Y - X), tight, of a whole point. */
FOUR_INLINE fe4 sum_and_difference(fe4 v)
{
#define STEP(i)                                                             \
    {                                                                       \
        const ps_quad yx = QUAD_PERMUTE(v.v[i], 3, 1, 2, 0);                \
        ps_quad x = quad_sub_in(v.v[i], LANE_3, FE4_ZERO(i), v.v[i]);       \
        v.v[i] = quad_add_in(x, LANE_0 | LANE_3, x, yx);                    \
    }
    FE4_EACH(STEP)
#undef STEP
    return fe4_carry(v);
}

/* v + c for a whole point and one that was prepared. From (B, D, C, A)
 *
 *   E = B - A,  F = D - C,  G = D + C,  H = B + A
 */
FOUR_INLINE fe4 plus(fe4 v, fe4 c, ps_quad form)
{
    fe4 r = fe4_mul(sum_and_difference(v), c), u;

#define STEP(i)                                                             \
    {                                                                       \
        const ps_quad acdb = QUAD_PERMUTE(r.v[i], 3, 2, 1, 0);              \
        u.v[i] = r.v[i] + quad_sub_in(acdb, LANE_0 | LANE_1, FE4_ZERO(i),   \
                                      acdb);                                \
    }
    FE4_EACH(STEP)
#undef STEP
    return finish(u, form);
}

/* (Y + X, 2Z, 2d T, Y - X), tight, of a whole point. */
FOUR_INLINE fe4 prepare(fe4 v)
{
    const uint64_t *d = fe_2d.v;
    const fe4 factor = {{{1, 2, d[0], 1}, {0, 0, d[1], 0}, {0, 0, d[2], 0},
                         {0, 0, d[3], 0}, {0, 0, d[4], 0}}};

    return fe4_carry(fe4_mul(sum_and_difference(v), factor));
}

FOUR_INLINE fe4 load(const ps_ristretto255 *a)
{
    fe4 r;

#define STEP(i) r.v[i] = (ps_quad){a->y[i], a->z[i], a->t[i], a->x[i]};
    FE4_EACH(STEP)
#undef STEP
    return r;
}

FOUR_INLINE void store(ps_ristretto255 *r, fe4 v)
{
    v = fe4_carry(v);
#define STEP(i)            \
    r->y[i] = v.v[i][0]; \
    r->z[i] = v.v[i][1]; \
    r->t[i] = v.v[i][2]; \
    r->x[i] = v.v[i][3];
    FE4_EACH(STEP)
#undef STEP
}

/* (Y, Z, T, X) = (1, 1, 0, 0), with what a halved one has in place of T. */
FOUR_INLINE fe4 identity(uint64_t third)
{
    const ps_quad one = {1, 1, third, 0}, zero = quad_set(0);

    return (fe4){{one, zero, zero, zero, zero}};
}

/* Tables are made by calls: copies of these would crowd the cache. */
FOUR_TARGET
static void prepare_into(fe4 *r, const fe4 *v)
{
    *r = prepare(*v);
}

FOUR_TARGET
static void add_into(fe4 *r, const fe4 *v, const fe4 *c)
{
    *r = plus(*v, *c, WHOLE);
}

FOUR_TARGET
static void double_into(fe4 *r, const fe4 *v)
{
    fe4 h;

#define STEP(i) h.v[i] = QUAD_PERMUTE(v->v[i], 0, 1, 0, 3);
    FE4_EACH(STEP)
#undef STEP
    *r = twice(h, WHOLE);
}

/* 1 a, 2 a, ..., 8 a, prepared; neighbours do not wait for each other. */
FOUR_TARGET
static void multiples(fe4 *table8, const fe4 *a)
{
    fe4 m[8];

    m[0] = *a;
    prepare_into(&table8[0], &m[0]);
    double_into(&m[1], &m[0]);
    add_into(&m[2], &m[1], &table8[0]);
    double_into(&m[3], &m[1]);
    add_into(&m[4], &m[3], &table8[0]);
    double_into(&m[5], &m[2]);
    add_into(&m[6], &m[5], &table8[0]);
    double_into(&m[7], &m[3]);
    for (int i = 1; i < 8; i++) {
        prepare_into(&table8[i], &m[i]);
    }
    ps_wipe(m, sizeof m);
}

/* The size of a digit from -8 to 8, and all ones if it is negative. */
typedef struct {
    ps_quad size, negative;
} choice;

FOUR_INLINE choice choose(int8_t digit)
{
    ps_limb value = (ps_limb)(int64_t)digit;
    ps_limb negative = ct_mask(value >> 63);

    return (choice){quad_set((value ^ negative) - negative),
                    quad_set(negative)};
}

/* -c when the mask is all ones; its limbs are below 2^52. */
FOUR_INLINE fe4 negate_if(fe4 c, ps_quad mask)
{
#define STEP(i)                                                              \
    {                                                                        \
        const ps_quad yx = QUAD_PERMUTE(c.v[i], 3, 1, 2, 0);                 \
        const ps_quad p2 = FE4_ZERO(i) >> 9; /* 2 p */                       \
        c.v[i] = quad_select(mask, quad_sub_in(yx, LANE_2, p2, yx), c.v[i]); \
    }
    FE4_EACH(STEP)
#undef STEP
    return c;
}

/* table[|digit| - 1] with the digit's sign. */
FOUR_INLINE fe4 look_up(const fe4 *table8, int8_t digit)
{
    const choice of = choose(digit);
    const ps_quad zero = quad_set(0), one = quad_set(1), none = {1, 2, 0, 1};
    ps_quad k = zero;
    fe4 r = {{none & quad_equal(of.size, zero), zero, zero, zero, zero}};

    for (int j = 0; j < 8; j++) {
        k += one;
#define STEP(i)                                       \
    r.v[i] = quad_choose(r.v[i], table8[j].v[i],      \
                         quad_equal(of.size, k));
        FE4_EACH(STEP)
#undef STEP
    }
    return negate_if(r, of.negative);
}

/* Sixteen times a halved point, whole. */
FOUR_INLINE fe4 sixteen_times(fe4 v)
{
    for (int k = 0; k < 4; k++) {
        v = twice(v, k < 3 ? HALVED : WHOLE);
    }
    return v;
}

/* Straus, 1964, with digits of both signs to radix 16. */
FOUR_TARGET
void ps_ge4_msm(ps_ristretto255 *p, const ps_scalar *s,
                const ps_ristretto255 *a, size_t count)
{
    fe4 table[PS_GE4_MOST][8], r;
    int8_t digit[PS_GE4_MOST][64];

    PS_CHECK(count > 0 && count <= PS_GE4_MOST);
    for (size_t k = 0; k < count; k++) {
        ps_digits(digit[k], &s[k]);
        r = load(&a[k]);
        multiples(table[k], &r);
    }
    r = identity(0);
    for (size_t i = 64; i-- > 0;) {
        for (size_t k = 0; k < count; k++) {
            r = plus(r, look_up(table[k], digit[k][i]),
                     i == 0 || k + 1 < count ? WHOLE : HALVED);
        }
        if (i > 0) {
            r = sixteen_times(r);
        }
    }
    store(p, r);
    ps_wipe(table, count * sizeof *table);
    ps_wipe(digit, count * sizeof *digit);
    ps_wipe(&r, sizeof r);
}

/* a, 3 a, 5 a, ..., 15 a, prepared. */
FOUR_TARGET
static void odd_multiples(fe4 *table8, const fe4 *a)
{
    fe4 m = *a, d;

    double_into(&d, a);
    prepare_into(&d, &d);
    prepare_into(&table8[0], a);
    for (int i = 1; i < 8; i++) {
        add_into(&m, &m, &d);
        prepare_into(&table8[i], &m);
    }
}

FOUR_INLINE fe4 odd_multiple_vartime(const fe4 *table8, int digit)
{
    int size = digit < 0 ? -digit : digit;

    return negate_if(table8[size / 2], quad_set(digit < 0 ? ~(uint64_t)0 : 0));
}

/* How many digits are not 0 at this place. */
static int digits_at(int8_t (*naf)[PS_NAF_DIGITS], size_t count, int place)
{
    int found = 0;

    for (size_t k = 0; k < count; k++) {
        found += naf[k][place] != 0;
    }
    return found;
}

FOUR_TARGET
void ps_ge4_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                        const ps_ristretto255 *a, size_t count)
{
    fe4 table[PS_GE4_MOST][8], r;
    int8_t naf[PS_GE4_MOST][PS_NAF_DIGITS];
    int top = -1;

    PS_CHECK(count > 0 && count <= PS_GE4_MOST);
    for (size_t k = 0; k < count; k++) {
        int last = ps_naf_vartime(naf[k], &s[k]);

        top = last > top ? last : top;
        r = load(&a[k]);
        odd_multiples(table[k], &r);
    }
    r = identity(top < 0 ? 0 : 1);
    for (int i = top; i >= 0; i--) {
        int left = digits_at(naf, count, i);

        r = twice(r, i == 0 || left > 0 ? WHOLE : HALVED);
        for (size_t k = 0; left > 0; k++) {
            if (naf[k][i] != 0) {
                left--;
                r = plus(r, odd_multiple_vartime(table[k], naf[k][i]),
                         i == 0 || left > 0 ? WHOLE : HALVED);
            }
        }
    }
    store(p, r);
}

FOUR_TARGET
void ps_ge4_horner(ps_ristretto255 *p, const ps_ristretto255 *window,
                   size_t windows, int bits)
{
    fe4 r = load(&window[windows - 1]), c;

    for (size_t i = windows - 1; i-- > 0;) {
#define STEP(j) r.v[j] = QUAD_PERMUTE(r.v[j], 0, 1, 0, 3);
        FE4_EACH(STEP)
#undef STEP
        for (int k = 0; k < bits; k++) {
            r = twice(r, k < bits - 1 ? HALVED : WHOLE);
        }
        c = load(&window[i]);
        prepare_into(&c, &c);
        r = plus(r, c, WHOLE);
    }
    store(p, r);
    ps_wipe(&r, sizeof r);
    ps_wipe(&c, sizeof c);
}

/* An entry of a table is 15 words, read in four parts of which the last two
 * overlap. */
enum { ENTRY = sizeof(ge_affine) / sizeof(uint64_t) };

FOUR_INLINE ps_quad read_part(const uint64_t *word)
{
    ps_quad r;

    memcpy(&r, word, sizeof r);
    return r;
}

/* row[|digit| - 1] with the digit's sign, prepared. */
FOUR_INLINE fe4 look_up_affine(const uint64_t *row, int8_t digit)
{
    const choice of = choose(digit);
    const ps_quad zero = quad_set(0), one = quad_set(1);
    /* Words 0, 5 and 10 are y + x, y - x and 2d xy. */
    ps_quad w0 = one & quad_equal(of.size, zero), w4 = w0, w8 = zero;
    ps_quad w11 = zero, k = zero;
    uint64_t word[ENTRY];
    fe4 r;

    w0 &= (ps_quad){1, 0, 0, 0};
    w4 &= (ps_quad){0, 1, 0, 0};
    for (int j = 0; j < PS_TABLE_WIDTH; j++, row += ENTRY) {
        ps_quad mask;

        k += one;
        mask = quad_equal(of.size, k);
        w0 = quad_choose(w0, read_part(row), mask);
        w4 = quad_choose(w4, read_part(row + 4), mask);
        w8 = quad_choose(w8, read_part(row + 8), mask);
        w11 = quad_choose(w11, read_part(row + 11), mask);
    }
    memcpy(word, &w0, sizeof w0);
    memcpy(word + 4, &w4, sizeof w4);
    memcpy(word + 8, &w8, sizeof w8);
    memcpy(word + 11, &w11, sizeof w11);
#define STEP(i) \
    r.v[i] = (ps_quad){word[i], i == 0 ? 2 : 0, word[10 + i], word[5 + i]};
    FE4_EACH(STEP)
#undef STEP
    return negate_if(r, of.negative);
}

/* The sums over the odd digits and over the even ones go side by side. */
FOUR_TARGET
void ps_ge4_table_mul(ps_ristretto255 *p, const ps_scalar *s,
                      const ps_ristretto255_table *table)
{
    const uint64_t *row = table->word;
    fe4 odd = identity(0), even = odd;
    int8_t digit[64];

    ps_digits(digit, s);
    for (size_t i = 0; i < PS_TABLE_ROWS; i++) {
        fe4 c = look_up_affine(row, digit[2 * i + 1]);

        odd = plus(odd, c, i + 1 < PS_TABLE_ROWS ? WHOLE : HALVED);
        c = look_up_affine(row, digit[2 * i]);
        even = plus(even, c, WHOLE);
        row += PS_TABLE_WIDTH * ENTRY;
    }
    odd = sixteen_times(odd);
    prepare_into(&even, &even);
    store(p, plus(odd, even, WHOLE));
    ps_wipe(digit, sizeof digit);
    ps_wipe(&odd, sizeof odd);
    ps_wipe(&even, sizeof even);
}
#endif
