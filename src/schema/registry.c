/* Documents by URI, and how a reference finds a schema in one. The walk that reads identifiers is in index.c. */
#include "schema/registry.h"

#include "schema/metaschema.h"
#include "schema/uri.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct json_limits schema_text_limits = {
    .size = 64 << 20, .depth = 512, .members = 1 << 20, .memory = 512 << 20};

struct schema_registry *schema_registry_create(const struct schema_options *options) {
    struct schema_registry *registry = calloc(1, sizeof *registry);
    if (registry == NULL)
        return NULL;
    if (options != NULL)
        registry->options = *options;
    if (registry->options.default_draft == 0)
        registry->options.default_draft = SCHEMA_DRAFT_2020_12;
    if (registry->options.program_memory == 0)
        registry->options.program_memory = 64 << 20;
    arena_init(&registry->arena, 0);
    table_init(&registry->uris, 1);
    table_init(&registry->inside, 2);
    table_init(&registry->anchors, 3);
    return registry;
}

void schema_registry_destroy(struct schema_registry *registry) {
    if (registry == NULL)
        return;
    table_finish(&registry->uris);
    table_finish(&registry->inside);
    table_finish(&registry->anchors);
    buf_finish(&registry->scratch);
    arena_finish(&registry->arena);
    free(registry);
}

static void set_place(struct schema_problem *problem, struct span source, size_t offset) {
    problem->line = problem->column = 1;
    for (size_t i = 0; i < offset && i < source.size; i++) {
        problem->column++;
        if (source.data[i] == '\n')
            problem->line++, problem->column = 1;
    }
}

static void set_pointer(struct schema_problem *problem, const struct schema_text *text, const struct json_node *node) {
    struct buf pointer = {0};
    registry_pointer(&text->json, text->json.node, node, false, &pointer);
    size_t room = sizeof problem->pointer - 1, size = pointer.size;
    if (size > room)
        (void)snprintf(problem->pointer, sizeof problem->pointer, "...%s", buf_text(&pointer) + size - (room - 3));
    else
        (void)snprintf(problem->pointer, sizeof problem->pointer, "%s", buf_text(&pointer));
    buf_finish(&pointer);
}

bool registry_problem(struct schema_problem *problem, const struct schema_text *text, const struct json_node *node,
                      const char *format, ...) {
    if (problem == NULL || problem->error.text[0] != '\0')
        return false;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->error.text, sizeof problem->error.text, format, arguments);
    va_end(arguments);
    if (text == NULL)
        return false;
    (void)snprintf(problem->file, sizeof problem->file, "%s", text->file);
    if (node != NULL) {
        set_place(problem, text->json.source, node->start);
        set_pointer(problem, text, node);
    }
    return false;
}

/* `reference` on `base`, without fragment, in normal form, in the scratch buffer. SPAN_NONE: no memory. */
static struct span absolute(struct schema_registry *registry, struct span base, struct span reference) {
    struct buf joined = {0};
    uri_resolve(base, reference, &joined);
    buf_clear(&registry->scratch);
    uri_normalise(uri_without_fragment(buf_span(&joined)), &registry->scratch);
    bool failed = joined.failed || registry->scratch.failed;
    buf_finish(&joined);
    return failed ? SPAN_NONE : buf_span(&registry->scratch);
}

static bool no_memory(struct schema_problem *problem) {
    return problem != NULL && error_memory(&problem->error);
}

/* The $id of a root before anything is known of its dialect: enough to be found by. */
static struct span root_id(const struct schema_registry *registry, const struct json_document *json) {
    const struct json_node *root = json->node;
    if (json_node_type(root) != NODE_OBJECT)
        return SPAN_NONE;
    enum schema_draft draft = registry->options.default_draft;
    const struct json_node *schema = json_member(json, root, SPAN("$schema"));
    if (schema != NULL && json_node_type(schema) == NODE_STRING)
        draft = dialect_draft(json_text(json, schema), draft);
    if (draft >= SCHEMA_DRAFT_4 && draft <= SCHEMA_DRAFT_7 && json_member(json, root, SPAN("$ref")) != NULL)
        return SPAN_NONE;
    const struct json_node *id = json_member(json, root, draft == SCHEMA_DRAFT_4 ? SPAN("id") : SPAN("$id"));
    return id != NULL && json_node_type(id) == NODE_STRING ? json_text(json, id) : SPAN_NONE;
}

