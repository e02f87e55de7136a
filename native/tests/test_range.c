/* Range proofs over ristretto255: round trips of every shape, in both formats,
 * alone and in batches, and what has to be refused.
 *
 * The published proofs are read by tests/vectors/test_bulletproofs.py; a group
 * in which everything can be tried by exhaustive_range.c.
 */
#include "check.h"
#include "privshare/ps_range.h"

enum { MAX_LEN = 32 * (9 + 2 * 11), LIMBS = 1 << 20, PARTIES = 4 };

static ps_range_generators gens;
static ps_limb memory[(2 + 128 * PARTIES)
                      * (20 + PS_RISTRETTO255_SET_LIMBS)];
static ps_limb scratch[LIMBS];

/* A proof, and all that goes with it. */
typedef struct {
    ps_range_shape shape;
    ps_range_transcript t;           /* before prover and verifier */
    uint8_t proof[MAX_LEN];
    uint8_t commitments[32 * PARTIES];
} made;

static ps_range_transcript context(ps_range_format format, const char *name)
{
    ps_range_transcript t;

    memset(&t, 0, sizeof t);
    t.format = format;
    if (format == PS_RANGE_DALEK) {
        ps_merlin_init(&t.merlin, (const uint8_t *)name, strlen(name));
    } else {
        ps_transcript_init(&t.own, (const uint8_t *)name, strlen(name));
    }
    return t;
}

/* Values that lean to the edges: all zeros, all ones, one bit, anything. */
static void witness(uint64_t *values, uint8_t *blindings, const made *p)
{
    const uint64_t all = ~(uint64_t)0 >> (64 - p->shape.bits);

    pseudo_random(values, PARTIES * sizeof *values);
    pseudo_random(blindings, 32 * PARTIES);
    for (size_t j = 0; j < p->shape.count; j++) {
        const uint64_t edges[4] = {0, all, all ^ (all >> 1), values[j] & all};

        values[j] = edges[values[j] >> 62];
        blindings[32 * j + 31] &= 0x0f; /* below 2^252 */
    }
}

static void make(made *p, uint32_t bits, uint32_t count,
                 ps_range_format format)
{
    uint64_t values[PARTIES];
    uint8_t blindings[32 * PARTIES], rand[32];
    ps_range_transcript t;

    p->shape = (ps_range_shape){bits, count};
    p->t = context(format, "test");
    t = p->t;
    witness(values, blindings, p);
    pseudo_random(rand, sizeof rand);
    CHECK(ps_range_prove_limbs(p->shape) <= LIMBS);
    CHECK(ps_range_prove(p->proof, p->commitments, &t, values, blindings,
                         p->shape, rand, &gens, ps_backend_best(), scratch)
          == PS_OK);
}

static ps_status verify_with(const made *p, const ps_backend *backend)
{
    ps_range_transcript t = p->t;
    size_t bad;
    ps_status status;

    CHECK(ps_range_verify_limbs(&p->shape, 1) <= LIMBS);
    status = ps_range_verify_vartime(
        &bad, &t, &p->shape, 1, p->commitments, 32 * p->shape.count, p->proof,
        ps_range_proof_len(p->shape), NULL, &gens, backend, scratch);
    CHECK(bad == (status == PS_OK));
    return status;
}

static ps_status verify(const made *p)
{
    return verify_with(p, ps_backend_best());
}

static void round_trips(void)
{
    for (uint32_t bits = 1; bits <= 64; bits *= 2) {
        for (uint32_t count = 1; count <= PARTIES; count++) {
            for (int format = PS_RANGE_V1; format <= PS_RANGE_DALEK;
                 format++) {
                made p;

                if (format == PS_RANGE_DALEK && count == 3) {
                    continue; /* that format has no padding */
                }
                make(&p, bits, count, (ps_range_format)format);
                CHECK(verify(&p) == PS_OK);
                CHECK(verify_with(&p, ps_backend_portable()) == PS_OK);
            }
        }
    }
}

/* Prover and verifier leave the transcript in the same state, and the proof is
 * the same on every backend. */
