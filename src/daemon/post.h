/* The post is a worker's mailbox, where other threads leave news for it: the latest state of each platform and each
 * table. It has nothing to do with HTTP's POST. It decides nothing and wakes nobody. */
#ifndef SLUSS_DAEMON_POST_H
#define SLUSS_DAEMON_POST_H

#include "flow/plan.h"

struct post;

/* NULL when memory is short. */
struct post *post_create(const struct plan *plan);
void post_destroy(struct post *post);

/* From any thread. News replaces older news of the same platform or table that was not taken yet. The table is shared:
 * the caller keeps its own reference. */
void post_platform(struct post *post, uint32_t platform, enum platform_state state, int64_t until_ms);
void post_table(struct post *post, uint32_t lookup, struct lookup_table *table);

enum post_kind { POST_NOTHING, POST_PLATFORM, POST_TABLE };

struct post_item {
    enum post_kind kind;
    uint32_t index;             /* of the platform or lookup */
    enum platform_state state;  /* POST_PLATFORM */
    int64_t until_ms;           /* likewise */
    struct lookup_table *table; /* POST_TABLE: a reference of the taker's */
};

/* The next one; POST_NOTHING when all were taken. */
struct post_item post_take(struct post *post);

#endif
