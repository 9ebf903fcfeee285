"""What operators rely on: exit codes, health, metrics, what a request carries."""

import contextlib
import json
import os
import random
import re
import resource
import select
import signal
import socket
import subprocess
import threading
import time

import pytest

import broker as real
import hostile
import house as houses_module
from account import Account
from fence import Fence
from house import conserved, metric
from process import eventually, free_ports, libc
from records import produce


def body(**members):
    return json.dumps(members, separators=(",", ":"))


@pytest.fixture
def topic(broker, name):
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    return name


def test_usage_is_64(houses):
    for program in ("slussd", "slussctl"):
        done = subprocess.run([houses_module.binaries() / program, "--no-such-option"], capture_output=True, text=True)
        assert done.returncode == 64, done.stderr
        assert "--no-such-option" in done.stderr


def test_faulty_configuration_is_78(houses, name):
    house = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {name: {}})
    (house.etc / "sluss.cfg").write_text((house.etc / "sluss.cfg").read_text().replace("bootstrap-servers", "bootstrap-server"))
    for done in (house.ctl("check"), subprocess.run([houses_module.binaries() / "slussd", "--check", "--config", house.etc],
                                                    capture_output=True, text=True)):
        assert done.returncode == 78
        assert 'did you mean "bootstrap-servers"?' in done.stdout + done.stderr
    house.start(ready=False)
    assert house.daemon.wait() == 78


def test_who_stops_reading_does_not_change_the_exit_code(houses, name):
    """A pager that was left, a dead ssh: the first word goes to a closed pipe."""
    house = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {name: {"wrong": 1}})
    for words, status in (([], 78), (["--check"], 78), (["--no-such-option"], 64), (["--help"], 74)):
        nobody, pipe = os.pipe()
        os.close(nobody)
        done = subprocess.run([houses_module.binaries() / "slussd", "--config", house.etc, *words], stdout=pipe, stderr=pipe, timeout=60)
        os.close(pipe)
        assert done.returncode == status, words


@pytest.mark.slow
def test_kafka_that_goes_away_is_told_once_and_everywhere(platform, houses, tmp_path, name):
    """Of three routes, each with clients of its own: in status, why, /ready and the metrics, and in few lines."""
    if why := real.available():
        pytest.skip(f"no real Kafka: {why}")
    names = [f"{name}-{number}" for number in range(3)]
    with real.Broker(tmp_path / "kafka") as kafka:
        for topic in names:
            kafka.create_topic(topic)
            kafka.create_topic(f"{topic}.dlq")
        house = houses(kafka.bootstrap, {"p": platform.url}, {topic: {} for topic in names}, kafka={"session-timeout-ms": 6000},
                       log={"level": "info", "format": "json"}).start()
        assert metric(house.metrics(), "sluss_kafka_answers") == 1
        lines = len(house.log().splitlines())
        kafka.kill()
        eventually(lambda: house.ask("/ready")[0] == 503, 30, "/ready to be 503")
        assert house.ask("/ready")[1].startswith("Kafka does not answer: ")
        assert metric(house.metrics(), "sluss_kafka_answers") == 0
        status = house.status()
        assert not status["kafka"]["answers"] and {route["state"] for route in status["routes"]} == {"kafka"}
        told = house.ctl("why", names[0])
        assert told.returncode == 1 and "Kafka does not answer: " in told.stdout

        def texts():
            return [json.loads(line)["message"] for line in house.log().splitlines()[lines:]]
        eventually(lambda: any(text.startswith("Kafka does not answer: ") for text in texts()), 20, "its line of the log")
        assert sum(text.startswith("Kafka does not answer: ") for text in texts()) == 1
        assert len(texts()) < 25, "\n".join(texts())
        kafka.start()
        eventually(lambda: house.ask("/ready")[0] == 200, 60, lambda: f"/ready again; it says {house.ask('/ready')[1]}")
        eventually(lambda: "Kafka answers again" in house.log(), 20, "its line of the log")
        produced = produce(kafka.bootstrap, names[0], [("k", body(n=1))])
        account = Account(kafka.bootstrap, names[0], platform)
        eventually(lambda: account.delivered() >= set(produced), 40, "an event afterwards")
        assert house.stop() == 0


