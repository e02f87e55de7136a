/* Eight numbers side by side, one in each 64-bit lane of a vector.
 *
 * Representation    radix 2^52, one vector a limb, limb 0 first; limbs are
 *                   below 2^52 wherever a product reads them
 * Montgomery form   R = 2^(52 * limbs), at least 2^16 times the modulus. That
 *                   room replaces the last subtraction: a product of values
 *                   below 8m is below m + m / 2^8 again, and only what leaves
 *                   for the outside is made canonical (lanes_canonical)
 */
#ifndef PRIVSHARE_BACKEND_LANES_H
#define PRIVSHARE_BACKEND_LANES_H

#include "vector.h"

#if defined(PS_HAVE_LANES)

/* Limbs of the largest modulus: n^2 of 6144 bits; its half, and p. */
enum { LANES_MAX = 120, LANES_MAX_DUAL = 60, LANES_MAX_P = 30 };

/* Memory from the caller, handed out piece by piece. */
typedef struct {
    ps_lanes *next;
    const ps_limb *end;   /* asserted in checking builds */
} lanes_arena;

struct lanes_modulus;

/* A kind of number: `width` vectors, and how to multiply them. The result is
 * in Montgomery form and may not overlap the operands. */
typedef struct {
    size_t width;
    void (*mul)(ps_lanes *r, const ps_lanes *a, const ps_lanes *b,
                const struct lanes_modulus *m);
    void (*sqr)(ps_lanes *r, const ps_lanes *a,
                const struct lanes_modulus *m);
} lanes_ring;

/* The two rings of a modulus m: Z/m, and Z/m^2 in dual numbers. */
typedef struct {
    size_t limbs;
    lanes_ring plain;
    lanes_ring dual;
    /* r = (a b + c d) / R mod m */
    void (*mul_add)(ps_lanes *r, const ps_lanes *a, const ps_lanes *b,
                    const ps_lanes *c, const ps_lanes *d,
                    const struct lanes_modulus *m);
    /* From x below m R, 2 * limbs vectors: the pair of x / R, in plain form,
     * and its first half alone. */
    void (*fold)(ps_lanes *r, const ps_lanes *x,
                 const struct lanes_modulus *m);
    void (*rest)(ps_lanes *r, const ps_lanes *x,
                 const struct lanes_modulus *m);
    /* A pair out of Montgomery form: what a product by (1, 0) gives. */
    void (*leave)(ps_lanes *r, const ps_lanes *a,
                  const struct lanes_modulus *m);
} lanes_kernel;

/* A modulus, the same in all lanes. */
typedef struct lanes_modulus {
    const lanes_kernel *kernel;
    ps_lanes neg_inv;     /* -m^-1 mod 2^52 */
    ps_lanes *m;          /* limbs vectors */
    ps_lanes *gap;        /* the multiple of m in (R, R + m], its digits so
                           * large that a number below R can be subtracted
                           * digit by digit without a borrow */
    ps_lanes *rr;         /* the pair of R^2 mod m^2, 2 * limbs vectors */
    ps_lanes *quotient;   /* room for one reduction, limbs vectors each */
    ps_lanes *second;
} lanes_modulus;

/* The pair in Montgomery form stands for a0 + a1 * m; see paillier/dual.h. */

/* ifma_kernel.c */

/** The smallest kernel with R >= 2^16 * 2^(64 * limbs); NULL if none has. */
const lanes_kernel *ps_lanes_kernel_for(size_t limbs);

/* For the squares of n. Results may not overlap the operands. */
typedef struct {
    size_t limbs;
    size_t guard;         /* limbs that `upper` starts below R */
    /* r = a b / R mod m */
    void (*mul)(ps_lanes *r, const ps_lanes *a, const ps_lanes *b,
                const lanes_modulus *m);
    /* Limbs of a b: all, from limbs - guard on (less than 2^(52 (limbs - 4))
     * is missing from below), and the lower half. */
    void (*whole)(ps_lanes *r, const ps_lanes *a, const ps_lanes *b);
    void (*upper)(ps_lanes *r, const ps_lanes *a, const ps_lanes *b);
    void (*lower)(ps_lanes *r, const ps_lanes *a, const ps_lanes *b);
} lanes_long;

