/* Verifying a ring signature, quickly.
 *
 * Each challenge follows from the commitments of the step before, so the steps
 * come one after the other. What does not depend on a challenge is computed
 * before, for all members at once: s_i*G and s_i*U. A step then has two
 * products, c*P_i and c*T, which go side by side. All five kinds of bases have
 * combs: G and the ring's keys beforehand, T and U for this signature.
 */
#include "bytes.h"
#include "ring.h"

enum { TAG = 0, BASE = 1 };

typedef struct {
    const ps_ring_member *ring;
    size_t count;
    const ps_ristretto255_comb *generator;
    const ps_backend *backend;
    const ps_transcript *transcript;
    ps_ring_scratch *scratch;
    ps_scalar first;
} verifier;

/* c_0 and s_0 .. s_(n-1), canonical. */
static ps_status read(verifier *me, const uint8_t *signature)
{
    size_t bad;
    ps_status status = ps_scalar_from_bytes(&me->first, signature);

    if (status == PS_OK) {
        status = ps_scalar_decode(me->scratch->s, &bad, signature + 32,
                                  me->count);
    }
    return status;
}

/* point[i] = s_i*G and point[n + i] = s_i*U. */
static void prepare(verifier *me, const ps_ristretto255 *tag,
                    const ps_ring_scope *scope)
{
    const ps_ristretto255_comb *comb[2 * PS_RING_MAX];
    ps_ring_scratch *at = me->scratch;
    ps_ristretto255_comb *made[2] = {&at->comb[TAG], &at->comb[BASE]};
    ps_ristretto255 both[2] = {*tag, scope->base};

    ps_ristretto255_comb_init_vartime(made, both, 2, me->backend);
    for (size_t i = 0; i < me->count; i++) {
        at->s[me->count + i] = at->s[i];
        comb[i] = me->generator;
        comb[me->count + i] = &at->comb[BASE];
    }
    ps_ristretto255_comb_mul_vartime(at->point, at->s, comb, 2 * me->count,
                                     me->backend);
}

/* Whether the circle that begins with c_0 comes back to it. */
static int closes(const verifier *me)
{
    const ps_ring_scratch *at = me->scratch;
    ps_ristretto255 pair[2];
    ps_scalar c[2] = {me->first, me->first};

    for (size_t i = 0; i < me->count; i++) {
        const ps_ristretto255_comb *comb[2] = {&me->ring[i].comb,
                                               &at->comb[TAG]};

        ps_ristretto255_comb_mul_vartime(pair, c, comb, 2, me->backend);
        ps_ristretto255_add(&pair[0], &pair[0], &at->point[i]);
        ps_ristretto255_add(&pair[1], &pair[1], &at->point[me->count + i]);
        ps_ring_next(&c[0], me->transcript, pair, me->backend);
        c[1] = c[0];
    }
    return ps_scalar_is_equal(&c[0], &me->first) == 1;
}

ps_status ps_ring_verify(ps_transcript *transcript, const uint8_t *signature,
                         const uint8_t *tag32, const ps_ring_member *ring,
                         size_t count, const ps_ring_scope *scope,
                         const ps_ristretto255_comb *generator,
                         const ps_backend *backend, ps_ring_scratch *scratch)
{
    verifier me = {.ring = ring, .count = count, .generator = generator,
                   .backend = backend, .transcript = transcript,
                   .scratch = scratch};
    ps_ristretto255 tag;
    size_t bad;
    int closed;

    if (count < PS_RING_MIN || count > PS_RING_MAX
        || ps_ristretto255_is_identity(&scope->base)) {
        return PS_E_RANGE;
    }
    if (read(&me, signature) != PS_OK
        || ps_ristretto255_decode(&tag, &bad, tag32, 1, backend) != PS_OK
        || ps_ristretto255_is_identity(&tag)) {
        return PS_E_ENCODING;
    }
    ps_ring_begin(transcript, ring, count, scope, tag32);
    prepare(&me, &tag, scope);
    closed = closes(&me);
    ps_ring_end(transcript, signature, count);
    return closed ? PS_OK : PS_E_VERIFY;
}
