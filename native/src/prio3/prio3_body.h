/* One report from bytes to bytes; compiled once a field.
 *
 * Source     draft-irtf-cfrg-vdaf-20, section 7.2
 */

/* The scratch of a call. The first two are made once by `prepare`, the others
 * once a report. */
typedef struct {
    points at;
    fe *constant; /* 1/shares, an element */
    fe *m;        /* meas_len */
    fe *leader;   /* meas_len */
    fe *share;    /* meas_len */
    fe *proof;    /* proof_len */
    fe *joint;    /* joint_rand_len factors, of one proof */
    fe *verifier; /* verifier_len */
    fe *rand;     /* checks factors, of one proof */
    fe *room;     /* 5p */
} memory;

static memory lay_out(const ps_prio3 *vdaf, ps_limb *scratch)
{
    size_t p = vdaf->wire_len;
    fe *next = (fe *)(void *)scratch;
    memory x;

    x.at.p = p;
    x.at.root = next;
    x.at.share = next + 2 * p;
    x.at.twist = next + 4 * p;
    x.at.half = fe_half();
    x.room = next + 5 * p;
    x.constant = next + 10 * p;
    x.m = x.constant + 1;
    x.leader = x.m + vdaf->meas_len;
    x.share = x.leader + vdaf->meas_len;
    x.proof = x.share + vdaf->meas_len;
    x.joint = x.proof + vdaf->proof_len;
    x.verifier = x.joint + vdaf->joint_rand_len;
    x.rand = x.verifier + vdaf->verifier_len;
    return x;
}

static void prepare(const ps_prio3 *vdaf, ps_limb *scratch)
{
    memory x = lay_out(vdaf, scratch);

    make_points(&x.at, vdaf->wire_len, x.at.root);
    *x.constant = inverse_of(vdaf->shares);
}

/* The next element of a stream. What is not below p is thrown away and drawn
 * again: how often that happens is public, and says nothing of the rest. */
static fe next_element(ps_xof *stream)
{
    for (;;) {
        uint64_t words[FE_LIMBS], good;
        fe x;

        for (size_t i = 0; i < FE_LIMBS; i++) {
            words[i] = ps_xof_next(stream);
        }
        good = fe_from_words(&x, words);
        publish(&good);
        if (good) {
            return x;
        }
    }
}

static void expand(uint8_t *out, size_t len, ps_xof *stream)
{
    for (size_t i = 0; i < len; i++) {
        fe_store(out + i * FE_BYTES, next_element(stream));
    }
}

/* All ones when len elements are canonical. */
static uint64_t load(fe *out, const uint8_t *bytes, size_t len)
{
    uint64_t good = ~(uint64_t)0;

    for (size_t i = 0; i < len; i++) {
        uint64_t words[FE_LIMBS];

        for (size_t j = 0; j < FE_LIMBS; j++) {
            words[j] = ps_load64_le(bytes + i * FE_BYTES + 8 * j);
        }
        good &= fe_from_words(&out[i], words);
    }
    return good;
}

static void store(uint8_t *out, const fe *x, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        fe_store(out + i * FE_BYTES, x[i]);
    }
}

/* A helper's stream of measurement shares or of shares of all proofs. */
static void helper_stream(ps_xof *x, ps_usage usage, uint32_t aggregator,
                          const uint8_t *seed32, const ps_prio3_domain *d)
{
    uint8_t binder[2] = {(uint8_t)d->vdaf->proofs, (uint8_t)aggregator};
    size_t skip = usage == PS_USAGE_MEAS_SHARE;

    ps_xof_start(x, usage, d, seed32);
    ps_xof_absorb(x, binder + skip, sizeof binder - skip);
    ps_xof_finish(x);
}

/* A stream of challenges or of the prover's randomness. */
static void proof_stream(ps_xof *x, ps_usage usage, const uint8_t *seed32,
                         const uint8_t *nonce, const ps_prio3_domain *d)
{
    uint8_t proofs = (uint8_t)d->vdaf->proofs;

    ps_xof_start(x, usage, d, seed32);
    ps_xof_absorb(x, &proofs, 1);
    if (nonce != NULL) {
        ps_xof_absorb(x, nonce, PS_PRIO3_NONCE_BYTES);
    }
    ps_xof_finish(x);
}

