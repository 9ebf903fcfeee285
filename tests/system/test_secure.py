"""TLS, SASL and ACLs against a real Kafka: PLAIN on the system's librdkafka, SCRAM on a newer one."""

import json
import subprocess

import pytest

import house as houses_module
from account import Account
from process import eventually
from records import produce

PASSWORD = "hemligt-ord"


def secure(authority, mechanism):
    return {"security-protocol": "SASL_SSL", "sasl-mechanism": mechanism, "sasl-username": "alice",
            "sasl-password": "secret:kafka-password", "ssl-ca-location": str(authority.certificate)}


@pytest.fixture
def topic(secure_broker, name):
    secure_broker.create_topic(name, 2)
    secure_broker.create_topic(f"{name}.dlq")
    secure_broker.allow("alice", "TOPIC", name, "READ", "DESCRIBE")
    secure_broker.allow("alice", "TOPIC", f"{name}.dlq", "WRITE", "DESCRIBE")
    secure_broker.allow("alice", "GROUP", f"sluss.{name}", "READ", "DESCRIBE")
    return name


def passes(secure_broker, authority, platform, houses, topic, mechanism, kind):
    house = houses(secure_broker.secure_bootstrap, {"p": platform.url}, {topic: {}}, secure(authority, mechanism), kind)
    house.put("secrets.d/kafka-password", PASSWORD + "\n")
    house.start()
    produced = produce(secure_broker.bootstrap, topic, [("k", json.dumps({"n": 1, "key": "k"})), ("bad", "not json")])
    account = Account(secure_broker.bootstrap, topic, platform)
    eventually(lambda: account.delivered() == {produced[0]} and account.all_committed(), 30, "one event and one letter", every=0.3)
    assert set(account.dead()) == {produced[1]}
    assert house.stop() == 0
    assert PASSWORD not in house.log()


def test_plain(secure_broker, authority, platform, houses, topic):
    passes(secure_broker, authority, platform, houses, topic, "PLAIN", houses_module.KIND)


def system_library():
    text = subprocess.run(["pkg-config", "--modversion", "rdkafka"], capture_output=True, text=True).stdout
    return tuple(int(part) for part in text.strip().split("."))


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_scram_on_a_newer_library(secure_broker, authority, platform, houses, topic, mechanism):
    kind = houses_module.KIND if system_library() >= (2, 6, 1) else "release-newest"
    if why := houses_module.missing(kind):
        pytest.skip(f"no build with a newer librdkafka: {why} --librdkafka newest")
    passes(secure_broker, authority, platform, houses, topic, mechanism, kind)


@pytest.mark.skipif(system_library() >= (2, 6, 1), reason="the system's librdkafka can do SCRAM")
def test_scram_on_an_old_library_is_refused_with_its_cure(authority, houses, name):
    house = houses("localhost:1", {"p": "http://127.0.0.1:1"}, {name: {}}, secure(authority, "SCRAM-SHA-512"))
    house.put("secrets.d/kafka-password", PASSWORD)
    done = house.ctl("check")
    assert done.returncode == 78
    assert "SCRAM-SHA-512" in done.stdout and "2.6.1 or later" in done.stdout and "--librdkafka newest" in done.stdout


def test_wrong_password_never_becomes_ready_and_says_why(secure_broker, authority, platform, houses, topic):
    house = houses(secure_broker.secure_bootstrap, {"p": platform.url}, {topic: {}}, secure(authority, "PLAIN"))
    house.put("secrets.d/kafka-password", "fel")
    house.start(ready=False)
    eventually(lambda: "uthentication" in house.log(), 20, lambda: f"a word about authentication in:\n{house.log()[-2000:]}")
    eventually(house.socket.exists, 20, "the control socket")
    assert house.ask("/ready")[0] == 503
    house.stop()
    assert "fel\n" not in house.log()
