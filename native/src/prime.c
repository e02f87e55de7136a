/* Miller-Rabin, and the search for primes. */
#include "privshare/ps_prime.h"

#include <string.h>

#include "bytes.h"
#include "mpn/limb.h"
#include "privshare/ps_hash.h"

#define MAX_LIMBS (2 * PS_PRIME_MAX_BYTES / 8)

/* Rounds for random candidates, which nobody chose to deceive the test: the
 * average-case bounds of Damgard, Landrock and Pomerance (Math. Comp. 61,
 * 1993), on which the tables of FIPS 186-5, appendix B, rest, ask for fewer
 * from 1024 bits on. */
enum { ROUNDS_RANDOM = 8 };

/* Trial division of candidates stops here. Each doubling of the limit spares
 * about one test in fourteen and doubles the cost of a surviving candidate;
 * between 2^12 and 2^14 the sum is flat. Two primes fit a product below 2^32
 * up to 2^16. */
enum { SIEVE_LIMIT = 8192 };

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

static ps_status rounds_pass(const rabin *t, const uint8_t *p, size_t len,
                             size_t rounds, ps_limb *table)
{
    ps_keccak stream;
    uint8_t bytes[8 * MAX_LIMBS];
    ps_limb base[MAX_LIMBS];
    size_t n = t->mont.limbs;
    ps_limb passes = 1;

    start_bases(&stream, p, len);
    for (size_t i = 0; i < rounds && passes; i++) {
        ps_keccak_squeeze(bytes, 8 * n, &stream);
        for (size_t j = 0; j < n; j++) {
            base[j] = ps_load64_le(bytes + 8 * j);
        }
        ps_mont_enter(base, base, &t->mont);
        passes = round_passes(t, base, table);
    }
    ps_wipe(&stream, sizeof stream);
    ps_wipe(bytes, sizeof bytes);
    ps_wipe(base, sizeof base);
    return passes ? PS_OK : PS_E_VERIFY;
}

ps_status ps_prime_check(const uint8_t *p, size_t len, size_t rounds,
                         ps_limb *scratch)
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
        status = rounds_pass(&t, p, len, rounds, scratch);
        ps_wipe(&t, sizeof t);
    }
    ps_wipe(limbs, sizeof limbs);
    return status;
}

/* x mod d without a division by or of anything secret: d is public, and the
 * quotient comes from its reciprocal. d < 2^32.
 *
 * With inv = floor((2^64 - 1) / d) and x < 2^64, the estimate
 * floor(x * inv / 2^64) is the quotient or one less. */
static ps_limb reduce_word(ps_limb x, ps_limb d, ps_limb inv)
{
    ps_limb quotient = (ps_limb)(((ps_wide)x * inv) >> 64);
    ps_limb rest = x - quotient * d;
    ps_limb less = rest - d;
    return ct_select(ct_mask(less >> 63), rest, less);
}

static ps_limb reduce_bytes(const uint8_t *x, size_t len, ps_limb d)
{
    ps_limb inv = ~(ps_limb)0 / d;
    ps_limb rest = 0;

    for (size_t i = 0; i < len; i += 4) {
        rest = reduce_word((rest << 32) | ps_load32_be(x + i), d, inv);
    }
    return rest;
}

/* The odd primes below SIEVE_LIMIT one after the other. */
static unsigned next_prime(unsigned p)
{
    for (;;) {
        unsigned d = 3;
        p += 2;
        while (d * d <= p && p % d != 0) {
            d += 2;
        }
        if (d * d > p) {
            return p;
        }
    }
}

typedef struct {
    uint16_t primes[SIEVE_LIMIT / 4];
    size_t count;
} sieve;

static void sieve_init(sieve *s)
{
    s->count = 0;
    for (unsigned p = 3; p < SIEVE_LIMIT; p = next_prime(p)) {
        s->primes[s->count++] = (uint16_t)p;
    }
}

/* Primes go in pairs, whose product is below 2^32: one pass over the bytes
 * serves two. len is a multiple of 4. */
static int survives(const sieve *s, const uint8_t *x, size_t len)
{
    for (size_t i = 0; i < s->count; i += 2) {
        ps_limb a = s->primes[i];
        ps_limb b = i + 1 < s->count ? s->primes[i + 1] : 1;
        ps_limb rest = reduce_bytes(x, len, a * b);
        ps_limb zero = ct_mask_zero(reduce_word(rest, a, ~(ps_limb)0 / a));
        if (b != 1) {
            zero |= ct_mask_zero(reduce_word(rest, b, ~(ps_limb)0 / b));
        }
        PS_PUBLIC(&zero, sizeof zero);
        if (zero) {
            return 0;
        }
    }
    return 1;
}

ps_status ps_prime_search(uint8_t *p, size_t *used, size_t len,
                          const uint8_t *feed, size_t feed_len,
                          ps_limb *scratch)
{
    sieve s;

    *used = 0;
    memset(p, 0, len);
    if (len < 32 || len > PS_PRIME_MAX_BYTES || len % 8 != 0) {
        return PS_E_RANGE;
    }
    sieve_init(&s);
    while (feed_len - *used >= len) {
        memcpy(p, feed + *used, len);
        *used += len;
        p[0] |= 0xc0;
        p[len - 1] |= 0x03;
        if (survives(&s, p, len)
            && ps_prime_check(p, len, ROUNDS_RANDOM, scratch) == PS_OK) {
            return PS_OK;
        }
    }
    ps_wipe(p, len);
    return PS_E_FEED;
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
