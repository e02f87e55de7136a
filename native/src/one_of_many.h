/* What prover and verifier of one-of-many proofs share.
 *
 * A proof, in numbers of 32 bytes:
 *
 *   A, B_0, X_0 .. X_(m-1)       elements
 *   Y_0 .. Y_(m-1)               elements, where there is a tag
 *   f_(0,1) f_(0,2) f_(0,3) .. f_(m-1,3), z_A, z      scalars
 */
#ifndef PRIVSHARE_ONE_OF_MANY_H
#define PRIVSHARE_ONE_OF_MANY_H

#include "privshare/ps_one_of_many.h"

enum {
    BASE = 4,                       /* of the digits of an index */
    DIGITS = PS_ONE_OF_MANY_DIGITS, /* at most */
    FREE = BASE - 1,                /* values of a digit that are not implied */
    ELEMENTS = 2 + 2 * DIGITS,      /* in the longest proof */
    SCALARS = FREE * DIGITS + 2
};

/* Where the bases of digit j begin. */
enum { BITS = 1, PRODUCTS = BITS + BASE * DIGITS };

_Static_assert(PRODUCTS + BASE * DIGITS == PS_ONE_OF_MANY_BASES, "bases");
_Static_assert(1 << (2 * DIGITS) == PS_ONE_OF_MANY_MAX, "digits");

/* m: the least with 4^m >= count. */
size_t ps_one_of_many_digits(size_t count);

/* Elements in a proof. */
static inline size_t elements_of(size_t digits, uint32_t tagged)
{
    return 2 + digits * (tagged ? 2 : 1);
}

static inline size_t scalars_of(size_t digits)
{
    return FREE * digits + 2;
}

/* 1 when count, columns and the flag are within their bounds. */
int ps_one_of_many_is_shaped(const ps_one_of_many_list *list,
                             const ps_one_of_many_statement *statement);

/* Absorb list and statement. */
void ps_one_of_many_absorb(ps_transcript *transcript,
                           const ps_one_of_many_list *list,
                           const ps_one_of_many_statement *statement);

/* Absorb A, B_0, X and Y, and draw the challenge xi. */
void ps_one_of_many_challenge(ps_scalar *xi, ps_transcript *transcript,
                              const uint8_t *proof, size_t digits,
                              uint32_t tagged);

/* Absorb the scalars of a proof, which follow its elements. */
void ps_one_of_many_respond(ps_transcript *transcript, const uint8_t *proof,
                            size_t digits, uint32_t tagged);

/* Elements that a fold keeps beside its argument. */
size_t ps_one_of_many_fold_elements(size_t count);

/* The polynomial sum_i p_i(t) * P_i in t, of degree m, where
 * p_i(t) = prod_j (bit_(j, i_j) * t + a_(j, i_j)) over the digits i_j of i, and
 * bit_(j, d) is 1 for the digit d of index and 0 else. Its leading coefficient
 * is P_index.
 *
 *  Out        coefficient  m + 1
 *  In         elements     P_0 .. P_(count-1)
 *             a            4*m scalars; those of one digit add up to 0
 *  Scratch    room         ps_one_of_many_fold_elements elements
 *  Secret     index, a
 */
void ps_one_of_many_fold(ps_ristretto255 *coefficient,
                         const ps_ristretto255 *elements, size_t count,
                         const ps_scalar *a, size_t index,
                         const ps_backend *backend, ps_ristretto255 *room);

#endif
