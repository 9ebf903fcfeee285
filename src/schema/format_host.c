/* Addresses of machines and mailboxes: ipv4, ipv6, email, idn-email. Nothing is looked up. */
#include "schema/format_private.h"

bool format_is_ipv4(struct span text) {
    const char *at = text.data, *end = text.data + text.size;
    for (int part = 0; part < 4; part++) {
        if (part > 0 && (at == end || *at++ != '.'))
            return false;
        const char *first = at;
        unsigned value = 0;
        while (at < end && is_digit(*at) && at - first < 3)
            value = value * 10 + (unsigned)(*at++ - '0');
        if (at == first || value > 255 || (*first == '0' && at - first > 1))
            return false;
    }
    return at == end;
}

bool format_is_ipv6(struct span text) {
    const char *at = text.data, *end = text.data + text.size;
    int groups = 0;
    bool gap = false;
    if (text.size >= 2 && at[0] == ':' && at[1] == ':') {
        gap = true;
        at += 2;
    }
    while (at < end) {
        const char *first = at;
        while (at < end && is_hex(*at) && at - first < 5)
            at++;
        if (at < end && *at == '.') {
            groups += 2;
            if (!format_is_ipv4((struct span){first, (size_t)(end - first)}))
                return false;
            break;
        }
        if (at == first || at - first > 4 || ++groups > 8)
            return false;
        if (at == end)
            break;
        if (*at++ != ':' || at == end)
            return false;
        if (*at == ':') {
            if (gap)
                return false;
            gap = true;
            at++;
        }
    }
    return gap ? groups <= 7 : groups == 8;
}

/* atext of RFC 5322; with `wide` all beyond ASCII as well (RFC 6531). */
static bool is_atom_byte(char byte, bool wide) {
    return (format_byte[(unsigned char)byte] & FORMAT_ATOM) != 0 || (wide && (unsigned char)byte >= 0x80);
}

/* Bytes of the local part at the front (RFC 5321 section 4.1.2), 0 when there is none. */
static size_t local_part(struct span text, bool wide) {
    size_t size = 0;
    if (text.size > 0 && text.data[0] == '"') {
        for (size = 1; size < text.size && text.data[size] != '"'; size++) {
            if (text.data[size] == '\\' && (++size == text.size || (unsigned char)text.data[size] >= 0x80))
                return 0;
            unsigned char byte = (unsigned char)text.data[size];
            if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !wide))
                return 0;
        }
        return size < text.size ? size + 1 : 0;
    }
    while (size < text.size &&
           (is_atom_byte(text.data[size], wide) || (text.data[size] == '.' && size > 0 && text.data[size - 1] != '.')))
        size++;
    return size > 0 && text.data[size - 1] != '.' ? size : 0;
}

/* "[127.0.0.1]", "[IPv6:::1]" */
static bool is_address_literal(struct span text) {
    if (text.size < 3 || text.data[text.size - 1] != ']')
        return false;
    struct span inner = {text.data + 1, text.size - 2};
    if (inner.size > 5 && span_equal_nocase((struct span){inner.data, 5}, SPAN("IPv6:")))
        return format_is_ipv6(span_from(inner, 5));
    return format_is_ipv4(inner);
}

/* Labels of letters, digits, inner hyphens and all beyond ASCII: what a mail server may be named under RFC 6531. IDNA's
 * own rules are left to the format idn-hostname. */
static bool is_wide_name(struct span text) {
    size_t label = 0;
    for (size_t i = 0; i <= text.size; i++) {
        if (i == text.size || text.data[i] == '.') {
            if (label == 0 || text.data[i - 1] == '-')
                return false;
            label = 0;
        } else {
            char byte = text.data[i];
            if ((unsigned char)byte < 0x80 && !is_letter(byte) && !is_digit(byte) && (byte != '-' || label == 0))
                return false;
            label++;
        }
    }
    return text.size <= 1024;
}

static bool is_mailbox(struct span text, bool wide) {
    size_t size = local_part(text, wide);
    if (size == 0 || size > 64 || size >= text.size || text.data[size] != '@')
        return false;
    struct span domain = span_from(text, size + 1);
    if (domain.size > 0 && domain.data[0] == '[')
        return is_address_literal(domain);
    return wide ? is_wide_name(domain) : format_is_ldh_name(domain);
}

bool format_is_email(struct span text) {
    return is_mailbox(text, false);
}

bool format_is_idn_email(struct span text) {
    return is_mailbox(text, true);
}
