/* Dual numbers; see dual.h for the equations. */
#include "dual.h"

#include <string.h>

#include "../mpn/limb.h"
#include "../mpn/mont.h"
#include "../mpn/row.h"
#include "privshare/ps_config.h"

#define LIMB_BYTES(limbs) ((limbs) * sizeof(ps_limb))
#define MAX PS_PAILLIER_N_LIMBS

/* r = r + bit mod m, for r below m. */
static void add_bit(ps_limb *r, ps_limb bit, const ps_mont *mont)
{
    ps_limb carry = bit;

    for (size_t i = 0; i < mont->limbs; i++) {
        ps_wide s = (ps_wide)r[i] + carry;
        r[i] = (ps_limb)s;
        carry = (ps_limb)(s >> 64);
    }
    (void)ps_mont_subtract_once(r, carry, mont);
}

/* Subtracts 2m once if the value is that large; returns what is left above r.
 * In: high * R + r < 4m. */
static ps_limb subtract_twice(ps_limb *r, ps_limb high, const ps_mont *mont)
{
    ps_limb less[MAX];
    size_t n = mont->limbs;
    ps_limb shifted_out = 0;
    ps_limb borrow = 0;

    for (size_t i = 0; i < n; i++) {
        ps_limb twice = (mont->m[i] << 1) | shifted_out;
        ps_wide d = (ps_wide)r[i] - twice - borrow;
        shifted_out = mont->m[i] >> 63;
        less[i] = (ps_limb)d;
        borrow = (ps_limb)(d >> 64) & 1;
    }
    ps_limb high_less = high - shifted_out - borrow;
    ps_limb keep = high_less >> 63;
    ps_mpn_select(r, keep, r, less, n);
    ps_wipe(less, LIMB_BYTES(n));
    return ct_select(ct_mask(keep), high, high_less);
}

/* r1 = (cross - q) / R mod m, for cross = top * R^2 + (2 limbs n) < 2 m^2.
 *
 * m * R, a multiple of m, keeps the difference positive. Reduced, the value is
 * below 2 m^2 / R + 2 m < 4 m. cross is used up. */
static void second_half(ps_limb *r1, ps_limb *cross, ps_limb top,
                        const ps_limb *q, const ps_mont *mont)
{
    ps_limb unused[MAX];
    size_t n = mont->limbs;

    top += ps_mpn_add(cross + n, cross + n, mont->m, n);
    ps_limb borrow = ps_mpn_sub(cross, cross, q, n);
    for (size_t i = n; i < 2 * n; i++) {
        ps_wide d = (ps_wide)cross[i] - borrow;
        cross[i] = (ps_limb)d;
        borrow = (ps_limb)(d >> 64) & 1;
    }
    top -= borrow;
    ps_limb high = top + ps_mont_redc(r1, unused, cross, mont);
    high = subtract_twice(r1, high, mont);
    (void)ps_mont_subtract_once(r1, high, mont);
    ps_wipe(unused, LIMB_BYTES(n));
}

/* r from T = a0 b0 and cross = a0 b1 + a1 b0; both are used up. */
static void reduce(ps_limb *r, ps_limb *t, ps_limb *cross, ps_limb top,
                   const ps_mont *mont)
{
    ps_limb q[MAX];
    size_t n = mont->limbs;
    ps_limb high = ps_mont_redc(r, q, t, mont);
    ps_limb over = ps_mont_subtract_once(r, high, mont);

    second_half(r + n, cross, top, q, mont);
    add_bit(r + n, over, mont);
    ps_wipe(q, LIMB_BYTES(n));
}

/* c = a0 b1 + a1 b0 in one pass of columns; returns the limb above. */
static ps_limb cross_product(ps_limb *c, const ps_limb *a, const ps_limb *b,
                             size_t n)
{
    ps_column sum = {0, 0};

#if defined(PS_HAVE_ROWS)
    if (n >= PS_ROWS_MIN && ps_rows_in_use()) {
        ps_mpn_mul(c, a, n, b + n, n);
        return ps_rows_add_mul(c, a + n, b, n);
    }
#endif
    for (size_t k = 0; k < 2 * n - 1; k++) {
        size_t lo = k < n ? 0 : k - n + 1;
        size_t hi = k < n ? k + 1 : n;
        column_dot(&sum, a, b + n, k, lo, hi);
        column_dot(&sum, a + n, b, k, lo, hi);
        c[k] = column_shift(&sum);
    }
    c[2 * n - 1] = column_shift(&sum);
    return (ps_limb)sum.low;
}

