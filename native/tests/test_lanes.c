/* The kernels of eight lanes against the portable arithmetic, modulus by
 * modulus. */
#include "../src/backend/x86_64/lanes.h"
#include "../src/paillier/dual.h"
#include "check.h"

#if defined(PS_HAVE_LANES)

enum { N_LIMBS = PS_PAILLIER_N_LIMBS, WIDE = 2 * PS_PAILLIER_N_LIMBS,
       ROOM = 2 * PS_PAILLIER_BATCH_LIMBS };

static ps_limb scratch[ROOM];
static ps_limb table[PS_PAILLIER_SCRATCH_LIMBS];
static ps_paillier_dual dual;
static lanes_modulus m;
static lanes_arena room;

/* Eight pairs below the modulus, in 64-bit limbs. */
typedef ps_limb pairs[LANES][WIDE];

static void random_pairs(pairs x, size_t limbs)
{
    for (size_t lane = 0; lane < LANES; lane++) {
        for (size_t half = 0; half < 2; half++) {
            ps_limb y[N_LIMBS];
            edgy(y, limbs);
            ps_mont_reduce(x[lane] + half * limbs, y, limbs, &dual.mont);
        }
    }
    if (limbs < 3) {
        return;
    }
    memset(x[0], 0, 2 * limbs * sizeof(ps_limb));
    memcpy(x[1], dual.mont.m, limbs * sizeof(ps_limb));
    memcpy(x[1] + limbs, dual.mont.m, limbs * sizeof(ps_limb));
    x[1][0] -= 1;
    x[1][limbs] -= 1;
}

/* One number a lane, by way of bytes. */
static void load(ps_lanes *r, pairs x, size_t limbs, size_t offset)
{
    uint8_t bytes[LANES * 8 * N_LIMBS];

    for (size_t lane = 0; lane < LANES; lane++) {
        ps_mpn_to_bytes(bytes + lane * 8 * limbs, 8 * limbs,
                        x[lane] + offset, limbs);
    }
    ps_lanes_read(r, m.kernel->limbs, bytes, LANES, 8 * limbs);
}

static ps_lanes *load_pairs(pairs x, size_t limbs)
{
    size_t h = m.kernel->limbs;
    ps_lanes *r = ps_lanes_take(&room, 2 * h);

    load(r, x, limbs, 0);
    load(r + h, x, limbs, limbs);
    return r;
}

/* Into Montgomery form and out of it. */
static void enter(ps_lanes *r, const ps_lanes *a)
{
    m.kernel->dual.mul(r, a, m.rr, &m);
}

static void leave(ps_lanes *r, const ps_lanes *a)
{
    size_t h = m.kernel->limbs;
    lanes_arena arena = room;
    ps_lanes *one = ps_lanes_take(&arena, 2 * h);

    memset(one, 0, 2 * h * sizeof *one);
    for (size_t lane = 0; lane < LANES; lane++) {
        ((uint64_t *)(void *)one)[lane] = 1;
    }
    m.kernel->dual.mul(r, a, one, &m);
    ps_lanes_canonical(r, &m);
}

static void is_pair(const ps_lanes *a, size_t lane, const ps_limb *expected,
                    size_t limbs)
{
    ps_limb x[WIDE];
    size_t h = m.kernel->limbs;

    ps_lanes_extract(x, limbs, a, h, lane);
    ps_lanes_extract(x + limbs, limbs, a + h, h, lane);
    CHECK(ps_mpn_is_equal(x, expected, 2 * limbs));
}

static void products(pairs x, pairs y, size_t limbs)
{
    size_t h = m.kernel->limbs;
    ps_lanes *a = load_pairs(x, limbs), *b = load_pairs(y, limbs);
    ps_lanes *c = ps_lanes_take(&room, 2 * h), *d = ps_lanes_take(&room, 2 * h);
    ps_limb expected[WIDE];

    enter(c, a);
    enter(d, b);
    m.kernel->dual.mul(a, c, d, &m);
    m.kernel->dual.sqr(b, c, &m);
    leave(d, a);
    leave(c, b);
    for (size_t lane = 0; lane < LANES; lane++) {
        ps_dual_enter(expected, x[lane], &dual);
        ps_dual_mul(expected, expected, y[lane], &dual);
        is_pair(d, lane, expected, limbs);
        ps_dual_enter(expected, x[lane], &dual);
        ps_dual_mul(expected, expected, x[lane], &dual);
        is_pair(c, lane, expected, limbs);
    }
}

static void powers(pairs x, size_t limbs)
{
    size_t h = m.kernel->limbs;
    ps_lanes *a = load_pairs(x, limbs);
    ps_lanes *c = ps_lanes_take(&room, 2 * h), *d = ps_lanes_take(&room, 2 * h);
    ps_lanes *one = ps_lanes_take(&room, 2 * h);
    ps_limb e = 0xfedcba9870000001, expected[WIDE];

    memset(d, 0, 2 * h * sizeof *d);
    for (size_t lane = 0; lane < LANES; lane++) {
        ((uint64_t *)(void *)d)[lane] = 1;
    }
    enter(one, d);
    enter(c, a);
    ps_lanes_exp(d, c, one, &e, 1, &m.kernel->dual, &m, room);
    leave(a, d);
    ps_lanes_exp_vartime(d, c, &e, 1, &m.kernel->dual, &m, room);
    leave(c, d);
    for (size_t lane = 0; lane < LANES; lane++) {
        ps_dual_enter(expected, x[lane], &dual);
        ps_dual_exp_vartime(expected, expected, &e, 1, &dual, table);
        ps_dual_leave(expected, expected, &dual);
        is_pair(a, lane, expected, limbs);
        is_pair(c, lane, expected, limbs);
    }
}

