/* The words in which a token is asked for and given: one row an answer, most of them hostile. No connection is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/grant.h"

#include <stdio.h>

#define GOOD "\"access_token\":\"abc.DEF-_~+/09==\",\"token_type\":\"Bearer\""

static void questions_are_encoded(void **state) {
    (void)state;
    static const struct {
        struct span text;
        const char *encoded;
    } rows[] = {
        {{"sluss", 5}, "sluss"},
        {{"aZ09*-._", 8}, "aZ09*-._"},
        {{"a b+c", 5}, "a+b%2Bc"},
        {{":/?&=%~", 7}, "%3A%2F%3F%26%3D%25%7E"},
        {{"\xc3\xa5\0\n", 4}, "%C3%A5%00%0A"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = {0};
        grant_write_encoded(&out, rows[i].text);
        assert_string_equal(buf_text(&out), rows[i].encoded);
        buf_finish(&out);
    }
    struct buf out = {0};
    grant_write_question(&out, SPAN_NONE);
    assert_string_equal(buf_text(&out), "grant_type=client_credentials");
    buf_clear(&out);
    grant_write_question(&out, SPAN("a https://b/.default"));
    assert_string_equal(buf_text(&out), "grant_type=client_credentials&scope=a+https%3A%2F%2Fb%2F.default");
    buf_finish(&out);
}

/* What is taken, and how long it is good. */
static void good_answers(void **state) {
    (void)state;
    static const struct {
        const char *body;
        int64_t good_ms;
    } rows[] = {
        {"{" GOOD "}", 300000},
        {"{" GOOD ",\"expires_in\":3600}", 3600000},
        {" {\"expires_in\":1,\"scope\":[{}],\"refresh_token\":7," GOOD "}\n", 1000},
        {"{\"access_token\":\"x\",\"token_type\":\"bEARER\",\"expires_in\":\"3599\"}", 3599000},
        {"{" GOOD ",\"expires_in\":59.9}", 59000},
        {"{" GOOD ",\"expires_in\":0}", 1000},
        {"{" GOOD ",\"expires_in\":-5}", 1000},
        {"{" GOOD ",\"expires_in\":-1e300}", 1000},
        {"{" GOOD ",\"expires_in\":86401}", 86400000},
        {"{" GOOD ",\"expires_in\":9223372036854775807}", 86400000},
        {"{" GOOD ",\"expires_in\":1e300}", 86400000},
        {"{" GOOD ",\"expires_in\":\"99999999999999999999999999\"}", 86400000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply reply = {.kind = REPLY_ANSWERED, .status = 200, .body = span_of(rows[i].body), .body_whole = true};
        struct buf line = {0};
        struct error why = {0};
        int64_t good_ms = -1;
        if (!grant_read(&reply, &line, &good_ms, &why) || good_ms != rows[i].good_ms)
            fail_msg("%s: %s, good for %lld ms", rows[i].body, why.text, (long long)good_ms);
        assert_true(span_starts_with(buf_span(&line), SPAN("Authorization: Bearer ")));
        buf_finish(&line);
    }
}

/* What is not, and the words for it. */
static const struct {
    int status;
    const char *body, *why;
} refused[] = {
    {200, "", "the token endpoint's answer is not a JSON object"},
    {200, "<html>login</html>", "the token endpoint's answer is not a JSON object"},
    {200, "[" GOOD "]", "the token endpoint's answer is not a JSON object"},
    {200, "\"abc\"", "the token endpoint's answer is not a JSON object"},
    {200, "{" GOOD, "the token endpoint's answer is not a JSON object"},
    {200, "{" GOOD "} {" GOOD "}", "the token endpoint's answer is not a JSON object"},
    {200, "{" GOOD ",\"access_token\":\"other\"}", "the token endpoint's answer is not a JSON object"},
    {200, "{\"access_token\":\"a\xff\",\"token_type\":\"Bearer\"}", "the token endpoint's answer is not a JSON object"},
    {200, "{\"access_token\":\"a\\u0000b\",\"token_type\":\"Bearer\"}",
     "the token endpoint's answer is not a JSON object"},
    {200, "{}", "the token endpoint's answer has no access_token"},
    {200, "{\"error\":\"invalid_client\"}", "the token endpoint's answer has no access_token"},
    {200, "{\"access_token\":17,\"token_type\":\"Bearer\"}", "the token endpoint's answer has no access_token"},
    {200, "{\"access_token\":null,\"token_type\":\"Bearer\"}", "the token endpoint's answer has no access_token"},
    {200, "{\"access_token\":\"hemligt\"}", "the token endpoint's answer has no token_type"},
    {200, "{\"access_token\":\"hemligt\",\"token_type\":[\"Bearer\"]}",
     "the token endpoint's answer has no token_type"},
    {200, "{\"access_token\":\"hemligt\",\"token_type\":\"mac\"}",
     "the token endpoint gives tokens of another type than Bearer"},
    {200, "{\"access_token\":\"hemligt\",\"token_type\":\"Bearer \"}",
     "the token endpoint gives tokens of another type than Bearer"},
    {200, "{\"access_token\":\"\",\"token_type\":\"Bearer\"}",
     "the token endpoint's access_token is not a token that fits into a header"},
    {200, "{\"access_token\":\"==\",\"token_type\":\"Bearer\"}",
     "the token endpoint's access_token is not a token that fits into a header"},
    {200, "{\"access_token\":\"a=b\",\"token_type\":\"Bearer\"}",
     "the token endpoint's access_token is not a token that fits into a header"},
    {200, "{\"access_token\":\"hem ligt\",\"token_type\":\"Bearer\"}",
     "the token endpoint's access_token is not a token that fits into a header"},
    {200, "{\"access_token\":\"hemligt\\r\\nX-Evil: 1\",\"token_type\":\"Bearer\"}",
     "the token endpoint's access_token is not a token that fits into a header"},
    {200, "{\"access_token\":\"heml\\u00efgt\",\"token_type\":\"Bearer\"}",
     "the token endpoint's access_token is not a token that fits into a header"},
    {200, "{" GOOD ",\"expires_in\":\"soon\"}", "the token endpoint's expires_in is not a number"},
    {200, "{" GOOD ",\"expires_in\":\"-1\"}", "the token endpoint's expires_in is not a number"},
    {200, "{" GOOD ",\"expires_in\":\"\"}", "the token endpoint's expires_in is not a number"},
    {200, "{" GOOD ",\"expires_in\":null}", "the token endpoint's expires_in is not a number"},
    {200, "{" GOOD ",\"expires_in\":{}}", "the token endpoint's expires_in is not a number"},
    {400, "{\"error\":\"invalid_scope\",\"error_description\":\"hemligt\"}",
     "the token endpoint answered 400 (invalid_scope)"},
    {401, "{\"error\":\"invalid_client\"}", "the token endpoint answered 401 (invalid_client)"},
    {401, "{\"error\":\"hemligt\"}", "the token endpoint answered 401"},
    {401, "{\"error\":{\"code\":\"invalid_client\"}}", "the token endpoint answered 401"},
    {401, "", "the token endpoint answered 401"},
    {302, "{" GOOD "}", "the token endpoint answered 302"},
    {201, "{" GOOD "}", "the token endpoint answered 201"},
    {503, "{" GOOD "}", "the token endpoint answered 503"},
};

static void refuse(const struct reply *reply, const char *expected) {
    struct buf line = {0};
    struct error why = {0};
    int64_t good_ms = -1;
    buf_add_text(&line, "before");
    if (grant_read(reply, &line, &good_ms, &why) || strcmp(why.text, expected) != 0)
        fail_msg(SPAN_FORMAT ": \"%s\", not \"%s\"", SPAN_ARGUMENT(reply->body), why.text, expected);
    assert_null(strstr(why.text, "hem"));
    assert_string_equal(buf_text(&line), "before");
    buf_finish(&line);
}

static void hostile_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const struct reply reply = {
            .kind = REPLY_ANSWERED, .status = refused[i].status, .body = span_of(refused[i].body), .body_whole = true};
        refuse(&reply, refused[i].why);
    }
}

