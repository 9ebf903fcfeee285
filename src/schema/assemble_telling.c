/* A member that tells branches apart: a type, an op, a channel, a version. The names that a few branches require or fix
 * are tried, and the one that leaves fewest branches over is taken. */
#include "schema/assembler.h"

#include "schema/equal.h"

enum {
    MOST_BRANCHES = 1024,
    MOST_VALUES = 1024,  /* fixed ones of one name */
    MOST_WEIGHT = 65536, /* pointers to branches */
    MOST_LOOKS = 3,
    MOST_LISTS = 8,
    FEW_BRANCHES = 64,
    MOST_NAMES = 24, /* tried, of few branches */
    FEW_NAMES = 6    /* of many */
};

/* What a branch says of one member. */
struct view {
    bool required;
    bool forbidden;               /* closed without it */
    bool other;                   /* it may be an array or object */
    const struct subschema *list; /* the schema with const or enum; NULL: it may be anything */
};

/* The schema that lists what a value may be, looking through references; NULL: any. */
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

static void look_at_group(const struct group *group, struct span name, uint32_t hash, struct view *view) {
    bool own = false;
    for (const struct entry *entry = group->entry; entry != NULL; entry = entry->next) {
        if (entry->hash != hash || !span_equal(entry->name, name))
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

static void look_at_run(const struct run *run, struct span name, uint32_t hash, struct view *view, unsigned looks) {
    for (uint32_t i = 0; i < run->count && looks < MOST_LOOKS; i++) {
        if (run->proto[i].group != NULL)
            look_at_group(run->proto[i].group, name, hash, view);
        if (run->proto[i].called != NULL)
            look_at_run(run->proto[i].called, name, hash, view, looks + 1);
    }
}

static struct view look(const struct run *run, struct span name, uint32_t hash) {
    struct view view = {0};
    look_at_run(run, name, hash, &view, 0);
    view.other = view.list == NULL;
    uint32_t count = 0;
    const struct json_node *value = view.list != NULL ? listed(view.list, &count) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        view.other |= json_node_type(value) >= NODE_ARRAY;
        value = json_next(&view.list->resource->text->json, value);
    }
    return view;
}

/* A sorting of the branches by one name: for each case, as bits, which are left over. */
enum { CASE_ABSENT, CASE_OTHER, CASE_UNKNOWN, CASE_FIRST };

struct sorting {
    struct text name;
    uint32_t count; /* branches */
    uint32_t words; /* of a case's bits */
    uint32_t mask;  /* of the slots; slot i is the case CASE_FIRST + i */
    uint32_t values;
    uint64_t weight; /* branches left over, summed over the cases */
    struct pick *slot;
    uint64_t *bits;
};

static void set(struct sorting *sorting, uint32_t one, uint32_t branch) {
    sorting->bits[(size_t)one * sorting->words + branch / 64] |= UINT64_C(1) << (branch % 64);
}

static bool is_set(const struct sorting *sorting, uint32_t one, uint32_t branch) {
    return (sorting->bits[(size_t)one * sorting->words + branch / 64] >> (branch % 64) & 1) != 0;
}

static struct pick pick_of(const struct json_document *json, const struct json_node *value) {
    if (json_node_type(value) != NODE_STRING)
        return (struct pick){.text = {NULL, PICK_VALUE, (uint32_t)equal_hash(json, value)}, value, json, NULL};
    struct span text = json_text(json, value);
    return (struct pick){.text = {text.data, (uint32_t)text.size, json_hash(text)}, value, json, NULL};
}

/* The slot of a value, taken when it is new. */
static uint32_t find_slot(struct sorting *sorting, const struct pick *wanted) {
    uint32_t at = wanted->text.hash & sorting->mask;
    for (; sorting->slot[at].text.size != PICK_FREE; at = (at + 1) & sorting->mask)
        if (sorting->slot[at].text.hash == wanted->text.hash &&
            equal_values(sorting->slot[at].json, sorting->slot[at].value, wanted->json, wanted->value))
            return at;
    sorting->slot[at] = *wanted;
    sorting->values++;
    return at;
}

/* Gives every scalar that the branch lists a slot; with `mark` the branch is left over for it. */
static void each_value(struct sorting *sorting, const struct view *view, uint32_t branch, bool mark) {
    uint32_t count;
    const struct json_document *json = &view->list->resource->text->json;
    const struct json_node *value = listed(view->list, &count);
    for (uint32_t i = 0; i < count; i++, value = json_next(json, value)) {
        if (json_node_type(value) >= NODE_ARRAY)
            continue;
        struct pick pick = pick_of(json, value);
        uint32_t slot = find_slot(sorting, &pick);
        if (mark)
            set(sorting, CASE_FIRST + slot, branch);
    }
}

static void sort_branch(struct sorting *sorting, const struct view *view, uint32_t branch) {
    if (!view->required)
        set(sorting, CASE_ABSENT, branch);
    if (view->forbidden)
        return;
    if (view->other)
        set(sorting, CASE_OTHER, branch);
    if (view->list != NULL) {
        each_value(sorting, view, branch, true);
        return;
    }
    set(sorting, CASE_UNKNOWN, branch);
    for (uint32_t slot = 0; slot <= sorting->mask; slot++)
        set(sorting, CASE_FIRST + slot, branch);
}

static uint32_t left_over(const struct sorting *sorting, uint32_t one) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < sorting->words; i++)
        left += (uint32_t)__builtin_popcountll(sorting->bits[(size_t)one * sorting->words + i]);
    return left;
}

