/* Which limits PCRE2 keeps, interpreted and compiled, as schema/regex.c sets them. Not a test of our patterns. */
#include "contract.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char evil[] = "^(a+)+$";
static const char subject[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";

static int match(const char *pattern, const char *text, bool jit, uint32_t steps, uint32_t depth, uint32_t heap_kib) {
    int code = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &code, &offset, NULL);
    assert_non_null(compiled);
    int result = 0;
    if (jit && pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE) != 0) {
        pcre2_code_free(compiled);
        return PCRE2_ERROR_JIT_BADOPTION; /* no JIT on this machine: nothing to say about it */
    }
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    assert_non_null(limits);
    assert_non_null(data);
    pcre2_set_match_limit(limits, steps);
    pcre2_set_depth_limit(limits, depth);
    pcre2_set_heap_limit(limits, heap_kib);
    result = pcre2_match(compiled, (PCRE2_SPTR)text, strlen(text), 0, 0, data, limits);
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    pcre2_code_free(compiled);
    return result;
}

enum { PLENTY = 1000000000 };

static void test_the_match_limit_ends_a_catastrophe(void **state) {
    (void)state;
    contract(match(evil, subject, false, 100000, PLENTY, PLENTY) == PCRE2_ERROR_MATCHLIMIT,
             "PCRE2 no longer ends %s by its match limit when interpreting: schema/regex.c bounds time with it", evil);
    int result = match(evil, subject, true, 100000, PLENTY, PLENTY);
    contract(result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_JIT_BADOPTION,
             "PCRE2's compiled code no longer keeps the match limit (result %d): schema/regex.c bounds time with it",
             result);
}

static void test_the_interpreter_keeps_depth_and_heap(void **state) {
    (void)state;
    contract(match(evil, subject, false, PLENTY, 10, PLENTY) == PCRE2_ERROR_DEPTHLIMIT,
             "PCRE2 no longer keeps the depth limit");
    char pattern[] = "^(?:(a)|b)*c";
    char text[20001];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    contract(match(pattern, text, false, PLENTY, PLENTY, 64) == PCRE2_ERROR_HEAPLIMIT,
             "PCRE2 no longer keeps the heap limit: schema/regex.c bounds memory with it");
}

static void test_compiled_code_knows_no_depth(void **state) {
    (void)state;
    int result = match("^(a+)+b$", subject, true, PLENTY, 1, 1);
    contract(result >= 0 || result == PCRE2_ERROR_JIT_BADOPTION,
             "PCRE2's compiled code now keeps depth or heap limits (result %d): the stack given to it was the bound",
             result);
}

#ifndef PR_SET_MDWE
#define PR_SET_MDWE              65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

enum { MATCHES, CANNOT_MATCH, CANNOT_DENY }; /* exit statuses of a child */

static int match_without_executable_memory(void) {
    if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0)
        return CANNOT_DENY;
    /* cppcheck-suppress invalidFunctionArg ; an anonymous mapping has no descriptor */
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED) {
        (void)munmap(page, 4096);
        return CANNOT_DENY;
    }
    int compiled = match("^a+b$", "aab", true, PLENTY, PLENTY, PLENTY);
    int interpreted = match("^a+b$", "aab", false, PLENTY, PLENTY, PLENTY);
    return interpreted >= 0 && (compiled >= 0 || compiled == PCRE2_ERROR_JIT_BADOPTION) ? MATCHES : CANNOT_MATCH;
}

/* As systemd's MemoryDenyWriteExecute does it on kernels from 6.3 on. Some builds of PCRE2 compile all the same, by
 * mapping their code twice. */
static void test_without_executable_memory_there_is_a_match_all_the_same(void **state) {
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(match_without_executable_memory());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_DENY)
        skip();
    contract(WIFEXITED(status) && WEXITSTATUS(status) == MATCHES,
             "PCRE2 neither compiles nor falls back where memory may not become executable (status %d): slussd.service "
             "sets MemoryDenyWriteExecute",
             status);
}

static void test_a_reference_to_a_group_that_did_not_match(void **state) {
    (void)state;
    contract(match("^(?:(a)|b)\\1$", "b", false, PLENTY, PLENTY, PLENTY) == PCRE2_ERROR_NOMATCH,
             "PCRE2 lets \\1 of an unset group match by itself: ECMA 262 wants it, the option for it may go");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_match_limit_ends_a_catastrophe),
        cmocka_unit_test(test_the_interpreter_keeps_depth_and_heap),
        cmocka_unit_test(test_compiled_code_knows_no_depth),
        cmocka_unit_test(test_without_executable_memory_there_is_a_match_all_the_same),
        cmocka_unit_test(test_a_reference_to_a_group_that_did_not_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
