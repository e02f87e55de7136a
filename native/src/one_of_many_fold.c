/* The prover's sum over the list, folded digit by digit.
 *
 * With i = i_0 + 4*i', the sum over i of p_i(t)*P_i is the sum over i' of
 *
 *   p'_i'(t) * ( sum_d (bit_d*t + a_d) * P_(4i'+d) )
 *
 * where bit and a are those of digit 0. The inner sum is a polynomial of degree
 * 1 with elements for coefficients; the next digit makes it one of degree 2, a
 * quarter as many, and so on. bit_d*t costs a choice and no multiplication. As
 * a_0 = -(a_1 + a_2 + a_3), three multiplications by differences do for four:
 * 4/3 multiplications for an element in all, where the coefficients of all p_i,
 * multiplied out, would take m.
 *
 * What the list lacks to 4^m is its last element over and over. A polynomial
 * over such elements alone is t^j * P_last after j digits, for the bits of a
 * digit add up to 1 and the a to 0.
 */
#include "one_of_many.h"

#include "ct.h"

enum { CHUNK = 64 }; /* blocks of four that are multiplied at once */

/* Room for the differences and scalars of a chunk of polynomials of degree
 * below DIGITS. */
enum { PRODUCTS_AT_ONCE = CHUNK * FREE };

typedef struct {
    const ps_ristretto255 *node; /* nodes polynomials of terms coefficients */
    size_t nodes, terms;
    const ps_ristretto255 *last; /* the list's */
    ps_ristretto255 nothing;
} level;

/* Coefficient k of polynomial i, also beyond the end. */
static const ps_ristretto255 *at(const level *from, size_t i, size_t k)
{
    if (i < from->nodes) {
        return from->node + i * from->terms + k;
    }
    return k + 1 == from->terms ? from->last : &from->nothing;
}

typedef struct {
    ps_ristretto255 factor[PRODUCTS_AT_ONCE];
    ps_ristretto255 product[PRODUCTS_AT_ONCE];
    ps_scalar scalar[PRODUCTS_AT_ONCE];
} bench;

/* to[block][k] = sum_d a_d * (node_(4*block + d) - node_(4*block))[k] for the
 * blocks from `first` on. */
static void multiply(ps_ristretto255 *to, const level *from, size_t first,
                     size_t blocks, size_t k, const ps_scalar *a,
                     const ps_backend *backend, bench *room)
{
    for (size_t b = 0; b < blocks; b++) {
        size_t i = BASE * (first + b);
        for (size_t d = 1; d < BASE; d++) {
            size_t p = FREE * b + d - 1;
            ps_ristretto255_sub(&room->factor[p], at(from, i + d, k),
                                at(from, i, k));
            room->scalar[p] = a[d];
        }
    }
    ps_ristretto255_mul(room->product, room->scalar, room->factor,
                        FREE * blocks, backend);
    for (size_t b = 0; b < blocks; b++) {
        ps_ristretto255 *sum = to + (first + b) * (from->terms + 1) + k;
        const ps_ristretto255 *p = room->product + FREE * b;
        ps_ristretto255_add(sum, &p[0], &p[1]);
        ps_ristretto255_add(sum, sum, &p[2]);
    }
}

/* to[block][k + 1] += node_(4*block + digit)[k]. */
static void choose(ps_ristretto255 *to, const level *from, size_t block,
                   size_t k, ps_limb digit)
{
    ps_ristretto255 chosen = *at(from, BASE * block, k);
    ps_ristretto255 *sum = to + block * (from->terms + 1) + k + 1;

    for (size_t d = 1; d < BASE; d++) {
        ps_limb here = ct_mask_equal(digit, d) & 1;
        ps_ristretto255_select(&chosen, here, at(from, BASE * block + d, k),
                               &chosen);
    }
    if (k + 1 == from->terms) {
        *sum = chosen;
    } else {
        ps_ristretto255_add(sum, sum, &chosen);
    }
    ps_wipe(&chosen, sizeof chosen);
}

static void fold_digit(ps_ristretto255 *to, const level *from,
                       const ps_scalar *a, ps_limb digit,
                       const ps_backend *backend, bench *room)
{
    size_t blocks = (from->nodes + BASE - 1) / BASE;

    for (size_t k = 0; k < from->terms; k++) {
        for (size_t b = 0; b < blocks; b += CHUNK) {
            size_t some = blocks - b < CHUNK ? blocks - b : CHUNK;
            multiply(to, from, b, some, k, a, backend, room);
        }
    }
    for (size_t b = 0; b < blocks; b++) {
        for (size_t k = 0; k < from->terms; k++) {
            choose(to, from, b, k, digit);
        }
    }
}

/* Polynomials after one digit, with their coefficients; later there are fewer,
 * 3/8 as many coefficients after the second. */
static size_t widest(size_t count)
{
    return 2 * ((count + BASE - 1) / BASE) + DIGITS + 1;
}

size_t ps_one_of_many_fold_elements(size_t count)
{
    return 2 * widest(count)
         + (sizeof(bench) + sizeof(ps_ristretto255) - 1)
               / sizeof(ps_ristretto255);
}

void ps_one_of_many_fold(ps_ristretto255 *coefficient,
                         const ps_ristretto255 *elements, size_t count,
                         const ps_scalar *a, size_t index,
                         const ps_backend *backend, ps_ristretto255 *room)
{
    size_t digits = ps_one_of_many_digits(count);
    ps_ristretto255 *to[2] = {room, room + widest(count)};
    bench *products = (bench *)(void *)(room + 2 * widest(count));
    level from = {.node = elements,
                  .nodes = count,
                  .terms = 1,
                  .last = elements + count - 1};

    ps_ristretto255_identity(&from.nothing);
    for (size_t j = 0; j < digits; j++) {
        fold_digit(to[j % 2], &from, a + BASE * j, (index >> (2 * j)) & 3,
                   backend, products);
        from.node = to[j % 2];
        from.nodes = (from.nodes + BASE - 1) / BASE;
        from.terms++;
    }
    for (size_t k = 0; k <= digits; k++) {
        coefficient[k] = from.node[k];
    }
}
