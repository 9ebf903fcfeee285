/* Parts are values of several members that one option sets, and routes and recipes while they are being read. Private
 * to this folder. */
#ifndef SLUSS_SETTINGS_PARTS_H
#define SLUSS_SETTINGS_PARTS_H

#include "flow/plan.h"

struct topics {
    const struct span *list;
    uint32_t count;
};

struct start {
    enum start_kind kind;
    int64_t wall_ms;
    struct span text; /* as written */
};

struct headers {
    struct mapping_header *list;
    size_t count;
};

struct order {
    enum order_kind kind;
    struct json_path *query;
};

/* A route while it is read. */
struct draft {
    struct route route;
    struct topics topics;
    struct start start;
    struct span schema; /* its file */
    unsigned schema_of; /* 0 the event, 1 its data */
    struct headers headers;
    struct order order;
    uint32_t workers;
};

struct recipe_draft {
    struct recipe recipe;
    struct span fallback;
};

#endif
