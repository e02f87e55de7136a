/* The key holder's encryption from tables, eight numbers at a time. */
#include <string.h>

#include "../../mpn/mont.h"
#include "../../paillier/table.h"
#include "lanes.h"

#if defined(PS_HAVE_LANES)

/* One prime, and what takes m to the second half of the pair of 1 + m n: with
 * m = M_0 + M_1 R that is m q = (M_0 q R + M_1 q R^2) / R mod p. */
typedef struct {
    lanes_modulus p;
    ps_lanes *other_r;
    ps_lanes *other_rr;
    ps_lanes *result[LANES_WALKS];   /* pairs, canonical */
} side;

/* What joins c from both sides; see join. */
typedef struct {
    side p, q;
    ps_lanes *weight;       /* p^-2 R^2 mod q^2, pairs modulo q^2 */
    ps_lanes *minus_rr;     /* -p^-2 R^2 */
    ps_lanes *minus_rrr;    /* -p^-2 R^3 */
    ps_lanes *one;          /* the pair of 1 */
    ps_lanes *square;       /* p^2 */
    ps_lanes *m;            /* the messages; room for the rest */
    ps_lanes *long_p, *long_q, *sum, *c;
} holder;

LANES_TARGET
static void side_init(side *s, const lanes_kernel *kernel,
                      const ps_paillier_dual *p, const ps_mont *other,
                      lanes_arena *arena)
{
    size_t h = kernel->limbs;

    ps_lanes_modulus_init(&s->p, kernel, p, arena);
    s->other_r = ps_lanes_take(arena, h);
    s->other_rr = ps_lanes_take(arena, h);
    ps_lanes_spread(s->other_rr, h, other->m, other->limbs);
    kernel->plain.mul(s->other_r, s->other_rr, s->p.rr, &s->p);
    kernel->plain.mul(s->other_rr, s->other_r, s->p.rr, &s->p);
    for (size_t i = 0; i < LANES_WALKS; i++) {
        s->result[i] = ps_lanes_take(arena, 2 * h);
    }
}

/* A pair in portable Montgomery form, times R^2 in ours. */
LANES_TARGET
static void enter_twice(ps_lanes *r, const ps_limb *x,
                        const ps_paillier_dual *dual, const lanes_modulus *m,
                        ps_lanes *room)
{
    ps_limb plain[2 * PS_PAILLIER_P_LIMBS];
    size_t limbs = dual->mont.limbs;
    size_t h = m->kernel->limbs;

    ps_dual_leave(plain, x, dual);
    ps_lanes_spread(r, h, plain, limbs);
    ps_lanes_spread(r + h, h, plain + limbs, limbs);
    m->kernel->dual.mul(room, r, m->rr, m);
    m->kernel->dual.mul(r, room, m->rr, m);
    ps_wipe(plain, sizeof plain);
}

LANES_TARGET
static void weights_init(holder *o, const ps_paillier_private *key)
{
    ps_limb w[2 * PS_PAILLIER_P_LIMBS];
    ps_limb zero[2 * PS_PAILLIER_P_LIMBS] = {0};
    const lanes_modulus *q = &o->q.p;

    ps_holder_weight(w, key);
    enter_twice(o->weight, w, &key->q.p, q, o->sum);
    ps_pair_sub(w, zero, w, &key->q.p.mont);
    enter_twice(o->minus_rr, w, &key->q.p, q, o->sum);
    q->kernel->dual.mul(o->minus_rrr, o->minus_rr, q->rr, q);
    ps_wipe(w, sizeof w);
}

LANES_TARGET
static void holder_init(holder *o, const lanes_kernel *kernel,
                        const ps_paillier_private *key, lanes_arena *arena)
{
    size_t h = kernel->limbs;

    side_init(&o->p, kernel, &key->p.p, &key->q.p.mont, arena);
    side_init(&o->q, kernel, &key->q.p, &key->p.p.mont, arena);
    o->weight = ps_lanes_take(arena, 2 * h);
    o->minus_rr = ps_lanes_take(arena, 2 * h);
    o->minus_rrr = ps_lanes_take(arena, 2 * h);
    o->one = ps_lanes_take(arena, 2 * h);
    o->square = ps_lanes_take(arena, 2 * h);
    o->m = ps_lanes_take(arena, 2 * h);
    o->long_p = ps_lanes_take(arena, 2 * h);
    o->long_q = ps_lanes_take(arena, 2 * h);
    o->sum = ps_lanes_take(arena, 2 * h);
    o->c = ps_lanes_take(arena, 4 * h);
    memset(o->one, 0, 2 * h * sizeof *o->one);
    ps_lanes_mul_add(o->square, o->p.p.m, o->p.p.m, o->one, h);
    o->one[0] = lanes_set(1);
    weights_init(o, key);
}

/* (1 + m n) x modulo p^2 as a canonical pair. m has two blocks of h limbs. m q
 * comes out below 3p, which any product bears. */
