/* Completing a message: found, absent in its four forms, by a lookup that takes time, and where it cannot go in. */
#include "enrich/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASSERT_SPAN(span, text) assert_true(span_equal((span), SPAN(text)))

static const struct json_limits limits = {.size = 64, .depth = 2};

/* One event, one recipe: key $.k into $.v, from a table with A, 1.50 and true. */
struct kitchen {
    struct recipe recipe;
    struct lookup_table *table;
    struct event *event;
    struct message message;
    struct answer answer;
    struct span key;
};

static struct json_path *path(const char *text) {
    struct json_path *path = json_path_create(span_of(text), NULL);
    assert_non_null(path);
    return path;
}

static void begin(struct kitchen *kitchen, struct span text) {
    *kitchen = (struct kitchen){.recipe = {.key = path("$.k"), .into = path("$.v"), .fallback = SPAN("\"none\"")}};
    kitchen->table =
        lookup_table_create(SPAN("c,n\nA,Klart\n1.50,ett\ntrue,ja\nH\xc3\xa4r,x\n"), SPAN("c"), SPAN("n"), NULL);
    assert_non_null(kitchen->table);
    kitchen->event = event_create((struct place){0}, 0, -1, SPAN_NONE, text, NULL, 0);
    assert_non_null(kitchen->event);
    assert_true(json_read(&kitchen->event->arena, kitchen->event->value, NULL, &kitchen->message.document, NULL));
}

static struct verdict run(struct kitchen *kitchen) {
    return recipe_run(&kitchen->recipe, kitchen->table, &kitchen->answer, &limits, kitchen->event, &kitchen->message,
                      &kitchen->key);
}

static void end(struct kitchen *kitchen) {
    json_path_destroy(kitchen->recipe.key);
    json_path_destroy(kitchen->recipe.into);
    lookup_table_release(kitchen->table);
    event_destroy(kitchen->event);
}

