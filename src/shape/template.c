/* Compiling templates and filling them. Knows no request and no option. */
#include "shape/template.h"

#include "event/message.h"
#include "json/reader.h"

#include <stdlib.h>

/* Either a literal run or a place: then `path` is set. */
struct part {
    struct span literal;
    struct json_path *path;
    struct span fallback; /* of a place: its default; data NULL: none */
};

struct template {
    enum template_kind kind;
    struct arena arena; /* the text, the parts, the defaults */
    struct span text;
    struct part *parts;
    size_t count;
};

static bool is_control(char byte) {
    return (unsigned char)byte < 0x20 || byte == 0x7f;
}

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static bool is_hex(char byte) {
    return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/* RFC 3986 section 2.3 */
static bool is_unreserved(char byte) {
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte != '\0' && strchr("-._~", byte) != NULL);
}

/* Characters of a path and a query as they may stand in a URI (RFC 3986 sections 3.3 and 3.4). */
static bool check_target(struct span literal, struct error *error) {
    for (size_t i = 0; i < literal.size; i++) {
        char byte = literal.data[i];
        if (byte == '#')
            return error_set(error, "\"#\" begins a fragment, which is never sent; write %%23 for the character");
        if (byte == '%' && (i + 2 >= literal.size || !is_hex(literal.data[i + 1]) || !is_hex(literal.data[i + 2])))
            return error_set(error, "\"%%\" must be followed by two hex digits; write %%25 for the character");
        if (byte == '\0' || (!is_unreserved(byte) && strchr("%!$&'()*+,;=:@/?", byte) == NULL))
            return error_set(error, "byte %zu after \"" SPAN_FORMAT "\" must be percent-encoded: %%%02X", i + 1, (int)i,
                             literal.data, (unsigned)(unsigned char)byte);
    }
    return true;
}

static bool check_literal(enum template_kind kind, struct span literal, struct error *error) {
    if (memchr(literal.data, '}', literal.size) != NULL)
        return error_set(error, "a \"}\" without its \"{\" in \"" SPAN_FORMAT "\"", SPAN_ARGUMENT(literal));
    if (kind == TEMPLATE_TARGET)
        return check_target(literal, error);
    for (size_t i = 0; i < literal.size; i++)
        if (is_control(literal.data[i]))
            return error_set(error, "a control byte (0x%02x) is not allowed here; remove it",
                             (unsigned)(unsigned char)literal.data[i]);
    return true;
}

/* Where `stop` first stands in `text` outside quotes; text.size when it does not. */
static size_t find_unquoted(struct span text, struct span stop) {
    char quote = '\0';
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (quote != '\0' && byte == '\\')
            i++;
        else if (quote != '\0')
            quote = byte == quote ? '\0' : quote;
        else if (span_starts_with(span_from(text, i), stop))
            return i;
        else if (byte == '"' || byte == '\'')
            quote = byte;
    }
    return text.size;
}

/* The text behind `??`: a JSON string, decoded. */
static bool read_fallback(struct template *template, struct span text, struct part *part, struct error *error) {
    struct json_document document;
    struct json_problem problem;
    if (!json_read(&template->arena, text, NULL, &document, &problem)) {
        if (problem.fault == JSON_FAULT_MEMORY)
            return error_memory(error);
    } else if (json_node_type(document.node) == NODE_STRING) {
        part->fallback = json_text(&document, document.node);
        return true;
    }
    return error_set(error, "after \"??\" a text in double quotes is needed, as in {$.x ?? \"none\"}");
}

static bool read_place(struct template *template, struct span place, struct part *part, struct error *error) {
    size_t split = find_unquoted(place, SPAN("??"));
    struct span query = span_trim((struct span){place.data, split});
    part->path = json_path_create(query, error);
    if (part->path == NULL)
        return false;
    return split == place.size || read_fallback(template, span_trim(span_from(place, split + 2)), part, error);
}

static bool read_parts(struct template *template, struct span text, struct error *error) {
    while (text.size > 0) {
        struct part *part = &template->parts[template->count++];
        const char *brace = memchr(text.data, '{', text.size);
        size_t size = brace == NULL ? text.size : (size_t)(brace - text.data);
        if (size > 0) {
            part->literal = (struct span){text.data, size};
            if (!check_literal(template->kind, part->literal, error))
                return false;
        } else {
            text = span_from(text, 1);
            size = find_unquoted(text, SPAN("}"));
            if (size == text.size)
                return error_set(error, "the place \"{" SPAN_FORMAT "\" has no \"}\"", SPAN_ARGUMENT(text));
            struct span place = {text.data, size};
            if (!read_place(template, place, part, error))
                return error_context(error, "in the place {" SPAN_FORMAT "}", SPAN_ARGUMENT(place));
            size++;
        }
        text = span_from(text, size);
    }
    return true;
}

/* Parts alternate at most: each place ends one literal. */
static size_t most_parts(struct span text) {
    size_t places = 0;
    for (size_t i = 0; i < text.size; i++)
        places += text.data[i] == '{';
    return 2 * places + 1;
}

