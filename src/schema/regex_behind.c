/* Walks a look-behind once for each combination of its choices: which alternative, how often a repeat. A part that has
 * one length needs no choice. */
#include "schema/regex_behind.h"

enum { ALTERNATIVES = 64, PARTS = 4096 };

struct behind {
    struct arena *arena;
    struct error *error;
    bool memory;
    uint32_t parts;                            /* made for the look-behind in hand */
    uint32_t chosen[ALTERNATIVES];             /* what was chosen on this walk, in the order of the walk */
    uint32_t ways[ALTERNATIVES], depth, count; /* out of how many; how many choices were met, and how many are set */
};

static uint64_t shorter(uint64_t length) {
    return length < REGEX_UNBOUNDED ? length : REGEX_UNBOUNDED;
}

/* In characters. */
static void measure(const struct regex_node *node, uint64_t *least, uint64_t *most) {
    bool choice = node->type == REGEX_ALTERNATE;
    *least = choice ? REGEX_UNBOUNDED : node->type == REGEX_CLASS;
    *most = node->type == REGEX_CLASS;
    for (const struct regex_node *child = node->type == REGEX_LOOK ? NULL : node->child; child != NULL;
         child = child->next) {
        uint64_t low, high;
        measure(child, &low, &high);
        *least = choice ? (low < *least ? low : *least) : shorter(*least + low);
        *most = choice ? (high > *most ? high : *most) : shorter(*most + high);
    }
    if (node->type == REGEX_REPEAT) {
        *least = shorter(*least * node->minimum);
        *most = *most == 0 ? 0 : shorter(*most * node->maximum);
    }
}

static bool has_one_length(const struct regex_node *node) {
    uint64_t least, most;
    measure(node, &least, &most);
    return least == most && most < REGEX_UNBOUNDED;
}

static bool refuse_many(const struct behind *behind) {
    return error_set(behind->error, "a look-behind that can be of several lengths may have 64 forms, this one has "
                                    "more: repeat less in it, or give each of its alternatives one length");
}

static struct regex_node *make(struct behind *behind, enum regex_type type) {
    struct regex_node *node = arena_take_zero(behind->arena, 1, sizeof *node);
    if (node == NULL)
        behind->memory = true;
    else
        node->type = type;
    return node;
}

/* The next choice of this walk, 0 up to `ways`: as it was set, else the first. False when there are too many. */
static bool choose(struct behind *behind, uint32_t ways, uint32_t *chosen) {
    if (behind->depth == ALTERNATIVES || ways > ALTERNATIVES)
        return refuse_many(behind);
    if (behind->depth == behind->count)
        behind->chosen[behind->count++] = 0;
    behind->ways[behind->depth] = ways;
    *chosen = behind->chosen[behind->depth++];
    return true;
}

/* The next combination: the last choice that has another way takes it. False: that was the last one. */
static bool advance(struct behind *behind) {
    while (behind->count > 0 && behind->chosen[behind->count - 1] + 1 == behind->ways[behind->count - 1])
        behind->count--;
    if (behind->count > 0)
        behind->chosen[behind->count - 1]++;
    behind->depth = 0;
    return behind->count > 0;
}

static struct regex_node *fix(struct behind *behind, const struct regex_node *node);

/* `times` the children of the node, each walk of them with choices of its own. */
static struct regex_node *fix_children(struct behind *behind, const struct regex_node *node, uint32_t times) {
    struct regex_node *concat = make(behind, REGEX_CONCAT);
    struct regex_node **link = concat != NULL ? &concat->child : NULL;
    for (uint32_t i = 0; link != NULL && i < times; i++)
        for (const struct regex_node *child = node->child; link != NULL && child != NULL; child = child->next) {
            *link = fix(behind, child);
            link = *link != NULL ? &(*link)->next : NULL;
        }
    return link != NULL ? concat : NULL;
}

static struct regex_node *fix_repeat(struct behind *behind, const struct regex_node *node) {
    if (node->maximum == REGEX_UNBOUNDED) {
        (void)error_set(behind->error, "a look-behind that repeats without end is not supported: give its *, + or {n,} "
                                       "a bound, as {0,9}");
        return NULL;
    }
    uint32_t times = 0;
    if (node->minimum < node->maximum && !choose(behind, node->maximum - node->minimum + 1, &times))
        return NULL;
    times += node->minimum;
    if (!has_one_length(node->child))
        return fix_children(behind, node, times);
    struct regex_node *copy = make(behind, times > 0 ? REGEX_REPEAT : REGEX_EMPTY);
    if (copy != NULL && times > 0) {
        copy->child = node->child;
        copy->minimum = copy->maximum = times;
    }
    return copy;
}

/* The node with all choices made: of one length. NULL with an error or memory. */
static struct regex_node *fix(struct behind *behind, const struct regex_node *node) {
    if (++behind->parts > PARTS) {
        (void)refuse_many(behind);
        return NULL;
    }
    if (has_one_length(node)) {
        struct regex_node *copy = make(behind, node->type);
        if (copy != NULL) {
            *copy = *node;
            copy->next = NULL;
        }
        return copy;
    }
    if (node->type == REGEX_REPEAT)
        return fix_repeat(behind, node);
    if (node->type != REGEX_ALTERNATE)
        return fix_children(behind, node, 1);
    uint32_t ways = 0, chosen = 0;
    for (const struct regex_node *child = node->child; child != NULL; child = child->next)
        ways++;
    if (!choose(behind, ways, &chosen))
        return NULL;
    const struct regex_node *child = node->child;
    while (chosen-- > 0 && child != NULL)
        child = child->next;
    return child != NULL ? fix(behind, child) : make(behind, REGEX_EMPTY);
}

static bool rewrite_one(struct behind *behind, struct regex_node *look) {
    struct regex_node *all = make(behind, REGEX_ALTERNATE);
    struct regex_node **link = all != NULL ? &all->child : NULL;
    uint32_t made = 0;
    behind->parts = behind->depth = behind->count = 0;
    do {
        if (link != NULL && made++ == ALTERNATIVES)
            return refuse_many(behind);
        struct regex_node *one = link != NULL ? fix_children(behind, look, 1) : NULL;
        if (one == NULL)
            return false;
        *link = one;
        link = &one->next;
    } while (advance(behind));
    look->child = all;
    return true;
}

static bool rewrite(struct behind *behind, struct regex_node *node) {
    for (struct regex_node *child = node->child; child != NULL; child = child->next)
        if (!rewrite(behind, child))
            return false;
    bool several = false;
    for (const struct regex_node *child = node->child; node->behind && child != NULL; child = child->next)
        several = several || !has_one_length(child);
    return !several || rewrite_one(behind, node);
}

bool regex_behind_rewrite(struct regex_tree *tree, struct arena *arena, bool *memory, struct error *error) {
    struct behind behind = {.arena = arena, .error = error};
    bool good = tree->back || !tree->look || rewrite(&behind, tree->root);
    *memory = behind.memory;
    return good;
}
