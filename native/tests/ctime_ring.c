/* No branch and no address of a ring's signer depends on its secret, on its
 * place or on its randomness (see ctime.c). */
#include "check.h"
#include "privshare/ps_ring.h"

#if !defined(PS_CTIME)
#error "build with -DPS_CTIME: make ctime"
#endif

enum { COUNT = 5 };

static ps_ristretto255_table generator;
static ps_ristretto255_comb comb;
static ps_ring_member ring[COUNT];
static uint8_t secrets[COUNT][32], keys[32 * COUNT];
static ps_ring_scope scope;

static void make_ring(const ps_backend *backend)
{
    ps_ristretto255_comb *made = &comb;
    ps_ristretto255 g;
    size_t bad;

    ps_ristretto255_base(&g);
    ps_ristretto255_table_init(&generator, &g, backend);
    ps_ristretto255_comb_init_vartime(&made, &g, 1, backend);
    CHECK(ps_ring_scope_init(&scope, (const uint8_t *)"scope", 5, backend)
          == PS_OK);
    /* Small numbers whose keys happen to ascend. */
    for (size_t i = 0; i < COUNT; i++) {
        static const uint8_t ascending[COUNT] = {7, 4, 1, 12, 5};
        ps_scalar x;
        ps_ristretto255 p;

        ps_scalar_from_u64(&x, ascending[i]);
        ps_scalar_to_bytes(secrets[i], &x);
        ps_ristretto255_table_mul(&p, &x, 1, &generator, backend);
        ps_ristretto255_encode(keys + 32 * i, &p, 1, backend);
    }
    CHECK(ps_ring_init(ring, &bad, keys, COUNT, backend) == PS_OK);
}

/* The key and with it the place: both come from memory marked secret. */
static void sign(size_t place, const ps_backend *backend)
{
    static ps_ring_scratch scratch;
    ps_transcript t;
    uint8_t secret[32], rand[32], tag[32], signature[32 * (COUNT + 1)];
    uint8_t key[32];
    size_t index;
    ps_limb found;

    memcpy(secret, secrets[place], 32);
    memcpy(key, keys + 32 * place, 32);
    pseudo_random(rand, sizeof rand);
    PS_SECRET(secret, sizeof secret);
    PS_SECRET(key, sizeof key);
    PS_SECRET(rand, sizeof rand);
    found = ps_ring_find(&index, keys, COUNT, key);
    PS_PUBLIC(&found, sizeof found);
    PS_PUBLIC(&index, sizeof index);
    CHECK(found && index == place);

    CHECK(ps_ring_tag(tag, secret, &scope, backend) == PS_OK);
    PS_PUBLIC(tag, sizeof tag);
    ps_transcript_init(&t, tag, sizeof tag);
    CHECK(ps_ring_sign(signature, &t, secret, rand, ring, COUNT, &scope,
                       &generator, backend, &scratch) == PS_OK);
    PS_PUBLIC(signature, sizeof signature);
    ps_transcript_init(&t, tag, sizeof tag);
    CHECK(ps_ring_verify(&t, signature, tag, ring, COUNT, &scope, &comb,
                         backend, &scratch) == PS_OK);
}

static void refuse(const ps_backend *backend)
{
    static ps_ring_scratch scratch;
    ps_transcript t;
    uint8_t secret[32] = {99}, signature[32 * (COUNT + 1)];

    PS_SECRET(secret, sizeof secret);
    ps_transcript_init(&t, NULL, 0);
    CHECK(ps_ring_sign(signature, &t, secret, secrets[0], ring, COUNT, &scope,
                       &generator, backend, &scratch) == PS_E_VERIFY);
    memset(secret, 0xff, sizeof secret);
    PS_SECRET(secret, sizeof secret);
    CHECK(ps_ring_sign(signature, &t, secret, secrets[0], ring, COUNT, &scope,
                       &generator, backend, &scratch) == PS_E_ENCODING);
    CHECK(ps_ring_tag(signature, secret, &scope, backend) == PS_E_ENCODING);
}

int main(void)
{
    const ps_backend *all[] = {ps_backend_portable(), ps_backend_best()};

    for (size_t i = 0; i < 2; i++) {
        make_ring(all[i]);
        for (size_t place = 0; place < COUNT; place++) {
            sign(place, all[i]);
        }
        refuse(all[i]);
    }
    printf("ctime_ring: ok\n");
    return 0;
}
