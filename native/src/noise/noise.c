/* Exact samplers; see ps_noise.h. Variable time. */
#include "privshare/ps_noise.h"

#include "feed.h"

enum {
    CUT = 1 << 20      /* of a geometric number, in units of its scale */
};

static const ps_big ONE = {{1}};

static ps_big big(ps_limb low, ps_limb high)
{
    return (ps_big){{low, high}};
}

/* exp(-a / b) for a <= b. Algorithm 1: the first k for which a draw of
 * probability a / (b k) fails is odd with probability exp(-a / b). */
static int bernoulli_below_one(ps_feed *f, const ps_big *a, const ps_big *b)
{
    ps_limb k = 1;

    while (ps_feed_below(f, k) == 0 && ps_feed_ratio(f, a, b) && !f->ended) {
        k++;
    }
    return (int)(k & 1);
}

static int bernoulli_exp_minus_one(ps_feed *f)
{
    return bernoulli_below_one(f, &ONE, &ONE);
}

/* exp(-a / b) for any a: a factor exp(-1) for each whole, then the rest. */
static int bernoulli_exp(ps_feed *f, ps_big a, const ps_big *b)
{
    while (!ps_big_less(&a, b)) {
        if (!bernoulli_exp_minus_one(f) || f->ended) {
            return 0;
        }
        ps_big_sub(&a, b);
    }
    return bernoulli_below_one(f, &a, b);
}

/* P(y) ~ exp(-y s / t): floor(x / s) for x = u + t v of P(x) ~ exp(-x / t). */
static ps_limb geometric(ps_feed *f, ps_limb t, ps_limb s)
{
    ps_big whole = big(t, 0), part;
    ps_limb u, v = 0;

    do {
        u = ps_feed_below(f, t);
        part = big(u, 0);
    } while (!bernoulli_below_one(f, &part, &whole) && !f->ended);
    while (v < CUT && !f->ended && bernoulli_exp_minus_one(f)) {
        v++;
    }
    return v * (t / s) + (u + v * (t % s)) / s;
}

/* Algorithm 2. Zero with a minus sign is drawn again. */
static int64_t laplace(ps_feed *f, ps_limb t, ps_limb s)
{
    while (!f->ended) {
        ps_limb size = geometric(f, t, s);
        int negative = (int)ps_feed_coin(f);
        if (!negative) {
            return (int64_t)size;
        }
        if (size != 0) {
            return -(int64_t)size;
        }
    }
    return 0;
}

/* What algorithm 3 computes once. */
typedef struct {
    ps_limb t;          /* floor(sigma) + 1 */
    ps_limb d;
    ps_big n;
    ps_big below;       /* 2 n t^2 d, below 2^211 */
} normal;

