/* Sums of many multiples.
 *
 * Source     Straus, 1964, for few elements and for secret scalars; Pippenger,
 *            1976, as Bernstein et al., INDOCRYPT 2012, section 4, state it
 */
#include "../backend/backend.h"
#include "digit.h"
#include "element.h"

/* Straus takes so many at a time; more would not share much more. */
#define CHUNK 64
/* From here on buckets are quicker. */
#define PIPPENGER 200
#define MAX_WINDOW 10
#define MAX_DIGITS 52 /* ceil(254 / 5) + 1, for windows of 5 bits and more */

static const size_t ge_limbs = sizeof(ge) / sizeof(ps_limb);
static const size_t cached_limbs = sizeof(ge_cached) / sizeof(ps_limb);

size_t ps_ristretto255_msm_limbs(size_t count)
{
    size_t few = count < CHUNK ? count : CHUNK;
    size_t straus = few * (8 * cached_limbs + PS_NAF_DIGITS / 8);
    size_t buckets = ((size_t)1 << (MAX_WINDOW - 1)) * ge_limbs
                   + count * (cached_limbs + MAX_DIGITS / 4);

    size_t limbs = (count >= PIPPENGER && buckets > straus ? buckets : straus)
                 + 1;

#if defined(PS_HAVE_LANES)
    limbs = limbs < ps_ge8_msm_limbs(count) ? ps_ge8_msm_limbs(count) : limbs;
#endif
    return limbs;
}

static void straus(ge *r, const ps_scalar *s, const ps_ristretto255 *a,
                   size_t count, ps_limb *scratch)
{
    ge_cached *table = (ge_cached *)(void *)scratch, c;
    int8_t *digit = (int8_t *)(table + 8 * count);
    ge x;

    for (size_t k = 0; k < count; k++) {
        ge_load(&x, &a[k]);
        ps_ge_multiples(table + 8 * k, &x);
        ps_digits(digit + 64 * k, &s[k]);
    }
    ps_ge_identity(r);
    for (size_t i = 64; i-- > 0;) {
        for (int k = 0; k < 4; k++) {
            ps_ge_double(r, r, k == 3);
        }
        for (size_t k = 0; k < count; k++) {
            ps_ge_look_up(&c, table + 8 * k, digit[64 * k + i]);
            ps_ge_add(r, r, &c);
        }
    }
    ps_wipe(&c, sizeof c);
    ps_wipe(&x, sizeof x);
    ps_wipe(digit, 64 * count);
}

void ps_ristretto255_msm(ps_ristretto255 *p, const ps_scalar *s,
                         const ps_ristretto255 *a, size_t count,
                         const ps_backend *backend, ps_limb *scratch)
{
    const struct ps_group_backend *group = backend->group;
    ge sum, r;
    ge_cached c;

    if (group != NULL && group->msm != NULL
        && group->msm(p, s, a, count, scratch)) {
        return;
    }
    ps_ge_identity(&sum);
    for (size_t k = 0; k < count; k += CHUNK) {
        straus(&r, s + k, a + k, count - k < CHUNK ? count - k : CHUNK,
               scratch);
        ps_ge_cache(&c, &r);
        ps_ge_add(&sum, &sum, &c);
    }
    ge_store(p, &sum);
    ps_wipe(&sum, sizeof sum);
    ps_wipe(&r, sizeof r);
    ps_wipe(&c, sizeof c);
}

static void straus_vartime(ge *r, const ps_scalar *s, const ps_ristretto255 *a,
                           size_t count, ps_limb *scratch)
{
    ge_cached *table = (ge_cached *)(void *)scratch;
    int8_t *naf = (int8_t *)(table + 8 * count);
    int top = -1;
    ge x;

    for (size_t k = 0; k < count; k++) {
        int t = ps_naf_vartime(naf + PS_NAF_DIGITS * k, &s[k]);

        ge_load(&x, &a[k]);
        ps_ge_odd_multiples_vartime(table + 8 * k, &x);
        top = t > top ? t : top;
    }
    ps_ge_identity(r);
    for (int i = top; i >= 0; i--) {
        ps_ge_double(r, r, 1);
        for (size_t k = 0; k < count; k++) {
            ps_ge_add_digit_vartime(r, table + 8 * k,
                                    naf[PS_NAF_DIGITS * k + (size_t)i]);
        }
    }
}

