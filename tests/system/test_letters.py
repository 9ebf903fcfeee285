"""Dead letters on a real Kafka: what they carry, and topics that are missing or take less."""

import json

import pytest

from account import Account
from process import eventually
from records import produce


@pytest.fixture
def topic(broker, name):
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    return name


def test_dead_letter_carries_all_and_tells_why(broker, platform, houses, topic):
    house = houses(broker.bootstrap, {"p": platform.url}, {topic: {}}).start()
    ((partition, offset),) = produce(broker.bootstrap, topic, [(b"\x00key", b"\xff{not json", [("h", b"\x01"), ("h", b"2")])])
    account = Account(broker.bootstrap, topic, platform)
    ((letter,),) = eventually(account.dead, 20, "the letter").values()
    assert (letter.key, letter.value) == (b"\x00key", b"\xff{not json")
    assert letter.names[:2] == ["h", "h"]
    headers = letter.headers
    assert (headers["sluss-reason"], headers["sluss-stage"], headers["sluss-route"]) == ("not-json", "decode", topic)
    assert (headers["sluss-topic"], headers["sluss-partition"], headers["sluss-offset"]) == (topic, str(partition), str(offset))
    assert json.loads(headers["sluss-detail"]) is not None and headers["sluss-detail"].isascii()
    for wanted in ("sluss-timestamp", "sluss-attempts", "sluss-first-failed", "sluss-generation"):
        assert wanted in headers
    assert len(set(letter.names) - {"h"}) == len(letter.names) - 2, "no header twice"
    assert house.stop() == 0


def test_dead_letters_that_the_topic_finds_too_large_are_smaller(broker, platform, houses, name):
    """Without the value, where that is too large; without headers and key, where these are. Small ones beside them are whole."""
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq", max_message_bytes=4000)
    produce(broker.bootstrap, name, [
        ("small", "x"), ("value", "x" * 10_000), ("headers", "x", [("h", "y" * 10_000)]), ("k" * 10_000, "x" * 10_000, [("h", "y" * 10_000)]), ("last", "x")])
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {"retry": {"first": "100ms", "max": "1s"}}}).start()
    account = Account(broker.bootstrap, name, platform)
    eventually(lambda: len(account.dead()) == 5, 30, lambda: f"five letters; {account.dead()}")
    letters = {offset: one for (_, offset), (one,) in account.dead().items()}

    def told(offset):
        return {name: letters[offset].headers.get(f"sluss-{name}-omitted") for name in ("value", "headers", "key")}
    for offset, key in (0, b"small"), (4, b"last"):
        assert (letters[offset].key, letters[offset].value, set(told(offset).values())) == (key, b"x", {None})
    assert (letters[1].key, letters[1].value, told(1)) == (b"value", None, {"value": "10000", "headers": None, "key": None})
    assert (letters[2].key, letters[2].value, told(2)) == (b"headers", None, {"value": "1", "headers": "1", "key": None})
    assert (letters[3].key, letters[3].value, told(3)) == (None, None, {"value": "10000", "headers": "1", "key": "10000"})
    assert all(letters[offset].headers["sluss-reason"] == "not-json" for offset in letters)
    assert house.stop() == 0
    assert account.all_committed()


def test_dead_letter_topic_missing_then_created(broker, platform, houses, name):
    broker.create_topic(name)
    house = houses(broker.bootstrap, {"p": platform.url}, {name: {}}).start(ready=False)
    produced = produce(broker.bootstrap, name, [("bad", "not json"), ("good", '{"n":1,"key":"good"}')])
    account = Account(broker.bootstrap, name, platform)
    eventually(lambda: produced[1] in account.delivered(), 30, "another key to go on")

    def told():
        try:
            return house.ask("/ready")
        except OSError:
            return 0, ""
    eventually(lambda: told()[0] == 503 and f"{name}.dlq" in told()[1], 30, lambda: f"/ready to name the topic: {told()}")
    assert account.committed() == {0: 0}, "nothing is committed past the event whose letter nobody took"
    broker.create_topic(f"{name}.dlq")
    eventually(account.all_committed, 90, "the commit after the letter", every=0.5)
    assert [letters[0].value for letters in account.dead().values()] == [b"not json"]
    eventually(lambda: told()[0] == 200, 70, lambda: f"/ready: {told()}")
    assert house.stop() == 0
