/* One-of-many proofs: the verifier.
 *
 * With f_(j,0) = xi - f_(j,1) - f_(j,2) - f_(j,3) and f_i = prod_j f_(j, i_j) a
 * proof is true when
 *
 *   A + xi*B_0 = z_A*K + sum f_(j,d)*G_(j,d)
 *                      + sum f_(j,d)*(xi - f_(j,d))*H_(j,d)
 *   sum_i f_i*P_i - xi^m*Q - sum_k xi^k*X_k = z*B
 *             xi^m*T       - sum_k xi^k*Y_k = z*U      where there is a tag
 *
 * All of them, of all proofs, are added up with powers of one challenge. The
 * f_i are a tensor product: the products of all digits but the shortest cost 1/3
 * multiplication for an element of the list. The shortest digit is multiplied
 * with for many proofs at once, as a scalar product over the proofs, in each of
 * which one reduction is enough.
 */
#include "one_of_many.h"

#include <string.h>

/* The terms of the one sum: list, bases, then what each proof brings. */
typedef struct {
    ps_scalar *scalar;
    ps_ristretto255 *element;
    size_t width;         /* proofs of a block; the fastest index of these: */
    ps_scalar *digit;     /* f for each digit and value */
    ps_scalar *shortest;  /* f of the shortest digit, weighed for each column */
    ps_scalar *node;      /* products of the f of all digits but the shortest */
    uint8_t *bytes;       /* encodings, before they are decoded */
    ps_limb *msm;
} room;

enum { BLOCK = 32 };

/* One proof, once it is decoded. */
typedef struct {
    ps_scalar f[BASE * DIGITS];
    ps_scalar z_a, z, xi;
    ps_scalar power[DIGITS + 1]; /* of xi */
} responses;

enum { STATED = 4 }; /* B, Q, U and T */

/* Elements that one proof adds: at most those of a statement, too. */
static size_t own(size_t digits, uint32_t tagged)
{
    return elements_of(digits, tagged) + (tagged ? STATED : STATED / 2);
}

static size_t terms(size_t count, size_t columns, size_t proofs)
{
    return columns * count + PS_ONE_OF_MANY_BASES
         + proofs * own(ps_one_of_many_digits(count), 1);
}

static size_t width_of(size_t proofs)
{
    return proofs < BLOCK ? proofs : BLOCK;
}

/* Combinations of all digits but the shortest. */
static size_t nodes_of(size_t count)
{
    return (count + BASE - 1) / BASE;
}

static size_t block_scalars(size_t count, size_t columns, size_t proofs)
{
    return width_of(proofs)
         * (BASE * DIGITS + BASE * columns + nodes_of(count));
}

static size_t byte_limbs(size_t count, size_t proofs)
{
    return proofs * own(ps_one_of_many_digits(count), 1) * 32
         / sizeof(ps_limb);
}

/* As `cut` has it. */
size_t ps_one_of_many_verify_limbs(size_t count, size_t columns,
                                   size_t proofs)
{
    size_t n = terms(count, columns, proofs);
    size_t scalars = n + block_scalars(count, columns, proofs);

    return scalars * (sizeof(ps_scalar) / sizeof(ps_limb))
         + n * (sizeof(ps_ristretto255) / sizeof(ps_limb))
         + byte_limbs(count, proofs) + ps_ristretto255_msm_limbs(n);
}

static room cut(ps_limb *scratch, size_t count, size_t columns, size_t proofs)
{
    size_t n = terms(count, columns, proofs);
    room r;

    r.width = width_of(proofs);
    r.scalar = (ps_scalar *)(void *)scratch;
    r.digit = r.scalar + n;
    r.shortest = r.digit + r.width * BASE * DIGITS;
    r.node = r.shortest + r.width * BASE * columns;
    r.element = (ps_ristretto255 *)(void *)(r.node
                                            + r.width * nodes_of(count));
    r.bytes = (uint8_t *)(void *)(r.element + n);
    r.msm = (ps_limb *)(void *)r.bytes + byte_limbs(count, proofs);
    return r;
}

/* node[i] = node[0] * the f of the digits of i, the shortest of which is digit 1;
 * node[0] is given. From the longest digit on, each in place from its end. */
