/* Merlin over STROBE-128, with meta-AD, AD and PRF alone. */
#include "privshare/ps_merlin.h"

#include "bytes.h"
#include "privshare/ps_hash.h"

/* STROBE v1.0.2, section 3: the rate is 200 - 2 * 16 bytes, of which two are
 * for the padding. */
enum { RATE = 166 };

/* STROBE v1.0.2, section 6.2, figure 4. Flags of the three operations:
 * meta-AD is M|A, AD is A, PRF is I|A|C. */
enum { FLAG_I = 1, FLAG_A = 2, FLAG_C = 4, FLAG_M = 16 };

enum { META_AD = FLAG_M | FLAG_A, AD = FLAG_A, PRF = FLAG_I | FLAG_A | FLAG_C };

static void xor_byte(ps_merlin *t, size_t pos, uint8_t byte)
{
    t->lanes[pos / 8] ^= (uint64_t)byte << (8 * (pos % 8));
}

/* Section 6.3: the padding and the permutation. */
static void run_f(ps_merlin *t)
{
    xor_byte(t, t->pos, t->pos_begin);
    xor_byte(t, (size_t)t->pos + 1, 0x04);
    xor_byte(t, RATE + 1, 0x80);
    ps_keccak_f1600(t->lanes);
    t->pos = 0;
    t->pos_begin = 0;
}

static void step(ps_merlin *t)
{
    if (++t->pos == RATE) {
        run_f(t);
    }
}

static void absorb(ps_merlin *t, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        xor_byte(t, t->pos, data[i]);
        step(t);
    }
}

/* Section 6.2: what every operation begins with. An operation that is carried
 * on does not begin again. */
static void begin(ps_merlin *t, uint8_t flags)
{
    const uint8_t header[2] = {t->pos_begin, flags};

    t->pos_begin = (uint8_t)(t->pos + 1);
    absorb(t, header, sizeof header);
    if ((flags & FLAG_C) && t->pos != 0) {
        run_f(t);
    }
}

/* meta-AD(label || LE32(len)) */
static void meta(ps_merlin *t, const char *label, size_t len)
{
    const uint8_t size[4] = {(uint8_t)len, (uint8_t)(len >> 8),
                             (uint8_t)(len >> 16), (uint8_t)(len >> 24)};

    begin(t, META_AD);
    absorb(t, (const uint8_t *)label, strlen(label));
    absorb(t, size, sizeof size);
}

void ps_merlin_init(ps_merlin *t, const uint8_t *label, size_t len)
{
    /* Section 5.1: the state before any operation is F of this block. */
    static const uint8_t start[18] = {
        1, RATE + 2, 1, 0, 1, 12 * 8,
        'S', 'T', 'R', 'O', 'B', 'E', 'v', '1', '.', '0', '.', '2'
    };
    static const char protocol[] = "Merlin v1.0";

    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < sizeof start; i++) {
        xor_byte(t, i, start[i]);
    }
    ps_keccak_f1600(t->lanes);
    begin(t, META_AD);
    absorb(t, (const uint8_t *)protocol, sizeof protocol - 1);
    ps_merlin_append(t, "dom-sep", label, len);
}

void ps_merlin_append(ps_merlin *t, const char *label, const uint8_t *data,
                      size_t len)
{
    meta(t, label, len);
    begin(t, AD);
    absorb(t, data, len);
}

void ps_merlin_challenge(uint8_t *out, size_t len, ps_merlin *t,
                         const char *label)
{
    meta(t, label, len);
    begin(t, PRF);
    for (size_t i = 0; i < len; i++) {
        unsigned shift = 8 * (t->pos % 8);
        uint64_t *lane = &t->lanes[t->pos / 8];

        out[i] = (uint8_t)(*lane >> shift);
        *lane &= ~((uint64_t)0xff << shift);
        step(t);
    }
}
