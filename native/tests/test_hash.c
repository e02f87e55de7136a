/* Published digests, and streams against one-shots on every backend. */
#include "check.h"

/* NIST, "Examples with Intermediate Values", SHA-256 and SHA-512. */
static const char abc[] = "abc";
static const char two_blocks_256[] =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
static const char two_blocks_512[] =
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
    "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

static const uint8_t *bytes(const char *text)
{
    return (const uint8_t *)text;
}

static void sha256_examples(const ps_backend *backend)
{
    uint8_t d[32];

    ps_sha256_digest(d, NULL, 0, backend);
    CHECK(equals_hex(d, 32, "e3b0c44298fc1c149afbf4c8996fb924"
                            "27ae41e4649b934ca495991b7852b855"));
    ps_sha256_digest(d, bytes(abc), 3, backend);
    CHECK(equals_hex(d, 32, "ba7816bf8f01cfea414140de5dae2223"
                            "b00361a396177a9cb410ff61f20015ad"));
    ps_sha256_digest(d, bytes(two_blocks_256), 56, backend);
    CHECK(equals_hex(d, 32, "248d6a61d20638b8e5c026930c3e6039"
                            "a33ce45964ff2167f6ecedd419db06c1"));
}

static void sha512_examples(void)
{
    uint8_t d[64];

    ps_sha512_digest(d, bytes(abc), 3);
    CHECK(equals_hex(d, 64, "ddaf35a193617abacc417349ae204131"
                            "12e6fa4e89a97ea20a9eeee64b55d39a"
                            "2192992a274fc1a836ba3c23a3feebbd"
                            "454d4423643ce80e2a9ac94fa54ca49f"));
    ps_sha512_digest(d, bytes(two_blocks_512), 112);
    CHECK(equals_hex(d, 64, "8e959b75dae313da8cf4f72814fc143f"
                            "8f7779c6eb9f7fa17299aeadb6889018"
                            "501d289e4900f7e4331b99dec4b5433a"
                            "c7d329eeb6dd26545e96e55b874be909"));
}

/* NIST, SHA-3 examples; the empty SHAKE streams begin as printed there. The
 * message of 1600 bits is 200 times A3. */
static void keccak_examples(void)
{
    uint8_t d[64], a3[200];

    ps_sha3_256_digest(d, NULL, 0);
    CHECK(equals_hex(d, 32, "a7ffc6f8bf1ed76651c14756a061d662"
                            "f580ff4de43b49fa82d80a4b80f8434a"));
    ps_sha3_256_digest(d, bytes(abc), 3);
    CHECK(equals_hex(d, 32, "3a985da74fe225b2045c172d6bd390bd"
                            "855f086e3e9d525b46bfe24511431532"));
    ps_shake128_digest(d, 32, NULL, 0);
    CHECK(equals_hex(d, 32, "7f9c2ba4e88f827d616045507605853e"
                            "d73b8093f6efbc88eb1a6eacfa66ef26"));
    memset(a3, 0xa3, sizeof a3);
    ps_sha3_512_digest(d, NULL, 0);
    CHECK(equals_hex(d, 64, "a69f73cca23a9ac5c8b567dc185a756e"
                            "97c982164fe25859e0d1dcc1475c80a6"
                            "15b2123af1f5f94c11e3e9402c3ac558"
                            "f500199d95b6d3e301758586281dcd26"));
    ps_sha3_512_digest(d, bytes(abc), 3);
    CHECK(equals_hex(d, 64, "b751850b1a57168a5693cd924b6b096e"
                            "08f621827444f70d884f5d0240d2712e"
                            "10e116e9192af3c91a7ec57647e39340"
                            "57340b4cf408d5a56592f8274eec53f0"));
    ps_sha3_512_digest(d, a3, sizeof a3);
    CHECK(equals_hex(d, 64, "e76dfad22084a8b1467fcf2ffa58361b"
                            "ec7628edf5f3fdc0e4805dc48caeeca8"
                            "1b7c13c30adf52a3659584739a2df46b"
                            "e589c51ca1a4a8416df6545a1ce8ba00"));
    ps_shake256_digest(d, 32, NULL, 0);
    CHECK(equals_hex(d, 32, "46b9dd2b0ba88d13233b3feb743eeb24"
                            "3fcd52ea62b81b82b50c27646ed5762f"));
    ps_shake256_digest(d, 64, a3, sizeof a3);
    CHECK(equals_hex(d, 64, "cd8a920ed141aa0407a22d59288652e9"
                            "d9f1a7ee0c1e7c1ca699424da84a904d"
                            "2d700caae7396ece96604440577da4f3"
                            "aa22aeb8857f961c4cd8e06f0ae6610b"));
}

/* Cut anywhere, the stream is the same. */
static void sha2_streams(const ps_backend *backend)
{
    uint8_t data[300], once[64], cut[64];
    ps_sha256 a;
    ps_sha512 b;

    pseudo_random(data, sizeof data);
    for (size_t len = 0; len <= sizeof data; len += 7) {
        for (size_t at = 0; at <= len; at += 13) {
            ps_sha256_digest(once, data, len, backend);
            ps_sha256_init(&a, backend);
            ps_sha256_update(&a, data, at);
            ps_sha256_update(&a, data + at, len - at);
            ps_sha256_final(cut, &a);
            CHECK(memcmp(once, cut, 32) == 0);

            ps_sha512_digest(once, data, len);
            ps_sha512_init(&b);
            ps_sha512_update(&b, data, at);
            ps_sha512_update(&b, data + at, len - at);
            ps_sha512_final(cut, &b);
            CHECK(memcmp(once, cut, 64) == 0);
        }
    }
}

static void shake_stream(void)
{
    uint8_t data[400], once[500], cut[500];
    ps_keccak ctx;

    pseudo_random(data, sizeof data);
    ps_shake128_digest(once, sizeof once, data, sizeof data);
    ps_shake128_init(&ctx);
    CHECK(ps_keccak_absorb(&ctx, data, 3) == PS_OK);
    CHECK(ps_keccak_absorb(&ctx, data + 3, 170) == PS_OK);
    CHECK(ps_keccak_absorb(&ctx, data + 173, 227) == PS_OK);
    ps_keccak_squeeze(cut, 1, &ctx);
    ps_keccak_squeeze(cut + 1, 200, &ctx);
    ps_keccak_squeeze(cut + 201, 299, &ctx);
    CHECK(memcmp(once, cut, sizeof once) == 0);
    CHECK(ps_keccak_absorb(&ctx, data, 1) == PS_E_RANGE);
}

/* The backends agree on one block, on many, and on odd lengths. */
static void backends_agree(void)
{
    uint8_t data[1024], a[32], b[32];

    pseudo_random(data, sizeof data);
    for (size_t len = 0; len <= sizeof data; len++) {
        ps_sha256_digest(a, data, len, ps_backend_portable());
        ps_sha256_digest(b, data, len, ps_backend_best());
        CHECK(memcmp(a, b, 32) == 0);
    }
}

int main(void)
{
    sha256_examples(ps_backend_portable());
    sha256_examples(ps_backend_best());
    sha512_examples();
    keccak_examples();
    sha2_streams(ps_backend_portable());
    sha2_streams(ps_backend_best());
    shake_stream();
    backends_agree();
    printf("hash: ok (%s)\n", ps_backend_name(ps_backend_best()));
    return 0;
}
