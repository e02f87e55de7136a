/* Elements from bytes and to bytes in lanes: RFC 9496, section 4.3, line by
 * line as in ristretto255/encode.c. */
#include "ifma_canonical.h"
#include "ifma_group.h"

#if defined(PS_HAVE_LANES)

#include "../../ristretto255/constant.h"

LANES_TARGET
static void sqr_times(fe8 *r, const fe8 *a, int times)
{
    fe8 x = *a;

    while (times-- > 0) {
        fe8_sqr(&x, &x);
    }
    *r = x;
}

LANES_TARGET
static void mul(fe8 *r, const fe8 *a, const fe8 *b)
{
    fe8_mul(r, a, b);
}

LANES_TARGET
static void mul_constant(fe8 *r, const fe8 *a, const fe *b)
{
    fe8 c;

    fe8_set(&c, b);
    fe8_mul(r, a, &c);
}

LANES_TARGET
static void sqr(fe8 *r, const fe8 *a)
{
    fe8_sqr(r, a);
}

LANES_TARGET
static void add(fe8 *r, const fe8 *a, const fe8 *b)
{
    fe8_add(r, a, b);
}

LANES_TARGET
static void sub(fe8 *r, const fe8 *a, const fe8 *b)
{
    fe8_sub(r, a, b);
}

/* a^(2^252 - 3) */
LANES_TARGET
static void pow_p58(fe8 *r, const fe8 *a)
{
    fe8 x2, x9, x11, y5, y10, y20, y50, y100, t;

    sqr(&x2, a);
    sqr_times(&t, &x2, 2);
    mul(&x9, &t, a);
    mul(&x11, &x9, &x2);
    sqr(&t, &x11);
    mul(&y5, &t, &x9); /* y5 = a^(2^5 - 1), and so on */
    sqr_times(&t, &y5, 5);
    mul(&y10, &t, &y5);
    sqr_times(&t, &y10, 10);
    mul(&y20, &t, &y10);
    sqr_times(&t, &y20, 20);
    mul(&t, &t, &y20);
    sqr_times(&t, &t, 10);
    mul(&y50, &t, &y10);
    sqr_times(&t, &y50, 50);
    mul(&y100, &t, &y50);
    sqr_times(&t, &y100, 100);
    mul(&t, &t, &y100);
    sqr_times(&t, &t, 50);
    mul(&t, &t, &y50);
    sqr_times(&t, &t, 2);
    mul(r, &t, a);
}

/* a^(p - 2) = (a^(2^252 - 3))^8 a^3 */
LANES_TARGET
void ps_fe8_invert(fe8 *r, const fe8 *a)
{
    fe8 a3, t;

    sqr(&a3, a);
    mul(&a3, &a3, a);
    pow_p58(&t, a);
    sqr_times(&t, &t, 3);
    mul(r, &t, &a3);
}

/* SQRT_RATIO_M1 */
LANES_TARGET
static lanes_mask sqrt_ratio(fe8 *r, const fe8 *u, const fe8 *v)
{
    fe8 v3, v7, x, check, minus_u, minus_ui;
    lanes_mask correct, flipped, flipped_i;

    sqr(&v3, v);
    mul(&v3, &v3, v);
    sqr(&v7, &v3);
    mul(&v7, &v7, v);
    mul(&x, u, &v7);
    pow_p58(&x, &x);
    mul(&x, &x, &v3);
    mul(&x, &x, u);
    sqr(&check, &x);
    mul(&check, &check, v);
    fe8_neg(&minus_u, u);
    mul_constant(&minus_ui, &minus_u, &fe_sqrt_m1);
    correct = fe8_is_same(&check, u);
    flipped = fe8_is_same(&check, &minus_u);
    flipped_i = fe8_is_same(&check, &minus_ui);
    mul_constant(&check, &x, &fe_sqrt_m1);
    fe8_take(&x, flipped | flipped_i, &check, &x);
    fe8_absolute(r, &x);
    return correct | flipped;
}

/* 4.3.1 */
LANES_TARGET
lanes_mask ps_ge8_read(ge8_extended *r, const uint8_t *in, size_t count)
{
    fe8 s, ss, u1, u2, u2_sqr, v, inv, den_x, den_y, one, canonical;
    ps_lanes top, differ;
    lanes_mask ok;

    fe8_set(&one, &fe_one);
    fe8_read_eight(&s, &top, in, 32, count);
    fe8_freeze(&canonical, &s);
    differ = top | (s.v[0] & lanes_set(1));
    for (int i = 0; i < 5; i++) {
        differ |= canonical.v[i] ^ s.v[i];
    }
    ok = lanes_is_zero(differ);
    sqr(&ss, &s);
    sub(&u1, &one, &ss);
    add(&u2, &one, &ss);
    sqr(&u2_sqr, &u2);
    sqr(&v, &u1);
    mul_constant(&v, &v, &fe_d);
    fe8_neg(&v, &v);
    sub(&v, &v, &u2_sqr); /* -(d u1^2) - u2^2 */
    mul(&den_x, &v, &u2_sqr);
    ok &= sqrt_ratio(&inv, &one, &den_x);
    mul(&den_x, &inv, &u2);
    mul(&den_y, &inv, &den_x);
    mul(&den_y, &den_y, &v);
    add(&r->x, &s, &s);
    mul(&r->x, &r->x, &den_x);
    fe8_absolute(&r->x, &r->x);
    mul(&r->y, &u1, &den_y);
    r->z = one;
    mul(&r->t, &r->x, &r->y);
    ok &= ~fe8_is_negative(&r->t);
    return ok & ~fe8_is_zero(&r->y);
}

