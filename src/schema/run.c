/* The fast evaluator: walks ops over a value, yes or no, without allocation. A limit ends it with context->fault; what
 * it returns then does not count. */
#include "schema/context.h"
#include "schema/equal.h"
#include "schema/run_value.h"
#include "schema/words.h"

/* Kept out of run(): its frame must stay small, as most calls of it judge one string or number. */
#define APART __attribute__((noinline)) static

static bool run(struct schema_context *context, const struct op *op, const struct json_node *value, uint32_t depth);
static bool run_object(struct schema_context *context, const struct members *members, const struct json_node *value,
                       uint32_t depth);

static bool no_more_steps(struct schema_context *context, uint32_t depth) {
    return context_fault(context, depth == 0 ? "schemas nested deeper than allowed" : "more steps than allowed");
}

/* Simple ops, and what follows them. */
APART bool run_simple(struct schema_context *context, const struct op *op, const struct json_node *value,
                      uint32_t depth) {
    for (; op->code <= OP_LAST_SIMPLE; op++) {
        if (!value_simple_holds[op->code](context, op, value))
            return false;
        if (op->last)
            return true;
    }
    return run(context, op, value, depth);
}

/* Each way is a call of no more than it needs. */
HOT bool run_ops(struct schema_context *context, const struct op *op, const struct json_node *value, uint32_t depth) {
    if (op->code <= OP_LAST_SIMPLE)
        return op->last ? value_simple_holds[op->code](context, op, value) : run_simple(context, op, value, depth);
    return op->code == OP_MEMBERS && op->last ? run_object(context, op->one.members, value, depth)
                                              : run(context, op, value, depth);
}

/* A value below against its node; NULL says yes. For the loops over all members and items. */
HOT bool run_node_here(struct schema_context *context, const struct node *node, const struct json_node *value,
                       uint32_t depth) {
    const struct op *op = node->run[kind_of(context, value)];
    return op == NULL || run_ops(context, op, value, depth);
}

APART bool run_node(struct schema_context *context, const struct node *node, const struct json_node *value,
                    uint32_t depth) {
    return run_node_here(context, node, value, depth);
}

/* --- what was evaluated --- */

/* Words for a bit a child, cleared. NULL with a fault: no memory. `hold` is what release_words takes back. */
static uint64_t *take_words(struct schema_context *context, uint32_t bits) {
    size_t count = bits / 64 + 1;
    uint64_t *words = context->top;
    if ((size_t)(context->end - words) < count) {
        words = arena_take(&context->scratch, count * sizeof *words);
        if (words == NULL) {
            (void)context_arena(context, &context->scratch, "evaluated members take more memory than allowed");
            return NULL;
        }
    } else {
        context->top += count;
    }
    memset(words, 0, count * sizeof *words);
    return words;
}

HOT void mark(struct schema_context *context, uint32_t index) {
    context->marks[index / 64] |= UINT64_C(1) << (index % 64);
}

/* A branch whose marks count only when it holds. */
APART bool run_tracked(struct schema_context *context, const struct op *op, const struct json_node *value,
                       uint32_t depth) {
    if (op == NULL)
        return true;
    uint64_t *marks = context->marks, *top = context->top;
    uint64_t *words = take_words(context, json_count(value));
    if (words == NULL)
        return false;
    context->marks = words;
    bool holds = run(context, op, value, depth);
    for (uint32_t i = 0; holds && i <= json_count(value) / 64; i++)
        marks[i] |= words[i];
    context->marks = marks;
    context->top = top;
    return holds;
}

APART bool run_unevaluated(struct schema_context *context, const struct op *op, const struct json_node *value,
                           uint32_t depth) {
    const struct rest *rest = op->one.rest;
    uint64_t *marks = context->marks, *top = context->top;
    uint64_t *words = take_words(context, json_count(value));
    if (words == NULL)
        return false;
    context->marks = words;
    bool holds = rest->run == NULL || run(context, rest->run, value, depth);
    bool object = value->type == NODE_OBJECT;
    const struct json_node *child = json_first(value);
    context->steps -= json_count(value);
    for (uint32_t i = 0; holds && i < json_count(value); i++) {
        const struct json_node *one = child + object;
        if ((words[i / 64] >> (i % 64) & 1) == 0)
            holds = run_node(context, rest->node, one, depth);
        child = json_next(context->document, one);
    }
    context->marks = marks;
    context->top = top;
    if (holds && (op->flags & OP_TRACK) != 0) /* everything is evaluated now */
        for (uint32_t i = 0; i < json_count(value); i++)
            mark(context, i);
    return holds;
}

