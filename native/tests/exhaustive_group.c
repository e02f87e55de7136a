/* The tiny group is a group: every sum and product in it. */
#include "check.h"
#include "tiny_group.h"

static void laws(unsigned q)
{
    tiny_order = q;
    for (unsigned a = 0; a < q; a++) {
        ps_scalar s = tiny_scalar(a), inverse, product;
        uint8_t bytes[32];
        size_t bad;
        ps_ristretto255 p, base, back;

        ps_ristretto255_base(&base);
        ps_ristretto255_mul(&p, &s, &base, 1, ps_backend_portable());
        CHECK(tiny_value(&p) == a);
        ps_ristretto255_encode(bytes, &p, 1, ps_backend_portable());
        CHECK(ps_ristretto255_decode(&back, &bad, bytes, 1,
                                     ps_backend_portable()) == PS_OK);
        CHECK(ps_ristretto255_is_equal(&p, &back));
        bytes[0] = (uint8_t)(a + q);
        CHECK(ps_ristretto255_decode(&back, &bad, bytes, 1,
                                     ps_backend_portable()) == PS_E_ENCODING);
        ps_scalar_invert(&inverse, &s);
        ps_scalar_mul(&product, &inverse, &s);
        CHECK(product.limb[0] == (a != 0));
        for (unsigned b = 0; b < q; b++) {
            ps_ristretto255 x = tiny_element(b), sum;

            ps_ristretto255_add(&sum, &p, &x);
            ps_ristretto255_sub(&sum, &sum, &x);
            CHECK(ps_ristretto255_is_equal(&sum, &p));
        }
    }
}

int main(void)
{
    laws(5);
    laws(13);
    laws(31);
    printf("exhaustive_group: ok\n");
    return 0;
}
