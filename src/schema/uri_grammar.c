/* The grammar of URIs and IRIs, walked once from left to right (RFC 3986 appendix A, RFC 3987 section 2.2). It keeps
 * nothing of what it reads. */
#include "schema/format_private.h"
#include "schema/format_utf8.h"
#include "schema/uri.h"

enum {
    NAME = 1,    /* unreserved and sub-delims: what a registered name is made of */
    COLON = 2,   /* ":" */
    AT = 4,      /* "@" */
    SLASH = 8,   /* "/" */
    ASK = 16,    /* "?" */
    SCHEME = 32, /* scheme characters behind the first */
    HEX = 64,
    ALPHA = 128,
    LETTER = NAME | SCHEME | ALPHA,
    DIGIT = NAME | SCHEME | HEX,
    HEXAL = LETTER | HEX,
    MARK = NAME | SCHEME,
    SEGMENT = NAME | COLON | AT,
};

static const unsigned char table[256] = {
    ['!'] = NAME,   ['$'] = NAME,   ['&'] = NAME,   ['\''] = NAME,  ['('] = NAME,   [')'] = NAME,   ['*'] = NAME,
    ['+'] = MARK,   [','] = NAME,   ['-'] = MARK,   ['.'] = MARK,   ['/'] = SLASH,  ['0'] = DIGIT,  ['1'] = DIGIT,
    ['2'] = DIGIT,  ['3'] = DIGIT,  ['4'] = DIGIT,  ['5'] = DIGIT,  ['6'] = DIGIT,  ['7'] = DIGIT,  ['8'] = DIGIT,
    ['9'] = DIGIT,  [':'] = COLON,  [';'] = NAME,   ['='] = NAME,   ['?'] = ASK,    ['@'] = AT,     ['A'] = HEXAL,
    ['B'] = HEXAL,  ['C'] = HEXAL,  ['D'] = HEXAL,  ['E'] = HEXAL,  ['F'] = HEXAL,  ['G'] = LETTER, ['H'] = LETTER,
    ['I'] = LETTER, ['J'] = LETTER, ['K'] = LETTER, ['L'] = LETTER, ['M'] = LETTER, ['N'] = LETTER, ['O'] = LETTER,
    ['P'] = LETTER, ['Q'] = LETTER, ['R'] = LETTER, ['S'] = LETTER, ['T'] = LETTER, ['U'] = LETTER, ['V'] = LETTER,
    ['W'] = LETTER, ['X'] = LETTER, ['Y'] = LETTER, ['Z'] = LETTER, ['_'] = NAME,   ['a'] = HEXAL,  ['b'] = HEXAL,
    ['c'] = HEXAL,  ['d'] = HEXAL,  ['e'] = HEXAL,  ['f'] = HEXAL,  ['g'] = LETTER, ['h'] = LETTER, ['i'] = LETTER,
    ['j'] = LETTER, ['k'] = LETTER, ['l'] = LETTER, ['m'] = LETTER, ['n'] = LETTER, ['o'] = LETTER, ['p'] = LETTER,
    ['q'] = LETTER, ['r'] = LETTER, ['s'] = LETTER, ['t'] = LETTER, ['u'] = LETTER, ['v'] = LETTER, ['w'] = LETTER,
    ['x'] = LETTER, ['y'] = LETTER, ['z'] = LETTER, ['~'] = NAME,
};

static unsigned kind(char byte) {
    return table[(unsigned char)byte];
}

bool uri_is_ucschar(uint32_t point) {
    if (point < 0x10000)
        return (point >= 0xa0 && point <= 0xd7ff) || (point >= 0xf900 && point <= 0xfdcf) ||
               (point >= 0xfdf0 && point <= 0xffef);
    return (point & 0xffff) <= 0xfffd && point <= 0xefffd && !(point >= 0xe0000 && point < 0xe1000);
}

bool uri_is_iprivate(uint32_t point) {
    return (point >= 0xe000 && point <= 0xf8ff) || (point >= 0xf0000 && point <= 0xffffd) ||
           (point >= 0x100000 && point <= 0x10fffd);
}

