/* Prio3 in batches: sizes, arguments, and one report after the other. */
#include "prio3.h"

#include "../bytes.h"
#include "../ct.h"

const uint8_t ps_prio3_zero32[PS_PRIO3_SEED_BYTES] = {0};

static uint32_t bit_length(uint64_t x)
{
    uint32_t bits = 0;

    for (; x != 0; x >>= 1) {
        bits++;
    }
    return bits;
}

/* What each circuit allows; see ps_prio3_init. */
static int allowed(uint32_t circuit, uint32_t shares, uint32_t length,
                   uint64_t max, uint32_t chunk, uint32_t proofs)
{
    int single = length == 1 && chunk == 1;
    int many = length >= 1 && length <= PS_PRIO3_MAX_ELEMENTS && chunk >= 1
            && chunk <= PS_PRIO3_MAX_ELEMENTS;
    int number = max >= 1 && max >> 63 == 0;
    int one_proof = proofs == 1;

    if (shares < 2 || shares > 255) {
        return 0;
    }
    switch (circuit) {
    case PS_PRIO3_COUNT:
    case PS_PRIO3_CUBIC:
        return single && max == 0 && one_proof;
    case PS_PRIO3_SUM:
        return single && number && one_proof;
    case PS_PRIO3_SUM_VEC:
        return many && number && one_proof;
    case PS_PRIO3_SUM_VEC_MULTI:
        return many && number && proofs >= 3 && proofs <= 255;
    case PS_PRIO3_HISTOGRAM:
        return many && max == 0 && one_proof;
    case PS_PRIO3_MULTIHOT:
        return many && max >= 1 && max <= length && one_proof;
    default:
        return 0;
    }
}

/* Draft, section 7.4: lengths of each circuit. */
static void circuit_sizes(ps_prio3 *v)
{
    int wide = v->circuit == PS_PRIO3_SUM_VEC
            || v->circuit == PS_PRIO3_HISTOGRAM
            || v->circuit == PS_PRIO3_MULTIHOT;

    v->field_bytes = wide ? 16 : 8;
    v->codepoint = v->circuit <= PS_PRIO3_MULTIHOT ? v->circuit : 0xffffffff;
    v->checks = 1;
    v->output_len = v->length;
    v->meas_len = v->length;
    if (v->circuit == PS_PRIO3_MULTIHOT) {
        v->meas_len = v->length + v->bits;
    } else if (v->bits != 0) {
        v->meas_len = v->length * v->bits;
    }
    if (wide || v->circuit == PS_PRIO3_SUM_VEC_MULTI) {
        v->calls = (v->meas_len + v->chunk - 1) / v->chunk;
        v->arity = 2 * v->chunk;
        v->joint_rand_len = v->calls;
    } else {
        v->calls = v->meas_len;
        v->arity = v->circuit == PS_PRIO3_COUNT ? 2 : 1;
    }
    if (v->circuit == PS_PRIO3_SUM) {
        v->checks = v->bits;
    } else if (v->circuit == PS_PRIO3_HISTOGRAM
               || v->circuit == PS_PRIO3_MULTIHOT) {
        v->checks = 2;
    }
}

/* Draft, sections 7.2.6 and 7.3.2. */
static void message_sizes(ps_prio3 *v)
{
    uint32_t degree = v->circuit == PS_PRIO3_CUBIC ? 3 : 2;
    size_t joint = v->joint_rand_len != 0 ? PS_PRIO3_SEED_BYTES : 0;
    size_t seed = PS_PRIO3_SEED_BYTES, field = v->field_bytes;

    v->wire_len = 2;
    while (v->wire_len < v->calls + 1) {
        v->wire_len *= 2;
    }
    v->gadget_len = degree * (v->wire_len - 1) + 1;
    v->proof_len = v->arity + v->gadget_len;
    v->verifier_len = v->arity + 2;
    v->rand_bytes = v->shares * (seed + joint);
    v->public_share_bytes = v->shares * joint;
    v->leader_share_bytes
        = field * (v->meas_len + (size_t)v->proofs * v->proof_len) + joint;
    v->helper_share_bytes = seed + joint;
    v->verifier_share_bytes
        = field * v->proofs * (size_t)v->verifier_len + joint;
    v->message_bytes = joint;
    v->aggregate_bytes = field * v->output_len;
    v->state_bytes = v->aggregate_bytes + joint;
    v->scratch_limbs = (size_t)ps_prio3_scratch_elements(v) * field / 8;
}

