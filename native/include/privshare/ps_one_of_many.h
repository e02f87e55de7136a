/* One out of many: knowing the secret of one element of a public list.
 *
 * For a list P_0 .. P_(N-1), an offset Q and a base B the prover shows that it
 * knows an index l and a scalar x with
 *
 *   P_l - Q = x*B                      and, where there is a tag, T = x*U,
 *
 * and tells neither. A proof has 4 + 4m numbers of 32 bytes, with a tag
 * 4 + 5m, where m = ceil(log4 N) is the number of base-4 digits of an index.
 *
 * Source     Groth and Kohlweiss, EUROCRYPT 2015 (eprint 2014/764), section 3;
 *            Bootle, Cerulli, Chaidos, Ghadafi, Groth and Petit, ESORICS 2015
 *            (eprint 2015/643), digits to a base; Noether and Goodell, Triptych
 *            (eprint 2020/018), a tag from the same response; Jivanyan and
 *            Feickert, Lelantus Spark (eprint 2021/1173), the two commitments
 *            A and B_0 in place of four. All equations stand, with what is proven
 *            of them, in docs/protocols/one-of-many.md.
 *
 * Lists of several columns   An element may be a combination of the elements of
 * one row, P_i = sum_j weight_j * C_ij, with weights that are part of the
 * statement. The verifier multiplies its coefficients and never combines rows.
 *
 * Padding    The list stands for one of 4^m elements that repeats its last.
 * Elements   may be equal, and may be the identity: whoever makes the list
 *            decides. Bases and the tag may not be the identity.
 * Context    The caller absorbs what a proof is for into the transcript before
 *            the call; the call absorbs the statement, proves or verifies, and
 *            absorbs the proof, so that the transcript can go on.
 */
#ifndef PRIVSHARE_PS_ONE_OF_MANY_H
#define PRIVSHARE_PS_ONE_OF_MANY_H

#include "ps_ristretto255.h"
#include "ps_transcript.h"

/* ffi: begin */
#define PS_ONE_OF_MANY_MAX 4096   /* elements of a column */
#define PS_ONE_OF_MANY_COLUMNS 16
#define PS_ONE_OF_MANY_DIGITS 6   /* log4 of the longest list */
#define PS_ONE_OF_MANY_BATCH 1024 /* proofs in one call */
#define PS_ONE_OF_MANY_BASES 49   /* 1 + 2 * 4 * digits */

/* What the digits of an index are committed to with. Element 0 blinds; for
 * digit j and value i, 1 + 4j + i is for the bits and 25 + 4j + i for the
 * products. */
typedef struct {
    ps_ristretto255 element[PS_ONE_OF_MANY_BASES];
} ps_one_of_many_bases;

/* A public list; it points to memory of the caller. */
typedef struct {
    const ps_ristretto255 *elements; /* column after column */
    const uint8_t *digest32; /* of all encodings: what the challenge absorbs */
    size_t count;            /* of a column, 2 to PS_ONE_OF_MANY_MAX */
    size_t columns;          /* 1 to PS_ONE_OF_MANY_COLUMNS */
} ps_one_of_many_list;

/* What is claimed of a list, as encodings. */
typedef struct {
    uint8_t base[32];     /* B, not the identity */
    uint8_t offset[32];   /* Q */
    uint8_t tag_base[32]; /* U and T when tagged, neither the identity; */
    uint8_t tag[32];      /* else all zero */
    /* A scalar for each column; 1 when there is one column. */
    uint8_t weights[32 * PS_ONE_OF_MANY_COLUMNS];
    uint32_t tagged;      /* 1 or 0 */
} ps_one_of_many_statement;

/** Derive the bases; anybody can do it again.
 *
 *  Computes   SHAKE128("privshare/one-of-many/bases/v1"), 64 bytes for each
 *             base in turn, through ps_ristretto255_from_uniform
 *
 *  Out        bases      PS_ONE_OF_MANY_BASES elements without known relations
 */
void ps_one_of_many_bases_init(ps_one_of_many_bases *bases,
                               const ps_backend *backend);

/** Bytes of a proof.
 *
 *  In         count      2 to PS_ONE_OF_MANY_MAX
 *             tagged     1 or 0
 */
size_t ps_one_of_many_len(size_t count, uint32_t tagged);

/** Scratch of ps_one_of_many_prove, in limbs, for a list of this shape. */
size_t ps_one_of_many_prove_limbs(size_t count, size_t columns);

/** Prove.
 *
 *  Computes   the nonces from a fork of the transcript that absorbs the secret,
 *             the index and rand; then the proof of the page's section 2
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    the list's shape is outside its bounds, one column
 *                           has another weight than 1, or index >= count
 *             PS_E_ENCODING the secret or a part of the statement is not
 *                           canonical
 *             PS_E_VERIFY   the statement is not true of index and secret, or a
 *                           base or the tag is the identity
 *  Out        proof      ps_one_of_many_len(count, tagged) bytes
 *  In-out     transcript the caller's context; afterwards as the verifier's
 *  In         index      position in the list
 *             secret32   x
 *             rand32     32 uniform bytes; if they were known or came twice, the
 *                        secret would still be safe
 *  Scratch    ps_one_of_many_prove_limbs limbs, wiped before return
 *  Secret     index, secret32, rand32
 *                        time and addresses depend on the list's shape alone;
 *                        the status is public
 *  Overlap    none
 *  On error   proof is all zero, or untouched where the shape gives it no
 *             length; the transcript may have gone on
 */
PS_MUST_CHECK
ps_status ps_one_of_many_prove(uint8_t *proof, ps_transcript *transcript,
                               const ps_one_of_many_list *list,
                               const ps_one_of_many_statement *statement,
                               size_t index, const uint8_t *secret32,
                               const uint8_t *rand32,
                               const ps_one_of_many_bases *bases,
                               const ps_backend *backend, ps_limb *scratch);

/** Scratch of ps_one_of_many_verify_vartime, in limbs, for so many proofs. */
size_t ps_one_of_many_verify_limbs(size_t count, size_t columns,
                                   size_t proofs);

/** Verify proofs over one list.
 *
 *  Computes   all equations of all proofs, each times another power of one
 *             challenge that depends on every proof and on rand: one
 *             multi-scalar multiplication, in which the list stands once
 *  Source     Bellare, Garay and Rabin, EUROCRYPT 1998, for the batch
 *
 *  Returns    PS_OK         all are true, but for a chance of 3*proofs/l
 *             PS_E_VERIFY   one is not, or has a base or tag that is the
 *                           identity; *bad is untouched
 *             PS_E_ENCODING something is not canonical; *bad is its proof
 *             PS_E_RANGE    the list's shape or the number of proofs is outside
 *                           its bounds, or some are tagged and some are not
 *  Out        bad        a position, or untouched
 *  In-out     transcripts one for each proof, with the context of its prover
 *  In         proofs     count proofs of equal length, one after the other
 *             statements one for each proof
 *             count      1 to PS_ONE_OF_MANY_BATCH
 *             rand32     32 bytes; zeros give a verdict that everybody repeats
 *  Scratch    ps_one_of_many_verify_limbs limbs, uninitialised, not wiped
 */
PS_MUST_CHECK
ps_status ps_one_of_many_verify_vartime(
    size_t *bad, ps_transcript *transcripts, const uint8_t *proofs,
    const ps_one_of_many_statement *statements, size_t count,
    const ps_one_of_many_list *list, const uint8_t *rand32,
    const ps_one_of_many_bases *bases, const ps_backend *backend,
    ps_limb *scratch);
/* ffi: end */

#endif
