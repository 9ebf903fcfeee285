/* The load of the benchmark: fills topics with events of the shipped form, in turn, keys spread evenly over the
 * partitions. usage: load SERVERS TOPIC[,TOPIC]... EVENTS KEYS FILE [RATE] - each event is the file with "@KEY@",
 * "@NUMBER@", "@ROW@" (of a lookup table) and "@TIME@" (when it was made, in microseconds since boot) replaced; at RATE
 * events a second, else at once. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 100000 /* of the lookup table */, MOST_TOPICS = 256 };

static char *whole(const char *path) {
    static char text[65536];
    FILE *file = fopen(path, "r");
    size_t size = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    text[size] = '\0';
    return size > 0 && fclose(file) == 0 ? text : NULL;
}

static long long now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void wait_until(long long us) {
    const struct timespec at = {us / 1000000, us % 1000000 * 1000};
    while (now_us() < us)
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static size_t fill(char *out, size_t room, const char *text, const char *key, long number) {
    size_t used = 0;
    while (*text != '\0' && used + 32 < room) {
        if (strncmp(text, "@KEY@", 5) == 0) {
            used += (size_t)snprintf(out + used, room - used, "%s", key);
            text += 5;
        } else if (strncmp(text, "@NUMBER@", 8) == 0) {
            used += (size_t)snprintf(out + used, room - used, "%ld", number);
            text += 8;
        } else if (strncmp(text, "@ROW@", 5) == 0) {
            used += (size_t)snprintf(out + used, room - used, "%ld", number % ROWS);
            text += 5;
        } else if (strncmp(text, "@TIME@", 6) == 0) {
            used += (size_t)snprintf(out + used, room - used, "%lld", now_us());
            text += 6;
        } else
            out[used++] = *text++;
    }
    return used;
}

static long split(char *names, const char **topics) {
    long count = 0;
    for (char *name = strtok(names, ","); name != NULL && count < MOST_TOPICS; name = strtok(NULL, ","))
        topics[count++] = name;
    return count;
}

int main(int count, char **argument) {
    const char *topics[MOST_TOPICS];
    char why[256], event[65536], key[32];
    const char *text = count == 6 || count == 7 ? whole(argument[5]) : NULL;
    if (text == NULL)
        return 64;
    long rate = count == 7 ? atol(argument[6]) : 0;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", argument[1], why, sizeof why);
    (void)rd_kafka_conf_set(conf, "linger.ms", rate > 0 ? "0" : "20", why, sizeof why);
    (void)rd_kafka_conf_set(conf, "queue.buffering.max.messages", "2000000", why, sizeof why);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    long events = atol(argument[3]), keys = atol(argument[4]), topic_count = split(argument[2], topics);
    long long begin = now_us();
    for (long i = 0; i < events; i++) {
        if (rate > 0)
            wait_until(begin + i * 1000000LL / rate);
        int key_size = snprintf(key, sizeof key, "BYGG-2026-%06ld", i % keys);
        size_t size = fill(event, sizeof event, text, key, i);
        while (rd_kafka_producev(
                   client, RD_KAFKA_V_TOPIC(topics[i % topic_count]), RD_KAFKA_V_KEY(key, (size_t)key_size),
                   RD_KAFKA_V_VALUE(event, size), RD_KAFKA_V_HEADER("content-type", "application/cloudevents+json", -1),
                   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            (void)rd_kafka_poll(client, 100);
        if (rate > 0 || i % 1000 == 0)
            (void)rd_kafka_poll(client, 0);
    }
    return rd_kafka_flush(client, 60000) == RD_KAFKA_RESP_ERR_NO_ERROR && rd_kafka_outq_len(client) == 0 ? 0 : 69;
}
