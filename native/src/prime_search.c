/* The search for primes p = 2 u k + 1; see ps_prime_search.h. */
#include "privshare/ps_prime_search.h"

#include <string.h>

#include "mpn/limb.h"
#include "prime_sieve.h"

#define P_LIMBS (PS_PRIME_MAX_BYTES / 8)

enum {
    COFACTOR_BITS = 20,   /* p has so many bits more than u */
    KNOWN_WORDS = 32,     /* windows, in words of 64 numbers */
    SAFE_WORDS = SIEVE_WORDS,
    GROUP_MAX = 8,
    PASSED_MAX = 64,
    ROUNDS = 8
};

typedef struct walk walk;

/* Numbers first + step * i of exactly `bits` bits, one of which is sought. */
struct walk {
    const ps_backend *backend;
    const ps_prime_backend *ops;
    ps_sieve *sieve;
    ps_limb *room;
    size_t limbs, bits;
    ps_limb first[P_LIMBS], step[P_LIMBS];
    ps_limb k, avoid;            /* of number 0; number i has k + 2 i */
    /* The last word on those that passed the base 2. Returns 1 and leaves the
     * first that is good in `found`. */
    ps_limb (*settle)(walk *w, const ps_limb *passed, size_t count);
    int patient;                 /* settle a whole window at once */
    ps_limb found[P_LIMBS];
    ps_limb found_k;
};

static void number(ps_limb *c, const walk *w, ps_limb i)
{
    ps_limb product[P_LIMBS + 1];

    ps_mpn_mul(product, w->step, w->limbs, &i, 1);
    (void)ps_mpn_add(c, w->first, product, w->limbs);
    ps_wipe(product, sizeof product);
}

/* 1 when gcd(a, b) = 1, for an odd b; both below 2^32. Each step halves one of
 * them. */
static ps_limb coprime(ps_limb a, ps_limb b)
{
    for (int i = 0; i < 64; i++) {
        ps_limb odd = ct_mask(a & 1);
        ps_limb less = ct_mask((a - b) >> 63) & odd;
        ps_limb smaller = ct_select(less, a, b);
        ps_limb larger = ct_select(less, b, a);
        a = (larger - (smaller & odd)) >> 1;
        b = smaller;
    }
    return ct_mask_equal(b, 1) & 1;
}

/* The next places that are not crossed out and whose k is fit. */
static size_t next_group(ps_limb *places, walk *w)
{
    size_t count = 0;

    while (count < w->ops->group && ps_sieve_next(&places[count], w->sieve)) {
        ps_limb fit = coprime(w->avoid, w->k + 2 * places[count]);
        PS_PUBLIC(&fit, sizeof fit);
        count += fit;
    }
    return count;
}

/* Those of a group that pass the base 2; returns how many. */
static size_t filter(ps_limb *passed, const ps_limb *places, size_t count,
                     const walk *w)
{
    ps_limb candidates[GROUP_MAX * P_LIMBS], passes[GROUP_MAX];
    size_t n = 0;

    if (count == 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        number(candidates + i * w->limbs, w, places[i]);
    }
    w->ops->euler(passes, candidates, count, w->limbs, w->bits, w->room);
    PS_PUBLIC(passes, count * sizeof *passes);
    for (size_t i = 0; i < count; i++) {
        passed[n] = places[i];
        n += passes[i];
    }
    ps_wipe(candidates, sizeof candidates);
    return n;
}

static ps_limb search_window(walk *w)
{
    ps_limb places[GROUP_MAX], passed[PASSED_MAX + 1];
    size_t count, waiting = 0;

    do {
        count = next_group(places, w);
        waiting += filter(passed + waiting, places, count, w);
        int full = waiting + GROUP_MAX > PASSED_MAX;
        int settles = !w->patient || full || count < w->ops->group;
        if (waiting > 0 && settles) {
            if (w->settle(w, passed, waiting)) {
                return 1;
            }
            waiting = 0;
        }
    } while (count == w->ops->group);
    return 0;
}

