/* The sieve in plain C; see prime_sieve.h. */
#include "prime_sieve.h"

#include <string.h>

#include "backend/backend.h"
#include "mpn/limb.h"

/* Eratosthenes; 2i + 1 has its odd multiples at i + (2i + 1) j. */
static void odd_composites(uint8_t *composite)
{
    for (size_t i = 1; (2 * i + 1) * (2 * i + 1) < SIEVE_LIMIT; i++) {
        for (size_t j = 3 * i + 1; !composite[i] && j < SIEVE_LIMIT / 2;
             j += 2 * i + 1) {
            composite[j] = 1;
        }
    }
}

static void add_prime(ps_sieve *s, size_t i, ps_limb r)
{
    s->prime[i] = r;
    s->inv[i] = ((ps_limb)1 << SIEVE_BITS) / r;
    /* 4 y = -1 mod r */
    s->quarter[i] = r % 4 == 1 ? (r - 1) / 4 : (3 * r - 1) / 4;
}

/* The table of bits is as long as an array of the struct and is gone before
 * that is used. */
void ps_sieve_init(ps_sieve *s)
{
    uint8_t *composite = (uint8_t *)s->rest;
    size_t count = 0;

    memset(s, 0, sizeof *s);
    odd_composites(composite);
    for (size_t i = 1; i < SIEVE_LIMIT / 2; i++) {
        if (!composite[i]) {
            add_prime(s, count++, 2 * i + 1);
        }
    }
    for (; count < SIEVE_PRIMES; count++) {
        add_prime(s, count, s->prime[count - 1]);
    }
}

void ps_sieve_clear(ps_sieve *s, size_t words)
{
    PS_CHECK(words <= SIEVE_WORDS && words % 8 == 0);
    memset(s->window, 0, sizeof s->window);
    s->words = words;
}

/* The place of the only bit of x. */
static ps_limb place_of_bit(ps_limb x)
{
    static const ps_limb with[6] = {
        0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
        0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000,
    };
    ps_limb place = 0;

    for (int i = 0; i < 6; i++) {
        place |= (ct_mask_nonzero(x & with[i]) & 1) << i;
    }
    return place;
}

ps_limb ps_sieve_next(ps_limb *i, ps_sieve *s)
{
    ps_limb missing = ~(ps_limb)0;
    ps_limb word = 0, bit = 0;

    for (size_t j = 0; j < s->words; j++) {
        ps_limb left = ~s->window[j];
        ps_limb lowest = left & (0 - left);
        ps_limb here = missing & ct_mask_nonzero(left);
        s->window[j] |= lowest & here;
        word |= here & j;
        bit |= here & lowest;
        missing &= ~here;
    }
    *i = 64 * word + place_of_bit(bit);
    ps_limb found = ~missing & 1;
    PS_PUBLIC(&found, sizeof found);
    return found;
}

/* x mod r for x < 2^52, or r more: the estimate of the quotient is right or
 * one too small. */
static ps_limb reduce_lazily(ps_limb x, ps_limb r, ps_limb inv)
{
    return x - (ps_limb)(((ps_wide)x * inv) >> SIEVE_BITS) * r;
}

static ps_limb reduce_fully(ps_limb x, ps_limb r, ps_limb inv)
{
    ps_limb rest = reduce_lazily(x, r, inv);
    ps_limb less = rest - r;
    return ct_select(ct_mask(less >> 63), rest, less);
}

/* 32 bits at a time: a rest below 2^17 and as many are below 2^52. */
static void residues(ps_limb *rest, const ps_sieve *s, const ps_limb *x,
                     size_t limbs)
{
    for (size_t i = 0; i < SIEVE_PRIMES; i++) {
        ps_limb r = s->prime[i], inv = s->inv[i], sum = 0;
        for (size_t j = limbs; j-- > 0;) {
            sum = reduce_lazily((sum << 32) | (x[j] >> 32), r, inv);
            sum = reduce_lazily((sum << 32) | (x[j] & 0xffffffff), r, inv);
        }
        rest[i] = reduce_fully(sum, r, inv);
    }
}

static void times(ps_limb *r, const ps_sieve *s, const ps_limb *a,
                  const ps_limb *b)
{
    for (size_t i = 0; i < SIEVE_PRIMES; i++) {
        r[i] = reduce_fully(a[i] * b[i], s->prime[i], s->inv[i]);
    }
}

/* Fermat: a^(r-2). The exponent is public. */
static void invert(ps_limb *out, const ps_sieve *s, const ps_limb *a)
{
    for (size_t i = 0; i < SIEVE_PRIMES; i++) {
        ps_limb r = s->prime[i], inv = s->inv[i];
        ps_limb power = 1;
        for (int bit = 15; bit >= 0; bit--) {
            power = reduce_lazily(power * power, r, inv);
            if (((r - 2) >> bit) & 1) {
                power = reduce_lazily(power * a[i], r, inv);
            }
        }
        out[i] = reduce_fully(power, r, inv);
    }
}

/* One bit, wherever it is, with all words read and written. */
static void mark_one(ps_limb *window, size_t words, ps_limb place)
{
    ps_limb bit = (ps_limb)1 << (place % 64);
    ps_limb word = place / 64;

    for (size_t j = 0; j < words; j++) {
        /* All ones when j is the word: then alone the difference wraps. */
        window[j] |= bit & (0 - (((j ^ word) - 1) >> 63));
    }
}

static void mark(ps_sieve *s, const ps_limb *place)
{
    ps_limb end = 64 * s->words;

    for (size_t i = 0; i < SIEVE_PRIMES; i++) {
        for (ps_limb j = 0; j < end; j += s->prime[i]) {
            mark_one(s->window, s->words, ct_barrier(place[i] + j));
        }
    }
}

/* 2^((c-1)/2) by squares and doublings. */
static ps_limb euler_one(const ps_limb *c, size_t limbs, size_t bits)
{
    ps_mont mont;
    ps_limb x[PS_MPN_MAX_LIMBS], twice[PS_MPN_MAX_LIMBS];
    ps_limb zero[PS_MPN_MAX_LIMBS] = {0};
    ps_limb passes;

    if (ps_mont_init(&mont, c, limbs) != PS_OK) {
        return 0;
    }
    memcpy(x, mont.one, limbs * sizeof *x);
    for (size_t i = bits; i-- > 1;) {
        ps_mont_sqr(x, x, &mont);
        ps_mont_add(twice, x, x, &mont);
        ps_mpn_select(x, (c[i / 64] >> (i % 64)) & 1, twice, x, limbs);
    }
    ps_mont_sub(twice, zero, x, &mont);
    passes = ps_mpn_is_equal(x, mont.one, limbs)
           | ps_mpn_is_equal(twice, mont.one, limbs);
    ps_wipe(&mont, sizeof mont);
    ps_wipe(x, limbs * sizeof *x);
    ps_wipe(twice, limbs * sizeof *twice);
    return passes;
}

static void euler(ps_limb *passes, const ps_limb *candidates, size_t count,
                  size_t limbs, size_t bits, ps_limb *scratch)
{
    (void)scratch;
    for (size_t i = 0; i < count; i++) {
        passes[i] = euler_one(candidates + i * limbs, limbs, bits);
    }
}

const ps_prime_backend ps_prime_backend_portable = {
    .group = 1,
    .residues = residues,
    .times = times,
    .invert = invert,
    .mark = mark,
    .euler = euler,
};

const ps_prime_backend *ps_prime_backend_of(const ps_backend *backend)
{
    return backend->prime == NULL ? &ps_prime_backend_portable
                                  : backend->prime;
}
