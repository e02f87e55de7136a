/* Inverses and greatest common divisors by division steps.
 *
 * Source     Bernstein and Yang, "Fast constant-time gcd computation and
 *            modular inversion", TCHES 2019(3), sections 8 and 11
 *
 * A step acts on (delta, f, g) with f odd:
 *
 *   delta > 0 and g odd:  (1 - delta, g, (g - f) / 2)
 *   else:                 (1 + delta, f, (g + (g mod 2) f) / 2)
 *
 * STEPS of them depend on the lowest STEPS bits of f and g alone and amount
 * to a matrix of small integers over 2^STEPS; so they are run on single words
 * and the matrix is then applied to the long numbers.
 */
#include <string.h>

#include "limb.h"
#include "privshare/ps_config.h"
#include "privshare/ps_mpn.h"

/* Matrix entries reach 2^STEPS in magnitude and must fit a signed word; the
 * sum of two entries of a row stays within 2^STEPS. */
enum { STEPS = 62 };

/* Signed values: two's complement, one limb more than the modulus. */
#define MAX (PS_MPN_MAX_LIMBS + 1)

/* f' = (u f + v g) / 2^STEPS, g' = (q f + r g) / 2^STEPS */
typedef struct {
    int64_t u, v, q, r;
} matrix;

typedef struct {
    int64_t delta;
    ps_limb f[MAX], g[MAX];               /* in (-m, m] */
    ps_limb d[PS_MPN_MAX_LIMBS];          /* d * a = f mod m, 0 <= d < m */
    ps_limb e[PS_MPN_MAX_LIMBS];          /* e * a = g mod m, 0 <= e < m */
} state;

