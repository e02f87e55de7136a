/* Proving ranges, Bulletproofs sections 4.1, 4.2 and 4.4.
 *
 * With z_j = z^(2+j) for number j, the two vectors of length N are
 *
 *   l(X)[k] = a[k] - z + s_L[k]*X
 *   r(X)[k] = y^k*(a[k] - 1 + z + s_R[k]*X) + z_j*2^i
 *
 * for the bits a[k], and t(X) = <l(X), r(X)> = t_0 + t_1*X + t_2*X^2.
 */
#include "range.h"

#include "../bytes.h"

/* Everything of a proof in the making. All scalars are secret until the
 * comment at `reveal`. */
typedef struct {
    range_shape shape;
    const ps_range_generators *gens;
    const ps_backend *backend;
    ps_range_transcript t;           /* ours until the proof is done */
    ps_scalar alpha, rho, tau[2];    /* nonces */
    ps_scalar y, z, x, w, t_poly[3];
    ps_scalar *values, *blindings;   /* m */
    ps_scalar *z_powers;             /* m: z_j */
    ps_scalar *nonces;               /* 1 + 2N: rho, then s_L and s_R, n of
                                        each for each number */
    ps_scalar *l0, *l1, *r0, *r1;    /* N */
    ps_ristretto255 *basis;          /* 1 + 2N: H and the generators, in the
                                        same order */
    ps_ristretto255 *v;              /* 2m */
    ps_limb *msm;
    range_product product;
} prover;

static size_t make_room(prover *p, ps_limb *scratch)
{
    range_room room = {scratch, 0};
    size_t n = p->shape.length, m = p->shape.padded;

    p->values = range_scalars(&room, m);
    p->blindings = range_scalars(&room, m);
    p->z_powers = range_scalars(&room, m);
    p->nonces = range_scalars(&room, 1 + 2 * n);
    p->l0 = range_scalars(&room, n);
    p->l1 = range_scalars(&room, n);
    p->r0 = range_scalars(&room, n);
    p->r1 = range_scalars(&room, n);
    p->basis = range_points(&room, 1 + 2 * n);
    p->v = range_points(&room, 2 * m);
    p->msm = range_take(&room, ps_ristretto255_msm_limbs(1 + 2 * n));
    return ps_range_product_room(&p->product, &room, &p->shape);
}

size_t ps_range_prove_limbs(ps_range_shape shape)
{
    prover p;

    if (ps_range_shape_open(&p.shape, shape) != PS_OK) {
        return 0;
    }
    return make_room(&p, NULL);
}

/* The bit of entry k, secret. */
static ps_limb bit(const prover *p, const uint64_t *values, size_t k)
{
    size_t j = k / p->shape.bits;

    return j < p->shape.count ? (values[j] >> (k % p->shape.bits)) & 1 : 0;
}

/* Refuses values of more than `bits` bits, without telling which. */
static ps_status check_values(const range_shape *s, const uint64_t *values)
{
    uint64_t over = 0;

    for (size_t j = 0; j < s->count; j++) {
        over |= values[j] >> 1 >> (s->bits - 1);
    }
    over |= over >> 32;
    /* Bit 32 of the sum says whether over is not 0. */
    over = ((over & 0xffffffff) + 0xffffffff) >> 32;
    PS_PUBLIC(&over, sizeof over);
    return over == 0 ? PS_OK : PS_E_RANGE;
}

/* V[j] = v[j]*G + r[j]*H. */
static ps_status commit(prover *p, uint8_t *commitments,
                        const uint64_t *values, const uint8_t *blindings)
{
    size_t count = p->shape.count, bad;
    ps_status status = ps_scalar_decode(p->blindings, &bad, blindings, count);

    PS_PUBLIC(&status, sizeof status);
    if (status != PS_OK) {
        return status;
    }
    for (size_t j = 0; j < count; j++) {
        ps_scalar_from_u64(&p->values[j], values[j]);
    }
    for (size_t j = count; j < p->shape.padded; j++) {
        ps_scalar_from_u64(&p->values[j], 0);
        ps_scalar_from_u64(&p->blindings[j], 0);
    }
    ps_ristretto255_table_mul(p->v, p->values, count, &p->gens->value_table,
                              p->backend);
    ps_ristretto255_table_mul(p->v + count, p->blindings, count,
                              &p->gens->blinding_table, p->backend);
    for (size_t j = 0; j < count; j++) {
        ps_ristretto255_add(&p->v[j], &p->v[j], &p->v[count + j]);
    }
    ps_ristretto255_encode(commitments, p->v, count, p->backend);
    PS_PUBLIC(commitments, 32 * count);
    return PS_OK;
}

