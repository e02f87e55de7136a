/* Reading canonical JSON parameters, writing canonical JSON output.
 *
 * Freestanding: every module of the library is one C file that includes this
 * one and frame.h. Numbers that are not counts leave as decimal text: integers
 * exactly, doubles as the shortest text that reads back as the same double.
 */
#ifndef PS_WASM_JSON_H
#define PS_WASM_JSON_H

#include "memory.h"

/* A piece of JSON text: a value as it stands in the parameters. */
typedef struct {
    const char *at;
    u32 n;
} ps_text;

static int text_is(ps_text t, const char *word) {
    u32 i = 0;
    for (; word[i]; i++)
        if (i >= t.n || t.at[i] != word[i])
            return 0;
    return i == t.n;
}

/* Three-way order of two texts by their bytes. */
static int text_order(ps_text a, ps_text b) {
    u32 n = a.n < b.n ? a.n : b.n;
    for (u32 i = 0; i < n; i++)
        if (a.at[i] != b.at[i])
            return (u8)a.at[i] < (u8)b.at[i] ? -1 : 1;
    return a.n < b.n ? -1 : a.n > b.n;
}

/* The value at p, up to the comma or bracket that ends it; 0 when malformed. */
static const char *json_skip(const char *p, const char *end) {
    u32 depth = 0;
    for (; p < end; p++) {
        if (*p == '"') {
            for (p++; p < end && *p != '"'; p++)
                if (*p == '\\')
                    p++;
            if (p >= end)
                return 0;
        } else if (*p == '[' || *p == '{') {
            depth++;
        } else if (*p == ']' || *p == '}') {
            if (depth == 0)
                return p;
            depth--;
        } else if (*p == ',' && depth == 0) {
            return p;
        }
    }
    return depth == 0 ? p : 0;
}

/* Find a field of an object. Counts its fields on the way into *fields. */
static int json_find(ps_text object, const char *key, ps_text *value,
                     u32 *fields) {
    const char *p = object.at, *end = object.at + object.n;
    int found = 0;
    *fields = 0;
    if (object.n < 2 || *p++ != '{' || end[-1] != '}')
        return 0;
    end--;
    while (p < end) {
        ps_text name;
        const char *stop;
        if (*p != '"')
            return 0;
        name.at = ++p;
        while (p < end && *p != '"')
            p++;
        name.n = (u32)(p - name.at);
        if (end - p < 2 || p[1] != ':')
            return 0;
        p += 2;
        stop = json_skip(p, end);
        if (!stop || stop == p)
            return 0;
        if (text_is(name, key)) {
            value->at = p;
            value->n = (u32)(stop - p);
            found = 1;
        }
        ++*fields;
        p = stop + (stop < end);
    }
    return found;
}

/* The items of a list, at most max; -1 when it is none or has more. */
static i32 json_list(ps_text list, ps_text *items, u32 max) {
    const char *p = list.at, *end = list.at + list.n;
    u32 n = 0;
    if (list.n < 2 || *p++ != '[' || end[-1] != ']')
        return -1;
    end--;
    while (p < end) {
        const char *stop = json_skip(p, end);
        if (!stop || stop == p || n == max)
            return -1;
        items[n].at = p;
        items[n++].n = (u32)(stop - p);
        p = stop + (stop < end);
    }
    return (i32)n;
}

/* A string without escapes, its quotation marks taken off. */
static int json_string(ps_text *t) {
    if (t->n < 2 || t->at[0] != '"' || t->at[t->n - 1] != '"')
        return 0;
    t->at++;
    t->n -= 2;
    for (u32 i = 0; i < t->n; i++)
        if (t->at[i] == '\\' || t->at[i] == '"')
            return 0;
    return 1;
}

/* An integer from 0 to max. */
static int json_count(ps_text t, u32 max, u32 *value) {
    u64 v = 0;
    if (t.n < 1 || t.n > 10)
        return 0;
    for (u32 i = 0; i < t.n; i++) {
        if (t.at[i] < '0' || t.at[i] > '9')
            return 0;
        v = v * 10 + (u64)(t.at[i] - '0');
    }
    *value = (u32)v;
    return v <= max;
}

/* The output, one growing piece of memory. */
static struct {
    char *at;
    u32 n, room;
} out;

static void put_bytes(const char *bytes, u32 n) {
    if (n > out.room - out.n) {
        u32 room = 2 * (out.room + n) + 4096;
        char *at = take(room);
        for (u32 i = 0; i < out.n; i++)
            at[i] = out.at[i];
        out.at = at;
        out.room = room;
    }
    for (u32 i = 0; i < n; i++)
        out.at[out.n++] = bytes[i];
}

static void put(const char *text) {
    u32 n = 0;
    while (text[n])
        n++;
    put_bytes(text, n);
}

static void put_text(ps_text t) { put_bytes(t.at, t.n); }

