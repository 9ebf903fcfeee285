/* Builds graphs from syntax trees, from the end to the beginning: each node is compiled in front of what follows it. */
#include "schema/regex_graph.h"

#include <stdlib.h>

enum { VERTICES_MAXIMUM = 20000, INTERVALS_MAXIMUM = 8192, SETS_MAXIMUM = 256, PROPERTIES_MAXIMUM = 16 };

struct builder {
    struct regex_graph *graph;
    struct arena *arena;
    enum regex_fit fit;
};

static uint32_t add_vertex(struct builder *builder, enum regex_step step, uint32_t next, uint32_t other) {
    struct regex_graph *graph = builder->graph;
    if (graph->count == graph->room) {
        uint32_t room = graph->room == 0 ? 64 : graph->room * 2;
        struct regex_vertex *vertex = arena_take(builder->arena, room * sizeof *vertex);
        if (vertex == NULL || room > 2 * VERTICES_MAXIMUM) {
            builder->fit = vertex == NULL ? REGEX_NO_MEMORY : REGEX_TOO_LARGE;
            return 0;
        }
        if (graph->count > 0)
            memcpy(vertex, graph->vertex, graph->count * sizeof *vertex);
        graph->vertex = vertex;
        graph->room = room;
    }
    graph->vertex[graph->count] = (struct regex_vertex){step, next, other};
    return graph->count++;
}

/* The number of the set, one for all equal sets. */
static uint32_t add_set(struct builder *builder, const struct regex_set *set) {
    struct regex_graph *graph = builder->graph;
    for (uint32_t i = 0; i < graph->sets; i++)
        if (regex_set_equal(graph->set[i], set))
            return i;
    if (graph->sets == SETS_MAXIMUM) {
        builder->fit = REGEX_TOO_LARGE;
        return 0;
    }
    graph->set[graph->sets] = set;
    return graph->sets++;
}

static uint32_t build(struct builder *builder, const struct regex_node *node, uint32_t next);

static uint32_t build_class(struct builder *builder, struct regex_class *class, uint32_t next) {
    if (class->unresolvable) {
        builder->fit = REGEX_TOO_LARGE;
        return 0;
    }
    if (!regex_class_resolve(class, builder->arena)) {
        builder->fit = REGEX_NO_MEMORY;
        return 0;
    }
    return add_vertex(builder, REGEX_STEP_CLASS, next, add_set(builder, &class->whole));
}

/* Children in order: the last is built first. */
static uint32_t build_children(struct builder *builder, const struct regex_node *child, uint32_t next) {
    size_t count = 0;
    for (const struct regex_node *one = child; one != NULL; one = one->next)
        count++;
    if (count <= 1)
        return count == 0 ? next : build(builder, child, next);
    const struct regex_node **order = arena_take(builder->arena, count * sizeof(struct regex_node *));
    if (order == NULL) {
        builder->fit = REGEX_NO_MEMORY;
        return 0;
    }
    for (size_t i = 0; i < count; i++, child = child->next)
        order[i] = child;
    while (count-- > 0 && builder->fit == REGEX_FITS)
        next = build(builder, order[count], next);
    return next;
}

static uint32_t build_repeat(struct builder *builder, const struct regex_node *node, uint32_t next) {
    uint32_t entry = next;
    if (node->maximum == REGEX_UNBOUNDED) {
        entry = add_vertex(builder, REGEX_STEP_SPLIT, 0, next);
        uint32_t body = builder->fit == REGEX_FITS ? build(builder, node->child, entry) : 0;
        if (builder->fit == REGEX_FITS)
            builder->graph->vertex[entry].next = body;
    } else {
        for (uint32_t i = node->minimum; i < node->maximum && builder->fit == REGEX_FITS; i++) {
            uint32_t body = build(builder, node->child, entry);
            entry = builder->fit == REGEX_FITS ? add_vertex(builder, REGEX_STEP_SPLIT, body, next) : 0;
        }
    }
    for (uint32_t i = 0; i < node->minimum && builder->fit == REGEX_FITS; i++) {
        uint32_t before = builder->graph->count;
        entry = build(builder, node->child, entry);
        if (builder->graph->count == before)
            break; /* an empty body, however often */
    }
    return entry;
}

static uint32_t build(struct builder *builder, const struct regex_node *node, uint32_t next) {
    if (builder->fit != REGEX_FITS)
        return 0;
    switch (node->type) {
    case REGEX_EMPTY:
        return next;
    case REGEX_CLASS:
        return build_class(builder, node->class, next);
    case REGEX_CONCAT:
    case REGEX_GROUP:
        return build_children(builder, node->child, next);
    case REGEX_ALTERNATE: {
        uint32_t entry = build(builder, node->child, next);
        for (const struct regex_node *child = node->child->next; child != NULL && builder->fit == REGEX_FITS;
             child = child->next)
            entry = add_vertex(builder, REGEX_STEP_SPLIT, entry, build(builder, child, next));
        return entry;
    }
    case REGEX_REPEAT:
        return build_repeat(builder, node, next);
    case REGEX_START:
        return add_vertex(builder, REGEX_STEP_START, next, 0);
    case REGEX_END:
        return add_vertex(builder, REGEX_STEP_END, next, 0);
    case REGEX_WORD:
        return add_vertex(builder, REGEX_STEP_WORD, next, 0);
    case REGEX_NOT_WORD:
        return add_vertex(builder, REGEX_STEP_NOT_WORD, next, 0);
    case REGEX_BACK:
    case REGEX_LOOK:
        break;
    }
    builder->fit = REGEX_TOO_LARGE;
    return 0;
}

