/* A group so small that everything in it can be tried.
 *
 * tiny_group.c implements ps_scalar.h and ps_ristretto255.h over the integers
 * modulo a small prime q, with generator 1: every group of order q is this
 * one. tiny_transcript.c implements ps_transcript.h with challenges that a
 * test can choose. Linked in the place of src/ristretto255 and transcript.c,
 * they run the very objects of the schemes above, unchanged.
 *
 * Encodings: 32 bytes, the value in the first, all others zero.
 */
#ifndef PRIVSHARE_TESTS_TINY_GROUP_H
#define PRIVSHARE_TESTS_TINY_GROUP_H

#include "privshare/ps_ristretto255_set.h"
#include "privshare/ps_transcript.h"

/* q: a prime below 256; 13 at first. */
extern unsigned tiny_order;

/* What the next calls of ps_transcript_challenge_scalar return, in order; when
 * none are left, the sponge decides, modulo q. */
void tiny_choose(const unsigned *challenges, size_t count);

/* How many challenges were drawn since the last tiny_choose. */
size_t tiny_drawn(void);

static inline unsigned tiny_value(const ps_ristretto255 *p)
{
    return (unsigned)p->x[0];
}

static inline ps_scalar tiny_scalar(unsigned x)
{
    ps_scalar s = {{x % tiny_order, 0, 0, 0}};
    return s;
}

static inline ps_ristretto255 tiny_element(unsigned x)
{
    ps_ristretto255 p = {{x % tiny_order}, {0}, {0}, {0}};
    return p;
}

#endif
