/* Sums and products of shares, modulo 2^64 and 2^128. */
#include "privshare/ps_rss.h"

__extension__ typedef unsigned __int128 wide;

/* So many inner indices at once that their part of y stays in the cache. */
enum { BLOCK = 64 };

static wide load(const uint64_t *p)
{
    return (wide)p[1] << 64 | p[0];
}

static void store(uint64_t *p, wide x)
{
    p[0] = (uint64_t)x;
    p[1] = (uint64_t)(x >> 64);
}

void ps_rss_multiply(uint64_t *z, const uint64_t *x_own,
                     const uint64_t *x_next, const uint64_t *y_own,
                     const uint64_t *y_next, size_t n, size_t limbs)
{
    if (limbs == 1) {
        for (size_t i = 0; i < n; i++) {
            z[i] = x_own[i] * (y_own[i] + y_next[i]) + x_next[i] * y_own[i];
        }
        return;
    }
    for (size_t i = 0; i < 2 * n; i += 2) {
        wide y = load(y_own + i);
        wide sum = y + load(y_next + i);

        store(z + i, load(x_own + i) * sum + load(x_next + i) * y);
    }
}

/* z += x * y, of one row of x and a block of y's rows. */
static void row64(uint64_t *z, const uint64_t *x_own, const uint64_t *x_next,
                  const uint64_t *y_own, const uint64_t *y_next, size_t inner,
                  size_t columns)
{
    for (size_t k = 0; k < inner; k++) {
        const uint64_t *own = y_own + k * columns;
        const uint64_t *next = y_next + k * columns;
        uint64_t both = x_own[k] + x_next[k], one = x_own[k];

        for (size_t j = 0; j < columns; j++) {
            z[j] += both * own[j] + one * next[j];
        }
    }
}

static void row128(uint64_t *z, const uint64_t *x_own, const uint64_t *x_next,
                   const uint64_t *y_own, const uint64_t *y_next,
                   size_t inner, size_t columns)
{
    for (size_t k = 0; k < inner; k++) {
        const uint64_t *own = y_own + 2 * k * columns;
        const uint64_t *next = y_next + 2 * k * columns;
        wide one = load(x_own + 2 * k), both = one + load(x_next + 2 * k);

        for (size_t j = 0; j < 2 * columns; j += 2) {
            wide sum = load(z + j);

            sum += both * load(own + j) + one * load(next + j);
            store(z + j, sum);
        }
    }
}

void ps_rss_matmul(uint64_t *z, const uint64_t *x_own, const uint64_t *x_next,
                   const uint64_t *y_own, const uint64_t *y_next, size_t rows,
                   size_t inner, size_t columns, size_t limbs)
{
    for (size_t i = 0; i < rows * columns * limbs; i++) {
        z[i] = 0;
    }
    for (size_t k = 0; k < inner; k += BLOCK) {
        size_t count = inner - k < BLOCK ? inner - k : BLOCK;
        size_t below = k * columns * limbs;

        for (size_t i = 0; i < rows; i++) {
            size_t at = (i * inner + k) * limbs;

            (limbs == 1 ? row64 : row128)(
                z + i * columns * limbs, x_own + at, x_next + at,
                y_own + below, y_next + below, count, columns);
        }
    }
}

void ps_rss_and(uint64_t *z, const uint64_t *x_own, const uint64_t *x_next,
                const uint64_t *y_own, const uint64_t *y_next,
                const uint64_t *a, const uint64_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        z[i] = (x_own[i] & (y_own[i] ^ y_next[i])) ^ (x_next[i] & y_own[i])
               ^ a[i] ^ b[i];
    }
}

void ps_rss_add128(uint64_t *z, const uint64_t *a, const uint64_t *b,
                   size_t n)
{
    for (size_t i = 0; i < 2 * n; i += 2) {
        store(z + i, load(a + i) + load(b + i));
    }
}

void ps_rss_sub128(uint64_t *z, const uint64_t *a, const uint64_t *b,
                   size_t n)
{
    for (size_t i = 0; i < 2 * n; i += 2) {
        store(z + i, load(a + i) - load(b + i));
    }
}

void ps_rss_mul128(uint64_t *z, const uint64_t *a, const uint64_t *b,
                   size_t n, int same)
{
    size_t step = same ? 0 : 1;

    for (size_t i = 0; i < n; i++) {
        store(z + 2 * i, load(a + 2 * i) * load(b + 2 * i * step));
    }
}

void ps_rss_sum128(uint64_t *z, const uint64_t *a, size_t outer, size_t inner,
                   size_t tail)
{
    for (size_t i = 0; i < 2 * outer * tail; i++) {
        z[i] = 0;
    }
    for (size_t i = 0; i < outer; i++) {
        for (size_t k = 0; k < inner; k++) {
            const uint64_t *from = a + 2 * (i * inner + k) * tail;

            ps_rss_add128(z + 2 * i * tail, z + 2 * i * tail, from, tail);
        }
    }
}
