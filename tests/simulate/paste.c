/* A story as tests/cases tells it: the inputs of one member's life, and the configuration that it was played with. What
 * came of them is the trace's. */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>

static void write_text(struct buf *out, struct span text) {
    buf_add_text(out, "\"");
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '"' || byte == '\\')
            buf_printf(out, "\\%c", byte);
        else if (byte < 0x20 || byte > 0x7e) /* the only one that is no ASCII is meant to be no UTF-8 either */
            buf_printf(out, "\\u%04x", byte);
        else
            buf_add(out, span_make(&text.data[i], 1));
    }
    buf_add_text(out, "\"");
}

static void write_assigned(struct buf *out, const struct input *input) {
    buf_add_text(out, "\"assigned\": [");
    for (size_t i = 0; i < input->is.group.count; i++)
        buf_printf(out, "%s%" PRId32, i == 0 ? "" : ", ", input->is.group.place[i].partition);
    buf_printf(out, "], \"epoch\": %" PRIu32, input->is.group.epoch);
}

static void write_reached(struct buf *out, const struct input *input) {
    buf_add_text(out, "\"reached\": {");
    for (size_t i = 0; i < input->is.reached.count; i++)
        buf_printf(out, "%s\"%" PRId32 "\": %" PRId64, i == 0 ? "" : ", ", input->is.reached.entry[i].partition,
                   input->is.reached.entry[i].offset);
    buf_add_text(out, "}");
}

static void write_committed(struct buf *out, const struct input *input) {
    buf_add_text(out, "\"committed\": {");
    for (size_t i = 0; i < input->is.committed.count; i++) {
        const struct committed *one = &input->is.committed.entry[i];
        buf_printf(out, "%s\"%" PRId32 "\": ", i == 0 ? "" : ", ", one->partition);
        if (one->failed)
            buf_add_text(out, "\"failed\"");
        else if (one->offset < 0)
            buf_add_text(out, "null");
        else if (one->metadata.size == 0)
            buf_printf(out, "%" PRId64, one->offset);
        else {
            buf_printf(out, "{\"offset\": %" PRId64 ", \"metadata\": ", one->offset);
            write_text(out, one->metadata);
            buf_add_text(out, "}");
        }
    }
    buf_printf(out, "}, \"epoch\": %" PRIu32, input->is.committed.epoch);
}

static void write_event(struct buf *out, const struct event *event) {
    buf_printf(out, "\"event\": \"%" PRId32 "/%" PRId64 "\"", event->place.partition, event->offset);
    if (event->key.data != NULL) {
        buf_add_text(out, ", \"key\": ");
        write_text(out, event->key);
    }
    if (event->value.data != NULL) {
        buf_add_text(out, ", \"value\": ");
        write_text(out, event->value);
    }
    for (size_t i = 0; i < event->header_count; i++) {
        buf_add_text(out, i == 0 ? ", \"headers\": {" : ", ");
        write_text(out, event->headers[i].name);
        buf_add_text(out, ": ");
        write_text(out, event->headers[i].value);
    }
    buf_printf(out, "%s, \"epoch\": %" PRIu32, event->header_count > 0 ? "}" : "", event->place.epoch);
}

static void write_reply(struct buf *out, const struct reply *reply) {
    static const char *const faults[] = {"none",  "name",      "connect", "timeout", "tls",    "certificate",
                                         "reset", "too-large", "proxy",   "token",   "memory", "other"};
    buf_printf(out, "\"reply\": %" PRIu64, reply->request);
    if (reply->kind == REPLY_ABORTED)
        buf_add_text(out, ", \"aborted\": true");
    else if (reply->kind != REPLY_ANSWERED)
        buf_printf(out, ", \"%s\": \"%s\"", reply->kind == REPLY_NOT_SENT ? "not-sent" : "ambiguous",
                   faults[reply->fault]);
    else
        buf_printf(out, ", \"status\": %d", reply->status);
    if (reply->token != 0)
        buf_printf(out, ", \"token\": %" PRIu64, reply->token);
    if (reply->retry_after_ms >= 0)
        buf_printf(out, ", \"retry-after\": %" PRId64, reply->retry_after_ms);
    if (reply->body.data != NULL) {
        buf_add_text(out, ", \"body\": ");
        write_text(out, reply->body);
    }
    if (!reply->body_whole)
        buf_add_text(out, ", \"whole\": false");
}

static void write_partition_error(struct buf *out, const struct input *input) {
    static const char *const ends[] = {"out of range", "gone", "unavailable"};
    buf_printf(out, "\"error\": \"%" PRId32 "\", \"is\": \"%s\", \"epoch\": %" PRIu32,
               input->is.partition.place.partition, ends[input->is.partition.error], input->is.partition.place.epoch);
}

