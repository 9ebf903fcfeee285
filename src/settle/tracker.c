/* A ring of the events from the base on. Knows offsets, not why they are settled. */
#include "settle/tracker.h"

#include "base/bug.h"

#include <stdlib.h>

bool tracker_init(struct tracker *tracker, uint32_t window, uint32_t exposure, int64_t begin) {
    *tracker = (struct tracker){.window = window, .exposure = exposure, .next = begin};
    tracker->offset = calloc(window, sizeof *tracker->offset);
    tracker->settled = calloc(window, sizeof *tracker->settled);
    tracker->sent = calloc(window, sizeof *tracker->sent);
    return tracker->offset != NULL && tracker->settled != NULL && tracker->sent != NULL;
}

void tracker_finish(struct tracker *tracker) {
    free(tracker->offset);
    free(tracker->settled);
    free(tracker->sent);
    *tracker = (struct tracker){0};
}

uint32_t tracker_admit(struct tracker *tracker, int64_t offset) {
    ENSURE(tracker->count < tracker->window, "more events were read than the window has room for");
    ENSURE(offset >= tracker->next, "an offset was admitted twice");
    uint32_t slot = (tracker->first + tracker->count) % tracker->window;
    tracker->offset[slot] = offset;
    tracker->settled[slot] = tracker->sent[slot] = false;
    tracker->count++;
    tracker->next = offset + 1;
    return slot;
}

void tracker_settle(struct tracker *tracker, uint32_t slot) {
    uint32_t place = (slot + tracker->window - tracker->first) % tracker->window;
    ENSURE(place < tracker->count && !tracker->settled[slot], "an event was settled twice (I3)");
    tracker->settled[slot] = true;
    while (tracker->count > 0 && tracker->settled[tracker->first]) {
        tracker->first = (tracker->first + 1) % tracker->window;
        tracker->count--;
        tracker->passed++;
    }
}

void tracker_sent(struct tracker *tracker, uint32_t slot) {
    tracker->sent[slot] = true;
}

uint32_t tracker_exposed(const struct tracker *tracker, int64_t from) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < tracker->count; i++) {
        uint32_t slot = (tracker->first + i) % tracker->window;
        count += tracker->settled[slot] && tracker->sent[slot] && tracker->offset[slot] >= from ? 1 : 0;
    }
    return count;
}

int64_t tracker_base(const struct tracker *tracker) {
    return tracker->count > 0 ? tracker->offset[tracker->first] : tracker->next;
}

void tracker_map(const struct tracker *tracker, struct offset_map *map) {
    for (uint32_t i = 0; i < tracker->count; i++) {
        uint32_t slot = (tracker->first + i) % tracker->window;
        if (tracker->settled[slot])
            offset_map_settle(map, tracker->offset[slot]);
    }
}
