/* Encryption from tables of powers: the public key's. */
#include "table.h"

#include <string.h>

#include "../backend/backend.h"
#include "../mpn/limb.h"
#include "../mpn/mont.h"
#include "privshare/ps_config.h"

#define N_LIMBS PS_PAILLIER_N_LIMBS
#define C_LIMBS (2 * PS_PAILLIER_N_LIMBS)

/* Windows of 5 bits: with 4 there are a quarter more products, with 6 reading
 * the whole window costs more than the products it saves (2026-11-22). */
enum { BITS = 5, ENTRIES = 1 << BITS, ALIGN = 64 };

/* The longest exponent: of a prime of 1536 bits, and 64 more. */
enum { EXPONENT_LIMBS = PS_PAILLIER_P_LIMBS + 1 };

/* Where limb j of the powers of window i begins. The powers lie side by side,
 * so that a look-up reads memory from the left to the right. */
static size_t place(size_t i, size_t j, size_t width)
{
    return (i * width + j) * ENTRIES;
}

size_t ps_powers_limbs(const ps_paillier_dual *dual, size_t exponent_len,
                       const ps_backend *backend)
{
    size_t windows = ps_window_count(8 * exponent_len, BITS);

    return backend->powers_limbs != NULL
        ? backend->powers_limbs(dual, exponent_len)
        : place(windows, 0, 2 * dual->mont.limbs);
}

static void put(ps_limb *window, size_t digit, const ps_limb *pair,
                size_t width)
{
    for (size_t j = 0; j < width; j++) {
        window[place(0, j, width) + digit] = pair[j];
    }
}

/* The powers of `base` from the 0th on; afterwards base is the next window's.
 */
static void fill_window(ps_limb *window, ps_limb *base,
                        const ps_paillier_dual *dual)
{
    ps_limb x[C_LIMBS] = {1};
    size_t width = 2 * dual->mont.limbs;

    ps_dual_enter(x, x, dual);
    for (size_t i = 0; i < ENTRIES; i++) {
        put(window, i, x, width);
        ps_dual_mul(x, x, base, dual);
    }
    memcpy(base, x, width * sizeof *x);
    ps_wipe(x, sizeof x);
}

void ps_powers_init(ps_paillier_powers *powers, ps_limb *room,
                    const ps_limb *base, size_t exponent_len,
                    const ps_paillier_dual *dual, const ps_backend *backend,
                    ps_limb *scratch)
{
    ps_limb x[C_LIMBS] = {0};
    size_t width = 2 * dual->mont.limbs;

    powers->entries = room;
    if (backend->powers_init != NULL) {
        backend->powers_init(powers, base, exponent_len, dual, scratch);
        return;
    }
    powers->windows = ps_window_count(8 * exponent_len, BITS);
    memcpy(x, base, width * sizeof *x);
    for (size_t i = 0; i < powers->windows; i++) {
        fill_window(room + place(i, 0, width), x, dual);
    }
    ps_wipe(x, sizeof x);
}

/* The power with this number, reading all. */
static void pick(ps_limb *r, const ps_limb *window, ps_limb digit,
                 size_t width)
{
    ps_limb mask[ENTRIES];

    for (ps_limb i = 0; i < ENTRIES; i++) {
        mask[i] = ct_mask_equal(i, digit);
    }
    for (size_t j = 0; j < width; j++) {
        const ps_limb *limb = window + place(0, j, width);
        ps_limb sum = 0;
        for (size_t i = 0; i < ENTRIES; i++) {
            sum |= limb[i] & mask[i];
        }
        r[j] = sum;
    }
    ps_wipe(mask, sizeof mask);
}

void ps_powers_exp(ps_limb *r, const uint8_t *x, size_t exponent_len,
                   const ps_paillier_powers *powers,
                   const ps_paillier_dual *dual)
{
    ps_limb e[EXPONENT_LIMBS], factor[C_LIMBS];
    size_t limbs = (exponent_len + 7) / 8;
    size_t width = 2 * dual->mont.limbs;
    ps_status status = ps_mpn_from_bytes(e, limbs, x, exponent_len);

    PS_CHECK(status == PS_OK && limbs <= EXPONENT_LIMBS);
    (void)status;
    pick(r, powers->entries, ps_window_digit(e, limbs, 0, BITS), width);
    for (size_t i = 1; i < powers->windows; i++) {
        pick(factor, powers->entries + place(i, 0, width),
             ps_window_digit(e, limbs, i, BITS), width);
        ps_dual_mul(r, r, factor, dual);
    }
    ps_wipe(e, sizeof e);
    ps_wipe(factor, sizeof factor);
}

static size_t exponent_len(const ps_paillier_public *key)
{
    return (key->n_len + 1) / 2;
}

