/* Tests of daemon/worker on a broker in memory: a worker sleeps while it leaves its groups, also where one of their
 * coordinators is slow to answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/worker.h"
#include "http/client.h"
#include "support/mock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUTES = 3, PATIENCE_MS = 60000, SLOW_MS = 1500, A_TURN_MS = 20, LEAVE_GROUP = 13 };

static atomic_uint turns;

void __wrap_http_client_wait(struct http_client *client, struct curl_waitfd *extra, unsigned count, int timeout_ms);
void __real_http_client_wait(struct http_client *client, struct curl_waitfd *extra, unsigned count, int timeout_ms);

void __wrap_http_client_wait(struct http_client *client, struct curl_waitfd *extra, unsigned count, int timeout_ms) {
    atomic_fetch_add(&turns, 1);
    __real_http_client_wait(client, extra, count, timeout_ms);
}

static char folder[] = "/tmp/sluss-worker-XXXXXX";

static FILE *open_file(const char *name) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

static void write_files(const struct mock *mock) {
    char path[128];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/routes.d", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    FILE *file = open_file("sluss.cfg");
    (void)fprintf(file,
                  "kafka = { bootstrap-servers = \"%s\"; group-id = \"sluss\"; security-protocol = \"PLAINTEXT\"; "
                  "start = \"earliest\"; };\n"
                  "platforms = { p = { base-url = \"http://127.0.0.1:9\"; }; };\n",
                  mock_servers(mock));
    assert_int_equal(fclose(file), 0);
    for (int i = 0; i < ROUTES; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "routes.d/r%d.cfg", i);
        file = open_file(name);
        (void)fprintf(file,
                      "owner = \"o\"; from = \"topic\"; dead-letter = \"d\"; deliver = { platform = \"p\"; path = "
                      "\"/%d\"; };\n",
                      i);
        assert_int_equal(fclose(file), 0);
    }
}

static void remove_files(void) {
    for (int i = 0; i < ROUTES; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/routes.d/r%d.cfg", folder, i);
        assert_int_equal(unlink(path), 0);
    }
    char path[128];
    (void)snprintf(path, sizeof path, "%s/routes.d", folder);
    assert_int_equal(rmdir(path), 0);
    (void)snprintf(path, sizeof path, "%s/sluss.cfg", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static struct settings *read_settings(void) {
    struct problems problems;
    problems_init(&problems);
    struct settings *settings = settings_read(&(struct settings_options){.path = folder}, &problems);
    for (size_t i = 0; problems.errors > 0 && i < problems.count; i++)
        print_message(SPAN_FORMAT "\n", SPAN_ARGUMENT(problems.list[i].what));
    assert_int_equal(problems.errors, 0);
    assert_non_null(settings);
    problems_finish(&problems);
    settings_number(settings, 1);
    return settings;
}

static bool is_joined(struct worker *worker, struct snapshot *snapshot) {
    worker_snapshot(worker, snapshot);
    for (uint32_t i = 0; i < ROUTES; i++)
        if (snapshot->joined[i] == 0)
            return false;
    return true;
}

/* The descriptors of those that have left already call no more. */
static void sleeps_while_a_coordinator_is_slow(void **state) {
    (void)state;
    struct mock mock;
    struct error error;
    mock_begin(&mock, SPAN("topic"));
    write_files(&mock);
    struct settings *settings = read_settings();
    assert_true(http_init(&error));
    struct kafka_property property[16];
    for (size_t i = 0; i < settings->kafka.count; i++)
        property[i] = (struct kafka_property){settings->kafka.properties[i].name, settings->kafka.properties[i].value};
    atomic_uint working = 0;
    const struct worker_spec spec = {.settings = settings,
                                     .properties = {property, settings->kafka.count},
                                     .done = eventfd(0, EFD_NONBLOCK),
                                     .working = &working};
    struct worker *worker = worker_create(&spec, &error);
    assert_non_null(worker);
    const uint32_t partitions[ROUTES] = {1, 1, 1};
    assert_true(worker_start(worker, partitions, 1, &error));
    struct snapshot *snapshot = snapshot_create(&settings->plan);
    for (int64_t until = mock_now_ms() + PATIENCE_MS; !is_joined(worker, snapshot) && mock_now_ms() < until;)
        (void)usleep(A_TURN_MS * 1000);
    assert_true(is_joined(worker, snapshot));
    assert_int_equal(rd_kafka_mock_broker_push_request_error_rtts(
                         mock.cluster, 1, LEAVE_GROUP, ROUTES, RD_KAFKA_RESP_ERR_NO_ERROR, 0,
                         RD_KAFKA_RESP_ERR_NO_ERROR, 0, RD_KAFKA_RESP_ERR_NO_ERROR, SLOW_MS),
                     0);
    atomic_store(&turns, 0);
    int64_t begun_ms = mock_now_ms();
    worker_stop(worker);
    worker_join(worker);
    int64_t turns_of_time = (mock_now_ms() - begun_ms) / A_TURN_MS;
    assert_true(turns_of_time >= SLOW_MS / A_TURN_MS); /* else nobody was slow */
    assert_true(atomic_load(&turns) < 10 * turns_of_time);
    snapshot_destroy(snapshot);
    worker_destroy(worker);
    (void)close(spec.done);
    http_finish();
    settings_destroy(settings);
    mock_end(&mock);
    remove_files();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sleeps_while_a_coordinator_is_slow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
