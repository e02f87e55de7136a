/* What the parts of a range proof share: shapes, scratch, challenges.
 *
 * A proof over m numbers (padded) of n bits works on vectors of N = n*m
 * entries. Entry k is bit i = k mod n of number j = k / n.
 *
 * Points of a basis stand in this order, so that a basis for n bits and m
 * numbers holds those of all smaller proofs at places that range_place gives:
 *
 *   G  H  | G[0][0..n)  H[0][0..n) | G[1][0..n)  H[1][0..n) | ...
 */
#ifndef PRIVSHARE_RANGE_H
#define PRIVSHARE_RANGE_H

#include "privshare/ps_range.h"

enum {
    RANGE_ROUNDS = 11,               /* log2(64 * 32) */
    RANGE_GENERATORS = 64,           /* of each kind, for a party */
    RANGE_HEAD = 7 * 32,             /* bytes of a proof before L and R */
    RANGE_BASES = 2                  /* G and H, before the generators */
};

typedef struct {
    size_t bits;                     /* n */
    size_t count;                    /* numbers as stated */
    size_t padded;                   /* m */
    size_t length;                   /* N = n*m */
    size_t rounds;                   /* log2 N */
} range_shape;

/* PS_E_RANGE when the shape is not allowed. */
PS_MUST_CHECK
ps_status ps_range_shape_open(range_shape *s, ps_range_shape given);

static inline size_t range_proof_len(const range_shape *s)
{
    return 32 * (9 + 2 * s->rounds);
}

static inline size_t range_basis_len(size_t bits, size_t padded)
{
    return RANGE_BASES + 2 * bits * padded;
}

/* Where G of entry k stands in a basis for basis_bits; H is basis_bits on. */
static inline size_t range_place(size_t basis_bits, const range_shape *s,
                                 size_t k)
{
    return RANGE_BASES + k / s->bits * 2 * basis_bits + k % s->bits;
}

void ps_range_basis(ps_ristretto255 *out, size_t bits, size_t padded,
                    const ps_range_generators *gens);

/* Scratch handed out from the front. With base NULL it only counts. */
typedef struct {
    ps_limb *base;
    size_t used;
} range_room;

static inline void *range_take(range_room *room, size_t limbs)
{
    ps_limb *at = room->base == NULL ? NULL : room->base + room->used;

    room->used += limbs;
    return at;
}

static inline ps_scalar *range_scalars(range_room *room, size_t count)
{
    return range_take(room, count * (sizeof(ps_scalar) / sizeof(ps_limb)));
}

static inline ps_ristretto255 *range_points(range_room *room, size_t count)
{
    return range_take(room,
                      count * (sizeof(ps_ristretto255) / sizeof(ps_limb)));
}

/* The transcript of either format. Labels are those of the dalek library. */
void ps_range_absorb_statement(ps_range_transcript *t, const range_shape *s,
                               const uint8_t *commitments,
                               const ps_range_generators *gens);
void ps_range_absorb(ps_range_transcript *t, const char *label,
                     const uint8_t *bytes32);
void ps_range_challenge(ps_scalar *c, ps_range_transcript *t,
                        const char *label);
/* What the inner product argument begins and ends with. */
void ps_range_absorb_length(ps_range_transcript *t, const range_shape *s);
void ps_range_absorb_ends(ps_range_transcript *t, const uint8_t *a32,
                          const uint8_t *b32);
/* 32 bytes that depend on all so far; the transcript stays as it is. */
void ps_range_fingerprint(uint8_t *out32, const ps_range_transcript *t);

/* The inner product argument for vectors a and b of a proof. */
typedef struct {
    const range_shape *shape;
    const ps_ristretto255 *basis;    /* for exactly this shape */
    const ps_backend *backend;
    ps_scalar *y_inv;                /* N powers of y^-1, from y^0 on */
    ps_scalar *g;                    /* N: see inner_product.c */
    ps_scalar *h;                    /* N */
    ps_scalar *terms;                /* N + 1 coefficients of a sum */
    ps_ristretto255 *elements;       /* N + 1: their elements */
    ps_limb *msm;
} range_product;

size_t ps_range_product_room(range_product *p, range_room *room,
                             const range_shape *shape);

/* Writes (L R)* a b; a and b are public, and used up. PS_E_FEED when a
 * challenge is zero or an element the identity. */
PS_MUST_CHECK
ps_status ps_range_product_prove(uint8_t *out, ps_range_transcript *t,
                                 ps_scalar *a, ps_scalar *b,
                                 const ps_scalar *w, range_product *p);

#endif
