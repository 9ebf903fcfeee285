/* Tables by libsmartcols: they fit the terminal, and are plain text where there is none. */
#include "ctl/board.h"

#include "base/buf.h"
#include "base/text.h"
#include "event/reply.h"

#include <libsmartcols/libsmartcols.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static const char *word(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static int64_t number(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
}

/* In the unit that people would say; nothing for -1. */
static void write_age(struct buf *out, int64_t ms) {
    if (ms < 0)
        return;
    if (ms < SECOND)
        buf_printf(out, "%d ms", (int)ms);
    else if (ms < 2 * MINUTE)
        buf_printf(out, "%d s", (int)(ms / SECOND));
    else if (ms < 2 * HOUR)
        buf_printf(out, "%d min", (int)(ms / MINUTE));
    else if (ms < 2 * (int64_t)DAY)
        buf_printf(out, "%d h", (int)(ms / HOUR));
    else
        buf_printf(out, "%d d", (int)(ms / DAY));
}

/* --- tables --- */

enum { MOST_CELLS = 9, MOST_NAMES = 256 };

struct column {
    const char *name;
    int flags;
};

static struct libscols_table *begin(FILE *out, const struct column *columns, size_t count, bool colour) {
    struct libscols_table *table = scols_new_table();
    if (table == NULL)
        return NULL;
    (void)scols_table_set_stream(table, out);
    (void)scols_table_enable_colors(table, colour);
    for (size_t i = 0; i < count; i++)
        (void)scols_table_new_column(table, columns[i].name, 0, columns[i].flags);
    return table;
}

static void add(struct libscols_table *table, struct buf *cells, size_t count, const char *colour) {
    struct libscols_line *line = table != NULL ? scols_table_new_line(table, NULL) : NULL;
    for (size_t i = 0; i < count; i++) {
        if (line != NULL)
            (void)scols_line_set_data(line, i, buf_text(&cells[i]));
        buf_finish(&cells[i]);
    }
    if (line != NULL && colour != NULL)
        (void)scols_line_set_color(line, colour);
}

