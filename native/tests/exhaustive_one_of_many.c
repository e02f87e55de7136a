/* One-of-many proofs over a group so small that everything can be tried.
 *
 * The very objects of the prover and the verifier, linked with the integers
 * modulo a small prime in place of ristretto255. In such a group everybody
 * knows all logarithms, so what rests on their hardness cannot be tested here;
 * all else can: completeness, that the index is hidden, that the verifier is
 * its equations and nothing else, that three challenges give the secret, and
 * that a prover bound by its commitments answers fewer.
 */
#include "check.h"
#include "tiny_group.h"

#include "../src/one_of_many.h"

enum { LONGEST = 64, MAX_PIECES = 40 };

static uint64_t q; /* the order */
static ps_one_of_many_bases bases;
static ps_ristretto255 elements[PS_ONE_OF_MANY_MAX];
static ps_one_of_many_list list;
static ps_one_of_many_statement statement;
static const uint8_t digest[32] = {7};
static ps_limb *scratch;
static size_t scratch_limbs;
static unsigned long tried;

static void room(size_t limbs)
{
    if (limbs > scratch_limbs) {
        free(scratch);
        scratch = malloc(limbs * sizeof *scratch);
        scratch_limbs = limbs;
        CHECK(scratch != NULL);
    }
}

static void order(uint64_t prime)
{
    q = prime;
    tiny_order = (unsigned)prime;
    ps_one_of_many_bases_init(&bases, ps_backend_portable());
    if (ps_ristretto255_is_identity(&bases.element[0])) {
        ps_ristretto255_base(&bases.element[0]); /* rare, but not in Z/3 */
    }
}

static uint64_t modulo(int64_t x)
{
    int64_t r = x % (int64_t)q;
    return (uint64_t)(r < 0 ? r + (int64_t)q : r);
}

static uint64_t times(uint64_t a, uint64_t b)
{
    return a * b % q;
}

/* A number below q in 32 bytes. */
static void put(uint8_t *out32, uint64_t x)
{
    memset(out32, 0, 32);
    out32[0] = (uint8_t)x;
}

static void put_element(ps_ristretto255 *p, uint64_t x)
{
    *p = tiny_element((unsigned)x);
}

static uint64_t get_element(const ps_ristretto255 *p)
{
    return tiny_value(p);
}

/* What the statement is about, as numbers. */
typedef struct {
    uint64_t p[LONGEST], base, offset, tag_base, tag;
    size_t count;
    uint32_t tagged;
} claim;

static void state(const claim *c)
{
    memset(&statement, 0, sizeof statement);
    put(statement.base, c->base);
    put(statement.offset, c->offset);
    put(statement.weights, 1);
    statement.tagged = c->tagged;
    if (c->tagged) {
        put(statement.tag_base, c->tag_base);
        put(statement.tag, c->tag);
    }
    for (size_t i = 0; i < c->count; i++) {
        put_element(&elements[i], c->p[i]);
    }
    list = (ps_one_of_many_list){elements, digest, c->count, 1};
}

/* A proof as numbers: elements, then scalars. */
typedef struct {
    uint64_t piece[MAX_PIECES];
} numbers;

static size_t pieces(const claim *c)
{
    return ps_one_of_many_len(c->count, c->tagged) / 32;
}

static ps_status prove(numbers *proof, const claim *c, size_t index,
                       uint64_t secret, const uint64_t *nonces, size_t count,
                       uint64_t xi)
{
    uint8_t bytes[32 * MAX_PIECES], secret32[32];
    const uint8_t rand32[32] = {0};
    unsigned queue[32];
    ps_transcript t;
    ps_status status;

    put(secret32, secret);
    for (size_t i = 0; i < count; i++) {
        queue[i] = (unsigned)nonces[i];
    }
    queue[count] = (unsigned)xi;
    tiny_choose(queue, count + 1);
    ps_transcript_init(&t, (const uint8_t *)"tiny", 4);
    room(ps_one_of_many_prove_limbs(c->count, 1));
    status = ps_one_of_many_prove(bytes, &t, &list, &statement, index, secret32,
                                  rand32, &bases, ps_backend_portable(),
                                  scratch);
    for (size_t i = 0; i < pieces(c); i++) {
        proof->piece[i] = bytes[32 * i];
    }
    tried++;
    return status;
}

