/* The Paillier cryptosystem with g = n + 1.
 *
 * Source     Paillier, EUROCRYPT 1999, section 4; g = n + 1 as in Damgard and
 *            Jurik, PKC 2001; ISO/IEC 18033-6
 *
 * Plaintexts are numbers below n, ciphertexts units modulo n^2. Both travel as
 * big-endian bytes of fixed length: key->n_len for a plaintext, twice that for
 * a ciphertext. Arrays are contiguous; calls that take a count do the whole
 * array at once.
 *
 * Sizes      The arithmetic works for any odd n of up to 3072 bits, so that
 *            small published examples can be checked. What may be used as a
 *            key is decided at import: ps_paillier_check_modulus_vartime and
 *            ps_paillier_check_primes come before the _init calls.
 * Ciphertexts of others are refused (PS_E_VERIFY) unless they are units below
 *            n^2; every call here does so itself.
 */
#ifndef PRIVSHARE_PS_PAILLIER_H
#define PRIVSHARE_PS_PAILLIER_H

#include "ps_config.h"
#include "ps_mpn.h"
#include "ps_prime_search.h"

/* ffi: begin */
#define PS_PAILLIER_N_LIMBS 48      /* 3072 bits */
#define PS_PAILLIER_P_LIMBS 24      /* 1536 bits */

/* Scratch for calls that handle one number or add up: a table of powers. */
#define PS_PAILLIER_SCRATCH_LIMBS 4864

/* Scratch for calls that take a backend and do powers: tables of eight numbers
 * at a time, 300 kB. With the portable backend PS_PAILLIER_SCRATCH_LIMBS is
 * enough. */
#define PS_PAILLIER_BATCH_LIMBS 37504

/* A modulus m and its square, in dual numbers: (a0, a1) stands for
 * a0 + a1 * m mod m^2. The fields are private. */
typedef struct {
    ps_mont mont;
    ps_limb rr1[PS_PAILLIER_N_LIMBS];   /* R^2 = mont.rr + rr1 * m mod m^2 */
} ps_paillier_dual;

/* A public key. The first two fields may be read, the rest is private. */
typedef struct {
    size_t n_len;                       /* bytes of n and of a plaintext */
    size_t c_len;                       /* bytes of a ciphertext, 2 n_len */
    ps_paillier_dual n;
    ps_mont n2;                         /* modulo n^2 */
} ps_paillier_public;

/* What the key holder knows of one prime. Private. */
typedef struct {
    ps_paillier_dual p;
    ps_limb minus_one[PS_PAILLIER_P_LIMBS];   /* p - 1 */
    ps_limb h[PS_PAILLIER_P_LIMBS];           /* (-q)^-1 mod p, Montgomery */
    ps_limb root[PS_PAILLIER_P_LIMBS];        /* n^-1 mod (p - 1) */
} ps_paillier_prime;

/* A private key, to be wiped with ps_wipe. `pub` may be used as it is. */
typedef struct {
    ps_paillier_public pub;
    ps_paillier_prime p;
    ps_paillier_prime q;
    ps_limb p_inv[PS_PAILLIER_P_LIMBS];       /* p^-1 mod q, Montgomery */
} ps_paillier_private;

/** Decide whether a number may be a public key.
 *
 *  Computes   exactly n_bits bits, odd, no prime factor below 2^16, not a
 *             perfect power, not a prime, not two factors that Fermat's method
 *             finds in a few steps. What cannot be seen without the factors,
 *             gcd(n, phi) = 1, is not claimed.
 *
 *  Returns    PS_OK
 *             PS_E_KEY      it may not
 *  In         n          n_len bytes; a leading zero byte is refused
 *             n_bits     2048 or 3072 in use; at most 3072
 *  Scratch    PS_PAILLIER_SCRATCH_LIMBS limbs
 */
PS_MUST_CHECK
ps_status ps_paillier_check_modulus_vartime(const uint8_t *n, size_t n_len,
                                            size_t n_bits, ps_limb *scratch);

