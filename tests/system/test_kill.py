"""slussd killed with -9 in the middle of its work, again and again, while the platform fails now and then: nothing is lost."""

import datetime
import json
import os
import random
import time

import pytest

import hostile
from account import Account
from process import eventually, kept_waiting
from records import produce

EVENTS, PARTITIONS, KEYS, KILLS, WINDOW = 20_000, 6, 500, 5, 1024
GOING_ON = 15  # seconds from a kill until the next process sends


@pytest.mark.slow
def test_five_kills(broker, platform, houses, name):
    seed = int(os.environ.get("SLUSS_SEED") or time.time_ns() % 1_000_000)
    print(f"SLUSS_SEED={seed}")
    dice = random.Random(seed)
    broker.create_topic(name, PARTITIONS)
    broker.create_topic(f"{name}.dlq")
    platform.always(lambda request: b'"refuse":true' in request.body, hostile.status(400))
    platform.sometimes(5, hostile.status(500), hostile.status(503), hostile.reset(), seed=seed)
    produced = produce(broker.bootstrap, name, [
        (f"k{n % KEYS}", json.dumps({"n": n, "key": f"k{n % KEYS}", "refuse": n % 199 == 0}, separators=(",", ":")), (),
         (n % KEYS) % PARTITIONS) for n in range(EVENTS)])
    house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "breaker": {"failures": 1000}}}, {
        name: {"retry": {"first": "100ms", "max": "1s"}, "deliver": {"platform": "p", "path": "/in", "refusals": 2}}})
    account = Account(broker.bootstrap, name, platform)

    step, kills = EVENTS // (KILLS + 2), []  # the last leg stays long enough that every process has something to send
    marks = [dice.randint(step * n, step * (n + 1)) for n in range(1, KILLS + 1)]
    house.start()
    for number, mark in enumerate(marks, 1):
        eventually(lambda: len(account.delivered()) >= mark or not house.daemon.running(), 120,
                   lambda: f"{mark} delivered events, {len(account.delivered())} so far", every=0.005)
        assert house.daemon.running(), house.log()[-3000:]
        waited = kept_waiting(os.getpid(), broker.process.pid)
        kill = Kill(house, platform, account)
        kills.append(kill)
        house.start(ready=False)
        eventually(lambda: len(platform.ledger) > kill.ended_at or not house.daemon.running(), 60, "the first request after the kill")
        took = platform.ledger[kill.ended_at].at - kill.at
        waited = kept_waiting(os.getpid(), broker.process.pid, house.daemon.pid) - waited
        print(f"kill {number}: at {mark} delivered, committed {sum(kill.offsets.values())}, begun above it {len(kill.exposed)}, "
              f"going on after {took:.1f} s; {waited:.1f} s waited for a processor")
        assert took <= GOING_ON + min(waited, GOING_ON), f"went on {took:.1f} s after the kill"

    refused = {place for n, place in enumerate(produced) if n % 199 == 0}
    eventually(lambda: len(account.delivered()) >= EVENTS - len(refused), 180,
               lambda: f"all events; missing {sorted(set(produced) - refused - account.delivered())[:10]}", every=0.1)
    eventually(account.all_committed, 60, lambda: f"the last commit: {account.committed()}", every=0.5)
    assert house.stop() == 0
    dead, duplicates = account.dead(), 0
    ends = [0, *(kill.ended_at for kill in kills), len(platform.ledger)]
    for begin, end in zip(ends, ends[1:]):
        account.check_order(account.requests()[begin:end])
    for number, (kill, end) in enumerate(zip(kills, ends[2:]), 1):
        duplicates += kill.check(number, account.requests()[kill.ended_at:end])
    assert account.delivered() | set(dead) == set(produced)
    assert set(dead) == refused
    assert not account.delivered() & refused
    print(f"{EVENTS} produced = {len(account.delivered())} delivered + {len(dead)} dead-lettered; "
          f"{sum(account.deliveries().values()) - len(account.delivered())} delivered twice, {duplicates} by the process after a kill")


class Kill:
    """One kill -9 and what stood open then. Not the next process."""

    def __init__(self, house, platform, account):
        house.kill()
        self.at = time.monotonic()
        eventually(platform.deserted, 10, "the end of the dead process's connections")
        requests = account.requests()
        self.ended_at = len(requests)
        self.offsets = account.check_commits()
        self.exposed = {event for _, event in requests if event[1] >= self.offsets[event[0]]}
        self.before = {event for request, event in requests if request.answer == 200}
        for partition in range(PARTITIONS):
            assert sum(1 for event in self.exposed if event[0] == partition) <= WINDOW

    def check(self, number, requests):
        """Against the requests of the next process; returns the count of duplicates."""
        sent = {event for _, event in requests}
        below = [event for event in sent if event[1] < self.offsets[event[0]]]
        assert not below, f"sent again although committed: {below[:5]}"
        again = sent & self.before
        assert again <= self.exposed, f"duplicates that were not begun above the commit: {sorted(again - self.exposed)[:5]}"
        print(f"kill {number}: of {len(self.exposed)} begun {len(self.exposed - sent)} not sent again by the next process, {len(again)} duplicates")
        return len(again)


def test_attempts_and_patience_go_on_behind_a_kill(broker, platform, houses, name):
    """What an event was tried, and for how long, stands beside the commit: the next process gives up when one alone would have."""
    patience = 10
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    platform.always("", hostile.status(500))
    produce(broker.bootstrap, name, [("k", json.dumps({"n": 0, "key": "k"}))])
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {"retry": {"first": "200ms", "max": "500ms", "for": f"{patience}s"}}}).start()
    account = Account(broker.bootstrap, name, platform)
    eventually(lambda: account.committed() == {0: 0}, 20, "the first map")
    begun = platform.ledger[0].at
    eventually(lambda: platform.ledger[-1].at - begun > patience / 2, 20, "half of its patience")
    assert account.dead() == {}
    house.kill()
    before = len(platform.ledger)
    house.start()
    eventually(lambda: account.dead() != {}, 30, "its end")
    ((letter,),) = account.dead().values()
    assert letter.headers["sluss-reason"] == "gave-up"
    attempts, total = int(letter.headers["sluss-attempts"]), len(platform.ledger)
    assert total - before < attempts <= total, f"{attempts} attempts are said; {before} requests came before the kill, {total - before} after it"
    assert attempts >= total - 4, "but for the last second of the killed one"
    failed = datetime.datetime.fromisoformat(letter.headers["sluss-first-failed"].replace("Z", "+00:00")).timestamp()
    again = time.time() - time.monotonic() + platform.ledger[before].at
    assert failed < again - patience / 4, "the map has no calendar, but says for how long it had been tried"
    assert house.stop() == 0
