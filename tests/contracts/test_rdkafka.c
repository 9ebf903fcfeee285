/* What librdkafka does with commits, metadata, queues and offsets, as src/kafka relies on it; on its own mock broker.
 * Where a version changed it, both sides stand here. Not a test of our consumer. */
#include "contract.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TIMEOUT_MS = 20000 };

static bool at_least(int major, int minor, int patch) {
    return rd_kafka_version() >= (major << 24 | minor << 16 | patch << 8 | 0xff);
}

/* --- a mock cluster and clients of it --- */

struct scene {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
};

static int setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
    scene->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    scene->cluster = rd_kafka_mock_cluster_new(scene->host, 2); /* a coordinator can move */
    *state = scene;
    return scene->cluster != NULL ? 0 : -1;
}

static int teardown(void **state) {
    struct scene *scene = *state;
    rd_kafka_mock_cluster_destroy(scene->cluster);
    rd_kafka_destroy(scene->host);
    free(scene);
    return 0;
}

static void topic_create(struct scene *scene, const char *topic) {
    assert_int_equal(rd_kafka_mock_topic_create(scene->cluster, topic, 1, 1), 0);
}

static rd_kafka_t *client_create(const struct scene *scene, rd_kafka_type_t type, const char *const *properties) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(scene->cluster), NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
    if (type == RD_KAFKA_CONSUMER) {
        rd_kafka_conf_set(conf, "group.id", "contract", NULL, 0);
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
        rd_kafka_conf_set(conf, "enable.auto.offset.store", "false", NULL, 0);
        rd_kafka_conf_set(conf, "auto.offset.reset", "error", NULL, 0);
        rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", NULL, 0);
    }
    for (; properties != NULL && *properties != NULL; properties += 2)
        assert_int_equal(rd_kafka_conf_set(conf, properties[0], properties[1], NULL, 0), RD_KAFKA_CONF_OK);
    rd_kafka_t *client = rd_kafka_new(type, conf, NULL, 0);
    assert_non_null(client);
    if (type == RD_KAFKA_CONSUMER)
        rd_kafka_poll_set_consumer(client);
    return client;
}

static void produce(const struct scene *scene, const char *topic, int count) {
    char event[] = "event";
    rd_kafka_t *producer = client_create(scene, RD_KAFKA_PRODUCER, NULL);
    for (int i = 0; i < count; i++)
        assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                           RD_KAFKA_V_VALUE(event, 5), RD_KAFKA_V_END),
                         0);
    assert_int_equal(rd_kafka_flush(producer, TIMEOUT_MS), 0);
    rd_kafka_destroy(producer);
}

static rd_kafka_topic_partition_list_t *place(const char *topic, int64_t offset, const char *metadata, size_t size) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *one = rd_kafka_topic_partition_list_add(list, topic, 0);
    one->offset = offset;
    if (metadata != NULL) {
        one->metadata = malloc(size + 1);
        assert_non_null(one->metadata);
        memcpy(one->metadata, metadata, size);
        ((char *)one->metadata)[size] = '\0';
        one->metadata_size = size; /* the list frees it */
    }
    return list;
}

static void assign(rd_kafka_t *consumer, const char *topic, int64_t offset) {
    rd_kafka_topic_partition_list_t *list = place(topic, offset, NULL, 0);
    assert_int_equal(rd_kafka_assign(consumer, list), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
}

static void consumer_destroy(rd_kafka_t *consumer) {
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
}

/* What the group has committed, asked as src/kafka does; the caller destroys it. */
static rd_kafka_topic_partition_list_t *committed(rd_kafka_t *consumer, const char *topic) {
    rd_kafka_topic_partition_list_t *list = place(topic, 0, NULL, 0);
    rd_kafka_resp_err_t error = rd_kafka_committed(consumer, list, TIMEOUT_MS);
    contract(error == RD_KAFKA_RESP_ERR_NO_ERROR && list->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR,
             "librdkafka %s: rd_kafka_committed fails (%s): kafka/question reads what is committed with it",
             rd_kafka_version_str(), rd_kafka_err2name(error));
    return list;
}

/* --- commits --- */

static rd_kafka_resp_err_t commit_answer(rd_kafka_queue_t *queue) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_type(event), RD_KAFKA_EVENT_OFFSET_COMMIT);
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    rd_kafka_event_destroy(event);
    return error;
}

