/* Every small tree: proofs that must verify, and all their neighbours, which
 * must not. */
#include "check.h"
#include "privshare/ps_merkle.h"

enum { LIMIT = 33, HASH = 32 };

static const ps_backend *backend;
static uint8_t leaves[HASH * LIMIT];
static uint8_t roots[LIMIT + 1][HASH];
static uint8_t proof[HASH * PS_MERKLE_MAX_HASHES];
static size_t steps;

/* MTH as RFC 9162 writes it, with recursion and nothing clever. */
static void reference_root(uint8_t *root, const uint8_t *first, size_t n)
{
    uint8_t left[HASH], right[HASH];
    size_t k = 1;

    if (n == 1) {
        memcpy(root, first, HASH);
        return;
    }
    while (2 * k < n) {
        k *= 2;
    }
    reference_root(left, first, k);
    reference_root(right, first + HASH * k, n - k);
    ps_merkle_node_hash(root, left, right, backend);
}

static void empty_tree(void)
{
    ps_merkle_range range = {0};
    uint8_t root[HASH];

    CHECK(ps_merkle_root(root, NULL, 0, backend) == PS_OK);
    CHECK(equals_hex(root, HASH, "e3b0c44298fc1c149afbf4c8996fb924"
                                 "27ae41e4649b934ca495991b7852b855"));
    CHECK(ps_merkle_range_root(proof, &range, backend) == PS_OK);
    CHECK(memcmp(root, proof, HASH) == 0);
}

static void prefixes(void)
{
    uint8_t a[HASH], b[HASH], message[65] = {0x01};

    ps_merkle_leaf_hash(a, NULL, 0, backend);
    CHECK(equals_hex(a, HASH, "6e340b9cffb37a989ca544e6bb780a2c"
                              "78901d3fb33738768511a30617afa01d"));
    memcpy(message + 1, leaves, 64);
    ps_merkle_node_hash(a, leaves, leaves + HASH, backend);
    ps_sha256_digest(b, message, sizeof message, backend);
    CHECK(memcmp(a, b, HASH) == 0);
}

static void lengths_must_add_up(void)
{
    uint8_t data[10] = {0}, hashes[3 * HASH];
    uint64_t good[3] = {4, 0, 6}, shorter[3] = {4, 0, 5};
    uint64_t longer[3] = {4, 1, 6}, huge[3] = {4, UINT64_MAX, 7};

    CHECK(ps_merkle_leaf_hashes(hashes, data, 10, good, 3, backend) == PS_OK);
    CHECK(ps_merkle_leaf_hashes(hashes, data, 10, shorter, 3, backend)
          == PS_E_RANGE);
    CHECK(ps_merkle_leaf_hashes(hashes, data, 10, longer, 3, backend)
          == PS_E_RANGE);
    CHECK(ps_merkle_leaf_hashes(hashes, data, 10, huge, 3, backend)
          == PS_E_RANGE);
    CHECK(hashes[0] == 0 && hashes[2 * HASH] == 0);
}

static void roots_and_ranges(void)
{
    ps_merkle_range range = {0};
    uint8_t root[HASH];

    for (size_t n = 1; n <= LIMIT; n++) {
        ps_merkle_range split = {0};
        size_t half = n / 2;
        reference_root(roots[n], leaves, n);
        CHECK(ps_merkle_root(root, leaves, n, backend) == PS_OK);
        CHECK(memcmp(root, roots[n], HASH) == 0);
        CHECK(ps_merkle_range_append(&range, leaves + HASH * (n - 1), 1,
                                     backend) == PS_OK);
        CHECK(ps_merkle_range_root(root, &range, backend) == PS_OK);
        CHECK(memcmp(root, roots[n], HASH) == 0);
        CHECK(ps_merkle_range_append(&split, leaves, half, backend) == PS_OK);
        CHECK(ps_merkle_range_append(&split, leaves + HASH * half, n - half,
                                     backend) == PS_OK);
        CHECK(ps_merkle_range_root(root, &split, backend) == PS_OK);
        CHECK(memcmp(root, roots[n], HASH) == 0);
    }
    range.size = ((uint64_t)1 << 63) - 1;
    CHECK(ps_merkle_range_append(&range, leaves, 1, backend) == PS_E_RANGE);
}

static int leads_to(const uint8_t *leaf, size_t index, size_t size,
                    size_t count, const uint8_t *root)
{
    uint8_t found[HASH];
    return ps_merkle_inclusion_root(found, leaf, index, size, proof, count,
                                    backend) == PS_OK
        && memcmp(found, root, HASH) == 0;
}

static void inclusion(size_t n, size_t i)
{
    const uint8_t *leaf = leaves + HASH * i;

    CHECK(ps_merkle_inclusion_proof(proof, &steps, leaves, n, i, backend)
          == PS_OK);
    CHECK(leads_to(leaf, i, n, steps, roots[n]));
    for (size_t j = 0; j <= LIMIT; j++) {
        CHECK(j == i || !leads_to(leaf, j, n, steps, roots[n]));
    }
    CHECK(!leads_to(leaf, i, n, steps + 1, roots[n]));
    CHECK(steps == 0 || !leads_to(leaf, i, n, steps - 1, roots[n]));
    for (size_t byte = 0; byte < HASH * steps; byte += 5) {
        proof[byte] ^= 1;
        CHECK(!leads_to(leaf, i, n, steps, roots[n]));
        proof[byte] ^= 1;
    }
    CHECK(ps_merkle_inclusion_proof(proof, &steps, leaves, n, n, backend)
          == PS_E_RANGE && steps == 0);
}

static ps_status extends(size_t m, const uint8_t *old_root, size_t n,
                         size_t count)
{
    return ps_merkle_consistency_verify(m, old_root, n, roots[n], proof,
                                        count, backend);
}

static void consistency(size_t m, size_t n)
{
    CHECK(ps_merkle_consistency_proof(proof, &steps, leaves, n, m, backend)
          == PS_OK);
    CHECK(extends(m, roots[m], n, steps) == PS_OK);
    CHECK(extends(m, roots[m], n, steps + 1) == PS_E_VERIFY);
    CHECK(steps == 0 || extends(m, roots[m], n, steps - 1) == PS_E_VERIFY);
    CHECK(extends(0, roots[m], n, steps) == PS_E_RANGE);
    CHECK(extends(n + 1, roots[n], n, steps) == PS_E_VERIFY);
    for (size_t other = 1; other <= n; other++) {
        if (other != m) {
            CHECK(extends(m, roots[other], n, steps) == PS_E_VERIFY);
        }
    }
    for (size_t byte = 0; byte < HASH * steps; byte += 5) {
        proof[byte] ^= 0x80;
        CHECK(extends(m, roots[m], n, steps) == PS_E_VERIFY);
        proof[byte] ^= 0x80;
    }
}

int main(void)
{
    backend = ps_backend_best();
    pseudo_random(leaves, sizeof leaves);
    empty_tree();
    prefixes();
    lengths_must_add_up();
    roots_and_ranges();
    for (size_t n = 1; n <= LIMIT; n++) {
        for (size_t i = 0; i < n; i++) {
            inclusion(n, i);
            consistency(i + 1, n);
        }
    }
    printf("merkle: ok\n");
    return 0;
}
