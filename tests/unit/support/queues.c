/* Nothing is allocated here: which allocation fails is the test's business. */
#include "support/queues.h"

enum { OPS = 4096, SHARED = 64 };

struct rd_kafka_topic_s {
    const char *name;
};

struct op {
    struct op *next;
    rd_kafka_message_t message;
    size_t partition;
    unsigned assignment; /* for which it was fetched */
    bool mark;
};

struct rd_kafka_queue_s {
    struct op *first, *last;
    size_t length;
    rd_kafka_queue_t *target; /* NULL: not forwarded */
    unsigned holders;
    bool wakes;
};

static struct log {
    struct queues_entry entry[QUEUES_LONGEST];
    size_t count;
    rd_kafka_queue_t queue;
    size_t position; /* of the next fetch */
    bool assigned;
} logs[QUEUES_PARTITIONS];

static struct op ops[OPS], *unused;
static rd_kafka_queue_t shared[SHARED];
static rd_kafka_topic_t topics[QUEUES_TOPICS] = {{"north"}, {"south"}};
static size_t limit, alive;
static unsigned assignment;
static bool woke;
static char bytes[QUEUES_LONGEST * 1024];

const struct span queues_topics[QUEUES_TOPICS] = {{"north", 5}, {"south", 5}};

rd_kafka_queue_t *__wrap_rd_kafka_queue_get_partition(rd_kafka_t *client, const char *topic, int32_t partition);
rd_kafka_queue_t *__wrap_rd_kafka_queue_new(rd_kafka_t *client);
void __wrap_rd_kafka_queue_destroy(rd_kafka_queue_t *queue);
void __wrap_rd_kafka_queue_forward(rd_kafka_queue_t *queue, rd_kafka_queue_t *target);
void __wrap_rd_kafka_queue_io_event_enable(rd_kafka_queue_t *queue, int descriptor, const void *what, size_t size);
size_t __wrap_rd_kafka_queue_length(rd_kafka_queue_t *queue);
rd_kafka_message_t *__wrap_rd_kafka_consume_queue(rd_kafka_queue_t *queue, int timeout_ms);
void __wrap_rd_kafka_message_destroy(rd_kafka_message_t *message);
const char *__wrap_rd_kafka_topic_name(const rd_kafka_topic_t *topic);
rd_kafka_resp_err_t __wrap_rd_kafka_message_headers(const rd_kafka_message_t *message, rd_kafka_headers_t **headers);
int64_t __wrap_rd_kafka_message_timestamp(const rd_kafka_message_t *message, rd_kafka_timestamp_type_t *type);
rd_kafka_resp_err_t __wrap_rd_kafka_assign(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *list);
int __wrap_rd_kafka_version(void);

void queues_begin(size_t most) {
    limit = most;
    alive = 0;
    woke = false;
    unused = NULL;
    for (size_t i = 0; i < OPS; i++) {
        ops[i].next = unused;
        unused = &ops[i];
    }
    for (size_t i = 0; i < QUEUES_PARTITIONS; i++)
        logs[i] = (struct log){0};
    for (size_t i = 0; i < SHARED; i++)
        shared[i] = (rd_kafka_queue_t){0};
}

size_t queues_write(size_t partition, const struct queues_entry *entry) {
    struct log *log = &logs[partition];
    if (log->count < QUEUES_LONGEST)
        log->entry[log->count++] = *entry;
    return log->count;
}

size_t queues_written(size_t partition) {
    return logs[partition].count;
}

const struct queues_entry *queues_entry(size_t partition, size_t index) {
    return &logs[partition].entry[index];
}

static void append(rd_kafka_queue_t *queue, struct op *op) {
    op->next = NULL;
    if (queue->first == NULL)
        queue->first = op;
    else
        queue->last->next = op;
    queue->last = op;
    if (queue->length++ == 0 && queue->wakes)
        woke = true;
}

static struct op *take(rd_kafka_queue_t *queue) {
    struct op *op = queue->first;
    if (op != NULL) {
        queue->first = op->next;
        queue->length--;
    }
    return op;
}

static void drop(struct op *op) {
    op->next = unused;
    unused = op;
    alive--;
}

static struct op *make(size_t partition, const struct queues_entry *entry) {
    struct op *op = unused;
    unused = op->next;
    alive++;
    *op = (struct op){.partition = partition, .assignment = assignment, .mark = entry->mark};
    op->message = (rd_kafka_message_t){.err = entry->error,
                                       .rkt = &topics[partition / QUEUES_EACH],
                                       .partition = (int32_t)(partition % QUEUES_EACH),
                                       .payload = entry->null ? NULL : bytes,
                                       .len = entry->null ? 0 : entry->value,
                                       .key = entry->key > 0 ? bytes : NULL,
                                       .key_len = entry->key,
                                       .offset = entry->offset,
                                       ._private = op};
    return op;
}

