/* Batches of oblivious functions: the lanes against the portable code, and
 * that against the group. */
#include "check.h"
#include "privshare/ps_oprf.h"

enum { MOST = 150 };

static uint8_t wide[64 * MOST], out[32 * MOST], expected[32 * MOST];
static uint8_t in[32 * MOST];
static ps_ristretto255 p[MOST], q[MOST];

static void scalar(ps_scalar *s, size_t i)
{
    uint8_t bytes[64];

    pseudo_random(bytes, sizeof bytes);
    if (i % 8 == 4 || i % 8 == 5) {
        memset(bytes, i % 8 == 4 ? 0x88 : 0x77, 31);
        memset(bytes + 31, 0, 33);
    }
    ps_scalar_from_wide(s, bytes);
    switch (i % 8) {
    case 0: ps_scalar_from_u64(s, 0); break;
    case 1: ps_scalar_from_u64(s, 1); break;
    case 2: ps_scalar_from_u64(s, 2 + bytes[0] % 31); break;
    case 3:
        ps_scalar_from_u64(s, 1 + bytes[0] % 4);
        ps_scalar_neg(s, s);
        break;
    default: break;
    }
}

/* With the group's own calls, one after the other. */
static void by_the_group(size_t count, const ps_scalar *s)
{
    const ps_backend *portable = ps_backend_portable();

    ps_ristretto255_from_uniform(p, wide, count, portable);
    for (size_t i = 0; i < count; i++) {
        ps_ristretto255_mul(&p[i], s, &p[i], 1, portable);
    }
    ps_ristretto255_encode(expected, p, count, portable);
}

static void products(const ps_backend *backend, size_t count, size_t salt)
{
    size_t bad = 99;
    ps_scalar s;

    scalar(&s, salt);
    pseudo_random(wide, sizeof wide);
    by_the_group(count, &s);
    memset(out, 0xee, sizeof out);
    ps_oprf_blind(out, wide, count, &s, backend);
    CHECK(memcmp(out, expected, 32 * count) == 0);
    CHECK(count == MOST || out[32 * count] == 0xee);
    ps_ristretto255_from_uniform(p, wide, count, ps_backend_portable());
    ps_ristretto255_encode(in, p, count, ps_backend_portable());
    CHECK(ps_oprf_evaluate(out, &bad, in, count, &s, backend) == PS_OK);
    CHECK(bad == count && memcmp(out, expected, 32 * count) == 0);
}

/* Every element of small order beside others, and those of other cosets. */
static void doubles(const ps_backend *backend, size_t count)
{
    const ps_backend *portable = ps_backend_portable();

    pseudo_random(wide, sizeof wide);
    ps_ristretto255_from_uniform(p, wide, count, backend);
    for (size_t i = 0; i < count; i += 3) {
        ps_ristretto255_identity(&p[i]);
    }
    ps_ristretto255_base(&p[count / 2]);
    for (size_t i = 0; i < count; i++) {
        ps_ristretto255_add(&q[i], &p[i], &p[i]);
    }
    ps_ristretto255_encode(expected, q, count, portable);
    ps_oprf_encode_twice(out, p, count, backend);
    CHECK(memcmp(out, expected, 32 * count) == 0);
}

/* One bad encoding of each kind at each place: that place is named. */
static void refusals(const ps_backend *backend)
{
    enum { COUNT = 75 };
    size_t bad = 0;
    ps_scalar s;

    scalar(&s, 7);
    pseudo_random(wide, sizeof wide);
    ps_ristretto255_from_uniform(p, wide, COUNT, backend);
    for (size_t at = 0; at < COUNT; at++) {
        ps_ristretto255_encode(in, p, COUNT, backend);
        switch (at % 4) {
        case 0: memset(in + 32 * at, 0, 32); break;
        case 1: in[32 * at] ^= 1; break;
        case 2: in[32 * at + 31] |= 0x80; break;
        default: memset(in + 32 * at, 0xff, 32); break;
        }
        memset(out, 0xee, sizeof out);
        CHECK(ps_oprf_evaluate(out, &bad, in, COUNT, &s, backend)
              == PS_E_ENCODING);
        CHECK(bad == at);
        for (size_t i = 0; i < 32 * COUNT; i++) {
            CHECK(out[i] == 0);
        }
    }
}

/* RFC 9380, appendix K.3 has this message and tag for 32 bytes; the bytes for
 * 64 were computed by another program (tests/vectors/test_oprf.py checks the
 * whole way). Here: each message on its own gives what all together give. */
static void expansion(const ps_backend *backend)
{
    enum { COUNT = 37 };
    uint8_t text[4096], one[64], all[64 * COUNT], tag[PS_OPRF_TAG];
    uint64_t ends[COUNT], end = 0;

    pseudo_random(text, sizeof text);
    pseudo_random(tag, sizeof tag);
    for (size_t i = 0; i < COUNT; i++) {
        end += i < 20 ? i * i / 3 : 7 + i % 2;
        ends[i] = end;
    }
    CHECK(end < sizeof text);
    CHECK(ps_oprf_expand(all, text, ends, COUNT, tag, 41, backend) == PS_OK);
    end = 0;
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t len = ends[i] - end;

        CHECK(ps_oprf_expand(one, text + end, &len, 1, tag, 41,
                             ps_backend_portable()) == PS_OK);
        CHECK(memcmp(one, all + 64 * i, 64) == 0);
        end = ends[i];
    }
    CHECK(ps_oprf_expand(all, text, ends, 1, tag, 0, backend) == PS_E_RANGE);
    CHECK(ps_oprf_expand(all, text, ends, 1, tag, 256, backend) == PS_E_RANGE);
    ends[1] = 5;
    ends[2] = 4;
    CHECK(ps_oprf_expand(all, text, ends, 3, tag, 9, backend) == PS_E_RANGE);
    CHECK(ps_oprf_expand(all, text, ends, 0, tag, 255, backend) == PS_OK);
}

static void halves(void)
{
    ps_scalar s, half;

    for (size_t i = 0; i < 16; i++) {
        scalar(&s, i);
        ps_oprf_halve(&half, &s);
        ps_scalar_add(&half, &half, &half);
        CHECK(ps_scalar_is_equal(&half, &s));
    }
}

int main(void)
{
    const ps_backend *best = ps_backend_best();
    const ps_backend *both[2] = {ps_backend_portable(), best};

    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < 24; i++) {
            products(both[k], i < 20 ? i : 62 + i % 4, i);
        }
        products(both[k], MOST, 6);
        for (size_t count = 1; count < 20; count++) {
            doubles(both[k], count);
        }
        doubles(both[k], MOST);
        refusals(both[k]);
        expansion(both[k]);
    }
    halves();
    printf("oprf: ok (%s)\n", ps_backend_name(best));
    return 0;
}
