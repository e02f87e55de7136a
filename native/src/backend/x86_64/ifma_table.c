/* Tables of powers of a fixed base, eight numbers at a time. */
#include <string.h>

#include "../../paillier/table.h"
#include "lanes.h"

#if defined(PS_HAVE_LANES)

/* Windows of 6 bits. With 7 there are a seventh fewer products, but look-ups
 * that cost three times as much in tables twice as large: here that is even,
 * and a loss where products are quicker (Zen 4, 2026-11-22).
 *
 * Eight windows of 6 bits fill 6 bytes, and a vector holds these for eight
 * exponents. */
enum {
    BITS = 6,
    ENTRIES = 1 << BITS,
    PER_VECTOR = 8,
    VECTORS = ENTRIES / LANES,
    TOGETHER = 4             /* groups that a look-up serves at once */
};

/* The longest exponent: of a prime of 1536 bits, and 64 more. */
enum { MAX_EXPONENT = 8 * (PS_PAILLIER_P_LIMBS + 1) };

/* Limb j of the powers of window i, digits 0, 1, ... side by side. */
static size_t place(size_t i, size_t j, size_t width)
{
    return (i * width + j) * ENTRIES;
}

static size_t window_count(size_t exponent_len)
{
    return (8 * exponent_len + BITS - 1) / BITS;
}

static size_t digit_vectors(size_t windows)
{
    return (windows + PER_VECTOR - 1) / PER_VECTOR;
}

size_t ps_lanes_powers_limbs(const ps_paillier_dual *dual,
                             size_t exponent_len)
{
    const lanes_kernel *kernel = ps_lanes_kernel_for(dual->mont.limbs);

    return place(window_count(exponent_len), 0, kernel->dual.width);
}

/* One lane of r. */
static void put_lane(ps_lanes *r, size_t width, const ps_lanes *same,
                     size_t lane)
{
    for (size_t i = 0; i < width; i++) {
        ((uint64_t *)(void *)(r + i))[lane]
            = ((const uint64_t *)(const void *)(same + i))[lane];
    }
}

/* base, base^64, base^(64^2), ...: one a lane, in Montgomery form of lanes.
 * Squares follow from each other, so lanes cannot share that work. Afterwards
 * base is what the next eight windows begin with. */
LANES_TARGET
static void window_bases(ps_lanes *r, ps_limb *base,
                         const ps_paillier_dual *dual, const lanes_modulus *m,
                         lanes_arena arena)
{
    ps_limb plain[DUAL_MAX_LIMBS];
    size_t limbs = dual->mont.limbs;
    size_t h = m->kernel->limbs;
    ps_lanes *x = ps_lanes_take(&arena, 2 * h);
    ps_lanes *same = ps_lanes_take(&arena, 2 * h);

    for (size_t lane = 0; lane < LANES; lane++) {
        ps_dual_leave(plain, base, dual);
        ps_lanes_spread(same, h, plain, limbs);
        ps_lanes_spread(same + h, h, plain + limbs, limbs);
        put_lane(x, 2 * h, same, lane);
        for (size_t i = 0; i < BITS; i++) {
            ps_dual_sqr(base, base, dual);
        }
    }
    m->kernel->dual.mul(r, x, m->rr, m);
    ps_wipe(plain, sizeof plain);
}

/* Eight powers of eight windows go to their places, 64 bytes at a time. */
static void put_powers(ps_limb *window, size_t windows, size_t first,
                       const ps_lanes *power, size_t width)
{
    const uint64_t *words = (const uint64_t *)(const void *)power;

    for (size_t lane = 0; lane < windows; lane++) {
        for (size_t j = 0; j < width; j++) {
            ps_limb *to = window + place(lane, j, width) + first;
            for (size_t k = 0; k < LANES; k++) {
                to[k] = words[(k * width + j) * LANES + lane];
            }
        }
    }
}

/* So many windows, eight at most. */
LANES_TARGET
static void fill_windows(ps_limb *window, size_t windows, const ps_lanes *base,
                         const ps_lanes *one, const lanes_modulus *m,
                         lanes_arena arena)
{
    const lanes_ring *ring = &m->kernel->dual;
    size_t width = ring->width;
    ps_lanes *power = ps_lanes_take(&arena, LANES * width);
    ps_lanes *last = ps_lanes_take(&arena, width);

    memcpy(power, one, width * sizeof *power);
    for (size_t first = 0; first < ENTRIES; first += LANES) {
        if (first != 0) {
            ring->mul(power, last, base, m);
        }
        for (size_t k = 1; k < LANES; k++) {
            ring->mul(power + k * width, power + (k - 1) * width, base, m);
        }
        put_powers(window, windows, first, power, width);
        memcpy(last, power + (LANES - 1) * width, width * sizeof *power);
    }
}

