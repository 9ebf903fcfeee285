/* The names of an event: fixed values, so that no release changes what platforms have stored. */
#include "event/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASSERT_SPAN(span, text) assert_true(span_equal((span), SPAN(text)))

static void ids_are_derived_from_the_event(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct span id = identity_default(&arena, SPAN("bygglov.arende.v1"), 3, 9007199254740993);
    ASSERT_SPAN(id, "bygglov.arende.v1/3/9007199254740993");
    /* printf %s 'bygglov.arende.v1/3/1041' | openssl dgst -sha256 -binary | basenc --base64url | cut -c1-27 */
    struct identity identity;
    assert_true(identity_derive(&arena, SPAN("bygglov.arende.v1/3/1041"), SPAN_NONE, &identity));
    ASSERT_SPAN(identity.webhook_id, "B-FZwEP54EgUk9LkZSSTLH2cxi7");
    arena_finish(&arena);
}

static struct span trace(struct arena *arena, struct span received) {
    struct identity identity;
    assert_true(identity_derive(arena, SPAN("bygglov.arende.v1/3/1041"), received, &identity));
    return identity.traceparent;
}

static void a_valid_traceparent_goes_on(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
#define TRACE "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    ASSERT_SPAN(trace(&arena, SPAN("00-" TRACE)), "00-" TRACE);
    ASSERT_SPAN(trace(&arena, SPAN("cc-" TRACE)), "00-" TRACE);
    ASSERT_SPAN(trace(&arena, SPAN("cc-" TRACE "-what-the-future-brings")), "00-" TRACE);
    arena_finish(&arena);
}

static void without_a_valid_traceparent_one_begins(void **state) {
    (void)state;
    static const char *const broken[] = {
        "",
        ("00-" TRACE "-more"),
        ("cc-" TRACE ".more"),
        ("ff-" TRACE),
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c8031\r\n-b7ad6b7169203331-01",
    };
    struct arena arena;
    arena_init(&arena, 0);
    struct span begun = trace(&arena, SPAN_NONE);
    ASSERT_SPAN(begun, "00-07e159c043f9e0481493d2e46524932c-7d9cc62ed9f57395-00");
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_true(span_equal(trace(&arena, span_of(broken[i])), begun));
    struct identity other;
    assert_true(identity_derive(&arena, SPAN("t/0/1"), SPAN_NONE, &other));
    assert_false(span_equal(other.traceparent, begun));
    arena_finish(&arena);
}

static void short_memory_derives_nothing(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 1);
    assert_null(identity_default(&arena, SPAN("t"), 0, 0).data);
    struct identity identity;
    assert_false(identity_derive(&arena, SPAN("t/0/0"), SPAN_NONE, &identity));
    arena_finish(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_derived_from_the_event),
        cmocka_unit_test(a_valid_traceparent_goes_on),
        cmocka_unit_test(without_a_valid_traceparent_one_begins),
        cmocka_unit_test(short_memory_derives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
