/* What people read of a status in which everything waits that can: tests/cases/why-what-waits-waits. */
#include "ctl/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static json_t *status;
static char *text;
static size_t size;

static int read_status(void **state) {
    (void)state;
    status = json_load_file(SLUSS_SOURCE "/tests/cases/why-what-waits-waits/expected.status", 0, NULL);
    return status == NULL;
}

static int forget(void **state) {
    (void)state;
    json_decref(status);
    return 0;
}

/* No line may end with spaces that a golden text would lose. */
static void trim(void) {
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '\n')
            while (to > text && to[-1] == ' ')
                to--;
        *to++ = *from;
    }
    *to = '\0';
}

static void all_routes(void **state) {
    (void)state;
    FILE *out = open_memstream(&text, &size);
    assert_false(board_all_well(status));
    board_routes(out, status, false);
    (void)fclose(out);
    trim();
    assert_string_equal(
        text, "ROUTE   STATE   OLDEST HERE LAG RATE DELIVERED DEAD WHY\n"
              "bygglov stopped 389 ms    9                  0    1 partition 2: the committed offset is out of range\n"
              "platform oep: held for 300 ms: answered 401; asked again in 29 s; 1 in flight, 2 waiting\n");
    free(text);
}

static void rates(void **state) {
    (void)state;
    static const struct {
        double settled;
        const char *text;
    } rows[] = {{0, " 0 "}, {0.25, " 0.2 "}, {9.96, " 10.0 "}, {31.4, " 31 "}, {29448.1, " 29448 "}};
    json_t *all =
        json_pack("{s:[{s:s,s:s,s:b,s:{s:i,s:i,s:i},s:{}}],s:[]}", "routes", "name", "bygglov", "state", "running",
                  "well", 1, "events", "unsettled", 7, "delivered", 7, "dead-lettered", 7, "rates", "platforms");
    json_t *route = json_array_get(json_object_get(all, "routes"), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(json_object_set_new(json_object_get(route, "rates"), "settled", json_real(rows[i].settled)),
                         0);
        FILE *out = open_memstream(&text, &size);
        board_routes(out, all, false);
        (void)fclose(out);
        assert_non_null(strstr(text, rows[i].text));
        free(text);
    }
    json_decref(all);
}

static void routes_left_out(void **state) {
    (void)state;
    json_t *well = json_pack("{s:[],s:[],s:i}", "routes", "platforms", "configuration-errors", 0);
    assert_true(board_all_well(well));
    assert_int_equal(json_object_set_new(well, "configuration-errors", json_integer(1)), 0);
    assert_false(board_all_well(well));
    FILE *out = open_memstream(&text, &size);
    board_routes(out, well, false);
    (void)fclose(out);
    assert_non_null(strstr(text, "1 error in the configuration: a route is left out: slussctl check\n"));
    free(text);
    json_decref(well);
}

/* Why nothing is read of a partition that is well. */
static void what_reading_waits_for(void **state) {
    (void)state;
    static const struct {
        int used, exposed;
        const char *text;
    } rows[] = {{3, 7, NULL},
                {4, 7, "t/0: the window is full: nothing is read until offset 17 is settled\n"},
                {1, 8, "t/0: 8 events have no commit yet: nothing is read until Kafka acknowledges one\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *all = json_pack("{s:[{s:s,s:s,s:s,s:s,s:[{s:s,s:i,s:s,s:i,s:i,s:i,s:i,s:i}]}],s:[]}", "routes", "name",
                                "bygglov", "state", "running", "owner", "o", "platform", "p", "partitions", "topic",
                                "t", "partition", 0, "state", "reading", "base", 17, "window", 4, "window-used",
                                rows[i].used, "exposure", 8, "exposed", rows[i].exposed, "platforms");
        FILE *out = open_memstream(&text, &size);
        board_route(out, all, board_find(all, "bygglov"), false);
        (void)fclose(out);
        if (rows[i].text != NULL)
            assert_non_null(strstr(text, rows[i].text));
        else
            assert_null(strstr(text, "t/0"));
        free(text);
        json_decref(all);
    }
}

static void one_route(void **state) {
    (void)state;
    FILE *out = open_memstream(&text, &size);
    assert_null(board_find(status, "nobody"));
    assert_null(board_nearest(status, "nobody"));
    assert_string_equal(board_nearest(status, "byglov"), "bygglov");
    assert_false(board_well(board_find(status, "bygglov")));
    board_route(out, status, board_find(status, "bygglov"), false);
    (void)fclose(out);
    trim();
    static const char *const lines[] = {
        "bygglov: stopped: partition 2: the committed offset is out of range (forvaltning@example.se)\n",
        "\narende.v1/2: stopped: the committed offset is out of range\n",
        "\nplatform oep: held for 300 ms: answered 401; asked again in 29 s; 1 in flight, 2 waiting\n",
        "\nEVENT          KEY       WAITS BEHIND ATTEMPTS NEXT TRY WHY\n",
        " 389 ms      1        0          key held behind a dead letter arende.v1/0/17\n",
        " 387 ms      0        1          key held, it may have been delivered: the connection broke\n",
        " 386 ms      0        1   170 ms attempt failed, again later: answered 500\n",
        " 383 ms      0        1     29 s the platform is not up: answered 401\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strstr(text, lines[i]) == NULL)
            fail_msg("not there: %s\nin:\n%s", lines[i], text);
    free(text);
}

/* Standard output is a terminal of so many columns, until it is put back. */
static int to_terminal(unsigned short columns, int *kept) {
    const struct winsize window = {.ws_row = 24, .ws_col = columns};
    int side = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(side >= 0 && grantpt(side) == 0 && unlockpt(side) == 0);
    int terminal = open(ptsname(side), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(ioctl(terminal, TIOCSWINSZ, &window), 0);
    (void)fflush(stdout);
    *kept = dup(STDOUT_FILENO);
    assert_true(*kept >= 0 && dup2(terminal, STDOUT_FILENO) >= 0);
    (void)close(terminal);
    return side;
}

/* The sentences are folded between words, within their column; where that has no room they are left alone. */
static void narrow(void **state) {
    (void)state;
    static const struct {
        unsigned short columns;
        const char *text;
    } rows[] = {{80, "ROUTE   STATE   OLDEST HERE LAG RATE DELIVERED DEAD WHY\n"
                     "bygglov stopped 389 ms    9                  0    1 partition 2: the committed\n"
                     "                                                    offset is out of range\n"
                     "platform oep"},
                {60, "ROUTE   STATE   OLDEST HERE LAG RATE DELIVERED DEAD WHY\n"
                     "bygglov stopped 389 ms    9                  0    1 partition 2: the committed offset is out of "
                     "range\nplatform oep"}};
    (void)unsetenv("COLUMNS");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int kept, side = to_terminal(rows[i].columns, &kept);
        FILE *out = open_memstream(&text, &size);
        board_routes(out, status, false);
        (void)fclose(out);
        (void)dup2(kept, STDOUT_FILENO);
        (void)close(kept);
        (void)close(side);
        trim();
        if (strncmp(text, rows[i].text, strlen(rows[i].text)) != 0)
            fail_msg("in %d columns:\n%s", rows[i].columns, text);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_routes),
        cmocka_unit_test(narrow),
        cmocka_unit_test(rates),
        cmocka_unit_test(routes_left_out),
        cmocka_unit_test(what_reading_waits_for),
        cmocka_unit_test(one_route),
    };
    return cmocka_run_group_tests(tests, read_status, forget);
}
