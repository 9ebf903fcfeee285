/* The floor of the benchmark: what librdkafka and libcurl cost by themselves. It posts the bytes of each event and
 * checks, orders and commits nothing. Settings are the best that were measured for both libraries. usage: floor SERVERS
 * TOPIC[,TOPIC]... EVENTS IN-FLIGHT URL [BATCH [PART PARTS]]: each topic has a consumer of its own; so many events in
 * one request, as a JSON array; of the partitions every PARTS-th from PART on. Says "ready" before the first event, and
 * figures at the end. */
#include <curl/curl.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096, MOST_TOPICS = 256, BODY = 1 << 20 };

struct slot {
    CURL *easy;
    rd_kafka_message_t *message; /* one event a request: its bytes are sent as they are */
    char *body;                  /* else: room for several */
    size_t size;
    long events;
};

static struct slot slots[MOST], *idle[MOST];
static int idle_count;
static CURLM *multi;
static struct reader {
    rd_kafka_queue_t *queue;
    int wake;
    bool ready; /* it may have more */
} readers[MOST_TOPICS];
static int reader_count, turn;
static long started, done, failed, wanted, batch = 1;

static size_t swallow(char *data, size_t size, size_t count, void *owner) {
    (void)data, (void)owner;
    return size * count;
}

/* Every `parts`-th partition from `part` on. */
static bool read_topic(const char *servers, const char *topic, int part, int parts, int all) {
    char why[256];
    static const uint64_t one = 1;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *set[][2] = {{"bootstrap.servers", servers},
                            {"group.id", "floor"},
                            {"enable.auto.commit", "false"},
                            {"auto.offset.reset", "earliest"},
                            {"check.crcs", "true"}};
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        if (rd_kafka_conf_set(conf, set[i][0], set[i][1], why, sizeof why) != RD_KAFKA_CONF_OK)
            return false;
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    if (rd_kafka_metadata(client, 0, handle, &metadata, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (int i = part; i < metadata->topics[0].partition_cnt; i += parts)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    (void)rd_kafka_poll_set_consumer(client);
    struct reader *reader = &readers[reader_count];
    reader->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    reader->queue = rd_kafka_queue_get_consumer(client);
    rd_kafka_queue_io_event_enable(reader->queue, reader->wake, &one, sizeof one);
    (void)rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = reader_count++};
    return epoll_ctl(all, EPOLL_CTL_ADD, reader->wake, &event) == 0;
}

static bool read_all(const char *servers, char *topics, int part, int parts, int all) {
    char *rest;
    if (parts < 1)
        return false;
    for (char *topic = strtok_r(topics, ",", &rest); topic != NULL; topic = strtok_r(NULL, ",", &rest))
        if (reader_count == MOST_TOPICS || !read_topic(servers, topic, part, parts, all))
            return false;
    return reader_count > 0;
}

/* The next event of any topic, one of each in turn. */
static rd_kafka_message_t *next_message(void) {
    for (int looked = 0; looked < reader_count; looked++) {
        struct reader *reader = &readers[turn = (turn + 1) % reader_count];
        rd_kafka_message_t *message = reader->ready ? rd_kafka_consume_queue(reader->queue, 0) : NULL;
        if (message != NULL)
            return message;
        reader->ready = false;
    }
    return NULL;
}

static void note_ready(int all) {
    struct epoll_event event[64];
    uint64_t wakes;
    for (int count = 64; count == 64;) {
        count = epoll_wait(all, event, 64, 0);
        for (int i = 0; i < count; i++) {
            struct reader *reader = &readers[event[i].data.fd];
            ssize_t drained = read(reader->wake, &wakes, sizeof wakes);
            (void)drained;
            reader->ready = true;
        }
    }
}

static void prepare(int in_flight, const char *url) {
    static char line[] = "Content-Type: application/json";
    static struct curl_slist type = {line, NULL};
    CURLU *parsed = curl_url();
    (void)curl_url_set(parsed, CURLUPART_URL, url, 0);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)in_flight * 2);
    for (int i = 0; i < in_flight; i++) {
        CURL *easy = slots[i].easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_CURLU, parsed);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, &type);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
        curl_easy_setopt(easy, CURLOPT_PRIVATE, &slots[i]);
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        slots[i].body = batch > 1 ? malloc(BODY) : NULL;
        idle[idle_count++] = &slots[i];
    }
}

