/* Paillier, eight numbers at a time. */
#include <string.h>

#include "../../mpn/mont.h"
#include "ifma_group.h"
#include "ifma_prime.h"
#include "lanes.h"

#if defined(PS_HAVE_LANES)

#define P_LIMBS PS_PAILLIER_P_LIMBS
#define N_LIMBS PS_PAILLIER_N_LIMBS

/* The number 1, not in Montgomery form. */
LANES_TARGET
static ps_lanes *take_one(lanes_arena *arena, size_t width)
{
    ps_lanes *one = ps_lanes_take(arena, width);

    memset(one, 0, width * sizeof *one);
    one[0] = lanes_set(1);
    return one;
}

/* How many of eight are there. */
static size_t group_size(size_t count, size_t i)
{
    return count - i < LANES ? count - i : LANES;
}

static void wipe_scratch(ps_limb *scratch)
{
    ps_wipe(scratch, PS_PAILLIER_BATCH_LIMBS * sizeof *scratch);
}

/* c = (1 + m n) r^n: the last Montgomery product, by the pair (1, m), leaves
 * the Montgomery form and multiplies by 1 + m n at once. */
LANES_TARGET
static void encrypt_group(uint8_t *c, const uint8_t *m, const uint8_t *r,
                          size_t count, const ps_paillier_public *key,
                          const lanes_modulus *n, lanes_arena arena)
{
    size_t h = n->kernel->limbs;
    const lanes_ring *ring = &n->kernel->dual;
    ps_lanes *x = ps_lanes_take(&arena, 2 * h);
    ps_lanes *y = ps_lanes_take(&arena, 2 * h);

    memset(x, 0, 2 * h * sizeof *x);
    ps_lanes_read(x, h, r, count, key->n_len);
    ring->mul(y, x, n->rr, n);
    ps_lanes_exp_vartime(x, y, key->n.mont.m, key->n.mont.limbs, ring, n,
                         arena);
    ps_lanes *factor = take_one(&arena, 2 * h);
    ps_lanes_read(factor + h, h, m, count, key->n_len);
    ring->mul(y, x, factor, n);
    ps_lanes_canonical(y, n);
    ps_lanes_mul_add(x, y + h, n->m, y, h);
    ps_lanes_write(c, count, key->c_len, x, 2 * h);
}

static int batch_encrypt(uint8_t *c, const uint8_t *m, const uint8_t *r,
                             size_t count, const ps_paillier_public *key,
                             ps_limb *scratch)
{
    const lanes_kernel *kernel = ps_lanes_kernel_for(key->n.mont.limbs);
    lanes_arena arena = ps_lanes_arena(scratch, PS_PAILLIER_BATCH_LIMBS);
    lanes_modulus n;

    if (kernel == NULL || count == 0) {
        return 0;
    }
    ps_lanes_modulus_init(&n, kernel, &key->n, &arena);
    for (size_t i = 0; i < count; i += LANES) {
        encrypt_group(c + i * key->c_len, m + i * key->n_len,
                      r + i * key->n_len, group_size(count, i), key, &n,
                      arena);
    }
    wipe_scratch(scratch);
    return 1;
}

/* What decryption needs of one prime. */
typedef struct {
    lanes_modulus p;
    const ps_paillier_prime *prime;
    ps_lanes *weight[4];   /* R^2 .. R^5, pairs: see enter_long */
    ps_lanes *one;         /* the pair of 1 in Montgomery form */
    ps_lanes *h;           /* (-q)^-1 in Montgomery form */
} half;

/* Limbs below m in 64-bit Montgomery form, in ours: 2^(52 h) / 2^(64 limbs)
 * times as much. */
static void change_form(ps_lanes *r, const ps_limb *x, const ps_mont *mont,
                        const lanes_kernel *kernel)
{
    ps_limb y[P_LIMBS];
    size_t steps = LANES_BITS * kernel->limbs - 64 * mont->limbs;

    memcpy(y, x, mont->limbs * sizeof *y);
    for (; steps != 0; steps--) {
        ps_mont_add(y, y, y, mont);
    }
    ps_lanes_spread(r, kernel->limbs, y, mont->limbs);
    ps_wipe(y, sizeof y);
}

