/* Random bytes of a caller, read from the front, and what is drawn from them.
 *
 * When the bytes end, `ended` is set and every draw from then on is 0; whoever
 * loops looks at `ended`, and the sample in hand is thrown away.
 */
#ifndef PRIVSHARE_NOISE_FEED_H
#define PRIVSHARE_NOISE_FEED_H

#include "../mpn/limb.h"

/* Fits the square of 134 bits; the gaussian's largest number. */
#define FEED_LIMBS 5

typedef struct {
    const uint8_t *bytes;
    size_t len, at;
    int ended;
    unsigned coins;     /* a sentinel 1 above the bits that are left */
} ps_feed;

/* A whole number below 2^320. */
typedef struct {
    ps_limb limb[FEED_LIMBS];
} ps_big;

/** A feed from its beginning. */
void ps_feed_open(ps_feed *f, const uint8_t *bytes, size_t len);

/** Throws away the coins that are left of the last byte: what comes next
 *  depends on the bytes from `at` on and on nothing else. */
void ps_feed_align(ps_feed *f);

/** One fair bit. */
ps_limb ps_feed_coin(ps_feed *f);

/** 64 fair bits. */
ps_limb ps_feed_word(ps_feed *f);

/** Uniform in [0, bound), bound not 0; takes no bytes for the bound 1. */
ps_limb ps_feed_below(ps_feed *f, ps_limb bound);

/** 1 with probability a / b, for a <= b. */
int ps_feed_ratio(ps_feed *f, const ps_big *a, const ps_big *b);

/** 1 when a < b. */
int ps_big_less(const ps_big *a, const ps_big *b);

/** a -= b, for b <= a. */
void ps_big_sub(ps_big *a, const ps_big *b);

/** a *= b; the product is below 2^320. */
void ps_big_mul(ps_big *a, ps_limb b);

/** a = a^2, for a below 2^160. */
void ps_big_square(ps_big *a);

#endif
