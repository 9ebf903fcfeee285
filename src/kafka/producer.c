/* Dead letters out, delivery reports back, on librdkafka's event queue. A broker refuses as too large not a letter but
 * the whole batch in which librdkafka sent it: so what is refused in company is sent once more alone, by a client that
 * sends no batches, and only what that is told is told. */
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

struct writer {
    rd_kafka_t *client; /* NULL: none was needed yet, or could be made */
    rd_kafka_queue_t *queue;
    size_t under_way; /* letters that it has */
    bool alone;       /* each letter is a batch of its own */
};

struct producer {
    struct kafka_properties properties; /* the user's */
    struct writer usual, careful;       /* the careful one sends each letter alone */
    struct producer_handler handler;
    struct refusal *refused;
    bool reporting; /* reports are read: they are a client's, which must outlive them */
    int wake;
    bool left; /* a client did not end: its threads may write to `wake` yet */
};

/* A letter on its way to librdkafka. */
struct sheet {
    uint64_t id;
    const char *topic;
    struct span key, value;
    rd_kafka_headers_t *headers;
};

static rd_kafka_conf_t *configure(struct kafka_properties properties, bool alone, struct error *error) {
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
        {"batch.num.messages", "1"}, /* the last: where each is to go alone */
    };
    size_t count = sizeof fixed / sizeof *fixed - (alone ? 0 : 1);
    rd_kafka_conf_t *conf = kafka_conf_create((struct kafka_properties){defaults, sizeof defaults / sizeof *defaults},
                                              properties, (struct kafka_properties){fixed, count}, true, error);
    if (conf != NULL)
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    return conf;
}

static void say(const struct producer *producer, const char *sentence) {
    if (producer->handler.log.say != NULL)
        producer->handler.log.say(producer->handler.log.owner, 4, sentence);
}

static bool open_client(struct producer *producer, struct writer *writer, struct error *error) {
    static const uint64_t one = 1;
    char why[256];
    rd_kafka_conf_t *conf = configure(producer->properties, writer->alone, error);
    if (conf == NULL)
        return false;
    writer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (writer->client == NULL) {
        (void)kafka_refused(error, why);
        rd_kafka_conf_destroy(conf);
        return error_context(error, "dead letters");
    }
    writer->queue = rd_kafka_queue_get_main(writer->client);
    (void)rd_kafka_set_log_queue(writer->client, writer->queue);
    rd_kafka_queue_io_event_enable(writer->queue, producer->wake, &one, sizeof one);
    return true;
}

static void close_client(struct producer *producer, struct writer *writer) {
    if (writer->client == NULL)
        return;
    (void)rd_kafka_purge(writer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                             RD_KAFKA_PURGE_F_NON_BLOCKING); /* else for each broker's thread */
    rd_kafka_queue_destroy(writer->queue);
    if (!teardown_end(teardown_begin(writer->client, 0, TEARDOWN_MS))) {
        producer->left = true;
        say(producer, "dead letters: librdkafka does not end; its threads are left to the end of the process");
    }
    writer->client = NULL;
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
    producer->careful.alone = true;
    producer->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (producer->wake < 0)
        (void)error_shortage(error, "no descriptor left for the dead-letter producer: raise LimitNOFILE");
    else if (open_client(producer, &producer->usual, error))
        return producer;
    producer_destroy(producer, 0);
    return NULL;
}

/* A fatal error ends a client for good: one that numbers its letters may have had no leave to (from 2.5.3 on). When all
 * that it had was reported another one is made, for what was wrong may have been mended. A letter that is written in
 * answer to the last report is refused instead, and comes again. */
static void renew(struct producer *producer, struct writer *writer) {
    struct error error = {0};
    char why[256] = "";
    bool ended =
        writer->client != NULL && rd_kafka_fatal_error(writer->client, why, sizeof why) != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (writer->client != NULL && (producer->reporting || writer->under_way > 0 || !ended))
        return;
    close_client(producer, writer);
    if (!open_client(producer, writer, &error))
        say(producer, error.text);
    else if (ended)
        say(producer, "dead letters: librdkafka gave up for good; a new client is started");
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

/* Takes the headers. */
static void send_sheet(struct producer *producer, struct writer *writer, const struct sheet *sheet) {
    renew(producer, writer);
    if (writer->client == NULL) {
        refuse(producer, sheet->id, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
        rd_kafka_headers_destroy(sheet->headers);
        return;
    }
    const rd_kafka_vu_t letter[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = sheet->topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)sheet->key.data, sheet->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)sheet->value.data, sheet->value.size}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = sheet->headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)sheet->id},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(writer->client, letter, sizeof letter / sizeof *letter);
    if (error == NULL) {
        writer->under_way++;
        return; /* the headers belong to librdkafka now */
    }
    refuse(producer, sheet->id, rd_kafka_error_code(error));
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(sheet->headers);
}

