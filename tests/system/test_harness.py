"""The harness proved by itself: python's own HTTP client against the hostile platform, processes that die. No slussd here."""

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import time

import pytest

import hostile
from certificates import Authority
from hostile import Platform
from process import Process, claim, eventually, free_ports


def ask(platform, target="/", method="POST", body=b"{}", connection=None, timeout=60):
    connection = connection or http.client.HTTPConnection("127.0.0.1", platform.port, timeout=timeout)
    connection.request(method, target, body, {"Idempotency-Key": "a/1"})
    answer = connection.getresponse()
    return answer.status, answer.read(), connection


@pytest.fixture
def platform():
    with Platform() as platform:
        yield platform


def test_records_in_order_over_one_connection(platform):
    _, _, connection = ask(platform, "/a", body=b"one")
    ask(platform, "/b", body=b"two", connection=connection)
    first, second = platform.ledger
    assert (first.target, first.body, first.headers["idempotency-key"], first.answer) == ("/a", b"one", "a/1", 200)
    assert (second.number, second.connection) == (2, first.connection)
    assert first.at <= second.at


def test_reads_chunked(platform):
    connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=60)
    connection.request("POST", "/", iter([b"ab", b"c"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    assert connection.getresponse().status == 200
    assert platform.ledger[0].body == b"abc"


def test_rule_is_used_up_and_removed(platform):
    platform.on("/a", hostile.status(503), hostile.status(400, "no"))
    assert [ask(platform, "/a")[:2] for _ in range(3)] == [(503, b""), (400, b"no"), (200, b"")]
    rule = platform.always(lambda request: request.body == b"x", hostile.status(401))
    assert [ask(platform, "/b", body=b"x")[0] for _ in range(2)] == [401, 401]
    rule.remove()
    assert ask(platform, "/b", body=b"x")[0] == 200


def test_percentages_repeat_with_the_seed():
    drawn = []
    for _ in range(2):
        with Platform() as platform:
            platform.sometimes(30, hostile.status(500), seed=7)
            connection, answers = None, []
            for _ in range(200):
                code, _, connection = ask(platform, connection=connection)
                answers.append(code)
            drawn.append(answers)
    assert drawn[0] == drawn[1]
    assert 30 <= drawn[0].count(500) <= 90


@pytest.mark.parametrize("answer, error", [
    (hostile.reset(), ConnectionResetError),
    (hostile.close(), http.client.RemoteDisconnected),
    (hostile.hang(), TimeoutError),
    (hostile.only_interim(), TimeoutError),
    (hostile.cut_body(), http.client.IncompleteRead),
    (hostile.endless_headers(), http.client.HTTPException),
    (hostile.garbage(), http.client.BadStatusLine),
], ids=lambda value: getattr(value, "label", None))
def test_misdeeds(platform, answer, error):
    platform.on("/", answer)
    with pytest.raises(error):
        ask(platform, timeout=0.5 if error is TimeoutError else 60)
    assert platform.wait_for(1)[0].answer == answer.label, "read before the misdeed"
    assert ask(platform)[0] == 200, "and the next is answered"


def test_endless_body_never_ends(platform):
    platform.on("/", hostile.endless_body())
    connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=60)
    connection.request("GET", "/")
    assert len(connection.getresponse().read(1 << 20)) == 1 << 20
    connection.close()


def test_milder_answers(platform):
    platform.on("/", hostile.interim_then(hostile.status(200, "ok"), 100), hostile.redirect("http://example.se/"),
                hostile.retry_after("3"), hostile.slow_body(0.3), hostile.wait(0.3, hostile.status(204)))
    assert ask(platform)[:2] == (200, b"ok")
    assert ask(platform)[0] == 302
    assert ask(platform)[0] == 429
    began = time.monotonic()
    assert ask(platform)[:2] == (200, b"xxx")
    assert ask(platform)[0] == 204
    assert time.monotonic() - began >= 0.5


def test_close_after_an_answer_that_promised_more(platform):
    platform.on("/", hostile.close_after(hostile.status(200)))
    code, _, connection = ask(platform)
    assert code == 200
    assert connection.sock.recv(1) == b""


def test_refuses_and_listens_again(platform):
    _, _, connection = ask(platform)
    platform.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(platform)
    assert connection.sock.recv(1) == b"", "open connections end too"
    platform.listen()
    assert ask(platform)[0] == 200


def test_nobody_else_gets_the_port_of_one_that_refuses(platform):
    platform.refuse()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", platform.port))
    platform.listen()
    assert ask(platform)[0] == 200


def test_tls(tmp_path):
    authority = Authority(tmp_path)
    certificate, key, _ = authority.issue("platform")
    with Platform(tls=(certificate, key)) as platform:
        trust = ssl.create_default_context(cafile=authority.certificate)
        connection = http.client.HTTPSConnection("localhost", platform.port, timeout=60, context=trust)
        assert ask(platform, connection=connection)[0] == 200
        stranger = http.client.HTTPSConnection("localhost", platform.port, timeout=60)
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(platform, connection=stranger)


def test_proxy(platform):
    with Platform(proxy=True) as proxy:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
        assert ask(proxy, f"{platform.url}/absolute", connection=connection)[0] == 200
        tunnel = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
        tunnel.set_tunnel("127.0.0.1", platform.port)
        assert ask(platform, "/inside", connection=tunnel)[0] == 200
        tunnel.close()
        assert [(request.method, request.target) for request in proxy.ledger] == [
            ("POST", f"{platform.url}/absolute"), ("CONNECT", f"127.0.0.1:{platform.port}")]
        assert platform.ledger[0].target == "/inside"


def test_children_die_with_the_test_that_made_them(tmp_path):
    program = textwrap.dedent(f"""
        import os, signal, sys
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        from process import Process
        print(Process(["sleep", "600"], {str(tmp_path / "log")!r}).pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    child = int(done.stdout)

    def gone():
        try:
            with open(f"/proc/{child}/stat", encoding="ascii") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True
    eventually(gone, 20, "the child's end")
    assert done.returncode == -signal.SIGKILL


def test_process_tells_status_and_output(tmp_path):
    process = Process(["sh", "-c", "echo hello; exit 75"], tmp_path / "log")
    assert process.wait() == 75
    assert process.output() == "hello\n"
    with pytest.raises(AssertionError, match="in vain for: the sun"):
        eventually(lambda: False, 0.1, "the sun")
    with socket.socket():
        assert not process.running()


def test_ports_are_given_once(tmp_path):
    """Also to tests of other processes, and while nobody listens there; until their process ends."""
    program = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        from process import free_ports
        print(*free_ports(2), flush=True)
        sys.stdin.read()
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        theirs = [int(word) for word in other.stdout.readline().split()]
        assert len(theirs) == 2 and not any(claim(port) for port in theirs)
        other.stdin.close()
    assert all(claim(port) for port in theirs)
    ours = free_ports(3)
    assert len(set(ours)) == 3 and not any(claim(port) for port in ours)
