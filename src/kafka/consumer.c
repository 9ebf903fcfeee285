/* A group member on librdkafka's event queues. Everything happens on the caller's thread; see assignment.c for
 * back-pressure. */
#include "kafka/consumer.h"

#include "kafka/assignment.h"
#include "kafka/time_query.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MOST_HEADERS = 256 };

struct pending_time {
    struct pending_time *next;
    struct time_query *query;
    struct place place;
    int64_t wall_ms;
};

struct consumer {
    uint32_t route;
    uint32_t epoch; /* the last one given */
    char *group;
    const struct span *topics;
    uint32_t topic_count;
    struct consumer_handler handler;
    rd_kafka_t *client;
    rd_kafka_queue_t *news;    /* the group's: rebalances, errors, logs */
    rd_kafka_queue_t *answers; /* to our own questions: committed offsets, commits */
    struct assignment assignment;
    struct consumer_offset *entry; /* room for one answer about all partitions of the epoch */
    struct pending_time *times;
    uint32_t refused; /* epoch of a commit that librdkafka refused at once; 0 none */
    int wake;
    bool closing;
};

static rd_kafka_conf_t *configure(const struct consumer_spec *spec, struct error *error) {
    char kbytes[24];
    (void)snprintf(kbytes, sizeof kbytes, "%zu", spec->queue_kbytes);
    const struct kafka_property defaults[] = {
        {"client.id", "sluss"}, {"session.timeout.ms", "10000"}, {"socket.keepalive.enable", "true"}};
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
        {"log.queue", "true"},
    };
    rd_kafka_conf_t *conf =
        kafka_conf_create((struct kafka_properties){defaults, sizeof defaults / sizeof *defaults}, spec->properties,
                          (struct kafka_properties){fixed, sizeof fixed / sizeof *fixed}, false, error);
    if (conf != NULL)
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR |
                                           RD_KAFKA_EVENT_LOG);
    return conf;
}

static bool subscribe(struct consumer *consumer, struct error *error) {
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
    rd_kafka_conf_t *conf = configure(spec, error);
    if (conf == NULL)
        return false;
    consumer->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (consumer->client == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(error, "group %s: librdkafka refused to start: %s", spec->group, why);
    }
    (void)rd_kafka_poll_set_consumer(consumer->client);
    consumer->news = rd_kafka_queue_get_consumer(consumer->client);
    consumer->answers = rd_kafka_queue_new(consumer->client);
    (void)rd_kafka_set_log_queue(consumer->client, consumer->news);
    rd_kafka_queue_io_event_enable(consumer->news, consumer->wake, &one, sizeof one);
    rd_kafka_queue_io_event_enable(consumer->answers, consumer->wake, &one, sizeof one);
    return subscribe(consumer, error);
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
    consumer->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bool made = consumer->group != NULL && consumer->wake >= 0;
    if (!made)
        (void)error_set(error, "group %s: no memory or no descriptor left: raise LimitNOFILE", spec->group);
    if (made && connect_client(consumer, spec, error))
        return consumer;
    consumer_destroy(consumer);
    return NULL;
}

int consumer_descriptor(const struct consumer *consumer) {
    return consumer->wake;
}

/* --- the group's news --- */

static void unassign(struct consumer *consumer) {
    assignment_end(&consumer->assignment);
    (void)rd_kafka_assign(consumer->client, NULL);
}

static void on_assign(struct consumer *consumer, const rd_kafka_topic_partition_list_t *list) {
    assignment_end(&consumer->assignment);
    if (list == NULL || list->cnt == 0 || consumer->closing) {
        (void)rd_kafka_assign(consumer->client, consumer->closing ? NULL : list);
        return;
    }
    consumer->epoch++;
    struct place *place = calloc((size_t)list->cnt, sizeof *place);
    free(consumer->entry);
    consumer->entry = calloc((size_t)list->cnt, sizeof *consumer->entry);
    if (place == NULL || consumer->entry == NULL ||
        !assignment_begin(&consumer->assignment, consumer->client, list, consumer->topics, consumer->topic_count,
                          consumer->route, consumer->epoch, consumer->wake)) {
        /* Nothing is read, the group goes on with heartbeats; the next rebalance tries again. */
        (void)rd_kafka_assign(consumer->client, NULL);
        free(place);
        return;
    }
    for (size_t i = 0; i < consumer->assignment.count; i++)
        place[i] = consumer->assignment.partition[i].place;
    consumer->handler.assigned(consumer->handler.owner, consumer->route, consumer->epoch, place,
                               consumer->assignment.count);
    free(place);
}

