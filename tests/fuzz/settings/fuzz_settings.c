/* Any bytes as a configuration file: the scan and libconfig must agree on its shape, each setting must have its place,
 * and a file that does not parse has exactly one problem. */
#include "base/text.h"
#include "settings/source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void visit(struct source *source, const config_setting_t *setting, struct problems *problems) {
    struct spot value = source_value(source, setting, &problems->arena);
    struct spot name = source_name(source, setting, &problems->arena);
    if (problems->count < 20)
        problems_add(problems, SEVERITY_WARNING, PROBLEM_RISK, value, SPAN_NONE, "seen at line %u", name.line);
    if (config_setting_is_aggregate(setting))
        for (int i = 0; i < config_setting_length(setting); i++)
            visit(source, config_setting_get_elem(setting, (unsigned)i), problems);
}

/* Only bytes that are not UTF-8 may be refused without a place. */
static void check(const struct problems *problems, struct span text) {
    if (problems->errors != 1 || (problems->list[0].spot.line == 0 && text_is_utf8(text)))
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    struct source source;
    struct problems problems;
    struct buf out = {0};
    problems_init(&problems);
    bool good = source_init(&source, SPAN("fuzz.cfg"), size > 0 ? span_make(data, size) : SPAN(""), &problems);
    if (good)
        visit(&source, config_root_setting(&source.tree), &problems);
    else
        check(&problems, span_make(data, size));
    problems_sort(&problems);
    problems_write(&problems, true, &out);
    problems_write_json(&problems, &out);
    buf_finish(&out);
    source_finish(&source);
    problems_finish(&problems);
    return 0;
}
