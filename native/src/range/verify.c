/* Verifying range proofs, one or many.
 *
 * All proofs are read and all challenges drawn first; then sum.c adds all
 * equations up, and one multi-scalar multiplication decides.
 */
#include "batch.h"

#include "../bytes.h"

static size_t limbs_of(size_t bytes)
{
    return (bytes + sizeof(ps_limb) - 1) / sizeof(ps_limb);
}

/* The sizes of a batch, and its room; 0 when a shape is not allowed. */
static size_t make_room(range_batch *b, size_t *bad,
                        const ps_range_shape *shapes, size_t count,
                        ps_limb *scratch)
{
    range_room room = {scratch, 0};
    size_t elements = 0, inverses = 0, padded = 1, set, msm;
    range_shape s;

    memset(b, 0, sizeof *b);
    b->count = count;
    b->claims = range_take(&room, limbs_of(count * sizeof(range_claim)));
    for (size_t i = 0; i < count; i++) {
        if (ps_range_shape_open(&s, shapes[i]) != PS_OK) {
            *bad = i;
            return 0;
        }
        padded = s.padded > padded ? s.padded : padded;
        b->length = s.length > b->length ? s.length : b->length;
        if (b->claims != NULL) {
            b->claims[i].shape = s;
            b->claims[i].at = elements;
            b->claims[i].inverses = inverses;
            b->claims[i].elements = 4 + 2 * s.rounds + s.count;
        }
        elements += 4 + 2 * s.rounds + s.count;
        inverses += 1 + s.rounds;
    }
    b->places = range_places(padded);
    b->encodings = range_take(&room, limbs_of(32 * elements));
    b->drawn = range_take(&room, limbs_of(32 * count));
    b->forward = range_scalars(&room, inverses);
    b->inverse = range_scalars(&room, inverses);
    b->p = range_scalars(&room, b->length);
    b->q = range_scalars(&room, b->length);
    b->shared = range_scalars(&room, b->places);
    b->terms = range_scalars(&room, elements);
    b->points = range_points(&room, elements);
    set = ps_ristretto255_set_limbs(b->places);
    msm = ps_ristretto255_msm_limbs(elements);
    b->msm = range_take(&room, set > msm ? set : msm);
    return room.used;
}

size_t ps_range_verify_limbs(const ps_range_shape *shapes, size_t count)
{
    size_t bad;
    range_batch b;

    return make_room(&b, &bad, shapes, count, NULL);
}

/* The elements of a proof, then its commitments, one after the other. */
static void gather(uint8_t *out, const range_claim *c, const uint8_t *proof,
                   const uint8_t *commitments)
{
    size_t tail = 64 * c->shape.rounds;

    memcpy(out, proof, 128);
    memcpy(out + 128, proof + RANGE_HEAD, tail);
    memcpy(out + 128 + tail, commitments, 32 * c->shape.count);
}

static ps_status read_scalars(range_claim *c, const uint8_t *proof)
{
    const uint8_t *ends = proof + RANGE_HEAD + 64 * c->shape.rounds;

    if (ps_scalar_from_bytes(&c->t_x, proof + 128) != PS_OK
        || ps_scalar_from_bytes(&c->t_x_blinding, proof + 160) != PS_OK
        || ps_scalar_from_bytes(&c->e_blinding, proof + 192) != PS_OK
        || ps_scalar_from_bytes(&c->a, ends) != PS_OK
        || ps_scalar_from_bytes(&c->b, ends + 32) != PS_OK) {
        return PS_E_ENCODING;
    }
    return PS_OK;
}

