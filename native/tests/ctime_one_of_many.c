/* The prover of one-of-many proofs with secret index, secret and randomness:
 * under Valgrind no branch and no address depends on them. */
#include "check.h"

#include "privshare/ps_one_of_many.h"

enum { COUNT = 18, COLUMNS = 2 };

static ps_one_of_many_bases bases;
static ps_ristretto255 elements[COLUMNS * COUNT];
static const uint8_t digest[32] = {1};
static const ps_backend *backend;

/* A true statement about row `index` of a list of so many columns. */
static void set_up(ps_one_of_many_statement *s, uint8_t *secret32,
                   size_t columns, size_t index)
{
    ps_ristretto255 base, tag, offset, scaled;
    ps_scalar x;
    uint8_t wide[64];

    memset(s, 0, sizeof *s);
    ps_ristretto255_base(&base);
    ps_ristretto255_identity(&offset);
    for (size_t i = 0; i < columns * COUNT; i++) {
        pseudo_random(wide, sizeof wide);
        ps_ristretto255_from_uniform(&elements[i], wide, 1, backend);
    }
    for (size_t j = 0; j < columns; j++) {
        ps_scalar_from_u64(&x, 1 + j);
        ps_scalar_to_bytes(s->weights + 32 * j, &x);
        ps_ristretto255_mul(&scaled, &x, &elements[j * COUNT + index], 1,
                            backend);
        ps_ristretto255_add(&offset, &offset, &scaled);
    }
    pseudo_random(wide, sizeof wide);
    ps_scalar_from_wide(&x, wide);
    ps_scalar_to_bytes(secret32, &x);
    ps_ristretto255_mul(&scaled, &x, &base, 1, backend);
    ps_ristretto255_sub(&offset, &offset, &scaled);
    ps_ristretto255_mul(&tag, &x, &elements[0], 1, backend);
    s->tagged = 1;
    ps_ristretto255_encode(s->base, &base, 1, backend);
    ps_ristretto255_encode(s->offset, &offset, 1, backend);
    ps_ristretto255_encode(s->tag_base, &elements[0], 1, backend);
    ps_ristretto255_encode(s->tag, &tag, 1, backend);
}

static void prove(size_t columns, size_t index, ps_status expected)
{
    ps_one_of_many_list list = {elements, digest, COUNT, columns};
    ps_one_of_many_statement s;
    ps_transcript t;
    uint8_t proof[1088], secret32[32], rand32[32];
    size_t limbs = ps_one_of_many_prove_limbs(COUNT, columns);
    ps_limb *scratch = calloc(limbs, sizeof *scratch);

    CHECK(scratch != NULL);
    set_up(&s, secret32, columns, index < COUNT ? index : 0);
    secret32[0] ^= expected == PS_E_VERIFY;
    pseudo_random(rand32, sizeof rand32);
    ps_transcript_init(&t, (const uint8_t *)"ctime", 5);
    PS_SECRET(secret32, sizeof secret32);
    PS_SECRET(rand32, sizeof rand32);
    PS_SECRET(&index, sizeof index);
    CHECK(ps_one_of_many_prove(proof, &t, &list, &s, index, secret32, rand32,
                               &bases, backend, scratch) == expected);
    free(scratch);
}

static void everything(void)
{
    ps_one_of_many_bases_init(&bases, backend);
    for (size_t columns = 1; columns <= COLUMNS; columns++) {
        prove(columns, 11, PS_OK);
        prove(columns, COUNT - 1, PS_OK);
    }
    prove(1, 11, PS_E_VERIFY);
    prove(1, COUNT, PS_E_RANGE);
}

int main(void)
{
    backend = ps_backend_portable();
    everything();
    backend = ps_backend_best();
    everything();
    printf("ctime, one-of-many: ok (portable and %s)\n",
           ps_backend_name(backend));
    return 0;
}
