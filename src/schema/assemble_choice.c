/* anyOf and oneOf for one kind of value: branches that cannot hold are gone, and a member that tells the others apart
 * (a type, an op, a channel) rules most of them out before they run. */
#include "schema/assembler.h"

enum { MOST_BRANCHES = 64, MOST_TEXTS = 1024, MOST_LOOKS = 3, MOST_LISTS = 8, MOST_NAMES = 24 };

/* What a branch says of one member. */
struct view {
    bool required;
    bool forbidden;               /* closed without it */
    bool fixed;                   /* its strings are listed */
    bool other;                   /* it may be no string */
    const struct subschema *list; /* the schema with const or enum */
};

/* The schema that lists the strings a value may have, looking through references; NULL: any. */
static const struct subschema *lister(const struct subschema *schema, unsigned looks) {
    if (schema == NULL || looks > MOST_LOOKS)
        return NULL;
    for (uint32_t i = 0; i < schema->count; i++) {
        const struct keyword *keyword = &schema->keyword[i];
        const struct subschema *found = NULL;
        if (keyword->code == KEYWORD_CONST || keyword->code == KEYWORD_ENUM)
            return schema;
        if (keyword->code == KEYWORD_REF)
            found = lister(keyword->is.to.schema, looks + 1);
        for (uint32_t k = 0;
             keyword->code == KEYWORD_ALL_OF && found == NULL && k < keyword->is.children.count && k < MOST_LISTS; k++)
            found = lister(keyword->is.children.list[k].schema, looks + 1);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* The values of const or enum. */
static const struct json_node *listed(const struct subschema *schema, uint32_t *count) {
    const struct keyword *keyword = subschema_keyword(schema, KEYWORD_CONST);
    if (keyword != NULL) {
        *count = 1;
        return keyword->value;
    }
    keyword = subschema_keyword(schema, KEYWORD_ENUM);
    *count = json_count(keyword->value);
    return json_first(keyword->value);
}

static void look_at_group(const struct group *group, struct span name, struct view *view) {
    bool own = false;
    for (const struct entry *entry = group->entry; entry != NULL; entry = entry->next) {
        if (!span_equal(entry->name, name))
            continue;
        own |= (entry->flags & SLOT_OWN) != 0;
        view->required |= (entry->flags & SLOT_REQUIRED) != 0;
        const struct subschema *list = entry->spec != NULL ? lister(entry->spec->schema, 0) : NULL;
        if (list != NULL)
            view->list = list;
    }
    bool closed = group->rest != NULL && group->rest->schema->form == SUBSCHEMA_FALSE && group->pattern == NULL;
    view->forbidden |= closed && !own;
}

static void look_at_run(const struct run *run, struct span name, struct view *view, unsigned looks) {
    for (uint32_t i = 0; i < run->count && looks < MOST_LOOKS; i++) {
        if (run->proto[i].group != NULL)
            look_at_group(run->proto[i].group, name, view);
        if (run->proto[i].called != NULL)
            look_at_run(run->proto[i].called, name, view, looks + 1);
    }
}

static struct view look(const struct run *run, struct span name) {
    struct view view = {0};
    look_at_run(run, name, &view, 0);
    view.other = view.list == NULL;
    view.fixed = view.list != NULL;
    uint32_t count = 0;
    const struct json_node *value = view.fixed ? listed(view.list, &count) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        view.other |= json_node_type(value) != NODE_STRING;
        value = json_next(&view.list->resource->text->json, value);
    }
    return view;
}

/* The table for one name. */
struct table_of {
    struct pick *slots;
    uint32_t texts;
    uint64_t weight; /* branches left over, summed over the cases */
    struct choice choice;
};

static struct pick *find_pick(struct table_of *table, struct span text, uint32_t hash) {
    uint32_t at = hash & table->choice.mask;
    while (table->slots[at].text.size != UINT32_MAX &&
           !span_equal(span_make(table->slots[at].text.data, table->slots[at].text.size), text))
        at = (at + 1) & table->choice.mask;
    return &table->slots[at];
}

static void each_text(const struct view *view, struct table_of *table, uint64_t bit, bool add) {
    uint32_t count;
    const struct json_document *json = &view->list->resource->text->json;
    const struct json_node *value = listed(view->list, &count);
    for (uint32_t i = 0; i < count; i++, value = json_next(json, value)) {
        if (json_node_type(value) != NODE_STRING)
            continue;
        struct span text = json_text(json, value);
        struct pick *pick = find_pick(table, text, value->is.text.hash);
        if (add && pick->text.size == UINT32_MAX) {
            pick->text = (struct text){text.data, (uint32_t)text.size, value->is.text.hash};
            table->texts++;
        }
        if (!add)
            pick->branches |= bit;
    }
}

static uint32_t count_texts(const struct view *views, uint32_t count) {
    uint32_t texts = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t some = 0;
        if (views[i].fixed && !views[i].forbidden)
            (void)listed(views[i].list, &some);
        texts += some;
    }
    return texts;
}

