/* Columns of ciphertexts modulo n^2 itself: sums and inverses. */
#include <string.h>

#include "../../mpn/mont.h"
#include "../../paillier/ciphertext.h"
#include "../../paillier/column.h"
#include "lanes.h"

#if defined(PS_HAVE_LANES)

/* Below these many elements the portable code is done before. */
enum { WORTH_ADDING = 4, WORTH_INVERTING = 16 };

static size_t group_size(size_t count, size_t i)
{
    return count - i < LANES ? count - i : LANES;
}

static lanes_arena arena_of(ps_limb *scratch)
{
    return ps_lanes_arena(scratch, PS_PAILLIER_COLUMN_LIMBS);
}

/* Modulo n^2 itself, R = 2^(52 limbs). */
typedef struct {
    const lanes_long *kernel;
    lanes_modulus m;
} long_modulus;

LANES_TARGET
static int long_init(long_modulus *l, const ps_mont *n2, lanes_arena *arena)
{
    memset(l, 0, sizeof *l);
    l->kernel = ps_lanes_long_for(n2->limbs);
    if (l->kernel == NULL) {
        return 0;
    }
    l->m.m = ps_lanes_take(arena, l->kernel->limbs);
    l->m.quotient = ps_lanes_take(arena, l->kernel->limbs);
    l->m.neg_inv = lanes_set(n2->neg_inv & LANES_DIGIT);
    ps_lanes_spread(l->m.m, l->kernel->limbs, n2->m, n2->limbs);
    return 1;
}

/* Barrett's reduction, for products in plain form. With b = 2^52 and a modulus
 * M of exactly k = limbs - 1 digits, the quotient of x is
 *
 *   (x / b^(k-1)) mu / b^(k+1),    mu = b^(2k) / M,
 *
 * rounded down in each place. It is at most 2 too small (Handbook of Applied
 * Cryptography, 14.42), and 1 more for what `upper` leaves out, less than
 * b^(k-3): the rest is below 4 M. M is n^2 shifted to the top of its k digits;
 * shifting one factor shifts the result. */
typedef struct {
    const lanes_long *kernel;
    size_t shift;
    ps_lanes *m;           /* M */
    ps_lanes *twice;       /* 2 M */
    ps_lanes *mu;
    ps_lanes *whole;       /* room */
    ps_lanes *quotient;
    ps_lanes *multiple;
} barrett;

/* a = a * 2^shift. In: the result fits. */
LANES_TARGET
static void shift_up(ps_lanes *a, size_t width, size_t shift)
{
    size_t digits = shift / LANES_BITS;
    const ps_lanes up = lanes_set(shift % LANES_BITS);
    const ps_lanes down = lanes_set(LANES_BITS) - up;

    for (size_t i = width; i-- > 0;) {
        ps_lanes high = i >= digits ? a[i - digits] : lanes_set(0);
        ps_lanes low = i > digits ? a[i - digits - 1] : lanes_set(0);
        a[i] = ((high << up) | (low >> down)) & lanes_set(LANES_DIGIT);
    }
}

/* a = a / 2^shift, rounded down. */
LANES_TARGET
static void shift_down(ps_lanes *a, size_t width, size_t shift)
{
    size_t digits = shift / LANES_BITS;
    const ps_lanes down = lanes_set(shift % LANES_BITS);
    const ps_lanes up = lanes_set(LANES_BITS) - down;

    for (size_t i = 0; i < width; i++) {
        ps_lanes low = i + digits < width ? a[i + digits] : lanes_set(0);
        ps_lanes high = i + digits + 1 < width ? a[i + digits + 1]
                                               : lanes_set(0);
        a[i] = ((low >> down) | (high << up)) & lanes_set(LANES_DIGIT);
    }
}

/* mu = (2^e - rest) / n^2 with 2^e = b^(2k) / 2^shift, an exact division; it
 * is done modulo a power of 2 that divides 2^e. */
LANES_TARGET
static int barrett_init(barrett *f, const ps_mont *n2, lanes_arena *arena)
{
    ps_limb x[PS_MPN_MAX_LIMBS + 2] = {1};
    ps_limb zero[PS_MPN_MAX_LIMBS + 2] = {0};

    f->kernel = ps_lanes_long_for(n2->limbs);
    if (f->kernel == NULL) {
        return 0;
    }
    size_t w = f->kernel->limbs;
    size_t limbs = (LANES_BITS * w + 63) / 64;
    f->shift = LANES_BITS * (w - 1) - ps_mpn_bits_vartime(n2->m, n2->limbs);
    size_t e = 2 * LANES_BITS * (w - 1) - f->shift;
    if (e < 64 * limbs) {
        return 0;
    }
    f->m = ps_lanes_take(arena, w);
    f->twice = ps_lanes_take(arena, w);
    f->mu = ps_lanes_take(arena, w);
    f->whole = ps_lanes_take(arena, 2 * w);
    f->quotient = ps_lanes_take(arena, w + f->kernel->guard);
    f->multiple = ps_lanes_take(arena, w);
    ps_paillier_mend(x, e, n2);
    (void)ps_mpn_sub(x, zero, x, limbs);
    ps_mont_divide_exact(x, x, limbs, n2);
    ps_lanes_spread(f->mu, w, x, limbs);
    ps_lanes_spread(f->m, w, n2->m, n2->limbs);
    shift_up(f->m, w, f->shift);
    memcpy(f->twice, f->m, w * sizeof *f->m);
    shift_up(f->twice, w, 1);
    return 1;
}