LANES_TARGET
static void half_init(half *f, const lanes_kernel *kernel,
                      const ps_paillier_prime *prime, lanes_arena *arena)
{
    size_t h = kernel->limbs;
    const lanes_ring *ring = &kernel->dual;

    f->prime = prime;
    ps_lanes_modulus_init(&f->p, kernel, &prime->p, arena);
    f->weight[0] = f->p.rr;
    for (size_t i = 1; i < 4; i++) {
        f->weight[i] = ps_lanes_take(arena, 2 * h);
        ring->mul(f->weight[i], f->weight[i - 1], f->p.rr, &f->p);
    }
    f->one = ps_lanes_take(arena, 2 * h);
    f->h = ps_lanes_take(arena, h);
    change_form(f->h, prime->h, &prime->p.mont, kernel);
    ring->mul(f->one, f->p.rr, take_one(arena, 2 * h), &f->p);
}

/* c mod p^2 as a pair in Montgomery form: the blocks of h limbs of
 * c = C_0 + C_1 R + C_2 R^2 + C_3 R^3, times R^2, R^3, R^4, R^5.
 *
 * Each C_i is below R, not below p. A product is then below 2p in the first
 * half and below 2p + 2 in the second, the sum of four below 9p, and 16 spare
 * bits hold that in any product. */
LANES_TARGET
static void enter_long(ps_lanes *r, const ps_lanes *c, const half *f,
                       lanes_arena arena)
{
    size_t h = f->p.kernel->limbs;
    ps_lanes *block = ps_lanes_take(&arena, 2 * h);
    ps_lanes *product = ps_lanes_take(&arena, 2 * h);

    memset(r, 0, 2 * h * sizeof *r);
    memset(block, 0, 2 * h * sizeof *block);
    for (size_t i = 0; i < 4; i++) {
        memcpy(block, c + i * h, h * sizeof *block);
        f->p.kernel->dual.mul(product, block, f->weight[i], &f->p);
        for (size_t j = 0; j < 2 * h; j++) {
            r[j] += product[j];
        }
    }
    ps_lanes_normalise(r, h);
    ps_lanes_normalise(r + h, h);
}

/* All ones in the lanes where the first half of the pair is 1. */
LANES_TARGET
static ps_lanes is_one(const ps_lanes *a, size_t h)
{
    ps_lanes rest = a[0] ^ lanes_set(1);

    for (size_t i = 1; i < h; i++) {
        rest |= a[i];
    }
    /* rest is below 2^52: minus 1 it is negative only where it was 0. */
    return lanes_set(0) - ((rest - lanes_set(1)) >> 63);
}

/* m mod p from c^(p-1) = 1 + L p, the pair (1, L); clears `units` in the lanes
 * where c is no unit modulo p. */
LANES_TARGET
static void message_part(ps_lanes *m_p, ps_lanes *units, const ps_lanes *c,
                         const half *f, lanes_arena arena)
{
    size_t h = f->p.kernel->limbs;
    const lanes_ring *ring = &f->p.kernel->dual;
    ps_lanes *x = ps_lanes_take(&arena, 2 * h);
    ps_lanes *y = ps_lanes_take(&arena, 2 * h);

    ps_lanes_exp(x, c, f->one, f->prime->minus_one, f->prime->p.mont.limbs,
                 ring, &f->p, arena);
    ring->mul(y, x, take_one(&arena, 2 * h), &f->p);
    ps_lanes_canonical(y, &f->p);
    *units &= is_one(y, h);
    f->p.kernel->plain.mul(m_p, y + h, f->h, &f->p);
    (void)ps_lanes_subtract_once(m_p, f->p.m, h);
}

/* r mod p = (c mod p)^(n^-1 mod (p - 1)); c mod p is the pair's first half. */
LANES_TARGET
static void rand_part(ps_lanes *r_p, const ps_lanes *c, const half *f,
                      lanes_arena arena)
{
    size_t h = f->p.kernel->limbs;
    const lanes_ring *ring = &f->p.kernel->plain;
    ps_lanes *x = ps_lanes_take(&arena, h);

    ps_lanes_exp(x, c, f->one, f->prime->root, f->prime->p.mont.limbs, ring,
                 &f->p, arena);
    ring->mul(r_p, x, take_one(&arena, h), &f->p);
    (void)ps_lanes_subtract_once(r_p, f->p.m, h);
}

/* Both halves, and p^-1 mod q and its negative in q's Montgomery form. */
typedef struct {
    half p, q;
    ps_lanes *p_inv;
    ps_lanes *minus_p_inv;
} opener;

