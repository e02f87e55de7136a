/* Range proofs with plain integers, for a group of small order: a prover who
 * takes any vectors for the bits, and the equations as the paper has them. None
 * of the code under test is used but to look the generators up.
 */
#ifndef PRIVSHARE_TESTS_RANGE_CHEAT_H
#define PRIVSHARE_TESTS_RANGE_CHEAT_H

#include "check.h"
#include "privshare/ps_range.h"
#include "tiny_group.h"

static ps_range_generators gens;
static ps_limb memory[(2 + 128 * 2) * (20 + PS_RISTRETTO255_SET_LIMBS)];
static unsigned q;

static inline unsigned mul(unsigned a, unsigned b)
{
    return a * b % q;
}

static inline unsigned sub(unsigned a, unsigned b)
{
    return (a + q - b) % q;
}

static inline unsigned power(unsigned a, unsigned e)
{
    unsigned r = 1 % q;

    while (e-- > 0) {
        r = mul(r, a);
    }
    return r;
}

static inline unsigned invert(unsigned a)
{
    return power(a, q - 2);
}

static inline void world(unsigned order)
{
    q = order;
    tiny_order = order;
    ps_range_generators_init(&gens, memory, 2, ps_backend_portable());
}

/* The discrete logarithm of an element: its first byte. */
static inline unsigned element(const ps_ristretto255 *p)
{
    uint8_t bytes[32];

    ps_ristretto255_encode(bytes, p, 1, ps_backend_portable());
    return bytes[0];
}

static inline unsigned g_of(unsigned bits, unsigned k)
{
    return element(&gens.points[2 + 128 * (k / bits) + k % bits]);
}

static inline unsigned h_of(unsigned bits, unsigned k)
{
    return element(&gens.points[66 + 128 * (k / bits) + k % bits]);
}

static inline unsigned blinding_base(void)
{
    return element(&gens.points[1]);
}

/* A prover with plain integers, who takes any vectors for the bits. Entry i is
 * bit i mod n of number i / n; at most two entries. */
typedef struct {
    unsigned n, m;
    unsigned v[2], blinding[2];
    unsigned a_left[2], a_right[2];    /* "bits", and "bits - 1" */
    unsigned s_left[2], s_right[2];
    unsigned y, z, x, w, u;            /* challenges, known to it */
    unsigned t1, t2;                   /* coefficients it commits to */
} cheat;

static inline unsigned length(const cheat *c)
{
    return c->n * c->m;
}

static inline void vectors(unsigned *l, unsigned *r, const cheat *c, unsigned x)
{
    for (unsigned i = 0; i < length(c); i++) {
        l[i] = (sub(c->a_left[i], c->z) + mul(x, c->s_left[i])) % q;
        r[i] = (c->a_right[i] + c->z + mul(x, c->s_right[i])) % q;
        r[i] = (mul(power(c->y, i), r[i])
                + mul(power(c->z, 2 + i / c->n), power(2, i % c->n))) % q;
    }
}

/* t(X) = <l(X), r(X)> at a point. */
static inline unsigned product_at(const cheat *c, unsigned x)
{
    unsigned l[2], r[2], sum = 0;

    vectors(l, r, c, x);
    for (unsigned i = 0; i < length(c); i++) {
        sum = (sum + mul(l[i], r[i])) % q;
    }
    return sum;
}

/* sum_j z^(2+j)*v_j + delta(y, z): what t_0 has to be (paper, 4.2). */
static inline unsigned wanted(const cheat *c)
{
    unsigned ones = 0, sum;

    for (unsigned i = 0; i < length(c); i++) {
        ones = (ones + power(c->y, i)) % q;
    }
    sum = mul(sub(c->z, power(c->z, 2)), ones);
    for (unsigned j = 0; j < c->m; j++) {
        sum = (sum + mul(power(c->z, 2 + j), c->v[j])) % q;
        sum = sub(sum, mul(power(c->z, 3 + j), ((1u << c->n) - 1) % q));
    }
    return sum;
}

/* What is wrong with t_0. Zero for those y and z that the vectors survive
 * whatever x is; with bits it is zero always. */
static inline unsigned defect(const cheat *c)
{
    return sub(product_at(c, 0), wanted(c));
}

static inline void put(uint8_t *out32, unsigned value)
{
    memset(out32, 0, 32);
    out32[0] = (uint8_t)(value % q);
}

/* L, R, a and b of a proof of two entries, or a and b of one. Whether L and R
 * are something. */