/* All challenges, in the prover's order; 0 if one of them is zero. */
static int draw(range_claim *c, ps_scalar *forward, ps_range_transcript *t,
                const uint8_t *proof, const uint8_t *commitments,
                const ps_range_generators *gens)
{
    const uint8_t *at = proof + RANGE_HEAD;
    ps_limb zero = 0;

    ps_range_absorb_statement(t, &c->shape, commitments, gens);
    ps_range_absorb(t, "A", proof);
    ps_range_absorb(t, "S", proof + 32);
    ps_range_challenge(&c->y, t, "y");
    ps_range_challenge(&c->z, t, "z");
    ps_range_absorb(t, "T_1", proof + 64);
    ps_range_absorb(t, "T_2", proof + 96);
    ps_range_challenge(&c->x, t, "x");
    ps_range_absorb(t, "t_x", proof + 128);
    ps_range_absorb(t, "t_x_blinding", proof + 160);
    ps_range_absorb(t, "e_blinding", proof + 192);
    ps_range_challenge(&c->w, t, "w");
    ps_range_absorb_length(t, &c->shape);
    forward[0] = c->y;
    for (size_t j = 1; j <= c->shape.rounds; j++, at += 64) {
        ps_range_absorb(t, "L", at);
        ps_range_absorb(t, "R", at + 32);
        ps_range_challenge(&forward[j], t, "u");
        zero |= ps_scalar_is_zero(&forward[j]);
    }
    ps_range_absorb_ends(t, at, at + 32);
    zero |= ps_scalar_is_zero(&c->y) | ps_scalar_is_zero(&c->z)
          | ps_scalar_is_zero(&c->x) | ps_scalar_is_zero(&c->w);
    return !zero;
}

/* Reads all proofs and draws their challenges. */
static ps_status open_claims(range_batch *b, size_t *bad,
                             ps_range_transcript *transcripts,
                             const uint8_t *commitments, const uint8_t *proofs)
{
    for (size_t i = 0; i < b->count; i++) {
        range_claim *c = &b->claims[i];

        *bad = i;
        if (transcripts[i].format == PS_RANGE_DALEK
            && c->shape.count != c->shape.padded) {
            return PS_E_RANGE;
        }
        if (read_scalars(c, proofs) != PS_OK) {
            return PS_E_ENCODING;
        }
        gather(b->encodings + 32 * c->at, c, proofs, commitments);
        if (!draw(c, b->forward + c->inverses, &transcripts[i], proofs,
                  commitments, b->gens)) {
            return PS_E_VERIFY;
        }
        proofs += range_proof_len(&c->shape);
        commitments += 32 * c->shape.count;
    }
    return PS_OK;
}

/* The claim that element `at` belongs to. */
static size_t owner(const range_batch *b, size_t at)
{
    size_t i = 0;

    while (i + 1 < b->count && b->claims[i + 1].at <= at) {
        i++;
    }
    return i;
}

/* All elements at once; those of a proof may not be the identity. */
static ps_status open_elements(range_batch *b, size_t *bad)
{
    const range_claim *last = &b->claims[b->count - 1];
    size_t at;

    if (ps_ristretto255_decode(b->points, &at, b->encodings,
                               last->at + last->elements, b->backend)
        != PS_OK) {
        *bad = owner(b, at);
        return PS_E_ENCODING;
    }
    for (size_t i = 0; i < b->count; i++) {
        const range_claim *c = &b->claims[i];

        for (size_t e = 0; e < 4 + 2 * c->shape.rounds; e++) {
            if (ps_ristretto255_is_identity(&b->points[c->at + e])) {
                *bad = i;
                return PS_E_VERIFY;
            }
        }
    }
    return PS_OK;
}

/* 16 bytes as a scalar. */
static void half_scalar(ps_scalar *s, const uint8_t *bytes16)
{
    uint8_t wide[64] = {0};

    memcpy(wide, bytes16, 16);
    ps_scalar_from_wide(s, wide);
}

/* Two weights of 128 bits for each claim. The fingerprint of a transcript
 * stands for statement and proof, except that Merlin has not seen a and b. The
 * first weight of all is 1: one sum is as good as any multiple of it. */
