/* Long arithmetic: laws on values that lean to the edges. */
#include "check.h"

enum { MAX = PS_MPN_MAX_LIMBS };

static ps_limb table[PS_MPN_WINDOWS * MAX];

static void clear(ps_limb *a, size_t limbs)
{
    memset(a, 0, limbs * sizeof *a);
}

static int same(const ps_limb *a, const ps_limb *b, size_t limbs)
{
    return ps_mpn_is_equal(a, b, limbs) == 1;
}

/* (a + b) - b = a, and the carry comes back as the borrow. */
static void add_and_sub(size_t n)
{
    ps_limb a[MAX], b[MAX], s[MAX];

    edgy(a, n);
    edgy(b, n);
    ps_limb carry = ps_mpn_add(s, a, b, n);
    CHECK(carry == ps_mpn_is_less(s, a, n));
    CHECK(ps_mpn_sub(s, s, b, n) == carry);
    CHECK(same(s, a, n));
    CHECK(ps_mpn_sub(s, a, a, n) == 0 && ps_mpn_is_zero(s, n));
}

/* The school's method, limb by limb. */
static void reference_mul(ps_limb *r, const ps_limb *a, size_t an,
                          const ps_limb *b, size_t bn)
{
    clear(r, an + bn);
    for (size_t i = 0; i < an; i++) {
        ps_limb carry = 0;
        for (size_t j = 0; j < bn; j++) {
            __extension__ unsigned __int128 t =
                (unsigned __int128)a[i] * b[j] + r[i + j] + carry;
            r[i + j] = (ps_limb)t;
            carry = (ps_limb)(t >> 64);
        }
        r[i + bn] = carry;
    }
}

static void products(size_t an, size_t bn)
{
    ps_limb a[MAX], b[MAX], r[2 * MAX], expected[2 * MAX];

    edgy(a, an);
    edgy(b, bn);
    reference_mul(expected, a, an, b, bn);
    ps_mpn_mul(r, a, an, b, bn);
    CHECK(same(expected, r, an + bn));
    reference_mul(expected, a, an, a, an);
    ps_mpn_sqr(r, a, an);
    CHECK(same(expected, r, 2 * an));
}

static void bytes_round_trip(size_t n)
{
    ps_limb a[MAX], b[MAX];
    uint8_t bytes[8 * MAX + 3];

    edgy(a, n);
    ps_mpn_to_bytes(bytes, 8 * n + 3, a, n);
    CHECK(bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 0);
    CHECK(bytes[8 * n + 2] == (uint8_t)a[0]);
    CHECK(ps_mpn_from_bytes(b, n, bytes, 8 * n + 3) == PS_OK);
    CHECK(same(a, b, n));
    bytes[2] = 1;
    CHECK(ps_mpn_from_bytes(b, n, bytes, 8 * n + 3) == PS_E_RANGE);
    CHECK(ps_mpn_is_zero(b, n));
}

static void modulus(ps_mont *mont, size_t n)
{
    ps_limb m[MAX];

    edgy(m, n);
    m[0] |= 3;
    CHECK(ps_mont_init(mont, m, n) == PS_OK);
}

static void below(ps_limb *a, const ps_mont *mont)
{
    ps_limb wide[2 * MAX];

    edgy(wide, 2 * mont->limbs);
    ps_mont_reduce(a, wide, 2 * mont->limbs, mont);
    CHECK(ps_mpn_is_less(a, mont->m, mont->limbs));
}

/* x = (x / m) m + x mod m, the quotient found by exact division. */
static void reduce_and_divide(const ps_mont *mont)
{
    ps_limb x[2 * MAX], rest[2 * MAX] = {0}, q[2 * MAX], back[3 * MAX];
    size_t n = mont->limbs;

    edgy(x, 2 * n);
    ps_mont_reduce(rest, x, 2 * n, mont);
    (void)ps_mpn_sub(x, x, rest, 2 * n);
    ps_mont_divide_exact(q, x, 2 * n, mont);
    ps_mpn_mul(back, q, 2 * n, mont->m, n);
    CHECK(same(back, x, 2 * n) && ps_mpn_is_zero(back + 2 * n, n));
}

