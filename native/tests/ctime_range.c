/* Range proofs: no branch and no address depends on a value, on a blinding or
 * on a random byte (ctime.c says how this is found out).
 */
#include "check.h"
#include "privshare/ps_range.h"

#if !defined(PS_CTIME)
#error "build with -DPS_CTIME: make ctime"
#endif

enum { LIMBS = 1 << 19, MAX_LEN = 32 * (9 + 2 * 8) };

static ps_range_generators gens;
static ps_limb memory[(2 + 128 * 2) * (20 + PS_RISTRETTO255_SET_LIMBS)];
static ps_limb scratch[LIMBS];

static ps_range_transcript context(ps_range_format format)
{
    static const uint8_t name[] = "ctime";
    ps_range_transcript t;

    memset(&t, 0, sizeof t);
    t.format = format;
    ps_transcript_init(&t.own, name, sizeof name);
    ps_merlin_init(&t.merlin, name, sizeof name);
    return t;
}

static ps_status prove(uint8_t *proof, uint8_t *commitments,
                       ps_range_transcript *t, uint64_t *values,
                       ps_range_shape shape, const ps_backend *backend)
{
    uint8_t blindings[64], rand[32];

    pseudo_random(blindings, sizeof blindings);
    pseudo_random(rand, sizeof rand);
    blindings[31] &= 0x0f;
    blindings[63] &= 0x0f;
    PS_SECRET(values, 2 * sizeof *values);
    PS_SECRET(blindings, sizeof blindings);
    PS_SECRET(rand, sizeof rand);
    CHECK(ps_range_prove_limbs(shape) <= LIMBS);
    return ps_range_prove(proof, commitments, t, values, blindings, shape,
                          rand, &gens, backend, scratch);
}

/* What is published is public: the verifier may branch on all of it. */
static void round_trip(ps_range_shape shape, ps_range_format format,
                       const ps_backend *backend)
{
    uint64_t values[2] = {0xa5, 0x0f};
    uint8_t proof[MAX_LEN], commitments[64];
    ps_range_transcript t = context(format);
    size_t bad;

    CHECK(prove(proof, commitments, &t, values, shape, backend) == PS_OK);
    t = context(format);
    CHECK(ps_range_verify_limbs(&shape, 1) <= LIMBS);
    CHECK(ps_range_verify_vartime(
              &bad, &t, &shape, 1, commitments, 32 * shape.count, proof,
              ps_range_proof_len(shape), NULL, &gens, backend, scratch)
          == PS_OK);
}

/* That a value is too large is told, and nothing else of it. */
static void refusal(void)
{
    uint64_t values[2] = {0xa5, 0x10f};
    uint8_t proof[MAX_LEN], commitments[64];
    ps_range_transcript t = context(PS_RANGE_V1);

    CHECK(prove(proof, commitments, &t, values, (ps_range_shape){8, 2},
                ps_backend_portable()) == PS_E_RANGE);
}

int main(void)
{
    ps_range_generators_init(&gens, memory, 2, ps_backend_portable());
    round_trip((ps_range_shape){8, 1}, PS_RANGE_V1, ps_backend_portable());
    round_trip((ps_range_shape){8, 2}, PS_RANGE_DALEK,
               ps_backend_portable());
    round_trip((ps_range_shape){64, 1}, PS_RANGE_V1, ps_backend_best());
    refusal();
    printf("ctime_range: ok\n");
    return 0;
}
