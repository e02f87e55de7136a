/* The group: RFC 9496, appendix A, and the laws, on every backend. */
#include "check.h"
#include "privshare/ps_ristretto255.h"

enum { MOST = 600, LENGTHS = 17 };

static const ps_backend *backend;
static ps_ristretto255 p[MOST], q[MOST], r[MOST];
static ps_scalar s[MOST], t[MOST];
static uint8_t bytes[64 * MOST];
static ps_ristretto255_table table;

static int same(const ps_ristretto255 *a, const ps_ristretto255 *b)
{
    return ps_ristretto255_is_equal(a, b) == 1;
}

static int encodes_as(const ps_ristretto255 *a, const char *hex)
{
    uint8_t out[32];

    ps_ristretto255_encode(out, a, 1, backend);
    return equals_hex(out, 32, hex);
}

/* A.1 */
static const char *const multiple[16] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
    "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
    "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e",
    "f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403",
    "44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d",
    "903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c",
    "02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031",
    "20706fd788b2720a1ed2a5dad4952b01f413bcf0e7564de8cdc816689e2db95f",
    "bce83f8ba5dd2fa572864c24ba1810f9522bc6004afe95877ac73241cafdab42",
    "e4549ee16b9aa03099ca208c67adafcafa4c3f3e4e5303de6026e3ca8ff84460",
    "aa52e000df2e16f55fb1032fc33bc42742dad6bd5a8fc0be0167436c5948501f",
    "46376b80f409b29dc2b5f6f0c52591990896e5716f41477cd30085ab7f10301e",
    "e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e",
};

static void small_multiples(void)
{
    ps_ristretto255 sum, found;
    ps_scalar k;
    size_t bad;

    ps_ristretto255_base(&p[0]);
    ps_ristretto255_table_init(&table, &p[0], backend);
    ps_ristretto255_identity(&sum);
    for (uint64_t i = 0; i < 16; i++) {
        CHECK(encodes_as(&sum, multiple[i]));
        from_hex(bytes, 32, multiple[i]);
        CHECK(ps_ristretto255_decode(&found, &bad, bytes, 1, backend)
              == PS_OK);
        CHECK(same(&found, &sum) && encodes_as(&found, multiple[i]));
        CHECK(ps_ristretto255_is_identity(&found) == (i == 0));
        ps_scalar_from_u64(&k, i);
        ps_ristretto255_mul(&found, &k, &p[0], 1, backend);
        CHECK(encodes_as(&found, multiple[i]));
        ps_ristretto255_mul_vartime(&found, &k, &p[0], 1, backend);
        CHECK(encodes_as(&found, multiple[i]));
        ps_ristretto255_table_mul(&found, &k, 1, &table, backend);
        CHECK(encodes_as(&found, multiple[i]));
        ps_scalar_neg(&k, &k);
        ps_ristretto255_mul(&found, &k, &p[0], 1, backend);
        ps_ristretto255_neg(&found, &found);
        CHECK(encodes_as(&found, multiple[i]));
        ps_ristretto255_table_mul(&found, &k, 1, &table, backend);
        ps_ristretto255_neg(&found, &found);
        CHECK(encodes_as(&found, multiple[i]));
        ps_ristretto255_add(&sum, &sum, &p[0]);
    }
}

