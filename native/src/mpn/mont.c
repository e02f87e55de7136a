/* Arithmetic modulo an odd number in Montgomery form. */
#include "mont.h"

#include <string.h>

#include "limb.h"
#include "privshare/ps_config.h"
#include "row.h"

#define LIMB_BYTES(limbs) ((limbs) * sizeof(ps_limb))

#if defined(PS_HAVE_ROWS)
static ps_limb redc_rows(ps_limb *r, ps_limb *q, ps_limb *t,
                         const ps_mont *mont)
{
    size_t n = mont->limbs;
    ps_limb carry = 0;

    for (size_t i = 0; i < n; i++) {
        q[i] = t[i] * mont->neg_inv;
        ps_limb above = ps_row_add_mul(t + i, mont->m, n, q[i]);
        ps_wide sum = (ps_wide)t[n + i] + above + carry;
        t[n + i] = (ps_limb)sum;
        carry = (ps_limb)(sum >> 64);
    }
    memcpy(r, t + n, LIMB_BYTES(n));
    return carry;
}
#endif

ps_limb ps_mont_redc(ps_limb *r, ps_limb *q, ps_limb *t, const ps_mont *mont)
{
    const ps_limb *m = mont->m;
    size_t n = mont->limbs;
    ps_column c = {0, 0};

#if defined(PS_HAVE_ROWS)
    if (n >= 8 && ps_rows_in_use()) {
        return redc_rows(r, q, t, mont);
    }
#endif
    for (size_t k = 0; k < n; k++) {
        column_add_wide(&c, t[k]);
        column_dot(&c, q, m, k, 0, k);
        q[k] = (ps_limb)c.low * mont->neg_inv;
        column_mac(&c, q[k], m[0]);
        (void)column_shift(&c); /* zero by the choice of q[k] */
    }
    for (size_t k = n; k < 2 * n; k++) {
        column_add_wide(&c, t[k]);
        column_dot(&c, q, m, k, k - n + 1, n);
        r[k - n] = column_shift(&c);
    }
    return (ps_limb)c.low;
}

ps_limb ps_mont_subtract_once(ps_limb *r, ps_limb high, const ps_mont *mont)
{
    ps_limb less[PS_MPN_MAX_LIMBS];
    size_t n = mont->limbs;
    ps_limb borrow = ps_mpn_sub(less, r, mont->m, n);
    ps_limb take = high | (borrow ^ 1);

    PS_CHECK(high <= 1);
    ps_mpn_select(r, take, less, r, n);
    ps_wipe(less, LIMB_BYTES(n));
    return take;
}

void ps_mont_add(ps_limb *r, const ps_limb *a, const ps_limb *b,
                 const ps_mont *mont)
{
    ps_limb carry = ps_mpn_add(r, a, b, mont->limbs);
    (void)ps_mont_subtract_once(r, carry, mont);
}

void ps_mont_sub(ps_limb *r, const ps_limb *a, const ps_limb *b,
                 const ps_mont *mont)
{
    ps_limb more[PS_MPN_MAX_LIMBS];
    size_t n = mont->limbs;
    ps_limb borrow = ps_mpn_sub(r, a, b, n);

    (void)ps_mpn_add(more, r, mont->m, n);
    ps_mpn_select(r, borrow, more, r, n);
    ps_wipe(more, LIMB_BYTES(n));
}

static void reduce_product(ps_limb *r, ps_limb *t, const ps_mont *mont)
{
    ps_limb q[PS_MPN_MAX_LIMBS];
    ps_limb high = ps_mont_redc(r, q, t, mont);

    (void)ps_mont_subtract_once(r, high, mont);
    ps_wipe(q, LIMB_BYTES(mont->limbs));
}

void ps_mont_mul(ps_limb *r, const ps_limb *a, const ps_limb *b,
                 const ps_mont *mont)
{
    ps_limb t[2 * PS_MPN_MAX_LIMBS];
    size_t n = mont->limbs;

    PS_CHECK(ps_mpn_is_less(b, mont->m, n));
    ps_mpn_mul(t, a, n, b, n);
    reduce_product(r, t, mont);
    ps_wipe(t, LIMB_BYTES(2 * n));
}

void ps_mont_sqr(ps_limb *r, const ps_limb *a, const ps_mont *mont)
{
    ps_limb t[2 * PS_MPN_MAX_LIMBS];
    size_t n = mont->limbs;

    PS_CHECK(ps_mpn_is_less(a, mont->m, n));
    ps_mpn_sqr(t, a, n);
    reduce_product(r, t, mont);
    ps_wipe(t, LIMB_BYTES(2 * n));
}

