/* Plain values: numbers, switches, durations, sizes, words, texts, secrets, files. Knows no option by name. */
#include "settings/types.h"

#include "base/text.h"
#include "deliver/platform.h"
#include "settings/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ(name)                                                                                                     \
    static bool name(struct reader *reader, const struct option *option, const struct span *items, size_t count,       \
                     void *field, struct buf *normal, struct complaint *complaint)

/* --- ranges --- */

static void write_limit(const struct option *option, int64_t limit, struct buf *out) {
    if (option->type == &type_duration)
        text_write_duration(out, limit);
    else if (option->type == &type_size)
        text_write_size(out, (uint64_t)limit);
    else if (option->type == &type_rate)
        text_write_rate(out, (uint64_t)limit);
    else
        buf_printf(out, "%lld", (long long)limit);
}

void option_range(const struct option *option, struct buf *out) {
    if (option->words != NULL && option->type->shape == SHAPE_TEXT) {
        for (size_t i = 0; option->words[i] != NULL; i++)
            buf_printf(out, "%s\"%s\"", i == 0 ? "" : option->words[i + 1] == NULL ? " or " : ", ", option->words[i]);
    } else if (option->most > option->least) {
        buf_add_text(out, "from ");
        write_limit(option, option->least, out);
        buf_add_text(out, " to ");
        write_limit(option, option->most, out);
    }
}

static bool is_within(const struct option *option, int64_t number, struct span written, struct complaint *complaint) {
    if (option->most <= option->least || (number >= option->least && number <= option->most))
        return true;
    struct buf range = {0};
    option_range(option, &range);
    complain(complaint, PROBLEM_RANGE, NULL, "`%s` must be %s, not " SPAN_FORMAT, option->name, buf_text(&range),
             SPAN_ARGUMENT(written));
    buf_finish(&range);
    return false;
}

/* --- numbers --- */

READ(read_integer) {
    (void)reader, (void)count;
    int64_t number;
    bool digits = items[0].size > 0;
    for (size_t i = 0; i < items[0].size; i++)
        digits =
            digits && ((items[0].data[i] >= '0' && items[0].data[i] <= '9') || (i == 0 && items[0].data[i] == '-'));
    if (!digits)
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not written in plain decimal digits", option->name);
    if (!text_read_integer(items[0], &number))
        number = items[0].data[0] == '-' ? INT64_MIN : INT64_MAX;
    if (!is_within(option, number, items[0], complaint))
        return false;
    *(uint32_t *)field = (uint32_t)number;
    buf_printf(normal, "%lld", (long long)number);
    return true;
}

READ(read_switch) {
    (void)reader, (void)count;
    bool on = span_equal(items[0], SPAN("true"));
    if (!on && !span_equal(items[0], SPAN("false")))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is true or false", option->name);
    *(bool *)field = on;
    buf_add_text(normal, on ? "true" : "false");
    return true;
}

READ(read_duration) {
    (void)reader, (void)count;
    int64_t milliseconds;
    if (!text_read_duration(items[0], &milliseconds, NULL))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not a duration: \"" SPAN_FORMAT "\"", option->name,
                        SPAN_ARGUMENT(items[0]));
    if (!is_within(option, milliseconds, items[0], complaint))
        return false;
    *(int64_t *)field = milliseconds;
    buf_add_byte(normal, '"');
    text_write_duration(normal, milliseconds);
    buf_add_byte(normal, '"');
    return true;
}

READ(read_size) {
    (void)reader, (void)count;
    uint64_t bytes;
    if (!text_read_size(items[0], &bytes, NULL))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not a size: \"" SPAN_FORMAT "\"", option->name,
                        SPAN_ARGUMENT(items[0]));
    if (!is_within(option, bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes, items[0], complaint))
        return false;
    *(size_t *)field = (size_t)bytes;
    buf_add_byte(normal, '"');
    text_write_size(normal, bytes);
    buf_add_byte(normal, '"');
    return true;
}

