/* Words of a request become an input. */
#include "daemon/release.h"

#include "base/text.h"
#include "ops/log.h"

#include <stdlib.h>

static bool find_route(const struct plan *plan, const char *name, uint32_t *route) {
    for (*route = 0; name != NULL && *route < plan->route_count; ++*route)
        if (span_equal(plan->routes[*route].name, span_of(name)))
            return true;
    return false;
}

/* Digits only. */
static bool read_number(struct span text, int64_t most, int64_t *number) {
    *number = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || *number > (most - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return text.size > 0;
}

/* TOPIC/PARTITION/OFFSET; a topic's name has no slash. */
static bool read_event(const struct route *route, const char *text, struct input *input) {
    const char *slash = strchr(text, '/'), *last = strrchr(text, '/');
    int64_t partition;
    if (slash == NULL || slash == last ||
        !read_number(span_make(slash + 1, (size_t)(last - slash - 1)), INT32_MAX, &partition) ||
        !read_number(span_of(last + 1), INT64_MAX, &input->is.release.offset))
        return false;
    input->is.release.partition = (int32_t)partition;
    for (uint32_t i = 0; i < route->topic_count; i++)
        if (span_equal(route->topics[i], span_make(text, (size_t)(slash - text)))) {
            input->is.release.topic = i;
            return true;
        }
    return false;
}

static unsigned refuse_route(const struct plan *plan, const char *name, struct buf *body) {
    enum { MOST_NAMES = 256 };
    const char *names[MOST_NAMES + 1] = {NULL};
    for (uint32_t i = 0; i < plan->route_count && i < MOST_NAMES; i++)
        names[i] = plan->routes[i].name.data;
    const char *near = name != NULL ? text_nearest(span_of(name), names) : NULL;
    if (near != NULL)
        buf_printf(body, "there is no such route: did you mean \"%s\"?\n", near);
    else
        buf_add_text(body, "there is no such route: slussctl status shows all\n");
    return 400;
}

static unsigned refuse(struct buf *body, const char *sentence) {
    buf_printf(body, "%s\n", sentence);
    return 400;
}

static void audit(const struct admin_request *request, struct span route, const char *event, bool letters,
                  uint32_t keys) {
    const struct log_field field[] = {{"uid", SPAN_NONE, request->uid},
                                      {"pid", SPAN_NONE, request->pid},
                                      {"route", route, 0},
                                      {"event", event != NULL ? span_of(event) : SPAN("all"), 0},
                                      {"to", letters ? SPAN("dead-letter") : SPAN("send"), 0},
                                      {"keys", SPAN_NONE, keys}};
    log_say(LOG_LEVEL_INFO, field, sizeof field / sizeof *field, "an operator released what is held");
}

unsigned release_answer(const struct plan *plan, const struct admin_request *request, release_ask ask, void *owner,
                        struct buf *body) {
    struct input input = {.kind = INPUT_RELEASE};
    const char *event = admin_argument(request, "event"), *to = admin_argument(request, "to");
    input.is.release.offset = -1;
    const char *name = admin_argument(request, "route");
    if (!find_route(plan, name, &input.is.release.route))
        return refuse_route(plan, name, body);
    const struct route *route = &plan->routes[input.is.release.route];
    if (event != NULL && !read_event(route, event, &input))
        return refuse(body, "an event is named TOPIC/PARTITION/OFFSET, by a topic of the route");
    input.is.release.letters = to != NULL && strcmp(to, "dead-letter") == 0;
    if (to == NULL || (!input.is.release.letters && strcmp(to, "send") != 0))
        return refuse(body, "write to=send or to=dead-letter");
    uint32_t keys = 0;
    bool all = ask(owner, &input, &keys);
    if (all || keys > 0)
        audit(request, route->name, event, input.is.release.letters, keys);
    if (!all) {
        buf_printf(body, "released %u %s, but not every worker answers: ask again, see /ready and /live\n", keys,
                   keys == 1 ? "key" : "keys");
        return 503;
    }
    if (keys == 0) {
        buf_add_text(body, event != NULL ? "nothing is held there: see the event's topic/partition/offset in the log\n"
                                         : "nothing of the route is held\n");
        return 404;
    }
    buf_printf(body, "released %u %s\n", keys, keys == 1 ? "key" : "keys");
    return 200;
}
