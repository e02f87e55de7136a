/* The field of 64 bits under Prio3: its laws, at the edges and at random. */
#include "../src/prio3/field64.h"

#include "prio3_laws.h"

int main(void)
{
    check_laws();
    puts("prio3_field64: ok");
    return 0;
}
