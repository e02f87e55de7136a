/* The backend that every machine can run. */
#include "backend.h"

const ps_backend ps_backend_table_portable = {
    .name = "portable",
    .sha256_blocks = ps_sha256_blocks_portable,
};