static void multiply_out(room *r, size_t proofs, size_t last, size_t digits)
{
    for (size_t j = digits; j-- > 1;) {
        for (size_t i = (last >> (2 * j)) + 1; i-- > 0;) {
            ps_scalar *to = r->node + r->width * i;
            const ps_scalar *from = r->node + r->width * (i / BASE);
            const ps_scalar *f = r->digit + r->width * (BASE * j + i % BASE);
            for (size_t k = 0; k < proofs; k++) {
                ps_scalar_mul(&to[k], &from[k], &f[k]);
            }
        }
    }
}

/* w times the sum of the f_i of all i above the last: at each digit, the values
 * above the last's with the longer digits of the last and any shorter ones,
 * which add up to a power of xi. */
static void sum_rest(ps_scalar *sum, size_t last, const ps_scalar *w,
                     const responses *p, size_t digits)
{
    ps_scalar path = *w, above;

    ps_scalar_from_u64(sum, 0);
    for (size_t j = digits; j-- > 0;) {
        const ps_scalar *f = p->f + BASE * j;
        size_t here = (last >> (2 * j)) & (BASE - 1);

        ps_scalar_from_u64(&above, 0);
        for (size_t d = here + 1; d < BASE; d++) {
            ps_scalar_add(&above, &above, &f[d]);
        }
        ps_scalar_mul(&above, &above, &path);
        ps_scalar_mul_add(sum, &above, &p->power[j], sum);
        ps_scalar_mul(&path, &path, &f[here]);
    }
}

/* Keep what a block needs of one proof: w times its f_i are to be added to the
 * coefficients of each column, times the column's weight. */
static void keep(room *r, size_t place, const ps_scalar *w, const responses *p,
                 const ps_scalar *weights, const ps_one_of_many_list *list)
{
    size_t digits = ps_one_of_many_digits(list->count);
    size_t last = list->count - 1;
    ps_scalar rest;

    r->node[place] = *w;
    for (size_t i = 0; i < BASE * digits; i++) {
        r->digit[r->width * i + place] = p->f[i];
    }
    sum_rest(&rest, last, w, p, digits);
    for (size_t j = 0; j < list->columns; j++) {
        ps_scalar *at = &r->scalar[list->count * j + last];
        for (size_t d = 0; d < BASE; d++) {
            ps_scalar_mul(&r->shortest[r->width * (BASE * j + d) + place],
                          &weights[j], &p->f[d]);
        }
        ps_scalar_mul_add(at, &rest, &weights[j], at);
    }
}

/* Add what was kept of so many proofs to the coefficients of the list. */
static void add_block(room *r, size_t proofs, const ps_one_of_many_list *list)
{
    ps_scalar sum;

    multiply_out(r, proofs, list->count - 1,
                 ps_one_of_many_digits(list->count));
    for (size_t j = 0; j < list->columns; j++) {
        for (size_t i = 0; i < list->count; i++) {
            ps_scalar *at = &r->scalar[list->count * j + i];
            ps_scalar_dot(&sum, r->node + r->width * (i / BASE),
                          r->shortest + r->width * (BASE * j + i % BASE),
                          proofs);
            ps_scalar_add(at, at, &sum);
        }
    }
}

/* The scalars of a proof, and what follows from them. */
static ps_status read_responses(responses *p, const uint8_t *scalars,
                                size_t digits)
{
    ps_scalar s[SCALARS];
    size_t bad;
    ps_status status = ps_scalar_decode(s, &bad, scalars, scalars_of(digits));

    if (status != PS_OK) {
        return status;
    }
    for (size_t j = 0; j < digits; j++) {
        ps_scalar *f = p->f + BASE * j;
        f[0] = p->xi;
        for (size_t d = 1; d < BASE; d++) {
            f[d] = s[FREE * j + d - 1];
            ps_scalar_sub(&f[0], &f[0], &f[d]);
        }
    }
    p->z_a = s[FREE * digits];
    p->z = s[FREE * digits + 1];
    ps_scalar_from_u64(&p->power[0], 1);
    for (size_t k = 0; k < digits; k++) {
        ps_scalar_mul(&p->power[k + 1], &p->power[k], &p->xi);
    }
    return PS_OK;
}

static void subtract_product(ps_scalar *sum, const ps_scalar *a,
                             const ps_scalar *b)
{
    ps_scalar product;

    ps_scalar_mul(&product, a, b);
    ps_scalar_sub(sum, sum, &product);
}

