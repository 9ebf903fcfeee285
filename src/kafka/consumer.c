/* A group member on librdkafka's event queues. Everything happens on the caller's thread; see assignment.c for
 * back-pressure. */
#include "kafka/consumer.h"

#include "kafka/consumer_private.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TEARDOWN_MS = 5000 };

/* Of one partition, and of one answer: librdkafka keeps an answer whole until its last record was read. */
enum { MOST_FETCH = 1024 * 1024 };
#define MOST_ANSWER "1048576"

static struct queue_limits limit_queue(size_t bytes) {
    enum { BYTES_A_RECORD = 512, LEAST_FETCH = 256 * 1024 };
    size_t fetch = bytes / 4 < LEAST_FETCH ? LEAST_FETCH : bytes / 4 > MOST_FETCH ? MOST_FETCH : bytes / 4;
    size_t each = bytes / 8 * 3;
    size_t kbytes = each / 1024, records = each / BYTES_A_RECORD;
    return (struct queue_limits){
        .records = records > 0 ? records : 1, .bytes = (kbytes > 0 ? kbytes : 1) * 1024, .fetch = fetch};
}

/* For this long partitions without records delay the fetching of others of the same broker, and this often a consumer
 * without any records asks: a hundred such consumers ask 200 times a second. The manual says so. */
static unsigned fetch_wait(uint32_t consumers) {
    enum { WAIT_OF_EACH_MS = 5, LEAST_MS = 20, MOST_MS = 500 };
    if (consumers > MOST_MS / WAIT_OF_EACH_MS)
        return MOST_MS;
    return consumers < LEAST_MS / WAIT_OF_EACH_MS ? LEAST_MS : consumers * WAIT_OF_EACH_MS;
}

/* So long a broker that came back may wait for us; librdkafka's own 10 s are a session's. Of all consumers together at
 * most fifty a second ask one that is away. Written in the manual. */
static unsigned reconnect_most(uint32_t consumers) {
    enum { WAIT_OF_EACH_MS = 20, LEAST_MS = 1000, MOST_MS = 10000 };
    if (consumers > MOST_MS / WAIT_OF_EACH_MS)
        return MOST_MS;
    return consumers < LEAST_MS / WAIT_OF_EACH_MS ? LEAST_MS : consumers * WAIT_OF_EACH_MS;
}

static rd_kafka_conf_t *configure(const struct consumer_spec *spec, struct queue_limits queue, struct error *error) {
    char kbytes[24], records[24], fetch[24], wait[24], reconnect[24];
    (void)snprintf(kbytes, sizeof kbytes, "%zu", queue.bytes / 1024);
    (void)snprintf(records, sizeof records, "%zu", queue.records);
    (void)snprintf(fetch, sizeof fetch, "%zu", queue.fetch);
    (void)snprintf(wait, sizeof wait, "%u", fetch_wait(spec->consumers));
    (void)snprintf(reconnect, sizeof reconnect, "%u", reconnect_most(spec->consumers));
    const struct kafka_property defaults[] = {{"client.id", "sluss"},
                                              {"session.timeout.ms", "10000"},
                                              {"socket.keepalive.enable", "true"},
                                              {KAFKA_RECONNECT_MOST, reconnect},
                                              {"fetch.message.max.bytes", fetch},
                                              {"fetch.max.bytes", MOST_ANSWER},
                                              {"fetch.wait.max.ms", wait}};
    const struct kafka_property fixed[] = {
        {"group.id", spec->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"isolation.level", "read_committed"},
        {"check.crcs", "true"},
        {"allow.auto.create.topics", "false"},
        {"partition.assignment.strategy", "roundrobin"}, /* cooperative and range: see the manual, "groups" */
        {"topic.metadata.refresh.interval.ms", "15000"},
        {"queued.max.messages.kbytes", kbytes},
        {"queued.min.messages", records},
        {"log.queue", "true"},
        {"fetch.queue.backoff.ms", "10"}, /* the last: not every librdkafka knows it */
    };
    size_t known = sizeof fixed / sizeof *fixed - (nudge_by_property() ? 0 : 1);
    rd_kafka_conf_t *conf = kafka_conf_create((struct kafka_properties){defaults, sizeof defaults / sizeof *defaults},
                                              spec->properties, (struct kafka_properties){fixed, known}, false, error);
    if (conf != NULL)
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR |
                                           RD_KAFKA_EVENT_LOG);
    return conf;
}

