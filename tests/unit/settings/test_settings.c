/* Tests of settings/settings: what a plan holds in the end, secrets, failing memory. What is said of mistakes stands in
 * tests/config. */
#include "settings/settings.h"

#include "settle/offset_map.h"

#include "support/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The n-th opening of a file or a folder fails. */
static struct {
    int why; /* 0: none */
    size_t left;
    bool failed;
} opening;

static bool opens(void) {
    if (opening.why == 0 || opening.failed || opening.left-- > 0)
        return true;
    opening.failed = true;
    errno = opening.why;
    return false;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
typedef int filter(const struct dirent *entry);
typedef int order(const struct dirent **one, const struct dirent **other);
int __real_scandir(const char *path, struct dirent ***list, filter *choose, order *compare);
int __wrap_scandir(const char *path, struct dirent ***list, filter *choose, order *compare);

int __wrap_open(const char *path, int flags, ...) {
    return opens() ? __real_open(path, flags) : -1;
}

int __wrap_scandir(const char *path, struct dirent ***list, filter *choose, order *compare) {
    return opens() ? __real_scandir(path, list, choose, compare) : -1;
}

/* Whether secrets.d may not be entered. */
static bool closed;

int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);

int __wrap_stat(const char *path, struct stat *status) {
    if (!closed || strstr(path, "/secrets.d/") == NULL)
        return __real_stat(path, status);
    errno = EACCES;
    return -1;
}

static char folder[] = "/tmp/sluss-settings-XXXXXX";

