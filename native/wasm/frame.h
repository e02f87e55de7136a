/* A table as privshare/jobs/wasm/frame.py lays it out, read in place.
 *
 * The runner has checked the frame; a module checks what its own memory safety
 * needs: lengths, indices, and that a double is finite.
 */
#ifndef PS_WASM_FRAME_H
#define PS_WASM_FRAME_H

#include "json.h"

enum {
    BOOL = 1,
    CATEGORY,
    DATE,
    DECIMAL,
    FLOAT,
    INT,
    STRING,
    MAX_COLUMNS = 256
};

typedef struct {
    ps_text name;
    u32 type, scale, n_words;
    const u8 *nulls;      /* or 0 */
    const i64 *integers;  /* bool, date, decimal, int */
    const double *floats; /* float */
    const u32 *places;    /* category, string: index of a word */
    ps_text *words;       /* each with its quotation marks */
} ps_series;

static struct {
    u32 rows, columns;
    ps_series series[MAX_COLUMNS];
} table;

static int is_text(const ps_series *s) {
    return s->type == CATEGORY || s->type == STRING;
}

static int is_null(const ps_series *s, u32 row) {
    return s->nulls && s->nulls[row >> 3] >> (row & 7) & 1;
}

static const double POWERS[19] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                  1e14, 1e15, 1e16, 1e17, 1e18};

/* A numeric cell as a double: 10^scale is exact, so it is rounded twice at
 * most, by the conversion and by the division. */
static double number(const ps_series *s, u32 row) {
    if (s->type == FLOAT)
        return s->floats[row];
    return (double)s->integers[row] / POWERS[s->scale];
}

static u32 series_type(ps_text t) {
    static const char *const names[] = {"\"bool\"",   "\"category\"",
                                        "\"date\"",   "\"decimal\"",
                                        "\"float\"",  "\"int\"",
                                        "\"string\""};
    for (u32 i = 0; i < 7; i++)
        if (text_is(t, names[i]))
            return i + 1;
    stop(PS_FRAME);
}

static ps_text field(ps_text object, const char *name, u32 wanted) {
    ps_text value = {0, 0};
    u32 fields;
    if (!json_find(object, name, &value, &fields) || fields != wanted)
        stop(PS_FRAME);
    return value;
}

/* n bytes of the frame, at a multiple of eight. */
static const u8 *part(const u8 *frame, u32 size, u32 *offset, u64 n) {
    const u8 *at = frame + *offset;
    u64 padded = (n + 7) & ~7ull;
    if (padded > size - *offset)
        stop(PS_FRAME);
    *offset += (u32)padded;
    return at;
}

static void read_words(ps_series *s, ps_text list) {
    const char *p = list.at, *end = list.at + list.n;
    u32 n = 0;
    for (const char *q = p + 1; q && q + 1 < end; n++) {
        q = json_skip(q, end - 1);
        q = q && q + 1 < end ? q + 1 : q;
    }
    s->words = take_many(n + 1, sizeof(ps_text));
    i32 found = json_list(list, s->words, n);
    if (found < 0)
        stop(PS_FRAME);
    s->n_words = (u32)found;
}

static void read_series(ps_series *s, ps_text head, const u8 *frame, u32 size,
                        u32 *offset) {
    ps_text scale = field(head, "scale", 5), nulls = field(head, "nulls", 5);
    u32 rows = table.rows;
    s->name = field(head, "name", 5);
    if (!json_string(&s->name))
        stop(PS_FRAME);
    s->type = series_type(field(head, "type", 5));
    if (s->type == DECIMAL && !json_count(scale, 18, &s->scale))
        stop(PS_FRAME);
    if (text_is(nulls, "true"))
        s->nulls = part(frame, size, offset, ((u64)rows + 7) >> 3);
    if (is_text(s)) {
        read_words(s, field(head, "words", 5));
        s->places = (const u32 *)part(frame, size, offset, 4ull * rows);
        for (u32 i = 0; i < rows; i++)
            if (s->places[i] >= s->n_words && !is_null(s, i))
                stop(PS_FRAME);
        return;
    }
    const u8 *values = part(frame, size, offset, 8ull * rows);
    s->integers = (const i64 *)values;
    s->floats = (const double *)values;
    if (s->type == FLOAT)
        for (u32 i = 0; i < rows; i++)
            if (!(s->floats[i] - s->floats[i] == 0))
                stop(PS_FRAME);
}

