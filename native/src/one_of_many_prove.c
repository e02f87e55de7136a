/* One-of-many proofs: the prover. */
#include "one_of_many.h"

#include <string.h>

#include "bytes.h"
#include "ct.h"

/* Everything that is secret, in one place that is wiped. */
typedef struct {
    ps_scalar secret;
    /* Nonces, in the order in which they are drawn. */
    ps_scalar a[BASE * DIGITS]; /* a_(j,0) is minus the sum of the others */
    ps_scalar blind[2];         /* of A and of B_0 */
    ps_scalar rho[DIGITS + 1];  /* and the secret, after the last */
    ps_scalar bit[BASE * DIGITS];
    ps_scalar committed[PS_ONE_OF_MANY_BASES];
    ps_ristretto255 sum[DIGITS + 1];    /* of the fold */
    ps_ristretto255 masked[DIGITS + 1]; /* rho*B, or rho*U */
    ps_ristretto255 factor[DIGITS + 1];
    ps_transcript nonces;
} prover;

/* B, Q, U and T. */
typedef struct {
    ps_ristretto255 base, offset, tag_base, tag;
} statement_elements;

/* As `cut` has it. */
size_t ps_one_of_many_prove_limbs(size_t count, size_t columns)
{
    size_t combined = columns > 1 ? count : 0;
    size_t elements = 2 * combined + ps_one_of_many_fold_elements(count);
    size_t bytes = elements * sizeof(ps_ristretto255)
                 + combined * sizeof(ps_scalar) + sizeof(prover);

    return ps_ristretto255_msm_limbs(PS_ONE_OF_MANY_BASES)
         + (bytes + sizeof(ps_limb) - 1) / sizeof(ps_limb);
}

static void draw(prover *p, const ps_transcript *transcript, size_t digits,
                 size_t index, const uint8_t *secret32, const uint8_t *rand32)
{
    uint8_t position[8];

    ps_store64_le(position, index);
    p->nonces = *transcript;
    ps_transcript_absorb(&p->nonces, "secret", secret32, 32);
    ps_transcript_absorb(&p->nonces, "index", position, sizeof position);
    ps_transcript_absorb(&p->nonces, "rand", rand32, 32);
    ps_wipe(position, sizeof position);
    for (size_t j = 0; j < digits; j++) {
        ps_scalar *a = p->a + BASE * j;
        for (size_t d = 1; d < BASE; d++) {
            ps_transcript_challenge_scalar(&a[d], &p->nonces, "nonce");
        }
        ps_scalar_add(&a[0], &a[1], &a[2]);
        ps_scalar_add(&a[0], &a[0], &a[3]);
        ps_scalar_neg(&a[0], &a[0]);
    }
    for (size_t i = 0; i < 2; i++) {
        ps_transcript_challenge_scalar(&p->blind[i], &p->nonces, "nonce");
    }
    for (size_t j = 0; j < digits; j++) {
        ps_transcript_challenge_scalar(&p->rho[j], &p->nonces, "nonce");
    }
    p->rho[digits] = p->secret;
}

/* The digits of the index, one-hot. */
static void spell(prover *p, size_t digits, size_t index)
{
    for (size_t i = 0; i < BASE * digits; i++) {
        ps_limb digit = ((ps_limb)index >> (2 * (i / BASE))) & (BASE - 1);
        ps_scalar_from_u64(&p->bit[i], ct_mask_equal(digit, i % BASE) & 1);
    }
}

/* Commit to two vectors of 4*m scalars, which stand in `committed`. */
static void commit(ps_ristretto255 *commitment, prover *p, size_t digits,
                   const ps_scalar *blind, const ps_one_of_many_bases *bases,
                   const ps_backend *backend, ps_limb *scratch)
{
    for (size_t i = BASE * digits; i < BASE * DIGITS; i++) {
        ps_scalar_from_u64(&p->committed[BITS + i], 0);
        ps_scalar_from_u64(&p->committed[PRODUCTS + i], 0);
    }
    p->committed[0] = *blind;
    ps_ristretto255_msm(commitment, p->committed, bases->element,
                        PS_ONE_OF_MANY_BASES, backend, scratch);
}

/* A to a and -a^2, B_0 to the bits and a*(1 - 2*bit). */
static void commit_digits(ps_ristretto255 *ab, prover *p, size_t digits,
                          const ps_one_of_many_bases *bases,
                          const ps_backend *backend, ps_limb *scratch)
{
    ps_scalar one, odd;

    for (size_t i = 0; i < BASE * digits; i++) {
        p->committed[BITS + i] = p->a[i];
        ps_scalar_mul(&odd, &p->a[i], &p->a[i]);
        ps_scalar_neg(&p->committed[PRODUCTS + i], &odd);
    }
    commit(&ab[0], p, digits, &p->blind[0], bases, backend, scratch);

    ps_scalar_from_u64(&one, 1);
    for (size_t i = 0; i < BASE * digits; i++) {
        p->committed[BITS + i] = p->bit[i];
        ps_scalar_sub(&odd, &one, &p->bit[i]);
        ps_scalar_sub(&odd, &odd, &p->bit[i]);
        ps_scalar_mul(&p->committed[PRODUCTS + i], &p->a[i], &odd);
    }
    commit(&ab[1], p, digits, &p->blind[1], bases, backend, scratch);
    ps_wipe(&odd, sizeof odd);
}

