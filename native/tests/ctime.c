/* No branch and no address depends on a secret.
 *
 * Built with -DPS_CTIME and run under Valgrind's memcheck, which treats what
 * PS_SECRET marks as uninitialised memory: a conditional jump or an index
 * that depends on it is an error. Each `Secret` line of a header has its call
 * here. PS_PUBLIC marks what the contract calls public.
 *
 * The last call of main branches on a secret on purpose when the program is
 * started with the word `leak`, to see that the check can fail.
 */
#include "../src/backend/x86_64/lanes.h"
#include "../src/paillier/dual.h"
#include "check.h"
#include "privshare/ps_paillier.h"
#include "privshare/ps_paillier_column.h"
#include "privshare/ps_paillier_power.h"
#include "privshare/ps_paillier_table.h"
#include "privshare/ps_sigma.h"
#include "privshare/ps_transcript.h"

#if !defined(PS_CTIME)
#error "build with -DPS_CTIME: make ctime"
#endif

enum { LIMBS = 8, LEN = 64, BITS = 512 };

static ps_limb scratch[PS_PAILLIER_BATCH_LIMBS];
static const ps_backend *backend;

static void hashes(void)
{
    uint8_t data[300], digest[64];

    pseudo_random(data, sizeof data);
    PS_SECRET(data, sizeof data);
    ps_sha256_digest(digest, data, sizeof data, ps_backend_portable());
    ps_sha256_digest(digest, data, sizeof data, ps_backend_best());
    ps_sha512_digest(digest, data, sizeof data);
    ps_sha3_256_digest(digest, data, sizeof data);
    ps_sha3_512_digest(digest, data, sizeof data);
    ps_shake128_digest(digest, sizeof digest, data, sizeof data);
    ps_shake256_digest(digest, sizeof digest, data, sizeof data);
}

static void transcripts(void)
{
    ps_transcript t;
    ps_scalar c;
    uint8_t data[300], e[200];

    pseudo_random(data, sizeof data);
    PS_SECRET(data, sizeof data);
    ps_transcript_init(&t, data, sizeof data);
    ps_transcript_absorb(&t, "secret", data, sizeof data);
    ps_transcript_challenge(e, sizeof e, &t, "nonce");
    ps_transcript_challenge_scalar(&c, &t, "nonce");
}

static void sigma(void)
{
    static const uint32_t row[3] = {0, 0, 1}, column[3] = {1, 0, 1};
    static const uint32_t length[2] = {1, 2};
    ps_scalar x[2], c[3], r[2];
    ps_ristretto255 a[3], sum[2];

    ps_ristretto255_base(&a[0]);
    a[1] = a[2] = a[0];
    memset(x, 1, sizeof x);
    memset(c, 2, sizeof c);
    PS_SECRET(x, sizeof x);
    PS_SECRET(c, sizeof c);
    PS_SECRET(a, sizeof a);
    CHECK(ps_sigma_map(r, 2, x, 2, row, column, c, 3) == PS_OK);
    ps_sigma_sums(sum, a, length, 2);
}

static void integers(void)
{
    ps_limb a[LIMBS], b[LIMBS], r[2 * LIMBS], choice = 1;
    uint8_t bytes[LEN];

    pseudo_random(a, sizeof a);
    pseudo_random(b, sizeof b);
    PS_SECRET(a, sizeof a);
    PS_SECRET(b, sizeof b);
    PS_SECRET(&choice, sizeof choice);
    (void)ps_mpn_add(r, a, b, LIMBS);
    (void)ps_mpn_sub(r, a, b, LIMBS);
    ps_mpn_mul(r, a, LIMBS, b, LIMBS);
    ps_mpn_sqr(r, a, LIMBS);
    ps_mpn_select(r, choice, a, b, LIMBS);
    r[0] = ps_mpn_is_zero(a, LIMBS) | ps_mpn_is_equal(a, b, LIMBS)
         | ps_mpn_is_less(a, b, LIMBS);
    ps_mpn_to_bytes(bytes, LEN, a, LIMBS);
    CHECK(ps_mpn_from_bytes(b, LIMBS, bytes, LEN) == PS_OK);
}

