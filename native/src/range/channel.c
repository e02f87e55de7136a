/* What a range proof absorbs and draws, in either format.
 *
 * The project's own: first what is being proven, then the commitments of the
 * proof as they come, and its last two scalars, so that whatever is drawn from
 * the transcript afterwards depends on the whole proof. The dalek library's:
 * its src/transcript.rs, src/range_proof/ and src/inner_product_proof.rs.
 */
#include "range.h"

#include "../bytes.h"

static const char version[] = "range/v1";
static const char generators[] = "SHAKE256 GeneratorsChain";

static void absorb_size(ps_transcript *t, const char *label, uint64_t value)
{
    uint8_t bytes[8];

    ps_store64_le(bytes, value);
    ps_transcript_absorb(t, label, bytes, sizeof bytes);
}

static void append_size(ps_merlin *t, const char *label, uint64_t value)
{
    uint8_t bytes[8];

    ps_store64_le(bytes, value);
    ps_merlin_append(t, label, bytes, sizeof bytes);
}

static void own_statement(ps_transcript *t, const range_shape *s,
                          const uint8_t *commitments,
                          const ps_range_generators *gens)
{
    uint8_t names[sizeof generators - 1 + sizeof gens->bases64];

    memcpy(names, generators, sizeof generators - 1);
    memcpy(names + sizeof generators - 1, gens->bases64, sizeof gens->bases64);
    ps_transcript_absorb(t, "proof", (const uint8_t *)version,
                         sizeof version - 1);
    absorb_size(t, "bits", s->bits);
    absorb_size(t, "count", s->count);
    ps_transcript_absorb(t, "generators", names, sizeof names);
    ps_transcript_absorb(t, "V", commitments, 32 * s->count);
}

static void merlin_statement(ps_merlin *t, const range_shape *s,
                             const uint8_t *commitments)
{
    ps_merlin_append(t, "dom-sep", (const uint8_t *)"rangeproof v1", 13);
    append_size(t, "n", s->bits);
    append_size(t, "m", s->count);
    for (size_t j = 0; j < s->count; j++) {
        ps_merlin_append(t, "V", commitments + 32 * j, 32);
    }
}

void ps_range_absorb_statement(ps_range_transcript *t, const range_shape *s,
                               const uint8_t *commitments,
                               const ps_range_generators *gens)
{
    if (t->format == PS_RANGE_DALEK) {
        merlin_statement(&t->merlin, s, commitments);
    } else {
        own_statement(&t->own, s, commitments, gens);
    }
}

void ps_range_absorb(ps_range_transcript *t, const char *label,
                     const uint8_t *bytes32)
{
    if (t->format == PS_RANGE_DALEK) {
        ps_merlin_append(&t->merlin, label, bytes32, 32);
    } else {
        ps_transcript_absorb(&t->own, label, bytes32, 32);
    }
}

void ps_range_challenge(ps_scalar *c, ps_range_transcript *t,
                        const char *label)
{
    uint8_t wide[64];

    if (t->format == PS_RANGE_DALEK) {
        ps_merlin_challenge(wide, sizeof wide, &t->merlin, label);
        ps_scalar_from_wide(c, wide);
    } else {
        ps_transcript_challenge_scalar(c, &t->own, label);
    }
}

void ps_range_absorb_length(ps_range_transcript *t, const range_shape *s)
{
    if (t->format == PS_RANGE_DALEK) {
        ps_merlin_append(&t->merlin, "dom-sep", (const uint8_t *)"ipp v1", 6);
        append_size(&t->merlin, "n", s->length);
    }
}

void ps_range_absorb_ends(ps_range_transcript *t, const uint8_t *a32,
                          const uint8_t *b32)
{
    if (t->format == PS_RANGE_V1) {
        ps_transcript_absorb(&t->own, "a", a32, 32);
        ps_transcript_absorb(&t->own, "b", b32, 32);
    }
}

void ps_range_fingerprint(uint8_t *out32, const ps_range_transcript *t)
{
    ps_range_transcript fork = *t;

    if (t->format == PS_RANGE_DALEK) {
        ps_merlin_challenge(out32, 32, &fork.merlin, "fingerprint");
    } else {
        ps_transcript_challenge(out32, 32, &fork.own, "fingerprint");
    }
}