static void write_file(const char *name, const char *text, mode_t mode) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void make_folder(const char *name) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int set_up(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    static const char *const folders[] = {"routes.d", "tables", "schemas", "secrets.d", "credentials"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        make_folder(folders[i]);
    write_file(
        "sluss.cfg",
        "kafka = { bootstrap-servers = \"k:9093\"; group-id = \"sluss\"; start = \"2026-01-01T00:00:00Z\";\n"
        "  security-protocol = \"SASL_SSL\"; sasl-mechanism = \"PLAIN\"; sasl-username = \"u\";\n"
        "  sasl-password = \"secret:kafka\"; fetch-min-bytes = 10; };\n"
        "platforms = { oep = { base-url = \"https://oep.se/api/\"; auth = { type = \"header\"; name = \"X-Key\";\n"
        "  value = \"secret:oep\"; }; tls = { min-version = \"1.3\"; }; retry = [ \"429\", \"500-503\" ]; }; };\n"
        "lookups = { status = { table = \"status.csv\"; key = \"code\"; value = \"name\"; }; };\n"
        "limits = { depth = 8; };\n",
        0600);
    write_file(
        "routes.d/bygglov.cfg",
        "owner = \"o\"; from = [ \"a\", \"b\" ]; dead-letter = \"d\"; schema = \"s.json\"; schema-of = \"data\";\n"
        "enrich = ( { lookup = \"status\"; key = \"$.data.k\"; into = \"$.data.s\"; absent = \"default\";\n"
        "  default = \"\\\"x\\\"\"; } );\n"
        "deliver = { platform = \"oep\"; path = \"/e/{$.id}\"; headers = ( \"X-A: {$.id}\", \"X-B: b\" );\n"
        "  order-by = \"$.data.id\"; event-id = \"{$.id}\"; ambiguous = \"hold\"; };\n"
        "retry = { for = \"2h\"; };\n",
        0600);
    write_file("tables/status.csv", "code;name\n1;ett\n", 0600);
    write_file("schemas/s.json", "{\"type\": \"object\"}", 0600);
    write_file("secrets.d/kafka", "hemlig\n\n", 0600); /* one newline is dropped; the other one is refused */
    write_file("credentials/kafka", "gammal\n", 0600);
    write_file("credentials/oep", "nyckel\n", 0600);
    return 0;
}

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *place) {
    (void)what;
    (void)kind;
    (void)place;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct settings *read_all(struct problems *problems, bool check) {
    char credentials[128];
    (void)snprintf(credentials, sizeof credentials, "%s/credentials", folder);
    problems_init(problems);
    return settings_read(
        &(struct settings_options){
            .path = folder, .credentials = credentials, .librdkafka = 0x020002ff, .check = check},
        problems);
}

static const struct kafka_setting *property(const struct settings *settings, const char *name) {
    for (size_t i = 0; i < settings->kafka.count; i++)
        if (strcmp(settings->kafka.properties[i].name, name) == 0)
            return &settings->kafka.properties[i];
    return NULL;
}

static void assert_span(struct span text, const char *wanted) {
    assert_true(span_equal(text, span_of(wanted)));
}

static void a_secret_of_two_lines_is_refused(void **state) {
    (void)state;
    struct problems problems;
    assert_null(read_all(&problems, false));
    assert_int_equal(problems.errors, 1);
    assert_int_equal(problems.status, 78);
    problems_finish(&problems);
    struct settings *settings = read_all(&problems, true);
    assert_non_null(settings);
    assert_int_equal(problems.warnings, 1);
    settings_destroy(settings);
    problems_finish(&problems);
    write_file("secrets.d/kafka", "hemlig\n", 0600);
}

static void kafka_gets_its_properties(void **state) {
    (void)state;
    struct problems problems;
    struct settings *settings = read_all(&problems, false);
    assert_non_null(settings);
    assert_int_equal(problems.count, 0);
    assert_string_equal(property(settings, "bootstrap.servers")->value, "k:9093");
    assert_string_equal(property(settings, "security.protocol")->value, "SASL_SSL");
    assert_string_equal(property(settings, "sasl.password")->value, "hemlig"); /* secrets.d before credentials */
    assert_true(property(settings, "sasl.password")->secret);
    assert_string_equal(property(settings, "session.timeout.ms")->value, "10000");
    assert_true(property(settings, "session.timeout.ms")->consumer_only);
    assert_string_equal(property(settings, "fetch.min.bytes")->value, "10");
    assert_null(property(settings, "group.id"));
    assert_null(property(settings, "start"));
    assert_int_equal(settings->kafka.protocol, KAFKA_SASL_SSL);
    assert_int_equal(settings->plan.session_timeout_ms, 10000);
    assert_int_equal(settings->plan.max_poll_interval_ms, 300000);
    struct span normal = settings_normal(settings);
    for (size_t i = 0; i + 6 <= normal.size; i++) {
        assert_memory_not_equal(normal.data + i, "hemlig", 6);
        assert_memory_not_equal(normal.data + i, "nyckel", 6);
    }
    settings_destroy(settings);
    problems_finish(&problems);
}

static void a_platform_is_as_written(void **state) {
    (void)state;
    struct problems problems;
    struct settings *settings = read_all(&problems, false);
    assert_int_equal(settings->plan.platform_count, 1);
    const struct platform_spec *oep = &settings->plan.platforms[0];
    assert_span(oep->name, "oep");
    assert_span(oep->base_url, "https://oep.se/api");
    assert_null(oep->proxy.data);
    assert_int_equal(oep->auth.kind, AUTH_HEADER);
    assert_span(oep->auth.header, "X-Key");
    assert_span(oep->auth.password.value, "nyckel");
    assert_span(oep->auth.password.name, "oep");
    assert_int_equal(oep->tls.minimum, 13);
    assert_int_equal(oep->connect_timeout_ms, 5000);
    assert_int_equal(oep->timeout_ms, 30000);
    assert_int_equal(oep->max_in_flight, 16);
    assert_int_equal(oep->breaker.failures, 5);
    assert_int_equal(oep->breaker.max_open_ms, 300000);
    assert_int_equal(oep->success.count, 1);
    assert_int_equal(oep->success.ranges[0].last, 299);
    assert_int_equal(oep->retry.count, 2);
    assert_int_equal(oep->retry.ranges[0].first, 429);
    assert_int_equal(oep->retry.ranges[1].last, 503);
    assert_int_equal(oep->hold.count, 3);
    assert_int_equal(settings->plan.lookups[0].reload_ms, 60000);
    assert_int_equal(settings->plan.memory_limit, 256 << 20);
    settings_destroy(settings);
    problems_finish(&problems);
}

static void a_route_is_compiled(void **state) {
    (void)state;
    struct problems problems;
    struct settings *settings = read_all(&problems, false);
    assert_int_equal(settings->plan.route_count, 1);
    const struct route *route = &settings->plan.routes[0];
    assert_span(route->name, "bygglov");
    assert_span(route->group, "sluss.bygglov");
    assert_int_equal(route->topic_count, 2);
    assert_span(route->topics[1], "b");
    assert_int_equal(route->mode, ROUTE_ON);
    assert_int_equal(route->start.kind, START_TIME);
    assert_true(route->start.wall_ms == 1767225600000);
    assert_int_equal(route->decode.format, DECODE_AUTO);
    assert_int_equal(route->decode.limits.depth, 8);
    assert_true(route->decode.data_needed);
    assert_true(route->gate.of_data);
    assert_non_null(route->gate.program);
    assert_int_equal(route->recipe_count, 1);
    assert_int_equal(route->recipes[0].absent, ABSENT_DEFAULT);
    assert_span(route->recipes[0].fallback, "\"\\\"x\\\"\"");
    assert_int_equal(json_path_names(route->recipes[0].into), 2);
    assert_span(route->mapping.method, "POST");
    assert_int_equal(route->mapping.header_count, 2);
    assert_span(route->mapping.headers[1].name, "X-B");
    assert_int_equal(route->mapping.body, BODY_EVENT);
    assert_null(route->mapping.content_type.data);
    assert_non_null(route->mapping.event_id);
    assert_int_equal(route->order, ORDER_QUERY);
    assert_non_null(route->order_by);
    assert_int_equal(route->refusals, 3);
    assert_int_equal(route->ambiguous, AMBIGUOUS_HOLD);
    assert_int_equal(route->retry.first_ms, 1000);
    assert_int_equal(route->retry.patience_ms, 7200000);
    assert_int_equal(route->window, 1024);
    assert_int_equal(route->exposure, 1024);
    settings_destroy(settings);
    problems_finish(&problems);
}

/* Several batches of a partition can be under way, and an offset map knows all their events. */
static void the_window_holds_batches(void **state) {
    (void)state;
    static const struct {
        unsigned events, window, exposure;
    } row[] = {{1, 1024, 1024},   {16, 1024, 1024},  {17, 1024, 1088},  {100, 1024, 6400},
               {128, 1024, 8192}, {129, 1032, 8192}, {1000, 8000, 8192}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char text[256];
        (void)snprintf(text, sizeof text,
                       "owner = \"o\"; from = \"a\"; dead-letter = \"d\"; deliver = { platform = \"oep\"; path = \"/\";"
                       " batch = { events = %u; }; };\n",
                       row[i].events);
        write_file("routes.d/a.cfg", text, 0600);
        struct problems problems;
        struct settings *settings = read_all(&problems, false);
        assert_int_equal(settings->plan.route_count, 2);
        assert_int_equal(settings->plan.routes[0].window, row[i].window);
        assert_int_equal(settings->plan.routes[0].exposure, row[i].exposure);
        assert_true(settings->plan.routes[0].window <= OFFSET_MAP_BITS);
        settings_destroy(settings);
        problems_finish(&problems);
    }
    char path[256];
    (void)snprintf(path, sizeof path, "%s/routes.d/a.cfg", folder);
    assert_int_equal(remove(path), 0);
}

static void an_exposed_secret_is_told(void **state) {
    (void)state;
    struct problems problems;
    write_file("secrets.d/kafka", "hemlig\n", 0644);
    struct settings *settings = read_all(&problems, false);
    assert_non_null(settings);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.list[0].code, PROBLEM_SECRET);
    assert_int_equal(problems.list[0].severity, SEVERITY_WARNING);
    settings_destroy(settings);
    problems_finish(&problems);
    write_file("secrets.d/kafka", "hemlig\n", 0600);
}

