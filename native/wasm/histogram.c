/* histogram: how many cells of a column lie between edges, or have a word.
 *
 *     {"column": name, "edges": [decimal text, ascending], "k": n}
 *     {"bins": [{"count": n or null, "from": edge, "to": edge}, ...]}
 *     {"suppressed": n, "words": [{"count": n, "word": word}, ...]}
 *
 * Bins are half open, [from, to); the first and the last are open to one side.
 * A bin of fewer than k cells is null, an empty one too, so that the two look
 * alike. A text column has no edges; its words of fewer than k are left out.
 */
#include "frame.h"

enum { MAX_EDGES = 256 };

/* A decimal text as mantissa / 10^places, at most 18 digits. */
static void read_edge(ps_text text, i64 *mantissa, u32 *places) {
    u64 m = 0;
    u32 i = 0, digits = 0, point = 0;
    int negative;
    if (!json_string(&text))
        stop(PS_PARAMETERS);
    negative = text.n && text.at[0] == '-';
    *places = 0;
    for (i = (u32)negative; i < text.n; i++) {
        char c = text.at[i];
        if (c == '.' && !point && digits) {
            point = 1;
            continue;
        }
        if (c < '0' || c > '9' || ++digits > 18)
            stop(PS_PARAMETERS);
        m = m * 10 + (u64)(c - '0');
        *places += point;
    }
    if (!digits || text.at[text.n - 1] == '.')
        stop(PS_PARAMETERS);
    *mantissa = negative ? -(i64)m : (i64)m;
}

/* An edge at the scale of a column of integers, exactly. */
static i64 exact_edge(ps_text text, u32 scale) {
    i64 m;
    u32 places;
    read_edge(text, &m, &places);
    for (; places < scale; places++) {
        if (m > 922337203685477580ll || m < -922337203685477580ll)
            stop(PS_PARAMETERS);
        m *= 10;
    }
    for (; places > scale; places--) {
        if (m % 10)
            stop(PS_PARAMETERS);
        m /= 10;
    }
    return m;
}

/* As a double: exact when the digits fit in 53 bits (Clinger, PLDI 1990). */
static double double_edge(ps_text text) {
    i64 m;
    u32 places;
    read_edge(text, &m, &places);
    if (m > 9007199254740992ll || m < -9007199254740992ll)
        stop(PS_PARAMETERS);
    return (double)m / POWERS[places];
}

static void put_counts(const u32 *counts, const ps_text *edges, u32 n, u32 k) {
    put("{\"bins\":[");
    for (u32 i = 0; i <= n; i++) {
        put(i ? ",{\"count\":" : "{\"count\":");
        counts[i] >= k ? put_u64(counts[i]) : put("null");
        put(",\"from\":");
        i ? put_text(edges[i - 1]) : put("null");
        put(",\"to\":");
        i < n ? put_text(edges[i]) : put("null");
        put("}");
    }
    put("]}");
}

static void count_integers(const ps_series *s, const ps_text *edges, u32 n,
                           u32 *counts) {
    static i64 at[MAX_EDGES];
    for (u32 i = 0; i < n; i++) {
        at[i] = exact_edge(edges[i], s->scale);
        if (i && at[i] <= at[i - 1])
            stop(PS_PARAMETERS);
    }
    for (u32 row = 0; row < table.rows; row++) {
        u32 low = 0, high = n;
        if (is_null(s, row))
            continue;
        while (low < high) {
            u32 middle = (low + high) / 2;
            if (s->integers[row] < at[middle])
                high = middle;
            else
                low = middle + 1;
        }
        counts[low]++;
    }
}

static void count_doubles(const ps_series *s, const ps_text *edges, u32 n,
                          u32 *counts) {
    static double at[MAX_EDGES];
    for (u32 i = 0; i < n; i++) {
        at[i] = double_edge(edges[i]);
        if (i && at[i] <= at[i - 1])
            stop(PS_PARAMETERS);
    }
    for (u32 row = 0; row < table.rows; row++) {
        u32 low = 0, high = n;
        if (is_null(s, row))
            continue;
        while (low < high) {
            u32 middle = (low + high) / 2;
            if (s->floats[row] < at[middle])
                high = middle;
            else
                low = middle + 1;
        }
        counts[low]++;
    }
}

static void put_words(const ps_series *s, u32 k) {
    u32 *counts = take_many(s->n_words + 1, sizeof(u32));
    u32 shown = 0, withheld = 0;
    for (u32 row = 0; row < table.rows; row++)
        if (!is_null(s, row))
            counts[s->places[row]]++;
    for (u32 i = 0; i < s->n_words; i++)
        withheld += counts[i] < k;
    put("{\"suppressed\":");
    put_u64(withheld);
    put(",\"words\":[");
    for (u32 i = 0; i < s->n_words; i++) {
        if (counts[i] < k)
            continue;
        put(shown++ ? ",{\"count\":" : "{\"count\":");
        put_u64(counts[i]);
        put(",\"word\":");
        put_text(s->words[i]);
        put("}");
    }
    put("]}");
}

static void work(ps_text parameters) {
    static ps_text edges[MAX_EDGES];
    static u32 counts[MAX_EDGES + 1];
    u32 k = threshold(parameters, 3);
    const ps_series *s = column(parameter(parameters, "column", 3));
    i32 n = json_list(parameter(parameters, "edges", 3), edges, MAX_EDGES);
    if (n < 0 || (n == 0) != is_text(s) || s->type == BOOL || s->type == DATE)
        stop(PS_PARAMETERS);
    if (is_text(s)) {
        put_words(s, k);
        return;
    }
    if (s->type == FLOAT)
        count_doubles(s, edges, (u32)n, counts);
    else
        count_integers(s, edges, (u32)n, counts);
    put_counts(counts, edges, (u32)n, k);
}
