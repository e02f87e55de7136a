/* Primes: testing them, finding them, and refusing moduli that are not the
 * product of two large ones.
 *
 * Randomness comes from the caller as a feed of bytes. The bases of the
 * Miller-Rabin test come from SHAKE128 of the candidate: who offers a
 * composite cannot choose them, and the same number gets the same answer on
 * every machine.
 */
#ifndef PRIVSHARE_PS_PRIME_H
#define PRIVSHARE_PS_PRIME_H

#include "ps_mpn.h"

/* ffi: begin */
/* 1536 bits: half of the largest Paillier modulus. */
#define PS_PRIME_MAX_BYTES 192

/* Limbs of scratch that every call here is content with. */
#define PS_PRIME_SCRATCH_LIMBS 3072

/* Rounds of Miller-Rabin for a number from somebody else: a composite passes
 * one round with probability at most 1/4, so all with at most 2^-100. */
#define PS_PRIME_ROUNDS 50

/** Test a number for primality.
 *
 *  Computes   Miller-Rabin to bases SHAKE128("privshare/prime" || p)
 *  Source     FIPS 186-5, B.3.1; Rabin, J. Number Theory 12 (1980)
 *
 *  Returns    PS_OK         probably prime
 *             PS_E_VERIFY   composite, or below 3, or even
 *             PS_E_RANGE    len is 0 or above PS_PRIME_MAX_BYTES
 *  In         p          len bytes
 *             rounds     how many bases
 *  Scratch    PS_PRIME_SCRATCH_LIMBS limbs, wiped
 *  Secret     p, when it is prime; the number of trailing zeros of p - 1 is
 *             treated as public (it is 1 for primes from ps_prime_search)
 */
PS_MUST_CHECK
ps_status ps_prime_check(const uint8_t *p, size_t len, size_t rounds,
                         ps_limb *scratch);

/** Find a prime in random bytes.
 *
 *  Computes   the first prime among the candidates that the feed gives: len
 *             bytes each, with the two highest bits and the two lowest bits
 *             set, so that p = 3 mod 4 and the product of two such primes has
 *             exactly twice as many bits
 *
 *  Returns    PS_OK
 *             PS_E_FEED     the feed held no prime: call again with new bytes
 *             PS_E_RANGE    len is no multiple of 8 in
 *                           [32, PS_PRIME_MAX_BYTES]
 *  Out        p          len bytes
 *             used       bytes of the feed consumed
 *  In         feed       feed_len bytes, uniform and used once
 *  Scratch    PS_PRIME_SCRATCH_LIMBS limbs, wiped
 *  Secret     p, feed    how many candidates were dropped, and why, is public:
 *                        they are independent of the one that stays
 *  On error   p is all zero
 */
PS_MUST_CHECK
ps_status ps_prime_search(uint8_t *p, size_t *used, size_t len,
                          const uint8_t *feed, size_t feed_len,
                          ps_limb *scratch);

/** Whether a public odd number has no prime factor below 2^16.
 *
 *  Returns    PS_OK
 *             PS_E_KEY      it is even, below 2, or has such a factor
 *             PS_E_RANGE    len is 0 or above 2 * PS_PRIME_MAX_BYTES
 *  In         n          len bytes
 */
PS_MUST_CHECK
ps_status ps_prime_no_small_factor_vartime(const uint8_t *n, size_t len);

/** Whether a public number without factors below 2^16 is no a^k with k > 1.
 *
 *  Returns    PS_OK
 *             PS_E_KEY      it is a perfect power
 *             PS_E_RANGE    len is 0 or above 2 * PS_PRIME_MAX_BYTES
 *  In         n          len bytes
 */
PS_MUST_CHECK
ps_status ps_prime_no_perfect_power_vartime(const uint8_t *n, size_t len);

/** Whether a public odd number is composite.
 *
 *  Computes   one Miller-Rabin round to the base 2, which no prime fails
 *
 *  Returns    PS_OK         composite for certain
 *             PS_E_KEY      it may be prime
 *             PS_E_RANGE    len is 0 or above 2 * PS_PRIME_MAX_BYTES
 *  In         n          len bytes, odd and above 2
 *  Scratch    PS_PRIME_SCRATCH_LIMBS limbs
 */
PS_MUST_CHECK
ps_status ps_prime_is_composite_vartime(const uint8_t *n, size_t len,
                                        ps_limb *scratch);
/* ffi: end */

#endif
