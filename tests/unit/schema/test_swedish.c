/* The Swedish formats. Numbers of persons are on Skatteverket's published list of test numbers or were made wrong on
 * purpose (check digit, date, serial); telephone numbers are of the range reserved for fiction. */
#include "schema/format.h"
#include "schema/swedish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/format.h"

static const struct format_row rows[] = {
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
    {"personnummer", "19990807+2391", true}, /* with both, the century is written */
    {"personnummer", "19990807_2391", false},
    {"personnummer", "219908072391", false}, /* century 21 */
    /* the check digit is right in these, one rule is not */
    {"personnummer", "199900072399", false}, /* month 00 */
    {"personnummer", "199913072394", false}, /* month 13 */
    {"personnummer", "199906322392", false}, /* day 32 */
    {"personnummer", "199908070007", false}, /* serial 000 */
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
    {"samordningsnummer", "19860672-2398", true},
    {"samordningsnummer", "8606722398", true},
    {"samordningsnummer", "198606722399", false}, /* check digit */
    {"samordningsnummer", "198606922394", false}, /* day 92 */
    {"samordningsnummer", "198606592395", false}, /* day 59 */
    {"samordningsnummer", "198613722399", false}, /* month 13 */
    {"samordningsnummer", "198606720004", false}, /* serial 000 */
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
    {"organisationsnummer", "16556016-0680", true},
    {"organisationsnummer", "0123456782", false},  /* first digit */
    {"organisationsnummer", "556016-0681", false}, /* check digit */
    {"organisationsnummer", "2120000035", true},
    {"organisationsnummer", "SE556016068001", false},
    {"organisationsnummer", "199908072391", false}, /* a sole trader's number is a personnummer */
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
    {"bankgiro", "902007", false},    /* 6 digits */
    {"bankgiro", "902003318", false}, /* 9 digits */
    {"bankgiro", "902 0033", false},
    {"plusgiro", "28 65 43-4", true},
    {"plusgiro", "286543-4", true},
    {"plusgiro", "2865434", true},
    {"plusgiro", "28 65 43-5", false},
    {"plusgiro", "2 865 43-4", false},
    {"plusgiro", "28 65 434", false},
    {"plusgiro", "-4", false},
    {"plusgiro", "0", false},         /* 1 digit */
    {"plusgiro", "18", true},         /* 2 digits */
    {"plusgiro", "286543111", false}, /* 9 digits */
    {"ocr", "1230", true},
    {"ocr", "12351", true},
    {"ocr", "123067", true},
    {"ocr", "426523791", true},
    {"ocr", "1231", false},
    {"ocr", "0", false},
    {"ocr", "18", true},
    {"ocr", "1111111111111111111111114", true},   /* 25 digits */
    {"ocr", "11111111111111111111111112", false}, /* 26 */
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
    format_check_rows(rows, sizeof rows / sizeof *rows);
}

/* Counties and municipalities in the order of their numbers, as Statistics Sweden lists them: 21 and 290, a county a
 * line or more. Kept apart from the source's table, which is written otherwise. */
static const char listed[] =
    "0114 0115 0117 0120 0123 0125 0126 0127 0128 0136 0138 0139 0140 0160 0162 0163 0180 0181 0182 0183 "
    "0184 0186 0187 0188 0191 0192 "
    "0305 0319 0330 0331 0360 0380 0381 0382 "
    "0428 0461 0480 0481 0482 0483 0484 0486 0488 "
    "0509 0512 0513 0560 0561 0562 0563 0580 0581 0582 0583 0584 0586 "
    "0604 0617 0642 0643 0662 0665 0680 0682 0683 0684 0685 0686 0687 "
    "0760 0761 0763 0764 0765 0767 0780 0781 "
    "0821 0834 0840 0860 0861 0862 0880 0881 0882 0883 0884 0885 "
    "0980 "
    "1060 1080 1081 1082 1083 "
    "1214 1230 1231 1233 1256 1257 1260 1261 1262 1263 1264 1265 1266 1267 1270 1272 1273 1275 1276 1277 "
    "1278 1280 1281 1282 1283 1284 1285 1286 1287 1290 1291 1292 1293 "
    "1315 1380 1381 1382 1383 1384 "
    "1401 1402 1407 1415 1419 1421 1427 1430 1435 1438 1439 1440 1441 1442 1443 1444 1445 1446 1447 1452 "
    "1460 1461 1462 1463 1465 1466 1470 1471 1472 1473 1480 1481 1482 1484 1485 1486 1487 1488 1489 1490 "
    "1491 1492 1493 1494 1495 1496 1497 1498 1499 "
    "1715 1730 1737 1760 1761 1762 1763 1764 1765 1766 1780 1781 1782 1783 1784 1785 "
    "1814 1860 1861 1862 1863 1864 1880 1881 1882 1883 1884 1885 "
    "1904 1907 1960 1961 1962 1980 1981 1982 1983 1984 "
    "2021 2023 2026 2029 2031 2034 2039 2061 2062 2080 2081 2082 2083 2084 2085 "
    "2101 2104 2121 2132 2161 2180 2181 2182 2183 2184 "
    "2260 2262 2280 2281 2282 2283 2284 "
    "2303 2305 2309 2313 2321 2326 2361 2380 "
    "2401 2403 2404 2409 2417 2418 2421 2422 2425 2460 2462 2463 2480 2481 2482 "
    "2505 2506 2510 2513 2514 2518 2521 2523 2560 2580 2581 2582 2583 2584 ";

/* Eleven letters stand for a serial's first digit in an interim number, counted as 1; the others do not. */
static void interim_letters(void **state) {
    (void)state;
    for (int letter = 'A'; letter <= 'Z'; letter++) {
        char text[] = "20000101T220";
        text[8] = (char)letter;
        assert_int_equal(swedish_is_person(span_of(text), SWEDISH_INTERIM), strchr("TRSUWXJKLMN", letter) != NULL);
        assert_false(swedish_is_person(span_of(text), SWEDISH_PERSONNUMMER | SWEDISH_SAMORDNINGSNUMMER));
    }
}

static void municipalities(void **state) {
    (void)state;
    size_t count = 0, counties = 0;
    const char *at = listed;
    for (int code = 0; code < 10000; code++) {
        char text[5] = {(char)('0' + code / 1000), (char)('0' + code / 100 % 10), (char)('0' + code / 10 % 10),
                        (char)('0' + code % 10), '\0'};
        bool wanted = strncmp(at, text, 4) == 0;
        if (swedish_is_kommunkod((struct span){text, 4}) != wanted)
            fail_msg("%s is %s of a municipality", text, wanted ? "the code" : "no code");
        if (!wanted)
            continue;
        counties += count == 0 || memcmp(at - 5, at, 2) != 0;
        count++;
        at += 5;
    }
    assert_int_equal(count, 290);
    assert_int_equal(counties, 21);
    assert_int_equal(*at, '\0');
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all), cmocka_unit_test(municipalities),
                                       cmocka_unit_test(interim_letters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
