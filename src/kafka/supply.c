/* Records become events, as many as were granted, one from each partition in turn. What has no credit waits for it. */
#include "kafka/consumer_private.h"

#include <stdlib.h>

enum {
    AT_ONCE = 8,        /* records read before the first of them is given */
    CACHE_LINE = 64,    /* bytes */
    MOST_CALLED = 2048, /* of a record's bytes: the rest the processor prefetches by itself */
};

/* Its headers, borrowed from it; NULL: it has none. Librdkafka reads through a record's bytes for them, and where it
 * finds none does so each time it is asked: it is asked once. */
static rd_kafka_headers_t *headers_of(const rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers;
    return rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR ? headers : NULL;
}

static size_t count_headers(const rd_kafka_headers_t *headers) {
    return headers != NULL ? rd_kafka_header_cnt(headers) : 0;
}

static struct header header_at(const rd_kafka_headers_t *headers, size_t place) {
    const char *name = "";
    const void *value = NULL;
    size_t size = 0;
    (void)rd_kafka_header_get_all(headers, place, &name, &value, &size);
    return (struct header){span_of(name), span_make(value, size)};
}

/* What the headers of a record take. */
static size_t measure_headers(const rd_kafka_headers_t *headers) {
    size_t bytes = 0, count = count_headers(headers);
    for (size_t i = 0; i < count; i++) {
        const struct header one = header_at(headers, i);
        bytes += event_size(SPAN_NONE, SPAN_NONE, &one, 1);
    }
    return bytes;
}

static bool make_room(struct consumer *consumer, size_t headers) {
    if (headers <= consumer->header_room)
        return true;
    struct header *more = realloc(consumer->header, headers * sizeof *more);
    if (more == NULL)
        return false;
    consumer->header = more;
    consumer->header_room = headers;
    return true;
}

/* All headers of a record, borrowed from it, in the consumer's room for them. False when memory is short. */
static bool list_headers(struct consumer *consumer, const rd_kafka_headers_t *headers, size_t *count) {
    *count = count_headers(headers);
    if (!make_room(consumer, *count))
        return false;
    for (size_t i = 0; i < *count; i++)
        consumer->header[i] = header_at(headers, i);
    return true;
}

static bool is_too_large(const struct consumer *consumer, size_t bytes) {
    return consumer->largest > 0 && bytes > consumer->largest;
}

/* A record that was read and is not given to the core yet. */
struct catch {
    struct assigned_partition *partition;
    rd_kafka_message_t *message; /* NULL: it waits for credit, as the core shall hear */
    rd_kafka_headers_t *headers; /* the message's; NULL none */
    bool left_out;               /* its value: there can be no memory for it */
    bool too_large;              /* even so */
    bool cut;                    /* there is none: it was read before its turn, and no memory to keep it until then */
};

/* The credit that a record takes. A value for which there can be no memory is left out. */
static size_t credit_of(const struct consumer *consumer, struct catch *catch) {
    const rd_kafka_message_t *message = catch->message;
    catch->headers = headers_of(message);
    size_t beside = message->key_len + measure_headers(catch->headers), bytes = beside + message->len;
    catch->left_out = is_too_large(consumer, bytes) && message->payload != NULL;
    return catch->left_out ? beside : bytes;
}

/* False when memory is short: the record stays unread by stopping the partition, for it must not be passed over. */
static bool give(struct consumer *consumer, const struct catch *catch) {
    struct assigned_partition *partition = catch->partition;
    const rd_kafka_message_t *message = catch->message;
    size_t headers;
    if (!list_headers(consumer, catch->headers, &headers))
        return false;
    struct span key = message->key == NULL ? SPAN_NONE : span_make(message->key, message->key_len);
    bool none = message->payload == NULL || catch->left_out;
    struct span value = none ? SPAN_NONE : span_make(message->payload, message->len);
    struct event *event =
        event_create_in(consumer->stock, partition->place, message->offset, rd_kafka_message_timestamp(message, NULL),
                        key, value, consumer->header, headers);
    if (event == NULL)
        return false;
    event->omitted = catch->left_out ? message->len : 0;
    partition->next = message->offset + 1;
    struct inlet *inlet = inlet_of(partition);
    inlet->taken++;
    inlet->taken_bytes += key.size + value.size;
    nudge_look(consumer, inlet, partition);
    consumer->handler.event(consumer->handler.owner, event);
    return true;
}

