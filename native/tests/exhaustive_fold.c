/* The prover's fold of one-of-many proofs, for every length and every index,
 * against the polynomials multiplied out. */
#include "check.h"
#include "tiny_group.h"

#include "../src/one_of_many.h"

static ps_ristretto255 elements[PS_ONE_OF_MANY_MAX];
static ps_scalar a[BASE * DIGITS];
static uint64_t plain[BASE * DIGITS];

/* Scalars whose four of each digit add up to 0. */
static void choose_scalars(size_t m, uint64_t seed)
{
    for (size_t i = 0; i < BASE * m; i++) {
        plain[i] = (seed * 5 + i * i + 1) % tiny_order;
    }
    for (size_t j = 0; j < m; j++) {
        uint64_t *row = plain + BASE * j;
        row[0] = (3 * tiny_order - row[1] - row[2] - row[3]) % tiny_order;
    }
    for (size_t i = 0; i < BASE * m; i++) {
        a[i] = tiny_scalar((unsigned)plain[i]);
    }
}

/* The coefficients of p_i = prod_j (bit_(j, i_j) * t + a_(j, i_j)). */
static void polynomial(uint64_t *p, size_t m, size_t i, size_t index)
{
    memset(p, 0, (DIGITS + 1) * sizeof *p);
    p[0] = 1;
    for (size_t j = 0; j < m; j++) {
        size_t d = (i >> (2 * j)) & 3;
        uint64_t bit = d == ((index >> (2 * j)) & 3);
        for (size_t k = j + 1; k > 0; k--) {
            p[k] = (p[k] * plain[BASE * j + d] + bit * p[k - 1]) % tiny_order;
        }
        p[0] = p[0] * plain[BASE * j + d] % tiny_order;
    }
}

static void fold(size_t count, size_t index)
{
    static ps_ristretto255 bench[4096];
    size_t m = ps_one_of_many_digits(count);
    ps_ristretto255 sum[DIGITS + 1];
    uint64_t p[DIGITS + 1], want[DIGITS + 1] = {0};

    CHECK(ps_one_of_many_fold_elements(count) <= 4096);
    choose_scalars(m, index);
    for (size_t i = 0; i < (size_t)1 << (2 * m); i++) {
        polynomial(p, m, i, index);
        for (size_t k = 0; k <= m; k++) {
            want[k] += p[k] * tiny_value(&elements[i < count ? i : count - 1]);
        }
    }
    ps_one_of_many_fold(sum, elements, count, a, index, ps_backend_portable(),
                        bench);
    for (size_t k = 0; k <= m; k++) {
        CHECK(tiny_value(&sum[k]) == want[k] % tiny_order);
    }
    CHECK(tiny_value(&sum[m]) == tiny_value(&elements[index]));
}

static void folds(unsigned order, size_t to)
{
    tiny_order = order;
    for (size_t count = 2; count <= to; count++) {
        for (size_t i = 0; i < count; i++) {
            elements[i] = tiny_element((unsigned)(i * i + 3 * i + count));
        }
        for (size_t index = 0; index < count; index++) {
            fold(count, index);
        }
    }
}

int main(void)
{
    folds(31, 40);
    folds(11, 68);
    printf("one-of-many, fold: ok\n");
    return 0;
}