static rd_kafka_resp_err_t commit(rd_kafka_t *consumer, rd_kafka_topic_partition_list_t *list_take) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer);
    rd_kafka_resp_err_t error = rd_kafka_commit_queue(consumer, list_take, queue, NULL, NULL);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        error = commit_answer(queue);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_partition_list_destroy(list_take);
    return error;
}

static void test_metadata_of_a_commit_comes_back(void **state) {
    topic_create(*state, "kept");
    rd_kafka_t *consumer = client_create(*state, RD_KAFKA_CONSUMER, NULL);
    enum { SIZE = 3072 };
    char text[SIZE];
    memset(text, 'm', sizeof text);
    assign(consumer, "kept", 0);
    assert_int_equal(commit(consumer, place("kept", 7, text, SIZE)), 0);
    rd_kafka_topic_partition_list_t *found = committed(consumer, "kept");
    const rd_kafka_topic_partition_t *one = &found->elems[0];
    bool whole = one->offset == 7 && one->metadata_size == SIZE && memcmp(one->metadata, text, SIZE) == 0;
    size_t size = one->metadata_size;
    rd_kafka_topic_partition_list_destroy(found);
    consumer_destroy(consumer);
    contract(whole, "librdkafka %s: %zu of 3072 bytes of metadata came back: the offset map travels there",
             rd_kafka_version_str(), size);
}

/* Below 2.6.1 what comes back ends at the NUL, though its size says otherwise: not even a look at it is allowed. */
static void test_metadata_keeps_a_nul_from_2_6_1(void **state) {
    if (!at_least(2, 6, 1))
        skip();
    topic_create(*state, "nul");
    rd_kafka_t *consumer = client_create(*state, RD_KAFKA_CONSUMER, NULL);
    assign(consumer, "nul", 0);
    assert_int_equal(commit(consumer, place("nul", 7, "ab\0cd", 5)), 0);
    rd_kafka_topic_partition_list_t *found = committed(consumer, "nul");
    const rd_kafka_topic_partition_t *one = &found->elems[0];
    bool whole = one->metadata_size == 5 && memcmp(one->metadata, "ab\0cd", 5) == 0;
    rd_kafka_topic_partition_list_destroy(found);
    consumer_destroy(consumer);
    contract(whole, "librdkafka %s loses what stands behind a NUL in metadata again: the offset map stays text",
             rd_kafka_version_str());
}

