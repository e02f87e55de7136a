/* Types, memory and the four functions that every module exports.
 *
 *     alloc(n)                      a place for n bytes of input, or 0
 *     run(parameters, n, table, n)  0, or one of the PS_ codes below
 *     output(), output_size()       where the output stands after run gave 0
 *
 * There are no imports: a module can read what it was given and nothing else.
 * Memory is taken and never given back; the instance lives for one run.
 */
#ifndef PS_WASM_MEMORY_H
#define PS_WASM_MEMORY_H

typedef unsigned char u8;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef __int128 i128;
typedef unsigned __int128 u128;

_Static_assert(sizeof(void *) == 4 && sizeof(u64) == 8, "wasm32");

/* What `run` gives back; docs/modules.md has the same table. */
enum {
    PS_OK = 0,
    PS_PARAMETERS = 1, /* a parameter that this table does not allow */
    PS_FRAME = 2,      /* not a frame */
    PS_MEMORY = 3,     /* more memory than allowed */
    PS_OVERFLOW = 4,   /* a number too large to be told */
    PS_TOO_FEW = 5,    /* fewer rows than may be told of */
    PS_SINGULAR = 6,   /* columns that depend on one another */
    PS_TOO_MANY = 7,   /* more groups than a module counts */
    PS_WEIGHT = 8      /* a row that weighs more than one in k */
};

#define PS_EXPORT(name) __attribute__((export_name(name)))

extern u8 __heap_base;

static u32 heap;

/* n bytes at a multiple of 16, all zero, or 0 when there are none left. */
static void *find_room(u32 n) {
    u32 at = ((heap ? heap : (u32)&__heap_base) + 15) & ~15u;
    u64 end = (u64)at + n;
    u64 have = (u64)__builtin_wasm_memory_size(0) << 16;
    if (end > 0xffff0000u)
        return 0;
    if (end > have) {
        u32 pages = (u32)((end - have + 0xffff) >> 16);
        if (__builtin_wasm_memory_grow(0, pages) == (__SIZE_TYPE__)-1)
            return 0;
    }
    heap = (u32)end;
    return (void *)at;
}

/* Ends the run: the code is told through a trap that only `stop` makes. */
static i32 reason;

PS_EXPORT("reason") i32 ps_reason(void) { return reason; }

__attribute__((noreturn)) static void stop(i32 code) {
    reason = code;
    __builtin_trap();
}

static void *take(u32 n) {
    void *at = find_room(n);
    if (!at)
        stop(PS_MEMORY);
    return at;
}

/* An array of n items, refused before n * size could wrap. */
static void *take_many(u32 n, u32 size) {
    u64 bytes = (u64)n * size;
    if (bytes > 0xffff0000u)
        stop(PS_MEMORY);
    return take((u32)bytes);
}

PS_EXPORT("alloc") u32 ps_alloc(u32 n) { return (u32)find_room(n); }

/* The compiler may ask for these by name. */
void *memcpy(void *to, const void *from, __SIZE_TYPE__ n) {
    for (__SIZE_TYPE__ i = 0; i < n; i++)
        ((u8 *)to)[i] = ((const u8 *)from)[i];
    return to;
}

void *memset(void *to, int value, __SIZE_TYPE__ n) {
    for (__SIZE_TYPE__ i = 0; i < n; i++)
        ((u8 *)to)[i] = (u8)value;
    return to;
}

#endif