struct template *template_create(enum template_kind kind, struct span text, struct error *error) {
    if (kind == TEMPLATE_TARGET && !span_starts_with(text, SPAN("/"))) {
        error_set(error, "a path must begin with \"/\"; host and port come from the platform's base-url");
        return NULL;
    }
    struct template *template = calloc(1, sizeof *template);
    if (template == NULL) {
        error_memory(error);
        return NULL;
    }
    template->kind = kind;
    arena_init(&template->arena, 0);
    struct span copy = template->text = arena_copy(&template->arena, text);
    template->parts = arena_take_zero(&template->arena, most_parts(text), sizeof *template->parts);
    if (copy.data == NULL || template->parts == NULL)
        error_memory(error);
    else if (read_parts(template, copy, error))
        return template;
    template_destroy(template);
    return NULL;
}

void template_destroy(struct template *template) {
    if (template == NULL)
        return;
    for (size_t i = 0; template->parts != NULL && i < template->count; i++)
        json_path_destroy(template->parts[i].path);
    arena_finish(&template->arena);
    free(template);
}

struct span template_text(const struct template *template) {
    return template->text;
}

struct span template_literal(const struct template *template) {
    if (template->count == 0)
        return SPAN("");
    const struct part *first = &template->parts[0];
    return template->count == 1 && first->path == NULL ? first->literal : SPAN_NONE;
}

/* The state of one filling. */
struct filling {
    const struct template *template;
    struct buf *out;
    bool in_query;            /* of a target: behind its first '?' */
    size_t segment;           /* where the current path segment begins in `out` */
    const struct part *place; /* the last place in that segment; NULL: none */
    struct template_fault *fault;
};

static bool refuse(struct filling *filling, const struct part *place, const char *what) {
    *filling->fault = (struct template_fault){.query = json_path_text(place->path), .what = what};
    return false;
}

/* The byte at the front, read through its percent-encoding; `size`: how many characters it takes. */
static char decoded(struct span text, size_t *size) {
    *size = 1;
    if (text.size < 3 || text.data[0] != '%')
        return text.data[0];
    const char code[] = {text.data[1], text.data[2], '\0'};
    *size = 3;
    return (char)strtoul(code, NULL, 16);
}

/* Whether a server that decodes first and looks for dots then would leave the segment: "..%2Fadmin" of a value
 * "../admin". Some read a backslash as a slash, and nothing behind a semicolon. */
static bool has_dots(struct span segment) {
    size_t dots = 0, size;
    bool dotted = true, cut = false;
    for (; segment.size > 0; segment = span_from(segment, size)) {
        char byte = decoded(segment, &size);
        if (byte == '/' || byte == '\\') {
            if (dotted && dots > 0)
                return true;
            dots = 0;
            dotted = true;
            cut = false;
        } else if (byte == ';')
            cut = true;
        else if (byte == '.' && !cut)
            dots++;
        else if (!cut)
            dotted = false;
        dotted = dotted && dots <= 2;
    }
    return dotted && dots > 0;
}

/* "", "." and ".." would be another path than the one that was configured, also between encoded slashes. */
static bool end_segment(struct filling *filling) {
    struct span segment = span_from(buf_span(filling->out), filling->segment);
    if (filling->place == NULL || filling->out->failed)
        return true;
    if (segment.size == 0)
        return refuse(filling, filling->place, "makes an empty path segment");
    if (has_dots(segment))
        return refuse(filling, filling->place, "makes a path segment of dots");
    return true;
}

static bool add_literal(struct filling *filling, struct span literal) {
    for (size_t i = 0; i < literal.size; i++) {
        char byte = literal.data[i];
        bool ends = filling->template->kind == TEMPLATE_TARGET && !filling->in_query && (byte == '/' || byte == '?');
        if (ends && !end_segment(filling))
            return false;
        buf_add_byte(filling->out, byte);
        if (ends) {
            filling->in_query = byte == '?';
            filling->segment = filling->out->size;
            filling->place = NULL;
        }
    }
    return true;
}

static void add_encoded(struct buf *out, struct span text) {
    for (size_t i = 0; i < text.size; i++)
        if (is_unreserved(text.data[i]))
            buf_add_byte(out, text.data[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)text.data[i]);
}

static bool add_place(struct filling *filling, const struct part *part, const struct json_document *document) {
    const struct json_node *node = json_path_find(part->path, document);
    struct span text = message_text(document, node);
    if (text.data == NULL)
        text = part->fallback;
    if (text.data == NULL && node == NULL)
        return refuse(filling, part, "is absent");
    if (text.data == NULL)
        return refuse(filling, part, json_node_type(node) == NODE_NULL ? "is null" : "is an array or an object");
    if (filling->template->kind == TEMPLATE_TARGET) {
        filling->place = part;
        add_encoded(filling->out, text);
        return true;
    }
    for (size_t i = 0; filling->template->kind == TEMPLATE_HEADER && i < text.size; i++)
        if (is_control(text.data[i]))
            return refuse(filling, part, "contains a control character");
    buf_add(filling->out, text);
    return true;
}

enum template_result template_fill(const struct template *template, const struct json_document *document,
                                   struct buf *out, struct template_fault *fault) {
    struct filling filling = {.template = template, .out = out, .segment = out->size, .fault = fault};
    bool filled = true;
    for (size_t i = 0; filled && i < template->count; i++) {
        const struct part *part = &template->parts[i];
        filled = part->path != NULL ? add_place(&filling, part, document) : add_literal(&filling, part->literal);
    }
    filled = filled && (filling.in_query || end_segment(&filling));
    if (out->failed)
        return TEMPLATE_MEMORY;
    return filled ? TEMPLATE_FILLED : TEMPLATE_MISSING;
}