void producer_write(struct producer *producer, uint64_t id, const char *topic, struct span key, struct span value,
                    const struct header *header, size_t header_count) {
    struct sheet sheet = {
        .id = id, .topic = topic, .key = key, .value = value, .headers = rd_kafka_headers_new(header_count + 1)};
    for (size_t i = 0; i < header_count; i++)
        (void)rd_kafka_header_add(sheet.headers, header[i].name.data, (ssize_t)header[i].name.size,
                                  header[i].value.data,
                                  header[i].value.data == NULL ? 0 : (ssize_t)header[i].value.size);
    send_sheet(producer, &producer->usual, &sheet);
}

static bool is_too_large(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

static void report(struct producer *producer, uint64_t id, rd_kafka_resp_err_t code) {
    enum producer_outcome outcome = PRODUCER_FAILED;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        outcome = PRODUCER_ACKNOWLEDGED;
    else if (is_too_large(code))
        outcome = PRODUCER_TOO_LARGE;
    producer->handler.report(producer->handler.owner, id, outcome, rd_kafka_err2str(code));
}

/* What the broker found too large may have been its company. */
static void send_alone(struct producer *producer, const rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers = NULL;
    struct sheet sheet = {.id = (uint64_t)(uintptr_t)message->_private,
                          .topic = rd_kafka_topic_name(message->rkt),
                          .key = span_make(message->key, message->key_len),
                          .value = span_make(message->payload, message->len)};
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        sheet.headers = rd_kafka_headers_copy(headers);
    else
        sheet.headers = rd_kafka_headers_new(1);
    send_sheet(producer, &producer->careful, &sheet);
}

static void serve_reports(struct producer *producer, struct writer *writer, rd_kafka_event_t *event) {
    const rd_kafka_message_t *message;
    producer->reporting = true;
    while ((message = rd_kafka_event_message_next(event)) != NULL) {
        bool stored = message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
                      rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_PERSISTED;
        rd_kafka_resp_err_t code = message->err;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR && !stored)
            code = RD_KAFKA_RESP_ERR__FAIL; /* sent is not stored: only a stored letter settles (I13) */
        writer->under_way--;
        if (is_too_large(code) && !writer->alone)
            send_alone(producer, message);
        else
            report(producer, (uint64_t)(uintptr_t)message->_private, code);
    }
    producer->reporting = false;
}

static void serve_client(struct producer *producer, struct writer *writer) {
    rd_kafka_event_t *event;
    while (writer->client != NULL && (event = rd_kafka_queue_poll(writer->queue, 0)) != NULL) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
            serve_reports(producer, writer, event);
        else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG)
            kafka_log_event(&producer->handler.log, event);
        else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
            say(producer, rd_kafka_event_error_string(event));
        rd_kafka_event_destroy(event);
    }
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
    serve_client(producer, &producer->usual);
    serve_client(producer, &producer->careful);
}

enum producer_topic producer_probe(struct producer *producer, const char *topic, int timeout_ms, const char **why) {
    rd_kafka_topic_t *handle = rd_kafka_topic_new(producer->usual.client, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = handle == NULL
                                   ? rd_kafka_last_error()
                                   : rd_kafka_metadata(producer->usual.client, 0, handle, &metadata, timeout_ms);
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

static void end_client(struct producer *producer, struct writer *writer, int timeout_ms) {
    if (writer->client != NULL && timeout_ms > 0)
        (void)rd_kafka_flush(writer->client, timeout_ms);
    close_client(producer, writer);
}

void producer_destroy(struct producer *producer, int timeout_ms) {
    if (producer == NULL)
        return;
    end_client(producer, &producer->usual, timeout_ms);
    end_client(producer, &producer->careful, timeout_ms);
    while (producer->refused != NULL) {
        struct refusal *next = producer->refused->next;
        free(producer->refused);
        producer->refused = next;
    }
    if (!producer->left && producer->wake >= 0)
        (void)close(producer->wake);
    free(producer);
}
