/* What the parts of a range proof share: shapes, scratch, challenges.
 *
 * A proof over m numbers (padded) of n bits works on vectors of N = n*m
 * entries. Entry k is bit i = k mod n of number j = k / n.
 *
 * The generators stand in one order, so that those of small proofs are among
 * those of large ones: G, H, then for each party 64 of G's kind and 64 of H's,
 * of which a proof uses the first n. Coefficients have the same places.
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

/* How many places the generators for m numbers take. */
static inline size_t range_places(size_t padded)
{
    return RANGE_BASES + 2 * RANGE_GENERATORS * padded;
}

/* The place of the generator of entry k of G's kind; the one of H's kind is
 * RANGE_GENERATORS on. */
static inline size_t range_place(const range_shape *s, size_t k)
{
    return range_places(k / s->bits) + k % s->bits;
}

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
    const ps_range_generators *gens;
    const ps_backend *backend;
    ps_scalar *y_inv;                /* N powers of y^-1, from y^0 on */
    ps_scalar *g;                    /* N: see inner_product.c */
    ps_scalar *h;                    /* N */
    ps_scalar *terms;                /* coefficients of a sum, in place */
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