/* A + xi*B_0 - ..., times w: coefficients of the bases, and of A and B_0. */
static void add_digits(ps_scalar *bases, ps_scalar *ab, const responses *p,
                       size_t digits, const ps_scalar *w)
{
    ps_scalar wf, other;

    subtract_product(&bases[0], &p->z_a, w);
    for (size_t i = 0; i < BASE * digits; i++) {
        ps_scalar_mul(&wf, w, &p->f[i]);
        ps_scalar_sub(&bases[BITS + i], &bases[BITS + i], &wf);
        ps_scalar_sub(&other, &p->xi, &p->f[i]);
        subtract_product(&bases[PRODUCTS + i], &wf, &other);
    }
    ab[0] = *w;
    ps_scalar_mul(&ab[1], w, &p->xi);
}

/* What is not of the list in one of the other equations, times w: minus xi^k
 * for X_k, minus z for the base. */
static void add_line(ps_scalar *x, ps_scalar *base, const responses *p,
                     size_t digits, const ps_scalar *w)
{
    ps_scalar minus;

    ps_scalar_neg(&minus, w);
    for (size_t k = 0; k < digits; k++) {
        ps_scalar_mul(&x[k], &minus, &p->power[k]);
    }
    ps_scalar_mul(base, &minus, &p->z);
}

/* All coefficients of one proof, at `place` of its block; w is the next power of
 * challenge. */
static void add_proof(ps_scalar *own_scalars, ps_scalar *w, size_t place,
                      const ps_scalar *challenge, const responses *p,
                      const ps_scalar *weights,
                      const ps_one_of_many_list *list, uint32_t tagged,
                      room *r)
{
    size_t digits = ps_one_of_many_digits(list->count);
    ps_scalar *stated = own_scalars + elements_of(digits, tagged);
    ps_scalar minus;

    add_digits(r->scalar + list->columns * list->count, own_scalars, p, digits,
               w);
    ps_scalar_mul(w, w, challenge);
    keep(r, place, w, p, weights, list);
    add_line(own_scalars + 2, &stated[0], p, digits, w);
    ps_scalar_neg(&minus, w);
    ps_scalar_mul(&stated[1], &minus, &p->power[digits]);
    ps_scalar_mul(w, w, challenge);
    if (tagged) {
        add_line(own_scalars + 2 + digits, &stated[2], p, digits, w);
        ps_scalar_mul(&stated[3], w, &p->power[digits]);
        ps_scalar_mul(w, w, challenge);
    }
}

/* Gather all encodings, decode them at once; refuse identities that would make
 * an equation empty. */
static ps_status decode(size_t *bad, room *r, ps_ristretto255 *elements,
                        const uint8_t *proofs,
                        const ps_one_of_many_statement *statements,
                        size_t count, size_t digits, const ps_backend *backend)
{
    uint32_t tagged = statements[0].tagged;
    size_t of_proof = elements_of(digits, tagged);
    size_t each = own(digits, tagged), len = 32 * (of_proof + scalars_of(digits));
    size_t where;
    ps_status status;

    for (size_t i = 0; i < count; i++) {
        uint8_t *to = r->bytes + 32 * each * i;
        memcpy(to, proofs + len * i, 32 * of_proof);
        to += 32 * of_proof;
        memcpy(to, statements[i].base, 32);
        memcpy(to + 32, statements[i].offset, 32);
        if (tagged) {
            memcpy(to + 64, statements[i].tag_base, 32);
            memcpy(to + 96, statements[i].tag, 32);
        }
    }
    status = ps_ristretto255_decode(elements, &where, r->bytes, each * count,
                                    backend);
    if (status != PS_OK) {
        *bad = where / each;
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        const ps_ristretto255 *stated = elements + each * i + of_proof;
        if (ps_ristretto255_is_identity(&stated[0])
            || (tagged && (ps_ristretto255_is_identity(&stated[2])
                           || ps_ristretto255_is_identity(&stated[3])))) {
            return PS_E_VERIFY;
        }
    }
    return PS_OK;
}

/* The challenge that weighs the equations: of every proof, and of rand. */
static void weigh(ps_scalar *challenge, ps_transcript *transcripts,
                  size_t count, const uint8_t *rand32)
{
    static const uint8_t protocol[] = "one-of-many/batch/v1";
    ps_transcript batch, fork;
    uint8_t digest[32];

    ps_transcript_init(&batch, protocol, sizeof protocol - 1);
    for (size_t i = 0; i < count; i++) {
        fork = transcripts[i];
        ps_transcript_challenge(digest, sizeof digest, &fork, "batch");
        ps_transcript_absorb(&batch, "proof", digest, sizeof digest);
    }
    ps_transcript_absorb(&batch, "rand", rand32, 32);
    ps_transcript_challenge_scalar(challenge, &batch, "weight");
}

