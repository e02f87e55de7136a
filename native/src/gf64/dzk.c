/* The kernels of the proofs about bits: extension, sums, folding. */
#include "gf64.h"

#include <string.h>

#include "../backend/backend.h"
#include "../ct.h"

/* The last two variables at once: four corners, nine points. */
static inline void last_two(ps_limb *out, const ps_limb *a)
{
    const ps_limb s0 = a[0] ^ a[2], s1 = a[1] ^ a[3];

    out[0] = a[0];
    out[1] = a[1];
    out[2] = a[0] ^ a[1];
    out[3] = a[2];
    out[4] = a[3];
    out[5] = a[2] ^ a[3];
    out[6] = s0;
    out[7] = s1;
    out[8] = s0 ^ s1;
}

/* Two arrays in turn. Step by step the highest variable that is still a bit
 * becomes a digit: done * 2^left entries become done * 3 * 2^(left - 1), and
 * its digit stays above those of the rest. */
void ps_gf64_extend(ps_limb *out, const ps_limb *a, size_t variables,
                    ps_limb *scratch)
{
    const ps_limb *from = a;
    size_t done = 1;

    for (size_t left = variables - 1; left >= 2; left--) {
        size_t half = (size_t)1 << left;
        ps_limb *to = left % 2 == 0 ? scratch : out;

        for (size_t d = 0; d < done; d++) {
            const ps_limb *low = from + 2 * half * d;
            ps_limb *into = to + 3 * half * d;
            for (size_t i = 0; i < half; i++) {
                into[i] = low[i];
                into[half + i] = low[half + i];
                into[2 * half + i] = low[i] ^ low[half + i];
            }
        }
        from = to;
        done *= 3;
    }
    for (size_t d = 0; d < done; d++) {
        last_two(out + 9 * d, from + 4 * d);
    }
}

void ps_dzk_bits(ps_limb *out, const ps_limb *x0, const ps_limb *x1,
                 const ps_limb *y0, const ps_limb *y1, const ps_limb *beta,
                 size_t blocks, const ps_backend *backend, ps_limb *scratch)
{
    const ps_gf64_backend *field = ps_gf64_of(backend);
    const ps_limb *in[4] = {x0, x1, y0, y1};
    ps_limb *sums = scratch, *other = scratch + 2 * GF64_ROOM;
    ps_limb *wide = scratch + 3 * GF64_ROOM;

    memset(scratch, 0, PS_DZK_SCRATCH * sizeof *scratch);
    for (size_t b = 0; b < blocks; b++) {
        for (size_t k = 0; k < 4; k++) {
            ps_gf64_extend(wide + k * GF64_ROOM, in[k] + PS_DZK_WORDS * b, 6,
                           other);
        }
        field->gather(sums, wide, wide + GF64_ROOM, wide + 2 * GF64_ROOM,
                      wide + 3 * GF64_ROOM, beta[b]);
    }
    for (size_t p = 0; p < PS_DZK_POINTS; p++) {
        gf64_wide sum = {sums[p], sums[GF64_ROOM + p]};
        out[p] = gf64_reduce(sum);
    }
    ps_wipe(scratch, PS_DZK_SCRATCH * sizeof *scratch);
}

/* weights[j] = beta X^j: the top bit comes back as X^4 + X^3 + X + 1. */
static void powers(ps_limb *weights, ps_limb beta)
{
    for (size_t j = 0; j < 64; j++) {
        weights[j] = beta;
        beta = (beta << 1) ^ (0x1b & ct_mask(beta >> 63));
    }
}

void ps_dzk_spread(ps_limb *out, const ps_limb *words, const ps_limb *eq,
                   const ps_limb *beta, size_t blocks,
                   const ps_backend *backend)
{
    const ps_gf64_backend *field = ps_gf64_of(backend);
    ps_limb weights[64];

    for (size_t b = 0; b < blocks; b++) {
        field->spread(out + 64 * b, words + PS_DZK_WORDS * b, eq);
        if (beta != NULL) {
            powers(weights, beta[b]);
            field->mul(out + 64 * b, out + 64 * b, weights, 64);
        }
    }
}

ps_limb ps_dzk_weigh(const ps_limb *words, const ps_limb *eq,
                     const ps_limb *beta, size_t blocks,
                     const ps_backend *backend)
{
    const ps_gf64_backend *field = ps_gf64_of(backend);
    ps_limb sum = 0;

    for (size_t b = 0; b < blocks; b++) {
        ps_limb part = field->dot(words + PS_DZK_WORDS * b, eq, PS_DZK_WORDS);
        sum ^= field->dot(&part, beta + b, 1);
    }
    return sum;
}

void ps_dzk_products(ps_limb *out, const ps_limb *u, const ps_limb *v,
                     size_t n, const ps_backend *backend)
{
    ps_gf64_of(backend)->products(out, u, v, n);
}

void ps_dzk_fold(ps_limb *out, const ps_limb *u, const ps_limb *eq, size_t n,
                 const ps_backend *backend)
{
    ps_gf64_of(backend)->fold(out, u, eq, n);
}
