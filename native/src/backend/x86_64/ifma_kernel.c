/* Montgomery multiplication of eight numbers at a time.
 *
 * Product scanning in tiles of 5 by 5 limbs: 5 columns are finished at a time,
 * and the 18 sums that a tile adds to stay in registers. Each limb product is
 * two instructions, its low and its high half, and nothing else happens in
 * the inner loop: 92 to 99 % of what the multipliers can do on Zen 5.
 *
 * Bounds     a column gathers at most 8 * 120 halves below 2^52, a factor 2
 *            and carries: below 2^63.
 */
#include "lanes.h"

#if defined(PS_HAVE_LANES)

#define TILE 5
#define COLUMNS 9      /* of a tile: 2 * TILE - 1 */

/* Sums of a tile: low[k] belongs to column k, high[k] to column k + 1. */
typedef struct {
    ps_lanes low[COLUMNS];
    ps_lanes high[COLUMNS];
} tile_sums;

/* What a reduction reads and writes. Which parts are used is known when it is
 * compiled, since each caller writes its `kind` as a constant. */
typedef struct {
    ps_lanes *r;
    const ps_lanes *a, *b, *c, *d;
    const lanes_modulus *m;
    ps_lanes *q;             /* the quotient's digits, kept */
    const ps_lanes *minus;   /* subtracted from the first columns */
    const ps_lanes *plus;    /* added to all columns, or to the first h */
    int plus_first;
} task;

enum kind {
    NOTHING = 0,             /* but what `plus` and `minus` say */
    PRODUCT = 1,             /* a b */
    SQUARE = 2,              /* a a */
    TWO_PRODUCTS = 3         /* a b + c d */
};

#define EACH5(DO) DO(0) DO(1) DO(2) DO(3) DO(4)
#define EACH9(DO) EACH5(DO) DO(5) DO(6) DO(7) DO(8)

/* sums += x * y, where column k of the tile is i + j. */
#define MAC(s, k, x, y)                          \
    (s)->low[k] = lanes_low((s)->low[k], x, y);  \
    (s)->high[k] = lanes_high((s)->high[k], x, y);

LANES_INLINE void clear(tile_sums *s)
{
    const ps_lanes zero = lanes_set(0);
#define CLEAR(k) s->low[k] = zero; s->high[k] = zero;
    EACH9(CLEAR)
#undef CLEAR
}

LANES_INLINE void tile(tile_sums *s, const ps_lanes *a, const ps_lanes *b)
{
    const ps_lanes a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4];
    ps_lanes y;
#define ROW(j)            \
    y = b[j];             \
    MAC(s, 0 + (j), a0, y) \
    MAC(s, 1 + (j), a1, y) \
    MAC(s, 2 + (j), a2, y) \
    MAC(s, 3 + (j), a3, y) \
    MAC(s, 4 + (j), a4, y)
    EACH5(ROW)
#undef ROW
}

LANES_INLINE void twice(tile_sums *s)
{
#define TWICE(k) s->low[k] += s->low[k]; s->high[k] += s->high[k];
    EACH9(TWICE)
#undef TWICE
}

/* The tile on the diagonal of a square: x_i x_j for i < j, to be doubled, */
LANES_INLINE void diagonal_pairs(tile_sums *s, const ps_lanes *a)
{
    const ps_lanes a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4];

    MAC(s, 1, a0, a1)
    MAC(s, 2, a0, a2)
    MAC(s, 3, a0, a3)
    MAC(s, 4, a0, a4)
    MAC(s, 3, a1, a2)
    MAC(s, 4, a1, a3)
    MAC(s, 5, a1, a4)
    MAC(s, 5, a2, a3)
    MAC(s, 6, a2, a4)
    MAC(s, 7, a3, a4)
}

/* and x_i^2. */
LANES_INLINE void diagonal_squares(tile_sums *s, const ps_lanes *a)
{
#define SQUARE(i) MAC(s, 2 * (i), a[i], a[i])
    EACH5(SQUARE)
#undef SQUARE
}

/* Tiles first to last of a b, those on one diagonal: i + j = column. */
LANES_INLINE void tiles(tile_sums *s, const ps_lanes *a, const ps_lanes *b,
                        size_t column, size_t first, size_t end)
{
    for (size_t i = first; i < end; i += TILE) {
        tile(s, a + i, b + (column - i));
    }
}

LANES_INLINE void square_tiles(tile_sums *s, const ps_lanes *a, size_t column,
                               size_t first, size_t end)
{
    size_t i = first;

    for (; 2 * i < column; i += TILE) {
        tile(s, a + i, a + (column - i));
    }
    int on_diagonal = 2 * i == column && i < end;
    if (on_diagonal) {
        diagonal_pairs(s, a + i);
    }
    twice(s);
    if (on_diagonal) {
        diagonal_squares(s, a + i);
    }
}