static uint32_t count_values(const struct view *views, uint32_t count) {
    uint32_t values = 0;
    for (uint32_t i = 0; i < count && values <= MOST_VALUES; i++) {
        uint32_t some = 0;
        if (views[i].list != NULL && !views[i].forbidden)
            (void)listed(views[i].list, &some);
        values += some;
    }
    return values;
}

static bool sort_by(struct assembler *assembler, struct run **branch, uint32_t count, const struct entry *entry,
                    struct sorting *sorting) {
    struct view *views = assembler_take(assembler, count * sizeof *views);
    for (uint32_t i = 0; i < count; i++)
        views[i] = look(branch[i], entry->name, entry->hash);
    uint32_t values = count_values(views, count), size = 4;
    if (values > MOST_VALUES)
        return false;
    while (size < 2 * values)
        size *= 2;
    *sorting = (struct sorting){.name = {entry->name.data, (uint32_t)entry->name.size, entry->hash},
                                .count = count,
                                .words = (count + 63) / 64,
                                .mask = size - 1};
    sorting->slot = assembler_take(assembler, size * sizeof *sorting->slot);
    sorting->bits = assembler_take(assembler, ((size_t)size + CASE_FIRST) * sorting->words * sizeof *sorting->bits);
    for (uint32_t i = 0; i < size; i++)
        sorting->slot[i].text.size = PICK_FREE;
    for (uint32_t i = 0; i < count; i++)
        if (views[i].list != NULL && !views[i].forbidden)
            each_value(sorting, &views[i], i, false);
    for (uint32_t i = 0; i < count; i++)
        sort_branch(sorting, &views[i], i);
    sorting->weight = (uint64_t)left_over(sorting, CASE_ABSENT) + left_over(sorting, CASE_UNKNOWN);
    for (uint32_t i = 0; i < size; i++)
        if (sorting->slot[i].text.size != PICK_FREE)
            sorting->weight += left_over(sorting, CASE_FIRST + i);
    uint64_t cases = (uint64_t)sorting->values + 2;
    return sorting->weight <= MOST_WEIGHT && sorting->weight * 10 <= count * cases * 8;
}

/* Tries the names of one branch's groups; the best sorting so far stays in `best`. */
static void try_names(struct assembler *assembler, struct run **branch, uint32_t count, const struct run *of,
                      struct sorting **best, unsigned looks) {
    uint32_t most = count <= FEW_BRANCHES ? MOST_NAMES : FEW_NAMES;
    for (uint32_t i = 0; i < of->count && looks < MOST_LOOKS; i++) {
        if (of->proto[i].called != NULL)
            try_names(assembler, branch, count, of->proto[i].called, best, looks + 1);
        const struct entry *entry = of->proto[i].group != NULL ? of->proto[i].group->entry : NULL;
        for (uint32_t tried = 0; entry != NULL && tried < most; entry = entry->next) {
            struct sorting sorting;
            bool fixed = entry->spec != NULL && lister(entry->spec->schema, 0) != NULL;
            if ((entry->flags & SLOT_REQUIRED) == 0 && !fixed)
                continue;
            tried++;
            if (!sort_by(assembler, branch, count, entry, &sorting))
                continue;
            if (*best == NULL || sorting.weight * ((*best)->values + 2) < (*best)->weight * (sorting.values + 2)) {
                *best = assembler_take(assembler, sizeof **best);
                **best = sorting;
            }
        }
    }
}

const struct sorting *telling_find(struct assembler *assembler, struct run **branch, uint32_t count) {
    struct sorting *best = NULL;
    for (uint32_t i = 0; i < count && i < 4 && count <= MOST_BRANCHES; i++)
        try_names(assembler, branch, count, branch[i], &best, 0);
    return best;
}

static const struct branches *lay_case(struct assembler *assembler, const struct sorting *sorting, uint32_t one,
                                       const struct branches *all) {
    struct branches *left = assembler_branches(assembler, left_over(sorting, one));
    uint32_t filled = 0;
    for (uint32_t i = 0; i < sorting->count; i++)
        if (is_set(sorting, one, i))
            left->branch[filled++] = all->branch[i];
    return left;
}

const struct telling *telling_lay(struct assembler *assembler, const struct sorting *sorting,
                                  const struct branches *all) {
    size_t size = ((size_t)sorting->mask + 1) * sizeof(struct pick);
    struct telling *telling = assembler_keep(assembler, sizeof *telling + size);
    telling->name = sorting->name;
    telling->absent = lay_case(assembler, sorting, CASE_ABSENT, all);
    telling->other = lay_case(assembler, sorting, CASE_OTHER, all);
    telling->unknown = lay_case(assembler, sorting, CASE_UNKNOWN, all);
    telling->mask = sorting->mask;
    memcpy(telling->slot, sorting->slot, size);
    for (uint32_t i = 0; i <= sorting->mask; i++)
        if (telling->slot[i].text.size != PICK_FREE)
            telling->slot[i].left = lay_case(assembler, sorting, CASE_FIRST + i, all);
    return telling;
}
