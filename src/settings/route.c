/* Routes: each read from its own file, checked and compiled; a bad one is left out. Reads no events. */
#include "settings/parts.h"
#include "settings/reader.h"
#include "settings/types.h"
#include "json/splice.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

enum { LONGEST_NAME = 64, BATCHES_IN_MEMORY = 8 };

/* Of a partition. So many batches at least can be under way, as large as they may be: no more than an offset map knows.
 */
enum { WINDOW = 1024, BATCHES_OF_WINDOW = 8 };

/* Likewise, beyond the last commit. With a window's worth alone there would be hundreds of commits a second where
 * events come in batches; more than this makes no difference. */
enum { BATCHES_EXPOSED = 64, MOST_EXPOSED = 8192 };

#define ERROR(group, code, path, cure, ...)                                                                            \
    reader_problem(reader, SEVERITY_ERROR, (code), (group), (path), (cure), __VA_ARGS__)
#define WARN(group, code, path, cure, ...)                                                                             \
    reader_problem(reader, SEVERITY_WARNING, (code), (group), (path), (cure), __VA_ARGS__)

void route_finish(struct route *route) {
    for (uint32_t i = 0; i < route->recipe_count; i++) {
        json_path_destroy(route->recipes[i].key);
        json_path_destroy(route->recipes[i].into);
    }
    template_destroy(route->mapping.target);
    template_destroy(route->mapping.event_id);
    for (size_t i = 0; i < route->mapping.header_count; i++)
        template_destroy(route->mapping.headers[i].value);
    json_path_destroy(route->order_by);
    *route = (struct route){0};
}

/* --- enrich --- */

static void check_recipe(struct reader *reader, config_setting_t *group, const struct draft *draft,
                         struct recipe_draft *read) {
    struct recipe *recipe = &read->recipe;
    if (recipe->absent == ABSENT_DEFAULT && read->fallback.data == NULL)
        ERROR(group, PROBLEM_REQUIRED, "absent", SPAN("write `default = \"...\";`"),
              "absent = \"default\" needs `default`");
    if (recipe->absent != ABSENT_DEFAULT && read->fallback.data != NULL)
        ERROR(group, PROBLEM_CONFLICT, "default", SPAN("write absent = \"default\", or remove it"),
              "`default` has no effect");
    if (draft->route.decode.format == DECODE_CLOUDEVENTS && recipe->into != NULL &&
        (json_path_names(recipe->into) < 2 || !span_equal(json_path_name(recipe->into, 0), SPAN("data"))))
        ERROR(group, PROBLEM_CONFLICT, "into", SPAN("put it below $.data: attributes in headers cannot be completed"),
              "`into` does not lie below $.data, but the events are CloudEvents");
    struct buf text = {0};
    if (read->fallback.data != NULL)
        json_write_string(&text, read->fallback);
    if (read->fallback.data != NULL)
        recipe->fallback = reader_copy(reader, buf_span(&text));
    buf_finish(&text);
}

void enrich_read(struct reader *reader, const struct option *option, config_setting_t *setting, void *target) {
    struct draft *draft = target;
    int count = setting != NULL ? config_setting_length(setting) : 0;
    draft->route.recipes = reader_take(reader, (size_t)count + 1, sizeof *draft->route.recipes);
    if (count == 0 || draft->route.recipes == NULL) {
        buf_printf(&reader->normal, "%*s%s = ();  # default\n", (int)(2 * reader->depth), "", option->name);
        return;
    }
    reader_open(reader, option->name, "(");
    for (int i = 0; i < count; i++) {
        config_setting_t *group = config_setting_get_elem(setting, (unsigned)i);
        if (!config_setting_is_group(group)) {
            ERROR(group, PROBLEM_FORM, "", SPAN("write ( { lookup = ...; key = ...; into = ...; }, ... )"),
                  "`%s` is a list of groups { }", option->name);
            continue;
        }
        struct recipe_draft read = {{0}, SPAN_NONE};
        reader_open(reader, NULL, "{");
        reader_section(reader, option->section, group, &read);
        reader_close(reader, i + 1 < count ? "}," : "}");
        check_recipe(reader, group, draft, &read);
        draft->route.recipes[draft->route.recipe_count++] = read.recipe;
    }
    reader_close(reader, ");");
}

