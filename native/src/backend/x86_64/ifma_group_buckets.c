/* Sums of many public multiples, a window of the scalars in each lane.
 *
 * Source     Pippenger, 1976, as Bernstein et al., INDOCRYPT 2012, section 4,
 *            state it
 *
 * All eight lanes add the same element, each to a bucket of its own window, so
 * that no two of them ever meet in one bucket. Buckets lie in rows of 20 words,
 * which go into lanes and back by transposing. Eight windows are one pass.
 */
#include "ifma_group.h"
#include "ifma_point.h"

#if defined(PS_HAVE_LANES)

#include "../../ristretto255/constant.h"

/* Words of a point with Z = 1 in a row, and of a scalar with 2^(w - 1) added
 * to each of its windows. */
enum { POINT = 16, SCALAR = 6 };

/* The most passes, of the smallest window. */
enum { PASSES = 5 };

/* Where everything lies. */
typedef struct {
    size_t window, passes, rows; /* passes <= PASSES */
    uint64_t *bucket;        /* rows of each lane, bucket 0 unused */
    uint64_t *point;         /* POINT words each */
    uint64_t *scalar;        /* SCALAR words each */
    ps_lanes *before;        /* products of Z, while Z become 1 */
} work;

static size_t window_of(size_t count)
{
    return count < 400 ? 7 : 8;
}

static size_t rows_of(size_t window)
{
    return ((size_t)1 << (window - 1)) + 1;
}

size_t ps_ge8_buckets_limbs(size_t count)
{
    size_t vectors = (count + LANES - 1) / LANES;

    return LANES * rows_of(window_of(count)) * GE8_WORDS
         + vectors * LANES * (POINT + SCALAR + 5) + LANES;
}

static void place(work *w, size_t count, ps_limb *scratch)
{
    size_t vectors = (count + LANES - 1) / LANES;

    w->window = window_of(count);
    /* A window more than 253 bits need, for the carry. */
    w->passes = (254 + LANES * w->window - 1) / (LANES * w->window);
    PS_CHECK(w->passes <= PASSES);
    w->rows = rows_of(w->window);
    w->before = (ps_lanes *)(((uintptr_t)scratch + 63) / 64 * 64);
    w->point = (uint64_t *)(void *)(w->before + 5 * vectors);
    w->bucket = w->point + vectors * LANES * POINT;
    w->scalar = w->bucket + LANES * w->rows * GE8_WORDS;
}

/* s + 2^(w - 1) (1 + 2^w + 2^2w + ...): the digits, each with 2^(w - 1) added,
 * are its windows. */
static void write_scalar(const work *w, uint64_t *r, const ps_scalar *s)
{
    const size_t window = w->window, bits = LANES * window * w->passes;
    uint64_t offset[SCALAR] = {0};
    ps_wide sum = 0;

    for (size_t bit = window - 1; bit < bits; bit += window) {
        offset[bit / 64] |= (uint64_t)1 << bit % 64;
    }
    for (size_t j = 0; j < SCALAR; j++) {
        sum += (ps_wide)offset[j] + (j < 4 ? s->limb[j] : 0);
        r[j] = (uint64_t)sum;
        sum >>= 64;
    }
}

/* x = X / Z, y = Y / Z as minus, plus, t2d; rows of points. */
LANES_TARGET
static void write_points(uint64_t *row, const fe8 *x, const fe8 *y)
{
    ps_lanes v[POINT];
    fe8 t, d;

    fe8_set(&d, &fe_2d);
    fe8_sub(&t, y, x);
    memcpy(v, &t, sizeof t);
    fe8_add(&t, y, x);
    memcpy(v + 5, &t, sizeof t);
    fe8_mul(&t, x, y);
    fe8_mul(&t, &t, &d);
    memcpy(v + 10, &t, sizeof t);
    v[15] = lanes_set(0);
    lanes_transpose(v);
    lanes_transpose(v + LANES);
    for (size_t lane = 0; lane < LANES; lane++) {
        memcpy(row + POINT * lane, &v[lane], sizeof *v);
        memcpy(row + POINT * lane + LANES, &v[LANES + lane], sizeof *v);
    }
}

static int all_affine(const ps_ristretto255 *a, size_t count)
{
    uint64_t other = 0;

    for (size_t i = 0; i < count; i++) {
        other |= (a[i].z[0] ^ 1) | a[i].z[1] | a[i].z[2] | a[i].z[3]
               | a[i].z[4];
    }
    return other == 0;
}

/* All elements with Z = 1. */
LANES_TARGET
static void read_points(work *w, const ps_ristretto255 *a, size_t count)
{
    const int affine = all_affine(a, count);
    size_t vectors = (count + LANES - 1) / LANES;
    ge8_extended e;
    fe8 all, z_inv, x, y;

    fe8_set(&all, &fe_one);
    for (size_t i = 0; i < vectors && !affine; i++) {
        size_t left = count - LANES * i;

        ps_ge8_load(&e, a + LANES * i, left < LANES ? left : LANES);
        memcpy(w->before + 5 * i, &all, sizeof all);
        fe8_mul(&all, &all, &e.z);
    }
    if (!affine) {
        ps_fe8_invert(&all, &all);
    }
    for (size_t i = vectors; i-- > 0;) {
        size_t left = count - LANES * i;

        ps_ge8_load(&e, a + LANES * i, left < LANES ? left : LANES);
        x = e.x;
        y = e.y;
        if (!affine) {
            memcpy(&z_inv, w->before + 5 * i, sizeof z_inv);
            fe8_mul(&z_inv, &z_inv, &all);
            fe8_mul(&all, &all, &e.z);
            fe8_mul(&x, &x, &z_inv);
            fe8_mul(&y, &y, &z_inv);
        }
        write_points(w->point + LANES * POINT * i, &x, &y);
    }
}

