/* Names of Unicode properties and the code points that have them. No tables of code points are kept here. */
#include "schema/regex_property.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <unictype.h>

enum { MASK_LU = 1, MASK_LL = 2, MASK_LT = 4 };

/* short name, long name, further alias */
static const char *const categories[][3] = {
    {"L", "Letter", NULL},
    {"LC", "Cased_Letter", NULL},
    {"Lu", "Uppercase_Letter", NULL},
    {"Ll", "Lowercase_Letter", NULL},
    {"Lt", "Titlecase_Letter", NULL},
    {"Lm", "Modifier_Letter", NULL},
    {"Lo", "Other_Letter", NULL},
    {"M", "Mark", "Combining_Mark"},
    {"Mn", "Nonspacing_Mark", NULL},
    {"Mc", "Spacing_Mark", NULL},
    {"Me", "Enclosing_Mark", NULL},
    {"N", "Number", NULL},
    {"Nd", "Decimal_Number", "digit"},
    {"Nl", "Letter_Number", NULL},
    {"No", "Other_Number", NULL},
    {"P", "Punctuation", "punct"},
    {"Pc", "Connector_Punctuation", NULL},
    {"Pd", "Dash_Punctuation", NULL},
    {"Ps", "Open_Punctuation", NULL},
    {"Pe", "Close_Punctuation", NULL},
    {"Pi", "Initial_Punctuation", NULL},
    {"Pf", "Final_Punctuation", NULL},
    {"Po", "Other_Punctuation", NULL},
    {"S", "Symbol", NULL},
    {"Sm", "Math_Symbol", NULL},
    {"Sc", "Currency_Symbol", NULL},
    {"Sk", "Modifier_Symbol", NULL},
    {"So", "Other_Symbol", NULL},
    {"Z", "Separator", NULL},
    {"Zs", "Space_Separator", NULL},
    {"Zl", "Line_Separator", NULL},
    {"Zp", "Paragraph_Separator", NULL},
    {"C", "Other", NULL},
    {"Cc", "Control", "cntrl"},
    {"Cf", "Format", NULL},
    {"Cs", "Surrogate", NULL},
    {"Co", "Private_Use", NULL},
    {"Cn", "Unassigned", NULL},
};

/* long name, short name or NULL */
static const char *const binaries[][2] = {
    {"ASCII_Hex_Digit", "AHex"},
    {"Alphabetic", "Alpha"},
    {"Bidi_Control", "Bidi_C"},
    {"Bidi_Mirrored", "Bidi_M"},
    {"Case_Ignorable", "CI"},
    {"Cased", NULL},
    {"Changes_When_Casefolded", "CWCF"},
    {"Changes_When_Casemapped", "CWCM"},
    {"Changes_When_Lowercased", "CWL"},
    {"Changes_When_NFKC_Casefolded", "CWKCF"},
    {"Changes_When_Titlecased", "CWT"},
    {"Changes_When_Uppercased", "CWU"},
    {"Dash", NULL},
    {"Default_Ignorable_Code_Point", "DI"},
    {"Deprecated", "Dep"},
    {"Diacritic", "Dia"},
    {"Emoji", NULL},
    {"Emoji_Component", "EComp"},
    {"Emoji_Modifier", "EMod"},
    {"Emoji_Modifier_Base", "EBase"},
    {"Emoji_Presentation", "EPres"},
    {"Extended_Pictographic", "ExtPict"},
    {"Extender", "Ext"},
    {"Grapheme_Base", "Gr_Base"},
    {"Grapheme_Extend", "Gr_Ext"},
    {"Hex_Digit", "Hex"},
    {"IDS_Binary_Operator", "IDSB"},
    {"IDS_Trinary_Operator", "IDST"},
    {"ID_Continue", "IDC"},
    {"ID_Start", "IDS"},
    {"Ideographic", "Ideo"},
    {"Join_Control", "Join_C"},
    {"Logical_Order_Exception", "LOE"},
    {"Lowercase", "Lower"},
    {"Math", NULL},
    {"Noncharacter_Code_Point", "NChar"},
    {"Pattern_Syntax", "Pat_Syn"},
    {"Pattern_White_Space", "Pat_WS"},
    {"Quotation_Mark", "QMark"},
    {"Radical", NULL},
    {"Regional_Indicator", "RI"},
    {"Sentence_Terminal", "STerm"},
    {"Soft_Dotted", "SD"},
    {"Terminal_Punctuation", "Term"},
    {"Unified_Ideograph", "UIdeo"},
    {"Uppercase", "Upper"},
    {"Variation_Selector", "VS"},
    {"White_Space", "space"},
    {"XID_Continue", "XIDC"},
    {"XID_Start", "XIDS"},
};

static bool is(struct span text, const char *name) {
    return name != NULL && span_equal(text, span_of(name));
}

static bool set_text(struct regex_property *property, const char *prefix, struct span name) {
    int size = snprintf(property->text, sizeof property->text, "%s" SPAN_FORMAT, prefix, SPAN_ARGUMENT(name));
    return size > 0 && (size_t)size < sizeof property->text;
}