bool consumer_subscribe(struct consumer *consumer, struct error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)consumer->topic_count);
    for (uint32_t i = 0; i < consumer->topic_count; i++)
        rd_kafka_topic_partition_list_add(list, consumer->topics[i].data, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t result = rd_kafka_subscribe(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (result != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, "group %s: cannot subscribe: %s", consumer->group, rd_kafka_err2str(result));
    return true;
}

static bool connect_client(struct consumer *consumer, const struct consumer_spec *spec, struct error *error) {
    static const uint64_t one = 1;
    char why[256];
    rd_kafka_conf_t *conf = configure(spec, consumer->queue, error);
    if (conf == NULL)
        return false;
    gone_listen(conf, consumer);
    consumer->client = kafka_consumer_create(conf, why, sizeof why);
    if (consumer->client == NULL) {
        (void)kafka_refused(error, why);
        rd_kafka_conf_destroy(conf);
        return error_context(error, "group %s", spec->group);
    }
    (void)rd_kafka_poll_set_consumer(consumer->client);
    consumer->news = rd_kafka_queue_get_consumer(consumer->client);
    consumer->answers = rd_kafka_queue_new(consumer->client);
    (void)rd_kafka_set_log_queue(consumer->client, consumer->news);
    rd_kafka_queue_io_event_enable(consumer->news, consumer->wake, &one, sizeof one);
    rd_kafka_queue_io_event_enable(consumer->answers, consumer->wake, &one, sizeof one);
    return consumer_subscribe(consumer, error);
}

struct consumer *consumer_create(const struct consumer_spec *spec, struct error *error) {
    struct consumer *consumer = calloc(1, sizeof *consumer);
    if (consumer == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    consumer->route = spec->route;
    consumer->group = strdup(spec->group);
    consumer->topics = spec->topics;
    consumer->topic_count = spec->topic_count;
    consumer->handler = spec->handler;
    consumer->stock = spec->stock;
    consumer->largest = spec->largest;
    consumer->queue = limit_queue(spec->queue_bytes);
    consumer->inlets = spec->inlets;
    consumer->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bool made = consumer->group != NULL && consumer->wake >= 0;
    if (!made)
        (void)error_shortage(error, "group %s: no memory or no descriptor left: raise LimitNOFILE", spec->group);
    if (made && connect_client(consumer, spec, error))
        return consumer;
    consumer_destroy(consumer);
    return NULL;
}

int consumer_descriptor(const struct consumer *consumer) {
    return consumer->wake;
}

static void assign_when_decided(struct consumer *consumer) {
    struct assignment *assignment = &consumer->assignment;
    if (assignment->epoch == 0 || assignment->assigned || !assignment_is_decided(assignment))
        return;
    rd_kafka_topic_partition_list_t *list = assignment_list(assignment, consumer->topics);
    rd_kafka_resp_err_t result = rd_kafka_assign(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (result != RD_KAFKA_RESP_ERR_NO_ERROR)
        consumer_say(consumer, 3, rd_kafka_err2str(result));
    assignment->assigned = true;
}

/* `failed`: why it was asked in vain before. */
static void begin_time(struct consumer *consumer, struct place place, int64_t wall_ms, rd_kafka_resp_err_t failed) {
    struct pending_question *pending = calloc(1, sizeof *pending);
    struct question *question = pending == NULL ? NULL
                                                : question_time(consumer->client, consumer->topics[place.topic].data,
                                                                place.partition, wall_ms, consumer->wake);
    if (question == NULL) {
        free(pending);
        consumer_say(consumer, 3,
                     "no memory or thread to ask where a partition begins; it is not read: restart when there is");
        consumer_stop_partition(consumer, place);
        return;
    }
    *pending = (struct pending_question){
        .next = consumer->questions, .question = question, .place = place, .wall_ms = wall_ms, .failed = failed};
    consumer->questions = pending;
}

/* The same. Where nobody can be asked what stands below is forgotten. */
static void begin_back(struct consumer *consumer, struct place place, int64_t offset, int64_t from,
                       rd_kafka_resp_err_t failed) {
    struct pending_question *pending = calloc(1, sizeof *pending);
    struct question *question = pending == NULL ? NULL
                                                : question_low(consumer->client, consumer->topics[place.topic].data,
                                                               place.partition, consumer->wake);
    if (question == NULL) {
        free(pending);
        consumer_begin_offset(consumer, place, offset);
        return;
    }
    *pending = (struct pending_question){.next = consumer->questions,
                                         .question = question,
                                         .place = place,
                                         .failed = failed,
                                         .offset = offset,
                                         .from = from,
                                         .back = true};
    consumer->questions = pending;
}

/* A question that failed has taken its time. The cause is said once. */
static void begin_again(struct consumer *consumer, const struct pending_question *asked, rd_kafka_resp_err_t why) {
    if (consumer->closing || assignment_find(&consumer->assignment, asked->place) == NULL)
        return;
    if (why != asked->failed) {
        char sentence[400];
        (void)snprintf(sentence, sizeof sentence,
                       "cannot tell where %s [%d] begins%s: %s: Kafka is asked until it answers",
                       consumer->topics[asked->place.topic].data, (int)asked->place.partition,
                       asked->back ? "" : " by its time", rd_kafka_err2str(why));
        consumer_say(consumer, 4, sentence);
    }
    if (asked->back) /* what stands there is not to be forgotten for a broker's moment */
        begin_back(consumer, asked->place, asked->offset, asked->from, why);
    else
        begin_time(consumer, asked->place, asked->wall_ms, why);
}

static void answer(struct consumer *consumer, const struct pending_question *asked) {
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t result = question_finish(asked->question, &list);
    if (asked->committed) {
        if (list == NULL)
            consumer_say(consumer, 4, rd_kafka_err2str(result));
        membership_committed(consumer, asked->place.epoch, list);
    } else if (list == NULL) {
        begin_again(consumer, asked, result);
    } else if (asked->back) {
        int64_t low = list->elems[0].offset;
        int64_t from = low > asked->from ? low : asked->from;
        consumer_begin_offset(consumer, asked->place, from < asked->offset ? from : asked->offset);
    } else
        consumer_begin_offset(consumer, asked->place, list->elems[0].offset);
    if (list != NULL)
        rd_kafka_topic_partition_list_destroy(list);
}

static struct pending_question *take_ended(struct consumer *consumer) {
    struct pending_question **link = &consumer->questions;
    while (*link != NULL && !question_done((*link)->question))
        link = &(*link)->next;
    struct pending_question *ended = *link;
    if (ended != NULL)
        *link = ended->next;
    return ended;
}

static void serve_questions(struct consumer *consumer) {
    if (consumer->unasked != 0) {
        uint32_t epoch = consumer->unasked;
        consumer->unasked = 0;
        membership_committed(consumer, epoch, NULL);
    }
    struct pending_question *ended;
    while ((ended = take_ended(consumer)) != NULL) {
        answer(consumer, ended); /* may ask anew */
        free(ended);
    }
}

/* Those that share, and whose partition waits or no longer waits for itself alone. */
static void serve_inlets(struct consumer *consumer) {
    struct assignment *assignment = &consumer->assignment;
    for (size_t i = 0; i < assignment->inlet_count; i++)
        assignment->inlet[i].idle = false;
    inlets_join(assignment);
    const struct consumer_handler *handler = &consumer->handler;
    const struct inlet_room room = {handler->room, handler->first, handler->owner};
    if (inlets_due_ms(assignment) <= consumer->now_ms)
        inlets_relieve(assignment, consumer->now_ms,
                       handler->hungry == NULL || handler->hungry(handler->owner, consumer->route), room);
}

/* The descriptor first: what is told meanwhile calls again. */
static void serve_called(struct consumer *consumer) {
    uint64_t wakes;
    ssize_t drained = read(consumer->wake, &wakes, sizeof wakes);
    (void)drained;
    membership_serve(consumer);
    serve_questions(consumer);
    nudge_serve(consumer);
    assign_when_decided(consumer);
}

bool consumer_serve(struct consumer *consumer, int64_t now_ms, bool called, size_t most) {
    consumer->now_ms = now_ms;
    if (called)
        serve_called(consumer);
    for (size_t i = 0; i < consumer->assignment.alone_count; i++)
        consumer->assignment.alone[i]->own.idle = false;
    if (consumer->assignment.inlet_count > 0 && most > 0)
        serve_inlets(consumer);
    bool more = supply_serve(consumer, most);
    gone_serve(consumer);
    return more;
}

int64_t consumer_due_ms(const struct consumer *consumer) {
    int64_t inlets_ms = inlets_due_ms(&consumer->assignment), gone_ms = gone_due_ms(consumer);
    return inlets_ms < gone_ms ? inlets_ms : gone_ms;
}

/* --- what the core asks --- */

static void wake(const struct consumer *consumer) {
    static const uint64_t one = 1;
    ssize_t written = write(consumer->wake, &one, sizeof one);
    (void)written; /* full means that a wake is pending already */
}

void consumer_read_committed(struct consumer *consumer, uint32_t epoch) {
    const struct assignment *assignment = &consumer->assignment;
    if (assignment->epoch != epoch)
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)assignment->count);
    for (size_t i = 0; i < assignment->count; i++)
        rd_kafka_topic_partition_list_add(list, consumer->topics[assignment->partition[i].place.topic].data,
                                          assignment->partition[i].place.partition);
    struct pending_question *pending = calloc(1, sizeof *pending);
    if (pending == NULL)
        rd_kafka_topic_partition_list_destroy(list);
    else
        pending->question = question_committed(consumer->client, list, consumer->wake);
    if (pending == NULL || pending->question == NULL) {
        free(pending);
        consumer_say(consumer, 3, "no memory or thread to ask what is committed; asked again");
        consumer->unasked = epoch; /* answered at the next serving */
        wake(consumer);
        return;
    }
    pending->committed = true;
    pending->place.epoch = epoch;
    pending->next = consumer->questions;
    consumer->questions = pending;
}

void consumer_begin_offset(struct consumer *consumer, struct place place, int64_t offset) {
    struct assigned_partition *partition = assignment_find(&consumer->assignment, place);
    if (partition == NULL || partition->decided)
        return;
    partition->begin = offset;
    partition->decided = true;
    assign_when_decided(consumer);
}

void consumer_begin_back(struct consumer *consumer, struct place place, int64_t offset, int64_t from) {
    if (assignment_find(&consumer->assignment, place) != NULL)
        begin_back(consumer, place, offset, from, RD_KAFKA_RESP_ERR_NO_ERROR);
}

void consumer_begin_earliest(struct consumer *consumer, struct place place) {
    consumer_begin_offset(consumer, place, RD_KAFKA_OFFSET_BEGINNING);
}

void consumer_begin_time(struct consumer *consumer, struct place place, int64_t wall_ms) {
    if (assignment_find(&consumer->assignment, place) != NULL)
        begin_time(consumer, place, wall_ms, RD_KAFKA_RESP_ERR_NO_ERROR);
}

void consumer_stop_partition(struct consumer *consumer, struct place place) {
    struct assigned_partition *partition = assignment_find(&consumer->assignment, place);
    if (partition == NULL)
        return;
    partition->stopped = true;
    partition->decided = true;
    partition->credit_events = 0;
    assign_when_decided(consumer);
}

void consumer_grant(struct consumer *consumer, struct place place, uint32_t events, size_t bytes) {
    struct assigned_partition *partition = assignment_find(&consumer->assignment, place);
    if (partition == NULL)
        return;
    partition->credit_events += events;
    partition->credit_bytes += bytes;
}

void consumer_commit(struct consumer *consumer, uint32_t epoch, const struct consumer_offset *entry, size_t count) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *one =
            rd_kafka_topic_partition_list_add(list, consumer->topics[entry[i].topic].data, entry[i].partition);
        one->offset = entry[i].offset;
        one->metadata = entry[i].metadata.size == 0 ? NULL : malloc(entry[i].metadata.size);
        if (one->metadata != NULL) {
            memcpy(one->metadata, entry[i].metadata.data, entry[i].metadata.size);
            one->metadata_size = entry[i].metadata.size;
        }
    }
    rd_kafka_resp_err_t result =
        rd_kafka_commit_queue(consumer->client, list, consumer->answers, NULL, (void *)(uintptr_t)epoch);
    rd_kafka_topic_partition_list_destroy(list);
    if (result != RD_KAFKA_RESP_ERR_NO_ERROR) {
        consumer_say(consumer, 3, rd_kafka_err2str(result));
        consumer->refused = epoch; /* answered at the next serving, as every commit is */
        wake(consumer);
    }
}

