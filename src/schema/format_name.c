/* hostname and idn-hostname: LDH labels by hand, A-labels and U-labels by libidn2, the Bidi rule over the whole name
 * (RFC 1123, RFC 5890-5893). Nothing is looked up. */
#include "schema/format_private.h"
#include "schema/format_utf8.h"

#include <idn2.h>
#include <unictype.h>

enum { LABEL_MAXIMUM = 63, NAME_MAXIMUM = 253 };

static bool is_ldh_label(struct span label) {
    if (label.size == 0 || label.size > LABEL_MAXIMUM || label.data[0] == '-' || label.data[label.size - 1] == '-')
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!is_letter(label.data[i]) && !is_digit(label.data[i]) && label.data[i] != '-')
            return false;
    return true;
}

/* U+002E, U+3002, U+FF0E, U+FF61 (RFC 3490 section 3.1, kept by UTS 46) */
static bool is_dot(const char *at, const char *end, size_t *size) {
    const char *next = at;
    uint32_t point = utf8_take(&next, end);
    *size = (size_t)(next - at);
    return point == '.' || point == 0x3002 || point == 0xff0e || point == 0xff61;
}

/* Cuts the next label off; *last tells that no dot followed. */
static struct span next_label(struct span *rest, bool *last) {
    const char *at = rest->data, *end = rest->data + rest->size;
    size_t size = 0;
    while (at < end && !is_dot(at, end, &size))
        at += size;
    struct span label = {rest->data, (size_t)(at - rest->data)};
    *last = at == end;
    *rest = span_from(*rest, label.size + (*last ? 0 : size));
    return label;
}

bool format_is_ldh_name(struct span text) {
    size_t label = 0;
    if (text.size == 0 || text.size > NAME_MAXIMUM)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if ((format_byte[(unsigned char)byte] & FORMAT_LABEL) != 0) {
            if (++label > LABEL_MAXIMUM || (byte == '-' && label == 1))
                return false;
        } else {
            if (byte != '.' || label == 0 || text.data[i - 1] == '-')
                return false;
            label = 0;
        }
    }
    return label > 0 && text.data[text.size - 1] != '-';
}

static bool is_ace(struct span label) {
    return label.size >= 4 && label.data[3] == '-' && span_equal_nocase((struct span){label.data, 4}, SPAN("xn--"));
}

static enum format_result idn_result(int code) {
    return code == IDN2_OK ? FORMAT_VALID : code == IDN2_MALLOC ? FORMAT_ERROR : FORMAT_INVALID;
}

/* An A-label must come back unchanged from its U-label (RFC 5891 section 4.2.1). With `unicode` the U-label is written
 * there (256 bytes are enough for 63 code points). */
static enum format_result check_a_label(struct span label, char *unicode) {
    char text[LABEL_MAXIMUM + 1];
    if (!is_ldh_label(label))
        return FORMAT_INVALID;
    for (size_t i = 0; i < label.size; i++)
        text[i] = label.data[i] >= 'A' && label.data[i] <= 'Z' ? (char)(label.data[i] + 32) : label.data[i];
    text[label.size] = '\0';
    uint8_t *registered = NULL;
    enum format_result result = idn_result(idn2_register_u8(NULL, (const uint8_t *)text, &registered, 0));
    idn2_free(registered);
    if (result != FORMAT_VALID || unicode == NULL)
        return result;
    char *decoded = NULL;
    result = idn_result(idn2_to_unicode_8z8z(text, &decoded, 0));
    if (result == FORMAT_VALID && strlen(decoded) < 256)
        memcpy(unicode, decoded, strlen(decoded) + 1);
    else if (result == FORMAT_VALID)
        result = FORMAT_INVALID;
    idn2_free(decoded);
    return result;
}

/* Adds the length of the A-label to *length. */
static enum format_result check_u_label(struct span label, size_t *length) {
    char text[4 * LABEL_MAXIMUM + 1];
    if (label.size >= sizeof text || memchr(label.data, '\0', label.size) != NULL)
        return FORMAT_INVALID;
    memcpy(text, label.data, label.size);
    text[label.size] = '\0';
    uint8_t *registered = NULL;
    enum format_result result = idn_result(idn2_register_u8((const uint8_t *)text, NULL, &registered, 0));
    if (result == FORMAT_VALID)
        *length += strlen((const char *)registered);
    idn2_free(registered);
    return result;
}

