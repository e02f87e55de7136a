/* Drawing from a feed; see feed.h. Variable time, as ps_noise.h says. */
#include "feed.h"

#include "../bytes.h"

void ps_feed_open(ps_feed *f, const uint8_t *bytes, size_t len)
{
    f->bytes = bytes;
    f->len = len;
    f->at = 0;
    f->ended = 0;
    f->coins = 1;
}

void ps_feed_align(ps_feed *f)
{
    f->coins = 1;
}

static ps_limb next_byte(ps_feed *f)
{
    if (f->at == f->len) {
        f->ended = 1;
        return 0;
    }
    return f->bytes[f->at++];
}

ps_limb ps_feed_coin(ps_feed *f)
{
    if (f->coins == 1) {
        f->coins = (unsigned)next_byte(f) | 0x100;
    }
    ps_limb bit = f->coins & 1;
    f->coins >>= 1;
    return bit;
}

ps_limb ps_feed_word(ps_feed *f)
{
    if (f->len - f->at < 8) {
        f->at = f->len;
        f->ended = 1;
        return 0;
    }
    ps_limb word = ps_load64_le(f->bytes + f->at);
    f->at += 8;
    return word;
}

static unsigned bit_length(ps_limb x)
{
    unsigned n = 0;
    for (; x != 0; x >>= 1) {
        n++;
    }
    return n;
}

static ps_limb low_bits(unsigned n)
{
    return n == 64 ? ~(ps_limb)0 : ((ps_limb)1 << n) - 1;
}

/* n bits, at most 64: of whole bytes, or of coins when they are few. */
static ps_limb draw_bits(ps_feed *f, unsigned n)
{
    ps_limb x = 0;

    if (n < 8) {
        for (unsigned i = 0; i < n; i++) {
            x |= ps_feed_coin(f) << i;
        }
        return x;
    }
    for (unsigned i = 0; i < n; i += 8) {
        x |= next_byte(f) << i;
    }
    return x & low_bits(n);
}

ps_limb ps_feed_below(ps_feed *f, ps_limb bound)
{
    unsigned n = bit_length(bound - 1);
    ps_limb x;

    do {
        x = draw_bits(f, n);
    } while (x >= bound && !f->ended);
    return f->ended ? 0 : x;
}

/* Uniform in [0, bound); compares from the highest limb on, so that most
 * rejections cost one limb. */
static void below(ps_big *x, ps_feed *f, const ps_big *bound)
{
    size_t top = FEED_LIMBS - 1;

    while (top > 0 && bound->limb[top] == 0) {
        top--;
    }
    *x = (ps_big){{0}};
    unsigned n = bit_length(bound->limb[top]);
    do {
        x->limb[top] = draw_bits(f, n);
        if (x->limb[top] > bound->limb[top]) {
            continue;
        }
        for (size_t i = top; i-- > 0;) {
            x->limb[i] = draw_bits(f, 64);
        }
        if (ps_big_less(x, bound)) {
            return;
        }
    } while (!f->ended);
}

int ps_feed_ratio(ps_feed *f, const ps_big *a, const ps_big *b)
{
    ps_big x;

    if (!ps_big_less(a, b)) {
        return 1;
    }
    below(&x, f, b);
    return ps_big_less(&x, a);
}

int ps_big_less(const ps_big *a, const ps_big *b)
{
    for (size_t i = FEED_LIMBS; i-- > 0;) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i];
        }
    }
    return 0;
}

void ps_big_sub(ps_big *a, const ps_big *b)
{
    ps_limb borrow = 0;

    PS_CHECK(!ps_big_less(a, b));
    for (size_t i = 0; i < FEED_LIMBS; i++) {
        ps_wide x = (ps_wide)a->limb[i] - b->limb[i] - borrow;
        a->limb[i] = (ps_limb)x;
        borrow = (ps_limb)(x >> 64) & 1;
    }
}

void ps_big_mul(ps_big *a, ps_limb b)
{
    ps_wide carry = 0;

    for (size_t i = 0; i < FEED_LIMBS; i++) {
        carry += (ps_wide)a->limb[i] * b;
        a->limb[i] = (ps_limb)carry;
        carry >>= 64;
    }
    PS_CHECK(carry == 0);
}

void ps_big_square(ps_big *a)
{
    ps_big product = {{0}};

    PS_CHECK((a->limb[2] >> 32) == 0 && (a->limb[3] | a->limb[4]) == 0);
    for (size_t i = 0; i < 3; i++) {
        ps_wide carry = 0;
        for (size_t j = 0; j < 3; j++) {
            if (i + j < FEED_LIMBS) {
                carry += (ps_wide)a->limb[i] * a->limb[j]
                       + product.limb[i + j];
                product.limb[i + j] = (ps_limb)carry;
                carry >>= 64;
            }
        }
        if (i + 3 < FEED_LIMBS) {
            product.limb[i + 3] = (ps_limb)carry;
        }
    }
    *a = product;
}
