/* Reading stories. Runs none. */
#include "story.h"

#include "settle/offset_map.h"

#include <jansson.h>
#include <stdlib.h>

static int pick(const char *word, const char *const words[]) {
    for (int i = 0; word != NULL && words[i] != NULL; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return -1;
}

static uint32_t number(const json_t *line, const char *name, uint32_t otherwise) {
    const json_t *value = json_object_get(line, name);
    return json_is_integer(value) ? (uint32_t)json_integer_value(value) : otherwise;
}

static const char *word(const json_t *line, const char *name) {
    return json_string_value(json_object_get(line, name));
}

static bool read_assigned(const json_t *line, struct arena *memory, struct input *input) {
    const json_t *list = json_object_get(line, "assigned");
    struct place *place = arena_take_zero(memory, json_array_size(list) + 1, sizeof *place);
    if (place == NULL)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++)
        place[i] = (struct place){.route = number(line, "route", 0),
                                  .partition = (int32_t)json_integer_value(json_array_get(list, i)),
                                  .epoch = number(line, "epoch", 1)};
    input->kind = INPUT_ASSIGNED;
    input->is.group.route = number(line, "route", 0);
    input->is.group.epoch = number(line, "epoch", 1);
    input->is.group.place = place;
    input->is.group.count = json_array_size(list);
    return true;
}

static bool read_reached(const json_t *line, struct arena *memory, struct input *input) {
    json_t *map = json_object_get(line, "reached");
    struct reached *entry = arena_take_zero(memory, json_object_size(map) + 1, sizeof *entry);
    size_t count = 0;
    const char *partition;
    json_t *value;
    if (entry == NULL)
        return false;
    json_object_foreach(map, partition, value) entry[count++] =
        (struct reached){.partition = atoi(partition), .offset = json_integer_value(value)};
    input->kind = INPUT_REACHED;
    input->is.reached.route = number(line, "route", 0);
    input->is.reached.entry = entry;
    input->is.reached.count = count;
    return true;
}

/* An offset with what stands beside it. */
static void read_stored(const json_t *value, struct arena *memory, struct committed *entry) {
    struct offset_map map;
    size_t index;
    json_t *one;
    const char *offset;
    entry->offset = json_integer_value(json_object_get(value, "offset"));
    if (word(value, "metadata") != NULL) {
        entry->metadata = arena_copy(memory, span_of(word(value, "metadata")));
        return;
    }
    offset_map_init(&map, entry->offset);
    json_array_foreach(json_object_get(value, "settled"), index, one) offset_map_settle(&map, json_integer_value(one));
    json_object_foreach(json_object_get(value, "tried"), offset, one)
        offset_map_try(&map, (struct offset_try){atoll(offset), (uint32_t)json_integer_value(json_array_get(one, 0)),
                                                 (uint32_t)json_integer_value(json_array_get(one, 1)), HELD_NOT, -1,
                                                 (uint32_t)json_integer_value(json_array_get(one, 2))});
    json_object_foreach(json_object_get(value, "held"), offset, one) {
        struct offset_try held = {.offset = atoll(offset), .held = HELD_AMBIGUOUS, .first = -1, .attempts = 1};
        if (json_is_integer(one))
            held = (struct offset_try){.offset = held.offset, .held = HELD_DEAD_KEY, .first = json_integer_value(one)};
        offset_map_try(&map, held);
    }
    json_object_foreach(json_object_get(value, "dead"), offset, one)
        offset_map_die(&map, (struct offset_dead){atoll(offset), json_integer_value(one)});
    char text[OFFSET_MAP_SIZE];
    entry->metadata = arena_copy(memory, span_make(text, offset_map_write(&map, entry->partition, text)));
}

static bool read_committed(const json_t *line, struct arena *memory, struct input *input) {
    json_t *map = json_object_get(line, "committed");
    struct committed *entry = arena_take_zero(memory, json_object_size(map) + 1, sizeof *entry);
    size_t count = 0;
    const char *partition;
    json_t *value;
    if (entry == NULL)
        return false;
    json_object_foreach(map, partition, value) {
        entry[count++] = (struct committed){.partition = atoi(partition),
                                            .failed = json_is_string(value),
                                            .offset = json_is_integer(value) ? json_integer_value(value) : -1};
        if (json_is_object(value))
            read_stored(value, memory, &entry[count - 1]);
    }
    input->kind = INPUT_COMMITTED;
    input->is.committed.route = number(line, "route", 0);
    input->is.committed.epoch = number(line, "epoch", 1);
    input->is.committed.entry = entry;
    input->is.committed.count = count;
    return true;
}

