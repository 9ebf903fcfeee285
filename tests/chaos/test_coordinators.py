"""The questions to Kafka's coordinators, against one that answers as a test wants it."""

import pathlib
import socket
import struct
import sys
import threading
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import coordinators  # noqa: E402
from process import eventually  # noqa: E402


class Kafka:
    """One node. found, described: the errors that it answers; None: it closes the connection instead. state, members: of the group."""

    def __init__(self):
        self.found, self.described, self.asked, self.state, self.members = 0, 0, [], "Stable", 2
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                size, = struct.unpack(">i", coordinators._exactly(connection, 4))
                key, = struct.unpack(">h", coordinators._exactly(connection, size)[:2])
                finds = key == coordinators.FIND_COORDINATOR
                error = self.found if finds else self.described
                self.asked.append(key)
                if error is None:
                    continue
                answer = struct.pack(">ihih", 1, error, 1, 9) + b"127.0.0.1" + struct.pack(">i", self.port) if finds else \
                    struct.pack(">iih", 1, 1, error) + b"\0\1g" + coordinators._text(self.state) + b"\0\10consumer\xff\xff" + struct.pack(">i", self.members)
                connection.sendall(struct.pack(">i", len(answer)) + answer)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def kafka():
    node = Kafka()
    yield node
    node.close()


@pytest.mark.parametrize("found, described, words", [
    (0, 0, ""), (0, 14, "loads"), (0, 15, "not available"), (0, 16, "none"), (0, None, "closed"), (15, 0, "not known"), (None, 0, "not known"),
    (0, 30, "")])  # an error that is no coordinator's absence: we may not ask
def test_who_is_away(kafka, found, described, words):
    kafka.found, kafka.described = found, described
    said, members = coordinators.look([("127.0.0.1", 1), ("127.0.0.1", kafka.port)], "g")
    assert words in said and bool(said) == bool(words) and (members == 2 or found != 0 or described is None)


def test_a_group_that_has_committed_is_not_unknown(kafka):
    kafka.state, kafka.members = "Dead", 0
    assert coordinators.look([("127.0.0.1", kafka.port)], "g") == ("has forgotten the group", 0)


def test_an_absence_ends_at_the_last_question_in_vain(kafka, monkeypatch):
    monkeypatch.setattr(coordinators, "EACH", 0.01)
    kafka.described = 16
    watch = coordinators.Coordinators([("127.0.0.1", kafka.port)], {"g": 2, "h": 2}, 60)
    eventually(lambda: len(kafka.asked) > 20, 20, "some questions in vain")
    kafka.described = 0
    there = len(kafka.asked)
    eventually(lambda: len(kafka.asked) > there + 10, 20, "some answers")
    watch.close()
    (one,), (other,) = watch.absences["g"], watch.absences["h"]
    assert one.words == "says that it is none" and one.ended > one.began
    whole = one.ended - one.began
    assert watch.absent("g", 0, float("inf")) == whole
    assert watch.absent("g", one.began + whole / 4, one.ended - whole / 4) == pytest.approx(whole / 2)
    assert watch.absent("g", one.ended, float("inf")) == 0 and watch.absent("h", 0, other.began) == 0


@pytest.mark.parametrize("joining, absences", [(0, 2), (60, 1)])
def test_answers_in_between_are_no_absence_if_they_let_somebody_in(monkeypatch, joining, absences):
    monkeypatch.setattr(coordinators, "EACH", 0)
    monkeypatch.setattr(coordinators, "JOINING", joining)
    asked = []

    def look(*_):
        asked.append(0)
        return "away" if len(asked) in (1, 3) else "", 2
    monkeypatch.setattr(coordinators, "look", look)
    watch = coordinators.Coordinators([], {"g": 2}, 60)
    eventually(lambda: len(asked) > 4, 20, "some answers")
    watch.close()
    found = watch.absences["g"]
    assert len(found) == absences and found[0].ended <= found[-1].ended


@pytest.mark.parametrize("members, kept", [(2, False), (3, True)])
def test_members_that_have_gone_are_given_up_after_a_session(kafka, monkeypatch, members, kept):
    monkeypatch.setattr(coordinators, "EACH", 0.01)
    kafka.members = members
    began = time.monotonic()
    watch = coordinators.Coordinators([("127.0.0.1", kafka.port)], {"g": 2}, 0.3)
    eventually(lambda: time.monotonic() - began > 0.4 and (watch.absences["g"] or not kept) and len(kafka.asked) > 20, 20, "a session")
    watch.close()
    assert [one.words for one in watch.absences["g"]] == ["keeps 1 members that have gone"] * kept
    assert all(one.began - began > 0.3 for one in watch.absences["g"])
