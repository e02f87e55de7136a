/* Range proofs over a group so small that everything can be tried.
 *
 * The very objects of src/range, linked with tests/tiny_group.c: elements are
 * integers modulo q, G is 1, and a test can choose the challenges.
 *
 * Discrete logarithms are no secret here, so every commitment opens to every
 * number. What can be tried is the argument itself: that an honest prover
 * convinces whatever the challenges, that one who follows the algorithm with
 * anything but bits convinces for exactly those challenges that solve its
 * equation, and that the equations are those of the paper.
 */
#include "range_cheat.h"

enum { MAX_LIMBS = 1 << 16, PROOF = 32 * (9 + 2 * 4) };

static ps_limb scratch[MAX_LIMBS];

static void start(ps_range_transcript *t, uint32_t context)
{
    memset(t, 0, sizeof *t);
    t->format = PS_RANGE_V1;
    ps_transcript_init(&t->own, (const uint8_t *)&context, sizeof context);
}

static ps_status verify(const uint8_t *commitments, const uint8_t *proof,
                        ps_range_shape shape, uint32_t context,
                        const uint8_t *rand32)
{
    ps_range_transcript t;
    size_t bad;

    start(&t, context);
    CHECK(ps_range_verify_limbs(&shape, 1) <= MAX_LIMBS);
    return ps_range_verify_vartime(
        &bad, &t, &shape, 1, commitments, 32 * shape.count, proof,
        ps_range_proof_len(shape), rand32, &gens, ps_backend_portable(),
        scratch);
}

/* Every number that has so many bits, every blinding, some contexts: the
 * challenges are those of the sponge. PS_E_FEED is common in a small group. */
static void honest(unsigned bits, unsigned contexts)
{
    const ps_range_shape shape = {bits, 1};
    uint8_t proof[PROOF], v[32], blinding[32] = {0}, rand[32] = {0};
    unsigned proven = 0, again = 0;

    for (uint64_t value = 0; value < (1u << bits); value++) {
        for (blinding[0] = 0; blinding[0] < q; blinding[0]++) {
            for (uint32_t context = 0; context < contexts; context++) {
                ps_range_transcript t;
                ps_status status;

                start(&t, context);
                status = ps_range_prove(proof, v, &t, &value, blinding, shape,
                                        rand, &gens, ps_backend_portable(),
                                        scratch);
                CHECK(status == PS_OK || status == PS_E_FEED);
                if (status == PS_E_FEED) {
                    again++;
                    continue;
                }
                proven++;
                CHECK(v[0] == (value + mul(blinding[0], blinding_base())) % q);
                CHECK(verify(v, proof, shape, context, rand) == PS_OK);
            }
        }
    }
    CHECK(proven > again / 8);
}

/* A number with more bits is refused, whatever the blinding. */
static void refused(unsigned bits)
{
    const ps_range_shape shape = {bits, 1};
    uint8_t proof[PROOF], v[32], blinding[32] = {0}, rand[32] = {0};
    static const uint8_t zero[PROOF];
    ps_range_transcript t, before;

    for (blinding[0] = 0; blinding[0] < q; blinding[0]++) {
        for (unsigned over = bits; over < 64; over++) {
            uint64_t value = (uint64_t)1 << over;

            memset(proof, 1, sizeof proof);
            start(&t, 0);
            before = t;
            CHECK(ps_range_prove(proof, v, &t, &value, blinding, shape, rand,
                                 &gens, ps_backend_portable(), scratch)
                  == PS_E_RANGE);
            CHECK(memcmp(proof, zero, ps_range_proof_len(shape)) == 0);
            CHECK(memcmp(v, zero, 32) == 0);
            CHECK(memcmp(&t, &before, sizeof t) == 0);
        }
    }
}

static ps_status asked(const uint8_t *proof, const uint8_t *v, const cheat *c,
                       uint8_t salt)
{
    const ps_range_shape shape = {c->n, c->m};
    const uint8_t rand[32] = {salt};

    const unsigned challenges[5] = {c->y, c->z, c->x, c->w, c->u};
    ps_status status;

    tiny_choose(challenges, length(c) == 2 ? 5 : 4);
    status = verify(v, proof, shape, 0, rand);
    tiny_choose(NULL, 0);
    return status;
}

/* The verifier with these challenges says what we expect. It joins its two sums
 * by a weight, which hides for one weight in q that the second is wrong: so we
 * ask again before we say that it took a false one. */
static void check_verdict(int expected, const uint8_t *proof,
                          const uint8_t *v, const cheat *c)
{
    uint8_t salt = 0;

    if (expected) {
        CHECK(asked(proof, v, c, salt) == PS_OK);
        return;
    }
    while (asked(proof, v, c, salt) == PS_OK) {
        CHECK(++salt < 16);
    }
}

/* Commits to the polynomial that hides the defect for x = 1 and x = 2; no
 * choice hides it for three x. Counts the x that the verifier takes. */
static void survived(cheat *c, unsigned nonce)
{
    uint8_t proof[PROOF], v[64];
    unsigned d = defect(c), half = invert(2);

    interpolate(c);
    /* d + (t1 - t1')*x + (t2 - t2')*x^2 = (d/2)*(x - 1)*(x - 2) */
    c->t1 = (c->t1 + mul(3 % q, mul(d, half))) % q;
    c->t2 = sub(c->t2, mul(d, half));
    for (c->x = 1; c->x < q; c->x++) {
        int hidden = d == 0 || c->x == 1 || c->x == 2;

        if (!assemble(proof, v, c, nonce)) {
            continue;
        }
        check_verdict(hidden, proof, v, c);
    }
}