static void on_rebalance(struct consumer *consumer, rd_kafka_event_t *event) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        on_assign(consumer, list);
        return;
    }
    /* Asked before anything is unassigned: that would forget it. */
    bool lost = rd_kafka_assignment_lost(consumer->client) != 0;
    if (consumer->closing || consumer->assignment.epoch == 0)
        unassign(consumer);
    else
        consumer->handler.revoked(consumer->handler.owner, consumer->route, consumer->assignment.epoch, lost);
}

static void say(const struct consumer *consumer, int level, const char *what) {
    char sentence[640];
    (void)snprintf(sentence, sizeof sentence, "group %s: %s", consumer->group, what);
    if (consumer->handler.voice.say != NULL)
        consumer->handler.voice.say(consumer->handler.voice.owner, level, sentence);
}

static void on_error(struct consumer *consumer, rd_kafka_event_t *event) {
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    char why[256];
    if (rd_kafka_event_error_is_fatal(event) || code == RD_KAFKA_RESP_ERR__FATAL) {
        (void)rd_kafka_fatal_error(consumer->client, why, sizeof why);
        consumer->handler.fatal(consumer->handler.owner, consumer->route, why);
        return;
    }
    /* All brokers down is information: the library goes on trying, and so do we. */
    say(consumer, code == RD_KAFKA_RESP_ERR__AUTHENTICATION ? 3 : 4, rd_kafka_event_error_string(event));
}

static void serve_news(struct consumer *consumer) {
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(consumer->news, 0)) != NULL) {
        switch (rd_kafka_event_type(event)) {
        case RD_KAFKA_EVENT_REBALANCE:
            on_rebalance(consumer, event);
            break;
        case RD_KAFKA_EVENT_ERROR:
            on_error(consumer, event);
            break;
        case RD_KAFKA_EVENT_LOG:
            kafka_voice_log(&consumer->handler.voice, event);
            break;
        default: /* leftover records while closing: they were never given out */
            break;
        }
        rd_kafka_event_destroy(event);
    }
}

/* --- answers --- */

static void tell_committed(struct consumer *consumer, uint32_t epoch, const rd_kafka_topic_partition_list_t *list) {
    struct assignment *assignment = &consumer->assignment;
    if (assignment->epoch != epoch)
        return;
    struct consumer_offset *entry = consumer->entry;
    for (size_t i = 0; i < assignment->count; i++) {
        struct place place = assignment->partition[i].place;
        const rd_kafka_topic_partition_t *found =
            list == NULL
                ? NULL
                : rd_kafka_topic_partition_list_find(list, consumer->topics[place.topic].data, place.partition);
        entry[i] = (struct consumer_offset){.topic = place.topic, .partition = place.partition, .offset = -1};
        entry[i].failed = found == NULL || found->err != RD_KAFKA_RESP_ERR_NO_ERROR;
        if (!entry[i].failed && found->offset >= 0)
            entry[i].offset = found->offset;
        if (!entry[i].failed && found->metadata_size > 0)
            entry[i].metadata = span_make(found->metadata, found->metadata_size);
    }
    consumer->handler.committed(consumer->handler.owner, consumer->route, epoch, entry, assignment->count);
}

static void on_committed(struct consumer *consumer, rd_kafka_event_t *event) {
    uint32_t epoch = (uint32_t)(uintptr_t)rd_kafka_event_opaque(event);
    const rd_kafka_topic_partition_list_t *list = NULL;
    if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        size_t count = 0;
        const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
        if (count == 1 && rd_kafka_group_result_error(groups[0]) == NULL)
            list = rd_kafka_group_result_partitions(groups[0]);
    } else
        say(consumer, 4, rd_kafka_event_error_string(event));
    tell_committed(consumer, epoch, list);
}

static enum consumer_commit judge_commit(rd_kafka_resp_err_t code) {
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR__NO_OFFSET:
        return CONSUMER_COMMITTED;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
        return CONSUMER_COMMIT_FENCED;
    case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
        return CONSUMER_COMMIT_TOO_LARGE;
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
        return CONSUMER_COMMIT_RETRY;
    default:
        return CONSUMER_COMMIT_FAILED;
    }
}

/* A commit is only as good as its worst partition. */
static void on_commit(struct consumer *consumer, rd_kafka_event_t *event) {
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    enum consumer_commit worst = judge_commit(code);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    for (int i = 0; list != NULL && i < list->cnt; i++) {
        enum consumer_commit one = judge_commit(list->elems[i].err);
        if (one > worst) {
            worst = one;
            code = list->elems[i].err;
        }
    }
    consumer->handler.commit_result(consumer->handler.owner, consumer->route,
                                    (uint32_t)(uintptr_t)rd_kafka_event_opaque(event), worst, rd_kafka_err2str(code));
}

