/* The validity circuits: what goes into the gadget, and what must be zero.
 *
 * Source     draft-irtf-cfrg-vdaf-20, section 7.4
 *
 * All circuits but three share one shape. With z = 1/shares and the joint
 * randomness r_1, r_2, ... of the calls, call k multiplies, for all j < chunk,
 *
 *     r_k^(j + 1) * m[(k - 1) * chunk + j]   and   m[...] - z
 *
 * and adds up: zero when all m are 0 or 1, and otherwise only by chance.
 * Elements past the end of m are 0. COUNT squares its one element; SUM
 * computes x^2 - x of each; CUBIC x(x - 1)(x - 2).
 */

/* Constants of a call. */
typedef struct {
    points at;
    fe shares_inverse; /* z, an element */
} circuit;

static int is_chunked(const ps_prio3 *vdaf)
{
    return vdaf->joint_rand_len != 0;
}

/* 1/n modulo p, an element: n^(p - 2) by the bits of p - 2, all public. */
static fe inverse_of(uint64_t n)
{
    fe base = fe_factor(fe_from_u64(n)), x = fe_from_u64(1);
    uint64_t words[2];
    int bits = 8 * FE_BYTES;

    fe_exponent_of_inverse(words);
    while (bits-- > 0) {
        x = fe_unscale(fe_mul(x, x));
        if ((words[bits / 64] >> (bits % 64)) & 1) {
            x = fe_mul(x, base);
        }
    }
    return x;
}

/* The number that vdaf->bits elements stand for, all but the last with weights
 * 1, 2, 4, ...: linear, so shares may be decoded too. */
static fe number_of(const fe *m, const ps_prio3 *vdaf)
{
    uint64_t last = vdaf->max - (((uint64_t)1 << (vdaf->bits - 1)) - 1);
    fe sum = fe_zero();

    for (size_t bit = vdaf->bits - 1; bit-- > 0;) {
        sum = fe_add(fe_add(sum, sum), m[bit]);
    }
    return fe_add(sum, fe_mul(m[vdaf->bits - 1],
                              fe_factor(fe_from_u64(last))));
}

/* value <= max, in bits elements of which the last has the weight that is
 * left. */
static void encode_number(fe *m, uint64_t value, const ps_prio3 *vdaf)
{
    uint64_t rest = ((uint64_t)1 << (vdaf->bits - 1)) - 1;
    uint64_t big = (rest - value) >> 63; /* value > rest */

    value -= (vdaf->max - rest) & ct_mask(big);
    for (size_t bit = 0; bit + 1 < vdaf->bits; bit++) {
        m[bit] = fe_from_u64((value >> bit) & 1);
    }
    m[vdaf->bits - 1] = fe_from_u64(big);
}

/* 1 when x <= limit; both below 2^63 or the answer is 0. */
static uint64_t at_most(uint64_t x, uint64_t limit)
{
    return (((x | (limit - x)) >> 63) ^ 1);
}

/* Returns 1 when the measurement is in its interval, 0 otherwise. */
static uint64_t encode_measurement(fe *m, const uint64_t *measurement,
                                   const ps_prio3 *vdaf)
{
    uint64_t fits = 1, weight = 0;

    switch (vdaf->circuit) {
    case PS_PRIO3_COUNT:
    case PS_PRIO3_CUBIC:
        m[0] = fe_from_u64(measurement[0] & 3);
        return at_most(measurement[0], vdaf->circuit == PS_PRIO3_COUNT ? 1 : 2);
    case PS_PRIO3_HISTOGRAM:
        for (size_t i = 0; i < vdaf->length; i++) {
            m[i] = fe_from_u64(ct_mask_equal(measurement[0], i) & 1);
        }
        return at_most(measurement[0], vdaf->length - 1);
    case PS_PRIO3_MULTIHOT:
        for (size_t i = 0; i < vdaf->length; i++) {
            m[i] = fe_from_u64(measurement[i] & 1);
            fits &= at_most(measurement[i], 1);
            weight += measurement[i] & 1;
        }
        encode_number(m + vdaf->length, weight, vdaf);
        return fits & at_most(weight, vdaf->max);
    default:
        for (size_t i = 0; i < vdaf->length; i++) {
            encode_number(m + i * vdaf->bits, measurement[i], vdaf);
            fits &= at_most(measurement[i], vdaf->max);
        }
        return fits;
    }
}

/* What is aggregated: output_len elements of a measurement or a share. */
static fe output_of(const fe *m, size_t i, const ps_prio3 *vdaf)
{
    switch (vdaf->circuit) {
    case PS_PRIO3_SUM:
    case PS_PRIO3_SUM_VEC:
    case PS_PRIO3_SUM_VEC_MULTI:
        return number_of(m + i * vdaf->bits, vdaf);
    default:
        return m[i];
    }
}

/* The gadget of `arity` inputs, all plain elements. */
static fe gadget(const fe *x, const ps_prio3 *vdaf)
{
    fe sum = fe_zero();

    if (vdaf->circuit == PS_PRIO3_SUM || vdaf->circuit == PS_PRIO3_CUBIC) {
        fe square_less = fe_sub(fe_unscale(fe_mul(x[0], x[0])), x[0]);

        return vdaf->circuit == PS_PRIO3_SUM ? square_less
             : fe_unscale(fe_mul(square_less,
                                 fe_sub(x[0], fe_from_u64(2))));
    }
    for (size_t j = 0; j < vdaf->arity; j += 2) {
        sum = fe_add(sum, fe_mul(x[j], x[j + 1]));
    }
    return fe_unscale(sum);
}

/* The outputs of the circuit, reduced to one element: `called` is the sum, or
 * for SUM the reduced sum, of what the gadget gave; rand has `checks` factors
 * when there is more than one output. */
static fe reduce_outputs(fe called, const fe *m, const fe *rand, fe z,
                         const ps_prio3 *vdaf)
{
    fe second = fe_zero();

    if (vdaf->circuit == PS_PRIO3_COUNT) {
        return fe_sub(called, m[0]);
    }
    if (vdaf->circuit != PS_PRIO3_HISTOGRAM
        && vdaf->circuit != PS_PRIO3_MULTIHOT) {
        return called;
    }
    for (size_t i = 0; i < vdaf->length; i++) {
        second = fe_add(second, m[i]);
    }
    second = fe_sub(second, vdaf->circuit == PS_PRIO3_HISTOGRAM
                                ? z : number_of(m + vdaf->length, vdaf));
    return fe_add(fe_mul(called, rand[0]), fe_mul(second, rand[1]));
}
