/* No branch and no address depends on a secret: scalars and ristretto255.
 *
 * As ctime.c, for ps_scalar.h and ps_ristretto255.h.
 */
#include "check.h"
#include "privshare/ps_ristretto255.h"

#if !defined(PS_CTIME)
#error "build with -DPS_CTIME: make ctime"
#endif

enum { COUNT = 17 };

static ps_scalar s[COUNT], t[COUNT];
static ps_ristretto255 p[COUNT], q[COUNT];
static ps_ristretto255_table table;
static uint8_t bytes[64 * COUNT];

static void random_scalars(ps_scalar *x, size_t count)
{
    pseudo_random(bytes, 64 * count);
    PS_SECRET(bytes, 64 * count);
    for (size_t i = 0; i < count; i++) {
        ps_scalar_from_wide(&x[i], bytes + 64 * i);
    }
}

static void scalars(void)
{
    ps_limb bit;
    size_t bad;
    ps_scalar r;

    random_scalars(s, COUNT);
    random_scalars(t, COUNT);
    ps_scalar_add(&r, &s[0], &s[1]);
    ps_scalar_sub(&r, &r, &s[2]);
    ps_scalar_neg(&r, &r);
    ps_scalar_mul(&r, &r, &s[3]);
    ps_scalar_mul_add(&r, &r, &s[4], &s[5]);
    ps_scalar_dot(&s[0], s, t, COUNT);
    ps_scalar_invert(&r, &r);
    ps_scalar_invert_batch(t, s, COUNT);
    bit = ps_scalar_is_zero(&r) | ps_scalar_is_equal(&r, &s[0]);
    ps_scalar_select(&r, bit, &s[0], &s[1]);
    ps_scalar_from_u64(&r, r.limb[0]);
    ps_scalar_to_bytes(bytes, &s[0]);
    CHECK(ps_scalar_from_bytes(&r, bytes) == PS_OK);
    ps_scalar_encode(bytes, s, COUNT);
    CHECK(ps_scalar_decode(t, &bad, bytes, COUNT) == PS_OK);
}

static void elements(const ps_backend *backend)
{
    ps_limb *scratch = malloc(ps_ristretto255_msm_limbs(COUNT)
                              * sizeof *scratch);
    ps_limb bit;

    CHECK(scratch != NULL);
    random_scalars(s, COUNT);
    pseudo_random(bytes, sizeof bytes);
    PS_SECRET(bytes, sizeof bytes);
    ps_ristretto255_from_uniform(p, bytes, COUNT, backend);
    ps_ristretto255_from_uniform(q, bytes, 1, backend);
    ps_ristretto255_encode(bytes, p, COUNT, backend);
    ps_ristretto255_encode(bytes, p, 1, backend);
    ps_ristretto255_add(&q[0], &p[0], &p[1]);
    ps_ristretto255_sub(&q[1], &p[0], &q[0]);
    ps_ristretto255_neg(&q[0], &q[1]);
    bit = ps_ristretto255_is_equal(&q[0], &p[0])
        | ps_ristretto255_is_identity(&q[1]);
    ps_ristretto255_select(&q[0], bit, &p[0], &p[1]);
    ps_ristretto255_mul(q, s, p, COUNT, backend);
    ps_ristretto255_mul(q, s, p, 1, backend); /* another way than many */
    ps_ristretto255_table_init(&table, &p[0], backend);
    ps_ristretto255_table_mul(q, s, COUNT, &table, backend);
    ps_ristretto255_table_mul(q, s, 1, &table, backend);
    ps_ristretto255_msm(q, s, p, COUNT, backend, scratch);
    ps_ristretto255_msm(q, s, p, 4, backend, scratch);
    ps_ristretto255_msm(q, s, p, 1, backend, scratch);
    free(scratch);
}

int main(void)
{
    scalars();
    elements(ps_backend_portable());
    elements(ps_backend_best());
    printf("ctime_group: ok (portable and %s)\n",
           ps_backend_name(ps_backend_best()));
    return 0;
}
