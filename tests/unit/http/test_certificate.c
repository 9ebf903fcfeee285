/* Ends of certificates, made once with openssl: one with a UTCTime, one beyond 2049 with a GeneralizedTime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/certificate.h"
#include "support/certificate.h"

#include <unistd.h>

#define NEAR                                                                                                           \
    "-----BEGIN CERTIFICATE-----\n"                                                                                    \
    "MIIBbTCCAROgAwIBAgIUchos/VoMd4rgY5o8d+fVD3AV2o4wCgYIKoZIzj0EAwIw\n"                                               \
    "DDEKMAgGA1UEAwwBYTAeFw0yNjExMjQxMTIwMThaFw0yNjEyMjQxMTIwMThaMAwx\n"                                               \
    "CjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQR+ES1HN7B0jfL\n"                                               \
    "MZF6s5ifZpWjbSA2xRkVlE8t3Ez57baNJ7nrmDRMVJ8iWcrfZWgL8ykfSRWBbq4e\n"                                               \
    "ffijF5uHo1MwUTAdBgNVHQ4EFgQUVYZPP/Xrxu9L8cfBqQiGFhpaViowHwYDVR0j\n"                                               \
    "BBgwFoAUVYZPP/Xrxu9L8cfBqQiGFhpaViowDwYDVR0TAQH/BAUwAwEB/zAKBggq\n"                                               \
    "hkjOPQQDAgNIADBFAiEArJ3kHsRdMlP0rnzMhxBg/mz3bG8kKnFxpkKAO5jDlqYC\n"                                               \
    "IC1/YpxWUnlxiP4xGbn1N4jEkjjaPrlMyw8/L41eEpGS\n"                                                                   \
    "-----END CERTIFICATE-----\n"
#define NEAR_MS 1798111218000

static void ends(void **state) {
    (void)state;
    assert_int_equal(certificate_end(SPAN(NEAR)), NEAR_MS);
    assert_int_equal(certificate_end(SPAN(CERTIFICATE)), CERTIFICATE_END_MS);
    assert_int_equal(certificate_end(SPAN("a chain\n" CERTIFICATE "and\n" NEAR)), NEAR_MS);
    assert_int_equal(certificate_end(SPAN(NEAR CERTIFICATE)), NEAR_MS);
    assert_int_equal(certificate_end(SPAN_NONE), 0);
    assert_int_equal(certificate_end(SPAN("no certificate")), 0);
    assert_int_equal(certificate_end(SPAN("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")), 0);
    assert_int_equal(certificate_end_of_file("/nowhere/at.all"), 0);
    assert_int_equal(certificate_end_of_file("/"), 0);
}

/* OpenSSL would ask a terminal, or take what stands in the standard input. */
static void nobody_is_asked_for_a_password(void **state) {
    (void)state;
    int ends[2], before = dup(STDIN_FILENO);
    char left[16];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "word\n", 5), 5);
    (void)close(ends[1]);
    (void)dup2(ends[0], STDIN_FILENO);
    assert_int_equal(certificate_end(SPAN("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                                          "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                                          "AAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n")),
                     0);
    assert_int_equal(read(ends[0], left, sizeof left), 5);
    (void)dup2(before, STDIN_FILENO);
    (void)close(before);
    (void)close(ends[0]);
}

static void none_is_no_end(void **state) {
    (void)state;
    assert_int_equal(certificate_earlier(0, 0), 0);
    assert_int_equal(certificate_earlier(0, 7), 7);
    assert_int_equal(certificate_earlier(7, 0), 7);
    assert_int_equal(certificate_earlier(7, 8), 7);
    assert_int_equal(certificate_earlier(8, 7), 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends), cmocka_unit_test(nobody_is_asked_for_a_password),
                                       cmocka_unit_test(none_is_no_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
