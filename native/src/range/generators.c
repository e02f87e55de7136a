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

size_t ps_range_generators_limbs(size_t parties)
{
    return range_places(parties)
         * (sizeof(ps_ristretto255) / sizeof(ps_limb)
            + PS_RISTRETTO255_SET_LIMBS);
}

/* G and H, with the tables of their multiples. */
static void make_bases(ps_range_generators *gens, ps_ristretto255 *points,
                       const ps_backend *backend)
{
    uint8_t uniform[64];

    ps_ristretto255_base(&points[0]);
    ps_ristretto255_encode(gens->bases64, &points[0], 1, backend);
    ps_sha3_512_digest(uniform, gens->bases64, 32);
    ps_ristretto255_from_uniform(&points[1], uniform, 1, backend);
    ps_ristretto255_encode(gens->bases64 + 32, &points[1], 1, backend);
    ps_ristretto255_table_init(&gens->value_table, &points[0], backend);
    ps_ristretto255_table_init(&gens->blinding_table, &points[1], backend);
}

void ps_range_generators_init(ps_range_generators *gens, ps_limb *memory,
                              size_t parties, const ps_backend *backend)
{
    size_t places = range_places(parties);
    range_room room = {memory, 0};
    ps_ristretto255 *points = range_points(&room, places);

    memset(gens, 0, sizeof *gens);
    gens->parties = parties;
    gens->points = points;
    make_bases(gens, points, backend);
    for (size_t j = 0; j < parties; j++) {
        ps_ristretto255 *first = points + range_places(j);

        chain(first, 'G', j, backend);
        chain(first + RANGE_GENERATORS, 'H', j, backend);
    }
    ps_ristretto255_set_init_vartime(
        &gens->set, range_take(&room, places * PS_RISTRETTO255_SET_LIMBS),
        points, places, backend);
}
