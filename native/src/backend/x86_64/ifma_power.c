/* Powers of eight numbers at a time, with one exponent for all. */
#include <string.h>

#include "../../mpn/mont.h"
#include "lanes.h"

#if defined(PS_HAVE_LANES)

/* Windows of 4 bits for secret exponents. Every look-up reads the whole table:
 * with 16 entries that costs 4 to 5 % of the power; with 32 the table leaves
 * the first cache and the look-ups eat what fewer products save (2026-11-22).
 */
enum { SECRET_BITS = 4, SECRET_ENTRIES = 1 << SECRET_BITS };

/* Sliding windows of at most 6 bits for public exponents: 32 odd powers. */
enum { PUBLIC_BITS = 6, PUBLIC_ENTRIES = 1 << (PUBLIC_BITS - 1) };

/* r = entry number digit. The sixteen masks stay in registers. */
LANES_TARGET
static void pick(ps_lanes *r, const ps_lanes *table, ps_limb digit,
                 size_t width)
{
    ps_lanes mask[SECRET_ENTRIES];

    for (ps_limb i = 0; i < SECRET_ENTRIES; i++) {
        mask[i] = lanes_set(ct_mask_equal(i, digit));
    }
    for (size_t j = 0; j < width; j++) {
        ps_lanes sum = table[j] & mask[0];
#define ENTRY(i) sum = lanes_choose(sum, table[(i) * width + j], mask[i]);
        ENTRY(1) ENTRY(2) ENTRY(3) ENTRY(4) ENTRY(5) ENTRY(6) ENTRY(7)
        ENTRY(8) ENTRY(9) ENTRY(10) ENTRY(11) ENTRY(12) ENTRY(13) ENTRY(14)
        ENTRY(15)
#undef ENTRY
        r[j] = sum;
    }
}

/* The result and its room take turns, since products do not overlap. */
typedef struct {
    ps_lanes *x;
    ps_lanes *other;
    const lanes_ring *ring;
    const lanes_modulus *m;
} runner;

static void turn(runner *run)
{
    ps_lanes *x = run->x;
    run->x = run->other;
    run->other = x;
}

static void square(runner *run, size_t times)
{
    for (; times != 0; times--) {
        run->ring->sqr(run->other, run->x, run->m);
        turn(run);
    }
}

static void times(runner *run, const ps_lanes *factor)
{
    run->ring->mul(run->other, run->x, factor, run->m);
    turn(run);
}

void ps_lanes_exp(ps_lanes *r, const ps_lanes *base, const ps_lanes *one,
                  const ps_limb *e, size_t e_limbs, const lanes_ring *ring,
                  const lanes_modulus *m, lanes_arena arena)
{
    size_t width = ring->width;
    ps_lanes *table = ps_lanes_take(&arena, SECRET_ENTRIES * width);
    ps_lanes *factor = ps_lanes_take(&arena, width);
    runner run = {.ring = ring, .m = m};

    run.x = ps_lanes_take(&arena, width);
    run.other = ps_lanes_take(&arena, width);
    memcpy(table, one, width * sizeof *r);
    memcpy(table + width, base, width * sizeof *r);
    for (size_t i = 2; i < SECRET_ENTRIES; i++) {
        ring->mul(table + i * width, table + (i - 1) * width, base, m);
    }
    size_t i = ps_window_count(64 * e_limbs, SECRET_BITS) - 1;
    pick(run.x, table, ps_window_digit(e, e_limbs, i, SECRET_BITS), width);
    while (i-- > 0) {
        square(&run, SECRET_BITS);
        pick(factor, table, ps_window_digit(e, e_limbs, i, SECRET_BITS),
             width);
        times(&run, factor);
    }
    memcpy(r, run.x, width * sizeof *r);
}

static size_t bit(const ps_limb *e, size_t i)
{
    return (e[i / 64] >> (i % 64)) & 1;
}

/* The longest window that begins with the 1 at `top` and ends with a 1. */
static size_t window(const ps_limb *e, size_t top, size_t *bits)
{
    size_t low = top + 1 < PUBLIC_BITS ? 0 : top + 1 - PUBLIC_BITS;
    size_t digit = 0;

    while (!bit(e, low)) {
        low++;
    }
    for (size_t i = top + 1; i-- > low;) {
        digit = 2 * digit + bit(e, i);
    }
    *bits = top + 1 - low;
    return digit;
}

static const ps_lanes *odd_power(const ps_lanes *table, size_t digit,
                                 size_t width)
{
    return table + digit / 2 * width;
}

void ps_lanes_exp_vartime(ps_lanes *r, const ps_lanes *base, const ps_limb *e,
                          size_t e_limbs, const lanes_ring *ring,
                          const lanes_modulus *m, lanes_arena arena)
{
    size_t width = ring->width;
    ps_lanes *table = ps_lanes_take(&arena, PUBLIC_ENTRIES * width);
    runner run = {.ring = ring, .m = m};
    size_t bits;

    run.x = ps_lanes_take(&arena, width);
    run.other = ps_lanes_take(&arena, width);
    memcpy(table, base, width * sizeof *r);
    ring->sqr(run.other, base, m);
    for (size_t i = 1; i < PUBLIC_ENTRIES; i++) {
        ring->mul(table + i * width, table + (i - 1) * width, run.other, m);
    }
    size_t left = ps_mpn_bits_vartime(e, e_limbs);
    size_t digit = window(e, left - 1, &bits);
    memcpy(run.x, odd_power(table, digit, width), width * sizeof *r);
    left -= bits;
    while (left > 0) {
        if (!bit(e, left - 1)) {
            square(&run, 1);
            left--;
            continue;
        }
        digit = window(e, left - 1, &bits);
        square(&run, bits);
        times(&run, odd_power(table, digit, width));
        left -= bits;
    }
    memcpy(r, run.x, width * sizeof *r);
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_lane_powers;
#endif
