/* Walking groups along their rows: unknown, missing and wrong options, defaults, the normal form. Knows no option by
 * name. */
#include "settings/reader.h"

#include "base/bug.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- problems --- */

static const char *option_name(config_setting_t *group, const char *path, char *whole, size_t size) {
    const char *names[8];
    size_t count = 0, used = 0;
    whole[0] = '\0';
    for (config_setting_t *one = group; one != NULL && count < 8; one = config_setting_parent(one))
        if (config_setting_name(one) != NULL)
            names[count++] = config_setting_name(one);
    while (count > 0 && used < size)
        used += (size_t)snprintf(whole + used, size - used, "%s.", names[--count]);
    if (used < size)
        (void)snprintf(whole + used, size - used, "%s", path);
    return whole;
}

/* The setting at a dotted path, or NULL. Names hold no dots. */
static config_setting_t *find(config_setting_t *group, const char *path) {
    char name[128];
    while (group != NULL && *path != '\0') {
        size_t size = strcspn(path, ".");
        if (size >= sizeof name || !config_setting_is_group(group))
            return NULL;
        memcpy(name, path, size);
        name[size] = '\0';
        group = config_setting_get_member(group, name);
        path += size + (path[size] == '.');
    }
    return group;
}

static void note_denial(struct reader *reader, enum severity severity) {
    reader->problems->denied += reader->denied && severity == SEVERITY_ERROR ? 1 : 0;
    reader->denied = false;
}

void reader_problem(struct reader *reader, enum severity severity, enum problem_code code, config_setting_t *group,
                    const char *path, struct span cure, const char *format, ...) {
    char what[640];
    if (reader->failed) /* it may be wrong for that alone */
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    struct arena *arena = &reader->problems->arena;
    config_setting_t *setting = group != NULL ? find(group, path) : NULL;
    struct spot spot = setting != NULL && *path != '\0' ? source_value(reader->source, setting, arena)
                                                        : source_name(reader->source, group, arena);
    problems_add(reader->problems, severity, code, spot, cure, "%s", what);
    note_denial(reader, severity);
}

bool complain(struct complaint *complaint, enum problem_code code, const char *cure, const char *what, ...) {
    if (complaint->what[0] != '\0')
        return false;
    complaint->code = code;
    va_list arguments;
    va_start(arguments, what);
    (void)vsnprintf(complaint->what, sizeof complaint->what, what, arguments);
    va_end(arguments);
    if (cure != NULL)
        (void)snprintf(complaint->cure, sizeof complaint->cure, "%s", cure);
    return false;
}

/* --- memory and names --- */

struct span reader_copy(struct reader *reader, struct span text) {
    struct span copy = arena_copy(reader->arena, text);
    reader->failed = reader->failed || (text.data != NULL && copy.data == NULL);
    return copy;
}

void *reader_take(struct reader *reader, size_t count, size_t size) {
    void *bytes = arena_take_zero(reader->arena, count, size);
    reader->failed = reader->failed || bytes == NULL;
    return bytes;
}

void reader_names(struct reader *reader, config_setting_t *group, struct names *names) {
    size_t count = group != NULL && config_setting_is_group(group) ? (size_t)config_setting_length(group) : 0;
    names->count = 0;
    names->list = reader_take(reader, count + 1, sizeof *names->list);
    for (size_t i = 0; names->list != NULL && i < count; i++) {
        struct span name = span_of(config_setting_name(config_setting_get_elem(group, (unsigned)i)));
        names->list[names->count++] = reader_copy(reader, name).data;
    }
}

size_t names_find(const struct names *names, struct span name) {
    for (size_t i = 0; i < names->count; i++)
        if (names->list[i] != NULL && span_equal(span_of(names->list[i]), name))
            return i;
    return SIZE_MAX;
}

/* --- the normal form --- */

void normal_text(struct buf *out, struct span text) {
    buf_add_byte(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            buf_add_byte(out, '\\');
        buf_add_byte(out, text.data[i]);
    }
    buf_add_byte(out, '"');
}

