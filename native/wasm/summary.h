/* Count, sum, extremes and spread of the cells of one column. */
#ifndef PS_WASM_SUMMARY_H
#define PS_WASM_SUMMARY_H

#include "frame.h"

typedef struct {
    u64 n;
    i128 sum;   /* of integers: 2^32 of 64 bits never leave 128 */
    double sumf; /* of doubles, in the order of the rows */
    i64 min, max;
    double minf, maxf;
} ps_summary;

static void add_cell(ps_summary *a, const ps_series *s, u32 row) {
    if (is_null(s, row))
        return;
    a->n++;
    if (is_text(s))
        return;
    if (s->type == FLOAT) {
        double v = s->floats[row];
        a->sumf += v;
        a->minf = a->n == 1 || v < a->minf ? v : a->minf;
        a->maxf = a->n == 1 || v > a->maxf ? v : a->maxf;
        return;
    }
    i64 v = s->integers[row];
    a->sum += v;
    a->min = a->n == 1 || v < a->min ? v : a->min;
    a->max = a->n == 1 || v > a->max ? v : a->max;
}

/* 128 bits as a double; the compiler's own routine is not in this module. */
static double wide(i128 v) {
    u128 m = v < 0 ? -(u128)v : (u128)v;
    double d = (double)(u64)(m >> 64) * 18446744073709551616.0 + (double)(u64)m;
    return v < 0 ? -d : d;
}

static double mean(const ps_summary *a, const ps_series *s) {
    if (s->type == FLOAT)
        return a->sumf / (double)a->n;
    return wide(a->sum) / (double)a->n / POWERS[s->scale];
}

static void put_min(const ps_summary *a, const ps_series *s) {
    if (s->type == FLOAT)
        put_double(a->minf);
    else
        put_integer(s, a->min);
}

static void put_max(const ps_summary *a, const ps_series *s) {
    if (s->type == FLOAT)
        put_double(a->maxf);
    else
        put_integer(s, a->max);
}

static void put_sum(const ps_summary *a, const ps_series *s) {
    if (s->type == FLOAT)
        put_double(a->sumf);
    else
        put_scaled(a->sum, (i32)s->scale);
}

/* Whether sums and means of a column mean something. */
static int is_number(const ps_series *s) {
    return s->type == INT || s->type == DECIMAL || s->type == FLOAT ||
           s->type == BOOL;
}

#endif
