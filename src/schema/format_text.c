/* uuid, json-pointer, relative-json-pointer and uri-template. They check notation, never what it points to. */
#include "schema/format_private.h"
#include "schema/format_utf8.h"

bool format_is_uuid(struct span text) {
    if (text.size != 36 || text.data[8] != '-' || text.data[13] != '-' || text.data[18] != '-' || text.data[23] != '-')
        return false;
    int digits = 0; /* counted without a branch a byte */
    for (size_t i = 0; i < 36; i++)
        digits += format_byte[(unsigned char)text.data[i]] & FORMAT_HEX;
    return digits == 32;
}

bool format_is_json_pointer(struct span text) {
    if (text.size == 0)
        return true;
    if (text.data[0] != '/')
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '~' && (i + 1 == text.size || (text.data[i + 1] != '0' && text.data[i + 1] != '1')))
            return false;
    return true;
}

/* Moves *at behind digits without a leading zero; false where there are none. */
static bool skip_number(const char **at, const char *end) {
    const char *first = *at;
    while (*at < end && is_digit(**at))
        *at += 1;
    return *at > first && (*first != '0' || *at == first + 1);
}

bool format_is_relative_json_pointer(struct span text) {
    const char *at = text.data, *end = text.data + text.size;
    if (!skip_number(&at, end))
        return false;
    if (at < end && (*at == '+' || *at == '-')) { /* index manipulation */
        at++;
        if (at == end || *at == '0' || !skip_number(&at, end))
            return false;
    }
    if (end - at == 1 && *at == '#')
        return true;
    return format_is_json_pointer((struct span){at, (size_t)(end - at)});
}

static bool is_escape(const char *at, const char *end) {
    return end - at >= 3 && *at == '%' && is_hex(at[1]) && is_hex(at[2]);
}

/* varname of RFC 6570 section 2.3: dots part it, never two in a row. */
static bool skip_name(const char **at, const char *end) {
    bool need = true;
    while (*at < end) {
        if (is_letter(**at) || is_digit(**at) || **at == '_') {
            *at += 1;
            need = false;
        } else if (is_escape(*at, end)) {
            *at += 3;
            need = false;
        } else if (**at == '.' && !need) {
            *at += 1;
            need = true;
        } else {
            break;
        }
    }
    return !need;
}

/* What stands between the braces (section 2.2). */
static bool skip_expression(const char **at, const char *end) {
    if (*at < end && **at != '\0' && strchr("+#./;?&=,!@|", **at) != NULL)
        *at += 1;
    for (;;) {
        if (!skip_name(at, end))
            return false;
        if (*at < end && **at == '*') {
            *at += 1;
        } else if (*at < end && **at == ':') {
            const char *first = *at += 1;
            if (first == end || *first == '0' || !skip_number(at, end) || *at - first > 4)
                return false;
        }
        if (*at == end || **at != ',')
            return true;
        *at += 1;
    }
}

bool format_is_uri_template(struct span text) {
    const char *at = text.data, *end = text.data + text.size;
    while (at < end) {
        if (*at == '{') {
            at++;
            if (!skip_expression(&at, end) || at == end || *at++ != '}')
                return false;
        } else if (*at == '%') {
            if (!is_escape(at, end))
                return false;
            at += 3;
        } else if ((unsigned char)*at < 0x80) {
            if (*at <= ' ' || *at == 0x7f || strchr("\"<>\\^`|}", *at) != NULL)
                return false;
            at++;
        } else {
            uint32_t point = utf8_take(&at, end);
            if (!uri_is_ucschar(point) && !uri_is_iprivate(point))
                return false;
        }
    }
    return true;
}
