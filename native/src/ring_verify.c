/* Verifying a ring signature, quickly.
 *
 * Each challenge follows from the commitments of the step before, so the steps
 * come one after the other. What does not depend on a challenge is done before,
 * for all members at once: s_i*G and s_i*U. A step then has two products, c*P_i
 * and c*T. c is cut into pieces of 64 bits, c = sum 2^(64k)*c_k, over elements
 * 2^(64k)*P_i that the ring keeps and 2^(64k)*T that are made once, so that a
 * step is one batch of eight short products: as many as lanes of AVX-512.
 */
#include "bytes.h"
#include "ring.h"

enum { PIECES = PS_RING_PIECES };

/* c_0 and s_0 .. s_(n-1). */
static ps_status read(ps_scalar *first, ps_scalar *s, const uint8_t *signature,
                      size_t count)
{
    size_t bad;
    ps_status status = ps_scalar_from_bytes(first, signature);

    if (status == PS_OK) {
        status = ps_scalar_decode(s, &bad, signature + 32, count);
    }
    return status;
}

/* left[i] = s_i*G and right[i] = s_i*U. */
static void prepare(ps_ring_scratch *at, size_t count,
                    const ps_ristretto255 *base,
                    const ps_ristretto255_table *generator,
                    const ps_backend *backend)
{
    ps_ristretto255 bases[PS_RING_MAX];

    for (size_t i = 0; i < count; i++) {
        bases[i] = *base;
    }
    ps_ristretto255_table_mul(at->left, at->s, count, generator, backend);
    ps_ristretto255_mul_vartime(at->right, at->s, bases, count, backend);
}

/* pair[0] += c*P and pair[1] += c*T, from the powers of P and T. */
static void add_products(ps_ristretto255 *pair, const ps_scalar *c,
                         const ps_ristretto255 *powers,
                         const ps_backend *backend)
{
    ps_ristretto255 products[2 * PIECES];
    ps_scalar pieces[2 * PIECES];
    uint8_t bytes[32];

    ps_scalar_to_bytes(bytes, c);
    for (size_t k = 0; k < PIECES; k++) {
        ps_scalar_from_u64(&pieces[k], ps_load64_le(bytes + 8 * k));
        pieces[PIECES + k] = pieces[k];
    }
    ps_ristretto255_mul_vartime(products, pieces, powers, 2 * PIECES, backend);
    for (size_t k = 0; k < PIECES; k++) {
        ps_ristretto255_add(&pair[0], &pair[0], &products[k]);
        ps_ristretto255_add(&pair[1], &pair[1], &products[PIECES + k]);
    }
}

/* Whether the circle that begins with c_0 comes back to it. */
static int closes(const ps_scalar *first, const ps_transcript *transcript,
                  const ps_ring_member *ring, size_t count,
                  const ps_ristretto255 *tag, const ps_ring_scratch *at,
                  const ps_backend *backend)
{
    ps_ristretto255 powers[2 * PIECES], pair[2];
    ps_scalar c = *first;

    powers[PIECES] = *tag;
    for (size_t k = 1; k < PIECES; k++) {
        powers[PIECES + k] = powers[PIECES + k - 1];
        ps_ring_lift(&powers[PIECES + k], 1, backend);
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(powers, ring[i].power, sizeof ring[i].power);
        pair[0] = at->left[i];
        pair[1] = at->right[i];
        add_products(pair, &c, powers, backend);
        ps_ring_next(&c, transcript, pair, backend);
    }
    return ps_scalar_is_equal(&c, first) == 1;
}

ps_status ps_ring_verify(ps_transcript *transcript, const uint8_t *signature,
                         const uint8_t *tag32, const ps_ring_member *ring,
                         size_t count, const ps_ristretto255 *base,
                         const ps_ristretto255_table *generator,
                         const ps_backend *backend, ps_ring_scratch *scratch)
{
    ps_ristretto255 tag;
    ps_scalar first;
    size_t bad;
    int closed;

    if (count < PS_RING_MIN || count > PS_RING_MAX
        || ps_ristretto255_is_identity(base)) {
        return PS_E_RANGE;
    }
    if (read(&first, scratch->s, signature, count) != PS_OK
        || ps_ristretto255_decode(&tag, &bad, tag32, 1, backend) != PS_OK
        || ps_ristretto255_is_identity(&tag)) {
        return PS_E_ENCODING;
    }
    ps_ring_begin(transcript, ring, count, base, tag32, backend);
    prepare(scratch, count, base, generator, backend);
    closed = closes(&first, transcript, ring, count, &tag, scratch, backend);
    ps_ring_end(transcript, signature, count);
    return closed ? PS_OK : PS_E_VERIFY;
}