/* Modulus, base and exponent, all secret. */
static void powers(void)
{
    ps_mont mont;
    ps_limb m[LIMBS], a[LIMBS], x[LIMBS], e[2] = {0x123456789, 0xabcdef};
    ps_status status;

    pseudo_random(m, sizeof m);
    pseudo_random(a, sizeof a);
    m[0] |= 1;
    PS_SECRET(m, sizeof m);
    PS_SECRET(a, sizeof a);
    PS_SECRET(e, sizeof e);
    CHECK(ps_mont_init(&mont, m, LIMBS) == PS_OK);
    ps_mont_reduce(x, a, LIMBS, &mont);
    ps_mont_enter(x, x, &mont);
    ps_mont_exp(x, x, e, 2, &mont, scratch);
    ps_mont_leave(x, x, &mont);
    ps_mont_add(x, x, x, &mont);
    ps_mont_sub(x, x, x, &mont);
    ps_mont_divide_exact(x, x, LIMBS, &mont);
    ps_mont_reduce(a, a, LIMBS, &mont);
    status = ps_mont_invert(x, a, &mont);
    CHECK(status == PS_OK || status == PS_E_RANGE);
}

/* Base and modulus secret, exponent public. */
static void power_vartime(void)
{
    ps_mont mont;
    ps_limb m[LIMBS], a[LIMBS], e = 65537;

    pseudo_random(m, sizeof m);
    memcpy(a, m, sizeof a);
    m[0] |= 1;
    a[LIMBS - 1] = 0;
    PS_SECRET(m, sizeof m);
    PS_SECRET(a, sizeof a);
    CHECK(ps_mont_init(&mont, m, LIMBS) == PS_OK);
    ps_mont_exp_vartime(a, a, &e, 1, &mont, scratch);
}

static uint8_t p[LEN / 2], q[LEN / 2];

/* The primes stay secret from the first random byte on. */
static void generate(const ps_backend *chosen)
{
    static uint8_t feed[1 << 12];
    static ps_limb search[PS_PRIME_SEARCH_LIMBS];
    uint64_t k[2], g;

    pseudo_random(feed, sizeof feed);
    PS_SECRET(feed, sizeof feed);
    CHECK(ps_paillier_generate(p, q, k, PS_PRIME_KNOWN, BITS, feed,
                               sizeof feed, chosen, search) == PS_OK);
    CHECK(ps_prime_generator(&g, p, sizeof p, k[0], chosen, search) == PS_OK);
    CHECK(ps_prime_check(p, sizeof p, 3, chosen, scratch) == PS_OK);
    CHECK(ps_paillier_check_primes(p, q, sizeof p, BITS, chosen, scratch)
          == PS_OK);
}

/* As many as lanes take, and one. */
static void add_plain(const uint8_t *m, uint8_t *c,
                      const ps_paillier_public *pub)
{
    static ps_limb room[PS_PAILLIER_COLUMN_LIMBS];
    uint8_t a[9 * 2 * LEN], ms[9 * LEN], sum[9 * 2 * LEN];
    size_t bad;

    for (size_t i = 0; i < 9; i++) {
        memcpy(a + i * 2 * LEN, c, 2 * LEN);
        memcpy(ms + i * LEN, m, LEN);
    }
    CHECK(ps_paillier_column_add_plain(sum, &bad, a, ms, 9, pub, backend,
                                       room) == PS_OK);
    CHECK(ps_paillier_column_add_plain(c, &bad, a, ms, 1, pub, backend, room)
          == PS_OK);
    CHECK(memcmp(sum + 8 * 2 * LEN, c, 2 * LEN) == 0);
}

static void paillier(const ps_backend *chosen)
{
    static ps_paillier_private key;
    uint8_t m[LEN], r[LEN], c[2 * LEN], m2[LEN], r2[LEN];

    CHECK(ps_paillier_private_init(&key, p, q, sizeof p) == PS_OK);
    CHECK(key.pub.n_len == LEN);
    backend = chosen;
    pseudo_random(m, LEN);
    pseudo_random(r, LEN);
    m[0] = r[0] = 0;
    PS_SECRET(m, LEN);
    PS_SECRET(r, LEN);
    CHECK(ps_paillier_encrypt(c, m, r, 1, &key.pub, backend, scratch) == PS_OK);
    CHECK(ps_paillier_rerandomise(c, c, r, 1, &key.pub, scratch) == PS_OK);
    add_plain(m, c, &key.pub);
    CHECK(ps_paillier_decrypt(m2, c, 1, &key, backend, scratch) == PS_OK);
    CHECK(ps_paillier_recover(m2, r2, c, 1, &key, backend, scratch) == PS_OK);
    CHECK(ps_paillier_pairwise_test(&key, backend, scratch) == PS_OK);
    /* Secret exponent: any secret bytes will do. */
    CHECK(ps_paillier_power(c, c, 1, m, LEN, &key.pub, backend, scratch)
          == PS_OK);
    ps_wipe(&key, sizeof key);
}

