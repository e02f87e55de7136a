/* SHA-512 of eight short messages at a time, for ps_oprf_expand.
 *
 * Source     FIPS 180-4, section 6.4; RFC 9380, section 5.3.1
 * Secret     the messages; their lengths are public
 */
#include "ifma_group.h"

#if defined(PS_HAVE_LANES)

#include "../../bytes.h"

enum { WORDS = 16, ROUNDS = 80, BLOCK = 128, DIGEST = 64 };

LANES_INLINE ps_lanes rotate(ps_lanes x, int n)
{
    return (x >> n) | (x << (64 - n));
}

LANES_INLINE ps_lanes schedule(const ps_lanes *w, int t)
{
    const ps_lanes x = w[(t + 1) % WORDS], y = w[(t + 14) % WORDS];

    return w[t % WORDS] + (rotate(x, 1) ^ rotate(x, 8) ^ (x >> 7))
         + w[(t + 9) % WORDS] + (rotate(y, 19) ^ rotate(y, 61) ^ (y >> 6));
}

/* One block in each lane; w is used up. */
LANES_TARGET
static void compress(ps_lanes *state, ps_lanes *w)
{
    ps_lanes a = state[0], b = state[1], c = state[2], d = state[3];
    ps_lanes e = state[4], f = state[5], g = state[6], h = state[7];

    for (int t = 0; t < ROUNDS; t++) {
        ps_lanes t1, t2;

        if (t >= WORDS) {
            w[t % WORDS] = schedule(w, t);
        }
        t1 = h + (rotate(e, 14) ^ rotate(e, 18) ^ rotate(e, 41))
           + lanes_select(e, f, g) + lanes_set(ps_sha512_k[t]) + w[t % WORDS];
        t2 = (rotate(a, 28) ^ rotate(a, 34) ^ rotate(a, 39))
           + lanes_select(a ^ b, c, b);
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

/* The padded end of a message of `before` bytes and these. */
static void pad(uint8_t *block, size_t used, size_t before)
{
    block[used] = 0x80;
    memset(block + used + 1, 0, BLOCK - used - 1);
    ps_store64_be(block + BLOCK - 8, 8 * (uint64_t)(before + used));
}

LANES_TARGET
void ps_lanes_expand_eight(uint8_t *out, const ps_sha512 *begun,
                           const ps_sha512 *fresh, const uint8_t *const *in,
                           const size_t *len, const uint8_t *suffix,
                           size_t suffix_len)
{
    uint8_t block[LANES][BLOCK], second[BLOCK];
    ps_lanes w[WORDS], state[8];

    for (size_t lane = 0; lane < LANES; lane++) {
        uint8_t *at = block[lane];

        memcpy(at, in[lane], len[lane]);
        at += len[lane];
        at[0] = 0;
        at[1] = DIGEST;
        at[2] = 0;
        memcpy(at + 3, suffix, suffix_len);
        pad(block[lane], len[lane] + 3 + suffix_len, BLOCK);
    }
    for (size_t t = 0; t < WORDS; t++) {
        for (size_t lane = 0; lane < LANES; lane++) {
            w[t][lane] = ps_load64_be(block[lane] + 8 * t);
        }
    }
    for (size_t i = 0; i < 8; i++) {
        state[i] = lanes_set(begun->state[i]);
    }
    compress(state, w);
    /* b_0 is the words of the state; what follows is the same for all. */
    memset(second, 0, sizeof second);
    second[DIGEST] = 1;
    memcpy(second + DIGEST + 1, suffix, suffix_len);
    pad(second, DIGEST + 1 + suffix_len, 0);
    for (size_t t = 0; t < WORDS; t++) {
        w[t] = t < 8 ? state[t] : lanes_set(ps_load64_be(second + 8 * t));
    }
    for (size_t i = 0; i < 8; i++) {
        state[i] = lanes_set(fresh->state[i]);
    }
    compress(state, w);
    for (size_t lane = 0; lane < LANES; lane++) {
        for (size_t i = 0; i < 8; i++) {
            ps_store64_be(out + DIGEST * lane + 8 * i, state[i][lane]);
        }
    }
    ps_wipe(block, sizeof block);
    ps_wipe(w, sizeof w);
    ps_wipe(state, sizeof state);
}
#endif
