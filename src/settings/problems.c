/* Collecting, ordering and printing problems. Finds none itself. */
#include "settings/problems.h"

#include "base/error.h"
#include "json/splice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 1000 };

void problems_init(struct problems *problems) {
    *problems = (struct problems){0};
    arena_init(&problems->arena, 0);
}

void problems_finish(struct problems *problems) {
    arena_finish(&problems->arena);
    free(problems->list);
    *problems = (struct problems){0};
}

static struct problem *make_room(struct problems *problems) {
    if (problems->count == problems->capacity) {
        size_t capacity = problems->capacity == 0 ? 16 : problems->capacity * 2;
        struct problem *list = realloc(problems->list, capacity * sizeof *list);
        if (list == NULL) {
            problems->failed = true;
            return NULL;
        }
        problems->list = list;
        problems->capacity = capacity;
    }
    return &problems->list[problems->count];
}

void problems_add(struct problems *problems, enum severity severity, enum problem_code code, struct spot spot,
                  struct span cure, const char *format, ...) {
    if (severity == SEVERITY_ERROR) {
        problems->errors++;
        if (problems->status == 0)
            problems->status = 78;
    } else {
        problems->warnings++;
    }
    if (problems->count == MOST)
        return;
    struct problem *problem = make_room(problems);
    if (problem == NULL)
        return;
    char what[sizeof((struct error *)0)->text * 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);

    struct arena *arena = &problems->arena;
    *problem = (struct problem){severity, code, spot, arena_copy(arena, span_of(what)), arena_copy(arena, cure)};
    problem->spot.file = arena_copy(arena, spot.file);
    problem->spot.text = arena_copy(arena, spot.text);
    bool lost = problem->what.data == NULL || problem->spot.file.data == NULL;
    lost = lost || (cure.data != NULL && problem->cure.data == NULL);
    lost = lost || (spot.text.data != NULL && problem->spot.text.data == NULL);
    problems->failed = problems->failed || lost;
    problems->count += lost ? 0 : 1;
}

/* Insertion keeps the order in which equals were found, and there are few. */
void problems_sort(struct problems *problems) {
    for (size_t i = 1; i < problems->count; i++) {
        struct problem problem = problems->list[i];
        size_t start = 0, end = i;
        while (start < end && !span_equal(problems->list[start].spot.file, problem.spot.file))
            start++;
        while (start < end && span_equal(problems->list[start].spot.file, problem.spot.file) &&
               (problems->list[start].spot.line < problem.spot.line ||
                (problems->list[start].spot.line == problem.spot.line &&
                 problems->list[start].spot.column <= problem.spot.column)))
            start++;
        for (size_t j = i; j > start; j--)
            problems->list[j] = problems->list[j - 1];
        problems->list[start] = problem;
    }
}

static void write_counts(const struct problems *problems, struct buf *out) {
    if (problems->count < problems->errors + problems->warnings)
        buf_printf(out, "%zu more are not shown\n", problems->errors + problems->warnings - problems->count);
    if (problems->errors > 0)
        buf_printf(out, "%zu error%s", problems->errors, problems->errors == 1 ? "" : "s");
    if (problems->errors > 0 && problems->warnings > 0)
        buf_add_text(out, ", ");
    if (problems->warnings > 0)
        buf_printf(out, "%zu warning%s", problems->warnings, problems->warnings == 1 ? "" : "s");
    if (problems->errors + problems->warnings > 0)
        buf_add_byte(out, '\n');
    if (problems->failed)
        buf_add_text(out, "too little memory or too few descriptors: not everything was checked\n");
}

/* The line with its number, and the mark under it. */
static void write_line(const struct spot *spot, const char *bright, const char *plain, struct buf *out) {
    buf_printf(out, "%6u | " SPAN_FORMAT "\n", spot->line, SPAN_ARGUMENT(spot->text));
    if (spot->column == 0)
        return;
    buf_printf(out, "       | %*s%s", (int)spot->column - 1, "", bright);
    for (uint32_t i = 0; i < (spot->width == 0 ? 1 : spot->width); i++)
        buf_add_byte(out, '^');
    buf_printf(out, "%s\n", plain);
}

void problems_write(const struct problems *problems, bool colours, struct buf *out) {
    static const char *const words[] = {[SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning"};
    static const char *const tones[] = {[SEVERITY_ERROR] = "\033[1;31m", [SEVERITY_WARNING] = "\033[1;33m"};
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];
        const char *bright = colours ? tones[problem->severity] : "";
        const char *plain = colours ? "\033[0m" : "";
        buf_add(out, problem->spot.file);
        if (problem->spot.line > 0)
            buf_printf(out, ":%u", problem->spot.line);
        buf_printf(out, ": %s%s[SL%04d]%s: " SPAN_FORMAT "\n", bright, words[problem->severity], (int)problem->code,
                   plain, SPAN_ARGUMENT(problem->what));
        if (problem->spot.text.data != NULL)
            write_line(&problem->spot, bright, plain, out);
        if (problem->cure.data != NULL)
            buf_printf(out, "       = " SPAN_FORMAT "\n", SPAN_ARGUMENT(problem->cure));
    }
    write_counts(problems, out);
}

static void write_member(struct buf *out, const char *name, struct span text) {
    if (text.data == NULL)
        return;
    buf_printf(out, ",\"%s\":", name);
    json_write_string(out, text);
}

void problems_write_json(const struct problems *problems, struct buf *out) {
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];
        buf_printf(out, "{\"severity\":\"%s\",\"code\":\"SL%04d\"",
                   problem->severity == SEVERITY_ERROR ? "error" : "warning", (int)problem->code);
        write_member(out, "file", problem->spot.file);
        if (problem->spot.line > 0)
            buf_printf(out, ",\"line\":%u", problem->spot.line);
        if (problem->spot.column > 0)
            buf_printf(out, ",\"column\":%u", problem->spot.column);
        write_member(out, "text", problem->spot.text);
        write_member(out, "what", problem->what);
        write_member(out, "cure", problem->cure);
        buf_add_text(out, "}\n");
    }
}
