"""A new configuration for a slussd at work: taken whole or not at all, nothing lost, nothing twice, counters that go on."""

import json
import pathlib
import signal
import socket
import threading

import pytest

import hostile
from account import Account
from house import LASTING, conserved, metric, metrics_only_grow
from process import eventually
from records import produce
from systemd import Systemd


def events(begin, end, keys=40):
    return [(f"k{n % keys}", json.dumps({"n": n, "key": f"k{n % keys}"}, separators=(",", ":"))) for n in range(begin, end)]


class Feeder:
    """Produces to a topic until it is told to stop."""

    def __init__(self, bootstrap, topic):
        self.produced, self.ending = [], threading.Event()
        self.thread = threading.Thread(target=self.feed, args=(bootstrap, topic))
        self.thread.start()

    def feed(self, bootstrap, topic):
        number = 0
        while not self.ending.is_set():
            self.produced.extend(produce(bootstrap, topic, events(number, number + 100)))
            number += 100

    def end(self):
        self.ending.set()
        self.thread.join()
        return self.produced


def generation(house):
    return metric(house.metrics(), "sluss_config_generation")


def test_under_load(broker, platform, houses, name):
    """Paths change, a route comes, one goes, workers change; four generations, and each event is handled under one."""
    changed, gone, new = f"{name}a", f"{name}b", f"{name}c"
    for topic in (changed, gone, new):
        broker.create_topic(topic, 4)
        broker.create_topic(f"{topic}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {changed: {}, gone: {}}).start()
    assert generation(house) == 1
    feeders = {topic: Feeder(broker.bootstrap, topic) for topic in (changed, gone, new)}
    scrapes, faults, ending = [], [], threading.Event()

    def scrape():
        while not ending.is_set():
            try:
                scrapes.append(house.metrics())
                for route in (changed, gone):
                    conserved(scrapes[-1], route)
            except (AssertionError, OSError) as fault:
                faults.append(fault)
            ending.wait(0.05)
    scraper = threading.Thread(target=scrape)
    scraper.start()
    try:
        platform.wait_for(200, 30)
        for number, workers in ((2, 2), (3, 1), (4, 2)):
            house.routes[changed] = {"deliver": {"platform": "p", "path": f"/generation-{number}"}, "workers": workers}
            house.top["workers"] = workers
            if number == 3:
                house.routes[new] = {}
                del house.routes[gone]
            house.write()
            done = house.ctl("reload", "--wait")
            assert done.returncode == 0, (done.stdout, done.stderr, house.log()[-2000:])
            assert f"generation {number} runs" in done.stdout
            platform.wait_for(50, 30, lambda request, path=f"/generation-{number}": request.target == path)
    finally:
        ending.set()
        scraper.join()
        produced = {topic: feeder.end() for topic, feeder in feeders.items()}
    assert not faults, faults
    for topic in (changed, new):
        account = Account(broker.bootstrap, topic, platform)
        eventually(lambda: account.delivered() >= set(produced[topic]), 60, lambda: f"all of {topic}: {len(account.delivered())} of {len(produced[topic])}")
    metrics = house.metrics()
    assert metric(metrics, "sluss_config_generation") == 4
    assert metric(metrics, "sluss_config_last_reload_ok") == 1
    metrics_only_grow([*scrapes, metrics])
    assert metric(metrics, "sluss_events_total", route=gone, outcome="delivered") > 0, "what a route did stays counted"

    def same():
        """Asked one after the other: the last answers may be counted between them."""
        counted = {route["name"]: route["events"]["delivered"] for route in house.status()["routes"]}
        return counted[changed] == metric(house.metrics(), "sluss_events_total", route=changed, outcome="delivered")
    eventually(same, 20, "the same count in /status as in /metrics, over all generations")
    house.wait_ready()
    assert house.stop() == 0, house.log()[-3000:]
    for topic in (changed, gone, new):
        account = Account(broker.bootstrap, topic, platform)
        twice = [event for event, count in account.deliveries().items() if count > 1]
        assert not twice, f"{len(twice)} of {topic} delivered twice: {twice[:5]}"
        account.check_order(account.requests())
        account.check_commits()
    paths = [request.target for request, _ in Account(broker.bootstrap, changed, platform).requests()]
    order = sorted(range(len(paths)), key=lambda at: (paths[at][-1] if "generation" in paths[at] else "1"))
    assert order == list(range(len(paths))), "no request of a generation comes behind the first of the next one"


def test_two_processes_of_a_group_reload_in_turn(broker, houses, name):
    """Partitions go to the other process and come back, under load, with the keys' order; nothing is left behind by it."""
    broker.create_topic(name, 6)
    broker.create_topic(f"{name}.dlq")
    with hostile.Platform() as left, hostile.Platform() as right:
        pair = [houses(broker.bootstrap, {"p": platform.url}, {name: {"workers": 2}}, LASTING, workers=2).start() for platform in (left, right)]
        feeder = Feeder(broker.bootstrap, name)
        try:
            left.wait_for(100, 30)
            right.wait_for(100, 30)
            for turn in range(4):
                house = pair[turn % 2]
                done = house.ctl("reload", "--wait")
                assert done.returncode == 0, (done.stdout, done.stderr, house.log()[-2000:])
                seen = len((left, right)[turn % 2].ledger)
                (left, right)[turn % 2].wait_for(seen + 50, 30)
        finally:
            produced = feeder.end()
        account = Account(broker.bootstrap, name, left, right)
        eventually(lambda: account.delivered() >= set(produced), 60, lambda: f"all; {len(account.delivered())} of {len(produced)}")
        for house in pair:
            assert generation(house) == 3
            assert house.stop() == 0, house.log()[-3000:]
        twice = [event for event, count in account.deliveries().items() if count > 1]
        assert not twice, f"{len(twice)} of {len(produced)} delivered twice: {twice[:5]}"
        assert account.all_committed()
        for platform in (left, right):
            account.check_order(Account(broker.bootstrap, name, platform).requests())


@pytest.mark.slow
def test_many_reloads_leave_nothing_behind(broker, platform, houses, name):
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {"workers": 2}}, workers=2).start()

    def held():
        process = pathlib.Path(f"/proc/{house.daemon.pid}")
        return len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))

    def reload():
        produced = produce(broker.bootstrap, name, events(0, 5) + [("k", "no JSON")])  # the letter takes a producer
        account = Account(broker.bootstrap, name, platform)
        eventually(lambda: account.delivered() >= set(produced[:5]), 20, "delivery")
        eventually(lambda: metric(house.metrics(), "sluss_events_unsettled", route=name) == 0, 20, "the letter")
        assert house.ctl("reload", "--wait").returncode == 0
        house.wait_ready()
    reload()
    before = held()
    for _ in range(8):
        reload()
    eventually(lambda: max(one - other for one, other in zip(held(), before)) <= 2, 20, lambda: f"as few as {before}, now {held()}")
    assert house.stop() == 0, house.log()[-3000:]


