/* Keeping and printing the sandbox's book. */
#include "ctl/ledger.h"

#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>

enum { TABLE_MOST = 48 };

static const char *colour_of(const struct row *row) {
    static const char *const colours[FATE_COUNT] = {"\033[35m", "\033[32m", "\033[33m", "\033[36m"};
    bool expected = row->fate == row->sample.fate && strcmp(row->reason, row->sample.reason) == 0;
    return expected ? colours[row->fate] : "\033[31m";
}

void ledger_finish(struct ledger *ledger) {
    free(ledger->row);
    *ledger = (struct ledger){0};
}

struct row *ledger_add(struct ledger *ledger, const struct sample *sample, int64_t now_ms) {
    if (ledger->count == ledger->capacity) {
        size_t capacity = ledger->capacity == 0 ? 64 : ledger->capacity * 2;
        struct row *grown = reallocarray(ledger->row, capacity, sizeof *grown);
        if (grown == NULL)
            return NULL;
        ledger->row = grown;
        ledger->capacity = capacity;
    }
    struct row *row = &ledger->row[ledger->count++];
    *row = (struct row){.sample = *sample, .produced_ms = now_ms};
    ledger->fates[FATE_WAITING]++;
    return row;
}

struct row *ledger_row(struct ledger *ledger, size_t number) {
    return number >= 1 && number <= ledger->count ? &ledger->row[number - 1] : NULL;
}

/* "503, reset, 200" */
static void write_statuses(const struct row *row, struct buf *out) {
    for (uint32_t i = 0; i < row->attempts && i < LEDGER_STATUSES; i++) {
        buf_add_text(out, i > 0 ? ", " : "");
        if (row->statuses[i] == 0)
            buf_add_text(out, "reset");
        else
            buf_printf(out, "%d", row->statuses[i]);
    }
    if (row->attempts > LEDGER_STATUSES)
        buf_add_text(out, ", ...");
}

static void print_fate(const struct ledger *ledger, const struct row *row, int64_t now_ms, const char *what) {
    (void)printf("%6.1f s  #%-5zu %-11s %s%-14s%s %s\n", (double)(now_ms - ledger->start_ms) / 1000, row->sample.number,
                 row->sample.route, ledger->colour ? colour_of(row) : "", fate_name(row->fate),
                 ledger->colour ? "\033[0m" : "", what);
    (void)fflush(stdout);
}

/* An event has one fate. Another one is shown beside it and makes it unexpected. */
static void settle(struct ledger *ledger, struct row *row, enum fate fate, int64_t now_ms) {
    ledger->fates[row->fate]--;
    ledger->fates[fate]++;
    row->fate = fate;
    row->settled_ms = now_ms;
}

void ledger_attempt(struct ledger *ledger, struct row *row, int status, const char *method, const char *path,
                    int64_t now_ms) {
    if (row->attempts < LEDGER_STATUSES)
        row->statuses[row->attempts] = status;
    row->attempts++;
    if (status < 200 || status > 299)
        return;
    row->deliveries++;
    if (row->fate == FATE_WAITING)
        settle(ledger, row, FATE_DELIVERED, now_ms);
    struct buf what = {0};
    buf_printf(&what, "%s %s: ", method, path);
    write_statuses(row, &what);
    print_fate(ledger, row, now_ms, buf_text(&what));
    buf_finish(&what);
}

void ledger_dead_letter(struct ledger *ledger, struct row *row, struct span reason, int64_t now_ms) {
    if (row->fate == FATE_WAITING)
        settle(ledger, row, FATE_DEAD_LETTERED, now_ms);
    (void)snprintf(row->reason, sizeof row->reason, SPAN_FORMAT, SPAN_ARGUMENT(reason));
    struct buf what = {0};
    buf_printf(&what, "%s (%s)", row->reason, sample_story(&row->sample));
    print_fate(ledger, row, now_ms, buf_text(&what));
    buf_finish(&what);
}

void ledger_filtered(struct ledger *ledger, struct row *row, int64_t now_ms) {
    settle(ledger, row, FATE_FILTERED, now_ms);
    print_fate(ledger, row, now_ms, sample_story(&row->sample));
}

static bool is_as_expected(const struct row *row) {
    return row->fate == row->sample.fate && strcmp(row->reason, row->sample.reason) == 0;
}

bool ledger_as_expected(const struct ledger *ledger) {
    for (size_t i = 0; i < ledger->count; i++)
        if (!is_as_expected(&ledger->row[i]))
            return false;
    return ledger->lost == 0;
}

static void fill_line(struct libscols_line *line, const struct row *row) {
    struct buf number = {0}, fate = {0}, statuses = {0}, time = {0};
    buf_printf(&number, "%zu", row->sample.number);
    buf_printf(&fate, "%s%s%s", fate_name(row->fate), row->reason[0] != '\0' ? ": " : "", row->reason);
    write_statuses(row, &statuses);
    if (row->fate != FATE_WAITING)
        buf_printf(&time, "%.1f s", (double)(row->settled_ms - row->produced_ms) / 1000);
    const char *cells[] = {buf_text(&number),
                           row->sample.route,
                           sample_story(&row->sample),
                           buf_text(&fate),
                           buf_text(&statuses),
                           buf_text(&time),
                           row->fate == FATE_WAITING ? ""
                           : is_as_expected(row)     ? "as expected"
                                                     : "NOT expected"};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        (void)scols_line_set_data(line, i, cells[i]);
    buf_finish(&number);
    buf_finish(&fate);
    buf_finish(&statuses);
    buf_finish(&time);
}

void ledger_print_table(const struct ledger *ledger) {
    static const char *const names[] = {"EVENT", "ROUTE", "WHAT IT IS", "HOW IT ENDED", "ANSWERS", "AFTER", ""};
    struct libscols_table *table = ledger->count > 0 ? scols_new_table() : NULL;
    if (table == NULL)
        return;
    (void)scols_table_enable_colors(table, ledger->colour);
    /* On a narrow terminal the stories are cut, not the fates. */
    static const int flags[] = {SCOLS_FL_RIGHT, 0, SCOLS_FL_TRUNC, 0, 0, SCOLS_FL_RIGHT, 0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)scols_table_new_column(table, names[i], 0, flags[i]);
    size_t first = ledger->count > TABLE_MOST ? ledger->count - TABLE_MOST : 0;
    for (size_t i = first; i < ledger->count; i++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        if (line == NULL)
            break;
        fill_line(line, &ledger->row[i]);
        (void)scols_line_set_color(line, colour_of(&ledger->row[i]));
    }
    (void)printf("\n");
    (void)scols_print_table(table);
    scols_unref_table(table);
    if (first > 0)
        (void)printf("(the last %d of %zu)\n", TABLE_MOST, ledger->count);
}

void ledger_print_summary(const struct ledger *ledger) {
    size_t waiting = ledger->fates[FATE_WAITING] - ledger->lost;
    (void)printf("\n%zu events: %zu delivered, %zu dead-lettered, %zu filtered, %zu lost", ledger->count,
                 ledger->fates[FATE_DELIVERED], ledger->fates[FATE_DEAD_LETTERED], ledger->fates[FATE_FILTERED],
                 ledger->lost);
    if (waiting > 0)
        (void)printf(", %zu still waiting", waiting);
    (void)printf("\n");
    (void)fflush(stdout);
}
