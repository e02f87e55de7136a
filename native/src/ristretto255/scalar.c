/* Scalars modulo l = 2^252 + c.
 *
 * c has 125 bits, so 2^252 = -c brings a number down by 127 bits at a time:
 * three small products reduce 512 bits, and there is no other form to enter or
 * to leave.
 */
#include "privshare/ps_scalar.h"

#include "../bytes.h"
#include "../ct.h"

__extension__ typedef unsigned __int128 wide;

/* l = 2^252 + 27742317777372353535851937790883648493 */
static const uint64_t order[4] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0,
                                  0x1000000000000000};
#define TOP (((uint64_t)1 << 60) - 1)

/* At -O2 clang unrolls short loops and gcc does not. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 8")
#else
#define UNROLL
#endif

/* *r + a b + carry; the low word stays, the high one is returned. */
static inline uint64_t step(uint64_t *r, uint64_t a, uint64_t b,
                            uint64_t carry)
{
    wide x = (wide)a * b + *r + carry;

    *r = (uint64_t)x;
    return (uint64_t)(x >> 64);
}

/* r = a - b, and the borrow. */
static inline uint64_t subtract(uint64_t *r, const uint64_t *a,
                                const uint64_t *b)
{
    uint64_t borrow = 0;

    UNROLL
    for (int i = 0; i < 4; i++) {
        wide t = (wide)a[i] - b[i] - borrow;
        r[i] = (uint64_t)t;
        borrow = (uint64_t)(t >> 64) & 1;
    }
    return borrow;
}