LANES_TARGET
static void finish(ps_lanes *r, const ps_lanes *m, const lanes_walk *walk,
                   const side *s)
{
    const lanes_kernel *kernel = s->p.kernel;
    size_t h = kernel->limbs;
    ps_lanes *factor = walk->factor;

    memset(factor, 0, h * sizeof *factor);
    factor[0] = lanes_set(1);
    kernel->mul_add(factor + h, m, s->other_r, m + h, s->other_rr, &s->p);
    kernel->dual.mul(r, walk->x, factor, &s->p);
    ps_lanes_canonical(r, &s->p);
}

/* d = (c_q - c_p) * p^-2 mod q^2 as a canonical pair, for c_p = C_0 + C_1 R in
 * blocks of h limbs: three products by multiples of R^2, and one by 1.
 *
 * Each C_i is below R: a product is below 2q in the first half and below 2q + 2
 * in the second, the sum below 7q, and 16 spare bits hold that in any product.
 */
LANES_TARGET
static void difference(ps_lanes *d, const ps_lanes *c_q, const ps_lanes *c_p,
                       const holder *o)
{
    const lanes_modulus *q = &o->q.p;
    const lanes_ring *ring = &q->kernel->dual;
    size_t h = q->kernel->limbs;
    ps_lanes *block = o->c, *product = o->c + 2 * h, *sum = o->sum;

    ring->mul(sum, c_q, o->weight, q);
    memset(block + h, 0, h * sizeof *block);
    for (size_t i = 0; i < 2; i++) {
        memcpy(block, c_p + i * h, h * sizeof *block);
        ring->mul(product, block, i == 0 ? o->minus_rr : o->minus_rrr, q);
        for (size_t j = 0; j < 2 * h; j++) {
            sum[j] += product[j];
        }
    }
    ps_lanes_normalise(sum, h);
    ps_lanes_normalise(sum + h, h);
    ring->mul(d, sum, o->one, q);
    ps_lanes_canonical(d, q);
}

/* c = c_p + p^2 d, below n^2. */
LANES_TARGET
static void join(uint8_t *c, size_t count, size_t group, const holder *o,
                 size_t c_len)
{
    size_t h = o->p.p.kernel->limbs;
    const ps_lanes *c_p = o->p.result[group], *c_q = o->q.result[group];
    ps_lanes *d = o->m;

    ps_lanes_mul_add(o->long_p, c_p + h, o->p.p.m, c_p, h);
    difference(d, c_q, o->long_p, o);
    ps_lanes_mul_add(o->long_q, d + h, o->q.p.m, d, h);
    ps_lanes_mul_add(o->c, o->long_q, o->square, o->long_p, 2 * h);
    ps_lanes_write(c, count, c_len, o->c, 4 * h);
}

static size_t less_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One side of up to LANES_WALKS groups. x begins with its first exponent. */
LANES_TARGET
static void one_side(side *s, lanes_walk *walks, size_t count,
                     const uint8_t *m, size_t m_len, const uint8_t *x,
                     size_t x_len, const ps_paillier_powers *powers,
                     ps_lanes *room)
{
    size_t groups = (count + LANES - 1) / LANES;
    size_t h = s->p.kernel->limbs;

    for (size_t g = 0; g < groups; g++) {
        size_t at = g * LANES;
        ps_lanes_walk_read(walks + g, x + at * 2 * x_len, count - at,
                           2 * x_len, x_len);
    }
    ps_lanes_walk(walks, groups, powers, &s->p);
    for (size_t g = 0; g < groups; g++) {
        size_t at = g * LANES;
        ps_lanes_read(room, 2 * h, m + at * m_len,
                      less_of(count - at, LANES), m_len);
        finish(s->result[g], room, walks + g, s);
    }
}

LANES_TARGET
void ps_lanes_holder_encrypt(uint8_t *c, const uint8_t *m, const uint8_t *x,
                             size_t count,
                             const ps_paillier_holder_table *table,
                             const ps_paillier_private *key, ps_limb *scratch)
{
    const lanes_kernel *kernel = ps_lanes_kernel_for(key->p.p.mont.limbs);
    lanes_arena arena = ps_lanes_arena(scratch, PS_PAILLIER_BATCH_LIMBS);
    size_t x_len = table->exponent_len;
    size_t m_len = key->pub.n_len, c_len = key->pub.c_len;
    lanes_walk walks[LANES_WALKS];
    holder o;

    holder_init(&o, kernel, key, &arena);
    ps_lanes_walks_init(walks, LANES_WALKS, kernel->dual.width,
                        table->p.windows, &arena);
    for (size_t i = 0; i < count; i += LANES * LANES_WALKS) {
        size_t here = less_of(count - i, LANES * LANES_WALKS);
        const uint8_t *m_here = m + i * m_len, *x_here = x + i * 2 * x_len;
        one_side(&o.p, walks, here, m_here, m_len, x_here, x_len, &table->p,
                 o.m);
        one_side(&o.q, walks, here, m_here, m_len, x_here + x_len, x_len,
                 &table->q, o.m);
        for (size_t g = 0; g * LANES < here; g++) {
            join(c + (i + g * LANES) * c_len, less_of(here - g * LANES, LANES),
                 g, &o, c_len);
        }
    }
    ps_wipe(scratch, PS_PAILLIER_BATCH_LIMBS * sizeof *scratch);
    ps_wipe(&o, sizeof o);
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_lane_holder;
#endif
