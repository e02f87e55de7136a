/* No branch and no address depends on a secret: batches of oblivious
 * functions. As ctime.c, for ps_oprf.h. */
#include "check.h"
#include "privshare/ps_oprf.h"

#if !defined(PS_CTIME)
#error "build with -DPS_CTIME: make ctime"
#endif

enum { COUNT = 70 };

static uint8_t wide[64 * COUNT], out[32 * COUNT], in[32 * COUNT];
static ps_ristretto255 p[COUNT];

static void batches(const ps_backend *backend, size_t count)
{
    static const uint8_t tag[] = "a tag, public";
    uint8_t text[11 * COUNT];
    uint64_t ends[COUNT];
    size_t bad;
    ps_scalar s;

    pseudo_random(text, sizeof text);
    PS_SECRET(text, sizeof text);
    for (size_t i = 0; i < count; i++) {
        ends[i] = 11 * (i + 1);
    }
    CHECK(ps_oprf_expand(wide, text, ends, count, tag, sizeof tag, backend)
          == PS_OK);
    ps_scalar_from_wide(&s, wide);
    ps_oprf_blind(out, wide, count, &s, backend);
    ps_ristretto255_from_uniform(p, wide, count, backend);
    ps_oprf_encode_twice(out, p, count, backend);
    memcpy(in, out, sizeof in);
    PS_PUBLIC(in, sizeof in); /* as another sends it */
    CHECK(ps_oprf_evaluate(out, &bad, in, count, &s, backend) == PS_OK);
}

int main(void)
{
    batches(ps_backend_portable(), 3);
    batches(ps_backend_best(), COUNT);
    batches(ps_backend_best(), 1);
    return 0;
}
