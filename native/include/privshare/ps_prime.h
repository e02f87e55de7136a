/* Primes: testing them, and refusing moduli that are not the product of two
 * large ones. ps_prime_search.h finds them.
 *
 * The bases of the Miller-Rabin test come from SHAKE128 of the candidate: who
 * offers a composite cannot choose them, and the same number gets the same
 * answer on every machine.
 */
#ifndef PRIVSHARE_PS_PRIME_H
#define PRIVSHARE_PS_PRIME_H

#include "ps_config.h"
#include "ps_mpn.h"

/* ffi: begin */
/* 1536 bits: half of the largest Paillier modulus. */
#define PS_PRIME_MAX_BYTES 192

/* Limbs of scratch that every call here is content with. */
#define PS_PRIME_SCRATCH_LIMBS 7168

/* Rounds of Miller-Rabin are done in groups of eight. */
#define PS_PRIME_GROUP 8

/* Rounds for a number from somebody else: a composite passes one round with
 * probability at most 1/4, so all with at most 2^-112. */
#define PS_PRIME_ROUNDS 56

/** Test a number for primality.
 *
 *  Computes   Miller-Rabin to bases SHAKE128("privshare/prime" || p)
 *  Source     FIPS 186-5, B.3.1; Rabin, J. Number Theory 12 (1980)
 *
 *  Returns    PS_OK         probably prime
 *             PS_E_VERIFY   composite, or below 3, or even
 *             PS_E_RANGE    len is 0 or above PS_PRIME_MAX_BYTES
 *  In         p          len bytes
 *             rounds     how many bases, rounded up to whole groups
 *  Scratch    PS_PRIME_SCRATCH_LIMBS limbs, wiped
 *  Secret     p, when it is prime; the number of trailing zeros of p - 1 is
 *             treated as public (it is 1 for primes from ps_prime_search), and
 *             so is the number of its bits
 */
PS_MUST_CHECK
ps_status ps_prime_check(const uint8_t *p, size_t len, size_t rounds,
                         const ps_backend *backend, ps_limb *scratch);

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

/* Steps of Fermat's method. */
#define PS_PRIME_FERMAT_STEPS 64

/** Whether a public odd number is no product of two that are close together.
 *
 *  Computes   PS_PRIME_FERMAT_STEPS steps of Fermat's method, which find p q
 *             with |p - q| < 22 (p q)^(1/4): that is seen without the factors,
 *             unlike the distance that FIPS 186-5, A.1.3, asks for
 *  Source     Lehman, Math. Comp. 28 (1974)
 *
 *  Returns    PS_OK
 *             PS_E_KEY      they are, or n is a square
 *             PS_E_RANGE    len is 0 or above 2 * PS_PRIME_MAX_BYTES
 *  In         n          len bytes, odd
 */
PS_MUST_CHECK
ps_status ps_prime_no_close_factors_vartime(const uint8_t *n, size_t len);

/** Whether a public odd number is composite.
 *
 *  Computes   one Miller-Rabin round to the base 2, which no prime fails
 *
 *  Returns    PS_OK         composite for certain
 *             PS_E_KEY      it may be prime
 *             PS_E_RANGE    len is 0 or above 2 * PS_PRIME_MAX_BYTES
 *  In         n          len bytes, odd and above 2
 *  Scratch    PS_MPN_WINDOWS limbs for each 8 bytes of n
 */
PS_MUST_CHECK
ps_status ps_prime_is_composite_vartime(const uint8_t *n, size_t len,
                                        ps_limb *scratch);
/* ffi: end */

#endif