static bool tabulate(struct assembler *assembler, struct run **branch, uint32_t count, struct span name,
                     struct table_of *table) {
    struct view views[MOST_BRANCHES];
    for (uint32_t i = 0; i < count; i++)
        views[i] = look(branch[i], name);
    uint32_t texts = count_texts(views, count), size = 4;
    if (texts > MOST_TEXTS)
        return false;
    while (size < 2 * texts)
        size *= 2;
    *table = (struct table_of){.choice = {.mask = size - 1}};
    table->slots = assembler_take(assembler, size * sizeof(struct pick));
    for (uint32_t i = 0; i < size; i++)
        table->slots[i].text.size = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++)
        if (views[i].fixed && !views[i].forbidden)
            each_text(&views[i], table, 0, true);
    struct choice *choice = &table->choice;
    choice->name = (struct text){name.data, (uint32_t)name.size, json_hash(name)};
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bit = UINT64_C(1) << i;
        choice->absent |= views[i].required ? 0 : bit;
        if (views[i].forbidden)
            continue;
        choice->other |= views[i].other ? bit : 0;
        if (views[i].fixed) {
            each_text(&views[i], table, bit, false);
        } else {
            choice->unknown |= bit;
            for (uint32_t s = 0; s < size; s++)
                table->slots[s].branches |= bit;
        }
    }
    table->weight = (uint64_t)__builtin_popcountll(choice->absent) + (uint64_t)__builtin_popcountll(choice->unknown);
    for (uint32_t s = 0; s < size; s++)
        if (table->slots[s].text.size != UINT32_MAX)
            table->weight += (uint64_t)__builtin_popcountll(table->slots[s].branches);
    return true;
}

/* Tries the names of one branch's groups; the best table so far stays in `best`. */
static void try_names(struct assembler *assembler, struct run **branch, uint32_t count, const struct run *of,
                      struct table_of *best, bool *found, unsigned looks) {
    for (uint32_t i = 0; i < of->count && looks < MOST_LOOKS; i++) {
        if (of->proto[i].called != NULL)
            try_names(assembler, branch, count, of->proto[i].called, best, found, looks + 1);
        const struct entry *entry = of->proto[i].group != NULL ? of->proto[i].group->entry : NULL;
        for (uint32_t tried = 0; entry != NULL && tried < MOST_NAMES; entry = entry->next) {
            bool telling =
                (entry->flags & SLOT_REQUIRED) != 0 || (entry->spec != NULL && lister(entry->spec->schema, 0) != NULL);
            struct table_of table;
            if (!telling)
                continue;
            tried++;
            if (!tabulate(assembler, branch, count, entry->name, &table))
                continue;
            uint64_t cases = table.texts + 2;
            bool helps = table.weight * 10 <= (uint64_t)count * cases * 8;
            if (helps && (!*found || table.weight * (best->texts + 2) < best->weight * cases)) {
                *best = table;
                *found = true;
            }
        }
    }
}

static void find_name(struct assembler *assembler, struct run **branch, uint32_t count, struct choice *choice) {
    struct table_of best;
    bool found = false;
    for (uint32_t i = 0; i < count && i < 4; i++)
        try_names(assembler, branch, count, branch[i], &best, &found, 0);
    if (!found)
        return;
    size_t size = (best.choice.mask + 1) * sizeof(struct pick);
    struct pick *slots = assembler_keep(assembler, size);
    memcpy(slots, best.slots, size);
    uint32_t branches = choice->count;
    *choice = best.choice;
    choice->count = branches;
    choice->slots = slots;
}

void choice_emit(struct assembler *assembler, struct run *run, enum op_code code, struct run **branch, uint32_t count,
                 enum kind kind, bool track) {
    uint32_t left = 0, sure = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (branch[i]->fails)
            continue;
        sure += branch[i]->count == 0;
        branch[left++] = branch[i];
    }
    if (left == 0 || (code == OP_ONE && sure > 1)) {
        run_fail(run);
        return;
    }
    if (left == 1) {
        run_append(assembler, run, branch[0]);
        return;
    }
    if (code == OP_ANY && sure > 0 && !track)
        return;
    struct choice *choice = assembler_keep(assembler, sizeof *choice + left * sizeof(const struct op *));
    choice->count = left;
    if (kind == KIND_OBJECT && left <= MOST_BRANCHES && sure == 0)
        find_name(assembler, branch, left, choice);
    for (uint32_t i = 0; i < left; i++)
        choice->branch[i] = run_lay(assembler, branch[i]);
    struct proto *proto = run_add(assembler, run, code, 4);
    proto->op.one.choice = choice;
    proto->op.flags = track ? OP_TRACK : 0;
}
