/* Arithmetic of GF(2^64) for the files that share it, and its backend. */
#ifndef PRIVSHARE_GF64_H
#define PRIVSHARE_GF64_H

#include "privshare/ps_dzk.h"
#include "privshare/ps_gf64.h"

/* A product before its reduction: 127 bits. */
typedef struct {
    ps_limb low;
    ps_limb high;
} gf64_wide;

/* The loops that a fast path replaces. Contracts as in the headers; `u` and
 * `v` of `gather` are one block, extended, and `sums` has two rows of
 * GF64_ROOM limbs: low and high halves that are not reduced. */
typedef struct ps_gf64_backend {
    void (*mul)(ps_limb *out, const ps_limb *a, const ps_limb *b,
                size_t count);
    ps_limb (*dot)(const ps_limb *a, const ps_limb *b, size_t count);
    /* sums += beta * (x0 & y1 ^ y0 & x1), in each of GF64_ROOM places. */
    void (*gather)(ps_limb *sums, const ps_limb *x0, const ps_limb *x1,
                   const ps_limb *y0, const ps_limb *y1, ps_limb beta);
    /* One block of ps_dzk_spread without beta. */
    void (*spread)(ps_limb *out, const ps_limb *words, const ps_limb *eq);
    /* ps_dzk_products and ps_dzk_fold. */
    void (*products)(ps_limb *out, const ps_limb *u, const ps_limb *v,
                     size_t n);
    void (*fold)(ps_limb *out, const ps_limb *u, const ps_limb *eq, size_t n);
} ps_gf64_backend;

/* PS_DZK_POINTS rounded up to vectors of eight. */
enum { GF64_ROOM = 736 };

extern const ps_gf64_backend ps_gf64_portable;

const ps_gf64_backend *ps_gf64_of(const ps_backend *backend);

/* X^64 = X^4 + X^3 + X + 1, twice: the first time up to X^66 remains. */
static inline ps_limb gf64_reduce(gf64_wide x)
{
    ps_limb h = x.high;
    ps_limb over = (h >> 60) ^ (h >> 61) ^ (h >> 63);

    h ^= over;
    return x.low ^ h ^ (h << 1) ^ (h << 3) ^ (h << 4);
}

/* All 3^variables points of a cube from its 2^variables corners `a`, for
 * three variables or more; `out` and `scratch` have room for the points, and
 * none of the three overlap. */
void ps_gf64_extend(ps_limb *out, const ps_limb *a, size_t variables,
                    ps_limb *scratch);

#endif
