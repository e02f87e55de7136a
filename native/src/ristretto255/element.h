/* Points of the curve that stand for elements of ristretto255.
 *
 * Source     Hisil, Wong, Carter and Dawson, ASIACRYPT 2008, section 3, for
 *            the complete addition and doubling on a = -1
 *
 * Representation   extended: x = X/Z, y = Y/Z, T = XY/Z, all narrow (field.h).
 * Secret     all values; nothing branches
 */
#ifndef PRIVSHARE_RISTRETTO255_ELEMENT_H
#define PRIVSHARE_RISTRETTO255_ELEMENT_H

#include "field.h"
#include "privshare/ps_ristretto255.h"

typedef struct {
    fe x, y, z, t;
} ge;

/* What an addition takes: (Y + X, Y - X, 2Z, 2d T). */
typedef struct {
    fe plus, minus, z2, t2d;
} ge_cached;

_Static_assert(sizeof(ge) == sizeof(ps_ristretto255), "one layout");

static inline void ge_load(ge *r, const ps_ristretto255 *a)
{
    memcpy(r, a, sizeof *r);
}

static inline void ge_store(ps_ristretto255 *r, const ge *a)
{
    memcpy(r, a, sizeof *a);
}

void ps_ge_identity(ge *r);
void ps_ge_cached_identity(ge_cached *r);
void ps_ge_cache(ge_cached *r, const ge *a);
void ps_ge_add(ge *r, const ge *a, const ge_cached *b);
void ps_ge_sub(ge *r, const ge *a, const ge_cached *b);
/* r = 2 a; T of the result is left out when with_t is 0 (public). */
void ps_ge_double(ge *r, const ge *a, int with_t);
/* a when mask is all ones, r stays when it is zero. */
void ps_ge_cached_take(ge_cached *r, ps_limb mask, const ge_cached *a);
/* -a when mask is all ones. */
void ps_ge_cached_negate_if(ge_cached *r, ps_limb mask);

#endif
