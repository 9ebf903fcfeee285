"""Batches on a real Kafka: what a platform that refuses batches with a bad record gets to see, and what becomes of every event."""

import json
import os
import time

import hostile
from account import Account
from house import conserved, metric
from process import eventually
from records import produce

EVENTS, PARTITIONS, KEYS, TOGETHER = 3_000, 3, 60, 50


class Batches:
    """The ledger of a platform, read as batches: events are told by their members "n" and "key"."""

    def __init__(self, platform, lines=False):
        self.platform, self.lines = platform, lines

    def members(self, request):
        text = request.body.decode()
        return [json.loads(line) for line in text.splitlines()] if self.lines else json.loads(text)

    def requests(self, begin=0, end=None):
        return [(request, self.members(request)) for request in self.platform.ledger[begin:end]]

    def taken(self, begin=0, end=None):
        """What was answered with success, in the order of the answers' requests."""
        return [(request, members) for request, members in self.requests(begin, end) if request.answer == 200]

    def delivered(self):
        return {member["n"] for _, members in self.taken() for member in members}

    def check_ids(self):
        """The same id means the same body, another body another id."""
        bodies, ids = {}, {}
        for request, members in self.requests():
            name = request.headers["idempotency-key"]
            assert len(name) == 64 and request.headers["sluss-events"] == str(len(members))
            assert bodies.setdefault(name, request.body) == request.body, "one id, two bodies"
            assert ids.setdefault(request.body, name) == name, "one body, two ids"

    def check_order(self, begin=0, end=None):
        """Of each key, what the platform took came in order, inside a batch and from batch to batch."""
        last = {}
        for _, members in self.taken(begin, end):
            for member in members:
                assert member["n"] > last.get(member["key"], -1), f"{member} after {last[member['key']]}"
                last[member["key"]] = member["n"]


def lay(broker, name, bad=97):
    """EVENTS events, of which every 97th is bad; returns the numbers of those."""
    broker.create_topic(name, PARTITIONS)
    broker.create_topic(f"{name}.dlq")
    produce(broker.bootstrap, name, [
        (f"k{n % KEYS}", json.dumps({"n": n, "key": f"k{n % KEYS}", "bad": n % bad == 7}), (), n % KEYS % PARTITIONS)
        for n in range(EVENTS)])
    return {n for n in range(EVENTS) if n % bad == 7}


def route(**batch):
    return {"retry": {"first": "50ms", "max": "500ms"},
            "deliver": {"platform": "p", "path": "/in", "refusals": 2, "batch": {"events": TOGETHER, **batch}}}


def check_letters(account, bad, most=1, attempts=("2",)):
    letters = account.dead()
    assert sorted(json.loads(one[0].value)["n"] for one in letters.values()) == sorted(bad)
    for one in letters.values():
        assert 1 <= len(one) <= most
        headers = one[0].headers
        assert headers["sluss-reason"] == "refused" and headers["sluss-attempts"] in attempts, headers
        assert json.loads(headers["sluss-detail"])["status"] == 422


def test_bad_records_are_found(broker, platform, houses, name):
    seed = int(os.environ.get("SLUSS_SEED") or time.time_ns() % 1_000_000)
    print(f"SLUSS_SEED={seed}")
    bad = lay(broker, name)
    platform.always(lambda request: b'"bad": true' in request.body, hostile.status(422))
    platform.sometimes(5, hostile.status(503), seed=seed)
    house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "breaker": {"failures": 1000}}}, {name: route()}).start()
    batches, account = Batches(platform), Account(broker.bootstrap, name, platform)
    eventually(lambda: conserved(house.metrics(), name)["dead-lettered"] == len(bad)
               and conserved(house.metrics(), name)["unsettled"] == 0, 90,
               lambda: f"all events: {conserved(house.metrics(), name)}", every=0.1)
    parts = conserved(house.metrics(), name)
    assert (parts["delivered"], parts["dead-lettered"]) == (EVENTS - len(bad), len(bad))
    assert metric(house.metrics(), "sluss_delivery_attempts_total", route=name, result="ok") == len(batches.taken())
    eventually(account.all_committed, 30, lambda: f"the last commit: {account.committed()}", every=0.2)
    assert house.stop() == 0
    check_letters(account, bad)
    taken = [member["n"] for _, members in batches.taken() for member in members]
    assert len(taken) == len(set(taken)) and set(taken) == set(range(EVENTS)) - bad
    batches.check_ids()
    batches.check_order()
    requests = batches.requests()
    assert max(len(members) for _, members in requests) == TOGETHER
    assert len(requests) < EVENTS / 2, f"{len(requests)} requests for {EVENTS} events"
    alone = {member["n"] for request, members in requests if request.answer == 422 and len(members) == 1 for member in members}
    assert alone == bad, "only what is bad is refused by itself"


def test_a_kill_amid_batches_loses_nothing(broker, platform, houses, name):
    bad = lay(broker, name, bad=997)
    platform.always(lambda request: b'"bad": true' in request.body, hostile.status(422))
    platform.sometimes(10, hostile.status(503), hostile.reset(), seed=5)
    platform.otherwise = hostile.wait(0.02, hostile.status(200))
    house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "breaker": {"failures": 1000}}},
                   {name: route(format="ndjson")}).start()
    batches, account = Batches(platform, lines=True), Account(broker.bootstrap, name, platform)
    eventually(lambda: len(batches.taken()) >= 20, 40, "the first batches", every=0.01)
    house.kill()
    eventually(platform.deserted, 10, "the end of the dead process's connections")
    first = len(platform.ledger)
    committed = account.committed()
    known = {n for n in batches.delivered()}
    house.start()
    eventually(account.all_committed, 90, lambda: f"the last commit: {account.committed()} after {committed}", every=0.2)
    assert house.stop() == 0
    assert batches.delivered() == set(range(EVENTS)) - bad
    check_letters(account, bad, 2, ("2", "3"))  # killed around the letter: it is written again, or the event is sent once more for it
    batches.check_ids()
    batches.check_order(first)
    again = known & {member["n"] for _, members in batches.taken(first) for member in members}
    print(f"committed {sum(committed.values())}, known as delivered {len(known)}, delivered again {len(again)}")
    assert len(again) <= 64 * TOGETHER * PARTITIONS


def test_a_stop_does_not_wait_for_more(broker, platform, houses, name):
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: route(wait="10m")}).start()
    produce(broker.bootstrap, name, [("k", json.dumps({"n": 0, "key": "k"}))])
    eventually(lambda: conserved(house.metrics(), name)["unsettled"] == 1, 20, "the event")
    assert house.stop(20) == 0
    assert not platform.ledger, "an open batch is handed back, not sent"
