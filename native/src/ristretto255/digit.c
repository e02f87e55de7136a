/* Scalars as signed digits. */
#include "digit.h"

void ps_digits(int8_t *digit64, const ps_scalar *s)
{
    uint64_t carry = 0;

    for (int i = 0; i < 64; i++) {
        uint64_t d = ((s->limb[i / 16] >> (4 * (i % 16))) & 15) + carry;

        carry = i < 63 ? (d + 8) >> 4 : 0;
        digit64[i] = (int8_t)((int64_t)d - (int64_t)(carry << 4));
    }
}

int ps_naf_vartime(int8_t *naf256, const ps_scalar *s)
{
    int top = -1, carry = 0;

    memset(naf256, 0, PS_NAF_DIGITS);
    for (int i = 0; i < PS_NAF_DIGITS;) {
        uint64_t low = s->limb[i / 64] >> (i % 64);
        int window;

        if (i % 64 > 59 && i / 64 < 3) {
            low |= s->limb[i / 64 + 1] << (64 - i % 64);
        }
        window = (int)(low & 31) + carry;
        if ((window & 1) == 0) {
            i++; /* a carry waits: it has made this bit even */
            continue;
        }
        carry = window > 15;
        naf256[i] = (int8_t)(carry ? window - 32 : window);
        top = i;
        i += 5;
    }
    return top;
}
