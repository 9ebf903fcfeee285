/* The judge of what comes again: order of a key, ids, duplicates, probes. It changes nothing but the ledger. */
#include "settle/offset_map.h"
#include "world.h"

#include <inttypes.h>

static bool same_lane(const struct member *member, uint32_t route, const struct record *one,
                      const struct record *other) {
    switch (member->setting->route[route].order) {
    case ORDER_QUERY:
        if (record_query(one) != 0 || record_query(other) != 0)
            return record_query(one) == record_query(other);
        return one->key != 0 && one->key == other->key;
    case ORDER_KEY:
        return one->key != 0 && one->key == other->key;
    case ORDER_PARTITION:
        return true;
    case ORDER_NONE:
        break;
    }
    return false;
}

void check_order(struct world *world, const struct member *member, uint32_t route, uint32_t partition,
                 const struct record *record, uint32_t tenure, uint64_t id) {
    const struct partition_log *log = &world->group[route].log[partition];
    for (uint32_t i = 0; i < log->count; i++) {
        const struct view *view = &log->record[i].view[member->index];
        if (view->tenure == tenure && log->record[i].offset < record->offset && view->read && !view->settled &&
            view->request != id && same_lane(member, route, record, &log->record[i]))
            violated(world, "I2", "route %u, partition %u: %" PRId64 " starts before %" PRId64 " of its key is settled",
                     route, partition, record->offset, log->record[i].offset);
    }
}

/* A request tried again is known to the platform by its id (I4), and no two events share one. */
struct span check_id(struct world *world, const struct member *member, uint32_t route, struct record *record,
                     const struct request *request) {
    struct span id = SPAN_NONE;
    for (size_t i = 0; i < request->header_count; i++)
        if (span_equal(request->headers[i].name, SPAN("Idempotency-Key")))
            id = request->headers[i].value;
    if (id.size == 0 || id.size >= sizeof record->id)
        violated(world, "I4", "offset %" PRId64 " has no idempotency id", record->offset);
    if (member->setting->route[route].batch.events > 0)
        return id; /* it is the batch's */
    if (record->id[0] != '\0') {
        if (!span_equal(id, span_of(record->id)))
            violated(world, "I4", "the idempotency id of offset %" PRId64 " changed", record->offset);
        return id;
    }
    for (uint32_t i = 0; i < world->group[route].partitions; i++)
        for (uint32_t k = 0; k < world->group[route].log[i].count; k++)
            if (world->group[route].log[i].record[k].incarnation == record->incarnation &&
                span_equal(id, span_of(world->group[route].log[i].record[k].id)))
                violated(world, "I4", "offset %" PRId64 " has the idempotency id of another", record->offset);
    memcpy(record->id, id.data, id.size);
    return id;
}

/* How often it was refused, as the map says that this tenure began with. */
uint32_t refusals_before(const struct world *world, const struct member *member, uint32_t route, uint32_t partition,
                         const struct record *record) {
    const struct offset_try *tried = offset_map_find(store_taken(world, member, route, partition), record->offset);
    return tried != NULL ? tried->refusals : 0;
}

/* A commit was acknowledged: what it covers comes never again, and what it does not would after a crash (I5). */
void check_covered(struct world *world, struct member *member, uint32_t route) {
    struct tenure *tenure = &member->tenure[route];
    tenure->exposed = 0;
    for (uint32_t i = 0; i < world->group[route].partitions; i++) {
        struct partition_log *log = &world->group[route].log[i];
        const struct reading *reading = &tenure->reading[i];
        struct offset_map map;
        if (!reading->mine)
            continue;
        (void)offset_map_read(&map, reading->acknowledged, (int32_t)i, span_make(reading->map.text, reading->map.size));
        for (uint32_t k = 0; k < log->count; k++) {
            struct view *view = &log->record[k].view[member->index];
            if (view->tenure != tenure->number)
                continue;
            int64_t offset = log->record[k].offset;
            view->covered = view->settled && (offset < reading->acknowledged || offset_map_knows(&map, offset));
            tenure->exposed += view->started && !view->covered ? 1 : 0;
        }
    }
}

