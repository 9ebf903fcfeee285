/* The receiving end of the benchmark: answers 204 to every request, at once or after a delay, and counts. It checks
 * nothing but that each request is whole. One thread, epoll, HTTP/1.1 with content-length. Prints its port first; at
 * SIGTERM and SIGUSR1 the number of requests and of body bytes, the seconds from the first request to the last, and how
 * long after their making ("sent-MICROSECONDS" in the body) half and 99 % of them were here. SIGUSR1 begins anew. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096, BUFFER = 1 << 20, STEP_US = 10, STEPS = 1 << 20 };

static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";

struct connection {
    char *data;
    size_t used;
    int64_t due_us; /* when its answer is due; 0: none waits */
};

static struct connection *connections[MOST];
static int waiting[MOST], waiting_first, waiting_count; /* descriptors in the order their answers are due */
static int64_t delay_us, first_us, last_us;
static unsigned long long requests, bytes, ages, age[STEPS]; /* how many had an age of so many steps */

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void note_age(const char *data, size_t size) {
    const char *mark = memmem(data, size, "sent-", 5);
    if (mark == NULL)
        return;
    int64_t steps = (last_us - strtoll(mark + 5, NULL, 10)) / STEP_US;
    age[steps < 0 ? 0 : steps < STEPS ? steps : STEPS - 1]++;
    ages++;
}

/* In milliseconds. */
static double age_of(unsigned percent) {
    unsigned long long below = 0;
    size_t step = 0;
    while (step < STEPS && (below += age[step]) * 100 < ages * percent)
        step++;
    return (double)step * STEP_US / 1e3;
}

static void answer_now(int descriptor) {
    ssize_t sent = send(descriptor, answer, sizeof answer - 1, MSG_NOSIGNAL);
    (void)sent;
}

static void answer_later(int descriptor) {
    connections[descriptor]->due_us = now_us() + delay_us;
    waiting[(waiting_first + waiting_count++) % MOST] = descriptor;
}

/* The length of the first whole request in the buffer, or 0. */
static size_t whole_request(const struct connection *connection, size_t *body) {
    char *end = memmem(connection->data, connection->used, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - connection->data) + 4;
    *body = 0;
    for (char *line = connection->data; line < end; line = (char *)memchr(line, '\n', (size_t)(end + 2 - line)) + 1)
        if (strncasecmp(line, "content-length:", 15) == 0)
            *body = strtoul(line + 15, NULL, 10);
    return connection->used >= head + *body ? head + *body : 0;
}

static bool read_requests(int descriptor) {
    struct connection *connection = connections[descriptor];
    ssize_t got = recv(descriptor, connection->data + connection->used, BUFFER - connection->used, 0);
    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    connection->used += (size_t)got;
    size_t body;
    for (size_t size; (size = whole_request(connection, &body)) > 0;) {
        requests++;
        bytes += body;
        last_us = now_us();
        first_us = first_us == 0 ? last_us : first_us;
        note_age(connection->data, size);
        memmove(connection->data, connection->data + size, connection->used - size);
        connection->used -= size;
        if (delay_us > 0)
            answer_later(descriptor);
        else
            answer_now(descriptor);
    }
    return connection->used < BUFFER;
}

static void answer_due(int timer) {
    int64_t now = now_us();
    while (waiting_count > 0) {
        int descriptor = waiting[waiting_first];
        struct connection *connection = connections[descriptor];
        if (connection != NULL && connection->due_us > now)
            break;
        waiting_first = (waiting_first + 1) % MOST;
        waiting_count--;
        if (connection != NULL)
            answer_now(descriptor);
    }
    struct itimerspec next = {{0, 0}, {0, 0}};
    if (waiting_count > 0) {
        int64_t left = connections[waiting[waiting_first]]->due_us - now;
        next.it_value.tv_nsec = left > 0 ? left * 1000 : 1;
    }
    (void)timerfd_settime(timer, 0, &next, NULL);
}

static void welcome(int epoll, int listening) {
    static const int yes = 1;
    for (int descriptor; (descriptor = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        if (descriptor >= MOST || (connections[descriptor] = calloc(1, sizeof(struct connection))) == NULL ||
            (connections[descriptor]->data = malloc(BUFFER)) == NULL) {
            (void)close(descriptor);
            continue;
        }
        (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
    }
}

static void part(int descriptor) {
    free(connections[descriptor]->data);
    free(connections[descriptor]);
    connections[descriptor] = NULL;
    (void)close(descriptor);
}

static int listen_on_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listening < 0 || bind(listening, (struct sockaddr *)&address, size) != 0 || listen(listening, 1024) != 0 ||
        getsockname(listening, (struct sockaddr *)&address, &size) != 0)
        return -1;
    (void)printf("%d\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    return listening;
}

/* What has come since the last time. */
static void report(void) {
    (void)printf("{\"requests\": %llu, \"bytes\": %llu, \"seconds\": %.6f, \"p50_ms\": %.2f, \"p99_ms\": %.2f}\n",
                 requests, bytes, (double)(last_us - first_us) / 1e6, age_of(50), age_of(99));
    (void)fflush(stdout);
    requests = bytes = ages = 0;
    first_us = last_us = 0;
    memset(age, 0, sizeof age);
}

int main(int count, char **argument) {
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    delay_us = count > 1 ? atoll(argument[1]) : 0;
    int ends = signalfd(-1, &set, SFD_CLOEXEC), epoll = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), listening = listen_on_loopback();
    const int watched[] = {ends, timer, listening};
    for (size_t i = 0; i < 3; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = watched[i]};
        if (watched[i] < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, watched[i], &event) != 0)
            return 1;
    }
    for (bool ending = false; !ending;) {
        struct epoll_event event[256];
        int ready = epoll_wait(epoll, event, 256, -1);
        for (int i = 0; i < ready; i++) {
            int descriptor = event[i].data.fd;
            struct signalfd_siginfo told = {0};
            if (descriptor == ends && read(ends, &told, sizeof told) == sizeof told) {
                ending = told.ssi_signo == SIGTERM;
                report();
            }
            if (descriptor == listening)
                welcome(epoll, listening);
            else if (descriptor != timer && descriptor != ends && connections[descriptor] != NULL &&
                     !read_requests(descriptor))
                part(descriptor);
        }
        if (delay_us > 0)
            answer_due(timer);
    }
    return 0;
}
