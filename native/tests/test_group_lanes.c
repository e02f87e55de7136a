/* The group in lanes against the portable group, entry by entry. */
#include "../src/backend/x86_64/ifma_group.h"
#include "check.h"

#if defined(PS_HAVE_LANES)

enum { MOST = 41, MANY = 600 };

static const struct ps_group_backend *lanes;
static ps_ristretto255_table table;

/* Elements that formulas could stumble over. */
static void element(ps_ristretto255 *p, size_t i)
{
    uint8_t bytes[64];
    ps_ristretto255 x;
    ps_scalar s;

    pseudo_random(bytes, sizeof bytes);
    ps_ristretto255_base(&x);
    switch (i % 8) {
    case 0:
        ps_ristretto255_from_uniform(p, bytes, 1, ps_backend_portable());
        break;
    case 1: ps_ristretto255_identity(p); break;
    case 2: *p = x; break;
    case 3: ps_ristretto255_neg(p, &x); break;
    default:
        ps_scalar_from_u64(&s, bytes[0] % 20);
        ps_ristretto255_mul(p, &s, &x, 1, ps_backend_portable());
    }
}

static void scalar(ps_scalar *s, size_t i)
{
    uint8_t bytes[64];

    pseudo_random(bytes, sizeof bytes);
    switch (i % 10) {
    case 0: ps_scalar_from_u64(s, 0); break;
    case 1: ps_scalar_from_u64(s, 1); break;
    case 2: ps_scalar_from_u64(s, 1); ps_scalar_neg(s, s); break;
    case 3: ps_scalar_from_u64(s, bytes[0] % 32); break;
    case 4:
        memset(bytes, 0, sizeof bytes);
        bytes[i % 31] = 0x80;
        ps_scalar_from_wide(s, bytes);
        break;
    case 5:
        memset(bytes, 0x88, 31);
        memset(bytes + 31, 0, 33);
        ps_scalar_from_wide(s, bytes);
        break;
    case 6:
        memset(bytes, 0x77, 31);
        memset(bytes + 31, 0, 33);
        ps_scalar_from_wide(s, bytes);
        break;
    default: ps_scalar_from_wide(s, bytes);
    }
}

static ps_ristretto255 a[MOST], b[MOST], p[MOST], expected[MOST];
static ps_scalar s[MOST], t[MOST];

static void draw(size_t count, size_t salt)
{
    for (size_t i = 0; i < count; i++) {
        element(&a[i], i + salt);
        element(&b[i], i * salt + 3);
        scalar(&s[i], i + 3 * salt);
        scalar(&t[i], i * salt + 1);
    }
}

static void is_expected(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(ps_ristretto255_is_equal(&p[i], &expected[i]));
    }
}

static void encodings(size_t count)
{
    uint8_t out[32 * MOST], bytes[32 * MOST], wide[64 * MOST];
    size_t bad = 99;

    CHECK(lanes->encode(out, a, count));
    ps_ristretto255_encode(bytes, a, count, ps_backend_portable());
    CHECK(memcmp(out, bytes, 32 * count) == 0);
    CHECK(lanes->decode(p, &bad, bytes, count) && bad == count);
    memcpy(expected, a, sizeof expected);
    is_expected(count);
    pseudo_random(wide, sizeof wide);
    memset(wide, 0, 32);
    memset(wide + 64, 0xff, 64);
    CHECK(lanes->from_uniform(p, wide, count));
    ps_ristretto255_from_uniform(expected, wide, count, ps_backend_portable());
    is_expected(count);
}

/* Every bad encoding of one place, at every place. */
static void refusals(void)
{
    uint8_t bytes[32 * 11], bad_bytes[32];
    size_t bad;

    draw(11, 7);
    for (int kind = 0; kind < 40; kind++) {
        size_t at = (size_t)kind % 11;

        pseudo_random(bad_bytes, sizeof bad_bytes);
        if (kind < 11) {
            memset(bad_bytes, 0xff, 32); /* p + small, and above 2^255 */
            bad_bytes[0] = (uint8_t)(0xe8 + 2 * kind);
            bad_bytes[31] = kind % 2 ? 0x7f : 0xff;
        }
        ps_ristretto255_encode(bytes, a, 11, ps_backend_portable());
        memcpy(bytes + 32 * at, bad_bytes, 32);
        if (ps_ristretto255_decode(expected, &bad, bytes, 11,
                                   ps_backend_portable()) == PS_OK) {
            at = 11;
        }
        CHECK(bad == at);
        bad = 99;
        CHECK(lanes->decode(p, &bad, bytes, 11) && bad == at);
        is_expected(11);
    }
}

