/* Taking URI references apart, resolving and normalising them, and JSON Pointers in fragments. The grammar is in
 * uri_grammar.c. */
#include "schema/uri.h"

#include "base/text.h"

#include <stdint.h>

static int hex_value(char byte) {
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

static bool is_alpha(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_scheme_byte(char byte) {
    return is_alpha(byte) || (byte >= '0' && byte <= '9') || byte == '+' || byte == '-' || byte == '.';
}

static bool is_unreserved(char byte) {
    return is_alpha(byte) || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

/* Bytes before the first of `stops` or the end. */
static size_t reach(struct span text, const char *stops) {
    size_t size = 0;
    while (size < text.size && (text.data[size] == '\0' || strchr(stops, text.data[size]) == NULL))
        size++;
    return size;
}

static struct span cut(struct span *rest, size_t size) {
    struct span front = {rest->data, size};
    *rest = span_from(*rest, size);
    return front;
}

void uri_split(struct span text, struct uri *uri) {
    struct span rest = text.data != NULL ? text : SPAN("");
    *uri = (struct uri){0};
    size_t size = 0;
    while (size < rest.size && is_scheme_byte(rest.data[size]))
        size++;
    if (size > 0 && size < rest.size && rest.data[size] == ':' && is_alpha(rest.data[0])) {
        uri->scheme = cut(&rest, size);
        rest = span_from(rest, 1);
    }
    if (span_starts_with(rest, SPAN("//"))) {
        rest = span_from(rest, 2);
        uri->authority = cut(&rest, reach(rest, "/?#"));
    }
    uri->path = cut(&rest, reach(rest, "?#"));
    if (span_starts_with(rest, SPAN("?"))) {
        rest = span_from(rest, 1);
        uri->query = cut(&rest, reach(rest, "#"));
    }
    if (rest.size > 0)
        uri->fragment = span_from(rest, 1);
}

bool uri_is_absolute(struct span text) {
    struct uri uri;
    uri_split(text, &uri);
    return uri.scheme.data != NULL;
}

/* Scheme and authority with their delimiters. */
static void write_front(const struct uri *uri, struct buf *out) {
    if (uri->scheme.data != NULL) {
        buf_add(out, uri->scheme);
        buf_add_byte(out, ':');
    }
    if (uri->authority.data != NULL) {
        buf_add(out, SPAN("//"));
        buf_add(out, uri->authority);
    }
}

static void write_back(struct span query, struct span fragment, struct buf *out) {
    if (query.data != NULL) {
        buf_add_byte(out, '?');
        buf_add(out, query);
    }
    if (fragment.data != NULL) {
        buf_add_byte(out, '#');
        buf_add(out, fragment);
    }
}

void uri_write(const struct uri *uri, struct buf *out) {
    write_front(uri, out);
    buf_add(out, uri->path);
    write_back(uri->query, uri->fragment, out);
}

/* Removes the dot segments (5.2.4) of the path that ends `out` and starts at `start`: it only becomes shorter. */
static void remove_dots(struct buf *out, size_t start) {
    if (out->failed)
        return;
    char *data = out->data;
    size_t read = start, end = out->size, write = start;
    while (read < end) {
        struct span rest = {data + read, end - read};
        if (span_starts_with(rest, SPAN("../"))) {
            read += 3;
        } else if (span_starts_with(rest, SPAN("./")) || span_starts_with(rest, SPAN("/./"))) {
            read += 2;
        } else if (span_equal(rest, SPAN("/."))) {
            data[++read] = '/';
        } else if (span_starts_with(rest, SPAN("/../")) || span_equal(rest, SPAN("/.."))) {
            read += rest.size == 3 ? 2 : 3;
            data[read] = '/';
            while (write > start && data[--write] != '/')
                continue;
        } else if (span_equal(rest, SPAN(".")) || span_equal(rest, SPAN(".."))) {
            read = end;
        } else {
            do
                data[write++] = data[read++];
            while (read < end && data[read] != '/');
        }
    }
    out->size = write;
}

/* A path that begins with "//" behind no authority would be read as one: "/." keeps them apart. */
static void guard_path(const struct uri *uri, struct buf *out, size_t start) {
    if (out->failed || uri->authority.data != NULL || out->size - start < 2 || out->data[start] != '/' ||
        out->data[start + 1] != '/' || !buf_reserve(out, 2))
        return;
    memmove(out->data + start + 2, out->data + start, out->size - start);
    memcpy(out->data + start, "/.", 2);
    out->size += 2;
}

void uri_resolve(struct span base, struct span reference, struct buf *out) {
    struct uri from, to;
    uri_split(base, &from);
    uri_split(reference, &to);
    bool merge = false, keep = false;
    if (to.scheme.data == NULL) {
        to.scheme = from.scheme;
        if (to.authority.data == NULL) {
            to.authority = from.authority;
            keep = to.path.size == 0;
            merge = !keep && to.path.data[0] != '/';
            if (keep)
                to.path = from.path;
            if (keep && to.query.data == NULL)
                to.query = from.query;
        }
    }
    write_front(&to, out);
    size_t start = out->size;
    if (merge) {
        size_t size = from.path.size;
        while (size > 0 && from.path.data[size - 1] != '/')
            size--;
        if (from.authority.data != NULL && from.path.size == 0)
            buf_add_byte(out, '/');
        buf_add(out, (struct span){from.path.data, size});
    }
    buf_add(out, to.path);
    if (!keep)
        remove_dots(out, start);
    guard_path(&to, out, start);
    write_back(to.query, to.fragment, out);
}

/* Appends `text` with escapes in upper case, those of unreserved characters decoded. */
static void add_escapes(struct buf *out, struct span text, bool lower) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '%' && text.size - i > 2 && hex_value(text.data[i + 1]) >= 0 && hex_value(text.data[i + 2]) >= 0) {
            int value = hex_value(text.data[i + 1]) * 16 + hex_value(text.data[i + 2]);
            i += 2;
            byte = (char)value;
            if (!is_unreserved(byte)) {
                buf_add(out, (struct span){(char[]){'%', digits[value >> 4], digits[value & 15]}, 3});
                continue;
            }
        }
        buf_add_byte(out, lower && byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte);
    }
}

