/* Writing samples. */
#include "ops/metrics.h"

#include <jansson.h>
#include <math.h>

void metrics_family(struct buf *out, const char *name, const char *type, const char *help) {
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_label(struct buf *out, const struct metrics_label *label) {
    buf_printf(out, "%s=\"", label->name);
    for (size_t i = 0; i < label->value.size; i++) {
        char byte = label->value.data[i];
        if (byte == '"' || byte == '\\')
            buf_add_byte(out, '\\');
        if (byte == '\n')
            buf_add_text(out, "\\n");
        else
            buf_add_byte(out, byte);
    }
    buf_add_byte(out, '"');
}

void metrics_sample(struct buf *out, const char *name, const char *suffix, const struct metrics_label *label,
                    size_t labels, double value) {
    buf_printf(out, "%s%s", name, suffix);
    for (size_t i = 0; i < labels; i++) {
        buf_add_byte(out, i == 0 ? '{' : ',');
        add_label(out, &label[i]);
    }
    buf_add_text(out, labels > 0 ? "} " : " ");
    if (floor(value) == value && fabs(value) < 1e15)
        buf_printf(out, "%.0f\n", value);
    else
        buf_printf(out, "%.9g\n", value);
}

const char *metrics_jansson_version(void) {
    return jansson_version_str();
}
