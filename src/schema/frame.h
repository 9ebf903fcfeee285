/* A frame is one schema against one value while it is explained. Only for explain.c, which runs frames, and for
 * frame_array.c and frame_object.c, the keywords that look at what is below. */
#ifndef SLUSS_SCHEMA_FRAME_H
#define SLUSS_SCHEMA_FRAME_H

#include "schema/explain.h"
#include "schema/step.h"

/* The resources entered on the way, innermost first. */
struct scope {
    const struct scope *up;
    const struct resource *resource;
};

struct where {
    const struct step *instance;
    const struct step *path;
    const struct scope *scope;
};

struct frame {
    struct explainer *explainer;
    const struct json_document *json; /* the instance's */
    const struct subschema *schema;
    const struct json_node *value;
    struct where where;
    uint64_t *marks;  /* evaluated members or items, NULL when nobody asks */
    uint32_t matches; /* of contains */
    bool decided;     /* what `if` said */
    bool seen_if;
};

/* A schema of this keyword against the same value, and against a member or item. */
bool frame_in_place(struct frame *frame, const struct subschema *schema, const struct step *below, struct unit *unit,
                    uint32_t branch);
bool frame_below(struct frame *frame, const struct subschema *schema, struct step path, const struct json_node *value,
                 struct step instance, struct unit *unit);

/* Hangs what was said aside below the unit after all. */
void unit_take(struct unit *unit, const struct unit *aside);

static inline void frame_mark(const struct frame *frame, uint32_t index) {
    if (frame->marks != NULL)
        frame->marks[index / 64] |= UINT64_C(1) << (index % 64);
}

static inline bool frame_is_marked(const struct frame *frame, uint32_t index) {
    return frame->marks != NULL && (frame->marks[index / 64] >> (index % 64) & 1) != 0;
}

/* Families of keywords: whether they hold; a sentence in the unit where not. */
bool frame_items(struct frame *frame, const struct keyword *keyword, struct unit *unit);
bool frame_contains(struct frame *frame, const struct keyword *keyword, struct unit *unit);
bool frame_matches(struct frame *frame, const struct keyword *keyword,
                   struct unit *unit); /* minContains, maxContains */
bool frame_unique(struct frame *frame, const struct keyword *keyword, struct unit *unit);
bool frame_members(struct frame *frame, const struct keyword *keyword, struct unit *unit);
bool frame_dependencies(struct frame *frame, const struct keyword *keyword, struct unit *unit);

#endif
