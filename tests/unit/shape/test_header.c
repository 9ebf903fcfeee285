/* Which header names a route may use. */
#include "shape/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_allowed(void **state) {
    (void)state;
    static const char *const names[] = {"X-Correlation-Id", "Accept", "Proxy",     "x!#$%&'*+-.^_`|~9",
                                        "Hostess",          "ce",     "SOAPAction"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error error = {0};
        if (!header_allowed(span_of(names[i]), &error))
            fail_msg("%s", error.text);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const char *const names[] = {
        "",
        "a b",
        "a:",
        "a\r\nHost",
        "\xc3\x85",
        "Host",
        "content-LENGTH",
        "TE",
        "Connection",
        "Proxy-Authorization",
        "proxy-",
        "Authorization",
        "Content-Type",
        "ce-id",
        "CE-Source",
        "Sluss-Route",
        "webhook-id",
        "Idempotency-Key",
        "traceparent",
        "User-Agent",
        "Transfer-Encoding",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error error = {0};
        if (header_allowed(span_of(names[i]), &error) || error.text[0] == '\0')
            fail_msg("%s is allowed", names[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_allowed), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