void consumer_hand_back(struct consumer *consumer, uint32_t epoch) {
    if (consumer->assignment.epoch == epoch)
        consumer_unassign(consumer);
}

int64_t consumer_lag(struct consumer *consumer, uint32_t topic, int32_t partition) {
    struct place place = {consumer->route, topic, partition, consumer->assignment.epoch};
    const struct assigned_partition *one = assignment_find(&consumer->assignment, place);
    int64_t low, high;
    if (one == NULL || one->next < 0 ||
        rd_kafka_get_watermark_offsets(consumer->client, consumer->topics[topic].data, partition, &low, &high) !=
            RD_KAFKA_RESP_ERR_NO_ERROR ||
        high < one->next)
        return -1;
    return high - one->next;
}

bool consumer_joined(const struct consumer *consumer) {
    return consumer->joined;
}

bool consumer_inside(const struct consumer *consumer) {
    return consumer->inside;
}

size_t consumer_partitions(const struct consumer *consumer) {
    return consumer->assignment.count;
}

struct place consumer_partition(const struct consumer *consumer, size_t index) {
    return consumer->assignment.partition[index].place;
}

/* --- the end --- */

void consumer_close(struct consumer *consumer) {
    if (consumer->closing)
        return;
    consumer->closing = true;
    if (consumer->assignment.epoch != 0)
        consumer_unassign(consumer);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->client, consumer->news);
    if (error != NULL) {
        consumer_say(consumer, 4, rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
}

bool consumer_closed(struct consumer *consumer) {
    return rd_kafka_consumer_closed(consumer->client) != 0;
}

void consumer_end(struct consumer *consumer) {
    consumer->closing = true;
    while (consumer->questions != NULL) {
        struct pending_question *next = consumer->questions->next;
        rd_kafka_topic_partition_list_t *list;
        if (question_finish(consumer->questions->question, &list) == RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_topic_partition_list_destroy(list);
        free(consumer->questions);
        consumer->questions = next;
    }
    nudge_end(consumer);
    assignment_end(&consumer->assignment, &consumer->past);
    assignment_forget(&consumer->past);
    if (consumer->answers != NULL)
        rd_kafka_queue_destroy(consumer->answers);
    if (consumer->news != NULL)
        rd_kafka_queue_destroy(consumer->news);
    if (consumer->client != NULL)
        consumer->teardown = teardown_begin(consumer->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE, TEARDOWN_MS);
    consumer->answers = consumer->news = NULL;
    consumer->client = NULL;
}

void consumer_destroy(struct consumer *consumer) {
    if (consumer == NULL)
        return;
    consumer_end(consumer);
    bool ended = teardown_end(consumer->teardown);
    if (!ended)
        consumer_say(consumer, 4, "librdkafka does not end; its threads are left to the end of the process");
    if (ended && consumer->wake >= 0) /* else somebody may write to it yet */
        (void)close(consumer->wake);
    free(consumer->entry);
    free(consumer->header);
    free(consumer->group);
    free(consumer);
}
