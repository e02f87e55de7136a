/* Ring signatures over groups of a few elements: every ring, secret, base,
 * nonce and challenge, against the equations written with integers.
 *
 * Where a test chooses challenges, nonces are chosen too: the signer draws
 * r_0 .. r_(n-1), then one challenge behind each place, its own place first. */
#include "check.h"
#include "privshare/ps_ring.h"
#include "tiny_group.h"

enum { LARGEST = 3, MOST = 1 << 17 };

static ps_ristretto255_table generator;
static ps_ristretto255_comb comb;
static ps_ring_scratch scratch;
static unsigned long signatures, verdicts;

/* A statement, as integers. The secret of place i is its key, G being 1. */
typedef struct {
    size_t count;
    unsigned key[LARGEST], base;
    ps_ring_member ring[LARGEST];
} statement;

static void word(uint8_t *out32, unsigned x)
{
    memset(out32, 0, 32);
    out32[0] = (uint8_t)x;
}

static ps_ring_scope a_scope(unsigned base)
{
    ps_ring_scope scope = {.base = tiny_element(base)};

    word(scope.encoding, base);
    return scope;
}

static ps_transcript context(void)
{
    ps_transcript t;

    ps_transcript_init(&t, (const uint8_t *)"tiny", 4);
    return t;
}

static ps_status verify(const statement *all, const uint8_t *signature,
                        unsigned tag)
{
    ps_transcript t = context();
    ps_ring_scope scope = a_scope(all->base);
    uint8_t tag32[32];

    word(tag32, tag);
    verdicts++;
    return ps_ring_verify(&t, signature, tag32, all->ring, all->count, &scope,
                          &comb, ps_backend_portable(), &scratch);
}

/* Digits of number to the base q. */
static void digits(unsigned *out, size_t count, unsigned number)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = number % tiny_order;
        number /= tiny_order;
    }
}

static unsigned power(unsigned x, size_t e)
{
    return e == 0 ? 1 : x * power(x, e - 1);
}

/* Every nonce and every challenge of one signer: the signature is what the
 * equations say, it verifies, and each c_0 .. c_(n-1), s_0 .. s_(n-1) comes
 * exactly once. So its numbers are the same whoever signs. */
static void sign_all(const statement *all, size_t place)
{
    static uint8_t seen[MOST];
    const unsigned q = tiny_order, n = (unsigned)all->count;
    const unsigned x = all->key[place], cases = power(q, 2 * all->count);
    ps_ring_scope scope = a_scope(all->base);
    uint8_t secret[32], rand[32] = {0}, signature[32 * (LARGEST + 1)];

    CHECK(cases <= MOST);
    memset(seen, 0, cases);
    word(secret, x);
    for (unsigned number = 0; number < cases; number++) {
        unsigned chosen[2 * LARGEST], c[LARGEST] = {0}, s[LARGEST] = {0};
        unsigned index = 0;
        ps_transcript t = context();

        digits(chosen, 2 * all->count, number);
        tiny_choose(chosen, 2 * all->count);
        CHECK(ps_ring_sign(signature, &t, secret, rand, all->ring, all->count,
                           &scope, &generator, ps_backend_portable(), &scratch)
              == PS_OK);
        CHECK(tiny_drawn() == 2 * all->count);
        for (unsigned i = 0; i < n; i++) {
            c[(place + 1 + i) % n] = chosen[n + i];
            s[i] = chosen[i];
        }
        s[place] = (s[place] + (q - c[place]) * x) % q;
        CHECK(signature[0] == c[0]);
        for (unsigned i = 0; i < n; i++) {
            CHECK(signature[32 * (i + 1)] == s[i]);
            index = (index * q + c[i]) * q + s[i];
        }
        CHECK(!seen[index]);
        seen[index] = 1;
        signatures++;
        /* The verifier draws c_1 .. c_(n-1) and c_0 again. */
        for (unsigned i = 0; i < n; i++) {
            chosen[i] = c[(i + 1) % n];
        }
        tiny_choose(chosen, all->count);
        CHECK(verify(all, signature, x * all->base % q) == PS_OK);
        chosen[n - 1] = (chosen[n - 1] + 1) % q;
        tiny_choose(chosen, all->count);
        CHECK(verify(all, signature, x * all->base % q) == PS_E_VERIFY);
    }
}

/* The circle with integers and the sponge. */
static int closes(const statement *all, const unsigned *words, unsigned tag)
{
    const unsigned q = tiny_order;
    ps_transcript t = context(), fork;
    uint8_t keys[32 * LARGEST], bytes[64];
    ps_scalar challenge;
    unsigned c = words[0];

    for (size_t i = 0; i < all->count; i++) {
        word(keys + 32 * i, all->key[i]);
    }
    ps_transcript_absorb(&t, "form", (const uint8_t *)"lsag/v1", 7);
    ps_transcript_absorb(&t, "ring", keys, 32 * all->count);
    word(bytes, all->base);
    ps_transcript_absorb(&t, "base", bytes, 32);
    word(bytes, tag);
    ps_transcript_absorb(&t, "tag", bytes, 32);
    for (size_t i = 0; i < all->count; i++) {
        word(bytes, (words[i + 1] + c * all->key[i]) % q);
        word(bytes + 32, (words[i + 1] * all->base + c * tag) % q);
        fork = t;
        ps_transcript_absorb(&fork, "commitment", bytes, 64);
        ps_transcript_challenge_scalar(&challenge, &fork, "challenge");
        c = (unsigned)challenge.limb[0];
    }
    return c == words[0];
}

