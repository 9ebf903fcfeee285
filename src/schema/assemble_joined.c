/* Joined specs: a value to which several schemas apply, as a member that is named in more than one of them. They are
 * assembled as one schema, so that what they have in common is judged once. */
#include "schema/assembler.h"

enum {
    MOST_JOINED = 1024, /* of one program: the sets of n schemas are too many */
    MOST_PARTS = 16,
};

static bool has(struct spec *const *part, uint32_t count, const struct spec *spec) {
    for (uint32_t i = 0; i < count; i++)
        if (part[i] == spec)
            return true;
    return false;
}

/* Adds the spec or, of one that is joined itself, its parts. False: too many. */
static bool add(struct spec **part, uint32_t *count, struct spec *spec) {
    for (uint32_t i = 0; i < (spec->parts > 0 ? spec->parts : 1); i++) {
        struct spec *one = spec->parts > 0 ? spec->part[i] : spec;
        if (has(part, *count, one))
            continue;
        if (*count == MOST_PARTS)
            return false;
        part[(*count)++] = one;
    }
    return true;
}

static bool is_of(const struct spec *joined, struct spec *const *part, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (!has(joined->part, joined->parts, part[i]))
            return false;
    return joined->parts == count;
}

struct spec *joined_spec(struct assembler *assembler, struct spec *one, struct spec *other) {
    struct spec *part[MOST_PARTS];
    uint32_t count = 0;
    if (!add(part, &count, one) || !add(part, &count, other))
        return NULL;
    if (count == 1 || count == one->parts)
        return one;
    for (struct spec *joined = assembler->joined; joined != NULL; joined = joined->next)
        if (is_of(joined, part, count))
            return joined;
    if (assembler->joined_count == MOST_JOINED)
        return NULL;
    struct spec *joined = assembler_take(assembler, sizeof *joined);
    *joined = (struct spec){.schema = part[0]->schema, .parts = count, .next = assembler->joined};
    joined->part = assembler_take(assembler, count * sizeof(struct spec *));
    memcpy(joined->part, part, count * sizeof(struct spec *));
    assembler->joined = joined;
    assembler->joined_count++;
    return joined;
}

void joined_emit(struct assembler *assembler, struct run *run, const struct spec *spec, enum kind kind) {
    for (uint32_t i = 0; i < spec->parts; i++)
        run_append(assembler, run, assembler_run(assembler, spec->part[i], kind));
}
