"""The producer of goods: good ones, ones that cannot be read and ones that are refused, without end. It does not know what becomes of them."""

import json
import random
import threading
import time

from kafka import KafkaProducer

PLAIN, KEYS = 300, 300
POISON = 0.01  # the share that cannot be read or is refused


class Feeder:
    """Goods without end, at a rate; keys keep to their partition only as long as partitions are not added: order is per partition.
    The first PLAIN a second are of all topics alike; what is more is of those that are sent in batches."""

    def __init__(self, bootstrap, topics, rate, seed, once, places, keys):
        """once: topics in which no event may stand twice, as a repeated send may bring about; places: where they stand, by n.
        keys: how many, by topic."""
        self.keys = keys
        self.topics, self.rate, self.dice, self.once, self.places = topics, rate, random.Random(seed), once, places
        self.producer, self.single = self._producer(bootstrap, 1000), self._producer(bootstrap, 0)
        self.last, self.bulk = {}, sorted(once) if rate > PLAIN else []  # last: {(topic, partition): the highest offset acknowledged}
        self.sent, self.failed, self.acknowledged, self.poison, self.ending = 0, 0, set(), POISON, threading.Event()
        self.thread = threading.Thread(target=self._feed, daemon=True)
        self.thread.start()

    @staticmethod
    def _producer(bootstrap, retries):
        return KafkaProducer(bootstrap_servers=bootstrap.split(","), acks="all", linger_ms=5, retries=retries, retry_backoff_ms=100,
                             max_in_flight_requests_per_connection=1, api_version=(2, 6, 0), metadata_max_age_ms=5000,
                             request_timeout_ms=20000, max_block_ms=60000 if retries else 1000)

    def _feed(self):
        began, sent = time.monotonic(), 0
        while not self.ending.wait(0.05):
            due = int((time.monotonic() - began) * self.rate)
            if due - sent > self.rate:  # it was held up: no flood afterwards
                began, sent, due = time.monotonic(), 0, 1
            while sent < due:
                sent += 1
                self._send()

    def _send(self):
        number, self.sent = self.sent, self.sent + 1
        topics = self.bulk if self.bulk and self.dice.random() * self.rate > PLAIN else self.topics
        topic = self.dice.choice(topics)
        key = f"k{self.dice.randrange(self.keys.get(topic, KEYS))}"
        kind = "good"
        if self.dice.random() < self.poison:
            kind = self.dice.choice(("bad", "refuse"))
        text = f"{{bad {number}" if kind == "bad" else json.dumps({"n": number, "key": key, "kind": kind})
        producer = self.single if topic in self.once else self.producer
        try:
            producer.send(topic, text.encode(), key.encode()).add_callback(self._done, number).add_errback(self._fail)
        except Exception:  # noqa: BLE001 no metadata for a while: the truth is what stands in the topic
            self._fail(None)

    @staticmethod
    def kind(value):
        return "bad" if value.startswith(b"{bad") else "refuse" if b'"refuse"' in value else "good"

    def _done(self, number, done):
        event = done.topic, done.partition, done.offset
        self.acknowledged.add(event)
        self.last[event[:2]] = max(done.offset, self.last.get(event[:2], 0))
        if done.topic in self.once:
            self.places[number] = event

    @staticmethod
    def number(value):
        """Of a good or refused one."""
        return json.loads(value)["n"]

    def _fail(self, _):
        self.failed += 1

    def close(self):
        if self.ending.is_set():
            return
        self.ending.set()
        self.thread.join(70)
        for producer in (self.producer, self.single):
            producer.flush(60)
            producer.close(10)