static void multiples(size_t count)
{
    ps_ristretto255_mul(expected, s, a, count, ps_backend_portable());
    CHECK(lanes->mul(p, s, a, count));
    is_expected(count);
    memcpy(p, a, sizeof p);
    CHECK(lanes->mul(p, s, p, count));
    is_expected(count);
    CHECK(lanes->mul_vartime(p, s, a, count));
    is_expected(count);
    ps_ristretto255_mul_two_vartime(expected, s, a, t, b, count,
                                    ps_backend_portable());
    CHECK(lanes->mul_two_vartime(p, s, a, t, b, count));
    is_expected(count);
    ps_ristretto255_table_init(&table, &a[count / 2], ps_backend_portable());
    ps_ristretto255_table_mul(expected, s, count, &table,
                              ps_backend_portable());
    CHECK(lanes->table_mul(p, s, count, &table));
    is_expected(count);
}

/* Short public scalars: work starts at the longest. */
static void short_scalars(void)
{
    for (size_t bits = 0; bits < 250; bits++) {
        uint8_t wide[64] = {0};

        draw(3, bits);
        for (size_t i = 0; i < 3; i++) {
            pseudo_random(wide, bits / 8 + 1);
            wide[bits / 8] &= (uint8_t)((1 << bits % 8) - 1);
            ps_scalar_from_wide(&s[i], wide);
            ps_scalar_from_u64(&t[i], bits % 3 * wide[0]);
        }
        multiples(3);
    }
}

static ps_limb scratch[1 << 17];

static void sums(size_t count)
{
    ps_ristretto255_msm_vartime(expected, s, a, count, ps_backend_portable(),
                                scratch);
    CHECK(ps_ristretto255_msm_limbs(count) <= sizeof scratch / 8);
    CHECK(lanes->msm(p, s, a, count, scratch));
    is_expected(1);
    CHECK(lanes->msm_vartime(p, s, a, count, scratch));
    is_expected(1);
}

/* Enough for buckets: elements that repeat, cancel and meet the identity; as
 * they come from outside, or with any Z. */
static void many(size_t count, int affine)
{
    static ps_ristretto255 x[MANY];
    static ps_scalar k[MANY];
    static uint8_t bytes[32 * MANY];
    size_t bad;

    for (size_t i = 0; i < count; i++) {
        element(&x[i], i * 3);
        scalar(&k[i], i);
        if (i % 5 == 4) {
            x[i] = x[i - 1];
            ps_scalar_neg(&k[i], &k[i - 1]);
        }
    }
    if (affine) {
        ps_ristretto255_encode(bytes, x, count, ps_backend_portable());
        CHECK(ps_ristretto255_decode(x, &bad, bytes, count,
                                     ps_backend_portable()) == PS_OK);
    }
    CHECK(ps_ristretto255_msm_limbs(count) <= sizeof scratch / 8);
    ps_ristretto255_msm_vartime(expected, k, x, count, ps_backend_portable(),
                                scratch);
    CHECK(lanes->msm_vartime(p, k, x, count, scratch));
    is_expected(1);
    ps_ge8_buckets(p, k, x, count, scratch);
    is_expected(1);
}

int main(void)
{
    if (ps_backend_best()->group == NULL) {
        printf("group lanes: SKIPPED, this processor has no AVX-512 IFMA\n");
        return 0;
    }
    lanes = ps_backend_best()->group;
    for (size_t count = 2; count < MOST; count++) {
        draw(count, count);
        encodings(count);
        multiples(count);
        sums(count);
    }
    for (size_t count = 1; count < 12; count++) {
        many(count + 1, count % 2);
    }
    many(250, 0);
    many(399, 1);
    many(MANY, 0);
    many(MANY - 1, 1);
    short_scalars();
    refusals();
    printf("group lanes: ok\n");
    return 0;
}
#else
int main(void)
{
    printf("group lanes: SKIPPED, no lanes in this build\n");
    return 0;
}
#endif
