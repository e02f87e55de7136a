/* Products of public scalars and elements that were prepared (comb.h). */
#include "comb.h"

#include "../backend/backend.h"

/* Piece k of a table: Q_3 - Q_2 - Q_1 - Q_0, then +2 Q_j for each bit. p is
 * 2^(64k) times the element, and 2^(64k + 64) times it afterwards. */
static void make_piece(ge_cached *entry8, ge *p)
{
    ge sums[COMB_ENTRIES];
    ge_cached once[COMB_TEETH], twice[COMB_TEETH];

    for (int j = 0; j < COMB_TEETH; j++) {
        ge top = *p;

        ps_ge_cache(&once[j], p);
        ps_ge_double(p, p, 1);
        ps_ge_cache(&twice[j], p);
        for (int i = 1; i < COMB_COLUMNS; i++) {
            ps_ge_double(p, p, i == COMB_COLUMNS - 1);
        }
        sums[0] = top;
    }
    for (int j = 0; j < COMB_TEETH - 1; j++) {
        ps_ge_sub(&sums[0], &sums[0], &once[j]);
    }
    ps_ge_cache(&entry8[0], &sums[0]);
    for (int j = 0; j < COMB_TEETH - 1; j++) {
        for (int e = 0; e < 1 << j; e++) {
            ps_ge_add(&sums[e + (1 << j)], &sums[e], &twice[j]);
            ps_ge_cache(&entry8[e + (1 << j)], &sums[e + (1 << j)]);
        }
    }
}

void ps_ristretto255_comb_init_vartime(ps_ristretto255_comb *const *comb,
                                       const ps_ristretto255 *a, size_t count,
                                       const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;

    if (group != NULL && group->comb_init != NULL
        && group->comb_init(comb, a, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ge_cached *table = (ge_cached *)(void *)comb[i]->word;
        ge p;

        ge_load(&p, &a[i]);
        for (int k = 0; k < COMB_PIECES; k++) {
            make_piece(table + COMB_ENTRIES * k, &p);
        }
    }
}

/* An odd number for the same multiple: s, or l - s with the other sign. l - 0
 * is one more than the scalar l - 1. */
static unsigned make_odd(ps_scalar *odd, const ps_scalar *s)
{
    ps_scalar one;

    if (s->limb[0] & 1) {
        *odd = *s;
        return 0;
    }
    if (ps_scalar_is_zero(s)) {
        ps_scalar_from_u64(&one, 1);
        ps_scalar_neg(odd, &one);
        odd->limb[0] |= 1;
    } else {
        ps_scalar_neg(odd, s);
    }
    return 1;
}

/* With digits of 1 and -1 for bits of 1 and 0, s is the number whose bits are
 * those of (s + 2^256 - 1) / 2. */
void ps_comb_bits_vartime(comb_bits *bits, const ps_scalar *s)
{
    ps_scalar odd;

    bits->minus = make_odd(&odd, s);
    for (int k = 0; k < COMB_PIECES; k++) {
        uint64_t above = k < COMB_PIECES - 1 ? odd.limb[k + 1] : 1;

        bits->piece[k] = odd.limb[k] >> 1 | above << 63;
    }
}

/* What a piece adds in one column. */
static void add_column(ge *r, uint64_t teeth, uint64_t minus,
                       const ge_cached *entry8)
{
    uint64_t top = teeth >> 48 & 1;
    uint64_t entry = (teeth & 1) | (teeth >> 15 & 2) | (teeth >> 30 & 4);

    if (!top) {
        entry ^= COMB_ENTRIES - 1;
    }
    if (top ^ minus) {
        ps_ge_add(r, r, &entry8[entry]);
    } else {
        ps_ge_sub(r, r, &entry8[entry]);
    }
}

static void comb_mul(ge *r, const ps_scalar *s,
                     const ps_ristretto255_comb *comb)
{
    const ge_cached *table = (const ge_cached *)(const void *)comb->word;
    comb_bits bits;

    ps_comb_bits_vartime(&bits, s);
    ps_ge_identity(r);
    for (int i = COMB_COLUMNS - 1; i >= 0; i--) {
        if (i < COMB_COLUMNS - 1) {
            ps_ge_double(r, r, 1);
        }
        for (int k = 0; k < COMB_PIECES; k++) {
            add_column(r, bits.piece[k] >> i, bits.minus,
                       table + COMB_ENTRIES * k);
        }
    }
}

void ps_ristretto255_comb_mul_vartime(ps_ristretto255 *p, const ps_scalar *s,
                                      const ps_ristretto255_comb *const *comb,
                                      size_t count, const ps_backend *backend)
{
    const struct ps_group_backend *group = backend->group;
    ge r;

    if (group != NULL && group->comb_mul != NULL
        && group->comb_mul(p, s, comb, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        comb_mul(&r, &s[i], comb[i]);
        ge_store(&p[i], &r);
    }
}
