/* Any bytes on the control socket: no order is taken that was not said, and the next one who comes is answered. */
#include "daemon/release.h"
#include "ops/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { LARGEST = 64 * 1024, TURNS = 20 };

static char folder[64], path[96];
static struct admin *admin;
static bool ordered;
static int64_t now_ms; /* a millisecond a turn */

static void hold(bool holds) {
    if (!holds)
        abort();
}

static bool ask(void *owner, struct input *input, struct released *released) {
    (void)owner;
    hold(input->kind == INPUT_RELEASE && input->is.release.route == 0 && input->is.release.topic == 0);
    hold(input->is.release.offset >= -1 && input->is.release.partition >= 0);
    ordered = true;
    released->keys += 1;
    return true;
}

static unsigned answer(void *owner, const struct admin_request *request, struct buf *body, const char **type) {
    static const struct span topics[] = {{"arende.v1", 9}};
    static struct route routes[] = {{.name = {"bygglov", 7}, .topics = topics, .topic_count = 1}};
    static const struct plan plan = {.routes = routes, .route_count = 1};
    (void)type;
    hold(request->uid == (int64_t)getuid());
    if (!request->act || strcmp(request->path, "/release") != 0) {
        buf_add_text(body, "no\n");
        return 404;
    }
    unsigned status = release_answer(&plan, request, ask, owner, body);
    for (size_t i = 0; i < body->size; i++)
        hold((body->data[i] >= 0x20 || body->data[i] == '\n') && body->data[i] < 0x7f);
    return status;
}

static void close_all(void) {
    admin_destroy(admin);
    (void)rmdir(folder);
}

static void open_all(void) {
    struct error error = {0};
    (void)snprintf(folder, sizeof folder, "/tmp/sluss-fuzz-XXXXXX");
    hold(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/s", folder);
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    admin = admin_create(&(struct admin_spec){.socket = path, .answer = answer}, NULL, &error);
    hold(admin != NULL && atexit(close_all) == 0);
}

/* What is answered to these bytes, at most so much of it. */
static size_t ask_socket(const void *data, size_t size, char *answered, size_t room) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    hold(client >= 0 && connect(client, (const struct sockaddr *)&address, sizeof address) == 0);
    (void)!send(client, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    size_t got = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        admin_serve(admin, now_ms++);
        ssize_t more = recv(client, answered + got, room - got, MSG_DONTWAIT);
        got += more > 0 ? (size_t)more : 0;
        if (more == 0)
            break;
    }
    (void)close(client);
    admin_serve(admin, now_ms++);
    return got;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    static const char question[] = "GET /metrics HTTP/1.0\r\n\r\n";
    char answered[4096];
    if (size > LARGEST)
        return 0;
    if (admin == NULL)
        open_all();
    ordered = false;
    (void)ask_socket(data, size, answered, sizeof answered);
    hold(!ordered || (memmem(data, size, "POST", 4) != NULL && memmem(data, size, "rel", 3) != NULL));
    size_t got = ask_socket(question, sizeof question - 1, answered, sizeof answered);
    hold(got > 12 && memcmp(answered + 9, "404", 3) == 0);
    return 0;
}