void ps_mont_enter(ps_limb *r, const ps_limb *a, const ps_mont *mont)
{
    ps_mont_mul(r, a, mont->rr, mont);
}

void ps_mont_leave(ps_limb *r, const ps_limb *a, const ps_mont *mont)
{
    ps_limb t[2 * PS_MPN_MAX_LIMBS];
    size_t n = mont->limbs;

    memcpy(t, a, LIMB_BYTES(n));
    memset(t + n, 0, LIMB_BYTES(n));
    reduce_product(r, t, mont);
    ps_wipe(t, LIMB_BYTES(n));
}

/* -m^-1 mod 2^64 by Newton's iteration: m itself is right modulo 8 for odd m,
 * and each step doubles the number of right bits. */
static ps_limb negated_inverse(ps_limb m)
{
    ps_limb x = m;
    for (int right = 3; right < 64; right *= 2) {
        x *= 2 - m * x;
    }
    return (ps_limb)0 - x;
}

/* R^2 mod m: with 64 * limbs = e * 2^j, double R e times and square in
 * Montgomery form j times, R * 2^x -> R * 2^(2x). */
static void init_rr(ps_mont *mont)
{
    size_t e = 64 * mont->limbs;
    int j = 0;

    while (e % 2 == 0) {
        e /= 2;
        j++;
    }
    memcpy(mont->rr, mont->one, LIMB_BYTES(mont->limbs));
    for (size_t i = 0; i < e; i++) {
        ps_mont_add(mont->rr, mont->rr, mont->rr, mont);
    }
    for (int i = 0; i < j; i++) {
        ps_mont_sqr(mont->rr, mont->rr, mont);
    }
}

/* 0 or 1, and never told which. */
static ps_limb is_one(const ps_limb *a, size_t limbs)
{
    return ps_mpn_is_zero(a + 1, limbs - 1) & ct_mask_equal(a[0], 1);
}

ps_status ps_mont_init(ps_mont *mont, const ps_limb *m, size_t limbs)
{
    memset(mont, 0, sizeof *mont);
    if (limbs < 1 || limbs > PS_MPN_MAX_LIMBS) {
        return PS_E_RANGE;
    }
    ps_limb unfit = (~m[0] & 1) | is_one(m, limbs);
    PS_PUBLIC(&unfit, sizeof unfit);
    if (unfit) {
        return PS_E_RANGE;
    }
    mont->limbs = limbs;
    mont->neg_inv = negated_inverse(m[0]);
    memcpy(mont->m, m, LIMB_BYTES(limbs));
    /* R mod m: double 1 as often as R has bits. */
    mont->one[0] = 1;
    for (size_t i = 0; i < 64 * limbs; i++) {
        ps_mont_add(mont->one, mont->one, mont->one, mont);
    }
    init_rr(mont);
    return PS_OK;
}

/* Horner's rule over blocks of R, highest first, in Montgomery form. */
void ps_mont_reduce(ps_limb *r, const ps_limb *x, size_t x_limbs,
                    const ps_mont *mont)
{
    ps_limb block[PS_MPN_MAX_LIMBS];
    size_t n = mont->limbs;
    size_t blocks = (x_limbs + n - 1) / n;

    memset(r, 0, LIMB_BYTES(n));
    for (size_t i = blocks; i-- > 0;) {
        size_t left = x_limbs - i * n;
        size_t size = left < n ? left : n;
        memcpy(block, x + i * n, LIMB_BYTES(size));
        memset(block + size, 0, LIMB_BYTES(n - size));
        ps_mont_enter(r, r, mont);
        ps_mont_enter(block, block, mont);
        ps_mont_add(r, r, block, mont);
    }
    ps_mont_leave(r, r, mont);
    ps_wipe(block, LIMB_BYTES(n));
}

/* The quotient q of a Montgomery reduction is -x / m modulo a power of two;
 * here it is carried on over all of x and negated. */
