/* The field of 2^255 - 19 and the scalars, against the long integers of
 * ps_mpn.h, which share no line with them. */
#include "../src/ristretto255/constant.h"
#include "check.h"
#include "privshare/ps_scalar.h"

enum { ROUNDS = 2000 };

static const ps_limb prime[4] = {0xffffffffffffffed, ~(ps_limb)0,
                                 ~(ps_limb)0, 0x7fffffffffffffff};
static const ps_limb order[4] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0,
                                 0x1000000000000000};
static ps_mont mod_p, mod_l;

/* ---- the field ---- */

/* Limbs up to a bound, often at it. */
static void any_fe(fe *a, int bits)
{
    edgy(a->v, 5);
    for (int i = 0; i < 5; i++) {
        a->v[i] &= ((uint64_t)1 << bits) - 1;
    }
}

/* The value of limbs of any size, reduced. */
static void value(ps_limb *r, const fe *a)
{
    ps_limb x[5] = {0}, t[5];

    for (int i = 0; i < 5; i++) {
        int at = 51 * i / 64, shift = 51 * i % 64;

        memset(t, 0, sizeof t);
        t[at] = a->v[i] << shift;
        if (shift != 0 && at + 1 < 5) {
            t[at + 1] = a->v[i] >> (64 - shift);
        }
        (void)ps_mpn_add(x, x, t, 5);
    }
    ps_mont_reduce(r, x, 5, &mod_p);
}

static int is_value(const fe *a, const ps_limb *expected)
{
    ps_limb x[4];

    value(x, a);
    return ps_mpn_is_equal(x, expected, 4) == 1;
}

static void is_narrow(const fe *a)
{
    for (int i = 0; i < 5; i++) {
        CHECK(a->v[i] >> 52 == 0);
    }
}

static void product(ps_limb *r, const ps_limb *a, const ps_limb *b,
                    const ps_mont *mod)
{
    ps_limb x[8];

    ps_mpn_mul(x, a, 4, b, 4);
    ps_mont_reduce(r, x, 8, mod);
}

static void field_ring(void)
{
    fe a, b, r, wide;
    ps_limb x[4], y[4], z[4];

    any_fe(&a, 54);
    any_fe(&b, 54);
    value(x, &a);
    value(y, &b);
    fe_mul(&r, &a, &b);
    is_narrow(&r);
    product(z, x, y, &mod_p);
    CHECK(is_value(&r, z));
    fe_sqr(&r, &a);
    is_narrow(&r);
    product(z, x, x, &mod_p);
    CHECK(is_value(&r, z));
    fe_sub(&r, &a, &b);
    is_narrow(&r);
    ps_mont_sub(z, x, y, &mod_p);
    CHECK(is_value(&r, z));
    fe_neg(&r, &b);
    is_narrow(&r);
    any_fe(&wide, 63);
    fe_carry(&r, &wide);
    is_narrow(&r);
    value(z, &wide);
    CHECK(is_value(&r, z));
    fe_mul(&a, &a, &b);
    product(z, x, y, &mod_p);
    CHECK(is_value(&a, z));
}

static void field_bytes(void)
{
    fe a, b;
    ps_limb x[4], y[4];
    uint8_t bytes[32], big[32];

    any_fe(&a, 54);
    value(x, &a);
    fe_to_bytes(bytes, &a);
    for (int i = 0; i < 32; i++) {
        big[i] = bytes[31 - i];
    }
    CHECK(ps_mpn_from_bytes(y, 4, big, 32) == PS_OK);
    CHECK(ps_mpn_is_equal(x, y, 4) == 1);
    fe_from_bytes(&b, bytes);
    CHECK(is_value(&b, x));
    CHECK(fe_mask_equal(&a, &b) == ~(ps_limb)0);
    CHECK((fe_mask_negative(&a) & 1) == (x[0] & 1));
    fe_abs(&b, &b);
    CHECK(fe_mask_negative(&b) == 0);
    bytes[31] |= 0x80;
    fe_from_bytes(&b, bytes);
    CHECK(is_value(&b, x));
}

/* p, 2p and their neighbours in every form freeze to what they are. */
static void field_edges(void)
{
    for (uint64_t times = 0; times < 8; times++) {
        for (uint64_t more = 0; more < 40; more++) {
            fe a = {{times * (FE_MASK - 18) + more, times * FE_MASK,
                     times * FE_MASK, times * FE_MASK, times * FE_MASK}};
            fe r;

            fe_freeze(&r, &a);
            for (int i = 0; i < 5; i++) {
                CHECK(r.v[i] == (i == 0 ? more % (FE_MASK - 18) : 0));
            }
            CHECK(fe_mask_zero(&a) == (more == 0 ? ~(ps_limb)0 : 0));
        }
    }
}