def test_a_shortage_at_start_is_71(houses, name):
    """Descriptors for less and less of it, or too little room for threads: systemd tries that again, and it does not with 78."""
    limits = [[f"--nofile={number}"] for number in (4, 5, 7, 8, 10, 12, 14, 15, 16, 17, 18)]
    if houses_module.KIND not in ("asan", "tsan"):  # which take more room than there is
        limits.append(["--as=600000000", "--stack=256000000"])
    started = []
    for limit in limits:
        house = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {name: {}})
        house.prefix = ["prlimit", *limit]
        started.append(house.start(ready=False))
    statuses = {" ".join(house.prefix[1:]): house.daemon.wait(60) for house in started}
    assert set(statuses.values()) == {71}, statuses
    for house in started:
        assert re.search("LimitNOFILE|TasksMax|Too many open files|out of memory", house.log()), house.log()


class Refuser:
    """A broker to which nobody gets through, each time for another reason: librdkafka keeps back what it has said before."""

    def __init__(self, seed):
        self.seed, self.socket = seed, socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._refuse, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    def _refuse(self):
        chance = random.Random(self.seed)
        with contextlib.suppress(OSError):
            while True:
                with self.socket.accept()[0] as client, contextlib.suppress(ConnectionError):
                    client.sendall(chance.choice([b"", b"\xff" * 8, b"\0\0\0\5\0\0\0\7?", b"\0" * 4, b"HTTP/1.1 400 Bad Request\r\n\r\n"]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [houses_module.KIND, "release-newest"])
def test_a_stop_while_kafka_refuses_us_is_bounded(houses, name, kind):
    """Sixteen of them, each stopped at another moment of connecting and asking in vain."""
    if why := houses_module.missing(kind):
        pytest.skip(f"no build with a newer librdkafka: {why} --librdkafka newest")
    seed = 20261128
    chance = random.Random(seed)
    with Refuser(seed) as broker:
        started = [houses(broker.address, {"p": "http://127.0.0.1:1"}, {name: {}}, kind=kind).start(ready=False) for _ in range(16)]
        moments = sorted(((chance.uniform(0, 12), house) for house in started), key=lambda moment: moment[0])
        began = time.monotonic()
        for after, house in moments:
            eventually(lambda: reachable(house.socket), 30, "the control socket: it may be stopped from then on")
            time.sleep(max(0, began + after - time.monotonic()))
            house.daemon.signal(signal.SIGTERM)
        statuses = [house.daemon.wait(30) for _, house in moments]
    assert statuses == [0] * len(moments), "\n".join(house.log()[-500:] for _, house in moments)


def test_a_second_one_ends_before_it_joins_the_groups(houses, name):
    """Else each try of systemd's would make the group of the first one rebalance."""
    first = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {name: {}}).start(ready=False)
    eventually(lambda: reachable(first.socket), 20, "the control socket")
    second = first.copy(first.folder / "second")
    (port,) = free_ports(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen(1)
        text = (second.etc / "sluss.cfg").read_text()
        for place in (f'socket = "{first.socket}";', f'socket = "{second.socket}"; listen = "127.0.0.1:{port}";'):
            second.put("sluss.cfg", text.replace(f'socket = "{second.socket}";', place))
            second.start(ready=False)
            assert second.daemon.wait(30) == 71, second.log()
            assert "cannot start" in second.log() and "librdkafka FAIL" not in second.log() and "Kafka" not in second.log().split("librdkafka 2", 1)[-1], second.log()
    assert reachable(first.socket), "the first one has its socket still"
    assert first.stop() == 0


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGHUP, None), (signal.SIGUSR1, None)])
def test_a_signal_while_the_configuration_is_read_ends_nothing_by_itself(houses, name, number, status):
    """A stop that comes before the daemon serves its signals is a stop in order; a reload waits for its turn."""
    house = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {f"{name}-{n}": {} for n in range(20)})
    opened = 0x20  # IN_OPEN
    for _ in range(5):
        watch = libc.inotify_init()
        try:
            assert libc.inotify_add_watch(watch, bytes(house.etc / "sluss.cfg"), opened) >= 0
            house.start(ready=False)
            assert select.select([watch], [], [], 60)[0], "it never opened its configuration"
            house.daemon.signal(number)
        finally:
            os.close(watch)
        if status is None:
            eventually(lambda: not house.daemon.running() or reachable(house.socket), 60, "the control socket")
            assert house.daemon.running(), f"it ended with {house.daemon.wait()}"
            house.daemon.signal(signal.SIGTERM)
        assert house.daemon.wait(60) == 0, house.log()[-2000:]
        assert "stopped with status 0" in house.log() or (status == 0 and "stopped before anything began" in house.log()), house.log()


