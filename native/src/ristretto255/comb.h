/* How a comb is laid out, and how scalars are cut up for it.
 *
 * Bit 64k + 16j + i of a scalar is tooth j of piece k in column i. A scalar
 * that is odd is a sum of all 2^b, b < 256, each taken or subtracted, so a
 * piece adds in each column one of
 *
 *   +-(Q_3 +- Q_2 +- Q_1 +- Q_0),   Q_j = 2^(64k + 16j) * P
 *
 * of which the eight with +Q_3 are kept: bit j of their number says +Q_j. All
 * columns together are 16 doublings and 64 additions.
 *
 * Source     Lim and Lee, CRYPTO 1994; signs as in Hedabou, Pinel and
 *            Beneteau, 2005
 */
#ifndef PRIVSHARE_RISTRETTO255_COMB_H
#define PRIVSHARE_RISTRETTO255_COMB_H

#include "element.h"
#include "privshare/ps_scalar.h"

enum { COMB_PIECES = 4, COMB_TEETH = 4, COMB_COLUMNS = 16, COMB_ENTRIES = 8 };

_Static_assert(sizeof(ps_ristretto255_comb)
                   == COMB_PIECES * COMB_ENTRIES * sizeof(ge_cached),
               "one layout");

/* A scalar as a sum of +-2^b: a bit of piece k says +. minus is 1 when it is
 * the opposite of the scalar that the bits give. */
typedef struct {
    uint64_t piece[COMB_PIECES], minus;
} comb_bits;

void ps_comb_bits_vartime(comb_bits *bits, const ps_scalar *s);

#endif
