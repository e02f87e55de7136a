/* Noise for differential privacy, sampled exactly with integers.
 *
 * No floating point and no table: a sample has the stated distribution, as far
 * as its random bytes are uniform. Every number below is an integer or a ratio
 * of two.
 *
 *   discrete Laplace    P(x) ~ exp(-|x| s / t)
 *   discrete Gaussian   P(x) ~ exp(-x^2 d / (2 n)),  sigma^2 = n / d
 *   Polya pair          A - B, A and B of P(a) ~ C(2a, a) 4^-a exp(-a s / t),
 *                       the negative binomial of shape 1/2. The sum of two
 *                       independent ones is the discrete Laplace of t / s.
 *
 * Source     Canonne, Kamath and Steinke, "The discrete Gaussian for
 *            differential privacy", NeurIPS 2020, algorithms 1 to 3. Feller,
 *            "An introduction to probability theory and its applications", I,
 *            third edition, III.4, theorem 1: a walk of 2N fair steps is at
 *            zero for the last time at step 2A with probability
 *            C(2A, A) C(2N - 2A, N - A) / 4^N. For a geometric N, A and N - A
 *            are therefore independent and negative binomial of shape 1/2.
 *
 * Not constant time   although the samples are secret, which is not what the
 * ending `_vartime` means elsewhere. How many bytes a sample takes, and how
 * long it takes, depends on the sample: large noise takes longer, and rejection
 * repeats. That is told on purpose (`used`); no other secret touches these
 * functions. Who can measure a call learns something about the noise, so a
 * caller samples all that it needs at once, before it holds any input, and not
 * when a result leaves (Jin, McMurtry, Rubinstein and Ohrimenko, "Are we there
 * yet? Timing and floating-point attacks", IEEE S&P 2022).
 *
 * The feed   Samples are a function of one endless row of random bytes, of
 * which the feed is the beginning. When it ends inside a sample, the call
 * gives what is complete; call again for the rest with the bytes from `used`
 * on, the same ones, and more behind them. Fresh bytes instead of the same ones
 * would prefer samples that need few.
 *
 * Cut off    A geometric number stops at 2^20 times its scale, which it would
 * pass with probability exp(-2^20).
 */
#ifndef PRIVSHARE_PS_NOISE_H
#define PRIVSHARE_PS_NOISE_H

#include "ps_status.h"

/* ffi: begin */
#define PS_NOISE_SCALE_BITS 60      /* t of a Laplace is below 2^60 */
#define PS_NOISE_SHARE_BITS 40      /* s is below 2^40 */
#define PS_NOISE_RATIO_BITS 42      /* t / s is at most 2^42 */
#define PS_NOISE_POLYA_BITS 24      /* of a Polya pair at most 2^24 */
#define PS_NOISE_VARIANCE_BITS 80   /* sigma^2 = n / d is below 2^80 */
#define PS_NOISE_DIVISOR_BITS 32    /* d is below 2^32, n below 2^96 */

/** Bits that are 1 with probability exp(-a / b).
 *
 *  Source     Canonne, Kamath and Steinke 2020, algorithm 1
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    b is 0
 *             PS_E_FEED     the feed ended; `done` bits are complete
 *  Out        bits       count bytes, each 0 or 1
 *             done       how many are complete
 *             used       bytes of the feed that the complete ones took
 *  In         a, b       any numbers, b not 0
 *             feed       feed_len bytes, uniform
 *  Secret     none       the time depends on the samples; see above
 *  On error   bits from `done` on are 0
 */
PS_MUST_CHECK
ps_status ps_noise_bernoulli_vartime(uint8_t *bits, size_t *done,
                                     size_t *used, size_t count, uint64_t a,
                                     uint64_t b, const uint8_t *feed,
                                     size_t feed_len);

/** Discrete Laplace of scale t / s.
 *
 *  Computes   P(x) = (e^(s/t) - 1) / (e^(s/t) + 1) * exp(-|x| s / t)
 *  Source     Canonne, Kamath and Steinke 2020, algorithm 2
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    t or s is 0 or too large, or t / s is
 *             PS_E_FEED     the feed ended; `done` samples are complete
 *  Out        samples    count numbers, each of less than 2^63
 *             done       how many are complete
 *             used       bytes of the feed that the complete ones took
 *  In         t, s       below 2^60 and 2^40, t / s at most 2^42
 *             feed       feed_len bytes, uniform; a sample takes 3 on average
 *                        and, for large t, 30
 *  Secret     none       the time depends on the samples; see above
 *  On error   samples from `done` on are 0
 */
PS_MUST_CHECK
ps_status ps_noise_laplace_vartime(int64_t *samples, size_t *done,
                                   size_t *used, size_t count, uint64_t t,
                                   uint64_t s, const uint8_t *feed,
                                   size_t feed_len);

/** Discrete Gaussian of variance parameter sigma^2 = n / d.
 *
 *  Computes   P(x) = exp(-x^2 d / (2 n)) / sum over all y of the same
 *  Source     Canonne, Kamath and Steinke 2020, algorithm 3
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    n or d is 0 or too large, or n / d is
 *             PS_E_FEED     the feed ended; `done` samples are complete
 *  Out        samples    count numbers, each of less than 2^62
 *             done       how many are complete
 *             used       bytes of the feed that the complete ones took
 *  In         n_low      n = n_low + 2^64 n_high, below 2^96
 *             n_high
 *             d          below 2^32; n / d below 2^80
 *             feed       feed_len bytes, uniform; a sample takes 8 on average
 *                        and, for large n, 60
 *  Secret     none       the time depends on the samples; see above
 *  On error   samples from `done` on are 0
 */
PS_MUST_CHECK
ps_status ps_noise_gaussian_vartime(int64_t *samples, size_t *done,
                                    size_t *used, size_t count,
                                    uint64_t n_low, uint64_t n_high,
                                    uint64_t d, const uint8_t *feed,
                                    size_t feed_len);

/** Difference of two negative binomials of shape 1/2: half a discrete Laplace.
 *
 *  Computes   N geometric, P(N) ~ exp(-N s / t); 2A the last step at which a
 *             walk of 2N fair steps is at zero; A - (N - A)
 *  Source     Feller, III.4, theorem 1
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    t or s is 0 or too large, or t / s is
 *             PS_E_FEED     the feed ended; `done` samples are complete
 *  Out        samples    count numbers, each of less than 2^45
 *             done       how many are complete
 *             used       bytes of the feed that the complete ones took
 *  In         t, s       below 2^60 and 2^40, t / s at most 2^24
 *             feed       feed_len bytes, uniform; a sample takes 12 and a
 *                        quarter of t / s on average
 *  Secret     none       the time depends on the samples; see above
 *  On error   samples from `done` on are 0
 */
PS_MUST_CHECK
ps_status ps_noise_polya_vartime(int64_t *samples, size_t *done, size_t *used,
                                 size_t count, uint64_t t, uint64_t s,
                                 const uint8_t *feed, size_t feed_len);
/* ffi: end */

#endif
