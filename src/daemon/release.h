/* Release answers an operator who releases what is held, over the control socket. What is released the core decides. */
#ifndef SLUSS_DAEMON_RELEASE_H
#define SLUSS_DAEMON_RELEASE_H

#include "flow/reach.h"
#include "ops/admin.h"

/* Does the asking: the workers take the input and tell what came of it. False: one did not answer. */
typedef bool (*release_ask)(void *owner, struct input *input, struct released *released);

/* Answers POST /release?route=ROUTE[&event=TOPIC/PARTITION/OFFSET]&to=send|dead-letter with a sentence: 200 something
 * was let go, 404 there was nothing, 400 not understood, 503 no answer, or none yet: partitions are handed over. What a
 * worker took is logged with who said it. */
unsigned release_answer(const struct plan *plan, const struct admin_request *request, release_ask ask, void *owner,
                        struct buf *body);

#endif