/* An aggregator's part of the joint randomness: a hash of its share. */
static void joint_part(uint8_t *part32, uint32_t aggregator,
                       const uint8_t *blind32, const fe *m,
                       const uint8_t *nonce, const ps_prio3_domain *d)
{
    uint8_t id = (uint8_t)aggregator, bytes[FE_BYTES];
    ps_xof x;

    ps_xof_start(&x, PS_USAGE_JOINT_RAND_PART, d, blind32);
    ps_xof_absorb(&x, &id, 1);
    ps_xof_absorb(&x, nonce, PS_PRIO3_NONCE_BYTES);
    for (size_t i = 0; i < d->vdaf->meas_len; i++) {
        fe_store(bytes, m[i]);
        ps_xof_absorb(&x, bytes, sizeof bytes);
    }
    ps_xof_seed(part32, &x);
    ps_wipe(bytes, sizeof bytes);
}

static void next_factors(fe *out, size_t len, ps_xof *stream)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = fe_factor(next_element(stream));
    }
}

/* Takes a helper's share of the measurement away from the leader's, and makes
 * its part of the joint randomness; `share` is room for meas_len elements. */
static void split_measurement(fe *leader, fe *share, uint8_t *part32,
                              uint32_t aggregator, const uint8_t *seeds,
                              const uint8_t *nonce, const ps_prio3_domain *d)
{
    ps_xof x;

    helper_stream(&x, PS_USAGE_MEAS_SHARE, aggregator, seeds, d);
    for (size_t i = 0; i < d->vdaf->meas_len; i++) {
        share[i] = next_element(&x);
        leader[i] = fe_sub(leader[i], share[i]);
    }
    ps_wipe(&x, sizeof x);
    if (part32 != NULL) {
        joint_part(part32, aggregator, seeds + PS_PRIO3_SEED_BYTES, share,
                   nonce, d);
    }
}

/* leader has all proofs, as bytes. */
static void split_proofs(uint8_t *leader, uint32_t aggregator,
                         const uint8_t *seed32, const ps_prio3_domain *d)
{
    size_t len = (size_t)d->vdaf->proof_len * d->vdaf->proofs;
    ps_xof x;

    helper_stream(&x, PS_USAGE_PROOF_SHARE, aggregator, seed32, d);
    for (size_t i = 0; i < len; i++) {
        fe value;

        (void)load(&value, leader + i * FE_BYTES, 1);
        fe_store(leader + i * FE_BYTES, fe_sub(value, next_element(&x)));
    }
    ps_wipe(&x, sizeof x);
}

static void prove_all(uint8_t *proofs, const memory *x,
                      const uint8_t *prove_seed32, const uint8_t *joint_seed32,
                      const ps_prio3_domain *d)
{
    const ps_prio3 *vdaf = d->vdaf;
    size_t p = vdaf->wire_len;
    prover w = {x->room, x->room + p, x->room + 2 * p, x->room + 3 * p};
    ps_xof seeds, joint;

    proof_stream(&seeds, PS_USAGE_PROVE_RANDOMNESS, prove_seed32, NULL, d);
    if (is_chunked(vdaf)) {
        proof_stream(&joint, PS_USAGE_JOINT_RANDOMNESS, joint_seed32, NULL, d);
    }
    for (size_t i = 0; i < vdaf->proofs; i++) {
        for (size_t j = 0; j < vdaf->arity; j++) {
            x->proof[j] = next_element(&seeds);
        }
        if (is_chunked(vdaf)) {
            next_factors(x->joint, vdaf->joint_rand_len, &joint);
        }
        prove(x->proof, x->m, x->joint, &w, vdaf, &x->at);
        store(proofs + i * vdaf->proof_len * FE_BYTES, x->proof,
              vdaf->proof_len);
    }
    ps_wipe(&seeds, sizeof seeds);
}

/* The seed of the joint randomness from all parts, one after the other. */
static void joint_seed(uint8_t *seed32, const uint8_t *parts,
                       const ps_prio3_domain *d)
{
    ps_xof x;

    ps_xof_start(&x, PS_USAGE_JOINT_RAND_SEED, d, ps_prio3_zero32);
    ps_xof_absorb(&x, parts, (size_t)d->vdaf->shares * PS_PRIO3_SEED_BYTES);
    ps_xof_seed(seed32, &x);
}

/* rand: helpers' share seeds, each followed by its blind where there is joint
 * randomness; then the leader's blind, if any; then the prover's seed. */
