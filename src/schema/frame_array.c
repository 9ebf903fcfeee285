/* Keywords for arrays, explained. */
#include "schema/frame.h"
#include "schema/words.h"

bool frame_items(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    const struct keyword *prefix = subschema_keyword(frame->schema, KEYWORD_PREFIX_ITEMS);
    uint32_t from = prefix != NULL ? prefix->is.children.count : 0, count = json_count(frame->value);
    const struct json_node *item = json_first(frame->value);
    bool valid = true;
    for (uint32_t i = 0; i < count; i++, item = json_next(frame->json, item)) {
        const struct subschema *schema = keyword->is.to.schema;
        struct step path = step_nowhere();
        if (keyword->code == KEYWORD_PREFIX_ITEMS) {
            if (i >= keyword->is.children.count)
                break;
            schema = keyword->is.children.list[i].schema;
            path = step_numbered(i);
        } else if (keyword->code == KEYWORD_ITEMS ? i < from : frame_is_marked(frame, i)) {
            continue;
        }
        if (frame_below(frame, schema, path, item, step_numbered(i), unit))
            frame_mark(frame, i);
        else
            valid = false;
    }
    if (valid && frame->explainer->everything)
        unit->annotation = words_items(frame->explainer, keyword, from, count);
    return valid;
}

bool frame_contains(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    struct unit aside = *unit; /* items that do not fit are no failure */
    const struct json_node *item = json_first(frame->value);
    struct buf found = {0};
    for (uint32_t i = 0; i < json_count(frame->value); i++, item = json_next(frame->json, item)) {
        aside.first = aside.last = NULL;
        if (!frame_below(frame, keyword->is.to.schema, step_nowhere(), item, step_numbered(i), &aside))
            continue;
        unit_take(unit, &aside);
        buf_printf(&found, "%s%u", frame->matches == 0 ? "[" : ",", i);
        frame->matches++;
        if (frame->schema->resource->dialect.draft == SCHEMA_DRAFT_2020_12)
            frame_mark(frame, i);
    }
    const struct keyword *least = subschema_keyword(frame->schema, KEYWORD_MIN_CONTAINS);
    bool valid = frame->matches > 0 || (least != NULL && least->is.count == 0);
    if (valid && frame->explainer->everything && frame->matches > 0) {
        buf_add_byte(&found, ']');
        unit->annotation = frame->matches == json_count(frame->value)
                               ? SPAN("true")
                               : arena_copy(frame->explainer->arena, buf_span(&found));
    }
    frame->explainer->arena->starved |= found.failed;
    buf_finish(&found);
    if (!valid)
        unit->sentence = arena_copy(frame->explainer->arena, SPAN("must have an item that fits \"contains\""));
    return valid;
}

bool frame_matches(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    bool least = keyword->code == KEYWORD_MIN_CONTAINS;
    bool valid = least ? frame->matches >= keyword->is.count : frame->matches <= keyword->is.count;
    if (!valid)
        unit->sentence = arena_printf(frame->explainer->arena, "must have at %s %u items that fit \"contains\", not %u",
                                      least ? "least" : "most", keyword->is.count, frame->matches);
    return valid;
}

bool frame_unique(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    if (!keyword->flag)
        return true;
    uint32_t one = 0, two = 0;
    bool unique = context_unique(frame->explainer->context, frame->value, &one, &two);
    if (!unique)
        unit->sentence = arena_printf(frame->explainer->arena,
                                      "must have no two equal items, but items %u and %u are equal", one, two);
    return unique;
}
