/* Sums over fixed elements (ps_ristretto255_set.h), one point at a time. */
#include "set.h"

#include "../backend/backend.h"
#include "constant.h"

enum { ROWS = SET_BASES * SET_ENTRIES, NAF_DIGITS = SET_BASES * SET_BITS };

/* Until the last step a row holds X, Y and Z. */
static void put(set_row *row, const ge *a)
{
    row->point.plus = a->x;
    row->point.minus = a->y;
    row->point.t2d = a->z;
}

/* All Z become 1 with one inversion: Montgomery's trick. No Z is 0. */
static void normalise(set_row *row)
{
    fe before[ROWS], all = fe_one, z_inv, x, y;

    for (size_t i = 0; i < ROWS; i++) {
        before[i] = all;
        fe_mul(&all, &all, &row[i].point.t2d);
    }
    ps_fe_invert(&all, &all);
    for (size_t i = ROWS; i-- > 0;) {
        ge_affine *p = &row[i].point;

        fe_mul(&z_inv, &all, &before[i]);
        fe_mul(&all, &all, &p->t2d);
        fe_mul(&x, &p->plus, &z_inv);
        fe_mul(&y, &p->minus, &z_inv);
        fe_add(&p->plus, &y, &x);
        fe_carry(&p->plus, &p->plus);
        fe_sub(&p->minus, &y, &x);
        fe_mul(&x, &x, &y);
        fe_mul(&p->t2d, &x, &fe_2d);
        fe_carry(&p->t2d, &p->t2d); /* the lanes want limbs near 2^51 */
        row[i].unused = 0;
    }
}

/* The rows of one element. */
static void make_rows(set_row *row, const ps_ristretto255 *a)
{
    ge p, sum;
    ge_cached twice;

    ge_load(&p, a);
    for (int b = 0; b < SET_BASES; b++) {
        ps_ge_double(&sum, &p, 1);
        ps_ge_cache(&twice, &sum);
        sum = p;
        for (int e = 0; e < SET_ENTRIES; e++) {
            put(&row[SET_ENTRIES * b + e], &sum);
            ps_ge_add(&sum, &sum, &twice);
        }
        for (int i = 0; i < SET_BITS; i++) {
            ps_ge_double(&p, &p, i == SET_BITS - 1);
        }
    }
    normalise(row);
}

void ps_ristretto255_set_init_vartime(ps_ristretto255_set *set,
                                      ps_limb *memory,
                                      const ps_ristretto255 *a, size_t count,
                                      const ps_backend *backend)
{
    (void)backend;
    set->count = count;
    set->rows = memory;
    for (size_t i = 0; i < count; i++) {
        make_rows((set_row *)(void *)memory + ROWS * i, &a[i]);
    }
}

size_t ps_ristretto255_set_limbs(size_t count)
{
    /* Here the digits; in lanes, for each base 26 digits and a pointer. */
    return count * ((NAF_DIGITS + sizeof(ps_limb) - 1) / sizeof(ps_limb)) + 64;
}

/* s = sum naf[i] * 2^i, each digit 0 or odd and below 32 in size. */
static void naf_of(int8_t *naf, const ps_scalar *s)
{
    int carry = 0;

    memset(naf, 0, NAF_DIGITS);
    for (int i = 0; i < 256;) {
        uint64_t low = s->limb[i / 64] >> (i % 64);
        int window;

        if (i % 64 > 58 && i / 64 < 3) {
            low |= s->limb[i / 64 + 1] << (64 - i % 64);
        }
        window = (int)(low & 63) + carry;
        if ((window & 1) == 0) {
            i++; /* a carry waits: it has made this bit even */
            continue;
        }
        carry = window > 31;
        naf[i] = (int8_t)(carry ? window - 64 : window);
        i += 6;
    }
}

static void add_digit(ge *r, const set_row *rows, int8_t digit)
{
    const ge_affine *p = &rows[(digit < 0 ? -digit : digit) / 2].point;
    ge_affine opposite;

    if (digit < 0) {
        opposite.plus = p->minus;
        opposite.minus = p->plus;
        fe_neg(&opposite.t2d, &p->t2d);
        p = &opposite;
    }
    ps_ge_add_affine(r, r, p);
}

void ps_ristretto255_set_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                     size_t count,
                                     const ps_ristretto255_set *set,
                                     const ps_backend *backend,
                                     ps_limb *scratch)
{
    const struct ps_group_backend *group = backend->group;
    int8_t *naf = (int8_t *)scratch;
    ge r;

    PS_CHECK(count <= set->count);
    if (group != NULL && group->set_msm_vartime != NULL
        && group->set_msm_vartime(p, s, count, set, scratch)) {
        return;
    }
    for (size_t k = 0; k < count; k++) {
        naf_of(naf + NAF_DIGITS * k, &s[k]);
    }
    ps_ge_identity(&r);
    for (int i = SET_BITS - 1; i >= 0; i--) {
        ps_ge_double(&r, &r, 1);
        for (size_t k = 0; k < count; k++) {
            for (int b = 0; b < SET_BASES; b++) {
                int8_t digit = naf[NAF_DIGITS * k + (size_t)(SET_BITS * b + i)];

                if (digit != 0) {
                    add_digit(&r, set_rows(set, k, (size_t)b), digit);
                }
            }
        }
    }
    ge_store(p, &r);
}