static uint64_t shard(uint8_t *public_share, uint8_t *leader_share,
                      uint8_t *helper_share, const uint64_t *measurement,
                      const uint8_t *nonce, const uint8_t *rand,
                      const ps_prio3_domain *d, ps_limb *scratch)
{
    const ps_prio3 *vdaf = d->vdaf;
    memory x = lay_out(vdaf, scratch);
    size_t joint = vdaf->joint_rand_len != 0, each = vdaf->helper_share_bytes;
    size_t helpers = vdaf->shares - 1;
    uint8_t *proofs = leader_share + (size_t)vdaf->meas_len * FE_BYTES;
    const uint8_t *blind = rand + helpers * each;
    const uint8_t *prove_seed = blind + joint * PS_PRIO3_SEED_BYTES;
    uint8_t seed[PS_PRIO3_SEED_BYTES] = {0};
    uint64_t fits = encode_measurement(x.m, measurement, vdaf);

    memcpy(helper_share, rand, helpers * each);
    memcpy(x.leader, x.m, vdaf->meas_len * sizeof *x.m);
    for (uint32_t a = 1; a < vdaf->shares; a++) {
        split_measurement(x.leader, x.share,
                          joint ? public_share + a * PS_PRIO3_SEED_BYTES : NULL,
                          a, rand + (a - 1) * each, nonce, d);
    }
    if (joint) {
        joint_part(public_share, 0, blind, x.leader, nonce, d);
        joint_seed(seed, public_share, d);
        memcpy(proofs + (size_t)vdaf->proof_len * vdaf->proofs * FE_BYTES,
               blind, PS_PRIO3_SEED_BYTES);
    }
    store(leader_share, x.leader, vdaf->meas_len);
    prove_all(proofs, &x, prove_seed, seed, d);
    for (uint32_t a = 1; a < vdaf->shares; a++) {
        split_proofs(proofs, a, rand + (a - 1) * each, d);
    }
    ps_wipe(seed, sizeof seed);
    return fits;
}

/* Where an input share comes from: bytes of the leader's, a stream of a
 * helper's. */
typedef struct {
    const uint8_t *bytes; /* NULL: the stream */
    ps_xof stream;
} source;

static uint64_t take(fe *out, size_t len, source *from)
{
    uint64_t good = ~(uint64_t)0;

    if (from->bytes != NULL) {
        good = load(out, from->bytes, len);
        from->bytes += len * FE_BYTES;
        return good;
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = next_element(&from->stream);
    }
    return good;
}

/* Queries all proofs; verifier_share gets their verifiers. */
static ps_status query_all(uint8_t *verifier_share, source *from,
                           const uint8_t *verify_key32, const uint8_t *nonce,
                           const uint8_t *seed32, const memory *x,
                           const ps_prio3_domain *d)
{
    const ps_prio3 *vdaf = d->vdaf;
    size_t p = vdaf->wire_len;
    query_room q = {x->room, x->room + p, x->room + 2 * p, x->room + 3 * p,
                    x->rand, fe_zero(), fe_zero()};
    ps_xof challenges, joint;
    uint64_t good = ~(uint64_t)0, root = 0;

    proof_stream(&challenges, PS_USAGE_QUERY_RANDOMNESS, verify_key32, nonce,
                 d);
    if (is_chunked(vdaf)) {
        proof_stream(&joint, PS_USAGE_JOINT_RANDOMNESS, seed32, NULL, d);
    }
    for (size_t i = 0; i < vdaf->proofs; i++) {
        good &= take(x->proof, vdaf->proof_len, from);
        if (vdaf->checks > 1) {
            next_factors(x->rand, vdaf->checks, &challenges);
        }
        next_factors(&q.t, 1, &challenges);
        q.t_to_p = q.t;
        for (size_t n = 1; n < p; n *= 2) {
            q.t_to_p = fe_mul(q.t_to_p, q.t_to_p);
        }
        root |= fe_mask_equal(q.t_to_p, x->at.root[0]);
        if (is_chunked(vdaf)) {
            next_factors(x->joint, vdaf->joint_rand_len, &joint);
        }
        query(x->verifier, x->m, x->proof, x->joint, &q, *x->constant, vdaf,
              &x->at);
        store(verifier_share + i * vdaf->verifier_len * FE_BYTES, x->verifier,
              vdaf->verifier_len);
    }
    ps_wipe(&challenges, sizeof challenges);
    publish(&good);
    publish(&root);
    return !good ? PS_E_ENCODING : root ? PS_E_RANGE : PS_OK;
}

