/* No branch and no address depends on a secret: shares and their bits. As
 * ctime.c, for ps_rss.h. */
#include "check.h"
#include "privshare/ps_rss.h"

#if !defined(PS_CTIME)
#error "build with -DPS_CTIME: make ctime"
#endif

enum { N = 70, ROOM = 2 * N * 2 };

static uint64_t a[ROOM], b[ROOM], c[ROOM], d[ROOM], z[128 * ROOM];

static void secrets(uint64_t *p)
{
    pseudo_random(p, ROOM * sizeof *p);
    PS_SECRET(p, ROOM * sizeof *p);
}

int main(void)
{
    secrets(a);
    secrets(b);
    secrets(c);
    secrets(d);
    for (size_t limbs = 1; limbs <= 2; limbs++) {
        ps_rss_multiply(z, a, b, c, d, N, limbs);
        ps_rss_matmul(z, a, b, c, d, 5, N / 5, 3, limbs);
        ps_rss_slice(z, a, N, limbs, 3, 64 * limbs - 3);
        ps_rss_unslice(z, a, 2, N, limbs);
    }
    ps_rss_and(z, a, b, c, d, a, b, N);
    ps_rss_add128(z, a, b, N);
    ps_rss_sub128(z, a, b, N);
    ps_rss_mul128(z, a, b, N, 0);
    ps_rss_mul128(z, a, b, N, 1);
    ps_rss_sum128(z, a, 2, 5, 7);
    return 0;
}
