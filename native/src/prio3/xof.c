/* XofTurboShake128; see xof.h. */
#include "xof.h"

#include "../bytes.h"
#include "../hash/keccak.h"

enum {
    VERSION = 18,     /* draft-irtf-cfrg-vdaf-20, section 6 */
    CLASS_VDAF = 0,
    DOMAIN_BYTE = 0x01,
    DST_BYTES = 8
};

void ps_xof_init(ps_xof *x)
{
    memset(x, 0, sizeof *x);
}

void ps_xof_permute(ps_xof *x)
{
    ps_keccak_p1600_12(x->lanes);
}

static void flush(ps_xof *x)
{
    for (size_t i = 0; i < PS_XOF_LANES; i++) {
        x->lanes[i] ^= ps_load64_le(x->block + 8 * i);
    }
    ps_xof_permute(x);
}

void ps_xof_absorb(ps_xof *x, const uint8_t *data, size_t len)
{
    while (len != 0) {
        size_t room = PS_XOF_RATE - x->pos;
        size_t n = len < room ? len : room;

        memcpy(x->block + x->pos, data, n);
        data += n;
        len -= n;
        x->pos += (uint32_t)n;
        if (x->pos == PS_XOF_RATE) {
            flush(x);
            x->pos = 0;
        }
    }
}

void ps_xof_begin(ps_xof *x, const uint8_t *dst, size_t dst_len,
                  const uint8_t *seed32)
{
    uint8_t head[2] = {(uint8_t)dst_len, (uint8_t)(dst_len >> 8)};
    uint8_t seed_len = PS_PRIO3_SEED_BYTES;

    ps_xof_init(x);
    ps_xof_absorb(x, head, sizeof head);
    ps_xof_absorb(x, dst, dst_len);
    ps_xof_absorb(x, &seed_len, 1);
    ps_xof_absorb(x, seed32, PS_PRIO3_SEED_BYTES);
}

void ps_xof_start(ps_xof *x, ps_usage usage, const ps_prio3_domain *domain,
                  const uint8_t *seed32)
{
    size_t dst_len = DST_BYTES + domain->ctx_len;
    uint8_t head[2 + DST_BYTES] = {(uint8_t)dst_len, (uint8_t)(dst_len >> 8),
                                   VERSION, CLASS_VDAF};
    uint8_t seed_len = PS_PRIO3_SEED_BYTES;

    ps_store32_be(head + 4, domain->vdaf->codepoint);
    head[9] = (uint8_t)usage; /* two bytes, big-endian */
    ps_xof_init(x);
    ps_xof_absorb(x, head, sizeof head);
    ps_xof_absorb(x, domain->ctx, domain->ctx_len);
    ps_xof_absorb(x, &seed_len, 1);
    ps_xof_absorb(x, seed32, PS_PRIO3_SEED_BYTES);
}

/* RFC 9861, 2.2: the domain byte, zeros, and 0x80 at the end of the block. */
void ps_xof_finish(ps_xof *x)
{
    memset(x->block + x->pos, 0, PS_XOF_RATE - x->pos);
    x->block[x->pos] ^= DOMAIN_BYTE;
    x->block[PS_XOF_RATE - 1] ^= 0x80;
    flush(x);
    x->pos = 0;
}

void ps_xof_seed(uint8_t *seed32, ps_xof *x)
{
    ps_xof_finish(x);
    for (size_t i = 0; i < PS_PRIO3_SEED_BYTES / 8; i++) {
        ps_store64_le(seed32 + 8 * i, ps_xof_next(x));
    }
    ps_wipe(x, sizeof *x);
}
