/* SHA-512 (FIPS 180-4, section 6.4). */
#include "privshare/ps_hash.h"

#include "../backend/backend.h"
#include "../bytes.h"

/* FIPS 180-4, 4.2.3: floor(2^64 * frac(cbrt(p))), p the first 80 primes. */
const uint64_t ps_sha512_k[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
    0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
    0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
    0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
    0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
    0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
    0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
    0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
    0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
    0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
    0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
    0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
    0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
    0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
    0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
    0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
    0x5fcb6fab3ad6faec, 0x6c44198c4a475817
};

/* FIPS 180-4, 5.3.5: floor(2^64 * frac(sqrt(p))), p the first 8 primes. */
static const uint64_t initial[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
    0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
    0x1f83d9abfb41bd6b, 0x5be0cd19137e2179
};

static uint64_t rotr(uint64_t x, unsigned n)
{
    return (x >> n) | (x << (64 - n));
}

static void expand(uint64_t *w80, const uint8_t *block128)
{
    for (int t = 0; t < 16; t++) {
        w80[t] = ps_load64_be(block128 + 8 * t);
    }
    for (int t = 16; t < 80; t++) {
        uint64_t x = w80[t - 15];
        uint64_t y = w80[t - 2];
        uint64_t s0 = rotr(x, 1) ^ rotr(x, 8) ^ (x >> 7);
        uint64_t s1 = rotr(y, 19) ^ rotr(y, 61) ^ (y >> 6);
        w80[t] = w80[t - 16] + s0 + w80[t - 7] + s1;
    }
}

static void compress(uint64_t *state8, const uint64_t *w80)
{
    uint64_t a = state8[0], b = state8[1], c = state8[2], d = state8[3];
    uint64_t e = state8[4], f = state8[5], g = state8[6], h = state8[7];

    for (int t = 0; t < 80; t++) {
        uint64_t big1 = rotr(e, 14) ^ rotr(e, 18) ^ rotr(e, 41);
        uint64_t ch = g ^ (e & (f ^ g));
        uint64_t t1 = h + big1 + ch + ps_sha512_k[t] + w80[t];
        uint64_t big0 = rotr(a, 28) ^ rotr(a, 34) ^ rotr(a, 39);
        uint64_t maj = (a & b) | (c & (a | b));
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

static void blocks(uint64_t *state8, const uint8_t *data, size_t count)
{
    uint64_t w[80];

    for (size_t i = 0; i < count; i++) {
        expand(w, data + 128 * i);
        compress(state8, w);
    }
    ps_wipe(w, sizeof w);
}

void ps_sha512_init(ps_sha512 *ctx)
{
    memset(ctx, 0, sizeof *ctx);
    memcpy(ctx->state, initial, sizeof initial);
}

void ps_sha512_update(ps_sha512 *ctx, const uint8_t *data, size_t len)
{
    size_t waiting = (size_t)(ctx->len % 128);

    ctx->len += len;
    if (waiting != 0) {
        size_t room = 128 - waiting;
        size_t take = len < room ? len : room;
        ps_copy(ctx->block + waiting, data, take);
        if (take < room) {
            return;
        }
        blocks(ctx->state, ctx->block, 1);
        data += take;
        len -= take;
    }
    if (len >= 128) {
        size_t whole = len / 128;
        blocks(ctx->state, data, whole);
        data += 128 * whole;
        len -= 128 * whole;
    }
    ps_copy(ctx->block, data, len);
}

/* Padding, 5.1.2: a one bit, zeros, the length in bits as 128 bits. */
void ps_sha512_final(uint8_t *hash64, ps_sha512 *ctx)
{
    size_t waiting = (size_t)(ctx->len % 128);
    uint64_t n_bits = ctx->len * 8;

    ctx->block[waiting++] = 0x80;
    if (waiting > 112) {
        memset(ctx->block + waiting, 0, 128 - waiting);
        blocks(ctx->state, ctx->block, 1);
        waiting = 0;
    }
    memset(ctx->block + waiting, 0, 120 - waiting);
    ps_store64_be(ctx->block + 120, n_bits);
    blocks(ctx->state, ctx->block, 1);
    for (int i = 0; i < 8; i++) {
        ps_store64_be(hash64 + 8 * i, ctx->state[i]);
    }
    ps_wipe(ctx, sizeof *ctx);
}

void ps_sha512_digest(uint8_t *hash64, const uint8_t *data, size_t len)
{
    ps_sha512 ctx;

    ps_sha512_init(&ctx);
    ps_sha512_update(&ctx, data, len);
    ps_sha512_final(hash64, &ctx);
}
