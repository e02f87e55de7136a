/* What the core was made from, said by whoever built it. */
#include "privshare/ps_config.h"

#ifndef PS_SOURCE_DIGEST
#define PS_SOURCE_DIGEST "unknown"
#endif

const char *ps_source_digest(void)
{
    return PS_SOURCE_DIGEST;
}
