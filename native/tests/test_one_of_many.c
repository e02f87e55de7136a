/* One-of-many proofs over ristretto255: what the contract says. */
#include "check.h"

#include "privshare/ps_one_of_many.h"

enum { LONGEST = 65, WIDEST = 3, BATCH = 35, CANARY = 16 };

static ps_one_of_many_bases bases;
static ps_ristretto255 elements[LONGEST * WIDEST], base, scope;
static ps_scalar secrets[LONGEST * WIDEST];
static const uint8_t digest[32] = {1, 2, 3}, zeros[32];
static const ps_backend *backend;
static uint64_t *scratch;
static size_t scratch_limbs;

static void scalar(ps_scalar *s)
{
    uint8_t wide[64];

    pseudo_random(wide, sizeof wide);
    ps_scalar_from_wide(s, wide);
}

static void element(ps_ristretto255 *p)
{
    uint8_t wide[64];

    pseudo_random(wide, sizeof wide);
    ps_ristretto255_from_uniform(p, wide, 1, backend);
}

/* Scratch of exactly so many limbs, full of rubbish, with a canary behind. */
static ps_limb *room(size_t limbs)
{
    free(scratch);
    scratch = malloc((limbs + CANARY) * sizeof *scratch);
    CHECK(scratch != NULL);
    memset(scratch, 0xa5, (limbs + CANARY) * sizeof *scratch);
    scratch_limbs = limbs;
    return scratch;
}

static void check_canary(void)
{
    for (size_t i = 0; i < CANARY; i++) {
        CHECK(scratch[scratch_limbs + i] == 0xa5a5a5a5a5a5a5a5);
    }
}

static void check_wiped(void)
{
    for (size_t i = 0; i < scratch_limbs; i++) {
        CHECK(scratch[i] == 0);
    }
    check_canary();
}

/* A list of columns times count elements secret * base, and a statement that is
 * true of the row `index`. */
static void set_up(ps_one_of_many_list *list, ps_one_of_many_statement *s,
                   ps_scalar *secret, size_t count, size_t columns,
                   size_t index, uint32_t tagged)
{
    ps_ristretto255 tag, offset;
    ps_scalar weight, blind;

    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < count * columns; i++) {
        scalar(&secrets[i]);
        ps_ristretto255_mul(&elements[i], &secrets[i], &base, 1, backend);
    }
    scalar(&blind);
    ps_scalar_neg(secret, &blind);
    for (size_t j = 0; j < columns; j++) {
        ps_scalar_from_u64(&weight, columns == 1 ? 1 : 5 + j);
        ps_scalar_to_bytes(s->weights + 32 * j, &weight);
        ps_scalar_mul_add(secret, &weight, &secrets[count * j + index], secret);
    }
    ps_ristretto255_mul(&offset, &blind, &base, 1, backend);
    ps_ristretto255_encode(s->base, &base, 1, backend);
    ps_ristretto255_encode(s->offset, &offset, 1, backend);
    s->tagged = tagged;
    if (tagged) {
        ps_ristretto255_mul(&tag, secret, &scope, 1, backend);
        ps_ristretto255_encode(s->tag_base, &scope, 1, backend);
        ps_ristretto255_encode(s->tag, &tag, 1, backend);
    }
    *list = (ps_one_of_many_list){elements, digest, count, columns};
}

static void begin(ps_transcript *t)
{
    ps_transcript_init(t, (const uint8_t *)"test", 4);
}

static ps_status prove(uint8_t *proof, ps_transcript *t,
                       const ps_one_of_many_list *list,
                       const ps_one_of_many_statement *s, size_t index,
                       const ps_scalar *secret)
{
    uint8_t secret32[32];
    ps_limb *limbs = room(ps_one_of_many_prove_limbs(list->count,
                                                     list->columns));
    ps_status status;

    begin(t);
    ps_scalar_to_bytes(secret32, secret);
    status = ps_one_of_many_prove(proof, t, list, s, index, secret32, digest,
                                  &bases, backend, limbs);
    if (status != PS_OK && status != PS_E_RANGE) {
        for (size_t i = 0; i < ps_one_of_many_len(list->count, s->tagged);
             i++) {
            CHECK(proof[i] == 0);
        }
    }
    return status;
}

static ps_status verify(ps_transcript *t, const uint8_t *proof,
                        const ps_one_of_many_list *list,
                        const ps_one_of_many_statement *s)
{
    size_t bad = 99;
    ps_status status;
    ps_limb *limbs = room(ps_one_of_many_verify_limbs(list->count,
                                                      list->columns, 1));

    begin(t);
    status = ps_one_of_many_verify_vartime(&bad, t, proof, s, 1, list, zeros,
                                           &bases, backend, limbs);
    CHECK(bad == (status == PS_E_ENCODING ? 0 : 99));
    check_canary();
    return status;
}

