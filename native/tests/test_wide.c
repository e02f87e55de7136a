/* Sums and products modulo 2^128 and 2^192, beside shifts and carries. */
#include "check.h"
#include "privshare/ps_wide.h"

enum { COUNT = 40, ROWS = 4 };

static void add(ps_limb *z, const ps_limb *a, size_t limbs)
{
    ps_limb carry = 0;

    for (size_t i = 0; i < limbs; i++) {
        ps_limb sum = z[i] + a[i], with = sum + carry;
        carry = (ps_limb)(sum < a[i]) + (ps_limb)(with < sum);
        z[i] = with;
    }
}

/* Bit by bit: shifted sums. */
static void slow(ps_limb *z, const ps_limb *a, const ps_limb *b, size_t limbs)
{
    memset(z, 0, limbs * sizeof *z);
    for (size_t i = 64 * limbs; i-- != 0;) {
        ps_limb twice[3];
        memcpy(twice, z, limbs * sizeof *z);
        add(z, twice, limbs);
        if ((b[i / 64] >> (i % 64)) & 1) {
            add(z, a, limbs);
        }
    }
}

static void products(size_t limbs)
{
    ps_limb v[4][3 * COUNT], out[3 * COUNT], sums[3 * ROWS];
    size_t size = limbs * sizeof *out;

    edgy(v[0], 3 * COUNT);
    edgy(v[1], 3 * COUNT);
    edgy(v[2], 3 * COUNT);
    edgy(v[3], 3 * COUNT);
    ps_wide_cross(out, v[0], v[1], v[2], v[3], COUNT, limbs);
    ps_wide_dot(sums, v[0], v[1], v[2], v[3], ROWS, COUNT / ROWS, limbs);
    for (size_t k = 0; k < ROWS; k++) {
        ps_limb total[3] = {0, 0, 0};
        for (size_t i = k * COUNT / ROWS; i < (k + 1) * COUNT / ROWS; i++) {
            size_t at = limbs * i;
            ps_limb y[3], z[3], w[3];
            memcpy(y, v[2] + at, size);
            add(y, v[3] + at, limbs);
            slow(z, v[0] + at, y, limbs);
            slow(w, v[1] + at, v[2] + at, limbs);
            add(z, w, limbs);
            CHECK(memcmp(out + at, z, size) == 0);
            add(total, z, limbs);
        }
        CHECK(memcmp(sums + limbs * k, total, size) == 0);
    }
}

static void sums(size_t limbs)
{
    ps_limb a[3 * COUNT], b[3 * COUNT], out[3 * COUNT], back[3 * COUNT];
    size_t size = limbs * COUNT * sizeof *out;

    edgy(a, 3 * COUNT);
    edgy(b, 3 * COUNT);
    ps_wide_add(out, a, b, COUNT, limbs);
    ps_wide_sub(back, out, b, COUNT, limbs);
    CHECK(memcmp(back, a, size) == 0);
    for (size_t i = 0; i < COUNT; i++) {
        ps_limb z[3];
        memcpy(z, a + limbs * i, sizeof z / 3 * limbs);
        add(z, b + limbs * i, limbs);
        CHECK(memcmp(out + limbs * i, z, limbs * sizeof *z) == 0);
    }
    ps_wide_mul(out, a, b, COUNT, limbs);
    for (size_t i = 0; i < COUNT; i++) {
        ps_limb z[3];
        slow(z, a + limbs * i, b + limbs * i, limbs);
        CHECK(memcmp(out + limbs * i, z, limbs * sizeof *z) == 0);
    }
    ps_wide_sum(out, a, 2, COUNT / 10, 5, limbs);
    for (size_t i = 0; i < 10; i++) {
        ps_limb z[3] = {0, 0, 0};
        for (size_t k = 0; k < COUNT / 10; k++) {
            size_t from = (i / 5 * (COUNT / 10) + k) * 5 + i % 5;
            add(z, a + limbs * from, limbs);
        }
        CHECK(memcmp(out + limbs * i, z, limbs * sizeof *z) == 0);
    }
}

int main(void)
{
    for (int round = 0; round < 100; round++) {
        for (size_t limbs = 2; limbs <= 3; limbs++) {
            products(limbs);
            sums(limbs);
        }
    }
    printf("test_wide: ok\n");
    return 0;
}
