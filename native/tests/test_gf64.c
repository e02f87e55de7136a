/* GF(2^64): a slow independent product, the laws of a field, both paths. */
#include "check.h"
#include "privshare/ps_gf64.h"

enum { COUNT = 203 };

/* Bit by bit, reduced at each step. */
static ps_limb slow(ps_limb a, ps_limb b)
{
    ps_limb z = 0;
    for (int i = 63; i >= 0; i--) {
        z = (z << 1) ^ ((z >> 63) * 0x1b);
        z ^= ((b >> i) & 1) * a;
    }
    return z;
}

static ps_limb one(ps_limb a, ps_limb b, const ps_backend *backend)
{
    ps_limb z;
    ps_gf64_mul(&z, &a, &b, 1, backend);
    return z;
}

/* X^63 * X = X^64 = X^4 + X^3 + X + 1. */
static void modulus(const ps_backend *backend)
{
    CHECK(one((ps_limb)1 << 63, 2, backend) == 0x1b);
    CHECK(one(~(ps_limb)0, ~(ps_limb)0, backend)
          == slow(~(ps_limb)0, ~(ps_limb)0));
}

static void products(const ps_backend *backend)
{
    ps_limb a[COUNT], b[COUNT], z[COUNT];

    for (size_t count = 0; count <= COUNT; count += 1 + count / 4) {
        ps_limb sum = 0;
        edgy(a, COUNT);
        edgy(b, COUNT);
        ps_gf64_mul(z, a, b, count, backend);
        for (size_t i = 0; i < count; i++) {
            CHECK(z[i] == slow(a[i], b[i]));
            sum ^= z[i];
        }
        CHECK(ps_gf64_dot(a, b, count, backend) == sum);
        ps_gf64_mul(a, a, b, count, backend);
        CHECK(memcmp(a, z, count * sizeof *a) == 0);
    }
}

static void laws(const ps_backend *backend)
{
    for (int i = 0; i < 100; i++) {
        ps_limb v[3], inverse = 1, square;
        edgy(v, 3);
        CHECK(one(v[0], v[1], backend) == one(v[1], v[0], backend));
        CHECK(one(v[0], one(v[1], v[2], backend), backend)
              == one(one(v[0], v[1], backend), v[2], backend));
        CHECK(one(v[0], v[1] ^ v[2], backend)
              == (one(v[0], v[1], backend) ^ one(v[0], v[2], backend)));
        CHECK(one(v[0], 1, backend) == v[0]);
        /* a^(2^64 - 2) is the inverse: the modulus is irreducible. */
        square = v[0];
        for (int k = 1; k < 64; k++) {
            square = one(square, square, backend);
            inverse = one(inverse, square, backend);
        }
        CHECK(one(v[0], inverse, backend) == (v[0] != 0));
    }
}

int main(void)
{
    const ps_backend *all[] = {ps_backend_portable(), ps_backend_best()};

    for (size_t i = 0; i < 2; i++) {
        modulus(all[i]);
        products(all[i]);
        laws(all[i]);
    }
    printf("test_gf64: ok\n");
    return 0;
}
