/* Arrays of ciphertexts: dot products and sums by groups. */
#include "column.h"

#include <string.h>

#include "../bytes.h"
#include "../mpn/mont.h"
#include "ciphertext.h"
#include "dual.h"

/* Digits of at most 8 bits: at 64 bits and 3072-bit n that is 8 * 256 buckets
 * of 96 limbs. */
enum { DIGIT_BITS_MAX = 8, BUCKETS_MAX = 8 << DIGIT_BITS_MAX };

/* Buckets of one run. Each digit position has a set of its own, so that every
 * element is read once. A bucket is a pair in Montgomery form. */
typedef struct {
    size_t bits;                   /* of a digit */
    size_t digits;                 /* of a scalar */
    ps_limb *pairs;
    uint8_t used[BUCKETS_MAX];
} bucket_sets;

/* The digit length with the fewest products for so many elements: one each and
 * digit, two a bucket. */
static size_t digit_bits(size_t bits, size_t count)
{
    size_t best = 1;
    uint64_t least = UINT64_MAX;

    for (size_t w = 1; w <= DIGIT_BITS_MAX; w++) {
        uint64_t digits = (bits + w - 1) / w;
        uint64_t cost = digits * (count + ((uint64_t)2 << w));
        if (cost < least && (digits << w) <= BUCKETS_MAX) {
            least = cost;
            best = w;
        }
    }
    return best;
}

static ps_limb *bucket(const bucket_sets *sets, size_t number,
                       const ps_paillier_public *key)
{
    return sets->pairs + number * 2 * key->n.mont.limbs;
}

/* r = r * x, or x into an empty place. */
static void put(ps_limb *r, uint8_t *used, const ps_limb *x,
                const ps_paillier_dual *n)
{
    if (*used) {
        ps_dual_mul(r, r, x, n);
    } else {
        memcpy(r, x, 2 * n->mont.limbs * sizeof *r);
        *used = 1;
    }
}

static void drop(bucket_sets *sets, const ps_limb *x, uint64_t k,
                 const ps_paillier_public *key)
{
    size_t mask = ((size_t)1 << sets->bits) - 1;

    for (size_t i = 0; k != 0; i++, k >>= sets->bits) {
        size_t digit = (size_t)k & mask;
        size_t number = (i << sets->bits) + digit;
        if (digit != 0) {
            put(bucket(sets, number, key), &sets->used[number], x, &key->n);
        }
    }
}

/* sum *= the product of bucket[d]^d over one set: the product of the highest
 * buckets is a factor once for each bucket below. */
static void empty(ps_limb *sum, uint8_t *sum_used, bucket_sets *sets, size_t i,
                  const ps_paillier_public *key)
{
    ps_limb highest[C_LIMBS];
    uint8_t any = 0;

    for (size_t digit = (size_t)1 << sets->bits; --digit > 0;) {
        size_t number = (i << sets->bits) + digit;
        if (sets->used[number]) {
            put(highest, &any, bucket(sets, number, key), &key->n);
        }
        if (any) {
            put(sum, sum_used, highest, &key->n);
        }
    }
}

/* As the backends' column_dot. An element is taken as what Montgomery form
 * makes of a * R^-2. */
static ps_status dot(ps_limb *x, size_t *shift, ps_limb *product,
                     const uint8_t *a, const uint64_t *k, size_t bits,
                     const uint8_t *negative, uint8_t sign, size_t count,
                     const ps_paillier_public *key, ps_limb *scratch)
{
    const ps_paillier_dual *n = &key->n;
    ps_limb pair[C_LIMBS], sum[C_LIMBS] = {1};
    bucket_sets sets = {.bits = digit_bits(bits, count), .pairs = scratch};
    uint8_t any = 0;

    sets.digits = (bits + sets.bits - 1) / sets.bits;
    for (size_t i = 0; i < count; i++) {
        if (!column_has_sign(negative, i, sign)) {
            continue;
        }
        if (ps_paillier_read_ciphertext(x, a + i * key->c_len, key) != PS_OK) {
            return PS_E_VERIFY;
        }
        ps_dual_fold(pair, x, n);
        ps_mont_mul(product, product, pair, &n->mont);
        drop(&sets, pair, k[i], key);
    }
    for (size_t i = sets.digits; i-- > 0;) {
        for (size_t j = 0; any && j < sets.bits; j++) {
            ps_dual_sqr(sum, sum, n);
        }
        empty(sum, &any, &sets, i, key);
    }
    if (any) {
        ps_dual_leave(sum, sum, n);
    }
    ps_dual_join(x, sum, n);
    *shift = 128 * n->mont.limbs;
    return PS_OK;
}

