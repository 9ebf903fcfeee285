/* Tests of settings/settings: an allocation that fails, whichever it is, is told as that and never as a mistake in what
 * the operator has written. What fails inside libraries is not seen here. */
#include "settings/settings.h"

#include "support/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sluss-shortage-XXXXXX";

static void in_folder(char path[256], const char *name) {
    (void)snprintf(path, 256, "%s/%s", folder, name);
}

static void make_folder(const char *name) {
    char path[256];
    in_folder(path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void write_file(const char *name, const char *text) {
    char path[256];
    in_folder(path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void link_to(const char *name, const char *source) {
    char path[256];
    in_folder(path, name);
    assert_int_equal(symlink(source, path), 0);
}

/* A route with what the shipped example does not use. */
static int set_up(void **state) {
    (void)state;
    static const char *const folders[] = {"routes.d", "schemas", "secrets.d", "shipped"};
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        make_folder(folders[i]);
    link_to("shipped/sluss.cfg", SLUSS_SOURCE "/config/sluss.cfg");
    link_to("shipped/routes.d", SLUSS_SOURCE "/config/routes.d");
    link_to("shipped/tables", SLUSS_SOURCE "/config/tables");
    link_to("shipped/schemas", SLUSS_SOURCE "/schemas");
    link_to("sluss.cfg", SLUSS_SOURCE "/config/sluss.cfg");
    link_to("tables", SLUSS_SOURCE "/config/tables");
    write_file(
        "routes.d/allt.cfg",
        "owner = \"o\"; from = \"a\"; dead-letter = \"d\"; schema = \"allt.json\"; workers = 1;\n"
        "deliver = { platform = \"oep\"; path = \"/e/{$.id}/{$.n ?? \\\"0\\\"}\";\n"
        "  headers = ( \"X-A: {$.id}\", \"X-B: b\" ); order-by = \"$['data']['id']\"; event-id = \"{$.id}\"; };\n");
    write_file("schemas/other.json",
               "{\"$id\": \"https://example.se/other\", \"$defs\": {\"t\": {\"$anchor\": \"text\","
               " \"type\": \"string\", \"pattern\": \"^(?=.*[a-z])[\\\\p{L}0-9]{1,20}(x|y)?\\\\b.$\"}}}");
    write_file(
        "schemas/allt.json",
        "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"type\": [\"object\", \"null\"],\n"
        " \"required\": [\"id\"], \"properties\": {\"id\": {\"$ref\": \"https://example.se/other#text\"},\n"
        " \"n\": {\"enum\": [1, \"two\", {\"three\": [3, 3.5, 30e-1]}]}, \"c\": {\"const\": {\"a\": 1}},\n"
        " \"d\": {\"format\": \"date-time\", \"minLength\": 3}, \"e\": {\"multipleOf\": 0.01, \"maximum\": 1e9},\n"
        " \"l\": {\"prefixItems\": [true, {\"type\": \"string\"}], \"items\": false, \"uniqueItems\": true,\n"
        "   \"contains\": {\"const\": 1}, \"minContains\": 0}},\n"
        " \"patternProperties\": {\"^x-\": {\"type\": \"string\"}, \"[0-9]+$\": {\"$dynamicRef\": \"#node\"}},\n"
        " \"propertyNames\": {\"maxLength\": 40}, \"dependentRequired\": {\"n\": [\"c\"]},\n"
        " \"dependentSchemas\": {\"c\": {\"required\": [\"n\"]}}, \"unevaluatedProperties\": {\"type\": \"object\"},\n"
        " \"allOf\": [{\"$dynamicAnchor\": \"node\", \"minProperties\": 1}], \"oneOf\": [{\"required\": [\"d\"]}, "
        "{\"not\": "
        "{\"required\": [\"d\"]}}],\n"
        " \"anyOf\": [{\"$ref\": \"#/$defs/deep\"}, true], \"if\": {\"required\": [\"e\"]}, \"then\": "
        "{\"minProperties\": 2},\n"
        " \"$defs\": {\"deep\": {\"type\": \"object\", \"additionalProperties\": {\"$ref\": \"#/$defs/deep\"}}}}");
    return 0;
}

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *place) {
    (void)what, (void)kind, (void)place;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct settings *read_all(const char *path, struct problems *problems) {
    problems_init(problems);
    return settings_read(&(struct settings_options){.path = path, .librdkafka = 0x020002ff, .check = true}, problems);
}

static void explain(const struct problems *problems) {
    struct buf text = {0};
    problems_write(problems, false, &text);
    (void)fputs(buf_text(&text), stderr);
    buf_finish(&text);
}

static void sweep(const char *path, bool forever) {
    struct problems problems;
    struct settings *settings = read_all(path, &problems); /* also warms what libraries keep for good */
    if (settings == NULL || problems.errors > 0)
        explain(&problems);
    assert_int_equal(problems.errors, 0);
    const size_t warnings = problems.warnings, routes = settings != NULL ? settings->plan.route_count : 0;
    assert_true(routes > 0);
    settings_destroy(settings);
    problems_finish(&problems);
    bool failed = true;
    unsigned wrong = 0;
    for (size_t number = 0; failed; number++) {
        memory_fail(number, forever);
        settings = read_all(path, &problems);
        failed = memory_heal() > 0;
        bool good = settings != NULL ? !problems.failed && problems.errors == 0 && problems.warnings == warnings &&
                                           settings->plan.route_count == routes
                                     : failed && problems.failed && problems.errors == 0;
        if (!good)
            explain(&problems);
        settings_destroy(settings);
        problems_finish(&problems);
        if (!good)
            print_message("allocation %zu is not told\n", number);
        wrong += good ? 0 : 1;
    }
    assert_int_equal(wrong, 0);
}

static void each_allocation_that_fails_is_told_as_that(void **state) {
    (void)state;
    sweep(folder, false);
}

static void so_it_is_of_the_shipped_example(void **state) {
    (void)state;
    char path[256];
    in_folder(path, "shipped");
    sweep(path, false);
}

static void so_is_memory_that_ends_for_good(void **state) {
    (void)state;
    sweep(folder, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_that_fails_is_told_as_that),
        cmocka_unit_test(so_it_is_of_the_shipped_example),
        cmocka_unit_test(so_is_memory_that_ends_for_good),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
