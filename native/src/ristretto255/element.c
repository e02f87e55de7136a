/* The group law, equality, choice. */
#include "element.h"

#include "constant.h"
#include "table.h"

void ps_ge_identity(ge *r)
{
    r->x = fe_zero;
    r->y = fe_one;
    r->z = fe_one;
    r->t = fe_zero;
}

void ps_ge_cached_identity(ge_cached *r)
{
    r->plus = fe_one;
    r->minus = fe_one;
    fe_add(&r->z2, &fe_one, &fe_one);
    r->t2d = fe_zero;
}

void ps_ge_cache(ge_cached *r, const ge *a)
{
    fe_add(&r->plus, &a->y, &a->x);
    fe_sub(&r->minus, &a->y, &a->x);
    fe_add(&r->z2, &a->z, &a->z);
    fe_mul(&r->t2d, &a->t, &fe_2d);
}

/* From A = (Y1-X1)(Y2-X2), B = (Y1+X1)(Y2+X2), C = T1 2d T2, D = Z1 2 Z2. */
static void finish(ge *r, const fe *a, const fe *b, const fe *c, const fe *d)
{
    fe e, f, g, h;

    fe_sub(&e, b, a);
    fe_add(&h, b, a);
    fe_sub(&f, d, c);
    fe_add(&g, d, c);
    fe_mul(&r->x, &e, &f);
    fe_mul(&r->y, &g, &h);
    fe_mul(&r->t, &e, &h);
    fe_mul(&r->z, &f, &g);
}

void ps_ge_add(ge *r, const ge *a, const ge_cached *b)
{
    fe minus, plus, c, d;

    fe_sub(&minus, &a->y, &a->x);
    fe_add(&plus, &a->y, &a->x);
    fe_mul(&minus, &minus, &b->minus);
    fe_mul(&plus, &plus, &b->plus);
    fe_mul(&c, &a->t, &b->t2d);
    fe_mul(&d, &a->z, &b->z2);
    finish(r, &minus, &plus, &c, &d);
}

void ps_ge_sub(ge *r, const ge *a, const ge_cached *b)
{
    fe minus, plus, c, d;

    fe_sub(&minus, &a->y, &a->x);
    fe_add(&plus, &a->y, &a->x);
    fe_mul(&minus, &minus, &b->plus);
    fe_mul(&plus, &plus, &b->minus);
    fe_mul(&c, &a->t, &b->t2d);
    fe_mul(&d, &a->z, &b->z2);
    fe_neg(&c, &c);
    finish(r, &minus, &plus, &c, &d);
}

void ps_ge_add_affine(ge *r, const ge *a, const ge_affine *b)
{
    fe minus, plus, c, d;

    fe_sub(&minus, &a->y, &a->x);
    fe_add(&plus, &a->y, &a->x);
    fe_mul(&minus, &minus, &b->minus);
    fe_mul(&plus, &plus, &b->plus);
    fe_mul(&c, &a->t, &b->t2d);
    fe_add(&d, &a->z, &a->z);
    finish(r, &minus, &plus, &c, &d);
}

void ps_ge_double(ge *r, const ge *a, int with_t)
{
    fe xx, yy, zz2, e, f, g, h;

    fe_add(&h, &a->x, &a->y);
    fe_sqr(&e, &h);
    fe_sqr(&xx, &a->x);
    fe_sqr(&yy, &a->y);
    fe_sqr(&zz2, &a->z);
    fe_add(&zz2, &zz2, &zz2);
    fe_add(&h, &yy, &xx);
    fe_sub(&g, &yy, &xx);
    fe_sub(&e, &e, &h);
    fe_sub(&f, &zz2, &g);
    /* X/Z = e f / (g f), Y/Z = h g / (g f): the signs of HWCD, both turned */
    fe_mul(&r->x, &e, &f);
    fe_mul(&r->y, &g, &h);
    fe_mul(&r->z, &f, &g);
    if (with_t) {
        fe_mul(&r->t, &e, &h);
    }
}

void ps_ge_cached_take(ge_cached *r, ps_limb mask, const ge_cached *a)
{
    fe_select(&r->plus, mask, &a->plus, &r->plus);
    fe_select(&r->minus, mask, &a->minus, &r->minus);
    fe_select(&r->z2, mask, &a->z2, &r->z2);
    fe_select(&r->t2d, mask, &a->t2d, &r->t2d);
}

void ps_ge_cached_negate_if(ge_cached *r, ps_limb mask)
{
    fe plus = r->plus;

    fe_select(&r->plus, mask, &r->minus, &plus);
    fe_select(&r->minus, mask, &plus, &r->minus);
    fe_negate_if(&r->t2d, mask, &r->t2d);
}

void ps_ristretto255_identity(ps_ristretto255 *p)
{
    ge r;

    ps_ge_identity(&r);
    ge_store(p, &r);
}

void ps_ristretto255_base(ps_ristretto255 *p)
{
    ge r = {fe_base_x, fe_base_y, fe_one, fe_base_t};

    ge_store(p, &r);
}

void ps_ristretto255_add(ps_ristretto255 *r, const ps_ristretto255 *a,
                         const ps_ristretto255 *b)
{
    ge x, y;
    ge_cached c;

    ge_load(&x, a);
    ge_load(&y, b);
    ps_ge_cache(&c, &y);
    ps_ge_add(&x, &x, &c);
    ge_store(r, &x);
}

void ps_ristretto255_sub(ps_ristretto255 *r, const ps_ristretto255 *a,
                         const ps_ristretto255 *b)
{
    ge x, y;
    ge_cached c;

    ge_load(&x, a);
    ge_load(&y, b);
    ps_ge_cache(&c, &y);
    ps_ge_sub(&x, &x, &c);
    ge_store(r, &x);
}

void ps_ristretto255_neg(ps_ristretto255 *r, const ps_ristretto255 *a)
{
    ge x;

    ge_load(&x, a);
    fe_neg(&x.x, &x.x);
    fe_neg(&x.t, &x.t);
    ge_store(r, &x);
}

/* RFC 9496, section 4.5: X1 Y2 = Y1 X2 or Y1 Y2 = X1 X2. */
static ps_limb equal_mask(const ge *a, const ge *b)
{
    fe l, r;
    ps_limb first;

    fe_mul(&l, &a->x, &b->y);
    fe_mul(&r, &a->y, &b->x);
    first = fe_mask_equal(&l, &r);
    fe_mul(&l, &a->y, &b->y);
    fe_mul(&r, &a->x, &b->x);
    return first | fe_mask_equal(&l, &r);
}

ps_limb ps_ristretto255_is_equal(const ps_ristretto255 *a,
                                 const ps_ristretto255 *b)
{
    ge x, y;

    ge_load(&x, a);
    ge_load(&y, b);
    return equal_mask(&x, &y) & 1;
}

ps_limb ps_ristretto255_is_identity(const ps_ristretto255 *a)
{
    ge x, y;

    ge_load(&x, a);
    ps_ge_identity(&y);
    return equal_mask(&x, &y) & 1;
}

void ps_ristretto255_select(ps_ristretto255 *r, ps_limb choice,
                            const ps_ristretto255 *a, const ps_ristretto255 *b)
{
    ps_limb mask = ct_mask(choice);

    for (int i = 0; i < 5; i++) {
        r->x[i] = ct_select(mask, a->x[i], b->x[i]);
        r->y[i] = ct_select(mask, a->y[i], b->y[i]);
        r->z[i] = ct_select(mask, a->z[i], b->z[i]);
        r->t[i] = ct_select(mask, a->t[i], b->t[i]);
    }
}