/* One choice of vectors against all y and z (or one y). Unless the vectors are
 * the bits of the numbers, t_0 is right for few of them: for each y it is a
 * polynomial in z of degree 1 + m, and vanishes altogether for at most N - 1
 * of the y. */
static void against_all(cheat *c, unsigned y_from, unsigned y_to)
{
    unsigned ys = y_to - y_from, right = 0;

    for (c->y = y_from; c->y < y_to; c->y++) {
        for (c->z = 1; c->z < q; c->z++) {
            right += defect(c) == 0;
            c->w = 1 + (c->y + c->z) % (q - 1);
            c->u = 1 + (c->y + 2 * c->z) % (q - 1);
            survived(c, c->y + 3 * c->z);
        }
    }
    if (has_bits(c)) {
        CHECK(right == ys * (q - 1));
    } else {
        CHECK(right <= ys * (1 + c->m) + (length(c) - 1) * (q - 1));
    }
}

/* All vectors, for all numbers: those of enough bits and those that have more.
 * The blindings take part in both sums alike, so one will do. */
static void cheats(unsigned n, unsigned m, unsigned y_from, unsigned y_to)
{
    unsigned width = n * m == 2 ? q : 1, numbers = m == 2 ? q : 1;
    cheat c = {.n = n, .m = m, .blinding = {2, 3}, .s_left = {1, 3},
               .s_right = {2, 1}};

    for (unsigned i = 0; i < q * width * q * width * q * numbers; i++) {
        unsigned rest = i;

        c.a_left[0] = rest % q;
        c.a_right[0] = rest / q % q;
        rest /= q * q;
        c.a_left[1] = rest % width;
        c.a_right[1] = rest / width % width;
        rest /= width * width;
        c.v[0] = rest % q;
        c.v[1] = rest / q;
        against_all(&c, y_from, y_to);
    }
}

/* Anything that looks like a proof is taken if and only if the paper's
 * equations hold, no challenge is zero and no element of it the identity. */
static void anything(unsigned n, unsigned m, unsigned count)
{
    unsigned taken = 0;

    for (unsigned i = 0; i < count; i++) {
        uint8_t proof[PROOF] = {0}, v[64] = {0}, random[20];
        size_t len = ps_range_proof_len((ps_range_shape){n, m});
        cheat c = {.n = n, .m = m};
        int whole = 1;

        pseudo_random(random, sizeof random);
        for (size_t at = 0; at < len; at += 32) {
            proof[at] = (uint8_t)(random[at / 32] % q);
            if (at < 128 || (at >= 224 && at < len - 64)) {
                whole = whole && proof[at] != 0;
            }
        }
        v[0] = (uint8_t)(random[12] % q);
        v[32] = (uint8_t)(random[13] % q);
        c.y = random[14] % q;
        c.z = random[15] % q;
        c.x = random[16] % q;
        c.w = random[17] % q;
        c.u = random[18] % q;
        whole = whole && c.y && c.z && c.x && c.w
             && (c.u || length(&c) == 1);
        whole = whole && holds(proof, v, &c);
        check_verdict(whole, proof, v, &c);
        taken += (unsigned)whole;
    }
    CHECK(taken > count / (16 * q * q));
}

/* Why the commitments are absorbed first: who knows the challenges finds a V for
 * any proof of one entry. With chosen challenges such a forgery passes. */
static void forgeries(void)
{
    cheat c = {.n = 1, .m = 1}, zero;

    for (c.z = 1; c.z < q; c.z++) {
        for (c.x = 1; c.x < q; c.x++) {
            uint8_t proof[PROOF], v[32];
            unsigned z2 = mul(c.z, c.z), value, nonce = 1;

            c.y = c.w = 2;
            c.a_left[0] = 5; /* no bit */
            c.a_right[0] = 1;
            c.t1 = 3;        /* anything */
            c.t2 = 4;
            zero = c;
            if (!assemble(proof, v, &c, nonce)) {
                continue;
            }
            /* z^2*V = t_x*G + t_x_blinding*H - delta*G - x*T_1 - x^2*T_2 */
            value = proof[128] + mul(proof[160], blinding_base())
                  + sub(0, wanted(&zero)) + sub(0, mul(c.x, proof[64]))
                  + sub(0, mul(mul(c.x, c.x), proof[96]));
            put(v, mul(invert(z2), value % q));
            check_verdict(1, proof, v, &c);
        }
    }
}

/* A challenge that is zero convinces nobody, be the proof right or not. */
static void zero_challenges(void)
{
    cheat c = {.n = 2, .m = 1, .v = {2}, .a_left = {0, 1}, .s_left = {1, 3},
               .s_right = {2, 1}, .a_right = {q - 1, 0}};

    for (unsigned which = 0; which < 6; which++) {
        uint8_t proof[PROOF], v[64];
        unsigned *challenge[5] = {&c.y, &c.z, &c.x, &c.w, &c.u};
        unsigned attempt = 1;

        do {
            c.y = c.z = c.x = c.w = c.u = attempt;
            if (which < 5) {
                *challenge[which] = 0;
            }
            interpolate(&c);
            CHECK(++attempt < q);
        } while (!assemble(proof, v, &c, attempt));
        check_verdict(which == 5, proof, v, &c);
    }
}

int main(void)
{
    world(31);
    honest(1, 40);
    honest(2, 20);
    honest(4, 5);
    refused(1);
    refused(2);
    refused(4);
    zero_challenges();
    forgeries();
    world(11);
    cheats(1, 1, 3, 4);
    world(5);
    cheats(2, 1, 1, 5);
    cheats(1, 2, 3, 4);
    world(7);
    anything(1, 1, 20000);
    anything(2, 1, 20000);
    anything(1, 2, 20000);
    printf("exhaustive_range: ok\n");
    return 0;
}
