/* Batches for oblivious functions and private joins over ristretto255.
 *
 * Source     RFC 9497, section 4.1 (ristretto255-SHA512); RFC 9496; RFC 9380
 *
 * One secret scalar multiplies many elements. An element that is only going
 * to be written is multiplied by half the scalar: the encoding of a double
 * needs no square root, and a batch of them one inversion.
 *
 * Secret     scalars, and what is hashed; time and addresses depend on counts
 *            and on lengths alone
 */
#ifndef PRIVSHARE_PS_OPRF_H
#define PRIVSHARE_PS_OPRF_H

#include "ps_ristretto255.h"

/* ffi: begin */
/* Longest tag that says what a hash is for; RFC 9380, section 5.3.3. */
#define PS_OPRF_TAG 255

/** Uniform bytes from many messages: expand_message_xmd with SHA-512.
 *
 *  Computes   RFC 9380, section 5.3.1, to 64 bytes each; quickest for messages
 *             of so few bytes that they and the tag fill one block
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    tag_len is 0 or above PS_OPRF_TAG, or ends
 *                           decrease
 *  Out        out        64 * count bytes
 *  In         messages   one after the other
 *             ends       count places: where message i ends, and the next
 *                        begins; public
 *             tag        tag_len bytes; public
 *  On error   out is untouched
 */
PS_MUST_CHECK
ps_status ps_oprf_expand(uint8_t *out, const uint8_t *messages,
                         const uint64_t *ends, size_t count,
                         const uint8_t *tag, size_t tag_len,
                         const ps_backend *backend);

/** Elements from uniform bytes, times one scalar.
 *
 *  Computes   out[i] = encode(s * from_uniform(in[i]))
 *
 *  Out        out        32 * count bytes
 *  In         in         64 * count bytes
 *             s
 *  Overlap    none
 */
void ps_oprf_blind(uint8_t *out, const uint8_t *in, size_t count,
                   const ps_scalar *s, const ps_backend *backend);

/** Elements of others, times one scalar.
 *
 *  Computes   out[i] = encode(s * decode(in[i]))
 *
 *  Returns    PS_OK
 *             PS_E_ENCODING  one is not the canonical encoding of an element,
 *                            or is the identity
 *  Out        out        32 * count bytes
 *             bad        the index of the first that is not, or count
 *  In         in         32 * count bytes; public
 *             s
 *  Overlap    none
 *  On error   out is all zero
 */
PS_MUST_CHECK
ps_status ps_oprf_evaluate(uint8_t *out, size_t *bad, const uint8_t *in,
                           size_t count, const ps_scalar *s,
                           const ps_backend *backend);

/** Write doubles: out[i] = encode(2 * p[i]).
 *
 *  Out        out        32 * count bytes
 *  In         p          count elements
 */
void ps_oprf_encode_twice(uint8_t *out, const ps_ristretto255 *p,
                          size_t count, const ps_backend *backend);

/** r = s / 2 modulo l. */
void ps_oprf_halve(ps_scalar *r, const ps_scalar *s);
/* ffi: end */

#endif
