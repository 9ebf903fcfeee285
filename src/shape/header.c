/* The names that are taken, and by whom. Knows no values. */
#include "shape/header.h"

struct rule {
    const char *name; /* with a '-' at its end: everything that begins so */
    const char *cure;
};

#define CONNECTION "it belongs to the connection; take the line out"

static const struct rule rules[] = {
    {"Host", "it comes from the platform's base-url; take the line out"},
    {"Content-Length", "it follows from the body; take the line out"},
    {"Transfer-Encoding", CONNECTION},
    {"Connection", CONNECTION},
    {"Keep-Alive", CONNECTION},
    {"Upgrade", CONNECTION},
    {"TE", CONNECTION},
    {"Trailer", CONNECTION},
    {"Expect", CONNECTION},
    {"HTTP2-Settings", CONNECTION},
    {"Proxy-", "set `proxy` of the platform instead"},
    {"Authorization", "set `auth` of the platform instead"},
    {"Cookie", "Sluss keeps no session; take the line out"},
    {"Content-Type", "set `content-type` instead"},
    {"Idempotency-Key", "it is the event's id; set `event-id` instead"},
    {"webhook-", "Sluss sets it itself; take the line out"},
    {"traceparent", "Sluss continues the event's own; take the line out"},
    {"Sluss-", "Sluss sets it itself; choose another name"},
    {"User-Agent", "Sluss sets it itself; take the line out"},
    {"ce-", "these are a CloudEvent's attributes and come from the event; choose another name"},
};

/* RFC 9110 section 5.6.2 */
static bool is_token(struct span name) {
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
        if (!letter && (byte == '\0' || strchr("!#$%&'*+-.^_`|~", byte) == NULL))
            return false;
    }
    return name.size > 0;
}

bool header_allowed(struct span name, struct error *error) {
    if (!is_token(name))
        return error_set(error, "\"" SPAN_FORMAT "\" is no header name: letters, digits and dashes, then \":\"",
                         SPAN_ARGUMENT(name));
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct span rule = span_of(rules[i].name);
        bool family = span_ends_with(rule, SPAN("-")) && name.size > rule.size;
        if (span_equal_nocase(family ? (struct span){name.data, rule.size} : name, rule))
            return error_set(error, "a route cannot set the header \"" SPAN_FORMAT "\": %s", SPAN_ARGUMENT(name),
                             rules[i].cure);
    }
    return true;
}
