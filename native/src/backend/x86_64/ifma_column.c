/* Columns of ciphertexts, eight elements at a time. */
#include <string.h>

#include "../../mpn/mont.h"
#include "lanes.h"
#include "privshare/ps_paillier_column.h"

#if defined(PS_HAVE_LANES)

/* Below these many elements the portable code is done before. */
enum { WORTH_LANES = 4 };

static size_t group_size(size_t count, size_t i)
{
    return count - i < LANES ? count - i : LANES;
}

static lanes_arena arena_of(ps_limb *scratch)
{
    return ps_lanes_arena(scratch, PS_PAILLIER_COLUMN_LIMBS);
}

LANES_TARGET
int ps_lanes_column_init(lanes_column *w, const ps_paillier_public *key,
                         lanes_arena *arena)
{
    const lanes_kernel *kernel = ps_lanes_kernel_for(key->n.mont.limbs);

    if (kernel == NULL) {
        return 0;
    }
    size_t h = kernel->limbs;
    w->key = key;
    ps_lanes_modulus_init(&w->n, kernel, &key->n, arena);
    w->one = ps_lanes_take(arena, 2 * h);
    w->form = ps_lanes_take(arena, 2 * h);
    w->cube = ps_lanes_take(arena, 2 * h);
    w->n2 = ps_lanes_take(arena, 2 * h);
    w->gathered = ps_lanes_take(arena, h);
    w->room = ps_lanes_take(arena, h);
    memset(w->one, 0, 2 * h * sizeof *w->one);
    w->one[0] = lanes_set(1);
    kernel->dual.mul(w->form, w->n.rr, w->one, &w->n);
    kernel->dual.mul(w->cube, w->n.rr, w->n.rr, &w->n);
    ps_lanes_spread(w->n2, 2 * h, key->n2.m, key->n2.limbs);
    memcpy(w->gathered, w->one, h * sizeof *w->one);
    return 1;
}

LANES_TARGET
void ps_lanes_column_gather(lanes_column *w, const ps_lanes *x)
{
    ps_lanes *swap = w->gathered;

    w->n.kernel->plain.mul(w->room, w->gathered, x, &w->n);
    w->gathered = w->room;
    w->room = swap;
}

LANES_TARGET
void ps_lanes_column_finish(ps_limb *product, lanes_column *w)
{
    const ps_mont *n = &w->key->n.mont;
    size_t h = w->n.kernel->limbs;
    ps_limb lane[PS_PAILLIER_N_LIMBS];

    (void)ps_lanes_subtract_once(w->gathered, w->n.m, h);
    for (size_t i = 0; i < LANES; i++) {
        ps_lanes_extract(lane, n->limbs, w->gathered, h, i);
        ps_mont_mul(product, lane, product, n);
    }
}

LANES_TARGET
void ps_lanes_column_leave(ps_lanes *r, ps_lanes *x, const lanes_column *w)
{
    size_t h = w->n.kernel->limbs;

    w->n.kernel->leave(r, x, &w->n);
    memcpy(x, r, 2 * h * sizeof *x);
    ps_lanes_canonical(x, &w->n);
    ps_lanes_mul_add(r, x + h, w->n.m, x, h);
}

LANES_TARGET
int ps_lanes_column_product(ps_limb *product, const uint8_t *a, size_t count,
                            const ps_paillier_public *key, ps_limb *scratch)
{
    lanes_arena arena = arena_of(scratch);
    lanes_column w;

    if (count < WORTH_LANES || !ps_lanes_column_init(&w, key, &arena)) {
        return 0;
    }
    size_t h = w.n.kernel->limbs;
    ps_lanes *x = ps_lanes_take(&arena, 2 * h);
    ps_lanes *rest = ps_lanes_take(&arena, h);
    for (size_t i = 0; i < count; i += LANES) {
        ps_lanes_read(x, 2 * h, a + i * key->c_len, group_size(count, i),
                      key->c_len);
        w.n.kernel->rest(rest, x, &w.n);
        ps_lanes_column_gather(&w, rest);
    }
    ps_lanes_column_finish(product, &w);
    return 1;
}

