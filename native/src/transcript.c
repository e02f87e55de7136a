/* The transcript of a proof, over SHAKE128 (ps_transcript.h). */
#include "privshare/ps_transcript.h"

#include "bytes.h"

enum { OP_BEGIN = 0, OP_ABSORB = 1, OP_CHALLENGE = 2 };

static const char version[] = "privshare/transcript/v1";

/* A transcript's own sponge never squeezes, so it always absorbs. */
static void feed(ps_transcript *t, const uint8_t *data, size_t len)
{
    ps_status status = ps_keccak_absorb(&t->sponge, data, len);
    (void)status;
}

/* op || len(label) || label || u64 len */
static void step(ps_transcript *t, uint8_t op, const char *label, uint64_t len)
{
    size_t label_len = strlen(label);
    uint8_t head[2] = {op, (uint8_t)label_len}, tail[8];

    feed(t, head, sizeof head);
    feed(t, (const uint8_t *)label, label_len);
    ps_store64_le(tail, len);
    feed(t, tail, sizeof tail);
}

void ps_transcript_init(ps_transcript *t, const uint8_t *protocol, size_t len)
{
    ps_shake128_init(&t->sponge);
    step(t, OP_BEGIN, version, len);
    feed(t, protocol, len);
}

void ps_transcript_absorb(ps_transcript *t, const char *label,
                          const uint8_t *data, size_t len)
{
    step(t, OP_ABSORB, label, len);
    feed(t, data, len);
}

void ps_transcript_challenge(uint8_t *out, size_t len, ps_transcript *t,
                             const char *label)
{
    ps_keccak fork;

    step(t, OP_CHALLENGE, label, len);
    fork = t->sponge;
    ps_keccak_squeeze(out, len, &fork);
    ps_wipe(&fork, sizeof fork);
}

void ps_transcript_challenge_scalar(ps_scalar *c, ps_transcript *t,
                                    const char *label)
{
    uint8_t wide[64];

    ps_transcript_challenge(wide, sizeof wide, t, label);
    ps_scalar_from_wide(c, wide);
    ps_wipe(wide, sizeof wide);
}
