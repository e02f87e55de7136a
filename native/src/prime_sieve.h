/* Sieving secret numbers without looking where they are.
 *
 * A sieve that crosses out multiples writes at addresses that tell the first
 * number modulo every small prime, which is all of it. This one reads and
 * writes the whole window for every mark: with eight words a vector that costs
 * 0.1 ms for a window of 2048, a hundredth of the tests it spares.
 *
 * The numbers of a window are a + b i, i < 64 * words; bit i of `window` is 1
 * when a prime below 2^16 divides number i. Residues and places are arrays
 * with an entry for each prime of the sieve.
 */
#ifndef PRIVSHARE_PRIME_SIEVE_H
#define PRIVSHARE_PRIME_SIEVE_H

#include "privshare/ps_config.h"
#include "privshare/ps_prime.h"

/* 6541 odd primes below 2^16; the last one again fills up the last vector. */
enum { SIEVE_PRIMES = 6544, SIEVE_WORDS = 128, SIEVE_LIMIT = 1 << 16 };

/* Room for tests, in limbs. */
#define PS_PRIME_ROOM_LIMBS PS_PRIME_SCRATCH_LIMBS

/* Reciprocals have so many bits; what is reduced has no more. */
enum { SIEVE_BITS = 52 };

typedef struct {
    ps_limb prime[SIEVE_PRIMES];
    ps_limb inv[SIEVE_PRIMES];       /* floor(2^52 / prime) */
    ps_limb quarter[SIEVE_PRIMES];   /* -1/4 modulo the prime */
    ps_limb rest[SIEVE_PRIMES];
    ps_limb place[SIEVE_PRIMES];
    ps_limb window[SIEVE_WORDS];
    size_t words;                    /* a multiple of 8 */
} ps_sieve;

/* What a processor can do faster. Secret: everything but limbs and count. */
typedef struct ps_prime_backend {
    size_t group;                    /* candidates it tests at a time */
    /* rest = x modulo the primes. */
    void (*residues)(ps_limb *rest, const ps_sieve *s, const ps_limb *x,
                     size_t limbs);
    /* r = a b modulo the primes, canonical; a and b below 2^20. */
    void (*times)(ps_limb *r, const ps_sieve *s, const ps_limb *a,
                  const ps_limb *b);
    /* r = a^-1 modulo the primes; r is not a. */
    void (*invert)(ps_limb *r, const ps_sieve *s, const ps_limb *a);
    /* Cross out the places given, and every prime-th after them. */
    void (*mark)(ps_sieve *s, const ps_limb *place);
    /* passes[i] is 1 when 2^((c-1)/2) = +-1 mod c, for candidate number i of
     * count <= group: odd numbers of exactly `bits` bits, one after the other
     * in `limbs` limbs each. */
    void (*euler)(ps_limb *passes, const ps_limb *candidates, size_t count,
                  size_t limbs, size_t bits, ps_limb *scratch);
    /* 1 when p passes Miller-Rabin to `group` bases of limbs limbs each;
     * p - 1 = 2^s odd, and p has `bits` bits. NULL in the portable table. */
    ps_limb (*rounds)(const ps_limb *p, const ps_limb *bases,
                      const ps_limb *odd, size_t s, size_t limbs,
                      size_t bits, ps_limb *scratch);
} ps_prime_backend;

/** The table of a backend, or the portable one. */
const ps_prime_backend *ps_prime_backend_of(const ps_backend *backend);

extern const ps_prime_backend ps_prime_backend_portable;

/** Fill in the primes and what belongs to them. */
void ps_sieve_init(ps_sieve *s);

/** Open a window of so many words, a multiple of 8. */
void ps_sieve_clear(ps_sieve *s, size_t words);

/** The first number that is not crossed out, which is then crossed out.
 *
 *  Returns    1, or 0 when there is none left; this is made public
 *  Out        i          its place
 *  Secret     window, i
 */
ps_limb ps_sieve_next(ps_limb *i, ps_sieve *s);

#endif
