/* Laws of a field of Prio3; included after its header. */
#include "check.h"

enum { EDGES = 12, RANDOM = 20, ALL = EDGES + RANDOM };

static int same(fe a, fe b)
{
    return fe_mask_equal(a, b) == ~(uint64_t)0;
}

static fe minus(fe a)
{
    return fe_sub(fe_zero(), a);
}

/* The words that fe_store writes: the canonical number. */
static void words_of(uint64_t *words2, fe a)
{
    uint8_t bytes[16] = {0};

    fe_store(bytes, a);
    words2[0] = ps_load64_le(bytes);
    words2[1] = ps_load64_le(bytes + 8);
}

static int canonical(fe a)
{
    uint64_t words[2];
    fe b;

    words_of(words, a);
    return fe_from_words(&b, words) == ~(uint64_t)0 && same(a, b);
}

/* a times the number b, by doubling and adding alone. */
static fe slow_product(fe a, fe b)
{
    uint64_t words[2];
    fe sum = fe_zero();

    words_of(words, b);
    for (int bit = 127; bit >= 0; bit--) {
        sum = fe_add(sum, sum);
        if ((words[bit / 64] >> (bit % 64)) & 1) {
            sum = fe_add(sum, a);
        }
    }
    return sum;
}

static fe drawn(void)
{
    uint64_t words[2];
    fe x;

    do {
        pseudo_random(words, sizeof words);
    } while (fe_from_words(&x, words) == 0);
    return x;
}

static void fill(fe *x)
{
    fe one = fe_from_u64(1);

    x[0] = fe_zero();
    x[1] = one;
    x[2] = fe_from_u64(2);
    x[3] = minus(one);
    x[4] = minus(fe_from_u64(2));
    x[5] = fe_from_u64(0xffffffff);
    x[6] = fe_from_u64((uint64_t)1 << 32);
    x[7] = minus(fe_from_u64((uint64_t)1 << 32));
    x[8] = fe_from_u64(UINT64_C(0xffffffff00000000));
    x[9] = fe_from_u64((uint64_t)1 << 63);
    x[10] = minus(fe_from_u64((uint64_t)1 << 63));
    x[11] = fe_generator();
    for (size_t i = EDGES; i < ALL; i++) {
        x[i] = drawn();
    }
}

static void check_pair(fe a, fe b)
{
    fe product = slow_product(a, b);

    CHECK(canonical(a) && canonical(fe_add(a, b)) && canonical(fe_sub(a, b)));
    CHECK(same(fe_add(a, b), fe_add(b, a)));
    CHECK(same(fe_sub(fe_add(a, b), b), a));
    CHECK(same(fe_add(fe_sub(a, b), b), a));
    CHECK(canonical(fe_mul(a, b)));
    CHECK(same(fe_mul(a, fe_factor(b)), product));
    CHECK(same(fe_unscale(fe_mul(a, b)), product));
    CHECK(same(fe_mul(a, fe_mul(fe_factor(b), fe_factor(b))),
               slow_product(product, b)));
}

static void check_roots(void)
{
    fe g = fe_generator(), one = fe_factor(fe_from_u64(1));

    for (size_t i = 1; i < FE_ORDER_LOG; i++) {
        CHECK(!same(g, one));
        g = fe_mul(g, g);
    }
    CHECK(same(g, minus(one)));
    CHECK(same(fe_add(fe_half(), fe_half()), one));
}

static void check_words(void)
{
    uint64_t words[2];
    fe x;

    words_of(words, minus(fe_from_u64(1))); /* p - 1, and then p, p + 1 */
    CHECK(fe_from_words(&x, words) == ~(uint64_t)0);
    words[0]++;
    CHECK(fe_from_words(&x, words) == 0);
    words[0]++;
    CHECK(fe_from_words(&x, words) == 0);
    words[0] = words[1] = ~(uint64_t)0;
    CHECK(fe_from_words(&x, words) == 0);
}

static void check_laws(void)
{
    fe x[ALL];

    fill(x);
    for (size_t i = 0; i < ALL; i++) {
        for (size_t j = 0; j < ALL; j++) {
            check_pair(x[i], x[j]);
        }
    }
    check_roots();
    check_words();
}
