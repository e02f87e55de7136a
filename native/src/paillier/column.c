/* Arrays of ciphertexts, element by element. */
#include "column.h"

#include <string.h>

#include "../bytes.h"
#include "../mpn/mont.h"
#include "ciphertext.h"
#include "dual.h"

/* Elements that share one gcd when a bad one is looked for. */
enum { SEARCH = 64 };

/* The first bad element of a few. PS_OK when there is none. */
static ps_status search(size_t *bad, const uint8_t *c, size_t count,
                        const ps_paillier_public *key)
{
    ps_limb x[C_LIMBS], product[N_LIMBS];

    for (size_t i = 0; i < count; i++) {
        memcpy(product, key->n.mont.one, sizeof product);
        if (ps_paillier_read_ciphertext(x, c + i * key->c_len, key) != PS_OK) {
            *bad = i;
            return PS_E_VERIFY;
        }
        ps_paillier_gather(product, x, key);
        if (ps_paillier_all_units(product, key) != PS_OK) {
            *bad = i;
            return PS_E_VERIFY;
        }
    }
    return PS_OK;
}

ps_status ps_paillier_column_blame(size_t *bad, const uint8_t *c, size_t count,
                                   const ps_paillier_public *key)
{
    for (size_t i = 0; i < count; i += SEARCH) {
        size_t here = count - i < SEARCH ? count - i : SEARCH;
        size_t found;
        if (ps_paillier_check_vartime(c + i * key->c_len, here, key) != PS_OK
            && search(&found, c + i * key->c_len, here, key) != PS_OK) {
            *bad = i + found;
            break;
        }
    }
    return PS_E_VERIFY;
}

/* After the work on an array: decide by the product of its elements. */
static ps_status settle(ps_status status, const ps_limb *product, size_t *bad,
                        const uint8_t *a, size_t count,
                        const ps_paillier_public *key)
{
    if (status == PS_OK && ps_paillier_all_units(product, key) == PS_OK) {
        return PS_OK;
    }
    return ps_paillier_column_blame(bad, a, count, key);
}

static ps_status product_of(ps_limb *product, const uint8_t *c, size_t count,
                            const ps_paillier_public *key)
{
    ps_limb x[C_LIMBS];
    ps_status status = PS_OK;

    for (size_t i = 0; i < count && status == PS_OK; i++) {
        status = ps_paillier_read_ciphertext(x, c + i * key->c_len, key);
        if (status == PS_OK) {
            ps_paillier_gather(product, x, key);
        }
    }
    return status;
}

/* All below n^2; and the product is set to 1. */
static ps_status begin(ps_limb *product, const uint8_t *a, size_t count,
                       const ps_paillier_public *key)
{
    memcpy(product, key->n.mont.one, N_LIMBS * sizeof *product);
    return ps_paillier_below_n2_vartime(a, count, key);
}

ps_status ps_paillier_column_check_vartime(size_t *bad, const uint8_t *c,
                                           size_t count,
                                           const ps_paillier_public *key,
                                           const ps_backend *backend,
                                           ps_limb *scratch)
{
    ps_limb product[N_LIMBS];
    ps_status status = begin(product, c, count, key);

    if (status == PS_OK
        && !COLUMN_DONE(column_product, product, c, count, key, scratch)) {
        status = product_of(product, c, count, key);
    }
    return settle(status, product, bad, c, count, key);
}

static ps_status add_one(uint8_t *c, ps_limb *product, const uint8_t *a,
                         const uint8_t *b, const ps_paillier_public *key)
{
    ps_limb x[C_LIMBS], y[C_LIMBS];

    if (ps_paillier_read_ciphertext(x, a, key) != PS_OK
        || ps_paillier_read_ciphertext(y, b, key) != PS_OK) {
        return PS_E_VERIFY;
    }
    ps_mont_enter(x, x, &key->n2);
    ps_mont_mul(x, y, x, &key->n2);
    ps_paillier_gather(product, x, key);
    ps_paillier_write_ciphertext(c, x, key);
    return PS_OK;
}

static ps_status add_all(uint8_t *c, ps_limb *product, const uint8_t *a,
                         const uint8_t *b, size_t count,
                         const ps_paillier_public *key)
{
    size_t size = key->c_len;
    ps_status status = PS_OK;

    for (size_t i = 0; i < count && status == PS_OK; i++) {
        status = add_one(c + i * size, product, a + i * size, b + i * size,
                         key);
    }
    return status;
}

