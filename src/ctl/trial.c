/* Playing one event and printing what comes of it. The stages themselves are
 * the rooms'. */
#include "ctl/trial.h"

#include "base/digest.h"
#include "base/text.h"
#include "ctl/call.h"
#include "deliver/judgement.h"
#include "schema/schema.h"
#include "shape/bundle.h"
#include "tables/tables.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MORE_HEADERS = 1 };

struct trial {
    const struct trial_spec *spec;
    const struct route *route;
    struct event *event;
    struct message message;
    struct request request;
    struct schema_context *context;
    struct verdict verdict; /* of the last stage */
    int64_t began_ns;
};

static int64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- the stages --- */

/* What is wrong with one value: as `validate` says it. */
static void tell_complaint(const json_t *complaint) {
    const char *at = json_string_value(json_object_get(complaint, "instance"));
    const char *what = json_string_value(json_object_get(complaint, "what"));
    const char *schema = json_string_value(json_object_get(complaint, "schema"));
    (void)printf("            %s: %s", at != NULL && *at != '\0' ? at : "the whole", what != NULL ? what : "");
    (void)printf(schema != NULL ? "  (%s)\n" : "\n", schema);
}

/* The sentence, then the other members in brackets. */
static void tell_cause(json_t *cause) {
    const char *what = json_string_value(json_object_get(cause, "what")), *name, *before = "  (";
    json_t *value;
    (void)printf("            %s", what != NULL ? what : "");
    json_object_foreach(cause, name, value) {
        if (!json_is_integer(value) && (!json_is_string(value) || strcmp(name, "what") == 0))
            continue;
        (void)printf("%s%s ", before, name);
        if (json_is_integer(value))
            (void)printf("%lld", (long long)json_integer_value(value));
        else
            (void)printf("%s", json_string_value(value));
        before = ", ";
    }
    (void)printf("%s\n", *before == ',' ? ")" : "");
}

/* A verdict's detail, which a dead letter would carry as it is, in words. */
static void tell_detail(struct span detail) {
    json_t *all = detail.size > 0 ? json_loadb(detail.data, detail.size, 0, NULL) : NULL, *one;
    size_t index;
    json_array_foreach(all, index, one) tell_complaint(one);
    if (json_is_object(all))
        tell_cause(all);
    json_decref(all);
}

/* One line: the stage, its result, its time, and what there is to say. True
 * when the event goes on. */
static bool tell(struct trial *trial, enum stage stage, struct verdict verdict, const char *what) {
    static const char *const words[] = {"pass", "wait", "retry", "skip", "dead"};
    double ms = (double)(now_ns() - trial->began_ns) / 1e6;
    bool passed = verdict.kind == VERDICT_PASS;
    (void)printf("  %-9s %-5s %7.3f ms  %s\n", stage_name(stage), words[verdict.kind], ms,
                 passed ? what : reason_name(verdict.reason));
    if (!passed)
        tell_detail(verdict.detail);
    trial->verdict = verdict;
    return passed;
}

/* What becomes of an event that does not pass. */
static void tell_end(const struct trial *trial) {
    struct span topic = trial->route->dead_letter;
    const char *reason = reason_name(trial->verdict.reason);
    if (trial->verdict.kind == VERDICT_SKIP)
        (void)printf("\n  It would be skipped, as the route says: %s.\n", reason);
    else if (trial->verdict.kind != VERDICT_DEAD)
        (void)printf("\n  It would not be delivered yet: memory is short.\n");
    else if (topic.data != NULL)
        (void)printf("\n  It would not be delivered, but dead-lettered to " SPAN_FORMAT ": %s.\n", SPAN_ARGUMENT(topic),
                     reason);
    else
        (void)printf("\n  It would not be delivered: %s.\n", reason);
}

static bool try_decode(struct trial *trial) {
    static const char *const modes[] = {"plain JSON", "a structured CloudEvent", "a binary CloudEvent"};
    trial->began_ns = now_ns();
    struct verdict verdict = decode(&trial->route->decode, trial->event, &trial->message);
    return tell(trial, STAGE_DECODE, verdict, verdict.kind == VERDICT_PASS ? modes[trial->message.mode] : "");
}