/* Both tables, with messages, exponents, bases and primes that are secret. The
 * holder's table is then secret too. */
static void tables(const ps_backend *chosen)
{
    static ps_paillier_private key;
    static uint8_t memory[1 << 23];
    ps_paillier_table table;
    ps_paillier_holder_table holder;
    uint8_t m[9 * LEN], x[9 * LEN * 2], base[LEN] = {0}, c[9 * 2 * LEN];

    CHECK(ps_paillier_private_init(&key, p, q, sizeof p) == PS_OK);
    pseudo_random(m, sizeof m);
    for (size_t i = 0; i < 9; i++) {
        m[i * LEN] = 0;
    }
    pseudo_random(x, sizeof x);
    PS_SECRET(m, sizeof m);
    PS_SECRET(x, sizeof x);
    base[LEN - 1] = 2;
    CHECK(ps_paillier_table_init_vartime(&table, memory, sizeof memory, base,
                                         &key.pub, chosen, scratch) == PS_OK);
    CHECK(ps_paillier_table_encrypt(c, m, x, 9, &table, &key.pub, scratch)
          == PS_OK);
    PS_SECRET(base, sizeof base);
    CHECK(ps_paillier_holder_table_init(&holder, memory, sizeof memory,
                                        base + LEN / 2, base + LEN / 2,
                                        LEN / 2, &key, chosen, scratch)
          == PS_OK);
    CHECK(holder.exponent_len <= LEN);
    CHECK(ps_paillier_holder_encrypt(c, m, x, 9, &holder, &key, scratch)
          == PS_OK);
    ps_wipe(&key, sizeof key);
}

#if defined(PS_HAVE_LANES)
/* Every kernel, with a secret modulus, base and exponent. Whole keys of these
 * sizes would take an hour here. */
static void lanes(size_t limbs)
{
    static ps_paillier_dual dual;
    ps_limb m[PS_PAILLIER_N_LIMBS], e = 0x123456789abcdef;
    lanes_arena room = ps_lanes_arena(scratch, PS_PAILLIER_BATCH_LIMBS);
    lanes_modulus mod;

    pseudo_random(m, sizeof m);
    m[0] |= 1;
    PS_SECRET(m, sizeof m);
    PS_SECRET(&e, sizeof e);
    CHECK(ps_dual_init(&dual, m, limbs) == PS_OK);
    ps_lanes_modulus_init(&mod, ps_lanes_kernel_for(limbs), &dual, &room);
    const lanes_kernel *kernel = mod.kernel;
    size_t width = kernel->dual.width;
    ps_lanes *a = ps_lanes_take(&room, width);
    ps_lanes *b = ps_lanes_take(&room, width);
    kernel->dual.mul(a, mod.rr, mod.rr, &mod);
    kernel->dual.sqr(b, a, &mod);
    ps_lanes_exp(a, b, mod.rr, &e, 1, &kernel->dual, &mod, room);
    ps_lanes_exp(b, a, mod.rr, &e, 1, &kernel->plain, &mod, room);
    kernel->mul_add(b, a, a, mod.rr, a, &mod);
    ps_lanes_canonical(a, &mod);
    ps_lanes_mul_add(b, a, a, a, kernel->limbs);
}
#endif

static void leak(void)
{
    volatile int secret = 1;
    int copy;

    PS_SECRET((void *)(uintptr_t)&secret, sizeof secret);
    copy = secret;
    if (copy) {
        printf("ctime: branched on a secret, as asked\n");
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "leak") == 0) {
        leak();
        return 0;
    }
    hashes();
    transcripts();
    sigma();
    integers();
    powers();
    power_vartime();
    generate(ps_backend_portable());
    generate(ps_backend_best());
    paillier(ps_backend_portable());
    paillier(ps_backend_best());
    tables(ps_backend_portable());
    tables(ps_backend_best());
#if defined(PS_HAVE_LANES)
    lanes(16);
    lanes(24);
    lanes(32);
    lanes(48);
#endif
    printf("ctime: ok (portable and %s)\n",
           ps_backend_name(ps_backend_best()));
    return 0;
}