static void field_inverse(void)
{
    fe a, r;

    any_fe(&a, 52);
    ps_fe_invert(&r, &a);
    fe_mul(&a, &a, &r);
    CHECK(fe_mask_equal(&a, &fe_one) | fe_mask_zero(&r));
    ps_fe_invert(&r, &fe_zero);
    CHECK(fe_mask_zero(&r));
}

/* RFC 9496, section 4.2: every case, and the sign of the root. */
static void field_root(void)
{
    fe u, v, r, left, right;
    ps_limb square;

    any_fe(&u, 52);
    any_fe(&v, 52);
    square = ps_fe_sqrt_ratio(&r, &u, &v);
    CHECK(fe_mask_negative(&r) == 0);
    fe_sqr(&left, &r);
    fe_mul(&left, &left, &v);
    right = u;
    if (!square) {
        fe_mul(&right, &u, &fe_sqrt_m1);
    }
    CHECK(fe_mask_equal(&left, &right) | fe_mask_zero(&v));
}

/* RFC 9496, appendix A.4, and what curve25519 libraries test beside it. */
static void field_roots_of_small(void)
{
    static const uint64_t u[] = {0, 0, 1, 2, 4, 1}, v[] = {0, 1, 0, 1, 1, 4};
    static const int square[] = {1, 1, 0, 0, 1, 1};
    static const char *const root[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "3c5ff1b5d8e4113b871bd052f9e7bcd0582804c266ffb2d4f4203eb07fdb7c54",
        "0200000000000000000000000000000000000000000000000000000000000000",
        "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff3f",
    };

    for (size_t i = 0; i < 6; i++) {
        fe a = {{u[i]}}, b = {{v[i]}}, r;
        uint8_t bytes[32];

        CHECK((ps_fe_sqrt_ratio(&r, &a, &b) & 1) == (ps_limb)square[i]);
        fe_to_bytes(bytes, &r);
        CHECK(equals_hex(bytes, 32, root[i]));
    }
}

/* ---- scalars ---- */

static void any_scalar(ps_scalar *s)
{
    ps_limb x[4];

    edgy(x, 4);
    ps_mont_reduce(s->limb, x, 4, &mod_l);
}

static int is(const ps_scalar *s, const ps_limb *x)
{
    return ps_mpn_is_equal(s->limb, x, 4) == 1;
}

static void scalar_ring(void)
{
    ps_scalar a, b, c, r, one = {{1, 0, 0, 0}};
    ps_limb x[4];

    any_scalar(&a);
    any_scalar(&b);
    any_scalar(&c);
    ps_scalar_add(&r, &a, &b);
    ps_mont_add(x, a.limb, b.limb, &mod_l);
    CHECK(is(&r, x));
    ps_scalar_sub(&r, &a, &b);
    ps_mont_sub(x, a.limb, b.limb, &mod_l);
    CHECK(is(&r, x));
    ps_scalar_neg(&r, &a);
    ps_scalar_add(&r, &r, &a);
    CHECK(ps_scalar_is_zero(&r));
    ps_scalar_mul(&r, &a, &b);
    product(x, a.limb, b.limb, &mod_l);
    CHECK(is(&r, x));
    ps_mont_add(x, x, c.limb, &mod_l);
    ps_scalar_mul_add(&r, &a, &b, &c);
    CHECK(is(&r, x));
    ps_scalar_mul_add(&c, &a, &b, &c);
    CHECK(is(&c, x) && ps_scalar_is_equal(&c, &r));
    ps_scalar_invert(&r, &a);
    ps_scalar_mul(&r, &r, &a);
    CHECK(ps_scalar_is_equal(&r, &one) | ps_scalar_is_zero(&a));
    ps_scalar_select(&r, 1, &a, &b);
    CHECK(is(&r, a.limb));
    ps_scalar_select(&r, 0, &a, &b);
    CHECK(is(&r, b.limb));
    ps_scalar_sub(&r, &a, &b);
    CHECK(ps_scalar_is_equal(&a, &b) == ps_scalar_is_zero(&r));
}

/* Sums of products, around the places where they are reduced. */
static void scalar_dot(void)
{
    static const size_t counts[] = {0, 1, 2, 63, 64, 65, 128, 200};
    static ps_scalar a[200], b[200];
    ps_scalar r, sum;

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        memset(&sum, 0, sizeof sum);
        for (size_t k = 0; k < counts[i]; k++) {
            any_scalar(&a[k]);
            any_scalar(&b[k]);
            ps_scalar_mul_add(&sum, &a[k], &b[k], &sum);
        }
        ps_scalar_dot(&r, a, b, counts[i]);
        CHECK(ps_scalar_is_equal(&r, &sum));
    }
    /* (l - 1)^2 = 1, at the most that is summed at once. */
    for (size_t k = 0; k < 200; k++) {
        memcpy(a[k].limb, order, sizeof a[k].limb);
        a[k].limb[0]--;
    }
    ps_scalar_dot(&a[0], a, a, 200);
    ps_scalar_from_u64(&sum, 200);
    CHECK(ps_scalar_is_equal(&a[0], &sum));
}

