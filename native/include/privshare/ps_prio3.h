/* Prio3: sums of what many submitters report, each report with a proof.
 *
 * Source     draft-irtf-cfrg-vdaf-20, sections 6 and 7 (Prio3; the proof
 *            system is that of Boneh, Boyle, Corrigan-Gibbs, Gilboa and Ishai,
 *            CRYPTO 2019, theorem 4.3); TurboSHAKE128: RFC 9861
 *
 *   client        ps_prio3_shard          measurement -> public share, input
 *                                         shares, one an aggregator
 *   aggregator    ps_prio3_verify_init    input share -> state, verifier share
 *   either        ps_prio3_combine        verifier shares -> verifier message
 *   aggregator    ps_prio3_verify_next    state, verifier message -> accepted
 *   aggregator    ps_prio3_aggregate      states -> aggregate share
 *   collector     ps_prio3_merge          aggregate shares -> aggregate
 *
 * All calls work on `count` reports at once. The things of one kind lie behind
 * one another, each of the size that ps_prio3 names. All integers and field
 * elements in these byte strings are little-endian, as the draft wants.
 *
 * A report that is refused does not stop the others: `status` gets one
 * ps_status a report, and a report that has one other than PS_OK is left
 * alone by every later call.
 */
#ifndef PRIVSHARE_PS_PRIO3_H
#define PRIVSHARE_PS_PRIO3_H

#include "ps_config.h"

/* ffi: begin */
/* What is measured. The numbers of the first five are the draft's. */
typedef enum {
    PS_PRIO3_COUNT = 1,         /* 0 or 1; aggregate: how many ones */
    PS_PRIO3_SUM = 2,           /* 0 .. max; aggregate: the sum */
    PS_PRIO3_SUM_VEC = 3,       /* length numbers 0 .. max; their sums */
    PS_PRIO3_HISTOGRAM = 4,     /* one of length buckets; how many in each */
    PS_PRIO3_MULTIHOT = 5,      /* length bits, at most max ones; their sums */
    PS_PRIO3_SUM_VEC_MULTI = 6, /* as SUM_VEC over the field of 64 bits, with 3
                                   proofs or more; the draft's experiment */
    PS_PRIO3_CUBIC = 7          /* 0, 1 or 2 by a gadget of degree 3; the
                                   draft's test of such gadgets, no more */
} ps_prio3_circuit;

enum {
    PS_PRIO3_NONCE_BYTES = 16,
    PS_PRIO3_SEED_BYTES = 32,
    PS_PRIO3_MAX_ELEMENTS = 1 << 20, /* of an encoded measurement */
    PS_PRIO3_MAX_CONTEXT = 1 << 15   /* bytes of an application's context */
};

/* One kind of report. Filled by ps_prio3_init; read-only afterwards. */
typedef struct {
    uint32_t circuit;
    uint32_t codepoint;   /* in domain separation tags */
    uint32_t shares;      /* aggregators, 2 to 255; 0 leads */
    uint32_t proofs;      /* 1 but for SUM_VEC_MULTI */
    uint32_t length;      /* numbers in a measurement */
    uint32_t bits;        /* of max; 0 where there is none */
    uint32_t chunk;       /* products that one gadget call adds up */
    uint32_t field_bytes; /* 8 or 16 */
    uint64_t max;         /* below 2^63 */

    uint32_t meas_len;       /* elements of an encoded measurement */
    uint32_t output_len;     /* elements of an aggregate */
    uint32_t calls;          /* of the gadget */
    uint32_t arity;          /* wires of the gadget */
    uint32_t wire_len;       /* p, points of a wire polynomial */
    uint32_t gadget_len;     /* points of the gadget polynomial, <= 2p */
    uint32_t joint_rand_len; /* elements a proof; 0: no joint randomness */
    uint32_t checks;         /* outputs of the validity circuit */
    uint32_t proof_len;      /* elements of one proof */
    uint32_t verifier_len;   /* elements of one verifier */

    size_t rand_bytes;         /* random bytes that sharding takes */
    size_t public_share_bytes;
    size_t leader_share_bytes;
    size_t helper_share_bytes;
    size_t verifier_share_bytes;
    size_t message_bytes;      /* of the verifier message, 0 or 32 */
    size_t aggregate_bytes;    /* output_len elements */
    size_t state_bytes;        /* output share, then the expected message */
    size_t scratch_limbs;      /* that each call below needs */
} ps_prio3;

