/* Loading the files of lookups, and looking whether they changed. One call looks at one file: the loop goes on between.
 */
#include "tables/tables.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file must have stood still for STILL_MS before it is read. */
enum { STILL_MS = 250, LARGEST = 256 << 20 };

/* What distinguishes two states of a file. All zero: there is no file. */
struct signature {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct file {
    const struct lookup_spec *spec;
    char *path;
    struct lookup_table *table;
    struct signature read; /* of what was read last, also when it was refused */
    struct signature seen; /* at the last look */
    int64_t seen_ms;       /* when a look saw that first */
    int64_t look_ms;       /* the next look */
    int watch;             /* inotify's, of the folder; -1 none */
    struct error unopened; /* why it could not be opened at the last look; empty: it could */
};

struct tables {
    struct file *files;
    uint32_t count;
    int inotify;
};

static bool same(const struct signature *one, const struct signature *other) {
    return one->device == other->device && one->inode == other->inode && one->size == other->size &&
           one->changed.tv_sec == other->changed.tv_sec && one->changed.tv_nsec == other->changed.tv_nsec;
}

static struct signature signature_of(const struct stat *status) {
    return (struct signature){
        .device = status->st_dev, .inode = status->st_ino, .size = status->st_size, .changed = status->st_mtim};
}

static struct signature look(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? signature_of(&status) : (struct signature){0};
}

/* All bytes of the open file; `size` is what fstat said, and the file may have changed since. */
static bool read_all(int file, size_t size, struct buf *out, struct error *error) {
    for (;;) {
        if (!buf_reserve(out, out->size < size ? size - out->size + 1 : 4096))
            return error_memory(error);
        ssize_t got = read(file, out->data + out->size, out->capacity - out->size);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return error_system(error, errno, "cannot be read");
        out->size += got > 0 ? (size_t)got : 0;
        if (out->size > LARGEST)
            return error_set(error, "has more than 256 MiB, the most a table may have");
    }
}

/* Non-blocking, so that a pipe in the file's place stops nobody. */
static bool read_file(const char *path, struct buf *out, struct signature *signature, struct error *error) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return error_system(error, errno, "cannot be opened");
    struct stat status = {0};
    bool done = false;
    if (fstat(file, &status) != 0)
        error_system(error, errno, "cannot be read");
    else if (!S_ISREG(status.st_mode))
        error_set(error, "is not a regular file");
    else if (status.st_size > LARGEST)
        error_set(error, "has more than 256 MiB, the most a table may have");
    else
        done = read_all(file, (size_t)status.st_size, out, error);
    *signature = signature_of(&status);
    (void)close(file);
    return done;
}

static struct lookup_table *read_table(const struct lookup_spec *spec, const char *path, struct signature *signature,
                                       struct error *error) {
    struct buf bytes = {0};
    struct lookup_table *table = NULL;
    *signature = (struct signature){0};
    if (read_file(path, &bytes, signature, error))
        table = lookup_table_create(buf_span(&bytes), spec->key, spec->value, error);
    buf_finish(&bytes);
    if (table == NULL)
        error_context(error, "%s", path);
    return table;
}

struct lookup_table *tables_read(const struct lookup_spec *lookup, struct error *error) {
    struct signature signature;
    char *path = strndup(lookup->file.data, lookup->file.size);
    if (path == NULL) {
        error_memory(error);
        return NULL;
    }
    struct lookup_table *table = read_table(lookup, path, &signature, error);
    free(path);
    return table;
}

