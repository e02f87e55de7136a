/* Linkable ring signatures: what signer and verifier share (ring.h), and what
 * comes before either: the ring, the base of a scope, the tag. */
#include "ring.h"

#include "bytes.h"
#include "ct.h"

size_t ps_ring_bytes(size_t count)
{
    return 32 * (count + 1);
}

ps_status ps_ring_init(ps_ring_member *ring, size_t *bad, const uint8_t *keys,
                       size_t count, const ps_backend *backend)
{
    ps_ristretto255 p[PS_RING_MAX];
    ps_ristretto255_comb *comb[PS_RING_MAX];
    ps_status status;

    *bad = 0;
    if (count < PS_RING_MIN || count > PS_RING_MAX) {
        return PS_E_RANGE;
    }
    memset(ring, 0, count * sizeof *ring);
    status = ps_ristretto255_decode(p, bad, keys, count, backend);
    if (status != PS_OK) {
        return status;
    }
    *bad = 0;
    for (size_t i = 0; i < count; i++) {
        if (ps_ristretto255_is_identity(&p[i])
            || (i > 0 && memcmp(keys + 32 * i - 32, keys + 32 * i, 32) >= 0)) {
            *bad = i;
            return PS_E_KEY;
        }
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(ring[i].key, keys + 32 * i, 32);
        ring[i].element = p[i];
        comb[i] = &ring[i].comb;
    }
    ps_ristretto255_comb_init_vartime(comb, p, count, backend);
    return PS_OK;
}

/* All ones when the two have the same 32 bytes. */
static ps_limb equal32(const uint8_t *a, const uint8_t *b)
{
    ps_limb difference = 0;

    for (size_t i = 0; i < 32; i++) {
        difference |= (ps_limb)(a[i] ^ b[i]);
    }
    return ct_mask_zero(difference);
}

ps_limb ps_ring_find(size_t *index, const uint8_t *keys, size_t count,
                     const uint8_t *key32)
{
    ps_limb place = 0, found = 0;

    for (size_t i = 0; i < count; i++) {
        ps_limb mask = equal32(keys + 32 * i, key32);
        place = ct_select(mask, i, place);
        found |= mask;
    }
    *index = (size_t)place;
    return found & 1;
}

ps_status ps_ring_scope_init(ps_ring_scope *scope, const uint8_t *name,
                             size_t len, const ps_backend *backend)
{
    static const char protocol[] = "ring/scope/v1";
    ps_transcript t;
    uint8_t uniform[64];

    ps_transcript_init(&t, (const uint8_t *)protocol, sizeof protocol - 1);
    ps_transcript_absorb(&t, "scope", name, len);
    ps_transcript_challenge(uniform, sizeof uniform, &t, "base");
    ps_ristretto255_from_uniform(&scope->base, uniform, 1, backend);
    ps_ristretto255_encode(scope->encoding, &scope->base, 1, backend);
    return ps_ristretto255_is_identity(&scope->base) ? PS_E_RANGE : PS_OK;
}

ps_status ps_ring_tag(uint8_t *tag32, const uint8_t *secret32,
                      const ps_ring_scope *scope, const ps_backend *backend)
{
    ps_scalar x;
    ps_ristretto255 tag;
    ps_limb zero;
    ps_status status;

    memset(tag32, 0, 32);
    status = ps_scalar_from_bytes(&x, secret32);
    PS_PUBLIC(&status, sizeof status);
    if (status != PS_OK) {
        return status;
    }
    zero = ps_scalar_is_zero(&x);
    PS_PUBLIC(&zero, sizeof zero);
    if (zero) {
        return PS_E_KEY;
    }
    ps_ristretto255_mul(&tag, &x, &scope->base, 1, backend);
    ps_ristretto255_encode(tag32, &tag, 1, backend);
    ps_wipe(&x, sizeof x);
    ps_wipe(&tag, sizeof tag);
    return PS_OK;
}

void ps_ring_begin(ps_transcript *t, const ps_ring_member *ring, size_t count,
                   const ps_ring_scope *scope, const uint8_t *tag32)
{
    static const char form[] = "lsag/v1";
    uint8_t keys[32 * PS_RING_MAX];

    for (size_t i = 0; i < count; i++) {
        memcpy(keys + 32 * i, ring[i].key, 32);
    }
    ps_transcript_absorb(t, "form", (const uint8_t *)form, sizeof form - 1);
    ps_transcript_absorb(t, "ring", keys, 32 * count);
    ps_transcript_absorb(t, "base", scope->encoding, 32);
    ps_transcript_absorb(t, "tag", tag32, 32);
}

void ps_ring_next(ps_scalar *c, const ps_transcript *t,
                  const ps_ristretto255 *pair, const ps_backend *backend)
{
    ps_transcript fork = *t;
    uint8_t bytes[64];

    ps_ristretto255_encode(bytes, pair, 2, backend);
    ps_transcript_absorb(&fork, "commitment", bytes, sizeof bytes);
    ps_transcript_challenge_scalar(c, &fork, "challenge");
    ps_wipe(&fork, sizeof fork);
    ps_wipe(bytes, sizeof bytes);
}

void ps_ring_end(ps_transcript *t, const uint8_t *signature, size_t count)
{
    ps_transcript_absorb(t, "signature", signature, ps_ring_bytes(count));
}
