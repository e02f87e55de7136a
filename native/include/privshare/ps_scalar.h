/* Scalars: integers modulo the order of ristretto255.
 *
 *   l = 2^252 + 27742317777372353535851937790883648493
 *
 * Source     RFC 9496, section 4.4
 *
 * A scalar is canonical, that is below l, between any two calls; outside it is
 * 32 bytes, little-endian. Results may overlap arguments unless a contract
 * says otherwise.
 *
 * Secret     all values: time and addresses depend on counts alone. Statuses
 *            are public.
 */
#ifndef PRIVSHARE_PS_SCALAR_H
#define PRIVSHARE_PS_SCALAR_H

#include "ps_config.h"

/* ffi: begin */
typedef struct {
    uint64_t limb[4]; /* little-endian limbs, canonical */
} ps_scalar;

/** Read a scalar.
 *
 *  Returns    PS_OK
 *             PS_E_ENCODING  not below l
 *  Out        s
 *  In         in32       32 bytes
 *  On error   s is zero
 */
PS_MUST_CHECK
ps_status ps_scalar_from_bytes(ps_scalar *s, const uint8_t *in32);

/** Reduce 64 bytes modulo l: uniform bytes give a uniform scalar.
 *
 *  Out        s
 *  In         in64       64 bytes, little-endian
 */
void ps_scalar_from_wide(ps_scalar *s, const uint8_t *in64);

/** A scalar from a small number.
 *
 *  Out        s
 *  In         x          any
 */
void ps_scalar_from_u64(ps_scalar *s, uint64_t x);

/** Write a scalar.
 *
 *  Out        out32      32 bytes
 *  In         s
 */
void ps_scalar_to_bytes(uint8_t *out32, const ps_scalar *s);

/** r = a + b, a - b, -a, a * b, a * b + c modulo l. */
void ps_scalar_add(ps_scalar *r, const ps_scalar *a, const ps_scalar *b);
void ps_scalar_sub(ps_scalar *r, const ps_scalar *a, const ps_scalar *b);
void ps_scalar_neg(ps_scalar *r, const ps_scalar *a);
void ps_scalar_mul(ps_scalar *r, const ps_scalar *a, const ps_scalar *b);
void ps_scalar_mul_add(ps_scalar *r, const ps_scalar *a, const ps_scalar *b,
                       const ps_scalar *c);

/** r = a[0]*b[0] + ... + a[count - 1]*b[count - 1] modulo l.
 *
 *  Computes   sums of 64 products before each reduction: several times quicker
 *             than ps_scalar_mul_add
 *
 *  In         a, b       count scalars each; any count
 *  Overlap    r may lie in a or b
 */
void ps_scalar_dot(ps_scalar *r, const ps_scalar *a, const ps_scalar *b,
                   size_t count);

/** r = 1/a modulo l; 0 for 0. */
void ps_scalar_invert(ps_scalar *r, const ps_scalar *a);

/** r[i] = 1/a[i] modulo l; 0 for 0. One inversion for all.
 *
 *  Out        r          count scalars
 *  In         a          count scalars
 *  Overlap    none
 */
void ps_scalar_invert_batch(ps_scalar *r, const ps_scalar *a, size_t count);

/** Whether a is zero, and whether a is b.
 *
 *  Returns    1 or 0
 */
ps_limb ps_scalar_is_zero(const ps_scalar *a);
ps_limb ps_scalar_is_equal(const ps_scalar *a, const ps_scalar *b);

/** r = a when choice is 1, b when it is 0. */
void ps_scalar_select(ps_scalar *r, ps_limb choice, const ps_scalar *a,
                      const ps_scalar *b);

/** Read many scalars.
 *
 *  Returns    PS_OK
 *             PS_E_ENCODING  one is not below l
 *  Out        s          count scalars
 *             bad        the index of the first that is not, or count
 *  In         in         32 * count bytes
 *  On error   s is all zero
 */
PS_MUST_CHECK
ps_status ps_scalar_decode(ps_scalar *s, size_t *bad, const uint8_t *in,
                           size_t count);

/** Write many scalars.
 *
 *  Out        out        32 * count bytes
 *  In         s          count scalars
 */
void ps_scalar_encode(uint8_t *out, const ps_scalar *s, size_t count);
/* ffi: end */

#endif
