/* The group law in lanes, and the way in and out. */
#include "ifma_group_law.h"

#if defined(PS_HAVE_LANES)

#include "../../ristretto255/constant.h"

LANES_TARGET
void ps_ge8_identity(ge8 *r)
{
    fe8_set(&r->minus, &fe_one);
    fe8_set(&r->plus, &fe_one);
    fe8_set(&r->z, &fe_one);
    fe8_set(&r->t, &fe_zero);
}

LANES_TARGET
void ps_ge8_projective_identity(ge8_projective *r)
{
    fe8_set(&r->x, &fe_zero);
    fe8_set(&r->y, &fe_one);
    fe8_set(&r->sum, &fe_one);
    fe8_set(&r->z, &fe_one);
}

LANES_TARGET
void ps_ge8_cached_identity(ge8_cached *r)
{
    fe8_set(&r->minus, &fe_one);
    fe8_set(&r->plus, &fe_one);
    fe8_set(&r->z2, &fe_one);
    r->z2.v[0] += r->z2.v[0];
    fe8_set(&r->t2d, &fe_zero);
}

LANES_TARGET
void ps_ge8_add(ge8 *r, const ge8 *a, const ge8_cached *b)
{
    ge8_completed c;
    fe8 d;

    fe8_mul_wide(&d, &a->z, &b->z2);
    ge8_sum(&c, a, &b->minus, &b->plus, &b->t2d, &d);
    ge8_finish_added(r, &c);
}

LANES_TARGET
void ps_ge8_add_affine(ge8 *r, const ge8 *a, const ge8_affine *b)
{
    ge8_completed c;
    fe8 d;

    fe8_add_wide(&d, &a->z, &a->z);
    ge8_sum(&c, a, &b->minus, &b->plus, &b->t2d, &d);
    ge8_finish_added(r, &c);
}

LANES_TARGET
void ps_ge8_add_projective(ge8_projective *r, const ge8 *a,
                           const ge8_cached *b)
{
    ge8_completed c;
    fe8 d;

    fe8_mul_wide(&d, &a->z, &b->z2);
    ge8_sum(&c, a, &b->minus, &b->plus, &b->t2d, &d);
    ge8_finish_projective(r, &c);
}

LANES_TARGET
void ps_ge8_double(ge8_projective *r, const ge8_projective *a)
{
    ge8_completed c;

    ge8_twice(&c, a);
    ge8_finish_projective(r, &c);
}

LANES_TARGET
void ps_ge8_double_last(ge8 *r, const ge8_projective *a)
{
    ge8_completed c;

    ge8_twice(&c, a);
    ge8_finish_added(r, &c);
}

LANES_TARGET
void ps_ge8_cache(ge8_cached *r, const ge8 *a)
{
    fe8 d;

    fe8_set(&d, &fe_2d);
    r->minus = a->minus;
    r->plus = a->plus;
    fe8_add(&r->z2, &a->z, &a->z);
    fe8_mul(&r->t2d, &a->t, &d);
}

LANES_TARGET
void ps_ge8_multiples(ge8_cached *table, const ge8 *a)
{
    ge8 x = *a;

    ps_ge8_cache(&table[0], a);
    for (size_t k = 1; k < 8; k++) {
        ps_ge8_add(&x, &x, &table[0]);
        ps_ge8_cache(&table[k], &x);
    }
}

/* The words of a row are 20; the last eight overlap. */
static const size_t part[3] = {0, 8, 12};

LANES_TARGET
void ps_ge8_load(ge8_extended *r, const ps_ristretto255 *a, size_t count)
{
    ps_lanes w[GE8_WORDS];

    for (size_t k = 0; k < 3; k++) {
        ps_lanes *v = w + part[k];

        for (size_t lane = 0; lane < LANES; lane++) {
            const ps_ristretto255 *row = a + (lane < count ? lane : 0);

            memcpy(&v[lane], (const uint8_t *)row + 8 * part[k], sizeof *v);
        }
        lanes_transpose(v);
    }
    memcpy(r, w, sizeof *r);
    fe8_carry(&r->x, &r->x);
    fe8_carry(&r->y, &r->y);
    fe8_carry(&r->z, &r->z);
    fe8_carry(&r->t, &r->t);
}

LANES_TARGET
void ps_ge8_store(ps_ristretto255 *r, const ge8_extended *a, size_t count)
{
    const ps_lanes *w = a->x.v;
    ps_lanes v[LANES];

    for (size_t k = 0; k < 3; k++) {
        memcpy(v, w + part[k], sizeof v);
        lanes_transpose(v);
        for (size_t lane = 0; lane < count; lane++) {
            memcpy((uint8_t *)(r + lane) + 8 * part[k], &v[lane], sizeof *v);
        }
    }
    ps_wipe(v, sizeof v);
}

LANES_TARGET
void ps_ge8_enter(ge8 *r, const ge8_extended *a)
{
    fe8_sub(&r->minus, &a->y, &a->x);
    fe8_add(&r->plus, &a->y, &a->x);
    r->z = a->z;
    r->t = a->t;
}

LANES_TARGET
void ps_ge8_leave(ge8_extended *r, const ge8 *a)
{
    fe8_sub(&r->x, &a->plus, &a->minus);
    fe8_add(&r->y, &a->plus, &a->minus);
    fe8_add(&r->z, &a->z, &a->z);
    fe8_add(&r->t, &a->t, &a->t);
}

const struct ps_group_backend ps_lanes_group = {
    .decode = ps_ge8_decode,
    .encode = ps_ge8_encode,
    .from_uniform = ps_ge8_from_uniform,
    .mul = ps_ge8_mul,
    .comb_init = ps_ge8_comb_init,
    .comb_mul = ps_ge8_comb_mul,
    .mul_vartime = ps_ge8_mul_vartime,
    .mul_two_vartime = ps_ge8_mul_two_vartime,
    .table_mul = ps_ge8_table_mul,
    .msm = ps_ge8_msm,
    .msm_vartime = ps_ge8_msm_vartime,
    .set_msm_vartime = ps_ge8_set_msm_vartime,
    .oprf_blind = ps_ge8_oprf_blind,
    .oprf_evaluate = ps_ge8_oprf_evaluate,
    .encode_twice = ps_ge8_encode_twice,
    .expand_eight = ps_lanes_expand_eight,
};
#endif
