/* Expiry watches over the ends of certificates: each platform's as last seen, and our own, for platforms and for Kafka.
 * It never refuses one. */
#ifndef SLUSS_DAEMON_EXPIRY_H
#define SLUSS_DAEMON_EXPIRY_H

#include "daemon/snapshot.h"

struct expiry;

/* NULL when memory is short. `kafka`: the file of our certificate for Kafka, borrowed as the plan is; NULL none. */
struct expiry *expiry_create(const struct plan *plan, const char *kafka);
void expiry_destroy(struct expiry *expiry);

/* Logs which certificate has less than 30 days left (a warning, from 7 days on an error), once a day for each platform,
 * and for Kafka. Our own certificates' files are read again each minute. */
void expiry_look(struct expiry *expiry, const struct snapshot *sum, int64_t wall_ms);

/* Adds our own certificates to what the workers saw: certificate_ms becomes the earliest of both. */
void expiry_add(const struct expiry *expiry, struct snapshot *sum);

/* Whether it must be logged now: it ends soon, and was not logged for a day. */
bool expiry_due(int64_t end_ms, int64_t said_ms, int64_t wall_ms);

#endif