static void problems_print_as_json(void **state) {
    (void)state;
    struct problems problems;
    struct buf out = {0};
    problems_init(&problems);
    struct spot spot = {SPAN("b.cfg"), 3, 2, 1, SPAN(" \"x\"")};
    problems_add(&problems, SEVERITY_ERROR, PROBLEM_FORM, spot, SPAN("do it"), "second");
    spot.line = 1;
    problems_add(&problems, SEVERITY_WARNING, PROBLEM_RISK, spot, SPAN_NONE, "first");
    problems_sort(&problems);
    problems_write_json(&problems, &out);
    assert_string_equal(
        buf_text(&out),
        "{\"severity\":\"warning\",\"code\":\"SL0115\",\"file\":\"b.cfg\",\"line\":1,\"column\":2,\"text\":\" "
        "\\\"x\\\"\",\"what\":\"first\"}\n"
        "{\"severity\":\"error\",\"code\":\"SL0104\",\"file\":\"b.cfg\",\"line\":3,\"column\":2,\"text\":\" "
        "\\\"x\\\"\",\"what\":\"second\",\"cure\":\"do it\"}\n");
    buf_finish(&out);
    problems_finish(&problems);
}

/* A folder that cannot be read is not one without routes: a Sluss that runs nothing would look well. */
static void unreadable_routes_are_not_no_routes(void **state) {
    (void)state;
    char routes[128], aside[128];
    struct problems problems;
    (void)snprintf(routes, sizeof routes, "%s/routes.d", folder);
    (void)snprintf(aside, sizeof aside, "%s/aside", folder);
    assert_int_equal(rename(routes, aside), 0);
    write_file("routes.d", "", 0600);
    assert_null(read_all(&problems, true));
    assert_int_equal(problems.errors, 1);
    assert_int_equal(problems.status, 78);
    problems_finish(&problems);
    assert_int_equal(remove(routes), 0);
    assert_int_equal(rename(aside, routes), 0);
}

