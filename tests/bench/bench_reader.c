/* Bytes to document, ours beside jansson's, in one run. Tests nothing but that both read the same files. */
#include "json/reader.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 15, ROUND_BYTES = 4 << 20 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct span load_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(66);
    }
    static char bytes[1 << 20];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    char *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        exit(1);
    memcpy(copy, bytes, size);
    return span_make(copy, size);
}

static bool read_ours(struct arena *arena, struct span text) {
    struct json_document document;
    arena_reset(arena);
    return json_read(arena, text, NULL, &document, NULL);
}

static bool read_fresh(struct arena *arena, struct span text) {
    struct json_document document;
    bool read = json_read(arena, text, NULL, &document, NULL);
    arena_finish(arena);
    return read;
}

static bool read_jansson(struct arena *arena, struct span text) {
    (void)arena;
    json_t *root = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    bool read = root != NULL;
    json_decref(root);
    return read;
}

/* Microseconds a text, the best of the rounds is kept in `*best`. */
static void measure(bool (*read)(struct arena *, struct span), struct arena *arena, struct span text, double *best) {
    size_t times = ROUND_BYTES / text.size + 1;
    double start = seconds();
    for (size_t i = 0; i < times; i++)
        if (!read(arena, text)) {
            (void)fprintf(stderr, "a reader refused the text\n");
            exit(1);
        }
    double each = (seconds() - start) * 1e6 / (double)times;
    if (*best == 0 || each < *best)
        *best = each;
}

int main(int count, char **arguments) {
    if (count < 2) {
        (void)fprintf(stderr, "usage: %s FILE...\n", arguments[0]);
        return 64;
    }
    (void)printf("%-24s %8s %12s %12s %12s %8s %8s\n", "file", "bytes", "jansson us", "ours us", "fresh arena", "ratio",
                 "MB/s");
    for (int i = 1; i < count; i++) {
        struct span text = load_file(arguments[i]);
        struct arena reused, fresh;
        double jansson = 0, ours = 0, anew = 0;
        arena_init(&reused, 0);
        arena_init(&fresh, 0);
        for (int round = 0; round < ROUNDS; round++) {
            measure(read_jansson, NULL, text, &jansson);
            measure(read_ours, &reused, text, &ours);
            measure(read_fresh, &fresh, text, &anew);
        }
        const char *name = strrchr(arguments[i], '/');
        (void)printf("%-24s %8zu %12.2f %12.2f %12.2f %8.3f %8.0f\n", name != NULL ? name + 1 : arguments[i], text.size,
                     jansson, ours, anew, ours / jansson, (double)text.size / ours);
        arena_finish(&reused);
        arena_finish(&fresh);
        free((char *)(uintptr_t)text.data);
    }
    return 0;
}
