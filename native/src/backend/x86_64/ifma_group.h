/* Eight points of Curve25519 in Edwards form, one a lane.
 *
 * Source     Hisil, Wong, Carter and Dawson, ASIACRYPT 2008, section 3; the
 *            same complete formulas as ristretto255/element.c
 *
 * Each form is what the next operation wants, so that each coordinate is carried
 * once: a sum and a difference are taken of products that were not.
 *
 * Representation   coordinates are tight (ifma_field25519.h); t2d of a negative
 *                  cached point may be any factor
 * Secret           all values; nothing branches
 */
#ifndef PRIVSHARE_BACKEND_IFMA_GROUP_H
#define PRIVSHARE_BACKEND_IFMA_GROUP_H

#include "ifma_field25519.h"

#if defined(PS_HAVE_LANES)

#include "../../ristretto255/element.h"
#include "privshare/ps_ristretto255_set.h"

/* What elements are outside: X, Y, Z, T. */
typedef struct {
    fe8 x, y, z, t;
} ge8_extended;

/* What is added to: Y - X, Y + X, Z, T = XY / Z. */
typedef struct {
    fe8 minus, plus, z, t;
} ge8;

/* What is doubled: X, Y, X + Y, Z. */
typedef struct {
    fe8 x, y, sum, z;
} ge8_projective;

/* What is added: Y - X, Y + X, 2 Z, 2 d T. */
typedef struct {
    fe8 minus, plus, z2, t2d;
} ge8_cached;

/* The same with Z = 1. */
typedef struct {
    fe8 minus, plus, t2d;
} ge8_affine;

/* Vectors of a point, words of a lane. */
enum { GE8_WORDS = 20, GE8_AFFINE_WORDS = 15 };

_Static_assert(sizeof(ge8) == GE8_WORDS * sizeof(ps_lanes), "no padding");
_Static_assert(sizeof(ge8_cached) == sizeof(ge8), "no padding");

/* ifma_group.c */

void ps_ge8_identity(ge8 *r);
void ps_ge8_projective_identity(ge8_projective *r);
void ps_ge8_cached_identity(ge8_cached *r);

/** r = 2 a, to be doubled again or to be added to. */
void ps_ge8_double(ge8_projective *r, const ge8_projective *a);
void ps_ge8_double_last(ge8 *r, const ge8_projective *a);

/** r = a + b, to be added to or to be doubled. */
void ps_ge8_add(ge8 *r, const ge8 *a, const ge8_cached *b);
void ps_ge8_add_affine(ge8 *r, const ge8 *a, const ge8_affine *b);
void ps_ge8_add_projective(ge8_projective *r, const ge8 *a,
                           const ge8_cached *b);

void ps_ge8_cache(ge8_cached *r, const ge8 *a);

/** Elements 0 to count - 1; the first again in the lanes that are left.
 *
 *  In         a          1 to 8 elements
 */
void ps_ge8_load(ge8_extended *r, const ps_ristretto255 *a, size_t count);

/** The first count lanes. */
void ps_ge8_store(ps_ristretto255 *r, const ge8_extended *a, size_t count);

/** Between the forms. What leaves has all coordinates doubled. */
void ps_ge8_enter(ge8 *r, const ge8_extended *a);
void ps_ge8_leave(ge8_extended *r, const ge8 *a);

/** table[k] = (k + 1) a, for k < 8. */
void ps_ge8_multiples(ge8_cached *table, const ge8 *a);

/* ifma_group_encode.c: entries of the backend's table. */
int ps_ge8_decode(ps_ristretto255 *p, size_t *bad, const uint8_t *in,
                  size_t count);
int ps_ge8_encode(uint8_t *out, const ps_ristretto255 *p, size_t count);
int ps_ge8_from_uniform(ps_ristretto255 *p, const uint8_t *in, size_t count);

/** Elements 0 to count - 1 from their encodings: all ones in the lanes whose
 *  bytes are canonical. */
LANES_TARGET
lanes_mask ps_ge8_read(ge8_extended *r, const uint8_t *in, size_t count);

/** The same from 64 uniform bytes each. */
void ps_ge8_map_two(ge8 *r, const uint8_t *in, size_t count);

/* ifma_oprf.c: entries */
int ps_ge8_oprf_blind(uint8_t *out, const uint8_t *in, size_t count,
                      const ps_scalar *s);
int ps_ge8_oprf_evaluate(uint8_t *out, size_t *bad, const uint8_t *in,
                         size_t count, const ps_scalar *s);
int ps_ge8_encode_twice(uint8_t *out, const ps_ristretto255 *p, size_t count);

/* ifma_sha512.c: entry */
void ps_lanes_expand_eight(uint8_t *out, const ps_sha512 *begun,
                           const ps_sha512 *fresh, const uint8_t *const *in,
                           const size_t *len, const uint8_t *suffix,
                           size_t suffix_len);

/** r = 1/a; 0 where a is 0. */
void ps_fe8_invert(fe8 *r, const fe8 *a);

/* ifma_group_mul.c: entries */
int ps_ge8_mul(ps_ristretto255 *p, const ps_scalar *s,
               const ps_ristretto255 *a, size_t count);
int ps_ge8_mul_vartime(ps_ristretto255 *p, const ps_scalar *s,
                       const ps_ristretto255 *a, size_t count);
int ps_ge8_mul_two_vartime(ps_ristretto255 *p, const ps_scalar *s,
                           const ps_ristretto255 *a, const ps_scalar *t,
                           const ps_ristretto255 *c, size_t count);
int ps_ge8_table_mul(ps_ristretto255 *p, const ps_scalar *s, size_t count,
                     const ps_ristretto255_table *table);

/* ifma_group_straus.c: entries */
int ps_ge8_msm(ps_ristretto255 *p, const ps_scalar *s,
               const ps_ristretto255 *a, size_t count, ps_limb *scratch);
int ps_ge8_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                       const ps_ristretto255 *a, size_t count,
                       ps_limb *scratch);

/* ifma_group_buckets.c: msm_vartime of many, and its scratch */
size_t ps_ge8_buckets_limbs(size_t count);
void ps_ge8_buckets(ps_ristretto255 *p, const ps_scalar *s,
                    const ps_ristretto255 *a, size_t count, ps_limb *scratch);

/* ifma_comb.c: entries */
int ps_ge8_comb_init(ps_ristretto255_comb *const *comb,
                     const ps_ristretto255 *a, size_t count);
int ps_ge8_comb_mul(ps_ristretto255 *p, const ps_scalar *s,
                    const ps_ristretto255_comb *const *comb, size_t count);

/* ifma_set.c: entry */
int ps_ge8_set_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                           size_t count, const ps_ristretto255_set *set,
                           ps_limb *scratch);

extern const struct ps_group_backend ps_lanes_group;

#endif
#endif
