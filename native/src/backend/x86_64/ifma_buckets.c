/* Products in buckets: dot products and sums by groups.
 *
 * Each lane has buckets of its own, so that lanes never meet. A bucket is a row
 * of limbs in memory, and eight rows become eight lanes by a transposition.
 */
#include <string.h>

#include "../../bytes.h"
#include "../../mpn/mont.h"
#include "../../paillier/ciphertext.h"
#include "../../paillier/column.h"
#include "lanes.h"

#if defined(PS_HAVE_LANES)

enum {
    WORTH_LANES = 16,
    /* An element in Montgomery form costs a product, without it a power of 2
     * at the end: from here on. */
    WORTH_MENDING = 512, WORTH_MENDING_GROUP = 64,
    /* Limbs of all rows; the rest of the scratch is for everything else. */
    ROOM = PS_PAILLIER_COLUMN_LIMBS - 2 * 8192,
    DIGIT_BITS_MAX = 8
};

typedef struct {
    lanes_column w;
    uint64_t *rows;        /* rows of `stride` limbs: lane 0's buckets first */
    size_t stride;         /* 2 h, rounded up to eight */
    size_t buckets;        /* of a lane */
    int exact;             /* elements are in Montgomery form; else they are
                            * what that makes of a * R^-2 */
    ps_lanes *x;           /* the element, and places of `stride` vectors */
    ps_lanes *y;
    ps_lanes *z;
    ps_lanes *product;
} bucket_lanes;

/* Rows to be worked on, one for each lane. */
typedef struct {
    uint64_t *row[LANES];
} chosen_rows;

LANES_TARGET
static void load_rows(ps_lanes *r, const chosen_rows *c, size_t stride)
{
    for (size_t i = 0; i < stride; i += LANES) {
        ps_lanes v[LANES];
        for (size_t lane = 0; lane < LANES; lane++) {
            memcpy(&v[lane], c->row[lane] + i, sizeof *v);
        }
        lanes_transpose(v);
        memcpy(r + i, v, sizeof v);
    }
}

LANES_TARGET
static void store_rows(const chosen_rows *c, const ps_lanes *r, size_t stride)
{
    for (size_t i = 0; i < stride; i += LANES) {
        ps_lanes v[LANES];
        memcpy(v, r + i, sizeof v);
        lanes_transpose(v);
        for (size_t lane = 0; lane < LANES; lane++) {
            memcpy(c->row[lane] + i, &v[lane], sizeof *v);
        }
    }
}

/* The rows of bucket number[lane]. */
LANES_TARGET
static chosen_rows choose(const bucket_lanes *b, const size_t *number)
{
    chosen_rows c;

    for (size_t lane = 0; lane < LANES; lane++) {
        c.row[lane] = b->rows + (lane * b->buckets + number[lane]) * b->stride;
    }
    return c;
}

/* The same bucket in every lane. */
LANES_TARGET
static chosen_rows level(const bucket_lanes *b, size_t number)
{
    const size_t all[LANES] = {number, number, number, number,
                               number, number, number, number};

    return choose(b, all);
}

LANES_TARGET
static int init(bucket_lanes *b, const ps_paillier_public *key,
                ps_limb *scratch)
{
    lanes_arena arena = ps_lanes_arena(scratch, PS_PAILLIER_COLUMN_LIMBS);

    if (!ps_lanes_column_init(&b->w, key, &arena)) {
        return 0;
    }
    b->stride = (2 * b->w.n.kernel->limbs + LANES - 1) / LANES * LANES;
    b->x = ps_lanes_take(&arena, b->stride);
    b->y = ps_lanes_take(&arena, b->stride);
    b->z = ps_lanes_take(&arena, b->stride);
    b->product = ps_lanes_take(&arena, b->stride);
    b->rows = (uint64_t *)(void *)ps_lanes_take(&arena, 0);
    PS_CHECK(b->rows + ROOM <= scratch + PS_PAILLIER_COLUMN_LIMBS);
    return 1;
}