/* Sum of the scalars with a sign, and the bits of the longest. */
static ps_wide weigh(size_t *bits, const uint64_t *k, const uint8_t *negative,
                     uint8_t sign, size_t count)
{
    ps_wide sum = 0;
    ps_limb all = 0;

    for (size_t i = 0; i < count; i++) {
        if (column_has_sign(negative, i, sign)) {
            sum += k[i];
            all |= k[i];
        }
    }
    *bits = all == 0 ? 1 : ps_mpn_bits_vartime(&all, 1);
    return sum;
}

/* x * 2^(shift * sum) is the product over the elements of one sign. */
static ps_status half_dot(ps_limb *x, ps_wide *shift, ps_limb *product,
                          const uint8_t *a, const uint64_t *k,
                          const uint8_t *negative, uint8_t sign, size_t count,
                          const ps_paillier_public *key,
                          const ps_backend *backend, ps_limb *scratch)
{
    size_t bits, each;
    ps_wide sum = weigh(&bits, k, negative, sign, count);
    ps_status status = PS_OK;

    if (!COLUMN_DONE(column_dot, x, &each, product, a, k, bits, negative,
                     sign, count, key, scratch)) {
        status = dot(x, &each, product, a, k, bits, negative, sign, count,
                     key, scratch);
    }
    *shift = status == PS_OK ? each * sum : 0;
    return status;
}

static int any_negative(const uint8_t *negative, size_t count)
{
    for (size_t i = 0; negative != NULL && i < count; i++) {
        if (negative[i]) {
            return 1;
        }
    }
    return 0;
}

static void mend(ps_limb *x, ps_wide shift, const ps_paillier_public *key)
{
    if (shift != 0) {
        ps_paillier_mend(x, shift, &key->n2);
    }
}

/* x = x * 2^up / (y * 2^down), with one power of two. */
static ps_status divide(ps_limb *x, ps_wide up, ps_limb *y, ps_wide down,
                        const ps_paillier_public *key)
{
    if (down > up) {
        mend(y, down - up, key);
    } else {
        mend(x, up - down, key);
    }
    if (ps_mont_invert_vartime(y, y, &key->n2) != PS_OK) {
        return PS_E_VERIFY;
    }
    ps_mont_enter(y, y, &key->n2);
    ps_mont_mul(x, x, y, &key->n2);
    return PS_OK;
}

static ps_status whole_dot(ps_limb *x, ps_limb *product, const uint8_t *a,
                           const uint64_t *k, const uint8_t *negative,
                           size_t count, const ps_paillier_public *key,
                           const ps_backend *backend, ps_limb *scratch)
{
    ps_limb y[C_LIMBS];
    ps_wide up, down;
    ps_status status = half_dot(x, &up, product, a, k, negative, 0, count, key,
                                backend, scratch);

    if (status != PS_OK) {
        return status;
    }
    if (!any_negative(negative, count)) {
        mend(x, up, key);
        return PS_OK;
    }
    status = half_dot(y, &down, product, a, k, negative, 1, count, key,
                      backend, scratch);
    return status == PS_OK ? divide(x, up, y, down, key) : status;
}

ps_status ps_paillier_column_dot_vartime(uint8_t *c, size_t *bad,
                                         const uint8_t *a, const uint64_t *k,
                                         const uint8_t *negative, size_t count,
                                         const ps_paillier_public *key,
                                         const ps_backend *backend,
                                         ps_limb *scratch)
{
    ps_limb x[C_LIMBS];
    ps_limb product[N_LIMBS];
    ps_status status = ps_paillier_below_n2_vartime(a, count, key);

    memcpy(product, key->n.mont.one, sizeof product);
    if (status == PS_OK) {
        status = whole_dot(x, product, a, k, negative, count, key, backend,
                           scratch);
    }
    if (status == PS_OK) {
        status = ps_paillier_all_units(product, key);
    }
    if (status != PS_OK) {
        memset(c, 0, key->c_len);
        return ps_paillier_column_blame(bad, a, count, key);
    }
    ps_paillier_write_ciphertext(c, x, key);
    return PS_OK;
}

