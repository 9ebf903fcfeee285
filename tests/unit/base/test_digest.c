/* Tests of base/digest. Published vectors. */
#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static void assert_hex(const unsigned char digest[DIGEST_SIZE], const char *expected) {
    char hex[2 * DIGEST_SIZE + 1];
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(hex, expected);
}

static void vectors(void **state) {
    (void)state;
    unsigned char digest[DIGEST_SIZE];
    /* FIPS 180-2 appendix B.1 */
    assert_true(digest_sha256(SPAN("abc"), digest));
    assert_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(digest_sha256(SPAN(""), digest));
    assert_hex(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    /* RFC 4231 test case 2 */
    assert_true(digest_hmac_sha256(SPAN("Jefe"), SPAN("what do ya want for nothing?"), digest));
    assert_hex(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
