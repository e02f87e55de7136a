/* What a backend may do for the group. Each entry returns 1 when it has done
 * the work and 0 when it declines: then it has touched nothing. NULL declines
 * everything. Arguments and contracts are those of ps_ristretto255.h; decode
 * sets *bad to count when all is well, and to the first bad index otherwise,
 * with all of p the identity.
 */
#ifndef PRIVSHARE_GROUP_BACKEND_H
#define PRIVSHARE_GROUP_BACKEND_H

#include "privshare/ps_hash.h"
#include "privshare/ps_ristretto255_set.h"

struct ps_group_backend {
    int (*decode)(ps_ristretto255 *p, size_t *bad, const uint8_t *in,
                  size_t count);
    int (*encode)(uint8_t *out, const ps_ristretto255 *p, size_t count);
    int (*from_uniform)(ps_ristretto255 *p, const uint8_t *in, size_t count);
    int (*mul)(ps_ristretto255 *p, const ps_scalar *s,
               const ps_ristretto255 *a, size_t count);
    int (*mul_vartime)(ps_ristretto255 *p, const ps_scalar *s,
                       const ps_ristretto255 *a, size_t count);
    int (*mul_two_vartime)(ps_ristretto255 *p, const ps_scalar *s,
                           const ps_ristretto255 *a, const ps_scalar *t,
                           const ps_ristretto255 *c, size_t count);
    int (*table_mul)(ps_ristretto255 *p, const ps_scalar *s, size_t count,
                     const ps_ristretto255_table *table);
    int (*comb_init)(ps_ristretto255_comb *const *comb,
                     const ps_ristretto255 *a, size_t count);
    int (*comb_mul)(ps_ristretto255 *p, const ps_scalar *s,
                    const ps_ristretto255_comb *const *comb, size_t count);
    int (*msm)(ps_ristretto255 *p, const ps_scalar *s,
               const ps_ristretto255 *a, size_t count, ps_limb *scratch);
    int (*msm_vartime)(ps_ristretto255 *p, const ps_scalar *s,
                       const ps_ristretto255 *a, size_t count,
                       ps_limb *scratch);
    int (*set_msm_vartime)(ps_ristretto255 *p, const ps_scalar *s,
                           size_t count, const ps_ristretto255_set *set,
                           ps_limb *scratch);
    /* ps_oprf.h. The second sets *bad as decode does. */
    int (*oprf_blind)(uint8_t *out, const uint8_t *in, size_t count,
                      const ps_scalar *s);
    int (*oprf_evaluate)(uint8_t *out, size_t *bad, const uint8_t *in,
                         size_t count, const ps_scalar *s);
    int (*encode_twice)(uint8_t *out, const ps_ristretto255 *p, size_t count);
    /* ps_oprf_expand of eight messages that, with 3 bytes and the suffix, fit
     * one padded block: up to 111 bytes. begun is the stream after Z_pad, fresh
     * one that was started. NULL, or it does not decline. */
    void (*expand_eight)(uint8_t *out, const ps_sha512 *begun,
                         const ps_sha512 *fresh, const uint8_t *const *in,
                         const size_t *len, const uint8_t *suffix,
                         size_t suffix_len);
};

#endif
