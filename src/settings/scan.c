/* The scan walks libconfig's grammar to learn where every setting is in the text, and finds the first mistake with its
 * column: libconfig tells neither. It builds no values: that is libconfig's part. */
#include "base/text.h"
#include "settings/source.h"

#include <ctype.h>
#include <stdlib.h>

enum { DEEPEST = 16 };

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_STRING, TOKEN_SIGN, TOKEN_BAD };

struct token {
    enum token_kind kind;
    struct span text;
};

struct scanner {
    struct source *source;
    struct token token; /* the next one */
    size_t at;          /* behind it */
    size_t taken;       /* behind the one before it */
    bool in_lookups;    /* there, `value` names a column */
    struct scan_mistake mistake;
};

static bool fail(struct scanner *scanner, struct span at, enum problem_code code, const char *what, const char *cure) {
    if (scanner->mistake.what == NULL)
        scanner->mistake = (struct scan_mistake){at, code, what, cure};
    return false;
}

static bool wrong(struct scanner *scanner, const char *what, const char *cure) {
    return fail(scanner, scanner->token.text, PROBLEM_SYNTAX, what, cure);
}

/* --- tokens --- */

static struct span part(const struct scanner *scanner, size_t start, size_t end) {
    return (struct span){scanner->source->text.data + start, end - start};
}

static bool is_in(char byte, const char *more) {
    return isalnum((unsigned char)byte) != 0 || (byte != '\0' && strchr(more, byte) != NULL);
}

/* The end of a comment that starts at `at`, or `at` when there is none; SIZE_MAX when it never ends. */
static size_t skip_comment(struct span text, size_t at) {
    struct span rest = span_from(text, at);
    if (span_starts_with(rest, SPAN("/*"))) {
        for (size_t end = 2; end + 1 < rest.size; end++)
            if (rest.data[end] == '*' && rest.data[end + 1] == '/')
                return at + end + 2;
        return SIZE_MAX;
    }
    if (span_starts_with(rest, SPAN("#")) || span_starts_with(rest, SPAN("//")))
        while (at < text.size && text.data[at] != '\n')
            at++;
    return at;
}

/* The size of a string literal with its quotes; 0 when it never ends. */
static size_t string_size(struct span rest) {
    for (size_t end = 1; end < rest.size; end++) {
        if (rest.data[end] == '\\')
            end++;
        else if (rest.data[end] == '"')
            return end + 1;
    }
    return 0;
}

static void advance(struct scanner *scanner) {
    struct span text = scanner->source->text;
    size_t at = scanner->taken = scanner->at;
    for (;;) {
        size_t before = at;
        while (at < text.size && strchr(" \t\r\n\f", text.data[at]) != NULL)
            at++;
        size_t behind = at < text.size ? skip_comment(text, at) : at;
        if (behind == SIZE_MAX) {
            fail(scanner, part(scanner, at, at + 2), PROBLEM_SYNTAX, "this comment never ends", "close it with */");
            scanner->token = (struct token){TOKEN_BAD, part(scanner, at, at + 2)};
            return;
        }
        at = behind;
        if (at == before)
            break;
    }
    size_t start = at;
    enum token_kind kind = TOKEN_BAD;
    char first = at < text.size ? text.data[at] : '\0';
    if (at == text.size) {
        kind = TOKEN_END;
    } else if (first == '"') {
        size_t size = string_size(span_from(text, at));
        kind = size == 0 ? TOKEN_BAD : TOKEN_STRING;
        at += size == 0 ? 1 : size;
        if (size == 0)
            fail(scanner, part(scanner, start, at), PROBLEM_SYNTAX, "this text never ends", "close it with \"");
    } else if (isalpha((unsigned char)first) || first == '*') {
        kind = TOKEN_WORD;
        while (at < text.size && is_in(text.data[at], "-_*"))
            at++;
    } else if (is_in(first, "-+.")) {
        kind = TOKEN_NUMBER;
        while (at < text.size && is_in(text.data[at], "-+."))
            at++;
    } else {
        kind = strchr("=:;,{}[]()", first) != NULL ? TOKEN_SIGN : TOKEN_BAD;
        at++;
        while (kind == TOKEN_BAD && at < text.size && ((unsigned char)text.data[at] & 0xc0) == 0x80)
            at++;
    }
    scanner->token = (struct token){kind, part(scanner, start, at)};
    scanner->at = at;
}

