"""Several slussd in one group, and topics that come later."""

import contextlib
import json
import re
import signal
import statistics
import threading
import time

from kafka import KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.structs import OffsetAndMetadata

import broker as real
import hostile
from account import Account
from hostile import Platform
from house import LASTING
from process import eventually, starved
from records import produce

OUTAGE = 14  # seconds, in which the waits of librdkafka's own grow to ten
FOUND = 3  # seconds


def events(begin, end, keys=50):
    return [(f"k{n % keys}", json.dumps({"n": n, "key": f"k{n % keys}"}, separators=(",", ":"))) for n in range(begin, end)]


def test_one_of_two_stops_and_the_other_takes_over(broker, houses, name, tmp_path):
    broker.create_topic(name, 6)
    broker.create_topic(f"{name}.dlq")
    with Platform() as left, Platform() as right:
        first = houses(broker.bootstrap, {"p": left.url}, {name: {}}, LASTING).start()
        second = houses(broker.bootstrap, {"p": right.url}, {name: {}}, LASTING).start()
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
        first, second = (houses(broker.bootstrap, {"p": platform.url}, {name: {}}, LASTING) for platform in (left, right))
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
                assert "commit refused" not in house.log()
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


def state(house, route):
    """Its state and why, and the exit status of slussctl status."""
    try:
        found = [one for one in json.loads(house.ask("/status")[1])["routes"] if one["name"] == route]
    except (OSError, ValueError):
        return "", "", 69
    return found[0]["state"], found[0]["why"] or "", house.ctl("status").returncode


def test_who_gets_no_partition_stands_by(broker, platform, houses, name):
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    first, second = (houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start() for _ in range(2))
    eventually(lambda: sorted((state(first, name)[0], state(second, name)[0])) == ["running", "standby"], 30,
               lambda: f"one that runs and one that stands by; they say {state(first, name)} and {state(second, name)}")
    one = first if state(first, name)[0] == "standby" else second
    eventually(lambda: state(one, name) == ("standby", "other members of its group have all partitions", 0), 20, lambda: f"its words; it says {state(one, name)}")
    one.wait_ready()
    assert first.stop() == second.stop() == 0


def test_a_group_that_lets_nobody_in_is_told(broker, platform, houses, name):
    """A member that shows that it lives and does not take part in the rebalance: Kafka waits for it, and everybody for Kafka."""
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    kafka = {"session-timeout-ms": 2000, "heartbeat-interval-ms": 500}
    first, second = (houses(broker.bootstrap, {"p": platform.url}, {name: {}}, kafka) for _ in range(2))
    first.start()
    frozen = KafkaConsumer(name, bootstrap_servers=broker.bootstrap, group_id=f"sluss.{name}", api_version=(2, 6, 0), enable_auto_commit=False,
                           partition_assignment_strategy=[RoundRobinPartitionAssignor], session_timeout_ms=30000, max_poll_interval_ms=300000)
    try:
        eventually(lambda: frozen.poll(100) is not None and frozen.assignment() and state(first, name)[0] == "running", 30, "a partition of each")
        second.start(ready=False)
        for house in (first, second):
            said = [None]

            def told():
                said[0] = state(house, name)
                return "no partitions of its group for" in said[0][1]
            eventually(told, 30, lambda: f"its words; it says {said[0]}")
            word, why, status = said[0]
            assert (word, status) == ("joining", 1) and f"--group sluss.{name}" in why
            assert house.ask("/ready")[0] == 503
        assert "has had no partitions of its group for" in first.ask("/ready")[1]
        told = "waits for another member: nothing is read"  # by the worker, which looks at its groups once a second
        eventually(lambda: told in first.log(), 30, "its line of the log")
        assert first.log().count(told) == 1
        eventually(lambda: frozen.poll(100) is not None and all(state(house, name)[0] in ("running", "standby") for house in (first, second)), 60,
                   lambda: f"the group to go on; they say {state(first, name)} and {state(second, name)}")
        eventually(lambda: "its group has let it in again" in first.log(), 20, "its line of the log")
    finally:
        frozen.close(autocommit=False)
    assert first.stop() == second.stop() == 0