/* With one allocation failing there are never settings and no sign of it. */
static void failing_memory_is_told(void **state) {
    (void)state;
    bool failed = true;
    for (size_t number = 0; failed; number += number < 300 ? 1 : 17) {
        struct problems problems;
        memory_fail(number, false);
        struct settings *settings = read_all(&problems, false);
        failed = memory_heal() > 0;
        assert_true(failed || settings != NULL);
        if (settings != NULL)
            assert_true(problems.count > 0 || settings->plan.route_count == 1);
        else
            assert_true(problems.failed);
        settings_destroy(settings);
        problems_finish(&problems);
    }
}

/* Else a route would be left out for what is right a moment later. */
static void what_cannot_be_opened_just_now_leaves_nothing_out(void **state) {
    (void)state;
    static const int whys[] = {EMFILE, ENFILE, ENOMEM};
    for (size_t i = 0; i < sizeof whys / sizeof *whys; i++) {
        bool failed = true;
        for (size_t number = 0; failed; number++) {
            struct problems problems;
            opening.why = whys[i];
            opening.left = number;
            opening.failed = false;
            struct settings *settings = read_all(&problems, false);
            failed = opening.failed;
            opening.why = 0;
            if (failed ? settings != NULL || !problems.failed : settings == NULL)
                fail_msg("opening %zu, %s: %s, %s", number, strerror(whys[i]),
                         settings != NULL ? "settings" : "no settings", problems.failed ? "told" : "not told");
            assert_true(failed ||
                        number > 8); /* sluss.cfg, routes.d twice, a route, schemas and one, a table, secrets */
            settings_destroy(settings);
            problems_finish(&problems);
        }
    }
}