static enum consumer_end end_of(rd_kafka_resp_err_t code) {
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return CONSUMER_OUT_OF_RANGE;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return CONSUMER_GONE;
    default:
        return CONSUMER_UNREADABLE;
    }
}

static void stop(struct consumer *consumer, struct assigned_partition *partition, enum consumer_end end,
                 const char *why) {
    partition->stopped = true;
    partition->credit_events = 0;
    if (end == CONSUMER_GONE)
        gone_join_anew(consumer);
    consumer->handler.partition_error(consumer->handler.owner, partition->place, end, why);
}

static void fail(struct consumer *consumer, struct assigned_partition *partition, rd_kafka_resp_err_t code) {
    stop(consumer, partition, end_of(code), rd_kafka_err2str(code));
}

/* Errors that librdkafka heals by itself are said, not acted on: what it could not fetch it asks for again. */
static bool is_passing(rd_kafka_resp_err_t code) {
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_UNKNOWN: /* a broker's own mishap */
        return true;
    default:
        return false;
    }
}

static bool has_credit(const struct assigned_partition *partition, size_t bytes) {
    return partition->credit_events > 0 && partition->credit_bytes >= bytes;
}

/* One record is read ahead of its credit: so the core learns how much it needs, and grants nothing in vain. */
static bool may_read(const struct assigned_partition *partition) {
    return !partition->own.idle && !partition->stopped &&
           (!partition->measured || has_credit(partition, partition->waiting_bytes));
}

/* Prefetches the bytes, which librdkafka's thread left in another core's cache, so that they are here when they are
 * copied. */
static void call_for(const void *bytes, size_t size) {
    for (size_t i = 0; i < size && i < MOST_CALLED; i += CACHE_LINE)
        __builtin_prefetch((const char *)bytes + i);
}

/* The next record is read before its turn, so that its bytes are here then: to look at its headers, which stand behind
 * its value, would mean to wait for them. */
static void look_ahead(const rd_kafka_message_t *message) {
    if (message == NULL)
        return;
    call_for(message->payload, message->len + CACHE_LINE);
    call_for(message->key, message->key_len);
}

/* Takes the record that waits, on its partition's credit. False where there is none: then it goes on waiting. */
static bool take(const struct consumer *consumer, struct assigned_partition *partition, struct catch *catch) {
    rd_kafka_message_t *message = partition->waiting;
    *catch = (struct catch){.partition = partition, .message = message};
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        size_t bytes = credit_of(consumer, catch);
        catch->too_large = is_too_large(consumer, bytes);
        if (!catch->too_large && !has_credit(partition, bytes)) {
            partition->waiting_bytes = bytes;
            partition->measured = true;
            catch->message = NULL;
            return false;
        }
        if (!catch->too_large) {
            partition->credit_events--;
            partition->credit_bytes -= bytes;
        }
    }
    partition->waiting = NULL;
    partition->measured = false;
    return true;
}

/* Reads one record of one partition alone. Of one that is apart no other is read ahead, or it would never share again.
 */
static enum inlet_found read_own(struct consumer *consumer, struct assigned_partition *partition, struct catch *catch) {
    if (!may_read(partition))
        return INLET_EMPTY;
    if (partition->waiting == NULL)
        partition->waiting = inlet_take_own(partition);
    if (partition->waiting == NULL && partition->cut) {
        *catch = (struct catch){.partition = partition, .cut = true};
        return INLET_RECORD;
    }
    if (partition->waiting == NULL) {
        partition->own.idle = inlet_is_left(partition); /* else it has more as soon as that is read */
        nudge_look(consumer, &partition->own, partition);
        return INLET_EMPTY;
    }
    if (take(consumer, partition, catch) && !partition->apart)
        look_ahead(partition->waiting = inlet_take_own(partition));
    return INLET_RECORD;
}

