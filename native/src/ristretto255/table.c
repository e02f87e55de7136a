/* Multiplications of a fixed base.
 *
 * 32 rows of 1, 2, ..., 8 times 256^i base, i = 0 .. 31, each with Z = 1 as
 * (y + x, y - x, 2d xy). With digits to radix 16, s base is 16 times the sum
 * over the odd digits plus the sum over the even ones.
 */
#include "../backend/backend.h"
#include "constant.h"
#include "digit.h"
#include "table.h"

enum { POINTS = PS_TABLE_ROWS * PS_TABLE_WIDTH };

_Static_assert(sizeof(ps_ristretto255_table) == POINTS * sizeof(ge_affine),
               "32 rows of 8");

/* Until the last step an entry holds X, Y and Z. */
static void put(ge_affine *entry, const ge *a)
{
    entry->plus = a->x;
    entry->minus = a->y;
    entry->t2d = a->z;
}

/* All Z become 1 with one inversion: Montgomery's trick. No Z is 0. */
static void normalise(ge_affine *entry)
{
    fe before[POINTS], all = fe_one, z_inv, x, y;

    for (size_t i = 0; i < POINTS; i++) {
        before[i] = all;
        fe_mul(&all, &all, &entry[i].t2d);
    }
    ps_fe_invert(&all, &all);
    for (size_t i = POINTS; i-- > 0;) {
        fe_mul(&z_inv, &all, &before[i]);
        fe_mul(&all, &all, &entry[i].t2d);
        fe_mul(&x, &entry[i].plus, &z_inv);
        fe_mul(&y, &entry[i].minus, &z_inv);
        fe_add(&entry[i].plus, &y, &x);
        fe_carry(&entry[i].plus, &entry[i].plus);
        fe_sub(&entry[i].minus, &y, &x);
        fe_mul(&x, &x, &y);
        fe_mul(&entry[i].t2d, &x, &fe_2d);
    }
    ps_wipe(before, sizeof before);
}

void ps_ristretto255_table_init(ps_ristretto255_table *table,
                                const ps_ristretto255 *base,
                                const ps_backend *backend)
{
    ge_affine *entry = (ge_affine *)(void *)table;
    ge_cached c;
    ge x, sum;

    (void)backend;
    ge_load(&x, base);
    for (size_t i = 0; i < PS_TABLE_ROWS; i++) {
        ps_ge_cache(&c, &x);
        sum = x;
        for (size_t k = 0; k < PS_TABLE_WIDTH; k++) {
            put(&entry[PS_TABLE_WIDTH * i + k], &sum);
            ps_ge_add(&sum, &sum, &c);
        }
        for (int k = 0; k < 8; k++) {
            ps_ge_double(&x, &x, k == 7);
        }
    }
    normalise(entry);
    ps_wipe(&c, sizeof c);
    ps_wipe(&x, sizeof x);
    ps_wipe(&sum, sizeof sum);
}

/* row[|digit| - 1] with the digit's sign; -8 <= digit <= 8. */
static void look_up(ge_affine *r, const ge_affine *row, int8_t digit)
{
    ps_limb value = (ps_limb)(int64_t)digit;
    ps_limb negative = ct_mask(value >> 63);
    ps_limb size = (value ^ negative) - negative;
    fe plus;

    r->plus = fe_one;
    r->minus = fe_one;
    r->t2d = fe_zero;
    for (ps_limb i = 0; i < PS_TABLE_WIDTH; i++) {
        ps_limb mask = ct_mask_equal(size, i + 1);

        fe_select(&r->plus, mask, &row[i].plus, &r->plus);
        fe_select(&r->minus, mask, &row[i].minus, &r->minus);
        fe_select(&r->t2d, mask, &row[i].t2d, &r->t2d);
    }
    plus = r->plus;
    fe_select(&r->plus, negative, &r->minus, &plus);
    fe_select(&r->minus, negative, &plus, &r->minus);
    fe_negate_if(&r->t2d, negative, &r->t2d);
}

static void mul(ge *r, const ps_scalar *s, const ge_affine *entry)
{
    ge_affine c;
    int8_t digit[64];

    ps_digits(digit, s);
    ps_ge_identity(r);
    for (int half = 1; half >= 0; half--) {
        for (size_t i = 0; i < PS_TABLE_ROWS; i++) {
            look_up(&c, entry + PS_TABLE_WIDTH * i,
                    digit[2 * i + (size_t)half]);
            ps_ge_add_affine(r, r, &c);
        }
        for (int k = 0; half == 1 && k < 4; k++) {
            ps_ge_double(r, r, k == 3);
        }
    }
    ps_wipe(digit, sizeof digit);
    ps_wipe(&c, sizeof c);
}

void ps_ristretto255_table_mul(ps_ristretto255 *p, const ps_scalar *s,
                               size_t count,
                               const ps_ristretto255_table *table,
                               const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;
    ge r;

    if (group != NULL && group->table_mul != NULL
        && group->table_mul(p, s, count, table)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        mul(&r, &s[i], (const ge_affine *)(const void *)table);
        ge_store(&p[i], &r);
    }
    ps_wipe(&r, sizeof r);
}