static void test_storing_an_offset_drops_its_metadata(void **state) {
    topic_create(*state, "stored");
    produce(*state, "stored", 1);
    rd_kafka_t *consumer = client_create(*state, RD_KAFKA_CONSUMER, NULL);
    assign(consumer, "stored", 0);
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, TIMEOUT_MS);
    assert_non_null(message);
    rd_kafka_message_destroy(message);
    rd_kafka_topic_partition_list_t *list = place("stored", 1, "map", 3);
    assert_int_equal(rd_kafka_offsets_store(consumer, list), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    assert_int_equal(rd_kafka_commit(consumer, NULL, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_t *found = committed(consumer, "stored");
    size_t size = found->elems[0].metadata_size;
    int64_t offset = found->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(found);
    consumer_destroy(consumer);
    assert_int_equal(offset, 1);
    contract(
        at_least(2, 2, 0) ? size == 3 : size == 0,
        "librdkafka %s: rd_kafka_offsets_store kept %zu of 3 bytes of metadata; below 2.2.0 none, from then on all",
        rd_kafka_version_str(), size);
}

static void test_overlapping_commits_can_be_applied_in_the_wrong_order(void **state) {
    struct scene *scene = *state;
    topic_create(scene, "overlap");
    rd_kafka_t *consumer = client_create(scene, RD_KAFKA_CONSUMER, NULL);
    assign(consumer, "overlap", 0);
    assert_int_equal(commit(consumer, place("overlap", 1, NULL, 0)), 0); /* the coordinator is known now */
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer);
    rd_kafka_mock_push_request_errors(scene->cluster, 8 /* OffsetCommit */, 1,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    rd_kafka_topic_partition_list_t *first = place("overlap", 10, NULL, 0), *second = place("overlap", 20, NULL, 0);
    assert_int_equal(rd_kafka_commit_queue(consumer, first, queue, NULL, NULL), 0);
    assert_int_equal(rd_kafka_commit_queue(consumer, second, queue, NULL, NULL), 0);
    rd_kafka_resp_err_t one_error = commit_answer(queue), other_error = commit_answer(queue);
    rd_kafka_topic_partition_list_destroy(first);
    rd_kafka_topic_partition_list_destroy(second);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_partition_list_t *found = committed(consumer, "overlap");
    int64_t offset = found->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(found);
    consumer_destroy(consumer);
    contract(
        one_error == 0 && other_error == 0 && offset == 10,
        "librdkafka %s: of two overlapping commits, 10 then 20, %lld stands (%s, %s); until now the repeated first "
        "one won and both reported success: one commit in flight is the rule because of it",
        rd_kafka_version_str(), (long long)offset, rd_kafka_err2name(one_error), rd_kafka_err2name(other_error));
}

/* On a real cluster ListConsumerGroupOffsets keeps to the old coordinator for minutes, which the mock cannot show. */
static void test_what_is_committed_is_found_after_the_coordinator_has_moved(void **state) {
    struct scene *scene = *state;
    topic_create(scene, "moved");
    assert_int_equal(rd_kafka_mock_coordinator_set(scene->cluster, "group", "contract", 1), 0);
    rd_kafka_t *consumer = client_create(scene, RD_KAFKA_CONSUMER, NULL);
    assign(consumer, "moved", 0);
    assert_int_equal(commit(consumer, place("moved", 7, NULL, 0)), 0);
    assert_int_equal(rd_kafka_mock_coordinator_set(scene->cluster, "group", "contract", 2), 0);
    rd_kafka_mock_push_request_errors(scene->cluster, 9 /* OffsetFetch */, 1, RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
    rd_kafka_topic_partition_list_t *list = place("moved", 0, NULL, 0);
    rd_kafka_resp_err_t first = rd_kafka_committed(consumer, list, TIMEOUT_MS);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_topic_partition_list_t *found = committed(consumer, "moved"); /* asked again, it knows the new one */
    int64_t offset = found->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(found);
    consumer_destroy(consumer);
    assert_int_equal(first, RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
    assert_int_equal(offset, 7);
}

/* --- members of a group --- */

struct member {
    int assigned;
    int lost_before, lost_after; /* -1: no revoke yet */
};

static void on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t *list,
                         void *owner) {
    struct member *member = owner;
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        rd_kafka_assign(consumer, list);
        member->assigned++;
        return;
    }
    int before = rd_kafka_assignment_lost(consumer);
    rd_kafka_assign(consumer, NULL);
    if (member->lost_before < 0) {
        member->lost_before = before;
        member->lost_after = rd_kafka_assignment_lost(consumer);
    }
}

static rd_kafka_t *subscribe(const struct scene *scene, const char *topic, struct member *member) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *const properties[][2] = {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(scene->cluster)},
                                         {"group.id", "members"},
                                         {"log_level", "0"},
                                         {"heartbeat.interval.ms", "100"}};
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        assert_int_equal(rd_kafka_conf_set(conf, properties[i][0], properties[i][1], NULL, 0), RD_KAFKA_CONF_OK);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_opaque(conf, member);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    assert_non_null(consumer);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
    assert_int_equal(rd_kafka_subscribe(consumer, list), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    return consumer;
}

static void serve_until(rd_kafka_t *consumer, const int *count, int least) {
    for (int turn = 0; *count < least && turn < TIMEOUT_MS / 100; turn++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 100);
        if (message != NULL)
            rd_kafka_message_destroy(message);
    }
}

