/* SHA-256, SHA-512, SHA3-256, SHA3-512, SHAKE128 and SHAKE256.
 *
 * Source     FIPS 180-4 (SHA-2), FIPS 202 (SHA-3)
 *
 * Contexts belong to the caller; their fields are private. A context is
 * started with _init, fed with _update any number of times and closed with
 * _final, which wipes it. Copying a context by assignment forks the stream.
 * Time depends on lengths alone; the data may be secret.
 */
#ifndef PRIVSHARE_PS_HASH_H
#define PRIVSHARE_PS_HASH_H

#include "ps_config.h"

/* ffi: begin */
typedef struct {
    const ps_backend *backend;
    uint64_t len;         /* bytes absorbed so far, below 2^61 */
    uint32_t state[8];
    uint8_t block[64];    /* the len mod 64 bytes that wait */
} ps_sha256;

typedef struct {
    uint64_t len;         /* bytes absorbed so far, below 2^61 */
    uint64_t state[8];
    uint8_t block[128];   /* the len mod 128 bytes that wait */
} ps_sha512;

typedef struct {
    uint64_t lanes[25];   /* Keccak state, lane x + 5y */
    uint32_t rate;        /* bytes per permutation */
    uint32_t pos;         /* next byte of the rate, < rate */
    uint32_t squeezing;   /* 0 while absorbing */
    uint32_t suffix;      /* domain bits and first padding bit */
} ps_keccak;

/** Start a SHA-256 stream.
 *
 *  Out        ctx
 *  In         backend    from ps_backend_best or ps_backend_portable
 */
void ps_sha256_init(ps_sha256 *ctx, const ps_backend *backend);

/** Absorb bytes.
 *
 *  In-out     ctx        started and not closed
 *  In         data       len bytes; may be NULL when len is 0
 */
void ps_sha256_update(ps_sha256 *ctx, const uint8_t *data, size_t len);

/** Close the stream and wipe the context.
 *
 *  Out        hash32     32 bytes
 *  In-out     ctx        all zero afterwards
 */
void ps_sha256_final(uint8_t *hash32, ps_sha256 *ctx);

/** SHA-256 of one byte string.
 *
 *  Out        hash32     32 bytes
 *  In         data       len bytes; may be NULL when len is 0
 *  Overlap    hash32 may lie in data
 */
void ps_sha256_digest(uint8_t *hash32, const uint8_t *data, size_t len,
                      const ps_backend *backend);

/** SHA-512: as the SHA-256 calls, with 64 bytes of output. */
void ps_sha512_init(ps_sha512 *ctx);
void ps_sha512_update(ps_sha512 *ctx, const uint8_t *data, size_t len);
void ps_sha512_final(uint8_t *hash64, ps_sha512 *ctx);
void ps_sha512_digest(uint8_t *hash64, const uint8_t *data, size_t len);

/** Start a stream of one of the four functions.
 *
 *  Out        ctx
 */
void ps_sha3_256_init(ps_keccak *ctx);
void ps_sha3_512_init(ps_keccak *ctx);
void ps_shake128_init(ps_keccak *ctx);
void ps_shake256_init(ps_keccak *ctx);

/** Absorb bytes.
 *
 *  In-out     ctx        started, and nothing squeezed yet
 *  In         data       len bytes; may be NULL when len is 0
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    output was drawn already; ctx is untouched
 */
PS_MUST_CHECK
ps_status ps_keccak_absorb(ps_keccak *ctx, const uint8_t *data, size_t len);

/** Draw output; the first call pads and ends the input.
 *
 *  SHA3-256 is the first 32 bytes and SHA3-512 the first 64; the SHAKEs may be
 *  drawn for ever, and the pieces join to one stream. The caller wipes ctx with
 *  ps_wipe when done.
 *
 *  Out        out        len bytes
 *  In-out     ctx
 */
void ps_keccak_squeeze(uint8_t *out, size_t len, ps_keccak *ctx);

/** SHA3-256 of one byte string.
 *
 *  Out        hash32     32 bytes
 *  In         data       len bytes; may be NULL when len is 0
 */
void ps_sha3_256_digest(uint8_t *hash32, const uint8_t *data, size_t len);

/** SHA3-512 of one byte string: as SHA3-256, with 64 bytes of output. */
void ps_sha3_512_digest(uint8_t *hash64, const uint8_t *data, size_t len);

/** SHAKE128 or SHAKE256 of one byte string.
 *
 *  Out        out        out_len bytes
 *  In         data       len bytes; may be NULL when len is 0
 */
void ps_shake128_digest(uint8_t *out, size_t out_len, const uint8_t *data,
                        size_t len);
void ps_shake256_digest(uint8_t *out, size_t out_len, const uint8_t *data,
                        size_t len);

/** The permutation Keccak-f[1600], 24 rounds, for duplex constructions.
 *
 *  In-out     lanes25    25 lanes of 64 bits, lane x + 5y
 */
void ps_keccak_f1600(uint64_t *lanes25);
/* ffi: end */

#endif
