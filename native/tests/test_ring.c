/* Ring signatures: every place signs, the equations hold as written, and what
 * was changed anywhere is refused. */
#include "check.h"
#include "privshare/ps_ring.h"

enum { LARGEST = PS_RING_MAX, LEN = 32 * (LARGEST + 1) };

static const ps_backend *backend;
static ps_ristretto255_table generator;
static ps_ristretto255_comb comb;
static ps_ring_scratch scratch;

/* A ring of pseudo-random secrets, sorted by key. */
static uint8_t secrets[LARGEST][32], keys[32 * LARGEST];
static ps_ring_member ring[LARGEST];
static ps_ring_scope scope;

static void public_key(uint8_t *key32, const uint8_t *secret32)
{
    ps_scalar x;
    ps_ristretto255 p;

    CHECK(ps_scalar_from_bytes(&x, secret32) == PS_OK);
    ps_ristretto255_table_mul(&p, &x, 1, &generator, backend);
    ps_ristretto255_encode(key32, &p, 1, backend);
}

static void make_ring(size_t count)
{
    size_t bad;

    for (size_t i = 0; i < count; i++) {
        uint8_t wide[64], secret[32], key[32];
        ps_scalar x;
        size_t at = i;

        pseudo_random(wide, sizeof wide);
        ps_scalar_from_wide(&x, wide);
        ps_scalar_to_bytes(secret, &x);
        public_key(key, secret);
        for (; at > 0 && memcmp(keys + 32 * at - 32, key, 32) > 0; at--) {
            memcpy(keys + 32 * at, keys + 32 * at - 32, 32);
            memcpy(secrets[at], secrets[at - 1], 32);
        }
        memcpy(keys + 32 * at, key, 32);
        memcpy(secrets[at], secret, 32);
    }
    CHECK(ps_ring_init(ring, &bad, keys, count, backend) == PS_OK);
    CHECK(bad == 0);
}

static void make_scope(const char *name)
{
    CHECK(ps_ring_scope_init(&scope, (const uint8_t *)name, strlen(name),
                             backend) == PS_OK);
}

static ps_transcript context(const char *name)
{
    ps_transcript t;

    ps_transcript_init(&t, (const uint8_t *)name, strlen(name));
    return t;
}

static ps_status sign(uint8_t *signature, uint8_t *tag, size_t place,
                      size_t count, const uint8_t *rand32)
{
    ps_transcript t = context("test");

    CHECK(ps_ring_tag(tag, secrets[place], &scope, backend) == PS_OK);
    return ps_ring_sign(signature, &t, secrets[place], rand32, ring, count,
                        &scope, &generator, backend, &scratch);
}

static ps_status verify_in(const char *name, const uint8_t *signature,
                           const uint8_t *tag, size_t count)
{
    ps_transcript t = context(name);

    return ps_ring_verify(&t, signature, tag, ring, count, &scope, &comb,
                          backend, &scratch);
}

static ps_status verify(const uint8_t *signature, const uint8_t *tag,
                        size_t count)
{
    return verify_in("test", signature, tag, count);
}

/* The header's words, with nothing cut into pieces: whether it closes. */
static int closes(const uint8_t *signature, const uint8_t *tag, size_t count)
{
    ps_transcript t = context("test"), fork;
    ps_ristretto255 p[LARGEST], pair[2], g, tag_element;
    ps_scalar c, first, s;
    uint8_t bytes[64];
    size_t bad;

    ps_ristretto255_base(&g);
    CHECK(ps_ristretto255_decode(p, &bad, keys, count, backend) == PS_OK);
    CHECK(ps_ristretto255_decode(&tag_element, &bad, tag, 1, backend) == PS_OK);
    CHECK(ps_scalar_from_bytes(&first, signature) == PS_OK);
    ps_transcript_absorb(&t, "form", (const uint8_t *)"lsag/v1", 7);
    ps_transcript_absorb(&t, "ring", keys, 32 * count);
    ps_ristretto255_encode(bytes, &scope.base, 1, backend);
    ps_transcript_absorb(&t, "base", bytes, 32);
    ps_transcript_absorb(&t, "tag", tag, 32);
    c = first;
    for (size_t i = 0; i < count; i++) {
        CHECK(ps_scalar_from_bytes(&s, signature + 32 * (i + 1)) == PS_OK);
        ps_ristretto255_mul_two_vartime(&pair[0], &s, &g, &c, &p[i], 1,
                                        backend);
        ps_ristretto255_mul_two_vartime(&pair[1], &s, &scope.base, &c,
                                        &tag_element, 1, backend);
        fork = t;
        ps_ristretto255_encode(bytes, pair, 2, backend);
        ps_transcript_absorb(&fork, "commitment", bytes, 64);
        ps_transcript_challenge(bytes, 64, &fork, "challenge");
        ps_scalar_from_wide(&c, bytes);
    }
    return (int)ps_scalar_is_equal(&c, &first);
}

