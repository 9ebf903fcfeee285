"""Kafka seen by an independent client (python3-kafka): produce, read whole topics, committed offsets. Not librdkafka."""

import functools
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

PATIENCE = 60  # seconds without any progress


def again(read):
    """Asked anew, of a new client, while leaders move and nodes come and go: python3-kafka gives some of their errors to its caller."""
    @functools.wraps(read)
    def patient(*words):
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                return read(*words)
            except (KafkaError, OSError):
                if time.monotonic() > limit:
                    raise
                time.sleep(0.3)
    return patient


def produce(bootstrap, topic, records, **settings):
    """records: (key, value) or (key, value, headers[, partition[, milliseconds]]), texts in bytes, str or None.

    Returns [(partition, offset)] in order."""
    settings = {"linger_ms": 5, **settings}
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", max_in_flight_requests_per_connection=1,
                             retries=20, request_timeout_ms=PATIENCE * 2000, api_version=(2, 6, 0), **settings)
    try:
        waiting = []
        for key, value, *rest in records:
            headers = [(name, text.encode() if isinstance(text, str) else text) for name, text in (rest[0] if rest else ())]
            waiting.append(producer.send(topic, key=_bytes(key), value=_bytes(value), headers=headers,
                                         partition=rest[1] if len(rest) > 1 else None,
                                         timestamp_ms=rest[2] if len(rest) > 2 else None))
        producer.flush(PATIENCE * 2)
        return [(done.partition, done.offset) for done in (future.get(PATIENCE * 2) for future in waiting)]
    finally:
        producer.close()


def _bytes(text):
    return text.encode() if isinstance(text, str) else text


class Letter:
    """One record as it stands in a topic; headers as a dictionary of texts."""

    def __init__(self, record):
        self.partition, self.offset, self.key, self.value = record.partition, record.offset, record.key, record.value
        self.names = [name for name, _ in record.headers]
        self.headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}

    def __repr__(self):
        return f"<letter {self.partition}/{self.offset} {self.headers.get('sluss-reason')}>"


@again
def read_topic(bootstrap, topic, keep=Letter):
    """What KEEP makes of each record that stands in the topic now."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, consumer_timeout_ms=1000,
                             api_version=(2, 6, 0))
    try:
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        if not places:
            return []
        ends = consumer.end_offsets(places)
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        letters, limit = [], time.monotonic() + PATIENCE
        while any(consumer.position(place) < ends[place] for place in places):
            assert time.monotonic() < limit, f"{topic} could not be read to its end"
            for records in consumer.poll(timeout_ms=500).values():
                letters.extend(map(keep, records))
                limit = time.monotonic() + PATIENCE
        return letters
    finally:
        consumer.close()


@again
def committed(bootstrap, group, topic):
    """{partition: committed offset or None} of a group."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False, api_version=(2, 6, 0))
    try:
        return {number: consumer.committed(TopicPartition(topic, number))
                for number in sorted(consumer.partitions_for_topic(topic) or ())}
    finally:
        consumer.close(autocommit=False)


def commit(bootstrap, group, topic, offsets):
    """As an operator does while nobody reads in that group. offsets: {partition: offset}"""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False, api_version=(2, 6, 0))
    try:
        consumer.assign([TopicPartition(topic, number) for number in offsets])
        consumer.commit({TopicPartition(topic, number): OffsetAndMetadata(offset, "") for number, offset in offsets.items()})
    finally:
        consumer.close(autocommit=False)


@again
def end_offsets(bootstrap, topic):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, api_version=(2, 6, 0))
    try:
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        return {place.partition: offset for place, offset in consumer.end_offsets(places).items()}
    finally:
        consumer.close()
