/* The rows of a route's file. What they mean together is checked in route.c. */
#include "settings/parts.h"
#include "settings/reader.h"
#include "settings/types.h"

static const char *const modes[] = {"on", "off", NULL};
static const char *const later_modes[] = {"validate", "shadow", NULL};
static const char *const formats[] = {"auto", "json", "cloudevents", NULL};
static const char *const scopes[] = {"event", "data", NULL};
static const char *const tombstones[] = {"filter", "dead-letter", NULL};
static const char *const absents[] = {"dead-letter", "leave-out", "default", "skip-event", NULL};
static const char *const bodies[] = {"event", "data", "none", NULL};
static const char *const later_bodies[] = {"cloudevents", "template:", NULL};
static const char *const ambiguities[] = {"retry", "dead-letter", "hold", NULL};
static const char *const bundles[] = {"json-array", "ndjson", "cloudevents-batch", NULL};
static const char *const afterwards[] = {"continue", "hold", "follow", NULL};

#define DAY           ((int64_t)86400 * 1000)
#define ROUTE(member) offsetof(struct draft, route.member)
#define LATER(the_name, text)                                                                                          \
    { .name = (the_name), .type = &type_later, .field = NO_FIELD, .sentence = (text) }

static struct span derive_group(struct reader *reader, void *target) {
    (void)target;
    if (reader->settings->kafka.group_id.data == NULL)
        return SPAN_NONE;
    struct span group = arena_printf(reader->arena, SPAN_FORMAT "." SPAN_FORMAT,
                                     SPAN_ARGUMENT(reader->settings->kafka.group_id), SPAN_ARGUMENT(reader->route));
    reader->failed = reader->failed || group.data == NULL;
    return group;
}

static struct span derive_name(struct reader *reader, void *target) {
    (void)target;
    return reader->route;
}

static struct span derive_start(struct reader *reader, void *target) {
    (void)target;
    return reader->start;
}

static const struct option enrich_rows[] = {
    {.name = "lookup",
     .type = &type_lookup,
     .field = offsetof(struct recipe_draft, recipe.lookup),
     .flags = OPTION_REQUIRED,
     .sentence = "The lookup in sluss.cfg to use."},
    {.name = "key",
     .type = &type_query,
     .field = offsetof(struct recipe_draft, recipe.key),
     .flags = OPTION_REQUIRED,
     .sentence = "Where in the event the key is."},
    {.name = "into",
     .type = &type_place,
     .field = offsetof(struct recipe_draft, recipe.into),
     .flags = OPTION_REQUIRED,
     .sentence = "The member that gets the answer; its parent must be an object."},
    {.name = "absent",
     .type = &type_word,
     .field = offsetof(struct recipe_draft, recipe.absent),
     .words = absents,
     .fallback = "dead-letter",
     .sentence =
         "What to do when the lookup has no such key: dead-letter the event, leave the member out, put the text of "
         "`default` there, or skip (and count) the event."},
    {.name = "default",
     .type = &type_text,
     .field = offsetof(struct recipe_draft, fallback),
     .flags = OPTION_QUIET,
     .sentence = "The text for absent = \"default\"."},
};

static const struct option batch_rows[] = {
    {.name = "events",
     .type = &type_integer,
     .field = ROUTE(batch.events),
     .fallback = "100",
     .least = 1,
     .most = 1000,
     .sentence =
         "The most events in one request. After a crash up to 1024 events of each partition may be delivered again, or "
         "those of 64 requests where these are more, but at most 8192."},
    {.name = "bytes",
     .type = &type_size,
     .field = ROUTE(batch.bytes),
     .fallback = "256 KiB",
     .least = 1024,
     .most = (int64_t)64 << 20,
     .sentence = "The largest body of such a request; an event that is larger by itself is sent alone."},
    {.name = "wait",
     .type = &type_duration,
     .field = ROUTE(batch.wait_ms),
     .fallback = "50ms",
     .least = 1,
     .most = (int64_t)3600 * 1000,
     .sentence = "How long a batch waits for more events after its first one; it does not wait when none can come."},
    {.name = "format",
     .type = &type_word,
     .field = ROUTE(mapping.bundle),
     .words = bundles,
     .fallback = "json-array",
     .least = BUNDLE_JSON_ARRAY,
     .sentence =
         "How the body is made of the events: a JSON array (application/json), lines (application/x-ndjson; line "
         "breaks inside an event become spaces), or a JSON array of structured CloudEvents "
         "(application/cloudevents-batch+json), for which events in binary mode are converted. In the first two, a "
         "binary CloudEvent is represented by its data alone, which must be JSON."},
};