LANES_TARGET
static void opener_init(opener *o, const lanes_kernel *kernel,
                        const ps_paillier_private *key, lanes_arena *arena)
{
    const ps_mont *q = &key->q.p.mont;
    ps_limb zero[P_LIMBS] = {0};
    ps_limb negative[P_LIMBS];

    half_init(&o->p, kernel, &key->p, arena);
    half_init(&o->q, kernel, &key->q, arena);
    o->p_inv = ps_lanes_take(arena, kernel->limbs);
    o->minus_p_inv = ps_lanes_take(arena, kernel->limbs);
    change_form(o->p_inv, key->p_inv, q, kernel);
    ps_mont_sub(negative, zero, key->p_inv, q);
    change_form(o->minus_p_inv, negative, q, kernel);
    ps_wipe(negative, sizeof negative);
}

/* x = x_p + p * ((x_q - x_p) * p^-1 mod q), below p q, as bytes. */
LANES_TARGET
static void join(uint8_t *out, size_t count, size_t len, const ps_lanes *x_p,
                 const ps_lanes *x_q, const opener *o, lanes_arena arena)
{
    const lanes_kernel *kernel = o->q.p.kernel;
    size_t h = kernel->limbs;
    ps_lanes *d = ps_lanes_take(&arena, h);
    ps_lanes *x = ps_lanes_take(&arena, 2 * h);

    kernel->mul_add(d, x_q, o->p_inv, x_p, o->minus_p_inv, &o->q.p);
    (void)ps_lanes_subtract_once(d, o->q.p.m, h);
    ps_lanes_mul_add(x, d, o->p.p.m, x_p, h);
    ps_lanes_write(out, count, len, x, 2 * h);
}

LANES_TARGET
static ps_limb all_lanes(const ps_lanes *mask)
{
    ps_limb all = ~(ps_limb)0;

    for (size_t lane = 0; lane < LANES; lane++) {
        all &= ((const uint64_t *)(const void *)mask)[lane];
    }
    return all & 1;
}

/* r is NULL when nobody asks for it. Returns 1 when all are units. */
LANES_TARGET
static ps_limb open_group(uint8_t *m, uint8_t *r, const uint8_t *c,
                          size_t count, const ps_paillier_public *pub,
                          const opener *o, lanes_arena arena)
{
    size_t h = o->p.p.kernel->limbs;
    ps_lanes *bytes = ps_lanes_take(&arena, 4 * h);
    ps_lanes *c_p = ps_lanes_take(&arena, 2 * h);
    ps_lanes *c_q = ps_lanes_take(&arena, 2 * h);
    ps_lanes *x_p = ps_lanes_take(&arena, h);
    ps_lanes *x_q = ps_lanes_take(&arena, h);
    ps_lanes *units = ps_lanes_take(&arena, 1);

    *units = ~lanes_set(0);
    ps_lanes_read(bytes, 4 * h, c, count, pub->c_len);
    enter_long(c_p, bytes, &o->p, arena);
    enter_long(c_q, bytes, &o->q, arena);
    message_part(x_p, units, c_p, &o->p, arena);
    message_part(x_q, units, c_q, &o->q, arena);
    join(m, count, pub->n_len, x_p, x_q, o, arena);
    if (r != NULL) {
        rand_part(x_p, c_p, &o->p, arena);
        rand_part(x_q, c_q, &o->q, arena);
        join(r, count, pub->n_len, x_p, x_q, o, arena);
    }
    return all_lanes(units);
}

static int batch_open(uint8_t *m, uint8_t *r, ps_limb *units,
                          const uint8_t *c, size_t count,
                          const ps_paillier_private *key, ps_limb *scratch)
{
    const ps_paillier_public *pub = &key->pub;
    const lanes_kernel *kernel = ps_lanes_kernel_for(key->p.p.mont.limbs);
    lanes_arena arena = ps_lanes_arena(scratch, PS_PAILLIER_BATCH_LIMBS);
    opener o;

    if (kernel == NULL || count == 0) {
        return 0;
    }
    opener_init(&o, kernel, key, &arena);
    *units = 1;
    for (size_t i = 0; i < count; i += LANES) {
        *units &= open_group(m + i * pub->n_len,
                             r == NULL ? NULL : r + i * pub->n_len,
                             c + i * pub->c_len, group_size(count, i), pub,
                             &o, arena);
    }
    wipe_scratch(scratch);
    ps_wipe(&o, sizeof o);
    return 1;
}