/* --- what the options mean together --- */

static void check_topics(struct reader *reader, config_setting_t *group, const struct draft *draft) {
    const struct route *route = &draft->route;
    if (route->mode != ROUTE_OFF && route->dead_letter.data == NULL &&
        config_setting_get_member(group, "dead-letter") == NULL && !reader_meant(&section_route, "dead-letter", group))
        ERROR(group, PROBLEM_REQUIRED, "", SPAN("write dead-letter = \"TOPIC\";, or mode = \"off\""),
              "`dead-letter` is missing: what cannot be delivered must go somewhere");
    for (uint32_t i = 0; i < route->topic_count; i++)
        if (route->dead_letter.data != NULL && span_equal(route->topics[i], route->dead_letter))
            ERROR(group, PROBLEM_CONFLICT, "dead-letter", SPAN("name a topic of its own"),
                  "the route would read its own dead letters");
    const struct plan *plan = &reader->settings->plan;
    for (uint32_t i = 0; i < plan->route_count; i++)
        if (route->group.data != NULL && span_equal(plan->routes[i].group, route->group))
            ERROR(group, PROBLEM_CONFLICT, "group",
                  SPAN("give each route a group of its own: members of one group share its partitions"),
                  "the group is also that of route \"" SPAN_FORMAT "\"", SPAN_ARGUMENT(plan->routes[i].name));
}

/* The first, or SPAN_NONE. */
static struct span shared_topic(const struct route *one, const struct route *other) {
    for (uint32_t i = 0; i < one->topic_count; i++)
        for (uint32_t k = 0; k < other->topic_count; k++)
            if (span_equal(one->topics[i], other->topics[k]))
                return one->topics[i];
    return SPAN_NONE;
}

static bool same_platform(const struct plan *plan, uint32_t one, uint32_t other) {
    return one == other || span_equal(plan->platforms[one].base_url, plan->platforms[other].base_url);
}

static bool same_event_id(const struct template *one, const struct template *other) {
    return one == NULL || other == NULL ? one == other : span_equal(template_text(one), template_text(other));
}

/* Both requests of an event would carry the same Idempotency-Key: batches never have that of a single event. */
static bool shares_keys(const struct plan *plan, const struct route *one, const struct route *other) {
    return one->mode != ROUTE_OFF && other->mode != ROUTE_OFF && !span_equal(one->group, other->group) &&
           (one->mapping.bundle == BUNDLE_NONE) == (other->mapping.bundle == BUNDLE_NONE) &&
           same_platform(plan, one->mapping.platform, other->mapping.platform) &&
           same_event_id(one->mapping.event_id, other->mapping.event_id);
}

/* The first such route is named: one `event-id` of its own frees this one from all. */
static void check_keys(struct reader *reader, config_setting_t *group, const struct route *route) {
    const struct plan *plan = &reader->settings->plan;
    if (route->mapping.platform >= plan->platform_count || plan->platforms == NULL)
        return;
    for (uint32_t i = 0; i < plan->route_count; i++) {
        struct span topic = shared_topic(route, &plan->routes[i]);
        if (topic.data == NULL || !shares_keys(plan, route, &plan->routes[i]))
            continue;
        bool plain = route->decode.format == DECODE_JSON; /* nobody knows then which members it has */
        WARN(group, PROBLEM_RISK, route->mapping.event_id != NULL ? "deliver.event-id" : "deliver.platform",
             CURE(reader, "write an `event-id` that no other route has: deliver.event-id = \"" SPAN_FORMAT "/%s\"%s",
                  SPAN_ARGUMENT(route->name), plain ? "{$.MEMBER}" : "{$.source}/{$.id}",
                  plain ? ", by a member that tells the events apart" : ", or what else tells the events apart"),
             "route \"" SPAN_FORMAT "\" sends the events of " SPAN_FORMAT
             " to the same platform with the same Idempotency-Key: a platform that remembers it ignores one of the two",
             SPAN_ARGUMENT(plan->routes[i].name), SPAN_ARGUMENT(topic));
        return;
    }
}