/* Five quotient digits and the five columns that they make zero. The digits
 * add to the columns above as they become known. */
LANES_INLINE ps_lanes finish_low(tile_sums *s, ps_lanes carry, ps_lanes *q,
                                 const ps_lanes *m, ps_lanes neg_inv)
{
    const ps_lanes zero = lanes_set(0);
    ps_lanes column, digit;

#define DIGIT(k)                                          \
    column = s->low[k] + carry;                           \
    if ((k) != 0) {                                       \
        column += s->high[(k) == 0 ? 0 : (k) - 1];        \
    }                                                     \
    digit = lanes_low(zero, column, neg_inv);             \
    q[k] = digit;                                         \
    column = lanes_low(column, digit, m[0]);              \
    carry = column >> LANES_BITS;                         \
    s->high[k] = lanes_high(s->high[k], digit, m[0]);     \
    MAC(s, (k) + 1, digit, m[1])                          \
    MAC(s, (k) + 2, digit, m[2])                          \
    MAC(s, (k) + 3, digit, m[3])                          \
    MAC(s, (k) + 4, digit, m[4])
    EACH5(DIGIT)
#undef DIGIT
    return carry;
}

LANES_INLINE ps_lanes finish_high(const tile_sums *s, ps_lanes carry,
                                  ps_lanes *r)
{
    const ps_lanes digit = lanes_set(LANES_DIGIT);
    ps_lanes column;

#define COLUMN(k)                                         \
    column = s->low[k] + carry;                           \
    if ((k) != 0) {                                       \
        column += s->high[(k) == 0 ? 0 : (k) - 1];        \
    }                                                     \
    r[k] = column & digit;                                \
    carry = column >> LANES_BITS;
    EACH5(COLUMN)
#undef COLUMN
    return carry;
}

/* What a tile adds to the five columns above its own. */
LANES_INLINE void carry_up(ps_lanes *up, const tile_sums *s)
{
    up[0] = s->low[5] + s->high[4];
    up[1] = s->low[6] + s->high[5];
    up[2] = s->low[7] + s->high[6];
    up[3] = s->low[8] + s->high[7];
    up[4] = s->high[8];
}

/* r = (X + plus - minus) / R mod m, below (X + plus) / R + m + 2, where X is
 * what `kind` says.
 *
 * `minus` is subtracted digit by digit from m's multiple `gap`. h is written
 * as a constant by each caller. */
LANES_INLINE void reduce(const enum kind kind, const size_t h, const task *t)
{
    const lanes_modulus *m = t->m;
    ps_lanes carry = lanes_set(0);
    ps_lanes up[TILE] = {carry, carry, carry, carry, carry};

    for (size_t column = 0; column < 2 * h; column += TILE) {
        size_t first = column < h ? 0 : column - h + TILE;
        size_t end = column < h ? column + TILE : h;
        tile_sums s;

        clear(&s);
        if (kind == SQUARE) {
            square_tiles(&s, t->a, column, first, end);
        } else if (kind != NOTHING) {
            tiles(&s, t->a, t->b, column, first, end);
        }
        if (kind == TWO_PRODUCTS) {
            tiles(&s, t->c, t->d, column, first, end);
        }
        /* Quotient digits known so far; the last tile of the lower half is
         * finish_low's. */
        tiles(&s, t->q, m->m, column, first, column < h ? column : h);
#define UP(k) s.low[k] += up[k];
        EACH5(UP)
#undef UP
        if (t->plus != NULL && (column < h || !t->plus_first)) {
#define PLUS(k) s.low[k] += t->plus[column + (k)];
            EACH5(PLUS)
#undef PLUS
        }
        if (column < h) {
            if (t->minus != NULL) {
#define MINUS(k) s.low[k] += m->gap[column + (k)] - t->minus[column + (k)];
                EACH5(MINUS)
#undef MINUS
            }
            carry = finish_low(&s, carry, t->q + column, m->m, m->neg_inv);
        } else {
            carry = finish_high(&s, carry, t->r + (column - h));
        }
        carry_up(up, &s);
    }
}

/* Columns `from` to `to` - 1 of a * b + plus, without the tiles of a * b below
 * and what they carry over. Both are multiples of TILE; plus has h limbs, or is
 * NULL. */
LANES_INLINE void product(const size_t h, ps_lanes *r, const ps_lanes *a,
                          const ps_lanes *b, const ps_lanes *plus,
                          const size_t from, const size_t to)
{
    ps_lanes carry = lanes_set(0);
    ps_lanes up[TILE] = {carry, carry, carry, carry, carry};

    for (size_t column = from; column < to; column += TILE) {
        size_t first = column < h ? 0 : column - h + TILE;
        size_t end = column < h ? column + TILE : h;
        tile_sums s;

        clear(&s);
        tiles(&s, a, b, column, first, end);
#define UP(k) s.low[k] += up[k];
        EACH5(UP)
#undef UP
        if (plus != NULL && column < h) {
#define PLUS(k) s.low[k] += plus[column + (k)];
            EACH5(PLUS)
#undef PLUS
        }
        carry = finish_high(&s, carry, r + (column - from));
        carry_up(up, &s);
    }
}