static int compare(const void *one, const void *other) {
    uint32_t left = *(const uint32_t *)one, right = *(const uint32_t *)other;
    return left < right ? -1 : left > right;
}

/* Cuts the code points wherever a set begins or ends. */
static bool cut(struct builder *builder) {
    struct regex_graph *graph = builder->graph;
    size_t count = 1;
    for (uint32_t i = 0; i < graph->sets; i++)
        count += 2 * (size_t)graph->set[i]->count;
    uint32_t *low = arena_take(builder->arena, count * sizeof *low);
    if (low == NULL) {
        builder->fit = REGEX_NO_MEMORY;
        return false;
    }
    count = 0;
    low[count++] = 0;
    for (uint32_t i = 0; i < graph->sets; i++)
        for (uint32_t r = 0; r < graph->set[i]->count; r++) {
            low[count++] = graph->set[i]->range[r].low;
            uint32_t behind = graph->set[i]->range[r].high + 1;
            low[count++] = behind == 0xd800 ? 0xe000 : behind; /* surrogates never come: no class of their own */
        }
    qsort(low, count, sizeof *low, compare);
    for (size_t i = 0; i < count; i++)
        if (low[i] <= REGEX_POINT_MAXIMUM && (graph->intervals == 0 || low[graph->intervals - 1] != low[i]))
            low[graph->intervals++] = low[i];
    graph->low = low;
    graph->class = arena_take_zero(builder->arena, graph->intervals, 1);
    if (graph->class == NULL)
        builder->fit = REGEX_NO_MEMORY;
    else if (graph->intervals > INTERVALS_MAXIMUM)
        builder->fit = REGEX_TOO_LARGE;
    return builder->fit == REGEX_FITS;
}

/* Parts the intervals by each set in turn: those in it leave their class for a new one, unless all of it goes. */
static bool part(struct builder *builder) {
    struct regex_graph *graph = builder->graph;
    graph->classes = 1;
    for (uint32_t s = 0; s < graph->sets; s++) {
        uint32_t inside[REGEX_CLASSES_MAXIMUM] = {0}, outside[REGEX_CLASSES_MAXIMUM] = {0};
        uint32_t moved[REGEX_CLASSES_MAXIMUM];
        for (int pass = 0; pass < 2; pass++) {
            const struct regex_set *set = graph->set[s];
            for (uint32_t i = 0, r = 0; i < graph->intervals; i++) {
                while (r < set->count && set->range[r].high < graph->low[i])
                    r++;
                bool in = r < set->count && set->range[r].low <= graph->low[i];
                unsigned char *class = &graph->class[i];
                if (pass == 0)
                    in ? inside[*class]++ : outside[*class]++;
                else if (in)
                    *class = (unsigned char)moved[*class];
            }
            uint32_t before = graph->classes;
            for (uint32_t c = 0; pass == 0 && c < before; c++) {
                moved[c] = c;
                if (inside[c] == 0 || outside[c] == 0)
                    continue;
                if (graph->classes == REGEX_CLASSES_MAXIMUM) {
                    builder->fit = REGEX_TOO_LARGE;
                    return false;
                }
                moved[c] = graph->classes++;
            }
        }
    }
    return true;
}

/* Which classes each set holds. */
static bool list_classes(struct builder *builder) {
    struct regex_graph *graph = builder->graph;
    graph->has = arena_take_zero(builder->arena, graph->sets + 1, sizeof *graph->has);
    if (graph->has == NULL) {
        builder->fit = REGEX_NO_MEMORY;
        return false;
    }
    for (uint32_t s = 0; s < graph->sets; s++)
        for (uint32_t i = 0, r = 0; i < graph->intervals; i++) {
            const struct regex_set *set = graph->set[s];
            while (r < set->count && set->range[r].high < graph->low[i])
                r++;
            if (r < set->count && set->range[r].low <= graph->low[i])
                graph->has[s][graph->class[i] >> 6] |= UINT64_C(1) << (graph->class[i] & 63);
        }
    return true;
}

enum regex_fit regex_graph_build(const struct regex_tree *tree, struct arena *arena, struct regex_graph *graph) {
    struct builder builder = {graph, arena, REGEX_FITS};
    *graph = (struct regex_graph){0};
    if (tree->back || tree->look || tree->properties > PROPERTIES_MAXIMUM)
        return REGEX_TOO_LARGE;
    graph->set = arena_take(arena, SETS_MAXIMUM * sizeof(struct regex_set *));
    if (graph->set == NULL)
        return REGEX_NO_MEMORY;
    uint32_t words = 0;
    if (tree->words) {
        struct regex_set *word = arena_take_zero(arena, 1, sizeof *word);
        if (word == NULL || !regex_set_add(word, '0', '9', arena) || !regex_set_add(word, 'A', 'Z', arena) ||
            !regex_set_add(word, '_', '_', arena) || !regex_set_add(word, 'a', 'z', arena))
            return REGEX_NO_MEMORY;
        words = add_set(&builder, word);
    }
    uint32_t match = add_vertex(&builder, REGEX_STEP_MATCH, 0, 0);
    graph->first = build(&builder, tree->root, match);
    if (builder.fit == REGEX_FITS && cut(&builder) && part(&builder) && list_classes(&builder) && tree->words)
        memcpy(graph->words, graph->has[words], sizeof graph->words);
    return builder.fit;
}