/* All buckets are 1. */
LANES_TARGET
static void clear(bucket_lanes *b)
{
    const uint64_t *form = (const uint64_t *)(const void *)b->w.form;
    size_t width = b->w.n.kernel->dual.width;
    uint64_t *first = b->rows;

    memset(first, 0, b->stride * sizeof *first);
    for (size_t i = 0; i < width; i++) {
        first[i] = form[LANES * i];
    }
    for (size_t i = 1; i < LANES * b->buckets; i++) {
        memcpy(first + i * b->stride, first, b->stride * sizeof *first);
    }
}

static void swap(ps_lanes **x, ps_lanes **y)
{
    ps_lanes *kept = *x;

    *x = *y;
    *y = kept;
}

/* Elements that wait to be eight. */
typedef struct {
    uint8_t bytes[LANES * 16 * PS_PAILLIER_N_LIMBS];
    uint64_t tag[LANES];       /* scalar or bucket */
    size_t used;
} queue;

static void wait(queue *q, const uint8_t *a, size_t size, uint64_t tag)
{
    ps_copy(q->bytes + q->used * size, a, size);
    q->tag[q->used++] = tag;
}

/* x = the elements that wait; those that are missing repeat the first, with
 * the tag 0. */
LANES_TARGET
static void take_eight(bucket_lanes *b, queue *q)
{
    const lanes_kernel *kernel = b->w.n.kernel;

    ps_lanes_read(b->y, 2 * kernel->limbs, q->bytes, q->used, b->w.key->c_len);
    kernel->fold(b->x, b->y, &b->w.n);
    if (b->exact) {
        kernel->dual.mul(b->y, b->x, b->w.cube, &b->w.n);
        swap(&b->x, &b->y);
    }
    while (q->used < LANES) {
        q->tag[q->used++] = 0;
    }
    q->used = 0;
}

/* Multiply each lane's bucket by that lane of v. */
LANES_TARGET
static void put(bucket_lanes *b, const size_t *number, const ps_lanes *v)
{
    chosen_rows rows = choose(b, number);

    load_rows(b->z, &rows, b->stride);
    b->w.n.kernel->dual.mul(b->product, b->z, v, &b->w.n);
    store_rows(&rows, b->product, b->stride);
}

/* How scalars are cut. A step takes `elements` elements with `digits` digits
 * each, that is eight lanes; or one element, `sets` times with eight more
 * digits. */
typedef struct {
    size_t bits;
    size_t digits;
    size_t elements;
    size_t sets;
} cut;

/* The cut with the fewest products. */
static cut best_cut(size_t bits, size_t count)
{
    cut best = {0};
    size_t least = SIZE_MAX;

    for (size_t w = 1; w <= DIGIT_BITS_MAX; w++) {
        size_t all = (bits + w - 1) / w;
        size_t digits = all > 4 ? 8 : all > 2 ? 4 : all;
        cut c = {w, digits, LANES / digits, (all + LANES - 1) / LANES};
        size_t cost = c.sets * (count / c.elements + ((size_t)2 << w));
        if (cost < least && c.sets << w <= (size_t)1 << DIGIT_BITS_MAX) {
            least = cost;
            best = c;
        }
    }
    return best;
}

/* Elements from `first` on, as many as a step takes, into one set. */
LANES_TARGET
static void drop(bucket_lanes *b, const cut *c, size_t set, size_t first,
                 const uint64_t *k)
{
    const uint64_t mask = ((uint64_t)1 << c->bits) - 1;
    size_t width = b->w.n.kernel->dual.width;
    size_t number[LANES];
    ps_lanes index = lanes_set(0);

    for (size_t lane = 0; lane < LANES; lane++) {
        size_t element = first + lane / c->digits;
        size_t shift = (LANES * set + lane % c->digits) * c->bits;
        uint64_t digit = shift < 64 ? k[element] >> shift : 0;
        index[lane] = element;
        number[lane] = (set << c->bits) + (size_t)(digit & mask);
    }
    for (size_t j = 0; j < width; j++) {
        b->y[j] = lanes_permute(b->x[j], index);
    }
    put(b, number, b->y);
}

