/* Members of an object: one table for everything that is said about them. */
#include "schema/assembler.h"

struct entry *group_add(struct assembler *assembler, struct group *group, struct span name, struct spec *spec,
                        unsigned flags) {
    struct entry *entry = assembler_take(assembler, sizeof *entry);
    *entry = (struct entry){
        .name = name, .hash = json_hash(name), .spec = spec, .flags = flags | SLOT_USED, .next = group->entry};
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
    uint32_t at = home(members, hash);
    while ((members->slots[at].flags & SLOT_USED) != 0 &&
           (members->slots[at].name.hash != hash ||
            !span_equal(span_make(members->slots[at].name.data, members->slots[at].name.size), name)))
        at = (at + 1) & members->mask;
    return &members->slots[at];
}

/* A multiplier under which few names share a home. */
static void choose_multiplier(struct assembler *assembler, struct members *members, const struct group *group) {
    uint8_t *taken = assembler_take(assembler, members->mask + 1);
    uint32_t best = UINT32_MAX, multiplier = 0x9e3779b1, chosen = multiplier;
    for (uint32_t trial = 0; trial < 24 && best > 0; trial++, multiplier = multiplier * 0x2c1b3c6d + 0x297a2d38) {
        members->multiplier = multiplier | 1;
        memset(taken, 0, members->mask + 1);
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

static const struct node *node_of(struct assembler *assembler, struct spec *spec) {
    if (spec == NULL || spec->schema->form == SUBSCHEMA_TRUE ||
        (spec->schema->form == SUBSCHEMA_OBJECT && spec->schema->count == 0))
        return NULL;
    return assembler_node(assembler, spec);
}

static void lay_entry(struct assembler *assembler, struct members *members, const struct entry *entry, uint32_t *more) {
    struct slot *slot = find_slot(members, entry->name, entry->hash);
    const struct node *node = node_of(assembler, entry->spec);
    members->names += (slot->flags & SLOT_USED) == 0;
    bool required = (entry->flags & SLOT_REQUIRED) != 0 && (slot->flags & SLOT_REQUIRED) == 0;
    members->required += required;
    if (required)
        members->filter |= json_filter(entry->hash);
    slot->name = (struct text){entry->name.data, (uint32_t)entry->name.size, entry->hash};
    slot->flags |= entry->flags;
    if (node == NULL)
        return;
    if (slot->node != NULL) {
        members->more[*more] =
            (struct slot){.node = slot->node, .next = slot->next, .flags = slot->flags & (unsigned)SLOT_MORE};
        slot->next = (*more)++;
        slot->flags |= SLOT_MORE;
    }
    slot->node = node;
}

const struct members *members_lay(struct assembler *assembler, const struct group *group) {
    uint32_t entries = 0, patterns = 0, own = 0;
    for (const struct entry *entry = group->entry; entry != NULL; entry = entry->next)
        entries++;
    for (const struct pattern *pattern = group->pattern; pattern != NULL; pattern = pattern->next)
        patterns++;
    struct members *members = assembler_keep(assembler, sizeof *members + patterns * sizeof members->pattern[0]);
    uint32_t bits = 1;
    while ((UINT32_C(1) << bits) < 2 * entries && bits < 30)
        bits++;
    members->mask = (UINT32_C(1) << bits) - 1;
    members->shift = 32 - bits;
    members->slots = assembler_keep(assembler, (members->mask + 1) * sizeof(struct slot));
    members->more = assembler_keep(assembler, entries * sizeof(struct slot));
    choose_multiplier(assembler, members, group);
    uint32_t more = 0;
    for (const struct entry *entry = group->entry; entry != NULL; entry = entry->next)
        lay_entry(assembler, members, entry, &more);
    for (uint32_t i = 0; i <= members->mask; i++)
        own += (members->slots[i].flags & SLOT_OWN) != 0;
    for (const struct pattern *pattern = group->pattern; pattern != NULL; pattern = pattern->next) {
        members->pattern[members->patterns].regex = pattern->regex;
        members->pattern[members->patterns++].node = node_of(assembler, pattern->spec);
    }
    bool closed = group->rest != NULL && group->rest->schema->form == SUBSCHEMA_FALSE && patterns == 0;
    members->most = closed ? own : UINT32_MAX;
    members->rest = node_of(assembler, group->rest);
    members->marks = group->tracks && (group->rest != NULL || patterns > 0);
    members->marks_rest = members->marks && group->rest != NULL;
    members->whole = patterns > 0 || members->rest != NULL || members->marks;
    return members;
}
