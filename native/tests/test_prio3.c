/* Prio3: every circuit from measurement to aggregate, and what is refused. */
#include "prio3_case.h"

static uint8_t public_share[PRIO3_BYTES], leader[PRIO3_BYTES],
    helpers[PRIO3_BYTES], state[4][PRIO3_BYTES], verifiers[PRIO3_BYTES],
    message[64];
static ps_limb scratch[PRIO3_BYTES / sizeof(ps_limb)];
static uint8_t nonce[16], verify_key[32], rand_bytes[255 * 64];

static ps_status share(const ps_prio3 *vdaf, const uint64_t *measurement)
{
    static const uint8_t ctx[] = "test";

    CHECK(vdaf->rand_bytes <= sizeof rand_bytes);
    pseudo_random(rand_bytes, sizeof rand_bytes);
    pseudo_random(nonce, sizeof nonce);
    pseudo_random(verify_key, sizeof verify_key);
    return ps_prio3_shard(public_share, leader, helpers, measurement, nonce,
                          rand_bytes, 1, ctx, sizeof ctx, vdaf, scratch);
}

/* Runs all aggregators; the status after the last step. */
static uint8_t verify(const ps_prio3 *vdaf)
{
    static const uint8_t ctx[] = "test";
    uint8_t status = PS_OK;

    for (uint32_t a = 0; a < vdaf->shares; a++) {
        const uint8_t *input
            = a == 0 ? leader : helpers + (a - 1) * vdaf->helper_share_bytes;

        CHECK(ps_prio3_verify_init(
                  state[a], verifiers + a * vdaf->verifier_share_bytes,
                  &status, a, verify_key, nonce, public_share, input, 1, ctx,
                  sizeof ctx, vdaf, scratch) == PS_OK);
    }
    CHECK(ps_prio3_combine(message, &status, verifiers, 1, ctx, sizeof ctx,
                           vdaf, scratch) == PS_OK);
    for (uint32_t a = 0; a < vdaf->shares; a++) {
        ps_prio3_verify_next(&status, state[a], message, 1, vdaf);
    }
    return status;
}

static void check_aggregate(const ps_prio3 *vdaf, const prio3_case *c)
{
    uint8_t total[4 * 16 * PRIO3_NUMBERS] = {0}, sum[16 * PRIO3_NUMBERS];
    uint8_t status = PS_OK;
    size_t len = vdaf->aggregate_bytes;

    for (uint32_t a = 0; a < vdaf->shares; a++) {
        CHECK(ps_prio3_aggregate(total + a * len, state[a], &status, 1, vdaf)
              == PS_OK);
    }
    CHECK(ps_prio3_merge(sum, total, vdaf->shares, vdaf) == PS_OK);
    for (size_t i = 0; i < vdaf->output_len; i++) {
        uint64_t expected = c->circuit == PS_PRIO3_HISTOGRAM
                              ? i == c->measurement[0] : c->measurement[i];
        uint64_t found = 0;

        for (size_t j = 8; j-- > 0;) {
            found = found << 8 | sum[i * vdaf->field_bytes + j];
        }
        CHECK(found == expected);
    }
}

static void round_trip(const prio3_case *c)
{
    ps_prio3 vdaf = prio3_of(c);
    uint64_t outside[PRIO3_NUMBERS];

    CHECK(share(&vdaf, c->measurement) == PS_OK);
    CHECK(verify(&vdaf) == PS_OK);
    check_aggregate(&vdaf, c);

    memcpy(outside, c->measurement, sizeof outside);
    outside[0] = c->outside;
    memset(leader, 0xff, vdaf.leader_share_bytes);
    CHECK(share(&vdaf, outside) == PS_E_RANGE);
    for (size_t i = 0; i < vdaf.leader_share_bytes; i++) {
        CHECK(leader[i] == 0);
    }
    outside[0] = ~(uint64_t)0;
    CHECK(share(&vdaf, outside) == PS_E_RANGE);
}

/* Every byte of the leader's share matters: change each in turn. */
static void changed_shares(const prio3_case *c)
{
    ps_prio3 vdaf = prio3_of(c);

    CHECK(share(&vdaf, c->measurement) == PS_OK);
    for (size_t i = 0; i < vdaf.leader_share_bytes; i++) {
        leader[i] ^= 1;
        CHECK(verify(&vdaf) != PS_OK);
        leader[i] ^= 1;
    }
    for (size_t i = 0; i < vdaf.helper_share_bytes; i++) {
        helpers[i] ^= 0x80;
        CHECK(verify(&vdaf) != PS_OK);
        helpers[i] ^= 0x80;
    }
    CHECK(verify(&vdaf) == PS_OK);
    memset(leader, 0xff, 16); /* no element of either field */
    CHECK(verify(&vdaf) == PS_E_ENCODING);
}

static void parameters(void)
{
    ps_prio3 v;
    const uint32_t sum = PS_PRIO3_SUM, vec = PS_PRIO3_SUM_VEC;

    CHECK(ps_prio3_init(&v, 0, 2, 1, 0, 1, 1) == PS_E_RANGE);
    CHECK(v.shares == 0);
    CHECK(ps_prio3_init(&v, 8, 2, 1, 0, 1, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, sum, 1, 1, 5, 1, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, sum, 256, 1, 5, 1, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, sum, 2, 2, 5, 1, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, sum, 2, 1, 0, 1, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, sum, 2, 1, 5, 1, 2) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, sum, 2, 1, (uint64_t)1 << 63, 1, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, vec, 2, 0, 5, 1, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, vec, 2, 1, 5, 0, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, vec, 2, 1u << 20, 5, 1, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, vec, 2, ~0u, 5, ~0u, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, PS_PRIO3_MULTIHOT, 2, 4, 5, 2, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, PS_PRIO3_HISTOGRAM, 2, 4, 1, 2, 1) == PS_E_RANGE);
    CHECK(ps_prio3_init(&v, PS_PRIO3_SUM_VEC_MULTI, 2, 4, 1, 2, 2)
          == PS_E_RANGE);
}

/* TurboSHAKE128 of nothing but our own prefix: the draft's test of the
 * stream, test_vec/XofTurboShake128.json. */
static void stream(void)
{
    static const char dst[] = "domain separation tag", bind[] = "binder string";
    uint8_t seed[32], found[32];

    for (size_t i = 0; i < sizeof seed; i++) {
        seed[i] = (uint8_t)i;
    }
    CHECK(ps_prio3_expand(found, 32, 0, (const uint8_t *)dst, sizeof dst - 1,
                          seed, (const uint8_t *)bind, sizeof bind - 1)
          == PS_OK);
    CHECK(equals_hex(found, 32,
                     "b62ef0a2778190792d4d42d8c167ba20"
                     "e0c37a3f319ba79645829c427d70eea5"));
    CHECK(ps_prio3_expand(found, 1, 9, seed, 0, seed, seed, 0) == PS_E_RANGE);
}

int main(void)
{
    for (size_t i = 0; i < PRIO3_CASES; i++) {
        round_trip(&prio3_cases[i]);
        changed_shares(&prio3_cases[i]);
    }
    parameters();
    stream();
    puts("prio3: ok");
    return 0;
}
