/* The curve under ristretto255 by itself, one question a line.
 *
 * ristretto255 hides edwards25519; the vectors of others do not. This program
 * answers questions about points of the whole curve, torsion included, with the
 * core's own field, formulas and multiplications, so that such vectors reach
 * them (tests/vectors/edwards_kit.py). Words are hexadecimal, numbers
 * little-endian; `-` says that a point is none, or has no such form.
 *
 *   affine P        x y
 *   add P Q         P + Q
 *   sub P Q         P - Q
 *   mul s P         s P, 0 <= s < l
 *   two s P t Q     s P + t Q
 *   eight P         8 P
 *   whole P         l P
 *   map h           the point that CryptoNote makes of 32 bytes
 *   ell2 u          s t x y: RFC 9380, 6.8, on curve25519 and edwards25519
 *   mont P          u v on curve25519
 *
 * A line `portable` or `best` chooses the backend for what follows.
 */
#include "../src/ristretto255/constant.h"
#include "../src/ristretto255/element.h"
#include "check.h"

static const ps_backend *backend;

/* A = 486662 of curve25519. */
static const fe mont_a = {{486662, 0, 0, 0, 0}};

static void small(fe *r, uint64_t x)
{
    *r = fe_zero;
    r->v[0] = x;
}

/* sqrt(-486664), the even root: RFC 9380, 6.8.2. */
static void root_of_minus_a2(fe *r)
{
    fe a2;

    small(&a2, 486664);
    fe_neg(&a2, &a2);
    CHECK(ps_fe_sqrt_ratio(r, &a2, &fe_one));
}

/* ---- points ---- */

/* RFC 8032, 5.1.3; canonical y alone. */
static int decode(ge *p, const uint8_t *in32)
{
    uint8_t bytes[32], again[32];
    ps_limb sign = in32[31] >> 7;
    fe u, v;

    memcpy(bytes, in32, 32);
    bytes[31] &= 0x7f;
    fe_from_bytes(&p->y, bytes);
    fe_to_bytes(again, &p->y);
    if (memcmp(bytes, again, 32) != 0) {
        return 0;
    }
    fe_sqr(&u, &p->y);
    fe_mul(&v, &u, &fe_d);
    fe_sub(&u, &u, &fe_one);
    fe_add(&v, &v, &fe_one);
    if (!ps_fe_sqrt_ratio(&p->x, &u, &v)
        || (fe_mask_zero(&p->x) && sign != 0)) {
        return 0;
    }
    fe_negate_if(&p->x, ct_mask(sign), &p->x);
    p->z = fe_one;
    fe_mul(&p->t, &p->x, &p->y);
    return 1;
}

static void affine(fe *x, fe *y, const ge *p)
{
    fe z;

    ps_fe_invert(&z, &p->z);
    fe_mul(x, &p->x, &z);
    fe_mul(y, &p->y, &z);
}

static void put_fe(const fe *a)
{
    uint8_t bytes[32];

    fe_to_bytes(bytes, a);
    for (int i = 0; i < 32; i++) {
        printf("%02x", bytes[i]);
    }
}

static void put_fes(const fe *a, const fe *b)
{
    put_fe(a);
    printf(" ");
    put_fe(b);
}

static void put(const ge *p)
{
    uint8_t bytes[32];
    fe x, y;

    affine(&x, &y, p);
    fe_to_bytes(bytes, &y);
    bytes[31] |= (uint8_t)(fe_mask_negative(&x) & 0x80);
    for (int i = 0; i < 32; i++) {
        printf("%02x", bytes[i]);
    }
}

static void put_group(const ps_ristretto255 *p)
{
    ge x;

    ge_load(&x, p);
    put(&x);
}

/* ---- maps ---- */

/* As CryptoNote: X = u sqrt(2 A (A + 2) w / x), even, and z = -2 A u^2, or
 * X = sqrt(A (A + 2) w / x), odd, and z = -A, with w = 2 u^2 + 1 and
 * x = w^2 - 2 A^2 u^2; then (X (z + w) : z - w : z + w). */
