/* From subschemas to runs of ops. Each schema is specialised by the kind of value, by what the dynamic names mean on
 * the way, and by whether somebody wants to know what it evaluated: so most keywords vanish before anything runs. */
#include "schema/assembler.h"

enum { MOST_DEPTH = 600, MOST_BINDINGS = 4096 };
enum { STATE_NEW, STATE_BUSY, STATE_DONE };

/* --- memory and ways out --- */

_Noreturn static void no_memory(struct assembler *assembler) {
    const struct subschema *root = assembler->program->root;
    bool full = assembler->program->arena.full || assembler->scratch.full;
    (void)(full ? registry_problem(assembler->problem, root->resource->text, root->node,
                                   "the compiled schema needs more memory than it may take")
                : error_memory(&assembler->problem->error));
    longjmp(assembler->out, 1);
}

void *assembler_keep(struct assembler *assembler, size_t size) {
    void *memory = arena_take_zero(&assembler->program->arena, 1, size);
    if (memory == NULL)
        no_memory(assembler);
    return memory;
}

void *assembler_take(struct assembler *assembler, size_t size) {
    void *memory = arena_take_zero(&assembler->scratch, 1, size);
    if (memory == NULL)
        no_memory(assembler);
    return memory;
}

struct branches *assembler_branches(struct assembler *assembler, uint32_t count) {
    struct branches *branches = assembler_keep(assembler, sizeof *branches + count * sizeof(const struct op *));
    branches->count = count;
    return branches;
}

_Noreturn void assembler_refuse(struct assembler *assembler, const struct subschema *schema, const char *why) {
    (void)registry_problem(assembler->problem, schema->resource->text, schema->node, "%s", why);
    longjmp(assembler->out, 1);
}

/* --- dynamic names --- */

static bool same_name(struct span one, struct span other) {
    if (one.data == NULL || other.data == NULL)
        return one.data == other.data;
    return span_equal(one, other);
}

static void find_names(struct assembler *assembler) {
    const struct subschemas *all = &assembler->program->all;
    uint32_t room = 0;
    for (const struct subschema *schema = all->first; schema != NULL; schema = schema->next)
        for (uint32_t i = 0; i < schema->count; i++) {
            const struct keyword *keyword = &schema->keyword[i];
            bool recursive = keyword->code == KEYWORD_RECURSIVE_REF && keyword->is.to.recursive;
            if (!recursive && (keyword->code != KEYWORD_DYNAMIC_REF || keyword->is.to.dynamic == NULL))
                continue;
            struct span name = recursive ? SPAN_NONE : keyword->is.to.dynamic->name;
            uint32_t at = 0;
            while (at < assembler->name_count && !same_name(assembler->names[at], name))
                at++;
            if (at < assembler->name_count)
                continue;
            if (at == room) {
                struct span *more = assembler_take(assembler, (room = room * 2 + 4) * sizeof *more);
                if (at > 0)
                    memcpy(more, assembler->names, at * sizeof *more);
                assembler->names = more;
            }
            assembler->names[assembler->name_count++] = name;
        }
}

static const struct subschema *bound_by(const struct assembler *assembler, const struct resource *resource,
                                        struct span name) {
    if (name.data == NULL)
        return resource->recursive ? subschemas_find(&assembler->program->all, resource->node) : NULL;
    const struct anchor *anchor = resource_dynamic(resource, name);
    return anchor != NULL ? subschemas_find(&assembler->program->all, anchor->node) : NULL;
}

/* The bindings once `resource` is entered: what is bound stays, as the outermost counts. */
static const struct bindings *enter(struct assembler *assembler, const struct bindings *bindings,
                                    const struct resource *resource) {
    if (assembler->name_count == 0)
        return bindings;
    size_t size = assembler->name_count * sizeof(const struct subschema *);
    const struct subschema **target = assembler_take(assembler, size);
    for (uint32_t i = 0; i < assembler->name_count; i++) {
        target[i] = bindings != NULL ? bindings->target[i] : NULL;
        if (target[i] == NULL)
            target[i] = bound_by(assembler, resource, assembler->names[i]);
    }
    size_t count = 0;
    for (const struct bindings *one = assembler->bindings; one != NULL; one = one->next, count++)
        if (memcmp(one->target, target, size) == 0)
            return one;
    if (count == MOST_BINDINGS)
        assembler_refuse(assembler, assembler->program->root, "too many ways through its dynamic references");
    struct bindings *made = assembler_take(assembler, sizeof *made);
    *made = (struct bindings){.next = assembler->bindings, .target = target};
    assembler->bindings = made;
    return made;
}

