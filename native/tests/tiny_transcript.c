/* The transcript with challenges that a test chooses (tiny_group.h). */
#define ps_transcript_challenge_scalar sponge_challenge_scalar
#include "../src/transcript.c"
#undef ps_transcript_challenge_scalar

#include "tiny_group.h"

enum { MOST = 64 };

static unsigned chosen[MOST];
static size_t chosen_count, drawn;

void tiny_choose(const unsigned *challenges, size_t count)
{
    chosen_count = count < MOST ? count : MOST;
    ps_copy(chosen, challenges, chosen_count * sizeof *chosen);
    drawn = 0;
}

size_t tiny_drawn(void)
{
    return drawn;
}

/* The sponge takes the step in any case, so that later ones depend on it. */
void ps_transcript_challenge_scalar(ps_scalar *c, ps_transcript *t,
                                    const char *label)
{
    uint8_t wide[64];

    if (drawn < chosen_count) {
        step(t, OP_CHALLENGE, label, sizeof wide);
        ps_scalar_from_u64(c, chosen[drawn]);
    } else {
        ps_transcript_challenge(wide, sizeof wide, t, label);
        ps_scalar_from_wide(c, wide);
    }
    drawn++;
}
