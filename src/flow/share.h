/* A share is one worker's part of the plan: which routes it reads, and how much of each platform's limits and of the
 * memory it may use. It starts no worker. */
#ifndef SLUSS_FLOW_SHARE_H
#define SLUSS_FLOW_SHARE_H

#include "flow/plan.h"

/* Says where the routes live: the k-th by name begins at worker k modulo `workers`, and one that reads on several takes
 * the next ones too. Routes that are off keep their place, so that switching one on moves no other. */
void share_place(struct plan *plan, uint32_t workers);

/* Whether the worker reads the route. */
bool share_reads(const struct plan *plan, uint32_t route, uint32_t worker);

/* How many workers send to the platform; how many read anything; how many readers all routes have together. */
uint32_t share_senders(const struct plan *plan, uint32_t platform);
uint32_t share_readers(const struct plan *plan);
uint32_t share_consumers(const struct plan *plan);

/* Bytes that are left of the memory for each worker that reads, when every consumer has what it takes at least. */
size_t share_rest(const struct plan *plan);

/* Makes the worker's plan: the same routes and lookups, its own platforms (`platforms` has room for all, and lives as
 * long), its part of the memory. The parts of all workers are together what was configured: in-flight and rate are
 * divided among the workers that send to the platform; of the memory each has what its consumers take, and what is left
 * is divided among those that read anything. */
void share_make(struct plan *share, struct platform_spec *platforms, const struct plan *plan, uint32_t worker);

#endif
