/* Products and sums of shares modulo 2^128 and 2^192. */
#include "privshare/ps_wide.h"

__extension__ typedef unsigned __int128 two_limbs;

/* Of elements of two limbs the third one does not matter. */
typedef struct {
    ps_limb v[3];
} wide;

static inline wide load(const ps_limb *p, size_t i, size_t limbs)
{
    wide z = {{p[limbs * i], p[limbs * i + 1], 0}};

    if (limbs == 3) {
        z.v[2] = p[3 * i + 2];
    }
    return z;
}

static inline void store(ps_limb *p, size_t i, size_t limbs, wide z)
{
    p[limbs * i] = z.v[0];
    p[limbs * i + 1] = z.v[1];
    if (limbs == 3) {
        p[3 * i + 2] = z.v[2];
    }
}

static inline wide plus(wide a, wide b)
{
    two_limbs low = (two_limbs)a.v[0] + b.v[0];
    two_limbs middle = (two_limbs)a.v[1] + b.v[1] + (ps_limb)(low >> 64);
    wide z = {{(ps_limb)low, (ps_limb)middle,
               a.v[2] + b.v[2] + (ps_limb)(middle >> 64)}};

    return z;
}

/* a + (2^192 - 1 - b) + 1. */
static inline wide minus(wide a, wide b)
{
    wide not_b = {{~b.v[0], ~b.v[1], ~b.v[2]}}, one = {{1, 0, 0}};

    return plus(plus(a, not_b), one);
}

/* What is above the third limb is a multiple of 2^192. */
static inline wide times(wide a, wide b)
{
    two_limbs t = (two_limbs)a.v[0] * b.v[0];
    two_limbs u = (two_limbs)a.v[0] * b.v[1] + (ps_limb)(t >> 64);
    two_limbs w = (two_limbs)a.v[1] * b.v[0] + (ps_limb)u;
    wide z = {{(ps_limb)t, (ps_limb)w,
               (ps_limb)(u >> 64) + (ps_limb)(w >> 64) + a.v[0] * b.v[2]
                   + a.v[1] * b.v[1] + a.v[2] * b.v[0]}};

    return z;
}

static inline wide cross(const ps_limb *x0, const ps_limb *x1,
                         const ps_limb *y0, const ps_limb *y1, size_t i,
                         size_t limbs)
{
    wide y = load(y0, i, limbs);
    wide both = plus(y, load(y1, i, limbs));

    return plus(times(load(x0, i, limbs), both),
                times(load(x1, i, limbs), y));
}

/* With a constant in place of limbs the compiler leaves no branch inside. */
static inline void cross_each(ps_limb *out, const ps_limb *x0,
                              const ps_limb *x1, const ps_limb *y0,
                              const ps_limb *y1, size_t count, size_t limbs)
{
    for (size_t i = 0; i < count; i++) {
        store(out, i, limbs, cross(x0, x1, y0, y1, i, limbs));
    }
}

static inline void dot_each(ps_limb *out, const ps_limb *x0,
                            const ps_limb *x1, const ps_limb *y0,
                            const ps_limb *y1, size_t rows, size_t count,
                            size_t limbs)
{
    for (size_t k = 0; k < rows; k++) {
        wide sum = {{0, 0, 0}};

        for (size_t i = k * count; i < (k + 1) * count; i++) {
            sum = plus(sum, cross(x0, x1, y0, y1, i, limbs));
        }
        store(out, k, limbs, sum);
    }
}

void ps_wide_cross(ps_limb *out, const ps_limb *x0, const ps_limb *x1,
                   const ps_limb *y0, const ps_limb *y1, size_t count,
                   size_t limbs)
{
    if (limbs == 2) {
        cross_each(out, x0, x1, y0, y1, count, 2);
    } else {
        cross_each(out, x0, x1, y0, y1, count, 3);
    }
}

void ps_wide_dot(ps_limb *out, const ps_limb *x0, const ps_limb *x1,
                 const ps_limb *y0, const ps_limb *y1, size_t rows,
                 size_t count, size_t limbs)
{
    if (limbs == 2) {
        dot_each(out, x0, x1, y0, y1, rows, count, 2);
    } else {
        dot_each(out, x0, x1, y0, y1, rows, count, 3);
    }
}

void ps_wide_add(ps_limb *out, const ps_limb *a, const ps_limb *b,
                 size_t count, size_t limbs)
{
    for (size_t i = 0; i < count; i++) {
        store(out, i, limbs, plus(load(a, i, limbs), load(b, i, limbs)));
    }
}

void ps_wide_sub(ps_limb *out, const ps_limb *a, const ps_limb *b,
                 size_t count, size_t limbs)
{
    for (size_t i = 0; i < count; i++) {
        store(out, i, limbs, minus(load(a, i, limbs), load(b, i, limbs)));
    }
}

void ps_wide_mul(ps_limb *out, const ps_limb *a, const ps_limb *b,
                 size_t count, size_t limbs)
{
    for (size_t i = 0; i < count; i++) {
        store(out, i, limbs, times(load(a, i, limbs), load(b, i, limbs)));
    }
}

void ps_wide_sum(ps_limb *out, const ps_limb *a, size_t outer, size_t inner,
                 size_t tail, size_t limbs)
{
    for (size_t i = 0; i < outer * tail * limbs; i++) {
        out[i] = 0;
    }
    for (size_t i = 0; i < outer; i++) {
        ps_limb *to = out + i * tail * limbs;

        for (size_t k = 0; k < inner; k++) {
            ps_wide_add(to, to, a + (i * inner + k) * tail * limbs, tail,
                        limbs);
        }
    }
}