/* The folder may have been replaced since: asking again for the same one changes nothing. */
static void watch_folder(struct tables *tables, struct file *file) {
    if (tables->inotify < 0)
        return;
    const char *slash = strrchr(file->path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(file->path, (size_t)(slash - file->path) + 1);
    file->watch = folder == NULL ? -1
                                 : inotify_add_watch(tables->inotify, folder,
                                                     IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB | IN_ONLYDIR);
    free(folder);
}

static bool load(struct tables *tables, const struct lookup_spec *spec, struct file *file, struct error *error) {
    *file = (struct file){.spec = spec, .watch = -1};
    file->path = strndup(spec->file.data, spec->file.size);
    if (file->path == NULL)
        return error_memory(error);
    watch_folder(tables, file);
    file->table = read_table(spec, file->path, &file->read, error);
    file->seen = file->read;
    return file->table != NULL;
}

struct tables *tables_create(const struct lookup_spec *lookups, uint32_t count, struct error *error) {
    struct tables *tables = calloc(1, sizeof *tables);
    if (tables == NULL) {
        error_memory(error);
        return NULL;
    }
    tables->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    tables->files = calloc(count == 0 ? 1 : count, sizeof *tables->files);
    bool loaded = tables->files != NULL;
    if (!loaded)
        error_memory(error);
    while (loaded && tables->count < count) {
        loaded = load(tables, &lookups[tables->count], &tables->files[tables->count], error);
        tables->count++;
    }
    if (loaded)
        return tables;
    tables_destroy(tables);
    return NULL;
}

void tables_destroy(struct tables *tables) {
    if (tables == NULL)
        return;
    for (uint32_t i = 0; i < tables->count; i++) {
        lookup_table_release(tables->files[i].table);
        free(tables->files[i].path);
    }
    free(tables->files);
    if (tables->inotify >= 0)
        (void)close(tables->inotify);
    free(tables);
}

struct lookup_table *tables_current(const struct tables *tables, uint32_t lookup) {
    return tables->files[lookup].table;
}

int tables_descriptor(const struct tables *tables) {
    return tables->inotify;
}

int64_t tables_due_ms(const struct tables *tables) {
    int64_t due = INT64_MAX;
    for (uint32_t i = 0; i < tables->count; i++)
        if (tables->files[i].look_ms < due)
            due = tables->files[i].look_ms;
    return due;
}

/* Something happened in a folder: its files are looked at now. Names are not compared: a file may be a link to another.
 */
static void take_notices(struct tables *tables) {
    _Alignas(struct inotify_event) char bytes[4096];
    ssize_t size;
    while (tables->inotify >= 0 && (size = read(tables->inotify, bytes, sizeof bytes)) > 0)
        for (ssize_t at = 0; at < size;) {
            struct inotify_event notice;
            memcpy(&notice, bytes + at, sizeof notice);
            for (uint32_t i = 0; i < tables->count; i++)
                if (tables->files[i].watch == notice.wd || (notice.mask & IN_Q_OVERFLOW) != 0)
                    tables->files[i].look_ms = 0;
            at += (ssize_t)(sizeof notice + notice.len);
        }
}

/* Descriptors or memory were short, or its mode keeps it from us: it need not be written again to be readable. */
static bool may_open_later(const struct signature *now, const struct signature *read, const struct error *error) {
    static const struct signature none = {0};
    return error->shortage || (same(read, &none) && !same(now, &none));
}

/* One look. A file that differs from what was read is read when it has stood still, however often it was looked at
 * meanwhile: what happens to other files of its folder makes looks too. */
static bool look_at(struct tables *tables, struct file *file, int64_t now_ms, struct tables_change *change) {
    struct signature now = look(file->path);
    bool changed = !same(&now, &file->read);
    int64_t reload_ms = file->spec->reload_ms > 0 ? file->spec->reload_ms : STILL_MS;
    int64_t still_ms = reload_ms < STILL_MS ? reload_ms : STILL_MS;
    if (!same(&now, &file->seen))
        file->seen_ms = now_ms;
    bool still = now_ms - file->seen_ms >= still_ms;
    file->seen = now;
    file->look_ms = changed && !still ? file->seen_ms + still_ms : now_ms + reload_ms;
    watch_folder(tables, file);
    if (!changed || !still)
        return false;
    struct signature read = {0};
    *change = (struct tables_change){.lookup = (uint32_t)(file - tables->files)};
    change->table = read_table(file->spec, file->path, &read, &change->error);
    if (change->table == NULL && may_open_later(&now, &read, &change->error)) {
        bool news = strcmp(file->unopened.text, change->error.text) != 0;
        file->unopened = change->error;
        return news;
    }
    file->unopened = (struct error){0};
    file->read = now;
    if (change->table != NULL) {
        lookup_table_release(file->table);
        file->table = change->table;
    }
    return true;
}

bool tables_poll(struct tables *tables, int64_t now_ms, struct tables_change *change) {
    take_notices(tables);
    for (uint32_t i = 0; i < tables->count; i++)
        if (tables->files[i].look_ms <= now_ms && look_at(tables, &tables->files[i], now_ms, change))
            return true;
    return false;
}