static void check_format(struct reader *reader, config_setting_t *group, const struct draft *draft) {
    bool plain = draft->route.decode.format == DECODE_JSON;
    if (plain && draft->schema_of == 1)
        ERROR(group, PROBLEM_CONFLICT, "schema-of", SPAN("write schema-of = \"event\""),
              "plain JSON has no data apart from the event");
    if (plain && draft->route.mapping.body == BODY_DATA)
        ERROR(group, PROBLEM_CONFLICT, "deliver.body", SPAN("write body = \"event\""),
              "plain JSON has no data apart from the event");
    bool get = span_equal(draft->route.mapping.method, SPAN("GET"));
    if (get && draft->route.mapping.body != BODY_NONE)
        WARN(group, PROBLEM_RISK, "deliver.method", SPAN("write body = \"none\", or another method"),
             "many platforms ignore the body of a GET");
    if (config_setting_get_member(group, "schema") == NULL && draft->route.mode != ROUTE_OFF)
        WARN(group, PROBLEM_RISK, "", SPAN("write schema = \"FILE\"; with a file of DIR/schemas"),
             "no `schema`: events are delivered unchecked");
}

static void check_delivery(struct reader *reader, config_setting_t *group, const struct draft *draft) {
    const struct route *route = &draft->route;
    if (route->retry.first_ms > route->retry.max_ms)
        ERROR(group, PROBLEM_CONFLICT,
              config_setting_lookup(group, "retry.first") != NULL ? "retry.first" : "retry.max",
              SPAN("make `max` the longer one"), "retry: `first` is longer than `max`");
    if (route->after_letter != AFTER_CONTINUE && draft->order.kind == ORDER_NONE)
        ERROR(group, PROBLEM_CONFLICT, "after-dead-letter", SPAN("write \"continue\", or another deliver.order-by"),
              "with order-by = \"none\" no event has later ones of its key");
    uint32_t most = reader->settings->workers;
    if (draft->workers > most && most > 0)
        ERROR(group, PROBLEM_CONFLICT, "workers",
              CURE(reader, "write at most %u, or more `workers` in sluss.cfg", most),
              "`workers` is %u, but the process has %u", draft->workers, most);
    const struct plan *plan = &reader->settings->plan;
    if (route->mapping.platform >= plan->platform_count || plan->platforms == NULL)
        return;
    const struct platform_spec *platform = &plan->platforms[route->mapping.platform];
    for (size_t i = 0; i < draft->headers.count; i++)
        if (platform->auth.kind == AUTH_HEADER && span_equal_nocase(draft->headers.list[i].name, platform->auth.header))
            ERROR(group, PROBLEM_CONFLICT, "deliver.headers", SPAN("remove it"),
                  "the platform's `auth` sets the header " SPAN_FORMAT " already",
                  SPAN_ARGUMENT(platform->auth.header));
}