static void transcripts_agree(ps_range_format format)
{
    const ps_range_shape shape = {8, 2};
    const ps_backend *backends[2] = {ps_backend_best(),
                                     ps_backend_portable()};
    const uint64_t values[2] = {255, 7};
    const uint8_t blindings[64] = {1}, rand[32] = {2};
    uint8_t proof[2][MAX_LEN], commitments[2][64];
    size_t len = ps_range_proof_len(shape), bad;
    ps_range_transcript t[2], seen = context(format, "test");

    for (int i = 0; i < 2; i++) {
        t[i] = context(format, "test");
        CHECK(ps_range_prove(proof[i], commitments[i], &t[i], values,
                             blindings, shape, rand, &gens, backends[i],
                             scratch) == PS_OK);
    }
    CHECK(memcmp(proof[0], proof[1], len) == 0);
    CHECK(memcmp(commitments[0], commitments[1], 64) == 0);
    CHECK(memcmp(&t[0], &t[1], sizeof t[0]) == 0);
    CHECK(ps_range_verify_vartime(&bad, &seen, &shape, 1, commitments[0], 64,
                                  proof[0], len, NULL, &gens,
                                  ps_backend_best(), scratch) == PS_OK);
    CHECK(memcmp(&t[0], &seen, sizeof seen) == 0);
}

/* Every bit of proof and commitments counts; a change is never both well
 * formed and true. */
static void flips(uint32_t bits, uint32_t count, ps_range_format format)
{
    made p;

    make(&p, bits, count, format);
    for (size_t i = 0; i < 8 * ps_range_proof_len(p.shape); i++) {
        p.proof[i / 8] ^= (uint8_t)(1 << (i % 8));
        CHECK(verify(&p) != PS_OK);
        p.proof[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    for (size_t i = 0; i < 8 * 32 * count; i++) {
        p.commitments[i / 8] ^= (uint8_t)(1 << (i % 8));
        CHECK(verify(&p) != PS_OK);
        p.commitments[i / 8] ^= (uint8_t)(1 << (i % 8));
    }
    CHECK(verify(&p) == PS_OK);
}

/* The same proof under any other statement. */
static void statements(ps_range_format format)
{
    made p, q;
    uint8_t first[32];

    make(&p, 16, 2, format);
    q = p;
    q.t = context(format, "tesu");
    CHECK(verify(&q) == PS_E_VERIFY);
    q = p;
    memcpy(first, q.commitments, 32);
    memcpy(q.commitments, q.commitments + 32, 32);
    memcpy(q.commitments + 32, first, 32);
    CHECK(verify(&q) == PS_E_VERIFY);
    q = p;
    q.shape = (ps_range_shape){32, 1}; /* as long */
    CHECK(verify(&q) == PS_E_VERIFY);
    q.shape = (ps_range_shape){8, 4};
    memset(q.commitments + 64, 0, 64);
    CHECK(verify(&q) == PS_E_VERIFY);
    q = p;
    q.t = context(format == PS_RANGE_V1 ? PS_RANGE_DALEK : PS_RANGE_V1,
                  "test");
    CHECK(verify(&q) == PS_E_VERIFY);
}

/* Three numbers are not four, the last of which is 0. */
static void padding(void)
{
    made p, q;

    make(&p, 8, 3, PS_RANGE_V1);
    q = p;
    q.shape.count = 4;
    memset(q.commitments + 96, 0, 32);
    CHECK(verify(&q) == PS_E_VERIFY);
    p.t = context(PS_RANGE_DALEK, "test");
    CHECK(verify(&p) == PS_E_RANGE);
}

/* What is not canonical is PS_E_ENCODING; an identity is PS_E_VERIFY. */
static void malformed(void)
{
    static const uint8_t order[32] = { /* l, little-endian */
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
        0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0x10
    };
    made p, q;
    size_t len;

    make(&p, 8, 1, PS_RANGE_V1);
    len = ps_range_proof_len(p.shape);
    for (size_t at = 0; at < len; at += 32) {
        int scalar = (at >= 128 && at < 224) || at >= len - 64;

        q = p;
        memset(q.proof + at, 0, 32);
        CHECK(verify(&q) == PS_E_VERIFY);
        memcpy(q.proof + at, order, 32);
        CHECK(verify(&q) == PS_E_ENCODING);
        memset(q.proof + at, 0xff, 32);
        CHECK(verify(&q) == PS_E_ENCODING);
        if (!scalar) {
            memset(q.proof + at, 0, 32);
            q.proof[at] = 1; /* odd: negative, so not canonical */
            CHECK(verify(&q) == PS_E_ENCODING);
        }
    }
    q = p;
    memset(q.commitments, 0xff, 32);
    CHECK(verify(&q) == PS_E_ENCODING);
}

static void refusals(void)
{
    static const ps_range_shape none[] = {{0, 1}, {3, 1}, {128, 1}, {8, 0},
                                          {8, 33}, {65, 1}};
    const uint8_t rand[32] = {0};
    uint8_t blindings[64] = {0}, proof[MAX_LEN], commitments[64];
    uint64_t values[2] = {1, 256};
    ps_range_shape shape = {8, 2}, large = {8, 8};
    ps_range_transcript t = context(PS_RANGE_V1, "test"), before = t;
    size_t bad;

    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        CHECK(ps_range_proof_len(none[i]) == 0);
        CHECK(ps_range_prove_limbs(none[i]) == 0);
        CHECK(ps_range_verify_limbs(&none[i], 1) == 0);
        CHECK(ps_range_prove(proof, commitments, &t, values, blindings,
                             none[i], rand, &gens, ps_backend_best(), scratch)
              == PS_E_RANGE);
    }
    CHECK(ps_range_prove(proof, commitments, &t, values, blindings, shape,
                         rand, &gens, ps_backend_best(), scratch)
          == PS_E_RANGE);
    values[1] = 255;
    blindings[63] = 0x20;
    CHECK(ps_range_prove(proof, commitments, &t, values, blindings, shape,
                         rand, &gens, ps_backend_best(), scratch)
          == PS_E_ENCODING);
    CHECK(memcmp(&t, &before, sizeof t) == 0);
    /* More numbers than there are generators for. */
    CHECK(ps_range_verify_vartime(&bad, &t, &large, 1, proof, 256, proof,
                                  ps_range_proof_len(large), NULL, &gens,
                                  ps_backend_best(), scratch) == PS_E_RANGE);
    /* One byte less and one more, of either. */
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            ps_status status = ps_range_verify_vartime(
                &bad, &t, &shape, 1, commitments, 63 + i, proof,
                ps_range_proof_len(shape) - 1 + j, NULL, &gens,
                ps_backend_best(), scratch);
            CHECK((status == PS_E_ENCODING) == (i != 1 || j != 1));
        }
    }
}

