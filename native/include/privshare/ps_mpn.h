/* Long non-negative integers and arithmetic modulo an odd number.
 *
 * Representation    radix 2^64, little-endian limbs, every value canonical:
 *                   no spare bits, and what is said to be below m is below m
 * Montgomery form   a stands for a * R^-1 mod m, R = 2^(64 * limbs); sums,
 *                   products and powers of values below m are below m again,
 *                   so nobody normalises outside these functions
 *
 * Lengths are public. Values are secret unless a name ends in _vartime.
 */
#ifndef PRIVSHARE_PS_MPN_H
#define PRIVSHARE_PS_MPN_H

#include "ps_status.h"

/* ffi: begin */
/** Leave the processor's faster instructions for long products aside.
 *
 *  The results are the same; tests and measurements compare. By default they
 *  are used where there are any (x86-64 with BMI2 and ADX).
 *
 *  In         plain      not 0: leave them; 0: as the processor has it
 */
void ps_mpn_plain(int plain);

/* 6144 bits: the square of the largest Paillier modulus. */
#define PS_MPN_MAX_LIMBS 96

/* Entries of a window table; windows have 5 bits. */
#define PS_MPN_WINDOWS 32

/* An odd modulus with what Montgomery multiplication needs. */
typedef struct {
    size_t limbs;
    ps_limb neg_inv;                  /* -m^-1 mod 2^64 */
    ps_limb m[PS_MPN_MAX_LIMBS];
    ps_limb one[PS_MPN_MAX_LIMBS];    /* R mod m: the form of 1 */
    ps_limb rr[PS_MPN_MAX_LIMBS];     /* R^2 mod m */
} ps_mont;
/* ffi: end */

/** Read big-endian bytes.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    the value needs more limbs; this is public
 *  Out        r          limbs limbs
 *  In         bytes      len bytes, leading zeros allowed
 *  On error   r is all zero
 */
PS_MUST_CHECK
ps_status ps_mpn_from_bytes(ps_limb *r, size_t limbs, const uint8_t *bytes,
                            size_t len);

/** Write big-endian bytes, padded with zeros on the left.
 *
 *  Out        bytes      len bytes
 *  In         a          limbs limbs, a < 2^(8 * len); higher bytes are lost
 */
void ps_mpn_to_bytes(uint8_t *bytes, size_t len, const ps_limb *a,
                     size_t limbs);

/** Number of bits of a public value; 0 for 0. */
size_t ps_mpn_bits_vartime(const ps_limb *a, size_t limbs);

/** 1 when a == 0, else 0. */
ps_limb ps_mpn_is_zero(const ps_limb *a, size_t limbs);

/** 1 when a == b, else 0. */
ps_limb ps_mpn_is_equal(const ps_limb *a, const ps_limb *b, size_t limbs);

/** 1 when a < b, else 0. */
ps_limb ps_mpn_is_less(const ps_limb *a, const ps_limb *b, size_t limbs);

/** r = a when choice is 1, r = b when it is 0.
 *
 *  Overlap    r may be a or b
 */
void ps_mpn_select(ps_limb *r, ps_limb choice, const ps_limb *a,
                   const ps_limb *b, size_t limbs);

/** r = a + b; returns the carry, 0 or 1.
 *
 *  Overlap    r may be a or b
 */
ps_limb ps_mpn_add(ps_limb *r, const ps_limb *a, const ps_limb *b,
                   size_t limbs);

/** r = a - b; returns the borrow, 0 or 1.
 *
 *  Overlap    r may be a or b
 */
ps_limb ps_mpn_sub(ps_limb *r, const ps_limb *a, const ps_limb *b,
                   size_t limbs);

/** r = a * b.
 *
 *  Out        r          a_limbs + b_limbs limbs
 *  In         a, b       at least one limb each
 *  Overlap    none
 */
void ps_mpn_mul(ps_limb *r, const ps_limb *a, size_t a_limbs,
                const ps_limb *b, size_t b_limbs);

/** r = a^2.
 *
 *  Out        r          2 * limbs limbs
 *  Overlap    none
 */
void ps_mpn_sqr(ps_limb *r, const ps_limb *a, size_t limbs);

/** Prepare an odd modulus.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    m even, m == 1, or limbs not in
 *                           [1, PS_MPN_MAX_LIMBS]; this is public
 *  Out        mont
 *  In         m          limbs limbs
 *  Secret     m
 *  On error   mont is all zero
 */
