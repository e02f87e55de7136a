/* What a call returns, and the words every other header is written in.
 *
 * Conventions of the core
 *
 *   Arguments     outputs, in-outs, inputs, each pointer followed by its
 *                 length; scratch last. No heap: memory comes from the caller.
 *   Numbers       little-endian limbs of 64 bits inside, big-endian bytes
 *                 outside. `len` counts bytes, `limbs` counts limbs.
 *   Sizes         ride in the name: hash32 points to 32 bytes.
 *   Secret        time, addresses and branches do not depend on the values.
 *   _vartime      they may; every input is public.
 *   On error      outputs are all zero, unless the contract says otherwise.
 *
 * Python reads the regions between the two `ffi` marks and nothing else.
 */
#ifndef PRIVSHARE_PS_STATUS_H
#define PRIVSHARE_PS_STATUS_H

#include <stddef.h>
#include <stdint.h>

/* ffi: begin */
/* The only list of result codes. A false statement is PS_E_VERIFY, malformed
 * bytes are PS_E_ENCODING; the two are never confused. */
typedef enum {
    PS_OK = 0,
    PS_E_RANGE = 1,    /* a value is outside its documented interval */
    PS_E_ENCODING = 2, /* not the canonical bytes of the thing */
    PS_E_VERIFY = 3,   /* well formed, and not true */
    PS_E_KEY = 4,      /* the number cannot be a key of this kind */
    PS_E_FEED = 5      /* the random bytes ran out: call again with fresh ones */
} ps_status;

/* One digit of a long number, radix 2^64. */
typedef uint64_t ps_limb;
/* ffi: end */

#if defined(__GNUC__)
#define PS_MUST_CHECK __attribute__((warn_unused_result))
#else
#define PS_MUST_CHECK
#endif

/* PS_SECRET(p, len) marks memory that no branch and no address may depend on;
 * PS_PUBLIC(p, len) declares a value derived from it to be public. They emit
 * code in the constant-time check alone (`make ctime`), where Valgrind treats
 * secret memory as uninitialised and reports every use that matters. */
#if defined(PS_CTIME)
#include <valgrind/memcheck.h>
#define PS_SECRET(p, len) ((void)VALGRIND_MAKE_MEM_UNDEFINED((p), (len)))
#define PS_PUBLIC(p, len) ((void)VALGRIND_MAKE_MEM_DEFINED((p), (len)))
#else
#define PS_SECRET(p, len) ((void)(p), (void)(len))
#define PS_PUBLIC(p, len) ((void)(p), (void)(len))
#endif

#endif