static void next_nonce(ps_scalar *s, ps_keccak *stream)
{
    uint8_t wide[64];

    ps_keccak_squeeze(wide, sizeof wide, stream);
    ps_scalar_from_wide(s, wide);
    ps_wipe(wide, sizeof wide);
}

/* The seed of all nonces: a transcript of statement, witness and rand. */
static void seed_nonces(ps_keccak *stream, const prover *p,
                        const uint64_t *values, const uint8_t *blindings,
                        const uint8_t *rand32)
{
    static const char name[] = "range/nonces/v1";
    ps_transcript t;
    uint8_t fingerprint[32], seed[64], bytes[8];
    ps_status status;

    ps_range_fingerprint(fingerprint, &p->t);
    ps_transcript_init(&t, (const uint8_t *)name, sizeof name - 1);
    ps_transcript_absorb(&t, "statement", fingerprint, sizeof fingerprint);
    for (size_t j = 0; j < p->shape.count; j++) {
        ps_store64_le(bytes, values[j]);
        ps_transcript_absorb(&t, "value", bytes, sizeof bytes);
    }
    ps_transcript_absorb(&t, "blindings", blindings, 32 * p->shape.count);
    ps_transcript_absorb(&t, "rand", rand32, 32);
    ps_transcript_challenge(seed, sizeof seed, &t, "nonces");
    ps_shake256_init(stream);
    status = ps_keccak_absorb(stream, seed, sizeof seed);
    (void)status; /* a fresh sponge absorbs */
    ps_wipe(&t, sizeof t);
    ps_wipe(seed, sizeof seed);
    ps_wipe(bytes, sizeof bytes);
}

static void draw_nonces(prover *p, const uint64_t *values,
                        const uint8_t *blindings, const uint8_t *rand32)
{
    ps_keccak stream;

    seed_nonces(&stream, p, values, blindings, rand32);
    next_nonce(&p->alpha, &stream);
    next_nonce(&p->rho, &stream);
    next_nonce(&p->tau[0], &stream);
    next_nonce(&p->tau[1], &stream);
    p->nonces[0] = p->rho;
    for (size_t i = 0; i < 2 * p->shape.length; i++) {
        next_nonce(&p->nonces[1 + i], &stream);
    }
    ps_wipe(&stream, sizeof stream);
}

/* Encodes two elements of the proof and absorbs them; 0 if one is the
 * identity. */
static int publish(prover *p, uint8_t *out64, const ps_ristretto255 *pair,
                   const char *first, const char *second)
{
    ps_limb identity = ps_ristretto255_is_identity(&pair[0])
                     | ps_ristretto255_is_identity(&pair[1]);

    ps_ristretto255_encode(out64, pair, 2, p->backend);
    PS_PUBLIC(out64, 64);
    PS_PUBLIC(&identity, sizeof identity);
    ps_range_absorb(&p->t, first, out64);
    ps_range_absorb(&p->t, second, out64 + 32);
    return !identity;
}

/* A = alpha*H + <a, G> + <a - 1, H>: of each pair of generators one is added,
 * G where the bit is 1 and -H where it is 0. */
static size_t place_of_nonce(const prover *p, size_t k)
{
    size_t n = p->shape.bits;

    return 1 + k / n * 2 * n + k % n;
}

static void gather_basis(prover *p)
{
    ps_ristretto255 *out = p->basis;

    *out++ = p->gens->points[1];
    for (size_t kind = 0; kind < 2 * p->shape.padded; kind++) {
        memcpy(out, p->gens->points + RANGE_BASES + RANGE_GENERATORS * kind,
               p->shape.bits * sizeof *out);
        out += p->shape.bits;
    }
}

static void commit_bits(ps_ristretto255 *sum, const prover *p,
                        const uint64_t *values)
{
    ps_ristretto255 one, none;

    ps_ristretto255_table_mul(sum, &p->alpha, 1, &p->gens->blinding_table,
                              p->backend);
    for (size_t k = 0; k < p->shape.length; k++) {
        size_t at = place_of_nonce(p, k);

        ps_ristretto255_neg(&none, &p->basis[at + p->shape.bits]);
        ps_ristretto255_select(&one, bit(p, values, k), &p->basis[at], &none);
        ps_ristretto255_add(sum, sum, &one);
    }
    ps_wipe(&one, sizeof one);
}