ps_status ps_prio3_init(ps_prio3 *vdaf, uint32_t circuit, uint32_t shares,
                        uint32_t length, uint64_t max, uint32_t chunk,
                        uint32_t proofs)
{
    uint32_t bits = bit_length(max);

    memset(vdaf, 0, sizeof *vdaf);
    if (!allowed(circuit, shares, length, max, chunk, proofs)
        || (uint64_t)length * (bits + 1) > PS_PRIO3_MAX_ELEMENTS) {
        return PS_E_RANGE;
    }
    vdaf->circuit = circuit;
    vdaf->shares = shares;
    vdaf->proofs = proofs;
    vdaf->length = length;
    vdaf->bits = bits;
    vdaf->chunk = chunk;
    vdaf->max = max;
    circuit_sizes(vdaf);
    message_sizes(vdaf);
    return PS_OK;
}

static const ps_prio3_field *field_of(const ps_prio3 *vdaf)
{
    return vdaf->field_bytes == 8 ? &ps_prio3_field64 : &ps_prio3_field128;
}

static void wipe_scratch(ps_limb *scratch, const ps_prio3 *vdaf)
{
    ps_wipe(scratch, vdaf->scratch_limbs * sizeof *scratch);
}

ps_status ps_prio3_shard(uint8_t *public_share, uint8_t *leader_share,
                         uint8_t *helper_share, const uint64_t *measurement,
                         const uint8_t *nonce, const uint8_t *rand,
                         size_t count, const uint8_t *ctx, size_t ctx_len,
                         const ps_prio3 *vdaf, ps_limb *scratch)
{
    const ps_prio3_field *field = field_of(vdaf);
    ps_prio3_domain domain = {vdaf, ctx, ctx_len};
    size_t helpers = (vdaf->shares - 1) * vdaf->helper_share_bytes;
    size_t numbers = vdaf->circuit == PS_PRIO3_HISTOGRAM ? 1 : vdaf->length;
    uint64_t fits = ctx_len <= PS_PRIO3_MAX_CONTEXT;

    if (fits) {
        field->prepare(vdaf, scratch);
        for (size_t i = 0; i < count; i++) {
            fits &= field->shard(public_share + i * vdaf->public_share_bytes,
                                 leader_share + i * vdaf->leader_share_bytes,
                                 helper_share + i * helpers,
                                 measurement + i * numbers,
                                 nonce + i * PS_PRIO3_NONCE_BYTES,
                                 rand + i * vdaf->rand_bytes, &domain, scratch);
        }
        wipe_scratch(scratch, vdaf);
    }
    PS_PUBLIC(&fits, sizeof fits);
    if (!fits) {
        ps_wipe(public_share, count * vdaf->public_share_bytes);
        ps_wipe(leader_share, count * vdaf->leader_share_bytes);
        ps_wipe(helper_share, count * helpers);
        return PS_E_RANGE;
    }
    return PS_OK;
}

ps_status ps_prio3_verify_init(uint8_t *state, uint8_t *verifier_share,
                               uint8_t *status, uint32_t aggregator,
                               const uint8_t *verify_key32,
                               const uint8_t *nonce,
                               const uint8_t *public_share,
                               const uint8_t *input_share, size_t count,
                               const uint8_t *ctx, size_t ctx_len,
                               const ps_prio3 *vdaf, ps_limb *scratch)
{
    const ps_prio3_field *field = field_of(vdaf);
    ps_prio3_domain domain = {vdaf, ctx, ctx_len};
    size_t share_bytes = aggregator == 0 ? vdaf->leader_share_bytes
                                         : vdaf->helper_share_bytes;

    if (ctx_len > PS_PRIO3_MAX_CONTEXT || aggregator >= vdaf->shares) {
        return PS_E_RANGE;
    }
    field->prepare(vdaf, scratch);
    for (size_t i = 0; i < count; i++) {
        uint8_t *to = state + i * vdaf->state_bytes;
        uint8_t *share = verifier_share + i * vdaf->verifier_share_bytes;

        if (status[i] == PS_OK) {
            status[i] = (uint8_t)field->verify_init(
                to, share, aggregator, verify_key32,
                nonce + i * PS_PRIO3_NONCE_BYTES,
                public_share + i * vdaf->public_share_bytes,
                input_share + i * share_bytes, &domain, scratch);
        }
        if (status[i] != PS_OK) {
            ps_wipe(to, vdaf->state_bytes);
            ps_wipe(share, vdaf->verifier_share_bytes);
        }
    }
    wipe_scratch(scratch, vdaf);
    return PS_OK;
}

