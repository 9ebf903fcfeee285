/* Moving nodes instead of reading them anew. What is not plain (a name or value with escapes, a limit that is near) is
 * left to splice and reader. */
#include "json/graft.h"

/* The state of one graft. Indexes and places are of the old document, but for `shoot`. */
struct grafting {
    const struct json_document *old;
    const struct json_path *into;
    struct span name;
    struct json_document shoot; /* the value by itself */
    const struct json_node *parent;
    const struct json_node *replaced; /* the member's value so far; NULL: there is none */
    uint32_t at, behind;              /* nodes [at, behind) go */
    uint32_t from, to;                /* bytes [from, to) go */
    bool comma;
    uint32_t nodes; /* that come: the value's and, of a new member, its key */
    uint32_t bytes; /* likewise */
};

static bool find_place(struct grafting *grafting) {
    const struct json_document *old = grafting->old;
    const struct json_node *parent = old->node;
    size_t names = json_path_names(grafting->into);
    for (size_t i = 0; i + 1 < names && parent != NULL; i++)
        parent = json_member(old, parent, json_path_name(grafting->into, i));
    if (names == 0 || parent == NULL || json_node_type(parent) != NODE_OBJECT)
        return false;
    grafting->parent = parent;
    grafting->name = json_path_name(grafting->into, names - 1);
    grafting->replaced = json_member(old, parent, grafting->name);
    if (grafting->replaced != NULL) {
        grafting->at = (uint32_t)(grafting->replaced - old->node);
        grafting->behind = grafting->replaced->after;
        grafting->from = grafting->replaced->start;
        grafting->to = grafting->from + grafting->replaced->size;
        return true;
    }
    grafting->at = grafting->behind = parent->after;
    grafting->comma = json_count(parent) > 0;
    grafting->from = parent->start + 1;
    if (grafting->comma) {
        const struct json_node *key = json_first(parent);
        for (uint32_t left = json_count(parent); left > 1; left--)
            key = json_next(old, key + 1);
        grafting->from = key[1].start + key[1].size;
    }
    grafting->to = grafting->from;
    return true;
}

/* Stands as it is between quotes. */
static bool is_plain(struct span name) {
    for (size_t i = 0; i < name.size; i++)
        if ((unsigned char)name.data[i] < 0x20 || (unsigned char)name.data[i] >= 0x7f || name.data[i] == '"' ||
            name.data[i] == '\\')
            return false;
    return true;
}

/* Reads the value. True when no limit is near, so that all that is left to do is moving. */
static bool is_easy(struct grafting *grafting, struct arena *arena, struct span value,
                    const struct json_limits *limits) {
    const struct json_limits small = {.size = 64 * 1024, .depth = 8, .members = 1024, .memory = 64 * 1024};
    uint32_t depth = limits->depth != 0 ? limits->depth : 64;
    uint32_t members = limits->members != 0 ? limits->members : 65536;
    size_t size = limits->size != 0 ? limits->size : 1 << 20, memory = limits->memory != 0 ? limits->memory : 64 << 20;
    size_t added = value.size + grafting->name.size + 4; /* `,"":` */
    if (!is_plain(grafting->name) || grafting->old->source.size + added > size || small.members > members ||
        json_count(grafting->parent) >= members || json_path_names(grafting->into) + small.depth > depth ||
        !json_read(arena, value, &small, &grafting->shoot, NULL) || grafting->shoot.side != NULL)
        return false;
    grafting->nodes = grafting->shoot.count;
    grafting->bytes = (uint32_t)value.size;
    if (grafting->replaced == NULL) {
        grafting->nodes++;
        grafting->bytes += (uint32_t)grafting->name.size + 3 + grafting->comma;
    }
    /* The reader's arrays double. */
    return 4 * (grafting->old->source.size + added +
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
    out = add(out, grafting->shoot.source);
    (void)add(out, span_from(source, grafting->to));
    return start;
}

/* Those that hold the place become longer. */
static void stretch(const struct grafting *grafting, struct json_node *node, uint32_t more_nodes, uint32_t more_bytes) {
    const struct json_document *old = grafting->old;
    const struct json_node *holder = old->node;
    for (size_t i = 0;; i++) {
        struct json_node *one = &node[holder - old->node];
        one->after += more_nodes;
        one->size += more_bytes;
        if (holder == grafting->parent)
            return;
        holder = json_member(old, holder, json_path_name(grafting->into, i));
    }
}

static struct json_node *add_key(const struct grafting *grafting, struct json_node *node, struct json_node *out,
                                 uint32_t value_start) {
    struct json_node *parent = &node[grafting->parent - grafting->old->node];
    uint32_t hash = json_hash(grafting->name), size = (uint32_t)grafting->name.size + 2;
    *out = (struct json_node){.type = NODE_STRING,
                              .flags = NODE_ASCII,
                              .after = grafting->at + 1,
                              .start = value_start - 1 - size,
                              .size = size,
                              .is.text = {.hash = hash}};
    parent->is.count++;
    parent->is.filter |= json_filter(hash);
    return out + 1;
}

/* Differences wrap: they are added to places that lie beyond what goes. */
static void move_nodes(const struct grafting *grafting, struct json_node *node, uint32_t value_start) {
    const struct json_document *old = grafting->old;
    uint32_t more_nodes = grafting->nodes - (grafting->behind - grafting->at);
    uint32_t more_bytes = grafting->bytes - (grafting->to - grafting->from);
    memcpy(node, old->node, grafting->at * sizeof *node);
    stretch(grafting, node, more_nodes, more_bytes);
    struct json_node *out = node + grafting->at;
    if (grafting->replaced == NULL)
        out = add_key(grafting, node, out, value_start);
    uint32_t first = (uint32_t)(out - node);
    for (uint32_t i = 0; i < grafting->shoot.count; i++, out++) {
        *out = grafting->shoot.node[i];
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
    struct grafting grafting = {.old = document, .into = into};
    if (!find_place(&grafting))
        return JSON_SPLICE_NO_PARENT;
    if (!is_easy(&grafting, arena, value, limits))
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
