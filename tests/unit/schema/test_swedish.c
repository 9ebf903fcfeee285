/* The Swedish formats. Numbers of persons are on Skatteverket's published list of test numbers or were made wrong on
 * purpose (check digit, date, serial); telephone numbers are of the range reserved for fiction. */
#include "schema/format.h"
#include "schema/swedish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *format;
    const char *text;
    bool valid;
};

static const struct row rows[] = {
    {"personnummer", "199908072391", true},
    {"personnummer", "19990807-2391", true},
    {"personnummer", "990807-2391", true},
    {"personnummer", "9908072391", true},
    {"personnummer", "200002292399", true},
    {"personnummer", "000229-2399", true},
    {"personnummer", "199202292380", true},
    {"personnummer", "189001019802", true},
    {"personnummer", "900101+9802", true},
    {"personnummer", "191212121212", true},
    {"personnummer", "199908072390", false}, /* check digit */
    {"personnummer", "199902302380", false}, /* 30 February */
    {"personnummer", "201509160006", false}, /* serial 000 */
    {"personnummer", "000229+2399", false},  /* neither 1800 nor 1900 has that day */
    {"personnummer", "198606722398", false}, /* a samordningsnummer */
    {"personnummer", "179908072391", false},
    {"personnummer", "19990807 2391", false},
    {"personnummer", "1999080-72391", false},
    {"personnummer", "99908072391", false},
    {"personnummer", "199908072391 ", false},
    {"personnummer", "", false},
    {"samordningsnummer", "198606722398", true},
    {"samordningsnummer", "196801642395", true},
    {"samordningsnummer", "191500722390", true}, /* month 00 */
    {"samordningsnummer", "191711602399", true}, /* day 60 */
    {"samordningsnummer", "193100602394", true}, /* both */
    {"samordningsnummer", "860672-2398", true},
    {"samordningsnummer", "198606722399", false},
    {"samordningsnummer", "199908072391", false},
    {"person-id", "199908072391", true},
    {"person-id", "198606722398", true},
    {"person-id", "20000101T220", true},
    {"person-id", "20000101TF12", true},
    {"person-id", "20000101T221", false},
    {"person-id", "20000101A220", false},
    {"person-id", "20000001TF12", false},
    {"person-id:pnr", "199908072391", true},
    {"person-id:pnr", "198606722398", false},
    {"person-id:samnr", "198606722398", true},
    {"person-id:pnr|samnr", "198606722398", true},
    {"person-id:pnr|samnr", "20000101T220", false},
    {"person-id:interim", "20000101T220", true},
    {"person-id:tf", "20000101TF12", true},
    {"organisationsnummer", "556016-0680", true},
    {"organisationsnummer", "5560160680", true},
    {"organisationsnummer", "165560160680", true},
    {"organisationsnummer", "559244-0001", true},
    {"organisationsnummer", "212000-0035", true},
    {"organisationsnummer", "551016-0681", false}, /* third digit */
    {"organisationsnummer", "556016-0681", false},
    {"organisationsnummer", "175560160680", false},
    {"organisationsnummer", "55601606-80", false},
    {"kommunkod", "0120", true},
    {"kommunkod", "2584", true},
    {"kommunkod", "0980", true},
    {"kommunkod", "0100", false},
    {"kommunkod", "0200", false},
    {"kommunkod", "0000", false},
    {"kommunkod", "120", false},
    {"kommunkod", "01 0", false},
    {"postnummer", "123 45", true},
    {"postnummer", "85185", true},
    {"postnummer", "012 34", false},
    {"postnummer", "1234 5", false},
    {"postnummer", "123456", false},
    {"bankgiro", "5402-9681", true},
    {"bankgiro", "902-0033", true},
    {"bankgiro", "9020033", true},
    {"bankgiro", "902-0034", false},
    {"bankgiro", "90-20033", false},
    {"plusgiro", "28 65 43-4", true},
    {"plusgiro", "286543-4", true},
    {"plusgiro", "2865434", true},
    {"plusgiro", "28 65 43-5", false},
    {"plusgiro", "2 865 43-4", false},
    {"plusgiro", "28 65 434", false},
    {"plusgiro", "-4", false},
    {"ocr", "1230", true},
    {"ocr", "12351", true},
    {"ocr", "123067", true},
    {"ocr", "426523791", true},
    {"ocr", "1231", false},
    {"ocr", "0", false},
    {"ocr", "12 30", false},
    {"fastighetsbeteckning", "Skoby Berga 1:2", true},
    {"fastighetsbeteckning", "SKOBY BERGA 1:2", true},
    {"fastighetsbeteckning", "Värmdö Ösby S:3", true},
    {"fastighetsbeteckning", "Värmdö Ösby GA:14", true},
    {"fastighetsbeteckning", "Skoby Kvasten 5", true},
    {"fastighetsbeteckning", "Berga 1:2", false},
    {"fastighetsbeteckning", "Skoby  Berga 1:2", false},
    {"fastighetsbeteckning", "Skoby Berga", false},
    {"fastighetsbeteckning", "Skoby Berga 0:2", false},
    {"fastighetsbeteckning", "Skoby Berga 1:", false},
    {"fastighetsbeteckning", "Skoby Berga 1:2 ", false},
    {"svenskt-telefonnummer", "070-1740605", true},
    {"svenskt-telefonnummer", "0701740699", true},
    {"svenskt-telefonnummer", "+46701740605", true},
    {"svenskt-telefonnummer", "+46 70 174 06 05", true},
    {"svenskt-telefonnummer", "070-174 06 05", true},
    {"svenskt-telefonnummer", "070-174060", false},
    {"svenskt-telefonnummer", "+4670174060", false},
    {"svenskt-telefonnummer", "+460701740605", false},
    {"svenskt-telefonnummer", "07017406050", false},
    {"svenskt-telefonnummer", "070--1740605", false},
    {"svenskt-telefonnummer", "070 1740605 ", false},
    {"svenskt-telefonnummer", "46701740605", false},
};

static void all(void **state) {
    (void)state;
    struct format_scratch scratch;
    format_scratch_init(&scratch);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct format *format;
        assert_true(format_find(span_of(rows[i].format), FORMAT_DRAFT_2020_12, &format, NULL));
        assert_non_null(format);
        if ((format_check(format, span_of(rows[i].text), &scratch) == FORMAT_VALID) != rows[i].valid)
            fail_msg("%s: row \"%s\"", rows[i].format, rows[i].text);
    }
    format_scratch_finish(&scratch);
}

static void municipalities(void **state) {
    (void)state;
    int count = 0;
    for (int code = 0; code < 10000; code++) {
        char text[4] = {(char)('0' + code / 1000), (char)('0' + code / 100 % 10), (char)('0' + code / 10 % 10),
                        (char)('0' + code % 10)};
        count += swedish_is_kommunkod((struct span){text, 4});
    }
    assert_int_equal(count, 290);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all), cmocka_unit_test(municipalities)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