/* As the simulator writes the only byte that it uses beside ASCII: it is no UTF-8. */
static struct span read_bytes(const json_t *value, struct arena *memory) {
    static const char mark[] = "\u00ff";
    struct span text = span_make(json_string_value(value), json_string_length(value));
    char *bytes = arena_take_zero(memory, text.size + 1, 1);
    size_t size = 0;
    for (size_t i = 0; bytes != NULL && i < text.size; i++) {
        bool marked = span_starts_with(span_from(text, i), span_of(mark));
        bytes[size++] = marked ? '\xff' : text.data[i];
        i += marked ? sizeof mark - 2 : 0;
    }
    return span_make(bytes, size);
}

static bool read_event(const json_t *line, struct arena *memory, struct input *input) {
    struct place place = {.route = number(line, "route", 0), .epoch = number(line, "epoch", 1)};
    long long offset = 0;
    int partition = 0;
    if (sscanf(word(line, "event"), "%d/%lld", &partition, &offset) != 2)
        return false;
    place.partition = partition;
    const json_t *value = json_object_get(line, "value");
    char *dumped = value != NULL && !json_is_string(value) ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    struct span bytes = json_is_string(value) ? read_bytes(value, memory) : span_of(dumped);
    json_t *map = json_object_get(line, "headers");
    struct header *headers = arena_take_zero(memory, json_object_size(map) + 1, sizeof *headers);
    size_t count = 0;
    const char *name;
    json_t *text;
    if (headers != NULL)
        json_object_foreach(map, name, text) headers[count++] =
            (struct header){span_of(name), span_of(json_string_value(text))};
    input->kind = INPUT_EVENT;
    input->is.event =
        event_create(place, offset, 1700000000000 + offset, span_of(word(line, "key")), bytes, headers, count);
    free(dumped);
    return input->is.event != NULL;
}

static bool read_reply(const json_t *line, struct input *input) {
    static const char *const faults[] = {"none",      "name",  "connect", "timeout", "tls",   "certificate", "reset",
                                         "too-large", "proxy", "token",   "memory",  "other", NULL};
    const char *fault = word(line, "not-sent");
    enum reply_kind kind = fault != NULL ? REPLY_NOT_SENT : REPLY_ANSWERED;
    if (word(line, "ambiguous") != NULL) {
        fault = word(line, "ambiguous");
        kind = REPLY_AMBIGUOUS;
    }
    if (json_is_true(json_object_get(line, "aborted")))
        kind = REPLY_ABORTED;
    int known = fault == NULL ? 0 : pick(fault, faults);
    struct reply *reply = known < 0 ? NULL : reply_create(number(line, "reply", 0), kind, (enum reply_fault)known);
    if (reply == NULL)
        return false;
    reply->status = (int)number(line, "status", 0);
    const json_t *after = json_object_get(line, "retry-after");
    reply->retry_after_ms = after != NULL ? json_integer_value(after) : -1;
    reply->token = number(line, "token", 0);
    if (word(line, "why") != NULL && (reply->memory = strdup(word(line, "why"))) != NULL)
        reply->why = span_of(reply->memory);
    if (word(line, "body") != NULL && (reply->memory = strdup(word(line, "body"))) != NULL)
        reply->body = span_of(reply->memory);
    reply->body_whole = !json_is_false(json_object_get(line, "whole"));
    input->kind = INPUT_REPLY;
    input->is.reply = reply;
    return true;
}

static bool read_table(const json_t *line, struct input *input, struct error *error) {
    input->kind = INPUT_TABLE;
    input->is.table.lookup = number(line, "lookup", 0);
    input->is.table.table = lookup_table_create(span_of(word(line, "table")), SPAN("code"), SPAN("name"), error);
    return input->is.table.table != NULL;
}

static bool read_answer(const json_t *line, struct input *input) {
    static const char *const outcomes[] = {"acknowledged", "too large", "failed", NULL};
    static const char *const errors[] = {"done", "retry", "fenced", "too large", "failed", NULL};
    if (json_object_get(line, "letter") != NULL) {
        int outcome = pick(word(line, "is"), outcomes);
        input->kind = INPUT_LETTER;
        input->is.letter.id = number(line, "letter", 0);
        input->is.letter.outcome = (enum letter_outcome)outcome;
        return outcome >= 0;
    }
    int error = pick(word(line, "commit"), errors);
    input->kind = INPUT_COMMIT_RESULT;
    input->is.commit.route = number(line, "route", 0);
    input->is.commit.epoch = number(line, "epoch", 1);
    input->is.commit.error = (enum commit_error)error;
    return error >= 0;
}