/* 4.3.2 */
LANES_TARGET
static void encode(uint8_t *out, const ps_ristretto255 *p, size_t count)
{
    ge8_extended a;
    fe8 u1, u2, inv, den1, den2, z_inv, x, y, den, t, one;
    lanes_mask rotate;

    ps_ge8_load(&a, p, count);
    fe8_set(&one, &fe_one);
    add(&u1, &a.z, &a.y);
    sub(&t, &a.z, &a.y);
    mul(&u1, &u1, &t);
    mul(&u2, &a.x, &a.y);
    sqr(&t, &u2);
    mul(&t, &t, &u1);
    (void)sqrt_ratio(&inv, &one, &t);
    mul(&den1, &inv, &u1);
    mul(&den2, &inv, &u2);
    mul(&z_inv, &den1, &den2);
    mul(&z_inv, &z_inv, &a.t);
    mul(&t, &a.t, &z_inv);
    rotate = fe8_is_negative(&t);
    mul_constant(&x, &a.y, &fe_sqrt_m1);
    mul_constant(&y, &a.x, &fe_sqrt_m1);
    mul_constant(&den, &den1, &fe_invsqrt_a_minus_d);
    fe8_take(&x, rotate, &x, &a.x);
    fe8_take(&y, rotate, &y, &a.y);
    fe8_take(&den, rotate, &den, &den2);
    mul(&t, &x, &z_inv);
    fe8_negate_if(&y, fe8_is_negative(&t), &y);
    sub(&t, &a.z, &y);
    mul(&t, &t, &den);
    fe8_absolute(&t, &t);
    fe8_write_eight(out, &t, count);
}

/* 4.3.4: MAP. */
LANES_TARGET
static void map(ge8_extended *p, const uint8_t *in, size_t count)
{
    fe8 t, r, u, v, s, s_prime, c, n, w0, w1, w2, w3, one, d;
    ps_lanes top;
    lanes_mask square;

    fe8_set(&one, &fe_one);
    fe8_set(&d, &fe_d);
    fe8_read_eight(&t, &top, in, 64, count);
    sqr(&r, &t);
    mul_constant(&r, &r, &fe_sqrt_m1);
    add(&u, &r, &one);
    mul_constant(&u, &u, &fe_one_minus_d_sq);
    mul(&v, &r, &d);
    fe8_neg(&v, &v);
    sub(&v, &v, &one); /* -1 - r d */
    add(&w0, &r, &d);
    mul(&v, &v, &w0);
    square = sqrt_ratio(&s, &u, &v);
    mul(&s_prime, &s, &t);
    fe8_absolute(&s_prime, &s_prime);
    fe8_neg(&s_prime, &s_prime);
    fe8_take(&s, square, &s, &s_prime);
    fe8_neg(&c, &one);
    fe8_take(&c, square, &c, &r);
    sub(&n, &r, &one);
    mul(&n, &n, &c);
    mul_constant(&n, &n, &fe_d_minus_one_sq);
    sub(&n, &n, &v);
    mul(&w0, &s, &v);
    add(&w0, &w0, &w0);
    mul_constant(&w1, &n, &fe_sqrt_ad_minus_one);
    sqr(&w3, &s);
    sub(&w2, &one, &w3);
    add(&w3, &one, &w3);
    mul(&p->x, &w0, &w3);
    mul(&p->y, &w2, &w1);
    mul(&p->z, &w1, &w3);
    mul(&p->t, &w0, &w2);
}

static size_t at_most_eight(size_t count)
{
    return count < LANES ? count : LANES;
}

static void refuse(ps_ristretto255 *p, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ps_ristretto255_identity(&p[i]);
    }
}

LANES_TARGET
int ps_ge8_decode(ps_ristretto255 *p, size_t *bad, const uint8_t *in,
                  size_t count)
{
    if (count < 2) {
        return 0;
    }
    for (size_t i = 0; i < count; i += LANES) {
        size_t n = at_most_eight(count - i);
        ge8_extended x;
        lanes_mask ok = ps_ge8_read(&x, in + 32 * i, n);

        ps_ge8_store(p + i, &x, n);
        for (size_t lane = 0; lane < n; lane++) {
            if (!ok[lane]) {
                refuse(p, count);
                *bad = i + lane;
                return 1;
            }
        }
    }
    *bad = count;
    return 1;
}

int ps_ge8_encode(uint8_t *out, const ps_ristretto255 *p, size_t count)
{
    if (count < 2) {
        return 0;
    }
    for (size_t i = 0; i < count; i += LANES) {
        encode(out + 32 * i, p + i, at_most_eight(count - i));
    }
    return 1;
}

LANES_TARGET
void ps_ge8_map_two(ge8 *r, const uint8_t *in, size_t count)
{
    ge8_extended a, b;
    ge8 other;
    ge8_cached c;

    map(&a, in, count);
    map(&b, in + 32, count);
    ps_ge8_enter(r, &a);
    ps_ge8_enter(&other, &b);
    ps_ge8_cache(&c, &other);
    ps_ge8_add(r, r, &c);
}

int ps_ge8_from_uniform(ps_ristretto255 *p, const uint8_t *in, size_t count)
{
    if (count < 2) {
        return 0;
    }
    for (size_t i = 0; i < count; i += LANES) {
        size_t n = at_most_eight(count - i);
        ge8_extended a;
        ge8 sum;

        ps_ge8_map_two(&sum, in + 64 * i, n);
        ps_ge8_leave(&a, &sum);
        ps_ge8_store(p + i, &a, n);
    }
    return 1;
}
#endif