void uri_normalise(struct span text, struct buf *out) {
    struct uri uri;
    uri_split(text, &uri);
    if (uri.scheme.data != NULL) {
        add_escapes(out, uri.scheme, true);
        buf_add_byte(out, ':');
    }
    if (uri.authority.data != NULL) {
        size_t host = reach(uri.authority, "@");
        host = host < uri.authority.size ? host + 1 : 0;
        buf_add(out, SPAN("//"));
        add_escapes(out, (struct span){uri.authority.data, host}, false);
        add_escapes(out, span_from(uri.authority, host), true);
    }
    size_t start = out->size;
    add_escapes(out, uri.path, false);
    if (uri.scheme.data != NULL || uri.authority.data != NULL || span_starts_with(uri.path, SPAN("/")))
        remove_dots(out, start);
    guard_path(&uri, out, start);
    if (uri.query.data != NULL) {
        buf_add_byte(out, '?');
        add_escapes(out, uri.query, false);
    }
    if (uri.fragment.size > 0) {
        buf_add_byte(out, '#');
        add_escapes(out, uri.fragment, false);
    }
}

struct span uri_without_fragment(struct span text) {
    return (struct span){text.data, reach(text, "#")};
}

struct span uri_fragment(struct span text) {
    size_t size = reach(text, "#");
    return size < text.size ? span_from(text, size + 1) : SPAN_NONE;
}

bool uri_percent_decode(struct span text, struct buf *out) {
    size_t start = out->size;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '%') {
            int high = text.size - i > 2 ? hex_value(text.data[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text.data[i + 2]) : -1;
            if (low < 0) {
                out->size = start;
                return false;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        }
        buf_add_byte(out, byte);
    }
    if (!out->failed && text_is_utf8(span_from(buf_span(out), start)))
        return true;
    out->size = start;
    return false;
}

bool uri_pointer_next(struct span *rest, struct buf *token) {
    if (rest->size == 0 || rest->data[0] != '/')
        return false;
    size_t end = 1 + reach(span_from(*rest, 1), "/");
    size_t start = token->size;
    for (size_t i = 1; i < end; i++) {
        char byte = rest->data[i];
        if (byte == '~') {
            if (++i == end || (rest->data[i] != '0' && rest->data[i] != '1')) {
                token->size = start;
                return false;
            }
            byte = rest->data[i] == '0' ? '~' : '/';
        }
        buf_add_byte(token, byte);
    }
    *rest = span_from(*rest, end);
    return true;
}

void uri_pointer_add(struct buf *pointer, struct span token, bool fragment) {
    buf_add_byte(pointer, '/');
    for (size_t i = 0; i < token.size; i++) {
        char byte = token.data[i];
        if (byte == '~' || byte == '/')
            buf_add(pointer, byte == '~' ? SPAN("~0") : SPAN("~1"));
        else if (!fragment || is_unreserved(byte) || (byte != '\0' && strchr("!$&'()*+,;=:@?", byte) != NULL))
            buf_add_byte(pointer, byte);
        else
            buf_printf(pointer, "%%%02X", (unsigned)(unsigned char)byte);
    }
}