static void test_a_lost_assignment_is_forgotten_with_the_unassign(void **state) {
    struct scene *scene = *state;
    topic_create(scene, "lost");
    struct member member = {0, -1, -1};
    rd_kafka_t *consumer = subscribe(scene, "lost", &member);
    serve_until(consumer, &member.assigned, 1);
    assert_int_equal(member.assigned, 1);
    rd_kafka_mock_push_request_errors(scene->cluster, 12 /* Heartbeat */, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    serve_until(consumer, &member.lost_before, 0);
    consumer_destroy(consumer);
    contract(
        member.lost_before == 1 && member.lost_after == 0,
        "librdkafka %s tells a lost assignment %d before and %d after rd_kafka_assign(NULL); until now only before: "
        "kafka/membership asks there",
        rd_kafka_version_str(), member.lost_before, member.lost_after);
}

/* --- queues --- */

static rd_kafka_queue_t *take_queue(rd_kafka_t *consumer, const char *topic) {
    rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(consumer, topic, 0);
    contract(queue != NULL,
             "librdkafka %s gives no queue of a partition before it is assigned: back-pressure takes it there",
             rd_kafka_version_str());
    rd_kafka_queue_forward(queue, NULL);
    return queue;
}

static bool signalled(int file) {
    struct pollfd one = {.fd = file, .events = POLLIN};
    return poll(&one, 1, TIMEOUT_MS) == 1;
}

static void drain(int file) {
    uint64_t count;
    while (read(file, &count, sizeof count) > 0)
        continue;
}

static void test_a_queue_taken_before_assign_holds_its_events_back(void **state) {
    topic_create(*state, "held");
    produce(*state, "held", 100);
    rd_kafka_t *consumer = client_create(*state, RD_KAFKA_CONSUMER, NULL);
    rd_kafka_queue_t *queue = take_queue(consumer, "held");
    int file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    static const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(queue, file, &one, sizeof one);
    assign(consumer, "held", 0);
    bool woken = signalled(file);
    contract(woken, "librdkafka %s: a queue of its own no longer wakes through rd_kafka_queue_io_event_enable",
             rd_kafka_version_str());
    rd_kafka_message_t *stray = rd_kafka_consumer_poll(consumer, 500);
    contract(stray == NULL,
             "librdkafka %s: events of a partition whose queue was un-forwarded come out of the consumer's",
             rd_kafka_version_str());
    int64_t expected = 0;
    bool again = false;
    for (; expected < 100; expected++) {
        if (expected == 1) { /* the queue is not empty: whatever comes now makes no signal */
            drain(file);
            struct pollfd look = {.fd = file, .events = POLLIN};
            again = poll(&look, 1, 300) == 1;
        }
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
        const rd_kafka_message_t *message = rd_kafka_event_message_next(event);
        contract(message != NULL && message->err == 0 && message->offset == expected,
                 "librdkafka %s: a queue of its own has a gap at %lld", rd_kafka_version_str(), (long long)expected);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    consumer_destroy(consumer);
    close(file);
    contract(!again,
             "librdkafka %s signals also for a queue that is not empty: a grant of credit reads at once because it "
             "did not",
             rd_kafka_version_str());
}

static int64_t next_offset(rd_kafka_t *consumer) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, TIMEOUT_MS);
    int64_t offset = message != NULL && message->err == 0 ? message->offset : -1;
    if (message != NULL)
        rd_kafka_message_destroy(message);
    return offset;
}

static void test_resuming_what_was_not_paused_rewinds(void **state) {
    topic_create(*state, "resumed");
    produce(*state, "resumed", 200);
    rd_kafka_t *consumer = client_create(*state, RD_KAFKA_CONSUMER, NULL);
    assign(consumer, "resumed", 0);
    for (int64_t expected = 0; expected < 110; expected++)
        assert_int_equal(next_offset(consumer), expected);
    rd_kafka_topic_partition_list_t *list = place("resumed", RD_KAFKA_OFFSET_INVALID, NULL, 0);
    assert_int_equal(rd_kafka_resume_partitions(consumer, list), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    int64_t offset = next_offset(consumer);
    consumer_destroy(consumer);
    contract(
        offset == (at_least(2, 4, 0) ? 110 : 0),
        "librdkafka %s: after a resume of what was not paused, 110 is expected and %lld comes; below 2.4.0 it was 0: "
        "back-pressure neither pauses nor resumes",
        rd_kafka_version_str(), (long long)offset);
}

static void test_the_end_of_an_empty_partition_tells_its_offset(void **state) {
    topic_create(*state, "empty");
    static const char *const properties[] = {"enable.partition.eof", "true", NULL};
    rd_kafka_t *consumer = client_create(*state, RD_KAFKA_CONSUMER, properties);
    assign(consumer, "empty", RD_KAFKA_OFFSET_END);
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, TIMEOUT_MS);
    bool told = message != NULL && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && message->offset == 0;
    if (message != NULL)
        rd_kafka_message_destroy(message);
    consumer_destroy(consumer);
    contract(told, "librdkafka %s no longer tells the end of an empty partition: kafka/browser reads the end there",
             rd_kafka_version_str());
}

