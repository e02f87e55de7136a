/* Keccak-f[1600], SHA3-256 and SHAKE128 (FIPS 202). */
#include "privshare/ps_hash.h"

#include "../bytes.h"

/* FIPS 202, 3.2.5: bit 2^j - 1 of round i is rc(j + 7i), where rc(t) is the
 * constant term of x^t mod x^8 + x^6 + x^5 + x^4 + 1 over GF(2). */
static const uint64_t round_constant[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a,
    0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a,
    0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081,
    0x8000000000008080, 0x0000000080000001, 0x8000000080008008
};

/* FIPS 202, 3.2.2: lane (x, y) turns by (t + 1)(t + 2)/2 mod 64, where t
 * counts the steps (x, y) -> (y, 2x + 3y) from (1, 0); lane (0, 0) rests. */
static const unsigned offset[25] = {
    0, 1, 62, 28, 27,
    36, 44, 6, 55, 20,
    3, 10, 43, 25, 39,
    41, 45, 15, 21, 8,
    18, 2, 61, 56, 14
};

/* Domain suffix and first padding bit, FIPS 202, 6.1 and 6.2, table 6. */
enum { SUFFIX_SHA3 = 0x06, SUFFIX_SHAKE = 0x1f };

/* Rate in bytes: 200 - 2 * (security strength in bytes). */
enum { RATE_SHA3_256 = 136, RATE_SHAKE128 = 168 };

static uint64_t rotl(uint64_t x, unsigned n)
{
    return (x << (n & 63)) | (x >> ((64 - n) & 63));
}

static void theta(uint64_t *a)
{
    uint64_t c[5];

    for (int x = 0; x < 5; x++) {
        c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    }
    for (int x = 0; x < 5; x++) {
        uint64_t d = c[(x + 4) % 5] ^ rotl(c[(x + 1) % 5], 1);
        for (int y = 0; y < 25; y += 5) {
            a[x + y] ^= d;
        }
    }
}

/* rho and pi in one: lane (x, y) turns and moves to (y, 2x + 3y). */
static void rho_pi(uint64_t *b, const uint64_t *a)
{
    for (int y = 0; y < 5; y++) {
        for (int x = 0; x < 5; x++) {
            b[y + 5 * ((2 * x + 3 * y) % 5)]
                = rotl(a[x + 5 * y], offset[x + 5 * y]);
        }
    }
}

static void chi(uint64_t *a, const uint64_t *b)
{
    for (int y = 0; y < 25; y += 5) {
        for (int x = 0; x < 5; x++) {
            a[x + y] = b[x + y] ^ (~b[(x + 1) % 5 + y] & b[(x + 2) % 5 + y]);
        }
    }
}

void ps_keccak_f1600(uint64_t *lanes25)
{
    uint64_t moved[25];

    for (int round = 0; round < 24; round++) {
        theta(lanes25);
        rho_pi(moved, lanes25);
        chi(lanes25, moved);
        lanes25[0] ^= round_constant[round];
    }
    ps_wipe(moved, sizeof moved);
}

static void init(ps_keccak *ctx, uint32_t rate, uint32_t suffix)
{
    memset(ctx, 0, sizeof *ctx);
    ctx->rate = rate;
    ctx->suffix = suffix;
}

void ps_sha3_256_init(ps_keccak *ctx)
{
    init(ctx, RATE_SHA3_256, SUFFIX_SHA3);
}

void ps_shake128_init(ps_keccak *ctx)
{
    init(ctx, RATE_SHAKE128, SUFFIX_SHAKE);
}

static void xor_byte(ps_keccak *ctx, uint32_t pos, uint8_t byte)
{
    ctx->lanes[pos / 8] ^= (uint64_t)byte << (8 * (pos % 8));
}

ps_status ps_keccak_absorb(ps_keccak *ctx, const uint8_t *data, size_t len)
{
    if (ctx->squeezing) {
        return PS_E_RANGE;
    }
    for (size_t i = 0; i < len;) {
        if (ctx->pos % 8 == 0 && len - i >= 8) {
            ctx->lanes[ctx->pos / 8] ^= ps_load64_le(data + i);
            ctx->pos += 8;
            i += 8;
        } else {
            xor_byte(ctx, ctx->pos++, data[i++]);
        }
        if (ctx->pos == ctx->rate) {
            ps_keccak_f1600(ctx->lanes);
            ctx->pos = 0;
        }
    }
    return PS_OK;
}

/* Padding pad10*1, FIPS 202, 5.1. */
static void finish(ps_keccak *ctx)
{
    xor_byte(ctx, ctx->pos, (uint8_t)ctx->suffix);
    xor_byte(ctx, ctx->rate - 1, 0x80);
    ps_keccak_f1600(ctx->lanes);
    ctx->pos = 0;
    ctx->squeezing = 1;
}

void ps_keccak_squeeze(uint8_t *out, size_t len, ps_keccak *ctx)
{
    if (!ctx->squeezing) {
        finish(ctx);
    }
    for (size_t i = 0; i < len; i++) {
        if (ctx->pos == ctx->rate) {
            ps_keccak_f1600(ctx->lanes);
            ctx->pos = 0;
        }
        out[i] = (uint8_t)(ctx->lanes[ctx->pos / 8] >> (8 * (ctx->pos % 8)));
        ctx->pos++;
    }
}

static void digest(uint8_t *out, size_t out_len, ps_keccak *ctx,
                   const uint8_t *data, size_t len)
{
    ps_status status = ps_keccak_absorb(ctx, data, len);
    (void)status; /* a fresh context always absorbs */
    ps_keccak_squeeze(out, out_len, ctx);
    ps_wipe(ctx, sizeof *ctx);
}

void ps_sha3_256_digest(uint8_t *hash32, const uint8_t *data, size_t len)
{
    ps_keccak ctx;

    ps_sha3_256_init(&ctx);
    digest(hash32, 32, &ctx, data, len);
}

void ps_shake128_digest(uint8_t *out, size_t out_len, const uint8_t *data,
                        size_t len)
{
    ps_keccak ctx;

    ps_shake128_init(&ctx);
    digest(out, out_len, &ctx, data, len);
}