/* r = a + (b & mask), modulo 2^256. */
static inline void add_masked(uint64_t *r, const uint64_t *a,
                              const uint64_t *b, ps_limb mask)
{
    uint64_t carry = 0;

    UNROLL
    for (int i = 0; i < 4; i++) {
        wide t = (wide)a[i] + (b[i] & mask) + carry;
        r[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
}

/* r (limbs + 2 words) = c * the number of so many limbs. */
static inline void times_c(uint64_t *r, const uint64_t *a, int limbs)
{
    UNROLL
    for (int i = 0; i < limbs + 2; i++) {
        r[i] = 0;
    }
    UNROLL
    for (int i = 0; i < limbs; i++) {
        uint64_t carry = step(&r[i], a[i], order[0], 0);

        r[i + 2] = step(&r[i + 1], a[i], order[1], carry);
    }
}

/* The words of x >> 252, for x of limbs + 3 words or fewer. */
static inline void above(uint64_t *r, const uint64_t *x, int limbs, int words)
{
    UNROLL
    for (int i = 0; i < limbs; i++) {
        r[i] = x[i + 3] >> 60;
        if (i + 4 < words) {
            r[i] |= x[i + 4] << 4;
        }
    }
}

/* From w below 2^255 to the canonical value: with q = w >> 252, w - q l is
 * above -q c, so one l at most is missing. */
static inline void reduce_last(uint64_t *r, const uint64_t *w)
{
    uint64_t q = w[3] >> 60, x[4], y[4] = {0};
    ps_limb negative;

    y[1] = step(&y[0], q, order[0], 0);
    y[2] = step(&y[1], q, order[1], 0);
    x[0] = w[0];
    x[1] = w[1];
    x[2] = w[2];
    x[3] = w[3] & TOP;
    negative = ct_mask(subtract(x, x, y));
    add_masked(r, x, order, negative);
}

/* 512 bits to the canonical value. With x = x0 + 2^252 h and so on down,
 *
 *     c h = y0 + 2^252 h2,   c h2 = z0 + 2^252 h3
 *     x = x0 - y0 + z0 - c h3   modulo l
 *
 * where h, h2, h3 have 260, 133 and 6 bits. 2 l keep the sum positive. */
static void reduce(uint64_t *r, const uint64_t *x)
{
    static const uint64_t twice[4] = {0xb024c634b9eba7da, 0x29bdf3bd45ef39ac,
                                      0, 0x2000000000000000};
    uint64_t h[5], y[7], z[5], v[4], t[4];

    above(h, x, 5, 8);
    times_c(y, h, 5);
    above(h, y, 3, 7);
    times_c(z, h, 3);
    above(h, z, 1, 5);
    times_c(v, h, 1);
    v[3] = 0;
    UNROLL
    for (int i = 0; i < 3; i++) {
        t[i] = x[i];
    }
    t[3] = x[3] & TOP;
    y[3] &= TOP;
    z[3] &= TOP;
    add_masked(t, t, twice, ~(ps_limb)0);
    add_masked(t, t, z, ~(ps_limb)0);
    (void)subtract(t, t, y);
    (void)subtract(t, t, v);
    reduce_last(r, t);
}

/* 256 by 256 bits. */
static inline void multiply(uint64_t *r, const uint64_t *a, const uint64_t *b)
{
    UNROLL
    for (int i = 0; i < 4; i++) {
        r[i] = 0;
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        uint64_t carry = step(&r[i], a[i], b[0], 0);

        carry = step(&r[i + 1], a[i], b[1], carry);
        carry = step(&r[i + 2], a[i], b[2], carry);
        r[i + 4] = step(&r[i + 3], a[i], b[3], carry);
    }
}

static inline void square(uint64_t *r, const uint64_t *a)
{
    uint64_t carry, top = 0;

    UNROLL
    for (int i = 0; i < 8; i++) {
        r[i] = 0;
    }
    carry = step(&r[1], a[0], a[1], 0);
    carry = step(&r[2], a[0], a[2], carry);
    r[4] = step(&r[3], a[0], a[3], carry);
    carry = step(&r[3], a[1], a[2], 0);
    r[5] = step(&r[4], a[1], a[3], carry);
    r[6] = step(&r[5], a[2], a[3], 0);
    carry = 0;
    UNROLL
    for (int i = 0; i < 4; i++) {
        uint64_t low = r[2 * i] << 1 | top, high = r[2 * i + 1] << 1
                                                 | r[2 * i] >> 63;
        wide x = (wide)a[i] * a[i] + low + carry;

        top = r[2 * i + 1] >> 63;
        r[2 * i] = (uint64_t)x;
        x = (wide)high + (uint64_t)(x >> 64);
        r[2 * i + 1] = (uint64_t)x;
        carry = (uint64_t)(x >> 64);
    }
}

static void load(uint64_t *w, const uint8_t *in, int words)
{
    for (int i = 0; i < words; i++) {
        w[i] = ps_load64_le(in + 8 * i);
    }
}

ps_status ps_scalar_from_bytes(ps_scalar *s, const uint8_t *in32)
{
    uint64_t w[4], t[4];
    uint64_t below;
    ps_limb mask;

    load(w, in32, 4);
    below = subtract(t, w, order);
    mask = ct_mask(below);
    for (int i = 0; i < 4; i++) {
        s->limb[i] = w[i] & mask;
    }
    PS_PUBLIC(&below, sizeof below);
    return below ? PS_OK : PS_E_ENCODING;
}

void ps_scalar_from_wide(ps_scalar *s, const uint8_t *in64)
{
    uint64_t w[8];

    load(w, in64, 8);
    reduce(s->limb, w);
    ps_wipe(w, sizeof w);
}

void ps_scalar_from_u64(ps_scalar *s, uint64_t x)
{
    s->limb[0] = x;
    s->limb[1] = s->limb[2] = s->limb[3] = 0;
}

void ps_scalar_to_bytes(uint8_t *out32, const ps_scalar *s)
{
    for (int i = 0; i < 32; i++) {
        out32[i] = (uint8_t)(s->limb[i / 8] >> (8 * (i % 8)));
    }
}

void ps_scalar_add(ps_scalar *r, const ps_scalar *a, const ps_scalar *b)
{
    uint64_t t[4];
    ps_limb negative;

    add_masked(t, a->limb, b->limb, ~(ps_limb)0);
    negative = ct_mask(subtract(t, t, order));
    add_masked(r->limb, t, order, negative);
}

void ps_scalar_sub(ps_scalar *r, const ps_scalar *a, const ps_scalar *b)
{
    uint64_t t[4];
    ps_limb negative = ct_mask(subtract(t, a->limb, b->limb));

    add_masked(r->limb, t, order, negative);
}

void ps_scalar_neg(ps_scalar *r, const ps_scalar *a)
{
    static const ps_scalar zero = {{0, 0, 0, 0}};

    ps_scalar_sub(r, &zero, a);
}

void ps_scalar_mul(ps_scalar *r, const ps_scalar *a, const ps_scalar *b)
{
    uint64_t x[8];

    multiply(x, a->limb, b->limb);
    reduce(r->limb, x);
    ps_wipe(x, sizeof x);
}

void ps_scalar_mul_add(ps_scalar *r, const ps_scalar *a, const ps_scalar *b,
                       const ps_scalar *c)
{
    uint64_t x[8], carry = 0;

    multiply(x, a->limb, b->limb);
    UNROLL
    for (int i = 0; i < 8; i++) {
        wide t = (wide)x[i] + (i < 4 ? c->limb[i] : 0) + carry;
        x[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    reduce(r->limb, x);
    ps_wipe(x, sizeof x);
}

/* sum + top * 2^256 += a * b: what each row of the product carries out of its
 * four words goes into a wide word of `top`, and nothing runs on from there. */
static inline void accumulate(uint64_t *sum, wide *top, const uint64_t *a,
                              const uint64_t *b)
{
    UNROLL
    for (int i = 0; i < 4; i++) {
        uint64_t carry = step(&sum[i], a[i], b[0], 0);

        carry = step(&sum[i + 1], a[i], b[1], carry);
        carry = step(&sum[i + 2], a[i], b[2], carry);
        top[i] += step(&sum[i + 3], a[i], b[3], carry);
    }
}

/* x (8 words) = sum (7 words) + top * 2^256. */
static void gather(uint64_t *x, const uint64_t *sum, const wide *top)
{
    wide carry = 0;

    memcpy(x, sum, 4 * sizeof *x);
    for (int i = 0; i < 4; i++) {
        carry += top[i];
        carry += i < 3 ? sum[i + 4] : 0;
        x[i + 4] = (uint64_t)carry;
        carry >>= 64;
    }
}

/* Products are below 2^506, so that 64 of them are below 2^512. */
enum { SUMMANDS = 64 };

void ps_scalar_dot(ps_scalar *r, const ps_scalar *a, const ps_scalar *b,
                   size_t count)
{
    uint64_t x[8], sum[7];
    wide top[4];
    ps_scalar total = {{0, 0, 0, 0}}, part;

    for (size_t i = 0; i < count; i += SUMMANDS) {
        size_t some = count - i < SUMMANDS ? count - i : SUMMANDS;

        memset(sum, 0, sizeof sum);
        memset(top, 0, sizeof top);
        for (size_t k = 0; k < some; k++) {
            accumulate(sum, top, a[i + k].limb, b[i + k].limb);
        }
        gather(x, sum, top);
        reduce(part.limb, x);
        ps_scalar_add(&total, &total, &part);
        ps_wipe(&part, sizeof part);
    }
    *r = total;
    ps_wipe(x, sizeof x);
    ps_wipe(sum, sizeof sum);
    ps_wipe(top, sizeof top);
    ps_wipe(&total, sizeof total);
}

static void square_times(ps_scalar *r, int times)
{
    uint64_t x[8];

    while (times-- > 0) {
        square(x, r->limb);
        reduce(r->limb, x);
    }
    ps_wipe(x, sizeof x);
}

/* a^(l - 2), in windows of four bits of the public exponent. */
void ps_scalar_invert(ps_scalar *r, const ps_scalar *a)
{
    ps_scalar power[16], x;
    uint64_t e[4] = {order[0] - 2, order[1], order[2], order[3]};

    power[1] = *a;
    for (int i = 2; i < 16; i++) {
        ps_scalar_mul(&power[i], &power[i - 1], a);
    }
    x = *a; /* the digit of 2^252 */
    for (int i = 62; i >= 0; i--) {
        unsigned digit = (unsigned)(e[i / 16] >> (4 * (i % 16))) & 15;

        square_times(&x, 4);
        if (digit != 0) {
            ps_scalar_mul(&x, &x, &power[digit]);
        }
    }
    *r = x;
    ps_wipe(power, sizeof power);
    ps_wipe(&x, sizeof x);
}

/* Montgomery's trick: one inversion, and zeros stand aside as ones. */
void ps_scalar_invert_batch(ps_scalar *r, const ps_scalar *a, size_t count)
{
    ps_scalar all, one, x;

    ps_scalar_from_u64(&one, 1);
    all = one;
    for (size_t i = 0; i < count; i++) {
        r[i] = all;
        ps_scalar_select(&x, ps_scalar_is_zero(&a[i]), &one, &a[i]);
        ps_scalar_mul(&all, &all, &x);
    }
    ps_scalar_invert(&all, &all);
    for (size_t i = count; i-- > 0;) {
        ps_limb zero = ps_scalar_is_zero(&a[i]);

        ps_scalar_mul(&r[i], &r[i], &all);
        ps_scalar_select(&r[i], zero, &a[i], &r[i]);
        ps_scalar_select(&x, zero, &one, &a[i]);
        ps_scalar_mul(&all, &all, &x);
    }
    ps_wipe(&all, sizeof all);
    ps_wipe(&x, sizeof x);
}

ps_limb ps_scalar_is_zero(const ps_scalar *a)
{
    return ct_mask_zero(a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) & 1;
}

ps_limb ps_scalar_is_equal(const ps_scalar *a, const ps_scalar *b)
{
    uint64_t d = 0;

    for (int i = 0; i < 4; i++) {
        d |= a->limb[i] ^ b->limb[i];
    }
    return ct_mask_zero(d) & 1;
}

void ps_scalar_select(ps_scalar *r, ps_limb choice, const ps_scalar *a,
                      const ps_scalar *b)
{
    ps_limb mask = ct_mask(choice);

    for (int i = 0; i < 4; i++) {
        r->limb[i] = ct_select(mask, a->limb[i], b->limb[i]);
    }
}

ps_status ps_scalar_decode(ps_scalar *s, size_t *bad, const uint8_t *in,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ps_scalar_from_bytes(&s[i], in + 32 * i) != PS_OK) {
            *bad = i;
            ps_wipe(s, count * sizeof *s);
            return PS_E_ENCODING;
        }
    }
    *bad = count;
    return PS_OK;
}

void ps_scalar_encode(uint8_t *out, const ps_scalar *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ps_scalar_to_bytes(out + 32 * i, &s[i]);
    }
}
