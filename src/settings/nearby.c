/* Finds the nearest file name to one that does not exist, for "did you mean". Reads no file. */
#include "settings/reader.h"

#include "base/text.h"

#include <dirent.h>

enum { MOST_NAMES = 1000 };

struct span nearby_file(struct reader *reader, struct span path) {
    size_t slash = path.size;
    while (slash > 0 && path.data[slash - 1] != '/')
        slash--;
    struct span folder = slash > 0 ? arena_copy(reader->arena, (struct span){path.data, slash}) : SPAN(".");
    const char **names = reader_take(reader, MOST_NAMES + 1, sizeof *names);
    DIR *entries = folder.data != NULL && names != NULL ? opendir(folder.data) : NULL;
    size_t count = 0;
    for (struct dirent *entry; entries != NULL && count < MOST_NAMES && (entry = readdir(entries)) != NULL;)
        if (entry->d_name[0] != '.' && !span_equal(span_of(entry->d_name), span_from(path, slash)))
            names[count++] = reader_copy(reader, span_of(entry->d_name)).data;
    if (entries != NULL)
        (void)closedir(entries);
    const char *near = names != NULL && !reader->failed ? text_nearest(span_from(path, slash), names) : NULL;
    return near != NULL ? span_of(near) : SPAN_NONE;
}
