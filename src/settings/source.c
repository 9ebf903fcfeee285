/* Opening a file, handing it to libconfig, and telling where a setting stands. Judges no option. */
#include "settings/source.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST = 1 << 20, WIDEST = 160 };

/* --- reading --- */

static bool refuse_file(struct source *source, struct problems *problems, int status, const char *cure,
                        const char *what) {
    bool first = problems->errors == 0;
    problems_add(problems, SEVERITY_ERROR, PROBLEM_FILE, (struct spot){.file = source->file}, span_of(cure), "%s",
                 what);
    if (first)
        problems->status = status;
    return false;
}

static bool refuse_open(struct source *source, const char *path, struct problems *problems) {
    struct stat status;
    switch (errno) {
    case ENOENT:
        if (lstat(path, &status) == 0)
            return refuse_file(source, problems, 78, "correct the link, or remove it",
                               "a link to a file that is not there");
        return refuse_file(source, problems, 66, "name the configuration with --config PATH", "no such file");
    case EACCES:
    case EPERM:
        problems->denied++;
        return refuse_file(source, problems, 77, "let the user that runs Sluss read it", "permission denied");
    default:
        source->failed = error_is_shortage(errno);
        if (source->failed)
            return refuse_file(source, problems, 71, "try again when there is more of it", strerror(errno));
        return refuse_file(source, problems, 78, "make it a plain file that can be read", strerror(errno));
    }
}

static bool keep_text(struct source *source, struct buf *text) {
    (void)buf_text(text);
    source->failed = text->failed;
    source->content = *text;
    source->text = buf_span(text);
    return !text->failed;
}

/* The whole file with a NUL behind it, from the heap. */
static bool read_text(struct source *source, struct problems *problems) {
    char path[4096];
    if (source->file.size >= sizeof path)
        return refuse_file(source, problems, 78, "use a shorter path", "the path is too long");
    memcpy(path, source->file.data, source->file.size);
    path[source->file.size] = '\0';
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return refuse_open(source, path, problems);
    struct stat status;
    bool good = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    if (!good)
        refuse_file(source, problems, 78, "make it a plain file", "not a plain file");
    struct buf text = {0};
    ssize_t count = 1;
    while (good && count > 0 && text.size <= LARGEST && buf_reserve(&text, 4096)) {
        count = read(descriptor, text.data + text.size, 4096);
        text.size += count > 0 ? (size_t)count : 0;
    }
    if (good && count < 0)
        good = refuse_open(source, path, problems);
    (void)close(descriptor);
    if (good && text.size > LARGEST)
        good = refuse_file(source, problems, 78, "keep tables and schemas in files of their own",
                           "larger than 1 MiB: surely no configuration");
    if (good && (status.st_mode & S_IWOTH) != 0)
        problems_add(problems, SEVERITY_WARNING, PROBLEM_RISK, (struct spot){.file = source->file},
                     SPAN("chmod o-w it: who can write it decides where events go"), "anybody may change this file");
    bool kept = keep_text(source, &text);
    return good && kept;
}

/* --- parsing --- */

static struct span line_of(const struct source *source, unsigned wanted) {
    struct span text = source->text;
    size_t start = 0;
    for (unsigned line = 1; line < wanted && start < text.size; start++)
        line += text.data[start] == '\n';
    size_t end = start;
    while (end < text.size && text.data[end] != '\n')
        end++;
    return span_trim((struct span){text.data + start, end - start});
}

static bool refuse_text(struct source *source, struct problems *problems, enum problem_code code, struct span at,
                        const char *cure, const char *what);

/* What libconfig must not even see, because it would stop in the middle or say less. */
static bool check_bytes(struct source *source, struct problems *problems) {
    struct span text = source->text;
    if (span_starts_with(text, SPAN("\xef\xbb\xbf")))
        return refuse_text(source, problems, PROBLEM_SYNTAX, (struct span){text.data + 3, 0},
                           "save it as UTF-8 without one", "the file begins with a byte order mark");
    const char *nul = memchr(text.data, '\0', text.size);
    if (nul != NULL)
        return refuse_text(source, problems, PROBLEM_SYNTAX, (struct span){nul, 1}, "write text only",
                           "the file contains a NUL byte");
    const char *foreign = text_not_utf8(text);
    if (foreign != NULL)
        return refuse_text(source, problems, PROBLEM_SYNTAX, (struct span){foreign, 1}, "save it as UTF-8",
                           "the file is not UTF-8");
    return true;
}

