/* How Retry-After and addresses are read. No connection is made. */
#include "http/address.h"
#include "http/transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void retry_after_is_read_in_all_its_forms(void **state) {
    (void)state;
    static const struct {
        const char *value;
        int64_t expected_ms;
    } rows[] = {
        {"", -1},
        {"0", 0},
        {"7", 7000},
        {"3599", 3599000},
        {"3600", 3600000},
        {"5000000000", 3600000},
        {"99999999999999999999999", 3600000},
        {"-1", -1},
        {"1.5", -1},
        {"soon", -1},
        {"Mon, 23 Nov 2026 12:00:10 GMT", 10000},
        {"Mon, 23 Nov 2026 11:59:00 GMT", 0},
        {"Fri, 31 Dec 2199 23:59:59 GMT", 3600000},
    };
    int64_t wall_ms = 1795435200000; /* 2026-11-23T12:00:00Z */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (transfer_retry_after(span_of(rows[i].value), wall_ms) != rows[i].expected_ms)
            fail_msg("Retry-After \"%s\" gave %lld", rows[i].value,
                     (long long)transfer_retry_after(span_of(rows[i].value), wall_ms));
}

static void addresses_of_this_host_are_forbidden(void **state) {
    (void)state;
    static const struct {
        const char *address;
        bool forbidden;
    } rows[] = {
        {"127.0.0.1", true},
        {"127.8.8.8", true},
        {"0.0.0.0", true},
        {"169.254.169.254", true},
        {"224.0.0.1", true},
        {"10.1.2.3", false},
        {"192.0.2.1", false},
        {"::1", true},
        {"::", true},
        {"fe80::1", true},
        {"ff02::1", true},
        {"2001:db8::1", false},
        {"::ffff:127.0.0.1", true},
        {"::ffff:169.254.169.254", true},
        {"::ffff:192.0.2.1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sockaddr_in four = {.sin_family = AF_INET};
        struct sockaddr_in6 six = {.sin6_family = AF_INET6};
        bool is_four = inet_pton(AF_INET, rows[i].address, &four.sin_addr) == 1;
        if (!is_four)
            assert_int_equal(inet_pton(AF_INET6, rows[i].address, &six.sin6_addr), 1);
        const struct sockaddr *address = is_four ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;
        if (address_is_forbidden(address) != rows[i].forbidden)
            fail_msg("%s was judged wrongly", rows[i].address);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(retry_after_is_read_in_all_its_forms),
                                       cmocka_unit_test(addresses_of_this_host_are_forbidden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
