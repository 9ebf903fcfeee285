/* Which members or items a schema's in-place neighbours evaluate, when that can be said without an instance. Then no
 * bookkeeping is needed at run time. */
#include "schema/assembler.h"

enum { MOST_DEPTH = 40, MOST_VISITS = 5000 };

struct search {
    struct assembler *assembler;
    struct closed *closed;
    bool items;
    bool check;       /* the second round: do the conditional parts add to what always holds? */
    bool conditional; /* what is found here may not hold */
};

static bool has_name(const struct closed *closed, struct span name) {
    for (const struct entry *entry = closed->group.entry; entry != NULL; entry = entry->next)
        if (span_equal(entry->name, name))
            return true;
    return closed->all;
}

static void find_names(const struct search *search, const struct subschema *schema, const struct keyword *keyword) {
    struct closed *closed = search->closed;
    for (uint32_t i = 0; i < keyword->is.children.count; i++) {
        const struct child *child = &keyword->is.children.list[i];
        struct span name = json_text(&schema->resource->text->json, child->key);
        bool pattern = keyword->code == KEYWORD_PATTERN_PROPERTIES;
        if (search->conditional) {
            closed->known &= pattern ? closed->all : has_name(closed, name);
        } else if (pattern) {
            struct pattern *made = assembler_take(search->assembler, sizeof *made);
            *made = (struct pattern){child->regex, NULL, closed->group.pattern};
            closed->group.pattern = made;
        } else {
            (void)group_add(search->assembler, &closed->group, name, NULL, SLOT_OWN);
        }
    }
}

static void find_all(const struct search *search) {
    if (search->conditional)
        search->closed->known &= search->closed->all;
    else
        search->closed->all = true;
}

static void find(const struct search *search, const struct subschema *schema, unsigned depth);

/* Schemas under a keyword that apply to the same value. */
static void find_in_place(const struct search *search, const struct keyword *keyword, unsigned depth) {
    struct search inner = *search;
    inner.conditional |= keyword->code != KEYWORD_ALL_OF && keyword->code != KEYWORD_REF;
    if (inner.conditional && !search->check)
        return;
    switch ((int)keyword->code) {
    case KEYWORD_REF:
        find(&inner, keyword->is.to.schema, depth);
        break;
    case KEYWORD_IF:
    case KEYWORD_THEN:
    case KEYWORD_ELSE:
        find(&inner, keyword->is.to.schema, depth);
        break;
    case KEYWORD_ALL_OF:
    case KEYWORD_ANY_OF:
    case KEYWORD_ONE_OF:
    case KEYWORD_DEPENDENT_SCHEMAS:
    case KEYWORD_DEPENDENCIES:
        for (uint32_t i = 0; i < keyword->is.children.count; i++)
            if (keyword->is.children.list[i].schema != NULL)
                find(&inner, keyword->is.children.list[i].schema, depth);
        break;
    default:
        break;
    }
}

static void find_items(const struct search *search, const struct subschema *schema, const struct keyword *keyword) {
    struct closed *closed = search->closed;
    if (keyword->code == KEYWORD_ITEMS || keyword->code == KEYWORD_UNEVALUATED_ITEMS) {
        find_all(search);
    } else if (keyword->code == KEYWORD_PREFIX_ITEMS) {
        uint32_t count = keyword->is.children.count;
        if (search->conditional)
            closed->known &= closed->all || count <= closed->items;
        else if (count > closed->items)
            closed->items = count;
    } else if (keyword->code == KEYWORD_CONTAINS && schema->resource->dialect.draft == SCHEMA_DRAFT_2020_12) {
        closed->known &= closed->all || !search->check;
    }
}

static void find_here(const struct search *search, const struct subschema *schema, const struct keyword *keyword) {
    enum keyword_code code = keyword->code;
    if (search->items)
        find_items(search, schema, keyword);
    else if (code == KEYWORD_PROPERTIES || code == KEYWORD_PATTERN_PROPERTIES)
        find_names(search, schema, keyword);
    else if (code == KEYWORD_ADDITIONAL_PROPERTIES || code == KEYWORD_UNEVALUATED_PROPERTIES)
        find_all(search);
}

static void find(const struct search *search, const struct subschema *schema, unsigned depth) {
    struct closed *closed = search->closed;
    if (depth > MOST_DEPTH || ++closed->visits > MOST_VISITS)
        closed->known = false;
    bool adds = search->conditional == search->check; /* what always holds counts in the first round only */
    for (uint32_t i = 0; i < schema->count && closed->known; i++) {
        const struct keyword *keyword = &schema->keyword[i];
        enum keyword_code code = keyword->code;
        if (code == KEYWORD_DYNAMIC_REF || code == KEYWORD_RECURSIVE_REF)
            closed->known = false;
        else if (adds || code == KEYWORD_CONTAINS)
            find_here(search, schema, keyword);
        find_in_place(search, keyword, depth + 1);
    }
}

/* First what always holds, then whether the conditional parts would add to it. The schema's own unevaluated* is left
 * out. */
void closed_find(struct assembler *assembler, const struct spec *spec, bool items, struct closed *closed) {
    *closed = (struct closed){.known = true};
    struct subschema bare = *spec->schema;
    enum keyword_code own = items ? KEYWORD_UNEVALUATED_ITEMS : KEYWORD_UNEVALUATED_PROPERTIES;
    bare.keyword = assembler_take(assembler, (bare.count + 1) * sizeof(struct keyword));
    bare.count = 0;
    for (uint32_t i = 0; i < spec->schema->count; i++)
        if (spec->schema->keyword[i].code != own)
            bare.keyword[bare.count++] = spec->schema->keyword[i];
    struct search search = {.assembler = assembler, .closed = closed, .items = items};
    find(&search, &bare, 0);
    search.check = true;
    find(&search, &bare, 0);
}
