/* Dead letters out, delivery reports back, on librdkafka's event queue. */
#include "kafka/producer.h"

#include "base/bug.h"
#include "kafka/teardown.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { FIRST_IDEMPOTENT = 0x020503ff, TEARDOWN_MS = 5000 };

/* A letter that librdkafka refused at once: reported at the next serving, so that writing never calls back. */
struct refusal {
    struct refusal *next;
    uint64_t id;
    rd_kafka_resp_err_t code;
};

struct producer {
    struct kafka_properties properties; /* the user's */
    rd_kafka_t *client;                 /* NULL: none could be made */
    rd_kafka_queue_t *queue;
    struct producer_handler handler;
    struct refusal *refused;
    size_t under_way; /* letters that the client has */
    bool reporting;   /* its reports are read: they are the client's, which must outlive them */
    int wake;
    bool left; /* a client did not end: its threads may write to `wake` yet */
};

static rd_kafka_conf_t *configure(struct kafka_properties properties, struct error *error) {
    bool idempotent = rd_kafka_version() >= FIRST_IDEMPOTENT;
    const struct kafka_property defaults[] = {
        {"client.id", "sluss"}, {"socket.keepalive.enable", "true"}, {KAFKA_RECONNECT_MOST, "1000"}};
    const struct kafka_property fixed[] = {
        {"acks", "all"},
        {"message.max.bytes", "1000000000"}, /* the topic's own limit decides */
        {"message.timeout.ms", "15000"},     /* the core writes it again */
        {"linger.ms", "5"},
        {"enable.idempotence", idempotent ? "true" : "false"},
        {"max.in.flight", idempotent ? "5" : "1"},
        {"topic.metadata.refresh.interval.ms", "15000"},
        {"topic.metadata.propagation.max.ms", "5000"}, /* a missing topic is told soon */
        {"log.queue", "true"},
    };
    rd_kafka_conf_t *conf =
        kafka_conf_create((struct kafka_properties){defaults, sizeof defaults / sizeof *defaults}, properties,
                          (struct kafka_properties){fixed, sizeof fixed / sizeof *fixed}, true, error);
    if (conf != NULL)
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    return conf;
}

static void say(const struct producer *producer, const char *sentence) {
    if (producer->handler.log.say != NULL)
        producer->handler.log.say(producer->handler.log.owner, 4, sentence);
}

static bool open_client(struct producer *producer, struct error *error) {
    static const uint64_t one = 1;
    char why[256];
    rd_kafka_conf_t *conf = configure(producer->properties, error);
    if (conf == NULL)
        return false;
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (producer->client == NULL) {
        (void)kafka_refused(error, why);
        rd_kafka_conf_destroy(conf);
        return error_context(error, "dead letters");
    }
    producer->queue = rd_kafka_queue_get_main(producer->client);
    (void)rd_kafka_set_log_queue(producer->client, producer->queue);
    rd_kafka_queue_io_event_enable(producer->queue, producer->wake, &one, sizeof one);
    return true;
}

static void close_client(struct producer *producer) {
    if (producer->client == NULL)
        return;
    (void)rd_kafka_purge(producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                               RD_KAFKA_PURGE_F_NON_BLOCKING); /* else for each broker's thread */
    rd_kafka_queue_destroy(producer->queue);
    if (!teardown_end(teardown_begin(producer->client, 0, TEARDOWN_MS))) {
        producer->left = true;
        say(producer, "dead letters: librdkafka does not end; its threads are left to the end of the process");
    }
    producer->client = NULL;
}

