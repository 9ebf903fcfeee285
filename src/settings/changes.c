/* A normal form is taken apart by its indentation: reader.c and route.c write it. Parses no libconfig. */
#include "settings/changes.h"

#include <stdlib.h>

enum { LONG_LIST = 600 };

/* A platform, a lookup or a route; what else stands at the top is one by itself. */
struct item {
    const char *kind; /* "route "; "" at the top */
    struct span name, text;
};

struct items {
    struct item *list;
    size_t count, capacity;
    bool failed;
};

static void add(struct items *items, const char *kind, struct span name) {
    if (items->count == items->capacity) {
        size_t capacity = items->capacity * 2 + 64;
        struct item *list = realloc(items->list, capacity * sizeof *list);
        items->failed = items->failed || list == NULL;
        if (list == NULL)
            return;
        items->list = list;
        items->capacity = capacity;
    }
    items->list[items->count++] = (struct item){kind, name, SPAN("")};
}

static struct span word(struct span line) {
    size_t size = 0;
    while (size < line.size && line.data[size] != ' ')
        size++;
    return span_make(line.data, size);
}

/* The words' kind when the line opens a group of named ones. */
static const char *group_of(struct span line) {
    return span_equal(line, SPAN("platforms = {")) ? "platform "
           : span_equal(line, SPAN("lookups = {")) ? "lookup "
           : span_equal(line, SPAN("routes = ("))  ? "route "
                                                   : NULL;
}

static size_t indentation(struct span line) {
    size_t depth = 0;
    while (depth < line.size && line.data[depth] == ' ')
        depth++;
    return depth;
}

/* The name of a route stands in a line of its own: name = "bygglov"; */
static void name_route(struct item *item, struct span line) {
    static const struct span begin = SPAN("    name = \"");
    if (!span_starts_with(line, begin))
        return;
    const char *from = line.data + begin.size, *end = memchr(from, '"', line.size - begin.size);
    if (end != NULL)
        item->name = span_make(from, (size_t)(end - from));
}

static void take_line(struct items *items, struct span line, const char **group) {
    size_t depth = indentation(line);
    bool closes = depth < line.size && strchr("})", line.data[depth]) != NULL;
    if (depth == 0 && !closes) {
        *group = group_of(line);
        if (*group == NULL)
            add(items, "", word(line));
    } else if (*group != NULL && depth == 2 && !closes)
        add(items, *group, word(span_from(line, depth)));
    bool names = depth == 0 && *group != NULL, separates = depth == 2 && closes; /* with or without a comma */
    if (items->count == 0 || items->failed || names || separates)
        return;
    struct item *item = &items->list[items->count - 1];
    if (depth == 4 && *group != NULL && span_equal(item->name, SPAN("{")))
        name_route(item, line);
    item->text =
        item->text.size == 0 ? line : span_make(item->text.data, (size_t)(line.data + line.size - item->text.data));
}

static struct items read_items(struct span text) {
    struct items items = {.failed = false};
    const char *group = NULL;
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        struct span line = span_make(text.data, end != NULL ? (size_t)(end - text.data) : text.size);
        text = span_from(text, line.size + (end != NULL ? 1 : 0));
        bool ends_group = group != NULL && line.size > 0 && strchr("})", line.data[0]) != NULL;
        if (ends_group)
            group = NULL;
        else
            take_line(&items, line, &group);
    }
    return items;
}

static const struct item *find(const struct items *items, const struct item *wanted) {
    for (size_t i = 0; i < items->count; i++)
        if (strcmp(items->list[i].kind, wanted->kind) == 0 && span_equal(items->list[i].name, wanted->name))
            return &items->list[i];
    return NULL;
}

static void tell(struct buf *out, const struct item *item, const char *what, size_t *left_out) {
    if (out->size > LONG_LIST) {
        ++*left_out;
        return;
    }
    buf_printf(out, "%s%s" SPAN_FORMAT " %s", out->size > 0 ? ", " : "", item->kind, SPAN_ARGUMENT(item->name), what);
}

void changes_write(struct buf *out, struct span before, struct span after) {
    struct items old = read_items(before), new = read_items(after);
    size_t left_out = 0;
    for (size_t i = 0; i < new.count; i++) {
        const struct item *same = find(&old, &new.list[i]);
        if (same == NULL)
            tell(out, &new.list[i], "new", &left_out);
        else if (!span_equal(same->text, new.list[i].text))
            tell(out, &new.list[i], "changed", &left_out);
    }
    for (size_t i = 0; i < old.count; i++)
        if (find(&new, &old.list[i]) == NULL)
            tell(out, &old.list[i], "gone", &left_out);
    if (left_out > 0)
        buf_printf(out, " and %zu more", left_out);
    out->failed = out->failed || old.failed || new.failed;
    free(old.list);
    free(new.list);
}

const char *changes_words(struct buf *written) {
    if (written->failed)
        return "something: there is too little memory to tell what";
    return written->size > 0 ? buf_text(written) : "no option; files and secrets were read again";
}
