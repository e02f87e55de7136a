/* What prio3.c calls: the same functions over either field. */
#ifndef PRIVSHARE_PRIO3_H
#define PRIVSHARE_PRIO3_H

#include "xof.h"

typedef struct {
    /* Each is the public call of that name, its arguments checked. The last
     * five arguments of `shard` are one report's. Returns 1 when the
     * measurement is in its interval. */
    void (*prepare)(const ps_prio3 *vdaf, ps_limb *scratch);
    uint64_t (*shard)(uint8_t *public_share, uint8_t *leader_share,
                      uint8_t *helper_share, const uint64_t *measurement,
                      const uint8_t *nonce, const uint8_t *rand,
                      const ps_prio3_domain *domain, ps_limb *scratch);
    ps_status (*verify_init)(uint8_t *state, uint8_t *verifier_share,
                             uint32_t aggregator, const uint8_t *verify_key32,
                             const uint8_t *nonce, const uint8_t *public_share,
                             const uint8_t *input_share,
                             const ps_prio3_domain *domain, ps_limb *scratch);
    ps_status (*combine)(uint8_t *message, const uint8_t *verifier_share,
                         size_t stride, const ps_prio3_domain *domain,
                         ps_limb *scratch);
    /* aggregate += share, output_len elements each. */
    ps_status (*add)(uint8_t *aggregate, const uint8_t *share,
                     const ps_prio3 *vdaf);
    void (*expand)(uint8_t *out, size_t len, ps_xof *x);
} ps_prio3_field;

extern const uint8_t ps_prio3_zero32[PS_PRIO3_SEED_BYTES];

extern const ps_prio3_field ps_prio3_field64, ps_prio3_field128;

/* Elements of scratch that the functions above want. */
static inline uint64_t ps_prio3_scratch_elements(const ps_prio3 *vdaf)
{
    return (uint64_t)10 * vdaf->wire_len + 3 * (uint64_t)vdaf->meas_len
         + vdaf->proof_len + vdaf->verifier_len + vdaf->joint_rand_len
         + vdaf->checks + 1;
}

#endif
