/* Elements from bytes and to bytes: RFC 9496, section 4.3. */
#include "../backend/backend.h"
#include "constant.h"
#include "element.h"

/* 4.3.1: all ones when the bytes are canonical. */
static ps_limb decode(ge *r, const uint8_t *in32)
{
    uint8_t canonical[32];
    fe s, ss, u1, u2, u2_sqr, v, inv, den_x, den_y;
    uint64_t differ = 0;
    ps_limb ok, square;

    fe_from_bytes(&s, in32);
    fe_to_bytes(canonical, &s);
    for (int i = 0; i < 32; i++) {
        differ |= (uint64_t)(canonical[i] ^ in32[i]);
    }
    ok = ct_mask_zero(differ) & ~fe_mask_negative(&s);
    fe_sqr(&ss, &s);
    fe_sub(&u1, &fe_one, &ss);
    fe_add(&u2, &fe_one, &ss);
    fe_sqr(&u2_sqr, &u2);
    fe_sqr(&v, &u1);
    fe_mul(&v, &v, &fe_d);
    fe_neg(&v, &v);
    fe_sub(&v, &v, &u2_sqr); /* -(d u1^2) - u2^2 */
    fe_mul(&den_x, &v, &u2_sqr);
    square = ps_fe_sqrt_ratio(&inv, &fe_one, &den_x);
    fe_mul(&den_x, &inv, &u2);
    fe_mul(&den_y, &inv, &den_x);
    fe_mul(&den_y, &den_y, &v);
    fe_add(&r->x, &s, &s);
    fe_mul(&r->x, &r->x, &den_x);
    fe_abs(&r->x, &r->x);
    fe_mul(&r->y, &u1, &den_y);
    r->z = fe_one;
    fe_mul(&r->t, &r->x, &r->y);
    return ok & square & ~fe_mask_negative(&r->t) & ~fe_mask_zero(&r->y);
}

/* 4.3.2 */
static void encode(uint8_t *out32, const ge *a)
{
    fe u1, u2, inv, den1, den2, z_inv, x, y, den, t;
    ps_limb rotate;

    fe_add(&u1, &a->z, &a->y);
    fe_sub(&t, &a->z, &a->y);
    fe_mul(&u1, &u1, &t);
    fe_mul(&u2, &a->x, &a->y);
    fe_sqr(&t, &u2);
    fe_mul(&t, &t, &u1);
    (void)ps_fe_sqrt_ratio(&inv, &fe_one, &t);
    fe_mul(&den1, &inv, &u1);
    fe_mul(&den2, &inv, &u2);
    fe_mul(&z_inv, &den1, &den2);
    fe_mul(&z_inv, &z_inv, &a->t);
    fe_mul(&t, &a->t, &z_inv);
    rotate = fe_mask_negative(&t);
    fe_mul(&x, &a->y, &fe_sqrt_m1);
    fe_mul(&y, &a->x, &fe_sqrt_m1);
    fe_mul(&den, &den1, &fe_invsqrt_a_minus_d);
    fe_select(&x, rotate, &x, &a->x);
    fe_select(&y, rotate, &y, &a->y);
    fe_select(&den, rotate, &den, &den2);
    fe_mul(&t, &x, &z_inv);
    fe_negate_if(&y, fe_mask_negative(&t), &y);
    fe_sub(&t, &a->z, &y);
    fe_mul(&t, &t, &den);
    fe_abs(&t, &t);
    fe_to_bytes(out32, &t);
}

/* 4.3.4: MAP. */
static void map(ge *p, const uint8_t *in32)
{
    fe t, r, u, v, s, s_prime, c, n, w0, w1, w2, w3, one_r;
    ps_limb square;

    fe_from_bytes(&t, in32);
    fe_sqr(&r, &t);
    fe_mul(&r, &r, &fe_sqrt_m1);
    fe_add(&one_r, &r, &fe_one);
    fe_mul(&u, &one_r, &fe_one_minus_d_sq);
    fe_mul(&v, &r, &fe_d);
    fe_neg(&v, &v);
    fe_sub(&v, &v, &fe_one); /* -1 - r d */
    fe_add(&w0, &r, &fe_d);
    fe_mul(&v, &v, &w0);
    square = ps_fe_sqrt_ratio(&s, &u, &v);
    fe_mul(&s_prime, &s, &t);
    fe_abs(&s_prime, &s_prime);
    fe_neg(&s_prime, &s_prime);
    fe_select(&s, square, &s, &s_prime);
    fe_neg(&c, &fe_one);
    fe_select(&c, square, &c, &r);
    fe_sub(&n, &r, &fe_one);
    fe_mul(&n, &n, &c);
    fe_mul(&n, &n, &fe_d_minus_one_sq);
    fe_sub(&n, &n, &v);
    fe_mul(&w0, &s, &v);
    fe_add(&w0, &w0, &w0);
    fe_mul(&w1, &n, &fe_sqrt_ad_minus_one);
    fe_sqr(&w3, &s);
    fe_sub(&w2, &fe_one, &w3);
    fe_add(&w3, &fe_one, &w3);
    fe_mul(&p->x, &w0, &w3);
    fe_mul(&p->y, &w2, &w1);
    fe_mul(&p->z, &w1, &w3);
    fe_mul(&p->t, &w0, &w2);
}

ps_status ps_ristretto255_decode(ps_ristretto255 *p, size_t *bad,
                                 const uint8_t *in, size_t count,
                                 const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;

    *bad = 0;
    if (group != NULL && group->decode != NULL
        && group->decode(p, bad, in, count)) {
        return *bad == count ? PS_OK : PS_E_ENCODING;
    }
    for (size_t i = 0; i < count; i++) {
        ge x;

        if (!decode(&x, in + 32 * i)) {
            *bad = i;
            for (size_t k = 0; k < count; k++) {
                ps_ristretto255_identity(&p[k]);
            }
            return PS_E_ENCODING;
        }
        ge_store(&p[i], &x);
    }
    *bad = count;
    return PS_OK;
}

void ps_ristretto255_encode(uint8_t *out, const ps_ristretto255 *p,
                            size_t count, const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;

    if (group != NULL && group->encode != NULL
        && group->encode(out, p, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ge x;

        ge_load(&x, &p[i]);
        encode(out + 32 * i, &x);
    }
}

void ps_ristretto255_from_uniform(ps_ristretto255 *p, const uint8_t *in,
                                  size_t count, const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;

    if (group != NULL && group->from_uniform != NULL
        && group->from_uniform(p, in, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ge a, b;
        ge_cached c;

        map(&a, in + 64 * i);
        map(&b, in + 64 * i + 32);
        ps_ge_cache(&c, &b);
        ps_ge_add(&a, &a, &c);
        ge_store(&p[i], &a);
    }
}