static void read_table(const u8 *frame, u32 size) {
    static const char magic[8] = "PSFRAME1";
    static ps_text heads[MAX_COLUMNS];
    u32 offset = 16;
    if (size < 16 || ((u32)frame & 7))
        stop(PS_FRAME);
    for (u32 i = 0; i < 8; i++)
        if (frame[i] != (u8)magic[i])
            stop(PS_FRAME);
    u32 length = *(const u32 *)(frame + 8);
    ps_text header = {(const char *)part(frame, size, &offset, length), length};
    i32 n = json_list(field(header, "columns", 2), heads, MAX_COLUMNS);
    if (n < 1 || !json_count(field(header, "rows", 2), 5000000, &table.rows))
        stop(PS_FRAME);
    for (i32 i = 0; i < n; i++)
        read_series(&table.series[i], heads[i], frame, size, &offset);
    table.columns = (u32)n;
    if (offset != size)
        stop(PS_FRAME);
}

/* The column that a parameter names. */
static ps_series *column(ps_text name) {
    if (json_string(&name))
        for (u32 i = 0; i < table.columns; i++)
            if (text_order(table.series[i].name, name) == 0)
                return &table.series[i];
    stop(PS_PARAMETERS);
}

static ps_text parameter(ps_text object, const char *name, u32 wanted) {
    ps_text value = {0, 0};
    u32 fields;
    if (!json_find(object, name, &value, &fields) || fields != wanted)
        stop(PS_PARAMETERS);
    return value;
}

/* The columns of a parameter that lists min to max of them. */
static u32 columns(ps_text list, ps_series **found, u32 min, u32 max) {
    static ps_text names[MAX_COLUMNS];
    i32 n = json_list(list, names, max);
    if (n < (i32)min)
        stop(PS_PARAMETERS);
    for (i32 i = 0; i < n; i++)
        found[i] = column(names[i]);
    return (u32)n;
}

/* Objects have their keys in order, so a list that becomes keys has, too. */
static void check_ascending(ps_series **list, u32 n) {
    for (u32 i = 1; i < n; i++)
        if (text_order(list[i - 1]->name, list[i]->name) >= 0)
            stop(PS_PARAMETERS);
}

static u32 threshold(ps_text object, u32 wanted) {
    u32 k = 0;
    if (!json_count(parameter(object, "k", wanted), 1000000, &k) || k < 1)
        stop(PS_PARAMETERS);
    return k;
}

static int truth(ps_text value) {
    if (!text_is(value, "true") && !text_is(value, "false"))
        stop(PS_PARAMETERS);
    return value.n == 4;
}

static void put_two(u32 v) {
    put(v < 10 ? "0" : "");
    put_u64(v);
}

/* Days since 1970-01-01 as "YYYY-MM-DD", in the Gregorian calendar. */
static void put_date(i64 day) {
    i64 z = day + 719468; /* since 0000-03-01 */
    i64 era = z / 146097;
    u32 doe = (u32)(z - era * 146097);
    u32 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    u32 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    u32 month = (5 * doy + 2) / 153;
    u32 year = yoe + (u32)era * 400 + (month >= 10);
    if (z < 306 || year > 9999)
        stop(PS_FRAME);
    put("\"");
    put_two(year / 100);
    put_two(year % 100);
    put("-");
    put_two(month < 10 ? month + 3 : month - 9);
    put("-");
    put_two(doy - (153 * month + 2) / 5 + 1);
    put("\"");
}

/* One value of a column that holds integers. */
static void put_integer(const ps_series *s, i64 v) {
    if (s->type == BOOL)
        put(v ? "true" : "false");
    else if (s->type == DATE)
        put_date(v);
    else
        put_scaled(v, (i32)s->scale);
}

PS_EXPORT("output") u32 ps_output(void) { return (u32)out.at; }
PS_EXPORT("output_size") u32 ps_output_size(void) { return out.n; }

static void work(ps_text parameters);

PS_EXPORT("run")
i32 ps_run(const char *parameters, u32 n, const u8 *frame, u32 size) {
    ps_text text = {parameters, n};
    read_table(frame, size);
    work(text);
    return PS_OK;
}

#endif