static ps_status verify(const numbers *proof, const claim *c, uint64_t xi,
                        uint64_t weight)
{
    uint8_t bytes[32 * MAX_PIECES];
    const uint8_t rand32[32] = {0};
    const unsigned queue[2] = {(unsigned)xi, (unsigned)weight};
    ps_transcript t;
    size_t bad;

    for (size_t i = 0; i < pieces(c); i++) {
        put(bytes + 32 * i, proof->piece[i]);
    }
    tiny_choose(queue, 2);
    ps_transcript_init(&t, (const uint8_t *)"tiny", 4);
    room(ps_one_of_many_verify_limbs(c->count, 1, 1));
    tried++;
    return ps_one_of_many_verify_vartime(&bad, &t, bytes, &statement, 1, &list,
                                         rand32, &bases, ps_backend_portable(),
                                         scratch);
}

/* True for every weight, so each equation is true: there are three at most, and
 * a polynomial of degree 2 has two roots. */
static int holds(const numbers *proof, const claim *c, uint64_t xi)
{
    for (uint64_t weight = 0; weight < 3; weight++) {
        if (verify(proof, c, xi, weight) != PS_OK) {
            return 0;
        }
    }
    return 1;
}

/* The equations once more, in numbers: what each is off by. */
static void differences(uint64_t *off, const numbers *proof, const claim *c,
                        uint64_t xi)
{
    size_t m = ps_one_of_many_digits(c->count), full = (size_t)1 << (2 * m);
    const uint64_t *x = proof->piece + 2, *y = x + m;
    const uint64_t *f = x + m * (c->tagged ? 2 : 1);
    uint64_t z_a = f[3 * m], z = f[3 * m + 1], power = 1, row[4 * DIGITS];

    for (size_t j = 0; j < m; j++) {
        row[4 * j] = modulo((int64_t)(xi + 3 * q - f[3 * j] - f[3 * j + 1]
                                      - f[3 * j + 2]));
        memcpy(row + 4 * j + 1, f + 3 * j, 3 * sizeof *f);
    }
    off[0] = proof->piece[0] + times(xi, proof->piece[1])
           + times(q - z_a, get_element(&bases.element[0]));
    for (size_t i = 0; i < 4 * m; i++) {
        uint64_t product = times(row[i], modulo((int64_t)(xi + q - row[i])));
        off[0] += times(q - row[i], get_element(&bases.element[BITS + i]))
                + times(q - product, get_element(&bases.element[PRODUCTS + i]));
    }
    off[1] = times(q - z, c->base);
    off[2] = c->tagged ? times(q - z, c->tag_base) : 0;
    for (size_t k = 0; k < m; k++) {
        off[1] += times(q - power, x[k]);
        off[2] += c->tagged ? times(q - power, y[k]) : 0;
        power = times(power, xi);
    }
    off[1] += times(q - power, c->offset);
    off[2] += c->tagged ? times(power, c->tag) : 0;
    for (size_t i = 0; i < full; i++) {
        uint64_t product = 1;
        for (size_t j = 0; j < m; j++) {
            product = times(product, row[4 * j + ((i >> (2 * j)) & 3)]);
        }
        off[1] += times(product, c->p[i < c->count ? i : c->count - 1]);
    }
    for (size_t e = 0; e < 3; e++) {
        off[e] %= q;
    }
}

/* The number whose digits to the base q are v. */
static size_t rank(const uint64_t *v, size_t count)
{
    size_t r = 0;

    for (size_t i = count; i-- > 0;) {
        r = r * q + v[i];
    }
    return r;
}

