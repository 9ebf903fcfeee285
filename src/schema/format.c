/* The table of formats: one row a name. The checks are in the files it names. */
#include "schema/format_private.h"
#include "schema/regex.h"
#include "schema/swedish.h"
#include "schema/uri.h"

void format_scratch_init(struct format_scratch *scratch) {
    arena_init(&scratch->arena, 0);
}

void format_scratch_finish(struct format_scratch *scratch) {
    arena_finish(&scratch->arena);
}

static bool is_uri(struct span text) {
    return uri_is_valid(text, URI_ABSOLUTE);
}

static bool is_uri_reference(struct span text) {
    return uri_is_valid(text, URI_REFERENCE);
}

static bool is_iri(struct span text) {
    return uri_is_valid(text, IRI_ABSOLUTE);
}

static bool is_iri_reference(struct span text) {
    return uri_is_valid(text, IRI_REFERENCE);
}

static enum format_result check_regex(struct span text, const struct format *format, struct format_scratch *scratch) {
    (void)format;
    bool memory = false;
    bool valid = regex_is_valid(text, &scratch->arena, &memory, NULL);
    arena_reset(&scratch->arena);
    return valid ? FORMAT_VALID : memory ? FORMAT_ERROR : FORMAT_INVALID;
}

static enum format_result check_person(struct span text, const struct format *format, struct format_scratch *scratch) {
    (void)scratch;
    return swedish_is_person(text, format->kinds) ? FORMAT_VALID : FORMAT_INVALID;
}

enum {
    FROM_6 = FORMAT_DRAFT_ANY & ~FORMAT_DRAFT_4,
    FROM_7 = FROM_6 & ~FORMAT_DRAFT_6,
    FROM_2019_09 = FROM_7 & ~FORMAT_DRAFT_7,
    EVER = FORMAT_DRAFT_ANY,
};

/* clang-format off */
#define HOLDS(name, drafts, holds, wanted) {SPAN(name), (drafts), (holds), NULL, 0, (wanted)}
#define CHECK(name, drafts, check, wanted) {SPAN(name), (drafts), NULL, (check), 0, (wanted)}
/* clang-format on */

static const struct format formats[] = {
    HOLDS("date-time", EVER, format_is_date_time, "a date and time with offset, as 2026-11-23T21:20:00Z (RFC 3339)"),
    HOLDS("date", FROM_7, format_is_date, "a date that exists, as 2026-11-23 (RFC 3339)"),
    HOLDS("time", FROM_7, format_is_time, "a time with offset, as 21:20:00Z (RFC 3339)"),
    HOLDS("duration", FROM_2019_09, format_is_duration, "a duration, as P1DT12H or P2W (RFC 3339 appendix A)"),
    HOLDS("email", EVER, format_is_email, "an e-mail address, as name@example.com (RFC 5321)"),
    HOLDS("idn-email", FROM_7, format_is_idn_email, "an e-mail address, also beyond ASCII (RFC 6531)"),
    CHECK("hostname", EVER, format_check_hostname, "a host name, as www.example.com (RFC 1123)"),
    CHECK("idn-hostname", FROM_7, format_check_idn_hostname, "a host name, also beyond ASCII (RFC 5890)"),
    HOLDS("ipv4", EVER, format_is_ipv4, "an IPv4 address, as 192.0.2.1"),
    HOLDS("ipv6", EVER, format_is_ipv6, "an IPv6 address, as 2001:db8::1"),
    HOLDS("uri", EVER, is_uri, "a URI with a scheme, as https://example.com/a (RFC 3986)"),
    HOLDS("uri-reference", FROM_6, is_uri_reference, "a URI or relative reference (RFC 3986)"),
    HOLDS("iri", FROM_7, is_iri, "an IRI with a scheme (RFC 3987)"),
    HOLDS("iri-reference", FROM_7, is_iri_reference, "an IRI or relative reference (RFC 3987)"),
    HOLDS("uri-template", FROM_6, format_is_uri_template, "a URI template, as /cases/{id} (RFC 6570)"),
    HOLDS("json-pointer", FROM_6, format_is_json_pointer, "a JSON Pointer, as /data/0 (RFC 6901)"),
    HOLDS("relative-json-pointer", FROM_7, format_is_relative_json_pointer, "a relative JSON Pointer, as 1/name"),
    HOLDS("uuid", FROM_2019_09, format_is_uuid, "a UUID of 32 hexadecimal digits in five groups (RFC 9562)"),
    CHECK("regex", EVER, check_regex, "a regular expression of ECMA-262"),
    HOLDS("personnummer", EVER, swedish_is_personnummer, "a personnummer with a date that exists and its check digit"),
    HOLDS("samordningsnummer", EVER, swedish_is_samordningsnummer,
          "a samordningsnummer (day 60 to 91) with its check digit"),
    HOLDS("organisationsnummer", EVER, swedish_is_organisationsnummer, "an organisationsnummer with its check digit"),
    HOLDS("kommunkod", EVER, swedish_is_kommunkod, "the four-digit code of a municipality, as \"0120\""),
    HOLDS("postnummer", EVER, swedish_is_postnummer, "a postnummer, as \"123 45\" or \"12345\""),
    HOLDS("bankgiro", EVER, swedish_is_bankgiro, "a bankgiro number of 7 or 8 digits with its check digit"),
    HOLDS("plusgiro", EVER, swedish_is_plusgiro, "a plusgiro number of 2 to 8 digits with its check digit"),
    HOLDS("ocr", EVER, swedish_is_ocr, "an OCR reference of 2 to 25 digits with its check digit"),
    HOLDS("fastighetsbeteckning", EVER, swedish_is_fastighetsbeteckning,
          "a fastighetsbeteckning: municipality, tract or block, unit"),
    HOLDS("svenskt-telefonnummer", EVER, swedish_is_telefonnummer,
          "a Swedish telephone number that begins with 0 or +46"),
};

/* clang-format off */
#define PERSON(kinds) {SPAN("person-id"), EVER, NULL, check_person, (kinds), \
                       "the number of a person (of the kinds the schema names) with its check digit"}
/* clang-format on */

/* One row for each set of kinds, so that a format stays one immutable pointer; the last is all of them. */
static const struct format persons[] = {
    PERSON(1), PERSON(2),  PERSON(3),  PERSON(4),  PERSON(5),  PERSON(6),  PERSON(7),  PERSON(8),
    PERSON(9), PERSON(10), PERSON(11), PERSON(12), PERSON(13), PERSON(14), PERSON(15),
};

const struct format *format_table(size_t *count) {
    *count = sizeof formats / sizeof formats[0];
    return formats;
}

bool format_find(struct span name, unsigned draft, const struct format **format, struct error *error) {
    *format = NULL;
    if (span_starts_with(name, SPAN("person-id"))) {
        struct span rest = span_from(name, strlen("person-id"));
        unsigned kinds = SWEDISH_ANY_KIND;
        if (rest.size > 0 && rest.data[0] != ':')
            return true;
        if (rest.size > 0 && !swedish_read_kinds(span_from(rest, 1), &kinds, error))
            return false;
        *format = &persons[kinds - 1];
        return true;
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (span_equal(formats[i].name, name) && (formats[i].drafts & draft) != 0)
            *format = &formats[i];
    return true;
}
