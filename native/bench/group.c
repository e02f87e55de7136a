/* What the group costs: nanoseconds of processor time, the best of some runs.
 *
 *   group                  the backend that this processor can run
 *   group portable         portable C
 *
 * One line an operation: its name, the count of a call, and nanoseconds: for
 * one of count, or for the whole of a sum.
 */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "privshare/ps_ristretto255.h"

enum { MOST = 4096, RUNS = 9 };

static const ps_backend *backend;
static ps_ristretto255 a[MOST], b[MOST], p[MOST];
static ps_scalar s[MOST], t[MOST];
static uint8_t bytes[64 * MOST];
static ps_ristretto255_table table;
static ps_limb *scratch;
static size_t bad;

static double now(void)
{
    struct timespec clock;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &clock);
    return 1e9 * (double)clock.tv_sec + (double)clock.tv_nsec;
}

static void mul(size_t n)
{
    ps_ristretto255_mul(p, s, a, n, backend);
}

static void mul_vartime(size_t n)
{
    ps_ristretto255_mul_vartime(p, s, a, n, backend);
}

static void mul_two_vartime(size_t n)
{
    ps_ristretto255_mul_two_vartime(p, s, a, t, b, n, backend);
}

static void table_mul(size_t n)
{
    ps_ristretto255_table_mul(p, s, n, &table, backend);
}

static void table_init(size_t n)
{
    (void)n;
    ps_ristretto255_table_init(&table, a, backend);
}

static void msm(size_t n)
{
    ps_ristretto255_msm(p, s, a, n, backend, scratch);
}

static void msm_vartime(size_t n)
{
    ps_ristretto255_msm_vartime(p, s, a, n, backend, scratch);
}

static void decode(size_t n)
{
    if (ps_ristretto255_decode(p, &bad, bytes, n, backend) != PS_OK) {
        abort();
    }
}

static void encode(size_t n)
{
    ps_ristretto255_encode(bytes, a, n, backend);
}

static void from_uniform(size_t n)
{
    ps_ristretto255_from_uniform(p, bytes, n, backend);
}

static void scalar_mul_add(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ps_scalar_mul_add(&t[i], &s[i], &t[i], &s[i]);
    }
}

/* Work over n inputs, `units` of which are one of the operation. */
static void measure(const char *name, void (*work)(size_t), size_t n,
                    size_t units)
{
    double best = 1e18, took;
    size_t times = 1;

    do {
        double started = now();

        for (size_t i = 0; i < times; i++) {
            work(n);
        }
        took = now() - started;
        times *= 2;
    } while (took < 3e6);
    times /= 2;
    for (int run = 0; run < RUNS; run++) {
        double started = now();

        for (size_t i = 0; i < times; i++) {
            work(n);
        }
        took = (now() - started) / (double)times;
        best = took < best ? took : best;
    }
    printf("%-16s %5zu %12.1f\n", name, n, best / (double)units);
    fflush(stdout);
}

static void prepare(void)
{
    uint8_t wide[64] = {1};

    for (size_t i = 0; i < MOST; i++) {
        for (size_t k = 0; k < sizeof wide; k++) {
            wide[k] = (uint8_t)(wide[k] * 5 + 97 * i + k + 1);
        }
        ps_scalar_from_wide(&s[i], wide);
        ps_scalar_mul(&t[i], &s[i], &s[i]);
        memcpy(bytes + 64 * i, wide, 64);
    }
    ps_ristretto255_from_uniform(a, bytes, MOST, backend);
    /* As they come from outside, with Z = 1. */
    ps_ristretto255_encode(bytes, a, MOST, backend);
    decode(MOST);
    memcpy(a, p, sizeof a);
    for (size_t i = 0; i < MOST; i++) {
        b[i] = a[MOST - 1 - i];
    }
    ps_ristretto255_table_init(&table, a, backend);
    scratch = malloc(ps_ristretto255_msm_limbs(MOST) * sizeof *scratch);
    if (scratch == NULL) {
        abort();
    }
}

int main(int argc, char **argv)
{
    static const size_t sums[] = {2,   4,   8,   16,  32,   64,  128,
                                  130, 192, 256, 512, 1024, 2048, 4096};

    backend = argc > 1 && strcmp(argv[1], "portable") == 0
            ? ps_backend_portable() : ps_backend_best();
    printf("# %s\n", ps_backend_name(backend));
    prepare();
    measure("mul", mul, 1, 1);
    measure("mul", mul, 2, 2);
    measure("mul", mul, 8, 8);
    measure("mul", mul, 64, 64);
    measure("mul_vartime", mul_vartime, 1, 1);
    measure("mul_vartime", mul_vartime, 8, 8);
    measure("mul_two_vartime", mul_two_vartime, 1, 1);
    measure("mul_two_vartime", mul_two_vartime, 8, 8);
    measure("table_init", table_init, 1, 1);
    measure("table_mul", table_mul, 1, 1);
    measure("table_mul", table_mul, 8, 8);
    measure("table_mul", table_mul, 64, 64);
    measure("encode", encode, 1, 1);
    measure("encode", encode, 8, 8);
    measure("encode", encode, 64, 64);
    measure("decode", decode, 1, 1);
    measure("decode", decode, 8, 8);
    measure("decode", decode, 64, 64);
    measure("from_uniform", from_uniform, 8, 8);
    measure("scalar_mul_add", scalar_mul_add, 64, 64);
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        measure("msm", msm, sums[i], 1);
    }
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        measure("msm_vartime", msm_vartime, sums[i], 1);
    }
    free(scratch);
    return 0;
}