/* masked[j] = rho_j * base; the last is secret * base. */
static void mask(prover *p, const ps_ristretto255 *base, size_t digits,
                 const ps_backend *backend)
{
    for (size_t j = 0; j <= digits; j++) {
        p->factor[j] = *base;
    }
    ps_ristretto255_mul(p->masked, p->rho, p->factor, digits + 1, backend);
}

/* The elements of a proof, and whether the statement is true. */
static ps_limb elements(ps_ristretto255 *out, prover *p,
                        const statement_elements *s, size_t digits,
                        uint32_t tagged, const ps_backend *backend)
{
    ps_ristretto255 expected;
    ps_limb holds;

    mask(p, &s->base, digits, backend);
    for (size_t j = 0; j < digits; j++) {
        ps_ristretto255_add(&out[2 + j], &p->sum[j], &p->masked[j]);
    }
    ps_ristretto255_sub(&expected, &p->sum[digits], &s->offset);
    holds = ps_ristretto255_is_equal(&expected, &p->masked[digits]);
    ps_wipe(&expected, sizeof expected);
    if (tagged) {
        mask(p, &s->tag_base, digits, backend);
        for (size_t j = 0; j < digits; j++) {
            out[2 + digits + j] = p->masked[j];
        }
        holds &= ps_ristretto255_is_equal(&s->tag, &p->masked[digits]);
    }
    return holds;
}

/* f = bit*xi + a, z_A = r_A + xi*r_B, z = x*xi^m - sum rho_j*xi^j. */
static void respond(uint8_t *out, prover *p, size_t digits,
                    const ps_scalar *xi)
{
    ps_scalar response, power;

    for (size_t i = 0; i < BASE * digits; i++) {
        if (i % BASE != 0) {
            ps_scalar_mul_add(&response, &p->bit[i], xi, &p->a[i]);
            ps_scalar_to_bytes(out, &response);
            out += 32;
        }
    }
    ps_scalar_mul_add(&response, &p->blind[1], xi, &p->blind[0]);
    ps_scalar_to_bytes(out, &response);
    out += 32;
    ps_scalar_from_u64(&power, 1);
    ps_scalar_from_u64(&response, 0);
    for (size_t j = 0; j < digits; j++) {
        ps_scalar_mul_add(&response, &p->rho[j], &power, &response);
        ps_scalar_mul(&power, &power, xi);
    }
    ps_scalar_neg(&response, &response);
    ps_scalar_mul_add(&response, &p->secret, &power, &response);
    ps_scalar_to_bytes(out, &response);
}

static ps_status decode_statement(statement_elements *s,
                                  const ps_one_of_many_statement *statement,
                                  const ps_backend *backend)
{
    uint8_t bytes[4 * 32];
    ps_ristretto255 e[4];
    size_t bad;
    ps_status status;

    memcpy(bytes, statement->base, 32);
    memcpy(bytes + 32, statement->offset, 32);
    memcpy(bytes + 64, statement->tag_base, 32);
    memcpy(bytes + 96, statement->tag, 32);
    status = ps_ristretto255_decode(e, &bad, bytes, statement->tagged ? 4 : 2,
                                    backend);
    if (status != PS_OK) {
        return status;
    }
    s->base = e[0];
    s->offset = e[1];
    if (statement->tagged) {
        s->tag_base = e[2];
        s->tag = e[3];
    }
    if (ps_ristretto255_is_identity(&s->base)
        || (statement->tagged && (ps_ristretto255_is_identity(&s->tag_base)
                                  || ps_ristretto255_is_identity(&s->tag)))) {
        return PS_E_VERIFY;
    }
    return PS_OK;
}

/* What the scratch is cut into. */
typedef struct {
    ps_ristretto255 *rows, *term, *fold;
    ps_scalar *weight;
    ps_limb *msm;
    prover *p;
} room;

static room cut(ps_limb *scratch, size_t count, size_t columns)
{
    size_t combined = columns > 1 ? count : 0;
    room r;

    r.rows = (ps_ristretto255 *)(void *)scratch;
    r.term = r.rows + combined;
    r.fold = r.term + combined;
    r.weight = (ps_scalar *)(void *)(r.fold
                                     + ps_one_of_many_fold_elements(count));
    r.msm = (ps_limb *)(void *)(r.weight + combined);
    r.p = (prover *)(void *)(r.msm
                             + ps_ristretto255_msm_limbs(PS_ONE_OF_MANY_BASES));
    return r;
}