struct producer *producer_create(struct kafka_properties properties, const struct producer_handler *handler,
                                 struct error *error) {
    struct producer *producer = calloc(1, sizeof *producer);
    if (producer == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    producer->properties = properties;
    producer->handler = *handler;
    producer->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (producer->wake < 0)
        (void)error_shortage(error, "no descriptor left for the dead-letter producer: raise LimitNOFILE");
    else if (open_client(producer, error))
        return producer;
    producer_destroy(producer, 0);
    return NULL;
}

/* A fatal error ends a client for good: one that numbers its letters may have had no leave to (from 2.5.3 on). When all
 * that it had was reported another one is made, for what was wrong may have been mended. A letter that is written in
 * answer to the last report is refused instead, and comes again. */
static void renew(struct producer *producer) {
    struct error error = {0};
    char why[256] = "";
    if (producer->client != NULL &&
        (producer->reporting || producer->under_way > 0 ||
         rd_kafka_fatal_error(producer->client, why, sizeof why) == RD_KAFKA_RESP_ERR_NO_ERROR))
        return;
    close_client(producer);
    say(producer, open_client(producer, &error) ? "dead letters: librdkafka gave up for good; a new client is started"
                                                : error.text);
}

int producer_descriptor(const struct producer *producer) {
    return producer->wake;
}

static void refuse(struct producer *producer, uint64_t id, rd_kafka_resp_err_t code) {
    static const uint64_t one = 1;
    struct refusal *refusal = calloc(1, sizeof *refusal);
    ENSURE(refusal != NULL, "no memory for the refusal of a dead letter (librdkafka would have ended here too)");
    *refusal = (struct refusal){.next = producer->refused, .id = id, .code = code};
    producer->refused = refusal;
    ssize_t written = write(producer->wake, &one, sizeof one);
    (void)written;
}

void producer_write(struct producer *producer, uint64_t id, const char *topic, struct span key, struct span value,
                    const struct header *header, size_t header_count) {
    renew(producer);
    if (producer->client == NULL) {
        refuse(producer, id, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
        return;
    }
    rd_kafka_headers_t *headers = rd_kafka_headers_new(header_count + 1);
    for (size_t i = 0; i < header_count; i++)
        (void)rd_kafka_header_add(headers, header[i].name.data, (ssize_t)header[i].name.size, header[i].value.data,
                                  header[i].value.data == NULL ? 0 : (ssize_t)header[i].value.size);
    const rd_kafka_vu_t letter[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)key.data, key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)value.data, value.size}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)id},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(producer->client, letter, sizeof letter / sizeof *letter);
    if (error == NULL) {
        producer->under_way++;
        return; /* the headers belong to librdkafka now */
    }
    refuse(producer, id, rd_kafka_error_code(error));
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(headers);
}

static void report(struct producer *producer, uint64_t id, rd_kafka_resp_err_t code) {
    enum producer_outcome outcome = PRODUCER_FAILED;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        outcome = PRODUCER_ACKNOWLEDGED;
    else if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE)
        outcome = PRODUCER_TOO_LARGE;
    producer->handler.report(producer->handler.owner, id, outcome, rd_kafka_err2str(code));
}

static void serve_reports(struct producer *producer, rd_kafka_event_t *event) {
    const rd_kafka_message_t *message;
    producer->reporting = true;
    while ((message = rd_kafka_event_message_next(event)) != NULL) {
        bool stored = message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
                      rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_PERSISTED;
        rd_kafka_resp_err_t code = message->err;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR && !stored)
            code = RD_KAFKA_RESP_ERR__FAIL; /* sent is not stored: only a stored letter settles (I13) */
        producer->under_way--;
        report(producer, (uint64_t)(uintptr_t)message->_private, code);
    }
    producer->reporting = false;
}

void producer_serve(struct producer *producer) {
    uint64_t wakes;
    ssize_t drained = read(producer->wake, &wakes, sizeof wakes);
    (void)drained;
    while (producer->refused != NULL) {
        struct refusal one = *producer->refused;
        free(producer->refused);
        producer->refused = one.next;
        report(producer, one.id, one.code);
    }
    rd_kafka_event_t *event;
    while (producer->client != NULL && (event = rd_kafka_queue_poll(producer->queue, 0)) != NULL) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
            serve_reports(producer, event);
        else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG)
            kafka_log_event(&producer->handler.log, event);
        else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
            say(producer, rd_kafka_event_error_string(event));
        rd_kafka_event_destroy(event);
    }
}

enum producer_topic producer_probe(struct producer *producer, const char *topic, int timeout_ms, const char **why) {
    rd_kafka_topic_t *handle = rd_kafka_topic_new(producer->client, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code =
        handle == NULL ? rd_kafka_last_error() : rd_kafka_metadata(producer->client, 0, handle, &metadata, timeout_ms);
    enum producer_topic found = PRODUCER_TOPIC_UNKNOWN;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata != NULL && metadata->topic_cnt == 1) {
        code = metadata->topics[0].err;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topics[0].partition_cnt > 0)
            found = PRODUCER_TOPIC_THERE;
        else if (code != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
            found = PRODUCER_TOPIC_MISSING;
    } else if (handle != NULL && code != RD_KAFKA_RESP_ERR_NO_ERROR)
        found = PRODUCER_NO_ANSWER;
    *why = rd_kafka_err2str(code);
    if (metadata != NULL)
        rd_kafka_metadata_destroy(metadata);
    if (handle != NULL)
        rd_kafka_topic_destroy(handle);
    return found;
}

void producer_destroy(struct producer *producer, int timeout_ms) {
    if (producer == NULL)
        return;
    if (producer->client != NULL && timeout_ms > 0)
        (void)rd_kafka_flush(producer->client, timeout_ms);
    close_client(producer);
    while (producer->refused != NULL) {
        struct refusal *next = producer->refused->next;
        free(producer->refused);
        producer->refused = next;
    }
    if (!producer->left && producer->wake >= 0)
        (void)close(producer->wake);
    free(producer);
}
