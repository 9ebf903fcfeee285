/* Options that are compiled when they are read: queries, templates, headers, references to platforms and lookups.
 * Evaluates nothing. */
#include "base/text.h"
#include "deliver/acceptance.h"
#include "settings/parts.h"
#include "settings/reader.h"
#include "settings/types.h"

#include <ctype.h>
#include <stdio.h>

#define READ(name)                                                                                                     \
    static bool name(struct reader *reader, const struct option *option, const struct span *items, size_t count,       \
                     void *field, struct buf *normal, struct complaint *complaint)

/* --- references --- */

static bool find_name(const struct names *names, const char *kind, const char *where, const struct option *option,
                      struct span name, uint32_t *index, struct complaint *complaint) {
    size_t found = names_find(names, name);
    *index = (uint32_t)found;
    if (found != SIZE_MAX)
        return true;
    char cure[256];
    const char *near = names->list != NULL ? text_nearest(name, names->list) : NULL;
    if (near != NULL)
        (void)snprintf(cure, sizeof cure, "did you mean \"%s\"?", near);
    else
        (void)snprintf(cure, sizeof cure, "describe it in sluss.cfg under %s", where);
    return complain(complaint, PROBLEM_NAME, cure, "`%s`: there is no %s \"" SPAN_FORMAT "\"", option->name, kind,
                    SPAN_ARGUMENT(name));
}

READ(read_platform) {
    (void)count;
    normal_text(normal, items[0]);
    return find_name(&reader->platforms, "platform", "platforms", option, items[0], field, complaint);
}

READ(read_lookup) {
    (void)count;
    normal_text(normal, items[0]);
    return find_name(&reader->lookups, "lookup", "lookups", option, items[0], field, complaint);
}

/* --- queries and templates --- */

static enum problem_code code_of(const struct error *error) {
    return strstr(error->text, "not supported yet") != NULL ? PROBLEM_LATER : PROBLEM_FORM;
}

static struct json_path *compile(struct reader *reader, const struct option *option, struct span text,
                                 struct complaint *complaint) {
    struct error error = {0};
    struct json_path *path = json_path_create(text, &error);
    reader->failed = reader->failed || error.shortage;
    if (path == NULL)
        complain(complaint, code_of(&error), NULL, "`%s`: %s", option->name, error.text);
    return path;
}

READ(read_query) {
    (void)reader, (void)count;
    normal_text(normal, items[0]);
    *(struct json_path **)field = compile(reader, option, items[0], complaint);
    return *(struct json_path **)field != NULL;
}

READ(read_acceptance) {
    (void)reader, (void)count;
    struct error error = {0};
    normal_text(normal, items[0]);
    *(struct acceptance **)field = acceptance_create(items[0], &error);
    reader->failed = reader->failed || error.shortage;
    return *(struct acceptance **)field != NULL ||
           complain(complaint, code_of(&error), NULL, "`%s`: %s", option->name, error.text);
}

READ(read_place) {
    if (!read_query(reader, option, items, count, field, normal, complaint))
        return false;
    return json_path_names(*(struct json_path **)field) > 0 ||
           complain(complaint, PROBLEM_FORM, NULL, "`%s` is the whole event: it must be a member", option->name);
}

static bool compile_template(struct reader *reader, const struct option *option, enum template_kind kind,
                             struct span text, struct template **field, struct complaint *complaint) {
    struct error error = {0};
    *field = template_create(kind, text, &error);
    reader->failed = reader->failed || error.shortage;
    return *field != NULL || complain(complaint, code_of(&error), NULL, "`%s`: %s", option->name, error.text);
}

READ(read_target) {
    (void)reader, (void)count;
    normal_text(normal, items[0]);
    if (items[0].size == 0 || items[0].data[0] != '/' || span_starts_with(items[0], SPAN("//")))
        return complain(complaint, PROBLEM_FORM, "the scheme, host and port come from the platform's base-url",
                        "`%s` does not begin with one '/'", option->name);
    for (size_t i = 0; i < items[0].size; i++)
        if (items[0].data[i] == '#')
            return complain(complaint, PROBLEM_FORM, "remove it, or write %23", "`%s` has a fragment", option->name);
        else if (items[0].data[i] == '{' && memchr(items[0].data + i, '}', items[0].size - i) != NULL)
            while (items[0].data[i] != '}')
                i++;
    return compile_template(reader, option, TEMPLATE_TARGET, items[0], field, complaint);
}

