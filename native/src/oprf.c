/* Batches of oblivious functions, one element at a time. */
#include "privshare/ps_oprf.h"

#include <string.h>

#include "backend/backend.h"
#include "bytes.h"
#include "ct.h"
#include "privshare/ps_hash.h"

/* 1/2 modulo l, that is (l + 1) / 2. */
static const ps_scalar one_half = {
    {0x2c09318d2e7ae9f7, 0x0a6f7cef517bce6b, 0, 0x0800000000000000}};

void ps_oprf_halve(ps_scalar *r, const ps_scalar *s)
{
    ps_scalar_mul(r, s, &one_half);
}

/* The stream after Z_pad, one block of zeros. */
static void begin(ps_sha512 *ctx)
{
    static const uint8_t zeros[128];

    ps_sha512_init(ctx);
    ps_sha512_update(ctx, zeros, sizeof zeros);
}

/* b_0 and b_1 of RFC 9380, section 5.3.1; suffix is tag || len(tag). */
static void expand(uint8_t *out64, const ps_sha512 *begun, const uint8_t *in,
                   size_t len, const uint8_t *suffix, size_t suffix_len)
{
    static const uint8_t length[3] = {0, 64, 0}, one[1] = {1};
    ps_sha512 ctx = *begun;
    uint8_t first[64];

    ps_sha512_update(&ctx, in, len);
    ps_sha512_update(&ctx, length, sizeof length);
    ps_sha512_update(&ctx, suffix, suffix_len);
    ps_sha512_final(first, &ctx);
    ps_sha512_init(&ctx);
    ps_sha512_update(&ctx, first, sizeof first);
    ps_sha512_update(&ctx, one, sizeof one);
    ps_sha512_update(&ctx, suffix, suffix_len);
    ps_sha512_final(out64, &ctx);
    ps_wipe(first, sizeof first);
}

/* Most bytes that fit a block of SHA-512 with its padding. */
enum { ONE_BLOCK = 111, EIGHT = 8 };

/* The next eight messages at once, if each fits a block. */
static int expand_eight(uint8_t *out, const ps_sha512 *begun,
                        const uint8_t *messages, uint64_t from,
                        const uint64_t *ends, const uint8_t *suffix,
                        size_t suffix_len, const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;
    const uint8_t *in[EIGHT];
    size_t len[EIGHT];
    ps_sha512 fresh;

    if (group == NULL || group->expand_eight == NULL
        || suffix_len > ONE_BLOCK - 64 - 1) {
        return 0;
    }
    for (size_t i = 0; i < EIGHT; i++) {
        in[i] = messages + from;
        len[i] = ends[i] - from;
        if (len[i] > ONE_BLOCK - 3 - suffix_len) {
            return 0;
        }
        from = ends[i];
    }
    ps_sha512_init(&fresh);
    group->expand_eight(out, begun, &fresh, in, len, suffix, suffix_len);
    return 1;
}

ps_status ps_oprf_expand(uint8_t *out, const uint8_t *messages,
                         const uint64_t *ends, size_t count,
                         const uint8_t *tag, size_t tag_len,
                         const ps_backend *backend)
{
    uint8_t suffix[PS_OPRF_TAG + 1];
    uint64_t from = 0;
    ps_sha512 begun;

    if (tag_len == 0 || tag_len > PS_OPRF_TAG) {
        return PS_E_RANGE;
    }
    for (size_t i = 0; i < count; i++) {
        if (ends[i] < from) {
            return PS_E_RANGE;
        }
        from = ends[i];
    }
    memcpy(suffix, tag, tag_len);
    suffix[tag_len] = (uint8_t)tag_len;
    begin(&begun);
    from = 0;
    for (size_t i = 0; i < count; i++) {
        if (count - i >= EIGHT
            && expand_eight(out + 64 * i, &begun, messages, from, ends + i,
                            suffix, tag_len + 1, backend)) {
            i += EIGHT - 1;
            from = ends[i];
            continue;
        }
        expand(out + 64 * i, &begun, messages + from, ends[i] - from, suffix,
               tag_len + 1);
        from = ends[i];
    }
    return PS_OK;
}

static void multiply(uint8_t *out32, ps_ristretto255 *p, const ps_scalar *s,
                     const ps_backend *backend)
{
    ps_ristretto255_mul(p, s, p, 1, backend);
    ps_ristretto255_encode(out32, p, 1, backend);
}

void ps_oprf_blind(uint8_t *out, const uint8_t *in, size_t count,
                   const ps_scalar *s, const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;
    ps_ristretto255 p;

    if (group != NULL && group->oprf_blind != NULL
        && group->oprf_blind(out, in, count, s)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ps_ristretto255_from_uniform(&p, in + 64 * i, 1, backend);
        multiply(out + 32 * i, &p, s, backend);
    }
    ps_wipe(&p, sizeof p);
}

/* The identity is written as zeros. */
static int is_identity(const uint8_t *in32)
{
    uint8_t any = 0;

    for (size_t i = 0; i < 32; i++) {
        any |= in32[i];
    }
    return any == 0;
}

static void evaluate(uint8_t *out, size_t *bad, const uint8_t *in,
                     size_t count, const ps_scalar *s,
                     const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;
    ps_ristretto255 p;

    if (group != NULL && group->oprf_evaluate != NULL
        && group->oprf_evaluate(out, bad, in, count, s)) {
        return;
    }
    *bad = count;
    for (size_t i = 0; i < count; i++) {
        size_t one_bad;

        if (is_identity(in + 32 * i)
            || ps_ristretto255_decode(&p, &one_bad, in + 32 * i, 1, backend)
                   != PS_OK) {
            *bad = i;
            break;
        }
        multiply(out + 32 * i, &p, s, backend);
    }
    ps_wipe(&p, sizeof p);
}

ps_status ps_oprf_evaluate(uint8_t *out, size_t *bad, const uint8_t *in,
                           size_t count, const ps_scalar *s,
                           const ps_backend *backend)
{
    evaluate(out, bad, in, count, s, backend);
    if (*bad != count) {
        memset(out, 0, 32 * count);
        return PS_E_ENCODING;
    }
    return PS_OK;
}

void ps_oprf_encode_twice(uint8_t *out, const ps_ristretto255 *p,
                          size_t count, const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;
    ps_ristretto255 twice;

    if (group != NULL && group->encode_twice != NULL
        && group->encode_twice(out, p, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ps_ristretto255_add(&twice, &p[i], &p[i]);
        ps_ristretto255_encode(out + 32 * i, &twice, 1, backend);
    }
    ps_wipe(&twice, sizeof twice);
}