/* u: eight rounds. */
static ps_limb is_prime(const ps_limb *c, const walk *w)
{
    uint8_t bytes[PS_PRIME_MAX_BYTES];
    size_t len = 8 * w->limbs;

    ps_mpn_to_bytes(bytes, len, c, w->limbs);
    ps_status status = ps_prime_check(bytes, len, ROUNDS, w->backend, w->room);
    ps_wipe(bytes, sizeof bytes);
    return status == PS_OK;
}

static ps_limb settle_random(walk *w, const ps_limb *passed, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        number(w->found, w, passed[i]);
        if (is_prime(w->found, w)) {
            return 1;
        }
    }
    return 0;
}

/* p = 2 c + 1 in c's own limbs, which have room for it. */
static void twice_plus_one(ps_limb *p, const ps_limb *c, size_t limbs)
{
    (void)ps_mpn_add(p, c, c, limbs);
    p[0] |= 1;
}

/* First the powers of p = 2 c + 1, in groups, then the rounds for c. The power
 * proves p, since the sieve has seen that 2^2 - 1 = 3 does not divide it. */
static ps_limb settle_safe(walk *w, const ps_limb *passed, size_t count)
{
    ps_limb candidates[GROUP_MAX * P_LIMBS], passes[GROUP_MAX];
    size_t group = w->ops->group;

    for (size_t i = 0; i < count; i += group) {
        size_t here = count - i < group ? count - i : group;
        for (size_t j = 0; j < here; j++) {
            number(w->found, w, passed[i + j]);
            twice_plus_one(candidates + j * w->limbs, w->found, w->limbs);
        }
        w->ops->euler(passes, candidates, here, w->limbs, w->bits + 1,
                      w->room);
        PS_PUBLIC(passes, here * sizeof *passes);
        for (size_t j = 0; j < here; j++) {
            number(w->found, w, passed[i + j]);
            if (passes[j] && is_prime(w->found, w)) {
                ps_wipe(candidates, sizeof candidates);
                return 1;
            }
        }
    }
    ps_wipe(candidates, sizeof candidates);
    return 0;
}

/* 1 when gcd(2^e - 1, p) = 1. */
static ps_limb power_is_apart(const ps_limb *p, size_t limbs, ps_limb e,
                              ps_limb *room)
{
    ps_mont mont;
    ps_limb x[PS_MPN_MAX_LIMBS] = {2};
    ps_status status = ps_mont_init(&mont, p, limbs);

    if (status == PS_OK) {
        ps_mont_enter(x, x, &mont);
        ps_mont_exp(x, x, &e, 1, &mont, room);
        ps_mont_sub(x, x, mont.one, &mont);
        status = ps_mont_invert(x, x, &mont);
    }
    ps_wipe(&mont, sizeof mont);
    ps_wipe(x, sizeof x);
    return status == PS_OK;
}

/* Pocklington: 2^(p-1) = 1 is known by now, and u is prime. */
static ps_limb settle_known(walk *w, const ps_limb *passed, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        number(w->found, w, passed[i]);
        w->found_k = w->k + 2 * passed[i];
        if (power_is_apart(w->found, w->limbs, 2 * w->found_k, w->room)) {
            return 1;
        }
    }
    return 0;
}

/* What comes from the feed, piece by piece. */
typedef struct {
    const uint8_t *bytes;
    size_t left, used;
} source;

static ps_status draw(ps_limb *x, size_t limbs, source *feed)
{
    if (feed->left < 8 * limbs) {
        return PS_E_FEED;
    }
    ps_status status = ps_mpn_from_bytes(x, limbs, feed->bytes, 8 * limbs);
    feed->bytes += 8 * limbs;
    feed->left -= 8 * limbs;
    feed->used += 8 * limbs;
    return status;
}