static void shapes(void)
{
    static const size_t counts[] = {2, 3, 4, 5, 16, 17, 33, 64, 65};
    uint8_t proof[1088], again[1088];
    ps_transcript after, checked;
    ps_one_of_many_statement s;
    ps_one_of_many_list list;
    ps_scalar secret;

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (size_t columns = 1; columns <= WIDEST; columns++) {
            size_t index = (i * columns) % counts[i];
            set_up(&list, &s, &secret, counts[i], columns, index, i % 2);
            CHECK(prove(proof, &after, &list, &s, index, &secret) == PS_OK);
            check_wiped();
            CHECK(verify(&checked, proof, &list, &s) == PS_OK);
            CHECK(memcmp(&after, &checked, sizeof after) == 0);
            /* All backends make the same proof. */
            backend = backend == ps_backend_best() ? ps_backend_portable()
                                                   : ps_backend_best();
            CHECK(prove(again, &after, &list, &s, index, &secret) == PS_OK);
            CHECK(memcmp(proof, again, ps_one_of_many_len(counts[i], i % 2))
                  == 0);
        }
    }
}

static void every_bit(void)
{
    uint8_t proof[288];
    ps_one_of_many_statement s;
    ps_one_of_many_list list;
    ps_transcript t;
    ps_scalar secret;

    set_up(&list, &s, &secret, 4, 1, 3, 1);
    CHECK(ps_one_of_many_len(4, 1) == sizeof proof);
    CHECK(prove(proof, &t, &list, &s, 3, &secret) == PS_OK);
    for (size_t bit = 0; bit < 8 * sizeof proof; bit++) {
        ps_status status;
        proof[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        status = verify(&t, proof, &list, &s);
        CHECK(status == PS_E_VERIFY || status == PS_E_ENCODING);
        proof[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    CHECK(verify(&t, proof, &list, &s) == PS_OK);
}

/* Everything of the statement and the list, changed. */
static void every_part(void)
{
    static const uint8_t other[32] = {9};
    uint8_t proof[1088];
    ps_one_of_many_statement s, changed;
    ps_one_of_many_list list, another;
    ps_ristretto255 spare;
    ps_transcript t;
    ps_scalar secret;

    set_up(&list, &s, &secret, 9, 2, 5, 1);
    CHECK(prove(proof, &t, &list, &s, 5, &secret) == PS_OK);
    for (size_t at = 0; at < 4 * 32 + 2 * 32; at += 32) {
        changed = s;
        if (at < 128) { /* base, offset, tag_base, tag stand in this order */
            ps_ristretto255_encode((uint8_t *)&changed + at, &elements[0], 1,
                                   backend);
        } else {
            changed.weights[at - 128] ^= 1;
        }
        CHECK(verify(&t, proof, &list, &changed) == PS_E_VERIFY);
    }
    for (size_t i = 0; i < 18; i++) {
        spare = elements[i];
        element(&elements[i]);
        CHECK(verify(&t, proof, &list, &s) == PS_E_VERIFY);
        elements[i] = spare;
    }
    another = list;
    another.digest32 = other;
    CHECK(verify(&t, proof, &another, &s) == PS_E_VERIFY);
    CHECK(verify(&t, proof, &list, &s) == PS_OK);
    memset(changed.weights, 0xff, 32);
    CHECK(verify(&t, proof, &list, &changed) == PS_E_ENCODING);
}

static void batches(void)
{
    static uint8_t proofs[BATCH * 1088];
    ps_one_of_many_statement s[BATCH];
    ps_one_of_many_list list;
    ps_transcript t[BATCH];
    ps_scalar secret;
    size_t len = ps_one_of_many_len(20, 1), bad = 99;
    ps_limb *limbs;

    set_up(&list, &s[0], &secret, 20, 1, 7, 1);
    for (size_t i = 0; i < BATCH; i++) {
        s[i] = s[0];
        CHECK(prove(proofs + len * i, &t[i], &list, &s[i], 7, &secret)
              == PS_OK);
    }
    limbs = room(ps_one_of_many_verify_limbs(20, 1, BATCH));
    for (size_t wrong = 0; wrong <= BATCH; wrong++) {
        ps_status status;
        for (size_t i = 0; i < BATCH; i++) {
            begin(&t[i]);
            if (i == wrong) {
                ps_transcript_absorb(&t[i], "more", NULL, 0);
            }
        }
        status = ps_one_of_many_verify_vartime(&bad, t, proofs, s, BATCH, &list,
                                               zeros, &bases, backend, limbs);
        CHECK(status == (wrong < BATCH ? PS_E_VERIFY : PS_OK) && bad == 99);
        check_canary();
    }
    for (size_t wrong = 0; wrong < BATCH; wrong++) {
        proofs[len * wrong] ^= 1; /* an odd s is no element's */
        CHECK(ps_one_of_many_verify_vartime(&bad, t, proofs, s, BATCH, &list,
                                            zeros, &bases, backend, limbs)
                  == PS_E_ENCODING && bad == wrong);
        proofs[len * wrong] ^= 1;
        proofs[len * (wrong + 1) - 1] ^= 0x80; /* a scalar of 256 bits */
        CHECK(ps_one_of_many_verify_vartime(&bad, t, proofs, s, BATCH, &list,
                                            zeros, &bases, backend, limbs)
                  == PS_E_ENCODING && bad == wrong);
        proofs[len * (wrong + 1) - 1] ^= 0x80;
    }
    s[3].tagged = 0;
    CHECK(ps_one_of_many_verify_vartime(&bad, t, proofs, s, BATCH, &list, zeros,
                                        &bases, backend, limbs) == PS_E_RANGE);
    CHECK(ps_one_of_many_verify_vartime(&bad, t, proofs, s, 0, &list, zeros,
                                        &bases, backend, limbs) == PS_E_RANGE);
}

static void refusals(void)
{
    uint8_t proof[1088];
    ps_one_of_many_statement s, changed;
    ps_one_of_many_list list, shape;
    ps_transcript t;
    ps_scalar secret, another;

    set_up(&list, &s, &secret, 6, 1, 2, 1);
    scalar(&another);
    CHECK(prove(proof, &t, &list, &s, 2, &another) == PS_E_VERIFY);
    CHECK(prove(proof, &t, &list, &s, 3, &secret) == PS_E_VERIFY);
    check_wiped();
    CHECK(prove(proof, &t, &list, &s, 6, &secret) == PS_E_RANGE);
    CHECK(prove(proof, &t, &list, &s, SIZE_MAX, &secret) == PS_E_RANGE);
    for (size_t at = 0; at < 128; at += 32) {
        changed = s;
        memset((uint8_t *)&changed + at, 0xff, 32);
        CHECK(prove(proof, &t, &list, &changed, 2, &secret) == PS_E_ENCODING);
        CHECK(verify(&t, proof, &list, &changed) == PS_E_ENCODING);
        memset((uint8_t *)&changed + at, 0, 32); /* the identity */
        CHECK(prove(proof, &t, &list, &changed, 2, &secret) == PS_E_VERIFY);
        CHECK(prove(proof, &t, &list, &s, 2, &secret) == PS_OK);
        CHECK(verify(&t, proof, &list, &changed) == PS_E_VERIFY);
    }
    shape = list;
    shape.count = 1;
    CHECK(prove(proof, &t, &shape, &s, 0, &secret) == PS_E_RANGE);
    changed = s;
    changed.weights[0] = 2;
    CHECK(prove(proof, &t, &list, &changed, 2, &secret) == PS_E_RANGE);
    changed = s;
    changed.tagged = 2;
    CHECK(prove(proof, &t, &list, &changed, 2, &secret) == PS_E_RANGE);
}

/* Typed in from Python's hashlib and the page's second implementation. */
static void known_bases(void)
{
    uint8_t bytes[32];

    ps_ristretto255_encode(bytes, &bases.element[0], 1, backend);
    CHECK(equals_hex(bytes, 32, "ecb73d076c57a59fc3aef82f62e66ff8"
                               "335888dbd8f8999f73bd9d68368ce31c"));
    ps_ristretto255_encode(bytes, &bases.element[48], 1, backend);
    CHECK(equals_hex(bytes, 32, "c2b2f83e9e89c9afc121bb5cf80940aa"
                               "b5f9eb3e57ce4c5d1db26df6764c4979"));
}

int main(void)
{
    backend = ps_backend_best();
    ps_one_of_many_bases_init(&bases, backend);
    element(&base);
    element(&scope);
    known_bases();
    shapes();
    every_bit();
    every_part();
    batches();
    refusals();
    free(scratch);
    printf("one-of-many: ok (%s)\n", ps_backend_name(ps_backend_best()));
    return 0;
}