/* Gives each setting its mark, in the order of the text. False when tree and marks do not fit: then nothing is
 * marked. */
static bool attach(config_setting_t *setting, struct mark *marks, size_t count, size_t *next) {
    for (int i = 0; i < config_setting_length(setting); i++) {
        config_setting_t *child = config_setting_get_elem(setting, (unsigned)i);
        if (*next == count)
            return false;
        config_setting_set_hook(child, &marks[(*next)++]);
        if (config_setting_is_aggregate(child) && !attach(child, marks, count, next))
            return false;
    }
    return true;
}

/* The name on that line that stands in the text before it too. */
static struct span find_second(const struct source *source, struct span line) {
    for (size_t i = 0; i < source->mark_count; i++) {
        struct span name = source->marks[i].name;
        if (name.size == 0 || name.data < line.data || name.data >= line.data + line.size)
            continue;
        for (size_t j = 0; j < i; j++)
            if (span_equal(source->marks[j].name, name))
                return name;
    }
    return line;
}

static bool refuse_parse(struct source *source, struct problems *problems) {
    bool twice = strcmp(config_error_text(&source->tree), "duplicate setting name") == 0;
    struct span at = line_of(source, (unsigned)config_error_line(&source->tree));
    if (twice)
        at = find_second(source, at);
    return refuse_text(source, problems, twice ? PROBLEM_DUPLICATE : PROBLEM_SYNTAX, at,
                       twice ? "remove one of them" : "values of different kinds need a list ( )",
                       twice ? "this option is given twice" : config_error_text(&source->tree));
}

/* libconfig sees long integers as short ones: some versions wrap them, others call them a mistake of syntax. The number
 * itself is always read from the file's own words. */
static void shorten_integer(char *digits, size_t size) {
    enum { SAFE = 9 };
    bool hexadecimal = size > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    const char *letters = hexadecimal ? "0123456789abcdefABCDEFxXL" : "0123456789+-L";
    for (size_t i = 0; i < size; i++)
        if (digits[i] == '\0' || strchr(letters, digits[i]) == NULL)
            return; /* no integer */
    for (size_t i = SAFE; i < size; i++)
        digits[i] = ' ';
}

static bool parse(struct source *source) {
    struct buf copy = {0};
    buf_add(&copy, source->text);
    (void)buf_text(&copy);
    for (size_t i = 0; !copy.failed && i < source->mark_count; i++)
        shorten_integer(copy.data + (source->marks[i].value.data - source->text.data), source->marks[i].value.size);
    source->failed = source->failed || copy.failed;
    bool good = !copy.failed && config_read_string(&source->tree, copy.data) == CONFIG_TRUE;
    buf_finish(&copy);
    return good;
}

bool source_init(struct source *source, struct span file, struct span text, struct problems *problems) {
    *source = (struct source){.file = file};
    config_init(&source->tree);
    struct scan_mistake mistake;
    struct buf copy = {0};
    buf_add(&copy, text);
    bool read = text.data != NULL ? keep_text(source, &copy) : read_text(source, problems);
    bool good = read && check_bytes(source, problems);
    if (good && !scan(source, &mistake)) {
        good = false;
        if (mistake.what != NULL)
            refuse_text(source, problems, mistake.code, mistake.at, mistake.cure, mistake.what);
    }
    if (good && !parse(source))
        good = !source->failed && refuse_parse(source, problems);
    size_t next = 0;
    if (good && (!attach(config_root_setting(&source->tree), source->marks, source->mark_count, &next) ||
                 next != source->mark_count))
        good = refuse_text(source, problems, PROBLEM_SYNTAX, SPAN_NONE, "write it in a plainer way",
                           "this file is read differently by libconfig and by Sluss");
    problems->failed = problems->failed || source->failed;
    return good && !source->failed;
}

void source_finish(struct source *source) {
    config_destroy(&source->tree);
    free(source->marks);
    free(source->hidden);
    buf_finish(&source->content);
    *source = (struct source){0};
}

/* --- places --- */

/* The end of the hidden run that `at` lies in, or NULL. */
static const char *hidden_until(const struct source *source, const char *at) {
    for (size_t i = 0; i < source->hidden_count; i++)
        if (at >= source->hidden[i].data && at < source->hidden[i].data + source->hidden[i].size)
            return source->hidden[i].data + source->hidden[i].size;
    return NULL;
}

static bool starts_character(char byte) {
    return ((unsigned char)byte & 0xc0) != 0x80;
}

