/* Reading files and walking folders. */
#include "ctl/input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 65536, DEPTH_MOST = 16 };

bool input_read(const char *path, struct buf *out, struct error *error) {
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = -1;
    while (file >= 0 && buf_reserve(out, BLOCK) && (count = read(file, out->data + out->size, BLOCK)) > 0)
        out->size += (size_t)count;
    bool good = count == 0 && !out->failed;
    if (!good)
        (void)error_system(error, out->failed ? ENOMEM : errno, "cannot read %s", standard ? "standard input" : path);
    if (!standard && file >= 0)
        (void)close(file);
    return good;
}

struct walk {
    bool (*each)(void *owner, const char *path, const char *inside);
    void *owner;
    size_t prefix; /* of each path: the folder and its slash */
    struct error *error;
};

static bool is_json(const char *name) {
    return span_ends_with(span_of(name), SPAN(".json"));
}

static int is_wanted(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static bool walk_folder(const struct walk *walk, const char *folder, int depth);

static bool walk_entry(const struct walk *walk, const char *path, int depth) {
    struct stat about;
    if (stat(path, &about) != 0)
        return error_system(walk->error, errno, "cannot read %s", path);
    if (S_ISDIR(about.st_mode))
        return walk_folder(walk, path, depth + 1);
    return !S_ISREG(about.st_mode) || !is_json(path) || walk->each(walk->owner, path, path + walk->prefix);
}

static bool walk_folder(const struct walk *walk, const char *folder, int depth) {
    struct dirent **entries;
    int count = depth < DEPTH_MOST ? scandir(folder, &entries, is_wanted, alphasort) : -1;
    if (count < 0)
        return error_system(walk->error, errno, "cannot read the folder %s", folder);
    bool good = true;
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (length < 0 || (size_t)length >= sizeof path)
            good = good && error_set(walk->error, "a path below %s is too long", folder);
        good = good && walk_entry(walk, path, depth);
        free(entries[i]);
    }
    free(entries);
    return good;
}

bool input_walk(const char *folder, bool (*each)(void *owner, const char *path, const char *inside), void *owner,
                struct error *error) {
    const struct walk walk = {each, owner, strlen(folder) + 1, error};
    return walk_folder(&walk, folder, 0);
}