static bool put_uri(struct schema_registry *registry, struct schema_text *text, struct span uri,
                    struct schema_problem *problem) {
    if (uri.data == NULL)
        return no_memory(problem);
    const struct schema_text *there = table_find(&registry->uris, uri);
    if (there != NULL && there != text)
        return registry_problem(problem, text, text->json.node,
                                "the URI %.*s is taken by %s: give each schema its own $id", SPAN_ARGUMENT(uri),
                                there->file[0] != '\0' ? there->file : "another document");
    return there == text || table_put(&registry->uris, uri, text) || no_memory(problem);
}

/* Reads the text and puts it under its URIs. */
static struct schema_text *add(struct schema_registry *registry, struct span uri, struct span bytes, const char *file,
                               struct schema_problem *problem) {
    struct schema_text *text = arena_take_zero(&registry->arena, 1, sizeof *text);
    struct span name = arena_copy(&registry->arena, span_of(file != NULL ? file : ""));
    struct span normal = absolute(registry, SPAN("schema:///"), uri);
    if (text == NULL || name.data == NULL || normal.data == NULL) {
        (void)no_memory(problem);
        return NULL;
    }
    text->file = name.data;
    text->uri = arena_copy(&registry->arena, normal);
    if (text->uri.data == NULL) {
        (void)no_memory(problem);
        return NULL;
    }
    struct json_problem why = {0};
    if (!json_read(&registry->arena, bytes, &schema_text_limits, &text->json, &why)) {
        if (why.fault == JSON_FAULT_MEMORY) {
            (void)no_memory(problem);
            return NULL;
        }
        (void)registry_problem(problem, text, NULL, "the schema is not JSON: %s", why.sentence);
        if (problem != NULL)
            problem->line = why.line, problem->column = why.column;
        return NULL;
    }
    if (!put_uri(registry, text, text->uri, problem))
        return NULL;
    struct span id = root_id(registry, &text->json);
    if (id.data != NULL && id.size > 0 && id.data[0] != '#' &&
        !put_uri(registry, text, absolute(registry, text->uri, id), problem)) {
        (void)table_remove(&registry->uris, text->uri);
        return NULL;
    }
    if (registry->last != NULL)
        registry->last->next = text;
    else
        registry->texts = text;
    registry->last = text;
    return text;
}

bool schema_registry_add(struct schema_registry *registry, struct span uri, struct span text, const char *file,
                         struct schema_problem *problem) {
    struct span copy = arena_copy(&registry->arena, text.data != NULL ? text : SPAN(""));
    if (copy.data == NULL)
        return no_memory(problem);
    return add(registry, uri, copy, file, problem) != NULL;
}

/* The standard's own documents come in when first asked for. */
static struct schema_text *find_text(struct schema_registry *registry, struct span uri,
                                     struct schema_problem *problem) {
    struct schema_text *text = table_find(&registry->uris, uri);
    for (size_t i = 0; text == NULL && i < metaschema_count; i++)
        if (span_equal(uri, metaschema_table[i].uri))
            text =
                add(registry, metaschema_table[i].uri, metaschema_table[i].text, metaschema_table[i].uri.data, problem);
    return text;
}

static struct resource *find_resource(struct schema_registry *registry, struct span uri,
                                      struct schema_problem *problem) {
    struct resource *resource = table_find(&registry->inside, uri);
    if (resource != NULL)
        return resource;
    struct schema_text *text = find_text(registry, uri, problem);
    return text != NULL && registry_index(registry, text, problem) ? text->first : NULL;
}

static const struct json_node *array_item(const struct json_document *json, const struct json_node *array,
                                          struct span token) {
    if (token.size == 0 || token.size > 9 || (token.size > 1 && token.data[0] == '0'))
        return NULL;
    uint32_t index = 0;
    for (size_t i = 0; i < token.size; i++) {
        if (token.data[i] < '0' || token.data[i] > '9')
            return NULL;
        index = index * 10 + (uint32_t)(token.data[i] - '0');
    }
    if (index >= json_count(array))
        return NULL;
    const struct json_node *item = json_first(array);
    while (index-- > 0)
        item = json_next(json, item);
    return item;
}