/* Which of the two arrays has the bad element. */
static ps_status blame_two(size_t *bad, const uint8_t *a, const uint8_t *b,
                           size_t count, const ps_paillier_public *key)
{
    *bad = 2 * count;
    (void)!ps_paillier_column_blame(bad, a, count, key);
    if (*bad == 2 * count) {
        (void)!ps_paillier_column_blame(bad, b, count, key);
        *bad += count;
    }
    return PS_E_VERIFY;
}

ps_status ps_paillier_column_add_vartime(uint8_t *c, size_t *bad,
                                         const uint8_t *a, const uint8_t *b,
                                         size_t count,
                                         const ps_paillier_public *key,
                                         const ps_backend *backend,
                                         ps_limb *scratch)
{
    ps_limb product[N_LIMBS];
    ps_status status = begin(product, a, count, key);

    if (status == PS_OK) {
        status = ps_paillier_below_n2_vartime(b, count, key);
    }
    if (status == PS_OK
        && !COLUMN_DONE(column_add, c, product, a, b, count, key, scratch)) {
        status = add_all(c, product, a, b, count, key);
    }
    if (status != PS_OK || ps_paillier_all_units(product, key) != PS_OK) {
        memset(c, 0, count * key->c_len);
        return blame_two(bad, a, b, count, key);
    }
    return PS_OK;
}

/* x = x + z * n mod n^2, for z below n: the sum is below 2 n^2. */
static void add_multiple(ps_limb *x, const ps_limb *z,
                         const ps_paillier_public *key)
{
    ps_limb y[C_LIMBS];
    size_t limbs = key->n.mont.limbs;

    ps_mpn_mul(y, z, limbs, key->n.mont.m, limbs);
    ps_limb carry = ps_mpn_add(x, x, y, 2 * limbs);
    (void)ps_mont_subtract_once(x, carry, &key->n2);
    ps_wipe(y, sizeof y);
}

static ps_status add_plain_one(uint8_t *c, ps_limb *product, const uint8_t *a,
                               const uint8_t *m, const ps_paillier_public *key)
{
    const ps_mont *n = &key->n.mont;
    ps_limb x[C_LIMBS], copy[C_LIMBS];
    ps_limb rest[N_LIMBS], quotient[N_LIMBS], z[N_LIMBS];
    ps_status status = ps_paillier_read_ciphertext(x, a, key);

    if (status == PS_OK) {
        status = ps_paillier_read_plain(z, m, key);
    }
    if (status == PS_OK) {
        memcpy(copy, x, key->n2.limbs * sizeof *x);
        ps_limb high = ps_mont_redc(rest, quotient, copy, n);
        (void)ps_mont_subtract_once(rest, high, n);
        ps_mont_mul(product, product, rest, n);
        ps_mont_enter(rest, rest, n);
        ps_mont_enter(z, z, n);
        ps_mont_mul(z, z, rest, n);
        add_multiple(x, z, key);
        PS_PUBLIC(x, key->n2.limbs * sizeof *x);
        ps_paillier_write_ciphertext(c, x, key);
    }
    ps_wipe(z, sizeof z);
    return status;
}

static ps_status add_plain_all(uint8_t *c, ps_limb *product, const uint8_t *a,
                               const uint8_t *m, size_t count,
                               const ps_paillier_public *key)
{
    ps_status status = PS_OK;

    for (size_t i = 0; i < count && status == PS_OK; i++) {
        status = add_plain_one(c + i * key->c_len, product, a + i * key->c_len,
                               m + i * key->n_len, key);
    }
    return status;
}

/* Every m below n, or the first that is not. */
static ps_status plain_in_range(size_t *bad, const uint8_t *m, size_t count,
                                const ps_paillier_public *key)
{
    ps_limb x[N_LIMBS];
    ps_status status = PS_OK;

    for (size_t i = 0; i < count && status == PS_OK; i++) {
        status = ps_paillier_read_plain(x, m + i * key->n_len, key);
        if (status != PS_OK) {
            *bad = i;
        }
    }
    ps_wipe(x, sizeof x);
    return status;
}

