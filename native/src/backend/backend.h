/* The few hot functions, as one constant table.
 *
 * portable.c holds the table that is always there. cpu.c chooses. A faster
 * table may take single entries from the portable one.
 */
#ifndef PRIVSHARE_BACKEND_H
#define PRIVSHARE_BACKEND_H

#include "privshare/ps_config.h"
#include "privshare/ps_paillier.h"
#include "privshare/ps_paillier_table.h"
#include "../ristretto255/group_backend.h"

struct ps_prime_backend; /* prime_sieve.h */
struct ps_gf64_backend;  /* ../gf64/gf64.h */

struct ps_backend {
    const char *name;
    /* Sieving and testing; NULL for the portable functions. */
    const struct ps_prime_backend *prime;
    /* The group ristretto255; NULL for the portable functions. */
    const struct ps_group_backend *group;
    /* The field of 2^64 elements; NULL for the portable functions. */
    const struct ps_gf64_backend *gf64;
    /* Compress count blocks of 64 bytes into the state (FIPS 180-4, 6.2.2). */
    void (*sha256_blocks)(uint32_t *state8, const uint8_t *blocks,
                          size_t count);
    /* Paillier in batches. Each returns 1 when it has done the work and 0 when
     * it declines: then it has touched nothing. NULL declines everything.
     * Inputs are in range, count > 0, scratch as the public call has it.
     *
     * c = (1 + m*n) * r^n mod n^2. */
    int (*paillier_encrypt)(uint8_t *c, const uint8_t *m, const uint8_t *r,
                            size_t count, const ps_paillier_public *key,
                            ps_limb *scratch);
    /* m from c, and r unless it is NULL. units is 1 when all c are units; m
     * and r are to be wiped if it is 0. */
    int (*paillier_open)(uint8_t *m, uint8_t *r, ps_limb *units,
                         const uint8_t *c, size_t count,
                         const ps_paillier_private *key, ps_limb *scratch);
    /* x = a[0] * ... * a[count - 1] * 2^-shift mod n^2. */
    int (*paillier_product)(ps_limb *x, uint64_t *shift, const uint8_t *a,
                            size_t count, const ps_paillier_public *key,
                            ps_limb *scratch);
    /* Columns, for elements below n^2; scratch has PS_PAILLIER_COLUMN_LIMBS.
     * `product` is multiplied by all elements, modulo n and up to powers of 2:
     * the caller decides whether it is a unit, and forgets the results if it is
     * not. The first entry does nothing else. */
    int (*column_product)(ps_limb *product, const uint8_t *a, size_t count,
                          const ps_paillier_public *key, ps_limb *scratch);
    /* c[i] = a[i] * b[i] mod n^2. */
    int (*column_add)(uint8_t *c, ps_limb *product, const uint8_t *a,
                      const uint8_t *b, size_t count,
                      const ps_paillier_public *key, ps_limb *scratch);
    /* c[i] = a[i] * (1 + m[i] * n) mod n^2. */
    int (*column_add_plain)(uint8_t *c, ps_limb *product, const uint8_t *a,
                            const uint8_t *m, size_t count,
                            const ps_paillier_public *key, ps_limb *scratch);
    /* c[i] = a[i]^e[i] mod n^2, for e of e_len bytes, big-endian. */
    int (*column_power)(uint8_t *c, ps_limb *product, const uint8_t *a,
                        const uint8_t *e, size_t e_len, size_t count,
                        const ps_paillier_public *key, ps_limb *scratch);
    /* c[i] = a[i]^-1 mod n^2, count <= PS_COLUMN_BLOCK; units is 1 when there
     * are such. c may be a. */
    int (*column_invert)(uint8_t *c, ps_limb *units, const uint8_t *a,
                         size_t count, const ps_paillier_public *key,
                         ps_limb *scratch);
    /* x = the product of a[i]^k[i] * 2^-(shift * k[i]) over the elements with
     * negative[i] == sign, mod n^2; bits is that of the longest k. */
    int (*column_dot)(ps_limb *x, size_t *shift, ps_limb *product,
                      const uint8_t *a, const uint64_t *k, size_t bits,
                      const uint8_t *negative, uint8_t sign, size_t count,
                      const ps_paillier_public *key, ps_limb *scratch);
    /* c[g] = the product of the a[i] with group[i] == g < n_groups, mod n^2. */
    int (*column_groups)(uint8_t *c, ps_limb *product, const uint8_t *a,
                         const uint8_t *group, size_t count, size_t n_groups,
                         const ps_paillier_public *key, ps_limb *scratch);
    /* c[i] = a[i]^e mod n^2, for units a[i] and a secret e. */
    int (*paillier_power)(uint8_t *c, const uint8_t *a, size_t count,
                          const ps_limb *e, size_t e_limbs,
                          const ps_paillier_public *key, ps_limb *scratch);
    /* Tables of powers; see paillier/table.h. All four or none: these do not
     * decline. Their inputs are in range. */
    size_t (*powers_limbs)(const ps_paillier_dual *dual, size_t exponent_len);
    void (*powers_init)(ps_paillier_powers *powers, const ps_limb *base,
                        size_t exponent_len, const ps_paillier_dual *dual,
                        ps_limb *scratch);
    void (*table_encrypt)(uint8_t *c, const uint8_t *m, const uint8_t *x,
                          size_t count, const ps_paillier_table *table,
                          const ps_paillier_public *key, ps_limb *scratch);
    void (*holder_encrypt)(uint8_t *c, const uint8_t *m, const uint8_t *x,
                           size_t count, const ps_paillier_holder_table *table,
                           const ps_paillier_private *key, ps_limb *scratch);
};

/* Elements that share one inversion. */
enum { PS_COLUMN_BLOCK = 1024 };

extern const ps_backend ps_backend_table_portable;

#if defined(__x86_64__) && defined(__GNUC__)
#define PS_HAVE_X86_64 1
extern const ps_backend ps_backend_table_sha_ni;

/* Compilers that know AVX-512 IFMA. */
#if defined(__clang__) ? __clang_major__ >= 8 : __GNUC__ >= 8
#define PS_HAVE_LANES 1
extern const ps_backend ps_backend_table_ifma;
/* Scratch of its sums, as ps_ristretto255_msm_limbs. */
size_t ps_ge8_msm_limbs(size_t count);
#if defined(PS_EMULATE_LANES)
extern const ps_backend ps_backend_table_emulated;
#else
/* Valgrind does not know VPCLMULQDQ; checks under it use portable C. */
#define PS_HAVE_VPCLMUL 1
extern const struct ps_gf64_backend ps_gf64_vpclmul;
#endif
#endif

void ps_sha256_blocks_sha_ni(uint32_t *state8, const uint8_t *blocks,
                             size_t count);
#endif

void ps_sha256_blocks_portable(uint32_t *state8, const uint8_t *blocks,
                               size_t count);

/* FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube
 * roots of the first 64 primes (tools/check_constants.py recomputes them). */
extern const uint32_t ps_sha256_k[64];
/* The same of 64 bits and of 80 primes. */
extern const uint64_t ps_sha512_k[80];

#endif
