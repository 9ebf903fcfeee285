/* Tables keeps the lookup tables of the configuration loaded and looks whether their files change. It has no thread:
 * the loop of its owner calls it. It does not log. */
#ifndef SLUSS_TABLES_TABLES_H
#define SLUSS_TABLES_TABLES_H

#include "enrich/recipe.h"

/* Files are watched by inotify on their folder, since editors replace files, and looked at (time, size, inode) at least
 * every reload_ms. A changed file is read once it has stood still for a moment, so half a file is not taken. */
struct tables;

/* Loads every file. NULL with a sentence when one cannot be loaded; `lookups` is borrowed and must outlive the tables.
 * Files beyond 256 MiB are refused. */
struct tables *tables_create(const struct lookup_spec *lookups, uint32_t count, struct error *error);
void tables_destroy(struct tables *tables);

/* The current table, borrowed; lookup_table_share it to keep it. */
struct lookup_table *tables_current(const struct tables *tables, uint32_t lookup);

/* Readable when tables_poll has something to look at; -1 where inotify is not to be had (then only the looks help). */
int tables_descriptor(const struct tables *tables);

/* When tables_poll wants to be called at the latest. */
int64_t tables_due_ms(const struct tables *tables);

struct tables_change {
    uint32_t lookup;
    struct lookup_table *table; /* the new one, borrowed as from tables_current; NULL: refused, the old one stays */
    struct error error;         /* then: why, with the file's name */
};

/* Looks, and reads what changed. True with one change: call again until false. A file that stays bad is told once for
 * each of its states. */
bool tables_poll(struct tables *tables, int64_t now_ms, struct tables_change *change);

/* Reads one lookup's file without keeping it (checks, slussctl). NULL with a sentence that begins with the file's name.
 */
struct lookup_table *tables_read(const struct lookup_spec *lookup, struct error *error);

#endif
