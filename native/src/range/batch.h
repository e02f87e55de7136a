/* Proofs that are verified together. */
#ifndef PRIVSHARE_RANGE_BATCH_H
#define PRIVSHARE_RANGE_BATCH_H

#include "range.h"

typedef struct {
    range_shape shape;
    ps_scalar y, z, x, w;
    ps_scalar t_x, t_x_blinding, e_blinding, a, b;
    ps_scalar weight[2];             /* of the two sums */
    size_t elements;                 /* how many the proof and V have */
    size_t at;                       /* where they begin */
    size_t inverses;                 /* where y and u_1, u_2, ... begin */
} range_claim;

typedef struct {
    size_t count;
    size_t length, places;           /* of the largest shape, of the most
                                        generators */
    const ps_range_generators *gens;
    const ps_backend *backend;
    range_claim *claims;
    uint8_t *encodings;              /* of all elements of all proofs */
    uint8_t *drawn;                  /* 32 bytes a claim: its weights */
    ps_scalar *forward, *inverse;    /* y and u_j of all claims */
    ps_scalar *p, *q;                /* N, of the largest shape */
    ps_scalar *shared;               /* coefficients of the generators */
    ps_scalar *terms;                /* and of the proofs' elements */
    ps_ristretto255 *points;
    ps_limb *msm;
} range_batch;

/* Whether claims from `from` to `to` hold together. Their elements are the
 * first of `points`. */
int ps_range_sums_vanish(range_batch *b, size_t from, size_t to);

#endif
