/* The Merkle tree of RFC 9162, section 2.1, over SHA-256.
 *
 *   leaf(d)    = SHA-256(0x00 || d)
 *   node(l, r) = SHA-256(0x01 || l || r)
 *   MTH({})    = SHA-256(), MTH(D) = node(MTH(left), MTH(right)), where left
 *                holds the largest power of two below |D|
 *
 * Everything here is public; nothing is constant-time and nothing needs to be.
 * Arrays of hashes are contiguous, 32 bytes each. Sizes are below 2^63.
 */
#ifndef PRIVSHARE_PS_MERKLE_H
#define PRIVSHARE_PS_MERKLE_H

#include "ps_config.h"

/* ffi: begin */
/* No audit path and no compact range of a tree below 2^63 leaves is longer. */
#define PS_MERKLE_MAX_HASHES 64

/* A compact range [0, size): the roots of the perfect subtrees that the binary
 * digits of size name, largest and leftmost first. popcount(size) are used.
 * A zeroed struct is the empty range. */
typedef struct {
    uint64_t size;
    uint8_t hashes[2048];   /* 32 * PS_MERKLE_MAX_HASHES */
} ps_merkle_range;

/** Hash one leaf.
 *
 *  Computes   SHA-256(0x00 || data)
 *  Out        hash32     32 bytes
 *  In         data       len bytes
 */
void ps_merkle_leaf_hash(uint8_t *hash32, const uint8_t *data, size_t len,
                         const ps_backend *backend);

/** Hash many leaves.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    the lengths do not add up to data_len
 *  Out        hashes     32 * count bytes, one hash a leaf
 *  In         data       data_len bytes, the leaves one after the other
 *             lengths    count lengths in bytes
 *  On error   hashes is all zero
 */
PS_MUST_CHECK
ps_status ps_merkle_leaf_hashes(uint8_t *hashes, const uint8_t *data,
                                size_t data_len, const uint64_t *lengths,
                                size_t count, const ps_backend *backend);

/** Hash two nodes into their parent.
 *
 *  Computes   SHA-256(0x01 || left || right)
 *  Out        hash32     32 bytes
 *  Overlap    hash32 may be left32 or right32
 */
void ps_merkle_node_hash(uint8_t *hash32, const uint8_t *left32,
                         const uint8_t *right32, const ps_backend *backend);

/** Root of the tree over an array of leaf hashes.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    count >= 2^63
 *  Out        root32     32 bytes; SHA-256 of nothing when count is 0
 *  In         leaves     32 * count bytes
 */
PS_MUST_CHECK
ps_status ps_merkle_root(uint8_t *root32, const uint8_t *leaves, size_t count,
                         const ps_backend *backend);

/** Append leaf hashes to a compact range.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    the new size would reach 2^63; range is untouched
 *  In-out     range      of any size, or zeroed
 *  In         leaves     32 * count bytes
 */
PS_MUST_CHECK
ps_status ps_merkle_range_append(ps_merkle_range *range, const uint8_t *leaves,
                                 size_t count, const ps_backend *backend);

/** Root of the tree that a compact range describes.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    range->size >= 2^63
 *  Out        root32     32 bytes; SHA-256 of nothing for the empty range
 */
PS_MUST_CHECK
ps_status ps_merkle_range_root(uint8_t *root32, const ps_merkle_range *range,
                               const ps_backend *backend);

/** Audit path of one leaf (RFC 9162, section 2.1.3.1).
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    index >= count, or count >= 2^63
 *  Out        proof      room for 32 * PS_MERKLE_MAX_HASHES bytes
 *             proof_count  hashes written, the leaf's sibling first
 *  In         leaves     32 * count bytes
 *  On error   proof_count is 0
 */
PS_MUST_CHECK
ps_status ps_merkle_inclusion_proof(uint8_t *proof, size_t *proof_count,
                                    const uint8_t *leaves, size_t count,
                                    size_t index, const ps_backend *backend);

/** Proof that the first old_count leaves are a prefix of all
 *  (RFC 9162, section 2.1.4.1).
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    old_count is 0 or above count, or count >= 2^63
 *  Out        proof      room for 32 * PS_MERKLE_MAX_HASHES bytes
 *             proof_count  hashes written; 0 when the sizes are equal
 *  In         leaves     32 * count bytes
 *  On error   proof_count is 0
 */
PS_MUST_CHECK
ps_status ps_merkle_consistency_proof(uint8_t *proof, size_t *proof_count,
                                      const uint8_t *leaves, size_t count,
                                      size_t old_count,
                                      const ps_backend *backend);

/** Root that a leaf and its audit path lead to (RFC 9162, section 2.1.3.2).
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    index >= size, or size >= 2^63
 *             PS_E_VERIFY   the path has not the length this leaf needs
 *  Out        root32     32 bytes, to be compared with a root that is trusted
 *  In         leaf32     the leaf's hash, not its data
 *             proof      32 * proof_count bytes
 *  On error   root32 is all zero
 */
PS_MUST_CHECK
ps_status ps_merkle_inclusion_root(uint8_t *root32, const uint8_t *leaf32,
                                   uint64_t index, uint64_t size,
                                   const uint8_t *proof, size_t proof_count,
                                   const ps_backend *backend);

/** Check that a tree extends an older one (RFC 9162, section 2.1.4.2).
 *
 *  Every tree extends the empty one, so size1 == 0 says nothing and is
 *  refused: whoever starts from nothing handles that case before asking.
 *
 *  Returns    PS_OK
 *             PS_E_RANGE    size1 is 0, or a size >= 2^63
 *             PS_E_VERIFY   size1 > size2, or the proof does not lead to both
 *                           roots
 *  In         root1_32   root of the first size1 leaves
 *             root2_32   root of all size2 leaves
 *             proof      32 * proof_count bytes; none when the sizes are equal
 */
PS_MUST_CHECK
ps_status ps_merkle_consistency_verify(uint64_t size1, const uint8_t *root1_32,
                                       uint64_t size2, const uint8_t *root2_32,
                                       const uint8_t *proof,
                                       size_t proof_count,
                                       const ps_backend *backend);
/* ffi: end */

#endif
