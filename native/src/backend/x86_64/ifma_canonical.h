/* Canonical values of lanes: signs, comparisons, bytes.
 *
 * Source     RFC 9496, section 4.1: a value is negative when the canonical one
 *            is odd
 * Secret     all values; nothing branches
 */
#ifndef PRIVSHARE_BACKEND_IFMA_CANONICAL_H
#define PRIVSHARE_BACKEND_IFMA_CANONICAL_H

#include "ifma_field25519.h"

#if defined(PS_HAVE_LANES)

/* The value below p. */
LANES_INLINE void fe8_freeze(fe8 *r, const fe8 *a)
{
    const ps_lanes mask = lanes_set(FE_MASK);
    ps_lanes c;
    fe8 t;

    fe8_carry(&t, a);
    fe8_carry(&t, &t);
    /* Now below 2p. The carry out of x + 19 says whether x >= p. */
    c = (t.v[0] + lanes_set(19)) >> 51;
    for (int i = 1; i < 5; i++) {
        c = (t.v[i] + c) >> 51;
    }
    c = lanes_times19(c);
    for (int i = 0; i < 5; i++) {
        t.v[i] += c;
        c = t.v[i] >> 51;
        r->v[i] = t.v[i] & mask;
    }
}

LANES_INLINE lanes_mask fe8_is_zero(const fe8 *a)
{
    fe8 t;

    fe8_freeze(&t, a);
    return lanes_is_zero(t.v[0] | t.v[1] | t.v[2] | t.v[3] | t.v[4]);
}

LANES_INLINE lanes_mask fe8_is_same(const fe8 *a, const fe8 *b)
{
    fe8 t;

    fe8_sub(&t, a, b);
    return fe8_is_zero(&t);
}

/* The canonical value is odd. */
LANES_INLINE lanes_mask fe8_is_negative(const fe8 *a)
{
    fe8 t;

    fe8_freeze(&t, a);
    return lanes_is_negative(t.v[0] << 63);
}

LANES_INLINE void fe8_negate_if(fe8 *r, lanes_mask m, const fe8 *a)
{
    fe8 minus;

    fe8_neg(&minus, a);
    fe8_take(r, m, &minus, a);
}

LANES_INLINE void fe8_absolute(fe8 *r, const fe8 *a)
{
    fe8_negate_if(r, fe8_is_negative(a), a);
}

/* The low 255 bits of 32 bytes a lane, `stride` bytes apart; the first again
 * in the lanes that are left. `top` gets the bits that were left out. */
LANES_INLINE void fe8_read_eight(fe8 *r, ps_lanes *top, const uint8_t *in,
                                 size_t stride, size_t count)
{
    const ps_lanes mask = lanes_set(FE_MASK);
    ps_lanes w[4];

    for (size_t lane = 0; lane < LANES; lane++) {
        const uint8_t *bytes = in + (lane < count ? lane : 0) * stride;

        for (size_t j = 0; j < 4; j++) {
            w[j][lane] = ps_load64_le(bytes + 8 * j);
        }
    }
    r->v[0] = w[0] & mask;
    r->v[1] = ((w[0] >> 51) | (w[1] << 13)) & mask;
    r->v[2] = ((w[1] >> 38) | (w[2] << 26)) & mask;
    r->v[3] = ((w[2] >> 25) | (w[3] << 39)) & mask;
    r->v[4] = (w[3] >> 12) & mask;
    *top = w[3] >> 63;
}

/* Frozen limbs as bytes. */
LANES_INLINE void fe8_write_eight(uint8_t *out, const fe8 *a, size_t count)
{
    ps_lanes w[4];
    fe8 t;

    fe8_freeze(&t, a);
    w[0] = t.v[0] | (t.v[1] << 51);
    w[1] = (t.v[1] >> 13) | (t.v[2] << 38);
    w[2] = (t.v[2] >> 26) | (t.v[3] << 25);
    w[3] = (t.v[3] >> 39) | (t.v[4] << 12);
    for (size_t lane = 0; lane < count; lane++) {
        for (size_t j = 0; j < 4; j++) {
            ps_store64_le(out + 32 * lane + 8 * j, w[j][lane]);
        }
    }
}

#endif
#endif
