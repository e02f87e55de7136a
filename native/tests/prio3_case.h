/* Kinds of reports that the tests of Prio3 share. */
#ifndef PRIVSHARE_TESTS_PRIO3_CASE_H
#define PRIVSHARE_TESTS_PRIO3_CASE_H

#include "check.h"
#include "privshare/ps_prio3.h"

enum { PRIO3_CASES = 11, PRIO3_NUMBERS = 7, PRIO3_BYTES = 1 << 15 };

typedef struct {
    uint32_t circuit, shares, length;
    uint64_t max;
    uint32_t chunk, proofs;
    uint64_t measurement[PRIO3_NUMBERS]; /* one that is allowed */
    uint64_t outside;                    /* what its first number may not be */
} prio3_case;

static const prio3_case prio3_cases[PRIO3_CASES] = {
    {PS_PRIO3_COUNT, 2, 1, 0, 1, 1, {1}, 2},
    {PS_PRIO3_CUBIC, 2, 1, 0, 1, 1, {2}, 3},
    {PS_PRIO3_SUM, 2, 1, 1, 1, 1, {1}, 2},
    {PS_PRIO3_SUM, 2, 1, 1337, 1, 1, {1337}, 1338},
    {PS_PRIO3_SUM, 3, 1, ((uint64_t)1 << 63) - 1, 1, 1,
     {((uint64_t)1 << 63) - 1}, (uint64_t)1 << 63},
    {PS_PRIO3_SUM_VEC, 2, 7, 12, 4, 1, {12, 0, 5, 8, 7, 11, 1}, 13},
    {PS_PRIO3_SUM_VEC, 2, 2, ((uint64_t)1 << 63) - 1, 11, 1,
     {0, ((uint64_t)1 << 63) - 1}, ~(uint64_t)0},
    {PS_PRIO3_HISTOGRAM, 2, 7, 0, 3, 1, {6}, 7},
    {PS_PRIO3_HISTOGRAM, 4, 1, 0, 5, 1, {0}, 1},
    {PS_PRIO3_MULTIHOT, 2, 7, 3, 2, 1, {0, 1, 0, 1, 0, 0, 1}, 2},
    {PS_PRIO3_SUM_VEC_MULTI, 2, 5, 9, 3, 3, {9, 0, 4, 8, 7}, 10},
};

static inline ps_prio3 prio3_of(const prio3_case *c)
{
    ps_prio3 vdaf;

    CHECK(ps_prio3_init(&vdaf, c->circuit, c->shares, c->length, c->max,
                        c->chunk, c->proofs) == PS_OK);
    CHECK(vdaf.scratch_limbs * sizeof(ps_limb) <= PRIO3_BYTES);
    CHECK(vdaf.leader_share_bytes <= PRIO3_BYTES / 4);
    return vdaf;
}

#endif