READ(read_event_id) {
    (void)reader, (void)count;
    normal_text(normal, items[0]);
    if (items[0].size == 0 || memchr(items[0].data, '{', items[0].size) == NULL)
        return complain(complaint, PROBLEM_CONFLICT, "write a place such as \"{$.id}\" into it",
                        "`%s` is the same for every event: the platform would take all but the first for repetitions",
                        option->name);
    return compile_template(reader, option, TEMPLATE_TEXT, items[0], field, complaint);
}

READ(read_order) {
    (void)reader, (void)count;
    struct order *order = field;
    *order = (struct order){ORDER_QUERY, NULL};
    normal_text(normal, items[0]);
    if (span_equal(items[0], SPAN("partition")))
        order->kind = ORDER_PARTITION;
    else if (span_equal(items[0], SPAN("none")))
        order->kind = ORDER_NONE;
    else if (span_equal(items[0], SPAN("key")))
        order->kind = ORDER_KEY;
    else if (!span_starts_with(items[0], SPAN("$")))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not an order: \"" SPAN_FORMAT "\"", option->name,
                        SPAN_ARGUMENT(items[0]));
    else
        order->query = compile(reader, option, items[0], complaint);
    return order->kind != ORDER_QUERY || order->query != NULL;
}

/* --- HTTP --- */

bool header_is_name(struct span name) {
    for (size_t i = 0; i < name.size; i++)
        if (!isalnum((unsigned char)name.data[i]) && strchr("!#$%&'*+-.^_`|~", name.data[i]) == NULL)
            return false;
    return name.size > 0 && name.size <= 128;
}