static void a_token_has_a_longest(void **state) {
    (void)state;
    struct buf body = {0}, line = {0};
    struct error why = {0};
    int64_t good_ms;
    buf_add_text(&body, "{\"token_type\":\"Bearer\",\"access_token\":\"");
    for (int i = 0; i < LONGEST_TOKEN; i++)
        buf_add_byte(&body, 'a');
    buf_add_text(&body, "\"}");
    struct reply reply = {.kind = REPLY_ANSWERED, .status = 200, .body = buf_span(&body), .body_whole = true};
    assert_true(grant_read(&reply, &line, &good_ms, &why));
    body.size -= 2;
    buf_add_text(&body, "a\"}");
    reply.body = buf_span(&body);
    refuse(&reply, "the token endpoint's access_token is not a token that fits into a header");
    buf_finish(&body);
    buf_finish(&line);
}

static void no_answer(void **state) {
    (void)state;
    struct reply reply = {.kind = REPLY_NOT_SENT, .fault = REPLY_FAULT_CONNECT};
    refuse(&reply, "the token endpoint cannot be reached (connect)");
    reply.fault = REPLY_FAULT_CERTIFICATE;
    refuse(&reply, "the token endpoint cannot be reached (certificate)");
    reply.why = SPAN("certificate has expired");
    refuse(&reply, "the token endpoint cannot be reached (certificate has expired)");
    reply = (struct reply){.kind = REPLY_AMBIGUOUS, .fault = REPLY_FAULT_TIMEOUT};
    refuse(&reply, "the token endpoint gave no answer (timeout)");
    reply = (struct reply){
        .kind = REPLY_ANSWERED, .status = 200, .fault = REPLY_FAULT_TOO_LARGE, .body = SPAN("{" GOOD "}")};
    refuse(&reply, "the token endpoint's answer did not come whole (too-large)");
}

/* Nested as deep as a body has room: the stack holds. */
static void deep_answers(void **state) {
    (void)state;
    struct buf body = {0};
    buf_add_text(&body, "{\"a\":");
    for (int i = 0; i < 65000; i++)
        buf_add_byte(&body, '[');
    const struct reply reply = {.kind = REPLY_ANSWERED, .status = 200, .body = buf_span(&body), .body_whole = true};
    refuse(&reply, "the token endpoint's answer is not a JSON object");
    buf_finish(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_encoded), cmocka_unit_test(good_answers), cmocka_unit_test(hostile_answers),
        cmocka_unit_test(a_token_has_a_longest), cmocka_unit_test(no_answer),    cmocka_unit_test(deep_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