LANES_TARGET
void ps_lanes_powers_init(ps_paillier_powers *powers, const ps_limb *base,
                          size_t exponent_len, const ps_paillier_dual *dual,
                          ps_limb *scratch)
{
    const lanes_kernel *kernel = ps_lanes_kernel_for(dual->mont.limbs);
    lanes_arena arena = ps_lanes_arena(scratch, PS_PAILLIER_BATCH_LIMBS);
    lanes_modulus m;
    ps_limb x[DUAL_MAX_LIMBS];
    size_t width = kernel->dual.width;

    powers->windows = window_count(exponent_len);
    ps_lanes_modulus_init(&m, kernel, dual, &arena);
    ps_lanes *plain = ps_lanes_take(&arena, width);
    ps_lanes *one = ps_lanes_take(&arena, width);
    ps_lanes *bases = ps_lanes_take(&arena, width);
    memset(plain, 0, width * sizeof *plain);
    plain[0] = lanes_set(1);
    kernel->dual.mul(one, m.rr, plain, &m);
    memcpy(x, base, 2 * dual->mont.limbs * sizeof *x);
    for (size_t i = 0; i < powers->windows; i += LANES) {
        size_t here = powers->windows - i < LANES ? powers->windows - i
                                                  : LANES;
        window_bases(bases, x, dual, &m, arena);
        fill_windows(powers->entries + place(i, 0, width), here, bases, one,
                     &m, arena);
    }
    ps_wipe(x, sizeof x);
    ps_wipe(&m, sizeof m);
    ps_wipe(scratch, PS_PAILLIER_BATCH_LIMBS * sizeof *scratch);
}

void ps_lanes_walks_init(lanes_walk *walks, size_t count, size_t width,
                         size_t windows, lanes_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        walks[i].x = ps_lanes_take(arena, width);
        walks[i].other = ps_lanes_take(arena, width);
        walks[i].factor = ps_lanes_take(arena, width);
        walks[i].digits = ps_lanes_take(arena, digit_vectors(windows));
    }
}

void ps_lanes_walk_read(lanes_walk *walk, const uint8_t *x, size_t count,
                        size_t stride, size_t len)
{
    uint8_t padded[8 + MAX_EXPONENT] = {0};
    size_t vectors = digit_vectors(window_count(len));

    PS_CHECK(len <= MAX_EXPONENT);
    for (size_t lane = 0; lane < LANES; lane++) {
        memcpy(padded + 8, x + (lane < count ? lane : 0) * stride, len);
        for (size_t i = 0; i < vectors; i++) {
            uint64_t word;
            memcpy(&word, padded + len - BITS * i, 8);
            ((uint64_t *)(void *)(walk->digits + i))[lane]
                = __builtin_bswap64(word);
        }
    }
    ps_wipe(padded, sizeof padded);
}

/* A digit of eight exponents, and its upper bits as masks. */
typedef struct {
    ps_lanes digit, bit4, bit5;
} choice;

LANES_INLINE ps_lanes spread_bit(ps_lanes digit, int bit)
{
    return lanes_set(0) - ((digit >> bit) & lanes_set(1));
}

/* One limb for so many groups; their number is written as a constant, and the
 * 64 words stay in eight registers. */
LANES_INLINE void pick_limb(const size_t groups, const lanes_walk *walks,
                            size_t j, const choice *by, const ps_lanes *words)
{
    const ps_lanes w0 = words[0], w1 = words[1], w2 = words[2], w3 = words[3];
    const ps_lanes w4 = words[4], w5 = words[5], w6 = words[6], w7 = words[7];

#define GROUP(g)                                                            \
    if ((g) < groups) {                                                     \
        const choice *c = by + (g);                                         \
        ps_lanes low = lanes_select(c->bit4, lanes_pick16(w2, w3, c->digit), \
                                    lanes_pick16(w0, w1, c->digit));        \
        ps_lanes high = lanes_select(c->bit4,                               \
                                     lanes_pick16(w6, w7, c->digit),        \
                                     lanes_pick16(w4, w5, c->digit));       \
        walks[g].factor[j] = lanes_select(c->bit5, high, low);              \
    }
    GROUP(0) GROUP(1) GROUP(2) GROUP(3)
#undef GROUP
}

LANES_INLINE void look_up_for(const size_t groups, const lanes_walk *walks,
                              const ps_lanes *window, size_t i, size_t width)
{
    choice by[TOGETHER];

    for (size_t g = 0; g < groups; g++) {
        ps_lanes digit = walks[g].digits[i / PER_VECTOR]
            >> (int)(BITS * (i % PER_VECTOR));
        by[g] = (choice){digit, spread_bit(digit, 4), spread_bit(digit, 5)};
    }
    for (size_t j = 0; j < width; j++) {
        pick_limb(groups, walks, j, by, window + j * VECTORS);
    }
}

