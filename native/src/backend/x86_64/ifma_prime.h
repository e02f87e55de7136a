/* Primes, eight numbers at a time: what ps_prime_backend lists. */
#ifndef PRIVSHARE_BACKEND_IFMA_PRIME_H
#define PRIVSHARE_BACKEND_IFMA_PRIME_H

#include "../../prime_sieve.h"
#include "lanes.h"

#if defined(PS_HAVE_LANES)

/* ifma_sieve.c */
void ps_lanes_residues(ps_limb *rest, const ps_sieve *s, const ps_limb *x,
                       size_t limbs);
void ps_lanes_times(ps_limb *product, const ps_sieve *s, const ps_limb *a,
                    const ps_limb *b);
void ps_lanes_invert(ps_limb *inverse, const ps_sieve *s, const ps_limb *a);
void ps_lanes_mark(ps_sieve *s, const ps_limb *place);

/* ifma_prime.c */
extern const ps_prime_backend ps_lanes_prime;

#endif
#endif
