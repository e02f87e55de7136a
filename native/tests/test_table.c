/* Tables of powers: every backend gives what plain arithmetic modulo n^2 gives,
 * and refuses the same. */
#include "../src/paillier/table.h"
#include "check.h"

enum { C_MAX = 768, N_MAX = 384, X_MAX = 200, COUNT = 33 };

static ps_limb scratch[PS_PAILLIER_BATCH_LIMBS];
static ps_paillier_private key;
static const ps_paillier_public *pub = &key.pub;
static const ps_backend *backends[2];
static uint8_t memory[2][1 << 24];
static ps_paillier_table table[2];
static ps_paillier_holder_table holder[2];
static uint8_t m[COUNT * N_MAX], x[COUNT * 2 * X_MAX];
static uint8_t c[COUNT * C_MAX], c2[COUNT * C_MAX];

static int all_zero(const void *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= ((const uint8_t *)bytes)[i];
    }
    return any == 0;
}

/* n - less as bytes. */
static void below_n(uint8_t *to, ps_limb less)
{
    ps_limb difference[PS_PAILLIER_N_LIMBS];
    ps_limb small[PS_PAILLIER_N_LIMBS] = {less};
    size_t limbs = pub->n.mont.limbs;

    (void)ps_mpn_sub(difference, pub->n.mont.m, small, limbs);
    ps_mpn_to_bytes(to, pub->n_len, difference, limbs);
}

/* Messages: 0, n - 1, then limbs that lean to the edges. */
static void fill_messages(size_t count, size_t from)
{
    ps_limb limbs[PS_PAILLIER_N_LIMBS];

    for (size_t i = 0; i < count; i++) {
        uint8_t *to = m + i * pub->n_len;
        edgy(limbs, PS_PAILLIER_N_LIMBS);
        ps_mpn_to_bytes(to, pub->n_len, limbs, PS_PAILLIER_N_LIMBS);
        to[0] = 0;
        if ((from + i) % 5 == 0) {
            memset(to, 0, pub->n_len);
        } else if ((from + i) % 5 == 1) {
            below_n(to, 1);
        }
    }
}

/* Exponents: nought, all ones, then limbs that lean to the edges. */
static void fill_exponents(size_t count, size_t len, size_t from)
{
    ps_limb limbs[X_MAX / 8];

    for (size_t i = 0; i < count; i++) {
        edgy(limbs, X_MAX / 8);
        memcpy(x + i * len, limbs, len);
        if ((from + i) % 7 < 2) {
            memset(x + i * len, (from + i) % 7 == 0 ? 0 : 0xff, len);
        }
    }
}

/* r = base^e mod the modulus of mont, plain forms; e is bytes. */
static void power(ps_limb *r, const ps_limb *base, const uint8_t *e,
                  size_t e_len, const ps_mont *mont)
{
    static ps_limb room[PS_MPN_WINDOWS * PS_MPN_MAX_LIMBS];
    ps_limb exponent[PS_PAILLIER_N_LIMBS];
    size_t limbs = (e_len + 7) / 8;

    CHECK(ps_mpn_from_bytes(exponent, limbs, e, e_len) == PS_OK);
    ps_mont_enter(r, base, mont);
    ps_mont_exp_vartime(r, r, exponent, limbs, mont, room);
    ps_mont_leave(r, r, mont);
}

/* (1 + m n) y by ps_mont, which knows no dual numbers. */
static void expected_ciphertext(uint8_t *to, const uint8_t *message,
                                const ps_limb *y)
{
    ps_limb factor[PS_MPN_MAX_LIMBS], r[PS_MPN_MAX_LIMBS];
    ps_limb number[PS_PAILLIER_N_LIMBS];
    size_t limbs = pub->n.mont.limbs;

    CHECK(ps_mpn_from_bytes(number, limbs, message, pub->n_len) == PS_OK);
    ps_mpn_mul(factor, number, limbs, pub->n.mont.m, limbs);
    factor[0]++;
    if (factor[0] == 0) {
        for (size_t i = 1; ++factor[i] == 0; i++) { }
    }
    ps_mont_enter(r, y, &pub->n2);
    ps_mont_mul(r, r, factor, &pub->n2);
    ps_mpn_to_bytes(to, pub->c_len, r, pub->n2.limbs);
}

