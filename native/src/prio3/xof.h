/* XofTurboShake128: one seed, one purpose, as many words as wanted.
 *
 * Source     draft-irtf-cfrg-vdaf-20, sections 6.2.1 and 6.2.3; RFC 9861, 2.2
 *
 * A stream is the TurboSHAKE128, with domain byte 1, of
 *
 *     len(dst) as 2 bytes || dst || len(seed) as 1 byte || seed || binder
 *
 * and dst is version, class, codepoint, usage and the application's context.
 * Time depends on lengths alone.
 */
#ifndef PRIVSHARE_PRIO3_XOF_H
#define PRIVSHARE_PRIO3_XOF_H

#include "privshare/ps_prio3.h"

enum {
    PS_XOF_RATE = 168,                  /* bytes: capacity of 256 bits */
    PS_XOF_LANES = PS_XOF_RATE / 8
};

typedef struct {
    uint64_t lanes[25];
    uint8_t block[PS_XOF_RATE];
    uint32_t pos; /* bytes in block; after ps_xof_finish: lanes drawn */
} ps_xof;

/* Draft, section 7.2, table of usages. */
typedef enum {
    PS_USAGE_MEAS_SHARE = 1,
    PS_USAGE_PROOF_SHARE = 2,
    PS_USAGE_JOINT_RANDOMNESS = 3,
    PS_USAGE_PROVE_RANDOMNESS = 4,
    PS_USAGE_QUERY_RANDOMNESS = 5,
    PS_USAGE_JOINT_RAND_SEED = 6,
    PS_USAGE_JOINT_RAND_PART = 7
} ps_usage;

/* What is the same for all reports of a call. */
typedef struct {
    const ps_prio3 *vdaf;
    const uint8_t *ctx;
    size_t ctx_len; /* <= PS_PRIO3_MAX_CONTEXT */
} ps_prio3_domain;

void ps_xof_init(ps_xof *x);
void ps_xof_absorb(ps_xof *x, const uint8_t *data, size_t len);

/* Absorb everything before the binder. dst_len <= 65535. */
void ps_xof_begin(ps_xof *x, const uint8_t *dst, size_t dst_len,
                  const uint8_t *seed32);

/* The same for one usage of Prio3. */
void ps_xof_start(ps_xof *x, ps_usage usage, const ps_prio3_domain *domain,
                  const uint8_t *seed32);

/* No more input. */
void ps_xof_finish(ps_xof *x);

void ps_xof_permute(ps_xof *x);

/* The next eight bytes as a word. */
static inline uint64_t ps_xof_next(ps_xof *x)
{
    if (x->pos == PS_XOF_LANES) {
        ps_xof_permute(x);
        x->pos = 0;
    }
    return x->lanes[x->pos++];
}

/* The first 32 bytes of the stream; wipes x. */
void ps_xof_seed(uint8_t *seed32, ps_xof *x);

#endif
