/* Sums over a set of fixed elements are the sums. */
#include "check.h"
#include "privshare/ps_ristretto255_set.h"

enum { MOST = 37 };

static ps_ristretto255 a[MOST];
static ps_limb memory[PS_RISTRETTO255_SET_LIMBS * MOST], scratch[1 << 16];
static ps_ristretto255_set set;

/* Scalars that lean to the edges: 0, 1, l - 1, long runs, anything. */
static void fill(ps_scalar *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t wide[64];
        ps_limb limbs[8];

        edgy(limbs, 8);
        memcpy(wide, limbs, sizeof wide);
        ps_scalar_from_wide(&s[i], wide);
        switch (wide[7] % 8) {
        case 0: ps_scalar_from_u64(&s[i], 0); break;
        case 1: ps_scalar_from_u64(&s[i], 1); break;
        case 2:
            ps_scalar_from_u64(&s[i], 1);
            ps_scalar_neg(&s[i], &s[i]);
            break;
        case 3: ps_scalar_from_u64(&s[i], limbs[0]); break;
        default: break;
        }
    }
}

static void sums(size_t count, const ps_backend *backend)
{
    ps_scalar s[MOST];
    ps_ristretto255 fast, slow;

    fill(s, count);
    CHECK(ps_ristretto255_set_limbs(count) <= sizeof scratch / sizeof *scratch);
    CHECK(ps_ristretto255_msm_limbs(count) <= sizeof scratch / sizeof *scratch);
    ps_ristretto255_set_msm_vartime(&fast, s, count, &set, backend, scratch);
    ps_ristretto255_msm_vartime(&slow, s, a, count, ps_backend_portable(),
                                scratch);
    CHECK(ps_ristretto255_is_equal(&fast, &slow));
}

/* One scalar that is a power of two or one less, against products alone: every
 * digit of both bases takes part. */
static void single_bits(const ps_backend *backend)
{
    ps_scalar s, one;
    ps_ristretto255 fast, slow;

    ps_scalar_from_u64(&one, 1);
    s = one;
    for (int i = 0; i < 260; i++) {
        ps_scalar less;

        ps_scalar_sub(&less, &s, &one);
        ps_ristretto255_set_msm_vartime(&fast, &s, 1, &set, backend, scratch);
        ps_ristretto255_mul(&slow, &s, a, 1, ps_backend_portable());
        CHECK(ps_ristretto255_is_equal(&fast, &slow));
        ps_ristretto255_set_msm_vartime(&fast, &less, 1, &set, backend,
                                        scratch);
        ps_ristretto255_mul(&slow, &less, a, 1, ps_backend_portable());
        CHECK(ps_ristretto255_is_equal(&fast, &slow));
        ps_scalar_add(&s, &s, &s);
    }
}

static void check_backend(const ps_backend *maker, const ps_backend *reader)
{
    uint8_t uniform[64 * (MOST - 1)];

    pseudo_random(uniform, sizeof uniform);
    ps_ristretto255_from_uniform(a, uniform, MOST - 1, maker);
    ps_ristretto255_identity(&a[MOST - 1]);
    ps_ristretto255_set_init_vartime(&set, memory, a, MOST, maker);
    for (size_t count = 0; count <= MOST; count++) {
        for (int i = 0; i < 4; i++) {
            sums(count, reader);
        }
    }
    single_bits(reader);
}

int main(void)
{
    check_backend(ps_backend_portable(), ps_backend_portable());
    check_backend(ps_backend_portable(), ps_backend_best());
    check_backend(ps_backend_best(), ps_backend_best());
    check_backend(ps_backend_best(), ps_backend_portable());
    printf("set: ok\n");
    return 0;
}
