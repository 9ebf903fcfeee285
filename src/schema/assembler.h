/* The inside of the assembler: specialised schemas, runs in the making, groups of members. Only for assemble*.c. */
#ifndef SLUSS_SCHEMA_ASSEMBLER_H
#define SLUSS_SCHEMA_ASSEMBLER_H

#include "schema/program.h"
#include "schema/regex_automaton.h"
#include "schema/regex_sequence.h"

#include <setjmp.h>

/* What the dynamic names mean on a way through the schema: the outermost resource that has one binds it. */
struct bindings {
    struct bindings *next;
    const struct subschema **target; /* by the assembler's names; NULL: not bound */
};

/* A subschema under bindings, marking what it evaluates or not; or several that apply to the same value. */
struct spec {
    const struct subschema *schema; /* of a joined one: that of its first part */
    struct spec **part;             /* joined: what of */
    uint32_t parts;                 /* or 0 */
    const struct bindings *bindings;
    bool track;
    bool wanted; /* its node must be filled */
    uint8_t state[KIND_COUNT];
    struct run *run[KIND_COUNT];
    struct node *node;  /* in the program */
    struct spec *next;  /* in its slot */
    struct spec *later; /* in the order they were met */
};

/* A name in a group. */
struct entry {
    struct span name;
    uint32_t hash;
    struct spec *spec; /* NULL: only the flags count */
    uint32_t flags;    /* enum slot_flag */
    struct entry *next;
};

struct pattern {
    const struct regex *regex;
    struct spec *spec;
    struct pattern *next;
};

/* What becomes one OP_MEMBERS. */
struct group {
    struct entry *entry;
    struct pattern *pattern;
    struct spec *rest;
    bool tracks; /* patterns and rest mark */
};

/* An op in the making. */
struct proto {
    struct op op;
    uint8_t cost;        /* cheap ones run first */
    struct group *group; /* OP_MEMBERS */
    struct run *called;  /* OP_CALL */
};

struct run {
    struct proto *proto;
    uint32_t count, room;
    bool fails;             /* never valid; no ops then */
    const struct op *start; /* once laid: NULL for always valid */
};

struct assembler {
    struct schema_program *program;
    struct schema_problem *problem;
    struct arena scratch; /* everything that the program does not keep */
    jmp_buf out;          /* the one way out when memory is short or the schema cannot be: all memory is in arenas */
    struct spec **slots;  /* two a subschema, by its index */
    struct spec *first, *last;
    struct spec *joined;
    uint32_t joined_count;
    struct bindings *bindings;
    struct span *names; /* dynamic anchors that references ask for; the recursive anchor is SPAN_NONE */
    uint32_t name_count;
    uint32_t depth;
};

/* Memory of the program, and of the assembly: cleared, never NULL. */
void *assembler_keep(struct assembler *assembler, size_t size);
void *assembler_take(struct assembler *assembler, size_t size);
struct branches *assembler_branches(struct assembler *assembler, uint32_t count); /* kept */
_Noreturn void assembler_refuse(struct assembler *assembler, const struct subschema *schema, const char *why);

/* The spec, its node, its run for a kind. */
struct spec *assembler_spec(struct assembler *assembler, const struct subschema *schema,
                            const struct bindings *bindings, bool track);
const struct node *assembler_node(struct assembler *assembler, struct spec *spec);
struct run *assembler_run(struct assembler *assembler, struct spec *spec, enum kind kind);

/* assemble_joined.c: the spec of both, NULL: that would be too many; and what its parts say. Neither tracks. */
struct spec *joined_spec(struct assembler *assembler, struct spec *one, struct spec *other);
void joined_emit(struct assembler *assembler, struct run *run, const struct spec *spec, enum kind kind);

/* assemble_run.c: adds an op, or what another run does. */
struct proto *run_add(struct assembler *assembler, struct run *run, enum op_code code, unsigned cost);
void run_fail(struct run *run);
void run_append(struct assembler *assembler, struct run *run, struct run *other);

/* Makes the final ops of a run. */
const struct op *run_lay(struct assembler *assembler, struct run *run);

/* assemble_members.c: merges the groups of a run where that changes nothing, and lays them. */
void members_merge(struct assembler *assembler, struct run *run);
const struct members *members_lay(struct assembler *assembler, const struct group *group);
struct entry *group_add(struct assembler *assembler, struct group *group, struct span name, struct spec *spec,
                        unsigned flags);

/* assemble_choice.c: branches of anyOf and oneOf for one kind. */
void choice_emit(struct assembler *assembler, struct run *run, enum op_code code, struct run **branch, uint32_t count,
                 enum kind kind, bool track);

/* assemble_telling.c: a member by which the branches for objects can be sorted, NULL: there is none; and its table,
 * when the branches are laid. */
const struct sorting *telling_find(struct assembler *assembler, struct run **branch, uint32_t count);
const struct telling *telling_lay(struct assembler *assembler, const struct sorting *sorting,
                                  const struct branches *all);

/* assemble_value.c: keywords that look at one value. */
void value_emit(struct assembler *assembler, struct run *run, const struct spec *spec, const struct keyword *keyword,
                enum kind kind);

/* assemble_closed.c: what a schema's neighbours evaluate, when that does not depend on the instance. */
struct closed {
    struct group group;
    uint32_t items; /* the first so many */
    bool all;
    bool known; /* false: it depends on the instance */
    uint32_t visits;
};
void closed_find(struct assembler *assembler, const struct spec *spec, bool items, struct closed *closed);

#endif