/* The other way; 0 when all have been had. */
static int unrank(uint64_t *v, size_t count, size_t r)
{
    for (size_t i = 0; i < count; i++) {
        v[i] = r % q;
        r /= q;
    }
    return r == 0;
}

/* Lists of one digit: every nonce, every challenge, every index, and every secret
 * from `secret` on. What a proof shows beside its equations takes each value exactly once
 * as the nonces go through theirs, whatever the index and the secret: it is
 * uniform, and hides them perfectly. */
static void short_lists(uint64_t prime, size_t count, uint32_t tagged,
                        uint64_t secret)
{
    enum { NONCES = 6 };
    static uint8_t seen[16384];
    claim c = {.base = 2, .offset = 1, .count = count, .tagged = tagged};
    size_t total = 1;
    uint64_t nonce[NONCES];
    numbers proof;

    order(prime);
    for (size_t i = 0; i < NONCES; i++) {
        total *= q;
    }
    CHECK(total <= sizeof seen * 8);
    for (; secret < q; secret++) {
        for (size_t index = 0; index < count; index++) {
            for (size_t i = 0; i < count; i++) {
                c.p[i] = (i * i + 1) % q;
            }
            c.p[index] = (secret * c.base + c.offset) % q;
            c.tag_base = q - 1;
            c.tag = times(secret, c.tag_base);
            state(&c);
            for (uint64_t xi = 0; xi < q; xi++) {
                memset(seen, 0, sizeof seen);
                for (size_t n = 0; unrank(nonce, NONCES, n); n++) {
                    uint64_t shown[NONCES];
                    size_t r, at = 2 + (tagged ? 2 : 1);
                    CHECK(prove(&proof, &c, index, secret, nonce, NONCES, xi)
                          == PS_OK);
                    memcpy(shown, proof.piece + at, 5 * sizeof *shown);
                    shown[5] = proof.piece[1];
                    r = rank(shown, NONCES);
                    CHECK((seen[r / 8] >> (r % 8) & 1) == 0);
                    seen[r / 8] |= (uint8_t)(1u << (r % 8));
                    CHECK(verify(&proof, &c, xi, 1 + n % (q - 1)) == PS_OK);
                }
            }
        }
    }
}

/* Every string of numbers as a proof of one digit: accepted for exactly the
 * weights that the equations say. */
static void every_proof(uint64_t prime, uint32_t tagged)
{
    claim c = {.p = {1, 2, 0}, .base = 2, .offset = 1, .count = 3,
               .tagged = tagged, .tag_base = 1, .tag = 2};
    numbers proof;
    uint64_t off[3];
    size_t good = 0, all = 0;

    order(prime);
    state(&c);
    for (size_t n = 0; unrank(proof.piece, pieces(&c), n); n++) {
        for (uint64_t xi = 0; xi < q; xi++) {
            differences(off, &proof, &c, xi);
            for (uint64_t w = 0; w < q; w++) {
                uint64_t sum = (off[0] + w * off[1] + w * w * off[2]) % q;
                CHECK((verify(&proof, &c, xi, w) == PS_OK) == (sum == 0));
            }
            good += off[0] == 0 && off[1] == 0 && off[2] == 0;
            all++;
        }
    }
    /* Each equation fixes one number of a proof. */
    CHECK(good * q * q * (tagged ? q : 1) == all);
}