static void indent(struct reader *reader) {
    buf_printf(&reader->normal, "%*s", (int)(2 * reader->depth), "");
}

void reader_open(struct reader *reader, const char *name, const char *sign) {
    indent(reader);
    if (name != NULL)
        buf_printf(&reader->normal, "%s = ", name);
    buf_printf(&reader->normal, "%s\n", sign);
    reader->depth++;
}

void reader_close(struct reader *reader, const char *sign) {
    reader->depth--;
    indent(reader);
    buf_printf(&reader->normal, "%s\n", sign);
}

static void write_normal(struct reader *reader, const char *name, struct span value, bool usual) {
    indent(reader);
    buf_printf(&reader->normal, "%s = " SPAN_FORMAT ";%s\n", name, SPAN_ARGUMENT(value), usual ? "  # default" : "");
}

/* --- values --- */

enum { MOST_ITEMS = 1000 };

struct value {
    struct span *items;
    size_t count;
};

static bool is_plain_text(const struct option *option, config_setting_t *setting, struct complaint *complaint) {
    struct span token = source_token(setting);
    for (const char *text = config_setting_get_string(setting); *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return complain(complaint, PROBLEM_FORM, "remove it", "`%s` contains a control character", option->name);
    for (size_t i = 0; i + 3 < token.size; i++) {
        if (token.data[i] == '\\' && token.data[i + 1] == 'x' && token.data[i + 2] == '0' && token.data[i + 3] == '0')
            return complain(complaint, PROBLEM_FORM, "remove it", "`%s` contains a NUL character", option->name);
        i += token.data[i] == '\\';
    }
    return true;
}

static const char *kind_of(config_setting_t *setting) {
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_STRING:
        return "a text";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return "a number";
    case CONFIG_TYPE_FLOAT:
        return "a fraction";
    case CONFIG_TYPE_BOOL:
        return "true or false";
    case CONFIG_TYPE_GROUP:
        return "a group { }";
    case CONFIG_TYPE_ARRAY:
        return "an array [ ]";
    default:
        return "a list ( )";
    }
}

static bool wrong_kind(const struct option *option, config_setting_t *setting, struct complaint *complaint) {
    return complain(complaint, PROBLEM_FORM, NULL, "`%s` takes %s, not %s", option->name, option->type->noun,
                    kind_of(setting));
}

/* The items of a value as texts, of the kind that the row wants. */
static bool take_items(struct reader *reader, const struct option *option, config_setting_t *setting,
                       struct value *value, struct complaint *complaint) {
    enum shape shape = option->type->shape;
    bool several = shape == SHAPE_TEXTS && (config_setting_is_array(setting) || config_setting_is_list(setting));
    value->count = several ? (size_t)config_setting_length(setting) : 1;
    if (value->count > MOST_ITEMS)
        return complain(complaint, PROBLEM_RANGE, "write fewer", "`%s` has more than %d elements", option->name,
                        MOST_ITEMS);
    value->items = reader_take(reader, value->count + 1, sizeof *value->items);
    if (value->items == NULL)
        return complain(complaint, PROBLEM_FILE, "", "out of memory");
    for (size_t i = 0; i < value->count; i++) {
        config_setting_t *item = several ? config_setting_get_elem(setting, (unsigned)i) : setting;
        int type = config_setting_type(item);
        bool number = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
        bool text = type == CONFIG_TYPE_STRING;
        bool quoted = text && (option->flags & OPTION_PROPERTY) != 0;
        bool fits = shape == SHAPE_NUMBER   ? number || quoted
                    : shape == SHAPE_SWITCH ? type == CONFIG_TYPE_BOOL || quoted
                                            : text;
        complaint->item = i;
        if (!fits)
            return wrong_kind(option, item, complaint);
        if (text && !is_plain_text(option, item, complaint))
            return false;
        struct span words = text ? span_of(config_setting_get_string(item)) : source_token(item);
        if (type == CONFIG_TYPE_BOOL)
            words = config_setting_get_bool(item) ? SPAN("true") : SPAN("false");
        value->items[i] = reader_copy(reader, words);
    }
    return !reader->failed;
}