ps_status ps_paillier_column_add_plain(uint8_t *c, size_t *bad,
                                       const uint8_t *a, const uint8_t *m,
                                       size_t count,
                                       const ps_paillier_public *key,
                                       const ps_backend *backend,
                                       ps_limb *scratch)
{
    ps_limb product[N_LIMBS];
    ps_status status = plain_in_range(bad, m, count, key);

    if (status == PS_OK) {
        status = begin(product, a, count, key);
        if (status == PS_OK
            && !COLUMN_DONE(column_add_plain, c, product, a, m, count, key,
                            scratch)) {
            status = add_plain_all(c, product, a, m, count, key);
        }
        PS_PUBLIC(c, count * key->c_len);
        status = settle(status, product, bad, a, count, key);
    }
    if (status != PS_OK) {
        memset(c, 0, count * key->c_len);
    }
    return status;
}

/* The product P_i of the first elements, P_i = P_(i-1) a_i / R, is kept for
 * each. With u = 1 / P_i the inverse of a_i is u P_(i-1) / R, and 1 / P_(i-1)
 * is u a_i / R: the powers of R cancel. */
ps_status ps_paillier_column_invert_few(uint8_t *c, const uint8_t *a,
                                        size_t count,
                                        const ps_paillier_public *key,
                                        ps_limb *products)
{
    const ps_mont *n2 = &key->n2;
    size_t size = key->c_len;
    size_t limbs = n2->limbs;
    ps_limb x[C_LIMBS], u[C_LIMBS], inverse[C_LIMBS];
    ps_status status = ps_paillier_read_ciphertext(products, a, key);

    for (size_t i = 1; i < count && status == PS_OK; i++) {
        ps_limb *p = products + i * limbs;
        status = ps_paillier_read_ciphertext(x, a + i * size, key);
        if (status == PS_OK) {
            ps_mont_mul(p, x, p - limbs, n2);
        }
    }
    if (status != PS_OK
        || ps_mont_invert_vartime(u, products + (count - 1) * limbs, n2)
            != PS_OK) {
        return PS_E_VERIFY;
    }
    for (size_t i = count; --i > 0;) {
        status = ps_paillier_read_ciphertext(x, a + i * size, key);
        ps_mont_mul(inverse, u, products + (i - 1) * limbs, n2);
        ps_mont_mul(u, x, u, n2);
        ps_paillier_write_ciphertext(c + i * size, inverse, key);
    }
    ps_paillier_write_ciphertext(c, u, key);
    return status;
}

/* At most PS_COLUMN_BLOCK. c may be a. */
static ps_status invert_block(uint8_t *c, const uint8_t *a, size_t count,
                              const ps_paillier_public *key,
                              const ps_backend *backend, ps_limb *scratch)
{
    ps_limb units;

    if (COLUMN_DONE(column_invert, c, &units, a, count, key, scratch)) {
        return units ? PS_OK : PS_E_VERIFY;
    }
    return ps_paillier_column_invert_few(c, a, count, key, scratch);
}

/* The elements before the bad one may be inverted already, in their place. */
ps_status ps_paillier_column_negate_vartime(uint8_t *c, size_t *bad,
                                            const uint8_t *a, size_t count,
                                            const ps_paillier_public *key,
                                            const ps_backend *backend,
                                            ps_limb *scratch)
{
    size_t size = key->c_len;
    ps_status status = ps_paillier_below_n2_vartime(a, count, key);

    for (size_t i = 0; i < count && status == PS_OK; i += PS_COLUMN_BLOCK) {
        size_t left = count - i;
        status = invert_block(c + i * size, a + i * size,
                              left < PS_COLUMN_BLOCK ? left : PS_COLUMN_BLOCK,
                              key, backend, scratch);
    }
    if (status != PS_OK) {
        status = ps_paillier_column_blame(bad, a, count, key);
        memset(c, 0, count * size);
    }
    return status;
}

/* Powers of elements into c. R^3 takes what ps_dual_fold leaves, a / R, to
 * Montgomery form. */