/* state: the output share; then the seed that the message must be. */
static ps_status verify_init(uint8_t *state, uint8_t *verifier_share,
                             uint32_t aggregator, const uint8_t *verify_key32,
                             const uint8_t *nonce, const uint8_t *public_share,
                             const uint8_t *input_share,
                             const ps_prio3_domain *d, ps_limb *scratch)
{
    const ps_prio3 *vdaf = d->vdaf;
    memory x = lay_out(vdaf, scratch);
    source from = {.bytes = aggregator == 0 ? input_share : NULL};
    size_t share_bytes = aggregator == 0 ? vdaf->leader_share_bytes
                                         : vdaf->helper_share_bytes;
    uint8_t *part = verifier_share + vdaf->verifier_share_bytes
                  - PS_PRIO3_SEED_BYTES;
    uint8_t *seed = state + vdaf->aggregate_bytes;
    uint64_t good;
    ps_status status;

    if (aggregator != 0) {
        helper_stream(&from.stream, PS_USAGE_MEAS_SHARE, aggregator,
                      input_share, d);
    }
    good = take(x.m, vdaf->meas_len, &from);
    for (size_t i = 0; i < vdaf->output_len; i++) {
        fe_store(state + i * FE_BYTES, output_of(x.m, i, vdaf));
    }
    if (is_chunked(vdaf)) {
        ps_xof h;
        size_t at = aggregator * (size_t)PS_PRIO3_SEED_BYTES;

        joint_part(part, aggregator,
                   input_share + share_bytes - PS_PRIO3_SEED_BYTES, x.m, nonce,
                   d);
        ps_xof_start(&h, PS_USAGE_JOINT_RAND_SEED, d, ps_prio3_zero32);
        ps_xof_absorb(&h, public_share, at);
        ps_xof_absorb(&h, part, PS_PRIO3_SEED_BYTES);
        at += PS_PRIO3_SEED_BYTES;
        ps_xof_absorb(&h, public_share + at, vdaf->public_share_bytes - at);
        ps_xof_seed(seed, &h);
    }
    if (aggregator != 0) {
        helper_stream(&from.stream, PS_USAGE_PROOF_SHARE, aggregator,
                      input_share, d);
    }
    status = query_all(verifier_share, &from, verify_key32, nonce, seed, &x, d);
    ps_wipe(&from, sizeof from);
    publish(&good);
    return good ? status : PS_E_ENCODING;
}

/* The next verifier share of the same report stands `stride` bytes on. */
static ps_status combine(uint8_t *message, const uint8_t *verifier_share,
                         size_t stride, const ps_prio3_domain *d,
                         ps_limb *scratch)
{
    const ps_prio3 *vdaf = d->vdaf;
    memory x = lay_out(vdaf, scratch);
    size_t len = vdaf->verifier_len;
    uint64_t good = ~(uint64_t)0, holds = ~(uint64_t)0;

    for (size_t i = 0; i < vdaf->proofs; i++) {
        memset(x.verifier, 0, len * sizeof *x.verifier);
        for (size_t a = 0; a < vdaf->shares; a++) {
            const uint8_t *at = verifier_share + a * stride
                              + i * len * FE_BYTES;

            for (size_t j = 0; j < len; j++) {
                fe e;

                good &= load(&e, at + j * FE_BYTES, 1);
                x.verifier[j] = fe_add(x.verifier[j], e);
            }
        }
        holds &= decide(x.verifier, vdaf);
    }
    if (is_chunked(vdaf)) {
        ps_xof h;

        ps_xof_start(&h, PS_USAGE_JOINT_RAND_SEED, d, ps_prio3_zero32);
        for (size_t a = 0; a < vdaf->shares; a++) {
            ps_xof_absorb(&h, verifier_share + a * stride
                                  + vdaf->verifier_share_bytes
                                  - PS_PRIO3_SEED_BYTES,
                          PS_PRIO3_SEED_BYTES);
        }
        ps_xof_seed(message, &h);
    }
    return !good ? PS_E_ENCODING : !holds ? PS_E_VERIFY : PS_OK;
}

static ps_status add(uint8_t *aggregate, const uint8_t *share,
                     const ps_prio3 *vdaf)
{
    uint64_t good = ~(uint64_t)0;

    for (size_t i = 0; i < vdaf->output_len; i++) {
        fe a, b;

        good &= load(&a, aggregate + i * FE_BYTES, 1);
        good &= load(&b, share + i * FE_BYTES, 1);
        fe_store(aggregate + i * FE_BYTES, fe_add(a, b));
    }
    publish(&good);
    return good ? PS_OK : PS_E_ENCODING;
}
