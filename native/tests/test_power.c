/* Secret powers: both backends give what plain arithmetic modulo n^2 gives,
 * and refuse the same. */
#include "check.h"
#include "privshare/ps_paillier_power.h"

enum { C_MAX = 768, COUNT = 18, E_MAX = PS_PAILLIER_POWER_MAX_BYTES };

static ps_limb scratch[PS_PAILLIER_BATCH_LIMBS];
static ps_paillier_public key;
static const ps_backend *backends[2];
static uint8_t a[COUNT * C_MAX], c[COUNT * C_MAX], c2[COUNT * C_MAX];
static uint8_t e[E_MAX + 1];

/* c = a^e mod n^2 by ps_mont, which knows no dual numbers. */
static void expected_power(uint8_t *out, const uint8_t *in, size_t e_len)
{
    static ps_limb table[PS_MPN_WINDOWS * PS_MPN_MAX_LIMBS];
    ps_limb x[PS_MPN_MAX_LIMBS], exponent[E_MAX / 8];
    size_t limbs = key.n2.limbs, e_limbs = (e_len + 7) / 8;

    CHECK(ps_mpn_from_bytes(x, limbs, in, key.c_len) == PS_OK);
    CHECK(ps_mpn_from_bytes(exponent, e_limbs, e, e_len) == PS_OK);
    ps_mont_enter(x, x, &key.n2);
    ps_mont_exp_vartime(x, x, exponent, e_limbs, &key.n2, table);
    ps_mont_leave(x, x, &key.n2);
    ps_mpn_to_bytes(out, key.c_len, x, limbs);
}

static int all_zero(const uint8_t *x, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= x[i];
    }
    return any == 0;
}

static void agree(size_t count, size_t e_len)
{
    uint8_t expected[C_MAX];
    size_t s = key.c_len;

    for (int i = 0; i < 2; i++) {
        memset(c, 0xaa, sizeof c);
        CHECK(ps_paillier_power(c, a, count, e, e_len, &key, backends[i],
                                scratch) == PS_OK);
        for (size_t j = 0; j < count; j++) {
            expected_power(expected, a + j * s, e_len);
            CHECK(memcmp(expected, c + j * s, s) == 0);
        }
        CHECK(count == COUNT || c[count * s] == 0xaa);
        CHECK(all_zero((const uint8_t *)scratch, sizeof scratch));
    }
    memcpy(c2, a, count * s);
    CHECK(ps_paillier_power(c2, c2, count, e, e_len, &key, backends[1],
                            scratch) == PS_OK);
    CHECK(memcmp(c, c2, count * s) == 0);
}

static void refuses(size_t count, size_t e_len, ps_status status)
{
    for (int i = 0; i < 2; i++) {
        memset(c, 0xaa, sizeof c);
        CHECK(ps_paillier_power(c, a, count, e, e_len, &key, backends[i],
                                scratch) == status);
        CHECK(all_zero(c, count * key.c_len));
    }
}

/* Each in the place of the last ciphertext. factor divides n. */
static void refusals(size_t count, const uint8_t *factor, size_t factor_len)
{
    size_t s = key.c_len;
    uint8_t *last = a + (count - 1) * s;
    uint8_t good[C_MAX];

    memcpy(good, last, s);
    memset(last, 0, s);
    refuses(count, 1, PS_E_VERIFY);
    memcpy(last + s - factor_len, factor, factor_len);
    refuses(count, 1, PS_E_VERIFY);
    ps_mpn_to_bytes(last, s, key.n2.m, key.n2.limbs);
    refuses(count, 1, PS_E_VERIFY);
    memset(last, 0xff, s);
    refuses(count, 1, PS_E_VERIFY);
    memcpy(last, good, s);
    refuses(count, 0, PS_E_RANGE);
    refuses(count, E_MAX + 1, PS_E_RANGE);
}

/* n = 3 * odd, so that 3 is the factor in common; everything else is as it
 * would be for a key. */
static void size(size_t n_bits, size_t count, size_t e_len)
{
    static const uint8_t three[1] = {3};
    uint8_t n[C_MAX / 2];
    ps_limb limbs[PS_PAILLIER_N_LIMBS], product[PS_PAILLIER_N_LIMBS + 1];
    ps_limb factor = 3;
    size_t n_len = n_bits / 8;

    pseudo_random(limbs, sizeof limbs);
    limbs[0] |= 1;
    limbs[n_bits / 64 - 1] = ((ps_limb)1 << 62) | 1;
    ps_mpn_mul(product, limbs, n_bits / 64, &factor, 1);
    ps_mpn_to_bytes(n, n_len, product, n_bits / 64);
    CHECK(ps_paillier_public_init(&key, n, n_len) == PS_OK);
    pseudo_random(a, sizeof a);
    for (size_t i = 0; i < count; i++) {
        a[i * key.c_len] &= 0x1f;
        while (ps_paillier_check_vartime(a + i * key.c_len, 1, &key)
               != PS_OK) {
            a[i * key.c_len + key.c_len - 1]++;
        }
    }
    memset(a, 0, key.c_len);
    a[key.c_len - 1] = 1;
    pseudo_random(e, sizeof e);
    agree(count, e_len);
    memset(e, 0, sizeof e);
    agree(count, 2);                            /* x^0 = 1 */
    CHECK(c[key.c_len - 1] == 1 && all_zero(c, key.c_len - 1));
    e[1] = 1;
    agree(count, 2);
    CHECK(memcmp(c, a, count * key.c_len) == 0);
    memset(e, 0xff, sizeof e);
    agree(count, e_len < 9 ? e_len : 9);
    refusals(count, three, 1);
}

int main(void)
{
    backends[0] = ps_backend_portable();
    backends[1] = ps_backend_best();
#if defined(PS_EMULATE_LANES)
    size(512, 9, 5);
#else
    for (size_t count = 1; count <= COUNT; count++) {
        size(512, count, count);
    }
    size(512, 3, E_MAX);
    size(704, 9, 33);
    size(1024, 9, 16);
    size(1536, 9, 16);
    size(2048, 17, 40);
    size(3072, 9, 24);
#endif
    CHECK(ps_paillier_power(c, a, 0, e, 1, &key, backends[1], scratch)
          == PS_OK);
    printf("power: ok (%s)\n", ps_backend_name(backends[1]));
    return 0;
}
