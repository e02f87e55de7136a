/* Keccak-f[1600], SHA3-256, SHA3-512, SHAKE128 and SHAKE256 (FIPS 202). */
#include "keccak.h"

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
enum {
    RATE_SHA3_256 = 136,
    RATE_SHA3_512 = 72,
    RATE_SHAKE128 = 168,
    RATE_SHAKE256 = 136
};

/* gcc at -O2 leaves these loops as they stand, at six times the cost: with all
 * indices known the state stays in registers and the rotations are constants. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 25")
#else
#define UNROLL
#endif

static inline uint64_t rotl(uint64_t x, unsigned n)
{
    return (x << (n & 63)) | (x >> ((64 - n) & 63));
}

static inline void theta(uint64_t *a)
{
    uint64_t c[5];

    UNROLL
    for (int x = 0; x < 5; x++) {
        c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    }
    UNROLL
    for (int x = 0; x < 5; x++) {
        uint64_t d = c[(x + 4) % 5] ^ rotl(c[(x + 1) % 5], 1);
        UNROLL
        for (int y = 0; y < 25; y += 5) {
            a[x + y] ^= d;
        }
    }
}

/* rho and pi in one: lane (x, y) turns and moves to (y, 2x + 3y). */
static inline void rho_pi(uint64_t *b, const uint64_t *a)
{
    UNROLL
    for (int y = 0; y < 5; y++) {
        UNROLL
        for (int x = 0; x < 5; x++) {
            b[y + 5 * ((2 * x + 3 * y) % 5)]
                = rotl(a[x + 5 * y], offset[x + 5 * y]);
        }
    }
}

static inline void chi(uint64_t *a, const uint64_t *b)
{
    UNROLL
    for (int y = 0; y < 25; y += 5) {
        UNROLL
        for (int x = 0; x < 5; x++) {
            a[x + y] = b[x + y] ^ (~b[(x + 1) % 5 + y] & b[(x + 2) % 5 + y]);
        }
    }
}

static inline void permute(uint64_t *lanes25, int first)
{
    uint64_t a[25], moved[25];

    memcpy(a, lanes25, sizeof a);
    for (int round = first; round < 24; round++) {
        theta(a);
        rho_pi(moved, a);
        chi(a, moved);
        a[0] ^= round_constant[round];
    }
    memcpy(lanes25, a, sizeof a);
    ps_wipe(a, sizeof a);
    ps_wipe(moved, sizeof moved);
}

void ps_keccak_f1600(uint64_t *lanes25)
{
    permute(lanes25, 0);
}

void ps_keccak_p1600_12(uint64_t *lanes25)
{
    permute(lanes25, 12);
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

void ps_sha3_512_init(ps_keccak *ctx)
{
    init(ctx, RATE_SHA3_512, SUFFIX_SHA3);
}

void ps_shake128_init(ps_keccak *ctx)
{
    init(ctx, RATE_SHAKE128, SUFFIX_SHAKE);
}

void ps_shake256_init(ps_keccak *ctx)
{
    init(ctx, RATE_SHAKE256, SUFFIX_SHAKE);
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
    for (size_t i = 0; i < len;) {
        if (ctx->pos == ctx->rate) {
            ps_keccak_f1600(ctx->lanes);
            ctx->pos = 0;
        }
        uint64_t lane = ctx->lanes[ctx->pos / 8];

        if (ctx->pos % 8 == 0 && len - i >= 8) {
            ps_store64_le(out + i, lane);
            ctx->pos += 8;
            i += 8;
        } else {
            out[i++] = (uint8_t)(lane >> (8 * (ctx->pos % 8)));
            ctx->pos++;
        }
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

void ps_sha3_512_digest(uint8_t *hash64, const uint8_t *data, size_t len)
{
    ps_keccak ctx;

    ps_sha3_512_init(&ctx);
    digest(hash64, 64, &ctx, data, len);
}

void ps_shake128_digest(uint8_t *out, size_t out_len, const uint8_t *data,
                        size_t len)
{
    ps_keccak ctx;

    ps_shake128_init(&ctx);
    digest(out, out_len, &ctx, data, len);
}

void ps_shake256_digest(uint8_t *out, size_t out_len, const uint8_t *data,
                        size_t len)
{
    ps_keccak ctx;

    ps_shake256_init(&ctx);
    digest(out, out_len, &ctx, data, len);
}
