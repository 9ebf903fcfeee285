/* Schema is JSON Schema, drafts 4, 6, 7, 2019-09 and 2020-12: compiled once, run many times, explained when it says no.
 * It opens no file and no connection: every document is handed in. */
#ifndef SLUSS_SCHEMA_SCHEMA_H
#define SLUSS_SCHEMA_SCHEMA_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "json/document.h"

/* 0 means the default, 2020-12. */
enum schema_draft { SCHEMA_DRAFT_4 = 1, SCHEMA_DRAFT_6, SCHEMA_DRAFT_7, SCHEMA_DRAFT_2019_09, SCHEMA_DRAFT_2020_12 };

/* "4" "6" "7" "2019-09" "2020-12" -> the draft, or 0. */
enum schema_draft schema_draft_of(struct span text);

/* All zero is the default. */
struct schema_options {
    enum schema_draft default_draft; /* of schemas without $schema, and with http://json-schema.org/schema# */
    bool assert_formats;             /* else `format` annotates, as the standard says */
    bool assert_contents;            /* else contentEncoding and contentMediaType annotate */
    size_t program_memory;           /* bytes one program may take; default 64 MiB */
};

/* What is wrong with a schema: the error's sentence says what and what to do; the rest says where. */
struct schema_problem {
    struct error error;
    char file[256];    /* as given to schema_registry_add, "" when unknown */
    char pointer[256]; /* RFC 6901, cut at the front with "..." when longer */
    uint32_t line;     /* from 1; 0 when unknown */
    uint32_t column;   /* from 1, in bytes */
};

/* A registry holds schema documents by URI. Not for two threads at once; it must outlive its programs. */
struct schema_registry;
struct schema_registry *schema_registry_create(const struct schema_options *options); /* options may be NULL */
void schema_registry_destroy(struct schema_registry *registry);

/* Keeps a copy of the text under `uri` and under its own $id; it is compiled only when referenced. `uri` may be
 * relative: it then stands on "schema:///", as everywhere here. `file` is what problems call the document. False when
 * it is not JSON or one of its URIs is taken. `problem` may be NULL. */
bool schema_registry_add(struct schema_registry *registry, struct span uri, struct span text, const char *file,
                         struct schema_problem *problem);

/* Compiles the schema at `uri`, with a fragment (JSON pointer or anchor) or without. NULL with a problem. The program
 * is immutable: any number of threads may run it. */
struct schema_program;
struct schema_program *schema_compile(struct schema_registry *registry, struct span uri,
                                      struct schema_problem *problem);
void schema_program_destroy(struct schema_program *program);

/* Limits of one validation; 0 means the default. Beyond one the result is SCHEMA_ERROR, never SCHEMA_INVALID. */
struct schema_limits {
    uint64_t steps; /* default 1,000,000 and 1,000 for each node of the document */
    uint32_t depth; /* nested schemas, default 4,096 (about 200 bytes of stack each); a quarter of it when explaining */
    uint32_t regex; /* backtracking steps of one match, default 100,000 */
    size_t memory;  /* scratch bytes, default 64 MiB */
};

/* What one thread needs to run any program: scratch memory and budgets. */
struct schema_context;
struct schema_context *schema_context_create(const struct schema_limits *limits); /* limits may be NULL; NULL: memory */
void schema_context_destroy(struct schema_context *context);

enum schema_result { SCHEMA_VALID, SCHEMA_INVALID, SCHEMA_ERROR };

/* Judges the value at `node` (usually document->node). No allocation for a valid document once the context is warm. */
enum schema_result schema_validate(const struct schema_program *program, struct schema_context *context,
                                   const struct json_document *document, const struct json_node *node);

/* Why the last result of the context was SCHEMA_ERROR: static text such as "more than the allowed steps". */
const char *schema_context_fault(const struct schema_context *context);

/* Whether that was no limit of ours but a shortage of the machine's memory: the same may be judged later. */
bool schema_context_is_short(const struct schema_context *context);

/* One thing that is wrong with an instance. Paths are JSON pointers; "" is the whole. */
struct schema_complaint {
    struct span instance; /* where in the instance */
    struct span path;     /* the way through the schema, with the $refs that were followed */
    struct span location; /* absolute URI of the keyword */
    struct span keyword;  /* "required" ("" for the schema `false`) */
    struct span sentence; /* "must be at most 5"; holds an instance's value only with SCHEMA_SHOW_VALUES */
};

struct schema_complaints {
    const struct schema_complaint *complaint; /* best cause first */
    size_t count;
};

enum schema_show { SCHEMA_SHOW_NOTHING, SCHEMA_SHOW_VALUES = 1 };

/* Judges again, with reasons: slower, meant for what schema_validate refused. The complaints live in `arena`. Where
 * reasons would take more than the limits allow, the verdict stands with one complaint about the whole that says so. */
enum schema_result schema_explain(const struct schema_program *program, struct schema_context *context,
                                  const struct json_document *document, const struct json_node *node,
                                  enum schema_show show, struct arena *arena, struct schema_complaints *complaints);

/* flag, basic, detailed: 2020-12 core 12.4; list, hierarchical: the next specification's. */
enum schema_output {
    SCHEMA_OUTPUT_FLAG,
    SCHEMA_OUTPUT_LIST,
    SCHEMA_OUTPUT_HIERARCHICAL,
    SCHEMA_OUTPUT_BASIC,
    SCHEMA_OUTPUT_DETAILED
};

/* Judges and adds the output as one line of JSON to `out`, without a line end; nothing is added for SCHEMA_ERROR. An
 * invalid instance whose errors go past the limits has one error that says so; a valid one whose annotations do so is
 * SCHEMA_ERROR. */
enum schema_result schema_write(const struct schema_program *program, struct schema_context *context,
                                const struct json_document *document, const struct json_node *node,
                                enum schema_output output, enum schema_show show, struct buf *out);

#endif