const char *header_refused(struct span name) {
    static const struct {
        const char *name, *why;
    } refused[] = {
        {"Authorization", "credentials belong to the platform's `auth`"},
        {"Proxy-Authorization", "it would go to the platform, not to the proxy"},
        {"Cookie", "Sluss keeps no sessions"},
        {"Content-Type", "write `content-type`"},
        {"Content-Length", "it follows from the body"},
        {"Transfer-Encoding", "it follows from the body"},
        {"Host", "it comes from the platform's base-url"},
        {"Connection", "the connection is not the route's"},
        {"Proxy-Connection", "the connection is not the route's"},
        {"Keep-Alive", "the connection is not the route's"},
        {"Upgrade", "the connection is not the route's"},
        {"TE", "the connection is not the route's"},
        {"HTTP2-Settings", "the connection is not the route's"},
        {"Trailer", "the connection is not the route's"},
        {"Expect", "it makes every request wait"},
        {"User-Agent", "it is always sluss/VERSION"},
        {"traceparent", "Sluss continues or begins the trace"},
        {"Idempotency-Key", "it comes from `event-id`"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (span_equal_nocase(name, span_of(refused[i].name)))
            return refused[i].why;
    static const char *const prefixes[] = {"webhook-", "Sluss-", "ce-", "Proxy-"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (name.size > strlen(prefixes[i]) &&
            span_equal_nocase((struct span){name.data, strlen(prefixes[i])}, span_of(prefixes[i])))
            return "headers that begin so are Sluss's own";
    return NULL;
}

static bool read_one_header(struct reader *reader, const struct option *option, struct span text,
                            struct headers *headers, struct complaint *complaint) {
    const char *colon = memchr(text.data, ':', text.size);
    struct span name = colon == NULL ? text : (struct span){text.data, (size_t)(colon - text.data)};
    if (colon == NULL || !header_is_name(name))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s`: a header is written as \"Name: value\"", option->name);
    const char *why = header_refused(name);
    if (why != NULL)
        return complain(complaint, PROBLEM_CONFLICT, why, "`%s`: a route may not set the header " SPAN_FORMAT,
                        option->name, SPAN_ARGUMENT(name));
    for (size_t i = 0; i < headers->count; i++)
        if (span_equal_nocase(headers->list[i].name, name))
            return complain(complaint, PROBLEM_DUPLICATE, "remove one of them",
                            "`%s`: the header " SPAN_FORMAT " is given twice", option->name, SPAN_ARGUMENT(name));
    struct mapping_header *header = &headers->list[headers->count];
    header->name = name;
    if (!compile_template(reader, option, TEMPLATE_HEADER, span_trim(span_from(text, name.size + 1)), &header->value,
                          complaint))
        return false;
    headers->count++;
    return true;
}

READ(read_headers) {
    struct headers *headers = field;
    headers->list = reader_take(reader, count + 1, sizeof *headers->list);
    headers->count = 0;
    if (headers->list == NULL)
        return complain(complaint, PROBLEM_FILE, "", "out of memory");
    buf_add_text(normal, "( ");
    for (size_t i = 0; i < count; i++) {
        complaint->item = i;
        if (!read_one_header(reader, option, items[i], headers, complaint))
            return false;
        buf_add_text(normal, i > 0 ? ", " : "");
        normal_text(normal, items[i]);
    }
    buf_add_text(normal, count > 0 ? " )" : ")");
    return true;
}

READ(read_method) {
    (void)reader, (void)count;
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE", "GET", NULL};
    for (size_t i = 0; methods[i] != NULL; i++)
        if (span_equal(items[0], span_of(methods[i]))) {
            *(struct span *)field = span_of(methods[i]);
            normal_text(normal, items[0]);
            return true;
        }
    return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not an HTTP method for events: \"" SPAN_FORMAT "\"",
                    option->name, SPAN_ARGUMENT(items[0]));
}

READ(read_media) {
    (void)reader, (void)count;
    const char *slash = memchr(items[0].data, '/', items[0].size);
    struct span first = {items[0].data, slash != NULL ? (size_t)(slash - items[0].data) : 0};
    bool good = slash != NULL && header_is_name(first) && items[0].size > first.size + 1 && items[0].size <= 128;
    for (size_t i = 0; good && i < items[0].size; i++)
        good = items[0].data[i] >= 0x20 && items[0].data[i] < 0x7f;
    if (!good)
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not a media type: \"" SPAN_FORMAT "\"", option->name,
                        SPAN_ARGUMENT(items[0]));
    *(struct span *)field = items[0];
    normal_text(normal, items[0]);
    return true;
}

const struct option_type type_platform = {SHAPE_TEXT, "a platform's name", "the name of a platform", read_platform};
const struct option_type type_lookup = {SHAPE_TEXT, "a lookup's name", "the name of a lookup", read_lookup};
const struct option_type type_acceptance = {
    SHAPE_TEXT, "a condition", "a condition such as \"$.code == 20\" or \"$.ok == true && !$.error\"", read_acceptance};
const struct option_type type_query = {SHAPE_TEXT, "a query", "a query such as \"$.data.arendeId\"", read_query};
const struct option_type type_place = {SHAPE_TEXT, "a query", "a query such as \"$.data.status\"", read_place};
const struct option_type type_target = {SHAPE_TEXT, "a template", "a path such as \"/errands/{$.data.id}/status\"",
                                        read_target};
const struct option_type type_event_id = {SHAPE_TEXT, "a template", "a template such as \"{$.source}/{$.id}\"",
                                          read_event_id};
const struct option_type type_headers = {SHAPE_TEXTS, "a list of headers", "( \"Name: value\", \"Name: {$.id}\" )",
                                         read_headers};
const struct option_type type_method = {SHAPE_TEXT, "a method", "\"POST\", \"PUT\", \"PATCH\", \"DELETE\" or \"GET\"",
                                        read_method};
const struct option_type type_order = {
    SHAPE_TEXT, "an order", "\"key\", \"partition\", \"none\" or a query such as \"$.data.arendeId\"", read_order};
const struct option_type type_media = {SHAPE_TEXT, "a media type", "a media type such as \"application/json\"",
                                       read_media};