/* The normal form is what was written: "1000/min" has no other short one. */
READ(read_rate) {
    (void)reader, (void)count;
    struct error error = {0};
    if (!text_read_rate(items[0], field, &error))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s`: \"" SPAN_FORMAT "\" is %s", option->name,
                        SPAN_ARGUMENT(items[0]), error.text);
    uint64_t rate = *(uint64_t *)field;
    normal_text(normal, items[0]);
    return is_within(option, rate > INT64_MAX ? INT64_MAX : (int64_t)rate, items[0], complaint);
}

/* --- words and texts --- */

/* A word, or the beginning of one that ends with ':'. */
static bool is_later(struct span text, struct span word) {
    return span_ends_with(word, SPAN(":")) ? span_starts_with(text, word) : span_equal(text, word);
}

READ(read_word) {
    (void)reader, (void)count;
    for (size_t i = 0; option->words[i] != NULL; i++)
        if (span_equal(items[0], span_of(option->words[i]))) {
            *(unsigned *)field = (unsigned)i + (unsigned)option->least;
            normal_text(normal, items[0]);
            return true;
        }
    struct buf range = {0};
    option_range(option, &range);
    char cure[256];
    const char *near = text_nearest(items[0], option->words);
    if (near != NULL)
        (void)snprintf(cure, sizeof cure, "did you mean \"%s\"?", near);
    else
        (void)snprintf(cure, sizeof cure, "write %s", buf_text(&range));
    for (size_t i = 0; option->later != NULL && option->later[i] != NULL; i++)
        if (is_later(items[0], span_of(option->later[i]))) {
            (void)snprintf(cure, sizeof cure, "write %s", buf_text(&range));
            complain(complaint, PROBLEM_LATER, cure, "%s = \"" SPAN_FORMAT "\" is not supported yet", option->name,
                     SPAN_ARGUMENT(items[0]));
        }
    complain(complaint, PROBLEM_FORM, cure, "`%s` must be %s, not \"" SPAN_FORMAT "\"", option->name, buf_text(&range),
             SPAN_ARGUMENT(items[0]));
    buf_finish(&range);
    return false;
}

READ(read_text) {
    (void)reader, (void)count;
    if (items[0].size == 0)
        return complain(complaint, PROBLEM_FORM, "write it, or leave the option out", "`%s` is empty", option->name);
    *(struct span *)field = items[0];
    normal_text(normal, items[0]);
    return true;
}

READ(read_texts) {
    struct span *texts = reader_take(reader, count + 1, sizeof *texts);
    if (texts == NULL)
        return complain(complaint, PROBLEM_FILE, "", "out of memory");
    buf_add_text(normal, "[ ");
    for (size_t i = 0; i < count; i++) {
        complaint->item = i;
        if (items[i].size == 0)
            return complain(complaint, PROBLEM_FORM, "it is in every body: remove it", "`%s`: a text is empty",
                            option->name);
        buf_add_text(normal, i > 0 ? ", " : "");
        normal_text(normal, texts[i] = items[i]);
    }
    buf_add_text(normal, " ]");
    *(struct text_list *)field = (struct text_list){texts, count};
    return true;
}

READ(read_secret) {
    (void)count;
    struct secret *secret = field;
    if (items[0].size == 0)
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is empty", option->name);
    if (!secret_read(reader, items[0], option->type == &type_secret_lines, secret, complaint))
        return false;
    if (secret->name.data != NULL)
        normal_text(normal, items[0]);
    else
        normal_text(normal, SPAN("***"));
    return true;
}

/* --- files --- */

READ(read_file) {
    (void)count;
    struct span path = items[0];
    if (path.size == 0)
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is empty", option->name);
    if (path.data[0] != '/') {
        bool within = option->folder != NULL && option->folder[0] != '\0';
        path = arena_printf(reader->arena, SPAN_FORMAT "/%s%s" SPAN_FORMAT, SPAN_ARGUMENT(reader->folder),
                            within ? option->folder : "", within ? "/" : "", SPAN_ARGUMENT(items[0]));
        if (path.data == NULL) {
            reader->failed = true;
            return complain(complaint, PROBLEM_FILE, "", "out of memory");
        }
    }
    struct stat status;
    bool there = stat(path.data, &status) == 0;
    if (!there && (reader_shortage(reader, errno) || reader->denied))
        return complain(complaint, PROBLEM_CONTENT, "let the user that runs Sluss enter its folder",
                        "`%s`: this file cannot be read: \"" SPAN_FORMAT "\"", option->name, SPAN_ARGUMENT(items[0]));
    if (!there || !S_ISREG(status.st_mode)) {
        struct span near = nearby_file(reader, path);
        char cure[300];
        if (near.data != NULL)
            (void)snprintf(cure, sizeof cure, "did you mean \"" SPAN_FORMAT "\"? looked for %s", SPAN_ARGUMENT(near),
                           path.data);
        else
            (void)snprintf(cure, sizeof cure, "looked for %s", path.data);
        return complain(complaint, PROBLEM_CONTENT, cure, "`%s`: there is no such file: \"" SPAN_FORMAT "\"",
                        option->name, SPAN_ARGUMENT(items[0]));
    }
    if (access(path.data, R_OK) != 0) {
        (void)reader_shortage(reader, errno);
        return complain(complaint, PROBLEM_CONTENT, "let the user that runs Sluss read it",
                        "`%s`: this file cannot be read: \"" SPAN_FORMAT "\"", option->name, SPAN_ARGUMENT(items[0]));
    }
    *(struct span *)field = path;
    normal_text(normal, path);
    return true;
}

const struct option_type type_integer = {SHAPE_NUMBER, "a number", "a number", read_integer};
const struct option_type type_switch = {SHAPE_SWITCH, "true or false", "true or false", read_switch};
const struct option_type type_duration = {SHAPE_TEXT, "a duration", "a duration such as \"30s\"", read_duration};
const struct option_type type_size = {SHAPE_TEXT, "a size", "a size such as \"64 KiB\"", read_size};
const struct option_type type_rate = {SHAPE_TEXT, "a rate", "a rate such as \"50/s\", \"1000/min\" or \"20/h\"",
                                      read_rate};
const struct option_type type_word = {SHAPE_TEXT, "a word", "one of", read_word};
const struct option_type type_text = {SHAPE_TEXT, "a text", "a \"text\"", read_text};
const struct option_type type_texts = {SHAPE_TEXTS, "an array of texts", "[ \"text\", \"text\" ]", read_texts};
const struct option_type type_secret = {SHAPE_TEXT, "a secret", "\"secret:NAME\"", read_secret};
const struct option_type type_secret_lines = {SHAPE_TEXT, "a secret", "\"secret:NAME\"", read_secret};
const struct option_type type_file = {SHAPE_TEXT, "a file", "a file's path", read_file};

const struct option_type type_group = {SHAPE_GROUP, "a group { }", "a group { ... };", NULL};
const struct option_type type_named = {SHAPE_NAMED, "a group { }", "a group { NAME = { ... }; };", NULL};
const struct option_type type_groups = {SHAPE_GROUPS, "a list ( )", "a list ( { ... }, { ... } );", NULL};
const struct option_type type_later = {SHAPE_LATER, "", "", NULL};
