/* Scalars modulo l, in Montgomery products with R = 2^256. */
#include "privshare/ps_scalar.h"

#include "../bytes.h"
#include "../ct.h"

__extension__ typedef unsigned __int128 wide;

/* l = 2^252 + 27742317777372353535851937790883648493 */
static const uint64_t order[4] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0,
                                  0x1000000000000000};
/* R mod l and R^2 mod l */
static const uint64_t r_one[4] = {0xd6ec31748d98951d, 0xc6ef5bf4737dcf70,
                                  0xfffffffffffffffe, 0x0fffffffffffffff};
static const uint64_t r_two[4] = {0xa40611e3449c0f01, 0xd00e1ba768859347,
                                  0xceec73d217f5be65, 0x0399411b7c309a3d};
/* -1/l mod 2^64 */
static const uint64_t order_inverse = 0xd2b51da312547e1b;

/* r = a - b, and the borrow. */
static uint64_t subtract(uint64_t *r, const uint64_t *a, const uint64_t *b)
{
    uint64_t borrow = 0;

    for (int i = 0; i < 4; i++) {
        wide t = (wide)a[i] - b[i] - borrow;
        r[i] = (uint64_t)t;
        borrow = (uint64_t)(t >> 64) & 1;
    }
    return borrow;
}

/* a + carry * 2^256 below 2l to the canonical value. */
static void reduce_once(uint64_t *r, const uint64_t *a, uint64_t carry)
{
    uint64_t t[4];
    uint64_t borrow = subtract(t, a, order);
    ps_limb keep = ct_mask(borrow & (carry ^ 1));

    for (int i = 0; i < 4; i++) {
        r[i] = ct_select(keep, a[i], t[i]);
    }
}

/* a * b / R mod l, canonical; a below 2^256, b below l. */
static void product(uint64_t *r, const uint64_t *a, const uint64_t *b)
{
    uint64_t t[6] = {0};

    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0, k;
        wide x;

        for (int j = 0; j < 4; j++) {
            x = (wide)a[i] * b[j] + t[j] + carry;
            t[j] = (uint64_t)x;
            carry = (uint64_t)(x >> 64);
        }
        x = (wide)t[4] + carry;
        t[4] = (uint64_t)x;
        t[5] = (uint64_t)(x >> 64);
        k = t[0] * order_inverse;
        x = (wide)k * order[0] + t[0];
        carry = (uint64_t)(x >> 64);
        for (int j = 1; j < 4; j++) {
            x = (wide)k * order[j] + t[j] + carry;
            t[j - 1] = (uint64_t)x;
            carry = (uint64_t)(x >> 64);
        }
        x = (wide)t[4] + carry;
        t[3] = (uint64_t)x;
        t[4] = t[5] + (uint64_t)(x >> 64);
    }
    reduce_once(r, t, t[4]);
}

static void load(uint64_t *w, const uint8_t *in)
{
    for (int i = 0; i < 4; i++) {
        w[i] = ps_load64_le(in + 8 * i);
    }
}

ps_status ps_scalar_from_bytes(ps_scalar *s, const uint8_t *in32)
{
    uint64_t w[4], t[4];
    uint64_t below;
    ps_limb mask;

    load(w, in32);
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
    ps_scalar high;
    uint64_t w[4];

    load(w, in64 + 32);
    product(high.limb, w, r_two);
    load(w, in64);
    product(s->limb, w, r_one);
    ps_scalar_add(s, s, &high);
    ps_wipe(&high, sizeof high);
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
    uint64_t t[4], carry = 0;

    for (int i = 0; i < 4; i++) {
        wide x = (wide)a->limb[i] + b->limb[i] + carry;
        t[i] = (uint64_t)x;
        carry = (uint64_t)(x >> 64);
    }
    reduce_once(r->limb, t, carry);
}

void ps_scalar_sub(ps_scalar *r, const ps_scalar *a, const ps_scalar *b)
{
    ps_scalar minus;

    ps_scalar_neg(&minus, b);
    ps_scalar_add(r, a, &minus);
    ps_wipe(&minus, sizeof minus);
}

void ps_scalar_neg(ps_scalar *r, const ps_scalar *a)
{
    uint64_t t[4];
    ps_limb keep = ct_mask(ps_scalar_is_zero(a) ^ 1);

    (void)subtract(t, order, a->limb);
    for (int i = 0; i < 4; i++) {
        r->limb[i] = t[i] & keep;
    }
}

void ps_scalar_mul(ps_scalar *r, const ps_scalar *a, const ps_scalar *b)
{
    uint64_t t[4];

    product(t, a->limb, b->limb);
    product(r->limb, t, r_two);
    ps_wipe(t, sizeof t);
}

void ps_scalar_mul_add(ps_scalar *r, const ps_scalar *a, const ps_scalar *b,
                       const ps_scalar *c)
{
    ps_scalar t;

    ps_scalar_mul(&t, a, b);
    ps_scalar_add(r, &t, c);
    ps_wipe(&t, sizeof t);
}

/* a^(l - 2), in windows of four bits of the public exponent. */
void ps_scalar_invert(ps_scalar *r, const ps_scalar *a)
{
    uint64_t power[16][4], x[4];
    uint64_t e[4] = {order[0] - 2, order[1], order[2], order[3]};

    memcpy(power[0], r_one, sizeof power[0]);
    product(power[1], a->limb, r_two);
    for (int i = 2; i < 16; i++) {
        product(power[i], power[i - 1], power[1]);
    }
    memcpy(x, power[0], sizeof x);
    for (int i = 63; i >= 0; i--) {
        unsigned digit = (unsigned)(e[i / 16] >> (4 * (i % 16))) & 15;

        for (int k = 0; k < 4; k++) {
            product(x, x, x);
        }
        product(x, x, power[digit]);
    }
    r->limb[0] = 1;
    r->limb[1] = r->limb[2] = r->limb[3] = 0;
    product(r->limb, x, r->limb);
    ps_wipe(power, sizeof power);
    ps_wipe(x, sizeof x);
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
    *bad = 0;
    for (size_t i = 0; i < count; i++) {
        if (ps_scalar_from_bytes(&s[i], in + 32 * i) != PS_OK) {
            *bad = i;
            ps_wipe(s, count * sizeof *s);
            return PS_E_ENCODING;
        }
    }
    return PS_OK;
}

void ps_scalar_encode(uint8_t *out, const ps_scalar *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ps_scalar_to_bytes(out + 32 * i, &s[i]);
    }
}
