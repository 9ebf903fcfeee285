/* A topic that is gone: librdkafka says so in three places, of which none is a record. It decides nothing, but that the
 * member joins its group anew, so that a topic that is made anew is begun where the group says. */
#ifndef SLUSS_KAFKA_GONE_H
#define SLUSS_KAFKA_GONE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

struct consumer;

/* Before the client is made: what librdkafka says in a partition's queue comes to `consumer` while that is read. */
void gone_listen(rd_kafka_conf_t *conf, struct consumer *consumer);

/* An assignment has just begun: what its queues hold yet was said of the one before. */
void gone_forget(struct consumer *consumer);

/* The group finds no such topic: `why` is librdkafka's sentence, which names it. */
void gone_from_group(struct consumer *consumer, rd_kafka_resp_err_t code, const char *why);

/* An answer to a commit, with one error for each partition: tells the core of those whose topic is gone. */
void gone_from_commit(struct consumer *consumer, const rd_kafka_topic_partition_list_t *list);

/* A partition stopped, for its topic is gone: the group is joined anew within ten seconds. */
void gone_join_anew(struct consumer *consumer);

/* Tells the core what was heard of in the queues, and joins the group anew when it is time. */
void gone_serve(struct consumer *consumer);

/* When it shall be served though nothing has come; INT64_MAX never. */
int64_t gone_due_ms(const struct consumer *consumer);

#endif