static ps_status power_all(uint8_t *c, ps_limb *product, const uint8_t *a,
                           const uint8_t *e, size_t e_len, size_t count,
                           const ps_paillier_public *key, ps_limb *table)
{
    const ps_paillier_dual *n = &key->n;
    ps_limb x[C_LIMBS], pair[C_LIMBS], cube[C_LIMBS] = {1};
    ps_limb k[(PS_PAILLIER_COLUMN_EXPONENT + 7) / 8];
    size_t k_limbs = (e_len + 7) / 8;
    ps_status status = PS_OK;

    ps_dual_enter(cube, cube, n);
    ps_dual_enter(cube, cube, n);
    ps_dual_enter(cube, cube, n);
    for (size_t i = 0; i < count && status == PS_OK; i++) {
        status = ps_paillier_read_ciphertext(x, a + i * key->c_len, key);
        if (status == PS_OK) {
            status = ps_mpn_from_bytes(k, k_limbs, e + i * e_len, e_len);
        }
        if (status == PS_OK) {
            ps_dual_fold(pair, x, n);
            ps_mont_mul(product, product, pair, &n->mont);
            ps_dual_mul(pair, pair, cube, n);
            ps_dual_exp_vartime(pair, pair, k, k_limbs, n, table);
            ps_dual_leave(pair, pair, n);
            ps_dual_join(x, pair, n);
            ps_paillier_write_ciphertext(c + i * key->c_len, x, key);
        }
    }
    return status;
}

ps_status ps_paillier_column_power_vartime(uint8_t *c, size_t *bad,
                                           const uint8_t *a, const uint8_t *e,
                                           size_t e_len, size_t count,
                                           const ps_paillier_public *key,
                                           const ps_backend *backend,
                                           ps_limb *scratch)
{
    ps_limb product[N_LIMBS];
    ps_status status = PS_E_RANGE;

    if (e_len != 0 && e_len <= PS_PAILLIER_COLUMN_EXPONENT) {
        status = begin(product, a, count, key);
        if (status == PS_OK
            && !COLUMN_DONE(column_power, c, product, a, e, e_len, count, key,
                            scratch)) {
            status = power_all(c, product, a, e, e_len, count, key, scratch);
        }
        status = settle(status, product, bad, a, count, key);
    }
    if (status != PS_OK) {
        memset(c, 0, count * key->c_len);
    }
    return status;
}

void ps_paillier_column_signs(uint64_t *magnitude, uint8_t *negative,
                              const uint8_t *k, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t x;
        memcpy(&x, k + 8 * i, 8);
        negative[i] = (uint8_t)(x >> 63);
        magnitude[i] = negative[i] ? (uint64_t)0 - x : x;
    }
}

/* Inverts the elements with a sign in their place: copied to a block, so that
 * they share inversions, and back. They are units by now. */
static ps_status invert_negative(uint8_t *c, const uint8_t *negative,
                                 size_t count, const ps_paillier_public *key,
                                 const ps_backend *backend, ps_limb *scratch)
{
    ps_limb *free_limbs = scratch
                        + PS_PAILLIER_COLUMN_LIMBS - PS_COLUMN_BLOCK * C_LIMBS;
    uint8_t *block = (uint8_t *)free_limbs;
    size_t where[PS_COLUMN_BLOCK];
    size_t size = key->c_len;
    size_t used = 0;
    ps_status status = PS_OK;

    for (size_t i = 0; i < count && status == PS_OK; i++) {
        if (negative[i]) {
            ps_copy(block + used * size, c + i * size, size);
            where[used++] = i;
        }
        if (used == PS_COLUMN_BLOCK || (used != 0 && i + 1 == count)) {
            status = invert_block(block, block, used, key, backend, scratch);
            while (used > 0) {
                used--;
                ps_copy(c + where[used] * size, block + used * size, size);
            }
        }
    }
    return status;
}

/* Exponents as bytes, for a part of the array at a time. */
ps_status ps_paillier_column_multiply_vartime(
    uint8_t *c, size_t *bad, const uint8_t *a, const uint64_t *k,
    const uint8_t *negative, size_t count, const ps_paillier_public *key,
    const ps_backend *backend, ps_limb *scratch)
{
    uint8_t e[8 * PS_COLUMN_BLOCK];
    size_t size = key->c_len;
    ps_status status = PS_OK;

    for (size_t i = 0; i < count && status == PS_OK; i += PS_COLUMN_BLOCK) {
        size_t left = count - i;
        size_t here = left < PS_COLUMN_BLOCK ? left : PS_COLUMN_BLOCK;
        for (size_t j = 0; j < here; j++) {
            ps_store64_be(e + 8 * j, k[i + j]);
        }
        status = ps_paillier_column_power_vartime(
            c + i * size, bad, a + i * size, e, 8, here, key, backend,
            scratch);
        if (status != PS_OK) {
            *bad += i;
        }
    }
    if (status == PS_OK && negative != NULL) {
        status = invert_negative(c, negative, count, key, backend, scratch);
    }
    if (status != PS_OK) {
        memset(c, 0, count * size);
    }
    return status;
}