/* A, and S = rho*H + <s_L, G> + <s_R, H>. */
static int publish_vectors(prover *p, uint8_t *out64, const uint64_t *values)
{
    ps_ristretto255 pair[2];
    int whole;

    commit_bits(&pair[0], p, values);
    ps_ristretto255_msm(&pair[1], p->nonces, p->basis, 1 + 2 * p->shape.length,
                        p->backend, p->msm);
    whole = publish(p, out64, pair, "A", "S");
    ps_wipe(pair, sizeof pair);
    return whole;
}

/* The coefficients of l(X) and r(X), and z_j. */
static void make_vectors(prover *p, const uint64_t *values)
{
    size_t n = p->shape.bits;
    ps_scalar power, z_minus_1, weight, one, a;

    ps_scalar_from_u64(&one, 1);
    ps_scalar_from_u64(&power, 1);
    ps_scalar_sub(&z_minus_1, &p->z, &one);
    ps_scalar_mul(&p->z_powers[0], &p->z, &p->z);
    for (size_t j = 1; j < p->shape.padded; j++) {
        ps_scalar_mul(&p->z_powers[j], &p->z_powers[j - 1], &p->z);
    }
    for (size_t k = 0; k < p->shape.length; k++) {
        const ps_scalar *nonce = &p->nonces[place_of_nonce(p, k)];

        if (k % n == 0) {
            weight = p->z_powers[k / n];
        }
        ps_scalar_from_u64(&a, bit(p, values, k));
        ps_scalar_sub(&p->l0[k], &a, &p->z);
        p->l1[k] = *nonce;
        ps_scalar_add(&a, &a, &z_minus_1);
        ps_scalar_mul_add(&p->r0[k], &power, &a, &weight);
        ps_scalar_mul(&p->r1[k], &power, nonce + n);
        ps_scalar_mul(&power, &power, &p->y);
        ps_scalar_add(&weight, &weight, &weight);
    }
    ps_wipe(&a, sizeof a);
}

/* t_0, t_1 and t_2 by three inner products (Karatsuba). */
static void make_polynomial(prover *p)
{
    ps_scalar left, right, *t = p->t_poly;

    for (int i = 0; i < 3; i++) {
        ps_scalar_from_u64(&t[i], 0);
    }
    for (size_t k = 0; k < p->shape.length; k++) {
        ps_scalar_mul_add(&t[0], &p->l0[k], &p->r0[k], &t[0]);
        ps_scalar_mul_add(&t[2], &p->l1[k], &p->r1[k], &t[2]);
        ps_scalar_add(&left, &p->l0[k], &p->l1[k]);
        ps_scalar_add(&right, &p->r0[k], &p->r1[k]);
        ps_scalar_mul_add(&t[1], &left, &right, &t[1]);
    }
    ps_scalar_sub(&t[1], &t[1], &t[0]);
    ps_scalar_sub(&t[1], &t[1], &t[2]);
    ps_wipe(&left, sizeof left);
    ps_wipe(&right, sizeof right);
}

/* T_i = t_i*G + tau_i*H for i = 1, 2. */
static int publish_polynomial(prover *p, uint8_t *out64)
{
    ps_ristretto255 g[2], h[2];
    int whole;

    ps_ristretto255_table_mul(g, p->t_poly + 1, 2, &p->gens->value_table,
                              p->backend);
    ps_ristretto255_table_mul(h, p->tau, 2, &p->gens->blinding_table,
                              p->backend);
    for (int i = 0; i < 2; i++) {
        ps_ristretto255_add(&g[i], &g[i], &h[i]);
    }
    whole = publish(p, out64, g, "T_1", "T_2");
    ps_wipe(g, sizeof g);
    ps_wipe(h, sizeof h);
    return whole;
}

static void publish_scalar(prover *p, uint8_t *out32, const ps_scalar *s,
                           const char *label)
{
    ps_scalar_to_bytes(out32, s);
    PS_PUBLIC(out32, 32);
    ps_range_absorb(&p->t, label, out32);
}

