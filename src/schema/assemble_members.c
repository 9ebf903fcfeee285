/* Members of an object: one table for everything that is said about them. */
#include "schema/assembler.h"

struct entry *group_add(struct assembler *assembler, struct group *group, struct span name, struct spec *spec,
                        unsigned flags) {
    struct entry *entry = assembler_take(assembler, sizeof *entry);
    *entry = (struct entry){.name = name, .hash = json_hash(name), .spec = spec, .flags = flags, .next = group->entry};
    group->entry = entry;
    return entry;
}

/* Nothing else looks at its members: it can be part of another table. */
static bool is_open(const struct group *group) {
    return group->pattern == NULL && group->rest == NULL;
}

/* additionalProperties looks only at the names beside it: names that come from another group are not its own. */
void members_merge(struct assembler *assembler, struct run *run) {
    uint32_t base = UINT32_MAX;
    for (uint32_t i = 0; i < run->count; i++)
        if (run->proto[i].group != NULL &&
            (base == UINT32_MAX || (is_open(run->proto[base].group) && !is_open(run->proto[i].group))))
            base = i;
    struct group *sum = NULL;
    for (uint32_t i = 0; i < run->count; i++) {
        struct group *group = run->proto[i].group;
        if (group == NULL || i == base || !is_open(group))
            continue;
        if (sum == NULL) {
            sum = assembler_take(assembler, sizeof *sum);
            *sum = *run->proto[base].group; /* the lists are only added to in front */
        }
        for (const struct entry *entry = group->entry; entry != NULL; entry = entry->next)
            group_add(assembler, sum, entry->name, entry->spec, entry->flags & ~(unsigned)SLOT_OWN);
        run->proto[base].op.flags |= run->proto[i].op.flags;
        run->proto[i].cost = UINT8_MAX;
    }
    if (sum == NULL)
        return;
    run->proto[base].group = sum;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < run->count; i++)
        if (run->proto[i].cost != UINT8_MAX)
            run->proto[kept++] = run->proto[i];
    run->count = kept;
}

static uint32_t home(const struct members *members, uint32_t hash) {
    return (hash * members->multiplier) >> members->shift;
}

static struct slot *find_slot(const struct members *members, struct span name, uint32_t hash) {
    struct slot *slot = &members->slots[home(members, hash)];
    while (slot->name.size != TEXT_FREE &&
           (slot->name.hash != hash || !span_equal(span_make(slot->name.data, slot->name.size), name)))
        slot++;
    return slot;
}

/* A multiplier under which few names share a home. */
static void choose_multiplier(struct assembler *assembler, struct members *members, const struct group *group) {
    uint32_t homes = UINT32_C(1) << (32 - members->shift);
    uint8_t *taken = assembler_take(assembler, homes);
    uint32_t best = UINT32_MAX, multiplier = 0x9e3779b1, chosen = multiplier;
    for (uint32_t trial = 0; trial < 24 && best > 0; trial++, multiplier = multiplier * 0x2c1b3c6d + 0x297a2d38) {
        members->multiplier = multiplier | 1;
        memset(taken, 0, homes);
        uint32_t shared = 0;
        for (const struct entry *entry = group->entry; entry != NULL; entry = entry->next) {
            uint8_t *there = &taken[home(members, entry->hash)];
            uint8_t mark = (uint8_t)(1 + entry->hash % 251); /* the same name again is no conflict */
            shared += *there != 0 && *there != mark;
            *there = mark;
        }
        if (shared < best) {
            best = shared;
            chosen = members->multiplier;
        }
    }
    members->multiplier = chosen;
}

/* Twice as many homes as entries, and room behind the last for all that may be pushed there. */
static uint32_t take_slots(struct assembler *assembler, struct members *members, uint32_t entries) {
    uint32_t bits = 1;
    while ((UINT32_C(1) << bits) < 2 * entries && bits < 30)
        bits++;
    uint32_t count = (UINT32_C(1) << bits) + entries + 1;
    members->shift = 32 - bits;
    members->slots = assembler_keep(assembler, count * sizeof(struct slot));
    for (uint32_t i = 0; i < count; i++)
        members->slots[i].name.size = TEXT_FREE;
    return count;
}

static bool says_yes(const struct spec *spec) {
    return spec == NULL || spec->schema->form == SUBSCHEMA_TRUE ||
           (spec->schema->form == SUBSCHEMA_OBJECT && spec->schema->count == 0);
}

static const struct node *node_of(struct assembler *assembler, struct spec *spec) {
    return says_yes(spec) ? NULL : assembler_node(assembler, spec);
}