def test_signals_that_mean_nothing_change_nothing(houses, name):
    """SIGUSR1 makes other daemons open their logs anew; a storm of them and of SIGHUP is survived, and SIGTERM ends it."""
    house = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {name: {}}).start(ready=False)
    eventually(lambda: reachable(house.socket), 20, "the control socket")
    for _ in range(200):
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
            house.daemon.signal(number)
    eventually(lambda: "SIGUSR1 means nothing here" in house.log(), 20, "a word on the signal")
    eventually(lambda: house.ask("/live")[0] == 200, 20, "/live afterwards")
    assert house.stop() == 0, house.log()[-2000:]


def test_health_is_answered_without_descriptors(houses, name):
    """Others took the last one while it ran: an operator must be told all the same, and all goes on when there are some again."""
    house = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {name: {}}).start(ready=False)
    eventually(lambda: reachable(house.socket) and house.ask("/live")[0] == 200, 20, "an answer while there are some")
    limits = resource.prlimit(house.daemon.pid, resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir(f"/proc/{house.daemon.pid}/fd")))
    resource.prlimit(house.daemon.pid, resource.RLIMIT_NOFILE, (highest + 1, limits[1]))
    free = highest + 1 - len(os.listdir(f"/proc/{house.daemon.pid}/fd"))
    with contextlib.ExitStack() as clients:
        for _ in range(free + 2):  # what is free is taken by clients that wait
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(house.socket))
        for _ in range(5):
            assert house.ask("/live") == (200, "alive: every worker's loop has turned in the last 5 s\n")
            assert house.ask("/metrics")[0] == 200
        house.daemon.signal(signal.SIGHUP)
        refused = re.compile("the configuration was refused: .*(too few descriptors|no descriptor left).*: generation 1 continues")
        eventually(lambda: refused.search(house.log()), 20, lambda: f"the refusal in:\n{house.log()[-2000:]}")
    resource.prlimit(house.daemon.pid, resource.RLIMIT_NOFILE, limits)
    assert house.ctl("reload").returncode == 0
    assert house.stop() == 0, house.log()[-2000:]


def test_nothing_but_bad_routes_is_78(houses, name):
    """A service that runs nothing would look well."""
    house = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {name: {"schema": "none.json"}}).start(ready=False)
    assert house.daemon.wait() == 78
    assert "every route is wrong" in house.log()


def test_a_sound_configuration_is_0_without_a_broker(houses, name):
    house = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {name: {}})
    done = house.ctl("check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_request_carries(broker, platform, houses, topic):
    house = houses(broker.bootstrap, {"p": platform.url}, {topic: {}}).start()
    text = '{ "n" : 1.00, "key":"k" }'
    ((partition, offset),) = produce(broker.bootstrap, topic, [("k", text)])
    (request,) = platform.wait_for(1, 20)
    assert (request.method, request.target, request.body) == ("POST", "/in", text.encode()), "the bytes as they came"
    headers = request.headers
    assert headers["sluss-event"] == f"{topic}/{partition}/{offset}"
    assert headers["idempotency-key"] == f"{topic}/{partition}/{offset}"
    assert headers["sluss-route"] == topic
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("sluss/") and headers["sluss-protocol"] == "HTTP/1.1"
    assert headers["host"] == platform.url.removeprefix("http://") and next(iter(headers)) == "host"  # RFC 9110 section 7.2
    assert len(headers["webhook-id"]) == 27 and "." not in headers["webhook-id"]
    assert len(headers["traceparent"].split("-")) == 4
    assert "expect" not in headers
    assert house.stop() == 0


def test_a_route_with_errors_is_left_out_and_said(broker, platform, houses, topic):
    house = houses(broker.bootstrap, {"p": platform.url}, {topic: {}, "faulty": {"foo": 1}}).start(ready=False)
    produced = produce(broker.bootstrap, topic, [("k", body(n=1, key="k"))])
    account = Account(broker.bootstrap, topic, platform)
    eventually(lambda: produced[0] in account.delivered(), 40, "the other route to run")
    eventually(lambda: "1 error in the configuration" in house.ask("/ready")[1], 20, lambda: house.ask("/ready"))
    status = house.ctl("status")
    assert (status.returncode, "left out: slussctl check" in status.stdout) == (1, True), status
    assert "one with errors is left out" in house.ctl("why", "faulty").stderr
    del house.routes["faulty"]
    house.write()
    assert house.ctl("reload", "--wait").returncode == 0
    eventually(lambda: house.ctl("status").returncode == 0, 20, lambda: f"all well: {house.ctl('status')}")
    assert house.stop() == 0


def test_metrics_conserve_at_every_scrape(broker, platform, houses, topic):
    seen = threading.Event()
    platform.on(lambda _: len(platform.ledger) == 1000, hostile.when(seen, hostile.status(200)))  # some scrapes come before the end of all
    platform.sometimes(5, hostile.status(503), seed=3)
    produced = produce(broker.bootstrap, topic, [
        (f"k{n % 50}", "not json" if n % 100 == 0 else None if n % 100 == 1 else body(n=n, key=f"k{n % 50}")) for n in range(3000)])
    house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "breaker": {"failures": 1000}}},
                   {topic: {"retry": {"first": "100ms", "max": "1s"}}}).start()
    scrapes = []

    def done():
        scrapes.append(conserved(house.metrics(), topic))
        if len(scrapes) > 3:
            seen.set()
        return sum(scrapes[-1].values()) == len(produced) and scrapes[-1]["unsettled"] == 0
    eventually(done, 60, lambda: f"the last event; {scrapes[-1]}", every=0.02)
    assert len({scrape["delivered"] for scrape in scrapes}) > 1
    assert scrapes[-1] == {"delivered": 2940, "dead-lettered": 30, "filtered": 30, "skipped": 0, "released": 0, "unsettled": 0}
    metrics = house.metrics()
    assert metric(metrics, "sluss_delivery_attempts_total", route=topic) >= 2940
    assert metric(metrics, "sluss_http_request_duration_seconds_count", platform="p", status="200") == 2940
    assert metric(metrics, "sluss_build_info") == 1
    assert house.stop() == 0


