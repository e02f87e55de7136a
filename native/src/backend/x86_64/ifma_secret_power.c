/* Ciphertexts to a secret power, eight at a time, without the primes. */
#include <string.h>

#include "lanes.h"

#if defined(PS_HAVE_LANES)

/* The modulus n, and what entering and leaving take. */
typedef struct {
    lanes_modulus n;
    ps_lanes *rrr;        /* R^3 as a pair; n.rr is that of R^2 */
    ps_lanes *one;        /* the pair of 1 */
    ps_lanes *one_form;   /* the same in Montgomery form */
} powerer;

LANES_TARGET
static void powerer_init(powerer *w, const lanes_kernel *kernel,
                         const ps_paillier_public *key, lanes_arena *arena)
{
    size_t width = kernel->dual.width;

    ps_lanes_modulus_init(&w->n, kernel, &key->n, arena);
    w->rrr = ps_lanes_take(arena, width);
    w->one = ps_lanes_take(arena, width);
    w->one_form = ps_lanes_take(arena, width);
    memset(w->one, 0, width * sizeof *w->one);
    w->one[0] = lanes_set(1);
    kernel->dual.mul(w->rrr, w->n.rr, w->n.rr, &w->n);
    kernel->dual.mul(w->one_form, w->n.rr, w->one, &w->n);
}

/* c mod n^2 as a pair in Montgomery form: the blocks of h limbs of
 * c = C_0 + C_1 R, times R^2 and R^3. Each C_i is below R: a product is below
 * 2n in the first half and below 2n + 2 in the second, the sum below 5n, and
 * 16 spare bits hold that in any product. */
LANES_TARGET
static void enter_long(ps_lanes *r, const ps_lanes *c, const powerer *w,
                       lanes_arena arena)
{
    const lanes_kernel *kernel = w->n.kernel;
    size_t h = kernel->limbs;
    ps_lanes *block = ps_lanes_take(&arena, 2 * h);
    ps_lanes *product = ps_lanes_take(&arena, 2 * h);

    memset(block + h, 0, h * sizeof *block);
    memcpy(block, c, h * sizeof *block);
    kernel->dual.mul(r, block, w->n.rr, &w->n);
    memcpy(block, c + h, h * sizeof *block);
    kernel->dual.mul(product, block, w->rrr, &w->n);
    for (size_t j = 0; j < 2 * h; j++) {
        r[j] += product[j];
    }
    ps_lanes_normalise(r, h);
    ps_lanes_normalise(r + h, h);
}

LANES_TARGET
static void power_group(uint8_t *c, const uint8_t *a, size_t count,
                        const ps_limb *e, size_t e_limbs, size_t c_len,
                        const powerer *w, lanes_arena arena)
{
    size_t h = w->n.kernel->limbs;
    const lanes_ring *ring = &w->n.kernel->dual;
    ps_lanes *x = ps_lanes_take(&arena, 2 * h);
    ps_lanes *y = ps_lanes_take(&arena, 2 * h);

    ps_lanes_read(x, 2 * h, a, count, c_len);
    enter_long(y, x, w, arena);
    ps_lanes_exp(x, y, w->one_form, e, e_limbs, ring, &w->n, arena);
    ring->mul(y, x, w->one, &w->n);
    ps_lanes_canonical(y, &w->n);
    ps_lanes_mul_add(x, y + h, w->n.m, y, h);
    ps_lanes_write(c, count, c_len, x, 2 * h);
}

int ps_lanes_paillier_power(uint8_t *c, const uint8_t *a, size_t count,
                            const ps_limb *e, size_t e_limbs,
                            const ps_paillier_public *key, ps_limb *scratch)
{
    const lanes_kernel *kernel = ps_lanes_kernel_for(key->n.mont.limbs);
    lanes_arena arena = ps_lanes_arena(scratch, PS_PAILLIER_BATCH_LIMBS);
    powerer w;

    if (kernel == NULL) {
        return 0;
    }
    powerer_init(&w, kernel, key, &arena);
    for (size_t i = 0; i < count; i += LANES) {
        size_t here = count - i < LANES ? count - i : LANES;
        power_group(c + i * key->c_len, a + i * key->c_len, here, e, e_limbs,
                    key->c_len, &w, arena);
    }
    ps_wipe(scratch, PS_PAILLIER_BATCH_LIMBS * sizeof *scratch);
    return 1;
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int ps_no_secret_powers;
#endif
