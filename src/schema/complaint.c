/* Complaints are the leaves of a failed tree, the likeliest cause first. Which schema of an anyOf was meant is a guess:
 * the one that went wrong farthest from its own top. */
#include "schema/explain.h"

#include "base/text.h"
#include "schema/uri.h"

struct list {
    struct arena *arena;
    struct schema_complaint *complaint;
    size_t count, room;
    bool failed;
};

struct span complaint_location(const struct subschema *schema, const struct keyword *keyword, struct arena *arena) {
    const struct resource *resource = schema->resource;
    struct buf out = {0};
    buf_add(&out, resource->uri);
    buf_add_byte(&out, '#');
    registry_pointer(&resource->text->json, resource->node, schema->node, true, &out);
    if (keyword != NULL)
        uri_pointer_add(&out, json_text(&resource->text->json, keyword->key), true);
    struct span text = out.failed ? SPAN_NONE : arena_copy(arena, buf_span(&out));
    buf_finish(&out);
    return text;
}

static void add(struct list *list, const struct unit *unit, const struct unit *said, struct span sentence) {
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 8 : list->room * 2;
        struct schema_complaint *more = arena_take(list->arena, room * sizeof *more);
        if (more == NULL) {
            list->failed = true;
            return;
        }
        if (list->count > 0)
            memcpy(more, list->complaint, list->count * sizeof *more);
        list->complaint = more;
        list->room = room;
    }
    struct span location = complaint_location(unit->schema, unit->keyword, list->arena);
    struct span keyword =
        unit->keyword != NULL ? json_text(&unit->schema->resource->text->json, unit->keyword->key) : SPAN("");
    if (location.data == NULL || sentence.data == NULL) {
        list->failed = true;
        return;
    }
    list->complaint[list->count++] = (struct schema_complaint){
        .instance = said->instance, .path = unit->path, .location = location, .keyword = keyword, .sentence = sentence};
}

/* How far a branch got: lower is likelier to be what was meant. A wrong type or a wrong fixed value near its top says
 * that another branch was meant. */
static unsigned distance(const struct unit *branch, const struct json_node *value, unsigned depth) {
    unsigned sum = 0;
    for (const struct unit *unit = branch->first; unit != NULL; unit = unit->next) {
        if (unit->valid)
            continue;
        if (unit->keyword != NULL) {
            enum keyword_code code = unit->keyword->code;
            bool here = unit->value == value;
            if (here && code == KEYWORD_TYPE)
                sum += 10000;
            else if (depth <= 2 && (code == KEYWORD_CONST || code == KEYWORD_ENUM))
                sum += 1000;
            else if (here && (code == KEYWORD_REQUIRED || code == KEYWORD_ADDITIONAL_PROPERTIES))
                sum += 30;
            else
                sum += 1;
        }
        sum += distance(unit, value, depth + (unit->keyword != NULL && unit->value != value ? 0 : 1)) / 2;
    }
    return sum > 1000000 ? 1000000 : sum;
}

/* A member that is not allowed: the nearest name that is, as most are slips of the pen. */
static struct span not_allowed(struct list *list, const struct unit *unit, const struct unit *said) {
    const struct keyword *known = subschema_keyword(unit->schema, KEYWORD_PROPERTIES);
    uint32_t count = known != NULL ? known->is.children.count : 0;
    const char *slash = said->instance.size > 0 ? memrchr(said->instance.data, '/', said->instance.size) : NULL;
    const char **names = arena_take_zero(list->arena, count + 1, sizeof *names);
    if (unit->keyword->code != KEYWORD_ADDITIONAL_PROPERTIES || count == 0 || slash == NULL || names == NULL)
        return said->sentence;
    for (uint32_t i = 0; i < count; i++) {
        struct span name = json_text(&unit->schema->resource->text->json, known->is.children.list[i].key);
        names[i] = arena_copy(list->arena, name).data;
        if (names[i] == NULL)
            return SPAN_NONE;
    }
    struct span wrong = span_from(said->instance, (size_t)(slash - said->instance.data) + 1);
    const char *near = text_nearest(wrong, names);
    return near != NULL ? arena_printf(list->arena, "must not be there; did you mean \"%s\"?", near) : said->sentence;
}

static void gather(struct list *list, const struct unit *unit);

/* anyOf and oneOf that nothing fits: the best branch speaks, then the keyword itself. */
static void gather_choice(struct list *list, const struct unit *unit) {
    const struct unit *best = NULL;
    unsigned least = 0;
    for (const struct unit *branch = unit->first; branch != NULL; branch = branch->next) {
        if (branch->valid)
            continue;
        unsigned far = distance(branch, unit->value, 0);
        if (best == NULL || far < least) {
            best = branch;
            least = far;
        }
    }
    bool clear = best != NULL && least < 10000;
    if (clear)
        gather(list, best);
    add(list, unit, unit, unit->sentence);
    if (!clear && best != NULL && unit->first->next == NULL)
        gather(list, best);
}

static void gather(struct list *list, const struct unit *unit) {
    if (unit->valid)
        return;
    bool choice =
        unit->keyword != NULL && (unit->keyword->code == KEYWORD_ANY_OF || unit->keyword->code == KEYWORD_ONE_OF);
    if (choice && unit->sentence.data != NULL) {
        gather_choice(list, unit);
        return;
    }
    if (unit->sentence.data != NULL)
        add(list, unit, unit, unit->sentence);
    for (const struct unit *one = unit->first; one != NULL; one = one->next) {
        if (one->keyword == NULL && one->schema->form == SUBSCHEMA_FALSE && unit->keyword != NULL && !one->valid)
            add(list, unit, one, not_allowed(list, unit, one)); /* the schema `false` speaks for its keyword */
        else
            gather(list, one);
    }
}

bool complaint_list(const struct unit *root, struct arena *arena, struct schema_complaints *complaints) {
    struct list list = {.arena = arena};
    gather(&list, root);
    *complaints = (struct schema_complaints){list.complaint, list.count};
    return !list.failed;
}