size_t queues_fetch(size_t partition, size_t most) {
    struct log *log = &logs[partition];
    rd_kafka_queue_t *queue = log->queue.target != NULL ? log->queue.target : &log->queue;
    if (!log->assigned || queue->length >= limit)
        return 0;
    size_t count = 0;
    for (; count < most && log->position < log->count; count++)
        append(queue, make(partition, &log->entry[log->position++]));
    return count;
}

bool queues_woke(void) {
    bool was = woke;
    woke = false;
    return was;
}

size_t queues_alive(void) {
    size_t count = alive;
    for (size_t i = 0; i < QUEUES_PARTITIONS; i++)
        count += logs[i].queue.holders + (logs[i].queue.target != NULL);
    for (size_t i = 0; i < SHARED; i++)
        count += shared[i].holders;
    return count;
}

static size_t find(const char *topic, int32_t partition) {
    size_t at = 0;
    while (!span_equal(queues_topics[at], span_of(topic)))
        at++;
    return at * QUEUES_EACH + (size_t)partition;
}

rd_kafka_queue_t *__wrap_rd_kafka_queue_get_partition(rd_kafka_t *client, const char *topic, int32_t partition) {
    (void)client;
    rd_kafka_queue_t *queue = &logs[find(topic, partition)].queue;
    queue->holders++;
    return queue;
}

rd_kafka_queue_t *__wrap_rd_kafka_queue_new(rd_kafka_t *client) {
    (void)client;
    rd_kafka_queue_t *queue = shared;
    while (queue->holders > 0)
        queue++;
    *queue = (rd_kafka_queue_t){.holders = 1};
    return queue;
}

static bool is_shared(const rd_kafka_queue_t *queue) {
    return queue >= shared && queue < shared + SHARED;
}

void __wrap_rd_kafka_queue_destroy(rd_kafka_queue_t *queue) {
    queue->holders--;
    for (struct op *op; is_shared(queue) && (op = take(queue)) != NULL;)
        drop(op);
}

void __wrap_rd_kafka_queue_forward(rd_kafka_queue_t *queue, rd_kafka_queue_t *target) {
    queue->target = target;
    for (struct op *op; target != NULL && (op = take(queue)) != NULL;)
        append(target, op);
}

void __wrap_rd_kafka_queue_io_event_enable(rd_kafka_queue_t *queue, int descriptor, const void *what, size_t size) {
    (void)what, (void)size;
    queue->wakes = descriptor >= 0;
}

size_t __wrap_rd_kafka_queue_length(rd_kafka_queue_t *queue) {
    return queue->target != NULL ? queue->target->length : queue->length;
}

rd_kafka_message_t *__wrap_rd_kafka_consume_queue(rd_kafka_queue_t *queue, int timeout_ms) {
    (void)timeout_ms;
    for (struct op *op; (op = take(queue->target != NULL ? queue->target : queue)) != NULL; drop(op))
        if (!op->mark && op->assignment == assignment)
            return &op->message;
    return NULL;
}

void __wrap_rd_kafka_message_destroy(rd_kafka_message_t *message) {
    drop(message->_private);
}

const char *__wrap_rd_kafka_topic_name(const rd_kafka_topic_t *topic) {
    return topic->name;
}

rd_kafka_resp_err_t __wrap_rd_kafka_message_headers(const rd_kafka_message_t *message, rd_kafka_headers_t **headers) {
    (void)message;
    *headers = NULL;
    return RD_KAFKA_RESP_ERR__NOENT;
}

int64_t __wrap_rd_kafka_message_timestamp(const rd_kafka_message_t *message, rd_kafka_timestamp_type_t *type) {
    (void)message, (void)type;
    return 0;
}

rd_kafka_resp_err_t __wrap_rd_kafka_assign(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *list) {
    (void)client;
    assignment++;
    for (size_t i = 0; i < QUEUES_PARTITIONS; i++)
        logs[i].assigned = false;
    for (int i = 0; list != NULL && i < list->cnt; i++) {
        struct log *log = &logs[find(list->elems[i].topic, list->elems[i].partition)];
        log->assigned = true;
        log->position = 0;
        while (log->position < log->count && log->entry[log->position].offset < list->elems[i].offset)
            log->position++;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* One that needs no nudge. */
int __wrap_rd_kafka_version(void) {
    return 0x020c00ff;
}
