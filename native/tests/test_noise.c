/* Samplers: contracts, edges, the feed, and rough counts. Goodness of fit
 * against exact probabilities is in tests/unit/schemes/test_noise_fit.py. */
#include "check.h"
#include "privshare/ps_noise.h"

enum { FEED = 1 << 20, MANY = 4096 };

static uint8_t feed[FEED];
static int64_t samples[MANY], again[MANY];

/* Calls with the whole feed, and `done` and `used` of the function around. */
#define BERNOULLI(x, count, a, b) \
    ps_noise_bernoulli_vartime(x, &done, &used, count, a, b, feed, FEED)
#define LAPLACE(x, count, t, s) \
    ps_noise_laplace_vartime(x, &done, &used, count, t, s, feed, FEED)
#define POLYA(x, count, t, s) \
    ps_noise_polya_vartime(x, &done, &used, count, t, s, feed, FEED)
#define GAUSSIAN(x, count, low, high, d) \
    ps_noise_gaussian_vartime(x, &done, &used, count, low, high, d, feed, FEED)

typedef ps_status sampler(int64_t *, size_t *, size_t *, size_t,
                          const uint8_t *, size_t);

static ps_status laplace(int64_t *x, size_t *done, size_t *used, size_t count,
                         const uint8_t *bytes, size_t len)
{
    return ps_noise_laplace_vartime(x, done, used, count, 7, 3, bytes, len);
}

static ps_status gaussian(int64_t *x, size_t *done, size_t *used, size_t count,
                          const uint8_t *bytes, size_t len)
{
    return ps_noise_gaussian_vartime(x, done, used, count, 50, 0, 3, bytes,
                                     len);
}

static ps_status polya(int64_t *x, size_t *done, size_t *used, size_t count,
                       const uint8_t *bytes, size_t len)
{
    return ps_noise_polya_vartime(x, done, used, count, 200, 1, bytes, len);
}

static sampler *const SAMPLERS[] = {laplace, gaussian, polya};

/* Cut anywhere, the feed gives the samples that the whole gives. */
static void feed_that_ends(sampler *sample)
{
    size_t done, used, count = 40, whole;

    CHECK(sample(samples, &done, &whole, count, feed, FEED) == PS_OK);
    CHECK(done == count && whole < FEED);
    for (size_t len = 0; len <= whole; len++) {
        ps_status status = sample(again, &done, &used, count, feed, len);
        CHECK(status == (len == whole ? PS_OK : PS_E_FEED));
        CHECK(used <= len && (done == count) == (len == whole));
        CHECK(memcmp(again, samples, done * sizeof *again) == 0);
        for (size_t i = done; i < count; i++) {
            CHECK(again[i] == 0);
        }
        size_t rest, more;
        CHECK(sample(again + done, &rest, &more, count - done, feed + used,
                     FEED - used) == PS_OK);
        CHECK(used + more == whole);
        CHECK(memcmp(again, samples, count * sizeof *again) == 0);
    }
}

/* The mean and the variance, within six standard deviations of a rough kind. */
static void moments(sampler *sample, double variance, double kurtosis)
{
    size_t done, used;
    double sum = 0, squares = 0;

    CHECK(sample(samples, &done, &used, MANY, feed, FEED) == PS_OK);
    for (size_t i = 0; i < MANY; i++) {
        sum += (double)samples[i];
        squares += (double)samples[i] * (double)samples[i];
    }
    CHECK(sum * sum / MANY < 36 * variance);
    double miss = squares / MANY - variance;
    CHECK(miss * miss < 36 * kurtosis * variance * variance / MANY);
}

