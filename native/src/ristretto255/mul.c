/* Multiplications by scalars, one at a time. */
#include "../backend/backend.h"
#include "digit.h"
#include "element.h"

/* 1 a, 2 a, ..., 8 a. */
void ps_ge_multiples(ge_cached *table8, const ge *a)
{
    ge x = *a;

    ps_ge_cache(&table8[0], a);
    for (int i = 1; i < 8; i++) {
        ps_ge_add(&x, &x, &table8[0]);
        ps_ge_cache(&table8[i], &x);
    }
}

/* table[|digit| - 1] with the digit's sign; -8 <= digit <= 8. */
void ps_ge_look_up(ge_cached *r, const ge_cached *table8, int8_t digit)
{
    ps_limb value = (ps_limb)(int64_t)digit;
    ps_limb negative = ct_mask(value >> 63);
    ps_limb size = (value ^ negative) - negative;

    ps_ge_cached_identity(r);
    for (ps_limb i = 0; i < 8; i++) {
        ps_ge_cached_take(r, ct_mask_equal(size, i + 1), &table8[i]);
    }
    ps_ge_cached_negate_if(r, negative);
}

static void mul(ge *r, const ps_scalar *s, const ge *a)
{
    ge_cached table[8], c;
    int8_t digit[64];

    ps_digits(digit, s);
    ps_ge_multiples(table, a);
    ps_ge_identity(r);
    for (int i = 63; i >= 0; i--) {
        if (i != 63) {
            ps_ge_double(r, r, 0);
            ps_ge_double(r, r, 0);
            ps_ge_double(r, r, 0);
            ps_ge_double(r, r, 1);
        }
        ps_ge_look_up(&c, table, digit[i]);
        ps_ge_add(r, r, &c);
    }
    ps_wipe(digit, sizeof digit);
    ps_wipe(&c, sizeof c);
}

void ps_ristretto255_mul(ps_ristretto255 *p, const ps_scalar *s,
                         const ps_ristretto255 *a, size_t count,
                         const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;
    ge x, r;

    if (group != NULL && group->mul != NULL && group->mul(p, s, a, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ge_load(&x, &a[i]);
        mul(&r, &s[i], &x);
        ge_store(&p[i], &r);
    }
    ps_wipe(&x, sizeof x);
    ps_wipe(&r, sizeof r);
}

/* a, 3 a, 5 a, ..., 15 a. */
void ps_ge_odd_multiples_vartime(ge_cached *table8, const ge *a)
{
    ge_cached twice;
    ge x = *a, d;

    ps_ge_double(&d, a, 1);
    ps_ge_cache(&twice, &d);
    ps_ge_cache(&table8[0], a);
    for (int i = 1; i < 8; i++) {
        ps_ge_add(&x, &x, &twice);
        ps_ge_cache(&table8[i], &x);
    }
}

void ps_ge_add_digit_vartime(ge *r, const ge_cached *odd, int8_t digit)
{
    if (digit > 0) {
        ps_ge_add(r, r, &odd[digit / 2]);
    } else if (digit < 0) {
        ps_ge_sub(r, r, &odd[-digit / 2]);
    }
}

/* s a + t b; b may be NULL. */
static void mul_two_vartime(ge *r, const ps_scalar *s, const ge *a,
                            const ps_scalar *t, const ge *b)
{
    ge_cached table_a[8], table_b[8];
    int8_t naf_a[PS_NAF_DIGITS], naf_b[PS_NAF_DIGITS] = {0};
    int top = ps_naf_vartime(naf_a, s);

    ps_ge_odd_multiples_vartime(table_a, a);
    if (b != NULL) {
        int top_b = ps_naf_vartime(naf_b, t);

        ps_ge_odd_multiples_vartime(table_b, b);
        top = top_b > top ? top_b : top;
    }
    ps_ge_identity(r);
    for (int i = top; i >= 0; i--) {
        ps_ge_double(r, r, (naf_a[i] | naf_b[i]) != 0 || i == 0);
        ps_ge_add_digit_vartime(r, table_a, naf_a[i]);
        if (b != NULL) {
            ps_ge_add_digit_vartime(r, table_b, naf_b[i]);
        }
    }
}

void ps_ristretto255_mul_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                 const ps_ristretto255 *a, size_t count,
                                 const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;
    ge x, r;

    if (group != NULL && group->mul_vartime != NULL
        && group->mul_vartime(p, s, a, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ge_load(&x, &a[i]);
        mul_two_vartime(&r, &s[i], &x, NULL, NULL);
        ge_store(&p[i], &r);
    }
}

void ps_ristretto255_mul_two_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                     const ps_ristretto255 *a,
                                     const ps_scalar *t,
                                     const ps_ristretto255 *c, size_t count,
                                     const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;
    ge x, y, r;

    if (group != NULL && group->mul_two_vartime != NULL
        && group->mul_two_vartime(p, s, a, t, c, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ge_load(&x, &a[i]);
        ge_load(&y, &c[i]);
        mul_two_vartime(&r, &s[i], &x, &t[i], &y);
        ge_store(&p[i], &r);
    }
}