static const struct section batch_section = {"deliver.batch", OPTIONS(batch_rows), NULL};

static const struct option deliver_rows[] = {
    {.name = "platform",
     .type = &type_platform,
     .field = ROUTE(mapping.platform),
     .flags = OPTION_REQUIRED,
     .sentence = "The platform in sluss.cfg that gets the events."},
    {.name = "method",
     .type = &type_method,
     .field = ROUTE(mapping.method),
     .fallback = "POST",
     .sentence = "The HTTP method of the request."},
    {.name = "path",
     .type = &type_target,
     .field = ROUTE(mapping.target),
     .flags = OPTION_REQUIRED,
     .sentence = "What follows the platform's base-url. Queries in braces are replaced by values of the event, "
                 "percent-encoded."},
    {.name = "headers",
     .type = &type_headers,
     .field = offsetof(struct draft, headers),
     .sentence = "Additional headers of the request; queries in braces are replaced by values of the event."},
    {.name = "body",
     .type = &type_word,
     .field = ROUTE(mapping.body),
     .words = bodies,
     .later = later_bodies,
     .fallback = "event",
     .sentence = "The body of the request: the event as it came with what `enrich` added, its data only, or nothing."},
    {.name = "content-type",
     .type = &type_media,
     .field = ROUTE(mapping.content_type),
     .sentence = "The body's media type; default: what the event says, otherwise application/json."},
    {.name = "order-by",
     .type = &type_order,
     .field = offsetof(struct draft, order),
     .fallback = "key",
     .sentence =
         "What orders events: those of one partition with the same record key, or the same value of a query, are "
         "delivered one after the other, in order. \"partition\" orders all of a partition, \"none\" nothing."},
    {.name = "event-id",
     .type = &type_event_id,
     .field = ROUTE(mapping.event_id),
     .sentence = "A template for the Idempotency-Key; default TOPIC/PARTITION/OFFSET. Where several routes send the "
                 "same events to one platform, each needs one of its own."},
    {.name = "refusals",
     .type = &type_integer,
     .field = ROUTE(refusals),
     .fallback = "3",
     .least = 1,
     .most = 10,
     .sentence = "After this many answers from the platform's dead-letter list an event is dead-lettered."},
    {.name = "ambiguous",
     .type = &type_word,
     .field = ROUTE(ambiguous),
     .words = ambiguities,
     .fallback = "retry",
     .sentence =
         "What to do when the connection broke after the request was sent, so that nobody knows whether the event was "
         "delivered: send it again, dead-letter it, or hold its key for an operator. With `batch`: \"retry\" sends "
         "the same batch with the same id; \"dead-letter\" and \"hold\" apply to each of its events."},
    {.name = "batch",
     .type = &type_group,
     .field = NO_FIELD,
     .section = &batch_section,
     .flags = OPTION_QUIET,
     .sentence =
         "Send several events in one request; without this group each event is a request of its own. Only events with "
         "the same resulting `path` and `headers` share a batch. A batch keeps its members over all retries, and its "
         "Idempotency-Key is made of theirs (SHA-256 in hex, each followed by a line feed); Sluss-Event names the "
         "first "
         "of them, Sluss-Events their number. A batch that the platform refuses is divided until the event to blame "
         "is alone; so is one that was answered twice as if an event were to blame (500, `accept-body`). For "
         "`max-in-flight`, `rate` and the breaker a batch counts as one request."},
};

static const struct option retry_rows[] = {
    {.name = "first",
     .type = &type_duration,
     .field = ROUTE(retry.first_ms),
     .fallback = "1s",
     .least = 10,
     .most = DAY,
     .sentence = "The longest wait before the first repetition. It doubles each time; the actual wait is drawn at "
                 "random below it."},
    {.name = "max",
     .type = &type_duration,
     .field = ROUTE(retry.max_ms),
     .fallback = "5m",
     .least = 10,
     .most = DAY,
     .sentence = "The longest wait."},
    {.name = "for",
     .type = &type_duration,
     .field = ROUTE(retry.patience_ms),
     .fallback = "24h",
     .least = 0,
     .most = 365 * DAY,
     .sentence = "How long an event is tried while its platform is up; the time of an outage does not count."},
};