/* The parts of a row: eight words, eight words, and the last four with four
 * that were there before. */
static const size_t part[3] = {0, 8, 12};

LANES_TARGET
static void load_rows(ge8 *r, uint64_t *const *row)
{
    ps_lanes *v = (ps_lanes *)(void *)r;

    for (size_t k = 0; k < 3; k++) {
        ps_lanes u[LANES];

        LANES_UNROLL
        for (size_t lane = 0; lane < LANES; lane++) {
            memcpy(&u[lane], row[lane] + part[k], sizeof *u);
        }
        lanes_transpose(u);
        memcpy(v + part[k], u, sizeof u);
    }
}

LANES_TARGET
static void store_rows(uint64_t *const *row, const ge8 *a)
{
    const ps_lanes *v = (const ps_lanes *)(const void *)a;

    for (size_t k = 0; k < 3; k++) {
        ps_lanes u[LANES];

        memcpy(u, v + part[k], sizeof u);
        lanes_transpose(u);
        LANES_UNROLL
        for (size_t lane = 0; lane < LANES; lane++) {
            memcpy(row[lane] + part[k], &u[lane], sizeof *u);
        }
    }
}

/* The windows of a pass, one a lane: 8 w bits from a whole byte on. */
LANES_TARGET
static ps_lanes windows(const work *w, const uint64_t *scalar, size_t pass)
{
    const ps_lanes lane = {0, 1, 2, 3, 4, 5, 6, 7};
    uint64_t bits;

    memcpy(&bits, (const uint8_t *)scalar + pass * w->window, sizeof bits);
    return (lanes_set(bits) >> (lane * lanes_set(w->window)))
         & lanes_set(((uint64_t)1 << w->window) - 1);
}

/* Each lane's bucket += its digit's sign times the point. */
LANES_TARGET
static void drop(const work *w, size_t pass, size_t i)
{
    const ps_lanes digit = windows(w, w->scalar + SCALAR * i, pass)
                         - lanes_set((uint64_t)1 << (w->window - 1));
    const lanes_mask negative = lanes_is_negative(digit);
    const ps_lanes size = lanes_select(negative, lanes_set(0) - digit, digit);
    const uint64_t *point = w->point + POINT * i;
    uint64_t *row[LANES];
    ge8_affine b;
    ge8 sum;
    fe8 minus;

    for (size_t lane = 0; lane < LANES; lane++) {
        row[lane] = w->bucket + (lane * w->rows + size[lane]) * GE8_WORDS;
    }
    for (size_t k = 0; k < 5; k++) {
        ps_lanes x = lanes_set(point[k]), y = lanes_set(point[k + 5]);

        b.minus.v[k] = lanes_select(negative, y, x);
        b.plus.v[k] = lanes_select(negative, x, y);
        b.t2d.v[k] = lanes_set(point[k + 10]);
    }
    fe8_minus(&minus, &b.t2d);
    fe8_take(&b.t2d, negative, &minus, &b.t2d);
    load_rows(&sum, row);
    ps_ge8_add_affine(&sum, &sum, &b);
    store_rows(row, &sum);
}

static void clear(const work *w)
{
    for (size_t i = 0; i < LANES * w->rows; i++) {
        uint64_t *row = w->bucket + i * GE8_WORDS;

        memset(row, 0, GE8_WORDS * sizeof *row);
        row[0] = row[5] = row[10] = 1;
    }
}

/* r = the sum of i times bucket i, in each lane. */
LANES_TARGET
static void empty(ge8 *r, const work *w)
{
    uint64_t *row[LANES];
    ge8_cached c;
    ge8 x, running;

    ps_ge8_identity(r);
    ps_ge8_identity(&running);
    for (size_t i = w->rows; --i > 0;) {
        for (size_t lane = 0; lane < LANES; lane++) {
            row[lane] = w->bucket + (lane * w->rows + i) * GE8_WORDS;
        }
        load_rows(&x, row);
        ps_ge8_cache(&c, &x);
        ps_ge8_add(&running, &running, &c);
        ps_ge8_cache(&c, &running);
        ps_ge8_add(r, r, &c);
    }
}

void ps_ge8_buckets(ps_ristretto255 *p, const ps_scalar *s,
                    const ps_ristretto255 *a, size_t count, ps_limb *scratch)
{
    ps_ristretto255 window[LANES * PASSES];
    ge8_extended outside;
    work w;
    ge8 sum;

    place(&w, count, scratch);
    read_points(&w, a, count);
    for (size_t i = 0; i < count; i++) {
        write_scalar(&w, w.scalar + SCALAR * i, &s[i]);
    }
    for (size_t pass = w.passes; pass-- > 0;) {
        clear(&w);
        for (size_t i = 0; i < count; i++) {
            drop(&w, pass, i);
        }
        empty(&sum, &w);
        ps_ge8_leave(&outside, &sum);
        ps_ge8_store(window + LANES * pass, &outside, LANES);
    }
    ps_ge4_horner(p, window, LANES * w.passes, (int)w.window);
}
#endif
