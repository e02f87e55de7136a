/* Bytes and words: the only place that knows both byte orders. */
#ifndef PRIVSHARE_BYTES_H
#define PRIVSHARE_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint32_t ps_load32_be(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16)
         | ((uint32_t)p[2] << 8) | (uint32_t)p[3];
}

static inline void ps_store32_be(uint8_t *p, uint32_t x)
{
    p[0] = (uint8_t)(x >> 24);
    p[1] = (uint8_t)(x >> 16);
    p[2] = (uint8_t)(x >> 8);
    p[3] = (uint8_t)x;
}

static inline uint64_t ps_load64_be(const uint8_t *p)
{
    return ((uint64_t)ps_load32_be(p) << 32) | ps_load32_be(p + 4);
}

static inline void ps_store64_be(uint8_t *p, uint64_t x)
{
    ps_store32_be(p, (uint32_t)(x >> 32));
    ps_store32_be(p + 4, (uint32_t)x);
}

static inline uint32_t ps_load32_le(const uint8_t *p)
{
    return p[0] | ((uint32_t)p[1] << 8) | ((uint32_t)p[2] << 16)
         | ((uint32_t)p[3] << 24);
}

static inline uint64_t ps_load64_le(const uint8_t *p)
{
    return ps_load32_le(p) | ((uint64_t)ps_load32_le(p + 4) << 32);
}

static inline void ps_store64_le(uint8_t *p, uint64_t x)
{
    /* Written out, compilers make one store of it. */
    p[0] = (uint8_t)x;
    p[1] = (uint8_t)(x >> 8);
    p[2] = (uint8_t)(x >> 16);
    p[3] = (uint8_t)(x >> 24);
    p[4] = (uint8_t)(x >> 32);
    p[5] = (uint8_t)(x >> 40);
    p[6] = (uint8_t)(x >> 48);
    p[7] = (uint8_t)(x >> 56);
}

/* memcpy that may be asked to copy nothing from nowhere. */
static inline void ps_copy(void *out, const void *in, size_t len)
{
    if (len != 0) {
        memcpy(out, in, len);
    }
}

#endif