/* A.2 */
static const char *const bad_encoding[] = {
    /* no canonical field elements */
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    /* negative */
    "0100000000000000000000000000000000000000000000000000000000000000",
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
    "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
    "c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78",
    "47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24",
    "f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72",
    "87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309",
    /* no square */
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
    "de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b",
    "bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042",
    "2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08",
    "f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22",
    "8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731",
    "2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b",
    /* x y is negative */
    "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
    "d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e",
    "8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32",
    "32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b",
    "227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165",
    "5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e",
    "445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b",
    /* s = -1, so that y = 0 */
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

enum { BAD = sizeof bad_encoding / sizeof *bad_encoding };

/* Each alone, and each at every place among good ones. */
static void bad_encodings(void)
{
    size_t bad;

    for (size_t i = 0; i < BAD; i++) {
        for (size_t count = 1; count <= LENGTHS; count += 4) {
            for (size_t at = 0; at < count; at++) {
                for (size_t k = 0; k < count; k++) {
                    from_hex(bytes + 32 * k, 32, multiple[k % 16]);
                }
                from_hex(bytes + 32 * at, 32, bad_encoding[i]);
                if (at + 1 < count) { /* the first is named */
                    from_hex(bytes + 32 * (count - 1), 32, bad_encoding[i]);
                }
                CHECK(ps_ristretto255_decode(q, &bad, bytes, count, backend)
                      == PS_E_ENCODING);
                CHECK(bad == at);
                for (size_t k = 0; k < count; k++) {
                    CHECK(ps_ristretto255_is_identity(&q[k]));
                }
            }
        }
    }
}

/* A.3 */
static void derivation(void)
{
    static const char *const text[] = {
        "Ristretto is traditionally a short shot of espresso coffee",
        "made with the normal amount of ground coffee but extracted with",
        "about half the amount of water in the same amount of time",
        "by using a finer grind.",
        "This produces a concentrated shot of coffee per volume.",
        "Just pulling a normal shot short will produce a weaker shot",
        "and is not a Ristretto as some believe.",
    };
    static const char *const element[] = {
        "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46",
        "f26e5b6f7d362d2d2a94c5d0e7602cb4773c95a2e5c31a64f133189fa76ed61b",
        "006ccd2a9e6867e6a2c5cea83d3302cc9de128dd2a9a57dd8ee7b9d7ffe02826",
        "f8f0c87cf237953c5890aec3998169005dae3eca1fbb04548c635953c817f92a",
        "ae81e7dedf20a497e10c304a765c1767a42d6e06029758d2d7e8ef7cc4c41179",
        "e2705652ff9f5e44d3e841bf1c251cf7dddb77d140870d1ab2ed64f1a9ce8628",
        "80bd07262511cdde4863f8a7434cef696750681cb9510eea557088f76d9e5065",
    };
    enum { TEXTS = sizeof text / sizeof *text };

    for (size_t i = 0; i < TEXTS; i++) {
        ps_sha512_digest(bytes + 64 * i, (const uint8_t *)text[i],
                         strlen(text[i]));
    }
    ps_ristretto255_from_uniform(q, bytes, TEXTS, backend);
    for (size_t i = 0; i < TEXTS; i++) {
        CHECK(encodes_as(&q[i], element[i]));
        ps_ristretto255_from_uniform(&r[0], bytes + 64 * i, 1, backend);
        CHECK(same(&q[i], &r[0]));
    }
}

static void random_scalars(ps_scalar *x, size_t count)
{
    static const ps_limb edge[][4] = {
        {0}, {1}, {2}, {8}, {0x5812631a5cf5d3ec, 0x14def9dea2f79cd6, 0,
        0x1000000000000000}, {0x5812631a5cf5d3e5, 0x14def9dea2f79cd6, 0,
        0x1000000000000000}, {0x8888888888888888, 0x8888888888888888,
        0x8888888888888888, 0x0888888888888888}, {~(ps_limb)0, ~(ps_limb)0,
        ~(ps_limb)0, 0x0fffffffffffffff}, {0, 0, 0, 0x1000000000000000},
    };
    enum { EDGES = sizeof edge / sizeof *edge };

    for (size_t i = 0; i < count; i++) {
        uint8_t wide[64];

        pseudo_random(wide, sizeof wide);
        ps_scalar_from_wide(&x[i], wide);
        if (wide[0] % 4 == 0) {
            memcpy(x[i].limb, edge[wide[1] % EDGES], sizeof x[i].limb);
        }
    }
}

/* Elements with Z far from 1; some the identity, some the generator. */
static void random_elements(ps_ristretto255 *x, size_t count)
{
    pseudo_random(bytes, 64 * count);
    ps_ristretto255_from_uniform(x, bytes, count, ps_backend_portable());
    for (size_t i = 0; i < count; i++) {
        switch (bytes[64 * i] % 16) {
        case 0: ps_ristretto255_identity(&x[i]); break;
        case 1: ps_ristretto255_base(&x[i]); break;
        case 2: ps_ristretto255_neg(&x[i], &x[i / 2]); break;
        case 3: x[i] = x[i / 2]; break;
        default: break;
        }
    }
}

/* s a from the definition: double and add. */
static void by_definition(ps_ristretto255 *x, const ps_scalar *k,
                          const ps_ristretto255 *a)
{
    ps_ristretto255_identity(x);
    for (int i = 255; i >= 0; i--) {
        ps_ristretto255_add(x, x, x);
        if (k->limb[i / 64] >> (i % 64) & 1) {
            ps_ristretto255_add(x, x, a);
        }
    }
}

static void multiplications(size_t count)
{
    ps_ristretto255 expected;

    random_scalars(s, count);
    random_scalars(t, count);
    random_elements(p, count);
    random_elements(q, count);
    ps_ristretto255_mul(r, s, p, count, backend);
    for (size_t i = 0; i < count; i++) {
        by_definition(&expected, &s[i], &p[i]);
        CHECK(same(&r[i], &expected));
    }
    ps_ristretto255_mul_vartime(r, s, p, count, backend);
    for (size_t i = 0; i < count; i++) {
        ps_ristretto255_mul(&expected, &s[i], &p[i], 1,
                            ps_backend_portable());
        CHECK(same(&r[i], &expected));
    }
    ps_ristretto255_mul_two_vartime(r, s, p, t, q, count, backend);
    for (size_t i = 0; i < count; i++) {
        ps_ristretto255 other;

        ps_ristretto255_mul(&expected, &s[i], &p[i], 1,
                            ps_backend_portable());
        ps_ristretto255_mul(&other, &t[i], &q[i], 1, ps_backend_portable());
        ps_ristretto255_add(&expected, &expected, &other);
        CHECK(same(&r[i], &expected));
    }
    /* in place */
    memcpy(r, p, count * sizeof *p);
    ps_ristretto255_mul(r, s, r, count, backend);
    ps_ristretto255_mul_vartime(p, s, p, count, backend);
    for (size_t i = 0; i < count; i++) {
        CHECK(same(&r[i], &p[i]));
    }
}

static void fixed_base(size_t count)
{
    ps_ristretto255 expected;

    random_scalars(s, count);
    random_elements(q, 1);
    ps_ristretto255_table_init(&table, &q[0], backend);
    ps_ristretto255_table_mul(r, s, count, &table, backend);
    for (size_t i = 0; i < count; i++) {
        ps_ristretto255_mul(&expected, &s[i], &q[0], 1,
                            ps_backend_portable());
        CHECK(same(&r[i], &expected));
    }
}

/* Encoding and decoding; all come back, in the same bytes from any form. */
static void encodings(size_t count)
{
    uint8_t other[32 * LENGTHS];
    size_t bad;

    random_elements(p, count);
    ps_ristretto255_encode(bytes, p, count, backend);
    CHECK(ps_ristretto255_decode(q, &bad, bytes, count, backend) == PS_OK);
    CHECK(bad == count);
    ps_ristretto255_encode(other, q, count, ps_backend_portable());
    CHECK(memcmp(bytes, other, 32 * count) == 0);
    for (size_t i = 0; i < count; i++) {
        CHECK(same(&p[i], &q[i]));
        ps_ristretto255_sub(&r[i], &p[i], &q[i]);
        CHECK(ps_ristretto255_is_identity(&r[i]));
        ps_ristretto255_select(&r[i], 0, &p[i], &r[i]);
        CHECK(ps_ristretto255_is_identity(&r[i]));
        ps_ristretto255_select(&r[i], 1, &p[i], &r[i]);
        CHECK(same(&p[i], &r[i]));
    }
    pseudo_random(bytes, 64 * count);
    ps_ristretto255_from_uniform(p, bytes, count, backend);
    ps_ristretto255_from_uniform(q, bytes, count, ps_backend_portable());
    for (size_t i = 0; i < count; i++) {
        CHECK(same(&p[i], &q[i]));
    }
}

static void sums(size_t count)
{
    size_t limbs = ps_ristretto255_msm_limbs(count);
    ps_limb *scratch = malloc((limbs + 1) * sizeof *scratch);
    ps_ristretto255 expected, found;

    CHECK(scratch != NULL);
    scratch[limbs] = 0x5afe;
    random_scalars(s, count);
    random_elements(p, count);
    ps_ristretto255_identity(&expected);
    ps_ristretto255_mul(r, s, p, count, ps_backend_portable());
    for (size_t i = 0; i < count; i++) {
        ps_ristretto255_add(&expected, &expected, &r[i]);
    }
    ps_ristretto255_msm(&found, s, p, count, backend, scratch);
    CHECK(same(&found, &expected));
    ps_ristretto255_msm_vartime(&found, s, p, count, backend, scratch);
    CHECK(same(&found, &expected));
    CHECK(scratch[limbs] == 0x5afe);
    free(scratch);
}

static void group(const ps_backend *chosen, size_t most)
{
    backend = chosen;
    small_multiples();
    derivation();
    if (most > 100) {
        bad_encodings();
    }
    for (size_t count = 0; count <= LENGTHS; count++) {
        if (most > 100 || count % 8 < 2) {
            multiplications(count);
            fixed_base(count);
        }
        encodings(count);
        sums(count);
    }
    for (size_t count = 60; count < most; count += 67) {
        sums(count);
    }
    sums(most);
}

int main(void)
{
#if defined(PS_EMULATE_LANES)
    enum { FEW = 64 }; /* emulated lanes are slow */
#else
    enum { FEW = MOST };
#endif

    group(ps_backend_portable(), FEW);
    group(ps_backend_best(), FEW);
    printf("ristretto255: ok (%s)\n", ps_backend_name(ps_backend_best()));
    return 0;
}