/* One number of a right proof of two digits, changed to every other. */
static void every_change(uint64_t prime, size_t count)
{
    claim c = {.base = 3, .offset = 2, .count = count, .tagged = 1,
               .tag_base = 4};
    uint64_t nonce[10], off[3];
    numbers proof;

    order(prime);
    for (size_t i = 0; i < count; i++) {
        c.p[i] = (i * i * i + 2) % q;
    }
    c.p[count - 2] = (5 * c.base + c.offset) % q;
    c.tag = times(5, c.tag_base);
    state(&c);
    unrank(nonce, 10, 123456789);
    for (uint64_t xi = 0; xi < q; xi++) {
        CHECK(prove(&proof, &c, count - 2, 5, nonce, 10, xi) == PS_OK);
        CHECK(holds(&proof, &c, xi));
        for (size_t i = 0; i < pieces(&c); i++) {
            uint64_t right = proof.piece[i];
            for (uint64_t x = 0; x < q; x++) {
                proof.piece[i] = x;
                differences(off, &proof, &c, xi);
                CHECK(holds(&proof, &c, xi)
                      == (off[0] == 0 && off[1] == 0 && off[2] == 0));
                CHECK(x != right || off[0] + off[1] + off[2] == 0);
            }
            proof.piece[i] = right;
        }
    }
}

/* Two and three digits: every length, every index, every challenge. */
static void longer_lists(uint64_t prime, size_t from, size_t to)
{
    uint64_t nonce[14];
    numbers proof;

    order(prime);
    for (size_t count = from; count <= to; count++) {
        for (size_t index = 0; index < count; index++) {
            claim c = {.base = 3, .offset = 2, .count = count,
                       .tagged = index % 2, .tag_base = 4};
            uint64_t secret = 1 + (index + count) % (q - 1);
            for (size_t i = 0; i < count; i++) {
                c.p[i] = (7 * i * i + i + 2) % q;
            }
            c.p[index] = (secret * c.base + c.offset) % q;
            c.tag = times(secret, c.tag_base);
            state(&c);
            for (uint64_t xi = 0; xi < q; xi++) {
                pseudo_random(nonce, sizeof nonce);
                for (size_t i = 0; i < 14; i++) {
                    nonce[i] %= q;
                }
                CHECK(prove(&proof, &c, index, secret, nonce,
                            4 * ps_one_of_many_digits(count) + 2, xi) == PS_OK);
                CHECK(holds(&proof, &c, xi));
            }
            if (c.tagged) {
                statement.tag[0] = (uint8_t)((c.tag + 1) % q);
                CHECK(prove(&proof, &c, index, secret, nonce, 1, 0)
                      == PS_E_VERIFY);
            }
        }
    }
}

static uint64_t inverse(uint64_t a)
{
    uint64_t r = 1;

    for (uint64_t e = q - 2; e != 0; e >>= 1) {
        r = e & 1 ? times(r, a) : r;
        a = times(a, a);
    }
    return r;
}

/* Weights t with sum t_e * xi_e^k = 0 for k < m and 1 for k = m: Lagrange's
 * leading coefficients. */
static void leading(uint64_t *t, const uint64_t *xi, size_t m)
{
    for (size_t e = 0; e <= m; e++) {
        t[e] = 1;
        for (size_t d = 0; d <= m; d++) {
            if (d != e) {
                t[e] = times(t[e],
                             inverse(modulo((int64_t)(xi[e] + q - xi[d]))));
            }
        }
    }
}

/* The extractor of the page's section 6: proofs of one first message for every
 * three challenges that differ give index and secret. */
