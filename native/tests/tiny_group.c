/* The integers modulo a small prime, as a group (tiny_group.h). */
#include "tiny_group.h"

#include <string.h>

#include "../src/backend/backend.h"

unsigned tiny_order = 13;

void ps_sha256_blocks_portable(uint32_t *state8, const uint8_t *blocks,
                               size_t count);

static const ps_backend backend_tiny = {
    .name = "tiny",
    .sha256_blocks = ps_sha256_blocks_portable,
};

const ps_backend *ps_backend_portable(void)
{
    return &backend_tiny;
}

const ps_backend *ps_backend_best(void)
{
    return &backend_tiny;
}

const char *ps_backend_name(const ps_backend *backend)
{
    return backend->name;
}

/* ---- scalars ---- */

static void set(ps_scalar *s, uint64_t x)
{
    ps_scalar made = {{x % tiny_order, 0, 0, 0}};
    *s = made;
}

static int read_small(uint64_t *x, const uint8_t *in32)
{
    for (int i = 1; i < 32; i++) {
        if (in32[i] != 0) {
            return 0;
        }
    }
    *x = in32[0];
    return *x < tiny_order;
}

static void write_small(uint8_t *out32, uint64_t x)
{
    memset(out32, 0, 32);
    out32[0] = (uint8_t)x;
}

static uint64_t reduce(const uint8_t *in64)
{
    uint64_t x = 0;

    for (int i = 63; i >= 0; i--) {
        x = (256 * x + in64[i]) % tiny_order;
    }
    return x;
}

ps_status ps_scalar_from_bytes(ps_scalar *s, const uint8_t *in32)
{
    uint64_t x = 0;
    int ok = read_small(&x, in32);

    set(s, ok ? x : 0);
    return ok ? PS_OK : PS_E_ENCODING;
}

void ps_scalar_from_wide(ps_scalar *s, const uint8_t *in64)
{
    set(s, reduce(in64));
}

void ps_scalar_from_u64(ps_scalar *s, uint64_t x)
{
    set(s, x);
}

void ps_scalar_to_bytes(uint8_t *out32, const ps_scalar *s)
{
    write_small(out32, s->limb[0]);
}

void ps_scalar_add(ps_scalar *r, const ps_scalar *a, const ps_scalar *b)
{
    set(r, a->limb[0] + b->limb[0]);
}

void ps_scalar_sub(ps_scalar *r, const ps_scalar *a, const ps_scalar *b)
{
    set(r, a->limb[0] + tiny_order - b->limb[0]);
}

void ps_scalar_neg(ps_scalar *r, const ps_scalar *a)
{
    set(r, tiny_order - a->limb[0]);
}

void ps_scalar_mul(ps_scalar *r, const ps_scalar *a, const ps_scalar *b)
{
    set(r, a->limb[0] * b->limb[0]);
}

void ps_scalar_mul_add(ps_scalar *r, const ps_scalar *a, const ps_scalar *b,
                       const ps_scalar *c)
{
    set(r, a->limb[0] * b->limb[0] + c->limb[0]);
}

void ps_scalar_dot(ps_scalar *r, const ps_scalar *a, const ps_scalar *b,
                   size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum = (sum + a[i].limb[0] * b[i].limb[0]) % tiny_order;
    }
    set(r, sum);
}

void ps_scalar_invert(ps_scalar *r, const ps_scalar *a)
{
    uint64_t x = a->limb[0], inverse = 0;

    for (uint64_t i = 1; i < tiny_order; i++) {
        if (x * i % tiny_order == 1) {
            inverse = i;
        }
    }
    set(r, inverse);
}

void ps_scalar_invert_batch(ps_scalar *r, const ps_scalar *a, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ps_scalar_invert(&r[i], &a[i]);
    }
}

ps_limb ps_scalar_is_zero(const ps_scalar *a)
{
    return a->limb[0] == 0;
}

ps_limb ps_scalar_is_equal(const ps_scalar *a, const ps_scalar *b)
{
    return a->limb[0] == b->limb[0];
}

void ps_scalar_select(ps_scalar *r, ps_limb choice, const ps_scalar *a,
                      const ps_scalar *b)
{
    *r = choice ? *a : *b;
}

ps_status ps_scalar_decode(ps_scalar *s, size_t *bad, const uint8_t *in,
                           size_t count)
{
    for (*bad = 0; *bad < count; ++*bad) {
        if (ps_scalar_from_bytes(&s[*bad], in + 32 * *bad) != PS_OK) {
            memset(s, 0, count * sizeof *s);
            return PS_E_ENCODING;
        }
    }
    return PS_OK;
}

void ps_scalar_encode(uint8_t *out, const ps_scalar *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_small(out + 32 * i, s[i].limb[0]);
    }
}

/* ---- elements ---- */

static void put(ps_ristretto255 *p, uint64_t x)
{
    *p = tiny_element((unsigned)(x % tiny_order));
}

void ps_ristretto255_identity(ps_ristretto255 *p)
{
    put(p, 0);
}

void ps_ristretto255_base(ps_ristretto255 *p)
{
    put(p, 1);
}

ps_status ps_ristretto255_decode(ps_ristretto255 *p, size_t *bad,
                                 const uint8_t *in, size_t count,
                                 const ps_backend *backend)
{
    (void)backend;
    for (*bad = 0; *bad < count; ++*bad) {
        uint64_t x;

        if (!read_small(&x, in + 32 * *bad)) {
            memset(p, 0, count * sizeof *p);
            return PS_E_ENCODING;
        }
        put(&p[*bad], x);
    }
    return PS_OK;
}

