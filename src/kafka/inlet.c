/* Queues that several partitions share. A record's place in its partition is never changed: what is put aside is read
 * before the partition's own queue, and that not before nothing of it can be left in the inlet. */
#include "kafka/inlet.h"

#include "kafka/assignment.h"

#include <stdlib.h>

enum { LEAST_PATIENCE_MS = 100, PATIENCE_MS = 10000, MOST_PATIENCE_MS = 60000, LOOK_AGAIN_MS = 1000 };

/* --- records put aside --- */

static bool aside_add(struct aside *aside, rd_kafka_message_t *message) {
    if (aside->begin + aside->count == aside->room) {
        size_t room = aside->room == 0 ? 64 : aside->room * 2;
        rd_kafka_message_t **more = realloc(aside->message, room * sizeof(rd_kafka_message_t *));
        if (more == NULL)
            return false;
        aside->message = more;
        aside->room = room;
    }
    aside->message[aside->begin + aside->count++] = message;
    return true;
}

static rd_kafka_message_t *aside_take(struct aside *aside) {
    if (aside->count == 0)
        return NULL;
    rd_kafka_message_t *message = aside->message[aside->begin++];
    if (--aside->count == 0) {
        free(aside->message);
        *aside = (struct aside){0};
    }
    return message;
}

static void aside_drop(struct aside *aside) {
    for (rd_kafka_message_t *message; (message = aside_take(aside)) != NULL;)
        rd_kafka_message_destroy(message);
}

/* --- making and ending --- */

bool inlets_begin(struct assignment *assignment, rd_kafka_t *client, size_t most, int wake) {
    static const uint64_t one = 1;
    assignment->alone_count = assignment->count;
    for (size_t i = 0; i < assignment->count; i++)
        assignment->alone[i] = &assignment->partition[i];
    if (most == 0 || assignment->count <= most)
        return true;
    assignment->inlet = calloc(most, sizeof *assignment->inlet);
    if (assignment->inlet == NULL)
        return false;
    assignment->inlet_count = most;
    assignment->alone_count = 0;
    for (size_t i = 0; i < most; i++) {
        assignment->inlet[i].queue = rd_kafka_queue_new(client);
        rd_kafka_queue_io_event_enable(assignment->inlet[i].queue, wake, &one, sizeof one);
    }
    for (size_t i = 0; i < assignment->count; i++) {
        struct assigned_partition *partition = &assignment->partition[i];
        partition->shared = &assignment->inlet[i % most];
        rd_kafka_queue_forward(partition->own.queue, partition->shared->queue);
    }
    return true;
}

void inlets_end(struct assignment *assignment) {
    for (size_t i = 0; assignment->inlet_count > 0 && i < assignment->count; i++) {
        struct assigned_partition *partition = &assignment->partition[i];
        rd_kafka_queue_forward(partition->own.queue, NULL);
        aside_drop(&partition->aside);
        partition->shared = NULL;
    }
    for (size_t i = 0; i < assignment->inlet_count; i++) {
        rd_kafka_queue_t *queue = assignment->inlet[i].queue;
        rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
        for (rd_kafka_message_t *message; (message = rd_kafka_consume_queue(queue, 0)) != NULL;)
            rd_kafka_message_destroy(message);
        rd_kafka_queue_destroy(queue);
    }
    free(assignment->inlet);
    assignment->inlet = NULL;
    assignment->inlet_count = 0;
}

/* --- reading --- */

struct inlet *inlet_of(struct assigned_partition *partition) {
    return partition->shared != NULL && !partition->apart ? partition->shared : &partition->own;
}

static bool is_of(const struct assignment *assignment, const struct assigned_partition *partition,
                  const rd_kafka_message_t *message, struct span topic) {
    return partition->place.partition == message->partition &&
           span_equal(assignment->topics[partition->place.topic], topic);
}

/* Records come in runs of one partition: as many as were fetched at once. Behind it often comes its neighbour. */
static struct assigned_partition *find(struct assignment *assignment, struct inlet *inlet,
                                       const rd_kafka_message_t *message) {
    if (message->rkt == NULL)
        return NULL;
    struct span topic = span_of(rd_kafka_topic_name(message->rkt));
    struct assigned_partition *end = assignment->partition + assignment->count;
    struct assigned_partition *one = inlet->last != NULL ? inlet->last : assignment->partition;
    for (size_t i = 0; i < assignment->count; i++, one = one + 1 < end ? one + 1 : assignment->partition)
        if (is_of(assignment, one, message, topic))
            return inlet->last = one;
    return NULL;
}

static void set_apart(struct assignment *assignment, struct inlet *inlet, struct assigned_partition *partition) {
    rd_kafka_queue_forward(partition->own.queue, NULL);
    assignment->alone[assignment->alone_count++] = partition;
    partition->apart = true;
    partition->until = inlet->passed + rd_kafka_queue_length(inlet->queue);
    inlet->horizon = partition->until > inlet->horizon ? partition->until : inlet->horizon;
    inlet->head = inlet->head == partition ? NULL : inlet->head;
}

/* Whether the record is the next to be given out. One of a partition that was stopped is dropped, and no more is
 * fetched of that. */
static bool is_next(struct assignment *assignment, struct inlet *inlet, struct assigned_partition *partition,
                    rd_kafka_message_t *message) {
    if (partition != NULL && partition->stopped && !partition->apart)
        set_apart(assignment, inlet, partition);
    if (partition == NULL || partition->stopped || partition->cut) {
        rd_kafka_message_destroy(message);
        return false;
    }
    if (!partition->apart) {
        partition->waiting = message;
        partition->measured = false;
        inlet->head = partition;
        return true;
    }
    if (!aside_add(&partition->aside, message)) {
        rd_kafka_message_destroy(message);
        partition->cut = true;
    }
    return false;
}

