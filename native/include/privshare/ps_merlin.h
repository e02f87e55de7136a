/* Merlin transcripts, for proofs that were made elsewhere.
 *
 * Source     merlin.cool, transcripts over STROBE-128 with the protocol label
 *            "Merlin v1.0"; Hamburg, "The STROBE protocol framework", v1.0.2
 *
 * The project's own proofs use ps_transcript.h. This one is here because the
 * range proofs of the dalek library are published, and whoever has such proofs
 * has to be able to check them. Of STROBE it has the three operations that
 * Merlin needs: meta-AD, AD and PRF.
 *
 * Copying a transcript by assignment forks it. Time depends on lengths alone.
 */
#ifndef PRIVSHARE_PS_MERLIN_H
#define PRIVSHARE_PS_MERLIN_H

#include "ps_status.h"

/* ffi: begin */
typedef struct {
    uint64_t lanes[25];   /* Keccak state, lane x + 5y */
    uint8_t pos;          /* next byte of the rate, below 166 */
    uint8_t pos_begin;    /* where the running operation began, plus 1; 0 when
                             that was in an earlier block */
} ps_merlin;

/** Start a transcript.
 *
 *  Computes   STROBE-128("Merlin v1.0"), then append("dom-sep", label)
 *  Out        t
 *  In         label      len bytes, below 2^32; may be NULL when len is 0
 */
void ps_merlin_init(ps_merlin *t, const uint8_t *label, size_t len);

/** Append a labelled message.
 *
 *  Computes   meta-AD(label || LE32(len)), AD(data)
 *  In-out     t
 *  In         label      characters up to the first zero, which is not one
 *             data       len bytes, below 2^32; may be NULL when len is 0
 */
void ps_merlin_append(ps_merlin *t, const char *label, const uint8_t *data,
                      size_t len);

/** Draw a challenge.
 *
 *  Computes   meta-AD(label || LE32(len)), PRF(len)
 *  Out        out        len bytes, below 2^32
 *  In-out     t
 *  In         label      characters up to the first zero, which is not one
 */
void ps_merlin_challenge(uint8_t *out, size_t len, ps_merlin *t,
                         const char *label);
/* ffi: end */

#endif