/* The items of a default. */
static struct value split(struct reader *reader, const struct option *option, struct span text) {
    struct value value = {reader_take(reader, 32, sizeof *value.items), 0};
    if (value.items == NULL)
        return value;
    while (option->type->shape == SHAPE_TEXTS && value.count < 31) {
        const char *comma = memchr(text.data, ',', text.size);
        if (comma == NULL)
            break;
        value.items[value.count++] = (struct span){text.data, (size_t)(comma - text.data)};
        text = span_trim(span_from(text, (size_t)(comma - text.data) + 1));
    }
    value.items[value.count++] = text;
    return value;
}

/* --- one option --- */

static void keep_property(struct reader *reader, const struct option *option, struct span value, bool secret) {
    ENSURE(reader->property_count < reader->property_capacity, "there is no room for every row");
    char name[128];
    size_t size = strlen(option->name);
    for (size_t i = 0; i <= size && i < sizeof name; i++)
        name[i] = option->name[i] == '-' ? '.' : option->name[i];
    struct kafka_setting *property = &reader->properties[reader->property_count++];
    *property = (struct kafka_setting){.name = reader_copy(reader, (struct span){name, size}).data,
                                       .value = reader_copy(reader, value).data,
                                       .secret = secret,
                                       .consumer_only = (option->flags & OPTION_CONSUMER) != 0};
}

static void report_value(struct reader *reader, enum severity severity, const struct option *option,
                         config_setting_t *setting, struct complaint *complaint) {
    if (reader->failed)
        return;
    if (complaint->cure[0] == '\0') {
        struct buf range = {0};
        option_range(option, &range);
        (void)snprintf(complaint->cure, sizeof complaint->cure, "write %s%s%s", option->type->form,
                       range.size > 0 ? " " : "", buf_text(&range));
        buf_finish(&range);
    }
    config_setting_t *place = setting;
    if (option->type->shape == SHAPE_TEXTS && config_setting_is_aggregate(setting) &&
        config_setting_get_elem(setting, (unsigned)complaint->item) != NULL)
        place = config_setting_get_elem(setting, (unsigned)complaint->item);
    problems_add(reader->problems, severity, complaint->code,
                 source_value(reader->source, place, &reader->problems->arena), span_of(complaint->cure), "%s",
                 complaint->what);
    note_denial(reader, severity);
}

/* Reads items into the field, and into the properties where it is one. */
static bool set_field(struct reader *reader, const struct option *option, const struct value *value, void *target,
                      struct buf *normal, struct complaint *complaint) {
    union {
        char bytes[64];
        struct secret secret;
        int64_t number;
    } scratch = {{0}};
    if (value->items == NULL)
        return complain(complaint, PROBLEM_FILE, "", "out of memory");
    void *field = option->field != NO_FIELD ? (char *)target + option->field : (void *)&scratch;
    if (!option->type->read(reader, option, value->items, value->count, field, normal, complaint))
        return false;
    if ((option->flags & OPTION_PROPERTY) != 0) {
        bool secret = (option->flags & OPTION_SECRET) != 0;
        struct span text = secret ? scratch.secret.value : value->items[0];
        if (text.data != NULL)
            keep_property(reader, option, text, secret);
    }
    return true;
}

/* The default's normal form; SPAN_NONE without a default. */
static struct span usual_value(struct reader *reader, const struct option *option, void *target) {
    return option->derive != NULL ? option->derive(reader, target) : span_of(option->fallback);
}

static bool writes_defaults_alike(const struct option *option) {
    return option->type->shape != SHAPE_GROUP && option->type->shape != SHAPE_NAMED &&
           option->type->shape != SHAPE_GROUPS && option->type->shape != SHAPE_LATER;
}

/* What is derived may be written once for all. */
static struct span how_to_write(struct reader *reader, const struct section *section, const struct option *option,
                                const config_setting_t *group) {
    if (group == NULL)
        return CURE(reader, "write `%s = { %s = ...; };` with %s", section->name, option->name, option->type->form);
    return CURE(reader, "write `%s = ...;` with %s%s", option->name, option->type->form,
                option->derive != NULL ? "; under kafka in sluss.cfg it is for all routes" : "");
}

