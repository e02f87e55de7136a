/* Addition, products, comparison and bytes. */
#include <string.h>

#include "../bytes.h"
#include "limb.h"
#include "privshare/ps_config.h"
#include "privshare/ps_mpn.h"
#include "row.h"

ps_status ps_mpn_from_bytes(ps_limb *r, size_t limbs, const uint8_t *bytes,
                            size_t len)
{
    ps_limb excess = 0;
    size_t words = len / 8 < limbs ? len / 8 : limbs;

    for (size_t i = 0; i < words; i++) {
        r[i] = ps_load64_be(bytes + len - 8 * (i + 1));
    }
    memset(r + words, 0, (limbs - words) * sizeof *r);
    for (size_t i = 8 * words; i < len; i++) {
        ps_limb byte = bytes[len - 1 - i];
        if (i / 8 < limbs) {
            r[i / 8] |= byte << (8 * (i % 8));
        } else {
            excess |= byte;
        }
    }
    PS_PUBLIC(&excess, sizeof excess);
    if (excess != 0) {
        ps_wipe(r, limbs * sizeof *r);
        return PS_E_RANGE;
    }
    return PS_OK;
}

void ps_mpn_to_bytes(uint8_t *bytes, size_t len, const ps_limb *a,
                     size_t limbs)
{
    size_t words = len / 8 < limbs ? len / 8 : limbs;

    for (size_t i = 0; i < words; i++) {
        ps_store64_be(bytes + len - 8 * (i + 1), a[i]);
    }
    for (size_t i = 8 * words; i < len; i++) {
        ps_limb limb = i / 8 < limbs ? a[i / 8] : 0;
        bytes[len - 1 - i] = (uint8_t)(limb >> (8 * (i % 8)));
    }
}

size_t ps_mpn_bits_vartime(const ps_limb *a, size_t limbs)
{
    while (limbs > 0 && a[limbs - 1] == 0) {
        limbs--;
    }
    if (limbs == 0) {
        return 0;
    }
    size_t bits = 64 * (limbs - 1);
    for (ps_limb top = a[limbs - 1]; top != 0; top >>= 1) {
        bits++;
    }
    return bits;
}

ps_limb ps_mpn_is_zero(const ps_limb *a, size_t limbs)
{
    ps_limb any = 0;
    for (size_t i = 0; i < limbs; i++) {
        any |= a[i];
    }
    return ct_mask_zero(any) & 1;
}

ps_limb ps_mpn_is_equal(const ps_limb *a, const ps_limb *b, size_t limbs)
{
    ps_limb any = 0;
    for (size_t i = 0; i < limbs; i++) {
        any |= a[i] ^ b[i];
    }
    return ct_mask_zero(any) & 1;
}

static ps_limb sub_limb(ps_limb *r, ps_limb a, ps_limb b, ps_limb borrow)
{
    ps_wide d = (ps_wide)a - b - borrow;
    *r = (ps_limb)d;
    return (ps_limb)(d >> 64) & 1;
}

ps_limb ps_mpn_is_less(const ps_limb *a, const ps_limb *b, size_t limbs)
{
    ps_limb borrow = 0;
    ps_limb unused;
    for (size_t i = 0; i < limbs; i++) {
        borrow = sub_limb(&unused, a[i], b[i], borrow);
    }
    return borrow;
}

void ps_mpn_select(ps_limb *r, ps_limb choice, const ps_limb *a,
                   const ps_limb *b, size_t limbs)
{
    ps_limb mask = ct_mask(choice);
    for (size_t i = 0; i < limbs; i++) {
        r[i] = ct_select(mask, a[i], b[i]);
    }
}

ps_limb ps_mpn_add(ps_limb *r, const ps_limb *a, const ps_limb *b,
                   size_t limbs)
{
    ps_limb carry = 0;
    for (size_t i = 0; i < limbs; i++) {
        ps_wide s = (ps_wide)a[i] + b[i] + carry;
        r[i] = (ps_limb)s;
        carry = (ps_limb)(s >> 64);
    }
    return carry;
}

ps_limb ps_mpn_sub(ps_limb *r, const ps_limb *a, const ps_limb *b,
                   size_t limbs)
{
    ps_limb borrow = 0;
    for (size_t i = 0; i < limbs; i++) {
        borrow = sub_limb(&r[i], a[i], b[i], borrow);
    }
    return borrow;
}

/* Product scanning: each output limb is one column sum. */
void ps_mpn_mul(ps_limb *r, const ps_limb *a, size_t a_limbs,
                const ps_limb *b, size_t b_limbs)
{
    ps_column c = {0, 0};

#if defined(PS_HAVE_ROWS)
    if (a_limbs == b_limbs && a_limbs >= PS_ROWS_MIN && ps_rows_in_use()) {
        memset(r, 0, 2 * a_limbs * sizeof *r);
        (void)ps_rows_add_mul(r, a, b, a_limbs); /* a product has no carry */
        return;
    }
#endif
    for (size_t k = 0; k < a_limbs + b_limbs - 1; k++) {
        size_t lo = k < b_limbs ? 0 : k - b_limbs + 1;
        size_t hi = k < a_limbs ? k + 1 : a_limbs;
        column_dot(&c, a, b, k, lo, hi);
        r[k] = column_shift(&c);
    }
    r[a_limbs + b_limbs - 1] = (ps_limb)c.low;
}

/* Each product a[i] * a[j] with i < j stands twice in its column. */
void ps_mpn_sqr(ps_limb *r, const ps_limb *a, size_t limbs)
{
    ps_column c = {0, 0};

    for (size_t k = 0; k < 2 * limbs - 1; k++) {
        size_t lo = k < limbs ? 0 : k - limbs + 1;
        size_t hi = (k + 1) / 2;
        ps_column half = {0, 0};

        column_dot(&half, a, a, k, lo, hi);
        c.top += 2 * half.top + (ps_limb)(half.low >> 127);
        column_add_wide(&c, half.low << 1);
        if (k % 2 == 0) {
            column_mac(&c, a[k / 2], a[k / 2]);
        }
        r[k] = column_shift(&c);
    }
    r[2 * limbs - 1] = (ps_limb)c.low;
}
