/* Reads schemas into subschemas: the worklist, what is reached by references, the order of keywords. It decides nothing
 * about speed. */
#include "schema/keyword.h"

#include <stdlib.h>

static uint32_t slot_of(const struct subschemas *all, const struct json_node *node) {
    uint64_t word = (uint64_t)(uintptr_t)node * 0x9e3779b97f4a7c15;
    uint32_t at = (uint32_t)(word >> 32) & (all->capacity - 1);
    while (all->slots[at] != NULL && all->slots[at]->node != node)
        at = (at + 1) & (all->capacity - 1);
    return at;
}

struct subschema *subschemas_find(const struct subschemas *all, const struct json_node *node) {
    return all->capacity == 0 ? NULL : all->slots[slot_of(all, node)];
}

static bool grow(struct subschemas *all) {
    uint32_t capacity = all->capacity == 0 ? 64 : all->capacity * 2;
    struct subschema **slots = calloc(capacity, sizeof(struct subschema *));
    if (slots == NULL)
        return false;
    free(all->slots);
    all->slots = slots;
    all->capacity = capacity;
    for (struct subschema *one = all->first; one != NULL; one = one->next)
        slots[slot_of(all, one->node)] = one;
    return true;
}

struct subschema *subschema_at(const struct reader *reader, struct resource *resource, const struct json_node *node) {
    struct subschemas *all = reader->all;
    if ((all->count + 1) * 2 > all->capacity && !grow(all)) {
        (void)keyword_no_memory(reader);
        return NULL;
    }
    uint32_t at = slot_of(all, node);
    if (all->slots[at] != NULL)
        return all->slots[at];
    struct subschema *schema = arena_take_zero(all->arena, 1, sizeof *schema);
    if (schema == NULL) {
        (void)(all->arena->full ? registry_problem(reader->problem, resource->text, node,
                                                   "the compiled schema grows past the memory it may take")
                                : keyword_no_memory(reader));
        return NULL;
    }
    *schema = (struct subschema){.resource = resource, .node = node, .index = all->count++};
    if (all->last != NULL)
        all->last->next = schema;
    else
        all->first = schema;
    all->last = schema;
    all->slots[at] = schema;
    return schema;
}

struct subschema *subschema_below(const struct reader *reader, const struct json_node *node) {
    return subschema_at(reader, registry_resource(reader->text, node), node);
}

const struct anchor *resource_dynamic(const struct resource *resource, struct span name) {
    for (const struct anchor *one = resource->dynamic; one != NULL; one = one->next)
        if (span_equal(one->name, name))
            return one;
    return NULL;
}

static int by_code(const void *one, const void *other) {
    const struct keyword *a = one, *b = other;
    return a->code != b->code ? (a->code < b->code ? -1 : 1) : (a->key < b->key ? -1 : a->key > b->key);
}

static bool read_members(const struct reader *reader) {
    struct subschema *schema = reader->schema;
    const struct dialect *dialect = &schema->resource->dialect;
    bool alone = dialect->draft <= SCHEMA_DRAFT_7 && json_member(reader->json, schema->node, SPAN("$ref")) != NULL;
    uint32_t count = alone ? 1 : json_count(schema->node);
    schema->keyword = arena_take_zero(reader->all->arena, count, sizeof(struct keyword));
    if (schema->keyword == NULL)
        return keyword_no_memory(reader);
    const struct json_node *key = json_first(schema->node);
    for (uint32_t i = 0; i < json_count(schema->node); i++, key = json_next(reader->json, key + 1)) {
        struct span name = json_text(reader->json, key);
        if (alone && !span_equal(name, SPAN("$ref")))
            continue;
        const struct keyword_row *row = dialect_keyword(dialect, name);
        struct keyword *keyword = &schema->keyword[schema->count];
        *keyword = (struct keyword){
            .code = row != NULL ? (enum keyword_code)row->code : KEYWORD_ANNOTATION, .key = key, .value = key + 1};
        if (!keyword_read(reader, keyword))
            return false;
        schema->count += keyword->code != KEYWORD_SILENT;
    }
    qsort(schema->keyword, schema->count, sizeof(struct keyword), by_code);
    return true;
}

static bool read_one(struct reader *reader) {
    const struct json_node *node = reader->schema->node;
    if (json_node_type(node) == NODE_OBJECT)
        return read_members(reader);
    if (json_node_type(node) != NODE_TRUE && json_node_type(node) != NODE_FALSE)
        return registry_problem(reader->problem, reader->text, node, "a schema must be an object or a boolean");
    if (reader->schema->resource->dialect.draft == SCHEMA_DRAFT_4 && !reader->schema->may_be_boolean)
        return registry_problem(reader->problem, reader->text, node,
                                "a schema of draft 4 must be an object: write %s, or name a later draft in $schema",
                                json_node_type(node) == NODE_TRUE ? "{}" : "{\"not\": {}}");
    reader->schema->form = json_node_type(node) == NODE_TRUE ? SUBSCHEMA_TRUE : SUBSCHEMA_FALSE;
    return true;
}

/* A dynamic reference may lead to the anchor of that name in every resource met on the way: they are read as well. */
static bool read_dynamic(struct reader *reader, const struct subschema *user) {
    for (uint32_t i = 0; i < user->count; i++) {
        const struct keyword *keyword = &user->keyword[i];
        bool named = keyword->code == KEYWORD_DYNAMIC_REF && keyword->is.to.dynamic != NULL;
        bool recursive = keyword->code == KEYWORD_RECURSIVE_REF && keyword->is.to.recursive;
        if (!named && !recursive)
            continue;
        for (struct subschema *one = reader->all->first; one != NULL; one = one->next) {
            const struct anchor *anchor = named ? resource_dynamic(one->resource, keyword->is.to.dynamic->name) : NULL;
            if (anchor != NULL && subschema_at(reader, anchor->resource, anchor->node) == NULL)
                return false;
            if (recursive && one->resource->recursive &&
                subschema_at(reader, one->resource, one->resource->node) == NULL)
                return false;
        }
    }
    return true;
}

static bool read_all(struct reader *reader) {
    struct subschema *one = reader->all->first;
    while (one != NULL) {
        reader->schema = one;
        reader->text = one->resource->text;
        reader->json = &reader->text->json;
        if (!read_one(reader))
            return false;
        for (struct subschema *user = one->next == NULL ? reader->all->first : NULL; user != NULL; user = user->next)
            if (!read_dynamic(reader, user))
                return false;
        one = one->next;
    }
    return true;
}

bool subschemas_read(struct subschemas *all, const struct target *target, struct subschema **root,
                     struct schema_problem *problem) {
    struct reader reader = {.all = all, .problem = problem};
    table_init(&all->patterns, 0);
    *root = subschema_at(&reader, target->resource, target->node);
    bool read = read_all(&reader);
    table_finish(&all->patterns);
    return read && *root != NULL;
}

void subschemas_finish(struct subschemas *all) {
    for (uint32_t i = 0; i < all->regexes; i++)
        regex_destroy(all->regex[i]);
    free(all->regex);
    free(all->slots);
    all->regex = NULL;
    all->slots = NULL;
    all->regexes = 0;
}

const struct keyword *subschema_keyword(const struct subschema *subschema, enum keyword_code code) {
    for (uint32_t i = 0; i < subschema->count; i++)
        if (subschema->keyword[i].code == code)
            return &subschema->keyword[i];
    return NULL;
}