/* What the commit and the map before us call settled is not sent again: only what they could not know is (I5). */
void check_again(struct world *world, const struct member *member, uint32_t route, uint32_t partition,
                 const struct record *record) {
    const struct reading *reading = &member->tenure[route].reading[partition];
    if (record->covered > 0 && record->covered < member->tenure[route].generation &&
        !world->group[route].log[partition].forgot)
        violated(world, "I5", "offset %" PRId64 " is sent, and a commit or its map was acknowledged that covers it",
                 record->offset);
    uint32_t before = refusals_before(world, member, route, partition, record);
    const struct view *view = &record->view[member->index];
    if (view->refusals > 0 && view->refusals + before >= member->setting->route[route].refusals)
        violated(world, "I11", "offset %" PRId64 " was refused %u times and is sent again", record->offset,
                 view->refusals + before);
    if (record->offset < reading->told)
        violated(world, "I5", "offset %" PRId64 " is sent, committed is %" PRId64, record->offset, reading->told);
    if (offset_map_knows(store_taken(world, member, route, partition), record->offset))
        violated(world, "I5", "offset %" PRId64 " is sent, the map says that it is settled", record->offset);
}

/* The other workers hear of a probe, so that none of them probes until it is answered. */
static bool is_told(const struct world *world, const struct member *member, uint32_t platform) {
    int64_t until_ms = world->now_ms + member->setting->platform[platform].timeout_ms;
    for (size_t i = 0; i < member->actions.count; i++) {
        const struct action *action = &member->actions.list[i];
        if (action->kind == ACTION_TELL_WORKERS && action->is.platform.platform == platform &&
            action->is.platform.state != PLATFORM_UP && action->is.platform.until_ms >= until_ms)
            return true;
    }
    return false;
}

/* Only one request looks whether a platform that was down is up again. */
void check_platform(struct world *world, struct member *member, uint32_t platform) {
    enum platform_state state = member->platform[platform].state;
    if (state == PLATFORM_UP)
        return;
    if (state != PLATFORM_HALF_OPEN || member->platform[platform].probed)
        violated(world, "breaker", "platform %u is down and gets more than a probe", platform);
    if (world->now_ms < member->platform[platform].told_ms)
        violated(world, "breaker", "platform %u is probed before the worker that told of it", platform);
    if (!is_told(world, member, platform))
        violated(world, "breaker", "platform %u is probed, and the other workers do not hear of it", platform);
    member->platform[platform].probed = true;
}

/* A commit says all that is known: what is settled above it stands in its map, also what the map before us said (I5).
 */
void check_told(struct world *world, const struct member *member, uint32_t route, const struct commit_entry *entry,
                const struct offset_map *map) {
    const struct tenure *tenure = &member->tenure[route];
    const struct partition_log *log = &world->group[route].log[entry->partition];
    const struct reading *reading = &tenure->reading[entry->partition];
    const struct offset_map *taken = store_taken(world, member, route, (uint32_t)entry->partition);
    for (uint32_t i = 0; i < log->count; i++) {
        const struct record *record = &log->record[i];
        const struct view *view = &record->view[member->index];
        if (record->incarnation != reading->incarnation)
            continue;
        bool settled = (view->tenure == tenure->number && view->settled) || offset_map_knows(taken, record->offset);
        const struct offset_try *tried = offset_map_find(map, record->offset);
        uint32_t refusals = refusals_before(world, member, route, (uint32_t)entry->partition, record) +
                            (view->tenure == tenure->number ? view->refusals : 0);
        if (!settled && refusals != (tried != NULL ? tried->refusals : 0))
            violated(world, "I11", "offset %" PRId64 " was refused %u times, the map tells %u", record->offset,
                     refusals, tried != NULL ? tried->refusals : 0);
        if (settled && record->offset >= entry->offset && !offset_map_knows(map, record->offset))
            violated(world, "I5", "offset %" PRId64 " is settled and the commit at %" PRId64 " does not tell",
                     record->offset, entry->offset);
    }
}

/* No more events are read from the lowest unsettled on than the window has; and after a crash at any moment no more
 * come again than may be exposed. */
void check_window(struct world *world, const struct member *member, uint32_t route, uint32_t partition) {
    const struct partition_log *log = &world->group[route].log[partition];
    const struct tenure *tenure = &member->tenure[route];
    const struct reading *reading = &tenure->reading[partition];
    if (member->flow == NULL || !tenure->held)
        return;
    const struct route *setting = &member->setting->route[route];
    uint32_t exposed = 0, used = 0;
    for (uint32_t i = 0; i < log->count; i++) {
        const struct view *view = &log->record[i].view[member->index];
        bool read = view->tenure == tenure->number && view->read;
        exposed += read && log->record[i].offset >= reading->acknowledged;
        used += read && (used > 0 || !view->settled);
    }
    if (exposed > setting->exposure)
        violated(world, "I5", "%u events of partition %u are read above the commit, %u may be", exposed, partition,
                 setting->exposure);
    if (used > setting->window)
        violated(world, "window", "%u events of partition %u are read from the first unsettled on, the window is %u",
                 used, partition, setting->window);
}