static void check_public(size_t count, size_t from, ps_limb base)
{
    uint8_t expected[C_MAX], n[N_MAX];
    ps_limb y[PS_MPN_MAX_LIMBS] = {base};
    ps_limb h[PS_MPN_MAX_LIMBS];
    size_t x_len = table[0].exponent_len, s = pub->c_len;

    fill_messages(count, from);
    fill_exponents(count, x_len, from);
    below_n(n, 0);
    power(h, y, n, pub->n_len, &pub->n2);
    for (int i = 0; i < 2; i++) {
        memset(i == 0 ? c : c2, 0xaa, sizeof c);
        CHECK(ps_paillier_table_encrypt(i == 0 ? c : c2, m, x, count,
                                        &table[i], pub, scratch) == PS_OK);
        CHECK(all_zero(scratch, sizeof scratch));
    }
    CHECK(memcmp(c, c2, sizeof c) == 0);
    CHECK(count == COUNT || c2[count * s] == 0xaa);
    for (size_t i = 0; i < count; i++) {
        power(y, h, x + i * x_len, x_len, &pub->n2);
        expected_ciphertext(expected, m + i * pub->n_len, y);
        CHECK(memcmp(expected, c + i * s, s) == 0);
    }
}

/* The factor of a ciphertext that is left when m is taken out is z^p modulo
 * p^2 for the z that base and x give. */
static void check_residue(const uint8_t *ciphertext, const uint8_t *exponent,
                          const uint8_t *message, ps_limb base,
                          const ps_paillier_prime *prime)
{
    ps_mont p2;
    ps_limb square[PS_MPN_MAX_LIMBS], z[PS_MPN_MAX_LIMBS] = {base};
    ps_limb left[PS_MPN_MAX_LIMBS], right[PS_MPN_MAX_LIMBS];
    uint8_t p[PS_PRIME_MAX_BYTES], bytes[C_MAX];
    size_t limbs = prime->p.mont.limbs;

    ps_mpn_sqr(square, prime->p.mont.m, limbs);
    CHECK(ps_mont_init(&p2, square, 2 * limbs) == PS_OK);
    ps_mpn_to_bytes(p, 8 * limbs, prime->p.mont.m, limbs);
    power(z, z, exponent, holder[0].exponent_len, &p2);
    power(z, z, p, 8 * limbs, &p2);
    /* As check_public does it, but modulo p^2: (1 + m n) z^p. */
    memset(z + 2 * limbs, 0, sizeof z - 2 * limbs * sizeof *z);
    expected_ciphertext(bytes, message, z);
    CHECK(ps_mpn_from_bytes(z, 4 * limbs, bytes, pub->c_len) == PS_OK);
    ps_mont_reduce(left, z, 4 * limbs, &p2);
    CHECK(ps_mpn_from_bytes(z, 4 * limbs, ciphertext, pub->c_len) == PS_OK);
    ps_mont_reduce(right, z, 4 * limbs, &p2);
    CHECK(ps_mpn_is_equal(left, right, 2 * limbs));
}