static void draw_weights(range_batch *b,
                         const ps_range_transcript *transcripts,
                         const uint8_t *proofs, const uint8_t *rand32)
{
    static const char name[] = "range/weights/v1";
    ps_transcript t;
    uint8_t fingerprint[32];

    ps_transcript_init(&t, (const uint8_t *)name, sizeof name - 1);
    for (size_t i = 0; i < b->count; i++) {
        proofs += range_proof_len(&b->claims[i].shape);
        ps_range_fingerprint(fingerprint, &transcripts[i]);
        ps_transcript_absorb(&t, "proof", fingerprint, sizeof fingerprint);
        ps_transcript_absorb(&t, "a b", proofs - 64, 64);
    }
    ps_transcript_absorb(&t, "rand", rand32, rand32 == NULL ? 0 : 32);
    ps_transcript_challenge(b->drawn, 32 * b->count, &t, "weights");
    for (size_t i = 0; i < b->count; i++) {
        half_scalar(&b->claims[i].weight[0], b->drawn + 32 * i);
        half_scalar(&b->claims[i].weight[1], b->drawn + 32 * i + 16);
    }
    ps_scalar_from_u64(&b->claims[0].weight[0], 1);
}

/* The first claim that does not hold by itself. Its elements move to the front,
 * over those of claims that were looked at. */
static size_t first_bad(range_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        memmove(b->points, b->points + b->claims[i].at,
                b->claims[i].elements * sizeof *b->points);
        if (!ps_range_sums_vanish(b, i, i + 1)) {
            return i;
        }
    }
    return b->count;
}

static ps_status verify(range_batch *b, size_t *bad,
                        ps_range_transcript *transcripts,
                        const uint8_t *commitments, const uint8_t *proofs,
                        const uint8_t *rand32)
{
    const range_claim *last = &b->claims[b->count - 1];
    ps_status status = open_claims(b, bad, transcripts, commitments, proofs);

    if (status == PS_OK) {
        status = open_elements(b, bad);
    }
    if (status != PS_OK) {
        return status;
    }
    draw_weights(b, transcripts, proofs, rand32);
    ps_scalar_invert_batch(b->inverse, b->forward,
                           last->inverses + 1 + last->shape.rounds);
    *bad = b->count;
    if (ps_range_sums_vanish(b, 0, b->count)) {
        return PS_OK;
    }
    *bad = b->count == 1 ? 0 : first_bad(b);
    return PS_E_VERIFY;
}

ps_status ps_range_verify_vartime(size_t *bad,
                                  ps_range_transcript *transcripts,
                                  const ps_range_shape *shapes, size_t count,
                                  const uint8_t *commitments,
                                  size_t commitments_len,
                                  const uint8_t *proofs, size_t proofs_len,
                                  const uint8_t *rand32,
                                  const ps_range_generators *gens,
                                  const ps_backend *backend, ps_limb *scratch)
{
    range_batch b;

    *bad = count;
    if (count == 0) {
        return commitments_len == 0 && proofs_len == 0 ? PS_OK : PS_E_ENCODING;
    }
    if (make_room(&b, bad, shapes, count, scratch) == 0) {
        return PS_E_RANGE;
    }
    b.gens = gens;
    b.backend = backend;
    for (size_t i = 0; i < count; i++) {
        size_t proof_len = range_proof_len(&b.claims[i].shape);

        *bad = i;
        if (b.claims[i].shape.padded > gens->parties) {
            return PS_E_RANGE;
        }
        if (proof_len > proofs_len
            || 32 * b.claims[i].shape.count > commitments_len) {
            return PS_E_ENCODING;
        }
        proofs_len -= proof_len;
        commitments_len -= 32 * b.claims[i].shape.count;
    }
    *bad = count;
    if (proofs_len != 0 || commitments_len != 0) {
        return PS_E_ENCODING;
    }
    return verify(&b, bad, transcripts, commitments, proofs, rand32);
}