/* --- specs and nodes --- */

struct spec *assembler_spec(struct assembler *assembler, const struct subschema *schema,
                            const struct bindings *bindings, bool track) {
    bindings = enter(assembler, bindings, schema->resource);
    struct spec **slot = &assembler->slots[(size_t)schema->index * 2 + track];
    for (struct spec *one = *slot; one != NULL; one = one->next)
        if (one->schema == schema && one->bindings == bindings && one->track == track)
            return one;
    struct spec *spec = assembler_take(assembler, sizeof *spec);
    *spec = (struct spec){.schema = schema, .bindings = bindings, .track = track, .next = *slot};
    *slot = spec;
    return spec;
}

const struct node *assembler_node(struct assembler *assembler, struct spec *spec) {
    if (spec->node == NULL) {
        spec->node = assembler_keep(assembler, sizeof *spec->node);
        if (assembler->last != NULL)
            assembler->last->later = spec;
        else
            assembler->first = spec;
        assembler->last = spec;
    }
    return spec->node;
}

/* The node of a schema below this one; NULL for one that says yes to everything. */
static const struct node *node_below(struct assembler *assembler, const struct spec *spec,
                                     const struct subschema *schema) {
    if (schema->form == SUBSCHEMA_TRUE || (schema->form == SUBSCHEMA_OBJECT && schema->count == 0))
        return NULL;
    return assembler_node(assembler, assembler_spec(assembler, schema, spec->bindings, false));
}

static struct run *run_in_place(struct assembler *assembler, const struct spec *spec, const struct subschema *schema,
                                bool track, enum kind kind) {
    return assembler_run(assembler, assembler_spec(assembler, schema, spec->bindings, track), kind);
}

/* --- keywords that run other schemas --- */

static const struct subschema *target_of(const struct assembler *assembler, const struct spec *spec,
                                         const struct keyword *keyword) {
    bool dynamic = keyword->code == KEYWORD_DYNAMIC_REF && keyword->is.to.dynamic != NULL;
    bool recursive = keyword->code == KEYWORD_RECURSIVE_REF && keyword->is.to.recursive;
    struct span name = dynamic ? keyword->is.to.dynamic->name : SPAN_NONE;
    for (uint32_t i = 0; (dynamic || recursive) && i < assembler->name_count; i++)
        if (same_name(assembler->names[i], name) && spec->bindings->target[i] != NULL)
            return spec->bindings->target[i];
    return keyword->is.to.schema;
}

static void emit_list(struct assembler *assembler, struct run *run, const struct spec *spec,
                      const struct keyword *keyword, enum kind kind) {
    uint32_t count = keyword->is.children.count;
    struct run **branch = assembler_take(assembler, (count + 1) * sizeof(struct run *));
    for (uint32_t i = 0; i < count; i++) {
        branch[i] = run_in_place(assembler, spec, keyword->is.children.list[i].schema, spec->track, kind);
        if (keyword->code == KEYWORD_ALL_OF)
            run_append(assembler, run, branch[i]);
    }
    if (keyword->code != KEYWORD_ALL_OF)
        choice_emit(assembler, run, keyword->code == KEYWORD_ANY_OF ? OP_ANY : OP_ONE, branch, count, kind,
                    spec->track);
}

static void emit_not(struct assembler *assembler, struct run *run, const struct spec *spec,
                     const struct keyword *keyword, enum kind kind) {
    struct run *inner = run_in_place(assembler, spec, keyword->is.to.schema, false, kind);
    if (inner->fails)
        return;
    if (inner->count == 0)
        run_fail(run);
    else
        run_add(assembler, run, OP_NOT, 4)->op.one.run = run_lay(assembler, inner);
}