/* A value's default is read into a scratch target, to compare normal forms. */
static void read_value(struct reader *reader, const struct section *section, const struct option *option,
                       config_setting_t *group, config_setting_t *setting, void *target) {
    struct complaint complaint = {.code = PROBLEM_FORM};
    struct buf normal = {0}, usual = {0};
    struct span fallback = usual_value(reader, option, target);
    struct value value;
    if (fallback.data != NULL) {
        value = split(reader, option, fallback);
        struct complaint ours = {0};
        size_t properties = reader->property_count;
        if (!set_field(reader, option, &value, target, &usual, &ours) && setting == NULL)
            reader_problem(reader, SEVERITY_ERROR, PROBLEM_FORM, group, "", SPAN("write it"),
                           "the default of `%s` does not fit: %s", option->name, ours.what);
        if (setting != NULL)
            reader->property_count = properties;
    }
    if (setting == NULL) {
        if (fallback.data != NULL)
            write_normal(reader, option->name, buf_span(&usual), true);
        else if ((option->flags & OPTION_REQUIRED) != 0)
            reader_problem(reader, SEVERITY_ERROR, PROBLEM_REQUIRED, group, "",
                           how_to_write(reader, section, option, group), "`%s%s%s` is missing",
                           group == NULL ? section->name : "", group == NULL ? "." : "", option->name);
        else if ((option->flags & (OPTION_PROPERTY | OPTION_QUIET)) == 0) {
            indent(reader);
            buf_printf(&reader->normal, "# %s: none\n", option->name);
        }
    } else if (!take_items(reader, option, setting, &value, &complaint) ||
               !set_field(reader, option, &value, target, &normal, &complaint)) {
        report_value(reader, SEVERITY_ERROR, option, setting, &complaint);
    } else {
        if (complaint.what[0] != '\0')
            report_value(reader, SEVERITY_WARNING, option, setting, &complaint);
        write_normal(reader, option->name, buf_span(&normal), span_equal(buf_span(&normal), buf_span(&usual)));
    }
    reader->failed = reader->failed || normal.failed || usual.failed;
    buf_finish(&normal);
    buf_finish(&usual);
}

static void read_group(struct reader *reader, const struct option *option, config_setting_t *setting, void *target) {
    struct complaint complaint = {.code = PROBLEM_FORM};
    bool list = option->type->shape == SHAPE_GROUPS;
    if (setting != NULL && !(list ? config_setting_is_list(setting) : config_setting_is_group(setting))) {
        wrong_kind(option, setting, &complaint);
        report_value(reader, SEVERITY_ERROR, option, setting, &complaint);
        return;
    }
    if (option->type->shape != SHAPE_GROUP) {
        option->section->read(reader, option, setting, target);
        return;
    }
    if (setting == NULL && (option->flags & OPTION_QUIET) != 0)
        return; /* not wanted: none of its defaults applies */
    reader_open(reader, option->name, "{");
    reader_section(reader, option->section, setting, target);
    reader_close(reader, "};");
}

/* --- a group --- */

static const struct option *find_option(const struct section *section, const char *name) {
    for (size_t i = 0; i < section->count; i++)
        if (strcmp(section->options[i].name, name) == 0)
            return &section->options[i];
    return NULL;
}

static const char *nearest_option(const struct section *section, const char *name) {
    const char *names[128];
    size_t count = 0;
    for (size_t i = 0; i < section->count && count < 127; i++)
        names[count++] = section->options[i].name;
    names[count] = NULL;
    return text_nearest(span_of(name), names);
}

/* What was surely meant for this option by a name that is none: it is not called missing too, and a group is read as
 * what it was meant to be. */
