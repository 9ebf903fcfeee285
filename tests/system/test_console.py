"""slussctl on a bad day: a slussd that hangs, ends, is of another version or is none at all; sockets that may not be used; output
that cannot be written; terminals of any width."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import termios
import threading

import pytest

import house as houses_module
from process import eventually

ASKING = (("status",), ("why", "bygglov"), ("release", "bygglov"), ("reload",), ("reload", "--wait"))


def ctl(*words, **options):
    return subprocess.run([houses_module.binaries() / "slussctl", *map(str, words)], capture_output=True, text=True, timeout=90, **options)


@pytest.fixture
def place(tmp_path):
    if why := houses_module.missing():
        pytest.skip(why)
    return tmp_path / "s"


@contextlib.contextmanager
def listener(path, answer):
    """Somebody at the socket: each connection is given to answer(connection), in a thread of its own."""
    ends = threading.Event()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen(8)
        door.settimeout(0.1)

        def serve(connection):
            with connection, contextlib.suppress(OSError):
                answer(connection, ends)

        def accept():
            while not ends.is_set():
                with contextlib.suppress(TimeoutError):
                    threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield
        finally:
            ends.set()
            thread.join()


def saying(body, status="200 OK", size=None):
    """An answer with this body; `size` is what its header says of it."""
    def answer(connection, _):
        connection.recv(4096)
        text = body.encode()
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(text) if size is None else size}\r\n\r\n".encode() + text)
    return answer


def silent(connection, ends):
    ends.wait()


def dribbling(connection, ends):
    """Never ends, and never is silent for long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not ends.wait(0.2):
        connection.sendall(b"x")


def closing(connection, _):
    connection.recv(4096)


def status(version=None, **route):
    """What a slussd with one route says."""
    plain = {"name": "bygglov", "state": "running", "well": True, "why": None, "owner": "o@example.se", "oldest-ms": None, "platform": "oep",
             "events": {"unsettled": 0, "delivered": 1, "dead-lettered": 0}, "rates": None, "partitions": [], "waiting": {"keys": 0, "longest": []}}
    version = version or ctl("--version").stdout.split()[1]
    return {"version": version, "routes": [{**plain, **route}], "platforms": [], "configuration-errors": 0}


@pytest.mark.parametrize("answer", [silent, dribbling])
def test_who_does_not_answer_is_not_waited_for_for_ever(place, answer):
    with listener(place, answer):
        done = ctl("status", "--socket", place)
    assert done.returncode == 69 and f"no answer on {place} within 5 s" in done.stderr and "systemctl status slussd" in done.stderr, done


def test_nobody_and_nobody_any_more(place):
    """A socket that never was, and one that was left behind by kill -9."""
    for words in ASKING:
        done = ctl(*words, "--socket", place)
        assert done.returncode == 69 and "start slussd" in done.stderr and not done.stdout, done
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place))
    for words in ASKING:
        done = ctl(*words, "--socket", place)
        assert done.returncode == 69 and "Connection refused" in done.stderr and "start slussd" in done.stderr, done


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_socket_without_permission(place):
    place.parent.chmod(0o755)
    with listener(place, silent):
        place.chmod(0o600)
        for folder in list(place.parents)[:-1]:  # down to the socket everybody may go; it is the socket that forbids
            mode = folder.stat().st_mode
            if mode & 0o001 == 0:
                folder.chmod(mode | 0o011)
        done = ctl("status", "--socket", place, user=65534, group=65534, extra_groups=[])
    assert done.returncode == 69 and "Permission denied" in done.stderr and "group sluss-admin" in done.stderr, done


def test_who_ends_before_or_within_an_answer(place):
    with listener(place, closing):
        for words in ASKING:
            done = ctl(*words, "--socket", place)
            assert done.returncode == 69 and "closed the connection" in done.stderr and "ask again" in done.stderr, done
    place.unlink()
    with listener(place, saying(json.dumps(status())[:80], size=500)):
        done = ctl("status", "--socket", place)
        assert done.returncode == 69 and "within its answer: ask again" in done.stderr and not done.stdout, done


