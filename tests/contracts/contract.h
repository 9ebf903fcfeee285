/* The sentence of a broken contract. Not a test. */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* SENTENCE says what the library did until now and which code leans on it; it is the first thing that whoever installs
 * a newer library will read. */
#define contract(holds, ...)                                                                                           \
    do {                                                                                                               \
        if (!(holds))                                                                                                  \
            fail_msg(__VA_ARGS__);                                                                                     \
    } while (0)

#endif