/* Every signature there is, with every tag: accepted when its circle closes. */
static void verify_all(const statement *all)
{
    const unsigned cases = power(tiny_order, all->count + 1);
    uint8_t signature[32 * (LARGEST + 1)];
    unsigned words[LARGEST + 1];

    tiny_choose(NULL, 0);
    for (unsigned tag = 1; tag < tiny_order; tag++) {
        for (unsigned number = 0; number < cases; number++) {
            digits(words, all->count + 1, number);
            for (size_t i = 0; i <= all->count; i++) {
                word(signature + 32 * i, words[i]);
            }
            CHECK((verify(all, signature, tag) == PS_OK)
                  == closes(all, words, tag));
        }
    }
    for (size_t i = 0; i <= all->count; i++) {
        word(signature + 32 * i, 0);
    }
    CHECK(verify(all, signature, 0) == PS_E_ENCODING);
    for (size_t i = 0; i <= all->count; i++) {
        word(signature + 32 * i, tiny_order);
        CHECK(verify(all, signature, 1) == PS_E_ENCODING);
        word(signature + 32 * i, 0);
    }
}

static void every_base(statement *all)
{
    for (all->base = 1; all->base < tiny_order; all->base++) {
        for (size_t place = 0; place < all->count; place++) {
            sign_all(all, place);
        }
        verify_all(all);
    }
}

/* Every list of keys of one length: rings are signed for, others refused. */
static void every_ring(unsigned q, size_t count)
{
    statement all = {.count = count};
    ps_ristretto255_comb *made = &comb;
    ps_ristretto255 g;

    tiny_order = q;
    ps_ristretto255_base(&g);
    ps_ristretto255_table_init(&generator, &g, ps_backend_portable());
    ps_ristretto255_comb_init_vartime(&made, &g, 1, ps_backend_portable());
    for (unsigned number = 0; number < power(q, count); number++) {
        uint8_t keys[32 * LARGEST];
        size_t bad, wrong = count;

        digits(all.key, count, number);
        for (size_t i = count; i-- > 0;) {
            word(keys + 32 * i, all.key[i]);
            if (all.key[i] == 0 || (i > 0 && all.key[i] <= all.key[i - 1])) {
                wrong = i;
            }
        }
        if (wrong < count) {
            CHECK(ps_ring_init(all.ring, &bad, keys, count,
                               ps_backend_portable()) == PS_E_KEY);
            CHECK(bad == wrong);
        } else {
            CHECK(ps_ring_init(all.ring, &bad, keys, count,
                               ps_backend_portable()) == PS_OK);
            every_base(&all);
        }
    }
}

/* Secrets that no member has, and 0; scopes that hash to the identity. */
static void edges(void)
{
    statement all = {.count = 2, .key = {2, 3}, .base = 4};
    ps_ring_scope scope = a_scope(4), nothing = a_scope(0);
    uint8_t keys[64], secret[32], rand[32] = {0}, signature[96];
    unsigned identities = 0;
    size_t bad;

    tiny_order = 7;
    word(keys, 2);
    word(keys + 32, 3);
    CHECK(ps_ring_init(all.ring, &bad, keys, 2, ps_backend_portable())
          == PS_OK);
    for (unsigned x = 0; x < 8; x++) {
        ps_transcript t = context();
        ps_status expected = x == 7             ? PS_E_ENCODING
                             : x == 2 || x == 3 ? PS_OK
                                                : PS_E_VERIFY;

        word(secret, x);
        CHECK(ps_ring_sign(signature, &t, secret, rand, all.ring, 2, &scope,
                           &generator, ps_backend_portable(), &scratch)
              == expected);
        CHECK(ps_ring_sign(signature, &t, secret, rand, all.ring, 2, &nothing,
                           &generator, ps_backend_portable(), &scratch)
              == PS_E_RANGE);
    }
    for (uint8_t name = 0; name < 200; name++) {
        ps_status status = ps_ring_scope_init(&scope, &name, 1,
                                              ps_backend_portable());
        CHECK((status == PS_OK) == (tiny_value(&scope.base) != 0));
        identities += status != PS_OK;
    }
    CHECK(identities > 0 && identities < 100);
}

int main(void)
{
    every_ring(5, 2);
    every_ring(7, 2);
#if !defined(__SANITIZE_ADDRESS__)
    /* Minutes under the sanitisers, which have seen all of the code by now. */
    every_ring(5, 3);
#endif
    edges();
    printf("exhaustive_ring: ok (%lu signatures, %lu verdicts)\n", signatures,
           verdicts);
    return 0;
}
