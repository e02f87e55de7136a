/* How a set of fixed elements is laid out. */
#ifndef PRIVSHARE_RISTRETTO255_SET_H
#define PRIVSHARE_RISTRETTO255_SET_H

#include "privshare/ps_ristretto255_set.h"
#include "table.h"

/* Rows of element i and base b begin at SET_ENTRIES * (SET_BASES * i + b): row
 * e is (2e + 1) * 2^(SET_BITS * b) times the element. */
enum { SET_BASES = 2, SET_ENTRIES = 16, SET_BITS = 130 };

/* 128 bytes, for the lanes' sake: two vectors. */
typedef struct {
    ge_affine point;
    uint64_t unused;
} set_row;

_Static_assert(sizeof(set_row) * SET_BASES * SET_ENTRIES
                   == PS_RISTRETTO255_SET_LIMBS * sizeof(ps_limb),
               "one layout");

static inline const set_row *set_rows(const ps_ristretto255_set *set,
                                      size_t i, size_t base)
{
    return (const set_row *)(const void *)set->rows
         + SET_ENTRIES * (SET_BASES * i + base);
}

#endif
