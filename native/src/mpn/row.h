/* Row by row products, where the processor is good at them.
 *
 * Two carry chains at once (BMI2's mulx, ADX's adcx and adox) take a limb
 * product in one to two cycles, column sums in C in more than two. Both compute
 * the same numbers; products and reductions choose when they are called.
 * Squares stay with columns, which do half the work.
 */
#ifndef PRIVSHARE_MPN_ROW_H
#define PRIVSHARE_MPN_ROW_H

#include "limb.h"
#include "privshare/ps_mpn.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define PS_HAVE_ROWS 1

/* Below this many limbs column sums win (Zen 4, gcc 12, 2026-11-22). */
enum { PS_ROWS_MIN = 24 };

/** Whether this processor has mulx, adcx and adox, and ps_mpn_plain did not
 *  put them out of use. */
int ps_rows_in_use(void);

/** r += a * b; returns the limb above r.
 *
 *  In         r, a       limbs limbs
 *  Secret     r, a, b
 */
ps_limb ps_row_add_mul(ps_limb *r, const ps_limb *a, size_t limbs, ps_limb b);

/** r += a * b for numbers of the same length; returns the limb above.
 *
 *  In         r          2 * limbs limbs
 *             a, b       limbs limbs
 *  Secret     r, a, b
 */
ps_limb ps_rows_add_mul(ps_limb *r, const ps_limb *a, const ps_limb *b,
                        size_t limbs);
#endif

#endif