static const struct json_node *follow(const struct json_document *json, const struct json_node *node,
                                      struct span pointer, bool *failed) {
    struct buf token = {0};
    while (node != NULL && uri_pointer_next(&pointer, &token)) {
        if (json_node_type(node) == NODE_OBJECT)
            node = json_member(json, node, buf_span(&token));
        else if (json_node_type(node) == NODE_ARRAY)
            node = array_item(json, node, buf_span(&token));
        else
            node = NULL;
        *failed |= token.failed;
        buf_clear(&token);
    }
    buf_finish(&token);
    return pointer.size == 0 ? node : NULL;
}

static bool find_anchor(struct schema_registry *registry, struct resource *resource, struct span name,
                        struct target *target) {
    buf_clear(&registry->scratch);
    buf_add(&registry->scratch, resource->uri);
    buf_add_byte(&registry->scratch, '#');
    buf_add(&registry->scratch, name);
    const struct anchor *anchor = table_find(&registry->anchors, buf_span(&registry->scratch));
    if (anchor == NULL)
        return false;
    target->resource = anchor->resource;
    target->node = anchor->node;
    for (const struct anchor *one = resource->dynamic; one != NULL; one = one->next)
        if (span_equal(one->name, name))
            target->dynamic = one;
    return true;
}

/* The place that a fragment names in a resource. */
static bool find_fragment(struct schema_registry *registry, struct resource *resource, struct span fragment,
                          struct target *target, bool *failed) {
    *target = (struct target){.resource = resource, .node = resource->node};
    if (fragment.size == 0)
        return true;
    struct buf decoded = {0};
    bool found = uri_percent_decode(fragment, &decoded);
    if (found && fragment.data[0] == '/') {
        target->node = follow(&resource->text->json, resource->node, buf_span(&decoded), failed);
        found = target->node != NULL;
        if (found)
            target->resource = registry_resource(resource->text, target->node);
    } else if (found) {
        found = find_anchor(registry, resource, buf_span(&decoded), target);
    }
    *failed |= decoded.failed || registry->scratch.failed;
    buf_finish(&decoded);
    return found;
}

bool registry_find(struct schema_registry *registry, const struct resource *from, const struct json_node *node,
                   struct span reference, struct target *target, struct schema_problem *problem) {
    const struct schema_text *text = from != NULL ? from->text : NULL;
    struct resource *resource = NULL;
    if (from != NULL && (reference.size == 0 || reference.data[0] == '#')) {
        resource = registry_resource(from->text, from->node);
    } else {
        struct span uri = absolute(registry, from != NULL ? from->uri : SPAN("schema:///"), reference);
        struct span copy = arena_copy(&registry->arena, uri);
        if (copy.data == NULL)
            return no_memory(problem);
        resource = find_resource(registry, copy, problem);
        if (resource == NULL)
            return registry_problem(problem, text, node,
                                    "a reference to %.*s: no such document is registered (nothing is fetched from the "
                                    "network)",
                                    SPAN_ARGUMENT(copy));
    }
    bool failed = false;
    if (find_fragment(registry, resource, uri_fragment(reference), target, &failed))
        return !failed || no_memory(problem);
    if (failed)
        return no_memory(problem);
    return registry_problem(problem, text, node,
                            "a reference to %.*s: the document is there, but nothing in it has that "
                            "pointer or anchor",
                            SPAN_ARGUMENT(reference));
}

struct resource *registry_resource(const struct schema_text *text, const struct json_node *node) {
    uint32_t low = 0, high = text->resources; /* the last resource that begins at or before the node */
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (text->sorted[middle]->node <= node)
            low = middle;
        else
            high = middle;
    }
    struct resource *resource = text->sorted[low];
    while (resource->outside != NULL && node >= json_next(&text->json, resource->node))
        resource = resource->outside;
    return resource;
}

void registry_pointer(const struct json_document *json, const struct json_node *top, const struct json_node *node,
                      bool fragment, struct buf *out) {
    while (node > top && json_count(top) > 0) {
        bool object = json_node_type(top) == NODE_OBJECT;
        const struct json_node *child = json_first(top);
        for (uint32_t index = 0;; index++) {
            const struct json_node *value = object ? child + 1 : child;
            const struct json_node *next = json_next(json, value);
            if (node < next) {
                char digits[16];
                (void)snprintf(digits, sizeof digits, "%u", index);
                uri_pointer_add(out, object ? json_text(json, child) : span_of(digits), fragment);
                top = node == child ? node : value;
                break;
            }
            child = next;
        }
    }
}