PS_MUST_CHECK
ps_status ps_mont_init(ps_mont *mont, const ps_limb *m, size_t limbs);

/** r = a + b mod m and r = a - b mod m.
 *
 *  In         a, b       below m
 *  Overlap    r may be a or b
 */
void ps_mont_add(ps_limb *r, const ps_limb *a, const ps_limb *b,
                 const ps_mont *mont);
void ps_mont_sub(ps_limb *r, const ps_limb *a, const ps_limb *b,
                 const ps_mont *mont);

/** Montgomery product.
 *
 *  Computes   r = a * b * R^-1 mod m
 *  Source     Montgomery, Math. Comp. 44 (1985)
 *
 *  In         a          any value of limbs limbs
 *             b          below m
 *  Overlap    r may be a or b
 */
void ps_mont_mul(ps_limb *r, const ps_limb *a, const ps_limb *b,
                 const ps_mont *mont);

/** Montgomery square: r = a^2 * R^-1 mod m.
 *
 *  In         a          below m
 *  Overlap    r may be a
 */
void ps_mont_sqr(ps_limb *r, const ps_limb *a, const ps_mont *mont);

/** Into Montgomery form and out of it.
 *
 *  In         a          any value of limbs limbs
 *  Overlap    r may be a
 */
void ps_mont_enter(ps_limb *r, const ps_limb *a, const ps_mont *mont);
void ps_mont_leave(ps_limb *r, const ps_limb *a, const ps_mont *mont);

/** r = x mod m for a long x.
 *
 *  Out        r          mont->limbs limbs
 *  In         x          x_limbs limbs, any number of them
 *  Overlap    none
 */
void ps_mont_reduce(ps_limb *r, const ps_limb *x, size_t x_limbs,
                    const ps_mont *mont);

/** Exact division of a multiple of m.
 *
 *  Computes   x / m by Hensel's lifting, limb after limb from the right
 *
 *  Out        r          x_limbs limbs
 *  In         x          x_limbs limbs, a multiple of m
 *  Overlap    r may be x
 */
void ps_mont_divide_exact(ps_limb *r, const ps_limb *x, size_t x_limbs,
                          const ps_mont *mont);

/** Power with a secret exponent.
 *
 *  Computes   r = base^e, all in Montgomery form; fixed windows of 5 bits,
 *             each look-up reads the whole table
 *
 *  In         base       below m
 *             e          e_limbs limbs; e_limbs is public, e is not
 *  Scratch    table      PS_MPN_WINDOWS * mont->limbs limbs, wiped
 *  Secret     base, e, m
 *  Overlap    r may be base
 */
void ps_mont_exp(ps_limb *r, const ps_limb *base, const ps_limb *e,
                 size_t e_limbs, const ps_mont *mont, ps_limb *table);

/** Power with a public exponent; base and modulus may still be secret.
 *
 *  As ps_mont_exp, but time and addresses depend on e.
 */
void ps_mont_exp_vartime(ps_limb *r, const ps_limb *base, const ps_limb *e,
                         size_t e_limbs, const ps_mont *mont,
                         ps_limb *table);

/** Inverse modulo an odd number.
 *
 *  Computes   r = a^-1 mod m, plain form
 *  Source     Bernstein and Yang, TCHES 2019(3): "Fast constant-time gcd
 *             computation and modular inversion", section 11; the number of
 *             steps is the bound of theorem 11.2
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    gcd(a, m) is not 1; the status is public
 *  In         a          mont->limbs limbs, below m
 *  Secret     a, m
 *  Overlap    r may be a
 *  On error   r is all zero
 */
PS_MUST_CHECK
ps_status ps_mont_invert(ps_limb *r, const ps_limb *a, const ps_mont *mont);

/** The same for public values: stops as soon as it can. */
PS_MUST_CHECK
ps_status ps_mont_invert_vartime(ps_limb *r, const ps_limb *a,
                                 const ps_mont *mont);

/** Whether a public a has no factor in common with m.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    gcd(a, m) is not 1
 *  In         a          mont->limbs limbs, below m
 */
PS_MUST_CHECK
ps_status ps_mont_coprime_vartime(const ps_limb *a, const ps_mont *mont);

#endif