static inline int put_product(uint8_t *out, const cheat *c, const unsigned *l,
                       const unsigned *r)
{
    unsigned u_inv = invert(c->u), h1 = mul(invert(c->y), h_of(c->n, 1));
    unsigned left, right;

    if (length(c) == 1) {
        put(out, l[0]);
        put(out + 32, r[0]);
        return 1;
    }
    left = mul(l[0], g_of(c->n, 1)) + mul(r[1], h_of(c->n, 0))
         + mul(c->w, mul(l[0], r[1]));
    right = mul(l[1], g_of(c->n, 0)) + mul(r[0], h1)
          + mul(c->w, mul(l[1], r[0]));
    put(out, left);
    put(out + 32, right);
    put(out + 64, mul(l[0], c->u) + mul(l[1], u_inv));
    put(out + 96, mul(r[0], u_inv) + mul(r[1], c->u));
    return left % q != 0 && right % q != 0;
}

/* Proof and commitments, with blindings that follow from `nonce`. Returns 0
 * when an element is the identity, which no verifier takes. */
static inline int assemble(uint8_t *proof, uint8_t *v, const cheat *c,
                    unsigned nonce)
{
    unsigned h = blinding_base(), l[2], r[2];
    unsigned a = mul(nonce, h), s = mul(nonce + 1, h);
    unsigned tau = mul(nonce, c->x) + mul(nonce + 1, power(c->x, 2));
    int whole;

    for (unsigned i = 0; i < length(c); i++) {
        a += mul(c->a_left[i], g_of(c->n, i))
           + mul(c->a_right[i], h_of(c->n, i));
        s += mul(c->s_left[i], g_of(c->n, i))
           + mul(c->s_right[i], h_of(c->n, i));
    }
    for (unsigned j = 0; j < c->m; j++) {
        put(v + 32 * j, c->v[j] + mul(c->blinding[j], h));
        tau += mul(power(c->z, 2 + j), c->blinding[j]);
    }
    vectors(l, r, c, c->x);
    put(proof, a);
    put(proof + 32, s);
    put(proof + 64, c->t1 + mul(nonce, h));
    put(proof + 96, c->t2 + mul(nonce + 1, h));
    put(proof + 128, product_at(c, c->x));
    put(proof + 160, tau);
    put(proof + 192, nonce + mul(nonce + 1, c->x));
    whole = put_product(proof + 224, c, l, r);
    return whole && proof[0] && proof[32] && proof[64] && proof[96];
}

/* t_1 and t_2 from t(0), t(1) and t(2). */
static inline void interpolate(cheat *c)
{
    unsigned t0 = product_at(c, 0), t1 = product_at(c, 1);

    c->t2 = mul(invert(2), (product_at(c, 2) + 2 * sub(0, t1) + t0) % q);
    c->t1 = sub(sub(t1, t0), c->t2);
}

static inline int has_bits(const cheat *c)
{
    for (unsigned j = 0; j < c->m; j++) {
        unsigned sum = 0;

        for (unsigned i = j * c->n; i < (j + 1) * c->n; i++) {
            if (c->a_left[i] > 1 || c->a_right[i] != sub(c->a_left[i], 1)) {
                return 0;
            }
            sum += c->a_left[i] << (i % c->n);
        }
        if (sum != c->v[j]) {
            return 0;
        }
    }
    return 1;
}

/* The two equations as the paper has them, folded step by step, for anything
 * that looks like a proof. */
static inline int holds(const uint8_t *proof, const uint8_t *v, const cheat *c)
{
    unsigned h = blinding_base(), x2 = power(c->x, 2), n = c->n;
    unsigned t = proof[128], ends = length(c) == 2 ? 288 : 224;
    unsigned a = proof[ends], b = proof[ends + 32], sum, p, g, hh;
    cheat zero = *c;

    zero.v[0] = zero.v[1] = 0; /* delta(y, z) alone */
    sum = (wanted(&zero) + mul(c->x, proof[64]) + mul(x2, proof[96])) % q;
    for (unsigned j = 0; j < c->m; j++) {
        sum = (sum + mul(power(c->z, 2 + j), v[32 * j])) % q;
    }
    if ((t + mul(proof[160], h)) % q != sum) {
        return 0;
    }
    p = proof[0] + mul(c->x, proof[32]) + sub(0, mul(proof[192], h))
      + mul(c->w, t);
    for (unsigned i = 0; i < length(c); i++) {
        unsigned y_inv = invert(power(c->y, i));
        unsigned zj = mul(power(c->z, 2 + i / n), power(2, i % n));

        p += sub(0, mul(c->z, g_of(n, i)));
        p += mul((c->z + mul(zj, y_inv)) % q, h_of(n, i));
    }
    g = g_of(n, 0);
    hh = h_of(n, 0);
    if (length(c) == 2) {
        unsigned u_inv = invert(c->u);

        p += mul(power(c->u, 2), proof[224])
           + mul(power(u_inv, 2), proof[256]);
        g = mul(u_inv, g) + mul(c->u, g_of(n, 1));
        hh = mul(c->u, hh) + mul(u_inv, mul(invert(c->y), h_of(n, 1)));
    }
    return (mul(a, g % q) + mul(b, hh % q) + mul(c->w, mul(a, b))) % q
        == p % q;
}

#endif