/** Choose a kind of report and work out its sizes.
 *
 *  Source     draft-irtf-cfrg-vdaf-20, sections 7.3.2 and 7.4
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    a parameter that the circuit does not allow
 *  Out        vdaf
 *  In         circuit    a ps_prio3_circuit
 *             shares     2 to 255
 *             length     SUM_VEC, SUM_VEC_MULTI, HISTOGRAM, MULTIHOT: at
 *                        least 1; others: 1
 *             max        SUM, SUM_VEC, SUM_VEC_MULTI: 1 to 2^63 - 1; MULTIHOT:
 *                        1 to length; others: 0
 *             chunk      as length
 *             proofs     SUM_VEC_MULTI: 3 to 255; others: 1
 *  On error   vdaf is all zero
 */
PS_MUST_CHECK
ps_status ps_prio3_init(ps_prio3 *vdaf, uint32_t circuit, uint32_t shares,
                        uint32_t length, uint64_t max, uint32_t chunk,
                        uint32_t proofs);

/** Share measurements and prove that they are valid.
 *
 *  Source     draft-irtf-cfrg-vdaf-20, section 7.2.1
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    ctx is too long, or a measurement is outside its
 *                           interval
 *  Out        public_share  count of them
 *             leader_share  count of them
 *             helper_share  count times shares - 1 of them; those of one report
 *                           together
 *  In         measurement   count times `length` numbers (HISTOGRAM: one, the
 *                           bucket)
 *             nonce         count of 16 bytes, used once each
 *             rand          count of rand_bytes bytes, uniform, used once
 *             ctx           ctx_len bytes, <= PS_PRIO3_MAX_CONTEXT
 *  Scratch    vdaf->scratch_limbs, wiped before return
 *  Secret     measurement, rand    time and addresses depend on vdaf, count and
 *                           ctx_len; on the seeds alone by how often the field
 *                           draws again, once in 2^32 elements or less, which
 *                           tells nothing of what was drawn then. The status is
 *                           public
 *  Overlap    none
 *  On error   all shares are zero
 */
PS_MUST_CHECK
ps_status ps_prio3_shard(uint8_t *public_share, uint8_t *leader_share,
                         uint8_t *helper_share, const uint64_t *measurement,
                         const uint8_t *nonce, const uint8_t *rand,
                         size_t count, const uint8_t *ctx, size_t ctx_len,
                         const ps_prio3 *vdaf, ps_limb *scratch);

/** Begin to verify reports: query the proofs.
 *
 *  Source     draft-irtf-cfrg-vdaf-20, sections 7.2.2 and 7.3.4
 *
 *  Returns    PS_OK         look at status
 *             PS_E_RANGE    ctx is too long, or there is no such aggregator
 *  Out        state         count of them; secret to this aggregator
 *             verifier_share   count of them; for the other aggregators
 *             both are zero where the status is not PS_OK
 *  In-out     status        count of them; reports with another than PS_OK are
 *                           passed over
 *             PS_E_ENCODING an element of the input share is not canonical
 *             PS_E_RANGE    the test point is a root of unity (chance about
 *                           p/2^64)
 *  In         aggregator    0 for the leader, below vdaf->shares
 *             verify_key32  32 bytes that all aggregators and no client know
 *             nonce         count of 16 bytes
 *             public_share  count of them
 *             input_share   count of them, all of this aggregator
 *  Scratch    vdaf->scratch_limbs, wiped before return
 *  Secret     verify_key32, input_share    as ps_prio3_shard; statuses are
 *                           public
 *  Overlap    none
 */
PS_MUST_CHECK
ps_status ps_prio3_verify_init(uint8_t *state, uint8_t *verifier_share,
                               uint8_t *status, uint32_t aggregator,
                               const uint8_t *verify_key32,
                               const uint8_t *nonce,
                               const uint8_t *public_share,
                               const uint8_t *input_share, size_t count,
                               const uint8_t *ctx, size_t ctx_len,
                               const ps_prio3 *vdaf, ps_limb *scratch);