size_t ps_paillier_table_bytes(const ps_paillier_public *key,
                               const ps_backend *backend)
{
    size_t limbs = ps_powers_limbs(&key->n, exponent_len(key), backend);

    return limbs * sizeof(ps_limb) + ALIGN;
}

/* 2 <= base < n - 1, and a unit. n is odd. */
static ps_status read_base(ps_limb *base, const uint8_t *bytes,
                           const ps_paillier_public *key)
{
    const ps_mont *n = &key->n.mont;
    ps_limb two[N_LIMBS] = {2}, minus_one[N_LIMBS];

    memcpy(minus_one, n->m, n->limbs * sizeof *minus_one);
    minus_one[0] &= ~(ps_limb)1;
    if (ps_mpn_from_bytes(base, n->limbs, bytes, key->n_len) != PS_OK
        || !ps_mpn_is_less(base, minus_one, n->limbs)
        || ps_mpn_is_less(base, two, n->limbs)) {
        return PS_E_RANGE;
    }
    return ps_mont_coprime_vartime(base, n);
}

ps_status ps_paillier_table_init_vartime(ps_paillier_table *table,
                                         uint8_t *memory, size_t bytes,
                                         const uint8_t *base,
                                         const ps_paillier_public *key,
                                         const ps_backend *backend,
                                         ps_limb *scratch)
{
    ps_limb x[C_LIMBS] = {0};
    const ps_mont *n = &key->n.mont;
    size_t misfit = (uintptr_t)memory % ALIGN;
    uint8_t *aligned = memory + (misfit == 0 ? 0 : ALIGN - misfit);

    memset(table, 0, sizeof *table);
    if (bytes < ps_paillier_table_bytes(key, backend)
        || read_base(x, base, key) != PS_OK) {
        return PS_E_RANGE;
    }
    ps_dual_enter(x, x, &key->n);
    ps_dual_exp_vartime(x, x, n->m, n->limbs, &key->n, scratch);
    table->exponent_len = exponent_len(key);
    table->backend = backend;
    ps_powers_init(&table->powers, (ps_limb *)(void *)aligned, x,
                   table->exponent_len, &key->n, backend, scratch);
    return PS_OK;
}

ps_status ps_paillier_plain_in_range(const uint8_t *m, size_t count,
                                     const ps_paillier_public *key)
{
    ps_limb x[N_LIMBS];
    ps_limb good = 1;
    size_t limbs = key->n.mont.limbs;

    for (size_t i = 0; i < count; i++) {
        good &= ps_mpn_from_bytes(x, limbs, m + i * key->n_len, key->n_len)
            == PS_OK;
        good &= ps_mpn_is_less(x, key->n.mont.m, limbs);
    }
    ps_wipe(x, sizeof x);
    PS_PUBLIC(&good, sizeof good);
    return good ? PS_OK : PS_E_RANGE;
}

/* c = (1 + m n)(b0 + b1 n) = b0 + (b1 + m b0) n mod n^2. m is below n. */
static void encrypt_one(uint8_t *c, const uint8_t *m_bytes, const uint8_t *x,
                        const ps_paillier_table *table,
                        const ps_paillier_public *key)
{
    ps_limb pair[C_LIMBS], m[C_LIMBS];
    const ps_mont *n = &key->n.mont;
    ps_status status = ps_mpn_from_bytes(m, n->limbs, m_bytes, key->n_len);

    PS_CHECK(status == PS_OK);
    (void)status;
    ps_powers_exp(pair, x, table->exponent_len, &table->powers, &key->n);
    ps_dual_leave(pair, pair, &key->n);
    ps_mont_enter(m, m, n);
    ps_mont_mul(m, m, pair, n);
    ps_mont_add(pair + n->limbs, pair + n->limbs, m, n);
    ps_dual_join(m, pair, &key->n);
    ps_mpn_to_bytes(c, key->c_len, m, 2 * n->limbs);
    ps_wipe(pair, sizeof pair);
    ps_wipe(m, sizeof m);
}

ps_status ps_paillier_table_encrypt(uint8_t *c, const uint8_t *m,
                                    const uint8_t *x, size_t count,
                                    const ps_paillier_table *table,
                                    const ps_paillier_public *key,
                                    ps_limb *scratch)
{
    if (ps_paillier_plain_in_range(m, count, key) != PS_OK) {
        ps_wipe(c, count * key->c_len);
        return PS_E_RANGE;
    }
    if (table->backend->table_encrypt != NULL) {
        table->backend->table_encrypt(c, m, x, count, table, key, scratch);
    } else {
        for (size_t i = 0; i < count; i++) {
            encrypt_one(c + i * key->c_len, m + i * key->n_len,
                        x + i * table->exponent_len, table, key);
        }
    }
    /* What is sent is public, whatever it was made from. */
    PS_PUBLIC(c, count * key->c_len);
    return PS_OK;
}