/* Reads one record of those that share. */
static enum inlet_found read_shared(struct consumer *consumer, struct inlet *inlet, struct catch *catch) {
    struct assignment *assignment = &consumer->assignment;
    struct assigned_partition *head = inlet->head;
    if (head == NULL || head->stopped) {
        enum inlet_found found = inlet->idle ? INLET_EMPTY : inlet_read(assignment, inlet);
        head = inlet->head;
        if (found != INLET_RECORD) {
            if (inlet->last != NULL)
                nudge_look(consumer, inlet, inlet->last);
            return found;
        }
    } else if (head->measured && !has_credit(head, head->waiting_bytes))
        return INLET_EMPTY;
    if (!take(consumer, head, catch)) {
        inlet_block(inlet, consumer->now_ms);
        return INLET_RECORD;
    }
    inlet->head = NULL;
    if (inlet_read(assignment, inlet) == INLET_RECORD)
        look_ahead(inlet->head->waiting);
    return INLET_RECORD;
}

/* One record from each partition, or inlet that they share, in turn, until nobody has more to give. */
static size_t read_some(struct consumer *consumer, struct catch *catch, size_t most) {
    struct assignment *assignment = &consumer->assignment;
    size_t count = 0, quiet = 0, alone;
    while (count < most && quiet < (alone = assignment->alone_count) + assignment->inlet_count) {
        size_t turn = assignment->turn = (assignment->turn + 1) % (alone + assignment->inlet_count);
        enum inlet_found found = turn < alone ? read_own(consumer, assignment->alone[turn], &catch[count])
                                              : read_shared(consumer, &assignment->inlet[turn - alone], &catch[count]);
        quiet = found == INLET_EMPTY ? quiet + 1 : 0;
        count += found == INLET_RECORD ? 1 : 0;
    }
    return count;
}

static void serve(struct consumer *consumer, const struct catch *catch) {
    rd_kafka_message_t *message = catch->message;
    if (catch->partition->stopped) /* what stopped it stands before this record, which stays unread */
        return;
    if (catch->cut) {
        fail(consumer, catch->partition, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
        return;
    }
    if (message == NULL) {
        if (consumer->handler.wanted != NULL)
            consumer->handler.wanted(consumer->handler.owner, catch->partition->place, catch->partition->waiting_bytes);
        return;
    }
    if (catch->too_large)
        stop(consumer, catch->partition, CONSUMER_UNREADABLE,
             "the key and headers of its next record take more memory than there is for one: raise limits.memory");
    else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (!give(consumer, catch))
            fail(consumer, catch->partition, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
    } else if (is_passing(message->err))
        consumer_say(consumer, 5, rd_kafka_message_errstr(message));
    else
        fail(consumer, catch->partition, message->err);
}

/* A handler may end the assignment: then records that were read and not given out are dropped, for whoever has the
 * partition next reads them again. */
bool supply_serve(struct consumer *consumer, size_t most) {
    uint32_t epoch = consumer->assignment.epoch;
    struct catch catch[AT_ONCE];
    for (size_t given = 0, count; given < most; given += count) {
        if (epoch == 0 || consumer->assignment.epoch != epoch || !consumer->assignment.assigned)
            return false;
        size_t wanted = most - given < AT_ONCE ? most - given : AT_ONCE;
        count = read_some(consumer, catch, wanted);
        for (size_t i = 0; i < count; i++) {
            if (consumer->assignment.epoch == epoch)
                serve(consumer, &catch[i]);
            if (catch[i].message != NULL)
                rd_kafka_message_destroy(catch[i].message);
        }
        if (count == 0) /* what was given may have brought new credit, so less than was wanted is not all */
            return false;
    }
    return true;
}