/* Each lane multiplies every eighth term; lanes that run short get ones. */
LANES_TARGET
static size_t lane_products(ps_lanes **x, const uint8_t *a, size_t count,
                            size_t len, const lanes_long *l,
                            const lanes_modulus *m, lanes_arena arena)
{
    size_t width = l->limbs;
    ps_lanes *product = ps_lanes_take(&arena, width);
    ps_lanes *other = ps_lanes_take(&arena, width);
    ps_lanes *term = ps_lanes_take(&arena, width);
    size_t steps = 0;

    ps_lanes_read(product, width, a, LANES, len);
    for (size_t i = LANES; i < count; i += LANES, steps++) {
        size_t here = group_size(count, i);
        ps_lanes_read(term, width, a + i * len, here, len);
        for (size_t lane = here; lane < LANES; lane++) {
            for (size_t j = 0; j < width; j++) {
                term[j][lane] = j == 0;
            }
        }
        l->mul(other, product, term, m);
        ps_lanes *swap = product;
        product = other;
        other = swap;
    }
    (void)ps_lanes_subtract_once(product, m->m, width);
    *x = product;
    return steps;
}

/* Below this many terms the portable code is done before lanes are joined. */
enum { WORTH_LANES = 24 };

LANES_TARGET
static int batch_product(ps_limb *x, uint64_t *shift, const uint8_t *a,
                             size_t count, const ps_paillier_public *key,
                             ps_limb *scratch)
{
    const ps_mont *n2 = &key->n2;
    lanes_arena arena = ps_lanes_arena(scratch, PS_PAILLIER_SCRATCH_LIMBS);
    lanes_modulus m = {0};
    ps_lanes *lanes;
    ps_limb lane[PS_MPN_MAX_LIMBS];
    const lanes_long *l = ps_lanes_long_for(n2->limbs);

    if (l == NULL || count < WORTH_LANES) {
        return 0;
    }
    size_t width = l->limbs;
    m.m = ps_lanes_take(&arena, width);
    m.quotient = ps_lanes_take(&arena, width);
    m.neg_inv = lanes_set(n2->neg_inv & LANES_DIGIT);
    ps_lanes_spread(m.m, width, n2->m, n2->limbs);
    size_t steps = lane_products(&lanes, a, count, key->c_len, l, &m, arena);
    ps_lanes_extract(x, n2->limbs, lanes, width, 0);
    for (size_t i = 1; i < LANES; i++) {
        ps_lanes_extract(lane, n2->limbs, lanes, width, i);
        ps_mont_mul(x, x, lane, n2);
    }
    *shift = (uint64_t)LANES_BITS * width * LANES * steps
           + (uint64_t)64 * n2->limbs * (LANES - 1);
    return 1;
}

/* Nearly every processor with IFMA has the SHA extensions and VPCLMULQDQ;
 * cpu.c asks for all three. */
const ps_backend ps_backend_table_ifma = {
    .name = "avx512-ifma",
    .sha256_blocks = ps_sha256_blocks_sha_ni,
    .paillier_encrypt = batch_encrypt,
    .paillier_open = batch_open,
    .paillier_product = batch_product,
    .paillier_power = ps_lanes_paillier_power,
    .prime = &ps_lanes_prime,
    .group = &ps_lanes_group,
#if defined(PS_HAVE_VPCLMUL)
    .gf64 = &ps_gf64_vpclmul,
#endif
    .column_product = ps_lanes_column_product,
    .column_add = ps_lanes_column_add,
    .column_add_plain = ps_lanes_column_add_plain,
    .column_power = ps_lanes_column_power,
    .column_invert = ps_lanes_column_invert,
    .column_dot = ps_lanes_column_dot,
    .column_groups = ps_lanes_column_groups,
    .powers_limbs = ps_lanes_powers_limbs,
    .powers_init = ps_lanes_powers_init,
    .table_encrypt = ps_lanes_table_encrypt,
    .holder_encrypt = ps_lanes_holder_encrypt,
};

#if defined(PS_EMULATE_LANES)
/* Valgrind's processor has no SHA extensions either. */
const ps_backend ps_backend_table_emulated = {
    .name = "emulated",
    .sha256_blocks = ps_sha256_blocks_portable,
    .paillier_encrypt = batch_encrypt,
    .paillier_open = batch_open,
    .paillier_product = batch_product,
    .paillier_power = ps_lanes_paillier_power,
    .prime = &ps_lanes_prime,
    .group = &ps_lanes_group,
    .column_product = ps_lanes_column_product,
    .column_add = ps_lanes_column_add,
    .column_add_plain = ps_lanes_column_add_plain,
    .column_power = ps_lanes_column_power,
    .column_invert = ps_lanes_column_invert,
    .column_dot = ps_lanes_column_dot,
    .column_groups = ps_lanes_column_groups,
    .powers_limbs = ps_lanes_powers_limbs,
    .powers_init = ps_lanes_powers_init,
    .table_encrypt = ps_lanes_table_encrypt,
    .holder_encrypt = ps_lanes_holder_encrypt,
};
#endif
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_paillier_lanes;
#endif
