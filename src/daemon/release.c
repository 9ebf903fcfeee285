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

static bool read_to(const char *word, enum release_to *to) {
    *to = strcmp(word, "dead-letter") == 0 ? RELEASE_DEAD_LETTER : RELEASE_SEND;
    return *to == RELEASE_DEAD_LETTER || strcmp(word, "send") == 0;
}

static void audit(const struct admin_request *request, struct span route, const char *event, enum release_to to,
                  uint32_t keys) {
    const struct log_field field[] = {{"uid", SPAN_NONE, request->uid},
                                      {"pid", SPAN_NONE, request->pid},
                                      {"route", route, 0},
                                      {"event", event != NULL ? span_of(event) : SPAN("all"), 0},
                                      {"to", to == RELEASE_DEAD_LETTER ? SPAN("dead-letter") : SPAN("send"), 0},
                                      {"keys", SPAN_NONE, keys}};
    log_say(LOG_LEVEL_INFO, field, sizeof field / sizeof *field, "an operator released what is held");
}

static const char *plural(uint32_t keys) {
    return keys == 1 ? "key" : "keys";
}

static unsigned tell_released(const struct released *released, bool one, struct buf *body) {
    buf_printf(body, "released %u %s\n", released->keys, plural(released->keys));
    if (!one && (released->reach.moves || released->reach.unread))
        buf_add_text(body,
                     "some partitions are being handed over or read from where they were left: ask again for what "
                     "is held in them\n");
    return 200;
}

static unsigned tell_nothing_there(const struct route *route, const struct reach *reach, struct buf *body) {
    if (reach->here) {
        buf_add_text(body, "nothing is held there: see the event's topic/partition/offset in the log\n");
        return 404;
    }
    if (reach->unread) {
        buf_add_text(body, "nothing was released: the event has not been read yet: try again in a moment\n");
        return 503;
    }
    if (reach->moves) {
        buf_add_text(body, "nothing was released: the partition is being handed over: try again in a moment, here or "
                           "where it is read then\n");
        return 503;
    }
    buf_printf(body,
               "nothing is held here: this slussd does not read that partition: ask the member of group " SPAN_FORMAT
               " that does\n",
               SPAN_ARGUMENT(route->group));
    return 404;
}

static unsigned tell_nothing(const struct reach *reach, struct buf *body) {
    if (!reach->moves && !reach->unread) {
        buf_add_text(body, "nothing of the route is held in the partitions that this slussd reads\n");
        return 404;
    }
    buf_add_text(body,
                 reach->moves
                     ? "nothing was released: partitions of the route are being handed over: try again in a moment\n"
                     : "nothing was released: what was held before is not read yet: try again in a moment\n");
    return 503;
}

static unsigned refuse_event(const struct route *route, const char *event, struct buf *body) {
    buf_printf(body, "\"%s\" names no event of the route: write TOPIC/PARTITION/OFFSET, as the log does; its topic%s ",
               event, route->topic_count == 1 ? " is" : "s are");
    for (uint32_t i = 0; i < route->topic_count; i++)
        buf_printf(body, "%s" SPAN_FORMAT, i > 0 ? ", " : "", SPAN_ARGUMENT(route->topics[i]));
    buf_add_byte(body, '\n');
    return 400;
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
        return refuse_event(route, event, body);
    if (to == NULL || !read_to(to, &input.is.release.to))
        return refuse(body, "write to=send or to=dead-letter");
    struct released released = {.keys = 0};
    bool all = ask(owner, &input, &released);
    if (released.keys > 0)
        audit(request, route->name, event, input.is.release.to, released.keys);
    if (!all) {
        buf_printf(body, "released %u %s, but not every worker answers: ask again, see /ready and /live\n",
                   released.keys, plural(released.keys));
        return 503;
    }
    return released.keys > 0 ? tell_released(&released, event != NULL, body)
           : event != NULL   ? tell_nothing_there(route, &released.reach, body)
                             : tell_nothing(&released.reach, body);
}
