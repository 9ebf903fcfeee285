/* Writing the question and reading the answer, with jansson. Whatever stands in the answer is hostile until it is
 * understood. */
#include "http/grant.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>

enum { SHORTEST_S = 1, LONGEST_S = 24 * 3600, USUAL_S = 300, MOST_DIGITS = 18 };

/* --- the question --- */

void grant_write_encoded(struct buf *out, struct span text) {
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == ' ')
            buf_add_byte(out, '+');
        else if (byte < 0x80 && (isalnum(byte) || strchr("*-._", byte) != NULL) && byte != '\0')
            buf_add_byte(out, (char)byte);
        else
            buf_printf(out, "%%%02X", byte);
    }
}

void grant_write_question(struct buf *out, struct span scope) {
    buf_add_text(out, "grant_type=client_credentials");
    if (scope.size == 0)
        return;
    buf_add_text(out, "&scope=");
    grant_write_encoded(out, scope);
}

/* --- the answer --- */

/* RFC 6749, section 5.2, and what servers borrow from 4.1.2.1. Any other text might be anything: it is not repeated. */
static const char *error_code(const json_t *answer) {
    static const char *const codes[] = {"invalid_request",         "invalid_client", "invalid_grant",
                                        "unauthorized_client",     "invalid_scope",  "unsupported_grant_type",
                                        "temporarily_unavailable", "server_error",   "access_denied"};
    const char *told = json_string_value(json_object_get(answer, "error"));
    for (size_t i = 0; told != NULL && i < sizeof codes / sizeof *codes; i++)
        if (strcmp(told, codes[i]) == 0)
            return codes[i];
    return NULL;
}

/* b68token of RFC 6750, section 2.1. */
static bool is_token(const char *text, size_t size) {
    size_t at = 0;
    while (at < size && (isalnum((unsigned char)text[at]) || memchr("-._~+/", text[at], 6) != NULL))
        at++;
    bool begun = at > 0;
    while (at < size && text[at] == '=')
        at++;
    return begun && at == size && size <= LONGEST_TOKEN;
}

/* Seconds as a number, or as digits, as some servers write them; -1: it is neither. */
static int64_t seconds_of(const json_t *value) {
    if (value == NULL)
        return USUAL_S;
    if (json_is_real(value)) {
        double number = json_real_value(value);
        return number < SHORTEST_S ? SHORTEST_S : number > LONGEST_S ? LONGEST_S : (int64_t)number;
    }
    int64_t seconds = json_is_integer(value) ? json_integer_value(value) : -1;
    const char *digits = json_string_value(value);
    if (digits != NULL && digits[0] != '\0' && strspn(digits, "0123456789") == strlen(digits))
        seconds = strlen(digits) > MOST_DIGITS ? LONGEST_S : strtoll(digits, NULL, 10);
    else if (!json_is_integer(value))
        return -1;
    return seconds < SHORTEST_S ? SHORTEST_S : seconds > LONGEST_S ? LONGEST_S : seconds;
}

static bool read_token(const json_t *answer, struct buf *line, int64_t *good_ms, struct error *why) {
    const json_t *token = json_object_get(answer, "access_token");
    const char *type = json_string_value(json_object_get(answer, "token_type"));
    int64_t seconds = seconds_of(json_object_get(answer, "expires_in"));
    if (!json_is_string(token))
        return error_set(why, "the token endpoint's answer has no access_token");
    if (type == NULL)
        return error_set(why, "the token endpoint's answer has no token_type");
    if (strcasecmp(type, "Bearer") != 0)
        return error_set(why, "the token endpoint gives tokens of another type than Bearer");
    if (!is_token(json_string_value(token), json_string_length(token)))
        return error_set(why, "the token endpoint's access_token is not a token that fits into a header");
    if (seconds < 0)
        return error_set(why, "the token endpoint's expires_in is not a number");
    *good_ms = seconds * 1000;
    buf_add_text(line, "Authorization: Bearer ");
    buf_add(line, span_make(json_string_value(token), json_string_length(token)));
    return !line->failed || error_memory(why);
}

/* Jansson frees what it read as it stands: the token is wiped before. */
static void forget(json_t *answer) {
    const json_t *token = json_object_get(answer, "access_token");
    if (json_is_string(token))
        explicit_bzero((char *)(uintptr_t)json_string_value(token), json_string_length(token));
    json_decref(answer);
}

static bool read_answer(const struct reply *reply, struct buf *line, int64_t *good_ms, struct error *why) {
    json_t *answer =
        json_loadb(reply->body.size > 0 ? reply->body.data : "", reply->body.size, JSON_REJECT_DUPLICATES, NULL);
    const char *code = error_code(answer);
    bool read = false;
    if (reply->status != 200)
        (void)error_set(why, "the token endpoint answered %d%s%s%s", reply->status, code != NULL ? " (" : "",
                        code != NULL ? code : "", code != NULL ? ")" : "");
    else if (!json_is_object(answer))
        (void)error_set(why, "the token endpoint's answer is not a JSON object");
    else
        read = read_token(answer, line, good_ms, why);
    forget(answer);
    return read;
}

bool grant_read(const struct reply *reply, struct buf *line, int64_t *good_ms, struct error *why) {
    if (reply->kind == REPLY_NOT_SENT && reply->why.data != NULL)
        return error_set(why, "the token endpoint cannot be reached (" SPAN_FORMAT ")", SPAN_ARGUMENT(reply->why));
    if (reply->kind == REPLY_NOT_SENT)
        return error_set(why, "the token endpoint cannot be reached (%s)", reply_fault_name(reply->fault));
    if (reply->kind != REPLY_ANSWERED)
        return error_set(why, "the token endpoint gave no answer (%s)", reply_fault_name(reply->fault));
    if (reply->status == 200 && !reply->body_whole)
        return error_set(why, "the token endpoint's answer did not come whole (%s)", reply_fault_name(reply->fault));
    return read_answer(reply, line, good_ms, why);
}
