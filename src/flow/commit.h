/* Commits of a route: only of what is settled without a gap, one at a time, never backwards; beside the offset an
 * offset map says what is known above it. What is settled the tracker knows. Private to flow. */
#ifndef SLUSS_FLOW_COMMIT_H
#define SLUSS_FLOW_COMMIT_H

#include "flow/input.h"

struct flow;
struct group;
struct partition;

/* Commits what there is to commit when it is time for it; `at_once`: also before. */
void commit_tend(struct flow *flow, struct group *group, bool at_once);

/* Whether settled events are not committed. */
bool commit_missing(const struct flow *flow, const struct group *group);

/* The answer to a commit. */
void commit_result(struct flow *flow, const struct input *input);

/* Keeps the offset map that was found beside the committed offset, in its text form, or reports that it is none of
 * ours, or that memory is short: then more events come again. */
void commit_read_map(struct flow *flow, struct partition *partition, struct span text);
void commit_forget_map(struct flow *flow, struct partition *partition);

#endif
