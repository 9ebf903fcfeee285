/* Copying a configuration and turning it inwards. Whether it is right, the daemon will say. */
#include "ctl/folder.h"

#include "settings/redirect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MOST = 8 };

static bool join(char *out, size_t size, const char *folder, const char *name) {
    int length = snprintf(out, size, "%s/%s", folder, name);
    return length > 0 && (size_t)length < size;
}

bool folder_path(const struct folder *folder, const char *name, char *out, size_t size) {
    return join(out, size, folder->path, name);
}

static bool write_all(int file, const char *data, size_t size) {
    while (size > 0) {
        ssize_t count = write(file, data, size);
        if (count < 0)
            return false;
        data += count;
        size -= (size_t)count;
    }
    return true;
}

static bool copy_file(const char *from, const char *to, struct error *error) {
    char block[16384];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t count = -1;
    while (out >= 0 && (count = read(in, block, sizeof block)) > 0)
        if (!write_all(out, block, (size_t)count)) {
            count = -1;
            break;
        }
    if (count != 0)
        (void)error_set(error, "cannot copy %s: %s", from, strerror(errno));
    if (in >= 0)
        (void)close(in);
    if (out >= 0)
        (void)close(out);
    return count == 0;
}

/* The secrets stay where they are: the sandbox has its own. */
static bool is_left_behind(const char *name) {
    return name[0] == '.' || strcmp(name, "secrets.d") == 0 || strcmp(name, "samples") == 0;
}

static bool copy_tree(const char *from, const char *to, int depth, struct error *error) {
    DIR *folder = depth < DEPTH_MOST ? opendir(from) : NULL;
    if (folder == NULL)
        return error_set(error, "cannot read the folder %s: %s", from, strerror(errno));
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(folder)) != NULL;) {
        char source[FOLDER_PATH], target[FOLDER_PATH];
        struct stat about;
        if (is_left_behind(entry->d_name))
            continue;
        if (!join(source, sizeof source, from, entry->d_name) || !join(target, sizeof target, to, entry->d_name))
            good = error_set(error, "a path below %s is too long", from);
        else if (stat(source, &about) != 0)
            good = error_set(error, "cannot read %s: %s", source, strerror(errno));
        else if (S_ISDIR(about.st_mode))
            good = (mkdir(target, 0700) == 0 || error_set(error, "cannot make %s: %s", target, strerror(errno))) &&
                   copy_tree(source, target, depth + 1, error);
        else if (S_ISREG(about.st_mode))
            good = copy_file(source, target, error);
    }
    (void)closedir(folder);
    return good;
}

bool folder_create(struct folder *folder, const char *from, struct error *error) {
    const char *top = getenv("TMPDIR");
    if (!join(folder->path, sizeof folder->path, top != NULL && top[0] == '/' ? top : "/tmp", "sluss-sandbox.XXXXXX") ||
        mkdtemp(folder->path) == NULL) {
        folder->path[0] = '\0';
        return error_set(error, "cannot make a temporary folder: %s", strerror(errno));
    }
    return copy_tree(from, folder->path, 0, error);
}

static void remove_tree(const char *path, int depth) {
    DIR *folder = depth <= DEPTH_MOST ? opendir(path) : NULL;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char inner[FOLDER_PATH];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            !join(inner, sizeof inner, path, entry->d_name))
            continue;
        if (unlink(inner) != 0)
            remove_tree(inner, depth + 1);
    }
    if (folder != NULL)
        (void)closedir(folder);
    (void)rmdir(path);
}

void folder_destroy(struct folder *folder) {
    if (folder->path[0] != '\0')
        remove_tree(folder->path, 0);
    folder->path[0] = '\0';
}

static bool write_secret(const char *path, struct error *error) {
    static const char value[] = "sandbox\n";
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = file >= 0 && write_all(file, value, sizeof value - 1);
    if (!written)
        (void)error_set(error, "cannot write %s: %s", path, strerror(errno));
    if (file >= 0)
        (void)close(file);
    return written;
}

/* Every secret that the copy names gets the same harmless content: real ones have no business in a sandbox. */
static bool make_secret(void *owner, const char *name, struct error *error) {
    const struct folder *folder = owner;
    char secrets[FOLDER_PATH], path[FOLDER_PATH];
    if (strchr(name, '/') != NULL || !folder_path(folder, "secrets.d", secrets, sizeof secrets) ||
        !join(path, sizeof path, secrets, name))
        return error_set(error, "\"secret:%s\" is not the name of a secret", name);
    if (mkdir(secrets, 0700) != 0 && errno != EEXIST)
        return error_set(error, "cannot make %s: %s", secrets, strerror(errno));
    return write_secret(path, error);
}

bool folder_redirect(struct folder *folder, const char *servers, const char *platform, struct error *error) {
    char path[FOLDER_PATH], socket[FOLDER_PATH];
    if (!folder_path(folder, "sluss.cfg", path, sizeof path) ||
        !folder_path(folder, "slussd.sock", socket, sizeof socket))
        return error_set(error, "the path %s is too long", folder->path);
    const struct redirect_spec spec = {servers, platform, socket, folder, make_secret};
    return redirect(path, &spec, error);
}
