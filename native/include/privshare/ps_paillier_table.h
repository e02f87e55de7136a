/* Paillier encryption from tables of powers of a fixed base.
 *
 * Source     Paillier 1999, section 4, for the holder's; Damgard, Jurik and
 *            Nielsen, Int. J. Inf. Secur. 9 (2010), section 4.2, for the
 *            public one: h^n with a random exponent in place of r^n
 *
 * A table is built once a key, in memory of the caller, and read by any number
 * of calls at the same time. A call then costs one product modulo n^2 (or one
 * modulo p^2 and one modulo q^2) for each window of the exponent, and no
 * square. Every look-up reads all powers of its window.
 *
 * Sizes and the time to build one (AMD EPYC, family 25 model 17, one core,
 * gcc 12 -O2, 2026-11-22):
 *
 *                      with AVX-512 IFMA        portable
 *     2048 bits        7.0 MB, 16 ms            3.4 MB, 26 ms
 *       holder         7.5 MB, 10 ms            3.6 MB, 29 ms
 *     3072 bits        15.7 MB, 48 ms           7.6 MB, 78 ms
 *       holder         16.4 MB, 28 ms           7.9 MB, 47 ms
 *
 * The bytes of a ciphertext depend on the numbers alone, not on the backend
 * that a table was built for. ps_paillier.h says how numbers travel.
 */
#ifndef PRIVSHARE_PS_PAILLIER_TABLE_H
#define PRIVSHARE_PS_PAILLIER_TABLE_H

#include "ps_paillier.h"

/* ffi: begin */
/* Powers of one base modulo m^2. Private. */
typedef struct {
    ps_limb *entries;             /* in the caller's memory */
    size_t windows;
} ps_paillier_powers;

/* A table for whoever has the public key. The first field may be read. */
typedef struct {
    size_t exponent_len;          /* bytes of an exponent: half of n's */
    const ps_backend *backend;
    ps_paillier_powers powers;
} ps_paillier_table;

/* A table for the key holder, to be wiped with its memory. The first field may
 * be read. */
typedef struct {
    size_t exponent_len;          /* bytes of one exponent: p's and 8 more */
    const ps_backend *backend;
    ps_paillier_powers p;
    ps_paillier_powers q;
} ps_paillier_holder_table;

/** Bytes of memory that a table takes. */
size_t ps_paillier_table_bytes(const ps_paillier_public *key,
                               const ps_backend *backend);

/** Build a table for public encryption.
 *
 *  Computes   h_s = base^n mod n^2 and its powers
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    base < 2, or base >= n - 1, or it shares a factor
 *                           with n, or bytes is less than
 *                           ps_paillier_table_bytes
 *  Out        table      points into memory; both are to be kept and left
 *                        where they are until the last call that reads them
 *             memory     bytes bytes, any alignment
 *  In         base       key->n_len bytes
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs
 *  On error   table is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_table_init_vartime(ps_paillier_table *table,
                                         uint8_t *memory, size_t bytes,
                                         const uint8_t *base,
                                         const ps_paillier_public *key,
                                         const ps_backend *backend,
                                         ps_limb *scratch);

/** Encrypt numbers with the public key.
 *
 *  Computes   c = (1 + m*n) * h_s^x mod n^2
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    an m >= n
 *  Out        c          count * key->c_len bytes
 *  In         m          count * key->n_len bytes
 *             x          count * table->exponent_len bytes, uniform, each used
 *                        once
 *             table      made with this key
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs, wiped
 *  Secret     m, x       time and addresses depend on n and count alone; the
 *                        status is public
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_table_encrypt(uint8_t *c, const uint8_t *m,
                                    const uint8_t *x, size_t count,
                                    const ps_paillier_table *table,
                                    const ps_paillier_public *key,
                                    ps_limb *scratch);

/** Bytes of memory that a holder's table takes. */
size_t ps_paillier_holder_table_bytes(const ps_paillier_private *key,
                                      const ps_backend *backend);

/** Build the key holder's table.
 *
 *  Computes   p_base^p mod p^2 and its powers, and the same for q
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    p_base < 2, or p_base >= p - 1, or the same for
 *                           q, or bytes is less than ps_paillier_holder_table_bytes;
 *                           this is public
 *  Out        table      points into memory; both are to be kept and left
 *                        where they are until the last call that reads them,
 *                        and wiped then
 *             memory     bytes bytes, any alignment
 *  In         p_base     p_len bytes: p's; a generator of Z_p*
 *             q_base     p_len bytes: a generator of Z_q*
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs, wiped
 *  Secret     p_base, q_base, key, memory
 *  On error   table is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_holder_table_init(ps_paillier_holder_table *table,
                                        uint8_t *memory, size_t bytes,
                                        const uint8_t *p_base,
                                        const uint8_t *q_base, size_t p_len,
                                        const ps_paillier_private *key,
                                        const ps_backend *backend,
                                        ps_limb *scratch);

/** Encrypt numbers as the key holder.
 *
 *  Computes   c = (1 + m*n) * y^n mod n^2 where y^n is p_base^(p x_p) modulo
 *             p^2 and q_base^(q x_q) modulo q^2
 *
 *  If the bases are generators, y^n is uniform among the n-th residues, as it
 *  is for a uniform unit y: modulo p^2 it is z^p, where z = y^q is uniform in
 *  Z_p* since q has no factor in common with p - 1, and depends on y modulo p
 *  alone. The 64 bits by which an exponent is longer than p keep the distance
 *  from uniform below 2^-65 a ciphertext.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    an m >= n
 *  Out        c          count * key->pub.c_len bytes
 *  In         m          count * key->pub.n_len bytes
 *             x          count * 2 * table->exponent_len bytes, uniform, each
 *                        used once: x_p, then x_q
 *             table      made with this key
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs, wiped
 *  Secret     m, x, table, key    time and addresses depend on n and count
 *                        alone; the status is public
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_holder_encrypt(uint8_t *c, const uint8_t *m,
                                     const uint8_t *x, size_t count,
                                     const ps_paillier_holder_table *table,
                                     const ps_paillier_private *key,
                                     ps_limb *scratch);
/* ffi: end */

#endif
