/* Any sluss.cfg and route, divided by the first NUL: reading them ends with problems or with a plan, and the normal
 * form of a plan is read again without errors, as the same. */
#include "settings/settings.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];
static bool written; /* the files say themselves what stands in the secret */

static void hold(bool holds) {
    if (!holds)
        abort();
}

static bool shows_secret(struct span text) {
    return text.size > 0 && memmem(text.data, text.size, "hemligt", 7) != NULL;
}

static void put(const char *name, struct span text) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    hold(file >= 0 && write(file, text.data, text.size) == (ssize_t)text.size);
    (void)close(file);
}

static void remove_all(void) {
    static const char *const names[] = {"sluss.cfg",
                                        "normal.cfg",
                                        "routes.d/r.cfg",
                                        "tables/t.csv",
                                        "schemas/s.json",
                                        "secrets.d/s",
                                        "routes.d",
                                        "tables",
                                        "schemas",
                                        "secrets.d",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)remove(path);
    }
}

static void make_folder(void) {
    static const char *const places[] = {"routes.d", "tables", "schemas", "secrets.d"};
    (void)snprintf(folder, sizeof folder, "/tmp/sluss-fuzz-XXXXXX");
    hold(mkdtemp(folder) != NULL && atexit(remove_all) == 0);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", folder, places[i]);
        hold(mkdir(path, 0700) == 0);
    }
    put("tables/t.csv", SPAN("a,b\nx,1\n"));
    put("schemas/s.json", SPAN("{\"type\":\"object\"}"));
    put("secrets.d/s", SPAN("hemligt"));
}

static struct settings *read_file(const char *name, struct problems *problems) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    problems_init(problems);
    struct settings *settings = settings_read(&(struct settings_options){.path = path, .check = true}, problems);
    struct buf out = {0};
    problems_sort(problems);
    problems_write(problems, true, &out);
    problems_write_json(problems, &out);
    hold(settings != NULL || problems->errors > 0 || problems->failed);
    hold((problems->errors > 0) == (problems->status != 0));
    hold(written || !shows_secret(buf_span(&out)));
    buf_finish(&out);
    return settings;
}

static void check_normal(const struct settings *settings, struct span normal) {
    struct problems problems;
    put("normal.cfg", normal);
    struct settings *again = read_file("normal.cfg", &problems);
    hold(again != NULL && problems.errors == 0 && span_equal(settings_normal(again), normal));
    hold(again->plan.route_count == settings->plan.route_count);
    hold(written || !shows_secret(normal));
    settings_destroy(again);
    problems_finish(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
    struct span text = span_make(data, zero != NULL ? (size_t)(zero - data) : size);
    if (folder[0] == '\0')
        make_folder();
    put("sluss.cfg", text);
    put("routes.d/r.cfg", zero != NULL ? span_make(zero + 1, size - text.size - 1) : SPAN(""));
    written = shows_secret(span_make(data, size));
    struct problems problems;
    struct settings *settings = read_file("sluss.cfg", &problems);
    if (settings != NULL)
        check_normal(settings, settings_normal(settings));
    settings_destroy(settings);
    problems_finish(&problems);
    return 0;
}
