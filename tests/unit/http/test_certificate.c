/* Ends of certificates, made once with openssl: one with a UTCTime, one beyond 2049 with a GeneralizedTime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/certificate.h"

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
#define FAR                                                                                                            \
    "-----BEGIN CERTIFICATE-----\n"                                                                                    \
    "MIIBbzCCARWgAwIBAgIUE61TkX0SRFxXV93R/0zRlD8elh0wCgYIKoZIzj0EAwIw\n"                                               \
    "DDEKMAgGA1UEAwwBYjAgFw0yNjExMjQxMTIwMThaGA8yMDgxMDgyNzExMjAxOFow\n"                                               \
    "DDEKMAgGA1UEAwwBYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMupanCE9YvX\n"                                               \
    "EAElED7DVW2IbPW6bHT7A9QwDSCfvIYTAGhD5OukV03+oNoDi7l1TeCfufe+/oiM\n"                                               \
    "YRGXlVqZeFujUzBRMB0GA1UdDgQWBBQqBHTOPBSh6PTHnwlQV5CggLfOkjAfBgNV\n"                                               \
    "HSMEGDAWgBQqBHTOPBSh6PTHnwlQV5CggLfOkjAPBgNVHRMBAf8EBTADAQH/MAoG\n"                                               \
    "CCqGSM49BAMCA0gAMEUCIHH4fCk7AzTf6vSoeywCjsshu/H4aYB9ya5VNievzn1N\n"                                               \
    "AiEAx6y4pSQA9LFCNFAsvRo5XW9xahRv7GwGR7jOiWXNk6g=\n"                                                               \
    "-----END CERTIFICATE-----\n"
#define NEAR_MS 1798111218000
#define FAR_MS  3523519218000

static void ends(void **state) {
    (void)state;
    assert_int_equal(certificate_end(SPAN(NEAR)), NEAR_MS);
    assert_int_equal(certificate_end(SPAN(FAR)), FAR_MS);
    assert_int_equal(certificate_end(SPAN("a chain\n" FAR "and\n" NEAR)), NEAR_MS);
    assert_int_equal(certificate_end(SPAN_NONE), 0);
    assert_int_equal(certificate_end(SPAN("no certificate")), 0);
    assert_int_equal(certificate_end(SPAN("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")), 0);
    assert_int_equal(certificate_end_of_file("/nowhere/at.all"), 0);
    assert_int_equal(certificate_end_of_file("/"), 0);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends), cmocka_unit_test(none_is_no_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
