/* Shapes, and the generators of a range proof. */
#include "range.h"

#include "../bytes.h"

static int is_power_of_two(size_t x)
{
    return x != 0 && (x & (x - 1)) == 0;
}

ps_status ps_range_shape_open(range_shape *s, ps_range_shape given)
{
    memset(s, 0, sizeof *s);
    if (!is_power_of_two(given.bits) || given.bits > PS_RANGE_MAX_BITS
        || given.count == 0 || given.count > PS_RANGE_MAX_COUNT) {
        return PS_E_RANGE;
    }
    s->bits = given.bits;
    s->count = given.count;
    s->padded = 1;
    while (s->padded < s->count) {
        s->padded *= 2;
    }
    s->length = s->bits * s->padded;
    while (((size_t)1 << s->rounds) < s->length) {
        s->rounds++;
    }
    return PS_OK;
}

size_t ps_range_proof_len(ps_range_shape shape)
{
    range_shape s;

    return ps_range_shape_open(&s, shape) == PS_OK ? range_proof_len(&s) : 0;
}

/* The generators of one kind, 'G' or 'H', of one party. */
static void chain(ps_ristretto255 *out, char kind, size_t party,
                  const ps_backend *backend)
{
    static const char name[] = "GeneratorsChain";
    uint8_t label[sizeof name - 1 + 5], uniform[64 * RANGE_GENERATORS];

    memcpy(label, name, sizeof name - 1);
    label[sizeof label - 5] = (uint8_t)kind;
    label[sizeof label - 4] = (uint8_t)party; /* u32, little-endian, below 32 */
    memset(label + sizeof label - 3, 0, 3);
    ps_shake256_digest(uniform, sizeof uniform, label, sizeof label);
    ps_ristretto255_from_uniform(out, uniform, RANGE_GENERATORS, backend);
}

void ps_range_generators_init(ps_range_generators *gens,
                              ps_ristretto255 *memory, size_t parties,
                              const ps_backend *backend)
{
    uint8_t uniform[64];

    memset(gens, 0, sizeof *gens);
    gens->parties = parties;
    gens->points = memory;
    ps_ristretto255_base(&gens->value_base);
    ps_ristretto255_encode(gens->bases64, &gens->value_base, 1, backend);
    ps_sha3_512_digest(uniform, gens->bases64, 32);
    ps_ristretto255_from_uniform(&gens->blinding_base, uniform, 1, backend);
    ps_ristretto255_encode(gens->bases64 + 32, &gens->blinding_base, 1,
                           backend);
    ps_ristretto255_table_init(&gens->value_table, &gens->value_base, backend);
    ps_ristretto255_table_init(&gens->blinding_table, &gens->blinding_base,
                               backend);
    for (size_t j = 0; j < parties; j++) {
        chain(memory, 'G', j, backend);
        chain(memory + RANGE_GENERATORS, 'H', j, backend);
        memory += 2 * RANGE_GENERATORS;
    }
}

void ps_range_basis(ps_ristretto255 *out, size_t bits, size_t padded,
                    const ps_range_generators *gens)
{
    const ps_ristretto255 *in = gens->points;

    *out++ = gens->value_base;
    *out++ = gens->blinding_base;
    for (size_t kind = 0; kind < 2 * padded; kind++) {
        memcpy(out, in, bits * sizeof *out);
        out += bits;
        in += RANGE_GENERATORS;
    }
}
