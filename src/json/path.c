/* Compiling and following simple member queries. Filters, slices, wildcards and descendants are not built yet. */
#include "json/path.h"

#include "base/text.h"
#include "json/escape_private.h"

#include <stdlib.h>

struct name {
    struct span text; /* decoded, in `bytes` */
    uint32_t hash;
};

struct json_path {
    struct span text;
    size_t count;
    struct name *names;
    char bytes[]; /* the query, then the decoded names */
};

struct compiler {
    struct json_path *path;
    const char *start, *at, *end;
    char *out;
    struct error *error;
};

static bool refuse(const struct compiler *compiler, const char *at, const char *what) {
    return error_set(compiler->error, "%s at character %zu of \"" SPAN_FORMAT "\"", what,
                     (size_t)(at - compiler->start) + 1, SPAN_ARGUMENT(compiler->path->text));
}

static bool refuse_yet(const struct compiler *compiler, const char *at) {
    return refuse(compiler, at, "not supported yet (only member names are, such as $.a['b'])");
}

static void skip_blank(struct compiler *compiler) {
    while (compiler->at < compiler->end && strchr(" \t\n\r", *compiler->at) != NULL && *compiler->at != '\0')
        compiler->at++;
}

static char peek(const struct compiler *compiler) {
    return compiler->at < compiler->end ? *compiler->at : '\0';
}

static void add_name(struct compiler *compiler, const char *start) {
    struct span text = span_make(start, (size_t)(compiler->out - start));
    compiler->path->names[compiler->path->count++] = (struct name){text, json_hash(text)};
}

static bool is_name_first(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || (unsigned char)byte >= 0x80;
}

/* RFC 9535 section 2.5.1.1, member-name-shorthand */
static bool read_short_name(struct compiler *compiler) {
    const char *start = compiler->out;
    if (peek(compiler) == '*' || peek(compiler) == '.')
        return refuse_yet(compiler, compiler->at);
    if (!is_name_first(peek(compiler)))
        return refuse(compiler, compiler->at, "expected a member name");
    while (is_name_first(peek(compiler)) || (peek(compiler) >= '0' && peek(compiler) <= '9'))
        *compiler->out++ = *compiler->at++;
    add_name(compiler, start);
    return true;
}

/* RFC 9535 section 2.3.1.1, string-literal */
static bool read_quoted_name(struct compiler *compiler) {
    const char *start = compiler->out;
    char quote = *compiler->at++;
    while (peek(compiler) != quote || compiler->at == compiler->end) {
        const char *at = compiler->at, *sentence;
        if (compiler->end - at < 2)
            return refuse(compiler, compiler->end, "a name without closing quote");
        if ((unsigned char)*at < 0x20)
            return refuse(compiler, at, "a control character must be escaped");
        if (*at != '\\')
            *compiler->out++ = *compiler->at++;
        else if ((compiler->at = json_escape_decode(at, compiler->end, quote, &compiler->out, &sentence)) == NULL)
            return refuse(compiler, at, sentence);
    }
    compiler->at++;
    add_name(compiler, start);
    return true;
}

static bool read_bracket(struct compiler *compiler) {
    skip_blank(compiler);
    if (peek(compiler) != '\'' && peek(compiler) != '"') {
        bool known = peek(compiler) != '\0' && strchr("*?-:0123456789", peek(compiler)) != NULL;
        return known ? refuse_yet(compiler, compiler->at) : refuse(compiler, compiler->at, "expected a name in quotes");
    }
    if (!read_quoted_name(compiler))
        return false;
    skip_blank(compiler);
    if (peek(compiler) == ',')
        return refuse_yet(compiler, compiler->at);
    if (peek(compiler) != ']')
        return refuse(compiler, compiler->at, "expected ']'");
    compiler->at++;
    return true;
}

static bool compile(struct compiler *compiler) {
    if (!text_is_utf8(compiler->path->text))
        return error_set(compiler->error, "a query must be UTF-8");
    if (peek(compiler) != '$')
        return refuse(compiler, compiler->at, "a query begins with '$': expected it");
    compiler->at++;
    while (compiler->at < compiler->end) {
        const char *blank = compiler->at;
        skip_blank(compiler);
        char begin = peek(compiler);
        if (begin != '.' && begin != '[')
            return refuse(compiler, compiler->at == compiler->end ? blank : compiler->at, "expected '.' or '['");
        compiler->at++;
        if (begin == '.' ? !read_short_name(compiler) : !read_bracket(compiler))
            return false;
    }
    return true;
}

struct json_path *json_path_create(struct span text, struct error *error) {
    if (text.size > 1 << 16) {
        error_set(error, "a query of %zu bytes is too long", text.size);
        return NULL;
    }
    struct json_path *path = calloc(1, sizeof *path + 2 * text.size + 1);
    struct name *names = calloc(text.size + 1, sizeof *names);
    if (path == NULL || names == NULL) {
        free(path);
        free(names);
        error_memory(error);
        return NULL;
    }
    if (text.size > 0)
        memcpy(path->bytes, text.data, text.size);
    path->text = span_make(path->bytes, text.size);
    path->names = names;
    struct compiler compiler = {.path = path,
                                .start = path->bytes,
                                .at = path->bytes,
                                .end = path->bytes + text.size,
                                .out = path->bytes + text.size,
                                .error = error};
    if (compile(&compiler))
        return path;
    json_path_destroy(path);
    return NULL;
}

void json_path_destroy(struct json_path *path) {
    if (path == NULL)
        return;
    free(path->names);
    free(path);
}

const struct json_node *json_path_find(const struct json_path *path, const struct json_document *document) {
    const struct json_node *node = document->node;
    for (size_t i = 0; i < path->count && node != NULL; i++)
        node = json_member_hashed(document, node, path->names[i].text, path->names[i].hash);
    return node;
}

struct span json_path_text(const struct json_path *path) {
    return path->text;
}

size_t json_path_names(const struct json_path *path) {
    return path->count;
}

struct span json_path_name(const struct json_path *path, size_t index) {
    return path->names[index].text;
}

uint32_t json_path_hash(const struct json_path *path, size_t index) {
    return path->names[index].hash;
}
