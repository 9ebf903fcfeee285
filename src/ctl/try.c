/* The verb try: one event through the stages of one route, up to the exact
 * request. It sends nothing. */
#include "ctl/input.h"
#include "ctl/verbs.h"

#include "base/text.h"
#include "ctl/configuration.h"
#include "ctl/trial.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAMES_MOST = 256, HEADERS_MOST = 64 };

static const struct route *find_route(const struct settings *settings, const char *name, struct error *error) {
    const char *names[NAMES_MOST + 1] = {0};
    for (uint32_t i = 0; i < settings->plan.route_count; i++) {
        const struct route *route = &settings->plan.routes[i];
        if (span_equal(route->name, span_of(name)))
            return route;
        if (i < NAMES_MOST)
            names[i] = route->name.data;
    }
    const char *near = text_nearest(span_of(name), names);
    if (near != NULL)
        (void)error_set(error, "there is no route \"%s\": did you mean \"%s\"?", name, near);
    else
        (void)error_set(error, "there is no route \"%s\" without errors: see slussctl check", name);
    return NULL;
}

/* "NAME: VALUE" */
static bool read_header(const char *text, struct header *header, struct error *error) {
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text)
        return error_set(error, "--header takes \"NAME: VALUE\", not \"%s\"", text);
    header->name = span_trim(span_make(text, (size_t)(colon - text)));
    header->value = span_trim(span_of(colon + 1));
    return true;
}

static bool read_headers(const struct call *call, struct header *headers, size_t *count, struct error *error) {
    const char *text;
    for (*count = 0; (text = call_value_at(call, "header", *count)) != NULL; ++*count)
        if (*count == HEADERS_MOST)
            return error_set(error, "at most %d headers", HEADERS_MOST);
        else if (!read_header(text, &headers[*count], error))
            return false;
    return true;
}

/* "503" or "200,BODY" */
static bool read_reply(const char *text, struct trial_spec *spec, struct error *error) {
    const char *comma = strchr(text, ',');
    int64_t status = 0;
    size_t size = comma != NULL ? (size_t)(comma - text) : strlen(text);
    if (!text_read_integer(span_make(text, size), &status) || status < 200 || status > 599)
        return error_set(error, "--reply takes a status from 200 to 599, and a body after a comma, not \"%s\"", text);
    spec->reply_status = (int)status;
    spec->reply_body = comma != NULL ? span_of(comma + 1) : SPAN_NONE;
    return true;
}

static int play(const struct call *call, const struct settings *settings) {
    struct error error = {0};
    struct header headers[HEADERS_MOST];
    struct buf value = {0};
    struct trial_spec spec = {.settings = settings, .headers = headers};
    const char *reply = call_value(call, "reply", NULL);
    int status = EXIT_USAGE;
    spec.key = span_of(call_value(call, "key", NULL));
    spec.route = find_route(settings, call->arguments[0], &error);
    if (spec.route != NULL && read_headers(call, headers, &spec.header_count, &error) &&
        (reply == NULL || read_reply(reply, &spec, &error))) {
        status = EXIT_INPUT;
        if (input_read(call->arguments[1], &value, &error)) {
            spec.value = buf_span(&value);
            status = trial_run(&spec, &error);
        }
    }
    if (error.text[0] != '\0')
        status = call_refuse(status, &error);
    buf_finish(&value);
    return status;
}

static int run(const struct call *call) {
    struct problems problems;
    problems_init(&problems);
    struct settings *settings = configuration_read(call, &problems);
    int status;
    if (settings != NULL)
        status = play(call, settings);
    else {
        struct buf out = {0};
        problems_write(&problems, false, &out);
        (void)fputs(buf_text(&out), stderr);
        buf_finish(&out);
        status = problems.failed || problems.status == EXIT_SYSTEM ? EXIT_SYSTEM : EXIT_CONFIG;
    }
    settings_destroy(settings);
    problems_finish(&problems);
    return status;
}

static const struct option options[] = {
    {"reply", "STATUS[,BODY]", "show what would follow from this answer of the platform", false},
    {"key", "TEXT", "the record's key (default: none)", false},
    {"header", "'NAME: VALUE'", "a header of the record", true},
    {0},
};

const struct verb verb_try = {
    .name = "try",
    .arguments = "ROUTE FILE|-",
    .sentence = "take one event through a route's stages and show the request; "
                "sends nothing",
    .lesson = "FILE is the record's value. If it looks like a structured CloudEvent and no content-type header is\n"
              "given, it is treated as one. Secrets are masked; the event's content is shown.\n"
              "\n"
              "  slussctl try bygglov event.json\n"
              "  slussctl try bygglov event.json --reply 503\n"
              "\n"
              "Exit: 0 it would be delivered, 1 it would not, 71 too little memory to say, 78 the configuration is\n"
              "wrong.\n",
    .options = options,
    .least = 2,
    .most = 2,
    .run = run,
};
