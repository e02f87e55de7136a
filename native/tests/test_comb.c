/* Products through a comb are the products. */
#include "check.h"
#include "privshare/ps_ristretto255.h"

enum { MOST = 33 };

static ps_ristretto255_comb comb[MOST];

/* Edges of the scalars: 0, 1, 2, l - 1, l - 2, and pieces of ones and zeros. */
static void scalar(ps_scalar *s, size_t number)
{
    uint8_t wide[64];
    ps_scalar small;

    pseudo_random(wide, sizeof wide);
    if (number % 7 == 5) {
        edgy((ps_limb *)(void *)wide, 4);
        memset(wide + 31, 0, 33);
    }
    ps_scalar_from_wide(s, wide);
    if (number < 10) {
        ps_scalar_from_u64(&small, number / 2);
        ps_scalar_neg(s, &small);
        if (number % 2 == 0) {
            *s = small;
        }
    }
}

static void products(const ps_backend *backend)
{
    ps_ristretto255_comb *made[MOST];
    const ps_ristretto255_comb *pointer[MOST];
    ps_ristretto255 a[MOST], p[MOST], expected[MOST];
    ps_scalar s[MOST];
    uint8_t uniform[64];

    for (size_t i = 0; i < MOST; i++) {
        pseudo_random(uniform, sizeof uniform);
        ps_ristretto255_from_uniform(&a[i], uniform, 1, backend);
    }
    ps_ristretto255_identity(&a[3]);
    ps_ristretto255_base(&a[4]);
    for (size_t count = 0; count <= MOST; count++) {
        for (size_t i = 0; i < count; i++) {
            made[i] = &comb[i];
            pointer[i] = &comb[i];
            scalar(&s[i], i + 10 * (count % 4));
        }
        ps_ristretto255_comb_init_vartime(made, a, count, backend);
        ps_ristretto255_comb_mul_vartime(p, s, pointer, count, backend);
        ps_ristretto255_mul_vartime(expected, s, a, count, backend);
        for (size_t i = 0; i < count; i++) {
            CHECK(ps_ristretto255_is_equal(&p[i], &expected[i]));
        }
    }
    /* One comb for many scalars, as for a base. */
    for (size_t i = 0; i < MOST; i++) {
        pointer[i] = &comb[7];
        scalar(&s[i], i);
        expected[i] = a[7];
    }
    ps_ristretto255_comb_mul_vartime(p, s, pointer, MOST, backend);
    ps_ristretto255_mul_vartime(a, s, expected, MOST, backend);
    for (size_t i = 0; i < MOST; i++) {
        CHECK(ps_ristretto255_is_equal(&p[i], &a[i]));
    }
}

int main(void)
{
    products(ps_backend_portable());
    products(ps_backend_best());
    printf("comb: ok (%s)\n", ps_backend_name(ps_backend_best()));
    return 0;
}