/* Puts the node into the list behind the slot. */
static void lay_more(struct assembler *assembler, struct members *members, struct slot *slot, struct spec *spec,
                     uint32_t *more) {
    members->more[*more] = (struct slot){
        .node = assembler_node(assembler, spec), .next = slot->next, .flags = slot->flags & (unsigned)SLOT_MORE};
    slot->next = (*more)++;
    slot->flags |= SLOT_MORE;
}

/* The names, and for each the specs joined to one where that can be. */
static void lay_entries(struct assembler *assembler, struct members *members, const struct group *group,
                        struct spec **specs) {
    uint32_t more = 0;
    for (const struct entry *entry = group->entry; entry != NULL; entry = entry->next) {
        struct slot *slot = find_slot(members, entry->name, entry->hash);
        struct spec **spec = &specs[slot - members->slots];
        members->names += slot->name.size == TEXT_FREE;
        bool required = (entry->flags & SLOT_REQUIRED) != 0 && (slot->flags & SLOT_REQUIRED) == 0;
        members->required += required;
        if (required)
            members->filter |= json_filter(entry->hash);
        slot->name = (struct text){entry->name.data, (uint32_t)entry->name.size, entry->hash};
        slot->flags |= entry->flags;
        if (says_yes(entry->spec))
            continue;
        struct spec *joined = *spec != NULL ? joined_spec(assembler, *spec, entry->spec) : entry->spec;
        if (joined != NULL)
            *spec = joined;
        else
            lay_more(assembler, members, slot, entry->spec, &more);
    }
}

/* Without patterns the rest looks at no member of a name, once it is joined to what else is said of the names that are
 * not its own. */
static void join_rest(struct assembler *assembler, struct members *members, struct spec *rest, struct spec **specs,
                      uint32_t slots) {
    for (uint32_t i = 0; i < slots; i++) {
        struct slot *slot = &members->slots[i];
        if (slot->name.size == TEXT_FREE || (slot->flags & SLOT_OWN) != 0)
            continue;
        struct spec *joined = specs[i] != NULL ? joined_spec(assembler, specs[i], rest) : rest;
        if (joined == NULL)
            continue;
        specs[i] = joined;
        slot->flags |= SLOT_OWN;
    }
}

/* Whether run_plain is enough. */
static bool is_plain(const struct members *members, uint32_t slots) {
    bool plain = members->patterns == 0 && !members->marks;
    for (uint32_t i = 0; i < slots && plain; i++) {
        const struct slot *slot = &members->slots[i];
        bool foreign = members->rest != NULL && slot->name.size != TEXT_FREE && (slot->flags & SLOT_OWN) == 0;
        plain = !foreign && (slot->flags & (SLOT_MORE | SLOT_MARK)) == 0;
    }
    return plain;
}

static uint32_t count_own(const struct members *members, uint32_t slots) {
    uint32_t own = 0;
    for (uint32_t i = 0; i < slots; i++)
        own += (members->slots[i].flags & SLOT_OWN) != 0;
    return own;
}

const struct members *members_lay(struct assembler *assembler, const struct group *group) {
    uint32_t entries = 0, patterns = 0;
    for (const struct entry *entry = group->entry; entry != NULL; entry = entry->next)
        entries++;
    for (const struct pattern *pattern = group->pattern; pattern != NULL; pattern = pattern->next)
        patterns++;
    struct members *members = assembler_keep(assembler, sizeof *members + patterns * sizeof members->pattern[0]);
    uint32_t slots = take_slots(assembler, members, entries);
    members->more = assembler_keep(assembler, entries * sizeof(struct slot));
    choose_multiplier(assembler, members, group);
    struct spec **specs = assembler_take(assembler, slots * sizeof(struct spec *));
    lay_entries(assembler, members, group, specs);
    for (const struct pattern *pattern = group->pattern; pattern != NULL; pattern = pattern->next) {
        members->pattern[members->patterns].regex = pattern->regex;
        members->pattern[members->patterns++].node = node_of(assembler, pattern->spec);
    }
    bool closed = group->rest != NULL && group->rest->schema->form == SUBSCHEMA_FALSE && patterns == 0;
    members->most = closed ? count_own(members, slots) : UINT32_MAX;
    members->rest = node_of(assembler, group->rest);
    members->marks = group->tracks && (group->rest != NULL || patterns > 0);
    members->marks_rest = members->marks && group->rest != NULL;
    members->whole = patterns > 0 || members->rest != NULL || members->marks;
    if (members->rest != NULL && patterns == 0 && !members->marks)
        join_rest(assembler, members, group->rest, specs, slots);
    for (uint32_t i = 0; i < slots; i++)
        members->slots[i].node = node_of(assembler, specs[i]);
    members->plain = is_plain(members, slots);
    return members;
}
