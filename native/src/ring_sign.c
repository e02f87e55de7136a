/* Signing for a ring, the same way for every place in it.
 *
 * The circle begins behind the signer, so the order in which members are
 * visited is as secret as the place. Members are picked by a mask that looks at
 * all of them. The first visit is the signer's own, with challenge 0, which
 * leaves its nonces alone: r*G + 0*P. So all steps are one loop.
 */
#include "bytes.h"
#include "ct.h"
#include "ring.h"

typedef struct {
    const ps_ring_member *ring;
    size_t count;
    const ps_ring_scope *scope;
    const ps_ristretto255_table *generator;
    const ps_backend *backend;
    const ps_transcript *transcript;
    ps_ring_scratch *scratch;
    ps_scalar x;
    ps_ristretto255 tag;
} signer;

/* mine[i] is 1 where P_i = x*G. Returns whether there is one. */
static ps_limb find(signer *me)
{
    ps_ristretto255 p;
    ps_limb found = 0;

    ps_ristretto255_table_mul(&p, &me->x, 1, me->generator, me->backend);
    for (size_t i = 0; i < me->count; i++) {
        ps_limb same = ps_ristretto255_is_equal(&p, &me->ring[i].element);
        me->scratch->mine[i] = same;
        me->scratch->here[i] = same;
        found |= same;
    }
    ps_wipe(&p, sizeof p);
    PS_PUBLIC(&found, sizeof found);
    return found;
}

/* r_0 .. r_(n-1), from the statement, the secret and fresh bytes: never twice
 * the same for two statements, even if the fresh bytes repeat. */
static void draw(signer *me, const uint8_t *secret32, const uint8_t *rand32)
{
    ps_transcript fork = *me->transcript;

    ps_transcript_absorb(&fork, "secret", secret32, 32);
    ps_transcript_absorb(&fork, "random", rand32, 32);
    for (size_t i = 0; i < me->count; i++) {
        ps_transcript_challenge_scalar(&me->scratch->s[i], &fork, "nonce");
    }
    ps_wipe(&fork, sizeof fork);
}

/* point[i] = r_i*G and point[PS_RING_MAX + i] = r_i*U. */
static void commit(signer *me)
{
    ps_ring_scratch *at = me->scratch;
    ps_ristretto255 bases[PS_RING_MAX];

    for (size_t i = 0; i < me->count; i++) {
        bases[i] = me->scope->base;
    }
    ps_ristretto255_table_mul(at->point, at->s, me->count, me->generator,
                              me->backend);
    ps_ristretto255_mul(at->point + PS_RING_MAX, at->s, bases, me->count,
                        me->backend);
}

/* The commitments at the place where `here` is 1, under its challenge c. */
static void visit(ps_ristretto255 *pair, const ps_scalar *c, const signer *me)
{
    const ps_ring_scratch *at = me->scratch;
    ps_ristretto255 operands[2], products[2];
    ps_scalar cs[2] = {*c, *c};

    pair[0] = at->point[0];
    pair[1] = at->point[PS_RING_MAX];
    operands[0] = me->ring[0].element;
    operands[1] = me->tag;
    for (size_t i = 1; i < me->count; i++) {
        ps_limb here = at->here[i];
        ps_ristretto255_select(&pair[0], here, &at->point[i], &pair[0]);
        ps_ristretto255_select(&pair[1], here, &at->point[PS_RING_MAX + i],
                               &pair[1]);
        ps_ristretto255_select(&operands[0], here, &me->ring[i].element,
                               &operands[0]);
    }
    ps_ristretto255_mul(products, cs, operands, 2, me->backend);
    ps_ristretto255_add(&pair[0], &pair[0], &products[0]);
    ps_ristretto255_add(&pair[1], &pair[1], &products[1]);
    ps_wipe(cs, sizeof cs);
    ps_wipe(operands, sizeof operands);
    ps_wipe(products, sizeof products);
}

/* `here` goes on by one place, from the last to the first. */
static void step(uint64_t *here, size_t count)
{
    uint64_t last = here[count - 1];

    memmove(here + 1, here, (count - 1) * sizeof *here);
    here[0] = last;
}

/* All challenges, c[i] being the one that s_i answers. */
static void go_round(signer *me)
{
    ps_ring_scratch *at = me->scratch;
    ps_ristretto255 pair[2];
    ps_scalar c;

    ps_scalar_from_u64(&c, 0);
    for (size_t k = 0; k < me->count; k++) {
        visit(pair, &c, me);
        ps_ring_next(&c, me->transcript, pair, me->backend);
        step(at->here, me->count);
        for (size_t i = 0; i < me->count; i++) {
            ps_scalar_select(&at->c[i], at->here[i], &c, &at->c[i]);
        }
    }
    ps_wipe(pair, sizeof pair);
    ps_wipe(&c, sizeof c);
}

/* c_0 and the answers: r_i - c_i*x where it is mine, r_i elsewhere. */
static void answer(uint8_t *signature, const signer *me)
{
    const ps_ring_scratch *at = me->scratch;
    ps_scalar s, minus;

    ps_scalar_to_bytes(signature, &at->c[0]);
    ps_scalar_neg(&minus, &me->x);
    for (size_t i = 0; i < me->count; i++) {
        ps_scalar_mul_add(&s, &at->c[i], &minus, &at->s[i]);
        ps_scalar_select(&s, at->mine[i], &s, &at->s[i]);
        ps_scalar_to_bytes(signature + 32 * (i + 1), &s);
    }
    ps_wipe(&s, sizeof s);
    ps_wipe(&minus, sizeof minus);
}

static ps_status sign(uint8_t *signature, ps_transcript *transcript,
                      const uint8_t *secret32, const uint8_t *rand32,
                      signer *me)
{
    uint8_t tag32[32];
    ps_status status = ps_scalar_from_bytes(&me->x, secret32);

    PS_PUBLIC(&status, sizeof status);
    if (status != PS_OK) {
        return status;
    }
    if (!find(me)) {
        return PS_E_VERIFY;
    }
    ps_ristretto255_mul(&me->tag, &me->x, &me->scope->base, 1, me->backend);
    ps_ristretto255_encode(tag32, &me->tag, 1, me->backend);
    ps_ring_begin(transcript, me->ring, me->count, me->scope, tag32);
    draw(me, secret32, rand32);
    commit(me);
    go_round(me);
    answer(signature, me);
    ps_ring_end(transcript, signature, me->count);
    return PS_OK;
}

ps_status ps_ring_sign(uint8_t *signature, ps_transcript *transcript,
                       const uint8_t *secret32, const uint8_t *rand32,
                       const ps_ring_member *ring, size_t count,
                       const ps_ring_scope *scope,
                       const ps_ristretto255_table *generator,
                       const ps_backend *backend, ps_ring_scratch *scratch)
{
    signer me = {.ring = ring, .count = count, .scope = scope,
                 .generator = generator, .backend = backend,
                 .transcript = transcript, .scratch = scratch};
    ps_status status;

    if (count < PS_RING_MIN || count > PS_RING_MAX) {
        return PS_E_RANGE;
    }
    memset(signature, 0, ps_ring_bytes(count));
    if (ps_ristretto255_is_identity(&scope->base)) {
        return PS_E_RANGE;
    }
    status = sign(signature, transcript, secret32, rand32, &me);
    ps_wipe(&me, sizeof me);
    ps_wipe(scratch, sizeof *scratch);
    return status;
}
