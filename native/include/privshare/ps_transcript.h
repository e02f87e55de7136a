/* The transcript: everything that a challenge depends on, in one sponge.
 *
 * Source     FIPS 202 (SHAKE128); Fiat and Shamir, CRYPTO 1986; the whole
 *            statement hashed as in Bernhard, Pereira and Warinschi,
 *            ASIACRYPT 2012
 *
 * A transcript is the concatenation of its steps. Each step says how long its
 * parts are, so different steps are never the same bytes:
 *
 *   step       u8 op || u8 len(label) || label || u64 len || data
 *   op 0       begin: label "privshare/transcript/v1", data is the protocol's
 *              name, such as "ring/lsag/v1"; always the first step
 *   op 1       absorb: label and data
 *   op 2       challenge: len is the number of bytes asked for, no data
 *
 * with little-endian u64. A challenge is the first len bytes of SHAKE128 of
 * all steps so far, its own among them. The sponge itself goes on from before
 * its padding: what comes later depends on all that came before. Nothing but
 * SHAKE128 is needed to compute a challenge again.
 *
 * A transcript belongs to the caller; its fields are private. Copying one by
 * assignment forks it. Time and addresses depend on lengths and on labels
 * alone: data may be secret, and then challenges and the transcript are, until
 * the caller declares them public or wipes them.
 */
#ifndef PRIVSHARE_PS_TRANSCRIPT_H
#define PRIVSHARE_PS_TRANSCRIPT_H

#include "ps_hash.h"
#include "ps_scalar.h"

/* ffi: begin */
typedef struct {
    ps_keccak sponge; /* absorbing; private */
} ps_transcript;

/** Begin a transcript.
 *
 *  Out        t
 *  In         protocol   len bytes: the protocol's name and version, ASCII;
 *                        public
 */
void ps_transcript_init(ps_transcript *t, const uint8_t *protocol, size_t len);

/** Absorb one part of the statement or one message.
 *
 *  In-out     t          from ps_transcript_init
 *  In         label      1 to 255 ASCII characters that name the part; public
 *             data       len bytes; may be NULL when len is 0
 *  Secret     data       time and addresses depend on len alone
 */
void ps_transcript_absorb(ps_transcript *t, const char *label,
                          const uint8_t *data, size_t len);

/** Draw a challenge of len bytes.
 *
 *  Computes   out = the first len bytes of SHAKE128(steps so far || this one)
 *
 *  Out        out        len bytes
 *  In-out     t          this step absorbed; out itself is not
 *  In         label      1 to 255 ASCII characters; public
 *  Secret     t          as what was absorbed
 */
void ps_transcript_challenge(uint8_t *out, size_t len, ps_transcript *t,
                             const char *label);

/** Draw a challenge that is a scalar of ristretto255.
 *
 *  Computes   c = a challenge of 64 bytes, little-endian, mod l
 *
 *  Out        c          uniform but for 2^-259
 *  In-out     t          as ps_transcript_challenge
 *  In         label      1 to 255 ASCII characters; public
 *  Secret     t          as what was absorbed
 */
void ps_transcript_challenge_scalar(ps_scalar *c, ps_transcript *t,
                                    const char *label);
/* ffi: end */

#endif