def test_refused_changes_nothing(broker, platform, houses, name):
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
    good = (house.etc / "sluss.cfg").read_text()
    house.put("routes.d/broken.cfg", 'owner = "o";\nfrom = "x";\ndelivr = 1;\n')
    done = house.ctl("reload", "--wait")
    assert done.returncode == 78, (done.stdout, done.stderr)
    assert "broken.cfg:3: error[SL0103]" in done.stderr and "generation 1 continues" in done.stderr, done.stderr
    assert "delivr" in house.log(), "the log names it too"
    (house.etc / "routes.d" / "broken.cfg").unlink()
    house.put("sluss.cfg", good + "nonsense = 1;\n")
    house.daemon.signal(signal.SIGHUP)
    eventually(lambda: "nonsense" in house.log(), 20, "the refusal in the log")
    metrics = house.metrics()
    assert (metric(metrics, "sluss_config_generation"), metric(metrics, "sluss_config_last_reload_ok")) == (1, 0)
    produced = produce(broker.bootstrap, name, events(0, 50))
    account = Account(broker.bootstrap, name, platform)
    eventually(lambda: account.delivered() >= set(produced), 20, "delivery goes on")
    house.put("sluss.cfg", good)
    house.daemon.signal(signal.SIGHUP)
    eventually(lambda: generation(house) == 2, 20, "the second generation")
    assert metric(house.metrics(), "sluss_config_last_reload_ok") == 1
    house.wait_ready()
    assert house.stop() == 0, house.log()[-3000:]


