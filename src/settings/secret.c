/* Finding what "secret:NAME" stands for: DIR/secrets.d/NAME, else the systemd credential NAME. Shows none of it. */
#include "settings/reader.h"

#include "base/error.h"

#include <errno.h>
#include <sys/stat.h>

enum { LONGEST = 64 * 1024 };

static bool is_name(struct span name) {
    if (name.size == 0 || name.size > 200 || name.data[0] == '.')
        return false;
    for (size_t i = 0; i < name.size; i++)
        if ((unsigned char)name.data[i] <= ' ' || name.data[i] == '/' || name.data[i] == 0x7f)
            return false;
    return true;
}

/* The path of the secret's file, or SPAN_NONE when there is none, or none that we may see, which is noted. */
static struct span find(struct reader *reader, struct span name, struct stat *status) {
    struct span path = arena_printf(reader->arena, SPAN_FORMAT "/secrets.d/" SPAN_FORMAT, SPAN_ARGUMENT(reader->folder),
                                    SPAN_ARGUMENT(name));
    if (path.data != NULL && stat(path.data, status) == 0)
        return path;
    if (path.data == NULL || reader_shortage(reader, errno) || reader->options->credentials == NULL)
        return SPAN_NONE;
    bool hidden = reader->denied;
    reader->denied = false; /* a credential needs no secrets.d */
    path = arena_printf(reader->arena, "%s/" SPAN_FORMAT, reader->options->credentials, SPAN_ARGUMENT(name));
    if (path.data != NULL && stat(path.data, status) == 0)
        return path;
    (void)(path.data == NULL || reader_shortage(reader, errno));
    reader->denied = reader->denied || hidden;
    return SPAN_NONE;
}

/* What is wrong with a secret, and what to do. */
struct fault {
    const char *what;
    const char *cure; /* NULL: put it there */
};

static const struct fault denied = {
    "its folder may not be entered",
    "let the user that runs Sluss enter it: secrets.d and what leads to it: root:sluss, mode 0750"};

/* A warning when the configuration is only checked. True when that is what it was. */
static bool lament(struct reader *reader, struct span name, struct fault fault, struct complaint *complaint) {
    struct span near = SPAN_NONE;
    char cure[320];
    if (fault.cure == NULL)
        near = nearby_file(reader, CURE(reader, SPAN_FORMAT "/secrets.d/" SPAN_FORMAT, SPAN_ARGUMENT(reader->folder),
                                        SPAN_ARGUMENT(name)));
    if (near.data != NULL)
        (void)snprintf(cure, sizeof cure,
                       "did you mean \"secret:" SPAN_FORMAT "\"? else put it into secrets.d/" SPAN_FORMAT,
                       SPAN_ARGUMENT(near), SPAN_ARGUMENT(name));
    else if (fault.cure == NULL)
        (void)snprintf(cure, sizeof cure,
                       "put it into secrets.d/" SPAN_FORMAT
                       " (root:sluss, mode 0640), or give it as a systemd credential",
                       SPAN_ARGUMENT(name));
    else
        (void)snprintf(cure, sizeof cure, "%s", fault.cure);
    reader->problems->unready++;
    if (!reader->options->check)
        return complain(complaint, PROBLEM_SECRET, cure, "the secret \"" SPAN_FORMAT "\": %s", SPAN_ARGUMENT(name),
                        fault.what);
    complain(complaint, PROBLEM_SECRET, cure,
             "the secret \"" SPAN_FORMAT "\": %s; Sluss will not start until this is corrected", SPAN_ARGUMENT(name),
             fault.what);
    return true;
}

static struct fault fault_of(struct span value, bool lines) {
    if (value.size == 0)
        return (struct fault){"it is empty", NULL};
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (byte == '\0' && lines)
            return (struct fault){"it contains a NUL byte", "save it as plain text"};
        if (byte == '\r' && i + 1 == value.size && !lines)
            return (struct fault){"it ends with CR LF, as on Windows", "save it with Unix line ends, or with none"};
        if (byte == '\0' || (!lines && (byte < 0x20 || byte == 0x7f)))
            return (struct fault){"it has more than one line, or a control character",
                                  "leave the secret alone in it, on one line"};
    }
    return (struct fault){NULL, NULL};
}

static bool read_value(struct reader *reader, struct span path, struct span name, bool lines, struct secret *secret,
                       struct complaint *complaint) {
    struct buf content = {0};
    struct error error = {0};
    struct fault fault = {NULL, "let the user that runs Sluss read it: root:sluss, mode 0640"};
    if (!reader_file(reader, path, LONGEST, &content, &error)) {
        fault.what = error.text;
    } else {
        struct span value = buf_span(&content);
        if (value.size > 0 && value.data[value.size - 1] == '\n')
            value.size--;
        fault = fault_of(value, lines);
        if (fault.what == NULL)
            secret->value = reader_copy(reader, value);
    }
    bool good = fault.what == NULL || lament(reader, name, fault, complaint);
    if (content.data != NULL)
        explicit_bzero(content.data, content.capacity);
    buf_finish(&content);
    return good;
}

bool secret_read(struct reader *reader, struct span text, bool lines, struct secret *secret,
                 struct complaint *complaint) {
    *secret = (struct secret){SPAN_NONE, SPAN_NONE};
    if (!span_starts_with(text, SPAN("secret:"))) {
        secret->value = text;
        complain(complaint, PROBLEM_SECRET,
                 "put it into secrets.d/NAME (root:sluss, mode 0640) and write \"secret:NAME\"",
                 "a secret is written out in the configuration");
        return true;
    }
    secret->name = span_from(text, 7);
    if (!is_name(secret->name))
        return complain(complaint, PROBLEM_SECRET, "write \"secret:NAME\" with the name of a file in secrets.d",
                        "the name of a secret must be a plain file name");
    struct stat status;
    struct span path = find(reader, secret->name, &status);
    if (path.data == NULL && reader->denied)
        return lament(reader, secret->name, denied, complaint);
    if (path.data == NULL)
        return lament(reader, secret->name, (struct fault){"there is no such file or credential", NULL}, complaint);
    if (!read_value(reader, path, secret->name, lines, secret, complaint))
        return false;
    if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        complain(complaint, PROBLEM_SECRET, "chmod 0640 it, and let it belong to root:sluss",
                 "everybody can read the secret \"" SPAN_FORMAT "\"", SPAN_ARGUMENT(secret->name));
    return true;
}
