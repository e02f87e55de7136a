/* What the tests share: CHECK, numbers from hex, bytes that look random. */
#ifndef PRIVSHARE_TESTS_CHECK_H
#define PRIVSHARE_TESTS_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "privshare/ps_hash.h"
#include "privshare/ps_mpn.h"

/* Unlike assert it stays in every build. */
#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__,     \
                    #condition);                                            \
            exit(1);                                                        \
        }                                                                   \
    } while (0)

/* Reads hex digits into exactly len bytes. */
static inline void from_hex(uint8_t *out, size_t len, const char *hex)
{
    CHECK(strlen(hex) == 2 * len);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
        out[i] = (uint8_t)byte;
    }
}

static inline int equals_hex(const uint8_t *bytes, size_t len,
                             const char *hex)
{
    uint8_t expected[256];
    CHECK(len <= sizeof expected);
    from_hex(expected, len, hex);
    return memcmp(bytes, expected, len) == 0;
}

/* The same bytes in every run: SHAKE128 of a counter. */
static inline void pseudo_random(void *out, size_t len)
{
    static uint32_t counter;
    counter++;
    ps_shake128_digest(out, len, (const uint8_t *)&counter, sizeof counter);
}

/* Limbs that lean to the edges: long runs of ones and zeros are common. */
static inline void edgy(ps_limb *out, size_t limbs)
{
    pseudo_random(out, limbs * sizeof *out);
    for (size_t i = 0; i < limbs; i++) {
        switch (out[i] % 8) {
        case 0: out[i] = 0; break;
        case 1: out[i] = ~(ps_limb)0; break;
        case 2: out[i] = 1; break;
        case 3: out[i] = (ps_limb)1 << 63; break;
        default: break;
        }
    }
}

#endif