LANES_INLINE void mul(const size_t h, ps_lanes *r, const ps_lanes *a,
                      const ps_lanes *b, const lanes_modulus *m)
{
    reduce(PRODUCT, h, &(task){.r = r, .a = a, .b = b, .m = m,
                               .q = m->quotient});
}

LANES_INLINE void sqr(const size_t h, ps_lanes *r, const ps_lanes *a,
                      const lanes_modulus *m)
{
    reduce(SQUARE, h, &(task){.r = r, .a = a, .m = m, .q = m->quotient});
}

LANES_INLINE void mul_add(const size_t h, ps_lanes *r, const ps_lanes *a,
                          const ps_lanes *b, const ps_lanes *c,
                          const ps_lanes *d, const lanes_modulus *m)
{
    reduce(TWO_PRODUCTS, h, &(task){.r = r, .a = a, .b = b, .c = c, .d = d,
                                    .m = m, .q = m->quotient});
}

/* The equations stand in paillier/dual.h: the quotient of the first half is
 * subtracted from the second. */
LANES_INLINE void dual_mul(const size_t h, ps_lanes *r, const ps_lanes *a,
                           const ps_lanes *b, const lanes_modulus *m)
{
    reduce(PRODUCT, h, &(task){.r = r, .a = a, .b = b, .m = m,
                               .q = m->quotient});
    reduce(TWO_PRODUCTS, h, &(task){.r = r + h, .a = a, .b = b + h,
                                    .c = a + h, .d = b, .m = m,
                                    .q = m->second, .minus = m->quotient});
}

/* 2 a1 stands where the second half of the result will: column h + k reads no
 * limb of it below k + 1 and writes limb k. */
LANES_INLINE void dual_sqr(const size_t h, ps_lanes *r, const ps_lanes *a,
                           const lanes_modulus *m)
{
    const ps_lanes digit = lanes_set(LANES_DIGIT);
    ps_lanes carry = lanes_set(0);
    ps_lanes *twice_a1 = r + h;

    reduce(SQUARE, h, &(task){.r = r, .a = a, .m = m, .q = m->quotient});
    for (size_t i = 0; i < h; i++) {
        carry += a[h + i] + a[h + i];
        twice_a1[i] = carry & digit;
        carry >>= LANES_BITS;
    }
    reduce(PRODUCT, h, &(task){.r = r + h, .a = a, .b = twice_a1, .m = m,
                               .q = m->second, .minus = m->quotient});
}

/* See ps_dual_fold. */
LANES_INLINE void fold(const size_t h, ps_lanes *r, const ps_lanes *x,
                       const lanes_modulus *m)
{
    reduce(NOTHING, h, &(task){.r = r, .m = m, .q = m->quotient, .plus = x});
    reduce(NOTHING, h, &(task){.r = r + h, .m = m, .q = m->second,
                               .minus = m->quotient});
}

/* A pair times (1, 0). */
LANES_INLINE void leave(const size_t h, ps_lanes *r, const ps_lanes *a,
                        const lanes_modulus *m)
{
    reduce(NOTHING, h, &(task){.r = r, .m = m, .q = m->quotient, .plus = a,
                               .plus_first = 1});
    reduce(NOTHING, h, &(task){.r = r + h, .m = m, .q = m->second,
                               .minus = m->quotient, .plus = a + h,
                               .plus_first = 1});
}

LANES_INLINE void rest(const size_t h, ps_lanes *r, const ps_lanes *x,
                       const lanes_modulus *m)
{
    reduce(NOTHING, h, &(task){.r = r, .m = m, .q = m->quotient, .plus = x});
}

