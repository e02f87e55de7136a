/* Combs in lanes (ristretto255/comb.h).
 *
 * Few products go two at a time, a lane for each piece of each: the steps of a
 * ring wait for each other, and this is the shortest way through one. Many go
 * eight at a time, a lane for each product. Tables are made a lane for each
 * element.
 */
#include "../../ristretto255/comb.h"
#include "ifma_group.h"

#if defined(PS_HAVE_LANES)

/* The words of an entry are 20; the last eight overlap. */
static const size_t part[3] = {0, 8, 12};

_Static_assert(sizeof(ge_cached) == GE8_WORDS * sizeof(uint64_t), "rows");

/* Rows of 20 words from eight addresses; a point for each lane, negated where
 * minus has a top bit. */
LANES_TARGET
static void pick(ge8_cached *r, ps_lanes address, ps_lanes minus)
{
    const lanes_mask negative = lanes_is_negative(minus);
    ps_lanes w[GE8_WORDS];
    fe8 plus, less, t2d;

    for (size_t k = 0; k < 3; k++) {
        ps_lanes *v = w + part[k];

        for (size_t lane = 0; lane < LANES; lane++) {
            memcpy(&v[lane], (const uint64_t *)address[lane] + part[k],
                   sizeof *v);
        }
        lanes_transpose(v);
    }
    memcpy(&plus, w, sizeof plus);
    memcpy(&less, w + 5, sizeof less);
    memcpy(&r->z2, w + 10, sizeof r->z2);
    memcpy(&r->t2d, w + 15, sizeof r->t2d);
    fe8_take(&r->minus, negative, &plus, &less);
    fe8_take(&r->plus, negative, &less, &plus);
    fe8_minus(&t2d, &r->t2d);
    fe8_take(&r->t2d, negative, &t2d, &r->t2d);
}

LANES_TARGET
static void permute(ge8 *r, const ge8 *a, ps_lanes index)
{
    const ps_lanes *from = a->minus.v;
    ps_lanes v[GE8_WORDS];

    for (size_t i = 0; i < GE8_WORDS; i++) {
        v[i] = lanes_permute(from[i], index);
    }
    memcpy(r, v, sizeof *r);
}

/* Lanes 0 and 1 become the sums of lanes 0 to 3 and of lanes 4 to 7. */
LANES_TARGET
static void sum_fours(ge8 *r)
{
    ge8 other;
    ge8_cached c;

    permute(&other, r, (ps_lanes){1, 0, 3, 2, 5, 4, 7, 6});
    ps_ge8_cache(&c, &other);
    ps_ge8_add(r, r, &c);
    permute(&other, r, (ps_lanes){2, 6, 2, 6, 2, 6, 2, 6});
    permute(r, r, (ps_lanes){0, 4, 0, 4, 0, 4, 0, 4});
    ps_ge8_cache(&c, &other);
    ps_ge8_add(r, r, &c);
}

/* What the lanes add: so many pieces each, their digits and their tables. */
typedef struct {
    size_t pieces;
    ps_lanes bits[COMB_PIECES], table[COMB_PIECES], minus;
} plan;

/* Bytes before an entry: 8 * GE8_WORDS each. */
LANES_INLINE ps_lanes offset_of(ps_lanes entry)
{
    return (entry << 7) + (entry << 5);
}

LANES_TARGET
static void columns(ge8 *sum, const plan *of)
{
    const ps_lanes one = lanes_set(1), seven = lanes_set(COMB_ENTRIES - 1);
    ge8_projective twice;
    ge8_cached c;

    ps_ge8_identity(sum);
    for (size_t i = COMB_COLUMNS; i-- > 0;) {
        for (size_t k = 0; k < of->pieces; k++) {
            const ps_lanes teeth = of->bits[k] >> i;
            /* All ones where the top tooth is 0: the entry is of the others'
             * opposites. */
            const ps_lanes low = (teeth >> 48 & one) - one;
            const ps_lanes entry = (teeth & one)
                                 | (teeth >> 15 & lanes_set(2))
                                 | (teeth >> 30 & lanes_set(4));

            pick(&c,
                 of->table[k]
                     + offset_of(entry ^ (low & seven)),
                 of->minus ^ low);
            if (k + 1 < of->pieces || i == 0) {
                ps_ge8_add(sum, sum, &c);
            } else {
                ps_ge8_add_projective(&twice, sum, &c);
                ps_ge8_double_last(sum, &twice);
            }
        }
    }
}

/* Piece k of a product in a lane. */
static void set_piece(plan *p, size_t place, size_t lane, size_t k,
                      const comb_bits *s, const ps_ristretto255_comb *comb)
{
    p->bits[place][lane] = s->piece[k];
    p->table[place][lane] =
        (uint64_t)(uintptr_t)(comb->word + GE8_WORDS * COMB_ENTRIES * k);
    p->minus[lane] = (uint64_t)s->minus << 63;
}

/* One or two products, a lane for each piece. */
LANES_TARGET
static void mul_two(ps_ristretto255 *p, const ps_scalar *s,
                    const ps_ristretto255_comb *const *comb, size_t count)
{
    plan lanes = {.pieces = 1};
    ge8_extended outside;
    ge8 sum;

    for (size_t j = 0; j < 2; j++) {
        size_t of = j < count ? j : 0;
        comb_bits bits;

        ps_comb_bits_vartime(&bits, &s[of]);
        for (size_t k = 0; k < COMB_PIECES; k++) {
            set_piece(&lanes, 0, COMB_PIECES * j + k, k, &bits, comb[of]);
        }
    }
    columns(&sum, &lanes);
    sum_fours(&sum);
    ps_ge8_leave(&outside, &sum);
    ps_ge8_store(p, &outside, count);
}