void ps_mont_divide_exact(ps_limb *r, const ps_limb *x, size_t x_limbs,
                          const ps_mont *mont)
{
    size_t n = mont->limbs;
    ps_column c = {0, 0};
    ps_limb borrow = 0;

    for (size_t k = 0; k < x_limbs; k++) {
        column_add_wide(&c, x[k]);
        column_dot(&c, r, mont->m, k, k < n ? 0 : k - n + 1, k);
        r[k] = (ps_limb)c.low * mont->neg_inv;
        column_mac(&c, r[k], mont->m[0]);
        (void)column_shift(&c);
    }
    for (size_t k = 0; k < x_limbs; k++) {
        ps_wide negated = (ps_wide)0 - r[k] - borrow;
        r[k] = (ps_limb)negated;
        borrow = (ps_limb)(negated >> 64) & 1;
    }
}

void ps_table_pick(ps_limb *r, const ps_limb *table, ps_limb digit,
                   size_t entry_limbs)
{
    memset(r, 0, LIMB_BYTES(entry_limbs));
    for (ps_limb i = 0; i < PS_MPN_WINDOWS; i++) {
        ps_limb mask = ct_mask_equal(i, digit);
        const ps_limb *entry = table + i * entry_limbs;
        for (size_t j = 0; j < entry_limbs; j++) {
            r[j] |= mask & entry[j];
        }
    }
}

size_t ps_window_count(size_t bits, size_t width)
{
    return (bits + width - 1) / width;
}

ps_limb ps_window_digit(const ps_limb *e, size_t e_limbs, size_t i,
                        size_t width)
{
    size_t limb = width * i / 64;
    size_t shift = width * i % 64;
    ps_limb digit = e[limb] >> shift;

    if (shift > 64 - width && limb + 1 < e_limbs) {
        digit |= e[limb + 1] << (64 - shift);
    }
    return digit & (((ps_limb)1 << width) - 1);
}

/* The widths at which the table, 2^width products, pays for itself. */
size_t ps_window_width_vartime(size_t bits)
{
    return bits <= 8 ? 1 : bits <= 32 ? 2 : bits <= 96 ? 3
         : bits <= 256 ? 4 : PS_WINDOW_BITS;
}

static void fill_table(ps_limb *table, size_t count, const ps_limb *base,
                       const ps_mont *mont)
{
    size_t n = mont->limbs;

    memcpy(table, mont->one, LIMB_BYTES(n));
    memcpy(table + n, base, LIMB_BYTES(n));
    for (size_t i = 2; i < count; i++) {
        ps_mont_mul(table + i * n, table + (i - 1) * n, base, mont);
    }
}

void ps_mont_exp(ps_limb *r, const ps_limb *base, const ps_limb *e,
                 size_t e_limbs, const ps_mont *mont, ps_limb *table)
{
    ps_limb factor[PS_MPN_MAX_LIMBS];
    size_t n = mont->limbs;

    fill_table(table, PS_MPN_WINDOWS, base, mont);
    memcpy(r, mont->one, LIMB_BYTES(n));
    for (size_t i = ps_window_count(64 * e_limbs, PS_WINDOW_BITS); i-- > 0;) {
        for (int j = 0; j < PS_WINDOW_BITS; j++) {
            ps_mont_sqr(r, r, mont);
        }
        ps_limb digit = ps_window_digit(e, e_limbs, i, PS_WINDOW_BITS);
        ps_table_pick(factor, table, digit, n);
        ps_mont_mul(r, r, factor, mont);
    }
    ps_wipe(factor, LIMB_BYTES(n));
    ps_wipe(table, LIMB_BYTES(PS_MPN_WINDOWS * n));
}

void ps_mont_exp_vartime(ps_limb *r, const ps_limb *base, const ps_limb *e,
                         size_t e_limbs, const ps_mont *mont, ps_limb *table)
{
    size_t n = mont->limbs;
    size_t bits = ps_mpn_bits_vartime(e, e_limbs);
    size_t width = ps_window_width_vartime(bits);
    size_t i = ps_window_count(bits, width);
    size_t entries = (size_t)1 << width;

    fill_table(table, entries, base, mont);
    ps_limb first = i == 0 ? 0 : ps_window_digit(e, e_limbs, --i, width);
    memcpy(r, table + first * n, LIMB_BYTES(n));
    while (i-- > 0) {
        ps_limb digit = ps_window_digit(e, e_limbs, i, width);
        for (size_t j = 0; j < width; j++) {
            ps_mont_sqr(r, r, mont);
        }
        if (digit != 0) {
            ps_mont_mul(r, r, table + digit * n, mont);
        }
    }
    ps_wipe(table, LIMB_BYTES(entries * n));
}