enum format_result format_check_hostname(struct span text, const struct format *format,
                                         struct format_scratch *scratch) {
    (void)format, (void)scratch;
    if (!format_is_ldh_name(text))
        return FORMAT_INVALID;
    enum format_result result = FORMAT_VALID;
    while (text.size > 0 && result == FORMAT_VALID) {
        const char *dot = memchr(text.data, '.', text.size);
        struct span label = {text.data, dot != NULL ? (size_t)(dot - text.data) : text.size};
        if (is_ace(label))
            result = check_a_label(label, NULL);
        text = span_from(text, label.size + 1);
    }
    return result;
}

#define BIDI(category) (UINT32_C(1) << (category))

/* The set of Bidi categories in a label, with those of its first character and of its last that is no NSM. */
struct bidi {
    uint32_t all, first, last;
};

static struct bidi bidi_of(struct span label) {
    struct bidi bidi = {0};
    for (const char *at = label.data, *end = label.data + label.size; at < end;) {
        int category = uc_bidi_category(utf8_take(&at, end));
        bidi.all |= BIDI(category);
        if (bidi.first == 0)
            bidi.first = BIDI(category);
        if (category != UC_BIDI_NSM)
            bidi.last = BIDI(category);
    }
    return bidi;
}

/* RFC 5893 section 2, for a label of a name that holds right-to-left characters. */
static bool obeys_bidi_rule(struct bidi bidi) {
    const uint32_t left = BIDI(UC_BIDI_L), european = BIDI(UC_BIDI_EN), arabic = BIDI(UC_BIDI_AN);
    const uint32_t right = BIDI(UC_BIDI_R) | BIDI(UC_BIDI_AL);
    const uint32_t neutral = BIDI(UC_BIDI_ES) | BIDI(UC_BIDI_CS) | BIDI(UC_BIDI_ET) | BIDI(UC_BIDI_ON) |
                             BIDI(UC_BIDI_BN) | BIDI(UC_BIDI_NSM);
    if ((bidi.first & right) != 0)
        return (bidi.all & ~(right | european | arabic | neutral)) == 0 &&
               (bidi.last & (right | european | arabic)) != 0 &&
               ((bidi.all & european) == 0 || (bidi.all & arabic) == 0);
    return (bidi.first & left) != 0 && (bidi.all & ~(left | european | neutral)) == 0 &&
           (bidi.last & (left | european)) != 0;
}

/* One label: its rules, the length of its A-label, its Bidi categories. */
static enum format_result check_label(struct span label, size_t *length, struct bidi *bidi) {
    bool ascii = true;
    for (size_t i = 0; i < label.size; i++)
        ascii = ascii && (unsigned char)label.data[i] < 0x80;
    char unicode[256];
    enum format_result result = FORMAT_INVALID;
    if (label.size == 0)
        return FORMAT_INVALID;
    if (!ascii) {
        result = check_u_label(label, length);
    } else if (is_ace(label)) {
        result = check_a_label(label, unicode);
        *length += label.size;
        if (result == FORMAT_VALID)
            label = span_of(unicode);
    } else if (is_ldh_label(label) && !(label.size > 3 && label.data[2] == '-' && label.data[3] == '-')) {
        result = FORMAT_VALID;
        *length += label.size;
    }
    *bidi = bidi_of(label);
    return result;
}

enum format_result format_check_idn_hostname(struct span text, const struct format *format,
                                             struct format_scratch *scratch) {
    (void)format, (void)scratch;
    size_t length = 0;
    bool last = false, right_to_left = false, obeyed = true;
    if (text.data == NULL)
        return FORMAT_INVALID;
    while (!last) {
        struct bidi bidi;
        enum format_result result = check_label(next_label(&text, &last), &length, &bidi);
        if (result != FORMAT_VALID)
            return result;
        length += !last;
        if (length > NAME_MAXIMUM)
            return FORMAT_INVALID;
        right_to_left = right_to_left || (bidi.all & (BIDI(UC_BIDI_R) | BIDI(UC_BIDI_AL) | BIDI(UC_BIDI_AN))) != 0;
        obeyed = obeyed && obeys_bidi_rule(bidi);
    }
    return right_to_left && !obeyed ? FORMAT_INVALID : FORMAT_VALID;
}
