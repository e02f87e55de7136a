/* describe: count, mean and standard deviation of columns, extremes if asked.
 *
 *     {"columns": [names, ascending], "extremes": bool, "k": n}
 *     {"columns": {name: {"count", "max", "mean", "min", "sd", "sum"}},
 *      "rows": n}
 *
 * A column with fewer than k values is null; a table of fewer than k rows ends
 * the run. What a type does not have is null: a text has its count alone, a
 * date no sum. Extremes show single cells, hence the switch.
 */
#include "summary.h"

static double spread(const ps_summary *a, const ps_series *s) {
    double m = mean(a, s), squares = 0;
    for (u32 i = 0; i < table.rows; i++)
        if (!is_null(s, i)) {
            double d = number(s, i) - m;
            squares += d * d;
        }
    return __builtin_sqrt(squares / (double)(a->n - 1));
}

static void put_summary(const ps_series *s, u32 k, int extremes) {
    ps_summary a = {0};
    int shown = extremes && !is_text(s);
    for (u32 i = 0; i < table.rows; i++)
        add_cell(&a, s, i);
    if (a.n < k) {
        put("null");
        return;
    }
    put("{\"count\":");
    put_u64(a.n);
    put(",\"max\":");
    shown ? put_max(&a, s) : put("null");
    put(",\"mean\":");
    is_number(s) ? put_double(mean(&a, s)) : put("null");
    put(",\"min\":");
    shown ? put_min(&a, s) : put("null");
    put(",\"sd\":");
    is_number(s) && a.n > 1 ? put_double(spread(&a, s)) : put("null");
    put(",\"sum\":");
    is_number(s) ? put_sum(&a, s) : put("null");
    put("}");
}

static void work(ps_text parameters) {
    static ps_series *list[MAX_COLUMNS];
    u32 k = threshold(parameters, 3);
    int extremes = truth(parameter(parameters, "extremes", 3));
    u32 n = columns(parameter(parameters, "columns", 3), list, 1, MAX_COLUMNS);
    check_ascending(list, n);
    if (table.rows < k)
        stop(PS_TOO_FEW);
    put("{\"columns\":{");
    for (u32 i = 0; i < n; i++) {
        put(i ? ",\"" : "\"");
        put_text(list[i]->name);
        put("\":");
        put_summary(list[i], k, extremes);
    }
    put("},\"rows\":");
    put_u64(table.rows);
    put("}");
}