static void emit_if(struct assembler *assembler, struct run *run, const struct spec *spec,
                    const struct keyword *keyword, enum kind kind) {
    struct run none = {0};
    struct run *condition = run_in_place(assembler, spec, keyword->is.to.schema, spec->track, kind);
    const struct keyword *words[2] = {subschema_keyword(spec->schema, KEYWORD_THEN),
                                      subschema_keyword(spec->schema, KEYWORD_ELSE)};
    struct run *ways[2] = {&none, &none};
    for (size_t i = 0; i < 2; i++)
        if (words[i] != NULL)
            ways[i] = run_in_place(assembler, spec, words[i]->is.to.schema, spec->track, kind);
    if (condition->fails) {
        run_append(assembler, run, ways[1]);
    } else if (condition->count == 0) {
        run_append(assembler, run, ways[0]);
    } else if (ways[0]->count + ways[1]->count > 0 || ways[0]->fails || ways[1]->fails || spec->track) {
        struct choice *choice = assembler_keep(assembler, sizeof *choice);
        struct branches *all = assembler_branches(assembler, 3);
        all->branch[0] = run_lay(assembler, condition);
        all->branch[1] = run_lay(assembler, ways[0]);
        all->branch[2] = run_lay(assembler, ways[1]);
        choice->all = all;
        struct proto *proto = run_add(assembler, run, OP_IF, 4);
        proto->op.one.choice = choice;
        proto->op.flags = spec->track ? OP_TRACK : 0;
    }
}

static void emit_items(struct assembler *assembler, struct run *run, const struct spec *spec) {
    const struct keyword *prefix = subschema_keyword(spec->schema, KEYWORD_PREFIX_ITEMS);
    const struct keyword *rest = subschema_keyword(spec->schema, KEYWORD_ITEMS);
    uint32_t count = prefix != NULL ? prefix->is.children.count : 0;
    struct items *items = assembler_keep(assembler, sizeof *items + count * sizeof(const struct node *));
    items->count = count;
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        items->first[i] = node_below(assembler, spec, prefix->is.children.list[i].schema);
        any |= items->first[i] != NULL;
    }
    if (rest != NULL)
        items->rest = node_below(assembler, spec, rest->is.to.schema);
    items->marks_first = spec->track && count > 0;
    items->marks_rest = spec->track && rest != NULL;
    if (any || items->rest != NULL || spec->track) {
        struct proto *proto = run_add(assembler, run, OP_ITEMS, 3);
        proto->op.one.items = items;
        proto->op.flags = spec->track ? OP_TRACK : 0;
    }
}

static void emit_contains(struct assembler *assembler, struct run *run, const struct spec *spec,
                          const struct keyword *keyword) {
    const struct keyword *least = subschema_keyword(spec->schema, KEYWORD_MIN_CONTAINS);
    const struct keyword *most = subschema_keyword(spec->schema, KEYWORD_MAX_CONTAINS);
    bool track = spec->track && spec->schema->resource->dialect.draft == SCHEMA_DRAFT_2020_12;
    struct proto *proto = run_add(assembler, run, OP_CONTAINS, 3);
    proto->op.one.node =
        assembler_node(assembler, assembler_spec(assembler, keyword->is.to.schema, spec->bindings, false));
    proto->op.arg = least != NULL ? least->is.count : 1;
    proto->op.two.high = most != NULL ? most->is.count : INT64_MAX;
    proto->op.flags = track ? OP_TRACK : 0;
}

static void emit_dependencies(struct assembler *assembler, struct run *run, const struct spec *spec,
                              const struct keyword *keyword) {
    const struct json_document *json = &spec->schema->resource->text->json;
    for (uint32_t i = 0; i < keyword->is.children.count; i++) {
        const struct child *child = &keyword->is.children.list[i];
        struct run *inner = assembler_take(assembler, sizeof *inner);
        if (child->schema != NULL) {
            inner = run_in_place(assembler, spec, child->schema, spec->track, KIND_OBJECT);
        } else if (json_count(child->names) > 0) {
            struct group *group = assembler_take(assembler, sizeof *group);
            const struct json_node *name = json_first(child->names);
            for (uint32_t n = 0; n < json_count(child->names); n++, name = json_next(json, name))
                group_add(assembler, group, json_text(json, name), NULL, SLOT_REQUIRED);
            run_add(assembler, inner, OP_MEMBERS, 2)->group = group;
        }
        if (inner->count == 0 && !inner->fails)
            continue;
        struct member *member = assembler_keep(assembler, sizeof *member);
        struct span name = json_text(json, child->key);
        member->name = (struct text){name.data, (uint32_t)name.size, json_hash(name)};
        member->run = run_lay(assembler, inner);
        run_add(assembler, run, OP_IF_MEMBER, 2)->op.one.member = member;
    }
}

