/* What the sigma engine does for all products of a statement at once.
 *
 * Source     docs/protocols/sigma.md; Maurer, AFRICACRYPT 2009
 *
 * A relation is a sparse matrix over scalars times elements. Its scalars are
 * combined here, the multiplications are ps_ristretto255_mul's, and the
 * products of each equation are added up here.
 */
#ifndef PRIVSHARE_PS_SIGMA_H
#define PRIVSHARE_PS_SIGMA_H

#include "ps_ristretto255.h"

/* ffi: begin */
/** Apply a sparse matrix to scalars.
 *
 *  Computes   r[k] = sum of c[i] * x[column[i]] over all i with row[i] = k
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    a row or a column that there is not
 *  Out        r          rows scalars; zero where no entry is
 *  In         x          columns scalars
 *             row        count numbers below rows; public
 *             column     count numbers below columns; public
 *             c          count scalars
 *  Secret     x, c       time and addresses depend on counts, row and column
 *  Overlap    none
 *  On error   r is zero
 */
PS_MUST_CHECK
ps_status ps_sigma_map(ps_scalar *r, size_t rows, const ps_scalar *x,
                       size_t columns, const uint32_t *row,
                       const uint32_t *column, const ps_scalar *c,
                       size_t count);

/** Add up neighbours: r[k] is the sum of the next length[k] elements of a.
 *
 *  Out        r          count elements; the identity for a length of 0
 *  In         a          as many elements as the lengths add up to
 *             length     count numbers; public
 *  Secret     a          time and addresses depend on lengths alone
 *  Overlap    none
 */
void ps_sigma_sums(ps_ristretto255 *r, const ps_ristretto255 *a,
                   const uint32_t *length, size_t count);
/* ffi: end */

#endif