void ps_ristretto255_encode(uint8_t *out, const ps_ristretto255 *p,
                            size_t count, const ps_backend *backend)
{
    (void)backend;
    for (size_t i = 0; i < count; i++) {
        write_small(out + 32 * i, p[i].x[0]);
    }
}

void ps_ristretto255_from_uniform(ps_ristretto255 *p, const uint8_t *in,
                                  size_t count, const ps_backend *backend)
{
    (void)backend;
    for (size_t i = 0; i < count; i++) {
        put(&p[i], reduce(in + 64 * i));
    }
}

void ps_ristretto255_add(ps_ristretto255 *r, const ps_ristretto255 *a,
                         const ps_ristretto255 *b)
{
    put(r, a->x[0] + b->x[0]);
}

void ps_ristretto255_sub(ps_ristretto255 *r, const ps_ristretto255 *a,
                         const ps_ristretto255 *b)
{
    put(r, a->x[0] + tiny_order - b->x[0]);
}

void ps_ristretto255_neg(ps_ristretto255 *r, const ps_ristretto255 *a)
{
    put(r, tiny_order - a->x[0]);
}

ps_limb ps_ristretto255_is_identity(const ps_ristretto255 *a)
{
    return a->x[0] == 0;
}

ps_limb ps_ristretto255_is_equal(const ps_ristretto255 *a,
                                 const ps_ristretto255 *b)
{
    return a->x[0] == b->x[0];
}

void ps_ristretto255_select(ps_ristretto255 *r, ps_limb choice,
                            const ps_ristretto255 *a, const ps_ristretto255 *b)
{
    *r = choice ? *a : *b;
}

void ps_ristretto255_mul(ps_ristretto255 *p, const ps_scalar *s,
                         const ps_ristretto255 *a, size_t count,
                         const ps_backend *backend)
{
    (void)backend;
    for (size_t i = 0; i < count; i++) {
        put(&p[i], s[i].limb[0] * a[i].x[0]);
    }
}

void ps_ristretto255_mul_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                 const ps_ristretto255 *a, size_t count,
                                 const ps_backend *backend)
{
    ps_ristretto255_mul(p, s, a, count, backend);
}

void ps_ristretto255_mul_two_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                     const ps_ristretto255 *a,
                                     const ps_scalar *t,
                                     const ps_ristretto255 *c, size_t count,
                                     const ps_backend *backend)
{
    (void)backend;
    for (size_t i = 0; i < count; i++) {
        put(&p[i], s[i].limb[0] * a[i].x[0] + t[i].limb[0] * c[i].x[0]);
    }
}

void ps_ristretto255_table_init(ps_ristretto255_table *table,
                                const ps_ristretto255 *base,
                                const ps_backend *backend)
{
    (void)backend;
    table->word[0] = base->x[0];
}

void ps_ristretto255_table_mul(ps_ristretto255 *p, const ps_scalar *s,
                               size_t count,
                               const ps_ristretto255_table *table,
                               const ps_backend *backend)
{
    (void)backend;
    for (size_t i = 0; i < count; i++) {
        put(&p[i], s[i].limb[0] * table->word[0]);
    }
}

void ps_ristretto255_comb_init_vartime(ps_ristretto255_comb *const *comb,
                                       const ps_ristretto255 *a, size_t count,
                                       const ps_backend *backend)
{
    (void)backend;
    for (size_t i = 0; i < count; i++) {
        comb[i]->word[0] = a[i].x[0];
    }
}

void ps_ristretto255_comb_mul_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                      const ps_ristretto255_comb *const *comb,
                                      size_t count, const ps_backend *backend)
{
    (void)backend;
    for (size_t i = 0; i < count; i++) {
        put(&p[i], s[i].limb[0] * comb[i]->word[0]);
    }
}

size_t ps_ristretto255_msm_limbs(size_t count)
{
    return count + 1;
}

void ps_ristretto255_msm(ps_ristretto255 *p, const ps_scalar *s,
                         const ps_ristretto255 *a, size_t count,
                         const ps_backend *backend, ps_limb *scratch)
{
    uint64_t sum = 0;

    (void)backend;
    memset(scratch, 0xff, (count + 1) * sizeof *scratch);
    for (size_t i = 0; i < count; i++) {
        sum += s[i].limb[0] * a[i].x[0];
    }
    put(p, sum);
}

void ps_ristretto255_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                 const ps_ristretto255 *a, size_t count,
                                 const ps_backend *backend, ps_limb *scratch)
{
    ps_ristretto255_msm(p, s, a, count, backend, scratch);
}

void ps_ristretto255_set_init_vartime(ps_ristretto255_set *set,
                                      ps_limb *memory,
                                      const ps_ristretto255 *a, size_t count,
                                      const ps_backend *backend)
{
    (void)backend;
    set->count = count;
    set->rows = memory;
    for (size_t i = 0; i < count; i++) {
        memory[i] = a[i].x[0];
    }
}

size_t ps_ristretto255_set_limbs(size_t count)
{
    return count;
}

void ps_ristretto255_set_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                     size_t count,
                                     const ps_ristretto255_set *set,
                                     const ps_backend *backend,
                                     ps_limb *scratch)
{
    uint64_t sum = 0;

    (void)backend;
    (void)scratch;
    for (size_t i = 0; i < count; i++) {
        sum = (sum + s[i].limb[0] * set->rows[i]) % tiny_order;
    }
    put(p, sum);
}
