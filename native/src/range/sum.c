/* The sums that a range proof has to satisfy, Bulletproofs 6.1 and 6.2.
 *
 * A proof is accepted when two sums are the identity (docs/protocols/range.md):
 *
 *   A + x*S - e_blinding*H + w*(t_x - a*b)*G + sum_j (u_j^2*L_j + u_j^-2*R_j)
 *     + sum_k (-z - a*s_k)*G_k + sum_k (z + y^-k*(z_j*2^i - b/s_k))*H_k
 *
 *   sum_j z_j*V_j + x*T_1 + x^2*T_2 + (delta - t_x)*G - t_x_blinding*H
 *
 * where s_k is the product of u_j or u_j^-1, as bit log2(N) - j of k is 1 or 0.
 * Each sum is taken times a weight of its own; all of them together are one
 * multi-scalar multiplication over the generators and the proofs' elements.
 */
#include "batch.h"

#include "../bytes.h"

/* p[k] = weight*a*s_k and q[k] = weight*b*y^-k/s_k: both double in length with
 * each bit of k, from the last challenge to the first. */
static void tensor(range_batch *b, const range_claim *c)
{
    const ps_scalar *u = b->forward + c->inverses + 1;
    const ps_scalar *u_inv = b->inverse + c->inverses + 1;
    ps_scalar y_inv = b->inverse[c->inverses], up, down;

    ps_scalar_mul(&b->p[0], &c->weight[0], &c->a);
    ps_scalar_mul(&b->q[0], &c->weight[0], &c->b);
    for (size_t j = 0; j < c->shape.rounds; j++) {
        ps_scalar_mul(&b->p[0], &b->p[0], &u_inv[j]);
        ps_scalar_mul(&b->q[0], &b->q[0], &u[j]);
    }
    for (size_t j = c->shape.rounds, len = 1; j-- > 0; len *= 2) {
        ps_scalar_mul(&up, &u[j], &u[j]);
        ps_scalar_mul(&down, &u_inv[j], &u_inv[j]);
        ps_scalar_mul(&down, &down, &y_inv);
        for (size_t k = 0; k < len; k++) {
            ps_scalar_mul(&b->p[len + k], &b->p[k], &up);
            ps_scalar_mul(&b->q[len + k], &b->q[k], &down);
        }
        ps_scalar_mul(&y_inv, &y_inv, &y_inv);
    }
}

/* Adds what the first sum has of the generators. */
static void add_generators(range_batch *b, const range_claim *c)
{
    const range_shape *s = &c->shape;
    ps_scalar wz, start, y_n, two_y_inv, r;

    tensor(b, c);
    two_y_inv = b->inverse[c->inverses];
    y_n = two_y_inv;
    for (size_t i = 1; i < s->bits; i *= 2) {
        ps_scalar_mul(&y_n, &y_n, &y_n);
    }
    ps_scalar_mul(&y_n, &y_n, &c->z); /* z*y^-n, from one number to the next */
    ps_scalar_add(&two_y_inv, &two_y_inv, &two_y_inv);
    ps_scalar_mul(&wz, &c->weight[0], &c->z);
    ps_scalar_mul(&start, &wz, &c->z);
    for (size_t k = 0; k < s->length; k++) {
        ps_scalar *g = &b->shared[range_place(s, k)];
        ps_scalar *h = g + RANGE_GENERATORS;

        if (k % s->bits == 0) { /* r = weight * z_j * 2^i * y^-k */
            r = start;
            ps_scalar_mul(&start, &start, &y_n);
        } else {
            ps_scalar_mul(&r, &r, &two_y_inv);
        }
        ps_scalar_sub(g, g, &wz);
        ps_scalar_sub(g, g, &b->p[k]);
        ps_scalar_add(h, h, &wz);
        ps_scalar_add(h, h, &r);
        ps_scalar_sub(h, h, &b->q[k]);
    }
}

