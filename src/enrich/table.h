/* A lookup table is an immutable map from key text to answer (a JSON text), loaded from CSV. It does not read files. */
#ifndef SLUSS_ENRICH_TABLE_H
#define SLUSS_ENRICH_TABLE_H

#include "base/error.h"
#include "base/span.h"

struct lookup_table;

/* Reads CSV (RFC 4180; a BOM and `;` accepted; first row names the columns; UTF-8). Keys are the column `key`; the
 * answer is the column `value` as a JSON string, or, when `value` is SPAN_NONE, the whole row as an object of strings.
 * Duplicate keys, unknown columns and ragged rows are refused with their line. NULL with a sentence (never a cell's
 * content). One reference. */
struct lookup_table *lookup_table_create(struct span csv, struct span key, struct span value, struct error *error);

/* Counted references, safe between threads. */
struct lookup_table *lookup_table_share(struct lookup_table *table);
void lookup_table_release(struct lookup_table *table);

/* The JSON text stored under the key, or SPAN_NONE. Valid as long as a reference is held. */
struct span lookup_table_find(const struct lookup_table *table, struct span key);

/* Prefetches the memory that a find of this key will look at first: in a large table it is rarely in the cache. */
void lookup_table_foresee(const struct lookup_table *table, struct span key);

size_t lookup_table_rows(const struct lookup_table *table);
size_t lookup_table_bytes(const struct lookup_table *table);

#endif