static int window_of(size_t count)
{
    return count < 500 ? 6 : count < 800 ? 7 : count < 3000 ? 8
         : count < 8000 ? 9 : MAX_WINDOW;
}

/* Signed digits to radix 2^w, -2^(w-1) <= digit < 2^(w-1), the last one more. */
static void recode(int16_t *digit, const ps_scalar *s, int w, int digits)
{
    int carry = 0;

    for (int i = 0; i < digits; i++) {
        int bit = i * w;
        uint64_t low = bit < 256 ? s->limb[bit / 64] >> (bit % 64) : 0;
        int d;

        if (bit < 192 && bit % 64 + w > 64) {
            low |= s->limb[bit / 64 + 1] << (64 - bit % 64);
        }
        d = (int)(low & (((uint64_t)1 << w) - 1)) + carry;
        carry = d >= 1 << (w - 1);
        digit[i] = (int16_t)(d - (carry << w));
    }
}

static void pippenger(ge *r, const ps_scalar *s, const ps_ristretto255 *a,
                      size_t count, ps_limb *scratch)
{
    int w = window_of(count), digits = 253 / w + 2;
    size_t buckets = (size_t)1 << (w - 1);
    ge *bucket = (ge *)(void *)scratch, x, running;
    ge_cached *point = (ge_cached *)(bucket + buckets), c;
    int16_t *digit = (int16_t *)(point + count);

    for (size_t k = 0; k < count; k++) {
        ge_load(&x, &a[k]);
        ps_ge_cache(&point[k], &x);
        recode(digit + (size_t)digits * k, &s[k], w, digits);
    }
    ps_ge_identity(r);
    for (int i = digits - 1; i >= 0; i--) {
        for (int k = 0; k < w; k++) {
            ps_ge_double(r, r, k == w - 1);
        }
        for (size_t b = 0; b < buckets; b++) {
            ps_ge_identity(&bucket[b]);
        }
        for (size_t k = 0; k < count; k++) {
            int d = digit[(size_t)digits * k + (size_t)i];

            if (d > 0) {
                ps_ge_add(&bucket[d - 1], &bucket[d - 1], &point[k]);
            } else if (d < 0) {
                ps_ge_sub(&bucket[-d - 1], &bucket[-d - 1], &point[k]);
            }
        }
        ps_ge_identity(&running);
        for (size_t b = buckets; b-- > 0;) {
            ps_ge_cache(&c, &bucket[b]);
            ps_ge_add(&running, &running, &c);
            ps_ge_cache(&c, &running);
            ps_ge_add(r, r, &c);
        }
    }
}

void ps_ristretto255_msm_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                 const ps_ristretto255 *a, size_t count,
                                 const ps_backend *backend, ps_limb *scratch)
{
    const struct ps_group_backend *group = backend->group;
    ge sum, r;
    ge_cached c;

    if (group != NULL && group->msm_vartime != NULL
        && group->msm_vartime(p, s, a, count, scratch)) {
        return;
    }
    ps_ge_identity(&sum);
    if (count >= PIPPENGER) {
        pippenger(&sum, s, a, count, scratch);
        count = 0;
    }
    for (size_t k = 0; k < count; k += CHUNK) {
        straus_vartime(&r, s + k, a + k,
                       count - k < CHUNK ? count - k : CHUNK, scratch);
        ps_ge_cache(&c, &r);
        ps_ge_add(&sum, &sum, &c);
    }
    ge_store(p, &sum);
}