/* The factors of window i. Every word of it is read. */
LANES_TARGET
static void look_up(const lanes_walk *walks, size_t count,
                    const ps_lanes *window, size_t i, size_t width)
{
    for (size_t g = 0; g < count; g += TOGETHER) {
        switch (count - g) {
        case 1: look_up_for(1, walks + g, window, i, width); break;
        case 2: look_up_for(2, walks + g, window, i, width); break;
        case 3: look_up_for(3, walks + g, window, i, width); break;
        default: look_up_for(4, walks + g, window, i, width);
        }
    }
}

/* Part g of `count` of a window, on its way into the second cache while
 * products keep the processor busy. */
static void prefetch(const ps_lanes *window, size_t vectors, size_t g,
                     size_t count)
{
    for (size_t i = vectors * g / count; i < vectors * (g + 1) / count; i++) {
        __builtin_prefetch(window + i, 0, 2);
    }
}

LANES_TARGET
void ps_lanes_walk(lanes_walk *walks, size_t count,
                   const ps_paillier_powers *powers, const lanes_modulus *m)
{
    const lanes_ring *ring = &m->kernel->dual;
    size_t vectors = ring->width * VECTORS;
    const ps_lanes *window = (const ps_lanes *)(const void *)powers->entries;

    for (size_t i = 0; i < powers->windows; i++, window += vectors) {
        look_up(walks, count, window, i, ring->width);
        for (size_t g = 0; g < count; g++) {
            if (i + 1 < powers->windows) {
                prefetch(window + vectors, vectors, g, count);
            }
            lanes_walk *walk = walks + g;
            ps_lanes **done = i == 0 ? &walk->factor : &walk->other;
            if (i != 0) {
                ring->mul(walk->other, walk->x, walk->factor, m);
            }
            ps_lanes *x = walk->x;
            walk->x = *done;
            *done = x;
        }
    }
}

static size_t less_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* c = (1 + m n) x: the last Montgomery product, by the pair (1, m), leaves the
 * Montgomery form and multiplies by 1 + m n at once. */
LANES_TARGET
static void finish(uint8_t *c, const uint8_t *m, size_t count,
                   const lanes_walk *walk, const ps_paillier_public *key,
                   const lanes_modulus *n)
{
    size_t h = n->kernel->limbs;
    ps_lanes *factor = walk->factor, *y = walk->other;

    memset(factor, 0, h * sizeof *factor);
    factor[0] = lanes_set(1);
    ps_lanes_read(factor + h, h, m, count, key->n_len);
    n->kernel->dual.mul(y, walk->x, factor, n);
    ps_lanes_canonical(y, n);
    ps_lanes_mul_add(factor, y + h, n->m, y, h);
    ps_lanes_write(c, count, key->c_len, factor, 2 * h);
}

LANES_TARGET
void ps_lanes_table_encrypt(uint8_t *c, const uint8_t *m, const uint8_t *x,
                            size_t count, const ps_paillier_table *table,
                            const ps_paillier_public *key, ps_limb *scratch)
{
    const lanes_kernel *kernel = ps_lanes_kernel_for(key->n.mont.limbs);
    lanes_arena arena = ps_lanes_arena(scratch, PS_PAILLIER_BATCH_LIMBS);
    size_t len = table->exponent_len;
    lanes_walk walks[LANES_WALKS];
    lanes_modulus n;

    ps_lanes_modulus_init(&n, kernel, &key->n, &arena);
    ps_lanes_walks_init(walks, LANES_WALKS, kernel->dual.width,
                        table->powers.windows, &arena);
    for (size_t i = 0; i < count; i += LANES * LANES_WALKS) {
        size_t here = less_of(count - i, LANES * LANES_WALKS);
        size_t groups = (here + LANES - 1) / LANES;
        for (size_t g = 0; g < groups; g++) {
            size_t at = i + g * LANES;
            ps_lanes_walk_read(walks + g, x + at * len, count - at, len, len);
        }
        ps_lanes_walk(walks, groups, &table->powers, &n);
        for (size_t g = 0; g < groups; g++) {
            size_t at = i + g * LANES;
            finish(c + at * key->c_len, m + at * key->n_len,
                   less_of(count - at, LANES), walks + g, key, &n);
        }
    }
    ps_wipe(scratch, PS_PAILLIER_BATCH_LIMBS * sizeof *scratch);
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_lane_tables;
#endif
