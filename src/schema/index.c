/* Reads the identifiers of a registered document: resources, anchors, dialects. It walks only where the dialect has
 * schemas, so that an "$id" in an enum or an unknown keyword is none. */
#include "schema/registry.h"
#include "schema/uri.h"

static bool no_memory(struct schema_problem *problem) {
    return problem != NULL && error_memory(&problem->error);
}

static const struct json_node *string_member(const struct json_document *json, const struct json_node *object,
                                             struct span name) {
    const struct json_node *value = json_member(json, object, name);
    return value != NULL && json_node_type(value) == NODE_STRING ? value : NULL;
}

/* `reference` on `base` in normal form, without fragment, in the arena. */
static struct span resolve(struct schema_registry *registry, struct span base, struct span reference) {
    struct buf joined = {0}, normal = {0};
    uri_resolve(base, reference, &joined);
    uri_normalise(uri_without_fragment(buf_span(&joined)), &normal);
    struct span copy = joined.failed || normal.failed ? SPAN_NONE : arena_copy(&registry->arena, buf_span(&normal));
    buf_finish(&joined);
    buf_finish(&normal);
    return copy;
}

/* The vocabularies of a metaschema that lists them. */
static bool read_vocabularies(const struct schema_text *text, const struct json_node *list, struct dialect *dialect,
                              struct schema_problem *problem) {
    const struct json_document *json = &text->json;
    dialect->vocabularies = VOCABULARY_CORE;
    if (json_node_type(list) != NODE_OBJECT)
        return registry_problem(problem, text, list, "$vocabulary must be an object of booleans");
    const struct json_node *key = json_first(list);
    for (uint32_t i = 0; i < json_count(list); i++, key = json_next(json, key + 1)) {
        struct span uri = json_text(json, key);
        bool required = json_node_type(key + 1) == NODE_TRUE;
        unsigned bits = dialect_vocabulary(uri);
        if (bits == 0 && required)
            return registry_problem(problem, text, key,
                                    "the vocabulary %.*s is required, and Sluss does not know it: no schema of this "
                                    "metaschema can be compiled",
                                    SPAN_ARGUMENT(uri));
        dialect->vocabularies |= bits;
        if (dialect->draft == SCHEMA_DRAFT_2019_09 && required && bits == VOCABULARY_FORMAT)
            dialect->vocabularies |= VOCABULARY_ASSERTION;
    }
    return true;
}

static struct schema_text *find_metaschema(struct schema_registry *registry, const struct schema_text *text,
                                           const struct json_node *node, struct span uri, const struct json_node **root,
                                           struct schema_problem *problem) {
    struct span normal = resolve(registry, SPAN("schema:///"), uri);
    struct schema_text *meta = normal.data != NULL ? table_find(&registry->uris, normal) : NULL;
    struct resource *inside = meta == NULL && normal.data != NULL ? table_find(&registry->inside, normal) : NULL;
    if (normal.data == NULL) {
        (void)no_memory(problem);
        return NULL;
    }
    if (meta == NULL && inside == NULL) {
        (void)registry_problem(problem, text, node,
                               "$schema names %.*s: no such metaschema is registered, and it is none of the "
                               "standard's (drafts 4, 6, 7, 2019-09, 2020-12)",
                               SPAN_ARGUMENT(uri));
        return NULL;
    }
    if (inside != NULL) {
        *root = inside->node;
        for (meta = registry->texts; meta != inside->text;)
            meta = meta->next;
    } else {
        *root = meta->json.node;
    }
    return meta;
}

bool registry_dialect(struct schema_registry *registry, struct schema_text *text, const struct json_node *schema,
                      struct dialect *dialect, struct schema_problem *problem) {
    const struct json_node *name =
        json_node_type(schema) == NODE_OBJECT ? string_member(&text->json, schema, SPAN("$schema")) : NULL;
    enum schema_draft fallback = registry->options.default_draft;
    *dialect = (struct dialect){fallback, VOCABULARY_ALL};
    if (name == NULL)
        return true;
    struct span uri = json_text(&text->json, name);
    dialect->draft = dialect_draft(uri, fallback);
    if (dialect->draft != 0)
        return true;
    const struct json_node *root;
    struct schema_text *meta = find_metaschema(registry, text, name, uri, &root, problem);
    if (meta == NULL)
        return false;
    if (meta->busy)
        return registry_problem(problem, text, name, "$schema names %.*s, which leads to no draft of the standard",
                                SPAN_ARGUMENT(uri));
    meta->busy = true;
    bool found = registry_dialect(registry, meta, root, dialect, problem);
    meta->busy = false;
    if (!found)
        return false;
    const struct json_node *list = json_member(&meta->json, root, SPAN("$vocabulary"));
    if (list == NULL || dialect->draft < SCHEMA_DRAFT_2019_09)
        return true;
    return read_vocabularies(meta, list, dialect, problem);
}