static void cryptonote(ge *r, const uint8_t *in32)
{
    fe u, v, w, x, z, k, n, t;

    fe_from_bytes(&u, in32);
    small(&t, in32[31] & 0x80 ? 19 : 0); /* bit 255 counts: 2^255 = 19 */
    fe_add(&u, &u, &t);
    fe_carry(&u, &u);
    fe_sqr(&v, &u);
    fe_add(&v, &v, &v);
    fe_add(&w, &v, &fe_one);
    fe_carry(&w, &w);
    fe_sqr(&x, &w);
    fe_sqr(&t, &mont_a);
    fe_mul(&t, &t, &v);
    fe_sub(&x, &x, &t);
    small(&k, (uint64_t)486662 * 486664);
    fe_mul(&n, &k, &w);
    fe_neg(&z, &mont_a);
    fe_add(&t, &n, &n);
    if (ps_fe_sqrt_ratio(&k, &t, &x)) {
        fe_mul(&r->x, &k, &u);
        fe_abs(&r->x, &r->x);
        fe_mul(&z, &z, &v);
    } else {
        CHECK(ps_fe_sqrt_ratio(&r->x, &n, &x));
        fe_neg(&r->x, &r->x); /* the odd root */
    }
    fe_add(&r->z, &z, &w);
    fe_carry(&r->z, &r->z);
    fe_sub(&r->y, &z, &w);
    /* Extended: with x = X and y = Y/Z. */
    fe_mul(&r->t, &r->x, &r->y);
    fe_mul(&r->x, &r->x, &r->z);
}

/* g(x) = x^3 + A x^2 + x. */
static void curve(fe *g, const fe *x)
{
    fe t;

    fe_add(&t, x, &mont_a);
    fe_mul(&t, &t, x);
    fe_add(&t, &t, &fe_one);
    fe_mul(g, &t, x);
}

/* RFC 9380, 6.7.1: Elligator 2 with Z = 2. */
static void elligator(fe *s, fe *t, const fe *u)
{
    fe d, g;

    fe_sqr(&d, u);
    fe_add(&d, &d, &d);
    fe_add(&d, &d, &fe_one);
    ps_fe_invert(&d, &d); /* 0 for 0: then x1 = 0 and x2 = -A, as 6.7.2 */
    fe_mul(s, &mont_a, &d);
    fe_neg(s, s);
    if (fe_mask_zero(&d)) {
        fe_neg(s, &mont_a);
    }
    curve(&g, s);
    if (ps_fe_sqrt_ratio(t, &g, &fe_one)) {
        fe_neg(t, t); /* the odd root */
    } else {
        fe_add(s, s, &mont_a);
        fe_neg(s, s);
        curve(&g, s);
        CHECK(ps_fe_sqrt_ratio(t, &g, &fe_one));
    }
}

/* RFC 9380, 6.8.2: x = sqrt(-486664) s / t, y = (s - 1) / (s + 1). */
static void to_edwards(ge *p, const fe *s, const fe *t)
{
    fe root, n, d;

    root_of_minus_a2(&root);
    fe_add(&d, s, &fe_one);
    fe_mul(&n, t, &d);
    if (fe_mask_zero(&n)) {
        ps_ge_identity(p);
        return;
    }
    ps_fe_invert(&n, t);
    fe_mul(&p->x, &root, s);
    fe_mul(&p->x, &p->x, &n);
    ps_fe_invert(&d, &d);
    fe_sub(&p->y, s, &fe_one);
    fe_mul(&p->y, &p->y, &d);
    p->z = fe_one;
    fe_mul(&p->t, &p->x, &p->y);
}

static void put_ell2(const uint8_t *in32)
{
    fe u, s, t, x, y;
    ge p;

    fe_from_bytes(&u, in32);
    elligator(&s, &t, &u);
    to_edwards(&p, &s, &t);
    affine(&x, &y, &p);
    put_fes(&s, &t);
    printf(" ");
    put_fes(&x, &y);
}