/* --- arrays and objects --- */

APART bool run_items(struct schema_context *context, const struct op *op, const struct json_node *value,
                     uint32_t depth) {
    const struct items *items = op->one.items;
    uint32_t count = json_count(value), first = items->count < count ? items->count : count;
    const struct json_node *item = json_first(value);
    context->steps -= count;
    for (uint32_t i = 0; i < first; i++, item = json_next(context->document, item)) {
        if (items->first[i] != NULL && !run_node(context, items->first[i], item, depth))
            return false;
        if (items->marks_first)
            mark(context, i);
    }
    if (items->rest != NULL)
        for (uint32_t i = first; i < count; i++, item = json_next(context->document, item))
            if (!run_node_here(context, items->rest, item, depth))
                return false;
    if (items->marks_rest)
        for (uint32_t i = first; i < count; i++)
            mark(context, i);
    return true;
}

APART bool run_contains(struct schema_context *context, const struct op *op, const struct json_node *value,
                        uint32_t depth) {
    bool track = (op->flags & OP_TRACK) != 0;
    uint32_t count = json_count(value), matches = 0;
    const struct json_node *item = json_first(value);
    context->steps -= count;
    for (uint32_t i = 0; i < count; i++, item = json_next(context->document, item)) {
        if (!run_node(context, op->one.node, item, depth))
            continue;
        matches++;
        if (track)
            mark(context, i);
        else if (matches >= op->arg && op->two.high == INT64_MAX)
            return true;
    }
    return matches >= op->arg && matches <= op->two.high;
}

HOT const struct slot *find_slot(const struct json_document *document, const struct members *members,
                                 const struct json_node *key) {
    uint32_t hash = key->is.text.hash;
    for (const struct slot *slot = &members->slots[(hash * members->multiplier) >> members->shift];; slot++) {
        if (slot->name.hash == hash && equal_text(document, &slot->name, key))
            return slot;
        if (slot->name.size == TEXT_FREE)
            return NULL;
    }
}

/* The same name under more schemas than were joined. */
APART bool run_more(struct schema_context *context, const struct members *members, const struct slot *slot,
                    const struct json_node *value, uint32_t depth) {
    while ((slot->flags & SLOT_MORE) != 0) {
        slot = &members->more[slot->next];
        context->steps--;
        if (!run_node(context, slot->node, value, depth))
            return false;
    }
    return true;
}

/* A member that is none of the group's own: patterns, then the rest. */
APART bool run_others(struct schema_context *context, const struct members *members, const struct json_node *key,
                      bool own, uint32_t index, uint32_t depth) {
    bool matched = own;
    if (members->patterns > 0) {
        struct span name = json_text(context->document, key);
        context->steps -= members->patterns;
        if (context->steps < 0)
            return false; /* program_run says why */
        for (uint32_t i = 0; i < members->patterns; i++) {
            if (!context_match(context, members->pattern[i].regex, name))
                continue;
            matched = true;
            if (members->pattern[i].node != NULL && !run_node(context, members->pattern[i].node, key + 1, depth))
                return false;
            if (members->marks)
                mark(context, index);
        }
    }
    if (matched)
        return true;
    if (members->rest != NULL && !run_node(context, members->rest, key + 1, depth))
        return false;
    if (members->marks_rest)
        mark(context, index);
    return true;
}

/* A node for each member at most, as most objects are described. */
APART bool run_plain(struct schema_context *context, const struct members *members, const struct json_node *value,
                     uint32_t depth) {
    const struct json_document *document = context->document;
    const struct json_node *key = json_first(value), *end = json_next(document, value);
    uint32_t required = members->required, left = members->rest == NULL ? members->names : UINT32_MAX;
    for (; key < end && left > 0; key = json_next(document, key + 1)) {
        const struct slot *slot = find_slot(document, members, key);
        const struct node *node = members->rest;
        if (slot != NULL) {
            node = slot->node;
            required -= slot->flags & SLOT_REQUIRED;
            left--;
        }
        if (node != NULL && !run_node_here(context, node, key + 1, depth))
            return false;
    }
    return required == 0;
}