LANES_TARGET
static void mul_eight(ps_ristretto255 *p, const ps_scalar *s,
                      const ps_ristretto255_comb *const *comb, size_t count)
{
    plan lanes = {.pieces = COMB_PIECES};
    ge8_extended outside;
    ge8 sum;

    for (size_t lane = 0; lane < LANES; lane++) {
        size_t of = lane < count ? lane : 0;
        comb_bits bits;

        ps_comb_bits_vartime(&bits, &s[of]);
        for (size_t k = 0; k < COMB_PIECES; k++) {
            set_piece(&lanes, k, lane, k, &bits, comb[of]);
        }
    }
    columns(&sum, &lanes);
    ps_ge8_leave(&outside, &sum);
    ps_ge8_store(p, &outside, count);
}

/* Eight at a time as long as that is no more work than two at a time. */
int ps_ge8_comb_mul(ps_ristretto255 *p, const ps_scalar *s,
                    const ps_ristretto255_comb *const *comb, size_t count)
{
    size_t i = 0;

    for (; count - i > 4; i += LANES) {
        size_t n = count - i < LANES ? count - i : LANES;

        mul_eight(p + i, s + i, comb + i, n);
        if (n < LANES) {
            return 1;
        }
    }
    for (; i < count; i += 2) {
        mul_two(p + i, s + i, comb + i, count - i < 2 ? 1 : 2);
    }
    return 1;
}

/* An entry of every lane's table. */
LANES_TARGET
static void put(ps_ristretto255_comb *const *comb, size_t entry,
                const ge8_cached *a, size_t count)
{
    ps_lanes w[GE8_WORDS], v[LANES];

    memcpy(w, &a->plus, sizeof a->plus);
    memcpy(w + 5, &a->minus, sizeof a->minus);
    memcpy(w + 10, &a->z2, sizeof a->z2);
    memcpy(w + 15, &a->t2d, sizeof a->t2d);
    for (size_t k = 0; k < 3; k++) {
        memcpy(v, w + part[k], sizeof v);
        lanes_transpose(v);
        for (size_t lane = 0; lane < count; lane++) {
            memcpy(comb[lane]->word + GE8_WORDS * entry + part[k], &v[lane],
                   sizeof *v);
        }
    }
}

LANES_TARGET
static void double_times(ge8 *p, size_t times)
{
    ge8_projective x;

    fe8_sub(&x.x, &p->plus, &p->minus);
    fe8_add(&x.y, &p->plus, &p->minus);
    fe8_add(&x.sum, &p->plus, &p->plus);
    fe8_add(&x.z, &p->z, &p->z);
    while (--times > 0) {
        ps_ge8_double(&x, &x);
    }
    ps_ge8_double_last(p, &x);
}

LANES_TARGET
static void make_piece(ps_ristretto255_comb *const *comb, size_t piece,
                       ge8 *p, size_t count)
{
    ge8 sums[COMB_ENTRIES], negative;
    ge8_cached once[COMB_TEETH - 1], twice[COMB_TEETH - 1], c;

    for (size_t j = 0; j < COMB_TEETH - 1; j++) {
        /* -a has Y + X and Y - X the other way round, and -T. */
        negative.minus = p->plus;
        negative.plus = p->minus;
        negative.z = p->z;
        fe8_neg(&negative.t, &p->t);
        ps_ge8_cache(&once[j], &negative);
        double_times(p, 1);
        ps_ge8_cache(&twice[j], p);
        double_times(p, COMB_COLUMNS - 1);
    }
    sums[0] = *p;
    for (size_t j = 0; j < COMB_TEETH - 1; j++) {
        ps_ge8_add(&sums[0], &sums[0], &once[j]);
    }
    for (size_t j = 0; j < COMB_TEETH - 1; j++) {
        for (size_t e = 0; e < (size_t)1 << j; e++) {
            ps_ge8_add(&sums[e + ((size_t)1 << j)], &sums[e], &twice[j]);
        }
    }
    for (size_t e = 0; e < COMB_ENTRIES; e++) {
        ps_ge8_cache(&c, &sums[e]);
        put(comb, COMB_ENTRIES * piece + e, &c, count);
    }
    if (piece + 1 < COMB_PIECES) {
        double_times(p, COMB_COLUMNS);
    }
}

LANES_TARGET
static void make_eight(ps_ristretto255_comb *const *comb,
                       const ps_ristretto255 *a, size_t count)
{
    ge8_extended outside;
    ge8 p;

    ps_ge8_load(&outside, a, count);
    ps_ge8_enter(&p, &outside);
    for (size_t k = 0; k < COMB_PIECES; k++) {
        make_piece(comb, k, &p, count);
    }
}

int ps_ge8_comb_init(ps_ristretto255_comb *const *comb,
                     const ps_ristretto255 *a, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        make_eight(comb + i, a + i, count - i < LANES ? count - i : LANES);
    }
    return 1;
}
#endif