static const struct section enrich_section = {"enrich", OPTIONS(enrich_rows), enrich_read};
static const struct section deliver_section = {"deliver", OPTIONS(deliver_rows), NULL};
static const struct section retry_section = {"retry", OPTIONS(retry_rows), NULL};

static const struct option rows[] = {
    {.name = "name",
     .type = &type_text,
     .field = ROUTE(name),
     .derive = derive_name,
     .sentence = "The route's name, only in a group `routes`; otherwise it is the file's name."},
    {.name = "owner",
     .type = &type_text,
     .field = ROUTE(owner),
     .flags = OPTION_REQUIRED,
     .sentence = "Whom to ask about this route."},
    {.name = "from",
     .type = &type_topics,
     .field = offsetof(struct draft, topics),
     .flags = OPTION_REQUIRED,
     .sentence = "The topic or topics to read."},
    {.name = "group",
     .type = &type_group_id,
     .field = ROUTE(group),
     .derive = derive_group,
     .sentence = "The consumer group; default GROUP-ID.ROUTE."},
    {.name = "start",
     .type = &type_start,
     .field = offsetof(struct draft, start),
     .derive = derive_start,
     .flags = OPTION_REQUIRED,
     .sentence = "Where to begin in a partition without a committed offset; default kafka.start."},
    {.name = "mode",
     .type = &type_word,
     .field = ROUTE(mode),
     .words = modes,
     .later = later_modes,
     .fallback = "on",
     .sentence = "Whether the route reads events."},
    {.name = "format",
     .type = &type_word,
     .field = ROUTE(decode.format),
     .words = formats,
     .fallback = "auto",
     .sentence = "What the records are; auto: decided by content-type and headers."},
    {.name = "schema",
     .type = &type_file,
     .field = offsetof(struct draft, schema),
     .folder = "schemas",
     .sentence = "The JSON Schema that every event must satisfy; relative to DIR/schemas."},
    {.name = "schema-of",
     .type = &type_word,
     .field = offsetof(struct draft, schema_of),
     .words = scopes,
     .fallback = "event",
     .sentence = "What the schema is applied to: the whole event, or its data."},
    LATER("when", "A condition that selects the events for this route."),
    {.name = "tombstone",
     .type = &type_word,
     .field = ROUTE(tombstone),
     .words = tombstones,
     .fallback = "filter",
     .sentence = "What to do with records without a value."},
    {.name = "enrich",
     .type = &type_groups,
     .field = NO_FIELD,
     .section = &enrich_section,
     .sentence = "What to look up and put into the event, in this order."},
    {.name = "deliver",
     .type = &type_group,
     .field = NO_FIELD,
     .section = &deliver_section,
     .flags = OPTION_REQUIRED,
     .sentence = "The request that an event becomes."},
    {.name = "retry",
     .type = &type_group,
     .field = NO_FIELD,
     .section = &retry_section,
     .sentence = "How often and for how long an event is tried."},
    {.name = "dead-letter",
     .type = &type_topic,
     .field = ROUTE(dead_letter),
     .sentence = "The topic for events that cannot be delivered; required unless the mode is off."},
    {.name = "after-dead-letter",
     .type = &type_word,
     .field = ROUTE(after_letter),
     .words = afterwards,
     .fallback = "continue",
     .sentence =
         "What to do with later events of a key (deliver.order-by) of which one was dead-lettered: continue with them; "
         "or "
         "hold them until an operator releases the key (slussctl release), while other keys of the partition continue "
         "as far as the window reaches; or let them follow to the dead letters, in order, with the reason followed, "
         "until the key is released."},
    LATER("reply-to", "A topic for the platform's answers."),
    {.name = "workers",
     .type = &type_integer,
     .field = offsetof(struct draft, workers),
     .fallback = "1",
     .least = 1,
     .most = 64,
     .sentence =
         "On how many of the process's workers the route reads: its own and the next ones. Each is a member of the "
         "route's group, so more than the topics have partitions are of no use."},
};

const struct section section_route = {"route", OPTIONS(rows), NULL};