/* u = (1 + y) / (1 - y), v = sqrt(-486664) u / x. */
static void put_mont(const ge *p)
{
    fe x, y, n, d, root;

    affine(&x, &y, p);
    fe_add(&n, &fe_one, &y);
    fe_sub(&d, &fe_one, &y);
    if (fe_mask_zero(&d) || fe_mask_zero(&x)) {
        printf("-");
        return;
    }
    ps_fe_invert(&d, &d);
    fe_mul(&n, &n, &d);
    root_of_minus_a2(&root);
    fe_mul(&d, &root, &n);
    ps_fe_invert(&x, &x);
    fe_mul(&d, &d, &x);
    put_fes(&n, &d);
}

/* ---- questions ---- */

typedef struct {
    ps_ristretto255 p[2];
    ps_scalar s[2];
    size_t points, scalars;
} words;

static int read_point(words *w, const uint8_t *bytes)
{
    ge p;

    if (!decode(&p, bytes)) {
        return 0;
    }
    ge_store(&w->p[w->points++], &p);
    return 1;
}

static void whole(ps_ristretto255 *r, const ps_ristretto255 *p)
{
    ps_scalar minus;

    ps_scalar_from_u64(&minus, 1);
    ps_scalar_neg(&minus, &minus);
    ps_ristretto255_mul(r, &minus, p, 1, backend);
    ps_ristretto255_add(r, r, p);
}

static void answer(const char *verb, const words *w)
{
    ps_ristretto255 r;
    ps_scalar eight;
    ge p;

    if (strcmp(verb, "add") == 0) {
        ps_ristretto255_add(&r, &w->p[0], &w->p[1]);
    } else if (strcmp(verb, "sub") == 0) {
        ps_ristretto255_sub(&r, &w->p[0], &w->p[1]);
    } else if (strcmp(verb, "mul") == 0) {
        ps_ristretto255_mul(&r, &w->s[0], &w->p[0], 1, backend);
    } else if (strcmp(verb, "two") == 0) {
        ps_ristretto255_mul_two_vartime(&r, &w->s[0], &w->p[0], &w->s[1],
                                        &w->p[1], 1, backend);
    } else if (strcmp(verb, "eight") == 0) {
        ps_scalar_from_u64(&eight, 8);
        ps_ristretto255_mul_vartime(&r, &eight, &w->p[0], 1, backend);
    } else if (strcmp(verb, "whole") == 0) {
        whole(&r, &w->p[0]);
    } else {
        fe x, y;

        ge_load(&p, &w->p[0]);
        if (strcmp(verb, "mont") == 0) {
            put_mont(&p);
        } else {
            CHECK(strcmp(verb, "affine") == 0);
            affine(&x, &y, &p);
            put_fes(&x, &y);
        }
        return;
    }
    put_group(&r);
}

static void line(char *text)
{
    const char *verb = strtok(text, " \n"), *word;
    const char *scalars = strcmp(verb, "mul") == 0 ? "s"
                        : strcmp(verb, "two") == 0 ? "s s " : "";
    words w = {.points = 0, .scalars = 0};
    uint8_t bytes[32];
    ge p;

    for (size_t i = 0; (word = strtok(NULL, " \n")) != NULL; i++) {
        from_hex(bytes, 32, word);
        if (strcmp(verb, "map") == 0) {
            cryptonote(&p, bytes);
            put(&p);
            printf("\n");
            return;
        }
        if (strcmp(verb, "ell2") == 0) {
            put_ell2(bytes);
            printf("\n");
            return;
        }
        if (i < strlen(scalars) && scalars[i] == 's') {
            CHECK(ps_scalar_from_bytes(&w.s[w.scalars++], bytes) == PS_OK);
        } else if (!read_point(&w, bytes)) {
            printf("-\n");
            return;
        }
    }
    answer(verb, &w);
    printf("\n");
}

int main(void)
{
    char text[512];

    backend = ps_backend_best();
    while (fgets(text, sizeof text, stdin) != NULL) {
        if (strcmp(text, "portable\n") == 0) {
            backend = ps_backend_portable();
        } else if (strcmp(text, "best\n") == 0) {
            backend = ps_backend_best();
        } else {
            line(text);
            fflush(stdout);
        }
    }
    return 0;
}