/** 80 or 120 limbs; NULL if neither fits. */
const lanes_long *ps_lanes_long_for(size_t limbs);

/** r = x * y + z without reduction.
 *
 *  Out        r          2 * width vectors
 *  In         x, y, z    width vectors each; width is a kernel's
 *  Overlap    none
 */
void ps_lanes_mul_add(ps_lanes *r, const ps_lanes *x, const ps_lanes *y,
                      const ps_lanes *z, size_t width);

/* ifma_number.c */

/** So many vectors from the arena. */
ps_lanes *ps_lanes_take(lanes_arena *arena, size_t vectors);

/** Begin an arena at the first aligned address of scratch. */
lanes_arena ps_lanes_arena(ps_limb *scratch, size_t limbs);

/** Prepare a modulus for both rings.
 *
 *  In         dual       a prepared modulus that a kernel fits
 *  Secret     dual
 */
void ps_lanes_modulus_init(lanes_modulus *m, const lanes_kernel *kernel,
                           const ps_paillier_dual *dual, lanes_arena *arena);

/** A number from limbs of 64 bits, the same in all lanes.
 *
 *  Out        r          width vectors
 *  In         x          limbs limbs, x < 2^(52 * width)
 */
void ps_lanes_spread(ps_lanes *r, size_t width, const ps_limb *x,
                     size_t limbs);

/** Eight numbers from big-endian bytes.
 *
 *  Out        r          width vectors
 *  In         bytes      count numbers of len bytes, one after the other; when
 *                        count < 8, the remaining lanes get the first number
 *             len        at most 6.5 * width, and 768
 */
void ps_lanes_read(ps_lanes *r, size_t width, const uint8_t *bytes,
                   size_t count, size_t len);

/** The first count numbers as big-endian bytes; higher bytes are lost.
 *
 *  In         a          width vectors of normal limbs
 */
void ps_lanes_write(uint8_t *bytes, size_t count, size_t len,
                    const ps_lanes *a, size_t width);

/** One lane as limbs of 64 bits. */
void ps_lanes_extract(ps_limb *x, size_t limbs, const ps_lanes *a,
                      size_t width, size_t lane);

/** Carry until limbs are below 2^52. In: limbs below 2^63, the value below
 *  2^(52 * width). */
void ps_lanes_normalise(ps_lanes *a, size_t width);

/** a = a - m where a >= m; 1 in the lanes where that was so. In: a < 2m. */
LANES_TARGET
ps_lanes ps_lanes_subtract_once(ps_lanes *a, const ps_lanes *m, size_t width);

/** A pair after multiplication by plain numbers, made canonical.
 *
 *  In         a          2 * limbs vectors, both halves below 2m - 1
 */
void ps_lanes_canonical(ps_lanes *a, const lanes_modulus *m);

/* ifma_power.c */

/** Powers, Montgomery form, the same exponent in all lanes.
 *
 *  In         e          e_limbs limbs; public in the _vartime call
 *             one        the form of 1; the _vartime call does without, and
 *                        wants e > 0
 *  Overlap    r is none of the inputs
 */
void ps_lanes_exp(ps_lanes *r, const ps_lanes *base, const ps_lanes *one,
                  const ps_limb *e, size_t e_limbs, const lanes_ring *ring,
                  const lanes_modulus *m, lanes_arena arena);
void ps_lanes_exp_vartime(ps_lanes *r, const ps_lanes *base, const ps_limb *e,
                          size_t e_limbs, const lanes_ring *ring,
                          const lanes_modulus *m, lanes_arena arena);

/* ifma_table.c */

/* Eight numbers on their way through a table. */
typedef struct {
    ps_lanes *x;          /* the power so far, a pair in Montgomery form */
    ps_lanes *other;      /* room for the next product */
    ps_lanes *factor;     /* what was looked up */
    ps_lanes *digits;     /* of the exponents */
} lanes_walk;

/* So many groups of eight go through a table together: what a look-up loads
 * serves them all. */
enum { LANES_WALKS = 8 };

/** Room for the numbers of `count` walks. */
void ps_lanes_walks_init(lanes_walk *walks, size_t count, size_t width,
                         size_t windows, lanes_arena *arena);

/** The exponents of eight numbers.
 *
 *  In         x          count numbers of len bytes, big-endian, each `stride`
 *                        bytes after the one before
 */
