/* The group ristretto255: elements of prime order l over Curve25519.
 *
 * Source     RFC 9496
 *
 * An element comes from the decoder, from hashing, or from the group's own
 * operations, and from nowhere else; it is encoded in one way. All calls take
 * the identity; a protocol that must not refuses it by itself. Results may
 * overlap arguments of the same index.
 *
 * Secret     all elements and scalars, except in calls whose names end in
 *            _vartime and in decoding: time and addresses depend on counts
 *            alone. `backend` is from ps_backend_best or ps_backend_portable;
 *            all backends give the same elements, in coordinates of their own.
 */
#ifndef PRIVSHARE_PS_RISTRETTO255_H
#define PRIVSHARE_PS_RISTRETTO255_H

#include "ps_scalar.h"

/* ffi: begin */
/* Extended coordinates X, Y, Z, T with five limbs of 51 bits each; private. */
typedef struct {
    uint64_t x[5], y[5], z[5], t[5];
} ps_ristretto255;

/* Multiples of one fixed base; private. */
#define PS_RISTRETTO255_TABLE_WORDS 3840
typedef struct {
    uint64_t word[PS_RISTRETTO255_TABLE_WORDS];
} ps_ristretto255_table;

/** The identity, and the generator of RFC 9496, section 4.1.
 *
 *  Out        p
 */
void ps_ristretto255_identity(ps_ristretto255 *p);
void ps_ristretto255_base(ps_ristretto255 *p);

/** Read elements: RFC 9496, section 4.3.1.
 *
 *  Returns    PS_OK
 *             PS_E_ENCODING  one is not the canonical encoding of an element
 *  Out        p          count elements
 *             bad        the index of the first that is not, or count
 *  In         in         32 * count bytes; public
 *  On error   p is all identity
 */
PS_MUST_CHECK
ps_status ps_ristretto255_decode(ps_ristretto255 *p, size_t *bad,
                                 const uint8_t *in, size_t count,
                                 const ps_backend *backend);

/** Write elements: RFC 9496, section 4.3.2.
 *
 *  Out        out        32 * count bytes
 *  In         p          count elements
 */
void ps_ristretto255_encode(uint8_t *out, const ps_ristretto255 *p,
                            size_t count, const ps_backend *backend);

/** Elements from uniform bytes: RFC 9496, section 4.3.4.
 *
 *  Nobody knows the discrete logarithm of the result.
 *
 *  Out        p          count elements
 *  In         in         64 * count bytes
 */
void ps_ristretto255_from_uniform(ps_ristretto255 *p, const uint8_t *in,
                                  size_t count, const ps_backend *backend);

/** r = a + b, a - b, -a. */
void ps_ristretto255_add(ps_ristretto255 *r, const ps_ristretto255 *a,
                         const ps_ristretto255 *b);
void ps_ristretto255_sub(ps_ristretto255 *r, const ps_ristretto255 *a,
                         const ps_ristretto255 *b);
void ps_ristretto255_neg(ps_ristretto255 *r, const ps_ristretto255 *a);

/** Whether a is the identity, and whether a is b.
 *
 *  Returns    1 or 0
 */
ps_limb ps_ristretto255_is_identity(const ps_ristretto255 *a);
ps_limb ps_ristretto255_is_equal(const ps_ristretto255 *a,
                                 const ps_ristretto255 *b);

/** r = a when choice is 1, b when it is 0. */
void ps_ristretto255_select(ps_ristretto255 *r, ps_limb choice,
                            const ps_ristretto255 *a,
                            const ps_ristretto255 *b);

/** Independent multiplications: p[i] = s[i] * a[i].
 *
 *  Out        p          count elements
 *  In         s          count scalars
 *             a          count elements
 */
void ps_ristretto255_mul(ps_ristretto255 *p, const ps_scalar *s,
                         const ps_ristretto255 *a, size_t count,
                         const ps_backend *backend);

/** The same for public scalars and elements. */
void ps_ristretto255_mul_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                 const ps_ristretto255 *a, size_t count,
                                 const ps_backend *backend);

/** p[i] = s[i] * a[i] + t[i] * c[i], all public.
 *
 *  Out        p          count elements
 *  In         s, t       count scalars each
 *             a, c       count elements each
 */
void ps_ristretto255_mul_two_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                     const ps_ristretto255 *a,
                                     const ps_scalar *t,
                                     const ps_ristretto255 *c, size_t count,
                                     const ps_backend *backend);

/** Multiples of a base that is used often.
 *
 *  Out        table      good for every backend
 *  In         base
 */
void ps_ristretto255_table_init(ps_ristretto255_table *table,
                                const ps_ristretto255 *base,
                                const ps_backend *backend);

/** p[i] = s[i] * base.
 *
 *  Out        p          count elements
 *  In         s          count scalars
 *             table      from ps_ristretto255_table_init
 */
void ps_ristretto255_table_mul(ps_ristretto255 *p, const ps_scalar *s,
                               size_t count,
                               const ps_ristretto255_table *table,
                               const ps_backend *backend);

/* An element that many public scalars will multiply; private. */
#define PS_RISTRETTO255_COMB_WORDS 640
typedef struct {
    uint64_t word[PS_RISTRETTO255_COMB_WORDS];
} ps_ristretto255_comb;

/** Prepare public elements: worth it from two products each.
 *
 *  Out        comb       count pointers to them; good for every backend
 *  In         a          count elements
 */
void ps_ristretto255_comb_init_vartime(ps_ristretto255_comb *const *comb,
                                       const ps_ristretto255 *a, size_t count,
                                       const ps_backend *backend);

/** p[i] = s[i] * a[i], all public, for a[i] that were prepared; quickest for
 *  an even count.
 *
 *  Out        p          count elements
 *  In         s          count scalars
 *             comb       count pointers to what was made of a[i]
 */
void ps_ristretto255_comb_mul_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                      const ps_ristretto255_comb *const *comb,
                                      size_t count, const ps_backend *backend);

/** How many limbs of scratch a sum of up to count multiples takes. */
size_t ps_ristretto255_msm_limbs(size_t count);

/** The sum of s[i] * a[i]; the identity when count is 0.
 *
 *  Out        p
 *  In         s          count scalars; secret
 *             a          count elements
 *  Scratch    ps_ristretto255_msm_limbs(count) limbs; what of it depends on
 *             the scalars is wiped
 */
void ps_ristretto255_msm(ps_ristretto255 *p, const ps_scalar *s,
                         const ps_ristretto255 *a, size_t count,
                         const ps_backend *backend, ps_limb *scratch);

/** The same for public scalars and elements; scratch is not wiped. */
void ps_ristretto255_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                 const ps_ristretto255 *a, size_t count,
                                 const ps_backend *backend, ps_limb *scratch);
/* ffi: end */

#endif