static config_setting_t *find_misspelt(const struct section *section, const struct option *option,
                                       const config_setting_t *group) {
    for (int i = 0; group != NULL && i < config_setting_length(group); i++) {
        config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(setting);
        const char *near = find_option(section, name) == NULL ? nearest_option(section, name) : NULL;
        if (near != NULL && strcmp(near, option->name) == 0)
            return setting;
    }
    return NULL;
}

bool reader_meant(const struct section *section, const char *name, const config_setting_t *group) {
    const struct option *option = find_option(section, name);
    return option != NULL && find_misspelt(section, option, group) != NULL;
}

static void refuse_option(struct reader *reader, const struct section *section, config_setting_t *setting) {
    const char *name = config_setting_name(setting), *near = nearest_option(section, name);
    bool kafka = strcmp(section->name, "kafka") == 0;
    const char *why = kafka ? option_refused_property(span_of(name)) : NULL;
    char whole[256];
    option_name(config_setting_parent(setting), name, whole, sizeof whole);
    if (why != NULL)
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_KAFKA, setting, "", SPAN("remove it"), "`%s` is refused: %s",
                       whole, why);
    else
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_UNKNOWN, setting, "",
                       near != NULL ? CURE(reader, "did you mean \"%s\"?", near)
                       : kafka      ? SPAN("the properties of librdkafka that are passed on are listed in sluss.cfg(5)")
                                    : SPAN("remove it, or see sluss.cfg(5) for the options"),
                       "there is no option `%s`", whole);
}

void reader_section(struct reader *reader, const struct section *section, config_setting_t *group, void *target) {
    for (int i = 0; group != NULL && i < config_setting_length(group); i++) {
        config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const struct option *option = find_option(section, config_setting_name(setting));
        if (option == NULL)
            refuse_option(reader, section, setting);
        else if (option->type->shape == SHAPE_LATER)
            reader_problem(reader, SEVERITY_ERROR, PROBLEM_LATER, setting, "", SPAN("remove it"),
                           "`%s` is not supported yet", option->name);
    }
    for (size_t i = 0; i < section->count; i++) {
        const struct option *option = &section->options[i];
        config_setting_t *setting = group != NULL ? config_setting_get_member(group, option->name) : NULL;
        config_setting_t *misspelt = setting == NULL ? find_misspelt(section, option, group) : NULL;
        if (writes_defaults_alike(option)) {
            if (misspelt == NULL || (option->flags & OPTION_REQUIRED) == 0)
                read_value(reader, section, option, group, setting, target);
        } else if (option->type->shape != SHAPE_LATER) {
            bool alike = misspelt != NULL && config_setting_is_aggregate(misspelt);
            read_group(reader, option, alike ? misspelt : setting, target);
        }
    }
}

/* --- files --- */

bool reader_shortage(struct reader *reader, int number) {
    bool shortage = error_is_shortage(number);
    reader->failed = reader->failed || shortage;
    reader->denied = number == EACCES || number == EPERM;
    return shortage;
}

static bool refuse_read(struct reader *reader, struct error *error, int number) {
    return reader_shortage(reader, number)
               ? error_shortage(error, "%s: try again when there is more of it", strerror(number))
               : error_set(error, "%s", number == ENOENT ? "no such file" : strerror(number));
}

bool reader_file(struct reader *reader, struct span path, size_t most, struct buf *out, struct error *error) {
    char name[4096];
    if (path.size >= sizeof name)
        return error_set(error, "the path is too long");
    memcpy(name, path.data, path.size);
    name[path.size] = '\0';
    int descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (descriptor < 0)
        return refuse_read(reader, error, errno);
    ssize_t count = 1;
    bool good = (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) || error_set(error, "not a plain file");
    while (good && count > 0 && out->size <= most && buf_reserve(out, 16384)) {
        count = read(descriptor, out->data + out->size, 16384);
        out->size += count > 0 ? (size_t)count : 0;
    }
    if (good && count < 0)
        good = refuse_read(reader, error, errno);
    if (good && out->size > most)
        good = error_set(error, "larger than %zu bytes", most);
    (void)close(descriptor);
    (void)buf_text(out);
    reader->failed = reader->failed || out->failed;
    return good && (!out->failed || error_memory(error));
}
