/* The ledger is the sandbox's record of its events: each sample that was produced, what was seen of it, and where it
 * ended. It looks nothing up itself; others tell it. */
#ifndef SLUSS_CTL_LEDGER_H
#define SLUSS_CTL_LEDGER_H

#include "ctl/sample.h"

#include <stdio.h>

enum { LEDGER_STATUSES = 6, LEDGER_REASON = 32 };

struct row {
    struct sample sample;
    enum fate fate;
    char reason[LEDGER_REASON]; /* of a dead letter */
    uint32_t attempts;          /* requests that the platform saw */
    int statuses[LEDGER_STATUSES];
    uint32_t deliveries; /* successful ones: more than one is a duplicate */
    int64_t produced_ms;
    int64_t settled_ms;
};

struct ledger {
    struct row *row; /* sample number N is row[N - 1] */
    size_t count;
    size_t capacity;
    size_t fates[FATE_COUNT];
    size_t lost; /* said to be settled, but seen nowhere */
    int64_t start_ms;
    bool colour;
};

void ledger_finish(struct ledger *ledger);

/* Enters a produced sample; NULL when memory is short. */
struct row *ledger_add(struct ledger *ledger, const struct sample *sample, int64_t now_ms);

/* The row of a sample's number, or NULL. */
struct row *ledger_row(struct ledger *ledger, size_t number);

/* The platform answered a request for it (status 0: broke the connection). */
void ledger_attempt(struct ledger *ledger, struct row *row, int status, const char *method, const char *path,
                    int64_t now_ms);

/* It lies in the dead-letter topic, or was filtered. */
void ledger_dead_letter(struct ledger *ledger, struct row *row, struct span reason, int64_t now_ms);
void ledger_filtered(struct ledger *ledger, struct row *row, int64_t now_ms);

/* Whether each event ended as its sample expects. */
bool ledger_as_expected(const struct ledger *ledger);

/* The table of the last events, and the line that sums up: "12 events: 9 delivered, 2 dead-lettered, 1 filtered, 0
 * lost". */
void ledger_print_table(const struct ledger *ledger);
void ledger_print_summary(const struct ledger *ledger);

#endif
