/* Inside linkable ring signatures: what signer and verifier both do. */
#ifndef PRIVSHARE_RING_H
#define PRIVSHARE_RING_H

#include "privshare/ps_ring.h"

/* Absorb form, keys, base and tag. */
void ps_ring_begin(ps_transcript *t, const ps_ring_member *ring, size_t count,
                   const ps_ring_scope *scope, const uint8_t *tag32);

/* The challenge that follows from the two commitments of one step. Everything
 * but the counts may be secret. */
void ps_ring_next(ps_scalar *c, const ps_transcript *t,
                  const ps_ristretto255 *pair, const ps_backend *backend);

/* Absorb the signature. */
void ps_ring_end(ps_transcript *t, const uint8_t *signature, size_t count);

#endif
