/* Moving nodes instead of reading them anew. What is not plain (a name or value with escapes, a limit that is near) is
 * left to splice and reader. */
#include "json/graft.h"

#include "json/word.h"

/* Deeper paths are left to the reader. */
enum { MOST_HOLDERS = 8 };

/* What a value may be that is moved. */
static const struct json_limits small = {.size = 64 * 1024, .depth = 8, .members = 1024, .memory = 64 * 1024};

/* The state of one graft. Indexes and places are of the old document, but for `shoot`. */
struct grafting {
    const struct json_document *old;
    const struct json_path *into;
    size_t names;
    struct span name; /* the last of them */
    uint32_t hash;    /* its own */
    struct span value;
    const struct json_node *shoot; /* the value's nodes, by themselves */
    uint32_t shoot_count;
    struct json_node string;          /* the one of them */
    uint32_t holder[MOST_HOLDERS];    /* indexes of the objects that hold the place, outermost first */
    const struct json_node *parent;   /* the last of them */
    const struct json_node *replaced; /* the member's value so far; NULL: there is none */
    uint32_t at, behind;              /* nodes [at, behind) go */
    uint32_t from, to;                /* bytes [from, to) go */
    bool comma;
    uint32_t nodes; /* that come: the value's and, of a new member, its key */
    uint32_t bytes; /* likewise */
};

/* The steps fill the rest one after the other: to clear it first would take its time. */
static void begin(struct grafting *grafting, const struct json_document *document, const struct json_path *into,
                  struct span value) {
    grafting->old = document;
    grafting->into = into;
    grafting->value = value;
}

static bool find_place(struct grafting *grafting) {
    const struct json_document *old = grafting->old;
    const struct json_path *into = grafting->into;
    const struct json_node *parent = old->node;
    size_t names = grafting->names = json_path_names(into);
    grafting->holder[0] = 0;
    for (size_t i = 0; i + 1 < names && parent != NULL; i++) {
        parent = json_member_hashed(old, parent, json_path_name(into, i), json_path_hash(into, i));
        if (parent != NULL && i + 1 < MOST_HOLDERS)
            grafting->holder[i + 1] = (uint32_t)(parent - old->node);
    }
    if (names == 0 || parent == NULL || json_node_type(parent) != NODE_OBJECT)
        return false;
    grafting->parent = parent;
    grafting->name = json_path_name(into, names - 1);
    grafting->hash = json_path_hash(into, names - 1);
    grafting->replaced = json_member_hashed(old, parent, grafting->name, grafting->hash);
    if (grafting->replaced != NULL) {
        grafting->at = (uint32_t)(grafting->replaced - old->node);
        grafting->behind = grafting->replaced->after;
        grafting->from = grafting->replaced->start;
        grafting->to = grafting->from + grafting->replaced->size;
        return true;
    }
    grafting->at = grafting->behind = parent->after;
    grafting->comma = json_count(parent) > 0;
    grafting->from = grafting->to = json_members_end(old, parent);
    return true;
}

/* Stands as it is between quotes. */
static bool is_plain(struct span name) {
    const char *at = name.data, *end = at + name.size;
    for (; end - at >= 8; at += 8)
        if (word_odd(word_load_whole(at)) != 0)
            return false;
    return word_before(word_odd(word_load_short(at, (size_t)(end - at)))) == (size_t)(end - at); /* the zeros are odd */
}

/* Most values are texts from a table: the reader is not needed to see that. */
static bool is_plain_string(struct span value) {
    return value.size >= 2 && value.size <= small.size && value.data[0] == '"' && value.data[value.size - 1] == '"' &&
           is_plain(span_make(value.data + 1, value.size - 2));
}

static bool read_shoot(struct grafting *grafting, struct arena *arena) {
    struct span value = grafting->value;
    if (is_plain_string(value)) {
        grafting->string = (struct json_node){
            .type = NODE_STRING, .flags = NODE_ASCII, .after = 1, .size = (uint32_t)value.size, .is.integer = 0};
        grafting->shoot = &grafting->string;
        grafting->shoot_count = 1;
        return true;
    }
    struct json_document read;
    if (!json_read(arena, value, &small, &read, NULL) || read.side != NULL)
        return false;
    grafting->shoot = read.node;
    grafting->shoot_count = read.count;
    return true;
}

/* True when no limit is near, so that all that is left to do is moving. */
static bool is_easy(struct grafting *grafting, const struct json_limits *limits) {
    uint32_t depth = limits->depth != 0 ? limits->depth : 64;
    uint32_t members = limits->members != 0 ? limits->members : 65536;
    size_t size = limits->size != 0 ? limits->size : 1 << 20, memory = limits->memory != 0 ? limits->memory : 64 << 20;
    size_t added = grafting->value.size + grafting->name.size + 4; /* `,"":` */
    grafting->nodes = grafting->shoot_count;
    grafting->bytes = (uint32_t)grafting->value.size;
    if (grafting->replaced == NULL) {
        grafting->nodes++;
        grafting->bytes += (uint32_t)grafting->name.size + 3 + grafting->comma;
    }
    return grafting->names <= MOST_HOLDERS && is_plain(grafting->name) && grafting->old->source.size + added <= size &&
           small.members <= members && json_count(grafting->parent) < members &&
           grafting->names + small.depth <= depth &&
           4 * (grafting->old->source.size + added + /* the reader's arrays double */
                ((size_t)grafting->old->count + grafting->nodes) * sizeof(struct json_node)) <=
               memory;
}