static bool is_sign(const struct scanner *scanner, char sign) {
    return scanner->token.kind == TOKEN_SIGN && scanner->token.text.data[0] == sign;
}

static bool take_sign(struct scanner *scanner, char sign) {
    if (!is_sign(scanner, sign))
        return false;
    advance(scanner);
    return true;
}

/* --- marks, and what must not be shown --- */

static struct mark *add_mark(struct scanner *scanner, struct span name) {
    struct source *source = scanner->source;
    if (source->mark_count == source->mark_capacity) {
        size_t capacity = source->mark_capacity == 0 ? 64 : source->mark_capacity * 2;
        struct mark *marks = realloc(source->marks, capacity * sizeof *marks);
        if (marks == NULL) {
            source->failed = true;
            return NULL;
        }
        source->marks = marks;
        source->mark_capacity = capacity;
    }
    source->marks[source->mark_count] = (struct mark){name, SPAN_NONE};
    return &source->marks[source->mark_count++];
}

static void hide(struct source *source, struct span text) {
    if (source->hidden_count == source->hidden_capacity) {
        size_t capacity = source->hidden_capacity == 0 ? 8 : source->hidden_capacity * 2;
        struct span *hidden = realloc(source->hidden, capacity * sizeof *hidden);
        if (hidden == NULL) {
            source->failed = true;
            return;
        }
        source->hidden = hidden;
        source->hidden_capacity = capacity;
    }
    source->hidden[source->hidden_count++] = text;
}

static bool contains(struct span text, const char *word) {
    struct span wanted = span_of(word);
    for (size_t i = 0; i + wanted.size <= text.size; i++)
        if (span_equal_nocase((struct span){text.data + i, wanted.size}, wanted))
            return true;
    return false;
}

/* A name that may hold a secret, also when it is misspelt. */
static bool is_secretive(const struct scanner *scanner, struct span name) {
    static const char *const parts[] = {"passw", "pwd", "secret", "token", "pem", "jaas", "credential", NULL};
    static const char *const names[] = {"token",         "password",         "value",
                                        "sasl-password", "ssl-key-password", "sasl.password",
                                        "sasl_password", "client-secret",    NULL};
    for (size_t i = 0; parts[i] != NULL; i++)
        if (contains(name, parts[i]))
            return true;
    return text_nearest(name, names) != NULL && !(scanner->in_lookups && span_equal(name, SPAN("value")));
}

/* The part of a URL that names a user, and the value of a header that carries credentials. */
static void hide_within(struct scanner *scanner, struct span name, struct span content) {
    for (size_t i = 0; i + 3 < content.size; i++) {
        if (!span_starts_with(span_from(content, i), SPAN("://")))
            continue;
        size_t start = i + 3, end = content.size;
        while (end > start && content.data[end - 1] != '@')
            end--;
        if (end > start)
            hide(scanner->source, (struct span){content.data + start, end - 1 - start});
    }
    const char *colon = memchr(content.data, ':', content.size);
    if (colon == NULL || !contains(name, "header"))
        return;
    struct span header = {content.data, (size_t)(colon - content.data)};
    if (contains(header, "auth") || contains(header, "cookie") || contains(header, "key") ||
        is_secretive(scanner, header))
        hide(scanner->source, span_from(content, header.size + 1));
}

/* References ("secret:NAME") may be seen. */
static void hide_string(struct scanner *scanner, struct span name, struct span string) {
    struct span content = {string.data + 1, string.size - 2};
    if (content.size == 0 || span_starts_with(content, SPAN("secret:")))
        return;
    bool address = span_equal(name, SPAN("token-url")) && contains(content, "://") && !contains(content, "?");
    if ((is_secretive(scanner, name) && !address) || contains(content, "-----BEGIN"))
        hide(scanner->source, content);
    else
        hide_within(scanner, name, content);
}