static void check_holder(size_t count, size_t from)
{
    static uint8_t m2[COUNT * N_MAX];
    size_t x_len = holder[0].exponent_len, s = pub->c_len;

    fill_messages(count, from);
    fill_exponents(2 * count, x_len, from);
    for (int i = 0; i < 2; i++) {
        memset(i == 0 ? c : c2, 0xaa, sizeof c);
        CHECK(ps_paillier_holder_encrypt(i == 0 ? c : c2, m, x, count,
                                         &holder[i], &key, scratch) == PS_OK);
        CHECK(all_zero(scratch, sizeof scratch));
    }
    CHECK(memcmp(c, c2, sizeof c) == 0);
    CHECK(count == COUNT || c2[count * s] == 0xaa);
    for (size_t i = 0; i < count; i++) {
        check_residue(c + i * s, x + 2 * i * x_len, m + i * pub->n_len, 2,
                      &key.p);
        check_residue(c + i * s, x + (2 * i + 1) * x_len, m + i * pub->n_len,
                      3, &key.q);
    }
    CHECK(ps_paillier_decrypt(m2, c, count, &key, backends[1], scratch)
          == PS_OK);
    CHECK(memcmp(m, m2, count * pub->n_len) == 0);
}

/* Unaligned memory, and no byte more than was asked for is written. */
static void build_public(ps_limb base)
{
    uint8_t bytes[N_MAX];
    ps_limb limbs[PS_PAILLIER_N_LIMBS] = {base};

    ps_mpn_to_bytes(bytes, pub->n_len, limbs, pub->n.mont.limbs);
    for (int i = 0; i < 2; i++) {
        size_t size = ps_paillier_table_bytes(pub, backends[i]);
        CHECK(size + 2 <= sizeof memory[i]);
        memory[i][size + 1] = 0xaa;
        CHECK(ps_paillier_table_init_vartime(&table[i], memory[i] + 1, size,
                                             bytes, pub, backends[i], scratch)
              == PS_OK);
        CHECK(memory[i][size + 1] == 0xaa);
    }
}

static void build_holder(void)
{
    uint8_t p_base[PS_PRIME_MAX_BYTES] = {0}, q_base[PS_PRIME_MAX_BYTES] = {0};
    size_t len = 8 * key.p.p.mont.limbs;

    p_base[len - 1] = 2;
    q_base[len - 1] = 3;
    for (int i = 0; i < 2; i++) {
        size_t size = ps_paillier_holder_table_bytes(&key, backends[i]);
        CHECK(size + 10 <= sizeof memory[i]);
        memory[i][size + 9] = 0xaa;
        CHECK(ps_paillier_holder_table_init(&holder[i], memory[i] + 9, size,
                                            p_base, q_base, len, &key,
                                            backends[i], scratch) == PS_OK);
        CHECK(memory[i][size + 9] == 0xaa);
        CHECK(all_zero(scratch, sizeof scratch));
    }
}

/* A message that is not below n, first and last. */
static void refuse_messages(size_t count, int with_holder)
{
    memset(m, 0, sizeof m);
    for (size_t i = 0; i < count; i += count - 1) {
        uint8_t *bad = m + i * pub->n_len;
        for (int b = 0; b < 2; b++) {
            below_n(bad, 0);
            memset(c, 0xaa, sizeof c);
            CHECK((with_holder
                   ? ps_paillier_holder_encrypt(c, m, x, count, &holder[b],
                                                &key, scratch)
                   : ps_paillier_table_encrypt(c, m, x, count, &table[b], pub,
                                               scratch)) == PS_E_RANGE);
            CHECK(all_zero(c, count * pub->c_len));
            memset(bad, 0, pub->n_len);
        }
    }
}

static void refuse_base(const uint8_t *base, size_t bytes)
{
    ps_paillier_table t;

    memset(&t, 0xaa, sizeof t);
    CHECK(ps_paillier_table_init_vartime(&t, memory[0], bytes, base, pub,
                                         backends[0], scratch) == PS_E_RANGE);
    CHECK(all_zero(&t, sizeof t));
}

static void refuse_bases(const uint8_t *p, size_t p_len)
{
    uint8_t base[N_MAX] = {0};
    size_t size = ps_paillier_table_bytes(pub, backends[0]);

    refuse_base(base, size);                                 /* 0 */
    base[pub->n_len - 1] = 1;
    refuse_base(base, size);
    base[pub->n_len - 1] = 2;
    refuse_base(base, size - 1);
    memset(base, 0, sizeof base);
    memcpy(base + pub->n_len - p_len, p, p_len);
    refuse_base(base, size);
    below_n(base, 0);
    refuse_base(base, size);
    below_n(base, 1);
    refuse_base(base, size);
    memset(base, 0xff, sizeof base);
    refuse_base(base, size);
}

