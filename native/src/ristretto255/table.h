/* How a table of multiples of a fixed base is laid out. */
#ifndef PRIVSHARE_RISTRETTO255_TABLE_H
#define PRIVSHARE_RISTRETTO255_TABLE_H

#include "element.h"

/* Row i holds 1, 2, ..., 8 times 256^i base. */
enum { PS_TABLE_ROWS = 32, PS_TABLE_WIDTH = 8 };

/* A point with Z = 1: y + x, y - x and 2d xy, all narrow. */
typedef struct {
    fe plus, minus, t2d;
} ge_affine;

void ps_ge_add_affine(ge *r, const ge *a, const ge_affine *b);

#endif
