/* Linkable ring signatures: somebody of the ring signed, and once.
 *
 * A ring is a list of public keys P_0 .. P_(n-1). Who knows x with x*G = P_i
 * for one of them signs for all, and nobody learns i. In one scope, whose base
 * is U, each member has one tag T = x*U: two signatures of one member show the
 * same tag, those of two members never. Tags of different scopes tell nothing.
 *
 *   c_(i+1) = challenge(s_i*G + c_i*P_i, s_i*U + c_i*T)     i = 0 .. n-1
 *
 * closes to a circle, c_n = c_0. The signature is c_0, s_0 .. s_(n-1), each of
 * 32 bytes; the tag travels beside it.
 *
 * Source     Liu, Wei and Wong, ACISP 2004 (LSAG); a base for each scope, Tsang
 *            and Wei, ISPEC 2005; Rivest, Shamir and Tauman, ASIACRYPT 2001
 *
 * Ring       PS_RING_MIN to PS_RING_MAX keys, ascending as byte strings, so
 *            that each set of keys is one ring; no key twice, none the
 *            identity.
 * Scope      has a base U from ps_ring_scope_init, whose logarithm nobody
 *            knows. With a base u*G and a known u every tag would be u*P_i
 *            and name i.
 * Context    The caller absorbs what a signature is for into the transcript
 *            before the call: message, scope, everything that it shall be
 *            bound to. The call absorbs keys, base and tag, and at the end the
 *            signature, so that the transcript can go on.
 *
 * docs/protocols/ring.md has every byte that is absorbed.
 */
#ifndef PRIVSHARE_PS_RING_H
#define PRIVSHARE_PS_RING_H

#include "ps_ristretto255.h"
#include "ps_scalar.h"
#include "ps_transcript.h"

/* ffi: begin */
#define PS_RING_MIN 2
#define PS_RING_MAX 64

/* One key, ready to verify with. */
typedef struct {
    uint8_t key[32]; /* its encoding */
    ps_ristretto255 element;
    ps_ristretto255_comb comb;
} ps_ring_member;

/* A scope, by its base. */
typedef struct {
    uint8_t encoding[32];
    ps_ristretto255 base; /* U */
} ps_ring_scope;

/* Room for either call, for any ring. */
typedef struct {
    ps_ristretto255 point[2 * PS_RING_MAX]; /* s_i*G, then s_i*U */
    ps_scalar s[2 * PS_RING_MAX], c[PS_RING_MAX];
    uint64_t mine[PS_RING_MAX], here[PS_RING_MAX];
    ps_ristretto255_comb comb[2]; /* of T and U */
} ps_ring_scratch;

/** Bytes of a signature, without its tag.
 *
 *  Computes   32 * (count + 1)
 */
size_t ps_ring_bytes(size_t count);

/** Make a ring of keys.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE     count is below PS_RING_MIN or above PS_RING_MAX
 *             PS_E_ENCODING  key *bad is not canonical
 *             PS_E_KEY       key *bad is the identity, or not above the one
 *                            before it
 *  Out        ring       count members
 *             bad        the first key that is refused; 0 otherwise
 *  In         keys       32 * count bytes; public
 *  On error   ring is all zero
 */
PS_MUST_CHECK
ps_status ps_ring_init(ps_ring_member *ring, size_t *bad, const uint8_t *keys,
                       size_t count, const ps_backend *backend);

/** Find a key among keys.
 *
 *  Returns    1, or 0 when it is not there
 *  Out        index      the place of the last one that is equal; else 0
 *  In         keys       32 * count bytes; public
 *             key32      what is looked for
 *  Secret     key32, index, and what is returned: every key is compared
 */
ps_limb ps_ring_find(size_t *index, const uint8_t *keys, size_t count,
                     const uint8_t *key32);

/** Make a scope: its base is hashed to the group.
 *
 *  Computes   U = element derived from the challenge "base" of 64 bytes of the
 *             transcript "ring/scope/v1" that absorbed `scope` = name
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    U is the identity: of no scope that is ever found
 *  Out        scope
 *  In         name       len bytes; public
 */
PS_MUST_CHECK
ps_status ps_ring_scope_init(ps_ring_scope *scope, const uint8_t *name,
                             size_t len, const ps_backend *backend);

/** The tag of a secret in a scope.
 *
 *  Computes   T = x*U
 *
 *  Returns    PS_OK
 *             PS_E_ENCODING  secret32 is not canonical
 *             PS_E_KEY       x is 0
 *  Out        tag32      encoding of T
 *  In         secret32   x
 *             scope      from ps_ring_scope_init
 *  Secret     secret32   the status is public
 *  On error   tag32 is all zero
 */
PS_MUST_CHECK
ps_status ps_ring_tag(uint8_t *tag32, const uint8_t *secret32,
                      const ps_ring_scope *scope, const ps_backend *backend);

/** Sign as a member of the ring.
 *
 *  Computes   with r_0 .. r_(n-1) drawn from transcript, secret and rand32,
 *             starting behind its own place i with c_(i+1) of (r_i*G, r_i*U):
 *             s_j = r_j for j != i, all the way round, and
 *             s_i = r_i - c_i*x
 *
 *  Returns    PS_OK
 *             PS_E_RANGE     the count is out of range, or the base the
 *                            identity
 *             PS_E_ENCODING  secret32 is not canonical
 *             PS_E_VERIFY    no key of the ring belongs to the secret
 *  Out        signature  ps_ring_bytes(count) bytes
 *  In-out     transcript with the context absorbed; then with the signature
 *  In         secret32   x
 *             rand32     32 fresh random bytes. Should they repeat or be
 *                        known, the signature still gives nothing away: what is
 *                        drawn depends on the secret and on all it signs
 *             ring       count members, from ps_ring_init
 *             scope      from ps_ring_scope_init
 *             generator  table of G
 *  Scratch    wiped
 *  Secret     secret32, rand32, and the place in the ring: time and addresses
 *                        depend on count alone. The status is public
 *  On error   signature is all zero; the transcript is of no more use
 */
PS_MUST_CHECK
ps_status ps_ring_sign(uint8_t *signature, ps_transcript *transcript,
                       const uint8_t *secret32, const uint8_t *rand32,
                       const ps_ring_member *ring, size_t count,
                       const ps_ring_scope *scope,
                       const ps_ristretto255_table *generator,
                       const ps_backend *backend, ps_ring_scratch *scratch);

/** Verify a signature and its tag.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE     the count is out of range, or the base the
 *                            identity
 *             PS_E_ENCODING  a scalar or the tag is not canonical, or the tag
 *                            is the identity
 *             PS_E_VERIFY    well formed, and the circle does not close
 *  In-out     transcript with the context absorbed; then with the signature
 *  In         signature  ps_ring_bytes(count) bytes
 *             tag32      T
 *             ring       count members, from ps_ring_init
 *             scope      from ps_ring_scope_init
 *             generator  comb of G
 *  Scratch    scratch
 *  Time       depends on everything: all of it is public
 */
PS_MUST_CHECK
ps_status ps_ring_verify(ps_transcript *transcript, const uint8_t *signature,
                         const uint8_t *tag32, const ps_ring_member *ring,
                         size_t count, const ps_ring_scope *scope,
                         const ps_ristretto255_comb *generator,
                         const ps_backend *backend, ps_ring_scratch *scratch);
/* ffi: end */

#endif