static void hide_bare(struct scanner *scanner, struct span name) {
    if (is_secretive(scanner, name))
        hide(scanner->source, scanner->token.text);
}

/* --- grammar --- */

static bool is_number(struct span token) {
    char text[64], *end;
    if (token.size >= sizeof text)
        return false;
    memcpy(text, token.data, token.size);
    text[token.size] = '\0';
    (void)strtod(text, &end);
    if (end == text || isalpha((unsigned char)text[token.data[0] == '-' || token.data[0] == '+' ? 1 : 0]))
        return false;
    return *end == '\0' || (end[0] == 'L' && strchr(text, '.') == NULL && (end[1] == '\0' || strcmp(end, "LL") == 0));
}

static bool scan_value(struct scanner *scanner, struct span name, size_t mark, unsigned depth);
static bool scan_settings(struct scanner *scanner, struct span open, unsigned depth);

/* The elements of `[...]` and `(...)`; the opening sign is taken. */
static bool scan_elements(struct scanner *scanner, struct span name, char close, unsigned depth) {
    if (take_sign(scanner, close))
        return true;
    for (;;) {
        if (add_mark(scanner, SPAN("")) == NULL)
            return false;
        if (close == ']' && (is_sign(scanner, '{') || is_sign(scanner, '[') || is_sign(scanner, '(')))
            return wrong(scanner, "an array [ ] holds only plain values", "write a list ( ) instead");
        if (!scan_value(scanner, name, scanner->source->mark_count - 1, depth))
            return false;
        if (take_sign(scanner, close))
            return true;
        if (!is_sign(scanner, ','))
            return wrong(scanner, close == ']' ? "expected ',' or ']' here" : "expected ',' or ')' here",
                         "elements are divided by commas");
        struct span comma = scanner->token.text;
        advance(scanner);
        if (is_sign(scanner, close))
            return fail(scanner, comma, PROBLEM_SYNTAX, "no element follows this comma", "remove the comma");
    }
}

/* What other languages and word processors write around texts. */
static bool is_foreign_quote(struct span token) {
    static const char *const quotes[] = {"'",      "`",      "\u2018", "\u2019", "\u201a",
                                         "\u201c", "\u201d", "\u201e", "\u00ab", "\u00bb"};
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++)
        if (span_equal(token, span_of(quotes[i])))
            return true;
    return false;
}

static bool scan_plain(struct scanner *scanner, struct span name) {
    struct token token = scanner->token;
    switch (token.kind) {
    case TOKEN_STRING:
        while (scanner->token.kind == TOKEN_STRING) {
            hide_string(scanner, name, scanner->token.text);
            advance(scanner);
        }
        return true;
    case TOKEN_NUMBER:
        hide_bare(scanner, name);
        if (!is_number(token.text)) {
            return wrong(scanner, "this is neither a number nor a text",
                         "put texts into quotes, durations and sizes too: \"30s\", \"64 KiB\"");
        }
        advance(scanner);
        return true;
    case TOKEN_WORD:
        if (!span_equal_nocase(token.text, SPAN("true")) && !span_equal_nocase(token.text, SPAN("false"))) {
            bool answer = span_equal_nocase(token.text, SPAN("yes")) || span_equal_nocase(token.text, SPAN("no"));
            hide_bare(scanner, name);
            return wrong(scanner, "a text without quotes",
                         answer ? "write true or false, or put it into quotes" : "put it into quotes");
        }
        advance(scanner);
        return true;
    case TOKEN_BAD:
        if (is_foreign_quote(token.text))
            return wrong(scanner, "this quotation mark does not begin a text",
                         "write texts in straight double quotes: \"text\"");
        break;
    case TOKEN_SIGN:
    case TOKEN_END:
        break;
    }
    return wrong(scanner, "expected a value here",
                 "a value is a \"text\", a number, true, false, { a group }, [ an array ] or ( a list )");
}

