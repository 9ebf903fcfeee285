/* A server on the loopback that gives one answer a request, in turn, and keeps what it read. Not a test. */
#ifndef CONTRACT_SERVER_H
#define CONTRACT_SERVER_H

#include <pthread.h>
#include <stddef.h>

enum { REQUESTS = 8, REQUEST_BYTES = 4096 };

struct server {
    int listener;
    int port;
    const char *const *answers;             /* NULL: read the request, then close */
    size_t expected;                        /* requests; then the thread ends */
    size_t count;                           /* read after server_finish() */
    char requests[REQUESTS][REQUEST_BYTES]; /* heads and what came with them */
    pthread_t thread;
};

/* The caller frees it, after server_finish. */
struct server *server_create(const char *const *answers, size_t expected);

/* Ends the thread, also when fewer requests came than expected. */
void server_finish(struct server *server);

#endif