static matrix divsteps(int64_t *delta, ps_limb f, ps_limb g)
{
    ps_limb dl = (ps_limb)*delta;
    ps_limb u = 1, v = 0, q = 0, r = 1;

    for (int i = 0; i < STEPS; i++) {
        ps_limb odd = ct_mask(g & 1);
        ps_limb swap = odd & ct_mask(((ps_limb)0 - dl) >> 63);
        /* g + f or g - f, or g alone */
        g += ((f ^ swap) - swap) & odd;
        q += ((u ^ swap) - swap) & odd;
        r += ((v ^ swap) - swap) & odd;
        /* where they swap, f + (g - f) = g */
        f += g & swap;
        u += q & swap;
        v += r & swap;
        dl = (dl ^ swap) - swap + 1;
        g >>= 1;
        u <<= 1;
        v <<= 1;
    }
    *delta = (int64_t)dl;
    return (matrix){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
}

/* r = (x a + y b) / 2^STEPS, exact, for signed a and b of `limbs` limbs. */
static void apply_signed(ps_limb *r, int64_t x, const ps_limb *a, int64_t y,
                         const ps_limb *b, size_t limbs)
{
    ps_swide c = 0;
    ps_limb below = 0;

    for (size_t i = 0; i < limbs; i++) {
        if (i + 1 < limbs) {
            c += (ps_swide)x * a[i] + (ps_swide)y * b[i];
        } else {
            c += (ps_swide)x * (int64_t)a[i] + (ps_swide)y * (int64_t)b[i];
        }
        ps_limb low = (ps_limb)c;
        if (i > 0) {
            r[i - 1] = (below >> STEPS) | (low << (64 - STEPS));
        }
        below = low;
        c >>= 64;
    }
    r[limbs - 1] = (below >> STEPS) | ((ps_limb)c << (64 - STEPS));
}

/* r = (x d + y e) / 2^STEPS mod m, for d and e in [0, m).
 *
 * k m with 0 <= k < 2^STEPS makes the sum divisible. As |x| + |y| <= 2^STEPS,
 * the quotient lies in (-m, 2m); one correction either way brings it home. */
static void apply_modular(ps_limb *r, int64_t x, const ps_limb *d, int64_t y,
                          const ps_limb *e, const ps_mont *mont)
{
    ps_limb sum[MAX];
    ps_limb less[PS_MPN_MAX_LIMBS];
    size_t n = mont->limbs;
    ps_limb lowest = (ps_limb)x * d[0] + (ps_limb)y * e[0];
    ps_limb k = (lowest * mont->neg_inv) & (((ps_limb)1 << STEPS) - 1);
    ps_swide c = 0;
    ps_limb below = 0;

    for (size_t i = 0; i <= n; i++) {
        if (i < n) {
            c += (ps_swide)x * d[i] + (ps_swide)y * e[i]
               + (ps_swide)k * mont->m[i];
        }
        ps_limb low = (ps_limb)c;
        if (i > 0) {
            sum[i - 1] = (below >> STEPS) | (low << (64 - STEPS));
        }
        below = low;
        c >>= 64;
    }
    sum[n] = (below >> STEPS) | ((ps_limb)c << (64 - STEPS));

    /* Negative: add m. */
    ps_limb mask = ct_mask(sum[n] >> 63);
    ps_limb carry = 0;
    for (size_t i = 0; i < n; i++) {
        ps_wide s = (ps_wide)sum[i] + (mask & mont->m[i]) + carry;
        sum[i] = (ps_limb)s;
        carry = (ps_limb)(s >> 64);
    }
    sum[n] += carry;
    /* At least m: subtract it. */
    ps_limb borrow = ps_mpn_sub(less, sum, mont->m, n);
    ps_limb keep = borrow & ~sum[n] & 1;
    ps_mpn_select(r, keep, sum, less, n);
    ps_wipe(sum, sizeof sum);
    ps_wipe(less, sizeof less);
}

static void apply(state *s, const matrix *t, const ps_mont *mont,
                  int with_cofactors)
{
    ps_limb f[MAX], d[PS_MPN_MAX_LIMBS];
    size_t n = mont->limbs;

    apply_signed(f, t->u, s->f, t->v, s->g, n + 1);
    apply_signed(s->g, t->q, s->f, t->r, s->g, n + 1);
    memcpy(s->f, f, (n + 1) * sizeof *f);
    if (with_cofactors) {
        apply_modular(d, t->u, s->d, t->v, s->e, mont);
        apply_modular(s->e, t->q, s->d, t->r, s->e, mont);
        memcpy(s->d, d, n * sizeof *d);
    }
    ps_wipe(f, sizeof f);
    ps_wipe(d, sizeof d);
}

/* Theorem 11.2: this many steps bring g to 0 for inputs below 2^d, d >= 46. */
static size_t step_bound(size_t limbs)
{
    size_t d = 64 * limbs;
    return (49 * d + 57) / 17;
}

static void run(state *s, const ps_limb *a, const ps_mont *mont,
                int with_cofactors, int vartime)
{
    size_t n = mont->limbs;
    size_t rounds = (step_bound(n) + STEPS - 1) / STEPS;

    memset(s, 0, sizeof *s);
    s->delta = 1;
    memcpy(s->f, mont->m, n * sizeof *s->f);
    memcpy(s->g, a, n * sizeof *s->g);
    s->e[0] = 1;
    for (size_t i = 0; i < rounds; i++) {
        if (vartime && ps_mpn_is_zero(s->g, n + 1)) {
            break;
        }
        matrix t = divsteps(&s->delta, s->f[0], s->g[0]);
        apply(s, &t, mont, with_cofactors);
        ps_wipe(&t, sizeof t);
    }
}

/* 1 when f is 1 or -1, in which case *negative says which. */
static ps_limb is_unit(ps_limb *negative, const state *s, size_t limbs)
{
    ps_limb sign = ct_mask(s->f[limbs] >> 63);
    ps_limb plus = s->f[0] ^ 1;
    ps_limb minus = ~s->f[0];

    for (size_t i = 1; i <= limbs; i++) {
        plus |= s->f[i];
        minus |= ~s->f[i];
    }
    *negative = sign & 1;
    return ct_mask_zero(ct_select(sign, minus, plus)) & 1;
}

static ps_status invert(ps_limb *r, const ps_limb *a, const ps_mont *mont,
                        int vartime)
{
    state s;
    ps_limb zero[PS_MPN_MAX_LIMBS] = {0};
    ps_limb negative;
    size_t n = mont->limbs;

    PS_CHECK(ps_mpn_is_less(a, mont->m, n));
    run(&s, a, mont, 1, vartime);
    ps_limb unit = is_unit(&negative, &s, n);
    ps_mont_sub(s.e, zero, s.d, mont);
    ps_mpn_select(r, negative, s.e, s.d, n);
    ps_wipe(&s, sizeof s);
    PS_PUBLIC(&unit, sizeof unit);
    if (!unit) {
        ps_wipe(r, n * sizeof *r);
        return PS_E_RANGE;
    }
    return PS_OK;
}

ps_status ps_mont_invert(ps_limb *r, const ps_limb *a, const ps_mont *mont)
{
    return invert(r, a, mont, 0);
}

ps_status ps_mont_invert_vartime(ps_limb *r, const ps_limb *a,
                                 const ps_mont *mont)
{
    return invert(r, a, mont, 1);
}

ps_status ps_mont_coprime_vartime(const ps_limb *a, const ps_mont *mont)
{
    state s;
    ps_limb negative;

    run(&s, a, mont, 0, 1);
    return is_unit(&negative, &s, mont->limbs) ? PS_OK : PS_E_RANGE;
}
