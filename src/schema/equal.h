/* Equal compares JSON values by JSON Schema's equality: numbers by value, objects without order, true is not 1. */
#ifndef SLUSS_SCHEMA_EQUAL_H
#define SLUSS_SCHEMA_EQUAL_H

#include "base/arena.h"
#include "json/document.h"

bool equal_values(const struct json_document *json, const struct json_node *one, const struct json_document *other_json,
                  const struct json_node *other);

/* Equal values have equal hashes. */
uint64_t equal_hash(const struct json_document *json, const struct json_node *node);

/* The steps that a comparison with the value may take: members are looked up one by one. */
int64_t equal_cost(const struct json_document *json, const struct json_node *node);

enum equal_result { EQUAL_NONE, EQUAL_FOUND, EQUAL_MEMORY, EQUAL_STEPS };

/* Looks for two equal items in an array, in about linear time. `steps` is lowered by the comparisons made; below 0 the
 * search ends with EQUAL_STEPS. `first` and `second` (may be NULL) receive the indexes found. */
enum equal_result equal_items(const struct json_document *json, const struct json_node *array, struct arena *scratch,
                              int64_t *steps, uint32_t *first, uint32_t *second);

#endif
