/* Choosing a backend: a pure function of the processor. */
#include "backend.h"

#if defined(PS_HAVE_X86_64)
#include <cpuid.h>

/* Intel SDM, volume 2, CPUID. The bits of leaf 1 ECX and of leaf 7 subleaf 0
 * EBX that have a meaning here. */
enum {
    LEAF1_SSSE3 = 1u << 9,
    LEAF1_SSE41 = 1u << 19,
    LEAF1_OSXSAVE = 1u << 27,
    LEAF7_AVX512F = 1u << 16,
    LEAF7_AVX512DQ = 1u << 17,
    LEAF7_AVX512IFMA = 1u << 21,
    LEAF7_SHA = 1u << 29
};
#define LEAF7_AVX512VL (1u << 31)
/* Of leaf 7 subleaf 0 ECX. */
#define LEAF7_ECX_VPCLMULQDQ (1u << 10)

static int leaf1_has(unsigned bits)
{
    unsigned eax, ebx, ecx, edx;

    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bits) == bits;
}

static int leaf7_has(unsigned bits)
{
    unsigned eax, ebx, ecx, edx;

    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)
        && (ebx & bits) == bits;
}

/* The xmm state that these need is enabled on every x86-64 system. */
static int has_sha_ni(void)
{
    return leaf1_has(LEAF1_SSSE3 | LEAF1_SSE41) && leaf7_has(LEAF7_SHA);
}

#if defined(PS_HAVE_LANES)
#if defined(PS_EMULATE_LANES)
static int has_ifma(void)
{
    return 1;
}
#else
/* Intel SDM, volume 1, 15.2: the system saves xmm (bit 1), ymm (2), the mask
 * registers (5) and both parts of zmm (6, 7) when it switches tasks. */
static int system_saves_zmm(void)
{
    const unsigned wanted = 0xe6;
    unsigned low, high;

    if (!leaf1_has(LEAF1_OSXSAVE)) {
        return 0;
    }
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & wanted) == wanted;
}

static int has_vpclmul(void)
{
    unsigned eax, ebx, ecx, edx;

    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)
        && (ecx & LEAF7_ECX_VPCLMULQDQ) != 0;
}

static int has_ifma(void)
{
    return leaf7_has(LEAF7_AVX512F | LEAF7_AVX512DQ | LEAF7_AVX512IFMA
                     | LEAF7_AVX512VL)
        && has_vpclmul()
        && system_saves_zmm();
}
#endif
#endif
#endif

const ps_backend *ps_backend_portable(void)
{
    return &ps_backend_table_portable;
}

const ps_backend *ps_backend_best(void)
{
#if defined(PS_HAVE_X86_64)
    if (has_sha_ni()) {
#if defined(PS_HAVE_LANES)
        if (has_ifma()) {
            return &ps_backend_table_ifma;
        }
#endif
        return &ps_backend_table_sha_ni;
    }
#if defined(PS_EMULATE_LANES)
    return &ps_backend_table_emulated;
#endif
#endif
    return &ps_backend_table_portable;
}

const char *ps_backend_name(const ps_backend *backend)
{
    return backend->name;
}
