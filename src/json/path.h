/* A path is a compiled RFC 9535 query. So far: simple member queries, `$` and one or more name selectors
 * (2.3.1, 2.5.1). */
#ifndef SLUSS_JSON_PATH_H
#define SLUSS_JSON_PATH_H

#include "base/error.h"
#include "json/document.h"

struct json_path;

/* Compiles `$.a['b'].c`. NULL with a sentence that names the position; everything of RFC 9535 that is not a simple
 * member query is "not supported yet". Immutable; may be used by several threads. */
struct json_path *json_path_create(struct span text, struct error *error);
void json_path_destroy(struct json_path *path);

/* The node a simple member query selects, or NULL. */
const struct json_node *json_path_find(const struct json_path *path, const struct json_document *document);

/* The text it was compiled from. */
struct span json_path_text(const struct json_path *path);

/* The names of a simple member query, outermost first; 0 for the root query `$`. */
size_t json_path_names(const struct json_path *path);
struct span json_path_name(const struct json_path *path, size_t index);
uint32_t json_path_hash(const struct json_path *path, size_t index); /* json_hash of that name */

#endif
