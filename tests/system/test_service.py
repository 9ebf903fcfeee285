"""What systemd and an operator's journal see: the notify protocol, the watchdog, floods of bad events."""

import contextlib
import json
import os
import socket
import subprocess
import sys

import pytest

from account import Account
from house import conserved
from process import eventually
from records import produce
from systemd import Systemd


@pytest.fixture
def topic(broker, name):
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    return name


def test_systemd_is_told(broker, platform, houses, name, tmp_path):
    """READY when the routes run and not before; signs of life; STOPPING before the end."""
    broker.create_topic(f"{name}.dlq")
    with Systemd(tmp_path) as systemd:
        house = houses(broker.bootstrap, {"p": platform.url}, {name: {}})
        house.environment = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "600000"}
        house.start(ready=False)
        eventually(lambda: systemd.count("WATCHDOG=1") >= 3, 20, "signs of life while it waits for its topic")
        late = "not every route runs yet"  # after 20 s it says so, and that it is ready all the same
        assert systemd.count("READY=1") <= house.log().count(late), "no route runs: its topic does not exist"
        broker.create_topic(name)
        eventually(lambda: systemd.count("STATUS=routes are running"), 40, lambda: f"READY; said is {systemd.said}")
        before = systemd.count("WATCHDOG=1")
        eventually(lambda: systemd.count("WATCHDOG=1") >= before + 3, 20, "signs of life while it runs")
        assert house.stop() == 0
        systemd.catch_up()
        assert systemd.count("STOPPING=1") >= 1 and systemd.count("READY=1") == 1 + house.log().count(late)
        assert systemd.said.index("STOPPING=1") > systemd.said.index("READY=1")