/* (a b + c d) / R and a b / R, a^2 / R in the plain ring: both ways the same,
 * and times R again what the portable code has. */
LANES_TARGET
static void plain_ring(pairs x, pairs y, size_t limbs)
{
    size_t h = m.kernel->limbs;
    ps_lanes *a = load_pairs(x, limbs), *b = load_pairs(y, limbs);
    ps_lanes *c = ps_lanes_take(&room, h), *d = ps_lanes_take(&room, h);
    ps_limb expected[N_LIMBS], term[N_LIMBS], found[N_LIMBS];

    m.kernel->mul_add(c, a, b, a, a + h, &m);
    m.kernel->plain.mul(d, c, m.rr, &m);
    (void)ps_lanes_subtract_once(d, m.m, h);
    for (size_t lane = 0; lane < LANES; lane++) {
        ps_mont_enter(expected, x[lane], &dual.mont);
        ps_mont_mul(term, expected, x[lane] + limbs, &dual.mont);
        ps_mont_mul(expected, expected, y[lane], &dual.mont);
        ps_mont_add(expected, expected, term, &dual.mont);
        ps_lanes_extract(found, limbs, d, h, lane);
        CHECK(ps_mpn_is_equal(found, expected, limbs));
    }
    m.kernel->plain.mul(c, a, a, &m);
    m.kernel->plain.sqr(d, a, &m);
    CHECK(memcmp(c, d, h * sizeof *c) == 0);
}

/* A modulus of so many limbs; all ones, the largest, when asked. */
static void modulus(size_t limbs, int largest)
{
    ps_limb x[N_LIMBS];
    pairs a, b;

    edgy(x, limbs);
    if (largest) {
        memset(x, 0xff, limbs * sizeof *x);
    }
    x[0] |= 5;
    CHECK(ps_dual_init(&dual, x, limbs) == PS_OK);
    room = ps_lanes_arena(scratch, ROOM);
    ps_lanes_modulus_init(&m, ps_lanes_kernel_for(limbs), &dual, &room);
    lanes_arena start = room;
    random_pairs(a, limbs);
    random_pairs(b, limbs);
    products(a, b, limbs);
    room = start;
    plain_ring(a, b, limbs);
    room = start;
    powers(a, limbs);
}

/* x y 2^-shift for x = y = n^2 - 1 and the like. */
LANES_TARGET
static void long_products(size_t limbs)
{
    static ps_mont mont;
    ps_limb x[PS_MPN_MAX_LIMBS], y[PS_MPN_MAX_LIMBS], e[PS_MPN_MAX_LIMBS];
    const lanes_long *l = ps_lanes_long_for(limbs);
    size_t width = l->limbs;
    lanes_modulus n2;

    memset(&n2, 0, sizeof n2);
    memset(x, 0xff, limbs * sizeof *x);
    CHECK(ps_mont_init(&mont, x, limbs) == PS_OK);
    x[0] -= 1;
    edgy(y, limbs);
    y[limbs - 1] >>= 1;
    room = ps_lanes_arena(scratch, ROOM);
    n2.m = ps_lanes_take(&room, width);
    n2.quotient = ps_lanes_take(&room, width);
    ps_lanes *a = ps_lanes_take(&room, width), *b = ps_lanes_take(&room, width);
    ps_lanes *c = ps_lanes_take(&room, width);
    ps_lanes_spread(n2.m, width, mont.m, limbs);
    ps_lanes_spread(a, width, x, limbs);
    ps_lanes_spread(b, width, y, limbs);
    for (size_t lane = 0; lane < LANES; lane++) {
        ((uint64_t *)(void *)&n2.neg_inv)[lane] = mont.neg_inv & LANES_DIGIT;
    }
    l->mul(c, a, b, &n2);
    (void)ps_lanes_subtract_once(c, n2.m, width);
    /* Back from x y 2^(-52 width): double as often. */
    ps_lanes_extract(e, limbs, c, width, 5);
    for (size_t i = 0; i < LANES_BITS * width; i++) {
        ps_mont_add(e, e, e, &mont);
    }
    ps_mont_enter(x, x, &mont);
    ps_mont_mul(x, y, x, &mont);
    CHECK(ps_mpn_is_equal(x, e, limbs));
}

int main(void)
{
    static const size_t sizes[] = {1, 2, 15, 16, 17, 24, 31, 32, 33, 47, 48};

    if (ps_backend_best()->paillier_encrypt == NULL) {
        printf("lanes: SKIPPED, this processor has no AVX-512 IFMA\n");
        return 0;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        modulus(sizes[i], 0);
        modulus(sizes[i], 1);
    }
    long_products(64);
    long_products(96);
    printf("lanes: ok\n");
    return 0;
}
#else
int main(void)
{
    printf("lanes: SKIPPED, this compiler has no AVX-512 IFMA\n");
    return 0;
}
#endif
