"""Where a partition begins, and topics that come later, are missing or forbidden."""

import json
import threading
import time

import pytest

import hostile
from account import Account
from process import eventually, starved
from records import commit, produce


BASE = 1_700_000_000  # a time that has been


def body(n):
    return json.dumps({"n": n, "key": f"k{n}"}, separators=(",", ":"))


def put(broker, topic, numbers):
    return produce(broker.bootstrap, topic, [(f"k{n}", body(n), (), 0) for n in numbers])


def seen(platform):
    return [json.loads(request.body)["n"] for request in platform.ledger]


def test_start_at_a_time(broker, platform, houses, name):
    """The same place on every machine; a partition that is empty or was added begins with what comes."""
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    hour = 3600
    produce(broker.bootstrap, name, [(f"k{n}", body(n), (), 0, (BASE + n * hour) * 1000) for n in range(10)])
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BASE + 5 * hour))
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {"start": start}}).start()
    eventually(lambda: len(seen(platform)) >= 5, 30, lambda: f"five events; seen are {seen(platform)}")
    broker.add_partitions(name, 3)
    produce(broker.bootstrap, name, [("k", body(11), (), 1), ("k", body(12), (), 2)])
    eventually(lambda: {11, 12} <= set(seen(platform)), 40, lambda: f"the new partition's event; seen are {seen(platform)}")
    assert sorted(seen(platform)) == [5, 6, 7, 8, 9, 11, 12]
    assert house.stop() == 0


def test_start_stop_waits_for_an_operator(broker, platform, houses, name):
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    put(broker, name, range(3))
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {"start": "stop"}}).start()
    eventually(lambda: "the partition stands still" in house.log(), 20, "a line that says so")
    assert seen(platform) == []
    assert house.stop() == 0
    assert Account(broker.bootstrap, name, platform).committed() == {0: 0}


def test_out_of_range_stops_the_partition_until_an_operator_acts(broker, platform, houses, name):
    """Never silently the earliest or the latest: neither is delivered, nothing is committed, and the other partition goes on."""
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    put(broker, name, range(3))
    produce(broker.bootstrap, name, [("k", body(9), (), 1)])
    commit(broker.bootstrap, f"sluss.{name}", name, {0: 1000, 1: 0})
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
    eventually(lambda: "the partition stands still" in house.log(), 30, "a line that says so")
    put(broker, name, [3])
    platform.wait_for(1, 20)
    (route,) = json.loads(house.ask("/status")[1])["routes"]
    assert (route["state"], route["well"]) == ("stopped", False)
    assert route["why"].startswith("partition 0: the committed offset is out of range"), route["why"]
    account = Account(broker.bootstrap, name, platform)
    eventually(lambda: account.committed()[1] == 1, 20, "the other partition's commit")
    assert house.stop() == 0
    assert seen(platform) == [9] and account.committed() == {0: 1000, 1: 1}
    commit(broker.bootstrap, f"sluss.{name}", name, {0: 2})
    house.start()
    platform.wait_for(3, 30)
    assert seen(platform)[0] == 9 and sorted(seen(platform)[1:]) == [2, 3]  # of two keys: in any order
    assert house.stop() == 0


def test_a_topic_that_comes_later_is_found(broker, platform, houses, name):
    """Within 30 s, with every record in it; until then the log and /ready say what is waited for."""
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start(ready=False)
    eventually(lambda: "Subscribed topic not available" in house.log(), 30, lambda: f"a line about the topic; {house.log()[-2000:]}")
    assert house.ask("/ready")[0] == 503 and name in house.ask("/ready")[1]
    broker.create_topic(name, 2)
    began, waited = time.monotonic(), starved()
    put(broker, name, range(3))
    platform.wait_for(3, 60)
    took, waited = time.monotonic() - began, starved() - waited
    assert took < 30 + min(waited, 30), f"found after {took:.1f} s"
    assert sorted(seen(platform)) == [0, 1, 2]
    assert house.stop() == 0


def test_a_topic_that_we_may_not_read_is_told_and_read_once_we_may(secure_broker, authority, platform, houses, name):
    secure_broker.create_topic(name)
    secure_broker.create_topic(f"{name}.dlq")
    secure_broker.allow("alice", "TOPIC", f"{name}.dlq", "WRITE", "DESCRIBE")
    secure_broker.allow("alice", "GROUP", f"sluss.{name}", "READ", "DESCRIBE")
    house = houses(secure_broker.secure_bootstrap, {"p": platform.url}, {name: {}}, {
        "security-protocol": "SASL_SSL", "sasl-mechanism": "PLAIN", "sasl-username": "alice",
        "sasl-password": "secret:kafka-password", "ssl-ca-location": str(authority.certificate)})
    house.put("secrets.d/kafka-password", "hemligt-ord\n")
    put(secure_broker, name, range(3))
    house.start(ready=False)
    eventually(lambda: "uthorization" in house.log(), 30, lambda: f"a word about authorization; {house.log()[-2000:]}")
    assert house.ask("/ready")[0] == 503
    secure_broker.allow("alice", "TOPIC", name, "READ", "DESCRIBE")
    platform.wait_for(3, 60)
    assert house.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize("partitions", [1, 3])
def test_a_route_whose_topic_is_gone_ends_when_told(broker, platform, houses, name, partitions):
    """What librdkafka had to say of the partitions holds them, and so the client's threads, until somebody has taken it."""
    broker.create_topic(name, partitions)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
    put(broker, name, range(3))
    eventually(Account(broker.bootstrap, name, platform).all_committed, 30, "the first three")
    broker.delete_topic(name)
    eventually(lambda: '"  hand back ' in house.log(), 90, "the end of the topic to be heard of")
    assert house.stop(30) == 0
    assert "does not end" not in house.log()


