/* Swedish places and telephones: kommunkod, postnummer, fastighetsbeteckning, svenskt-telefonnummer. Only the
 * municipalities are a list; the rest is form. */
#include "schema/format_private.h"
#include "schema/format_utf8.h"
#include "schema/swedish.h"

/* County, then the last two digits of its municipalities (SCB, "Lan och kommuner", unchanged since 2007). */
static const struct {
    const char *county, *codes;
} municipalities[] = {
    {"01", "14 15 17 20 23 25 26 27 28 36 38 39 40 60 62 63 80 81 82 83 84 86 87 88 91 92"},
    {"03", "05 19 30 31 60 80 81 82"},
    {"04", "28 61 80 81 82 83 84 86 88"},
    {"05", "09 12 13 60 61 62 63 80 81 82 83 84 86"},
    {"06", "04 17 42 43 62 65 80 82 83 84 85 86 87"},
    {"07", "60 61 63 64 65 67 80 81"},
    {"08", "21 34 40 60 61 62 80 81 82 83 84 85"},
    {"09", "80"},
    {"10", "60 80 81 82 83"},
    {"12", ("14 30 31 33 56 57 60 61 62 63 64 65 66 67 70 72 73 75 76 77 78 80 81 82 83 84 85 86 87 "
            "90 91 92 93")},
    {"13", "15 80 81 82 83 84"},
    {"14", ("01 02 07 15 19 21 27 30 35 38 39 40 41 42 43 44 45 46 47 52 60 61 62 63 65 66 70 71 72 "
            "73 80 81 82 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99")},
    {"17", "15 30 37 60 61 62 63 64 65 66 80 81 82 83 84 85"},
    {"18", "14 60 61 62 63 64 80 81 82 83 84 85"},
    {"19", "04 07 60 61 62 80 81 82 83 84"},
    {"20", "21 23 26 29 31 34 39 61 62 80 81 82 83 84 85"},
    {"21", "01 04 21 32 61 80 81 82 83 84"},
    {"22", "60 62 80 81 82 83 84"},
    {"23", "03 05 09 13 21 26 61 80"},
    {"24", "01 03 04 09 17 18 21 22 25 60 62 63 80 81 82"},
    {"25", "05 06 10 13 14 18 21 23 60 80 81 82 83 84"},
};

bool swedish_is_kommunkod(struct span text) {
    if (text.size != 4)
        return false;
    for (size_t i = 0; i < sizeof municipalities / sizeof municipalities[0]; i++) {
        if (memcmp(municipalities[i].county, text.data, 2) != 0)
            continue;
        for (const char *code = municipalities[i].codes; *code != '\0'; code += code[2] == ' ' ? 3 : 2)
            if (memcmp(code, text.data + 2, 2) == 0)
                return true;
    }
    return false;
}

bool swedish_is_postnummer(struct span text) {
    if (text.size < 5 || text.size > 6 || text.data[0] == '0' || (text.size == 6 && text.data[3] != ' '))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_digit(text.data[i]) && !(text.size == 6 && i == 3))
            return false;
    return true;
}

/* Bytes of a word of a name: a letter (ASCII, Latin-1, Latin Extended-A), then letters, digits and - ' . : &. 0: none.
 */
static size_t name_word(const char *at, const char *end) {
    const char *start = at;
    while (at < end && *at != ' ') {
        const char *next = at;
        uint32_t point = utf8_take(&next, end);
        bool letter = (point < 0x80 && is_letter((char)point)) ||
                      (point >= 0xc0 && point < 0x180 && point != 0xd7 && point != 0xf7);
        bool inner = point < 0x80 && (is_digit((char)point) || (point != 0 && strchr("-'.:&", (int)point) != NULL));
        if (!letter && !(inner && at > start))
            return 0;
        at = next;
    }
    return (size_t)(at - start);
}

/* 1 to 5 digits, not beginning with 0. */
static bool is_number(struct span text) {
    if (text.size == 0 || text.size > 5 || text.data[0] == '0')
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_digit(text.data[i]))
            return false;
    return true;
}

/* "2", "1:2", "S:3", "GA:4" */
static bool is_unit(struct span text) {
    const char *colon = memchr(text.data, ':', text.size);
    if (colon == NULL)
        return is_number(text);
    struct span block = {text.data, (size_t)(colon - text.data)};
    return is_number(span_from(text, block.size + 1)) &&
           (span_equal(block, SPAN("S")) || span_equal(block, SPAN("GA")) || is_number(block));
}

bool swedish_is_fastighetsbeteckning(struct span text) {
    if (text.size == 0 || text.size > 120)
        return false;
    const char *at = text.data, *end = text.data + text.size;
    int words = 0;
    for (;;) {
        struct span rest = {at, (size_t)(end - at)};
        if (memchr(at, ' ', rest.size) == NULL)
            return words >= 2 && rest.size > 0 && is_unit(rest); /* municipality and a name in front */
        size_t size = name_word(at, end);
        if (size == 0)
            return false;
        words++;
        at += size + 1;
    }
}

bool swedish_is_telefonnummer(struct span text) {
    struct span rest;
    if (span_starts_with(text, SPAN("+46")))
        rest = span_from(text, text.size > 3 && text.data[3] == ' ' ? 4 : 3);
    else if (span_starts_with(text, SPAN("0")))
        rest = span_from(text, 1);
    else
        return false;
    char digits[9];
    size_t count = 0, hyphens = 0;
    for (size_t i = 0; i < rest.size; i++) {
        char byte = rest.data[i];
        if (is_digit(byte)) {
            if (count == sizeof digits)
                return false;
            digits[count++] = byte;
            continue;
        }
        bool between = i > 0 && i + 1 < rest.size && is_digit(rest.data[i - 1]) && is_digit(rest.data[i + 1]);
        if (!between || (byte != ' ' && (byte != '-' || ++hyphens > 1 || count > 3)))
            return false;
    }
    if (count < 7 || digits[0] == '0')
        return false;
    bool mobile = digits[0] == '7' && strchr("0236", digits[1]) != NULL;
    return !mobile || count == 9;
}