def test_a_systemd_that_hangs_stops_nothing(broker, platform, houses, topic, tmp_path):
    """Its socket is full and nobody reads it: the main thread, which serves signals and operators, must not wait for it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
        deaf.bind(str(tmp_path / "n"))
        mouth.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                mouth.sendto(b"STATUS=full", str(tmp_path / "n"))
        house = houses(broker.bootstrap, {"p": platform.url}, {topic: {}})
        house.environment = {"NOTIFY_SOCKET": str(tmp_path / "n"), "WATCHDOG_USEC": "600000"}
        house.start()
        produced = produce(broker.bootstrap, topic, [(f"k{n}", json.dumps({"n": n})) for n in range(10)])
        account = Account(broker.bootstrap, topic, platform)
        eventually(lambda: set(account.delivered()) == set(produced), 20, "what is delivered meanwhile")
        deaf.settimeout(30)
        while deaf.recv(4096) == b"STATUS=full":
            pass  # the first that comes behind all these
        heard = deaf.recv(4096)
        while not heard.startswith(b"WATCHDOG=1"):
            heard = deaf.recv(4096)
        assert house.stop() == 0


@pytest.mark.slow
def test_a_route_that_waits_does_not_take_the_others_down(broker, platform, houses, topic, tmp_path):
    """systemd ends a service that is not ready in time: with one topic misspelt every good route would stand still with it."""
    with Systemd(tmp_path) as systemd:
        house = houses(broker.bootstrap, {"p": platform.url}, {topic: {}, "waits": {"from": f"{topic}.misspelt", "dead-letter": f"{topic}.dlq"}})
        house.environment = {"NOTIFY_SOCKET": str(systemd.path)}
        produced = produce(broker.bootstrap, topic, [(f"k{n}", json.dumps({"n": n})) for n in range(10)])
        house.start(ready=False)
        eventually(lambda: systemd.count("READY=1"), 60, lambda: f"READY; said is {systemd.said}\n{house.log()[-2000:]}")
        assert systemd.count("STATUS=route waits waits for its group's first assignment") == 1
        code, why = house.ask("/ready")
        assert (code, why) == (503, "route waits waits for its group's first assignment\n")
        account = Account(broker.bootstrap, topic, platform)
        eventually(lambda: set(account.delivered()) == set(produced), 20, "what the good route delivers")
        broker.create_topic(f"{topic}.misspelt")
        eventually(lambda: systemd.count("STATUS=routes are running"), 40, "the news that all run")
        assert house.stop() == 0


STOPPER = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
for thread in map(int, sys.argv[1:]):
    for request in (0x4206, 0x4207):  # PTRACE_SEIZE, PTRACE_INTERRUPT
        if libc.ptrace(request, thread, None, None) != 0 and ctypes.get_errno() != 3:  # ESRCH: it has ended meanwhile
            sys.exit("cannot stop a thread: " + str(ctypes.get_errno()))
print("stopped", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def stopped(threads):
    """These threads stand still as long as the context lasts; the kernel lets them go on when their keeper ends."""
    with subprocess.Popen([sys.executable, "-c", STOPPER, *map(str, threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as keeper:
        try:
            if keeper.stdout.readline() != "stopped\n":
                pytest.skip("threads cannot be stopped here (ptrace)")
            yield
        finally:
            keeper.stdin.close()


def workers(pid):
    """The threads of slussd's own but the first; librdkafka names its threads."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as file:
            if file.read().startswith("slussd") and int(thread) != pid:
                found.append(int(thread))
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may stop a single thread of slussd")
def test_a_worker_that_stands_still_stops_the_signs_of_life(broker, platform, houses, topic, tmp_path):
    """The main thread goes on: it is the loops that the watchdog is tied to."""
    with Systemd(tmp_path) as systemd:
        house = houses(broker.bootstrap, {"p": platform.url}, {topic: {}}, log={"level": "info", "format": "json"})
        house.environment = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "600000"}
        house.start()
        assert house.ask("/live")[0] == 200
        with stopped(workers(house.daemon.pid)):
            eventually(lambda: house.ask("/live")[0] == 503, 30, "/live to say that a loop does not turn")
            systemd.catch_up()
            before = systemd.count("WATCHDOG=1")
            with pytest.raises(AssertionError, match="in vain"):
                eventually(lambda: systemd.count("WATCHDOG=1") > before, 2, "another sign of life")
            assert house.ask("/live") == (503, "stuck: a worker's loop has not turned for 5 s\n")
        eventually(lambda: systemd.count("WATCHDOG=1") > before and house.ask("/live")[0] == 200, 20, "signs of life again")
        assert house.stop() == 0


def test_a_flood_of_bad_events_is_no_flood_of_lines(broker, platform, houses, topic):
    """Every dead letter is told, one by one or in a sum; counters and letters are whole."""
    bad, kinds = 3000, {"not-json": "not json", "template": json.dumps({"n": 1})}
    house = houses(broker.bootstrap, {"p": platform.url}, {
        topic: {"deliver": {"platform": "p", "path": "/in/{$.id}"}}}, log={"level": "info", "format": "json"})
    produce(broker.bootstrap, topic, [(f"k{n}", list(kinds.values())[n % 2]) for n in range(bad)])
    house.start()
    account = Account(broker.bootstrap, topic, platform)
    eventually(account.all_committed, 90, "the end of all", every=0.3)
    assert conserved(house.metrics(), topic)["dead-lettered"] == bad
    assert sum(len(letters) for letters in account.dead().values()) == bad
    assert house.stop() == 0
    lines = [json.loads(line) for line in house.log().splitlines() if line.startswith("{")]
    told = {reason: [line for line in lines if line.get("reason") == reason] for reason in kinds}
    for reason, found in told.items():
        single = [line for line in found if line["message"] == "event dead-lettered"]
        sums = [line["lines"] for line in found if "lines" in line]
        assert 20 <= len(single) < 100 and sums, (reason, len(single), sums)
        assert len(single) + sum(sums) == bad / 2, reason
        assert all({"route", "topic", "partition", "offset"} <= set(line) for line in single)
    assert any("counted and summed up" in line["message"] for line in lines)