static void send_slot(struct slot *slot, const void *body, size_t size) {
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, body);
    (void)curl_multi_add_handle(multi, slot->easy);
}

/* Gathers events into the slot on top; it is sent when it is full or nothing more will come. */
static void gather(rd_kafka_message_t *message) {
    struct slot *slot = idle[idle_count - 1];
    if (slot->events == 0)
        slot->size = 0;
    slot->body[slot->size++] = slot->events == 0 ? '[' : ',';
    memcpy(slot->body + slot->size, message->payload, message->len);
    slot->size += message->len;
    slot->events++;
    size_t length = message->len;
    rd_kafka_message_destroy(message);
    if (slot->events < batch && started + 1 < wanted && slot->size + length + 2 < BODY)
        return;
    slot->body[slot->size++] = ']';
    idle_count--;
    send_slot(slot, slot->body, slot->size);
}

static void start_more(void) {
    while (idle_count > 0 && started < wanted) {
        rd_kafka_message_t *message = next_message();
        if (message == NULL)
            return;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_message_destroy(message);
            continue;
        }
        if (batch > 1)
            gather(message);
        else {
            struct slot *slot = idle[--idle_count];
            slot->message = message;
            slot->events = 1;
            send_slot(slot, message->payload, message->len);
        }
        started++;
    }
}

/* True when a slot became free: then there may be more to start before waiting. */
static bool finish_some(void) {
    int left, before = idle_count;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
        struct slot *slot;
        long status = 0;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        if (message->data.result != CURLE_OK || status != 204)
            failed++;
        curl_multi_remove_handle(multi, slot->easy);
        if (slot->message != NULL)
            rd_kafka_message_destroy(slot->message);
        slot->message = NULL;
        done += slot->events;
        slot->events = 0;
        idle[idle_count++] = slot;
        if (idle_count > 1 && idle[idle_count - 2]->events > 0) { /* the one that gathers stays on top */
            idle[idle_count - 1] = idle[idle_count - 2];
            idle[idle_count - 2] = slot;
        }
    }
    return idle_count > before;
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int count, char **argument) {
    if (count < 6 || count > 9 || count == 8)
        return 64;
    batch = count >= 7 ? atol(argument[6]) : 1;
    wanted = atol(argument[3]);
    int all = epoll_create1(EPOLL_CLOEXEC), running;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    prepare(atoi(argument[4]) < MOST ? atoi(argument[4]) : MOST, argument[5]);
    int part = count == 9 ? atoi(argument[7]) : 0, parts = count == 9 ? atoi(argument[8]) : 1;
    if (!read_all(argument[1], argument[2], part, parts, all))
        return 69;
    (void)printf("ready\n");
    (void)fflush(stdout);
    struct timespec begin = {0, 0}, end;
    while (done < wanted) {
        struct curl_waitfd wait = {.fd = all, .events = CURL_WAIT_POLLIN};
        start_more();
        if (started > 0 && begin.tv_sec == 0)
            (void)clock_gettime(CLOCK_MONOTONIC, &begin);
        (void)curl_multi_perform(multi, &running);
        bool freed = finish_some();
        (void)curl_multi_poll(multi, &wait, 1, freed ? 0 : 100, NULL);
        if (wait.revents != 0)
            note_ready(all);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    double wall = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    (void)printf("{\"events\": %ld, \"failed\": %ld, \"seconds\": %.3f, \"cpu_us\": %.2f, \"rss_kb\": %ld}\n", done,
                 failed, wall,
                 (seconds(usage.ru_utime) + seconds(usage.ru_stime)) * 1e6 / (double)(done > 0 ? done : 1),
                 usage.ru_maxrss);
    (void)fflush(stdout);
    _exit(0); /* what librdkafka holds is the system's to clear */
}