/* A random number of w->bits bits that is 3 modulo 4; `top` bits are ones. */
static ps_status draw_first(walk *w, size_t top, source *feed)
{
    ps_status status = draw(w->first, w->limbs, feed);
    size_t unused = 64 * w->limbs - w->bits;
    ps_limb *high = &w->first[w->limbs - 1];

    if (status == PS_OK) {
        *high <<= unused;
        *high |= ~(~(ps_limb)0 >> top);
        *high >>= unused;
        w->first[0] |= 3;
    }
    return status;
}

/* Cross out the numbers with small factors: step = 4. */
static void sieve_fours(walk *w)
{
    ps_sieve *s = w->sieve;

    w->ops->residues(s->rest, s, w->first, w->limbs);
    w->ops->times(s->place, s, s->rest, s->quarter);
    w->ops->mark(s, s->place);
}

/* The same for 2 c + 1: (2 first + 1) / 8 = (first + 1/2) / 4. */
static void sieve_doubles(walk *w)
{
    ps_sieve *s = w->sieve;

    for (size_t i = 0; i < SIEVE_PRIMES; i++) {
        s->rest[i] += (s->prime[i] + 1) / 2;
    }
    w->ops->times(s->place, s, s->rest, s->quarter);
    w->ops->mark(s, s->place);
}

static ps_status find_start(walk *w, int safe, source *feed)
{
    memset(w->step, 0, sizeof w->step);
    w->step[0] = 4;
    w->patient = safe;
    w->settle = safe ? settle_safe : settle_random;
    w->k = w->avoid = 1;
    do {
        ps_status status = draw_first(w, safe ? 2 : 1, feed);
        if (status != PS_OK) {
            return status;
        }
        ps_sieve_clear(w->sieve, safe ? SAFE_WORDS : KNOWN_WORDS);
        sieve_fours(w);
        if (safe) {
            sieve_doubles(w);
        }
    } while (!search_window(w));
    return PS_OK;
}

/* The largest q below 2^21 with q * v <= limit, for v >= 2^63. */
static ps_limb quotient(ps_wide limit, ps_wide v)
{
    ps_limb q = 0;

    for (int bit = COFACTOR_BITS; bit >= 0; bit--) {
        ps_limb more = q | ((ps_limb)1 << bit);
        ps_limb over = (ps_limb)((limit - more * v) >> 127);
        q = ct_select(ct_mask(over), q, more);
    }
    return q;
}

/* The interval of k for which p = 2 u k + 1 begins with two ones and is not
 * longer: with v <= u / 2^(bits(u) - 64) < v + 1,
 * 3 * 2^81 / v <= k and k (v + 1) <= 2^83. */
static void cofactor_bounds(ps_limb *low, ps_limb *high, const ps_limb *u,
                            size_t limbs)
{
    ps_limb v = (u[limbs - 1] << COFACTOR_BITS)
              | (u[limbs - 2] >> (64 - COFACTOR_BITS));

    *low = quotient(((ps_wide)3 << 81) - 1, v) + 1;
    *high = quotient((ps_wide)1 << 83, (ps_wide)v + 1);
}

/* A first k, so that a whole window of them is in the interval. */
static ps_status draw_cofactor(walk *w, const ps_limb *u, source *feed)
{
    ps_limb low, high, x;
    ps_status status = draw(&x, 1, feed);

    if (status == PS_OK) {
        cofactor_bounds(&low, &high, u, w->limbs);
        ps_limb choices = (high - low) / 2 - 64 * KNOWN_WORDS;
        w->k = (low | 1) + 2 * (ps_limb)(((ps_wide)x * choices) >> 64);
    }
    return status;
}

