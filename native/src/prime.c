/* Miller-Rabin. */
#include "privshare/ps_prime.h"

#include <string.h>

#include "bytes.h"
#include "mpn/limb.h"
#include "prime_sieve.h"
#include "privshare/ps_hash.h"

#define MAX_LIMBS (2 * PS_PRIME_MAX_BYTES / 8)

/* p - 1 = 2^s * odd, and what the rounds need of it. */
typedef struct {
    ps_mont mont;
    ps_limb odd[MAX_LIMBS];
    ps_limb minus_one[MAX_LIMBS];   /* -1 in Montgomery form */
    size_t s;
} rabin;

static void shift_right(ps_limb *a, size_t limbs, size_t bits)
{
    size_t words = bits / 64;
    size_t rest = bits % 64;

    for (size_t i = 0; i < limbs; i++) {
        ps_limb low = i + words < limbs ? a[i + words] : 0;
        ps_limb high = i + words + 1 < limbs ? a[i + words + 1] : 0;
        a[i] = rest == 0 ? low : (low >> rest) | (high << (64 - rest));
    }
}

/* Trailing zeros of a, which are made public. */
static size_t trailing_zeros(const ps_limb *a, size_t limbs)
{
    for (size_t i = 0; i < 64 * limbs; i++) {
        ps_limb bit = (a[i / 64] >> (i % 64)) & 1;
        PS_PUBLIC(&bit, sizeof bit);
        if (bit) {
            return i;
        }
    }
    return 64 * limbs;
}

static ps_status rabin_init(rabin *t, const ps_limb *p, size_t limbs)
{
    ps_limb zero[MAX_LIMBS] = {0};

    memset(t, 0, sizeof *t);
    if (ps_mont_init(&t->mont, p, limbs) != PS_OK) {
        return PS_E_VERIFY;
    }
    memcpy(t->odd, p, limbs * sizeof *p);
    t->odd[0] -= 1;
    t->s = trailing_zeros(t->odd, limbs);
    shift_right(t->odd, limbs, t->s);
    ps_mont_sub(t->minus_one, zero, t->mont.one, &t->mont);
    return PS_OK;
}

/* 1 when p passes for this base, given in Montgomery form. The bases 0 and
 * +-1 say nothing and pass. */
static ps_limb round_passes(const rabin *t, const ps_limb *base,
                            ps_limb *table)
{
    ps_limb x[MAX_LIMBS];
    size_t n = t->mont.limbs;
    ps_limb passes = ps_mpn_is_zero(base, n);

    ps_mont_exp(x, base, t->odd, n, &t->mont, table);
    passes |= ps_mpn_is_equal(x, t->mont.one, n);
    for (size_t i = 0; i < t->s; i++) {
        passes |= ps_mpn_is_equal(x, t->minus_one, n);
        ps_mont_sqr(x, x, &t->mont);
    }
    ps_wipe(x, sizeof x);
    PS_PUBLIC(&passes, sizeof passes);
    return passes;
}

static void start_bases(ps_keccak *stream, const uint8_t *p, size_t len)
{
    static const uint8_t label[] = "privshare/prime";

    ps_shake128_init(stream);
    if (ps_keccak_absorb(stream, label, sizeof label - 1) != PS_OK
        || ps_keccak_absorb(stream, p, len) != PS_OK) {
        memset(stream, 0, sizeof *stream); /* not reached: a fresh stream */
    }
}

/* Bits of p, which are made public: its length is. */
static size_t bit_length(const ps_limb *p, size_t limbs)
{
    for (size_t i = 64 * limbs; i-- > 0;) {
        ps_limb bit = (p[i / 64] >> (i % 64)) & 1;
        PS_PUBLIC(&bit, sizeof bit);
        if (bit) {
            return i + 1;
        }
    }
    return 0;
}

/* A group of bases: all at once, or one after the other. */
static ps_limb group_passes(const rabin *t, ps_limb *bases,
                            const ps_prime_backend *ops, ps_limb *scratch)
{
    const ps_mont *mont = &t->mont;
    size_t n = mont->limbs;
    ps_limb passes = 1;

    if (ops->rounds != NULL) {
        passes = ops->rounds(mont->m, bases, t->odd, t->s, n,
                             bit_length(mont->m, n), scratch);
        PS_PUBLIC(&passes, sizeof passes);
        return passes;
    }
    for (size_t i = 0; i < PS_PRIME_GROUP && passes; i++) {
        ps_mont_enter(bases + i * n, bases + i * n, mont);
        passes = round_passes(t, bases + i * n, scratch);
    }
    return passes;
}

static ps_status rounds_pass(const rabin *t, const uint8_t *p, size_t len,
                             size_t rounds, const ps_prime_backend *ops,
                             ps_limb *scratch)
{
    ps_keccak stream;
    uint8_t bytes[8];
    ps_limb bases[PS_PRIME_GROUP * MAX_LIMBS];
    size_t n = t->mont.limbs;
    ps_limb passes = 1;

    start_bases(&stream, p, len);
    for (size_t i = 0; i < rounds && passes; i += PS_PRIME_GROUP) {
        for (size_t j = 0; j < PS_PRIME_GROUP * n; j++) {
            ps_keccak_squeeze(bytes, 8, &stream);
            bases[j] = ps_load64_le(bytes);
        }
        passes = group_passes(t, bases, ops, scratch);
    }
    ps_wipe(&stream, sizeof stream);
    ps_wipe(bytes, sizeof bytes);
    ps_wipe(bases, sizeof bases);
    return passes ? PS_OK : PS_E_VERIFY;
}

ps_status ps_prime_check(const uint8_t *p, size_t len, size_t rounds,
                         const ps_backend *backend, ps_limb *scratch)
{
    rabin t;
    ps_limb limbs[MAX_LIMBS];
    size_t n = (len + 7) / 8;
    ps_status status;

    if (len == 0 || len > PS_PRIME_MAX_BYTES) {
        return PS_E_RANGE;
    }
    status = ps_mpn_from_bytes(limbs, n, p, len);
    if (status == PS_OK) {
        status = rabin_init(&t, limbs, n);
    }
    if (status == PS_OK) {
        status = rounds_pass(&t, p, len, rounds,
                             ps_prime_backend_of(backend), scratch);
        ps_wipe(&t, sizeof t);
    }
    ps_wipe(limbs, sizeof limbs);
    return status;
}

ps_status ps_prime_is_composite_vartime(const uint8_t *n, size_t len,
                                        ps_limb *scratch)
{
    rabin t;
    ps_limb limbs[MAX_LIMBS];
    ps_limb two[MAX_LIMBS] = {2};
    size_t count = (len + 7) / 8;

    if (len == 0 || len > 2 * PS_PRIME_MAX_BYTES) {
        return PS_E_RANGE;
    }
    if (ps_mpn_from_bytes(limbs, count, n, len) != PS_OK
        || rabin_init(&t, limbs, count) != PS_OK) {
        return PS_E_KEY;
    }
    ps_mont_enter(two, two, &t.mont);
    return round_passes(&t, two, scratch) ? PS_E_KEY : PS_OK;
}
