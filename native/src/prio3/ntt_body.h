/* Polynomials known by their values at roots of unity; compiled once a field.
 *
 * Source     draft-irtf-cfrg-vdaf-20, sections 6.1.3 and 6.1.4; evaluation by
 *            Lagrange's formula, written without divisions
 *
 * p is the number of points of a wire polynomial, a power of two; w is the
 * root of unity of order 2p, and w^2 the one of order p. A polynomial of degree
 * below p is its p values at 1, w^2, w^4, ...
 */

/* Made once a call. All entries are factors. */
typedef struct {
    size_t p;
    fe *root;    /* 2p: w^i */
    fe *share;   /* 2p: w^i / 2p */
    fe *twist;   /* p: w^r(i) / p, where r reverses the bits of i */
    fe half;     /* 1/2 */
} points;

static size_t log_of(size_t power)
{
    size_t log = 0;

    while ((size_t)1 << log < power) {
        log++;
    }
    return log;
}

/* The root of unity of order 2^log, a factor. */
static fe root_of_order(size_t log)
{
    fe root = fe_generator();

    for (size_t i = FE_ORDER_LOG; i > log; i--) {
        root = fe_mul(root, root);
    }
    return root;
}

static void make_points(points *s, size_t p, fe *memory)
{
    size_t log = log_of(p);
    fe w = root_of_order(log + 1);
    fe one = fe_factor(fe_from_u64(1)), inverse = one;

    s->p = p;
    s->root = memory;
    s->share = memory + 2 * p;
    s->twist = memory + 4 * p;
    s->half = fe_half();
    for (size_t i = 0; i < log + 1; i++) {
        inverse = fe_mul(inverse, s->half);
    }
    s->root[0] = one;
    s->share[0] = inverse;
    for (size_t i = 1; i < 2 * p; i++) {
        s->root[i] = fe_mul(s->root[i - 1], w);
        s->share[i] = fe_mul(s->share[i - 1], w);
    }
    for (size_t i = 0, r = 0; i < p; i++) {
        s->twist[i] = fe_add(s->share[r], s->share[r]);
        for (size_t bit = p >> 1; bit != 0 && ((r ^= bit) & bit) == 0;) {
            bit >>= 1; /* adds one to r, highest bit first */
        }
    }
}

/* The values at w, w^3, w^5, ... of a polynomial given at 1, w^2, w^4, ...
 * In place. Down to coefficients in reversed order, a step sideways, up. */
static void move_to_odd(fe *a, const points *s)
{
    size_t p = s->p;

    for (size_t m = p; m >= 2; m /= 2) {
        size_t step = 2 * p / m;

        for (size_t block = 0; block < p; block += m) {
            for (size_t i = 0; i < m / 2; i++) {
                fe u = a[block + i], v = a[block + i + m / 2];
                size_t back = (2 * p - i * step) & (2 * p - 1);

                a[block + i] = fe_add(u, v);
                a[block + i + m / 2] = fe_mul(fe_sub(u, v), s->root[back]);
            }
        }
    }
    for (size_t i = 0; i < p; i++) {
        a[i] = fe_mul(a[i], s->twist[i]);
    }
    for (size_t m = 2; m <= p; m *= 2) {
        size_t step = 2 * p / m;

        for (size_t block = 0; block < p; block += m) {
            for (size_t i = 0; i < m / 2; i++) {
                fe u = a[block + i];
                fe v = fe_mul(a[block + i + m / 2], s->root[i * step]);

                a[block + i] = fe_add(u, v);
                a[block + i + m / 2] = fe_sub(u, v);
            }
        }
    }
}

/* What each value counts for at t, a factor: with P of degree below p,
 *
 *     P(t) = sum of weight[k] * P(w^2k)
 *     weight[k] = w^2k / p * product of (t - w^2j) over all j but k
 */
static void make_weights(fe *weight, fe t, const points *s)
{
    fe product = s->root[0];

    for (size_t k = 0; k < s->p; k++) {
        weight[k] = product;
        product = fe_mul(product, fe_sub(t, s->root[2 * k]));
    }
    product = s->root[0];
    for (size_t k = s->p; k-- > 0;) {
        fe scale = fe_add(s->share[2 * k], s->share[2 * k]);

        weight[k] = fe_mul(fe_mul(weight[k], product), scale);
        product = fe_mul(product, fe_sub(t, s->root[2 * k]));
    }
}

/* The last of 2p values of a polynomial of degree 2p - 2: its coefficient of
 * x^(2p - 1) is 0, so the values times the roots add up to nothing. */
static fe last_value(const fe *value, const points *s)
{
    fe sum = fe_zero();

    for (size_t i = 0; i + 1 < 2 * s->p; i++) {
        sum = fe_add(sum, fe_mul(value[i], s->root[i]));
    }
    return fe_mul(fe_sub(fe_zero(), sum), s->root[1]);
}

/* How weights at even and odd roots make those of all 2p:
 *
 *     G(t) = (1 + t^p)/2 * sum of even[k] * G(w^2k)
 *          + (1 - t^p)/2 * sum of odd[k] * G(w^(2k + 1))
 *
 * where odd has the weights at t/w. */
static fe at_point(const fe *value, const fe *even, const fe *odd, fe t_to_p,
                   const points *s)
{
    fe a = fe_zero(), b = fe_zero();
    fe plus = fe_mul(fe_add(s->root[0], t_to_p), s->half);
    fe minus = fe_mul(fe_sub(s->root[0], t_to_p), s->half);

    for (size_t k = 0; k < s->p; k++) {
        a = fe_add(a, fe_mul(value[2 * k], even[k]));
        b = fe_add(b, fe_mul(value[2 * k + 1], odd[k]));
    }
    return fe_add(fe_mul(a, plus), fe_mul(b, minus));
}