static void check_batch(struct reader *reader, config_setting_t *group, const struct draft *draft) {
    const struct route *route = &draft->route;
    if (route->mapping.bundle == BUNDLE_NONE)
        return;
    bool cloudevents = route->mapping.bundle == BUNDLE_CLOUDEVENTS;
    if (route->mapping.body == BODY_NONE)
        ERROR(group, PROBLEM_CONFLICT, "deliver.body", SPAN("write body = \"event\", or remove `batch`"),
              "a batch without bodies would be empty");
    if (cloudevents && route->mapping.body == BODY_DATA)
        ERROR(group, PROBLEM_CONFLICT, "deliver.body", SPAN("write body = \"event\", or batch.format = \"json-array\""),
              "a batch of CloudEvents contains whole events, not only their data");
    if (cloudevents && route->decode.format == DECODE_JSON)
        ERROR(group, PROBLEM_CONFLICT, "deliver.batch.format", SPAN("write format = \"json-array\" or \"ndjson\""),
              "the events are plain JSON, not CloudEvents");
    size_t workers = reader->settings->workers > 0 ? reader->settings->workers : 1;
    size_t most = reader->settings->limits.memory / workers / BATCHES_IN_MEMORY;
    if (most > 0 && route->batch.bytes > most)
        ERROR(group, PROBLEM_CONFLICT, "deliver.batch.bytes", SPAN("make it smaller, or limits.memory larger"),
              "a batch could take more than an eighth of what a worker has of limits.memory");
}

static uint32_t window_of(const struct route *route) {
    uint32_t window = route->batch.events * BATCHES_OF_WINDOW;
    return window < WINDOW ? WINDOW : window;
}

static uint32_t exposure_of(const struct route *route) {
    uint32_t exposure = route->batch.events * BATCHES_EXPOSED;
    return exposure < route->window ? route->window : exposure > MOST_EXPOSED ? MOST_EXPOSED : exposure;
}

/* Moves what the rows filled to where it belongs. */
static void complete(struct reader *reader, struct draft *draft) {
    struct route *route = &draft->route;
    route->name = reader->route;
    route->topics = draft->topics.list;
    route->topic_count = draft->topics.count;
    route->start.kind = draft->start.kind;
    route->start.wall_ms = draft->start.wall_ms;
    route->decode.limits = reader->settings->limits.json;
    route->decode.data_needed = draft->schema_of == 1 || route->mapping.body == BODY_DATA;
    route->mapping.headers = draft->headers.list;
    route->mapping.header_count = draft->headers.count;
    route->mapping.route = route->name;
    route->mapping.topics = route->topics;
    route->order = draft->order.kind;
    route->order_by = draft->order.query;
    route->gate.of_data = draft->schema_of == 1;
    route->window = window_of(route);
    route->exposure = exposure_of(route);
    route->workers = draft->workers;
}

/* Reads one route; adds it to the plan when it has no error. */
static void read_route(struct reader *reader, config_setting_t *group) {
    struct plan *plan = &reader->settings->plan;
    struct draft draft = {.route = {.mapping.platform = UINT32_MAX}};
    size_t errors = reader->problems->errors, normal = reader->normal.size;
    reader_open(reader, NULL, "{");
    reader_section(reader, &section_route, group, &draft);
    reader_close(reader, "},");
    complete(reader, &draft);
    check_topics(reader, group, &draft);
    check_format(reader, group, &draft);
    check_delivery(reader, group, &draft);
    check_keys(reader, group, &draft.route);
    check_batch(reader, group, &draft);
    if (draft.schema.data != NULL) {
        draft.route.gate.name = draft.schema;
        draft.route.gate.program = schemas_compile(reader, group, draft.schema);
    }
    if (errors == reader->problems->errors && !reader->failed && plan->routes != NULL) {
        plan->routes[plan->route_count++] = draft.route;
        return;
    }
    route_finish(&draft.route);
    reader->normal.size = normal;
}

/* --- where routes come from --- */

static bool is_route_name(struct span name) {
    bool good = name.size > 0 && name.size <= LONGEST_NAME && name.data[0] != '-';
    for (size_t i = 0; i < name.size; i++)
        good = good && (name.data[i] == '-' || (name.data[i] >= '0' && name.data[i] <= '9') ||
                        (name.data[i] >= 'a' && name.data[i] <= 'z'));
    return good;
}

static const char name_cure[] = "name it with up to 64 of a-z, 0-9 and '-', not beginning with '-'";

