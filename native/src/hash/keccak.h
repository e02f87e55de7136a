/* The permutation with fewer rounds. */
#ifndef PRIVSHARE_KECCAK_H
#define PRIVSHARE_KECCAK_H

#include "privshare/ps_hash.h"

/* Keccak-p[1600, 12]: the last 12 rounds of Keccak-f[1600] (FIPS 202, 3.3;
 * RFC 9861, 2.2). In-out: 25 lanes of 64 bits, lane x + 5y. */
void ps_keccak_p1600_12(uint64_t *lanes25);

#endif