static void refused(void)
{
    size_t done, used;
    int64_t x = 5;
    uint8_t bit = 1;

#define REFUSED(call) \
    x = 5; \
    done = used = 9; \
    CHECK((call) == PS_E_RANGE && x == 0 && done == 0 && used == 0)

    REFUSED(LAPLACE(&x, 1, 0, 1));
    REFUSED(LAPLACE(&x, 1, 1, 0));
    REFUSED(LAPLACE(&x, 1, 1ULL << 60, 1ULL << 30));
    REFUSED(LAPLACE(&x, 1, 1, 1ULL << 40));
    REFUSED(LAPLACE(&x, 1, (1ULL << 42) + 1, 1));
    REFUSED(POLYA(&x, 1, (1ULL << 25) + 1, 2));
    REFUSED(GAUSSIAN(&x, 1, 0, 0, 1));
    REFUSED(GAUSSIAN(&x, 1, 1, 0, 0));
    REFUSED(GAUSSIAN(&x, 1, 1, 0, 1ULL << 32));
    REFUSED(GAUSSIAN(&x, 1, 0, 1 << 16, 1));
    REFUSED(GAUSSIAN(&x, 1, 0, 1ULL << 32, 1ULL << 31));
    CHECK(BERNOULLI(&bit, 1, 1, 0) == PS_E_RANGE && bit == 0);
}

/* The largest parameters work, and give numbers of their size. */
static void edges(void)
{
    size_t done, used;
    ps_limb seen = 0;

    CHECK(LAPLACE(samples, 64, (1ULL << 60) - 1, 1ULL << 20) == PS_OK);
    CHECK(LAPLACE(samples, 64, 1ULL << 42, 1) == PS_OK);
    for (size_t i = 0; i < 64; i++) {
        seen |= (ps_limb)(samples[i] < 0 ? -samples[i] : samples[i]);
    }
    CHECK(seen >> 40 != 0 && seen >> 50 == 0);
    CHECK(GAUSSIAN(samples, 64, ~0ULL, 0xffff, 1) == PS_OK);
    seen = 0;
    for (size_t i = 0; i < 64; i++) {
        seen |= (ps_limb)(samples[i] < 0 ? -samples[i] : samples[i]);
    }
    CHECK(seen >> 39 != 0 && seen >> 45 == 0);
    CHECK(GAUSSIAN(samples, 64, ~0ULL, 0xffffffff, 0xffffffff) == PS_OK);
    CHECK(GAUSSIAN(samples, 64, 1, 0, 0xffffffff) == PS_OK);
    for (size_t i = 0; i < 64; i++) {
        CHECK(samples[i] == 0);
    }
    CHECK(LAPLACE(samples, 64, 1, (1ULL << 40) - 1) == PS_OK);
    for (size_t i = 0; i < 64; i++) {
        CHECK(samples[i] == 0);
    }
    CHECK(ps_noise_laplace_vartime(NULL, &done, &used, 0, 1, 1, NULL, 0)
          == PS_OK);
    CHECK(done == 0 && used == 0);
}

static void bits(void)
{
    static uint8_t made[MANY];
    size_t done, used, set = 0;

    CHECK(BERNOULLI(made, MANY, 0, 9) == PS_OK);
    for (size_t i = 0; i < MANY; i++) {
        CHECK(made[i] == 1);
    }
    CHECK(BERNOULLI(made, MANY, ~0ULL, 1) == PS_OK);
    for (size_t i = 0; i < MANY; i++) {
        CHECK(made[i] == 0);
    }
    CHECK(BERNOULLI(made, MANY, 7, 5) == PS_OK);
    for (size_t i = 0; i < MANY; i++) {
        set += made[i];
    }
    CHECK(set > 840 && set < 1180);    /* 4096 exp(-1.4) = 1010 */
}

int main(void)
{
    pseudo_random(feed, FEED);
    refused();
    edges();
    bits();
    for (size_t i = 0; i < 3; i++) {
        feed_that_ends(SAMPLERS[i]);
    }
    moments(laplace, 10.73, 6);        /* 2 q / (1 - q)^2, q = exp(-3/7) */
    moments(gaussian, 50.0 / 3, 3);
    moments(polya, 40000, 12);         /* half of 2 t^2 */
    printf("noise: ok\n");
    return 0;
}
