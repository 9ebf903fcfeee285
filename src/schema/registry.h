/* The inside of the registry: documents, the resources in them, and how a reference finds one. Only for this folder. */
#ifndef SLUSS_SCHEMA_REGISTRY_H
#define SLUSS_SCHEMA_REGISTRY_H

#include "base/table.h"
#include "schema/dialect.h"
#include "json/reader.h"

/* A schema with an identity of its own: a document's root or an embedded one. */
struct resource {
    struct span uri; /* absolute, normal form, no fragment */
    const struct schema_text *text;
    const struct json_node *node;
    struct dialect dialect;
    struct anchor *dynamic;   /* its dynamic anchors */
    bool recursive;           /* "$recursiveAnchor": true */
    uint32_t index;           /* counted over the registry */
    struct resource *outside; /* the resource around it in the text, or NULL */
    struct resource *next;    /* of the text, in source order */
};

struct anchor {
    struct span name;
    struct resource *resource;
    const struct json_node *node;
    struct anchor *next; /* of the resource's dynamic anchors */
};

/* One registered document. */
struct schema_text {
    struct span uri;  /* where it was found */
    const char *file; /* for problems, "" when unknown */
    struct json_document json;
    struct resource *first, *last;
    struct resource **sorted; /* by node, for finding the resource around a node */
    uint32_t resources;
    bool indexed;
    bool busy; /* its dialect is being looked for */
    struct schema_text *next;
};

struct schema_registry {
    struct schema_options options;
    struct arena arena;
    struct table uris;    /* normal URI -> struct schema_text (roots, also before indexing) */
    struct table inside;  /* normal URI -> struct resource (after indexing) */
    struct table anchors; /* normal URI "#" name -> struct anchor */
    struct schema_text *texts, *last;
    uint32_t resources;
    unsigned regex_flags; /* enum regex_flag: for tests */
    struct buf scratch;
};

/* What a reference points at. */
struct target {
    struct resource *resource;
    const struct json_node *node;
    const struct anchor *dynamic; /* the dynamic anchor it was found by, or NULL */
};

/* Sets the problem's sentence unless one is there already, and its place. Returns false. */
bool registry_problem(struct schema_problem *problem, const struct schema_text *text, const struct json_node *node,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Finds `reference`, which stands at `node` of `from` (both NULL for an entry point). False with a problem. */
bool registry_find(struct schema_registry *registry, const struct resource *from, const struct json_node *node,
                   struct span reference, struct target *target, struct schema_problem *problem);

/* The nearest resource that holds the node. */
struct resource *registry_resource(const struct schema_text *text, const struct json_node *node);

/* Appends the JSON pointer from `top` to the value or key `node` below it. */
void registry_pointer(const struct json_document *json, const struct json_node *top, const struct json_node *node,
                      bool fragment, struct buf *out);

/* Reads the identifiers of all texts. False with a problem. */
bool registry_index(struct schema_registry *registry, struct schema_text *text, struct schema_problem *problem);

/* The dialect of a schema by its $schema. False with a problem. */
bool registry_dialect(struct schema_registry *registry, struct schema_text *text, const struct json_node *schema,
                      struct dialect *dialect, struct schema_problem *problem);

#endif
