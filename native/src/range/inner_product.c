/* The inner product argument, Bulletproofs section 3.
 *
 * Its vectors a and b are public. A range proof without this argument would
 * send them as they are (Bulletproofs, section 4.1, l and r): they are blinded
 * by s_L and s_R, and proven to tell nothing. So variable time is allowed here.
 *
 * The generators are not folded. In round r, when a and b have `len` entries,
 * the folded generator i stands for the sum over t < 2^r of
 *
 *   g[t] * G[t*len + i]      and      h[t] * y^-i * H[t*len + i]
 *
 * so that L and R are sums over N + 1 of the elements that never change, which
 * a set of them makes quick.
 */
#include "range.h"

#include "../bytes.h"

size_t ps_range_product_room(range_product *p, range_room *room,
                             const range_shape *shape)
{
    size_t n = shape->length;

    p->shape = shape;
    p->y_inv = range_scalars(room, n);
    p->g = range_scalars(room, n);
    p->h = range_scalars(room, n);
    p->terms = range_scalars(room, range_places(shape->padded));
    p->msm = range_take(
        room, ps_ristretto255_set_limbs(range_places(shape->padded)));
    return room->used;
}

static void inner(ps_scalar *r, const ps_scalar *a, const ps_scalar *b,
                  size_t len)
{
    ps_scalar_from_u64(r, 0);
    for (size_t i = 0; i < len; i++) {
        ps_scalar_mul_add(r, &a[i], &b[i], r);
    }
}

/* One of L and R: a goes with the folded generators of G from g_from on, b with
 * those of H from h_from on, c with G itself. */
static void cross(ps_ristretto255 *sum, const ps_scalar *a,
                  const ps_scalar *b, const ps_scalar *c, size_t half,
                  size_t g_from, size_t h_from, range_product *p)
{
    const range_shape *s = p->shape;
    size_t places = range_places(s->padded);

    memset(p->terms, 0, places * sizeof *p->terms);
    p->terms[0] = *c;
    for (size_t t = 0; t < s->length / (2 * half); t++) {
        size_t k = t * 2 * half;

        for (size_t i = 0; i < half; i++) {
            size_t g = range_place(s, k + g_from + i);
            size_t h = range_place(s, k + h_from + i) + RANGE_GENERATORS;

            ps_scalar_mul(&p->terms[g], &p->g[t], &a[i]);
            ps_scalar_mul(&p->terms[h], &p->h[t], &b[i]);
        }
    }
    ps_ristretto255_set_msm_vartime(sum, p->terms, places, &p->gens->set,
                                    p->backend, p->msm);
}

/* b[i] * y^-(from + i), where the generators are H and not y^-k * H. */
static void scale(ps_scalar *r, const ps_scalar *b, const ps_scalar *y_inv,
                  size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ps_scalar_mul(&r[i], &b[i], &y_inv[i]);
    }
}

/* a' = u*a_L + u^-1*a_R, b' = u^-1*b_L + u*b_R (section 3, protocol 2). */
static void fold(ps_scalar *a, ps_scalar *b, size_t half, const ps_scalar *u,
                 const ps_scalar *u_inv)
{
    for (size_t i = 0; i < half; i++) {
        ps_scalar_mul(&a[i], &a[i], u);
        ps_scalar_mul_add(&a[i], &a[half + i], u_inv, &a[i]);
        ps_scalar_mul(&b[i], &b[i], u_inv);
        ps_scalar_mul_add(&b[i], &b[half + i], u, &b[i]);
    }
}

/* G' = u^-1*G_L + u*G_R, H' = u*H_L + u^-1*H_R: each coefficient becomes two,
 * from the last on. */
static void split(range_product *p, size_t blocks, size_t half,
                  const ps_scalar *u, const ps_scalar *u_inv)
{
    ps_scalar right;

    ps_scalar_mul(&right, u_inv, &p->y_inv[half]);
    for (size_t t = blocks; t-- > 0;) {
        ps_scalar_mul(&p->g[2 * t + 1], &p->g[t], u);
        ps_scalar_mul(&p->g[2 * t], &p->g[t], u_inv);
        ps_scalar_mul(&p->h[2 * t + 1], &p->h[t], &right);
        ps_scalar_mul(&p->h[2 * t], &p->h[t], u);
    }
}

/* One round; a and b of 2*half entries become vectors of half. Returns 0 when a
 * challenge is zero or an element the identity. */
static int round_of(uint8_t *out64, ps_range_transcript *t, ps_scalar *a,
                    ps_scalar *b, size_t half, const ps_scalar *w,
                    range_product *p)
{
    size_t blocks = p->shape->length / (2 * half);
    ps_scalar c_left, c_right, u, u_inv, *scaled = p->g + blocks;
    ps_ristretto255 sums[2];

    /* g holds `blocks` coefficients; the rest of it is free, and there are
     * half of them, for blocks + half <= N. */
    inner(&c_left, a, b + half, half);
    inner(&c_right, a + half, b, half);
    ps_scalar_mul(&c_left, &c_left, w);
    ps_scalar_mul(&c_right, &c_right, w);
    scale(scaled, b + half, p->y_inv, half);
    cross(&sums[0], a, scaled, &c_left, half, half, 0, p);
    scale(scaled, b, p->y_inv + half, half);
    cross(&sums[1], a + half, scaled, &c_right, half, 0, half, p);
    ps_ristretto255_encode(out64, sums, 2, p->backend);
    ps_range_absorb(t, "L", out64);
    ps_range_absorb(t, "R", out64 + 32);
    ps_range_challenge(&u, t, "u");
    ps_scalar_invert(&u_inv, &u);
    fold(a, b, half, &u, &u_inv);
    split(p, blocks, half, &u, &u_inv);
    return !(ps_ristretto255_is_identity(&sums[0])
             | ps_ristretto255_is_identity(&sums[1]) | ps_scalar_is_zero(&u));
}

ps_status ps_range_product_prove(uint8_t *out, ps_range_transcript *t,
                                 ps_scalar *a, ps_scalar *b,
                                 const ps_scalar *w, range_product *p)
{
    int whole = 1;

    ps_scalar_from_u64(&p->g[0], 1);
    ps_scalar_from_u64(&p->h[0], 1);
    ps_range_absorb_length(t, p->shape);
    for (size_t half = p->shape->length / 2; half > 0; half /= 2) {
        whole &= round_of(out, t, a, b, half, w, p);
        out += 64;
    }
    ps_scalar_to_bytes(out, a);
    ps_scalar_to_bytes(out + 32, b);
    ps_range_absorb_ends(t, out, out + 32);
    return whole ? PS_OK : PS_E_FEED;
}
