"""Several slussd in one group, and topics that come later."""

import json
import signal
import threading

import hostile
from account import Account
from hostile import Platform
from process import eventually
from records import produce


def events(begin, end, keys=50):
    return [(f"k{n % keys}", json.dumps({"n": n, "key": f"k{n % keys}"}, separators=(",", ":"))) for n in range(begin, end)]


def test_one_of_two_stops_and_the_other_takes_over(broker, houses, name, tmp_path):
    broker.create_topic(name, 6)
    broker.create_topic(f"{name}.dlq")
    with Platform() as left, Platform() as right:
        first = houses(broker.bootstrap, {"p": left.url}, {name: {}}).start()
        second = houses(broker.bootstrap, {"p": right.url}, {name: {}}).start()
        account = Account(broker.bootstrap, name, left, right)
        produced = []
        feeding = threading.Event()

        def feed():
            number = 0
            while not feeding.is_set():
                produced.extend(produce(broker.bootstrap, name, events(number, number + 200)))
                number += 200
        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            left.wait_for(500, 60)
            right.wait_for(500, 60)
            assert first.stop() == 0, first.log()[-3000:]
            seen = len(right.ledger)
            left_alone = len(left.ledger)
            right.wait_for(seen + 1500, 60)
        finally:
            feeding.set()
            feeder.join()
        eventually(lambda: account.delivered() >= set(produced), 60,
                   lambda: f"all {len(produced)} events; missing {sorted(set(produced) - account.delivered())[:10]}")
        assert len(left.ledger) == left_alone, "the stopped one sends nothing any more"
        assert second.stop() == 0
        assert account.all_committed()
        for platform in (left, right):
            account.check_order(Account(broker.bootstrap, name, platform).requests())
        twice = [event for event, count in account.deliveries().items() if count > 1]
        assert twice == [], f"{len(twice)} of {len(produced)} delivered twice: the offset map hands over what is settled"


def test_two_that_stop_together_commit_both(broker, houses, name):
    """One is done long before the other and leaves: the other's final commit comes while the group rebalances."""
    broker.create_topic(name, 6)
    broker.create_topic(f"{name}.dlq")
    with Platform() as left, Platform() as right:
        first, second = houses(broker.bootstrap, {"p": left.url}, {name: {}}), houses(broker.bootstrap, {"p": right.url}, {name: {}})
        account = Account(broker.bootstrap, name, left, right)
        for turn in range(4):
            seen = len(left.ledger), len(right.ledger)
            gate = threading.Event()
            slow = right.always("", hostile.when(gate, hostile.status(200)))
            for house in (first, second):
                house.start()
            eventually(lambda: len(admin_members(broker, f"sluss.{name}")) == 2, 20, "both as members")
            produce(broker.bootstrap, name, events(turn * 600, turn * 600 + 600))
            left.wait_for(seen[0] + 200, 60)
            eventually(lambda: right.open, 30, "requests under way at the slow one")
            for house in (first, second):
                house.daemon.signal(signal.SIGTERM)
            eventually(lambda: not first.daemon.running(), 45, "the end of the quick one")
            gate.set()
            slow.remove()
            for house in (first, second):
                assert house.daemon.wait(45) == 0, house.log()[-3000:]
                assert "commit not taken" not in house.log()
            offsets = account.check_commits()
            above = [event for event in account.delivered() if event[1] >= offsets[event[0]]]
            first_open = {partition: min((o for p, o in above if p == partition), default=None) for partition in offsets}
            assert all(first_open[p] is None or first_open[p] > offsets[p] for p in offsets), "the commit says all that is settled"
        second.start()
        eventually(account.all_committed, 60, "the rest")
        assert second.stop() == 0
        twice = [event for event, count in account.deliveries().items() if count > 1]
        assert twice == [], f"{len(twice)} delivered twice"


def admin_members(broker, group):
    admin = broker.admin()
    try:
        return admin.describe_consumer_groups([group])[0].members
    finally:
        admin.close()


def test_topic_created_later_is_found(broker, platform, houses, name):
    later = f"{name}.later"
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {"from": [name, later]}}).start()
    produce(broker.bootstrap, name, events(0, 1))
    platform.wait_for(1, 20)
    broker.create_topic(later, 2)
    produce(broker.bootstrap, later, events(0, 10))
    found = platform.wait_for(10, 30, lambda request: request.headers["sluss-event"].startswith(later + "/"))
    assert len(found) == 10
    assert house.stop() == 0


def test_begins_at_the_earliest_and_goes_on_where_it_stopped(broker, platform, houses, name):
    broker.create_topic(name, 3)
    broker.create_topic(f"{name}.dlq")
    produced = produce(broker.bootstrap, name, events(0, 90))
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
    account = Account(broker.bootstrap, name, platform)
    eventually(lambda: account.delivered() >= set(produced), 30, "the first 90")
    assert house.stop() == 0
    assert account.all_committed(), "exit 0 means committed"
    produced += produce(broker.bootstrap, name, events(90, 120))
    house.start()
    eventually(lambda: account.delivered() >= set(produced), 30, "the next 30")
    assert house.stop() == 0
    assert len(platform.ledger) == 120