static bool try_validate(struct trial *trial) {
    const struct gate_spec *gate = &trial->route->gate;
    struct span name = gate->program != NULL ? gate->name : SPAN("no schema"), folder = trial->spec->settings->folder;
    if (span_starts_with(name, folder))
        name = span_from(name, folder.size + 1);
    trial->began_ns = now_ns();
    struct verdict verdict = gate_check(gate, trial->context, trial->event, &trial->message);
    struct buf what = {0};
    buf_printf(&what, SPAN_FORMAT "%s", SPAN_ARGUMENT(name), gate->of_data ? " (of the data)" : "");
    bool good = tell(trial, STAGE_VALIDATE, verdict, buf_text(&what));
    buf_finish(&what);
    return good;
}

static bool try_recipe(struct trial *trial, const struct recipe *recipe, struct error *error) {
    const struct lookup_spec *lookup = &trial->spec->settings->plan.lookups[recipe->lookup];
    struct answer none = {0};
    struct span key_text, before = trial->message.document.source;
    struct lookup_table *table = tables_read(lookup, error);
    if (table == NULL)
        return false;
    trial->began_ns = now_ns();
    struct verdict verdict =
        recipe_run(recipe, table, &none, &trial->route->decode.limits, trial->event, &trial->message, &key_text);
    struct buf what = {0};
    buf_printf(&what, SPAN_FORMAT ": " SPAN_FORMAT " -> ", SPAN_ARGUMENT(lookup->name),
               SPAN_ARGUMENT(json_path_text(recipe->key)));
    if (trial->message.document.source.data == before.data)
        buf_add_text(&what, "absent, left out");
    else
        buf_printf(&what, SPAN_FORMAT, SPAN_ARGUMENT(json_path_text(recipe->into)));
    bool good = tell(trial, STAGE_ENRICH, verdict, buf_text(&what));
    if (verdict.reason == REASON_LOOKUP_ABSENT)
        (void)printf("            lookup " SPAN_FORMAT ": " SPAN_FORMAT "\n", SPAN_ARGUMENT(lookup->name),
                     SPAN_ARGUMENT(lookup->file));
    buf_finish(&what);
    lookup_table_release(table);
    return good;
}

static bool try_enrich(struct trial *trial, struct error *error) {
    for (uint32_t i = 0; i < trial->route->recipe_count; i++)
        if (!try_recipe(trial, &trial->route->recipes[i], error))
            return false;
    return true;
}

static void write_order(const struct trial *trial, struct buf *out) {
    switch (trial->route->order) {
    case ORDER_KEY:
        buf_add_text(out, trial->spec->key.data != NULL ? "in order with the events of its key"
                                                        : "ordered with nothing: it has no key");
        break;
    case ORDER_QUERY:
        buf_printf(out, "in order with the events of the same " SPAN_FORMAT,
                   SPAN_ARGUMENT(json_path_text(trial->route->order_by)));
        break;
    case ORDER_PARTITION:
        buf_add_text(out, "in order with its whole partition");
        break;
    case ORDER_NONE:
        buf_add_text(out, "ordered with nothing");
        break;
    }
}

static void write_batch(const struct route *route, struct buf *out) {
    buf_printf(out, "; in a batch of up to %u event%s and ", route->batch.events, route->batch.events == 1 ? "" : "s");
    text_write_size(out, route->batch.bytes);
    buf_add_text(out, ", which waits up to ");
    text_write_duration(out, route->batch.wait_ms);
    buf_add_text(out, " for more");
}