static char *add(char *out, struct span bytes) {
    if (bytes.size > 0)
        memcpy(out, bytes.data, bytes.size);
    return out + bytes.size;
}

/* Returns where the value begins. */
static uint32_t write_text(const struct grafting *grafting, char *text) {
    struct span source = grafting->old->source;
    char *out = add(text, span_make(source.data, grafting->from));
    if (grafting->replaced == NULL) {
        out = add(out, grafting->comma ? SPAN(",\"") : SPAN("\""));
        out = add(out, grafting->name);
        out = add(out, SPAN("\":"));
    }
    uint32_t start = (uint32_t)(out - text);
    out = add(out, grafting->value);
    (void)add(out, span_from(source, grafting->to));
    return start;
}

/* Those that hold the place become longer. */
static void stretch(const struct grafting *grafting, struct json_node *node, uint32_t more_nodes, uint32_t more_bytes) {
    for (size_t i = 0; i < grafting->names; i++) {
        struct json_node *holder = &node[grafting->holder[i]];
        holder->after += more_nodes;
        holder->size += more_bytes;
    }
}

static void add_key(const struct grafting *grafting, struct json_node *node, uint32_t value_start) {
    struct json_node *parent = &node[grafting->holder[grafting->names - 1]];
    uint32_t size = (uint32_t)grafting->name.size + 2;
    node[grafting->at] = (struct json_node){.type = NODE_STRING,
                                            .flags = NODE_ASCII,
                                            .after = grafting->at + 1,
                                            .start = value_start - 1 - size,
                                            .size = size,
                                            .is.text = {.hash = grafting->hash}};
    parent->is.count++;
    parent->is.filter |= json_filter(grafting->hash);
}

/* Differences wrap: they are added to places that lie beyond what goes. */
static void move_nodes(const struct grafting *grafting, struct json_node *node, uint32_t value_start) {
    const struct json_document *old = grafting->old;
    uint32_t more_nodes = grafting->nodes - (grafting->behind - grafting->at);
    uint32_t more_bytes = grafting->bytes - (grafting->to - grafting->from);
    memcpy(node, old->node, grafting->at * sizeof *node);
    stretch(grafting, node, more_nodes, more_bytes);
    uint32_t first = grafting->at;
    if (grafting->replaced == NULL) {
        add_key(grafting, node, value_start);
        first++;
    }
    struct json_node *out = node + first;
    for (uint32_t i = 0; i < grafting->shoot_count; i++, out++) {
        *out = grafting->shoot[i];
        out->start += value_start;
        out->after += first;
    }
    for (uint32_t i = grafting->behind; i < old->count; i++, out++) {
        *out = old->node[i];
        out->start += more_bytes;
        out->after += more_nodes;
    }
}

static enum json_splice read_again(struct arena *arena, const struct json_document *document,
                                   const struct json_path *into, struct span value, const struct json_limits *limits,
                                   struct json_document *graft, struct json_problem *problem) {
    struct buf out = {0};
    enum json_splice spliced = json_splice(document, into, value, &out);
    struct span text = spliced == JSON_SPLICED ? arena_copy(arena, buf_span(&out)) : SPAN_NONE;
    buf_finish(&out);
    if (spliced != JSON_SPLICED)
        return spliced;
    if (text.data == NULL)
        return JSON_SPLICE_MEMORY;
    if (json_read(arena, text, limits, graft, problem))
        return JSON_SPLICED;
    return problem->fault == JSON_FAULT_MEMORY ? JSON_SPLICE_MEMORY : JSON_SPLICE_REFUSED;
}

enum json_splice json_graft(struct arena *arena, const struct json_document *document, const struct json_path *into,
                            struct span value, const struct json_limits *limits, struct json_document *graft,
                            struct json_problem *problem) {
    struct grafting grafting;
    begin(&grafting, document, into, value);
    if (!find_place(&grafting))
        return JSON_SPLICE_NO_PARENT;
    if (!read_shoot(&grafting, arena) || !is_easy(&grafting, limits))
        return read_again(arena, document, into, value, limits, graft, problem);
    uint32_t count = document->count - (grafting.behind - grafting.at) + grafting.nodes;
    size_t size = document->source.size - (grafting.to - grafting.from) + grafting.bytes;
    char *text = arena_take(arena, size);
    struct json_node *node = arena_take(arena, count * sizeof *node);
    if (text == NULL || node == NULL)
        return JSON_SPLICE_MEMORY;
    move_nodes(&grafting, node, write_text(&grafting, text));
    *graft =
        (struct json_document){.source = span_make(text, size), .node = node, .count = count, .side = document->side};
    return JSON_SPLICED;
}
