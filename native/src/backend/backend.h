/* The few hot functions, as one constant table.
 *
 * portable.c holds the table that is always there. cpu.c chooses. A faster
 * table may take single entries from the portable one.
 */
#ifndef PRIVSHARE_BACKEND_H
#define PRIVSHARE_BACKEND_H

#include "privshare/ps_config.h"

struct ps_backend {
    const char *name;
    /* Compress count blocks of 64 bytes into the state (FIPS 180-4, 6.2.2). */
    void (*sha256_blocks)(uint32_t *state8, const uint8_t *blocks,
                          size_t count);
};

extern const ps_backend ps_backend_table_portable;

#if defined(__x86_64__) && defined(__GNUC__)
#define PS_HAVE_X86_64 1
extern const ps_backend ps_backend_table_sha_ni;
#endif

void ps_sha256_blocks_portable(uint32_t *state8, const uint8_t *blocks,
                               size_t count);

/* FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube
 * roots of the first 64 primes (tools/check_constants.py recomputes them). */
extern const uint32_t ps_sha256_k[64];

#endif