static bool scan_value(struct scanner *scanner, struct span name, size_t mark, unsigned depth) {
    struct span open = scanner->token.text;
    const char *start = open.data;
    if (depth > DEEPEST)
        return wrong(scanner, "nested too deeply", "no option lies deeper than a few levels");
    bool good;
    if (is_sign(scanner, '{') || is_sign(scanner, '[') || is_sign(scanner, '(')) {
        advance(scanner);
        good = *start == '{'   ? scan_settings(scanner, open, depth + 1)
               : *start == '[' ? scan_elements(scanner, name, ']', depth + 1)
                               : scan_elements(scanner, name, ')', depth + 1);
    } else {
        good = scan_plain(scanner, name);
    }
    const char *end = scanner->source->text.data + scanner->taken;
    scanner->source->marks[mark].value = (struct span){start, (size_t)(end - start)};
    return good;
}

/* name = value; ... up to the closing brace, which is taken, or the end of the text at depth 0. */
static bool scan_settings(struct scanner *scanner, struct span open, unsigned depth) {
    for (;;) {
        if (depth == 0 ? scanner->token.kind == TOKEN_END : take_sign(scanner, '}'))
            return true;
        if (scanner->token.kind == TOKEN_END)
            return fail(scanner, open, PROBLEM_SYNTAX, "this group is not closed", "close it with };");
        if (scanner->token.kind != TOKEN_WORD)
            return wrong(scanner, "expected an option's name here", "options are written as name = value;");
        struct span name = scanner->token.text;
        size_t mark = scanner->source->mark_count;
        if (depth == 0)
            scanner->in_lookups = span_equal(name, SPAN("lookups"));
        if (add_mark(scanner, name) == NULL)
            return false;
        advance(scanner);
        if (scanner->token.kind == TOKEN_NUMBER && scanner->token.text.data == name.data + name.size &&
            scanner->token.text.data[0] == '.')
            return wrong(scanner, "a name cannot contain a dot",
                         "write dashes as in bootstrap-servers, or a group: kafka = { group-id = \"sluss\"; };");
        if (!take_sign(scanner, '=') && !take_sign(scanner, ':'))
            return wrong(scanner, "expected '=' here", "options are written as name = value;");
        if (!scan_value(scanner, name, mark, depth))
            return false;
        if (!take_sign(scanner, ';'))
            (void)take_sign(scanner, ',');
    }
}

/* After the first mistake the rest is looked through too: a shown line must not show a secret. */
static void hide_rest(struct scanner *scanner) {
    struct span name = SPAN("");
    for (; scanner->token.kind != TOKEN_END && scanner->at < scanner->source->text.size; advance(scanner)) {
        if (scanner->token.kind == TOKEN_WORD)
            name = scanner->token.text;
        else if (scanner->token.kind == TOKEN_STRING)
            hide_string(scanner, name, scanner->token.text);
        else if (scanner->token.kind == TOKEN_BAD && scanner->token.text.data[0] == '"')
            hide(scanner->source, span_from(scanner->source->text, scanner->at));
        else if (scanner->token.kind == TOKEN_BAD && scanner->token.text.data[0] == '/')
            break;
    }
}

static struct span find_include(struct span text) {
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        while (at < text.size && strchr(" \t\r\f", text.data[at]) != NULL)
            at++;
        if (span_starts_with(span_from(text, at), SPAN("@include")))
            return (struct span){text.data + at, 8};
        at = start;
        while (at < text.size && text.data[at] != '\n')
            at++;
        at++;
    }
    return SPAN_NONE;
}

bool scan(struct source *source, struct scan_mistake *mistake) {
    struct scanner scanner = {.source = source};
    struct span include = find_include(source->text);
    bool good = true;
    if (include.data != NULL)
        good = fail(&scanner, include, PROBLEM_INCLUDE, "@include is refused: it would open any file",
                    "each route has a file of its own in routes.d; write the rest here");
    advance(&scanner);
    if (good)
        good = scan_settings(&scanner, SPAN_NONE, 0) && scanner.mistake.what == NULL;
    if (!good)
        hide_rest(&scanner);
    *mistake = scanner.mistake;
    return good && !source->failed;
}