/* first = 2 u k + 1, step = 4 u; crosses out by i = -first / (4 u). */
static void sieve_multiples(walk *w, const ps_limb *u)
{
    ps_sieve *s = w->sieve;
    ps_limb product[P_LIMBS + 1];
    ps_limb two_k = 2 * w->k, four = 4;

    ps_mpn_mul(product, u, w->limbs, &two_k, 1);
    memcpy(w->first, product, w->limbs * sizeof *product);
    w->first[0] |= 1;
    ps_mpn_mul(product, u, w->limbs, &four, 1);
    memcpy(w->step, product, w->limbs * sizeof *product);
    ps_wipe(product, sizeof product);
    w->ops->residues(s->rest, s, u, w->limbs);
    w->ops->invert(s->place, s, s->rest);
    w->ops->times(s->place, s, s->place, s->quarter);
    w->ops->residues(s->rest, s, w->first, w->limbs);
    w->ops->times(s->place, s, s->place, s->rest);
    w->ops->mark(s, s->place);
}

/* p from u, which stands in w->found. */
static ps_status find_multiple(walk *w, ps_limb avoid, source *feed)
{
    ps_limb u[P_LIMBS];
    ps_status status;

    memcpy(u, w->found, sizeof u);
    w->bits += COFACTOR_BITS;
    w->avoid = avoid;
    w->settle = settle_known;
    do {
        status = draw_cofactor(w, u, feed);
        if (status == PS_OK) {
            ps_sieve_clear(w->sieve, KNOWN_WORDS);
            sieve_multiples(w, u);
        }
    } while (status == PS_OK && !search_window(w));
    ps_wipe(u, sizeof u);
    return status;
}

static ps_status search(walk *w, ps_prime_kind kind, ps_limb avoid,
                        source *feed)
{
    ps_status status;

    if (kind == PS_PRIME_SAFE) {
        w->bits = 64 * w->limbs - 1;
        status = find_start(w, 1, feed);
        twice_plus_one(w->found, w->found, w->limbs);
        w->found_k = 1;
        return status;
    }
    w->bits = 64 * w->limbs - COFACTOR_BITS;
    status = find_start(w, 0, feed);
    return status == PS_OK ? find_multiple(w, avoid, feed) : status;
}

/* The sieve begins where vectors may; behind it is room for tests. */
static void use_scratch(walk *w, ps_limb *scratch)
{
    uintptr_t misfit = (uintptr_t)scratch % 64;
    size_t skip = misfit == 0 ? 0 : (64 - misfit) / sizeof *scratch;

    w->sieve = (ps_sieve *)(void *)(scratch + skip);
    w->room = scratch + skip
            + (sizeof *w->sieve + sizeof *scratch - 1) / sizeof *scratch;
    PS_CHECK(w->room + PS_PRIME_ROOM_LIMBS
             <= scratch + PS_PRIME_SEARCH_LIMBS);
}

ps_status ps_prime_search(uint8_t *p, uint64_t *cofactor, size_t *used,
                          size_t len, ps_prime_kind kind, uint64_t avoid,
                          const uint8_t *feed, size_t feed_len,
                          const ps_backend *backend, ps_limb *scratch)
{
    walk w = {.backend = backend, .ops = ps_prime_backend_of(backend)};
    source from = {feed, feed_len, 0};
    ps_status status;

    *used = 0;
    *cofactor = 0;
    if (len < 32 || len > PS_PRIME_MAX_BYTES || len % 8 != 0
        || (kind != PS_PRIME_KNOWN && kind != PS_PRIME_SAFE)) {
        return PS_E_RANGE;
    }
    w.limbs = len / 8;
    use_scratch(&w, scratch);
    ps_sieve_init(w.sieve);
    status = search(&w, kind, avoid, &from);
    *used = from.used;
    memset(p, 0, len);
    if (status == PS_OK) {
        ps_mpn_to_bytes(p, len, w.found, w.limbs);
        *cofactor = w.found_k;
    }
    ps_wipe(&w, sizeof w);
    ps_wipe(scratch, PS_PRIME_SEARCH_LIMBS * sizeof *scratch);
    return status;
}