ps_status ps_prio3_combine(uint8_t *message, uint8_t *status,
                           const uint8_t *verifier_share, size_t count,
                           const uint8_t *ctx, size_t ctx_len,
                           const ps_prio3 *vdaf, ps_limb *scratch)
{
    const ps_prio3_field *field = field_of(vdaf);
    ps_prio3_domain domain = {vdaf, ctx, ctx_len};
    size_t stride = count * vdaf->verifier_share_bytes;

    if (ctx_len > PS_PRIO3_MAX_CONTEXT) {
        return PS_E_RANGE;
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t *to = message + i * vdaf->message_bytes;

        if (status[i] == PS_OK) {
            status[i] = (uint8_t)field->combine(
                to, verifier_share + i * vdaf->verifier_share_bytes, stride,
                &domain, scratch);
        }
        if (status[i] != PS_OK) {
            ps_wipe(to, vdaf->message_bytes);
        }
    }
    wipe_scratch(scratch, vdaf);
    return PS_OK;
}

void ps_prio3_verify_next(uint8_t *status, const uint8_t *state,
                          const uint8_t *message, size_t count,
                          const ps_prio3 *vdaf)
{
    size_t len = vdaf->message_bytes;

    for (size_t i = 0; i < count && len != 0; i++) {
        const uint8_t *expected
            = state + i * vdaf->state_bytes + vdaf->aggregate_bytes;
        uint64_t differ = 0, same;

        for (size_t j = 0; j < len; j++) {
            differ |= (uint64_t)(expected[j] ^ message[i * len + j]);
        }
        same = ct_mask_zero(differ);
        PS_PUBLIC(&same, sizeof same);
        if (status[i] == PS_OK && !same) {
            status[i] = PS_E_VERIFY;
        }
    }
}

/* Adds share number i for all i < count that are wanted. */
static ps_status add_all(uint8_t *aggregate, const uint8_t *share,
                         size_t stride, const uint8_t *status, size_t count,
                         const ps_prio3 *vdaf)
{
    const ps_prio3_field *field = field_of(vdaf);

    for (size_t i = 0; i < count; i++) {
        if (status != NULL && status[i] != PS_OK) {
            continue;
        }
        if (field->add(aggregate, share + i * stride, vdaf) != PS_OK) {
            ps_wipe(aggregate, vdaf->aggregate_bytes);
            return PS_E_ENCODING;
        }
    }
    return PS_OK;
}

ps_status ps_prio3_aggregate(uint8_t *aggregate, const uint8_t *state,
                             const uint8_t *status, size_t count,
                             const ps_prio3 *vdaf)
{
    return add_all(aggregate, state, vdaf->state_bytes, status, count, vdaf);
}

ps_status ps_prio3_merge(uint8_t *aggregate, const uint8_t *share,
                         size_t count, const ps_prio3 *vdaf)
{
    memset(aggregate, 0, vdaf->aggregate_bytes);
    return add_all(aggregate, share, vdaf->aggregate_bytes, NULL, count, vdaf);
}

ps_status ps_prio3_expand(uint8_t *out, size_t len, uint32_t field_bytes,
                          const uint8_t *dst, size_t dst_len,
                          const uint8_t *seed32, const uint8_t *binder,
                          size_t binder_len)
{
    ps_xof x;

    if (dst_len > 65535
        || (field_bytes != 0 && field_bytes != 8 && field_bytes != 16)) {
        return PS_E_RANGE;
    }
    ps_xof_begin(&x, dst, dst_len, seed32);
    ps_xof_absorb(&x, binder, binder_len);
    ps_xof_finish(&x);
    if (field_bytes == 0) {
        for (size_t i = 0; i < len; i += 8) {
            uint8_t word[8];

            ps_store64_le(word, ps_xof_next(&x));
            memcpy(out + i, word, len - i < 8 ? len - i : 8);
        }
    } else if (field_bytes == 8) {
        ps_prio3_field64.expand(out, len, &x);
    } else {
        ps_prio3_field128.expand(out, len, &x);
    }
    ps_wipe(&x, sizeof x);
    return PS_OK;
}
