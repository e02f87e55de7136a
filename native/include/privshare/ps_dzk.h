/* Proofs that bits were multiplied as they should be, for two verifiers.
 *
 * Node i of three sent z = x0 y0 + x0 y1 + x1 y0 + r0 + r1 for many bits at a
 * time. The node before it knows x0, y0, r0 and z; the one after it y1, x1 and
 * r1. So both together know whether  x0 y1 + y0 x1 = (z + r0 + x0 y0) + r1.
 * These are the kernels of the proof that this holds everywhere; who says
 * what to whom stands in privshare/jobs/mpc/bit_proof.py.
 *
 * A word is 64 bits of 64 gates, and read as an element of GF(2^64) it is
 * zero only if all its bits are. A block is 64 words: word c of a block stands
 * at the corner c of the cube {0,1}^6. With U_b(p) the multilinear extension
 * of the words of block b, bit by bit, the prover shares
 *     G(p) = sum over b of beta_b * (X0_b(p) & Y1_b(p) ^ Y0_b(p) & X1_b(p))
 * at p in {0,1,inf}^6, where inf stands for the leading coefficient. After
 * the challenge the bits become elements, 64 a block, and from there on the
 * cube has three dimensions.
 *
 * A point of {0,1,inf}^k is numbered by its base-3 digits, inf being 2, and a
 * corner by its bits; the first variable is the lowest digit.
 *
 * Source     Boneh, Boyle, Corrigan-Gibbs, Gilboa, Ishai, CRYPTO 2019,
 *            section 4 and 5 (inner products, recursion); Boyle, Gilboa,
 *            Ishai, Nof, CCS 2019, section 4 (three nodes)
 */
#ifndef PRIVSHARE_PS_DZK_H
#define PRIVSHARE_PS_DZK_H

#include "ps_config.h"

/* ffi: begin */
enum {
    PS_DZK_WORDS = 64,        /* words of a block, corners of {0,1}^6 */
    PS_DZK_POINTS = 729,      /* of {0,1,inf}^6 */
    PS_DZK_FAN = 8,           /* corners of {0,1}^3 */
    PS_DZK_FAN_POINTS = 27,   /* of {0,1,inf}^3 */
    PS_DZK_SCRATCH = 5152     /* limbs: 7 * 736 */
};

/** What the prover shares first.
 *
 *  Computes   out[p] = G(p) for all points p of {0,1,inf}^6
 *  Out        out        PS_DZK_POINTS elements
 *  In         x0, x1, y0, y1   blocks * PS_DZK_WORDS words each
 *             beta       blocks elements
 *             backend    from ps_backend_portable or ps_backend_best
 *  Scratch    PS_DZK_SCRATCH limbs, wiped before return
 *  Secret     x0, x1, y0, y1   time and addresses depend on blocks alone
 *  Overlap    none
 */
void ps_dzk_bits(ps_limb *out, const ps_limb *x0, const ps_limb *x1,
                 const ps_limb *y0, const ps_limb *y1, const ps_limb *beta,
                 size_t blocks, const ps_backend *backend, ps_limb *scratch);

/** Bits to elements, at a challenge.
 *
 *  Computes   out[64 b + j] = the sum over c of eq[c] * bit j of
 *             words[64 b + c], times beta[b] X^j unless beta is NULL
 *  Out        out        blocks * 64 elements
 *  In         words      blocks * PS_DZK_WORDS words
 *             eq         PS_DZK_WORDS elements
 *             beta       blocks elements, or NULL
 *             backend    as above
 *  Secret     words      time and addresses depend on blocks alone
 *  Overlap    none
 */
void ps_dzk_spread(ps_limb *out, const ps_limb *words, const ps_limb *eq,
                   const ps_limb *beta, size_t blocks,
                   const ps_backend *backend);

/** A sum of words, weighed as ps_dzk_spread weighs bits.
 *
 *  Computes   the sum over b and c of beta[b] * eq[c] * words[64 b + c]
 *  Returns    one element
 *  In         words      blocks * PS_DZK_WORDS words
 *             eq         PS_DZK_WORDS elements
 *             beta       blocks elements
 *             backend    as above
 *  Secret     words      time and addresses depend on blocks alone
 */
ps_limb ps_dzk_weigh(const ps_limb *words, const ps_limb *eq,
                     const ps_limb *beta, size_t blocks,
                     const ps_backend *backend);

/** What the prover shares in a later round.
 *
 *  Computes   out[p] = the sum over i < n of U_i(p) V_i(p), where the corner
 *             c of U_i is u[c n + i], for p of {0,1,inf}^3
 *  Out        out        PS_DZK_FAN_POINTS elements
 *  In         u, v       8 n elements each
 *             backend    as above
 *  Secret     u, v       time and addresses depend on n alone
 *  Overlap    none
 */
void ps_dzk_products(ps_limb *out, const ps_limb *u, const ps_limb *v,
                     size_t n, const ps_backend *backend);

/** An eighth of a vector, at a challenge.
 *
 *  Computes   out[i] = the sum over c < 8 of eq[c] * u[c n + i]
 *  Out        out        n elements
 *  In         u          8 n elements
 *             eq         PS_DZK_FAN elements
 *             backend    as above
 *  Secret     u          time and addresses depend on n alone
 *  Overlap    out may be the beginning of u
 */
void ps_dzk_fold(ps_limb *out, const ps_limb *u, const ps_limb *eq, size_t n,
                 const ps_backend *backend);
/* ffi: end */

#endif