static bool has_route(const struct plan *plan, struct span name) {
    for (uint32_t i = 0; i < plan->route_count; i++)
        if (span_equal(plan->routes[i].name, name))
            return true;
    return false;
}

static void read_list(struct reader *reader, config_setting_t *list) {
    for (int i = 0; i < config_setting_length(list); i++) {
        config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
        config_setting_t *name = config_setting_is_group(group) ? config_setting_get_member(group, "name") : NULL;
        const char *text = name != NULL ? config_setting_get_string(name) : NULL;
        if (text == NULL || !is_route_name(span_of(text))) {
            ERROR(group, PROBLEM_NAME, "name", span_of(name_cure), "a route needs a valid name");
            continue;
        }
        if (has_route(&reader->settings->plan, span_of(text))) {
            ERROR(group, PROBLEM_DUPLICATE, "name", SPAN("remove one of them"), "this route is given twice");
            continue;
        }
        reader->route = reader_copy(reader, span_of(text));
        read_route(reader, group);
    }
}

static void read_route_file(struct reader *reader, struct span file, struct span name) {
    struct source source, *before = reader->source;
    if (!is_route_name(name)) {
        problems_add(reader->problems, SEVERITY_ERROR, PROBLEM_NAME, (struct spot){.file = file}, span_of(name_cure),
                     "the file's name is the route's name, and this is not a valid one");
        return;
    }
    int status = reader->problems->status;
    bool good = source_init(&source, file, SPAN_NONE, reader->problems);
    if (status == 0 && reader->problems->status != 0)
        reader->problems->status = 78; /* the configuration as a whole is there */
    if (good) {
        config_setting_t *root = config_root_setting(&source.tree);
        reader->source = &source;
        reader->route = reader_copy(reader, name);
        if (config_setting_get_member(root, "name") != NULL)
            ERROR(root, PROBLEM_CONFLICT, "name", SPAN("remove it, or rename the file"),
                  "the file's name is the route's name");
        else
            read_route(reader, root);
        reader->source = before;
    }
    source_finish(&source);
}

static int by_name(const struct dirent **one, const struct dirent **other) {
    return strcmp((*one)->d_name, (*other)->d_name);
}

static int is_route_file(const struct dirent *entry) {
    return entry->d_name[0] != '.' && span_ends_with(span_of(entry->d_name), SPAN(".cfg"));
}

/* What was surely meant to be a route; names such as NAME.cfg.off and NAME.bak are how routes are put aside. */
static int is_almost_route_file(const struct dirent *entry) {
    static const char *const endings[] = {".cfg", ".conf", ".config", ".txt"};
    struct span name = span_of(entry->d_name);
    bool almost = false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t size = strlen(endings[i]);
        almost =
            almost || (name.size > size && span_equal_nocase(span_from(name, name.size - size), span_of(endings[i])));
    }
    return almost && name.data[0] != '.' && !is_route_file(entry);
}

static void warn_of_almost(struct reader *reader, struct span folder) {
    struct dirent **entries = NULL;
    int count = folder.data == NULL ? 0 : scandir(folder.data, &entries, is_almost_route_file, by_name);
    if (count < 0)
        (void)reader_shortage(reader, errno);
    for (int i = 0; i < count; i++) {
        struct span file = CURE(reader, SPAN_FORMAT "/%s", SPAN_ARGUMENT(folder), entries[i]->d_name);
        problems_add(reader->problems, SEVERITY_WARNING, PROBLEM_RISK, (struct spot){.file = file},
                     SPAN("rename it to NAME.cfg, or remove it"), "this is not a route: its name does not end in .cfg");
        free(entries[i]);
    }
    free(entries);
}

/* The folder as the user named it, for messages. */
static struct span routes_folder(struct reader *reader) {
    struct span file = reader->settings->file;
    while (file.size > 0 && file.data[file.size - 1] != '/')
        file.size--;
    return arena_printf(reader->arena, SPAN_FORMAT "routes.d", SPAN_ARGUMENT(file));
}