static void ring_laws(const ps_mont *mont)
{
    ps_limb a[MAX], b[MAX], c[MAX], x[MAX], y[MAX];
    size_t n = mont->limbs;

    below(a, mont);
    below(b, mont);
    below(c, mont);
    ps_mont_add(x, a, b, mont);
    ps_mont_sub(y, x, b, mont);
    CHECK(same(a, y, n));
    ps_mont_mul(x, x, c, mont);             /* (a + b) c = a c + b c */
    ps_mont_mul(a, a, c, mont);
    ps_mont_mul(y, b, c, mont);
    ps_mont_add(y, a, y, mont);
    CHECK(same(x, y, n));
    ps_mont_mul(x, c, c, mont);
    ps_mont_sqr(y, c, mont);
    CHECK(same(x, y, n));
    ps_mont_enter(x, c, mont);
    ps_mont_leave(x, x, mont);
    CHECK(same(x, c, n));
    ps_mont_mul(x, mont->one, c, mont);
    CHECK(same(x, c, n));
}

/* base^e by squaring and multiplying, bit by bit. */
static void powers(const ps_mont *mont, size_t e_limbs)
{
    ps_limb base[MAX], e[MAX], x[MAX], y[MAX];
    size_t n = mont->limbs;

    below(base, mont);
    edgy(e, e_limbs);
    memcpy(y, mont->one, n * sizeof *y);
    for (size_t i = 64 * e_limbs; i-- > 0;) {
        ps_mont_sqr(y, y, mont);
        if ((e[i / 64] >> (i % 64)) & 1) {
            ps_mont_mul(y, y, base, mont);
        }
    }
    ps_mont_exp(x, base, e, e_limbs, mont, table);
    CHECK(same(x, y, n));
    CHECK(ps_mpn_is_zero(table, PS_MPN_WINDOWS * n));
    ps_mont_exp_vartime(x, base, e, e_limbs, mont, table);
    CHECK(same(x, y, n));
}

static void short_powers(const ps_mont *mont)
{
    ps_limb base[MAX], x[MAX], y[MAX];
    size_t n = mont->limbs;

    below(base, mont);
    memcpy(y, mont->one, n * sizeof *y);
    for (ps_limb e = 0; e < 300; e++) {
        ps_mont_exp_vartime(x, base, &e, 1, mont, table);
        CHECK(same(x, y, n));
        ps_mont_mul(y, y, base, mont);
    }
}

static void inverses(const ps_mont *mont)
{
    ps_limb a[MAX], x[MAX], y[MAX], one[MAX] = {1};
    size_t n = mont->limbs;

    below(a, mont);
    ps_status status = ps_mont_invert(x, a, mont);
    CHECK(ps_mont_invert_vartime(y, a, mont) == status);
    CHECK(ps_mont_coprime_vartime(a, mont) == status);
    CHECK(same(x, y, n));
    if (status == PS_OK) {
        ps_mont_enter(x, x, mont);
        ps_mont_mul(x, a, x, mont);
        CHECK(same(x, one, n));
    } else {
        CHECK(ps_mpn_is_zero(x, n));
    }
    /* gcd(0, m) = m. */
    clear(a, n);
    CHECK(ps_mont_invert(x, a, mont) == PS_E_RANGE);
}

static void refused_moduli(void)
{
    ps_mont mont;
    ps_limb m[MAX] = {4};

    CHECK(ps_mont_init(&mont, m, 3) == PS_E_RANGE);
    m[0] = 1;
    CHECK(ps_mont_init(&mont, m, 1) == PS_E_RANGE);
    CHECK(ps_mont_init(&mont, m, 3) == PS_E_RANGE);
    m[0] = 3;
    CHECK(ps_mont_init(&mont, m, 0) == PS_E_RANGE);
    CHECK(ps_mont_init(&mont, m, MAX + 1) == PS_E_RANGE);
    CHECK(ps_mont_init(&mont, m, MAX) == PS_OK);
}

static void all_sizes(void)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 8, 9, 16, 24, 33, 64, 96};
    ps_mont mont;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = sizes[i];
        for (int round = 0; round < 20; round++) {
            add_and_sub(n);
            products(n, 1 + n / 2);
            products(n, n);
            bytes_round_trip(n);
            modulus(&mont, n);
            ring_laws(&mont);
            reduce_and_divide(&mont);
            inverses(&mont);
        }
        powers(&mont, n < 4 ? n : 4);
        short_powers(&mont);
    }
}

int main(void)
{
    refused_moduli();
    ps_mpn_plain(1);
    all_sizes();
    ps_mpn_plain(0);
    all_sizes();
    printf("mpn: ok\n");
    return 0;
}
