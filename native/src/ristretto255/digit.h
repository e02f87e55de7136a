/* Scalars as signed digits, and the tables that go with them. */
#ifndef PRIVSHARE_RISTRETTO255_DIGIT_H
#define PRIVSHARE_RISTRETTO255_DIGIT_H

#include "element.h"
#include "privshare/ps_scalar.h"

/* A scalar has 253 bits; a carry may make one digit more. */
#define PS_NAF_DIGITS 256

/* s = sum digit[i] 16^i, -8 <= digit[i] < 8, the last one up to 8.
 * Secret: s and the digits. */
void ps_digits(int8_t *digit64, const ps_scalar *s);

/* s = sum naf[i] 2^i, each digit 0 or odd below 16 in size, and at least four
 * zeros behind each other one. Returns the place of the last that is not 0,
 * or -1 for zero. */
int ps_naf_vartime(int8_t *naf256, const ps_scalar *s);

void ps_ge_multiples(ge_cached *table8, const ge *a);
void ps_ge_look_up(ge_cached *r, const ge_cached *table8, int8_t digit);
void ps_ge_odd_multiples_vartime(ge_cached *table8, const ge *a);
void ps_ge_add_digit_vartime(ge *r, const ge_cached *odd, int8_t digit);

#endif