static void test_an_offset_out_of_range_is_an_error(void **state) {
    topic_create(*state, "range");
    produce(*state, "range", 3);
    rd_kafka_t *consumer = client_create(*state, RD_KAFKA_CONSUMER, NULL);
    assign(consumer, "range", 1000);
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, TIMEOUT_MS);
    rd_kafka_resp_err_t error = message != NULL ? message->err : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (message != NULL)
        rd_kafka_message_destroy(message);
    consumer_destroy(consumer);
    contract(
        error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,
        "librdkafka %s answers an offset out of range with %s: with auto.offset.reset=error the partition must stop "
        "and say so",
        rd_kafka_version_str(), rd_kafka_err2name(error));
}

/* --- properties --- */

static void test_a_value_of_one_mib_is_refused_by_the_default(void **state) {
    topic_create(*state, "large");
    enum { SIZE = 1 << 20 };
    char *value = calloc(1, SIZE);
    assert_non_null(value);
    static const char *const larger[] = {"message.max.bytes", "1000000000", NULL};
    for (int raised = 0; raised < 2; raised++) {
        rd_kafka_t *producer = client_create(*state, RD_KAFKA_PRODUCER, raised != 0 ? larger : NULL);
        rd_kafka_resp_err_t error = rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("large"), RD_KAFKA_V_PARTITION(0),
                                                      RD_KAFKA_V_VALUE(value, SIZE), RD_KAFKA_V_END);
        rd_kafka_purge(producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(producer, TIMEOUT_MS);
        rd_kafka_destroy(producer);
        if (raised != 0)
            contract(error == 0, "librdkafka %s refuses 1 MiB also with message.max.bytes=1000000000 (%s)",
                     rd_kafka_version_str(), rd_kafka_err2name(error));
        else
            contract(error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                     "librdkafka %s takes 1 MiB by default (%s): kafka/producer raises message.max.bytes",
                     rd_kafka_version_str(), rd_kafka_err2name(error));
    }
    free(value);
}

static void test_the_pause_of_a_full_queue_is_tunable_from_2_2(void **state) {
    (void)state;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", NULL, 0);
    rd_kafka_conf_destroy(conf);
    contract((result == RD_KAFKA_CONF_OK) == at_least(2, 2, 0),
             "librdkafka %s %s fetch.queue.backoff.ms: from 2.2.0 on it ends the waits of a second at a full queue",
             rd_kafka_version_str(), result == RD_KAFKA_CONF_OK ? "knows" : "does not know");
}

/* Only producers may make topics. */
static void test_the_mock_creates_topics_by_itself(void **state) {
    for (int allowed = 0; allowed < 2; allowed++) {
        const char *const properties[] = {"allow.auto.create.topics", allowed ? "true" : "false", NULL};
        rd_kafka_t *consumer = client_create(*state, RD_KAFKA_CONSUMER, properties);
        rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer, allowed ? "made" : "never-made", NULL);
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t error = rd_kafka_metadata(consumer, 0, topic, &metadata, TIMEOUT_MS);
        bool created = error == 0 && metadata->topic_cnt == 1 && metadata->topics[0].partition_cnt > 0;
        rd_kafka_metadata_destroy(metadata);
        rd_kafka_topic_destroy(topic);
        consumer_destroy(consumer);
        contract(created == (allowed || !at_least(2, 3, 0)), "librdkafka %s: its mock broker %s topics, allowed %d",
                 rd_kafka_version_str(), created ? "makes" : "does not make", allowed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata_of_a_commit_comes_back),
        cmocka_unit_test(test_metadata_keeps_a_nul_from_2_6_1),
        cmocka_unit_test(test_storing_an_offset_drops_its_metadata),
        cmocka_unit_test(test_overlapping_commits_can_be_applied_in_the_wrong_order),
        cmocka_unit_test(test_what_is_committed_is_found_after_the_coordinator_has_moved),
        cmocka_unit_test(test_a_lost_assignment_is_forgotten_with_the_unassign),
        cmocka_unit_test(test_a_queue_taken_before_assign_holds_its_events_back),
        cmocka_unit_test(test_resuming_what_was_not_paused_rewinds),
        cmocka_unit_test(test_the_end_of_an_empty_partition_tells_its_offset),
        cmocka_unit_test(test_an_offset_out_of_range_is_an_error),
        cmocka_unit_test(test_a_value_of_one_mib_is_refused_by_the_default),
        cmocka_unit_test(test_the_pause_of_a_full_queue_is_tunable_from_2_2),
        cmocka_unit_test(test_the_mock_creates_topics_by_itself),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