/** Decide whether two numbers may be a private key.
 *
 *  Computes   both of exactly n_bits / 2 bits and prime, p q of exactly
 *             n_bits bits, |p - q| > 2^(n_bits / 2 - 100),
 *             gcd(p q, (p - 1)(q - 1)) = 1
 *  Source     FIPS 186-5, A.1.1, for the distance
 *
 *  Returns    PS_OK
 *             PS_E_KEY      they may not
 *  In         p, q       len bytes each
 *             n_bits     a multiple of 128, at most 3072, with
 *                        len = n_bits / 16
 *  Scratch    PS_PRIME_SCRATCH_LIMBS limbs, wiped
 *  Secret     p, q       the status is public, and see ps_prime_check
 */
PS_MUST_CHECK
ps_status ps_paillier_check_primes(const uint8_t *p, const uint8_t *q,
                                   size_t len, size_t n_bits,
                                   const ps_backend *backend,
                                   ps_limb *scratch);

/** Prepare a public key for arithmetic.
 *
 *  Returns    PS_OK
 *             PS_E_KEY      n is even, 1, too long, or has a leading zero byte
 *  Out        key
 *  In         n          n_len bytes
 *  On error   key is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_public_init(ps_paillier_public *key, const uint8_t *n,
                                  size_t n_len);

/** Prepare a private key for arithmetic.
 *
 *  Returns    PS_OK
 *             PS_E_KEY      p or q is even or 1, they share a factor, or
 *                           gcd(n, (p - 1)(q - 1)) is not 1
 *             PS_E_RANGE    len is 0 or above PS_PRIME_MAX_BYTES
 *  Out        key
 *  In         p, q       len bytes each; primes
 *  Secret     p, q
 *  On error   key is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_private_init(ps_paillier_private *key, const uint8_t *p,
                                   const uint8_t *q, size_t len);

/** Generate the primes of a key.
 *
 *  Computes   p = 2 u k + 1 and q = 2 u' k' + 1 of n_bits / 2 bits each, both
 *             3 modulo 4, u and u' prime, with gcd(p - 1, q - 1) = 2,
 *             |p - q| > 2^(n_bits / 2 - 100) and gcd(p q, (p - 1)(q - 1)) = 1
 *  Source     ps_prime_search.h; FIPS 186-5, A.1.3, for the distance
 *
 *  Returns    PS_OK
 *             PS_E_FEED     the feed ran out: call again with new bytes
 *             PS_E_RANGE    n_bits is no multiple of 128 in [512, 3072], or no
 *                           such kind
 *  Out        p, q       n_bits / 16 bytes each; p q has n_bits bits
 *             cofactors  k and k'
 *  In         feed       feed_len bytes, uniform and used once; as two calls
 *                        of ps_prime_search
 *  Scratch    PS_PRIME_SEARCH_LIMBS limbs, wiped
 *  Secret     p, q, cofactors, feed; what is public says ps_prime_search.h
 *  On error   p, q and cofactors are all zero, but p and q are left alone
 *             after PS_E_RANGE for n_bits
 */
PS_MUST_CHECK
ps_status ps_paillier_generate(uint8_t *p, uint8_t *q, uint64_t *cofactors,
                               ps_prime_kind kind, size_t n_bits,
                               const uint8_t *feed, size_t feed_len,
                               const ps_backend *backend, ps_limb *scratch);

/** Decrypt what public arithmetic made, and compare.
 *
 *  Computes   the messages of n - 1, which is the encryption of n - 1 with
 *             r = n - 1; of c = n^2 - 2; and of c (1 + (n - 2) n), which has
 *             to be n - 2 more. c^(p-1) = 1 mod p and the same for q are seen
 *             on the way.
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   the key does not work, or p or q is not prime
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs, wiped
 *  Secret     key
 */
PS_MUST_CHECK
ps_status ps_paillier_pairwise_test(const ps_paillier_private *key,
                                    const ps_backend *backend,
                                    ps_limb *scratch);