# Names and labels are a contract: whoever has a dashboard relies on them.
METRICS = {
    "sluss_events_consumed_total": "route", "sluss_events_total": "route outcome", "sluss_events_known_total": "route",
    "sluss_events_unsettled": "route", "sluss_oldest_unsettled_seconds": "route", "sluss_lag_events": "route topic partition",
    "sluss_http_request_duration_seconds_count": "platform status", "sluss_delivery_attempts_total": "route result",
    "sluss_platform_state": "platform state", "sluss_in_flight": "platform", "sluss_commits_total": "route result",
    "sluss_duplicates_exposed": "route", "sluss_memory_accounted_bytes": "", "sluss_config_generation": "",
    "sluss_config_last_reload_ok": "", "sluss_build_info": "version librdkafka curl jansson"}


def test_metrics_say_what_would_come_again_and_what_came_again(broker, platform, houses, name):
    """One event hangs, four behind it are delivered; a kill; the next process knows these four."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    platform.always(lambda request: b'"n":0,' in request.body, hostile.hang())
    produce(broker.bootstrap, name, [(f"k{n}", body(n=n, key=f"k{n}")) for n in range(5)])
    house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "timeout": "10m"}}, {name: {}}).start()

    def value(series, **labels):
        return metric(house.metrics(), series, **labels)
    eventually(lambda: value("sluss_duplicates_exposed", route=name) == 1, 30, "a map that tells of all but the one that hangs")
    found = {}
    for series, labels in house.metrics():
        found.setdefault(series, set()).add(" ".join(sorted(label for label, _ in labels)))
    for series, labels in METRICS.items():
        assert found.get(series) == {" ".join(sorted(labels.split()))}, f"{series}: {found.get(series)}"
    assert value("sluss_events_total", route=name, outcome="delivered") == 4
    assert value("sluss_events_unsettled", route=name) == value("sluss_in_flight", platform="p") == 1
    assert value("sluss_commits_total", route=name, result="ok") >= 1
    assert value("sluss_events_known_total", route=name) == 0
    eventually(lambda: value("sluss_oldest_unsettled_seconds", route=name) >= 1, 20, "a second of its age")
    eventually(lambda: value("sluss_lag_events", route=name, topic=name, partition="0") == 0, 20, "no lag: all was read")
    house.kill()
    house.start()
    eventually(lambda: value("sluss_events_known_total", route=name) == 4, 30, "what came again and was known")
    assert value("sluss_events_consumed_total", route=name) == value("sluss_events_unsettled", route=name) == 1
    assert len(platform.ledger) == 6, "only the one that hung was sent again"
    house.kill()


def test_health(broker, platform, houses, topic):
    house = houses(broker.bootstrap, {"p": platform.url}, {topic: {}}).start()
    for path in ("/live", "/ready"):
        code, text = house.ask(path)
        assert (code, text.count("\n")) == (200, 1), text
    assert house.ask("/no-such-page")[0] == 404
    assert house.socket.stat().st_mode & 0o777 in (0o600, 0o660)
    assert house.stop() == 0
    assert not house.socket.exists() or not reachable(house.socket)


def test_clients_that_say_nothing_or_little_keep_nobody_away(houses, name):
    """At either door: 64 that are silent or dribble, and the health check gets through at once, however long they stay."""
    house = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {name: {}})
    (port,) = free_ports(1)
    text = (house.etc / "sluss.cfg").read_text()
    house.put("sluss.cfg", text.replace("admin = { ", f'admin = {{ listen = "127.0.0.1:{port}"; '))
    house.start(ready=False)
    eventually(lambda: reachable(house.socket), 20, "the control socket")
    doors = {"socket": (socket.AF_UNIX, str(house.socket)), "listen": (socket.AF_INET, ("127.0.0.1", port))}
    for family, address in doors.values():
        with contextlib.ExitStack() as open_ones:
            clients = [open_ones.enter_context(socket.socket(family)) for _ in range(64)]
            for client in clients:
                client.settimeout(10)
                client.connect(address)
            left = list(clients)
            asked = 0

            def all_ended():
                """Half of them say a byte now and then."""
                nonlocal asked
                for client in list(left):
                    try:
                        if clients.index(client) % 2 == 0:
                            client.send(b"G")
                        if not select.select([client], [], [], 0)[0]:
                            continue
                        assert client.recv(100) == b""
                    except OSError:
                        pass
                    left.remove(client)
                with socket.socket(family) as probe:
                    probe.settimeout(5)
                    probe.connect(address)
                    probe.sendall(b"GET /live HTTP/1.0\r\n\r\n")
                    assert b" 200 OK\r\n" in probe.recv(1000), "the health check"
                asked += 1
                return not left
            eventually(all_ended, 30, lambda: f"the end of {len(left)} that say nothing or little", every=0.2)
            assert asked > 3
    assert house.daemon.stop() == 0


def reachable(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@pytest.mark.slow
def test_final_commit_not_acknowledged_is_75(platform, houses, name, tmp_path):
    if why := real.available():
        pytest.skip(f"no real Kafka: {why}")
    gate = threading.Event()
    with real.Broker(tmp_path / "kafka", immortal=True) as broker:  # it is not started again
        broker.create_topic(name)
        broker.create_topic(f"{name}.dlq")
        house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
        platform.on("", hostile.when(gate, hostile.status(200)))
        produce(broker.bootstrap, name, [("k", body(n=1, key="k"))])
        platform.wait_for(1, 20)
        broker.kill()
        gate.set()
        assert house.stop() == 75, house.log()[-3000:]
        assert "stood still" not in house.log(), "it waited for librdkafka to leave its group"


@pytest.mark.slow
def test_fenced_is_69_without_a_commit(platform, houses, name, tmp_path):
    """Kafka will not have this member any more: the process ends at once, and the next start sends what was under way again."""
    if why := real.available():
        pytest.skip(f"no real Kafka: {why}")
    with contextlib.closing(Fence()) as fence, real.Broker(tmp_path / "kafka", front=fence, immortal=True) as broker:
        broker.create_topic(name)
        broker.create_topic(f"{name}.dlq")
        house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start()
        rule = platform.always("", hostile.hang())
        produced = produce(broker.bootstrap, name, [(f"k{n}", body(n=n, key=f"k{n}")) for n in range(3)])
        platform.wait_for(3, 20)
        fence.shut = True
        assert house.daemon.wait(60) == 69, house.log()[-3000:]
        (said,) = [line for line in house.log().splitlines() if "Kafka is unusable" in line]
        assert "fenced" in said and "nothing is lost, restart" in said
        account = Account(broker.bootstrap, name, platform)
        assert account.committed() == {0: 0}
        rule.remove()
        fence.shut = False
        house.start()
        eventually(lambda: account.delivered() >= set(produced), 40, "all, after the restart")
        assert house.stop() == 0


def test_stop_while_the_platform_is_down_is_0(broker, platform, houses, topic):
    """Events still waiting are no failure: they stay in Kafka."""
    platform.always("", hostile.status(503))
    produce(broker.bootstrap, topic, [(f"k{n}", body(n=n, key=f"k{n}")) for n in range(100)])
    house = houses(broker.bootstrap, {"p": platform.url}, {topic: {}}).start()
    platform.wait_for(3, 20)
    assert house.stop() == 0
    account = Account(broker.bootstrap, topic, platform)
    assert sum(account.committed().values()) == 0