def test_a_slussd_is_found_whatever_its_configuration_has_become(broker, platform, houses, name):
    """Whoever corrects it asks the one that runs: its socket stands in the same file."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
    kafka, house.kafka = house.kafka, {**house.kafka, "acks": "0"}
    house.write()
    done = house.ctl("reload", "--wait")
    assert done.returncode == 78 and "acks" in done.stderr, done
    eventually(lambda: house.ctl("status").returncode == 0, 20, lambda: f"all well: {house.ctl('status')}")
    house.kafka = kafka
    house.write()
    assert house.ctl("reload", "--wait").returncode == 0
    assert house.stop() == 0, house.log()[-3000:]


def test_the_log_says_what_changed_and_no_warning_twice(broker, platform, houses, name):
    """At a start each warning and one line for all dead-letter topics; at a reload what is new, and that the rest is as before."""
    routes = [f"{name}{letter}" for letter in "abc"]
    for topic in routes:
        broker.create_topic(topic)
        broker.create_topic(f"{topic}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {topic: {} for topic in routes[:2]}, log={"level": "info", "format": "json"}).start()
    unchecked = "no `schema`"  # each of these routes is warned of
    eventually(lambda: "dead-letter topics: all are there (of 2 routes)" in house.log(), 20, "the dead-letter topics")

    def said(begin=0):
        return [json.loads(line) for line in house.log().splitlines()[begin:]]  # nothing but JSON
    lines = said()
    assert [line["file"].rsplit("/", 1)[-1] for line in lines if unchecked in line["message"]] == [f"{topic}.cfg" for topic in routes[:2]]
    assert not [line for line in lines if "dead-letter topic found" in line["message"]]
    house.routes[routes[0]] = {"mode": "off"}
    house.routes[routes[2]] = {}
    house.write()
    begin = len(lines)
    done = house.ctl("reload", "--wait", timeout=60)
    changed = f"generation 2 differs from 1 in: route {routes[0]} changed, route {routes[2]} new"
    assert done.returncode == 0 and changed in done.stdout, done
    lines = said(begin)
    assert [line["message"] for line in lines].count(changed) == 1
    assert [line["file"].rsplit("/", 1)[-1] for line in lines if unchecked in line["message"]] == [f"{routes[2]}.cfg"]
    assert sum("as before: slussctl check prints them" in line["message"] for line in lines) == 1 and "as before" in done.stdout
    for generation_now, place in ((3, "/nowhere/s.sock"), (4, "/nowhere/s.sock"), (5, None)):
        begin = len(said())
        text = (house.etc / "sluss.cfg").read_text()
        house.put("sluss.cfg", text.replace(str(house.socket), place) if place else text.replace("/nowhere/s.sock", str(house.socket)))
        done = house.ctl("reload", "--wait", "--socket", house.socket, timeout=60)
        assert done.returncode == 0, done
        lines = said(begin)
        assert not [line for line in lines if unchecked in line["message"]]
        assert any(f"takes effect only at a restart: until then it is socket {house.socket}" in line["message"] for line in lines) == bool(place), lines
        assert ("in: no option" in done.stdout) == (generation_now == 4), done
    assert house.stop() == 0


def test_stop_while_reloading(broker, platform, houses, name):
    """SIGTERM wins over a reload whose drain is under way; a second reload before the turn counts instead of the first."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
    gate = threading.Event()
    platform.on("", hostile.when(gate, hostile.status(200)))
    produced = produce(broker.bootstrap, name, events(0, 1))
    platform.wait_for(1, 20)
    for path in ("/second", "/third"):
        house.routes[name] = {"deliver": {"platform": "p", "path": path}}
        house.write()
        assert house.ctl("reload").returncode == 0
        assert house.ask("/ready")[0] == 503 and "reloading" in house.ask("/ready")[1]
    assert generation(house) == 1
    gate.set()
    eventually(lambda: generation(house) == 3, 20, "the third generation, not the second")
    house.wait_ready()
    gate.clear()
    platform.on("", hostile.when(gate, hostile.status(200)))
    produced += produce(broker.bootstrap, name, events(1, 2))
    assert platform.wait_for(2, 20)[1].target == "/third"
    house.daemon.signal(signal.SIGHUP)
    eventually(lambda: "generation 4 was accepted" in house.log(), 20, "the fourth generation, waiting")
    house.daemon.signal(signal.SIGTERM)
    eventually(lambda: "stopping: events under way" in house.log(), 20, "the stop")
    gate.set()
    assert house.daemon.wait(40) == 0, house.log()[-3000:]
    assert "generation 4 begins" not in house.log()
    account = Account(broker.bootstrap, name, platform)
    assert account.delivered() == set(produced) and account.all_committed()