APART bool run_members(struct schema_context *context, const struct members *members, const struct json_node *value,
                       uint32_t depth) {
    const struct json_document *document = context->document;
    uint32_t count = json_count(value), required = members->required, left = members->names;
    const struct json_node *key = json_first(value);
    for (uint32_t i = 0; i < count; i++) {
        const struct slot *slot = find_slot(document, members, key);
        const struct json_node *child = key + 1;
        bool own = false;
        if (slot != NULL) {
            unsigned flags = slot->flags;
            required -= flags & SLOT_REQUIRED;
            own = (flags & SLOT_OWN) != 0;
            if (slot->node != NULL && !run_node(context, slot->node, child, depth))
                return false;
            if ((flags & (SLOT_MORE | SLOT_MARK)) != 0) {
                if ((flags & SLOT_MORE) != 0 && !run_more(context, members, slot, child, depth))
                    return false;
                if ((flags & SLOT_MARK) != 0)
                    mark(context, i);
            }
            if (--left == 0 && !members->whole)
                break;
        }
        if (members->whole && (!own || members->patterns > 0) && !run_others(context, members, key, own, i, depth))
            return false;
        key = json_next(document, child);
    }
    return required == 0;
}

HOT bool members_hold(struct schema_context *context, const struct members *members, const struct json_node *value,
                      uint32_t depth) {
    uint32_t count = json_count(value);
    if (count < members->required || count > members->most || (value->is.filter & members->filter) != members->filter)
        return false;
    context->steps -= count;
    return members->plain ? run_plain(context, members, value, depth) : run_members(context, members, value, depth);
}

/* What run() would do for nothing but members, without its frame. */
APART bool run_object(struct schema_context *context, const struct members *members, const struct json_node *value,
                      uint32_t depth) {
    if (--context->steps < 0 || depth == 0)
        return no_more_steps(context, depth);
    return members_hold(context, members, value, depth - 1);
}

APART bool run_names(struct schema_context *context, const struct op *op, const struct json_node *value,
                     uint32_t depth) {
    const struct op *names = op->one.node->run[KIND_STRING];
    const struct json_node *key = json_first(value);
    context->steps -= json_count(value);
    for (uint32_t i = 0; names != NULL && i < json_count(value); i++, key = json_next(context->document, key + 1))
        if (!run(context, names, key, depth))
            return false;
    return true;
}

static const struct json_node *find_member(struct schema_context *context, const struct text *name,
                                           const struct json_node *object) {
    context->steps -= json_count(object) / 8;
    return json_member_hashed(context->document, object, span_make(name->data, name->size), name->hash);
}

/* --- branches --- */

static const struct branches *branches_left(struct schema_context *context, const struct telling *telling,
                                            const struct json_node *value) {
    const struct json_node *member = find_member(context, &telling->name, value);
    if (member == NULL)
        return telling->absent;
    if (member->type >= NODE_ARRAY)
        return telling->other;
    bool string = member->type == NODE_STRING;
    uint32_t hash =
        string ? json_hash(json_text(context->document, member)) : (uint32_t)equal_hash(context->document, member);
    for (uint32_t at = hash & telling->mask; telling->slot[at].text.size != PICK_FREE; at = (at + 1) & telling->mask) {
        const struct pick *pick = &telling->slot[at];
        if (string ? same_text(context, &pick->text, member)
                   : pick->text.size == PICK_VALUE && pick->text.hash == hash &&
                         equal_values(pick->json, pick->value, context->document, member))
            return pick->left;
    }
    return telling->unknown;
}

static bool run_branch(struct schema_context *context, const struct op *op, const struct op *branch,
                       const struct json_node *value, uint32_t depth) {
    if ((op->flags & OP_TRACK) != 0 && value->type >= NODE_ARRAY)
        return run_tracked(context, branch, value, depth);
    return branch == NULL || run(context, branch, value, depth);
}

/* How many branches hold; stops where the answer is known. */
APART bool run_choice(struct schema_context *context, const struct op *op, const struct json_node *value,
                      uint32_t depth) {
    const struct choice *choice = op->one.choice;
    const struct branches *left =
        choice->telling != NULL ? branches_left(context, choice->telling, value) : choice->all;
    bool any = op->code == OP_ANY, all = (op->flags & OP_TRACK) != 0;
    uint32_t fits = 0;
    for (uint32_t i = 0; i < left->count; i++) {
        fits += run_branch(context, op, left->branch[i], value, depth);
        if (any ? fits > 0 && !all : fits > 1)
            break;
    }
    return any ? fits > 0 : fits == 1;
}

