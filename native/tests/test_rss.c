/* The local steps on shares, against sums of what they stand for. */
#include "check.h"
#include "privshare/ps_rss.h"

enum { N = 131, ROWS = 3, INNER = 70, COLUMNS = 5 };

__extension__ typedef unsigned __int128 wide;

static uint64_t a[2 * N * 8], b[2 * N * 8], c[2 * N * 8], d[2 * N * 8];
static uint64_t z[2 * N * 8], expected[2 * N * 8];

static void fill(void)
{
    pseudo_random((uint8_t *)a, sizeof a);
    pseudo_random((uint8_t *)b, sizeof b);
    pseudo_random((uint8_t *)c, sizeof c);
    pseudo_random((uint8_t *)d, sizeof d);
}

static wide at(const uint64_t *p, size_t i, size_t limbs)
{
    return limbs == 1 ? p[i] : (wide)p[2 * i + 1] << 64 | p[2 * i];
}

static int is(const uint64_t *p, size_t i, size_t limbs, wide x)
{
    return limbs == 1 ? p[i] == (uint64_t)x : at(p, i, 2) == x;
}

static void products(size_t limbs)
{
    ps_rss_multiply(z, a, b, c, d, N, limbs);
    for (size_t i = 0; i < N; i++) {
        wide x = at(a, i, limbs), y = at(c, i, limbs);

        CHECK(is(z, i, limbs,
                 x * (y + at(d, i, limbs)) + at(b, i, limbs) * y));
    }
    ps_rss_matmul(z, a, b, c, d, ROWS, INNER, COLUMNS, limbs);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLUMNS; j++) {
            wide sum = 0;

            for (size_t k = 0; k < INNER; k++) {
                wide y = at(c, k * COLUMNS + j, limbs);

                sum += at(a, i * INNER + k, limbs)
                           * (y + at(d, k * COLUMNS + j, limbs))
                       + at(b, i * INNER + k, limbs) * y;
            }
            CHECK(is(z, i * COLUMNS + j, limbs, sum));
        }
    }
}

static void sums(void)
{
    ps_rss_add128(z, a, b, N);
    ps_rss_sub128(expected, z, b, N);
    CHECK(memcmp(expected, a, 16 * N) == 0);
    ps_rss_mul128(z, a, b, N, 0);
    ps_rss_mul128(expected, a, b + 2 * 7, N, 1);
    for (size_t i = 0; i < N; i++) {
        CHECK(is(z, i, 2, at(a, i, 2) * at(b, i, 2)));
        CHECK(is(expected, i, 2, at(a, i, 2) * at(b, 7, 2)));
    }
    ps_rss_sum128(z, a, 2, 9, 3);
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 3; j++) {
            wide sum = 0;

            for (size_t k = 0; k < 9; k++) {
                sum += at(a, (i * 9 + k) * 3 + j, 2);
            }
            CHECK(is(z, i * 3 + j, 2, sum));
        }
    }
}

static void bits(size_t n, size_t limbs, size_t first, size_t n_bits)
{
    size_t words = (n + 63) / 64;

    ps_rss_slice(z, a, n, limbs, first, n_bits);
    for (size_t row = 0; row < n_bits; row++) {
        for (size_t i = 0; i < 64 * words; i++) {
            uint64_t bit = z[row * words + i / 64] >> (i % 64) & 1;
            uint64_t told = 0;

            if (i < n) {
                told = (uint64_t)(at(a, i, limbs) >> (first + row)) & 1;
            }
            CHECK(bit == told);
        }
    }
    n_bits = n_bits < 4 ? n_bits : 4;
    ps_rss_unslice(expected, z, n_bits, n, limbs);
    for (size_t row = 0; row < n_bits; row++) {
        for (size_t i = 0; i < n; i++) {
            uint64_t bit = z[row * words + i / 64] >> (i % 64) & 1;

            CHECK(is(expected, row * n + i, limbs, bit));
        }
    }
}

static void conjunctions(void)
{
    ps_rss_and(z, a, b, c, d, a + N, b + N, N);
    for (size_t i = 0; i < N; i++) {
        CHECK(z[i] == (((a[i] & (c[i] ^ d[i])) ^ (b[i] & c[i])) ^ a[N + i]
                       ^ b[N + i]));
    }
}

int main(void)
{
    static const size_t counts[] = {1, 63, 64, 65, N};

    fill();
    products(1);
    products(2);
    sums();
    conjunctions();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        bits(counts[i], 1, 0, 4);
        bits(counts[i], 2, 62, 4);
        bits(counts[i], 2, 125, 3);
        bits(counts[i] < 9 ? counts[i] : 9, 1, 0, 64);
        bits(counts[i] < 9 ? counts[i] : 9, 2, 0, 128);
    }
    printf("rss: ok\n");
    return 0;
}