/* How many bytes the character at `at` has; 0 in the middle of one. What is no UTF-8 is a character of one byte. */
static size_t character_size(const char *at, const char *end, const char **next) {
    if (at < *next)
        return 0;
    size_t size = text_utf8_size(at, end);
    *next = at + (size > 0 ? size : 1);
    return size > 0 ? size : 1;
}

/* The line around `at` as it may be shown: hidden runs as "***", control bytes as blanks, what is no UTF-8 as '?';
 * column and width of the mark in characters of that. */
static void show_line(const struct source *source, struct span at, struct buf *line, struct spot *spot) {
    const char *start = at.data, *end = at.data, *limit = source->text.data + source->text.size;
    while (start > source->text.data && start[-1] != '\n')
        start--;
    while (end < limit && *end != '\n')
        end++;
    while (end > at.data && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t'))
        end--;
    uint32_t column = 0;
    const char *next = start;
    spot->column = spot->width = 0;
    for (const char *byte = start; byte < end; byte++) {
        const char *until = hidden_until(source, byte);
        bool first = until != NULL && (byte == start || hidden_until(source, byte - 1) != until);
        if (until != NULL && !first)
            continue;
        if (spot->column == 0 && byte >= at.data)
            spot->column = column + 1;
        size_t bytes = character_size(byte, end, &next);
        uint32_t width = until != NULL ? 3 : bytes > 0 ? 1 : 0;
        column += width;
        if (spot->column > 0 && byte < at.data + at.size)
            spot->width += width;
        if (until != NULL)
            buf_add_text(line, "***");
        else if (bytes == 1 && (*byte & 0x80) != 0)
            buf_add_byte(line, '?');
        else
            buf_add_byte(line, (unsigned char)*byte < 0x20 || *byte == 0x7f ? ' ' : *byte);
    }
    if (spot->column == 0)
        spot->column = column + 1;
    if (spot->width == 0)
        spot->width = 1;
}

/* Long lines are shown around the mark. */
static struct span shorten(struct span line, struct spot *spot) {
    if (line.size > WIDEST && spot->column > WIDEST * 3 / 4) {
        uint32_t skip = spot->column - WIDEST / 4;
        size_t at = 0;
        for (uint32_t passed = 0; at < line.size && passed <= skip; at++)
            passed += starts_character(line.data[at]);
        line = span_from(line, at - 1);
        spot->column -= skip;
    }
    if (line.size > WIDEST) {
        line.size = WIDEST;
        while (line.size > 0 && !starts_character(line.data[line.size]))
            line.size--;
    }
    if (spot->width > WIDEST - spot->column + 1)
        spot->width = WIDEST - spot->column + 1;
    return line;
}

static struct spot spot_at(struct source *source, struct span at, struct arena *arena) {
    struct spot spot = {.file = source->file};
    if (at.data == NULL)
        return spot;
    spot.line = 1;
    for (const char *byte = source->text.data; byte < at.data; byte++)
        spot.line += *byte == '\n';
    const char *end_of_line = memchr(at.data, '\n', at.size);
    if (end_of_line != NULL)
        at.size = (size_t)(end_of_line - at.data);
    struct buf line = {0};
    show_line(source, at, &line, &spot);
    spot.text = arena_copy(arena, shorten(buf_span(&line), &spot));
    buf_finish(&line);
    return spot;
}

static bool refuse_text(struct source *source, struct problems *problems, enum problem_code code, struct span at,
                        const char *cure, const char *what) {
    problems_add(problems, SEVERITY_ERROR, code, spot_at(source, at, &problems->arena), span_of(cure), "%s", what);
    return false;
}

struct spot source_value(struct source *source, const config_setting_t *setting, struct arena *arena) {
    const struct mark *mark = setting != NULL ? config_setting_get_hook(setting) : NULL;
    return spot_at(source, mark != NULL ? mark->value : SPAN_NONE, arena);
}

struct spot source_name(struct source *source, const config_setting_t *setting, struct arena *arena) {
    const struct mark *mark = setting != NULL ? config_setting_get_hook(setting) : NULL;
    if (mark == NULL)
        return (struct spot){.file = source->file, .line = 1};
    return spot_at(source, mark->name.size > 0 ? mark->name : mark->value, arena);
}

struct span source_token(const config_setting_t *setting) {
    const struct mark *mark = config_setting_get_hook(setting);
    return mark != NULL ? mark->value : SPAN_NONE;
}
