/* Hostile texts against every format, and against the URI functions whose results must agree with each other. */
#include "base/buf.h"
#include "base/text.h"
#include "schema/format.h"
#include "schema/uri.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static bool check(const char *name, struct span text, struct format_scratch *scratch) {
    const struct format *format;
    require(format_find(span_of(name), FORMAT_DRAFT_2020_12, &format, NULL) && format != NULL);
    return format_check(format, text, scratch) == FORMAT_VALID;
}

static void check_addresses(struct span text, struct format_scratch *scratch) {
    char zero[64], address[16];
    if (text.size >= sizeof zero || memchr(text.data, '\0', text.size) != NULL)
        return;
    memcpy(zero, text.data, text.size);
    zero[text.size] = '\0';
    require(check("ipv4", text, scratch) == (inet_pton(AF_INET, zero, address) == 1));
    require(check("ipv6", text, scratch) == (inet_pton(AF_INET6, zero, address) == 1));
}

static void check_uri(struct span text) {
    struct buf one = {0}, other = {0};
    struct uri uri;
    uri_split(text, &uri);
    uri_write(&uri, &one);
    require(span_equal(buf_span(&one), text));
    buf_clear(&one);
    uri_normalise(text, &one);
    uri_normalise(buf_span(&one), &other);
    bool valid = uri_is_valid(text, URI_REFERENCE);
    require(!uri_is_valid(text, IRI_REFERENCE) || span_equal(buf_span(&one), buf_span(&other)));
    require(!valid || uri_is_valid(text, IRI_REFERENCE));
    require(!uri_is_valid(text, URI_ABSOLUTE) || (valid && uri_is_absolute(text)));
    buf_clear(&other);
    uri_resolve(SPAN("http://example.com/a/b?c#d"), text, &other);
    require(!valid || uri_is_valid(buf_span(&other), URI_ABSOLUTE));
    buf_clear(&other);
    uri_pointer_add(&other, text, true);
    require(uri_is_valid(buf_span(&other), URI_REFERENCE));
    buf_clear(&one);
    require(uri_percent_decode(buf_span(&other), &one));
    struct span rest = buf_span(&one);
    buf_clear(&other);
    require(uri_pointer_next(&rest, &other) && rest.size == 0 && span_equal(buf_span(&other), text));
    buf_finish(&one);
    buf_finish(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct span text = span_make(data, size);
    struct format_scratch scratch;
    if (size == 0 || size > 4096 || !text_is_utf8(text))
        return 0;
    format_scratch_init(&scratch);
    size_t count;
    const struct format *format = format_table(&count);
    for (size_t i = 0; i < count; i++)
        require(format_check(&format[i], text, &scratch) != FORMAT_ERROR);
    require(!check("email", text, &scratch) || check("idn-email", text, &scratch));
    require(!check("personnummer", text, &scratch) || check("person-id", text, &scratch));
    require(!check("personnummer", text, &scratch) || !check("samordningsnummer", text, &scratch));
    check_addresses(text, &scratch);
    check_uri(text);
    format_scratch_finish(&scratch);
    return 0;
}