/* t(x), its blinding and that of A + x*S; then l = l(x) and r = r(x). */
static void reveal(prover *p, uint8_t *out96)
{
    ps_scalar value, x2;

    ps_scalar_mul(&x2, &p->x, &p->x);
    ps_scalar_mul_add(&value, &p->x, &p->t_poly[1], &p->t_poly[0]);
    ps_scalar_mul_add(&value, &x2, &p->t_poly[2], &value);
    publish_scalar(p, out96, &value, "t_x");
    ps_scalar_mul(&value, &p->x, &p->tau[0]);
    ps_scalar_mul_add(&value, &x2, &p->tau[1], &value);
    for (size_t j = 0; j < p->shape.count; j++) {
        ps_scalar_mul_add(&value, &p->z_powers[j], &p->blindings[j], &value);
    }
    publish_scalar(p, out96 + 32, &value, "t_x_blinding");
    ps_scalar_mul_add(&value, &p->x, &p->rho, &p->alpha);
    publish_scalar(p, out96 + 64, &value, "e_blinding");
    for (size_t k = 0; k < p->shape.length; k++) {
        ps_scalar_mul_add(&p->l0[k], &p->x, &p->l1[k], &p->l0[k]);
        ps_scalar_mul_add(&p->r0[k], &p->x, &p->r1[k], &p->r0[k]);
    }
    /* Section 4.1: the prover may send l and r. s_L and s_R are uniform and
     * used once, so that l and r are uniform with <l, r> = t(x). */
    PS_PUBLIC(p->l0, p->shape.length * sizeof *p->l0);
    PS_PUBLIC(p->r0, p->shape.length * sizeof *p->r0);
}

static void prepare_product(prover *p)
{
    ps_scalar *power = p->product.y_inv, y_inv;

    ps_scalar_invert(&y_inv, &p->y);
    ps_scalar_from_u64(&power[0], 1);
    for (size_t k = 1; k < p->shape.length; k++) {
        ps_scalar_mul(&power[k], &power[k - 1], &y_inv);
    }
    p->product.gens = p->gens;
    p->product.backend = p->backend;
}

static ps_status make_proof(prover *p, uint8_t *proof, const uint64_t *values)
{
    int whole;
    ps_status status;

    gather_basis(p);
    whole = publish_vectors(p, proof, values);
    ps_range_challenge(&p->y, &p->t, "y");
    ps_range_challenge(&p->z, &p->t, "z");
    make_vectors(p, values);
    make_polynomial(p);
    whole &= publish_polynomial(p, proof + 64);
    ps_range_challenge(&p->x, &p->t, "x");
    reveal(p, proof + 128);
    ps_range_challenge(&p->w, &p->t, "w");
    prepare_product(p);
    status = ps_range_product_prove(proof + RANGE_HEAD, &p->t, p->l0, p->r0,
                                    &p->w, &p->product);
    whole &= !(ps_scalar_is_zero(&p->y) | ps_scalar_is_zero(&p->z)
               | ps_scalar_is_zero(&p->x) | ps_scalar_is_zero(&p->w));
    return whole ? status : PS_E_FEED;
}

static ps_status prove(prover *p, uint8_t *proof, uint8_t *commitments,
                       const uint64_t *values, const uint8_t *blindings,
                       const uint8_t *rand32)
{
    ps_status status = check_values(&p->shape, values);

    if (status == PS_OK) {
        status = commit(p, commitments, values, blindings);
    }
    if (status != PS_OK) {
        return status;
    }
    ps_range_absorb_statement(&p->t, &p->shape, commitments, p->gens);
    draw_nonces(p, values, blindings, rand32);
    return make_proof(p, proof, values);
}

ps_status ps_range_prove(uint8_t *proof, uint8_t *commitments,
                         ps_range_transcript *t, const uint64_t *values,
                         const uint8_t *blindings, ps_range_shape shape,
                         const uint8_t *rand32,
                         const ps_range_generators *gens,
                         const ps_backend *backend, ps_limb *scratch)
{
    prover p;
    ps_status status = ps_range_shape_open(&p.shape, shape);

    if (status != PS_OK) {
        return status;
    }
    if (p.shape.padded > gens->parties
        || (t->format == PS_RANGE_DALEK && p.shape.count != p.shape.padded)) {
        status = PS_E_RANGE;
    } else {
        size_t limbs = make_room(&p, scratch);

        p.gens = gens;
        p.backend = backend;
        p.t = *t;
        status = prove(&p, proof, commitments, values, blindings, rand32);
        ps_wipe(scratch, limbs * sizeof *scratch);
    }
    if (status == PS_OK) {
        *t = p.t;
    } else {
        memset(proof, 0, range_proof_len(&p.shape));
        memset(commitments, 0, 32 * p.shape.count);
    }
    ps_wipe(&p, sizeof p);
    return status;
}
