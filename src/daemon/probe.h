/* The probe checks whether Kafka answers and whether the dead-letter topics of all routes exist: at the start and every
 * minute, sooner while something is wrong. It has a thread of its own, because librdkafka's question for metadata
 * blocks. It writes no letter. */
#ifndef SLUSS_DAEMON_PROBE_H
#define SLUSS_DAEMON_PROBE_H

#include "flow/plan.h"
#include "kafka/producer.h"

struct probe;

/* Starts the thread, with a producer of its own. `done` is an eventfd, written when it has ended. NULL with a sentence.
 */
struct probe *probe_create(const struct plan *plan, struct kafka_properties properties, int done, struct error *error);

/* Tells the thread to end. True from probe_ended on means that probe_destroy does not block: it has ended, or waits for
 * a broker's answer; then it is left to end by itself (teardown.h). */
void probe_end(struct probe *probe);
bool probe_ended(struct probe *probe);
void probe_destroy(struct probe *probe);

/* True when every dead-letter topic was found. Else *topic is the first that was not (borrowed from the plan) and *why
 * static text. Before the first answer: false, with "not asked yet". */
bool probe_ready(struct probe *probe, struct span *topic, const char **why);

/* Why no broker answered when one was asked last, static; NULL when one did, or none was asked yet. */
const char *probe_no_answer(struct probe *probe);

/* Whether the route's dead-letter topic was found, or it needs none; else *why is why not, static. */
bool probe_route(struct probe *probe, uint32_t route, const char **why);

#endif