@pytest.mark.parametrize("text", ['{"hello": "world"}', "[]", "null", "<html>", '{"routes": 7, "platforms": []}', ""])
def test_what_is_no_status_does_not_look_well(place, text):
    with listener(place, saying(text)):
        for verb in (("status",), ("why", "bygglov")):
            done = ctl(*verb, "--socket", place)
            assert done.returncode == 69 and "not slussd, or one that this slussctl" in done.stderr and not done.stdout, done


def test_another_version_is_told_and_shown_as_far_as_known(place):
    with listener(place, saying(json.dumps(status(version="9.9.9", state="dancing", well=False, why="in a new way")))):
        done = ctl("status", "--socket", place)
        assert done.returncode == 1 and "dancing" in done.stdout and "in a new way" in done.stdout, done
        assert "slussd is version 9.9.9" in done.stderr and "restart slussd" in done.stderr
    place.unlink()
    with listener(place, saying(json.dumps({"routes": [{"name": "bygglov"}, {}, 7], "platforms": [None, {"name": "oep"}]}))):
        assert ctl("status", "--socket", place).returncode == 1
        assert ctl("why", "bygglov", "--socket", place).returncode == 1
    place.unlink()
    with listener(place, saying(json.dumps(status()))):
        done = ctl("status", "--socket", place)
        assert (done.returncode, done.stderr) == (0, ""), done


def test_output_that_cannot_be_written(place):
    with listener(place, saying(json.dumps(status()))), open("/dev/full", "w", encoding="ascii") as full:
        for words in (("status",), ("status", "--json"), ("why", "bygglov"), ("why", "bygglov", "--json")):
            done = subprocess.run([houses_module.binaries() / "slussctl", *words, "--socket", place], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
            assert done.returncode == 74 and "cannot be written" in done.stderr, done


def on_terminal(columns, words, **environment):
    """What it writes to a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    base = {name: value for name, value in os.environ.items() if name not in ("LANG", "LC_ALL", "LC_CTYPE", "COLUMNS")}
    with subprocess.Popen([houses_module.binaries() / "slussctl", *map(str, words)], stdin=slave, stdout=slave, stderr=subprocess.PIPE,
                          env={**base, "NO_COLOR": "1", **environment}) as process:
        os.close(slave)
        text = b""
        with contextlib.suppress(OSError):
            while more := os.read(master, 65536):
                text += more
    os.close(master)
    return text.decode("utf-8").replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 250])
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_terminals_of_any_width(place, columns, locale):
    why = "platform oep is held: its certificate is not trusted: CN=Länsstyrelsen i Västerbotten, and so on for a while"
    route = status(state="platform", well=False, why=why, name="bygglov-överklagan",
                   waiting={"keys": 1, "longest": [{"event": "bygglov.arende.v1/3/1047", "key": "00c0ffee", "why": "the platform is not up",
                                                    "waiting-ms": 90000, "behind": 3, "attempts": 2, "status": 401, "next-try-in-ms": 5000}]})
    with listener(place, saying(json.dumps(route))):
        for words in (("status",), ("why", "bygglov-överklagan")):
            text = on_terminal(columns, (*words, "--socket", place), LC_ALL=locale)
            flat = " ".join(text.split())
            for word in ("bygglov-", "platform", "certificate", "while"):
                assert word in flat, (word, text)
            if locale == "C.UTF-8":
                assert "bygglov-överklagan" in flat and "Länsstyrelsen" in flat, text
                if columns >= 80:  # in less the table's first columns have no room
                    assert max(map(len, text.splitlines())) <= columns, text


def test_a_slussd_that_stands_still(houses, name):
    """SIGSTOP: it listens, and does not answer; afterwards all is as before."""
    house = houses("127.0.0.1:1", {"p": "http://127.0.0.1:1"}, {name: {}}).start(ready=False)
    eventually(lambda: house.socket.exists() and house.ctl("status").returncode == 1, 30, "slussd to answer")
    house.daemon.signal(signal.SIGSTOP)
    try:
        done = house.ctl("status")
        assert done.returncode == 69 and "within 5 s" in done.stderr, done
    finally:
        house.daemon.signal(signal.SIGCONT)
    eventually(lambda: house.ctl("status").returncode == 1, 30, "slussd to answer again")
    assert house.stop() == 0