enum beyond { ASCII_ONLY, UCSCHAR, UCSCHAR_OR_PRIVATE };

/* Walks while bytes are of `kinds`, escapes, or allowed beyond ASCII; returns where it stops. */
static const char *walk(const char *at, const char *end, unsigned kinds, enum beyond beyond) {
    while (at < end) {
        if ((kind(*at) & kinds) != 0) {
            at++;
        } else if (*at == '%') {
            if (end - at < 3 || (kind(at[1]) & HEX) == 0 || (kind(at[2]) & HEX) == 0)
                return at;
            at += 3;
        } else {
            if ((unsigned char)*at < 0x80 || beyond == ASCII_ONLY)
                return at;
            const char *next = at;
            uint32_t point = utf8_take(&next, end);
            if (!uri_is_ucschar(point) && !(beyond == UCSCHAR_OR_PRIVATE && uri_is_iprivate(point)))
                return at;
            at = next;
        }
    }
    return at;
}

/* What stands between the brackets: IPv6address or IPvFuture. */
static bool is_literal(struct span text) {
    if (text.size == 0 || (text.data[0] != 'v' && text.data[0] != 'V'))
        return format_is_ipv6(text);
    const char *at = text.data + 1, *end = text.data + text.size;
    const char *version = at;
    while (at < end && (kind(*at) & HEX) != 0)
        at++;
    if (at == version || at == end || *at != '.' || ++at == end)
        return false;
    while (at < end && (kind(*at) & (NAME | COLON)) != 0)
        at++;
    return at == end;
}

static bool is_authority(const char *at, const char *end, enum beyond beyond) {
    const char *sign = at < end ? memchr(at, '@', (size_t)(end - at)) : NULL;
    if (sign != NULL) {
        if (walk(at, sign, NAME | COLON, beyond) != sign)
            return false;
        at = sign + 1;
    }
    if (at < end && *at == '[') {
        const char *close = memchr(at, ']', (size_t)(end - at));
        if (close == NULL || !is_literal((struct span){at + 1, (size_t)(close - at - 1)}))
            return false;
        at = close + 1;
    } else {
        at = walk(at, end, NAME, beyond);
    }
    if (at < end && *at++ != ':')
        return false;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at == end;
}

/* Moves *at behind "scheme:"; true when it stood there. */
static bool skip_scheme(const char **at, const char *end) {
    const char *here = *at;
    if (here == end || (kind(*here) & ALPHA) == 0)
        return false;
    while (here < end && (kind(*here) & SCHEME) != 0)
        here++;
    if (here == end || *here != ':')
        return false;
    *at = here + 1;
    return true;
}

bool uri_is_valid(struct span text, enum uri_grammar grammar) {
    if (text.size == 0)
        return grammar == URI_REFERENCE || grammar == IRI_REFERENCE;
    const char *at = text.data, *end = text.data + text.size;
    enum beyond beyond = grammar == IRI_ABSOLUTE || grammar == IRI_REFERENCE ? UCSCHAR : ASCII_ONLY;
    bool scheme = skip_scheme(&at, end);
    if (!scheme && (grammar == URI_ABSOLUTE || grammar == IRI_ABSOLUTE))
        return false;
    if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
        const char *stop = at + 2;
        while (stop < end && *stop != '/' && *stop != '?' && *stop != '#')
            stop++;
        if (!is_authority(at + 2, stop, beyond))
            return false;
        at = stop;
    } else if (!scheme) {
        at = walk(at, end, NAME | AT, beyond);
        if (at < end && *at == ':') /* the first segment of a relative path holds no colon */
            return false;
    }
    at = walk(at, end, SEGMENT | SLASH, beyond);
    if (at < end && *at == '?')
        at = walk(at + 1, end, SEGMENT | SLASH | ASK, beyond == UCSCHAR ? UCSCHAR_OR_PRIVATE : ASCII_ONLY);
    if (at < end && *at == '#')
        at = walk(at + 1, end, SEGMENT | SLASH | ASK, beyond);
    return at == end;
}
