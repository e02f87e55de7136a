/* regression: ordinary least squares of one column on one to sixteen others.
 *
 *     {"k": n, "x": [names], "y": name}
 *     {"coefficients": [{"column", "error", "value"}, ...], "intercept": v,
 *      "r2": v, "residual_sd": v, "rows": n}
 *
 * Rows with a null in any of the columns are left out. Fewer rows than k, or
 * than coefficients and one, end the run. So does a row whose leverage
 *
 *     h = 1/n + x'(X'X)^-1 x
 *
 * is above 1/k: the fit would follow its y, and the coefficients tell it. Of a
 * column that is true for m rows each has 1/m, so that m is at least k.
 *
 *     min |y - X b|,  X = Q R by Givens rotations, a row at a time,  R b = Q'y
 *
 * with columns centred and scaled to unit deviation, so that R is as well
 * conditioned as the question. Source: Golub and Van Loan, Matrix Computations,
 * 5.1.8 and 5.3.3; leverage: Hoaglin and Welsch, The American Statistician 32,
 * 1978.
 */
#include "summary.h"

enum { MAX_X = 16, WIDTH = MAX_X + 2 };

static ps_series *used[MAX_X + 1]; /* x..., then y */
static double centre[MAX_X + 1], unit[MAX_X + 1];
static double r[WIDTH][WIDTH];
static u32 n_x;

static int complete(u32 row) {
    for (u32 i = 0; i <= n_x; i++)
        if (is_null(used[i], row))
            return 0;
    return 1;
}

static void scale_columns(u32 rows) {
    for (u32 i = 0; i <= n_x; i++) {
        double sum = 0, squares = 0;
        for (u32 row = 0; row < table.rows; row++)
            if (complete(row))
                sum += number(used[i], row);
        centre[i] = sum / (double)rows;
        for (u32 row = 0; row < table.rows; row++)
            if (complete(row)) {
                double d = number(used[i], row) - centre[i];
                squares += d * d;
            }
        unit[i] = __builtin_sqrt(squares / (double)rows);
        if (!(unit[i] - unit[i] == 0))
            stop(PS_OVERFLOW);
        if (i < n_x && unit[i] <= 1e-14 * __builtin_fabs(centre[i]))
            stop(PS_SINGULAR);
        if (unit[i] == 0)
            unit[i] = 1;
    }
}

/* sqrt(a^2 + b^2), where squares of a or b may be too small to be told; b != 0. */
static double length(double a, double b) {
    double most = __builtin_fabs(a), least = __builtin_fabs(b);
    if (most < least) {
        most = least;
        least = __builtin_fabs(a);
    }
    least /= most;
    return most * __builtin_sqrt(1 + least * least);
}

/* Turns one row into R: zero it from the left, cell by cell. */
static void rotate(double *row, u32 width) {
    for (u32 i = 0; i < width; i++) {
        if (row[i] == 0)
            continue;
        double h = length(r[i][i], row[i]);
        double c = r[i][i] / h, s = row[i] / h;
        for (u32 j = i; j < width; j++) {
            double a = r[i][j], b = row[j];
            r[i][j] = c * a + s * b;
            row[j] = c * b - s * a;
        }
    }
}

/* 1/n of the squared length of row i of the inverse of R, times n. */
static double inverse_row(u32 i) {
    double row[MAX_X], squares = 0;
    for (u32 j = i; j < n_x; j++) {
        double sum = j == i;
        for (u32 m = i; m < j; m++)
            sum -= row[m] * r[m][j];
        row[j] = sum / r[j][j];
        squares += row[j] * row[j];
    }
    return squares;
}

static void put_result(u32 rows) {
    double b[MAX_X], y = unit[n_x], intercept = centre[n_x];
    double rest = r[n_x][n_x] * r[n_x][n_x], all = 0;
    double variance = rest / (double)(rows - n_x - 1);
    for (u32 i = n_x; i-- > 0;) {
        double sum = r[i][n_x];
        for (u32 j = i + 1; j < n_x; j++)
            sum -= r[i][j] * b[j];
        b[i] = sum / r[i][i];
    }
    for (u32 i = 0; i <= n_x; i++)
        all += r[i][n_x] * r[i][n_x];
    put("{\"coefficients\":[");
    for (u32 i = 0; i < n_x; i++) {
        intercept -= b[i] * y / unit[i] * centre[i];
        put(i ? ",{\"column\":\"" : "{\"column\":\"");
        put_text(used[i]->name);
        put("\",\"error\":");
        put_double(__builtin_sqrt(variance * inverse_row(i)) * y / unit[i]);
        put(",\"value\":");
        put_double(b[i] * y / unit[i]);
        put("}");
    }
    put("],\"intercept\":");
    put_double(intercept);
    put(",\"r2\":");
    all > 0 ? put_double(1 - rest / all) : put("null");
    put(",\"residual_sd\":");
    put_double(__builtin_sqrt(variance) * y);
    put(",\"rows\":");
    put_u64(rows);
    put("}");
}

/* The cells of a row, centred and scaled: x..., then y. */
static void scaled(u32 at, double *row) {
    for (u32 j = 0; j <= n_x; j++)
        row[j] = (number(used[j], at) - centre[j]) / unit[j];
}

/* Ends the run over a row that weighs more than one in k. R'z = x, h = |z|^2. */
static void check_weights(u32 rows, u32 k) {
    double row[WIDTH], z[MAX_X], most = 0;
    for (u32 at = 0; at < table.rows; at++) {
        double h = 1 / (double)rows;
        if (!complete(at))
            continue;
        scaled(at, row);
        for (u32 j = 0; j < n_x; j++) {
            double sum = row[j];
            for (u32 m = 0; m < j; m++)
                sum -= r[m][j] * z[m];
            z[j] = sum / r[j][j];
            h += z[j] * z[j];
        }
        most = h > most ? h : most;
    }
    if (!(most * k <= 1 + 1e-6))
        stop(PS_WEIGHT);
}

static void work(ps_text parameters) {
    u32 k = threshold(parameters, 3), rows = 0;
    double row[WIDTH];
    n_x = columns(parameter(parameters, "x", 3), used, 1, MAX_X);
    used[n_x] = column(parameter(parameters, "y", 3));
    for (u32 i = 0; i <= n_x; i++) {
        if (!is_number(used[i]))
            stop(PS_PARAMETERS);
        for (u32 j = 0; j < i; j++)
            if (used[i] == used[j])
                stop(PS_PARAMETERS);
    }
    for (u32 i = 0; i < table.rows; i++)
        rows += (u32)complete(i);
    if (rows < k || rows < n_x + 2)
        stop(PS_TOO_FEW);
    scale_columns(rows);
    for (u32 i = 0; i < table.rows; i++) {
        if (!complete(i))
            continue;
        scaled(i, row);
        rotate(row, n_x + 1);
    }
    for (u32 i = 0; i < n_x; i++)
        if (r[i][i] * r[i][i] <= 1e-20 * (double)rows)
            stop(PS_SINGULAR);
    check_weights(rows, k);
    put_result(rows);
}
