/* An error is one sentence for a person: what happened, where, what to do. It is returned, never logged by who makes
 * it. */
#ifndef SLUSS_BASE_ERROR_H
#define SLUSS_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* Start with `struct error error = {0};`. A function that takes one sets it exactly when it fails. `error` may be NULL
 * everywhere: then nothing is said. The texts never hold an event's values, keys or secrets. */
struct error {
    char text[512];
    bool shortage; /* of memory, descriptors, threads, ... : the same may succeed later, with nothing changed by anybody
                    */
};

/* Sets the sentence. The first cause wins: a text that is already there stays. Returns false, so `return
 * error_set(...)`. */
bool error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts context in front as the error rises: "context: text". Returns false. */
bool error_context(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Like error_set, of a shortage. Returns false. */
bool error_shortage(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether this errno tells of a shortage. */
bool error_is_shortage(int number);

/* Like error_set, followed by ": " and what `number`, an errno, says; a shortage where it tells of one. Returns false.
 */
bool error_system(struct error *error, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The sentence of every failed allocation, a shortage. Returns false. */
bool error_memory(struct error *error);

#endif