#define KERNEL(h)                                                            \
    LANES_TARGET static void mul##h(ps_lanes *r, const ps_lanes *a,          \
                                    const ps_lanes *b,                       \
                                    const lanes_modulus *m)                  \
    {                                                                        \
        mul(h, r, a, b, m);                                                  \
    }                                                     \
    LANES_TARGET static void sqr##h(ps_lanes *r, const ps_lanes *a,          \
                                    const lanes_modulus *m)                  \
    {                                                                        \
        sqr(h, r, a, m);                                                     \
    }                                                     \
    LANES_TARGET static void mul_add##h(                                     \
        ps_lanes *r, const ps_lanes *a, const ps_lanes *b,                   \
        const ps_lanes *c, const ps_lanes *d, const lanes_modulus *m)        \
    {                                                                        \
        mul_add(h, r, a, b, c, d, m);                                        \
    }                                                     \
    LANES_TARGET static void dual_mul##h(ps_lanes *r, const ps_lanes *a,     \
                                         const ps_lanes *b,                  \
                                         const lanes_modulus *m)             \
    {                                                                        \
        dual_mul(h, r, a, b, m);                                             \
    }                                                     \
    LANES_TARGET static void dual_sqr##h(ps_lanes *r, const ps_lanes *a,     \
                                         const lanes_modulus *m)             \
    {                                                                        \
        dual_sqr(h, r, a, m);                                                \
    }                                                     \
    LANES_TARGET static void fold##h(ps_lanes *r, const ps_lanes *x,         \
                                     const lanes_modulus *m)                 \
    {                                                                        \
        fold(h, r, x, m);                                                    \
    }                                                     \
    LANES_TARGET static void leave##h(ps_lanes *r, const ps_lanes *a,        \
                                      const lanes_modulus *m)                \
    {                                                                        \
        leave(h, r, a, m);                                                   \
    }                                                                        \
    LANES_TARGET static void rest##h(ps_lanes *r, const ps_lanes *x,         \
                                     const lanes_modulus *m)                 \
    {                                                                        \
        rest(h, r, x, m);                                                    \
    }                                                     \
    LANES_TARGET static void product##h(ps_lanes *r, const ps_lanes *a,      \
                                        const ps_lanes *b,                   \
                                        const ps_lanes *plus)                \
    {                                                                        \
        product(h, r, a, b, plus, 0, 2 * (h));                               \
    }                                                     \
    static const lanes_kernel kernel##h = {                                  \
        .limbs = (h),                                                        \
        .plain = {.width = (h), .mul = mul##h, .sqr = sqr##h},               \
        .dual = {.width = 2 * (h), .mul = dual_mul##h, .sqr = dual_sqr##h},  \
        .mul_add = mul_add##h,                                               \
        .fold = fold##h,                                                     \
        .leave = leave##h,                                                   \
        .rest = rest##h,                                                     \
    };

KERNEL(20)
KERNEL(30)
KERNEL(40)
KERNEL(60)

/* A tile ends 8 columns above its first: with two more rows of tiles, what is
 * left out is below 2^(52 (h - 4)). */
enum { GUARD = 2 * TILE };

#define LONG(h)                                                              \
    LANES_TARGET static void mul##h(ps_lanes *r, const ps_lanes *a,          \
                                    const ps_lanes *b,                       \
                                    const lanes_modulus *m)                  \
    {                                                                        \
        mul(h, r, a, b, m);                                                  \
    }                                                     \
    LANES_TARGET static void whole##h(ps_lanes *r, const ps_lanes *a,        \
                                      const ps_lanes *b)                     \
    {                                                                        \
        product(h, r, a, b, NULL, 0, 2 * (h));                               \
    }                                                     \
    LANES_TARGET static void upper##h(ps_lanes *r, const ps_lanes *a,        \
                                      const ps_lanes *b)                     \
    {                                                                        \
        product(h, r, a, b, NULL, (h) - GUARD, 2 * (h));                    \
    }                                                     \
    LANES_TARGET static void lower##h(ps_lanes *r, const ps_lanes *a,        \
                                      const ps_lanes *b)                     \
    {                                                                        \
        product(h, r, a, b, NULL, 0, (h));                                   \
    }                                                     \
    static const lanes_long long##h = {                                      \
        .limbs = (h),                                                        \
        .guard = GUARD,                                                      \
        .mul = mul##h,                                                       \
        .whole = whole##h,                                                   \
        .upper = upper##h,                                                   \
        .lower = lower##h,                                                   \
    };

LONG(80)
LONG(120)

void ps_lanes_mul_add(ps_lanes *r, const ps_lanes *x, const ps_lanes *y,
                      const ps_lanes *z, size_t width)
{
    switch (width) {
    case 20: product20(r, x, y, z); break;
    case 30: product30(r, x, y, z); break;
    case 40: product40(r, x, y, z); break;
    default: product60(r, x, y, z);
    }
}

/* 52 h >= 64 limbs + 16: h = 20 from 1024 bits down, 30 from 1536, 40 from
 * 2048, 60 from 3072. */
const lanes_kernel *ps_lanes_kernel_for(size_t limbs)
{
    return limbs <= 16 ? &kernel20 : limbs <= 24 ? &kernel30
         : limbs <= 32 ? &kernel40 : limbs <= 48 ? &kernel60 : NULL;
}

const lanes_long *ps_lanes_long_for(size_t limbs)
{
    return limbs <= 64 ? &long80 : limbs <= 96 ? &long120 : NULL;
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_lanes;
#endif