/* a + (a m mod n) n, from a / R mod n: times R^3 and times m, over R each. */
LANES_TARGET
static void add_plain_group(uint8_t *c, const uint8_t *a, const uint8_t *m,
                            size_t count, lanes_column *w, lanes_arena arena)
{
    const lanes_ring *ring = &w->n.kernel->plain;
    size_t h = ring->width;
    size_t size = w->key->c_len;
    ps_lanes *x = ps_lanes_take(&arena, 2 * h);
    ps_lanes *sum = ps_lanes_take(&arena, 2 * h);
    ps_lanes *y = ps_lanes_take(&arena, h);
    ps_lanes *z = ps_lanes_take(&arena, h);

    ps_lanes_read(x, 2 * h, a, count, size);
    w->n.kernel->rest(y, x, &w->n);
    ps_lanes_column_gather(w, y);
    ring->mul(z, y, w->cube, &w->n);
    ps_lanes_read(y, h, m, count, w->key->n_len);
    ring->mul(sum, z, y, &w->n);
    (void)ps_lanes_subtract_once(sum, w->n.m, h);
    memcpy(z, sum, h * sizeof *z);
    ps_lanes_mul_add(sum, z, w->n.m, x, h);
    for (size_t i = h; i < 2 * h; i++) {
        sum[i] += x[i];
    }
    ps_lanes_normalise(sum + h, h);
    (void)ps_lanes_subtract_once(sum, w->n2, 2 * h);
    ps_lanes_write(c, count, size, sum, 2 * h);
}

LANES_TARGET
int ps_lanes_column_add_plain(uint8_t *c, ps_limb *product, const uint8_t *a,
                              const uint8_t *m, size_t count,
                              const ps_paillier_public *key, ps_limb *scratch)
{
    lanes_arena arena = arena_of(scratch);
    lanes_column w;

    if (count < WORTH_LANES || !ps_lanes_column_init(&w, key, &arena)) {
        return 0;
    }
    for (size_t i = 0; i < count; i += LANES) {
        add_plain_group(c + i * key->c_len, a + i * key->c_len,
                        m + i * key->n_len, group_size(count, i), &w, arena);
    }
    ps_lanes_column_finish(product, &w);
    /* What m leaves behind, six numbers. */
    ps_wipe(arena.next, 6 * w.n.kernel->limbs * sizeof *arena.next);
    return 1;
}

/* Windows of 3 bits up to this length, of 4 above: the table pays. */
enum { SHORT_BITS = 60, WORDS = (PS_PAILLIER_COLUMN_EXPONENT + 7) / 8 };

/* Exponents of eight lanes, little-endian words. */
typedef struct {
    ps_limb word[LANES][WORDS];
    size_t words;
    size_t bits;       /* of the longest */
} exponents;

static void read_exponents(exponents *e, const uint8_t *bytes, size_t e_len,
                           size_t count)
{
    e->words = (e_len + 7) / 8;
    e->bits = 0;
    for (size_t i = 0; i < LANES; i++) {
        memset(e->word[i], 0, e->words * sizeof(ps_limb));
        if (i < count
            && ps_mpn_from_bytes(e->word[i], e->words, bytes + i * e_len,
                                 e_len) == PS_OK) {
            size_t bits = ps_mpn_bits_vartime(e->word[i], e->words);
            e->bits = bits > e->bits ? bits : e->bits;
        }
    }
}

/* r = in each lane the entry of its digit. */
#define PICK(name, entries)                                                  \
    LANES_TARGET static void name(ps_lanes *r, const ps_lanes *table,        \
                                  const ps_lanes digits, size_t width)       \
    {                                                                        \
        ps_lanes mask[entries];                                              \
        for (uint64_t i = 0; i < (entries); i++) {                           \
            mask[i] = (ps_lanes)(digits == lanes_set(i));                    \
        }                                                                    \
        for (size_t j = 0; j < width; j++) {                                 \
            ps_lanes sum = table[j] & mask[0];                               \
            for (size_t i = 1; i < (entries); i++) {                         \
                sum = lanes_choose(sum, table[i * width + j], mask[i]);      \
            }                                                                \
            r[j] = sum;                                                      \
        }                                                                    \
    }
