/* An envelope is what CloudEvents puts around the data, in a record's headers or its value. It is not for plain JSON.
 */
#ifndef SLUSS_DECODE_ENVELOPE_PRIVATE_H
#define SLUSS_DECODE_ENVELOPE_PRIVATE_H

#include "decode/decoder.h"

/* CloudEvents 1.0.2, Kafka protocol binding, section 3.3 (structured) and 3.2 (binary). Verdicts as those of decode. */
struct verdict envelope_structured(const struct decode_spec *spec, struct event *event, struct span content_type,
                                   struct message *message);
struct verdict envelope_binary(const struct decode_spec *spec, struct event *event, struct message *message);

/* The verdict on a text that json_read refused. */
struct verdict decode_problem(struct event *event, const struct json_problem *problem);

#endif