void ps_dual_mul(ps_limb *r, const ps_limb *a, const ps_limb *b,
                 const ps_paillier_dual *dual)
{
    ps_limb t[2 * MAX];
    ps_limb cross[2 * MAX];
    size_t n = dual->mont.limbs;

    ps_mpn_mul(t, a, n, b, n);
    ps_limb top = cross_product(cross, a, b, n);
    reduce(r, t, cross, top, &dual->mont);
    ps_wipe(t, LIMB_BYTES(2 * n));
    ps_wipe(cross, LIMB_BYTES(2 * n));
}

void ps_dual_sqr(ps_limb *r, const ps_limb *a, const ps_paillier_dual *dual)
{
    ps_limb t[2 * MAX];
    ps_limb cross[2 * MAX];
    size_t n = dual->mont.limbs;

    ps_mpn_sqr(t, a, n);
    ps_mpn_mul(cross, a, n, a + n, n);
    ps_limb top = ps_mpn_add(cross, cross, cross, 2 * n);
    reduce(r, t, cross, top, &dual->mont);
    ps_wipe(t, LIMB_BYTES(2 * n));
    ps_wipe(cross, LIMB_BYTES(2 * n));
}

/* Twice a pair: what the first half carries over is one more m. */
void ps_dual_twice(ps_limb *a, const ps_paillier_dual *dual)
{
    const ps_mont *mont = &dual->mont;
    size_t n = mont->limbs;
    ps_limb carry = ps_mpn_add(a, a, a, n);
    ps_limb over = ps_mont_subtract_once(a, carry, mont);

    ps_mont_add(a + n, a + n, a + n, mont);
    add_bit(a + n, over, mont);
}

/* R^2 mod m^2, found as ps_mont_init finds R^2 mod m: double 1 to R and on to
 * R * 2^e, then square j times, with 64 * limbs = e * 2^j. */
static void init_rr1(ps_paillier_dual *dual)
{
    ps_limb x[2 * MAX] = {1};
    size_t n = dual->mont.limbs;
    size_t e = 64 * n;
    int j = 0;

    while (e % 2 == 0) {
        e /= 2;
        j++;
    }
    for (size_t i = 0; i < 64 * n + e; i++) {
        ps_dual_twice(x, dual);
    }
    for (int i = 0; i < j; i++) {
        ps_dual_sqr(x, x, dual);
    }
    memcpy(dual->rr1, x + n, LIMB_BYTES(n));
    ps_wipe(x, sizeof x);
}

ps_status ps_dual_init(ps_paillier_dual *dual, const ps_limb *m, size_t limbs)
{
    memset(dual, 0, sizeof *dual);
    if (limbs > MAX || ps_mont_init(&dual->mont, m, limbs) != PS_OK) {
        return PS_E_RANGE;
    }
    init_rr1(dual);
    return PS_OK;
}

void ps_dual_enter(ps_limb *r, const ps_limb *a, const ps_paillier_dual *dual)
{
    ps_limb rr[2 * MAX];
    size_t n = dual->mont.limbs;

    memcpy(rr, dual->mont.rr, LIMB_BYTES(n));
    memcpy(rr + n, dual->rr1, LIMB_BYTES(n));
    ps_dual_mul(r, a, rr, dual);
    ps_wipe(rr, LIMB_BYTES(2 * n));
}

void ps_dual_leave(ps_limb *r, const ps_limb *a, const ps_paillier_dual *dual)
{
    ps_limb one[2 * MAX] = {1};

    ps_dual_mul(r, a, one, dual);
}