static void emit_members(struct assembler *assembler, struct run *run, const struct spec *spec) {
    const struct json_document *json = &spec->schema->resource->text->json;
    struct group *group = assembler_take(assembler, sizeof *group);
    const struct keyword *keyword = subschema_keyword(spec->schema, KEYWORD_PROPERTIES);
    unsigned flags = SLOT_OWN | (spec->track ? SLOT_MARK : 0);
    group->tracks = spec->track;
    for (uint32_t i = 0; keyword != NULL && i < keyword->is.children.count; i++) {
        const struct child *child = &keyword->is.children.list[i];
        group_add(assembler, group, json_text(json, child->key),
                  assembler_spec(assembler, child->schema, spec->bindings, false), flags);
    }
    keyword = subschema_keyword(spec->schema, KEYWORD_REQUIRED);
    const struct json_node *name = keyword != NULL ? json_first(keyword->value) : NULL;
    for (uint32_t i = 0; keyword != NULL && i < json_count(keyword->value); i++, name = json_next(json, name))
        group_add(assembler, group, json_text(json, name), NULL, SLOT_REQUIRED);
    keyword = subschema_keyword(spec->schema, KEYWORD_PATTERN_PROPERTIES);
    for (uint32_t i = keyword != NULL ? keyword->is.children.count : 0; i > 0; i--) {
        struct pattern *pattern = assembler_take(assembler, sizeof *pattern);
        const struct child *child = &keyword->is.children.list[i - 1];
        *pattern = (struct pattern){child->regex, assembler_spec(assembler, child->schema, spec->bindings, false),
                                    group->pattern};
        group->pattern = pattern;
    }
    keyword = subschema_keyword(spec->schema, KEYWORD_ADDITIONAL_PROPERTIES);
    if (keyword != NULL)
        group->rest = assembler_spec(assembler, keyword->is.to.schema, spec->bindings, false);
    if (group->entry != NULL || group->pattern != NULL || group->rest != NULL) {
        struct proto *proto = run_add(assembler, run, OP_MEMBERS, 2);
        proto->group = group;
        proto->op.flags = spec->track ? OP_TRACK : 0;
    }
}

static void emit_keyword(struct assembler *assembler, struct run *run, const struct spec *spec,
                         const struct keyword *keyword, enum kind kind) {
    enum keyword_code code = keyword->code;
    if (code <= KEYWORD_RECURSIVE_REF)
        run_append(assembler, run,
                   run_in_place(assembler, spec, target_of(assembler, spec, keyword), spec->track, kind));
    else if (code >= KEYWORD_ALL_OF && code <= KEYWORD_ONE_OF)
        emit_list(assembler, run, spec, keyword, kind);
    else if (code == KEYWORD_NOT)
        emit_not(assembler, run, spec, keyword, kind);
    else if (code == KEYWORD_IF)
        emit_if(assembler, run, spec, keyword, kind);
    else if (code == KEYWORD_CONTAINS && kind == KIND_ARRAY)
        emit_contains(assembler, run, spec, keyword);
    else if (kind == KIND_OBJECT &&
             (code == KEYWORD_DEPENDENT_REQUIRED || code == KEYWORD_DEPENDENT_SCHEMAS || code == KEYWORD_DEPENDENCIES))
        emit_dependencies(assembler, run, spec, keyword);
    else if (kind == KIND_OBJECT && code == KEYWORD_PROPERTY_NAMES)
        run_add(assembler, run, OP_NAMES, 3)->op.one.node =
            assembler_node(assembler, assembler_spec(assembler, keyword->is.to.schema, spec->bindings, false));
    else
        value_emit(assembler, run, spec, keyword, kind);
}

/* All keywords but unevaluated*. */
static void emit_body(struct assembler *assembler, struct run *run, const struct spec *spec, enum kind kind) {
    for (uint32_t i = 0; i < spec->schema->count && !run->fails; i++)
        emit_keyword(assembler, run, spec, &spec->schema->keyword[i], kind);
    if (kind == KIND_ARRAY && !run->fails)
        emit_items(assembler, run, spec);
    if (kind == KIND_OBJECT && !run->fails)
        emit_members(assembler, run, spec);
}