static void write_release(struct buf *out, const struct input *input) {
    const char *to = input->is.release.to == RELEASE_DEAD_LETTER ? "dead-letter" : "send";
    if (input->is.release.offset < 0)
        buf_printf(out, "\"release\": \"all\", \"to\": \"%s\"", to);
    else
        buf_printf(out, "\"release\": \"%" PRId32 "/%" PRId64 "\", \"to\": \"%s\"", input->is.release.partition,
                   input->is.release.offset, to);
}

static void write_input(struct buf *out, const struct world *world, const struct input *input) {
    static const char *const errors[] = {"done", "retry", "fenced", "too large", "failed"};
    static const char *const outcomes[] = {"acknowledged", "too large", "failed"};
    switch (input->kind) {
    case INPUT_REACHED:
        write_reached(out, input);
        break;
    case INPUT_ASSIGNED:
        write_assigned(out, input);
        break;
    case INPUT_REVOKED:
    case INPUT_LOST:
        buf_printf(out, "\"%s\": %" PRIu32, input->kind == INPUT_LOST ? "lost" : "revoked", input->is.group.epoch);
        break;
    case INPUT_COMMITTED:
        write_committed(out, input);
        break;
    case INPUT_EVENT:
        write_event(out, input->is.event);
        break;
    case INPUT_WANTED:
        buf_printf(out, "\"wanted\": %" PRId32 ", \"bytes\": %zu, \"epoch\": %" PRIu32,
                   input->is.wanted.place.partition, input->is.wanted.bytes, input->is.wanted.place.epoch);
        break;
    case INPUT_PARTITION_ERROR:
        write_partition_error(out, input);
        break;
    case INPUT_TOPIC_GONE:
        buf_printf(out, "\"topic gone\": %" PRIu32, input->is.topic.topic);
        break;
    case INPUT_COMMIT_RESULT:
        buf_printf(out, "\"commit\": \"%s\", \"epoch\": %" PRIu32, errors[input->is.commit.error],
                   input->is.commit.epoch);
        break;
    case INPUT_REPLY:
        write_reply(out, input->is.reply);
        break;
    case INPUT_LETTER:
        buf_printf(out, "\"letter\": %" PRIu64 ", \"is\": \"%s\"", input->is.letter.id,
                   outcomes[input->is.letter.outcome]);
        break;
    case INPUT_TABLE:
        buf_add_text(out, "\"table\": ");
        write_text(out, input->is.table.table == world->props->tables[0] ? SPAN(TABLE_ONE) : SPAN(TABLE_TWO));
        break;
    case INPUT_PLATFORM:
        buf_printf(out, "\"platform\": \"%s\", \"until\": %" PRId64, platform_state_name(input->is.platform.state),
                   input->is.platform.until_ms);
        break;
    case INPUT_RELEASE:
        write_release(out, input);
        break;
    case INPUT_STOP:
        buf_add_text(out, "\"stop\": true");
        break;
    case INPUT_TIMER:
        buf_add_text(out, "\"timer\": true");
        break;
    }
}

void paste_begin(struct world *world, struct member *member, uint64_t seed) {
    buf_clear(&member->lines);
    if (world->story != NULL)
        buf_printf(&member->lines,
                   "{\"seed\": %" PRIu64 ", \"window\": %" PRIu32 ", \"exposure\": %" PRIu32 ", \"memory\": %zu}\n",
                   seed, member->setting->route[0].window, member->setting->route[0].exposure,
                   member->setting->plan.memory_limit);
}

void paste_input(struct world *world, struct member *member, const struct input *input) {
    if (world->story == NULL ||
        (input->kind == INPUT_PLATFORM && input->is.platform.platform != member->setting->route[0].mapping.platform))
        return;
    buf_printf(&member->lines, "{\"at\": %" PRId64 ", ", input->now_ms);
    write_input(&member->lines, world, input);
    bool stalled = member->last_ms >= 0 && input->now_ms - member->last_ms > world->scene.tick_ms;
    buf_add_text(&member->lines, stalled ? ", \"stalled\": true}\n" : "}\n");
    world->teller = member->index;
}

/* --- the configuration --- */

