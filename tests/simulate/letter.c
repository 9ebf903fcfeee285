/* The judge of dead letters: what they carry of their events, what they leave out and say so. It changes nothing but
 * the ledger. */
#include "world.h"

#include <inttypes.h>

enum { OURS = 14 };

static const char *const ours[OURS] = {
    "sluss-reason",       "sluss-stage",      "sluss-detail",      "sluss-value-omitted",  "sluss-route",
    "sluss-topic",        "sluss-partition",  "sluss-offset",      "sluss-timestamp",      "sluss-attempts",
    "sluss-first-failed", "sluss-generation", "sluss-key-omitted", "sluss-headers-omitted"};

static size_t number_of(struct span name) {
    size_t number = 0;
    if (!span_starts_with(name, SPAN("sluss-")))
        return OURS;
    while (number < OURS && !span_equal(name, span_of(ours[number])))
        number++;
    return number;
}

/* What the letter says of itself; data NULL: nothing. Each of our names stands there once, behind the event's own. */
struct said {
    struct span of[OURS];
    size_t foreign; /* headers that are not ours, in front */
};

static struct said read_headers(struct world *world, const struct letter *letter) {
    struct said said = {.foreign = 0};
    while (said.foreign < letter->header_count && number_of(letter->headers[said.foreign].name) == OURS)
        said.foreign++;
    for (size_t i = said.foreign; i < letter->header_count; i++) {
        size_t number = number_of(letter->headers[i].name);
        if (number == OURS || said.of[number].data != NULL)
            violated(world, "I4", "the dead letter of offset %" PRId64 " has a header twice, or out of its place",
                     letter->offset);
        else
            said.of[number] = letter->headers[i].value;
    }
    return said;
}

static struct span said_of(const struct said *said, const char *name) {
    return said->of[number_of(span_of(name))];
}

/* The event's own headers, without those that have a name of ours. */
static size_t count_foreign(const struct record *record) {
    size_t count = 0;
    for (size_t i = 0; i < record->header_count; i++)
        count += number_of(record->headers[i].name) == OURS ? 1 : 0;
    return count;
}

/* How much may be left out: as much as was found too large, in the order of value, headers, key, where there is any. */
struct omits {
    bool value, headers, key;
};

static struct omits expected(const struct record *record, uint32_t too_large, size_t foreign) {
    struct omits omits = {false, false, false};
    bool *const each[] = {&omits.value, &omits.headers, &omits.key};
    const bool there[] = {record_value(record).data != NULL, foreign > 0, record->key != 0};
    for (size_t i = 0; i < 3 && too_large > 0; i++)
        if (there[i]) {
            *each[i] = true;
            too_large--;
        }
    return omits;
}

static void check_number(struct world *world, const struct said *said, const char *name, bool wanted, int64_t number,
                         int64_t offset) {
    char text[24];
    struct span there = said_of(said, name);
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    if (wanted ? !span_equal(there, span_of(text)) : there.data != NULL)
        violated(world, "I4", "the dead letter of offset %" PRId64 ": %s is not what it must be", offset, name);
}

static void check_foreign(struct world *world, const struct record *record, const struct letter *letter,
                          const struct said *said) {
    size_t at = 0;
    for (size_t i = 0; i < record->header_count; i++) {
        const struct header *header = &record->headers[i];
        if (number_of(header->name) != OURS)
            continue;
        if (at >= said->foreign || !span_equal(letter->headers[at].name, header->name) ||
            !span_equal(letter->headers[at].value, header->value))
            violated(world, "I4", "the dead letter of offset %" PRId64 " lacks a header of its event", record->offset);
        at++;
    }
}

/* None at all is another than an empty one. */
static bool is_same(struct span one, struct span other) {
    if (one.data == NULL || other.data == NULL)
        return one.data == other.data;
    return span_equal(one, other);
}

static void check_carries(struct world *world, const struct member *member, const struct record *record,
                          const struct letter *letter) {
    const struct said said = read_headers(world, letter);
    size_t foreign = count_foreign(record), omitted = record_omitted(record);
    struct omits omits = expected(record, record->view[member->index].too_large, foreign);
    struct span key = record_key(record), value = record_value(record);
    bool whole = omits.value ? letter->value.data == NULL : is_same(letter->value, value);
    whole = whole && (omits.key ? letter->key.data == NULL : is_same(letter->key, key));
    if (!whole || said.foreign != (omits.headers ? 0 : foreign) ||
        !span_equal(letter->topic, member->setting->route[letter->place.route].dead_letter))
        violated(world, "I4", "the dead letter of offset %" PRId64 " is not the event", record->offset);
    if (!omits.headers)
        check_foreign(world, record, letter, &said);
    check_number(world, &said, "sluss-value-omitted", omits.value || omitted > 0, (int64_t)(value.size + omitted),
                 record->offset);
    check_number(world, &said, "sluss-headers-omitted", omits.headers, (int64_t)foreign, record->offset);
    check_number(world, &said, "sluss-key-omitted", omits.key, (int64_t)key.size, record->offset);
    check_number(world, &said, "sluss-offset", true, record->offset, record->offset);
    check_number(world, &said, "sluss-partition", true, letter->place.partition, record->offset);
    check_number(world, &said, "sluss-generation", true, (int64_t)member->setting->plan.generation, record->offset);
    if (said_of(&said, "sluss-reason").size == 0 || said_of(&said, "sluss-attempts").size == 0)
        violated(world, "I4", "the dead letter of offset %" PRId64 " does not say why it is one", record->offset);
    world->choices->count[FAULT_LETTER_NO_HEADERS] += omits.headers ? 1 : 0;
    world->choices->count[FAULT_LETTER_NO_KEY] += omits.key ? 1 : 0;
}

void letter_check(struct world *world, struct member *member, struct open_request *open, const struct letter *letter) {
    struct record *record = open->record[0];
    struct view *view = &record->view[member->index];
    open->letter = true;
    open->size = event_size(letter->key, letter->value, letter->headers, letter->header_count);
    open->small = letter->value.data == NULL;
    hold_check_letter(world, member, record, letter);
    view->letter = letter->id;
    if (view->letter_made != NULL && view->letter_made != letter->headers)
        violated(world, "I10", "the dead letter of offset %" PRId64 " takes memory again each time it is written",
                 record->offset);
    view->letter_made = letter->headers;
    check_carries(world, member, record, letter);
}

/* Found too large: the next one is another. */
void letter_refused(const struct member *member, struct record *record) {
    struct view *view = &record->view[member->index];
    size_t foreign = count_foreign(record);
    uint32_t most = (record_value(record).data != NULL ? 1U : 0) + (foreign > 0 ? 1U : 0) + (record->key != 0 ? 1U : 0);
    if (view->too_large == most)
        return;
    view->too_large++;
    view->letter_made = NULL;
}