def test_new_brokers_that_refuse_are_said(broker, platform, houses, name):
    """Nobody can know before whether Kafka will have us: the new generation begins, says so, and the next one mends it."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        house.kafka["bootstrap-servers"] = f"127.0.0.1:{nobody.getsockname()[1]}"
        house.write()
        assert house.ctl("reload").returncode == 0
        eventually(lambda: generation(house) == 2, 20, "the second generation")
        eventually(lambda: "Connection refused" in house.log() or "brokers are down" in house.log(), 30, "its complaint")
        eventually(lambda: "Kafka does not answer: " in house.ask("/ready")[1], 20, "/ready to say so")
        assert house.ask("/ready")[0] == 503
        assert house.ask("/live")[0] == 200
    house.kafka["bootstrap-servers"] = broker.bootstrap
    house.write()
    done = house.ctl("reload", "--wait")
    assert done.returncode == 0, done.stderr
    produced = produce(broker.bootstrap, name, events(0, 20))
    account = Account(broker.bootstrap, name, platform)
    eventually(lambda: account.delivered() >= set(produced), 20, "delivery")
    assert house.stop() == 0, house.log()[-3000:]


def test_generation_that_cannot_start_leaves_the_old_one(broker, platform, houses, name):
    """What only librdkafka can judge: the names of ciphers. The old configuration runs again, loudly."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
    produced = produce(broker.bootstrap, name, events(0, 20))
    account = Account(broker.bootstrap, name, platform)
    eventually(lambda: account.delivered() >= set(produced), 20, "delivery under the first")
    kafka = house.kafka
    house.kafka = {**kafka, "security-protocol": "SSL", "ssl-cipher-suites": "NONE-OF-THESE"}
    house.write()
    done = house.ctl("reload", "--wait")
    assert done.returncode == 69 and "generation 2 could not start" in done.stderr and "generation 1 continues" in done.stderr, done
    assert "generation 2 cannot start" in house.log()
    metrics = house.metrics()
    assert (metric(metrics, "sluss_config_generation"), metric(metrics, "sluss_config_last_reload_ok")) == (1, 0)
    assert metric(metrics, "sluss_events_total", route=name, outcome="delivered") == 20, "counters go on over both turns"
    house.wait_ready()
    produced += produce(broker.bootstrap, name, events(20, 40))
    eventually(lambda: account.delivered() >= set(produced), 20, "delivery under the first again")
    house.kafka = kafka
    house.write()
    done = house.ctl("reload", "--wait")
    assert done.returncode == 0 and "generation 3 runs" in done.stdout, done
    assert metric(house.metrics(), "sluss_config_last_reload_ok") == 1
    assert house.stop() == 0, house.log()[-3000:]


def test_the_old_one_that_runs_again_has_its_errors_again(broker, platform, houses, name):
    """The route that it left out at the start is left out still, and that must not look well."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}, "faulty": {"foo": 1}}).start(ready=False)
    eventually(lambda: "ready: every route has its assignment" in house.log(), 40, "the first to run")
    eventually(lambda: "1 error in the configuration" in house.ask("/ready")[1], 20, lambda: f"/ready to say so; it says {house.ask('/ready')}")
    del house.routes["faulty"]
    house.kafka = {**house.kafka, "security-protocol": "SSL", "ssl-cipher-suites": "NONE-OF-THESE"}
    house.write()
    done = house.ctl("reload", "--wait")
    assert done.returncode == 69 and "generation 1 continues" in done.stderr, done
    eventually(lambda: house.ask("/ready") == (503, "1 error in the configuration: a route is left out: slussctl check\n"), 40,
               lambda: f"/ready to say so; it says {house.ask('/ready')}")
    assert house.stop() == 0


def test_systemd_hears_of_it(broker, platform, houses, name, tmp_path):
    """RELOADING with its time, then READY again; the watchdog's sign of life goes on."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}})
    with Systemd(tmp_path) as systemd:
        house.environment = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "900000"}
        house.start()
        eventually(lambda: systemd.heard("READY=1", "STATUS=routes are running"), 20, lambda: f"READY; said is {systemd.said}")
        house.daemon.signal(signal.SIGHUP)
        words = ["READY=1", "RELOADING=1", "MONOTONIC_USEC=", "READY=1", "STATUS=routes are running", "WATCHDOG=1"]
        eventually(lambda: systemd.heard(*words), 40, lambda: f"{words}; said is {systemd.said}")
        assert house.stop() == 0
        systemd.catch_up()
        assert systemd.heard(*words, "STOPPING=1"), systemd.said