enum inlet_found inlet_read(struct assignment *assignment, struct inlet *inlet) {
    bool moved = inlet->head != NULL;
    if (moved)
        set_apart(assignment, inlet, inlet->head);
    uint64_t before = inlet->passed;
    for (rd_kafka_message_t *message; (message = rd_kafka_consume_queue(inlet->queue, 0)) != NULL;) {
        inlet->passed++;
        if (is_next(assignment, inlet, find(assignment, inlet, message), message))
            return INLET_RECORD;
    }
    inlet->idle = true;
    if (inlet->passed < inlet->horizon) /* librdkafka has dropped some itself, such as the marks of transactions */
        inlet->passed = inlet->horizon;
    return moved || inlet->passed > before ? INLET_MOVED : INLET_EMPTY;
}

bool inlet_is_left(const struct assigned_partition *partition) {
    return partition->shared == NULL || partition->shared->passed >= partition->until;
}

rd_kafka_message_t *inlet_take_own(struct assigned_partition *partition) {
    rd_kafka_message_t *message = aside_take(&partition->aside);
    if (message != NULL || partition->cut || !inlet_is_left(partition))
        return message;
    return rd_kafka_consume_queue(partition->own.queue, 0);
}

/* --- setting apart and sharing again --- */

void inlet_block(struct inlet *inlet, int64_t now_ms) {
    inlet->since_ms = now_ms;
    inlet->look_ms = now_ms + LEAST_PATIENCE_MS;
}

int64_t inlets_due_ms(const struct assignment *assignment) {
    int64_t due_ms = INT64_MAX;
    for (size_t i = 0; i < assignment->inlet_count; i++) {
        const struct inlet *inlet = &assignment->inlet[i];
        if (inlet->head != NULL && inlet->head->measured && inlet->look_ms < due_ms)
            due_ms = inlet->look_ms;
    }
    return due_ms;
}

static bool has_room(struct inlet_room room, const struct assigned_partition *partition) {
    return room.of == NULL || room.of(room.owner, partition->place);
}

static bool comes_first(struct inlet_room room, const struct assigned_partition *partition) {
    return room.first != NULL && room.first(room.owner, partition->place);
}

/* Why the head has no credit. */
enum want {
    WANT_ROOM, /* in its own window, so it waits for its own answers, however long they take */
    WANT_TURN, /* memory; and it holds events already, while some is kept for who does not */
    WANT_MEMORY
};

static enum want want_of(const struct inlet *inlet, struct inlet_room room) {
    if (!has_room(room, inlet->head))
        return WANT_ROOM;
    return comes_first(room, inlet->head) ? WANT_MEMORY : WANT_TURN;
}

/* Also one that is apart, as long as something of it may stand behind the head. */
static bool stands_behind(const struct inlet *inlet, const struct assigned_partition *one) {
    return one->shared == inlet && one != inlet->head && !one->stopped && !(one->apart && inlet_is_left(one));
}

/* After so long, INT64_MAX never, this one shall wait no longer behind a head that wants this. */
static int64_t patience_of(const struct assigned_partition *one, enum want want, struct inlet_room room) {
    bool fed = one->credit_events > 0;
    if (want == WANT_ROOM)
        return fed || has_room(room, one) ? LEAST_PATIENCE_MS : INT64_MAX;
    if (want == WANT_TURN && comes_first(room, one))
        return PATIENCE_MS;
    return fed ? MOST_PATIENCE_MS : INT64_MAX;
}

/* Memory comes to each in turn, and what is apart takes more of it: for that its neighbours wait with it, but not for
 * ever. */
static void look_at(struct assignment *assignment, struct inlet *inlet, int64_t now_ms, struct inlet_room room) {
    enum want want = want_of(inlet, room);
    int64_t waited_ms = now_ms - inlet->since_ms;
    inlet->look_ms = now_ms + LOOK_AGAIN_MS;
    for (size_t i = 0; i < assignment->count; i++) {
        const struct assigned_partition *one = &assignment->partition[i];
        if (stands_behind(inlet, one) && patience_of(one, want, room) <= waited_ms) {
            set_apart(assignment, inlet, inlet->head);
            return;
        }
    }
}

void inlets_relieve(struct assignment *assignment, int64_t now_ms, bool hungry, struct inlet_room room) {
    for (size_t i = 0; i < assignment->inlet_count; i++) {
        struct inlet *inlet = &assignment->inlet[i];
        if (inlet->head == NULL || !inlet->head->measured || inlet->look_ms > now_ms)
            continue;
        if (hungry)
            look_at(assignment, inlet, now_ms, room);
        else
            inlet->look_ms = now_ms + LOOK_AGAIN_MS;
    }
}

/* Its own queue may hold more: that comes behind all that the inlet holds, of which nothing is its own. */
void inlets_join(struct assignment *assignment) {
    for (size_t i = assignment->alone_count; assignment->inlet_count > 0 && i-- > 0;) {
        struct assigned_partition *partition = assignment->alone[i];
        if (partition->stopped || partition->cut || partition->credit_events == 0 || partition->waiting != NULL ||
            partition->aside.count > 0 || !inlet_is_left(partition))
            continue;
        partition->apart = false;
        assignment->alone[i] = assignment->alone[--assignment->alone_count];
        rd_kafka_queue_forward(partition->own.queue, partition->shared->queue);
    }
}