static bool read_release(const json_t *line, struct input *input) {
    static const char *const ways[] = {"send", "dead-letter", NULL};
    int way = pick(word(line, "to"), ways), partition = 0;
    long long offset = -1;
    if (strcmp(word(line, "release"), "all") != 0 && sscanf(word(line, "release"), "%d/%lld", &partition, &offset) != 2)
        return false;
    input->kind = INPUT_RELEASE;
    input->is.release.route = number(line, "route", 0);
    input->is.release.partition = partition;
    input->is.release.offset = offset;
    input->is.release.to = way == 1 ? RELEASE_DEAD_LETTER : RELEASE_SEND;
    return way >= 0;
}

static bool read_other(const json_t *line, struct input *input) {
    static const char *const states[] = {"up", "open", "half-open", "held", NULL};
    if (word(line, "error") != NULL) {
        input->kind = INPUT_PARTITION_ERROR;
        input->is.partition.place = (struct place){.route = number(line, "route", 0),
                                                   .partition = atoi(word(line, "error")),
                                                   .epoch = number(line, "epoch", 1)};
        static const char *const ends[] = {"out of range", "gone", "unavailable", NULL};
        int end = word(line, "is") != NULL ? pick(word(line, "is"), ends) : PARTITION_UNAVAILABLE;
        input->is.partition.error = (enum partition_error)end;
        return end >= 0;
    }
    if (json_object_get(line, "topic gone") != NULL) {
        input->kind = INPUT_TOPIC_GONE;
        input->is.topic.route = number(line, "route", 0);
        input->is.topic.topic = number(line, "topic gone", 0);
        return true;
    }
    if (json_object_get(line, "wanted") != NULL) {
        input->kind = INPUT_WANTED;
        input->is.wanted.place = (struct place){.route = number(line, "route", 0),
                                                .partition = (int32_t)number(line, "wanted", 0),
                                                .epoch = number(line, "epoch", 1)};
        input->is.wanted.bytes = number(line, "bytes", 0);
        return true;
    }
    if (word(line, "platform") != NULL) {
        int state = pick(word(line, "platform"), states);
        input->kind = INPUT_PLATFORM;
        input->is.platform.state = (enum platform_state)state;
        input->is.platform.until_ms = number(line, "until", 0);
        return state >= 0;
    }
    if (word(line, "release") != NULL)
        return read_release(line, input);
    const char *group = json_object_get(line, "revoked") != NULL ? "revoked" : "lost";
    if (json_object_get(line, group) != NULL) {
        input->kind = strcmp(group, "lost") == 0 ? INPUT_LOST : INPUT_REVOKED;
        input->is.group.route = number(line, "route", 0);
        input->is.group.epoch = number(line, group, 1);
        return true;
    }
    input->kind = json_object_get(line, "stop") != NULL ? INPUT_STOP : INPUT_TIMER;
    return input->kind == INPUT_STOP || json_object_get(line, "timer") != NULL;
}

static bool read_line(const json_t *line, struct arena *memory, struct input *input, struct error *error) {
    if (json_object_get(line, "reached") != NULL)
        return read_reached(line, memory, input);
    if (json_object_get(line, "assigned") != NULL)
        return read_assigned(line, memory, input);
    if (json_object_get(line, "committed") != NULL)
        return read_committed(line, memory, input);
    if (json_object_get(line, "event") != NULL)
        return read_event(line, memory, input);
    if (json_object_get(line, "reply") != NULL)
        return read_reply(line, input);
    if (json_object_get(line, "table") != NULL)
        return read_table(line, input, error);
    if (json_object_get(line, "letter") != NULL || json_object_get(line, "commit") != NULL)
        return read_answer(line, input);
    return read_other(line, input);
}

bool story_line(const char *text, struct arena *memory, struct input *input, struct error *error) {
    json_error_t problem;
    json_t *line = json_loads(text, 0, &problem);
    if (line == NULL)
        return error_set(error, "not JSON: %s", problem.text);
    memset(input, 0, sizeof *input);
    bool read = read_line(line, memory, input, error);
    input->now_ms = json_integer_value(json_object_get(line, "at"));
    input->wall_ms = 1700000000000 + input->now_ms;
    json_decref(line);
    return read || error_set(error, "not an input of a story");
}
