/* A story is a list of inputs with their times, read from story.jsonl. It knows no plan. */
#ifndef SLUSS_TESTS_CASES_STORY_H
#define SLUSS_TESTS_CASES_STORY_H

#include "flow/flow.h"

/* Turns one line into an input. `memory` keeps what the input borrows until the next call. False with a sentence.
 *
 *   {"at": 0, "assigned": [0, 1], "epoch": 1}             partitions of the route's first topic
 *   {"at": 0, "reached": {"0": 17}}     what was committed before this generation
 *   {"at": 0, "committed": {"0": 17, "1": null}, "epoch": 1}    null: nothing committed; "failed": could not be read
 *   ... {"0": {"offset": 17, "settled": [19], "tried": {"18": [2, 60]}}}   with an offset map: attempts, seconds (and
 * refusals)
 *   ... {"0": {"offset": 17, "held": {"18": 17, "19": "ambiguous"}}}   behind the dead letter of 17
 *   ... {"0": {"offset": 17, "dead": {"15": 12}}}       dead keys: the last and the first dead letter of each
 *   ... {"0": {"offset": 17, "metadata": "..."}}          with these bytes instead
 *   {"at": 5, "event": "0/17", "key": "a", "value": ..., "headers": {...}, "epoch": 1}   a string: these bytes,
 *                                                         U+00FF for 0xff; absent: a tombstone; else compact JSON
 *   {"at": 9, "reply": 1, "status": 503, "retry-after": 2000, "body": "..."}   and "whole": false: the body was cut
 *   {"at": 9, "reply": 1, "not-sent": "connect"}          or "ambiguous": "reset", or "aborted": true
 *   ... "status": 401, "token": 1    sent with that token;   "not-sent": "token", "why": "..."    none was to be had
 *   {"at": 9, "letter": 2, "is": "acknowledged"}          or "too large", "failed"
 *   {"at": 9, "commit": "done", "epoch": 1}               or "retry", "fenced", "too large", "failed"
 *   {"at": 9, "revoked": 1}   {"at": 9, "lost": 1}        the epoch
 *   {"at": 9, "error": "0", "is": "out of range"}         a partition; or "unavailable"
 *   {"at": 9, "platform": "held", "until": 5000}          of the first platform
 *   {"at": 9, "table": "key,value\n..."}                  of the first lookup, columns code and name
 *   {"at": 9, "release": "0/17", "to": "send"}            or "dead-letter"; "release": "all"
 *   {"at": 9, "stop": true}   {"at": 9, "timer": true}    "route": 1 where it is not the first route
 *
 * A story from the simulator begins with {"seed": 17, "window": 3, "exposure": 5, "memory": 98304}: its dice, and what
 * no configuration can say; of its timers it tells those that something came of. */
bool story_line(const char *line, struct arena *memory, struct input *input, struct error *error);

#endif