static void scalar_bytes(void)
{
    ps_scalar s, t;
    ps_limb wide[8], x[4];
    uint8_t bytes[64];

    edgy(wide, 8);
    for (int i = 0; i < 64; i++) {
        bytes[i] = (uint8_t)(wide[i / 8] >> (8 * (i % 8)));
    }
    ps_scalar_from_wide(&s, bytes);
    ps_mont_reduce(x, wide, 8, &mod_l);
    CHECK(is(&s, x));
    ps_scalar_to_bytes(bytes, &s);
    CHECK(ps_scalar_from_bytes(&t, bytes) == PS_OK);
    CHECK(is(&t, x));
    edgy(wide, 4);
    for (int i = 0; i < 32; i++) {
        bytes[i] = (uint8_t)(wide[i / 8] >> (8 * (i % 8)));
    }
    ps_status found = ps_scalar_from_bytes(&t, bytes);
    if (ps_mpn_is_less(wide, order, 4)) {
        CHECK(found == PS_OK && is(&t, wide));
    } else {
        CHECK(found == PS_E_ENCODING && ps_scalar_is_zero(&t));
    }
}

/* l - 1 is a scalar, l and more are not; 512 ones reduce. */
static void scalar_edges(void)
{
    ps_scalar s, one = {{1, 0, 0, 0}};
    uint8_t bytes[64];
    ps_limb x[4], ones[8];

    for (ps_limb i = 0; i < 3; i++) {
        memcpy(x, order, sizeof x);
        x[0] += i - 1;
        for (size_t k = 0; k < 32; k++) {
            bytes[k] = (uint8_t)(x[k / 8] >> (8 * (k % 8)));
        }
        CHECK((ps_scalar_from_bytes(&s, bytes) == PS_OK) == (i == 0));
    }
    memset(bytes, 0xff, sizeof bytes);
    memset(ones, 0xff, sizeof ones);
    ps_scalar_from_wide(&s, bytes);
    ps_mont_reduce(x, ones, 8, &mod_l);
    CHECK(is(&s, x));
    ps_scalar_from_u64(&s, ~(uint64_t)0);
    ps_scalar_add(&s, &s, &one);
    CHECK(s.limb[0] == 0 && s.limb[1] == 1);
    memset(&s, 0, sizeof s);
    ps_scalar_invert(&s, &s);
    CHECK(ps_scalar_is_zero(&s));
    ps_scalar_neg(&s, &s);
    CHECK(ps_scalar_is_zero(&s));
}

static void scalar_arrays(size_t count)
{
    ps_scalar s[20] = {{{0}}}, r[20], back[20];
    uint8_t bytes[32 * 20];
    size_t bad = 77;

    for (size_t i = 0; i < count; i++) {
        any_scalar(&s[i]);
        if (i % 5 == 3) {
            memset(&s[i], 0, sizeof s[i]);
        }
    }
    ps_scalar_invert_batch(r, s, count);
    for (size_t i = 0; i < count; i++) {
        ps_scalar one;
        ps_scalar_invert(&one, &s[i]);
        CHECK(ps_scalar_is_equal(&one, &r[i]));
    }
    ps_scalar_encode(bytes, s, count);
    CHECK(ps_scalar_decode(back, &bad, bytes, count) == PS_OK && bad == count);
    CHECK(count == 0 || memcmp(back, s, count * sizeof *s) == 0);
    for (size_t i = 0; i < count; i++) {
        uint8_t keep = bytes[32 * i + 31];

        bytes[32 * i + 31] = 0x20;
        CHECK(ps_scalar_decode(back, &bad, bytes, count) == PS_E_ENCODING);
        CHECK(bad == i);
        for (size_t k = 0; k < count; k++) {
            CHECK(ps_scalar_is_zero(&back[k]));
        }
        bytes[32 * i + 31] = keep;
    }
}

int main(void)
{
    CHECK(ps_mont_init(&mod_p, prime, 4) == PS_OK);
    CHECK(ps_mont_init(&mod_l, order, 4) == PS_OK);
    for (int i = 0; i < ROUNDS; i++) {
        field_ring();
        field_bytes();
        scalar_ring();
        scalar_bytes();
    }
    for (int i = 0; i < ROUNDS / 10; i++) {
        field_inverse();
        field_root();
        scalar_dot();
    }
    field_edges();
    field_roots_of_small();
    scalar_edges();
    for (size_t count = 0; count < 20; count++) {
        scalar_arrays(count);
    }
    printf("field: ok\n");
    return 0;
}
