/* Merlin's published challenges. */
#include "check.h"
#include "privshare/ps_merlin.h"

/* gtank/merlin, merlin_test.go, TestSimpleTranscript; the same challenge is
 * printed by zkcrypto/merlin, transcript::tests::equivalence_simple. */
static void simple(void)
{
    ps_merlin t;
    uint8_t c[32];

    ps_merlin_init(&t, (const uint8_t *)"test protocol", 13);
    ps_merlin_append(&t, "some label", (const uint8_t *)"some data", 9);
    ps_merlin_challenge(c, sizeof c, &t, "challenge");
    CHECK(equals_hex(c, 32, "d5a21972d0d5fe320c0d263fac7fffb8"
                            "145aa640af6e9bca177c03c7efcf0615"));
}

/* gtank/merlin, merlin_test.go, TestComplexTranscript: messages longer than
 * the rate, and challenges that go on. */
static void long_one(void)
{
    ps_merlin t, fork;
    uint8_t data[1024], c[32], d[32];

    memset(data, 99, sizeof data);
    ps_merlin_init(&t, (const uint8_t *)"test protocol", 13);
    ps_merlin_append(&t, "step1", (const uint8_t *)"some data", 9);
    for (int i = 0; i < 32; i++) {
        fork = t;
        ps_merlin_challenge(c, sizeof c, &t, "challenge");
        ps_merlin_challenge(d, sizeof d, &fork, "challenge");
        CHECK(memcmp(c, d, sizeof c) == 0);
        ps_merlin_append(&t, "bigdata", data, sizeof data);
        ps_merlin_append(&t, "challengedata", c, sizeof c);
    }
    CHECK(equals_hex(c, 32, "a8c933f54fae76e3f9bea93648c1308e"
                            "7dfa2152dd51674ff3ca438351cf003c"));
}

/* A label, a length and an empty message each make a difference. */
static void separation(void)
{
    static const char *const labels[] = {"a", "b", "ab", ""};
    uint8_t c[4][32];

    for (int i = 0; i < 4; i++) {
        ps_merlin t;
        ps_merlin_init(&t, NULL, 0);
        ps_merlin_append(&t, labels[i], NULL, 0);
        ps_merlin_challenge(c[i], 32, &t, "c");
        for (int j = 0; j < i; j++) {
            CHECK(memcmp(c[i], c[j], 32) != 0);
        }
    }
}

int main(void)
{
    simple();
    long_one();
    separation();
    printf("merlin: ok\n");
    return 0;
}
