/* Keywords for objects, explained. */
#include "schema/frame.h"

#include "json/splice.h"

/* Members that a keyword's schemas are for. */
static bool judge_member(struct frame *frame, const struct keyword *keyword, const struct json_node *key,
                         uint32_t index, struct unit *unit, bool *used) {
    const struct json_document *schema_json = &frame->schema->resource->text->json;
    struct span name = json_text(frame->json, key);
    bool valid = true;
    for (uint32_t i = 0; i < keyword->is.children.count && context_spend(frame->explainer->context, 1); i++) {
        const struct child *child = &keyword->is.children.list[i];
        struct span wanted = json_text(schema_json, child->key);
        if (keyword->code == KEYWORD_PROPERTIES ? !span_equal(wanted, name)
                                                : !context_match(frame->explainer->context, child->regex, name))
            continue;
        *used = true;
        if (frame_below(frame, child->schema, step_named(wanted), key + 1, step_named(name), unit))
            frame_mark(frame, index);
        else
            valid = false;
    }
    return valid;
}

static bool is_named(struct frame *frame, const struct json_node *key) {
    const struct keyword *lists[] = {subschema_keyword(frame->schema, KEYWORD_PROPERTIES),
                                     subschema_keyword(frame->schema, KEYWORD_PATTERN_PROPERTIES)};
    struct span name = json_text(frame->json, key);
    for (size_t k = 0; k < 2; k++)
        for (uint32_t i = 0;
             lists[k] != NULL && context_spend(frame->explainer->context, 1) && i < lists[k]->is.children.count; i++) {
            const struct child *child = &lists[k]->is.children.list[i];
            if (k == 0 ? span_equal(json_text(&frame->schema->resource->text->json, child->key), name)
                       : context_match(frame->explainer->context, child->regex, name))
                return true;
        }
    return false;
}

bool frame_members(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    const struct json_node *key = json_first(frame->value);
    struct buf names = {0};
    bool valid = true;
    for (uint32_t i = 0; i < json_count(frame->value) && context_spend(frame->explainer->context, 1);
         i++, key = json_next(frame->json, key + 1)) {
        struct span name = json_text(frame->json, key);
        bool used = false, fits = true;
        if (keyword->code == KEYWORD_PROPERTIES || keyword->code == KEYWORD_PATTERN_PROPERTIES) {
            fits = judge_member(frame, keyword, key, i, unit, &used);
        } else if (keyword->code == KEYWORD_PROPERTY_NAMES) {
            struct unit aside = *unit; /* what is said of a name is nothing about the value there */
            aside.first = aside.last = NULL;
            fits = frame_below(frame, keyword->is.to.schema, step_nowhere(), key, step_named(name), &aside);
            if (!fits)
                unit_take(unit, &aside);
        } else if (keyword->code == KEYWORD_ADDITIONAL_PROPERTIES ? !is_named(frame, key)
                                                                  : !frame_is_marked(frame, i)) {
            used = true;
            fits = frame_below(frame, keyword->is.to.schema, step_nowhere(), key + 1, step_named(name), unit);
            if (fits)
                frame_mark(frame, i);
        }
        valid &= fits;
        if (used && frame->explainer->everything) {
            buf_add_byte(&names, names.size == 0 ? '[' : ',');
            json_write_string(&names, name);
        }
    }
    if (valid && frame->explainer->everything && keyword->code != KEYWORD_PROPERTY_NAMES) {
        buf_add_text(&names, names.size == 0 ? "[]" : "]");
        unit->annotation = arena_copy(frame->explainer->arena, buf_span(&names));
    }
    frame->explainer->arena->starved |= names.failed;
    buf_finish(&names);
    return valid;
}

bool frame_dependencies(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    const struct json_document *schema_json = &frame->schema->resource->text->json;
    bool valid = true;
    for (uint32_t i = 0; i < keyword->is.children.count; i++) {
        const struct child *child = &keyword->is.children.list[i];
        struct span name = json_text(schema_json, child->key);
        if (!context_spend(frame->explainer->context, json_count(frame->value) / 8) ||
            json_member(frame->json, frame->value, name) == NULL)
            continue;
        struct step step = step_named(name);
        if (child->schema != NULL) {
            valid &= frame_in_place(frame, child->schema, &step, unit, i);
            continue;
        }
        const struct json_node *wanted = json_first(child->names);
        for (uint32_t n = 0; n < json_count(child->names); n++, wanted = json_next(schema_json, wanted)) {
            if (json_member(frame->json, frame->value, json_text(schema_json, wanted)) != NULL)
                continue;
            valid = false;
            if (unit->sentence.data == NULL)
                unit->sentence =
                    arena_printf(frame->explainer->arena, "must have the member \"%.*s\", because it has \"%.*s\"",
                                 SPAN_ARGUMENT(json_text(schema_json, wanted)), SPAN_ARGUMENT(name));
        }
    }
    return valid;
}