static void routes_share_what_their_schema_became(void **state) {
    (void)state;
    static const char text[] = "owner = \"o\"; from = \"a\"; dead-letter = \"d\"; schema = \"%s\";\n"
                               "deliver = { platform = \"oep\"; path = \"/e\"; };\n";
    static const char *const names[] = {"s.json", "t.json", "s.json"};
    struct problems problems;
    for (int i = 0; i < 3; i++) {
        char path[64], route[256];
        (void)snprintf(path, sizeof path, "routes.d/c%d.cfg", i);
        (void)snprintf(route, sizeof route, text, names[i]);
        write_file(path, route, 0600);
    }
    write_file("schemas/t.json", "{\"type\": \"object\"}", 0600);
    struct settings *settings = read_all(&problems, false);
    assert_int_equal(settings->plan.route_count, 4);
    const struct route *route = settings->plan.routes;
    assert_non_null(route[1].gate.program);
    assert_ptr_equal(route[3].gate.program, route[1].gate.program);
    assert_ptr_equal(route[0].gate.program, route[1].gate.program);
    assert_ptr_not_equal(route[2].gate.program, route[1].gate.program);
    settings_destroy(settings);
    problems_finish(&problems);
    for (int i = 0; i < 3; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/routes.d/c%d.cfg", folder, i);
        assert_int_equal(remove(path), 0);
    }
}

static void what_may_not_be_read_is_no_mistake_of_the_configuration(void **state) {
    (void)state;
    bool failed = true;
    unsigned refused = 0, left_out = 0;
    for (size_t number = 0; failed; number++) {
        struct problems problems;
        opening.why = EACCES;
        opening.left = number;
        opening.failed = false;
        struct settings *settings = read_all(&problems, false);
        failed = opening.failed;
        opening.why = 0;
        bool whole = settings != NULL && settings->plan.route_count == 1;
        if (!failed ? !whole : settings == NULL && problems.status != 77)
            fail_msg("opening %zu: status %d", number, problems.status);
        refused += settings == NULL ? 1 : 0;
        left_out += settings != NULL && !whole ? 1 : 0;
        settings_destroy(settings);
        problems_finish(&problems);
    }
    assert_int_equal(refused, 5);  /* sluss.cfg, two secrets, the table, routes.d */
    assert_int_equal(left_out, 3); /* the route, its schema, the folder of schemas */
}

/* A secret that is a credential needs no secrets.d: what is wrong elsewhere is no lack of permission. */
static void a_credential_is_found_where_secrets_may_not_be_seen(void **state) {
    (void)state;
    struct problems problems;
    char path[128];
    closed = true;
    write_file("routes.d/wrong.cfg", "foo = 1;\n", 0600);
    struct settings *settings = read_all(&problems, false);
    assert_non_null(settings);
    assert_true(problems.errors > 0);
    assert_int_equal(problems.denied, 0);
    assert_int_not_equal(problems.status, 77);
    settings_destroy(settings);
    problems_finish(&problems);
    (void)snprintf(path, sizeof path, "%s/routes.d/wrong.cfg", folder);
    assert_int_equal(remove(path), 0);

    (void)snprintf(path, sizeof path, "%s/credentials/oep", folder);
    assert_int_equal(remove(path), 0);
    assert_null(read_all(&problems, false));
    assert_int_equal(problems.errors, 1);
    assert_int_equal(problems.status, 77);
    problems_finish(&problems);
    write_file("credentials/oep", "nyckel\n", 0600);
    closed = false;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_of_two_lines_is_refused),
        cmocka_unit_test(kafka_gets_its_properties),
        cmocka_unit_test(a_platform_is_as_written),
        cmocka_unit_test(a_route_is_compiled),
        cmocka_unit_test(the_window_holds_batches),
        cmocka_unit_test(an_exposed_secret_is_told),
        cmocka_unit_test(problems_print_as_json),
        cmocka_unit_test(unreadable_routes_are_not_no_routes),
        cmocka_unit_test(routes_share_what_their_schema_became),
        cmocka_unit_test(what_may_not_be_read_is_no_mistake_of_the_configuration),
        cmocka_unit_test(a_credential_is_found_where_secrets_may_not_be_seen),
        cmocka_unit_test(what_cannot_be_opened_just_now_leaves_nothing_out),
        cmocka_unit_test(failing_memory_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
