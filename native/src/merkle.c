/* Merkle trees of RFC 9162, section 2.1. */
#include "privshare/ps_merkle.h"

#include "bytes.h"
#include "privshare/ps_hash.h"

#define HASH 32
#define SIZE_LIMIT ((uint64_t)1 << 63)

static int popcount(uint64_t x)
{
    int n = 0;
    for (; x != 0; x &= x - 1) {
        n++;
    }
    return n;
}

/* The largest power of two below n, for n > 1. */
static uint64_t split(uint64_t n)
{
    uint64_t k = 1;
    while (2 * k < n) {
        k *= 2;
    }
    return k;
}

static int same_hash(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, HASH) == 0;
}

void ps_merkle_leaf_hash(uint8_t *hash32, const uint8_t *data, size_t len,
                         const ps_backend *backend)
{
    static const uint8_t prefix = 0x00;
    ps_sha256 ctx;

    ps_sha256_init(&ctx, backend);
    ps_sha256_update(&ctx, &prefix, 1);
    ps_sha256_update(&ctx, data, len);
    ps_sha256_final(hash32, &ctx);
}

ps_status ps_merkle_leaf_hashes(uint8_t *hashes, const uint8_t *data,
                                size_t data_len, const uint64_t *lengths,
                                size_t count, const ps_backend *backend)
{
    size_t left = data_len;

    for (size_t i = 0; i < count; i++) {
        if (lengths[i] > left) {
            memset(hashes, 0, HASH * count);
            return PS_E_RANGE;
        }
        ps_merkle_leaf_hash(hashes + HASH * i, data + (data_len - left),
                            (size_t)lengths[i], backend);
        left -= (size_t)lengths[i];
    }
    if (left != 0) {
        memset(hashes, 0, HASH * count);
        return PS_E_RANGE;
    }
    return PS_OK;
}

void ps_merkle_node_hash(uint8_t *hash32, const uint8_t *left32,
                         const uint8_t *right32, const ps_backend *backend)
{
    uint8_t message[1 + 2 * HASH];

    message[0] = 0x01;
    memcpy(message + 1, left32, HASH);
    memcpy(message + 1 + HASH, right32, HASH);
    ps_sha256_digest(hash32, message, sizeof message, backend);
}

ps_status ps_merkle_range_append(ps_merkle_range *range, const uint8_t *leaves,
                                 size_t count, const ps_backend *backend)
{
    if (range->size >= SIZE_LIMIT || count >= SIZE_LIMIT - range->size) {
        return PS_E_RANGE;
    }
    uint8_t *end = range->hashes + HASH * popcount(range->size);

    for (size_t i = 0; i < count; i++) {
        memcpy(end, leaves + HASH * i, HASH);
        end += HASH;
        /* Each trailing one of the old size is a perfect subtree as large as
         * the one that grows at the right: the two join. */
        for (uint64_t size = range->size; size & 1; size >>= 1) {
            end -= HASH;
            ps_merkle_node_hash(end - HASH, end - HASH, end, backend);
        }
        range->size++;
    }
    return PS_OK;
}

ps_status ps_merkle_range_root(uint8_t *root32, const ps_merkle_range *range,
                               const ps_backend *backend)
{
    if (range->size >= SIZE_LIMIT) {
        memset(root32, 0, HASH);
        return PS_E_RANGE;
    }
    if (range->size == 0) {
        ps_sha256_digest(root32, NULL, 0, backend);
        return PS_OK;
    }
    int i = popcount(range->size) - 1;
    uint8_t root[HASH];

    memcpy(root, range->hashes + HASH * i, HASH);
    while (--i >= 0) {
        ps_merkle_node_hash(root, range->hashes + HASH * i, root, backend);
    }
    memcpy(root32, root, HASH);
    return PS_OK;
}

/* Root of leaves[0 .. count), 0 < count < 2^63. */
static void subtree(uint8_t *root32, const uint8_t *leaves, uint64_t count,
                    const ps_backend *backend)
{
    ps_merkle_range range;

    range.size = 0;
    if (ps_merkle_range_append(&range, leaves, (size_t)count, backend)
            != PS_OK
        || ps_merkle_range_root(root32, &range, backend) != PS_OK) {
        memset(root32, 0, HASH); /* not reached: the caller checked count */
    }
}

ps_status ps_merkle_root(uint8_t *root32, const uint8_t *leaves, size_t count,
                         const ps_backend *backend)
{
    if (count >= SIZE_LIMIT) {
        memset(root32, 0, HASH);
        return PS_E_RANGE;
    }
    if (count == 0) {
        ps_sha256_digest(root32, NULL, 0, backend);
    } else {
        subtree(root32, leaves, count, backend);
    }
    return PS_OK;
}

/* Paths are found from the root down and wanted from the leaf up. */
static void reverse(uint8_t *hashes, size_t count)
{
    uint8_t swap[HASH];

    for (size_t i = 0; i < count / 2; i++) {
        uint8_t *a = hashes + HASH * i;
        uint8_t *b = hashes + HASH * (count - 1 - i);
        memcpy(swap, a, HASH);
        memcpy(a, b, HASH);
        memcpy(b, swap, HASH);
    }
}

