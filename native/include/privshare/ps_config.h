/* Which code runs on this machine.
 *
 * A backend is a constant table of the few hot functions. The caller asks for
 * one, keeps the pointer and passes it to the calls that take one; the core
 * itself remembers nothing. All backends give the same results.
 */
#ifndef PRIVSHARE_PS_CONFIG_H
#define PRIVSHARE_PS_CONFIG_H

#include "ps_status.h"

/* ffi: begin */
typedef struct ps_backend ps_backend;

/** Portable C, always present.
 *
 *  Returns    a constant; never NULL
 */
const ps_backend *ps_backend_portable(void);

/** The fastest backend that this processor can run.
 *
 *  Computes   a choice among constants from the processor's own description
 *             (CPUID on x86-64). Ask once and keep the pointer: under a
 *             hypervisor the question itself can cost microseconds.
 *
 *  Returns    a constant; never NULL
 */
const ps_backend *ps_backend_best(void);

/** The name of a backend, for reports.
 *
 *  Returns    a constant string, such as "portable" or "sha-ni"
 */
const char *ps_backend_name(const ps_backend *backend);

/** What this core was made from.
 *
 *  Returns    a constant string: SHA-256 of the sources in lower-case hex, as
 *             the build script computed it; "unknown" from another build
 */
const char *ps_source_digest(void);

/** Wipe memory so that the compiler cannot leave it out.
 *
 *  Out        memory     len bytes, all zero
 */
void ps_wipe(void *memory, size_t len);
/* ffi: end */

#endif
