/* A child is a program that slussctl starts and stops. It does not outlive slussctl. */
#ifndef SLUSS_CTL_CHILD_H
#define SLUSS_CTL_CHILD_H

#include "base/error.h"

#include <sys/types.h>

/* All zero: none runs. */
struct child {
    pid_t pid;
};

/* Starts argv[0] (a path) in a process group of its own, so that Ctrl-C reaches only slussctl. Standard output and
 * error go to the given descriptors (-1: to slussctl's own). The kernel ends it should slussctl be killed. */
bool child_start(struct child *child, const char *const argv[], int out, int err, struct error *error);

/* True when it has ended (or none runs); *status is then its exit status, 128 and the signal's number for a signal. */
bool child_ended(struct child *child, int *status);

/* SIGTERM, and SIGKILL after `patience_ms`; gives the exit status as above. Each time that something can be read from
 * `hurry` (-1: nothing will be) it is read, and SIGTERM sent again. */
int child_stop(struct child *child, int patience_ms, int hurry);

#endif