ps_status ps_merkle_inclusion_proof(uint8_t *proof, size_t *proof_count,
                                    const uint8_t *leaves, size_t count,
                                    size_t index, const ps_backend *backend)
{
    uint64_t first = 0;
    uint64_t n = count;
    size_t steps = 0;

    *proof_count = 0;
    if (index >= count || count >= SIZE_LIMIT) {
        return PS_E_RANGE;
    }
    while (n > 1) {
        uint64_t k = split(n);
        uint8_t *sibling = proof + HASH * steps++;
        if (index - first < k) {
            subtree(sibling, leaves + HASH * (first + k), n - k, backend);
            n = k;
        } else {
            subtree(sibling, leaves + HASH * first, k, backend);
            first += k;
            n -= k;
        }
    }
    reverse(proof, steps);
    *proof_count = steps;
    return PS_OK;
}

/* RFC 9162: SUBPROOF(m, D_n, b). `whole` is b: the old tree is still the
 * subtree that the verifier holds the root of, so it need not be sent. */
ps_status ps_merkle_consistency_proof(uint8_t *proof, size_t *proof_count,
                                      const uint8_t *leaves, size_t count,
                                      size_t old_count,
                                      const ps_backend *backend)
{
    uint64_t first = 0;
    uint64_t n = count;
    uint64_t m = old_count;
    size_t steps = 0;
    int whole = 1;

    *proof_count = 0;
    if (old_count == 0 || old_count > count || count >= SIZE_LIMIT) {
        return PS_E_RANGE;
    }
    while (m != n) {
        uint64_t k = split(n);
        uint8_t *sibling = proof + HASH * steps++;
        if (m <= k) {
            subtree(sibling, leaves + HASH * (first + k), n - k, backend);
            n = k;
        } else {
            subtree(sibling, leaves + HASH * first, k, backend);
            first += k;
            n -= k;
            m -= k;
            whole = 0;
        }
    }
    if (!whole) {
        subtree(proof + HASH * steps++, leaves + HASH * first, n, backend);
    }
    reverse(proof, steps);
    *proof_count = steps;
    return PS_OK;
}

ps_status ps_merkle_inclusion_root(uint8_t *root32, const uint8_t *leaf32,
                                   uint64_t index, uint64_t size,
                                   const uint8_t *proof, size_t proof_count,
                                   const ps_backend *backend)
{
    uint64_t fn = index;
    uint64_t sn = size - 1;
    uint8_t r[HASH];

    memset(root32, 0, HASH);
    if (index >= size || size >= SIZE_LIMIT) {
        return PS_E_RANGE;
    }
    memcpy(r, leaf32, HASH);
    for (size_t i = 0; i < proof_count; i++) {
        const uint8_t *p = proof + HASH * i;
        if (sn == 0) {
            return PS_E_VERIFY;
        }
        if ((fn & 1) || fn == sn) {
            ps_merkle_node_hash(r, p, r, backend);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            ps_merkle_node_hash(r, r, p, backend);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) {
        return PS_E_VERIFY;
    }
    memcpy(root32, r, HASH);
    return PS_OK;
}

/* RFC 9162, 2.1.4.2, from step 3 on: 0 < size1 < size2, and `seed` is the
 * first element of the path, which both roots are grown from. */
static ps_status grow_both(uint64_t size1, const uint8_t *root1_32,
                           uint64_t size2, const uint8_t *root2_32,
                           const uint8_t *seed, const uint8_t *path,
                           size_t path_count, const ps_backend *backend)
{
    uint64_t fn = size1 - 1;
    uint64_t sn = size2 - 1;
    uint8_t fr[HASH];
    uint8_t sr[HASH];

    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    memcpy(fr, seed, HASH);
    memcpy(sr, seed, HASH);
    for (size_t i = 0; i < path_count; i++) {
        const uint8_t *c = path + HASH * i;
        if (sn == 0) {
            return PS_E_VERIFY;
        }
        if ((fn & 1) || fn == sn) {
            ps_merkle_node_hash(fr, c, fr, backend);
            ps_merkle_node_hash(sr, c, sr, backend);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            ps_merkle_node_hash(sr, sr, c, backend);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0 || !same_hash(fr, root1_32) || !same_hash(sr, root2_32)) {
        return PS_E_VERIFY;
    }
    return PS_OK;
}

ps_status ps_merkle_consistency_verify(uint64_t size1, const uint8_t *root1_32,
                                       uint64_t size2, const uint8_t *root2_32,
                                       const uint8_t *proof,
                                       size_t proof_count,
                                       const ps_backend *backend)
{
    if (size1 == 0 || size1 >= SIZE_LIMIT || size2 >= SIZE_LIMIT) {
        return PS_E_RANGE;
    }
    if (size1 > size2) {
        return PS_E_VERIFY;
    }
    if (size1 == size2) {
        int same = proof_count == 0 && same_hash(root1_32, root2_32);
        return same ? PS_OK : PS_E_VERIFY;
    }
    if (proof_count == 0) {
        return PS_E_VERIFY;
    }
    /* A perfect old tree is its own first path element. */
    if ((size1 & (size1 - 1)) == 0) {
        return grow_both(size1, root1_32, size2, root2_32, root1_32, proof,
                         proof_count, backend);
    }
    return grow_both(size1, root1_32, size2, root2_32, proof, proof + HASH,
                     proof_count - 1, backend);
}