def test_letters_wait_until_we_may_write_them(secure_broker, authority, platform, houses, name):
    """The topic is there, and takes nothing: an event waits for its letter, no other does, and /ready says why."""
    secure_broker.create_topic(name)
    secure_broker.create_topic(f"{name}.dlq")
    secure_broker.allow("alice", "TOPIC", name, "READ", "DESCRIBE")
    secure_broker.allow("alice", "TOPIC", f"{name}.dlq", "DESCRIBE")
    secure_broker.allow("alice", "GROUP", f"sluss.{name}", "READ", "DESCRIBE")
    house = houses(secure_broker.secure_bootstrap, {"p": platform.url}, {name: {"retry": {"first": "1s", "max": "1s"}}}, {
        "security-protocol": "SASL_SSL", "sasl-mechanism": "PLAIN", "sasl-username": "alice",
        "sasl-password": "secret:kafka-password", "ssl-ca-location": str(authority.certificate)})
    house.put("secrets.d/kafka-password", "hemligt-ord\n")
    house.start()
    eventually(lambda: house.ask("/ready")[0] == 200, 20, "/ready: whether the topic is there may be asked")
    produced = produce(secure_broker.bootstrap, name, [("bad", "not json"), ("good", body(1))])
    account = Account(secure_broker.bootstrap, name, platform)
    eventually(lambda: produced[1] in account.delivered(), 30, "another key to go on")
    eventually(lambda: house.ask("/ready")[0] == 503, 40, lambda: f"/ready to say no; {house.log()[-2000:]}")
    assert f"{name}.dlq takes no letters" in house.ask("/ready")[1]
    assert account.committed() == {0: 0}
    secure_broker.allow("alice", "TOPIC", f"{name}.dlq", "WRITE")
    eventually(account.all_committed, 60, "the commit after the letter", every=0.5)
    assert [letters[0].value for letters in account.dead().values()] == [b"not json"]
    eventually(lambda: house.ask("/ready")[0] == 200, 20, "/ready to say yes")
    assert house.stop() == 0


@pytest.mark.slow
def test_a_topic_deleted_and_made_anew_is_read_from_its_beginning(broker, platform, houses, name):
    """What is settled of the old one after it is gone is not committed: it would hide events of the new one."""
    gate = threading.Event()
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
    produce(broker.bootstrap, name, [(f"k{n}", "{}") for n in range(10)])
    account = Account(broker.bootstrap, name, platform)
    eventually(account.all_committed, 30, "the first ten")
    platform.always("", hostile.when(gate, hostile.status(200)))
    produce(broker.bootstrap, name, [(f"k{n}", "{}") for n in range(10, 20)])
    platform.wait_for(20, 20)
    admin = broker.admin()
    try:
        admin.delete_topics([name])
    finally:
        admin.close()
    eventually(lambda: "the partition cannot be read on" in house.log() or '"  hand back ' in house.log(), 90, "the end of the topic to be heard of")
    gate.set()
    broker.create_topic(name)
    produced = produce(broker.bootstrap, name, [(f"k{n}", json.dumps({"new": n})) for n in range(30)])
    assert house.stop() == 0
    house.start()
    found = platform.wait_for(len(produced), 30, lambda request: b"new" in request.body)
    assert {Account.event(request)[2] for request in found} == set(range(len(produced)))
    eventually(account.all_committed, 30, "all of the new topic")


@pytest.mark.slow
@pytest.mark.parametrize("reloads", [False, True], ids=["running", "reloading"])
@pytest.mark.parametrize("swift", [False, True], ids=["later", "at once"])
def test_a_topic_made_anew_goes_on_by_itself(broker, platform, houses, name, reloads, swift):
    """Nothing of the old one is committed in it, what was committed of that is not missed, and the log tells of it."""
    gate = threading.Event()
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
    account = Account(broker.bootstrap, name, platform)
    produce(broker.bootstrap, name, [(f"k{n}", "{}") for n in range(20)])
    eventually(account.all_committed, 30, "the first twenty")
    platform.always("", hostile.when(gate, hostile.status(200)))
    produce(broker.bootstrap, name, [(f"k{n}", "{}") for n in range(20, 30)])
    platform.wait_for(30, 20)
    if reloads:
        house.routes[name] = {"retry": {"first": "2s"}}
        house.write()
        assert house.ctl("reload").returncode == 0
    broker.delete_topic(name)
    if swift:
        eventually(lambda: "its topic is gone" in house.log(), 60, lambda: f"the end of the topic to be heard of; {house.log()[-2000:]}")
        broker.create_topic(name, 2)
        produced = produce(broker.bootstrap, name, [(f"k{n}", json.dumps({"new": n})) for n in range(60)])
        gate.set()
    else:
        gate.set()
        if reloads:
            eventually(lambda: "generation 2 begins" in house.log(), 60, "the next generation")
        eventually(lambda: "Subscribed topic not available" in house.log(), 60, "the group to hear of it")
        broker.create_topic(name, 2)
        produced = produce(broker.bootstrap, name, [(f"k{n}", json.dumps({"new": n})) for n in range(60)])
    found = platform.wait_for(len(produced), 60, lambda request: b"new" in request.body)
    assert sorted(Account.event(request)[1:] for request in found) == sorted(produced)
    eventually(account.all_committed, 30, "all of the new topic")
    assert house.ctl("why", name).stdout.startswith(f"{name}: running")
    assert "an operator must decide" not in house.log()
    assert house.stop() == 0
    assert "does not end" not in house.log(), "a client that is held by what was said of the old one"
