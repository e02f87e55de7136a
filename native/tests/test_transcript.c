/* Challenges that hashlib.shake_128 of Python computed from the layout. */
#include "check.h"
#include "privshare/ps_transcript.h"

static void begin(ps_transcript *t)
{
    const char *protocol = "example/v1", *hello = "hello";

    ps_transcript_init(t, (const uint8_t *)protocol, strlen(protocol));
    ps_transcript_absorb(t, "message", (const uint8_t *)hello, 5);
}

/* Length and label of a challenge are part of it. */
static void examples(void)
{
    ps_transcript t;
    uint8_t e[64];

    begin(&t);
    ps_transcript_challenge(e, 8, &t, "e");
    CHECK(equals_hex(e, 8, "0a3a31ee3a71d7dd"));
    begin(&t);
    ps_transcript_challenge(e, 64, &t, "e");
    CHECK(equals_hex(e, 64, "686fd0d34c1520dc3bfeb5081d75945e"
                            "14f167bad75c3a492f00790a1e308723"
                            "17c9464e89578c10e40df262bccc7607"
                            "a0de7a69985291ae67ee37ff69be3d0a"));
}

/* What follows a challenge depends on it; data longer than a block. */
static void goes_on(void)
{
    ps_transcript t, fork;
    uint8_t e[200], data[400];

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i % 251);
    }
    begin(&t);
    ps_transcript_challenge(e, 64, &t, "e");
    ps_transcript_absorb(&t, "commitment", data, sizeof data);
    fork = t;
    ps_transcript_challenge(e, 32, &t, "f");
    CHECK(equals_hex(e, 32, "07d4be03b2853f3517d927bdddfc485f"
                            "5cbf2c455b7e42462d6a671148279e2f"));
    ps_transcript_challenge(e, sizeof e, &fork, "g");
    CHECK(equals_hex(e, 16, "77282435d385fce877df25a270c2b1b2"));
    CHECK(equals_hex(e + 184, 16, "f105debd5049e47acf6605f1c87456f2"));
}

/* The 64 bytes of the second example modulo l. */
static void scalars(void)
{
    ps_transcript t;
    ps_scalar c;
    uint8_t bytes[32];

    begin(&t);
    ps_transcript_challenge_scalar(&c, &t, "e");
    ps_scalar_to_bytes(bytes, &c);
    CHECK(equals_hex(bytes, 32, "6ef42ba1d37d8213c9eaa451dcdb757d"
                                "d1ca114e6822fc4ef37893801814ed0c"));
}

/* Nothing absorbed, nothing named, and the longest label. */
static void edges(void)
{
    ps_transcript t;
    char label[256];
    uint8_t e;

    memset(label, 'x', 255);
    label[255] = 0;
    ps_transcript_init(&t, NULL, 0);
    ps_transcript_absorb(&t, label, NULL, 0);
    ps_transcript_challenge(&e, 1, &t, "y");
    CHECK(e == 0x56);
}

int main(void)
{
    examples();
    goes_on();
    scalars();
    edges();
    printf("transcript: ok\n");
    return 0;
}