/* What a normal form that is used as a configuration, or a test, has by itself; beside routes.d it is surely a mistake.
 */
static void warn_of_both(struct reader *reader, config_setting_t *root, struct span folder) {
    struct dirent **entries = NULL;
    int count = folder.data == NULL ? 0 : scandir(folder.data, &entries, is_route_file, by_name);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    if (count > 0)
        WARN(root, PROBLEM_RISK, "routes", SPAN("leave out `routes`, or routes.d"),
             "`routes` makes sluss.cfg complete by itself: %d route%s in " SPAN_FORMAT " %s not read", count,
             count == 1 ? "" : "s", SPAN_ARGUMENT(folder), count == 1 ? "is" : "are");
    else if (reader->settings->plan.route_count == 0 && reader->problems->errors == 0)
        WARN(root, PROBLEM_RISK, "routes", SPAN("write some, or leave it out and write routes.d/NAME.cfg"),
             "there are no routes");
}

/* Nobody knows then which routes there should be. */
static bool refuse_folder(struct reader *reader, struct span folder, int why) {
    bool first = reader->problems->errors == 0;
    problems_add(reader->problems, SEVERITY_ERROR, PROBLEM_FILE, (struct spot){.file = folder},
                 SPAN("make it a folder that the user that runs Sluss may read"), "%s", strerror(why));
    if (reader_shortage(reader, why))
        reader->problems->status = 71;
    else if (first && reader->denied)
        reader->problems->status = 77;
    reader->problems->denied += reader->denied ? 1 : 0;
    reader->denied = false;
    return false;
}

static bool read_folder(struct reader *reader) {
    struct plan *plan = &reader->settings->plan;
    struct span folder = routes_folder(reader);
    struct dirent **entries = NULL;
    int count = folder.data == NULL ? 0 : scandir(folder.data, &entries, is_route_file, by_name);
    int why = count < 0 ? errno : ENOENT;
    plan->routes = reader_take(reader, count > 0 ? (size_t)count : 1, sizeof *plan->routes);
    for (int i = 0; i < count; i++) {
        struct span name = span_of(entries[i]->d_name);
        struct span file =
            arena_printf(reader->arena, SPAN_FORMAT "/" SPAN_FORMAT, SPAN_ARGUMENT(folder), SPAN_ARGUMENT(name));
        name.size -= sizeof ".cfg" - 1;
        reader->failed = reader->failed || file.data == NULL;
        if (file.data != NULL)
            read_route_file(reader, file, name);
        free(entries[i]);
    }
    free(entries);
    if (why != ENOENT)
        return refuse_folder(reader, folder, why);
    warn_of_almost(reader, folder);
    if (count <= 0 && reader->problems->errors == 0)
        problems_add(reader->problems, SEVERITY_WARNING, PROBLEM_RISK, (struct spot){.file = folder},
                     SPAN("write routes.d/NAME.cfg; sluss.cfg(5) shows one"), "there are no routes");
    return true;
}

void routes_skip(struct reader *reader, const struct option *option, config_setting_t *setting, void *target) {
    (void)reader, (void)option, (void)setting, (void)target;
}

bool routes_read(struct reader *reader, config_setting_t *root) {
    bool good = true;
    struct plan *plan = &reader->settings->plan;
    config_setting_t *list = root != NULL ? config_setting_get_member(root, "routes") : NULL;
    reader_open(reader, "routes", "(");
    size_t start = reader->normal.size;
    if (list != NULL && config_setting_is_list(list)) {
        plan->routes = reader_take(reader, (size_t)config_setting_length(list) + 1, sizeof *plan->routes);
        read_list(reader, list);
        warn_of_both(reader, root, routes_folder(reader));
    } else {
        good = read_folder(reader);
    }
    if (reader->normal.size > start) { /* the last comma */
        reader->normal.size -= 2;
        buf_add_byte(&reader->normal, '\n');
    }
    reader_close(reader, ");");
    return good;
}