/* A route with batches makes a share of the event: shown is the batch that holds nothing else. */
static struct verdict shape(struct trial *trial) {
    const struct mapping_spec *mapping = &trial->route->mapping;
    struct request share = {0};
    const struct request *shares = &share;
    if (mapping->bundle == BUNDLE_NONE)
        return mapping_apply(mapping, trial->event, &trial->message, &trial->request);
    struct verdict verdict = mapping_apply(mapping, trial->event, &trial->message, &share);
    if (verdict.kind == VERDICT_PASS && !bundle_make(mapping, &shares, 1, &trial->event->arena, &trial->request))
        verdict = VERDICT(VERDICT_RETRY);
    return verdict;
}

static bool try_shape(struct trial *trial) {
    struct buf what = {0};
    unsigned char warm[DIGEST_SIZE];
    (void)digest_sha256(SPAN(""), warm); /* the first one loads OpenSSL, which is not this stage\'s time */
    trial->began_ns = now_ns();
    struct verdict verdict = shape(trial);
    write_order(trial, &what);
    if (trial->route->batch.events > 0)
        write_batch(trial->route, &what);
    bool good = tell(trial, STAGE_SHAPE, verdict, buf_text(&what));
    buf_finish(&what);
    return good;
}

/* --- the request --- */

static void print_credentials(const struct platform_spec *platform) {
    switch (platform->auth.kind) {
    case AUTH_BASIC:
        (void)printf("  Authorization: Basic ********\n");
        break;
    case AUTH_BEARER:
        (void)printf("  Authorization: Bearer ********\n");
        break;
    case AUTH_HEADER:
        (void)printf("  " SPAN_FORMAT ": ********\n", SPAN_ARGUMENT(platform->auth.header));
        break;
    case AUTH_OAUTH2:
        (void)printf("  Authorization: Bearer (a token from " SPAN_FORMAT ")\n",
                     SPAN_ARGUMENT(platform->auth.token_url));
        break;
    case AUTH_NONE:
        break;
    }
}

static void print_request(const struct trial *trial, const struct platform_spec *platform) {
    const struct request *request = &trial->request;
    (void)printf("\n  " SPAN_FORMAT " " SPAN_FORMAT SPAN_FORMAT "\n", SPAN_ARGUMENT(request->method),
                 SPAN_ARGUMENT(platform->base_url), SPAN_ARGUMENT(request->target));
    print_credentials(platform);
    (void)printf("  User-Agent: sluss/%s\n  Sluss-Protocol: HTTP/1.1\n", SLUSS_VERSION);
    for (size_t i = 0; i < request->header_count; i++)
        (void)printf("  " SPAN_FORMAT ": " SPAN_FORMAT "\n", SPAN_ARGUMENT(request->headers[i].name),
                     SPAN_ARGUMENT(request->headers[i].value));
    if (request->body.data != NULL)
        (void)printf("  Content-Length: %zu\n\n", request->body.size);
    if (request->body.data != NULL)
        (void)fwrite(request->body.data, 1, request->body.size, stdout);
    if (request->body.data == NULL || request->body.size == 0 || request->body.data[request->body.size - 1] != '\n')
        (void)printf("\n");
}

/* --- the answer --- */

static void print_duration(const char *before, int64_t duration_ms, const char *behind) {
    struct buf text = {0};
    text_write_duration(&text, duration_ms);
    (void)printf("%s%s%s", before, buf_text(&text), behind);
    buf_finish(&text);
}

