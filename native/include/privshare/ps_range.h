/* Range proofs: committed numbers are below 2^bits, and nothing else is told.
 *
 * Source     Bunz, Bootle, Boneh, Poelstra, Wuille and Maxwell, "Bulletproofs",
 *            IEEE S&P 2018: sections 3 (inner product), 4.1 to 4.4 (range
 *            proofs, aggregation) and 6.1, 6.2 (verification by one
 *            multi-scalar multiplication, batches)
 *
 * A proof speaks of count commitments V[j] = v[j]*G + r[j]*H and says that the
 * prover knows v[j] in [0, 2^bits) and r[j] for each of them. G is the
 * generator of ristretto255, H = from_uniform(SHA3-512(encode(G))).
 *
 *   proof      A S T1 T2 | t_x t_x_blinding e_blinding | (L R)* | a b
 *              9 + 2*log2(bits*m) strings of 32 bytes: elements and scalars,
 *              m the least power of two that is not below count
 *
 * The numbers are padded to m with zeros whose commitment is the identity. The
 * caller's transcript has absorbed the context already; these functions absorb
 * the statement and the whole proof, and the transcript goes on from there.
 * docs/protocols/range.md has the equations.
 */
#ifndef PRIVSHARE_PS_RANGE_H
#define PRIVSHARE_PS_RANGE_H

#include "ps_merlin.h"
#include "ps_ristretto255_set.h"
#include "ps_transcript.h"

/* ffi: begin */
#define PS_RANGE_MAX_BITS 64
#define PS_RANGE_MAX_COUNT 32

/* Which transcript makes the challenges; the equations are the same. */
typedef enum {
    PS_RANGE_V1 = 1,      /* ps_transcript: the project's own format */
    PS_RANGE_DALEK = 2    /* ps_merlin: the dalek library, versions 1 to 5 */
} ps_range_format;

/* A transcript of either kind. Copying it by assignment forks it. */
typedef struct {
    ps_range_format format;
    ps_transcript own;    /* of PS_RANGE_V1 */
    ps_merlin merlin;     /* of PS_RANGE_DALEK */
} ps_range_transcript;

/* What a proof is about. */
typedef struct {
    uint32_t bits;        /* a power of two, at most PS_RANGE_MAX_BITS */
    uint32_t count;       /* 1 to PS_RANGE_MAX_COUNT; for PS_RANGE_DALEK a power
                             of two */
} ps_range_shape;

/* The generators, derived once and read by any number of calls. Private. */
typedef struct {
    size_t parties;                       /* the largest m they serve */
    uint8_t bases64[64];                  /* encodings of G and H */
    ps_ristretto255_table value_table;    /* of G */
    ps_ristretto255_table blinding_table; /* of H */
    const ps_ristretto255 *points;        /* G, H, then for each party 64 of G's
                                             kind and 64 of H's */
    ps_ristretto255_set set;              /* of the same */
} ps_range_generators;

/** Limbs of memory for the generators of so many parties. */
size_t ps_range_generators_limbs(size_t parties);

/** Derive the generators.
 *
 *  Computes   G[j][i] = from_uniform(bytes 64*i to 64*i + 63 of
 *             SHAKE256("GeneratorsChain" || 'G' || u32 j)), and the same with
 *             'H'; u32 is little-endian
 *  Source     dalek bulletproofs, src/generators.rs: the same elements
 *
 *  Out        gens       points into memory; both stay where they are until the
 *                        last call that reads them
 *             memory     ps_range_generators_limbs(parties) limbs
 *  In         parties    1 to PS_RANGE_MAX_COUNT
 *             backend    from ps_backend_best or ps_backend_portable
 */
void ps_range_generators_init(ps_range_generators *gens, ps_limb *memory,
                              size_t parties, const ps_backend *backend);

/** Bytes of a proof; 0 when the shape is not allowed. */
size_t ps_range_proof_len(ps_range_shape shape);

/** Limbs of scratch that ps_range_prove takes; 0 when the shape is not
 *  allowed. */
size_t ps_range_prove_limbs(ps_range_shape shape);

/** Commit to numbers and prove that they are below 2^bits.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE     the shape is not allowed, or is larger than the
 *                            generators, or a value is not below 2^bits
 *             PS_E_ENCODING  a blinding is not canonical
 *             PS_E_FEED      a challenge was zero or a commitment of the proof
 *                            the identity, which has probability 2^-240: call
 *                            again with fresh rand
 *  Out        proof       ps_range_proof_len(shape) bytes
 *             commitments 32 * shape.count bytes, V[j]
 *  In-out     t           the context absorbed; afterwards the statement and
 *                         the proof as well
 *  In         values      shape.count numbers
 *             blindings   32 * shape.count bytes, canonical scalars, uniform
 *             rand32      32 fresh bytes. Every nonce is derived from them, the
 *                         values, the blindings, the statement and the
 *                         transcript, so that rand used twice, or known, costs
 *                         nothing as long as a blinding is secret
 *  Scratch    ps_range_prove_limbs(shape) limbs, wiped
 *  Secret     values, blindings, rand32: time and addresses depend on the shape
 *                         and on the transcript; the status is public
 *  On error   proof and commitments are all zero, t as before the call
 */
PS_MUST_CHECK
ps_status ps_range_prove(uint8_t *proof, uint8_t *commitments,
                         ps_range_transcript *t, const uint64_t *values,
                         const uint8_t *blindings, ps_range_shape shape,
                         const uint8_t *rand32,
                         const ps_range_generators *gens,
                         const ps_backend *backend, ps_limb *scratch);

/** Limbs of scratch that ps_range_verify takes for such a batch; 0 when a shape
 *  is not allowed. */
size_t ps_range_verify_limbs(const ps_range_shape *shapes, size_t count);

/** Verify proofs, of the same or of different shapes, formats and contexts.
 *
 *  All equations of all proofs, each times a weight of 128 bits, are added up
 *  to one multi-scalar multiplication. The weights are drawn from a transcript
 *  of all statements, all proofs and rand; a false proof passes with
 *  probability 2^-127. Variable time: every input is public.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE     a shape is not allowed, or larger than the
 *                            generators
 *             PS_E_ENCODING  a scalar or an element is not canonical, or a
 *                            length is not that of the shapes
 *             PS_E_VERIFY    a proof does not hold: an equation fails, or a
 *                            challenge is zero, or an element of the proof is
 *                            the identity
 *  Out        bad         index of the first proof that the status speaks of;
 *                         count when there is none
 *  In-out     transcripts count transcripts, the contexts absorbed; afterwards
 *                         the statements and the proofs as well
 *  In         shapes      count of them
 *             commitments 32 bytes for each number, proof after proof
 *             proofs      proof after proof
 *             rand32      32 bytes that nobody knew when the proofs were made,
 *                         or NULL: then the weights depend on statements and
 *                         proofs alone
 *  Scratch    ps_range_verify_limbs(shapes, count) limbs
 */
PS_MUST_CHECK
ps_status ps_range_verify_vartime(size_t *bad,
                                  ps_range_transcript *transcripts,
                                  const ps_range_shape *shapes, size_t count,
                                  const uint8_t *commitments,
                                  size_t commitments_len,
                                  const uint8_t *proofs, size_t proofs_len,
                                  const uint8_t *rand32,
                                  const ps_range_generators *gens,
                                  const ps_backend *backend,
                                  ps_limb *scratch);
/* ffi: end */

#endif
