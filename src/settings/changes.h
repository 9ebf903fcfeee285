/* Changes are what differs between two configurations, by name, for an operator who has just reloaded one. Files and
 * secrets that options name are not compared: only what is written. */
#ifndef SLUSS_SETTINGS_CHANGES_H
#define SLUSS_SETTINGS_CHANGES_H

#include "settings/settings.h"

/* "route bygglov changed, route skola new, platform oep gone, kafka changed"; nothing when no option differs. From two
 * normal forms; a long list is cut, and how many are missing is said. */
void changes_write(struct buf *out, struct span before, struct span after);

/* What was written, for a sentence: nothing is "no option", and where memory was short that is said. Static, or the
 * buf's.
 */
const char *changes_words(struct buf *written);

#endif
