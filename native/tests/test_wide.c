/* Products modulo 2^128, beside the library's long numbers. */
#include "check.h"
#include "privshare/ps_wide.h"

enum { COUNT = 40 };

/* Bit by bit: shifted sums. */
static void slow(ps_limb *z, const ps_limb *a, const ps_limb *b)
{
    z[0] = z[1] = 0;
    for (int i = 127; i >= 0; i--) {
        ps_limb bit = (b[i / 64] >> (i % 64)) & 1, low;
        z[1] = (z[1] << 1) | (z[0] >> 63);
        z[0] <<= 1;
        low = z[0] + bit * a[0];
        z[1] += bit * a[1] + (low < z[0]);
        z[0] = low;
    }
}

static void add(ps_limb *z, const ps_limb *a)
{
    ps_limb low = z[0] + a[0];
    z[1] += a[1] + (low < z[0]);
    z[0] = low;
}

int main(void)
{
    ps_limb v[4][2 * COUNT], out[2 * COUNT], sums[2 * 4];

    for (int round = 0; round < 100; round++) {
        edgy(v[0], 8 * COUNT);
        ps_wide_cross(out, v[0], v[1], v[2], v[3], COUNT);
        ps_wide_dot(sums, v[0], v[1], v[2], v[3], 4, COUNT / 4);
        for (size_t k = 0; k < 4; k++) {
            ps_limb total[2] = {0, 0};
            for (size_t i = k * COUNT / 4; i < (k + 1) * COUNT / 4; i++) {
                ps_limb y[2] = {v[2][2 * i], v[2][2 * i + 1]}, z[2], w[2];
                add(y, v[3] + 2 * i);
                slow(z, v[0] + 2 * i, y);
                slow(w, v[1] + 2 * i, v[2] + 2 * i);
                add(z, w);
                CHECK(memcmp(out + 2 * i, z, sizeof z) == 0);
                add(total, z);
            }
            CHECK(memcmp(sums + 2 * k, total, sizeof total) == 0);
        }
    }
    printf("test_wide: ok\n");
    return 0;
}
