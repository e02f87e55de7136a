/* SHA-256 (FIPS 180-4, section 6.2). */
#include "privshare/ps_hash.h"

#include "../backend/backend.h"
#include "../bytes.h"

/* FIPS 180-4, 4.2.2: floor(2^32 * frac(cbrt(p))), p the first 64 primes. */
const uint32_t ps_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

/* FIPS 180-4, 5.3.3: floor(2^32 * frac(sqrt(p))), p the first 8 primes. */
static const uint32_t initial[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
};

static uint32_t rotr(uint32_t x, unsigned n)
{
    return (x >> n) | (x << (32 - n));
}

/* The message schedule, 6.2.2 step 1. */
static void expand(uint32_t *w64, const uint8_t *block64)
{
    for (int t = 0; t < 16; t++) {
        w64[t] = ps_load32_be(block64 + 4 * t);
    }
    for (int t = 16; t < 64; t++) {
        uint32_t x = w64[t - 15];
        uint32_t y = w64[t - 2];
        uint32_t s0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
        uint32_t s1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >> 10);
        w64[t] = w64[t - 16] + s0 + w64[t - 7] + s1;
    }
}

static void compress(uint32_t *state8, const uint32_t *w64)
{
    uint32_t a = state8[0], b = state8[1], c = state8[2], d = state8[3];
    uint32_t e = state8[4], f = state8[5], g = state8[6], h = state8[7];

    for (int t = 0; t < 64; t++) {
        uint32_t big1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
        uint32_t ch = g ^ (e & (f ^ g));
        uint32_t t1 = h + big1 + ch + ps_sha256_k[t] + w64[t];
        uint32_t big0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
        uint32_t maj = (a & b) | (c & (a | b));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + big0 + maj;
    }
    state8[0] += a;
    state8[1] += b;
    state8[2] += c;
    state8[3] += d;
    state8[4] += e;
    state8[5] += f;
    state8[6] += g;
    state8[7] += h;
}

void ps_sha256_blocks_portable(uint32_t *state8, const uint8_t *blocks,
                               size_t count)
{
    uint32_t w[64];

    for (size_t i = 0; i < count; i++) {
        expand(w, blocks + 64 * i);
        compress(state8, w);
    }
    ps_wipe(w, sizeof w);
}

void ps_sha256_init(ps_sha256 *ctx, const ps_backend *backend)
{
    memset(ctx, 0, sizeof *ctx);
    ctx->backend = backend;
    memcpy(ctx->state, initial, sizeof initial);
}

void ps_sha256_update(ps_sha256 *ctx, const uint8_t *data, size_t len)
{
    size_t waiting = (size_t)(ctx->len % 64);

    ctx->len += len;
    if (waiting != 0) {
        size_t room = 64 - waiting;
        size_t take = len < room ? len : room;
        ps_copy(ctx->block + waiting, data, take);
        if (take < room) {
            return;
        }
        ctx->backend->sha256_blocks(ctx->state, ctx->block, 1);
        data += take;
        len -= take;
    }
    if (len >= 64) {
        size_t whole = len / 64;
        ctx->backend->sha256_blocks(ctx->state, data, whole);
        data += 64 * whole;
        len -= 64 * whole;
    }
    ps_copy(ctx->block, data, len);
}

/* Padding, 5.1.1: a one bit, zeros, the length in bits as 64 bits. */
void ps_sha256_final(uint8_t *hash32, ps_sha256 *ctx)
{
    size_t waiting = (size_t)(ctx->len % 64);
    uint64_t n_bits = ctx->len * 8;

    ctx->block[waiting++] = 0x80;
    if (waiting > 56) {
        memset(ctx->block + waiting, 0, 64 - waiting);
        ctx->backend->sha256_blocks(ctx->state, ctx->block, 1);
        waiting = 0;
    }
    memset(ctx->block + waiting, 0, 56 - waiting);
    ps_store64_be(ctx->block + 56, n_bits);
    ctx->backend->sha256_blocks(ctx->state, ctx->block, 1);
    for (int i = 0; i < 8; i++) {
        ps_store32_be(hash32 + 4 * i, ctx->state[i]);
    }
    ps_wipe(ctx, sizeof *ctx);
}

void ps_sha256_digest(uint8_t *hash32, const uint8_t *data, size_t len,
                      const ps_backend *backend)
{
    ps_sha256 ctx;

    ps_sha256_init(&ctx, backend);
    ps_sha256_update(&ctx, data, len);
    ps_sha256_final(hash32, &ctx);
}
