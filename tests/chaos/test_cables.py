"""The cables of the chaos, good and bad: whether packets really come late, get lost and come again, and only those that shall. Needs no Kafka."""

import json
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import links  # noqa: E402
from cable import Cable, ports_of  # noqa: E402
from process import die_with_parent, eventually  # noqa: E402

CONNECTIONS, BYTES = 6, 60_000


def segment(source, target, number=0, protocol=6):
    """An IPv4 packet of TCP, as far as a cable looks at it."""
    return bytes([0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol]) + bytes(10) + struct.pack("!HHI", source, target, number)


class Ends:
    """A cable between two sockets instead of two devices."""

    def __init__(self, **how):
        self.here, near = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.there, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.keep = near, far
        for end in (self.here, self.there, *self.keep):
            end.setblocking(False)
        self.cable, self.near = Cable(near.fileno(), far.fileno(), **{"delay": 0.0, "loss": 0.0, "seed": 1, "ports": (), **how}), near.fileno()

    def arrived(self):
        found = []
        try:
            while True:
                found.append(self.there.recv(100))
        except BlockingIOError:
            return found

    def close(self):
        for end in (self.here, self.there, *self.keep):
            end.close()


@pytest.fixture
def ends():
    made = []

    def make(**how):
        made.append(Ends(**how))
        return made[-1]
    yield make
    for one in made:
        one.close()


def test_ports_are_read_of_tcp_alone():
    assert ports_of(segment(7, 9)) == (7, 9)
    assert ports_of(segment(7, 9, protocol=17)) == ports_of(b"\x60" + bytes(60)) == ports_of(segment(7, 9)[:22]) == ()


def test_what_is_delayed_keeps_its_order(ends):
    """And packets of other ports overtake it."""
    both = ends(delay=1.0, ports=[9])
    for number in range(20):
        both.here.send(segment(7, 9, number))
    both.here.send(segment(7, 8))
    both.cable.take(both.near, 100.0)
    assert both.arrived() == [segment(7, 8)]
    assert 0.7 < both.cable.give_due(100.0) <= 1.25
    assert both.cable.give_due(100.7) and both.arrived() == []
    assert both.cable.give_due(101.26) is None and both.arrived() == [segment(7, 9, number) for number in range(20)]
    assert (both.cable.delayed, both.cable.dropped, both.cable.carried) == (20, 0, 21)


def test_a_share_is_lost(ends):
    both = ends(loss=0.25, ports=[9])
    for number in range(40):
        for _ in range(5):
            both.here.send(segment(9, 7, number))
        both.cable.take(both.near, 100.0)
        both.cable.give_due(100.0)
    assert 25 < both.cable.dropped < 80 and len(both.arrived()) == 200 - both.cable.dropped


def test_packets_come_late_or_again(tmp_path):
    """Over two namespaces: how long an answer takes, and a stream that arrives whole although packets of it were lost."""
    done = subprocess.run([sys.executable, __file__, tmp_path], capture_output=True, text=True, timeout=120, preexec_fn=die_with_parent)
    assert done.returncode in (0, 69), done.stdout + done.stderr
    if done.returncode == 69:
        pytest.skip(done.stdout.strip())
    good, late, beside, lossy, mended = (json.loads(line) for line in done.stdout.splitlines())
    assert good["bytes"] == lossy["bytes"] == mended["bytes"] == BYTES
    assert late["answer"] >= 2 * 2 * 0.75 * 0.1 > beside["answer"], "to connect and to be answered: twice there and back"
    assert beside["cable"]["delayed"] > 0 and beside["cable"]["dropped"] == 0
    assert lossy["cable"]["dropped"] > 0 and lossy["again"] > 0, "TCP repeats what is lost"
    assert good["answer"] < late["answer"] > mended["answer"]


def serve(port):
    """x: answered with a byte; y: with many. The port is closed by the end of the process."""
    door = socket.create_server(("0.0.0.0", port))

    def answer(one):
        with one:
            one.sendall(b"z" * (BYTES if one.recv(1) == b"y" else 1))
            one.shutdown(socket.SHUT_WR)
            one.recv(1)
            told.append(struct.unpack_from("I", one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 100)[0])

    def accept():
        while True:
            threading.Thread(target=answer, args=(door.accept()[0],), daemon=True).start()
    told = []  # segments that the kernel sent again, of each connection
    threading.Thread(target=accept, daemon=True).start()
    return door.getsockname()[1], told


def ask(address, port):
    """Inside the namespace: the quickest of some answers (seconds) and how many bytes of a stream came."""
    quickest = 99.0
    for _ in range(CONNECTIONS - 1):
        began = time.monotonic()
        with socket.create_connection((address, port)) as one:
            one.sendall(b"x")
            one.recv(1)
            quickest = min(quickest, time.monotonic() - began)
    with socket.create_connection((address, port)) as one:
        one.sendall(b"y")
        count = 0
        while data := one.recv(65536):
            count += len(data)
    print(json.dumps({"answer": quickest, "bytes": count}))


def measure(folder):
    why = links.enter()
    if why:
        print(f"no namespaces ({why})")
        return 69
    link = links.Link(1, pathlib.Path(folder) / "link.log")
    try:
        if why := link.cannot():
            print(f"no bad cables ({why})")
            return 69
        (first, told), (second, _) = serve(0), serve(0)

        def seen(port, cable=None):
            before = len(told)
            done = subprocess.run([*link.prefix, sys.executable, __file__, link.gate, str(port)], capture_output=True, text=True, check=True, timeout=60)
            eventually(lambda: len(told) - before == CONNECTIONS or port != first, 60, "the end of the connections")
            print(json.dumps({**json.loads(done.stdout), "cable": cable and cable(), "again": sum(told[before:])}))
        seen(first)
        link.spoil(1, delay=0.1, ports=[first])
        seen(first)
        seen(second, link.mend)
        link.spoil(1, loss=0.15, ports=[first])
        seen(first, link.mend)
        seen(first)
        return 0
    finally:
        link.close()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        ask(sys.argv[1], int(sys.argv[2]))
    else:
        sys.exit(measure(sys.argv[1]))
