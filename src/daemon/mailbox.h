/* A worker's mailbox is where other threads leave news for it: the latest state of each platform and each table. It
 * decides nothing and wakes nobody. */
#ifndef SLUSS_DAEMON_MAILBOX_H
#define SLUSS_DAEMON_MAILBOX_H

#include "flow/plan.h"

struct mailbox;

/* NULL when memory is short. */
struct mailbox *mailbox_create(const struct plan *plan);
void mailbox_destroy(struct mailbox *mailbox);

/* From any thread. News replaces older news of the same platform or table that was not taken yet; of two that a
 * platform is down the later time counts, for they may be of two workers. The table is shared: the caller keeps its own
 * reference. */
void mailbox_platform(struct mailbox *mailbox, uint32_t platform, enum platform_state state, int64_t until_ms);
void mailbox_table(struct mailbox *mailbox, uint32_t lookup, struct lookup_table *table);

enum mailbox_kind { MAILBOX_NOTHING, MAILBOX_PLATFORM, MAILBOX_TABLE };

struct mailbox_item {
    enum mailbox_kind kind;
    uint32_t index;             /* of the platform or lookup */
    enum platform_state state;  /* MAILBOX_PLATFORM */
    int64_t until_ms;           /* likewise */
    struct lookup_table *table; /* MAILBOX_TABLE: a reference of the taker's */
};

/* The next one; MAILBOX_NOTHING when all were taken. */
struct mailbox_item mailbox_take(struct mailbox *mailbox);

#endif
