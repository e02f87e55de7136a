/* group: count, sum, mean and extremes of columns by one to three others.
 *
 *     {"by": [names], "columns": [names, ascending], "extremes": bool, "k": n}
 *     {"groups": [{"columns": {name: {"count", "max", "mean", "min", "sum"}},
 *                  "count": n, "key": [values]}, ...], "suppressed": n}
 *
 * Groups stand in the order of their keys, null first. One of fewer than k
 * rows is left out and counted; within a group, a column of fewer than k
 * values is null.
 */
#include "summary.h"

enum { MAX_BY = 3, MAX_VALUES = 32, MAX_GROUPS = 1 << 20 };

typedef struct {
    i64 key[MAX_BY];
    u32 nulls; /* bit i: key i is null */
    u32 rows;
    ps_summary *summaries;
} ps_group;

static ps_series *by[MAX_BY], *values[MAX_VALUES];
static u32 n_by, n_values;
static ps_group *groups;
static u32 n_groups, room;
static u32 *slots, n_slots; /* index + 1 of a group, or 0 */

static void read_key(ps_group *g, u32 row) {
    g->nulls = 0;
    for (u32 i = 0; i < MAX_BY; i++)
        g->key[i] = 0;
    for (u32 i = 0; i < n_by; i++) {
        if (is_null(by[i], row))
            g->nulls |= 1u << i;
        else
            g->key[i] = is_text(by[i]) ? (i64)by[i]->places[row]
                                       : by[i]->integers[row];
    }
}

static i32 key_order(const ps_group *a, const ps_group *b) {
    for (u32 i = 0; i < n_by; i++) {
        u32 x = a->nulls >> i & 1, y = b->nulls >> i & 1;
        if (x != y)
            return x ? -1 : 1;
        if (a->key[i] != b->key[i])
            return a->key[i] < b->key[i] ? -1 : 1;
    }
    return 0;
}

static u32 slot_of(const ps_group *g) {
    u64 h = g->nulls;
    for (u32 i = 0; i < MAX_BY; i++) {
        h = (h ^ (u64)g->key[i]) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 29;
    }
    u32 slot = (u32)h & (n_slots - 1);
    while (slots[slot] && key_order(&groups[slots[slot] - 1], g) != 0)
        slot = (slot + 1) & (n_slots - 1);
    return slot;
}

static void grow(void) {
    ps_group *old = groups;
    room = room ? 2 * room : 256;
    if (room > MAX_GROUPS)
        stop(PS_TOO_MANY);
    groups = take_many(room, sizeof(ps_group));
    for (u32 i = 0; i < n_groups; i++)
        groups[i] = old[i];
    n_slots = 4 * room;
    slots = take_many(n_slots, sizeof(u32));
    for (u32 i = 0; i < n_groups; i++)
        slots[slot_of(&groups[i])] = i + 1;
}

static ps_group *find(u32 row) {
    ps_group wanted;
    read_key(&wanted, row);
    u32 slot = slot_of(&wanted);
    if (slots[slot])
        return &groups[slots[slot] - 1];
    if (n_groups == room) {
        grow();
        slot = slot_of(&wanted);
    }
    wanted.rows = 0;
    wanted.summaries = take_many(n_values, sizeof(ps_summary));
    groups[n_groups] = wanted;
    slots[slot] = ++n_groups;
    return &groups[n_groups - 1];
}

/* Heapsort: no recursion, and the same steps for the same keys. */
static void sift(u32 root, u32 end) {
    for (u32 child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && key_order(&groups[child], &groups[child + 1]) < 0)
            child++;
        if (key_order(&groups[root], &groups[child]) >= 0)
            return;
        ps_group swap = groups[root];
        groups[root] = groups[child];
        groups[child] = swap;
    }
}

static void sort(void) {
    for (u32 i = n_groups / 2; i-- > 0;)
        sift(i, n_groups);
    for (u32 end = n_groups; end-- > 1;) {
        ps_group swap = groups[0];
        groups[0] = groups[end];
        groups[end] = swap;
        sift(0, end);
    }
}

static void put_summary(const ps_summary *a, const ps_series *s, u32 k,
                        int extremes) {
    if (a->n < k) {
        put("null");
        return;
    }
    put("{\"count\":");
    put_u64(a->n);
    put(",\"max\":");
    extremes ? put_max(a, s) : put("null");
    put(",\"mean\":");
    put_double(mean(a, s));
    put(",\"min\":");
    extremes ? put_min(a, s) : put("null");
    put(",\"sum\":");
    put_sum(a, s);
    put("}");
}

static void put_group(const ps_group *g, u32 k, int extremes) {
    put("{\"columns\":{");
    for (u32 i = 0; i < n_values; i++) {
        put(i ? ",\"" : "\"");
        put_text(values[i]->name);
        put("\":");
        put_summary(&g->summaries[i], values[i], k, extremes);
    }
    put("},\"count\":");
    put_u64(g->rows);
    put(",\"key\":[");
    for (u32 i = 0; i < n_by; i++) {
        put(i ? "," : "");
        if (g->nulls >> i & 1)
            put("null");
        else if (is_text(by[i]))
            put_text(by[i]->words[g->key[i]]);
        else
            put_integer(by[i], g->key[i]);
    }
    put("]}");
}

static void work(ps_text parameters) {
    u32 k = threshold(parameters, 4), withheld = 0, shown = 0;
    int extremes = truth(parameter(parameters, "extremes", 4));
    n_by = columns(parameter(parameters, "by", 4), by, 1, MAX_BY);
    n_values =
        columns(parameter(parameters, "columns", 4), values, 0, MAX_VALUES);
    check_ascending(values, n_values);
    for (u32 i = 0; i < n_by; i++)
        if (by[i]->type == FLOAT)
            stop(PS_PARAMETERS);
    for (u32 i = 0; i < n_values; i++)
        if (!is_number(values[i]))
            stop(PS_PARAMETERS);
    grow();
    for (u32 row = 0; row < table.rows; row++) {
        ps_group *g = find(row);
        g->rows++;
        for (u32 i = 0; i < n_values; i++)
            add_cell(&g->summaries[i], values[i], row);
    }
    sort();
    put("{\"groups\":[");
    for (u32 i = 0; i < n_groups; i++) {
        if (groups[i].rows < k) {
            withheld++;
            continue;
        }
        put(shown++ ? "," : "");
        put_group(&groups[i], k, extremes);
    }
    put("],\"suppressed\":");
    put_u64(withheld);
    put("}");
}
