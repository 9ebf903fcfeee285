/* The gate is the validating stage: it lets through what satisfies the route's schema. It does not know where schemas
 * come from. */
#ifndef SLUSS_VALIDATE_GATE_H
#define SLUSS_VALIDATE_GATE_H

#include "event/event.h"
#include "event/message.h"
#include "event/verdict.h"

struct schema_program;
struct schema_context;

struct gate_spec {
    struct schema_program *program; /* NULL: everything passes. Owned by the plan */
    struct span name;               /* the schema's file as the route names it */
    bool of_data;                   /* schema-of = "data": the instance is $.data */
};

/* What checking needs to work with, one for each flow. NULL when memory is short. */
struct schema_context *gate_context_create(void);
void gate_context_destroy(struct schema_context *context);

/* PASS, DEAD (schema with the best complaints as detail, no values; schema-error when a limit was met), or RETRY
 * (memory). */
struct verdict gate_check(const struct gate_spec *spec, struct schema_context *context, struct event *event,
                          const struct message *message);

#endif
