/* Tests of slussctl's verbs with an allocation that fails, whichever it is: the answer is the right one, or that memory
 * is short, never another. What fails inside libraries is not seen here. */
#include "ctl/verbs.h"

#include "support/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option common[] = {{"config", "PATH", "", false}, {0}};
static const struct verb *const verbs[] = {&verb_check, &verb_try, &verb_validate, &verb_query, NULL};

static char folder[] = "/tmp/sluss-shortage-XXXXXX";
static int quiet[2];

static void link_to(const char *name, const char *source) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(symlink(source, path), 0);
}

static int set_up(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    link_to("sluss.cfg", SLUSS_SOURCE "/config/sluss.cfg");
    link_to("routes.d", SLUSS_SOURCE "/config/routes.d");
    link_to("tables", SLUSS_SOURCE "/config/tables");
    link_to("schemas", SLUSS_SOURCE "/schemas");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    static const char *const names[] = {"sluss.cfg", "routes.d", "tables", "schemas"};
    char path[256];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

/* What a verb prints is not the question. */
static void hush(bool hushed) {
    (void)fflush(stdout);
    (void)fflush(stderr);
    for (int i = 0; i < 2; i++) {
        if (hushed)
            quiet[i] = dup(i + 1);
        int there = hushed ? open("/dev/null", O_WRONLY | O_CLOEXEC) : quiet[i];
        assert_true(there >= 0 && dup2(there, i + 1) == i + 1);
        (void)close(there);
    }
}

enum { WORDS_MOST = 16, FIRST = 40, STRIDE = 7 }; /* what settings does is swept elsewhere */

/* A line of words divided by single spaces. */
static int run(const char *line) {
    char copy[1024], *words[WORDS_MOST + 1] = {NULL}, *rest = NULL;
    struct call call;
    struct error error = {0};
    int count = 0;
    (void)snprintf(copy, sizeof copy, "slussctl %s", line);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < WORDS_MOST; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    bool read = call_read(&call, count, words, verbs, common, &error);
    int status = read ? call.verb->run(&call) : call_refuse(EXIT_USAGE, &error);
    call_finish(&call);
    return status;
}

static void sweep(int wanted, const char *line, const char *path) {
    char whole[1024];
    bool failed = true;
    unsigned wrong = 0, told = 0;
    (void)snprintf(whole, sizeof whole, "%s%s", line, path);
    hush(true);
    int answer = run(whole);
    hush(false);
    assert_int_equal(answer, wanted);
    for (size_t number = 0; failed; number += number < FIRST ? 1 : STRIDE) {
        hush(true);
        memory_fail(number, false);
        int status = run(whole);
        failed = memory_heal() > 0;
        hush(false);
        if (status != wanted && !(failed && status == EXIT_SYSTEM)) {
            print_message("%s, allocation %zu: exit %d\n", line, number, status);
            wrong++;
        }
        told += status == EXIT_SYSTEM ? 1 : 0;
    }
    assert_int_equal(wrong, 0);
    assert_true(told > 0);
}

#define SAMPLES "/schemas/bygglov/samples/status-andrad-1."

#define SCHEMA                                                                                                         \
    "validate --schema " SLUSS_SOURCE "/schemas/bygglov/status-andrad-1.schema.json --schemas " SLUSS_SOURCE           \
    "/schemas/shared "

static void check_says_so(void **state) {
    (void)state;
    sweep(EXIT_YES, "check --config ", folder);
}

static void try_says_so(void **state) {
    (void)state;
    sweep(EXIT_YES, "try bygglov " SLUSS_SOURCE SAMPLES "valid-minimal.json --config ", folder);
    sweep(EXIT_NO, "try bygglov " SLUSS_SOURCE SAMPLES "invalid-annan-typ.json --config ", folder);
    sweep(EXIT_NO, "try bygglov " SLUSS_SOURCE SAMPLES "valid-minimal.json --reply 503 --config ", folder);
}

static void validate_says_so(void **state) {
    (void)state;
    sweep(EXIT_YES, SCHEMA SLUSS_SOURCE SAMPLES "valid-minimal.json", "");
    sweep(EXIT_NO, SCHEMA SLUSS_SOURCE SAMPLES "invalid-annan-typ.json", "");
    sweep(EXIT_NO, SCHEMA "--output list " SLUSS_SOURCE SAMPLES "invalid-annan-typ.json", "");
}

static void query_says_so(void **state) {
    (void)state;
    sweep(EXIT_YES, "query $.data.statuskod " SLUSS_SOURCE SAMPLES "valid-minimal.json", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(check_says_so), cmocka_unit_test(try_says_so),
                                       cmocka_unit_test(validate_says_so), cmocka_unit_test(query_says_so)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
