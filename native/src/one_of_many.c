/* One-of-many proofs: bases, lengths and what the challenge depends on. */
#include "one_of_many.h"

#include "bytes.h"

static const char seed[] = "privshare/one-of-many/bases/v1";

void ps_one_of_many_bases_init(ps_one_of_many_bases *bases,
                               const ps_backend *backend)
{
    uint8_t uniform[64 * PS_ONE_OF_MANY_BASES];

    ps_shake128_digest(uniform, sizeof uniform, (const uint8_t *)seed,
                       sizeof seed - 1);
    ps_ristretto255_from_uniform(bases->element, uniform, PS_ONE_OF_MANY_BASES,
                                 backend);
}

size_t ps_one_of_many_digits(size_t count)
{
    size_t digits = 1;

    while (((size_t)1 << (2 * digits)) < count) {
        digits++;
    }
    return digits;
}

size_t ps_one_of_many_len(size_t count, uint32_t tagged)
{
    size_t digits = ps_one_of_many_digits(count);

    return 32 * (elements_of(digits, tagged) + scalars_of(digits));
}

int ps_one_of_many_is_shaped(const ps_one_of_many_list *list,
                             const ps_one_of_many_statement *statement)
{
    static const uint8_t one[32] = {1};

    return list->count >= 2 && list->count <= PS_ONE_OF_MANY_MAX
        && list->columns >= 1 && list->columns <= PS_ONE_OF_MANY_COLUMNS
        && statement->tagged <= 1
        && (list->columns > 1 || memcmp(statement->weights, one, 32) == 0);
}

static void absorb_int(ps_transcript *transcript, const char *label,
                       uint64_t value)
{
    uint8_t bytes[8];

    ps_store64_le(bytes, value);
    ps_transcript_absorb(transcript, label, bytes, sizeof bytes);
}

void ps_one_of_many_absorb(ps_transcript *transcript,
                           const ps_one_of_many_list *list,
                           const ps_one_of_many_statement *statement)
{
    ps_transcript_absorb(transcript, "proof", (const uint8_t *)"one-of-many/v1",
                         14);
    absorb_int(transcript, "count", list->count);
    absorb_int(transcript, "columns", list->columns);
    ps_transcript_absorb(transcript, "list", list->digest32, 32);
    ps_transcript_absorb(transcript, "weights", statement->weights,
                         32 * list->columns);
    ps_transcript_absorb(transcript, "base", statement->base, 32);
    ps_transcript_absorb(transcript, "offset", statement->offset, 32);
    absorb_int(transcript, "tagged", statement->tagged);
    if (statement->tagged) {
        ps_transcript_absorb(transcript, "tag-base", statement->tag_base, 32);
        ps_transcript_absorb(transcript, "tag", statement->tag, 32);
    }
}

void ps_one_of_many_challenge(ps_scalar *xi, ps_transcript *transcript,
                              const uint8_t *proof, size_t digits,
                              uint32_t tagged)
{
    ps_transcript_absorb(transcript, "commitments", proof,
                         32 * elements_of(digits, tagged));
    ps_transcript_challenge_scalar(xi, transcript, "xi");
}

void ps_one_of_many_respond(ps_transcript *transcript, const uint8_t *proof,
                            size_t digits, uint32_t tagged)
{
    ps_transcript_absorb(transcript, "responses",
                         proof + 32 * elements_of(digits, tagged),
                         32 * scalars_of(digits));
}