enum { BATCH = 12 };

static struct {
    ps_range_transcript t[BATCH];
    ps_range_shape shape[BATCH];
    uint8_t proofs[BATCH * MAX_LEN], commitments[BATCH * 32 * PARTIES];
    size_t proof_at[BATCH + 1], commitment_at[BATCH + 1];
} many;

static ps_status verify_many(size_t *bad, uint8_t salt)
{
    const uint8_t rand[32] = {salt};
    ps_range_transcript t[BATCH];

    memcpy(t, many.t, sizeof t);
    CHECK(ps_range_verify_limbs(many.shape, BATCH) <= LIMBS);
    return ps_range_verify_vartime(
        bad, t, many.shape, BATCH, many.commitments,
        many.commitment_at[BATCH], many.proofs, many.proof_at[BATCH], rand,
        &gens, ps_backend_best(), scratch);
}

/* Shapes and formats mixed; a bad proof at each position is found and named,
 * and two that are wrong by opposite amounts do not cancel. */
static void batches(void)
{
    static const uint32_t bits[BATCH] = {8, 64, 16, 32, 8, 8, 1, 64, 2, 16,
                                         8, 8};
    static const uint32_t counts[BATCH] = {1, 1, 2, 1, 4, 3, 1, 2, 2, 1, 1,
                                           1};
    size_t bad;

    for (size_t i = 0; i < BATCH; i++) {
        made p;
        size_t len;

        make(&p, bits[i], counts[i], i % 4 == 3 ? PS_RANGE_DALEK
                                                : PS_RANGE_V1);
        len = ps_range_proof_len(p.shape);
        many.t[i] = p.t;
        many.shape[i] = p.shape;
        memcpy(many.proofs + many.proof_at[i], p.proof, len);
        memcpy(many.commitments + many.commitment_at[i], p.commitments,
               32 * counts[i]);
        many.proof_at[i + 1] = many.proof_at[i] + len;
        many.commitment_at[i + 1] = many.commitment_at[i] + 32 * counts[i];
    }
    CHECK(verify_many(&bad, 0) == PS_OK && bad == BATCH);
    for (size_t i = 0; i < BATCH; i++) {
        uint8_t *b = many.proofs + many.proof_at[i + 1] - 32;
        uint8_t *a = many.proofs + many.proof_at[i];
        uint8_t first[32];

        b[0] ^= 1;
        CHECK(verify_many(&bad, (uint8_t)i) == PS_E_VERIFY && bad == i);
        b[0] ^= 1;
        memcpy(first, a, 32);
        memset(a, 0xff, 32);
        CHECK(verify_many(&bad, (uint8_t)i) == PS_E_ENCODING && bad == i);
        memset(a, 0, 32);
        CHECK(verify_many(&bad, (uint8_t)i) == PS_E_VERIFY && bad == i);
        memcpy(a, first, 32);
    }
    CHECK(verify_many(&bad, 1) == PS_OK && bad == BATCH);
}