LANES_TARGET
static void drop_eight(bucket_lanes *b, const cut *c, queue *q)
{
    take_eight(b, q);
    for (size_t first = 0; first < LANES; first += c->elements) {
        for (size_t set = 0; set < c->sets; set++) {
            drop(b, c, set, first, q->tag);
        }
    }
}

/* x = in each lane the product of bucket[d]^d: the product of the highest
 * buckets is a factor once for each bucket below. It ends as the product of
 * all, and with bucket 0 no element is missing: that is gathered. */
LANES_TARGET
static void empty(bucket_lanes *b, const cut *c, size_t set)
{
    const lanes_ring *ring = &b->w.n.kernel->dual;
    size_t digit = ((size_t)1 << c->bits) - 1;
    chosen_rows rows = level(b, (set << c->bits) + digit);

    load_rows(b->y, &rows, b->stride);
    memcpy(b->x, b->y, ring->width * sizeof *b->x);
    while (--digit > 0) {
        rows = level(b, (set << c->bits) + digit);
        load_rows(b->z, &rows, b->stride);
        ring->mul(b->product, b->y, b->z, &b->w.n);
        swap(&b->y, &b->product);
        ring->mul(b->product, b->x, b->y, &b->w.n);
        swap(&b->x, &b->product);
    }
    rows = level(b, set << c->bits);
    load_rows(b->z, &rows, b->stride);
    ps_lanes_column_gather(&b->w, b->y);
    ps_lanes_column_gather(&b->w, b->z);
}

/* sum = sum^(2^bits) * lanes, for one digit after the other, highest first. */
LANES_TARGET
static void join(ps_limb *sum, int *any, const ps_lanes *lanes, const cut *c,
                 const ps_paillier_public *key, size_t width)
{
    const ps_mont *n2 = &key->n2;
    ps_limb lane[PS_MPN_MAX_LIMBS];

    for (size_t digit = c->digits; digit-- > 0;) {
        for (size_t i = 0; *any && i < c->bits; i++) {
            ps_mont_sqr(sum, sum, n2);
        }
        for (size_t i = 0; i < c->elements; i++) {
            ps_lanes_extract(lane, n2->limbs, lanes, width,
                             i * c->digits + digit);
            ps_mont_enter(lane, lane, n2);
            ps_mont_mul(sum, lane, sum, n2);
        }
        *any = 1;
    }
}

LANES_TARGET
int ps_lanes_column_dot(ps_limb *x, size_t *shift, ps_limb *product,
                        const uint8_t *a, const uint64_t *k, size_t bits,
                        const uint8_t *negative, uint8_t sign, size_t count,
                        const ps_paillier_public *key, ps_limb *scratch)
{
    const cut c = best_cut(bits, count);
    bucket_lanes b = {.exact = count < WORTH_MENDING};
    queue q = {.used = 0};
    int any = 0;

    if (count < WORTH_LANES || !init(&b, key, scratch)) {
        return 0;
    }
    b.buckets = c.sets << c.bits;
    clear(&b);
    for (size_t i = 0; i < count; i++) {
        if (column_has_sign(negative, i, sign)) {
            wait(&q, a + i * key->c_len, key->c_len, k[i]);
        }
        if (q.used == LANES || (q.used != 0 && i + 1 == count)) {
            drop_eight(&b, &c, &q);
        }
    }
    memcpy(x, key->n2.one, key->n2.limbs * sizeof *x);
    for (size_t set = c.sets; set-- > 0;) {
        empty(&b, &c, set);
        ps_lanes_column_leave(b.y, b.x, &b.w);
        join(x, &any, b.y, &c, key, b.w.n.kernel->dual.width);
    }
    ps_mont_leave(x, x, &key->n2);
    ps_lanes_column_finish(product, &b.w);
    *shift = b.exact ? 0 : 2 * LANES_BITS * b.w.n.kernel->limbs;
    return 1;
}

