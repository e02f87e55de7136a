/* Products of shares modulo 2^128. */
#include "privshare/ps_wide.h"


typedef struct {
    ps_limb low;
    ps_limb high;
} wide;

/* The high half is what fits: the rest is a multiple of 2^128. */
static inline wide product(wide a, wide b)
{
    const ps_limb mask = 0xffffffff;
    ps_limb a0 = a.low & mask, a1 = a.low >> 32;
    ps_limb b0 = b.low & mask, b1 = b.low >> 32;
    ps_limb t = a0 * b0;
    ps_limb u = a1 * b0 + (t >> 32);
    ps_limb v = a0 * b1 + (u & mask);
    wide z;

    z.low = a.low * b.low;
    z.high = a1 * b1 + (u >> 32) + (v >> 32) + a.low * b.high
           + a.high * b.low;
    return z;
}

static inline wide plus(wide a, wide b)
{
    wide z;

    z.low = a.low + b.low;
    z.high = a.high + b.high + (z.low < a.low);
    return z;
}

static inline wide at(const ps_limb *p, size_t i)
{
    wide z = {p[2 * i], p[2 * i + 1]};
    return z;
}

static inline wide cross(wide x0, wide x1, wide y0, wide y1)
{
    return plus(product(x0, plus(y0, y1)), product(x1, y0));
}

void ps_wide_cross(ps_limb *out, const ps_limb *x0, const ps_limb *x1,
                   const ps_limb *y0, const ps_limb *y1, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        wide z = cross(at(x0, i), at(x1, i), at(y0, i), at(y1, i));
        out[2 * i] = z.low;
        out[2 * i + 1] = z.high;
    }
}

void ps_wide_dot(ps_limb *out, const ps_limb *x0, const ps_limb *x1,
                 const ps_limb *y0, const ps_limb *y1, size_t rows,
                 size_t count)
{
    for (size_t k = 0; k < rows; k++) {
        wide sum = {0, 0};
        for (size_t i = k * count; i < (k + 1) * count; i++) {
            sum = plus(sum, cross(at(x0, i), at(x1, i), at(y0, i), at(y1, i)));
        }
        out[2 * k] = sum.low;
        out[2 * k + 1] = sum.high;
    }
}
