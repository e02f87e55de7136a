/* Sparse maps and sums for sigma protocols (ps_sigma.h). */
#include "privshare/ps_sigma.h"

#include <string.h>

ps_status ps_sigma_map(ps_scalar *r, size_t rows, const ps_scalar *x,
                       size_t columns, const uint32_t *row,
                       const uint32_t *column, const ps_scalar *c,
                       size_t count)
{
    if (rows != 0) {
        memset(r, 0, rows * sizeof *r);
    }
    for (size_t i = 0; i < count; i++) {
        if (row[i] >= rows || column[i] >= columns) {
            return PS_E_RANGE;
        }
    }
    for (size_t i = 0; i < count; i++) {
        ps_scalar_mul_add(&r[row[i]], &c[i], &x[column[i]], &r[row[i]]);
    }
    return PS_OK;
}

void ps_sigma_sums(ps_ristretto255 *r, const ps_ristretto255 *a,
                   const uint32_t *length, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        ps_ristretto255_identity(&r[k]);
        for (uint32_t i = 0; i < length[k]; i++) {
            ps_ristretto255_add(&r[k], &r[k], a++);
        }
    }
}
