/* Prio3: no branch and no address depends on a measurement, on a random byte,
 * on a share or on the verification key (ctime.c says how this is found out).
 */
#include "prio3_case.h"

#if !defined(PS_CTIME)
#error "build with -DPS_CTIME: make ctime"
#endif

static uint8_t public_share[PRIO3_BYTES], leader[PRIO3_BYTES],
    helpers[PRIO3_BYTES], state[PRIO3_BYTES], verifier[PRIO3_BYTES];
static ps_limb scratch[PRIO3_BYTES / sizeof(ps_limb)];
static const uint8_t ctx[] = "ctime";

static void share(const ps_prio3 *vdaf, const prio3_case *c,
                  const uint8_t *nonce)
{
    uint64_t measurement[PRIO3_NUMBERS];
    uint8_t rand[255 * 64];

    memcpy(measurement, c->measurement, sizeof measurement);
    pseudo_random(rand, sizeof rand);
    PS_SECRET(measurement, sizeof measurement);
    PS_SECRET(rand, sizeof rand);
    CHECK(ps_prio3_shard(public_share, leader, helpers, measurement, nonce,
                         rand, 1, ctx, sizeof ctx, vdaf, scratch) == PS_OK);
    PS_PUBLIC(public_share, vdaf->public_share_bytes);
}

/* What the other aggregators learn is public to them; nothing else is. */
static void verify(const ps_prio3 *vdaf, const uint8_t *nonce)
{
    for (uint32_t a = 0; a < vdaf->shares; a++) {
        uint8_t key[32], status = PS_OK, total[16 * PRIO3_NUMBERS] = {0};
        const uint8_t *input
            = a == 0 ? leader : helpers + (a - 1) * vdaf->helper_share_bytes;

        pseudo_random(key, sizeof key);
        PS_SECRET(key, sizeof key);
        CHECK(ps_prio3_verify_init(state, verifier, &status, a, key, nonce,
                                   public_share, input, 1, ctx, sizeof ctx,
                                   vdaf, scratch) == PS_OK);
        CHECK(status == PS_OK);
        CHECK(ps_prio3_aggregate(total, state, &status, 1, vdaf) == PS_OK);
        ps_prio3_verify_next(&status, state, verifier, 1, vdaf);
    }
}

int main(void)
{
    for (size_t i = 0; i < PRIO3_CASES; i++) {
        ps_prio3 vdaf = prio3_of(&prio3_cases[i]);
        uint8_t nonce[16];

        pseudo_random(nonce, sizeof nonce);
        share(&vdaf, &prio3_cases[i], nonce);
        verify(&vdaf, nonce);
    }
    puts("ctime_prio3: ok");
    return 0;
}
