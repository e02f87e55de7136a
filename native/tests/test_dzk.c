/* The kernels of the proofs about bits: against their definitions, and a
 * whole fold: what G says at a challenge is what the folded vectors say. */
#include "check.h"
#include "privshare/ps_dzk.h"
#include "privshare/ps_gf64.h"

enum { BLOCKS = 3, WORDS = BLOCKS * PS_DZK_WORDS };

static ps_limb one(ps_limb a, ps_limb b)
{
    ps_limb z;
    ps_gf64_mul(&z, &a, &b, 1, ps_backend_portable());
    return z;
}

/* Weights of the corners of a cube, or of all points of {0,1,inf}: 1 + r, r
 * and r^2 + r for each variable. */
static void weights(ps_limb *out, const ps_limb *r, size_t variables,
                    size_t base)
{
    size_t count = 1;

    out[0] = 1;
    for (size_t j = 0; j < variables; j++) {
        const ps_limb of[3] = {1 ^ r[j], r[j], one(r[j], r[j]) ^ r[j]};
        for (size_t d = base; d-- > 0;) {
            for (size_t i = count; i-- > 0;) {
                out[d * count + i] = one(out[i], of[d]);
            }
        }
        count *= base;
    }
}

static ps_limb bit(ps_limb word, size_t j)
{
    return (word >> j) & 1;
}

static void bits(const ps_backend *backend)
{
    static ps_limb x[4][WORDS], g[PS_DZK_POINTS], w[PS_DZK_POINTS];
    static ps_limb scratch[PS_DZK_SCRATCH], s[4][WORDS];
    ps_limb beta[BLOCKS], r[6], eq[PS_DZK_WORDS], sum;

    edgy(x[0], 4 * WORDS);
    edgy(beta, BLOCKS);
    pseudo_random(r, sizeof r);
    weights(eq, r, 6, 2);
    weights(w, r, 6, 3);
    ps_dzk_bits(g, x[0], x[1], x[2], x[3], beta, BLOCKS, backend, scratch);
    /* At corners G is what the words say. */
    for (size_t c = 0, p = 0; c < PS_DZK_WORDS; c++) {
        ps_limb expected = 0;
        p = 0;
        for (size_t j = 6; j-- > 0;) {
            p = 3 * p + bit(c, j);
        }
        for (size_t b = 0; b < BLOCKS; b++) {
            size_t i = PS_DZK_WORDS * b + c;
            expected ^= one(beta[b], (x[0][i] & x[3][i])
                                     ^ (x[2][i] & x[1][i]));
        }
        CHECK(g[p] == expected);
    }
    for (size_t k = 0; k < 4; k++) {
        ps_dzk_spread(s[k], x[k], eq, k % 2 == 0 ? beta : NULL, BLOCKS,
                      backend);
    }
    for (size_t b = 0; b < BLOCKS; b++) {
        for (size_t j = 0; j < 64; j++) {
            ps_limb expected = 0;
            for (size_t c = 0; c < PS_DZK_WORDS; c++) {
                expected ^= eq[c] * bit(x[1][PS_DZK_WORDS * b + c], j);
            }
            CHECK(s[1][64 * b + j] == expected);
        }
    }
    sum = ps_gf64_dot(s[0], s[3], WORDS, backend)
        ^ ps_gf64_dot(s[2], s[1], WORDS, backend);
    CHECK(ps_gf64_dot(w, g, PS_DZK_POINTS, backend) == sum);
    sum = 0;
    for (size_t i = 0; i < WORDS; i++) {
        sum ^= one(one(beta[i / 64], eq[i % 64]), x[0][i]);
    }
    CHECK(ps_dzk_weigh(x[0], eq, beta, BLOCKS, backend) == sum);
}

static void folds(size_t n, const ps_backend *backend)
{
    static ps_limb u[8 * 40], v[8 * 40];
    ps_limb g[PS_DZK_FAN_POINTS], w[PS_DZK_FAN_POINTS], eq[PS_DZK_FAN], r[3];
    ps_limb expected = 0;

    edgy(u, 8 * n);
    edgy(v, 8 * n);
    pseudo_random(r, sizeof r);
    weights(eq, r, 3, 2);
    weights(w, r, 3, 3);
    ps_dzk_products(g, u, v, n, backend);
    for (size_t c = 0; c < 8; c++) {
        expected ^= g[bit(c, 0) + 3 * bit(c, 1) + 9 * bit(c, 2)];
    }
    CHECK(ps_gf64_dot(u, v, 8 * n, backend) == expected);
    ps_dzk_fold(u, u, eq, n, backend);
    ps_dzk_fold(v, v, eq, n, backend);
    CHECK(ps_gf64_dot(u, v, n, backend)
          == ps_gf64_dot(w, g, PS_DZK_FAN_POINTS, backend));
}

int main(void)
{
    const ps_backend *all[] = {ps_backend_portable(), ps_backend_best()};

    for (size_t i = 0; i < 2; i++) {
        for (size_t round = 0; round < 10; round++) {
            bits(all[i]);
        }
        for (size_t n = 1; n <= 40; n++) {
            folds(n, all[i]);
        }
    }
    printf("test_dzk: ok\n");
    return 0;
}