static void extract(uint64_t prime, size_t count)
{
    size_t m = ps_one_of_many_digits(count);
    uint64_t nonce[10];
    static numbers proof[64];

    order(prime);
    CHECK(m == 2 && q <= 64);
    for (size_t index = 0; index < count; index++) {
        claim c = {.base = 5, .offset = 6, .count = count, .tagged = 1,
                   .tag_base = 3};
        uint64_t secret = 1 + index % (q - 1);
        for (size_t i = 0; i < count; i++) {
            c.p[i] = (i * i + 4) % q;
        }
        c.p[index] = (secret * c.base + c.offset) % q;
        c.tag = times(secret, c.tag_base);
        state(&c);
        unrank(nonce, 10, 987654321 + index);
        for (uint64_t xi = 0; xi < q; xi++) {
            CHECK(prove(&proof[xi], &c, index, secret, nonce, 10, xi) == PS_OK);
            CHECK(memcmp(proof[xi].piece, proof[0].piece,
                         (2 + 2 * m) * sizeof(uint64_t)) == 0);
        }
        for (uint64_t a = 0; a < q; a++) {
            for (uint64_t b = 0; b < a; b++) {
                for (uint64_t d = 0; d < b; d++) {
                    const uint64_t xi[3] = {a, b, d};
                    const uint64_t *f[3];
                    uint64_t t[3], x = 0, spelled = 0;
                    leading(t, xi, m);
                    for (size_t e = 0; e < 3; e++) {
                        f[e] = proof[xi[e]].piece + 2 + 2 * m;
                        x = (x + t[e] * f[e][3 * m + 1]) % q;
                    }
                    for (size_t i = 0; i < 3 * m; i++) {
                        uint64_t bit
                            = times(modulo((int64_t)(f[0][i] + q - f[1][i])),
                                    inverse(modulo((int64_t)(a + q - b))));
                        CHECK(bit <= 1);
                        spelled += bit * (i % 3 + 1) << (2 * (i / 3));
                    }
                    CHECK(x == secret && spelled == index);
                }
            }
        }
    }
}

/* A prover that cannot open its commitments in two ways has chosen b, a, c and e
 * and answers f = b*xi + a where f*(xi - f) = c*xi + e. For a tag that belongs to
 * no element it answers at most two challenges, whatever it chose: K - 1 for
 * lists of one digit. All choices of b, a, X and Y; the best of c and e. */
static void bound_provers(uint64_t prime)
{
    claim c = {.p = {1, 2, 3, 5}, .base = 1, .offset = 0, .count = 4,
               .tagged = 1, .tag_base = 1, .tag = 4};
    uint64_t v[8], most = 0;

    order(prime);
    for (size_t n = 0; unrank(v, 8, n); n++) {
        const uint64_t *b = v, *a = v + 3, X = v[6], Y = v[7];
        uint64_t b0 = modulo((int64_t)(1 + 3 * q - b[0] - b[1] - b[2]));
        uint64_t a0 = modulo((int64_t)(3 * q - a[0] - a[1] - a[2]));
        int bits = b0 <= 1 && b[0] <= 1 && b[1] <= 1 && b[2] <= 1;
        uint64_t answered = 0;
        /* sum f_i*P_i - xi*Q - X = z*B and xi*T - Y = z*U, with B = U = 1. */
        uint64_t slope = b0 * c.p[0] + b[0] * c.p[1] + b[1] * c.p[2]
                       + b[2] * c.p[3] + q - c.tag;
        uint64_t constant = a0 * c.p[0] + a[0] * c.p[1] + a[1] * c.p[2]
                          + a[2] * c.p[3] + 2 * q - X + Y;
        for (uint64_t xi = 0; xi < q; xi++) {
            answered += (slope * xi + constant) % q == 0;
        }
        /* What is no bit has two roots at most; c and e choose which. */
        if (!bits && answered > 2) {
            answered = 2;
        }
        most = answered > most ? answered : most;
        tried++;
    }
    CHECK(most == 2);
}

int main(void)
{
    for (size_t count = 2; count <= 4; count++) {
        short_lists(3, count, 0, 0);
        short_lists(3, count, 1, 1);
    }
    every_proof(3, 0);
#if !defined(PS_EMULATE_LANES) /* minutes under the sanitisers */
    short_lists(5, 3, 0, 4);
    short_lists(5, 2, 1, 4);
    every_proof(3, 1);
#endif
    every_change(11, 5);
    every_change(7, 16);
    longer_lists(13, 5, 20);
    longer_lists(5, 63, 64);
    extract(11, 7);
    extract(13, 16);
    bound_provers(5);
    free(scratch);
    printf("one-of-many, exhaustive: ok (%lu)\n", tried);
    return 0;
}
