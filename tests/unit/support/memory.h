/* Memory that fails when a test says so, for every malloc, calloc and realloc of the code under test. It is not linked
 * into anything but tests. */
#ifndef SLUSS_SUPPORT_MEMORY_H
#define SLUSS_SUPPORT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* From now on allocation `number` (0 is the next) fails, and with `forever` all behind it. */
void memory_fail(size_t number, bool forever);

/* No more failures. Returns how many allocations failed since memory_fail. */
size_t memory_heal(void);

/* Allocations that are not freed yet. */
size_t memory_live(void);

#endif