/* What the neighbours evaluate is known beforehand: then this is additionalProperties with their names. */
static void emit_closed(struct assembler *assembler, struct run *run, const struct spec *spec, struct closed *closed,
                        const struct subschema *schema, enum kind kind) {
    if (closed->all)
        return;
    if (kind == KIND_OBJECT) {
        struct group *group = assembler_take(assembler, sizeof *group);
        *group = closed->group;
        group->rest = assembler_spec(assembler, schema, spec->bindings, false);
        group->tracks = spec->track;
        struct proto *proto = run_add(assembler, run, OP_MEMBERS, 2);
        proto->group = group;
        proto->op.flags = spec->track ? OP_TRACK : 0;
        return;
    }
    struct items *items = assembler_keep(assembler, sizeof *items + closed->items * sizeof(const struct node *));
    items->count = closed->items;
    items->rest = node_below(assembler, spec, schema);
    items->marks_rest = spec->track;
    struct proto *proto = run_add(assembler, run, OP_ITEMS, 3);
    proto->op.one.items = items;
    proto->op.flags = spec->track ? OP_TRACK : 0;
}

static void emit_unevaluated(struct assembler *assembler, struct run *run, struct spec *spec,
                             const struct keyword *keyword, enum kind kind) {
    struct closed closed;
    closed_find(assembler, spec, kind == KIND_ARRAY, &closed);
    if (closed.known) {
        emit_body(assembler, run, spec, kind);
        if (!run->fails)
            emit_closed(assembler, run, spec, &closed, keyword->is.to.schema, kind);
        return;
    }
    struct spec inner = *spec;
    inner.track = true;
    struct run *body = assembler_take(assembler, sizeof *body);
    emit_body(assembler, body, &inner, kind);
    if (body->fails) {
        run_fail(run);
        return;
    }
    struct rest *rest = assembler_keep(assembler, sizeof *rest);
    rest->run = run_lay(assembler, body);
    rest->node = assembler_node(assembler, assembler_spec(assembler, keyword->is.to.schema, spec->bindings, false));
    struct proto *proto = run_add(assembler, run, OP_UNEVALUATED, 6);
    proto->op.one.rest = rest;
    proto->op.flags = spec->track ? OP_TRACK : 0;
}

static void emit_schema(struct assembler *assembler, struct run *run, struct spec *spec, enum kind kind) {
    const struct keyword *unevaluated =
        kind == KIND_OBJECT  ? subschema_keyword(spec->schema, KEYWORD_UNEVALUATED_PROPERTIES)
        : kind == KIND_ARRAY ? subschema_keyword(spec->schema, KEYWORD_UNEVALUATED_ITEMS)
                             : NULL;
    const struct keyword *type = subschema_keyword(spec->schema, KEYWORD_TYPE);
    if (spec->schema->form == SUBSCHEMA_FALSE || (type != NULL && (type->is.kinds >> kind & 1) == 0))
        run_fail(run);
    else if (unevaluated != NULL)
        emit_unevaluated(assembler, run, spec, unevaluated, kind);
    else
        emit_body(assembler, run, spec, kind);
}

struct run *assembler_run(struct assembler *assembler, struct spec *spec, enum kind kind) {
    if (spec->state[kind] == STATE_DONE)
        return spec->run[kind];
    if (spec->state[kind] == STATE_BUSY)
        assembler_refuse(assembler, spec->schema,
                         "the schema refers to itself without going into the value: it would never end");
    if (assembler->depth == MOST_DEPTH)
        assembler_refuse(assembler, spec->schema, "schemas that apply to the same value are nested too deep");
    spec->state[kind] = STATE_BUSY;
    assembler->depth++;
    struct run *run = assembler_take(assembler, sizeof *run);
    if (spec->parts > 0)
        joined_emit(assembler, run, spec, kind);
    else
        emit_schema(assembler, run, spec, kind);
    assembler->depth--;
    spec->run[kind] = run;
    spec->state[kind] = STATE_DONE;
    return run;
}

bool assemble(struct schema_program *program, struct schema_problem *problem) {
    struct assembler assembler = {.program = program, .problem = problem};
    arena_init(&assembler.scratch, 2 * program->arena.limit);
    bool made = setjmp(assembler.out) == 0;
    if (made) {
        assembler.slots = assembler_take(&assembler, 2 * (size_t)program->all.count * sizeof(struct spec *));
        find_names(&assembler);
        program->node = assembler_node(&assembler, assembler_spec(&assembler, program->root, NULL, false));
        for (struct spec *spec = assembler.first; spec != NULL; spec = spec->later)
            for (int kind = 0; kind < KIND_COUNT; kind++)
                spec->node->run[kind] = run_lay(&assembler, assembler_run(&assembler, spec, (enum kind)kind));
    }
    arena_finish(&assembler.scratch);
    return made;
}