static struct resource *add_resource(struct schema_registry *registry, struct schema_text *text,
                                     const struct json_node *node, struct span uri, struct resource *outside,
                                     const struct dialect *dialect) {
    struct resource *resource = arena_take_zero(&registry->arena, 1, sizeof *resource);
    if (resource == NULL || uri.data == NULL)
        return NULL;
    *resource = (struct resource){.uri = uri,
                                  .text = text,
                                  .node = node,
                                  .dialect = *dialect,
                                  .index = registry->resources++,
                                  .outside = outside};
    if (text->last != NULL)
        text->last->next = resource;
    else
        text->first = resource;
    text->last = resource;
    text->resources++;
    if (table_find(&registry->inside, uri) == NULL && !table_put(&registry->inside, uri, resource))
        return NULL;
    return resource;
}

static bool add_anchor(struct schema_registry *registry, struct resource *resource, const struct json_node *node,
                       const struct json_node *name, struct span text, bool dynamic, struct schema_problem *problem) {
    struct anchor *anchor = arena_take_zero(&registry->arena, 1, sizeof *anchor);
    buf_clear(&registry->scratch);
    buf_add(&registry->scratch, resource->uri);
    buf_add_byte(&registry->scratch, '#');
    buf_add(&registry->scratch, text);
    if (anchor == NULL || registry->scratch.failed)
        return no_memory(problem);
    *anchor = (struct anchor){.name = text, .resource = resource, .node = node};
    if (dynamic) {
        anchor->next = resource->dynamic;
        resource->dynamic = anchor;
    }
    const struct anchor *there = table_find(&registry->anchors, buf_span(&registry->scratch));
    if (there != NULL && there->node != node)
        return registry_problem(problem, resource->text, name, "the anchor \"%.*s\" is there twice in %.*s",
                                SPAN_ARGUMENT(text), SPAN_ARGUMENT(resource->uri));
    return table_put(&registry->anchors, buf_span(&registry->scratch), anchor) || no_memory(problem);
}

/* Anchors that stand in a schema of `resource`. */
static bool read_anchors(struct schema_registry *registry, struct resource *resource, const struct json_node *schema,
                         const struct json_node *id, struct schema_problem *problem) {
    const struct json_document *json = &resource->text->json;
    enum schema_draft draft = resource->dialect.draft;
    if (draft <= SCHEMA_DRAFT_7) {
        struct span fragment = id != NULL ? uri_fragment(json_text(json, id)) : SPAN_NONE;
        return fragment.size == 0 || fragment.data[0] == '/' ||
               add_anchor(registry, resource, schema, id, fragment, false, problem);
    }
    const struct json_node *anchor = string_member(json, schema, SPAN("$anchor"));
    if (anchor != NULL && !add_anchor(registry, resource, schema, anchor, json_text(json, anchor), false, problem))
        return false;
    if (draft == SCHEMA_DRAFT_2019_09) {
        const struct json_node *recursive = json_member(json, schema, SPAN("$recursiveAnchor"));
        if (recursive != NULL && json_node_type(recursive) == NODE_TRUE && schema == resource->node)
            resource->recursive = true;
        return true;
    }
    anchor = string_member(json, schema, SPAN("$dynamicAnchor"));
    return anchor == NULL || add_anchor(registry, resource, schema, anchor, json_text(json, anchor), true, problem);
}

static bool walk(struct schema_registry *registry, struct schema_text *text, struct resource *resource,
                 const struct json_node *schema, struct schema_problem *problem);

static bool walk_value(struct schema_registry *registry, struct schema_text *text, struct resource *resource,
                       enum keyword_shape shape, const struct json_node *value, struct schema_problem *problem) {
    bool list = json_node_type(value) == NODE_ARRAY && (shape == SHAPE_LIST || shape == SHAPE_SCHEMA_OR_LIST);
    bool map = json_node_type(value) == NODE_OBJECT && (shape == SHAPE_MAP || shape == SHAPE_DEPENDENCIES);
    if (!list && !map)
        return (shape != SHAPE_SCHEMA && shape != SHAPE_SCHEMA_OR_LIST) ||
               walk(registry, text, resource, value, problem);
    const struct json_node *child = json_first(value);
    for (uint32_t i = 0; i < json_count(value); i++) {
        if (map)
            child++;
        if (!walk(registry, text, resource, child, problem))
            return false;
        child = json_next(&text->json, child);
    }
    return true;
}

