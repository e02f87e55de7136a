/* The field of 128 bits under Prio3: its laws, at the edges and at random. */
#include "../src/prio3/field128.h"

#include "prio3_laws.h"

int main(void)
{
    check_laws();
    puts("prio3_field128: ok");
    return 0;
}