static int print_judgement(const struct trial *trial, struct judgement judgement) {
    const struct route *route = trial->route;
    if (judgement.why != NULL)
        (void)printf("%s: ", judgement.why);
    switch (judgement.kind) {
    case JUDGED_SUCCESS:
        (void)printf("delivered\n");
        return EXIT_YES;
    case JUDGED_REFUSED:
        (void)printf("refused: %stried %u times, then dead-lettered to " SPAN_FORMAT "\n",
                     route->batch.events > 1 ? "its batch is divided until it stands alone, then it is " : "",
                     route->refusals, SPAN_ARGUMENT(route->dead_letter));
        return EXIT_NO;
    case JUDGED_PERMANENT:
        (void)printf("dead-lettered at once to " SPAN_FORMAT "\n", SPAN_ARGUMENT(route->dead_letter));
        return EXIT_NO;
    case JUDGED_RETRY:
        print_duration("tried again within ", route->retry.first_ms, ", then at growing intervals");
        print_duration(", up to every ", route->retry.max_ms, "");
        print_duration("; given up after ", route->retry.patience_ms, " in which the platform was up\n");
        if (route->batch.events > 1 && judgement.mark == MARK_SUSPECT)
            (void)printf("  (a batch with two such answers in a row is divided: one of its events may be the cause)\n");
        return EXIT_NO;
    case JUDGED_HOLD:
        (void)printf("the platform is held: its events wait until it takes one again; none is dead-lettered\n");
        return EXIT_NO;
    case JUDGED_RENEW:
        (void)printf("another token is fetched and the request sent again; if that one is refused too, the platform is "
                     "held: its events wait, none is dead-lettered\n");
        return EXIT_NO;
    case JUDGED_AMBIGUOUS:
    case JUDGED_ABORTED:
        (void)printf("unknown whether it was delivered\n");
        return EXIT_NO;
    }
    return EXIT_BUG;
}

static int try_reply(const struct trial *trial, const struct platform_spec *platform, struct error *error) {
    struct reply *reply = reply_create(1, REPLY_ANSWERED, REPLY_FAULT_NONE);
    if (reply == NULL) {
        (void)error_memory(error);
        return EXIT_BUG;
    }
    reply->status = trial->spec->reply_status;
    reply->body = trial->spec->reply_body;
    reply->body_whole = true;
    reply->token = 1;
    (void)printf("\n  answer %d: ", reply->status);
    int status = print_judgement(trial, judge_worn(platform, reply));
    reply_destroy(reply);
    return status;
}

/* --- the whole --- */

/* A file has no headers: one that looks like a structured CloudEvent is tried
 * as one. */
static bool needs_type(const struct trial_spec *spec) {
    for (size_t i = 0; i < spec->header_count; i++)
        if (span_equal_nocase(spec->headers[i].name, SPAN("content-type")) ||
            span_starts_with(spec->headers[i].name, SPAN("ce_")))
            return false;
    return memmem(spec->value.data, spec->value.size, "\"specversion\"", 13) != NULL;
}

static bool make_event(struct trial *trial, struct error *error) {
    const struct trial_spec *spec = trial->spec;
    struct header *headers = calloc(spec->header_count + MORE_HEADERS, sizeof *headers);
    size_t count = spec->header_count;
    if (headers == NULL)
        return error_memory(error);
    if (count > 0)
        memcpy(headers, spec->headers, count * sizeof *headers);
    if (needs_type(spec))
        headers[count++] = (struct header){SPAN("content-type"), SPAN("application/cloudevents+json")};
    trial->event = event_create((struct place){0}, 0, -1, spec->key, spec->value, headers, count);
    free(headers);
    return trial->event != NULL || error_memory(error);
}

static int play(struct trial *trial, struct error *error) {
    const struct platform_spec *platform = &trial->spec->settings->plan.platforms[trial->route->mapping.platform];
    bool would = try_decode(trial) && try_validate(trial) && try_enrich(trial, error) && try_shape(trial);
    if (error->text[0] != '\0')
        return EXIT_CONFIG;
    if (!would) {
        tell_end(trial);
        return trial->verdict.kind == VERDICT_RETRY ? EXIT_SYSTEM : EXIT_NO;
    }
    print_request(trial, platform);
    return trial->spec->reply_status == 0 ? EXIT_YES : try_reply(trial, platform, error);
}

int trial_run(const struct trial_spec *spec, struct error *error) {
    struct trial trial = {.spec = spec, .route = spec->route, .context = schema_context_create(NULL)};
    int status = EXIT_BUG;
    if (trial.context == NULL)
        (void)error_memory(error);
    else if (make_event(&trial, error))
        status = play(&trial, error);
    event_destroy(trial.event);
    schema_context_destroy(trial.context);
    return status;
}