/* delta(y, z) = (z - z^2)*<1, y^N> - <1, 2^n> * sum_j z^(3+j). */
static void make_delta(ps_scalar *delta, const range_claim *c)
{
    const range_shape *s = &c->shape;
    ps_scalar sum, power = c->y, one, z2;

    ps_scalar_from_u64(&one, 1);
    ps_scalar_from_u64(&sum, 1);
    for (size_t j = 0; j < s->rounds; j++) { /* (1 + y)(1 + y^2)(1 + y^4)... */
        ps_scalar_mul_add(&sum, &sum, &power, &sum);
        ps_scalar_mul(&power, &power, &power);
    }
    ps_scalar_mul(&z2, &c->z, &c->z);
    ps_scalar_sub(delta, &c->z, &z2);
    ps_scalar_mul(delta, delta, &sum);
    ps_scalar_from_u64(&sum, 0);
    ps_scalar_mul(&power, &z2, &c->z);
    for (size_t j = 0; j < s->padded; j++) {
        ps_scalar_add(&sum, &sum, &power);
        ps_scalar_mul(&power, &power, &c->z);
    }
    ps_scalar_from_u64(&power, ~(uint64_t)0 >> (64 - s->bits));
    ps_scalar_mul(&sum, &sum, &power);
    ps_scalar_sub(delta, delta, &sum);
}

/* Adds what both sums have of G and H. */
static void add_bases(range_batch *b, const range_claim *c)
{
    ps_scalar delta, value;

    make_delta(&delta, c);
    ps_scalar_sub(&delta, &delta, &c->t_x);
    ps_scalar_mul_add(&b->shared[0], &c->weight[1], &delta, &b->shared[0]);
    ps_scalar_mul(&value, &c->a, &c->b);
    ps_scalar_sub(&value, &c->t_x, &value);
    ps_scalar_mul(&value, &value, &c->w);
    ps_scalar_mul_add(&b->shared[0], &c->weight[0], &value, &b->shared[0]);
    ps_scalar_mul(&value, &c->weight[0], &c->e_blinding);
    ps_scalar_mul_add(&value, &c->weight[1], &c->t_x_blinding, &value);
    ps_scalar_sub(&b->shared[1], &b->shared[1], &value);
}

/* The coefficients of A, S, T_1, T_2, L and R, V, in this order. */
static void set_elements(const range_batch *b, ps_scalar *terms,
                         const range_claim *c)
{
    const ps_scalar *u = b->forward + c->inverses + 1;
    const ps_scalar *u_inv = b->inverse + c->inverses + 1;
    ps_scalar power;

    terms[0] = c->weight[0];
    ps_scalar_mul(&terms[1], &c->weight[0], &c->x);
    ps_scalar_mul(&terms[2], &c->weight[1], &c->x);
    ps_scalar_mul(&terms[3], &terms[2], &c->x);
    terms += 4;
    for (size_t j = 0; j < c->shape.rounds; j++, terms += 2) {
        ps_scalar_mul(&terms[0], &u[j], &u[j]);
        ps_scalar_mul(&terms[0], &terms[0], &c->weight[0]);
        ps_scalar_mul(&terms[1], &u_inv[j], &u_inv[j]);
        ps_scalar_mul(&terms[1], &terms[1], &c->weight[0]);
    }
    ps_scalar_mul(&power, &c->weight[1], &c->z);
    for (size_t j = 0; j < c->shape.count; j++) {
        ps_scalar_mul(&power, &power, &c->z);
        terms[j] = power;
    }
}

int ps_range_sums_vanish(range_batch *b, size_t from, size_t to)
{
    ps_ristretto255 sum, own;
    size_t at = 0;

    memset(b->shared, 0, b->places * sizeof *b->shared);
    for (size_t i = from; i < to; i++) {
        add_generators(b, &b->claims[i]);
        add_bases(b, &b->claims[i]);
        set_elements(b, b->terms + at, &b->claims[i]);
        at += b->claims[i].elements;
    }
    ps_ristretto255_set_msm_vartime(&sum, b->shared, b->places, &b->gens->set,
                                    b->backend, b->msm);
    ps_ristretto255_msm_vartime(&own, b->terms, b->points, at, b->backend,
                                b->msm);
    ps_ristretto255_add(&sum, &sum, &own);
    return ps_ristretto255_is_identity(&sum) != 0;
}