static void put_u64(u64 v) {
    char digits[20];
    u32 n = 20;
    do {
        digits[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    put_bytes(digits + n, 20 - n);
}

/* v / 10^scale, exactly, in quotation marks. */
static void put_scaled(i128 v, i32 scale) {
    char digits[48];
    u32 n = 48;
    u128 m = v < 0 ? -(u128)v : (u128)v;
    u64 w[4] = {(u64)(u32)m, (u64)m >> 32, (u64)(m >> 64) & 0xffffffffu,
                (u64)(m >> 64) >> 32};
    i32 done = 0;
    for (; done <= scale || w[0] | w[1] | w[2] | w[3]; done++) {
        u64 rest = 0;
        for (i32 i = 3; i >= 0; i--) {
            u64 part = rest << 32 | w[i];
            w[i] = part / 10;
            rest = part % 10;
        }
        if (scale && done == scale)
            digits[--n] = '.';
        digits[--n] = (char)('0' + rest);
    }
    put(v < 0 ? "\"-" : "\"");
    put_bytes(digits + n, 48 - n);
    put("\"");
}

/* Whole numbers of up to 1,536 bits, least limb first. */
enum { LIMBS = 48 };
typedef struct {
    u32 w[LIMBS];
} ps_big;

static void big_times(ps_big *a, u32 factor) {
    u64 carry = 0;
    for (u32 i = 0; i < LIMBS; i++) {
        carry += (u64)a->w[i] * factor;
        a->w[i] = (u32)carry;
        carry >>= 32;
    }
}

static void big_shift(ps_big *a, u32 bits) {
    for (; bits >= 31; bits -= 31)
        big_times(a, 1u << 31);
    big_times(a, 1u << bits);
}

static int big_order(const ps_big *a, const ps_big *b) {
    for (i32 i = LIMBS - 1; i >= 0; i--)
        if (a->w[i] != b->w[i])
            return a->w[i] < b->w[i] ? -1 : 1;
    return 0;
}

static void big_add(ps_big *a, const ps_big *b) {
    u64 carry = 0;
    for (u32 i = 0; i < LIMBS; i++) {
        carry += (u64)a->w[i] + b->w[i];
        a->w[i] = (u32)carry;
        carry >>= 32;
    }
}

static void big_subtract(ps_big *a, const ps_big *b) {
    u64 borrow = 0;
    for (u32 i = 0; i < LIMBS; i++) {
        u64 part = (u64)a->w[i] - b->w[i] - borrow;
        a->w[i] = (u32)part;
        borrow = part >> 63;
    }
}

/* The shortest digits of a positive double: x = 0.d1 d2 ... * 10^(*point).
 *
 * Steele and White, PLDI 1990, free format: digits are made from the exact
 * quotient until what is left is within half the distance to the neighbours.
 */
static u32 shortest(double x, char *digits, i32 *point) {
    union {
        double d;
        u64 u;
    } bits = {x};
    u64 m = bits.u & 0xfffffffffffffu;
    i32 e = (i32)(bits.u >> 52 & 0x7ff);
    int narrow = m == 0 && e > 1, even = (m & 1) == 0;
    ps_big r = {{0}}, s = {{1}}, above = {{1}}, below = {{1}}, sum;
    u32 n = 0;
    m |= e ? 1ull << 52 : 0;
    e = (e ? e : 1) - 1075;
    r.w[0] = (u32)m;
    r.w[1] = (u32)(m >> 32);
    big_shift(&r, 1u + (u32)narrow + (e > 0 ? (u32)e : 0));
    big_shift(&s, 1u + (u32)narrow + (e < 0 ? (u32)-e : 0));
    big_shift(&above, (u32)narrow + (e > 0 ? (u32)e : 0));
    big_shift(&below, e > 0 ? (u32)e : 0);
    *point = 0;
    for (;;) { /* r/s < 1, up to half a step */
        sum = r;
        big_add(&sum, &above);
        i32 order = big_order(&sum, &s);
        if (order < 0 || (order == 0 && !even))
            break;
        big_times(&s, 10);
        ++*point;
    }
    for (;;) { /* and at least 1/10 */
        sum = r;
        big_add(&sum, &above);
        big_times(&sum, 10);
        i32 order = big_order(&sum, &s);
        if (order > 0 || (order == 0 && even))
            break;
        big_times(&r, 10);
        big_times(&above, 10);
        big_times(&below, 10);
        --*point;
    }
    for (;;) {
        char digit = '0';
        big_times(&r, 10);
        big_times(&above, 10);
        big_times(&below, 10);
        while (big_order(&r, &s) >= 0) {
            big_subtract(&r, &s);
            digit++;
        }
        sum = r;
        big_add(&sum, &above);
        i32 low = big_order(&r, &below), high = big_order(&sum, &s);
        int down = low < 0 || (low == 0 && even);
        int up = high > 0 || (high == 0 && even);
        if (down || up) {
            if (up && down) {
                big_add(&r, &r);
                i32 half = big_order(&r, &s);
                up = half > 0 || (half == 0 && (digit & 1));
            }
            digits[n++] = (char)(digit + (up ? 1 : 0));
            return n;
        }
        digits[n++] = digit;
    }
}

/* A double in quotation marks; a result that is not finite is an overflow. */
static void put_double(double x) {
    char digits[24];
    i32 point;
    u32 n;
    if (!(x - x == 0))
        stop(PS_OVERFLOW);
    if (x == 0) {
        put("\"0\"");
        return;
    }
    put(x < 0 ? "\"-" : "\"");
    n = shortest(x < 0 ? -x : x, digits, &point);
    if (point > -5 && point <= 17) {
        if (point <= 0)
            put("0.");
        for (i32 i = point; i < 0; i++)
            put("0");
        for (u32 i = 0; i < n; i++) {
            if (point > 0 && i == (u32)point)
                put(".");
            put_bytes(digits + i, 1);
        }
        for (i32 i = (i32)n; i < point; i++)
            put("0");
    } else {
        put_bytes(digits, 1);
        put(n > 1 ? "." : "");
        put_bytes(digits + 1, n - 1);
        put(point - 1 < 0 ? "e-" : "e");
        put_u64((u64)(point - 1 < 0 ? 1 - point : point - 1));
    }
    put("\"");
}

#endif