/* The least t with t^2 d > n, by halving. */
static ps_limb scale(const ps_big *n, ps_limb d)
{
    ps_limb low = 0, high = (ps_limb)1 << (PS_NOISE_VARIANCE_BITS / 2);

    while (high - low > 1) {
        ps_limb middle = low + (high - low) / 2;
        ps_big square = big(d, 0);
        ps_big_mul(&square, middle);
        ps_big_mul(&square, middle);
        if (ps_big_less(n, &square)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

static void normal_init(normal *g, const ps_big *n, ps_limb d)
{
    g->n = *n;
    g->d = d;
    g->t = scale(n, d);
    g->below = *n;
    ps_big_mul(&g->below, g->t);
    ps_big_mul(&g->below, g->t);
    ps_big_mul(&g->below, d);
    ps_big_mul(&g->below, 2);
}

/* Algorithm 3: a Laplace y of scale t is kept with probability
 * exp(-(|y| - sigma^2 / t)^2 / (2 sigma^2))
 *     = exp(-(|y| t d - n)^2 / (2 n t^2 d)). */
static int64_t gaussian(ps_feed *f, const normal *g)
{
    while (!f->ended) {
        int64_t y = laplace(f, g->t, 1);
        ps_big far = big((ps_limb)(y < 0 ? -y : y), 0), near = g->n;
        ps_big_mul(&far, g->t);
        ps_big_mul(&far, g->d);
        if (ps_big_less(&far, &near)) {
            ps_big other = far;
            far = near;
            near = other;
        }
        ps_big_sub(&far, &near);
        ps_big_square(&far);
        if (bernoulli_exp(f, far, &g->below)) {
            return y;
        }
    }
    return 0;
}

static int64_t ones(ps_limb x)
{
    int64_t n = 0;
    for (; x != 0; x &= x - 1) {
        n++;
    }
    return n;
}

/* The last of `steps` fair steps at which the walk is at zero. While it is
 * farther away than a word has steps, the word's sum is all that matters. */
static int64_t last_zero(ps_feed *f, int64_t steps)
{
    int64_t place = 0, last = 0;

    for (int64_t at = 0; at < steps && !f->ended;) {
        int64_t here = steps - at < 64 ? steps - at : 64;
        ps_limb word = ps_feed_word(f);
        if (here == 64 && (place > 64 || place < -64)) {
            place += 2 * ones(word) - 64;
            at += 64;
            continue;
        }
        for (int64_t i = 0; i < here; i++) {
            place += (int64_t)((word >> i) & 1) * 2 - 1;
            at++;
            last = place == 0 ? at : last;
        }
    }
    return last;
}

static int64_t polya(ps_feed *f, ps_limb t, ps_limb s)
{
    int64_t n = (int64_t)geometric(f, t, s);
    return last_zero(f, 2 * n) - n;
}

static void clear(int64_t *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        samples[i] = 0;
    }
}

/* Counts a complete sample, or says that the feed ended inside it. */
static ps_status keep(size_t *done, size_t *used, ps_feed *f)
{
    if (f->ended) {
        return PS_E_FEED;
    }
    ps_feed_align(f);
    *used = f->at;
    *done += 1;
    return PS_OK;
}

ps_status ps_noise_bernoulli_vartime(uint8_t *bits, size_t *done,
                                     size_t *used, size_t count, uint64_t a,
                                     uint64_t b, const uint8_t *feed,
                                     size_t feed_len)
{
    ps_big over = big(a, 0), under = big(b, 0);
    ps_feed f;

    *done = *used = 0;
    for (size_t i = 0; i < count; i++) {
        bits[i] = 0;
    }
    if (b == 0) {
        return PS_E_RANGE;
    }
    ps_feed_open(&f, feed, feed_len);
    for (size_t i = 0; i < count; i++) {
        int bit = bernoulli_exp(&f, over, &under);
        if (keep(done, used, &f) != PS_OK) {
            return PS_E_FEED;
        }
        bits[i] = (uint8_t)bit;
    }
    return PS_OK;
}

/* 0 < t < 2^60, 0 < s < 2^40, t / s <= 2^ratio_bits */
static int fits(uint64_t t, uint64_t s, int ratio_bits)
{
    return t != 0 && s != 0 && (t >> PS_NOISE_SCALE_BITS) == 0
        && (s >> PS_NOISE_SHARE_BITS) == 0
        && (t / s < (uint64_t)1 << ratio_bits
            || (t / s == (uint64_t)1 << ratio_bits && t % s == 0));
}

typedef int64_t two_sided(ps_feed *f, ps_limb t, ps_limb s);

static ps_status fill(int64_t *samples, size_t *done, size_t *used,
                      size_t count, two_sided *sample, uint64_t t, uint64_t s,
                      int ratio_bits, const uint8_t *feed, size_t feed_len)
{
    ps_feed f;

    *done = *used = 0;
    clear(samples, count);
    if (!fits(t, s, ratio_bits)) {
        return PS_E_RANGE;
    }
    ps_feed_open(&f, feed, feed_len);
    for (size_t i = 0; i < count; i++) {
        int64_t x = sample(&f, t, s);
        if (keep(done, used, &f) != PS_OK) {
            return PS_E_FEED;
        }
        samples[i] = x;
    }
    return PS_OK;
}

ps_status ps_noise_laplace_vartime(int64_t *samples, size_t *done,
                                   size_t *used, size_t count, uint64_t t,
                                   uint64_t s, const uint8_t *feed,
                                   size_t feed_len)
{
    return fill(samples, done, used, count, laplace, t, s,
                PS_NOISE_RATIO_BITS, feed, feed_len);
}

ps_status ps_noise_polya_vartime(int64_t *samples, size_t *done, size_t *used,
                                 size_t count, uint64_t t, uint64_t s,
                                 const uint8_t *feed, size_t feed_len)
{
    return fill(samples, done, used, count, polya, t, s, PS_NOISE_POLYA_BITS,
                feed, feed_len);
}

/* 0 < d < 2^32, 0 < n < 2^96, n < 2^80 d */
static int variance_fits(const ps_big *n, uint64_t d)
{
    ps_big most = big(0, (ps_limb)1 << (PS_NOISE_VARIANCE_BITS - 64));

    if (d == 0 || d >> PS_NOISE_DIVISOR_BITS || n->limb[1] >> 32) {
        return 0;
    }
    ps_big_mul(&most, d);
    return ps_big_less(n, &most) && (n->limb[0] | n->limb[1]) != 0;
}

ps_status ps_noise_gaussian_vartime(int64_t *samples, size_t *done,
                                    size_t *used, size_t count,
                                    uint64_t n_low, uint64_t n_high,
                                    uint64_t d, const uint8_t *feed,
                                    size_t feed_len)
{
    ps_big n = big(n_low, n_high);
    normal g;
    ps_feed f;

    *done = *used = 0;
    clear(samples, count);
    if (!variance_fits(&n, d)) {
        return PS_E_RANGE;
    }
    normal_init(&g, &n, d);
    ps_feed_open(&f, feed, feed_len);
    for (size_t i = 0; i < count; i++) {
        int64_t x = gaussian(&f, &g);
        if (keep(done, used, &f) != PS_OK) {
            return PS_E_FEED;
        }
        samples[i] = x;
    }
    return PS_OK;
}
