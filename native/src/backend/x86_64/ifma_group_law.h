/* The two halves of the group law, for kernels that join them otherwise.
 *
 * Source     Hisil, Wong, Carter and Dawson, ASIACRYPT 2008, section 3
 * Secret     all values; nothing branches
 */
#ifndef PRIVSHARE_BACKEND_IFMA_GROUP_LAW_H
#define PRIVSHARE_BACKEND_IFMA_GROUP_LAW_H

#include "ifma_group.h"

#if defined(PS_HAVE_LANES)

/* What addition and doubling end with: X = E F, Y = G H, Z = F G, T = E H. */
typedef struct {
    fe8 e, f, g, h;
} ge8_completed;

LANES_INLINE void ge8_finish_added(ge8 *r, const ge8_completed *c)
{
    fe8 x, y, t;

    fe8_mul_wide(&x, &c->e, &c->f);
    fe8_mul_wide(&y, &c->g, &c->h);
    fe8_sub_wide(&t, &y, &x);
    fe8_carry(&r->minus, &t);
    fe8_add_wide(&t, &y, &x);
    fe8_carry(&r->plus, &t);
    fe8_mul(&r->t, &c->e, &c->h);
    fe8_mul(&r->z, &c->f, &c->g);
}

LANES_INLINE void ge8_finish_projective(ge8_projective *r,
                                        const ge8_completed *c)
{
    fe8 x, y, t;

    fe8_mul_wide(&x, &c->e, &c->f);
    fe8_carry(&r->x, &x);
    fe8_mul_wide(&y, &c->g, &c->h);
    fe8_carry(&r->y, &y);
    fe8_add_wide(&t, &y, &x);
    fe8_carry(&r->sum, &t);
    fe8_mul(&r->z, &c->f, &c->g);
}

/* From A = (Y1-X1)(Y2-X2), B = (Y1+X1)(Y2+X2), and d = 2 Z1 Z2. */
LANES_INLINE void ge8_sum(ge8_completed *r, const ge8 *a, const fe8 *minus,
                          const fe8 *plus, const fe8 *t2d, const fe8 *d)
{
    fe8 x, y, t;

    fe8_mul_wide(&x, &a->minus, minus);
    fe8_mul_wide(&y, &a->plus, plus);
    fe8_sub_wide(&t, &y, &x);
    fe8_carry(&r->e, &t);
    fe8_add_wide(&t, &y, &x);
    fe8_carry(&r->h, &t);
    fe8_mul_wide(&x, &a->t, t2d);
    fe8_sub_wide(&t, d, &x);
    fe8_carry(&r->f, &t);
    fe8_add_wide(&t, d, &x);
    fe8_carry(&r->g, &t);
}

LANES_INLINE void ge8_twice(ge8_completed *r, const ge8_projective *a)
{
    fe8 xx, yy, t, u;

    fe8_sqr_wide(&xx, &a->x);
    fe8_sqr_wide(&yy, &a->y);
    fe8_add_wide(&t, &yy, &xx);
    fe8_carry(&r->h, &t);
    fe8_sqr_wide(&u, &a->sum);
    fe8_sub_wide(&u, &u, &t);
    fe8_carry(&r->e, &u);
    fe8_sub_wide(&t, &yy, &xx);
    fe8_carry(&r->g, &t);
    fe8_sqr_wide(&u, &a->z);
    fe8_add_wide(&u, &u, &u);
    fe8_add_wide(&u, &u, &xx);
    fe8_sub_wide(&u, &u, &yy);
    fe8_carry(&r->f, &u);
}

#endif
#endif