/** Combine verifier shares and decide.
 *
 *  Source     draft-irtf-cfrg-vdaf-20, sections 7.2.2 and 7.3.5
 *
 *  Returns    PS_OK         look at status
 *             PS_E_RANGE    ctx is too long
 *  Out        message       count of message_bytes; zero where the status is
 *                           not PS_OK
 *  In-out     status        count of them; others than PS_OK are passed over
 *             PS_E_ENCODING an element is not canonical
 *             PS_E_VERIFY   the proof does not hold
 *  In         verifier_share   shares times count of them: all of aggregator 0,
 *                           then all of aggregator 1, ...
 *  Scratch    vdaf->scratch_limbs, wiped before return
 *  Overlap    none
 */
PS_MUST_CHECK
ps_status ps_prio3_combine(uint8_t *message, uint8_t *status,
                           const uint8_t *verifier_share, size_t count,
                           const uint8_t *ctx, size_t ctx_len,
                           const ps_prio3 *vdaf, ps_limb *scratch);

/** Compare the message with what this aggregator expects.
 *
 *  Source     draft-irtf-cfrg-vdaf-20, section 7.2.2
 *
 *  In-out     status        count of them; others than PS_OK are passed over
 *             PS_E_VERIFY   the joint randomness is not the client's
 *  In         state         count of them, from ps_prio3_verify_init
 *             message       count of message_bytes
 *  Secret     state         statuses are public
 *  Overlap    none
 */
void ps_prio3_verify_next(uint8_t *status, const uint8_t *state,
                          const uint8_t *message, size_t count,
                          const ps_prio3 *vdaf);

/** Add output shares to an aggregate share.
 *
 *  Source     draft-irtf-cfrg-vdaf-20, section 7.2.4
 *
 *  Returns    PS_OK
 *             PS_E_ENCODING    an element is not canonical
 *  In-out     aggregate     aggregate_bytes; zero to begin with
 *  In         state         count of them, each begins with an output share
 *             status        count of them; only states with PS_OK are added
 *  Secret     aggregate, state    time depends on count and on status; that an
 *                           element is not canonical is public
 *  Overlap    none
 *  On error   aggregate is all zero
 */
PS_MUST_CHECK
ps_status ps_prio3_aggregate(uint8_t *aggregate, const uint8_t *state,
                             const uint8_t *status, size_t count,
                             const ps_prio3 *vdaf);

/** Add up aggregate shares, of several batches or of all aggregators.
 *
 *  Source     draft-irtf-cfrg-vdaf-20, section 7.2.5
 *
 *  Returns    PS_OK
 *             PS_E_ENCODING    an element is not canonical
 *  Out        aggregate     aggregate_bytes
 *  In         share         count times aggregate_bytes
 *  Secret     share         as ps_prio3_aggregate
 *  Overlap    none
 *  On error   aggregate is all zero
 */
PS_MUST_CHECK
ps_status ps_prio3_merge(uint8_t *aggregate, const uint8_t *share,
                         size_t count, const ps_prio3 *vdaf);

/** Expand a seed: XofTurboShake128, as every derivation above uses it.
 *
 *  Source     draft-irtf-cfrg-vdaf-20, section 6.2.1; RFC 9861, 2.2
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    dst_len > 65535, or field_bytes is not 0, 8, 16
 *  Out        out           len bytes of the stream when field_bytes is 0, else
 *                           len elements of that field
 *  In         dst           dst_len bytes
 *             seed32        32 bytes
 *             binder        binder_len bytes
 *  Secret     seed32        as ps_prio3_shard
 *  Overlap    none
 *  On error   out is left alone
 */
PS_MUST_CHECK
ps_status ps_prio3_expand(uint8_t *out, size_t len, uint32_t field_bytes,
                          const uint8_t *dst, size_t dst_len,
                          const uint8_t *seed32, const uint8_t *binder,
                          size_t binder_len);
/* ffi: end */

#endif