APART bool run_if(struct schema_context *context, const struct op *op, const struct json_node *value, uint32_t depth) {
    const struct choice *choice = op->one.choice;
    bool holds = run_branch(context, op, choice->all->branch[0], value, depth);
    const struct op *way = choice->all->branch[holds ? 1 : 2];
    return way == NULL || run(context, way, value, depth);
}

/* The one branch that is left: run() goes on there, where nothing follows. NULL: it is not that simple. */
HOT const struct op *only_branch(struct schema_context *context, const struct op *op, const struct json_node *value,
                                 bool *none) {
    const struct telling *telling = op->one.choice->telling;
    if (telling == NULL || (op->flags & OP_TRACK) != 0)
        return NULL;
    const struct branches *left = branches_left(context, telling, value);
    *none = left->count == 0;
    return left->count == 1 ? left->branch[0] : NULL;
}

/* --- the loop --- */

static bool run(struct schema_context *context, const struct op *op, const struct json_node *value, uint32_t depth) {
    if (--context->steps < 0 || depth == 0)
        return no_more_steps(context, depth);
    depth--;
    for (;; op++) {
        bool holds = true;
        switch ((enum op_code)op->code) {
        case OP_END:
            return true;
        case OP_CALL:
            if (op[1].code == OP_END) {
                op = op->one.run - 1;
                continue;
            }
            holds = run(context, op->one.run, value, depth);
            break;
        case OP_FAIL:
        case OP_LENGTH:
        case OP_RANGE:
        case OP_STRING:
        case OP_STRINGS:
        case OP_SEQUENCE:
        case OP_AUTOMATON:
            holds = value_simple_holds[op->code](context, op, value);
            break;
        case OP_COUNT:
            holds = json_count(value) >= op->one.low && json_count(value) <= op->two.high;
            break;
        case OP_BOUND:
            holds = value_bound_holds(context, op, value);
            break;
        case OP_MULTIPLE_INTEGER:
            holds = value_multiple_of_integer_holds(context, op, value);
            break;
        case OP_MULTIPLE:
            holds = value_multiple_holds(context, op, value);
            break;
        case OP_WRITTEN_INTEGER:
            holds = number_is_written_integer(context->document, value);
            break;
        case OP_EQUAL:
            holds = value_in_values(context, op->one.values, value);
            break;
        case OP_PATTERN:
            holds = context_match(context, op->one.regex, json_text(context->document, value));
            break;
        case OP_FORMAT:
            holds = context_format(context, op->one.format, json_text(context->document, value));
            break;
        case OP_CONTENT:
            holds = words_content(context, op->one.content->encoding, op->one.content->media,
                                  json_text(context->document, value));
            break;
        case OP_ITEMS:
            holds = run_items(context, op, value, depth);
            break;
        case OP_CONTAINS:
            holds = run_contains(context, op, value, depth);
            break;
        case OP_UNIQUE:
            holds = context_unique(context, value, NULL, NULL);
            break;
        case OP_MEMBERS:
            holds = members_hold(context, op->one.members, value, depth);
            break;
        case OP_IF_MEMBER:
            holds = find_member(context, &op->one.member->name, value) == NULL || op->one.member->run == NULL ||
                    run(context, op->one.member->run, value, depth);
            break;
        case OP_NAMES:
            holds = run_names(context, op, value, depth);
            break;
        case OP_ANY:
        case OP_ONE: {
            bool none = false;
            const struct op *branch = only_branch(context, op, value, &none);
            if (none)
                return false;
            if (branch != NULL && op[1].code == OP_END) {
                op = branch - 1;
                continue;
            }
            holds = branch != NULL ? run(context, branch, value, depth) : run_choice(context, op, value, depth);
            break;
        }
        case OP_NOT:
            holds = op->one.run != NULL && !run(context, op->one.run, value, depth);
            break;
        case OP_IF:
            holds = run_if(context, op, value, depth);
            break;
        case OP_UNEVALUATED:
            holds = run_unevaluated(context, op, value, depth);
            break;
        }
        if (!holds)
            return false;
    }
}

bool program_run(const struct schema_program *program, struct schema_context *context,
                 const struct json_document *document, const struct json_node *value) {
    context_start(context, document);
    bool holds = run_node(context, program->node, value, context->limits.depth);
    if (context->steps < 0)
        (void)no_more_steps(context, 1);
    return holds && context->fault == NULL;
}
