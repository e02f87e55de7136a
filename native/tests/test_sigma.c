/* Sparse maps against dense ones, and sums against multiples. */
#include "check.h"
#include "privshare/ps_sigma.h"

enum { ROWS = 5, COLUMNS = 7, COUNT = 40 };

static void random_scalars(ps_scalar *s, size_t count)
{
    uint8_t wide[64];

    for (size_t i = 0; i < count; i++) {
        pseudo_random(wide, sizeof wide);
        ps_scalar_from_wide(&s[i], wide);
    }
}

static ps_limb equal(const ps_scalar *a, const ps_scalar *b, size_t count)
{
    ps_limb same = 1;

    for (size_t i = 0; i < count; i++) {
        same &= ps_scalar_is_equal(&a[i], &b[i]);
    }
    return same;
}

/* Entries in any order, twice in one place, and a row without any. */
static void maps(void)
{
    ps_scalar x[COLUMNS], c[COUNT], r[ROWS], dense[ROWS][COLUMNS];
    ps_scalar expected[ROWS];
    uint32_t row[COUNT], column[COUNT];

    random_scalars(x, COLUMNS);
    random_scalars(c, COUNT);
    memset(dense, 0, sizeof dense);
    memset(expected, 0, sizeof expected);
    for (uint32_t i = 0; i < COUNT; i++) {
        row[i] = i * i % (ROWS - 1);
        column[i] = 3 * i % COLUMNS;
        ps_scalar *at = &dense[row[i]][column[i]];
        ps_scalar_add(at, at, &c[i]);
    }
    for (size_t k = 0; k < ROWS; k++) {
        for (size_t j = 0; j < COLUMNS; j++) {
            ps_scalar product;
            ps_scalar_mul(&product, &dense[k][j], &x[j]);
            ps_scalar_add(&expected[k], &expected[k], &product);
        }
    }
    CHECK(ps_sigma_map(r, ROWS, x, COLUMNS, row, column, c, COUNT) == PS_OK);
    CHECK(equal(r, expected, ROWS));
    CHECK(ps_scalar_is_zero(&r[ROWS - 1]));
}

static void bounds(void)
{
    ps_scalar x[2], c[2], r[2];
    uint32_t row[2] = {0, 1}, column[2] = {1, 0};

    random_scalars(x, 2);
    random_scalars(c, 2);
    CHECK(ps_sigma_map(r, 2, x, 2, row, column, c, 2) == PS_OK);
    CHECK(!ps_scalar_is_zero(&r[0]));
    CHECK(ps_sigma_map(r, 1, x, 2, row, column, c, 2) == PS_E_RANGE);
    CHECK(ps_scalar_is_zero(&r[0]));
    CHECK(ps_sigma_map(r, 2, x, 1, row, column, c, 2) == PS_E_RANGE);
    CHECK(ps_scalar_is_zero(&r[0]) && ps_scalar_is_zero(&r[1]));
    CHECK(ps_sigma_map(r, 2, x, 2, row, column, c, 0) == PS_OK);
    CHECK(ps_scalar_is_zero(&r[1]));
    CHECK(ps_sigma_map(NULL, 0, NULL, 0, NULL, NULL, NULL, 0) == PS_OK);
}

/* Lengths 2, 0 and 3 over G, 2G, 3G, 4G, 5G. */
static void sums(void)
{
    static const uint32_t length[3] = {2, 0, 3};
    static const uint64_t total[3] = {3, 0, 12};
    ps_ristretto255 a[5], r[3], base, expected;
    ps_scalar s;

    ps_ristretto255_base(&base);
    a[0] = base;
    for (size_t i = 1; i < 5; i++) {
        ps_ristretto255_add(&a[i], &a[i - 1], &base);
    }
    ps_sigma_sums(r, a, length, 3);
    for (size_t k = 0; k < 3; k++) {
        ps_scalar_from_u64(&s, total[k]);
        ps_ristretto255_mul(&expected, &s, &base, 1, ps_backend_portable());
        CHECK(ps_ristretto255_is_equal(&r[k], &expected));
    }
}

int main(void)
{
    maps();
    bounds();
    sums();
    printf("sigma: ok\n");
    return 0;
}