void ps_lanes_walk_read(lanes_walk *walk, const uint8_t *x, size_t count,
                        size_t stride, size_t len);

/** All the way: walks[i].x is the power. Secret: digits, powers, m. */
void ps_lanes_walk(lanes_walk *walks, size_t count,
                   const ps_paillier_powers *powers, const lanes_modulus *m);

/* Entries of the backend's table. */
size_t ps_lanes_powers_limbs(const ps_paillier_dual *dual,
                             size_t exponent_len);
void ps_lanes_powers_init(ps_paillier_powers *powers, const ps_limb *base,
                          size_t exponent_len, const ps_paillier_dual *dual,
                          ps_limb *scratch);
void ps_lanes_table_encrypt(uint8_t *c, const uint8_t *m, const uint8_t *x,
                            size_t count, const ps_paillier_table *table,
                            const ps_paillier_public *key, ps_limb *scratch);

/* ifma_holder.c: another. */
void ps_lanes_holder_encrypt(uint8_t *c, const uint8_t *m, const uint8_t *x,
                             size_t count,
                             const ps_paillier_holder_table *table,
                             const ps_paillier_private *key,
                             ps_limb *scratch);

/* ifma_secret_power.c: an entry of the backend's table. */
int ps_lanes_paillier_power(uint8_t *c, const uint8_t *a, size_t count,
                            const ps_limb *e, size_t e_limbs,
                            const ps_paillier_public *key, ps_limb *scratch);

/* ifma_column.c, ifma_long.c and ifma_buckets.c: entries of the backend's table. */
int ps_lanes_column_product(ps_limb *product, const uint8_t *a, size_t count,
                            const ps_paillier_public *key, ps_limb *scratch);
int ps_lanes_column_add(uint8_t *c, ps_limb *product, const uint8_t *a,
                        const uint8_t *b, size_t count,
                        const ps_paillier_public *key, ps_limb *scratch);
int ps_lanes_column_add_plain(uint8_t *c, ps_limb *product, const uint8_t *a,
                              const uint8_t *m, size_t count,
                              const ps_paillier_public *key, ps_limb *scratch);
int ps_lanes_column_power(uint8_t *c, ps_limb *product, const uint8_t *a,
                          const uint8_t *e, size_t e_len, size_t count,
                          const ps_paillier_public *key, ps_limb *scratch);
int ps_lanes_column_invert(uint8_t *c, ps_limb *units, const uint8_t *a,
                           size_t count, const ps_paillier_public *key,
                           ps_limb *scratch);
int ps_lanes_column_dot(ps_limb *x, size_t *shift, ps_limb *product,
                        const uint8_t *a, const uint64_t *k, size_t bits,
                        const uint8_t *negative, uint8_t sign, size_t count,
                        const ps_paillier_public *key, ps_limb *scratch);
int ps_lanes_column_groups(uint8_t *c, ps_limb *product, const uint8_t *a,
                           const uint8_t *group, size_t count, size_t n_groups,
                           const ps_paillier_public *key, ps_limb *scratch);

/* A column's work on eight elements at a time. */
typedef struct {
    const ps_paillier_public *key;
    lanes_modulus n;
    ps_lanes *one;        /* the pair of 1 */
    ps_lanes *form;       /* the same in Montgomery form */
    ps_lanes *cube;       /* the pair of R^3: takes a fold to Montgomery form */
    ps_lanes *n2;         /* n^2 */
    ps_lanes *gathered;   /* the product of all elements mod n */
    ps_lanes *room;       /* for the next of these */
} lanes_column;

/** Prepare. 0 when no kernel fits. */
int ps_lanes_column_init(lanes_column *w, const ps_paillier_public *key,
                         lanes_arena *arena);

/** Multiply what is gathered by numbers that products take, h vectors. */
void ps_lanes_column_gather(lanes_column *w, const ps_lanes *x);

/** Multiply `product` by what was gathered. */
void ps_lanes_column_finish(ps_limb *product, lanes_column *w);

/** A pair in Montgomery form as a number below n^2, 2 h vectors, and canonical
 *  itself. x is used up. */
void ps_lanes_column_leave(ps_lanes *r, ps_lanes *x, const lanes_column *w);

#endif
#endif
