/* GF(2^64): the portable loops, and the choice between them and a fast path.
 *
 * A product without carries is made of integer products whose operands keep
 * every fourth bit: a column gathers at most 16 ones, and only the highest of
 * the word reaches 16, whose carry falls out at the top.
 */
#include "gf64.h"

#include "../backend/backend.h"
#include "../ct.h"

#define EVERY4 UINT64_C(0x1111111111111111)

/* The low half of the product. */
static ps_limb low_half(ps_limb a, ps_limb b)
{
    ps_limb x[4], y[4], z = 0;

    for (int i = 0; i < 4; i++) {
        x[i] = a & (EVERY4 << i);
        y[i] = b & (EVERY4 << i);
    }
    for (int k = 0; k < 4; k++) {
        ps_limb column = 0;
        for (int i = 0; i < 4; i++) {
            column ^= x[i] * y[(k - i) & 3];
        }
        z |= column & (EVERY4 << k);
    }
    return z;
}

/* The bits of x in the opposite order. */
static ps_limb mirrored(ps_limb x)
{
    static const ps_limb masks[6] = {
        UINT64_C(0x5555555555555555), UINT64_C(0x3333333333333333),
        UINT64_C(0x0f0f0f0f0f0f0f0f), UINT64_C(0x00ff00ff00ff00ff),
        UINT64_C(0x0000ffff0000ffff), UINT64_C(0x00000000ffffffff),
    };

    for (int i = 0; i < 6; i++) {
        x = ((x >> (1 << i)) & masks[i]) | ((x & masks[i]) << (1 << i));
    }
    return x;
}

/* The high half is the low one of the mirrored numbers, mirrored. */
static gf64_wide wide_product(ps_limb a, ps_limb b)
{
    gf64_wide z;

    z.low = low_half(a, b);
    z.high = mirrored(low_half(mirrored(a), mirrored(b))) >> 1;
    return z;
}

static void mul(ps_limb *out, const ps_limb *a, const ps_limb *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = gf64_reduce(wide_product(a[i], b[i]));
    }
}

static ps_limb dot(const ps_limb *a, const ps_limb *b, size_t count)
{
    gf64_wide sum = {0, 0};

    for (size_t i = 0; i < count; i++) {
        gf64_wide z = wide_product(a[i], b[i]);
        sum.low ^= z.low;
        sum.high ^= z.high;
    }
    return gf64_reduce(sum);
}

static void gather(ps_limb *sums, const ps_limb *x0, const ps_limb *x1,
                   const ps_limb *y0, const ps_limb *y1, ps_limb beta)
{
    for (size_t p = 0; p < PS_DZK_POINTS; p++) {
        gf64_wide z = wide_product((x0[p] & y1[p]) ^ (y0[p] & x1[p]), beta);
        sums[p] ^= z.low;
        sums[GF64_ROOM + p] ^= z.high;
    }
}

static void spread(ps_limb *out, const ps_limb *words, const ps_limb *eq)
{
    for (size_t j = 0; j < 64; j++) {
        ps_limb sum = 0;
        for (size_t c = 0; c < PS_DZK_WORDS; c++) {
            sum ^= eq[c] & ct_mask((words[c] >> j) & 1);
        }
        out[j] = sum;
    }
}

static void products(ps_limb *out, const ps_limb *u, const ps_limb *v,
                     size_t n)
{
    gf64_wide sums[PS_DZK_FAN_POINTS] = {{0, 0}};
    ps_limb a[PS_DZK_FAN], b[PS_DZK_FAN];
    ps_limb ea[PS_DZK_FAN_POINTS], eb[PS_DZK_FAN_POINTS];
    ps_limb scratch[PS_DZK_FAN_POINTS];

    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < PS_DZK_FAN; c++) {
            a[c] = u[c * n + i];
            b[c] = v[c * n + i];
        }
        ps_gf64_extend(ea, a, 3, scratch);
        ps_gf64_extend(eb, b, 3, scratch);
        for (size_t p = 0; p < PS_DZK_FAN_POINTS; p++) {
            gf64_wide z = wide_product(ea[p], eb[p]);
            sums[p].low ^= z.low;
            sums[p].high ^= z.high;
        }
    }
    for (size_t p = 0; p < PS_DZK_FAN_POINTS; p++) {
        out[p] = gf64_reduce(sums[p]);
    }
    ps_wipe(a, sizeof a);
    ps_wipe(b, sizeof b);
    ps_wipe(ea, sizeof ea);
    ps_wipe(eb, sizeof eb);
    ps_wipe(sums, sizeof sums);
}

static void fold(ps_limb *out, const ps_limb *u, const ps_limb *eq, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        gf64_wide sum = {0, 0};
        for (size_t c = 0; c < PS_DZK_FAN; c++) {
            gf64_wide z = wide_product(eq[c], u[c * n + i]);
            sum.low ^= z.low;
            sum.high ^= z.high;
        }
        out[i] = gf64_reduce(sum);
    }
}

const ps_gf64_backend ps_gf64_portable = {
    .mul = mul,
    .dot = dot,
    .gather = gather,
    .spread = spread,
    .products = products,
    .fold = fold,
};

const ps_gf64_backend *ps_gf64_of(const ps_backend *backend)
{
    return backend->gf64 != NULL ? backend->gf64 : &ps_gf64_portable;
}

void ps_gf64_mul(ps_limb *out, const ps_limb *a, const ps_limb *b,
                 size_t count, const ps_backend *backend)
{
    ps_gf64_of(backend)->mul(out, a, b, count);
}

ps_limb ps_gf64_dot(const ps_limb *a, const ps_limb *b, size_t count,
                    const ps_backend *backend)
{
    return ps_gf64_of(backend)->dot(a, b, count);
}
