/* No branch and no address of the proofs about bits depends on the bits, nor
 * on an element of the field; nor of products of shares (see ctime.c). */
#include "check.h"
#include "privshare/ps_dzk.h"
#include "privshare/ps_gf64.h"
#include "privshare/ps_wide.h"

#if !defined(PS_CTIME)
#error "build with -DPS_CTIME: make ctime"
#endif

enum { WORDS = PS_DZK_WORDS };

static void field(const ps_backend *backend)
{
    ps_limb a[19], b[19], sum;

    pseudo_random(a, sizeof a);
    pseudo_random(b, sizeof b);
    PS_SECRET(a, sizeof a);
    PS_SECRET(b, sizeof b);
    ps_gf64_mul(a, a, b, 19, backend);
    sum = ps_gf64_dot(a, b, 19, backend);
    PS_PUBLIC(&sum, sizeof sum);
}

static void proof(const ps_backend *backend)
{
    static ps_limb x[4][WORDS], g[PS_DZK_POINTS], scratch[PS_DZK_SCRATCH];
    static ps_limb u[WORDS], v[WORDS];
    ps_limb eq[PS_DZK_WORDS], beta = 77, sum;

    pseudo_random(x, sizeof x);
    pseudo_random(eq, sizeof eq);
    PS_SECRET(x, sizeof x);
    ps_dzk_bits(g, x[0], x[1], x[2], x[3], &beta, 1, backend, scratch);
    ps_dzk_spread(u, x[0], eq, &beta, 1, backend);
    ps_dzk_spread(v, x[1], eq, NULL, 1, backend);
    sum = ps_dzk_weigh(x[0], eq, &beta, 1, backend);
    ps_dzk_products(g, u, v, WORDS / 8, backend);
    ps_dzk_fold(u, u, eq, WORDS / 8, backend);
    PS_PUBLIC(&sum, sizeof sum);
    PS_PUBLIC(g, sizeof g);
    PS_PUBLIC(u, sizeof u);
}

static void ring(void)
{
    ps_limb v[4][24], z[24];

    pseudo_random(v, sizeof v);
    PS_SECRET(v, sizeof v);
    for (size_t limbs = 2; limbs <= 3; limbs++) {
        ps_wide_cross(z, v[0], v[1], v[2], v[3], 8, limbs);
        ps_wide_dot(z, v[0], v[1], v[2], v[3], 2, 4, limbs);
        ps_wide_add(z, v[0], v[1], 8, limbs);
        ps_wide_sub(z, v[0], v[1], 8, limbs);
        ps_wide_mul(z, v[0], v[1], 8, limbs);
        ps_wide_sum(z, v[0], 2, 2, 2, limbs);
    }
    PS_PUBLIC(z, sizeof z);
}

int main(void)
{
    const ps_backend *all[] = {ps_backend_portable(), ps_backend_best()};

    for (size_t i = 0; i < 2; i++) {
        field(all[i]);
        proof(all[i]);
    }
    ring();
    printf("ctime_dzk: ok\n");
    return 0;
}