static void write_platform(struct buf *out, const struct platform_spec *platform) {
    const struct breaker_spec *breaker = &platform->breaker;
    buf_printf(out,
               "platforms = { oep = {\n  base-url = \"https://oep.example.se/api\"; connect-timeout = \"100ms\"; "
               "timeout = \"%" PRId64 "ms\";"
               " max-in-flight = %" PRIu32 "; retry-budget = %" PRIu32 ";\n",
               platform->timeout_ms, platform->max_in_flight, platform->retry_budget);
    if (platform->rate > 0)
        buf_printf(out, "  rate = \"%" PRIu64 "/%s\";\n", platform->rate == 3333 ? 200 : platform->rate / 1000,
                   platform->rate == 3333 ? "min" : "s");
    buf_printf(out,
               "  breaker = { failures = %" PRIu32 "; share = %" PRIu32 "; of = %" PRIu32 "; within = \"%" PRId64
               "ms\"; open = \"%" PRId64 "ms\"; max-open = \"%" PRId64 "ms\"; };\n",
               breaker->failures, breaker->share, breaker->of, breaker->within_ms, breaker->open_ms,
               breaker->max_open_ms);
    if (platform->auth.kind == AUTH_OAUTH2)
        buf_add_text(out, "  auth = { type = \"oauth2\"; token-url = \"https://login.example.se/token\"; client-id = "
                          "\"sluss\"; client-secret = \"none\"; };\n");
    if (platform->success.count == 2)
        buf_add_text(out, "  success = [ \"200-299\", \"409\" ];\n");
    if (platform->accept != NULL)
        buf_add_text(out, "  accept-body = \"$.code == 20\";\n");
    if (platform->permanent.count > 0)
        buf_add_text(out, "  permanent-body = [ \"Never\" ];\n");
    buf_add_text(out, "}; };\n");
}

void paste_settings(const struct world *world, struct buf *out) {
    const struct setting *setting = world->member[world->teller].setting;
    const struct plan *plan = &setting->plan;
    buf_printf(out,
               "# From the simulator.\nkafka = {\n  bootstrap-servers = \"kafka.example.se:9092\";\n  group-id = "
               "\"sluss\";\n  security-protocol = \"PLAINTEXT\";\n  start = \"earliest\";\n"
               "  session-timeout-ms = %" PRIu32 ";\n  max-poll-interval-ms = %" PRIu32 ";\n};\n",
               plan->session_timeout_ms, plan->max_poll_interval_ms);
    write_platform(out, &setting->platform[setting->route[0].mapping.platform]);
    buf_printf(out,
               "lookups = { status = { table = \"status.csv\"; key = \"code\"; value = \"name\"; }; };\n"
               "limits = { event = \"%zu KiB\"; depth = 8; };\n",
               setting->route[0].decode.limits.size / 1024);
}

static void write_batch(struct buf *out, const struct route *route) {
    if (route->batch.events == 0)
        return;
    buf_printf(out, " batch = { format = \"%s\"; events = %" PRIu32 "; bytes = \"%zu\"; wait = \"%" PRId64 "ms\"; };",
               route->mapping.bundle == BUNDLE_NDJSON ? "ndjson" : "json-array", route->batch.events,
               (size_t)route->batch.bytes, (int64_t)route->batch.wait_ms);
}

void paste_route(const struct world *world, struct buf *out) {
    static const char *const orders[] = {
        [ORDER_KEY] = "key", [ORDER_QUERY] = "$.s", [ORDER_PARTITION] = "partition", [ORDER_NONE] = "none"};
    static const char *const ambiguities[] = {"retry", "dead-letter", "hold"};
    static const char *const afterwards[] = {"continue", "hold", "follow"};
    static const char *const starts[] = {"earliest", "2023-11-14T22:13:20Z", "stop"};
    const struct route *route = &world->member[world->teller].setting->route[0];
    buf_printf(out,
               "# From the simulator.\nowner = \"forvaltning@example.se\";\nfrom = \"arende.v1\";\nstart = \"%s\";\n"
               "schema = \"simulate.schema.json\";\ntombstone = \"%s\";\n",
               starts[route->start.kind], route->tombstone == TOMBSTONE_FILTER ? "filter" : "dead-letter");
    if (route->recipe_count > 0)
        buf_printf(out, "enrich = ( { lookup = \"status\"; key = \"$.s\"; into = \"$.t\"; absent = \"%s\"; } );\n",
                   route->recipes[0].absent == ABSENT_DEAD_LETTER ? "dead-letter" : "skip-event");
    buf_printf(out,
               "deliver = { platform = \"oep\"; path = \"%s\"; order-by = \"%s\"; refusals = %" PRIu32
               "; ambiguous = \"%s\";",
               route->batch.events > 0 ? "/import/{$.n ?? \\\"0\\\"}" : "/errands/{$.id}", orders[route->order],
               route->refusals, ambiguities[route->ambiguous]);
    write_batch(out, route);
    buf_printf(out,
               " };\nretry = { first = \"%" PRId64 "ms\"; max = \"%" PRId64 "ms\"; for = \"%" PRId64
               "ms\"; };\ndead-letter = \"arende.v1.dlq\";\nafter-dead-letter = \"%s\";\n",
               route->retry.first_ms, route->retry.max_ms, route->retry.patience_ms, afterwards[route->after_letter]);
}