/* Products so far stand in c, and their numbers of factors in `used`. */
static ps_status gather_groups(uint8_t *c, ps_limb *used, const uint8_t *a,
                               const uint8_t *group, size_t count,
                               const ps_paillier_public *key)
{
    ps_limb x[C_LIMBS], sum[C_LIMBS];
    ps_status status = PS_OK;

    for (size_t i = 0; i < count && status == PS_OK; i++) {
        uint32_t g = ps_load32_le(group + 4 * i);
        uint8_t *place = c + g * key->c_len;
        if (used[g]++ == 0) {
            memcpy(place, a + i * key->c_len, key->c_len);
            continue;
        }
        status = ps_paillier_read_ciphertext(x, a + i * key->c_len, key);
        if (status == PS_OK) {
            status = ps_paillier_read_ciphertext(sum, place, key);
        }
        if (status == PS_OK) {
            ps_mont_mul(sum, sum, x, &key->n2);
            ps_paillier_write_ciphertext(place, sum, key);
        }
    }
    return status;
}

static ps_status sum_groups(uint8_t *c, ps_limb *product, const uint8_t *a,
                            const uint8_t *group, size_t count,
                            size_t n_groups, const ps_paillier_public *key,
                            ps_limb *used)
{
    ps_limb x[C_LIMBS];
    ps_status status;

    memset(used, 0, n_groups * sizeof *used);
    status = gather_groups(c, used, a, group, count, key);
    for (size_t g = 0; g < n_groups && status == PS_OK; g++) {
        uint8_t *place = c + g * key->c_len;
        if (used[g] == 0) {
            place[key->c_len - 1] = 1;
            continue;
        }
        status = ps_paillier_read_ciphertext(x, place, key);
        ps_paillier_gather(product, x, key);
        if (used[g] > 1) {
            ps_paillier_mend(x, (ps_wide)64 * key->n2.limbs * (used[g] - 1),
                             &key->n2);
            ps_paillier_write_ciphertext(place, x, key);
        }
    }
    return status;
}

/* PS_E_RANGE for the first group that is too high. */
static ps_status groups_in_range(size_t *bad, const uint8_t *group,
                                 size_t count, size_t n_groups)
{
    if (n_groups == 0 || n_groups > PS_PAILLIER_COLUMN_GROUPS) {
        return PS_E_RANGE;
    }
    for (size_t i = 0; i < count; i++) {
        if (ps_load32_le(group + 4 * i) >= n_groups) {
            *bad = i;
            return PS_E_RANGE;
        }
    }
    return PS_OK;
}

ps_status ps_paillier_column_sum_groups_vartime(
    uint8_t *c, size_t *bad, const uint8_t *a, const uint8_t *group,
    size_t count, size_t n_groups, const ps_paillier_public *key,
    const ps_backend *backend, ps_limb *scratch)
{
    ps_limb product[N_LIMBS];
    ps_status status = groups_in_range(bad, group, count, n_groups);

    memset(c, 0, n_groups * key->c_len);
    if (status != PS_OK) {
        return status;
    }
    memcpy(product, key->n.mont.one, sizeof product);
    status = ps_paillier_below_n2_vartime(a, count, key);
    if (status == PS_OK
        && !COLUMN_DONE(column_groups, c, product, a, group, count, n_groups,
                        key, scratch)) {
        status = sum_groups(c, product, a, group, count, n_groups, key,
                            scratch);
    }
    if (status == PS_OK) {
        status = ps_paillier_all_units(product, key);
    }
    if (status != PS_OK) {
        memset(c, 0, n_groups * key->c_len);
        return ps_paillier_column_blame(bad, a, count, key);
    }
    return PS_OK;
}
