/* The fully linear proof: prove, query, decide; compiled once a field.
 *
 * Source     draft-irtf-cfrg-vdaf-20, section 7.3 (figures "prove", "query",
 *            "decide"); Boneh et al., CRYPTO 2019, theorem 4.3
 */

/* One wire of the prover: the seed, then its inputs of all calls. */
typedef struct {
    fe *u, *v;     /* p each: the two wires of a product */
    fe *power;     /* p factors: r_k^(j + 1) at [k] */
    fe *value;     /* 2p: the gadget polynomial */
} prover;

/* value[2k + odd] += u[k] * v[k], still divided by R. */
static void add_products(fe *value, const fe *u, const fe *v, size_t p,
                         size_t odd)
{
    for (size_t k = 0; k < p; k++) {
        fe *x = &value[2 * k + odd];

        *x = fe_add(*x, fe_mul(u[k], v[k]));
    }
}

/* The inputs of products number j of all calls. */
static void fill_wires(const prover *w, size_t j, const fe *m, const fe *joint,
                       const ps_prio3 *vdaf, size_t p)
{
    fe one = fe_from_u64(1);

    for (size_t k = 1; k < p; k++) {
        size_t index = (k - 1) * vdaf->chunk + j;

        w->u[k] = w->v[k] = fe_zero();
        if (k > vdaf->calls) {
            continue;
        }
        if (!is_chunked(vdaf)) {
            w->u[k] = w->v[k] = m[k - 1];
            continue;
        }
        w->power[k] = j == 0 ? joint[k - 1]
                             : fe_mul(w->power[k], joint[k - 1]);
        if (index < vdaf->meas_len) {
            w->u[k] = fe_mul(m[index], w->power[k]);
            w->v[k] = m[index];
        }
        w->v[k] = fe_sub(w->v[k], one);
    }
}

/* The polynomial of a gadget of one wire: itself at all 2p points. */
static void compose(const prover *w, const ps_prio3 *vdaf, const points *at)
{
    for (size_t k = 0; k < at->p; k++) {
        w->value[2 * k] = gadget(&w->u[k], vdaf);
    }
    move_to_odd(w->u, at);
    for (size_t k = 0; k < at->p; k++) {
        w->value[2 * k + 1] = gadget(&w->u[k], vdaf);
    }
}

/* proof has proof_len elements; its first `arity` are the wire seeds, given. */
static void prove(fe *proof, const fe *m, const fe *joint, const prover *w,
                  const ps_prio3 *vdaf, const points *at)
{
    memset(w->value, 0, 2 * at->p * sizeof *w->value);
    if (vdaf->arity == 1) {
        w->u[0] = proof[0];
        fill_wires(w, 0, m, joint, vdaf, at->p);
        compose(w, vdaf, at);
    } else {
        for (size_t j = 0; j < vdaf->chunk; j++) {
            w->u[0] = proof[2 * j];
            w->v[0] = proof[2 * j + 1];
            fill_wires(w, j, m, joint, vdaf, at->p);
            add_products(w->value, w->u, w->v, at->p, 0);
            move_to_odd(w->u, at);
            move_to_odd(w->v, at);
            add_products(w->value, w->u, w->v, at->p, 1);
        }
        for (size_t i = 0; i < 2 * at->p; i++) {
            w->value[i] = fe_unscale(w->value[i]);
        }
    }
    memcpy(proof + vdaf->arity, w->value, vdaf->gadget_len * sizeof *proof);
}

/* What a query is made with; `even`, `odd` and `value` are room. */
typedef struct {
    fe *even, *odd; /* p each */
    fe *power;      /* p */
    fe *value;      /* 2p */
    fe *rand;       /* checks factors */
    fe t;           /* the test point, a factor */
    fe t_to_p;
} query_room;

/* The wires of product j at t: linear in shares, because each is a sum of
 * inputs times weights. */
static void wires_at_point(fe *pair, size_t j, const fe *m, const fe *joint,
                           const fe *seeds, const query_room *q, fe z,
                           const ps_prio3 *vdaf)
{
    fe u = fe_mul(seeds[0], q->even[0]);
    fe v = fe_zero();

    for (size_t k = 1; k <= vdaf->calls; k++) {
        size_t index = (k - 1) * vdaf->chunk + j;
        fe x = index < vdaf->meas_len ? m[index] : fe_zero();

        if (is_chunked(vdaf)) {
            q->power[k] = fe_mul(j == 0 ? q->even[k] : q->power[k],
                                 joint[k - 1]);
            u = fe_add(u, fe_mul(x, q->power[k]));
            x = fe_sub(x, z);
        } else {
            u = fe_add(u, fe_mul(x, q->even[k]));
        }
        v = fe_add(v, fe_mul(x, q->even[k]));
    }
    pair[0] = u;
    if (vdaf->arity > 1) {
        pair[1] = fe_add(v, fe_mul(seeds[1], q->even[0]));
    }
}

/* verifier has verifier_len elements. */
static void query(fe *verifier, const fe *m, const fe *proof, const fe *joint,
                  const query_room *q, fe z, const ps_prio3 *vdaf,
                  const points *at)
{
    const fe *gadget_value = proof + vdaf->arity;
    fe called = fe_zero();

    memcpy(q->value, gadget_value, vdaf->gadget_len * sizeof *q->value);
    if (vdaf->gadget_len < 2 * at->p) {
        q->value[2 * at->p - 1] = last_value(q->value, at);
    }
    for (size_t k = 1; k <= vdaf->calls; k++) {
        fe x = q->value[2 * k];

        called = fe_add(called, vdaf->circuit == PS_PRIO3_SUM
                                        && vdaf->checks > 1
                                    ? fe_mul(x, q->rand[k - 1]) : x);
    }
    make_weights(q->even, q->t, at);
    make_weights(q->odd, fe_sub(fe_zero(), fe_mul(q->t, at->root[at->p - 1])),
                 at); /* t/w, where 1/w is -w^(p - 1) */
    verifier[0] = reduce_outputs(called, m, q->rand, z, vdaf);
    for (size_t j = 0; j < vdaf->chunk; j++) {
        wires_at_point(verifier + 1 + 2 * j, j, m, joint, proof + 2 * j, q, z,
                       vdaf);
    }
    verifier[vdaf->arity + 1] = at_point(q->value, q->even, q->odd, q->t_to_p,
                                         at);
}

/* All ones when the sum of all verifier shares is right. */
static uint64_t decide(const fe *verifier, const ps_prio3 *vdaf)
{
    fe expected = gadget(verifier + 1, vdaf);

    return fe_mask_equal(verifier[0], fe_zero())
         & fe_mask_equal(expected, verifier[vdaf->arity + 1]);
}
