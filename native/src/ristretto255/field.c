/* Powers and roots modulo p = 2^255 - 19. */
#include "field.h"

#include "constant.h"

/* a^(2^250 - 1), and a^11 on the way. */
static void power(fe *r, fe *x11, const fe *a)
{
    fe x2, x9, y5, y10, y20, y50, y100, t;

    fe_sqr(&x2, a);
    fe_sqr_times(&t, &x2, 2);
    fe_mul(&x9, &t, a);
    fe_mul(x11, &x9, &x2);
    fe_sqr(&t, x11);
    fe_mul(&y5, &t, &x9); /* y5 = a^(2^5 - 1), and so on */
    fe_sqr_times(&t, &y5, 5);
    fe_mul(&y10, &t, &y5);
    fe_sqr_times(&t, &y10, 10);
    fe_mul(&y20, &t, &y10);
    fe_sqr_times(&t, &y20, 20);
    fe_mul(&t, &t, &y20);
    fe_sqr_times(&t, &t, 10);
    fe_mul(&y50, &t, &y10);
    fe_sqr_times(&t, &y50, 50);
    fe_mul(&y100, &t, &y50);
    fe_sqr_times(&t, &y100, 100);
    fe_mul(&t, &t, &y100);
    fe_sqr_times(&t, &t, 50);
    fe_mul(r, &t, &y50);
}

/* p - 2 = 2^5 (2^250 - 1) + 11 */
void ps_fe_invert(fe *r, const fe *a)
{
    fe t, x11;

    power(&t, &x11, a);
    fe_sqr_times(&t, &t, 5);
    fe_mul(r, &t, &x11);
}

/* 2^252 - 3 = 2^2 (2^250 - 1) + 1 */
void ps_fe_pow_p58(fe *r, const fe *a)
{
    fe t, x11, x = *a;

    power(&t, &x11, a);
    fe_sqr_times(&t, &t, 2);
    fe_mul(r, &t, &x);
}

ps_limb ps_fe_sqrt_ratio(fe *r, const fe *u, const fe *v)
{
    fe v3, v7, x, check, minus_u, minus_ui;
    ps_limb correct, flipped, flipped_i;

    fe_sqr(&v3, v);
    fe_mul(&v3, &v3, v);
    fe_sqr(&v7, &v3);
    fe_mul(&v7, &v7, v);
    fe_mul(&x, u, &v7);
    ps_fe_pow_p58(&x, &x);
    fe_mul(&x, &x, &v3);
    fe_mul(&x, &x, u);
    fe_sqr(&check, &x);
    fe_mul(&check, &check, v);
    fe_neg(&minus_u, u);
    fe_mul(&minus_ui, &minus_u, &fe_sqrt_m1);
    correct = fe_mask_equal(&check, u);
    flipped = fe_mask_equal(&check, &minus_u);
    flipped_i = fe_mask_equal(&check, &minus_ui);
    fe_mul(&check, &x, &fe_sqrt_m1);
    fe_select(&x, flipped | flipped_i, &check, &x);
    fe_abs(r, &x);
    return correct | flipped;
}