PICK(pick8, 8)
PICK(pick16, 16)

/* The digit of every lane at window i. */
LANES_TARGET
static ps_lanes digits_at(const exponents *e, size_t i, size_t width)
{
    ps_lanes digits = lanes_set(0);

    for (size_t lane = 0; lane < LANES; lane++) {
        digits[lane] = ps_window_digit(e->word[lane], e->words, i, width);
    }
    return digits;
}

/* r = x^e; x and r in Montgomery form. x is used up. */
LANES_TARGET
static void power(ps_lanes *r, ps_lanes *x, const exponents *e,
                  const lanes_column *w, lanes_arena arena)
{
    const lanes_ring *ring = &w->n.kernel->dual;
    size_t width = ring->width;
    size_t window = e->bits <= SHORT_BITS ? 3 : 4;
    size_t entries = (size_t)1 << window;
    size_t left = ps_window_count(e->bits, window);
    ps_lanes *table = ps_lanes_take(&arena, entries * width);
    ps_lanes *factor = ps_lanes_take(&arena, width);
    ps_lanes *other = ps_lanes_take(&arena, width);
    ps_lanes *sum = r;

    memcpy(table, w->form, width * sizeof *table);
    memcpy(table + width, x, width * sizeof *table);
    for (size_t i = 2; i < entries; i++) {
        ps_lanes *entry = table + i * width;
        if (i % 2 == 0) {
            ring->sqr(entry, table + i / 2 * width, &w->n);
        } else {
            ring->mul(entry, entry - width, x, &w->n);
        }
    }
    memcpy(sum, w->form, width * sizeof *sum);
    for (int first = 1; left-- > 0; first = 0) {
        for (size_t i = 0; !first && i < window; i++) {
            ring->sqr(other, sum, &w->n);
            ps_lanes *swap = sum;
            sum = other;
            other = swap;
        }
        (window == 3 ? pick8 : pick16)(factor, table,
                                       digits_at(e, left, window), width);
        if (first) {
            memcpy(sum, factor, width * sizeof *sum);
            continue;
        }
        ring->mul(other, sum, factor, &w->n);
        ps_lanes *swap = sum;
        sum = other;
        other = swap;
    }
    if (sum != r) {
        memcpy(r, sum, width * sizeof *sum);
    }
}

LANES_TARGET
int ps_lanes_column_power(uint8_t *c, ps_limb *product, const uint8_t *a,
                          const uint8_t *e, size_t e_len, size_t count,
                          const ps_paillier_public *key, ps_limb *scratch)
{
    size_t size = key->c_len;
    lanes_arena arena = arena_of(scratch);
    lanes_column w;
    exponents es;

    if (count < WORTH_LANES || !ps_lanes_column_init(&w, key, &arena)) {
        return 0;
    }
    size_t h = w.n.kernel->limbs;
    ps_lanes *x = ps_lanes_take(&arena, 2 * h);
    ps_lanes *y = ps_lanes_take(&arena, 2 * h);
    for (size_t i = 0; i < count; i += LANES) {
        size_t here = group_size(count, i);
        read_exponents(&es, e + i * e_len, e_len, here);
        ps_lanes_read(x, 2 * h, a + i * size, here, size);
        w.n.kernel->fold(y, x, &w.n);
        ps_lanes_column_gather(&w, y);
        w.n.kernel->dual.mul(x, y, w.cube, &w.n);
        power(y, x, &es, &w, arena);
        ps_lanes_column_leave(x, y, &w);
        ps_lanes_write(c + i * size, here, size, x, 2 * h);
    }
    ps_lanes_column_finish(product, &w);
    return 1;
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_column_lanes;
#endif
