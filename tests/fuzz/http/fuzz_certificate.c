/* Any bytes as certificates of a platform: as PEM text, or as what stands in its base64. An end is one of the calendar,
 * or none. */
#include "base/text.h"
#include "http/certificate.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int64_t years = INT64_C(400) * 366 * 86400 * 1000; /* GeneralizedTime ends with the year 9999 */
    struct buf text = {0};
    if (size == 0)
        return 0;
    if (data[0] % 2 == 0)
        buf_add(&text, span_make(data + 1, size - 1));
    else {
        buf_add_text(&text, "-----BEGIN CERTIFICATE-----\n");
        text_write_base64(&text, span_make(data + 1, size - 1));
        buf_add_text(&text, "\n-----END CERTIFICATE-----\n");
    }
    int64_t end = certificate_end(buf_span(&text));
    if (end < -6 * years || end > 24 * years)
        abort();
    buf_finish(&text);
    return 0;
}