void ps_dual_split(ps_limb *r, const ps_limb *x, size_t x_limbs,
                   const ps_paillier_dual *dual)
{
    ps_limb rest[2 * DUAL_MAX_LIMBS];
    size_t n = dual->mont.limbs;
    ps_limb borrow = 0;

    PS_CHECK(x_limbs <= 4 * n && x_limbs <= 2 * DUAL_MAX_LIMBS);
    ps_mont_reduce(r, x, x_limbs, &dual->mont);
    for (size_t i = 0; i < x_limbs; i++) {
        ps_wide d = (ps_wide)x[i] - (i < n ? r[i] : 0) - borrow;
        rest[i] = (ps_limb)d;
        borrow = (ps_limb)(d >> 64) & 1;
    }
    ps_mont_divide_exact(rest, rest, x_limbs, &dual->mont);
    ps_mont_reduce(r + n, rest, x_limbs, &dual->mont);
    ps_wipe(rest, LIMB_BYTES(x_limbs));
}

/* x = R t - q m, so x / R = t - (q / R) m. */
void ps_dual_fold(ps_limb *r, ps_limb *x, const ps_paillier_dual *dual)
{
    ps_limb cross[2 * MAX] = {0};

    reduce(r, x, cross, 0, &dual->mont);
}

void ps_dual_join(ps_limb *r, const ps_limb *a, const ps_paillier_dual *dual)
{
    size_t n = dual->mont.limbs;
    ps_limb carry;

    ps_mpn_mul(r, a + n, n, dual->mont.m, n);
    carry = ps_mpn_add(r, r, a, n);
    for (size_t i = n; i < 2 * n; i++) {
        ps_wide s = (ps_wide)r[i] + carry;
        r[i] = (ps_limb)s;
        carry = (ps_limb)(s >> 64);
    }
}

/* The powers of the base from the 0th on; entering turns 1 into its form. */
static void fill_table(ps_limb *table, size_t entries, const ps_limb *base,
                       const ps_paillier_dual *dual)
{
    size_t entry = 2 * dual->mont.limbs;

    memset(table, 0, LIMB_BYTES(entry));
    table[0] = 1;
    ps_dual_enter(table, table, dual);
    memcpy(table + entry, base, LIMB_BYTES(entry));
    for (size_t i = 2; i < entries; i++) {
        ps_dual_mul(table + i * entry, table + (i - 1) * entry, base, dual);
    }
}

void ps_dual_exp(ps_limb *r, const ps_limb *base, const ps_limb *e,
                 size_t e_limbs, const ps_paillier_dual *dual, ps_limb *table)
{
    ps_limb factor[2 * MAX];
    size_t entry = 2 * dual->mont.limbs;

    fill_table(table, PS_MPN_WINDOWS, base, dual);
    memcpy(r, table, LIMB_BYTES(entry));
    for (size_t i = ps_window_count(64 * e_limbs, PS_WINDOW_BITS); i-- > 0;) {
        for (int j = 0; j < PS_WINDOW_BITS; j++) {
            ps_dual_sqr(r, r, dual);
        }
        ps_limb digit = ps_window_digit(e, e_limbs, i, PS_WINDOW_BITS);
        ps_table_pick(factor, table, digit, entry);
        ps_dual_mul(r, r, factor, dual);
    }
    ps_wipe(factor, LIMB_BYTES(entry));
    ps_wipe(table, LIMB_BYTES(PS_MPN_WINDOWS * entry));
}

void ps_dual_exp_vartime(ps_limb *r, const ps_limb *base, const ps_limb *e,
                         size_t e_limbs, const ps_paillier_dual *dual,
                         ps_limb *table)
{
    size_t entry = 2 * dual->mont.limbs;
    size_t bits = ps_mpn_bits_vartime(e, e_limbs);
    size_t width = ps_window_width_vartime(bits);
    size_t i = ps_window_count(bits, width);
    size_t entries = (size_t)1 << width;

    fill_table(table, entries, base, dual);
    ps_limb first = i == 0 ? 0 : ps_window_digit(e, e_limbs, --i, width);
    memcpy(r, table + first * entry, LIMB_BYTES(entry));
    while (i-- > 0) {
        ps_limb digit = ps_window_digit(e, e_limbs, i, width);
        for (size_t j = 0; j < width; j++) {
            ps_dual_sqr(r, r, dual);
        }
        if (digit != 0) {
            ps_dual_mul(r, r, table + digit * entry, dual);
        }
    }
    ps_wipe(table, LIMB_BYTES(entries * entry));
}