/** Encrypt numbers.
 *
 *  Computes   c = (1 + m*n) * r^n mod n^2
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    an m >= n, an r == 0 or an r >= n
 *  Out        c          count * key->c_len bytes
 *  In         m          count * key->n_len bytes
 *             r          count * key->n_len bytes, uniform in [1, n), each
 *                        used once
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs, wiped
 *  Secret     m, r       time and addresses depend on n and count alone; the
 *                        status is public
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_encrypt(uint8_t *c, const uint8_t *m, const uint8_t *r,
                              size_t count, const ps_paillier_public *key,
                              const ps_backend *backend, ps_limb *scratch);

/** Check that bytes are ciphertexts.
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   a c is 0, or >= n^2, or shares a factor with n
 *  In         c          count * key->c_len bytes
 */
PS_MUST_CHECK
ps_status ps_paillier_check_vartime(const uint8_t *c, size_t count,
                                    const ps_paillier_public *key);

/** Add up an array.
 *
 *  Computes   c = a[0] * ... * a[count - 1] mod n^2
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    count is 0
 *             PS_E_VERIFY   a term is no ciphertext
 *  Out        c          key->c_len bytes
 *  In         a          count * key->c_len bytes
 *  Scratch    PS_PAILLIER_SCRATCH_LIMBS limbs
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_sum_vartime(uint8_t *c, const uint8_t *a, size_t count,
                                  const ps_paillier_public *key,
                                  const ps_backend *backend,
                                  ps_limb *scratch);

/** Give ciphertexts a fresh look with the same content.
 *
 *  Computes   c = a * r^n mod n^2
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    an r == 0 or r >= n; this is public
 *             PS_E_VERIFY   an a is no ciphertext
 *  Out        c          count * key->c_len bytes
 *  In         a          count * key->c_len bytes
 *             r          count * key->n_len bytes, uniform in [1, n), each
 *                        used once
 *  Scratch    PS_PAILLIER_SCRATCH_LIMBS limbs, wiped
 *  Secret     r
 *  Overlap    c may be a
 *  On error   c is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_rerandomise(uint8_t *c, const uint8_t *a,
                                  const uint8_t *r, size_t count,
                                  const ps_paillier_public *key,
                                  ps_limb *scratch);

/** Check an opening that somebody published.
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   c is no ciphertext, m >= n, r == 0, r >= n, or c
 *                           is not the encryption of m with r
 *  In         c          key->c_len bytes
 *             m, r       key->n_len bytes
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs
 */
PS_MUST_CHECK
ps_status ps_paillier_verify_opening_vartime(const uint8_t *c,
                                             const uint8_t *m,
                                             const uint8_t *r,
                                             const ps_paillier_public *key,
                                             const ps_backend *backend,
                                             ps_limb *scratch);

/** Decrypt numbers.
 *
 *  Computes   m_p = L_p(c^(p-1) mod p^2) * (-q)^-1 mod p, the same for q, and
 *             m from both by the Chinese remainder theorem
 *  Source     Paillier 1999, section 7
 *
 *  Returns    PS_OK
 *             PS_E_VERIFY   a c is no ciphertext; this is public, since
 *                           anybody can find it from c and n
 *  Out        m          count * key->pub.n_len bytes
 *  In         c          count * key->pub.c_len bytes
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs, wiped
 *  Secret     key, m
 *  On error   m is all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_decrypt(uint8_t *m, const uint8_t *c, size_t count,
                              const ps_paillier_private *key,
                              const ps_backend *backend, ps_limb *scratch);

/** Open ciphertexts: the message and the randomness that made them.
 *
 *  Computes   m as ps_paillier_decrypt, and
 *             r = (c * (1 - m*n))^(n^-1 mod lambda) mod n; modulo n the second
 *             factor is 1, and modulo p the exponent is n^-1 mod (p - 1)
 *
 *  Returns    as ps_paillier_decrypt
 *  Out        m, r       count * key->pub.n_len bytes each
 *  In         c          count * key->pub.c_len bytes
 *  Scratch    PS_PAILLIER_BATCH_LIMBS limbs, wiped
 *  Secret     key, m, r
 *  On error   m and r are all zero
 */
PS_MUST_CHECK
ps_status ps_paillier_recover(uint8_t *m, uint8_t *r, const uint8_t *c,
                              size_t count, const ps_paillier_private *key,
                              const ps_backend *backend, ps_limb *scratch);
/* ffi: end */

#endif
