/* Rows of products with mulx, adcx and adox; whether they are in use. */
#include "row.h"

#include <stdatomic.h>

/* Asked once: under a hypervisor the question takes microseconds. All who ask
 * at the same time find the same answer. */
enum { UNKNOWN, PLAIN, ROWS };
static atomic_int in_use = UNKNOWN;

void ps_mpn_plain(int plain)
{
    atomic_store_explicit(&in_use, plain ? PLAIN : UNKNOWN,
                          memory_order_relaxed);
}

#if defined(PS_HAVE_ROWS)
#include <cpuid.h>

/* Intel SDM, volume 2, CPUID leaf 7 EBX: BMI2 and ADX. */
static int found(void)
{
    const unsigned wanted = 1u << 8 | 1u << 19;
    unsigned eax, ebx, ecx, edx;

    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)
        && (ebx & wanted) == wanted;
}

int ps_rows_in_use(void)
{
    int state = atomic_load_explicit(&in_use, memory_order_relaxed);

    if (state == UNKNOWN) {
        state = found() ? ROWS : PLAIN;
        atomic_store_explicit(&in_use, state, memory_order_relaxed);
    }
    return state == ROWS;
}

/* A product of eight in a row: its lower half and the upper half of the one
 * before meet through CF, the sum and r through OF. */
#define PRODUCT(at, below, above)                 \
    "mulxq " #at "(%[a]), %%r8, " above "\n\t"    \
    "adcxq " below ", %%r8\n\t"                   \
    "adoxq " #at "(%[r]), %%r8\n\t"               \
    "movq %%r8, " #at "(%[r])\n\t"

static inline ps_limb eights(ps_limb *r, const ps_limb *a, size_t blocks,
                             ps_limb b)
{
    ps_limb carry = 0;

    __asm__("1:\n\t"
            "xorl %%eax, %%eax\n\t"
            PRODUCT(0, "%[carry]", "%%r9")
            PRODUCT(8, "%%r9", "%%r10")
            PRODUCT(16, "%%r10", "%%r9")
            PRODUCT(24, "%%r9", "%%r10")
            PRODUCT(32, "%%r10", "%%r9")
            PRODUCT(40, "%%r9", "%%r10")
            PRODUCT(48, "%%r10", "%%r9")
            PRODUCT(56, "%%r9", "%[carry]")
            "adcxq %%rax, %[carry]\n\t"
            "adoxq %%rax, %[carry]\n\t"
            "leaq 64(%[a]), %[a]\n\t"
            "leaq 64(%[r]), %[r]\n\t"
            "decq %[blocks]\n\t"
            "jnz 1b\n\t"
            : [carry] "+&r"(carry), [a] "+&r"(a), [r] "+&r"(r),
              [blocks] "+&r"(blocks)
            : "d"(b)
            : "rax", "r8", "r9", "r10", "cc", "memory");
    return carry;
}

ps_limb ps_row_add_mul(ps_limb *r, const ps_limb *a, size_t limbs, ps_limb b)
{
    size_t whole = limbs / 8 * 8;
    ps_limb carry = whole == 0 ? 0 : eights(r, a, whole / 8, b);

    for (size_t i = whole; i < limbs; i++) {
        ps_wide x = (ps_wide)a[i] * b + r[i] + carry;
        r[i] = (ps_limb)x;
        carry = (ps_limb)(x >> 64);
    }
    return carry;
}

ps_limb ps_rows_add_mul(ps_limb *r, const ps_limb *a, const ps_limb *b,
                        size_t limbs)
{
    ps_limb carry = 0;

    for (size_t i = 0; i < limbs; i++) {
        ps_limb above = ps_row_add_mul(r + i, a, limbs, b[i]);
        ps_wide sum = (ps_wide)r[limbs + i] + above + carry;
        r[limbs + i] = (ps_limb)sum;
        carry = (ps_limb)(sum >> 64);
    }
    return carry;
}
#endif