static void serve_answers(struct consumer *consumer) {
    if (consumer->refused != 0) {
        uint32_t epoch = consumer->refused;
        consumer->refused = 0;
        consumer->handler.commit_result(consumer->handler.owner, consumer->route, epoch, CONSUMER_COMMIT_FAILED,
                                        "librdkafka refused the commit");
    }
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(consumer->answers, 0)) != NULL) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT)
            on_commit(consumer, event);
        else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT)
            on_committed(consumer, event);
        rd_kafka_event_destroy(event);
    }
}

/* --- reading --- */

static size_t copy_headers(const rd_kafka_message_t *message, struct header *header) {
    rd_kafka_headers_t *all;
    if (rd_kafka_message_headers(message, &all) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    size_t count = 0;
    const char *name;
    const void *value;
    size_t size;
    while (count < MOST_HEADERS &&
           rd_kafka_header_get_all(all, count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        header[count].name = span_of(name);
        header[count].value = span_make(value, size);
        count++;
    }
    return count;
}

/* False when memory is short: the record stays unread by stopping the partition, for it must not be passed over. */
static bool give(struct consumer *consumer, struct assigned_partition *partition, const rd_kafka_message_t *message) {
    struct header header[MOST_HEADERS];
    size_t headers = copy_headers(message, header);
    struct span key = message->key == NULL ? SPAN_NONE : span_make(message->key, message->key_len);
    struct span value = message->payload == NULL ? SPAN_NONE : span_make(message->payload, message->len);
    struct event *event = event_create(partition->place, message->offset, rd_kafka_message_timestamp(message, NULL),
                                       key, value, header, headers);
    if (event == NULL)
        return false;
    size_t bytes = key.size + value.size;
    partition->next = message->offset + 1;
    partition->credit_events--;
    partition->credit_bytes -= bytes < partition->credit_bytes ? bytes : partition->credit_bytes;
    consumer->handler.event(consumer->handler.owner, event);
    return true;
}

static void fail(struct consumer *consumer, struct assigned_partition *partition, rd_kafka_resp_err_t code) {
    bool out_of_range = code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    partition->stopped = true;
    partition->credit_events = 0;
    consumer->handler.partition_error(consumer->handler.owner, partition->place, out_of_range, rd_kafka_err2str(code));
}

/* Errors that librdkafka heals by itself are said, not acted on. */
static bool is_passing(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
           code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || code == RD_KAFKA_RESP_ERR__PARTITION_EOF;
}

/* Reads one record. False when the partition has nothing (more) to give now. */
static bool read_one(struct consumer *consumer, struct assigned_partition *partition) {
    rd_kafka_message_t *message = rd_kafka_consume_queue(partition->queue, 0);
    if (message == NULL) {
        partition->idle = true;
        return false;
    }
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (!give(consumer, partition, message))
            fail(consumer, partition, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
    } else if (is_passing(message->err))
        say(consumer, 5, rd_kafka_message_errstr(message));
    else
        fail(consumer, partition, message->err);
    rd_kafka_message_destroy(message);
    return true;
}

static bool may_read(const struct assigned_partition *partition) {
    return !partition->idle && !partition->stopped && partition->credit_events > 0 && partition->credit_bytes > 0;
}

/* One record from each partition in turn. A handler may end the assignment, so its epoch is looked at after each. */
static bool serve_records(struct consumer *consumer, size_t most) {
    struct assignment *assignment = &consumer->assignment;
    uint32_t epoch = assignment->epoch;
    if (epoch == 0 || !assignment->assigned)
        return false;
    size_t given = 0, quiet = 0;
    while (quiet < assignment->count) {
        if (given == most)
            return true;
        assignment->turn = (assignment->turn + 1) % assignment->count;
        struct assigned_partition *partition = &assignment->partition[assignment->turn];
        if (!may_read(partition) || !read_one(consumer, partition)) {
            quiet++;
            continue;
        }
        if (assignment->epoch != epoch)
            return false;
        quiet = 0;
        given++;
    }
    return false;
}

static void assign_when_decided(struct consumer *consumer) {
    struct assignment *assignment = &consumer->assignment;
    if (assignment->epoch == 0 || assignment->assigned || !assignment_is_decided(assignment))
        return;
    rd_kafka_topic_partition_list_t *list = assignment_list(assignment, consumer->topics);
    rd_kafka_resp_err_t result = rd_kafka_assign(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (result != RD_KAFKA_RESP_ERR_NO_ERROR)
        say(consumer, 3, rd_kafka_err2str(result));
    assignment->assigned = true;
}

static void serve_times(struct consumer *consumer) {
    for (struct pending_time **link = &consumer->times; *link != NULL;) {
        struct pending_time *one = *link;
        if (!time_query_done(one->query)) {
            link = &one->next;
            continue;
        }
        *link = one->next;
        int64_t offset;
        bool answered = time_query_finish(one->query, &offset);
        if (answered)
            consumer_begin_offset(consumer, one->place, offset);
        else if (!consumer->closing)
            consumer_begin_time(consumer, one->place, one->wall_ms);
        free(one);
        if (!answered)
            return; /* the list has changed; the next wake goes on */
    }
}

bool consumer_serve(struct consumer *consumer, size_t most) {
    uint64_t wakes;
    ssize_t drained = read(consumer->wake, &wakes, sizeof wakes);
    (void)drained;
    serve_news(consumer);
    serve_answers(consumer);
    serve_times(consumer);
    assign_when_decided(consumer);
    for (size_t i = 0; i < consumer->assignment.count; i++)
        consumer->assignment.partition[i].idle = false;
    return serve_records(consumer, most);
}

/* --- what the core asks --- */

void consumer_read_committed(struct consumer *consumer, uint32_t epoch) {
    const struct assignment *assignment = &consumer->assignment;
    if (assignment->epoch != epoch)
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)assignment->count);
    for (size_t i = 0; i < assignment->count; i++)
        rd_kafka_topic_partition_list_add(list, consumer->topics[assignment->partition[i].place.topic].data,
                                          assignment->partition[i].place.partition);
    rd_kafka_ListConsumerGroupOffsets_t *question = rd_kafka_ListConsumerGroupOffsets_new(consumer->group, list);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(consumer->client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    char why[128];
    (void)rd_kafka_AdminOptions_set_request_timeout(options, 5000, why, sizeof why);
    rd_kafka_AdminOptions_set_opaque(options, (void *)(uintptr_t)epoch);
    rd_kafka_ListConsumerGroupOffsets(consumer->client, &question, 1, options, consumer->answers);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ListConsumerGroupOffsets_destroy(question);
    rd_kafka_topic_partition_list_destroy(list);
}

void consumer_begin_offset(struct consumer *consumer, struct place place, int64_t offset) {
    struct assigned_partition *partition = assignment_find(&consumer->assignment, place);
    if (partition == NULL || partition->decided)
        return;
    partition->begin = offset;
    partition->decided = true;
    assign_when_decided(consumer);
}

void consumer_begin_earliest(struct consumer *consumer, struct place place) {
    consumer_begin_offset(consumer, place, RD_KAFKA_OFFSET_BEGINNING);
}

void consumer_begin_time(struct consumer *consumer, struct place place, int64_t wall_ms) {
    if (assignment_find(&consumer->assignment, place) == NULL)
        return;
    struct pending_time *pending = calloc(1, sizeof *pending);
    struct time_query *query = pending == NULL ? NULL
                                               : time_query_start(consumer->client, consumer->topics[place.topic].data,
                                                                  place.partition, wall_ms, consumer->wake);
    if (query == NULL) {
        free(pending);
        say(consumer, 3, "no memory or thread to ask where a partition begins; it is not read: restart when there is");
        consumer_stop_partition(consumer, place);
        return;
    }
    *pending = (struct pending_time){.next = consumer->times, .query = query, .place = place, .wall_ms = wall_ms};
    consumer->times = pending;
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
        static const uint64_t one = 1;
        say(consumer, 3, rd_kafka_err2str(result));
        consumer->refused = epoch; /* answered at the next serving, as every commit is */
        ssize_t written = write(consumer->wake, &one, sizeof one);
        (void)written;
    }
}

void consumer_hand_back(struct consumer *consumer, uint32_t epoch) {
    if (consumer->assignment.epoch == epoch)
        unassign(consumer);
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
        unassign(consumer);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->client, consumer->news);
    if (error != NULL) {
        say(consumer, 4, rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
}

bool consumer_closed(struct consumer *consumer) {
    return rd_kafka_consumer_closed(consumer->client) != 0;
}

void consumer_destroy(struct consumer *consumer) {
    if (consumer == NULL)
        return;
    consumer->closing = true;
    while (consumer->times != NULL) {
        struct pending_time *next = consumer->times->next;
        int64_t offset;
        (void)time_query_finish(consumer->times->query, &offset);
        free(consumer->times);
        consumer->times = next;
    }
    assignment_end(&consumer->assignment);
    if (consumer->answers != NULL)
        rd_kafka_queue_destroy(consumer->answers);
    if (consumer->news != NULL)
        rd_kafka_queue_destroy(consumer->news);
    if (consumer->client != NULL)
        rd_kafka_destroy_flags(consumer->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (consumer->wake >= 0)
        (void)close(consumer->wake);
    free(consumer->entry);
    free(consumer->group);
    free(consumer);
}