static void places(void)
{
    static const size_t counts[] = {2, 3, 4, 7, 8, 9, 16, 33, 64};
    uint8_t signature[LEN], tag[32], rand[32];

    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        size_t count = counts[k];

        make_ring(count);
        make_scope("places");
        for (size_t place = 0; place < count; place += 1 + count / 16) {
            pseudo_random(rand, sizeof rand);
            CHECK(sign(signature, tag, place, count, rand) == PS_OK);
            CHECK(verify(signature, tag, count) == PS_OK);
            CHECK(closes(signature, tag, count));
            CHECK(verify_in("other", signature, tag, count) == PS_E_VERIFY);
        }
    }
}

/* Every seventh bit of the signature and fifth of the tag; tests in Python
 * take all. */
static void bits(void)
{
    uint8_t signature[LEN], tag[32], rand[32] = {0};

    make_ring(4);
    make_scope("bits");
    CHECK(sign(signature, tag, 2, 4, rand) == PS_OK);
    for (size_t bit = 0; bit < 8 * 32 * 5; bit += 7) {
        signature[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        CHECK(verify(signature, tag, 4) != PS_OK);
        signature[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    for (size_t bit = 0; bit < 256; bit += 5) {
        tag[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        CHECK(verify(signature, tag, 4) != PS_OK);
        tag[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    CHECK(verify(signature, tag, 4) == PS_OK);
    CHECK(verify(signature, tag, 3) == PS_E_VERIFY);
    make_scope("bites");
    CHECK(verify(signature, tag, 4) == PS_E_VERIFY);
    make_scope("bits");
    make_ring(4);
    CHECK(verify(signature, tag, 4) == PS_E_VERIFY);
}

static int all_zero(const uint8_t *p, size_t len)
{
    uint8_t any = 0;

    for (size_t i = 0; i < len; i++) {
        any |= p[i];
    }
    return any == 0;
}

/* Statuses, and what an error leaves behind. */
static void refusals(void)
{
    static ps_ring_member made[LARGEST + 1];
    uint8_t signature[LEN], tag[32], rand[32] = {0}, bad_keys[64 * LARGEST];
    uint8_t stranger[32] = {7}, high[32], zero[32] = {0};
    ps_transcript t = context("test");
    ps_ring_scope nothing;
    size_t bad;

    make_ring(4);
    make_scope("refusals");
    memset(high, 0xff, sizeof high);
    memcpy(bad_keys, keys, sizeof keys);
    CHECK(ps_ring_init(made, &bad, keys, 0, backend) == PS_E_RANGE);
    CHECK(ps_ring_init(made, &bad, keys, 1, backend) == PS_E_RANGE);
    CHECK(ps_ring_init(made, &bad, bad_keys, LARGEST + 1, backend)
          == PS_E_RANGE);
    memcpy(bad_keys + 64, high, 32);
    CHECK(ps_ring_init(made, &bad, bad_keys, 4, backend) == PS_E_ENCODING);
    CHECK(bad == 2 && all_zero((uint8_t *)made, 4 * sizeof *made));
    memcpy(bad_keys + 64, keys + 32, 32);
    CHECK(ps_ring_init(made, &bad, bad_keys, 4, backend) == PS_E_KEY);
    CHECK(bad == 2 && all_zero((uint8_t *)made, 4 * sizeof *made));
    memcpy(bad_keys + 64, keys, 32);
    CHECK(ps_ring_init(made, &bad, bad_keys, 4, backend) == PS_E_KEY);
    memcpy(bad_keys, zero, 32);
    CHECK(ps_ring_init(made, &bad, bad_keys, 4, backend) == PS_E_KEY);
    CHECK(bad == 0);

    CHECK(ps_ring_tag(tag, zero, &scope, backend) == PS_E_KEY);
    CHECK(ps_ring_tag(tag, high, &scope, backend) == PS_E_ENCODING);
    CHECK(all_zero(tag, 32));
    memset(signature, 1, sizeof signature);
    CHECK(ps_ring_sign(signature, &t, stranger, rand, ring, 4, &scope,
                       &generator, backend, &scratch) == PS_E_VERIFY);
    CHECK(all_zero(signature, ps_ring_bytes(4)));
    CHECK(all_zero((uint8_t *)&scratch, sizeof scratch));
    CHECK(ps_ring_sign(signature, &t, zero, rand, ring, 4, &scope, &generator,
                       backend, &scratch) == PS_E_VERIFY);
    CHECK(ps_ring_sign(signature, &t, high, rand, ring, 4, &scope, &generator,
                       backend, &scratch) == PS_E_ENCODING);
    CHECK(ps_ring_sign(signature, &t, secrets[0], rand, ring, 1, &scope,
                       &generator, backend, &scratch) == PS_E_RANGE);
    ps_ristretto255_identity(&nothing.base);
    CHECK(ps_ring_sign(signature, &t, secrets[0], rand, ring, 4, &nothing,
                       &generator, backend, &scratch) == PS_E_RANGE);

    CHECK(sign(signature, tag, 1, 4, rand) == PS_OK);
    CHECK(all_zero((uint8_t *)&scratch, sizeof scratch));
    CHECK(verify(signature, zero, 4) == PS_E_ENCODING);
    CHECK(verify(signature, high, 4) == PS_E_ENCODING);
    CHECK(verify(signature, tag, LARGEST + 1) == PS_E_RANGE);
    CHECK(verify(signature, tag, 1) == PS_E_RANGE);
    memset(signature + 64, 0xff, 32);
    CHECK(verify(signature, tag, 4) == PS_E_ENCODING);
}

static void finding(void)
{
    size_t index;

    make_ring(9);
    for (size_t i = 0; i < 9; i++) {
        CHECK(ps_ring_find(&index, keys, 9, keys + 32 * i) == 1);
        CHECK(index == i);
    }
    CHECK(ps_ring_find(&index, keys, 8, keys + 32 * 8) == 0 && index == 0);
    CHECK(ps_ring_find(&index, keys, 0, keys) == 0);
}

/* Both sides leave the transcript in one state, which has the signature. */
static void goes_on(void)
{
    uint8_t signature[LEN], tag[32], rand[32] = {0}, a[16], b[16];
    ps_transcript signer = context("on"), verifier = context("on");

    make_ring(3);
    make_scope("on");
    CHECK(ps_ring_tag(tag, secrets[0], &scope, backend) == PS_OK);
    CHECK(ps_ring_sign(signature, &signer, secrets[0], rand, ring, 3, &scope,
                       &generator, backend, &scratch) == PS_OK);
    CHECK(ps_ring_verify(&verifier, signature, tag, ring, 3, &scope, &comb,
                         backend, &scratch) == PS_OK);
    ps_transcript_challenge(a, sizeof a, &signer, "next");
    ps_transcript_challenge(b, sizeof b, &verifier, "next");
    CHECK(memcmp(a, b, sizeof a) == 0);
}

int main(void)
{
    const ps_backend *all[] = {ps_backend_portable(), ps_backend_best()};
    ps_ristretto255_comb *made = &comb;
    ps_ristretto255 g;

    ps_ristretto255_base(&g);
    for (size_t i = 0; i < 2; i++) {
        backend = all[i];
        ps_ristretto255_table_init(&generator, &g, backend);
        ps_ristretto255_comb_init_vartime(&made, &g, 1, backend);
        places();
        bits();
        refusals();
        finding();
        goes_on();
    }
    printf("ring: ok (%s)\n", ps_backend_name(backend));
    return 0;
}