static void an_answer_is_spliced_in(void **state) {
    (void)state;
    static const struct {
        struct span before;
        struct span after;
    } rows[] = {
        {SPAN(" {\"k\" : \"A\", \"n\":1.0}\n"), SPAN(" {\"k\" : \"A\", \"n\":1.0,\"v\":\"Klart\"}\n")},
        {SPAN("{\"v\": [1, 2],\"k\":\"\\u0041\"}"), SPAN("{\"v\": \"Klart\",\"k\":\"\\u0041\"}")},
        {SPAN("{\"k\":1.50}"), SPAN("{\"k\":1.50,\"v\":\"ett\"}")},
        {SPAN("{\"k\":true}"), SPAN("{\"k\":true,\"v\":\"ja\"}")},
        {SPAN("{\"k\":\"H\\u00e4r\"}"), SPAN("{\"k\":\"H\\u00e4r\",\"v\":\"x\"}")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kitchen kitchen;
        begin(&kitchen, rows[i].before);
        assert_int_equal(run(&kitchen).kind, VERDICT_PASS);
        assert_true(span_equal(kitchen.message.document.source, rows[i].after));
        assert_true(span_equal(kitchen.event->value, rows[i].before));
        assert_non_null(json_member(&kitchen.message.document, kitchen.message.document.node, SPAN("v")));
        end(&kitchen);
    }
}

static void an_absent_key_does_what_the_route_says(void **state) {
    (void)state;
    static const struct {
        struct span text;
        const char *what;
    } rows[] = {
        {SPAN("{\"k\":\"B\"}"), "the lookup has no answer for this key"},
        {SPAN("{\"k\":1.5}"), "the lookup has no answer for this key"},
        {SPAN("{\"k\":false}"), "the lookup has no answer for this key"},
        {SPAN("{\"k\":null}"), "the event has no key for the lookup"},
        {SPAN("{\"k\":[\"A\"]}"), "the event has no key for the lookup"},
        {SPAN("{\"k\":{}}"), "the event has no key for the lookup"},
        {SPAN("{}"), "the event has no key for the lookup"},
        {SPAN("[]"), "the event has no key for the lookup"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kitchen kitchen;
        begin(&kitchen, rows[i].text);
        struct verdict verdict = run(&kitchen);
        assert_int_equal(verdict.kind, VERDICT_DEAD);
        assert_int_equal(verdict.reason, REASON_LOOKUP_ABSENT);
        assert_true(span_starts_with(verdict.detail, SPAN("{\"key\":\"$.k\",\"into\":\"$.v\",\"what\":\"")));
        assert_true(span_starts_with(span_from(verdict.detail, 34), span_of(rows[i].what)));
        kitchen.recipe.absent = ABSENT_SKIP_EVENT;
        assert_int_equal(run(&kitchen).kind, VERDICT_SKIP);
        kitchen.recipe.absent = ABSENT_LEAVE_OUT;
        assert_int_equal(run(&kitchen).kind, VERDICT_PASS);
        assert_ptr_equal(kitchen.message.document.source.data, kitchen.event->value.data);
        end(&kitchen);
    }
    struct kitchen kitchen;
    begin(&kitchen, SPAN("{\"k\":\"B\"}"));
    kitchen.recipe.absent = ABSENT_DEFAULT;
    assert_int_equal(run(&kitchen).kind, VERDICT_PASS);
    ASSERT_SPAN(kitchen.message.document.source, "{\"k\":\"B\",\"v\":\"none\"}");
    end(&kitchen);
}

static void a_lookup_that_takes_time_is_waited_for(void **state) {
    (void)state;
    struct kitchen kitchen;
    begin(&kitchen, SPAN("{\"k\":\"A\"}"));
    lookup_table_release(kitchen.table);
    kitchen.table = NULL;
    assert_int_equal(run(&kitchen).kind, VERDICT_WAIT);
    ASSERT_SPAN(kitchen.key, "A");
    assert_int_equal(run(&kitchen).kind, VERDICT_WAIT);
    kitchen.answer = (struct answer){.kind = ANSWER_ABSENT};
    assert_int_equal(run(&kitchen).reason, REASON_LOOKUP_ABSENT);
    kitchen.answer = (struct answer){.kind = ANSWER_DEAD, .why = {VERDICT_DEAD, REASON_REFUSED, SPAN("{}")}};
    assert_int_equal(run(&kitchen).reason, REASON_REFUSED);
    kitchen.answer = (struct answer){.kind = ANSWER_FOUND, .text = SPAN("{\"id\":1}")};
    assert_int_equal(run(&kitchen).kind, VERDICT_PASS);
    ASSERT_SPAN(kitchen.message.document.source, "{\"k\":\"A\",\"v\":{\"id\":1}}");
    end(&kitchen);
}

static void an_answer_without_a_parent_object_is_refused(void **state) {
    (void)state;
    struct kitchen kitchen;
    begin(&kitchen, SPAN("{\"k\":\"A\",\"a\":[]}"));
    json_path_destroy(kitchen.recipe.into);
    kitchen.recipe.into = path("$.a.v");
    assert_int_equal(run(&kitchen).reason, REASON_ENRICH);
    json_path_destroy(kitchen.recipe.into);
    kitchen.recipe.into = path("$.b.v");
    assert_int_equal(run(&kitchen).reason, REASON_ENRICH);
    end(&kitchen);
}

static void the_result_keeps_within_the_limits(void **state) {
    (void)state;
    struct kitchen kitchen;
    begin(&kitchen, SPAN("{\"k\":\"A\",\"long\":\"........................................\"}"));
    assert_int_equal(run(&kitchen).reason, REASON_TOO_LARGE);
    end(&kitchen);
    begin(&kitchen, SPAN("{\"k\":\"A\"}"));
    lookup_table_release(kitchen.table);
    kitchen.table = NULL;
    kitchen.answer = (struct answer){.kind = ANSWER_FOUND, .text = SPAN("[[1]]")};
    assert_int_equal(run(&kitchen).reason, REASON_TOO_DEEP);
    end(&kitchen);
}

/* In binary mode only `data` is a text of the sender's, and the limits do not count the envelope. */
static void in_binary_mode_only_data_is_completed(void **state) {
    (void)state;
    struct kitchen kitchen;
    begin(&kitchen, SPAN("{\"subject\":\"...................................\",\"k\":\"A\",\"data\": {\"x\":[]} }"));
    kitchen.message.mode = MESSAGE_BINARY;
    kitchen.message.data_start =
        sizeof "{\"subject\":\"...................................\",\"k\":\"A\",\"data\":" - 1;
    assert_int_equal(run(&kitchen).reason, REASON_ENRICH);
    json_path_destroy(kitchen.recipe.into);
    kitchen.recipe.into = path("$.data");
    assert_int_equal(run(&kitchen).reason, REASON_ENRICH);
    json_path_destroy(kitchen.recipe.into);
    kitchen.recipe.into = path("$.data.v");
    assert_int_equal(run(&kitchen).kind, VERDICT_PASS);
    assert_true(span_ends_with(kitchen.message.document.source, SPAN("\"data\": {\"x\":[],\"v\":\"Klart\"} }")));
    kitchen.message.data_start = 0; /* not JSON */
    assert_int_equal(run(&kitchen).reason, REASON_ENRICH);
    end(&kitchen);
}

static void short_memory_asks_for_another_try(void **state) {
    (void)state;
    struct kitchen kitchen;
    begin(&kitchen, SPAN("{\"k\":\"A\"}"));
    kitchen.event->arena.limit = 1;
    kitchen.event->arena.left = 0;
    assert_int_equal(run(&kitchen).kind, VERDICT_RETRY);
    kitchen.event->arena.left = 32;
    assert_int_equal(run(&kitchen).kind, VERDICT_RETRY);
    end(&kitchen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_spliced_in),
        cmocka_unit_test(an_absent_key_does_what_the_route_says),
        cmocka_unit_test(a_lookup_that_takes_time_is_waited_for),
        cmocka_unit_test(an_answer_without_a_parent_object_is_refused),
        cmocka_unit_test(the_result_keeps_within_the_limits),
        cmocka_unit_test(in_binary_mode_only_data_is_completed),
        cmocka_unit_test(short_memory_asks_for_another_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