static bool read_category(struct span name, struct regex_property *property) {
    for (size_t i = 0; i < sizeof categories / sizeof categories[0]; i++) {
        if (!is(name, categories[i][0]) && !is(name, categories[i][1]) && !is(name, categories[i][2]))
            continue;
        property->source = REGEX_PROPERTY_CATEGORY;
        bool cased = strcmp(categories[i][0], "LC") == 0;
        property->mask = cased ? MASK_LU | MASK_LL | MASK_LT : uc_general_category_byname(categories[i][0]).bitmask;
        return set_text(property, "", cased ? SPAN("L&") : span_of(categories[i][0]));
    }
    return false;
}

static bool read_binary(struct span name, struct regex_property *property) {
    static const struct {
        const char *name;
        enum regex_property_source source;
    } special[] = {
        {"ASCII", REGEX_PROPERTY_ASCII},
        {"Any", REGEX_PROPERTY_ANY},
        {"Assigned", REGEX_PROPERTY_ASSIGNED},
    };
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if (is(name, special[i].name)) {
            property->source = special[i].source;
            return set_text(property, "", name);
        }
    for (size_t i = 0; i < sizeof binaries / sizeof binaries[0]; i++) {
        if (!is(name, binaries[i][0]) && !is(name, binaries[i][1]))
            continue;
        uc_property_t found = uc_property_byname(binaries[i][0]);
        property->source = uc_property_is_valid(found) ? REGEX_PROPERTY_BINARY : REGEX_PROPERTY_PCRE2_ONLY;
        property->test = found.test_fn;
        return set_text(property, "", span_of(binaries[i][0]));
    }
    return false;
}

/* Whether PCRE2 knows it: the judge over the four-letter names of scripts. */
static bool pcre2_knows(const char *text) {
    char pattern[64];
    int code, size = snprintf(pattern, sizeof pattern, "\\p{%s}", text);
    PCRE2_SIZE offset;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern, (PCRE2_SIZE)size, PCRE2_UTF, &code, &offset, NULL);
    pcre2_code_free(compiled);
    return compiled != NULL;
}

static bool read_script(struct span name, bool extensions, struct regex_property *property) {
    char text[40];
    if (name.size >= sizeof text)
        return false;
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    const uc_script_t *script = extensions ? NULL : uc_script_byname(text);
    property->source = script != NULL ? REGEX_PROPERTY_SCRIPT : REGEX_PROPERTY_PCRE2_ONLY;
    property->script = script;
    return set_text(property, extensions ? "scx=" : "sc=", name) && (script != NULL || pcre2_knows(property->text));
}

bool regex_property_read(struct span text, bool negated, struct regex_property *property) {
    *property = (struct regex_property){.negated = negated};
    const char *sign = text.size > 0 ? memchr(text.data, '=', text.size) : NULL;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        bool name = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
        if (!name && byte != '_' && text.data + i != sign)
            return false;
    }
    if (sign == NULL)
        return read_category(text, property) || read_binary(text, property);
    struct span name = {text.data, (size_t)(sign - text.data)};
    struct span value = span_from(text, name.size + 1);
    if (is(name, "General_Category") || is(name, "gc"))
        return read_category(value, property);
    if (is(name, "Script") || is(name, "sc"))
        return read_script(value, false, property);
    return (is(name, "Script_Extensions") || is(name, "scx")) && read_script(value, true, property);
}

static bool has(const struct regex_property *property, uint32_t point) {
    switch (property->source) {
    case REGEX_PROPERTY_CATEGORY:
        return uc_is_general_category_withtable(point, property->mask);
    case REGEX_PROPERTY_BINARY:
        return property->test(point);
    case REGEX_PROPERTY_SCRIPT:
        return uc_is_script(point, property->script);
    case REGEX_PROPERTY_ASCII:
        return point < 0x80;
    case REGEX_PROPERTY_ASSIGNED:
        return !uc_is_general_category_withtable(point, UC_CATEGORY_MASK_Cn);
    case REGEX_PROPERTY_ANY:
        return true;
    case REGEX_PROPERTY_PCRE2_ONLY:
        break;
    }
    return false;
}

static bool fill(struct regex_property *property, struct arena *arena) {
    struct regex_set *points = &property->points;
    bool inside = false;
    uint32_t low = 0;
    for (uint32_t point = 0; point <= REGEX_POINT_MAXIMUM + 1; point++) {
        /* the planes 4 to 13 hold nothing, 15 and 16 are private: each is uniform up to its two non-characters */
        uint32_t in_plane = point & 0xffff, plane = point >> 16;
        if (in_plane == 2 && ((plane >= 4 && plane <= 13) || plane == 15 || plane == 16))
            point += 0xfffe - 2;
        bool next = point <= REGEX_POINT_MAXIMUM && has(property, point);
        if (next && !inside)
            low = point;
        if (!next && inside && !regex_set_add(points, low, point - 1, arena))
            return false;
        inside = next;
    }
    return regex_set_settle(points, arena) && (!property->negated || regex_set_invert(points, arena));
}

bool regex_property_add(struct regex_property *property, struct regex_set *set, struct arena *arena) {
    if (!property->filled && !fill(property, arena))
        return false;
    property->filled = true;
    return regex_set_add_all(set, &property->points, arena);
}