static void refuse_holder_bases(void)
{
    uint8_t base[6][PS_PRIME_MAX_BYTES] = {{0}};
    size_t limbs = key.p.p.mont.limbs, len = 8 * limbs;
    size_t size = ps_paillier_holder_table_bytes(&key, backends[0]);
    ps_paillier_holder_table t;

    base[0][len - 1] = 1;
    base[1][len - 1] = 2;
    ps_mpn_to_bytes(base[2], len, key.p.p.mont.m, limbs);
    ps_mpn_to_bytes(base[3], len, key.q.p.mont.m, limbs);
    ps_mpn_to_bytes(base[4], len, key.p.minus_one, limbs);
    ps_mpn_to_bytes(base[5], len, key.q.minus_one, limbs);
    /* 1, p and p - 1 for p; then 1, q and q - 1 for q. */
    static const int p_of[6] = {0, 2, 4, 1, 1, 1};
    static const int q_of[6] = {1, 1, 1, 0, 3, 5};
    for (int i = 0; i < 6; i++) {
        const uint8_t *p_base = base[p_of[i]], *q_base = base[q_of[i]];
        memset(&t, 0xaa, sizeof t);
        CHECK(ps_paillier_holder_table_init(&t, memory[0], size, p_base,
                                            q_base, len, &key, backends[0],
                                            scratch) == PS_E_RANGE);
        CHECK(all_zero(&t, sizeof t));
    }
    CHECK(ps_paillier_holder_table_init(&t, memory[0], size - 1, base[1],
                                        base[1], len, &key, backends[0],
                                        scratch) == PS_E_RANGE);
}

static void new_key(size_t bits, uint8_t *p, uint8_t *q)
{
    static uint8_t feed[1 << 12];
    static ps_limb search[PS_PRIME_SEARCH_LIMBS];
    uint64_t cofactors[2];

    pseudo_random(feed, sizeof feed);
    CHECK(ps_paillier_generate(p, q, cofactors, PS_PRIME_KNOWN, bits, feed,
                               sizeof feed, ps_backend_portable(), search)
          == PS_OK);
    CHECK(ps_paillier_private_init(&key, p, q, bits / 16) == PS_OK);
}

/* Batches of 1 to `most`, at most 17, and a last one. */
static void profile(size_t bits, size_t most, size_t last)
{
    uint8_t p[N_MAX / 2], q[N_MAX / 2];

    new_key(bits, p, q);
    refuse_bases(p, bits / 16);
    build_public(2);
    for (size_t i = 1; i <= most; i++) {
        check_public(i, 5 * i, 2);
    }
    check_public(last, 0, 2);
    refuse_messages(last, 0);
    CHECK(ps_paillier_table_encrypt(c, m, x, 0, &table[1], pub, scratch)
          == PS_OK);
    refuse_holder_bases();
    build_holder();
    for (size_t i = 1; i <= most; i++) {
        check_holder(i, 5 * i);
    }
    check_holder(last, 0);
    refuse_messages(last, 1);
    CHECK(ps_paillier_holder_encrypt(c, m, x, 0, &holder[1], &key, scratch)
          == PS_OK);
}

int main(void)
{
    backends[0] = ps_backend_portable();
    backends[1] = ps_backend_best();
#if defined(PS_EMULATE_LANES)
    /* Emulated lanes take minutes for a long key. */
    profile(512, 1, 9);
#else
    profile(512, 17, 33);
    profile(640, 9, 33);
    profile(1024, 3, 25);
    profile(1536, 3, 17);
    profile(2048, 17, 33);
    profile(3072, 9, 17);
#endif
    printf("table: ok (%s)\n", ps_backend_name(backends[1]));
    return 0;
}
