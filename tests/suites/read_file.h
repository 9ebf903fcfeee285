/* A whole file of the suite, in an arena; ends the program where it cannot be read. Not a test. */
#ifndef SUITES_READ_FILE_H
#define SUITES_READ_FILE_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

static inline struct span read_file(const char *path, struct arena *arena) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    struct buf bytes = {0};
    char block[65536];
    for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
        buf_add(&bytes, span_make(block, size));
    (void)fclose(file);
    struct span text = arena_copy(arena, buf_span(&bytes));
    buf_finish(&bytes);
    return text;
}

#endif