LANES_TARGET
static void put_eight(bucket_lanes *b, queue *q)
{
    size_t number[LANES];

    take_eight(b, q);
    for (size_t i = 0; i < LANES; i++) {
        number[i] = (size_t)q->tag[i];
    }
    put(b, number, b->x);
}

/* The sums of up to eight groups, from bucket `first` on: lane by lane, so that
 * a lane now is a group. */
LANES_TARGET
static void join_groups(uint8_t *c, bucket_lanes *b, size_t first, size_t count)
{
    const lanes_ring *ring = &b->w.n.kernel->dual;
    size_t size = b->w.key->c_len;

    for (size_t lane = 0; lane < LANES; lane++) {
        chosen_rows rows;
        for (size_t i = 0; i < LANES; i++) {
            size_t number = i < count ? first + i : 0;
            rows.row[i] = b->rows + (lane * b->buckets + number) * b->stride;
        }
        load_rows(lane == 0 ? b->y : b->z, &rows, b->stride);
        if (lane != 0) {
            ring->mul(b->product, b->y, b->z, &b->w.n);
            swap(&b->y, &b->product);
        }
    }
    ps_lanes_column_leave(b->z, b->y, &b->w);
    ps_lanes_column_gather(&b->w, b->y);
    ps_lanes_write(c, count, size, b->z, ring->width);
}

/* c = c * 2^shift. */
static void mend(uint8_t *c, ps_wide shift, const ps_paillier_public *key)
{
    ps_limb x[PS_MPN_MAX_LIMBS];

    if (shift != 0
        && ps_paillier_read_ciphertext(x, c, key) == PS_OK) {
        ps_paillier_mend(x, shift, &key->n2);
        ps_paillier_write_ciphertext(c, x, key);
    }
}

/* Groups from `first` on, as many as there are buckets. */
LANES_TARGET
static void sum_range(uint8_t *c, bucket_lanes *b, const uint8_t *a,
                      const uint8_t *group, size_t count, size_t first,
                      size_t groups)
{
    size_t used[ROOM / LANES / 2 / 20] = {0};
    size_t size = b->w.key->c_len;
    size_t shift = b->exact ? 0 : 2 * LANES_BITS * b->w.n.kernel->limbs;
    queue q = {.used = 0};

    clear(b);
    for (size_t i = 0; i < count; i++) {
        size_t g = (size_t)ps_load32_le(group + 4 * i) - first;
        if (g < groups) {
            used[g]++;
            wait(&q, a + i * size, size, g + 1);
        }
        if (q.used == LANES || (q.used != 0 && i + 1 == count)) {
            put_eight(b, &q);
        }
    }
    for (size_t g = 0; g < groups; g += LANES) {
        join_groups(c + (first + g) * size, b, g + 1,
                    groups - g < LANES ? groups - g : LANES);
    }
    for (size_t g = 0; g < groups; g++) {
        mend(c + (first + g) * size, (ps_wide)shift * used[g], b->w.key);
    }
}

LANES_TARGET
int ps_lanes_column_groups(uint8_t *c, ps_limb *product, const uint8_t *a,
                           const uint8_t *group, size_t count, size_t n_groups,
                           const ps_paillier_public *key, ps_limb *scratch)
{
    bucket_lanes b = {.exact = count < WORTH_MENDING_GROUP * n_groups};

    if (count < WORTH_LANES || count < n_groups || !init(&b, key, scratch)) {
        return 0;
    }
    /* Bucket 0 is for elements that are not there. */
    size_t most = ROOM / (LANES * b.stride) - 1;
    b.buckets = 1 + (n_groups < most ? n_groups : most);
    for (size_t first = 0; first < n_groups; first += most) {
        size_t left = n_groups - first;
        sum_range(c, &b, a, group, count, first, left < most ? left : most);
    }
    ps_lanes_column_finish(product, &b.w);
    return 1;
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_bucket_lanes;
#endif