static const struct json_node *schema_id(const struct json_document *json, const struct json_node *schema,
                                         const struct dialect *dialect) {
    if (dialect->draft <= SCHEMA_DRAFT_7 && json_member(json, schema, SPAN("$ref")) != NULL)
        return NULL;
    return string_member(json, schema, dialect->draft == SCHEMA_DRAFT_4 ? SPAN("id") : SPAN("$id"));
}

/* Every resource but a root begins here: an $id that is more than a fragment. */
static struct resource *enter(struct schema_registry *registry, struct schema_text *text, struct resource *outside,
                              const struct json_node *schema, struct schema_problem *problem) {
    const struct json_document *json = &text->json;
    struct dialect dialect = outside->dialect;
    if (json_member(json, schema, SPAN("$schema")) != NULL) {
        struct dialect own;
        if (!registry_dialect(registry, text, schema, &own, problem))
            return NULL;
        if (schema_id(json, schema, &own) != NULL)
            dialect = own;
    }
    const struct json_node *id = schema_id(json, schema, &dialect);
    struct span reference = id != NULL ? json_text(json, id) : SPAN_NONE;
    if (id == NULL || reference.size == 0 || reference.data[0] == '#')
        return outside;
    struct span uri = resolve(registry, outside->uri, reference);
    struct resource *resource = add_resource(registry, text, schema, uri, outside, &dialect);
    if (resource == NULL)
        (void)no_memory(problem);
    return resource;
}

static bool walk(struct schema_registry *registry, struct schema_text *text, struct resource *resource,
                 const struct json_node *schema, struct schema_problem *problem) {
    if (json_node_type(schema) != NODE_OBJECT)
        return true;
    const struct json_document *json = &text->json;
    if (schema != resource->node) {
        resource = enter(registry, text, resource, schema, problem);
        if (resource == NULL)
            return false;
    }
    if (!read_anchors(registry, resource, schema, schema_id(json, schema, &resource->dialect), problem))
        return false;
    const struct json_node *key = json_first(schema);
    for (uint32_t i = 0; i < json_count(schema); i++, key = json_next(json, key + 1)) {
        if (json_node_type(key + 1) != NODE_OBJECT && json_node_type(key + 1) != NODE_ARRAY)
            continue;
        const struct keyword_row *row = dialect_keyword(&resource->dialect, json_text(json, key));
        if (row != NULL && row->shape != SHAPE_VALUE &&
            !walk_value(registry, text, resource, (enum keyword_shape)row->shape, key + 1, problem))
            return false;
    }
    return true;
}

static bool sort_resources(struct schema_registry *registry, struct schema_text *text) {
    text->sorted = arena_take(&registry->arena, text->resources * sizeof(struct resource *));
    uint32_t count = 0;
    for (struct resource *one = text->first; text->sorted != NULL && one != NULL; one = one->next)
        text->sorted[count++] = one; /* the walk goes in source order */
    return text->sorted != NULL;
}

bool registry_index(struct schema_registry *registry, struct schema_text *text, struct schema_problem *problem) {
    if (text->indexed)
        return true;
    const struct json_document *json = &text->json;
    const struct json_node *root = json->node;
    struct dialect dialect;
    if (!registry_dialect(registry, text, root, &dialect, problem))
        return false;
    struct span uri = text->uri;
    const struct json_node *id = json_node_type(root) == NODE_OBJECT ? schema_id(json, root, &dialect) : NULL;
    if (id != NULL && json_text(json, id).size > 0 && json_text(json, id).data[0] != '#')
        uri = resolve(registry, text->uri, json_text(json, id));
    text->first = text->last = NULL;
    text->resources = 0;
    struct resource *resource = add_resource(registry, text, root, uri, NULL, &dialect);
    if (resource == NULL ||
        (table_find(&registry->inside, text->uri) == NULL && !table_put(&registry->inside, text->uri, resource)))
        return no_memory(problem);
    bool walked = walk(registry, text, resource, root, problem);
    if (!sort_resources(registry, text))
        return no_memory(problem);
    text->indexed = walked;
    return walked;
}
