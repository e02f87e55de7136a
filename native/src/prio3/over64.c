/* Prio3 over the field of 64 bits. */
#include "prio3.h"

#include "field64.h"

/* What the word says is known to everybody from here on: that an element was
 * canonical, that a test point was bad. */
static inline void publish(uint64_t *word)
{
    PS_PUBLIC(word, sizeof *word);
}

#include "ntt_body.h"
#include "circuit_body.h"
#include "flp_body.h"
#include "prio3_body.h"

const ps_prio3_field ps_prio3_field64 = {
    prepare, shard, verify_init, combine, add, expand
};
