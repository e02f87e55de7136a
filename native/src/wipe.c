/* Wiping that survives optimisation. */
#include <string.h>

#include "privshare/ps_config.h"

void ps_wipe(void *memory, size_t len)
{
    if (len == 0) {
        return;
    }
#if defined(__GNUC__)
    memset(memory, 0, len);
    /* The memory is read here, for all the compiler knows. */
    __asm__ volatile("" : : "r"(memory) : "memory");
#else
    volatile uint8_t *p = memory;
    for (size_t i = 0; i < len; i++) {
        p[i] = 0;
    }
#endif
}