/* Adds 1 or l - 1 to a scalar of a proof. */
static void nudge(uint8_t *at, int up)
{
    ps_scalar one, s;

    ps_scalar_from_u64(&one, 1);
    CHECK(ps_scalar_from_bytes(&s, at) == PS_OK);
    if (up) {
        ps_scalar_add(&s, &s, &one);
    } else {
        ps_scalar_sub(&s, &s, &one);
    }
    ps_scalar_to_bytes(at, &s);
}

/* The same proof twice; a is 1 too large in one and 1 too small in the other.
 * a comes after all challenges, so that the errors are opposite, and without
 * weights the sum would be the identity. */
static void opposite_errors(ps_range_format format)
{
    made p;
    uint8_t proofs[2 * MAX_LEN], commitments[64], rand[32];
    size_t len, bad;

    make(&p, 8, 1, format);
    len = ps_range_proof_len(p.shape);
    memcpy(proofs, p.proof, len);
    memcpy(proofs + len, p.proof, len);
    memcpy(commitments, p.commitments, 32);
    memcpy(commitments + 32, p.commitments, 32);
    nudge(proofs + len - 64, 1);
    nudge(proofs + 2 * len - 64, 0);
    for (int i = 0; i < 8; i++) {
        const ps_range_shape shapes[2] = {p.shape, p.shape};
        ps_range_transcript t[2] = {p.t, p.t};

        pseudo_random(rand, sizeof rand);
        CHECK(ps_range_verify_vartime(&bad, t, shapes, 2, commitments, 64,
                                      proofs, 2 * len, i == 0 ? NULL : rand,
                                      &gens, ps_backend_best(), scratch)
              == PS_E_VERIFY);
        CHECK(bad == 0);
    }
}

int main(void)
{
    CHECK(ps_range_generators_limbs(PARTIES)
          == sizeof memory / sizeof *memory);
    ps_range_generators_init(&gens, memory, PARTIES, ps_backend_best());
    round_trips();
    transcripts_agree(PS_RANGE_V1);
    transcripts_agree(PS_RANGE_DALEK);
    flips(2, 1, PS_RANGE_V1);
    flips(1, 3, PS_RANGE_V1);
    flips(8, 1, PS_RANGE_DALEK);
    statements(PS_RANGE_V1);
    statements(PS_RANGE_DALEK);
    padding();
    malformed();
    refusals();
    batches();
    opposite_errors(PS_RANGE_V1);
    opposite_errors(PS_RANGE_DALEK);
    printf("range: ok\n");
    return 0;
}