static int is_uniform(const ps_one_of_many_statement *statements, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (statements[i].tagged != statements[0].tagged) {
            return 0;
        }
    }
    return 1;
}

/* Two passes over the proofs: the weights need all challenges. The first leaves
 * each xi where the proof's first coefficient will stand. */
static void replay(ps_scalar *own_scalars, ps_transcript *transcripts,
                   const uint8_t *proofs,
                   const ps_one_of_many_statement *statements, size_t count,
                   const ps_one_of_many_list *list)
{
    uint32_t tagged = statements[0].tagged;
    size_t digits = ps_one_of_many_digits(list->count);
    size_t each = own(digits, tagged);

    for (size_t i = 0; i < count; i++) {
        const uint8_t *proof
            = proofs + i * ps_one_of_many_len(list->count, tagged);
        ps_one_of_many_absorb(&transcripts[i], list, &statements[i]);
        ps_one_of_many_challenge(&own_scalars[each * i], &transcripts[i],
                                 proof, digits, tagged);
        ps_one_of_many_respond(&transcripts[i], proof, digits, tagged);
    }
}

static ps_status add_proofs(size_t *bad, ps_scalar *own_scalars,
                            const uint8_t *proofs,
                            const ps_one_of_many_statement *statements,
                            size_t count, const ps_one_of_many_list *list,
                            const ps_scalar *challenge, room *r)
{
    uint32_t tagged = statements[0].tagged;
    size_t digits = ps_one_of_many_digits(list->count), where;
    size_t each = own(digits, tagged);
    ps_scalar weights[PS_ONE_OF_MANY_COLUMNS], w;
    responses p;

    ps_scalar_from_u64(&w, 1);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *scalars = proofs
                               + i * ps_one_of_many_len(list->count, tagged)
                               + 32 * elements_of(digits, tagged);
        p.xi = own_scalars[each * i];
        if (read_responses(&p, scalars, digits) != PS_OK
            || ps_scalar_decode(weights, &where, statements[i].weights,
                                list->columns) != PS_OK) {
            *bad = i;
            return PS_E_ENCODING;
        }
        add_proof(own_scalars + each * i, &w, i % r->width, challenge, &p,
                  weights, list, tagged, r);
        if (i % r->width == r->width - 1 || i + 1 == count) {
            add_block(r, i % r->width + 1, list);
        }
    }
    return PS_OK;
}

ps_status ps_one_of_many_verify_vartime(
    size_t *bad, ps_transcript *transcripts, const uint8_t *proofs,
    const ps_one_of_many_statement *statements, size_t count,
    const ps_one_of_many_list *list, const uint8_t *rand32,
    const ps_one_of_many_bases *bases, const ps_backend *backend,
    ps_limb *scratch)
{
    size_t shared, digits, total;
    ps_ristretto255 sum;
    ps_scalar challenge;
    ps_status status;
    room r;

    if (count < 1 || count > PS_ONE_OF_MANY_BATCH
        || !ps_one_of_many_is_shaped(list, &statements[0])
        || !is_uniform(statements, count)) {
        return PS_E_RANGE;
    }
    r = cut(scratch, list->count, list->columns, count);
    digits = ps_one_of_many_digits(list->count);
    shared = list->columns * list->count + PS_ONE_OF_MANY_BASES;
    total = shared + count * own(digits, statements[0].tagged);
    status = decode(bad, &r, r.element + shared, proofs, statements, count,
                    digits, backend);
    if (status != PS_OK) {
        return status;
    }
    memcpy(r.element, list->elements,
           list->columns * list->count * sizeof *r.element);
    memcpy(r.element + list->columns * list->count, bases->element,
           sizeof bases->element);
    for (size_t i = 0; i < shared; i++) {
        ps_scalar_from_u64(&r.scalar[i], 0);
    }
    replay(r.scalar + shared, transcripts, proofs, statements, count, list);
    weigh(&challenge, transcripts, count, rand32);
    status = add_proofs(bad, r.scalar + shared, proofs, statements, count, list,
                        &challenge, &r);
    if (status != PS_OK) {
        return status;
    }
    ps_ristretto255_msm_vartime(&sum, r.scalar, r.element, total, backend,
                                r.msm);
    return ps_ristretto255_is_identity(&sum) ? PS_OK : PS_E_VERIFY;
}