/* r = x y mod n^2, canonical, for x and y below n^2. y is used up. */
LANES_TARGET
static void barrett_mul(ps_lanes *r, const ps_lanes *x, ps_lanes *y,
                        const barrett *f)
{
    const lanes_long *kernel = f->kernel;
    size_t w = kernel->limbs;
    ps_lanes borrow = lanes_set(0);

    shift_up(y, w, f->shift);
    kernel->whole(f->whole, x, y);
    kernel->upper(f->quotient, f->whole + (w - 2), f->mu);
    kernel->lower(f->multiple, f->quotient + kernel->guard, f->m);
    for (size_t i = 0; i < w; i++) {
        ps_lanes less = f->whole[i] - f->multiple[i] - borrow;
        r[i] = less & lanes_set(LANES_DIGIT);
        borrow = less >> 63;
    }
    (void)ps_lanes_subtract_once(r, f->twice, w);
    (void)ps_lanes_subtract_once(r, f->m, w);
    shift_down(r, w, f->shift);
}

LANES_TARGET
int ps_lanes_column_add(uint8_t *c, ps_limb *product, const uint8_t *a,
                        const uint8_t *b, size_t count,
                        const ps_paillier_public *key, ps_limb *scratch)
{
    size_t size = key->c_len;
    lanes_arena arena = arena_of(scratch);
    lanes_column w;
    barrett f;

    if (count < WORTH_ADDING || !ps_lanes_column_init(&w, key, &arena)
        || !barrett_init(&f, &key->n2, &arena)) {
        return 0;
    }
    size_t width = f.kernel->limbs;
    ps_lanes *x = ps_lanes_take(&arena, width);
    ps_lanes *y = ps_lanes_take(&arena, width);
    ps_lanes *z = ps_lanes_take(&arena, width);
    for (size_t i = 0; i < count; i += LANES) {
        size_t here = group_size(count, i);
        ps_lanes_read(x, width, a + i * size, here, size);
        ps_lanes_read(y, width, b + i * size, here, size);
        barrett_mul(z, x, y, &f);
        w.n.kernel->rest(y, z, &w.n);
        ps_lanes_column_gather(&w, y);
        ps_lanes_write(c + i * size, here, size, z, width);
    }
    ps_lanes_column_finish(product, &w);
    return 1;
}

/* The last products of eight lanes inverted: a batch of its own. */
LANES_TARGET
static ps_status invert_last(ps_lanes *u, const ps_lanes *last,
                             const long_modulus *l,
                             const ps_paillier_public *key, lanes_arena arena)
{
    uint8_t bytes[LANES * 16 * PS_PAILLIER_N_LIMBS];
    ps_limb *room = (ps_limb *)(void *)ps_lanes_take(
        &arena, LANES * 2 * PS_PAILLIER_N_LIMBS / LANES);

    ps_lanes_write(bytes, LANES, key->c_len, last, l->kernel->limbs);
    ps_status status = ps_paillier_column_invert_few(bytes, bytes, LANES, key,
                                                     room);
    ps_lanes_read(u, l->kernel->limbs, bytes, LANES, key->c_len);
    return status;
}

/* As ps_paillier_column_invert_few, in each lane. */
LANES_TARGET
int ps_lanes_column_invert(uint8_t *c, ps_limb *units, const uint8_t *a,
                           size_t count, const ps_paillier_public *key,
                           ps_limb *scratch)
{
    size_t size = key->c_len;
    size_t steps = (count + LANES - 1) / LANES;
    lanes_arena arena = arena_of(scratch);
    long_modulus l;

    if (count < WORTH_INVERTING || !long_init(&l, &key->n2, &arena)) {
        return 0;
    }
    size_t width = l.kernel->limbs;
    ps_lanes *x = ps_lanes_take(&arena, width);
    ps_lanes *u = ps_lanes_take(&arena, width);
    ps_lanes *next = ps_lanes_take(&arena, width);
    ps_lanes *products = ps_lanes_take(&arena, steps * width);
    ps_lanes_read(products, width, a, LANES, size);
    for (size_t i = 1; i < steps; i++) {
        ps_lanes_read(x, width, a + i * LANES * size,
                      group_size(count, i * LANES), size);
        ps_lanes *next_product = products + i * width;
        l.kernel->mul(next_product, next_product - width, x, &l.m);
    }
    ps_lanes *last = products + (steps - 1) * width;
    (void)ps_lanes_subtract_once(last, l.m.m, width);
    *units = invert_last(u, last, &l, key, arena) == PS_OK;
    for (size_t i = steps; *units && --i > 0;) {
        size_t here = group_size(count, i * LANES);
        ps_lanes_read(x, width, a + i * LANES * size, here, size);
        l.kernel->mul(next, u, products + (i - 1) * width, &l.m);
        (void)ps_lanes_subtract_once(next, l.m.m, width);
        ps_lanes_write(c + i * LANES * size, here, size, next, width);
        l.kernel->mul(next, u, x, &l.m);
        ps_lanes *swap = u;
        u = next;
        next = swap;
    }
    (void)ps_lanes_subtract_once(u, l.m.m, width);
    ps_lanes_write(c, *units ? LANES : 0, size, u, width);
    return 1;
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_long_lanes;
#endif