/* rows[i] = sum_j weight_j * C_ij; all of it is public. */
static ps_status combine(const ps_ristretto255 **rows, room *r,
                         const ps_one_of_many_list *list,
                         const uint8_t *weights, const ps_backend *backend)
{
    ps_scalar weight[PS_ONE_OF_MANY_COLUMNS];
    size_t bad;
    ps_status status = ps_scalar_decode(weight, &bad, weights, list->columns);

    *rows = list->columns == 1 ? list->elements : r->rows;
    if (status != PS_OK || list->columns == 1) {
        return status;
    }
    for (size_t j = 0; j < list->columns; j++) {
        for (size_t i = 0; i < list->count; i++) {
            r->weight[i] = weight[j];
        }
        ps_ristretto255_mul_vartime(r->term, r->weight,
                                    list->elements + j * list->count,
                                    list->count, backend);
        for (size_t i = 0; i < list->count; i++) {
            if (j == 0) {
                r->rows[i] = r->term[i];
            } else {
                ps_ristretto255_add(&r->rows[i], &r->rows[i], &r->term[i]);
            }
        }
    }
    return PS_OK;
}

/* A secret index that is out of range makes a public refusal. Below 2^32 the
 * difference borrows exactly when index < count. */
static int is_in(size_t index, size_t count)
{
    ps_limb wide = (ps_limb)index;
    ps_limb in = ct_mask_zero(wide >> 32)
               & ct_mask((wide - (ps_limb)count) >> 63);

    in &= 1;
    PS_PUBLIC(&in, sizeof in);
    return in == 1;
}

static ps_status prove(uint8_t *proof, ps_transcript *transcript,
                       const ps_one_of_many_list *list,
                       const ps_one_of_many_statement *statement, size_t index,
                       const uint8_t *secret32, const uint8_t *rand32,
                       const ps_one_of_many_bases *bases,
                       const ps_backend *backend, room *r)
{
    size_t digits = ps_one_of_many_digits(list->count);
    size_t total = elements_of(digits, statement->tagged);
    prover *p = r->p;
    statement_elements s;
    const ps_ristretto255 *rows;
    ps_ristretto255 out[ELEMENTS];
    ps_scalar xi;
    ps_limb holds;
    ps_status status = ps_scalar_from_bytes(&p->secret, secret32);

    PS_PUBLIC(&status, sizeof status);
    if (status == PS_OK) {
        status = decode_statement(&s, statement, backend);
    }
    if (status == PS_OK) {
        status = combine(&rows, r, list, statement->weights, backend);
    }
    if (status != PS_OK) {
        return status;
    }
    ps_one_of_many_absorb(transcript, list, statement);
    draw(p, transcript, digits, index, secret32, rand32);
    spell(p, digits, index);
    ps_one_of_many_fold(p->sum, rows, list->count, p->a, index, backend,
                        r->fold);
    holds = elements(out, p, &s, digits, statement->tagged, backend);
    PS_PUBLIC(&holds, sizeof holds);
    if (!holds) {
        ps_wipe(out, sizeof out);
        return PS_E_VERIFY;
    }
    commit_digits(out, p, digits, bases, backend, r->msm);
    ps_ristretto255_encode(proof, out, total, backend);
    PS_PUBLIC(proof, 32 * total);
    ps_one_of_many_challenge(&xi, transcript, proof, digits,
                             statement->tagged);
    respond(proof + 32 * total, p, digits, &xi);
    PS_PUBLIC(proof + 32 * total, 32 * scalars_of(digits));
    ps_one_of_many_respond(transcript, proof, digits, statement->tagged);
    return PS_OK;
}

ps_status ps_one_of_many_prove(uint8_t *proof, ps_transcript *transcript,
                               const ps_one_of_many_list *list,
                               const ps_one_of_many_statement *statement,
                               size_t index, const uint8_t *secret32,
                               const uint8_t *rand32,
                               const ps_one_of_many_bases *bases,
                               const ps_backend *backend, ps_limb *scratch)
{
    ps_status status = PS_E_RANGE;
    room r;

    if (!ps_one_of_many_is_shaped(list, statement)) {
        return PS_E_RANGE;
    }
    if (is_in(index, list->count)) {
        r = cut(scratch, list->count, list->columns);
        status = prove(proof, transcript, list, statement, index, secret32,
                       rand32, bases, backend, &r);
        ps_wipe(scratch, sizeof(ps_limb) * ps_one_of_many_prove_limbs(
                                               list->count, list->columns));
    }
    if (status != PS_OK) {
        memset(proof, 0, ps_one_of_many_len(list->count, statement->tagged));
    }
    return status;
}
