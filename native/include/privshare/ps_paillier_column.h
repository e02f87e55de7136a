/* Arrays of Paillier ciphertexts: what anybody can do with a column.
 *
 * Lengths and byte order are those of ps_paillier.h. Every call refuses what is
 * no ciphertext, at any position: 0, n^2 and above, and what shares a factor
 * with n. All inputs are public, but for the plaintexts of
 * ps_paillier_column_add_plain.
 *
 * Where it is   When a call returns PS_E_VERIFY or PS_E_RANGE because of an
 *               element, *bad is the first such position (of the check that
 *               found it). In a call with two arrays of ciphertexts it counts
 *               on in the second: count + i. Else *bad is untouched.
 * Memory        Scratch has one size for all calls, PS_PAILLIER_COLUMN_LIMBS
 *               limbs (2 MB), whatever the count. It may be uninitialised and
 *               is not wiped: nothing secret enters it.
 */
#ifndef PRIVSHARE_PS_PAILLIER_COLUMN_H
#define PRIVSHARE_PS_PAILLIER_COLUMN_H

#include "ps_paillier.h"

/* ffi: begin */
#define PS_PAILLIER_COLUMN_LIMBS 262144

/* Bytes of the longest exponent: 9,600 bits, enough for what verifiers of
 * threshold proofs raise to. */
#define PS_PAILLIER_COLUMN_EXPONENT 1200

/* Groups of one sum. */
#define PS_PAILLIER_COLUMN_GROUPS 65536

/** Check that bytes are ciphertexts.
 *
 *  Computes   0 < c[i] < n^2 for each, and one gcd of n and their product
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   one is not; *bad is the first
 *  In         c          count * key->c_len bytes
 */
PS_MUST_CHECK
ps_status ps_paillier_column_check_vartime(size_t *bad, const uint8_t *c,
                                           size_t count,
                                           const ps_paillier_public *key,
                                           const ps_backend *backend,
                                           ps_limb *scratch);

/** Add two arrays, element by element.
 *
 *  Computes   c[i] = a[i] * b[i] mod n^2
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   an element is no ciphertext
 *  Out        c          count * key->c_len bytes
 *  In         a, b       count * key->c_len bytes
 *  Overlap    none
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_column_add_vartime(uint8_t *c, size_t *bad,
                                         const uint8_t *a, const uint8_t *b,
                                         size_t count,
                                         const ps_paillier_public *key,
                                         const ps_backend *backend,
                                         ps_limb *scratch);

/** Add numbers that are not encrypted.
 *
 *  Computes   c[i] = a[i] * (1 + m[i] * n) mod n^2, as
 *             a[i] + (a[i] * m[i] mod n) * n
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    an m >= n; this is public
 *             PS_E_VERIFY   an element of a is no ciphertext
 *  Out        c          count * key->c_len bytes
 *  In         a          count * key->c_len bytes
 *             m          count * key->n_len bytes
 *  Secret     m          yet whoever sees a and c can compute it: it is hidden
 *                        only after rerandomising
 *  Overlap    none
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_column_add_plain(uint8_t *c, size_t *bad,
                                       const uint8_t *a, const uint8_t *m,
                                       size_t count,
                                       const ps_paillier_public *key,
                                       const ps_backend *backend,
                                       ps_limb *scratch);

/** Negate an array.
 *
 *  Computes   c[i] = a[i]^-1 mod n^2 with one inversion for 1,024 elements
 *  Source     Montgomery, Math. Comp. 48 (1987), 10.3.4
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   an element is no ciphertext
 *  Out        c          count * key->c_len bytes
 *  In         a          count * key->c_len bytes
 *  Overlap    c may be a
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_column_negate_vartime(uint8_t *c, size_t *bad,
                                            const uint8_t *a, size_t count,
                                            const ps_paillier_public *key,
                                            const ps_backend *backend,
                                            ps_limb *scratch);

/** Magnitudes and signs of signed integers.
 *
 *  Out        magnitude  count numbers
 *             negative   count bytes, 1 where k[i] < 0, else 0
 *  In         k          count numbers of 8 bytes, as int64_t in memory, at
 *                        any address
 */
void ps_paillier_column_signs(uint64_t *magnitude, uint8_t *negative,
                              const uint8_t *k, size_t count);

/** Multiply by small integers, element by element.
 *
 *  Computes   c[i] = a[i]^k[i] mod n^2, or a[i]^-k[i] where negative[i] is
 *             not 0; the time grows with the bits of the largest k
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   an element is no ciphertext
 *  Out        c          count * key->c_len bytes
 *  In         a          count * key->c_len bytes
 *             k          count magnitudes
 *             negative   count bytes; NULL when all are positive
 *  Overlap    none
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_column_multiply_vartime(
    uint8_t *c, size_t *bad, const uint8_t *a, const uint64_t *k,
    const uint8_t *negative, size_t count, const ps_paillier_public *key,
    const ps_backend *backend, ps_limb *scratch);

/** Powers, element by element.
 *
 *  Computes   c[i] = a[i]^e[i] mod n^2
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    e_len is not in [1, PS_PAILLIER_COLUMN_EXPONENT];
 *                           *bad is untouched
 *             PS_E_VERIFY   an element is no ciphertext
 *  Out        c          count * key->c_len bytes
 *  In         a          count * key->c_len bytes
 *             e          count numbers of e_len bytes
 *  Overlap    none
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_column_power_vartime(uint8_t *c, size_t *bad,
                                           const uint8_t *a, const uint8_t *e,
                                           size_t e_len, size_t count,
                                           const ps_paillier_public *key,
                                           const ps_backend *backend,
                                           ps_limb *scratch);

/** Dot product with small integers.
 *
 *  Computes   c = a[0]^k[0] * ... * a[count - 1]^k[count - 1] mod n^2, with
 *             the sign of ps_paillier_column_multiply_vartime; 1 when count
 *             is 0
 *  Source     Pippenger, SIAM J. Comput. 9 (1980): one product of an element
 *             for each digit of its scalar, into the bucket of that digit.
 *             Negative scalars are a second run and one inversion
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   an element is no ciphertext
 *  Out        c          key->c_len bytes
 *  In         a          count * key->c_len bytes, count < 2^32
 *             k          count magnitudes
 *             negative   count bytes; NULL when all are positive
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_column_dot_vartime(uint8_t *c, size_t *bad,
                                         const uint8_t *a, const uint64_t *k,
                                         const uint8_t *negative, size_t count,
                                         const ps_paillier_public *key,
                                         const ps_backend *backend,
                                         ps_limb *scratch);

/** Add up by groups.
 *
 *  Computes   c[g] = the product of all a[i] with group[i] == g, mod n^2; 1
 *             for a group without elements
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    a group >= n_groups, or n_groups is not in
 *                           [1, PS_PAILLIER_COLUMN_GROUPS] (*bad is untouched)
 *             PS_E_VERIFY   an element is no ciphertext
 *  Out        c          n_groups * key->c_len bytes
 *  In         a          count * key->c_len bytes, count < 2^32
 *             group      count numbers of 4 bytes, little-endian
 *  Overlap    none
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_column_sum_groups_vartime(
    uint8_t *c, size_t *bad, const uint8_t *a, const uint8_t *group,
    size_t count, size_t n_groups, const ps_paillier_public *key,
    const ps_backend *backend, ps_limb *scratch);
/* ffi: end */

#endif
