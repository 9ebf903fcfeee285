"""slussd killed with -9 in the middle of its work, again and again, while the platform fails now and then: nothing is lost."""

import json
import os
import random
import time

import pytest

import hostile
from account import Account
from process import eventually
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

    began_at, total_duplicates = 0, 0
    marks = [dice.randint(EVENTS * n // (KILLS + 1), EVENTS * (n + 1) // (KILLS + 1)) for n in range(1, KILLS + 1)]
    house.start()
    for kill, mark in enumerate(marks, 1):
        eventually(lambda: len(account.delivered()) >= mark or not house.daemon.running(), 120,
                   lambda: f"{mark} delivered events, {len(account.delivered())} so far", every=0.005)
        assert house.daemon.running(), house.log()[-3000:]
        house.kill()
        killed = time.monotonic()
        eventually(lambda: not platform.open, 10, "the end of the dead process's connections")
        requests = account.requests()
        ended_at = len(requests)
        account.check_order(requests[began_at:])
        offsets = account.check_commits()
        exposed = {event for _, event in requests if event[1] >= offsets[event[0]]}
        house.start(ready=False)
        eventually(lambda: len(platform.ledger) > ended_at or not house.daemon.running(), 60, "the first request after the kill")
        took = platform.ledger[ended_at].at - killed
        before = {event for request, event in requests if request.answer == 200}
        # Duplicates can only follow as far as what was begun; so look once everything begun before has been passed.
        eventually(lambda: began_again(account, ended_at, exposed) or not house.daemon.running(), 60, "exposed events to be sent again", every=0.1)
        again = {event for _, event in account.requests()[ended_at:]} & before
        below = [event for _, event in account.requests()[ended_at:] if event[1] < offsets[event[0]]]
        print(f"kill {kill}: at {mark} delivered, committed {sum(offsets.values())}, begun above it {len(exposed)}, "
              f"duplicates {len(again)}, going on after {took:.1f} s")
        assert not below, f"sent again although committed: {below[:5]}"
        assert again <= exposed, f"duplicates that were not begun above the commit: {sorted(again - exposed)[:5]}"
        for partition in range(PARTITIONS):
            assert sum(1 for event in exposed if event[0] == partition) <= WINDOW
        assert took <= GOING_ON, f"went on {took:.1f} s after the kill"
        total_duplicates += len(again)
        began_at = ended_at

    refused = {place for n, place in enumerate(produced) if n % 199 == 0}
    eventually(lambda: len(account.delivered()) >= EVENTS - len(refused), 180,
               lambda: f"all events; missing {sorted(set(produced) - refused - account.delivered())[:10]}", every=0.1)
    eventually(account.all_committed, 60, lambda: f"the last commit: {account.committed()}", every=0.5)
    assert house.stop() == 0
    account.check_order(account.requests()[began_at:])
    dead = account.dead()
    assert account.delivered() | set(dead) == set(produced)
    assert set(dead) == refused
    assert not account.delivered() & refused
    print(f"{EVENTS} produced = {len(account.delivered())} delivered + {len(dead)} dead-lettered; "
          f"{sum(account.deliveries().values()) - len(account.delivered())} delivered twice, {total_duplicates} after kills")


def began_again(account, ended_at, exposed):
    """Whether the new process has begun every event that the old one had begun and not committed."""
    return exposed <= {event for _, event in account.requests()[ended_at:]}
