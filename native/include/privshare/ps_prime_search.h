/* Finding primes p for which the factors of p - 1 are known.
 *
 * p = 2 u k + 1 with u a prime: then p is proved from u by one power
 * (Pocklington), and a generator of Z_p* can be told from other elements.
 *
 *   PS_PRIME_KNOWN   u a random prime of 20 bits less than p, k odd and below
 *                    2^20. DSA finds its p for a given q in this way, and
 *                    FIPS 186-5, B.9 and B.10, RSA's primes from auxiliary
 *                    primes; there the auxiliary prime is shorter.
 *   PS_PRIME_SAFE    k = 1: the Sophie Germain pair u and p
 *
 * Source     Pocklington, Proc. Camb. Phil. Soc. 18 (1914): if u > sqrt(p) is
 *            prime, b^(p-1) = 1 and gcd(b^(2k) - 1, p) = 1, then p is prime.
 *            Brandt and Damgard, "On generation of probable primes by
 *            incremental search", CRYPTO '92
 *
 * Distribution   The search draws a random number and takes the first prime
 * from there among 2048 (KNOWN) or 8192 (SAFE) numbers, or draws again. That
 * prefers primes after long gaps; Brandt and Damgard show that it costs less
 * than a bit of entropy. For PS_PRIME_KNOWN and 1024 bits: u has 2^1002 / 696
 * values or 992 bits (the highest and the two lowest bits are set), k 8 bits
 * when u is given; uniform primes of 1024 bits with four bits set would have
 * 1011. p - 1 has a prime factor as long as this for one prime in 50. Nothing
 * is known that finds such primes, or safe ones, more easily than others; that
 * p - 1 has a large factor shuts out Pollard's p - 1 method.
 *
 * Error      u passes the base 2 and eight rounds to bases that nobody chose.
 * By Damgard, Landrock and Pomerance (Math. Comp. 61, 1993) a random odd
 * number of b bits that passes t rounds is composite with probability below
 * b^(3/2) 2^t t^(-1/2) 4^(2 - sqrt(t b)): for t = 8 that is 2^-153 at 1004
 * bits and 2^-193 at 1516, and leaves 40 bits for the sieve and the
 * incremental search. FIPS 186-5, table B.1, asks for 2^-112 and 2^-128.
 *
 * What stays secret   The sieve reads and writes the same addresses whatever
 * the numbers are (src/prime_sieve.h). Public are: how often it was drawn, how
 * many candidates without small factors were tested, and for the second prime
 * of a pair how many were passed over because of the cofactor. These counts
 * are worth a few bits; which candidates they were is not told.
 */
#ifndef PRIVSHARE_PS_PRIME_SEARCH_H
#define PRIVSHARE_PS_PRIME_SEARCH_H

#include "ps_prime.h"

/* ffi: begin */
typedef enum {
    PS_PRIME_KNOWN = 1,
    PS_PRIME_SAFE = 2
} ps_prime_kind;

/* Scratch for the search: a sieve of 260 kB and room for the tests. */
#define PS_PRIME_SEARCH_LIMBS 40192

/** Find a prime in random bytes.
 *
 *  Computes   a prime p = 2 u k + 1 = 3 mod 4 of exactly 8 * len bits with its
 *             two highest bits set; u = 3 mod 4
 *
 *  Returns    PS_OK
 *             PS_E_FEED     the feed held no prime: call again with new bytes
 *             PS_E_RANGE    len is no multiple of 8 in
 *                           [32, PS_PRIME_MAX_BYTES], or no such kind
 *  Out        p          len bytes
 *             cofactor   k; 1 for a safe prime
 *             used       bytes of the feed consumed
 *  In         avoid      an odd number; gcd(k, avoid) = 1. 1 avoids nothing
 *             feed       feed_len bytes, uniform and used once. On average
 *                        PS_PRIME_KNOWN takes len + 8, and PS_PRIME_SAFE
 *                        len^3 / 680; ten times that is almost always enough
 *  Scratch    PS_PRIME_SEARCH_LIMBS limbs, wiped
 *  Secret     p, cofactor, avoid, feed
 *  On error   p is all zero, cofactor is 0
 */
PS_MUST_CHECK
ps_status ps_prime_search(uint8_t *p, uint64_t *cofactor, size_t *used,
                          size_t len, ps_prime_kind kind, uint64_t avoid,
                          const uint8_t *feed, size_t feed_len,
                          const ps_backend *backend, ps_limb *scratch);

/** Find the smallest prime number that generates Z_p*.
 *
 *  Computes   the first g of 2, 3, 5, ... 251 with g^((p-1)/f) != 1 for f = 2,
 *             u = (p - 1) / (2 k), and each prime factor f of k
 *
 *  Returns    PS_OK
 *             PS_E_KEY      the factors are not these: 2 k does not divide
 *                           p - 1, or u is not prime
 *             PS_E_VERIFY   none of the numbers generates: p is not prime, or
 *                           a rare case (1 prime in 2^30)
 *             PS_E_RANGE    len is no multiple of 8 in
 *                           [32, PS_PRIME_MAX_BYTES], or the cofactor is even
 *                           or not below 2^32
 *  Out        g
 *  In         p          len bytes, a prime
 *  Scratch    PS_PRIME_SEARCH_LIMBS limbs, wiped
 *  Secret     p          the cofactor and g are treated as public: 20 bits
 *                        about p, of the 512 that help to factor a product of
 *                        2048 (Coppersmith, EUROCRYPT '96)
 *  On error   g is 0
 */
PS_MUST_CHECK
ps_status ps_prime_generator(uint64_t *g, const uint8_t *p, size_t len,
                             uint64_t cofactor, const ps_backend *backend,
                             ps_limb *scratch);
/* ffi: end */

#endif
