/* One point at a time in vectors, against the portable field and group. */
#include "../src/backend/x86_64/ifma_field4.h"
#include "../src/backend/x86_64/ifma_point.h"
#include "check.h"

#if defined(PS_HAVE_LANES)

static const ps_backend *portable;

/* ---- the field ---- */

enum { LIMBS = 5, QUAD = 4 };

static const uint64_t tight = ((uint64_t)1 << 51) + ((uint64_t)1 << 18) - 1;
static const uint64_t factor = ((uint64_t)1 << 52) - 1;

/* Limbs up to a bound, often at it, in four lanes and as four numbers. */
FOUR_TARGET
static void draw(fe4 *r, fe *lane, uint64_t most)
{
    for (int k = 0; k < QUAD; k++) {
        edgy(lane[k].v, LIMBS);
        for (int i = 0; i < LIMBS; i++) {
            uint64_t *x = &lane[k].v[i];

            *x = *x == ~(uint64_t)0 ? most : *x % (most + 1);
            r->v[i][k] = *x;
        }
    }
}

FOUR_TARGET
static int same_lane(const fe4 *r, int k, const fe *expected)
{
    fe x;

    for (int i = 0; i < LIMBS; i++) {
        x.v[i] = r->v[i][k];
    }
    fe_carry(&x, &x);
    return fe_mask_equal(&x, expected) != 0;
}

FOUR_TARGET
static void products(uint64_t most_a, uint64_t most_b)
{
    fe4 a, b, r;
    fe x[QUAD], y[QUAD], z;

    draw(&a, x, most_a);
    draw(&b, y, most_b);
    r = fe4_mul(a, b);
    for (int k = 0; k < QUAD; k++) {
        fe_mul(&z, &x[k], &y[k]);
        CHECK(same_lane(&r, k, &z));
        for (int i = 0; i < LIMBS; i++) {
            CHECK(r.v[i][k] < FE4_WIDE);
        }
    }
    r = fe4_sqr(a);
    for (int k = 0; k < QUAD; k++) {
        fe_sqr(&z, &x[k]);
        CHECK(same_lane(&r, k, &z));
        for (int i = 0; i < LIMBS; i++) {
            CHECK(r.v[i][k] < FE4_WIDE);
        }
    }
}

FOUR_TARGET
static void carries(void)
{
    fe4 a, r;
    fe x[QUAD], y;

    draw(&a, x, ~(uint64_t)0 - 1);
    r = fe4_carry(a);
    for (int k = 0; k < QUAD; k++) {
        fe high, low;

        /* Halves, so that portable carries stay in their bound. */
        for (int i = 0; i < LIMBS; i++) {
            high.v[i] = x[k].v[i] >> 32;
            low.v[i] = x[k].v[i] & 0xffffffff;
            CHECK(r.v[i][k] <= tight);
        }
        y = fe_zero;
        y.v[0] = (uint64_t)1 << 32;
        fe_mul(&high, &high, &y);
        fe_add(&high, &high, &low);
        CHECK(same_lane(&r, k, &high));
    }
}

/* ---- the group ---- */

static void element(ps_ristretto255 *p)
{
    uint8_t bytes[64];

    pseudo_random(bytes, sizeof bytes);
    ps_ristretto255_from_uniform(p, bytes, 1, portable);
    switch (bytes[0] % 8) {
    case 0: ps_ristretto255_identity(p); break;
    case 1: ps_ristretto255_base(p); break;
    default: break;
    }
}

static void scalar(ps_scalar *s)
{
    uint8_t bytes[64];
    unsigned kind;

    pseudo_random(bytes, sizeof bytes);
    kind = bytes[0] % 8;
    if (kind < 3) { /* all digits alike: 0, 7, 8 */
        memset(bytes, kind == 0 ? 0 : kind == 1 ? 0x77 : 0x88, 31);
        memset(bytes + 31, 0, 33);
    }
    ps_scalar_from_wide(s, bytes);
    if (kind == 3) {
        ps_scalar_from_u64(s, bytes[1] % 20);
        ps_scalar_neg(s, s);
    }
}

static void sums(size_t count)
{
    ps_ristretto255 a[PS_GE4_MOST], x, expected, found;
    ps_scalar s[PS_GE4_MOST];

    ps_ristretto255_identity(&expected);
    for (size_t i = 0; i < count; i++) {
        element(&a[i]);
        scalar(&s[i]);
        if (i == 1 && s[0].limb[0] % 4 == 0) { /* they cancel */
            ps_ristretto255_neg(&a[1], &a[0]);
            s[1] = s[0];
        }
        ps_ristretto255_mul(&x, &s[i], &a[i], 1, portable);
        ps_ristretto255_add(&expected, &expected, &x);
    }
    ps_ge4_msm(&found, s, a, count);
    CHECK(ps_ristretto255_is_equal(&found, &expected));
    ps_ge4_msm_vartime(&found, s, a, count);
    CHECK(ps_ristretto255_is_equal(&found, &expected));
    /* What it leaves is an element for portable code: T as well. */
    ps_ristretto255_add(&x, &found, &a[0]);
    ps_ristretto255_add(&expected, &expected, &a[0]);
    CHECK(ps_ristretto255_is_equal(&x, &expected));
    ps_ge4_msm(&a[0], s, a, count);
    CHECK(ps_ristretto255_is_equal(&a[0], &found));
}

static void fixed_base(void)
{
    static ps_ristretto255_table table;
    ps_ristretto255 a, expected, found;
    ps_scalar s;

    element(&a);
    ps_ristretto255_table_init(&table, &a, portable);
    for (int i = 0; i < 8; i++) {
        scalar(&s);
        ps_ge4_table_mul(&found, &s, &table);
        ps_ristretto255_mul(&expected, &s, &a, 1, portable);
        CHECK(ps_ristretto255_is_equal(&found, &expected));
    }
}

static void horner(size_t windows, int bits)
{
    ps_ristretto255 w[6], expected, found;

    for (size_t i = 0; i < windows; i++) {
        element(&w[i]);
    }
    ps_ristretto255_identity(&expected);
    for (size_t i = windows; i-- > 0;) {
        for (int k = 0; k < bits; k++) {
            ps_ristretto255_add(&expected, &expected, &expected);
        }
        ps_ristretto255_add(&expected, &expected, &w[i]);
    }
    ps_ge4_horner(&found, w, windows, bits);
    CHECK(ps_ristretto255_is_equal(&found, &expected));
}

int main(void)
{
#if defined(PS_EMULATE_LANES)
    enum { ROUNDS = 200 }; /* emulated lanes are slow */
#else
    enum { ROUNDS = 5000 };
#endif

    portable = ps_backend_portable();
    if (ps_backend_best()->group == NULL) {
        printf("point: SKIPPED, this processor has no AVX-512 IFMA\n");
        return 0;
    }
    for (int i = 0; i < ROUNDS; i++) {
        products(tight, tight);
        products(tight, factor);
        carries();
    }
    for (size_t count = 1; count <= PS_GE4_MOST; count++) {
        for (int i = 0; i < ROUNDS / 100; i++) {
            sums(count);
        }
    }
    for (int i = 0; i < ROUNDS / 100; i++) {
        fixed_base();
    }
    for (size_t windows = 1; windows <= 6; windows++) {
        horner(windows, 1);
        horner(windows, 5);
    }
    printf("point: ok\n");
    return 0;
}
#else
int main(void)
{
    printf("point: SKIPPED, no lanes in this build\n");
    return 0;
}
#endif
