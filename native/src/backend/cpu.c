/* Choosing a backend: a pure function of the processor. */
#include "backend.h"

#if defined(PS_HAVE_X86_64)
#include <cpuid.h>

/* Intel SDM, volume 2, CPUID: leaf 1 ECX has SSSE3 (bit 9) and SSE4.1 (bit
 * 19), leaf 7 subleaf 0 EBX has SHA (bit 29). The xmm state that these need
 * is enabled on every x86-64 system. */
static int has_sha_ni(void)
{
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) {
        return 0;
    }
    unsigned ssse3_sse41 = (1u << 9) | (1u << 19);
    if ((ecx & ssse3_sse41) != ssse3_sse41) {
        return 0;
    }
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
        return 0;
    }
    return (ebx >> 29) & 1;
}
#endif

const ps_backend *ps_backend_portable(void)
{
    return &ps_backend_table_portable;
}

const ps_backend *ps_backend_best(void)
{
#if defined(PS_HAVE_X86_64)
    if (has_sha_ni()) {
        return &ps_backend_table_sha_ni;
    }
#endif
    return &ps_backend_table_portable;
}

const char *ps_backend_name(const ps_backend *backend)
{
    return backend->name;
}