def test_an_idle_route_of_a_short_session_has_not_stood_still(broker, platform, houses, name):
    """The core takes silence for half a session for a stall of the process, and starts nothing for a while."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}, {"session-timeout-ms": 1000, "heartbeat-interval-ms": 200}).start()

    def turns():
        return [int(at) for at in re.findall(r"\[(\d+)\] timer", house.log())]

    eventually(lambda: len(turns()) > 8, 30, "some idle turns")
    seen = turns()
    pauses = [after - before for before, after in zip(seen, seen[1:])]  # a busy machine makes some longer, and nothing makes them shorter
    assert statistics.quantiles(pauses)[0] < 500, pauses
    assert house.stop() == 0


def test_an_idle_route_stays_in_its_group(broker, platform, houses, name):
    """Kafka's client leaves the group when nobody asks it for events for max.poll.interval.ms, also where there are none."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}, {"max-poll-interval-ms": 10000}).start()

    def idle_ms():
        turns = [int(at) for at in re.findall(r"\[(\d+)\] timer", house.log())]
        return turns[-1] - turns[0] if turns else 0
    eventually(lambda: idle_ms() > 11500, 60, lambda: f"longer turns than max.poll.interval.ms; so far {idle_ms()} ms")
    assert "maximum poll interval" not in house.log()
    assert state(house, name)[0] == "running"
    assert house.stop() == 0


def test_a_group_that_is_lost_while_the_process_stood_still_is_not_read_anew(broker, platform, houses, name):
    """Nothing is committed, says Kafka, where the process knows better: an operator decides, and finds the offset in the status."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}, {"session-timeout-ms": 6000, "heartbeat-interval-ms": 1000}).start()
    account, group = Account(broker.bootstrap, name, platform), f"sluss.{name}"
    produce(broker.bootstrap, name, events(0, 3))
    eventually(lambda: account.committed() == {0: 3}, 40, lambda: f"a commit; it is {account.committed()}")
    house.daemon.signal(signal.SIGSTOP)
    try:
        eventually(lambda: broker.forget_group(group), 60, "the end of the session, and then of the group")
    finally:
        house.daemon.signal(signal.SIGCONT)
    produce(broker.bootstrap, name, events(3, 5))

    def route():
        return json.loads(house.ask("/status")[1])["routes"][0]

    eventually(lambda: route()["state"] == "stopped", 60, lambda: f"a route that stands still; {route()}, {house.log()[-2000:]}")
    assert route()["why"].endswith("the group has lost its committed offset; it was committed at 3")
    assert "the group says that nothing is committed" in house.log()

    def reload(generation):
        done = house.ctl("reload", "--wait")
        assert done.returncode == 0 and f"generation {generation} runs" in done.stdout, done

    house.routes[name] = {"retry": {"first": "2s"}}  # another generation, whose workers are new
    house.write()
    reload(2)
    eventually(lambda: route()["state"] == "stopped", 60, lambda: f"it stands still after a reload, too; {route()}, {house.log()[-2000:]}")
    assert route()["why"].endswith("the group has lost its committed offset; it was committed at 3")
    house.routes[name] = {"mode": "off"}
    house.write()
    reload(3)
    house.routes[name] = {}
    house.write()
    reload(4)
    eventually(lambda: route()["state"] == "stopped", 60, lambda: f"nor does it forget while it is off; {route()}, {house.log()[-2000:]}")
    command = f"--group {group} --topic {name}:0 --reset-offsets --to-offset 3 --execute"
    assert house.log().count(command) == 3, house.log()[-3000:]
    house.routes[name] = {"mode": "off"}
    house.write()
    reload(5)
    assert len(platform.ledger) == 3
    with contextlib.closing(KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=group, enable_auto_commit=False)) as operator:
        place = TopicPartition(name, 0)
        operator.assign([place])
        operator.commit({place: OffsetAndMetadata(3, "")})
    house.routes[name] = {}
    house.write()
    reload(6)
    eventually(lambda: account.committed() == {0: 5}, 40, lambda: f"the rest; {house.log()[-2000:]}")
    assert len(platform.ledger) == 5
    assert house.stop() == 0


def test_a_broker_that_comes_back_is_found_soon(platform, houses, name, tmp_path):
    """Each client tries again by itself, ever more seldom: the last of them counts."""
    routes = [f"{name}-{number}" for number in range(8)]
    with real.Broker(tmp_path / "kafka") as broker:
        broker.create_topics([*routes, *(f"{route}.dlq" for route in routes)])
        house = houses(broker.bootstrap, {"p": platform.url}, {route: {} for route in routes},
                       {"session-timeout-ms": 300000}).start()  # so that all stay members, however long a busy machine takes to start it
        for seen in (0, len(routes)):
            if seen:
                broker.stop()
                time.sleep(OUTAGE)
                broker.start()
            waited, there = starved(), {}
            for route in routes:
                produce(broker.bootstrap, route, events(0, 1))
                there[route] = time.monotonic()
            platform.wait_for(seen + len(routes), 60)
            took = max(request.at - there[Account.event(request)[0]] for request in platform.ledger[seen:])
            waited = starved() - waited
            print(f"the last of {len(routes)} routes sent after {took:.1f} s, {waited:.1f} s of them without a processor for all")
        assert took <= FOUND + min(waited, FOUND), f"found the broker {took:.1f} s after it came back"
        assert house.stop() == 0


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