/* In characters. */
static size_t width(struct span text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

static struct span content(const struct libscols_cell *cell) {
    const char *text = scols_cell_get_data(cell);
    return span_of(text != NULL ? text : "");
}

/* The room that a terminal has for the last column behind the others. */
static size_t room_for_last(struct libscols_table *table) {
    size_t last = scols_table_get_ncols(table) - 1, lines = scols_table_get_nlines(table);
    size_t taken = 0, all = scols_table_get_termwidth(table);
    for (size_t i = 0; i < last; i++) {
        size_t most = width(content(scols_column_get_header(scols_table_get_column(table, i))));
        for (size_t j = 0; j < lines; j++) {
            size_t one = width(content(scols_line_get_cell(scols_table_get_line(table, j), i)));
            most = one > most ? one : most;
        }
        taken += most + 1;
    }
    return all > taken ? all - taken : 0;
}

/* Lines of at most `room` characters, broken between words. */
static void fold(struct buf *out, const char *text, size_t room) {
    for (size_t at = 0; *text != '\0';) {
        struct span word = span_make(text, strcspn(text, " "));
        size_t takes = width(word);
        if (at > 0 && at + 1 + takes > room) {
            buf_add_byte(out, '\n');
            at = 0;
        } else if (at > 0) {
            buf_add_byte(out, ' ');
            at++;
        }
        buf_add(out, word);
        at += takes;
        text += word.size + strspn(text + word.size, " ");
    }
}

/* A line of its own, broken between words where the terminal ends. Takes it. */
static void print_line(FILE *out, struct buf *line) {
    struct winsize size = {.ws_col = 0};
    struct buf folded = {0};
    bool fits = isatty(fileno(out)) == 0 || ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0;
    if (!fits)
        fold(&folded, buf_text(line), size.ws_col);
    (void)fprintf(out, "%s\n", fits ? buf_text(line) : buf_text(&folded));
    buf_finish(&folded);
    buf_finish(line);
}

/* On a terminal the last column, of sentences, is folded within itself, unless no use is in so little room. */
static void fold_last(struct libscols_table *table) {
    enum { LEAST = 12 };
    size_t room = isatty(STDOUT_FILENO) != 0 ? room_for_last(table) : 0, last = scols_table_get_ncols(table) - 1;
    struct libscols_column *column = scols_table_get_column(table, last);
    if (room < LEAST)
        return;
    for (size_t i = 0; i < scols_table_get_nlines(table); i++) {
        struct buf text = {0};
        struct libscols_cell *cell = scols_line_get_cell(scols_table_get_line(table, i), last);
        fold(&text, content(cell).data, room);
        (void)scols_cell_set_data(cell, buf_text(&text));
        buf_finish(&text);
    }
    (void)scols_column_set_flags(column, SCOLS_FL_WRAP);
    (void)scols_column_set_safechars(column, "\n");
    (void)scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
}

static void end(struct libscols_table *table) {
    if (table == NULL)
        return;
    fold_last(table);
    (void)scols_print_table(table);
    scols_unref_table(table);
}

/* --- all routes --- */

/* The worst first. */
static int rank(const char *state) {
    static const char *const states[] = {"stopped", "held",         "kafka",   "no-dead-letters", "platform",
                                         "joining", "handing-back", "running", "standby",         "off"};
    for (int i = 0; i < (int)(sizeof states / sizeof *states); i++)
        if (strcmp(state, states[i]) == 0)
            return i;
    return -1;
}

static int compare(const void *one, const void *other) {
    const json_t *first = *(const json_t *const *)one, *second = *(const json_t *const *)other;
    int order = rank(word(first, "state")) - rank(word(second, "state"));
    if (order != 0)
        return order;
    int64_t older = number(first, "oldest-ms"), younger = number(second, "oldest-ms");
    return older != younger ? (older > younger ? -1 : 1) : strcmp(word(first, "name"), word(second, "name"));
}

/* Over the partitions of which it is known. */
static int64_t lag_of(const json_t *route) {
    int64_t lag = -1;
    size_t index;
    const json_t *partition;
    json_array_foreach(json_object_get(route, "partitions"), index, partition) {
        int64_t one = number(partition, "lag");
        if (one >= 0)
            lag = (lag < 0 ? 0 : lag) + one;
    }
    return lag;
}

/* Events a second; nothing where it is not known. */
static void write_rate(struct buf *out, const json_t *value) {
    if (!json_is_number(value))
        return;
    double rate = json_number_value(value);
    buf_printf(out, rate > 0 && rate < 10 ? "%.1f" : "%.0f", rate);
}

static const char *colour_of(const json_t *route) {
    if (board_well(route))
        return NULL;
    return rank(word(route, "state")) < rank("platform") ? "red" : "yellow";
}

static void add_route(struct libscols_table *table, const json_t *route) {
    struct buf cells[MOST_CELLS] = {{0}};
    const json_t *events = json_object_get(route, "events");
    int64_t lag = lag_of(route);
    buf_add_text(&cells[0], word(route, "name"));
    buf_add_text(&cells[1], word(route, "state"));
    write_age(&cells[2], number(route, "oldest-ms"));
    buf_printf(&cells[3], "%lld", (long long)number(events, "unsettled"));
    if (lag >= 0)
        buf_printf(&cells[4], "%lld", (long long)lag);
    write_rate(&cells[5], json_object_get(json_object_get(route, "rates"), "settled"));
    buf_printf(&cells[6], "%lld", (long long)number(events, "delivered"));
    buf_printf(&cells[7], "%lld", (long long)number(events, "dead-lettered"));
    buf_add_text(&cells[8], word(route, "why"));
    add(table, cells, MOST_CELLS, colour_of(route));
}

/* What the last attempt came to, in words. */
static void write_answer(struct buf *out, const json_t *object) {
    int64_t status = number(object, "status");
    if (status > 0)
        buf_printf(out, ": answered %d", (int)status);
    else if (*word(object, "fault") != '\0')
        buf_printf(out, ": %s", reply_fault_words(reply_fault_find(word(object, "fault"))));
}

static void print_platform(FILE *out, const json_t *platform) {
    struct buf line = {0};
    int64_t probe = number(platform, "probe-in-ms");
    const char *state = word(platform, "state");
    buf_printf(&line, "platform %s: ", word(platform, "name"));
    buf_add_text(&line, strcmp(state, "open") == 0        ? "its breaker is open"
                        : strcmp(state, "half-open") == 0 ? "asked with one request whether it is up again"
                                                          : state);
    buf_add_text(&line, " for ");
    write_age(&line, number(platform, "since-ms"));
    if (*word(platform, "why") == '\0' || number(platform, "status") > 0)
        write_answer(&line, platform);
    if (*word(platform, "why") != '\0')
        buf_printf(&line, ": %s", word(platform, "why"));
    if (probe >= 0) {
        buf_add_text(&line, "; asked again in ");
        write_age(&line, probe);
    }
    buf_printf(&line, "; %d in flight, %d waiting", (int)number(platform, "in-flight"),
               (int)number(platform, "waiting"));
    print_line(out, &line);
}

static void print_platforms(FILE *out, const json_t *status, const char *only) {
    size_t index;
    const json_t *platform;
    json_array_foreach(json_object_get(status, "platforms"), index, platform) {
        if (strcmp(word(platform, "state"), "up") == 0 || (only != NULL && strcmp(word(platform, "name"), only) != 0))
            continue;
        print_platform(out, platform);
    }
}

void board_routes(FILE *out, const json_t *status, bool colour) {
    static const struct column columns[] = {{"ROUTE", 0},
                                            {"STATE", 0},
                                            {"OLDEST", SCOLS_FL_RIGHT},
                                            {"HERE", SCOLS_FL_RIGHT},
                                            {"LAG", SCOLS_FL_RIGHT},
                                            {"RATE", SCOLS_FL_RIGHT},
                                            {"DELIVERED", SCOLS_FL_RIGHT},
                                            {"DEAD", SCOLS_FL_RIGHT},
                                            {"WHY", 0}};
    const json_t *routes = json_object_get(status, "routes");
    size_t count = json_array_size(routes);
    const json_t **sorted = calloc(count + 1, sizeof(const json_t *));
    for (size_t i = 0; sorted != NULL && i < count; i++)
        sorted[i] = json_array_get(routes, i);
    if (sorted != NULL)
        qsort(sorted, count, sizeof(const json_t *), compare);
    struct libscols_table *table = begin(out, columns, sizeof columns / sizeof *columns, colour);
    for (size_t i = 0; sorted != NULL && i < count; i++)
        add_route(table, sorted[i]);
    end(table);
    free(sorted);
    print_platforms(out, status, NULL);
    int64_t faults = board_faults(status);
    if (faults > 0)
        (void)fprintf(out, "%lld error%s in the configuration: a route is left out: slussctl check\n",
                      (long long)faults, faults == 1 ? "" : "s");
}

bool board_is_one(const json_t *status) {
    return json_is_array(json_object_get(status, "routes")) && json_is_array(json_object_get(status, "platforms"));
}

const char *board_version(const json_t *status) {
    return word(status, "version");
}

bool board_well(const json_t *route) {
    return json_is_true(json_object_get(route, "well"));
}

int64_t board_faults(const json_t *status) {
    return number(status, "configuration-errors");
}

bool board_all_well(const json_t *status) {
    size_t index;
    const json_t *one;
    json_array_foreach(json_object_get(status, "routes"), index, one) if (!board_well(one)) return false;
    json_array_foreach(json_object_get(status, "platforms"), index,
                       one) if (strcmp(word(one, "state"), "up") != 0) return false;
    return board_faults(status) <= 0;
}

/* --- one route --- */

const json_t *board_find(const json_t *status, const char *name) {
    size_t index;
    const json_t *route;
    json_array_foreach(json_object_get(status, "routes"), index,
                       route) if (strcmp(word(route, "name"), name) == 0) return route;
    return NULL;
}

const char *board_nearest(const json_t *status, const char *name) {
    const char *names[MOST_NAMES + 1] = {NULL};
    size_t index;
    const json_t *route;
    json_array_foreach(json_object_get(status, "routes"), index, route) {
        if (index < MOST_NAMES)
            names[index] = word(route, "name");
    }
    return text_nearest(span_of(name), names);
}

static void add_wait(struct libscols_table *table, const json_t *wait) {
    struct buf cells[MOST_CELLS] = {{0}};
    buf_add_text(&cells[0], word(wait, "event"));
    buf_add_text(&cells[1], word(wait, "key"));
    write_age(&cells[2], number(wait, "waiting-ms"));
    buf_printf(&cells[3], "%d", (int)number(wait, "behind"));
    buf_printf(&cells[4], "%d", (int)number(wait, "attempts"));
    write_age(&cells[5], number(wait, "next-try-in-ms"));
    buf_add_text(&cells[6], word(wait, "why"));
    if (*word(wait, "dead-letter") != '\0')
        buf_printf(&cells[6], " %s", word(wait, "dead-letter"));
    write_answer(&cells[6], wait);
    add(table, cells, 7, NULL);
}

static void print_waits(FILE *out, const json_t *route, bool colour) {
    static const struct column columns[] = {{"EVENT", 0},
                                            {"KEY", 0},
                                            {"WAITS", SCOLS_FL_RIGHT},
                                            {"BEHIND", SCOLS_FL_RIGHT},
                                            {"ATTEMPTS", SCOLS_FL_RIGHT},
                                            {"NEXT TRY", SCOLS_FL_RIGHT},
                                            {"WHY", 0}};
    const json_t *waiting = json_object_get(route, "waiting"), *longest = json_object_get(waiting, "longest"), *wait;
    size_t shown = json_array_size(longest), index;
    int64_t keys = number(waiting, "keys");
    if (shown == 0) {
        (void)fprintf(out, "nothing waits\n");
        return;
    }
    struct libscols_table *table = begin(out, columns, sizeof columns / sizeof *columns, colour);
    json_array_foreach(longest, index, wait) add_wait(table, wait);
    end(table);
    if (keys > (int64_t)shown)
        (void)fprintf(out, "(the %zu that wait longest of %lld)\n", shown, (long long)keys);
}

void board_route(FILE *out, const json_t *status, const json_t *route, bool colour) {
    size_t index;
    const json_t *partition;
    struct buf line = {0};
    buf_printf(&line, "%s: %s%s%s (%s)", word(route, "name"), word(route, "state"),
               *word(route, "why") != '\0' ? ": " : "", word(route, "why"), word(route, "owner"));
    print_line(out, &line);
    json_array_foreach(json_object_get(route, "partitions"), index, partition) {
        line = (struct buf){0};
        buf_printf(&line, "%s/%d: ", word(partition, "topic"), (int)number(partition, "partition"));
        if (strcmp(word(partition, "state"), "reading") != 0) {
            buf_printf(&line, "%s%s%s", word(partition, "state"), *word(partition, "why") != '\0' ? ": " : "",
                       word(partition, "why"));
            print_line(out, &line);
        } else if (number(partition, "window-used") >= number(partition, "window")) {
            buf_printf(&line, "the window is full: nothing is read until offset %lld is settled",
                       (long long)number(partition, "base"));
            print_line(out, &line);
        } else if (number(partition, "exposure") > 0 && number(partition, "exposed") >= number(partition, "exposure")) {
            buf_printf(&line, "%lld events have no commit yet: nothing is read until Kafka acknowledges one",
                       (long long)number(partition, "exposed"));
            print_line(out, &line);
        } else
            buf_finish(&line);
    }
    print_platforms(out, status, word(route, "platform"));
    print_waits(out, route, colour);
}
