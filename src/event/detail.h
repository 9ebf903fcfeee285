/* A detail is the line of compact ASCII JSON that says why an event went to the dead letters. It holds no event values:
 * only places, the configuration's own words and fixed sentences. */
#ifndef SLUSS_EVENT_DETAIL_H
#define SLUSS_EVENT_DETAIL_H

#include "base/buf.h"
#include "event/event.h"
#include "event/verdict.h"

#include <stdint.h>

/* An object, built field by field and ended by detail_verdict. Start with `struct detail detail = {0};`. */
struct detail {
    struct buf text;
    bool list;
};

/* Begins the next object: a detail in which this is called before each object is an array of them. */
void detail_item(struct detail *detail);

/* Adds "name":"text". A text of more than 256 bytes is cut at its front, where "..." then stands: the end of a path
 * says the most. */
void detail_text(struct detail *detail, const char *name, struct span text);

/* Adds "name":number. */
void detail_number(struct detail *detail, const char *name, uint64_t number);

/* Ends the detail and frees it: a verdict (DEAD or SKIP) whose detail lives in the event's arena; RETRY when memory was
 * short. */
struct verdict detail_verdict(struct detail *detail, struct event *event, enum verdict_kind kind, enum reason reason);

/* A DEAD with nothing but a sentence: {"what":"..."}. */
struct verdict detail_dead(struct event *event, enum reason reason, const char *what);

#endif
