"""TLS, SASL and ACLs against a real Kafka: certificates on both sides, PLAIN on the system's librdkafka, SCRAM on a newer one."""

import json
import subprocess

import pytest

import house as houses_module
from account import Account
from certificates import Authority
from hostile import Platform
from house import metric
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


def mutual(authority, name, password=False):
    """The certificate of that name, and its key; which is encrypted where there is a password."""
    certificate, key, _ = authority.issue(name)
    if password:
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", key, "-v2", "aes-256-cbc", "-passout", f"pass:{PASSWORD}", "-out", f"{key}.locked"],
                       check=True, capture_output=True)
    return {"security-protocol": "SSL", "ssl-ca-location": str(authority.certificate), "ssl-certificate-location": str(certificate),
            "ssl-key-location": f"{key}.locked" if password else str(key), **({"ssl-key-password": "secret:kafka-password"} if password else {})}


def passes(house, secure_broker, platform, topic):
    house.put("secrets.d/kafka-password", PASSWORD + "\n")
    house.start()
    produced = produce(secure_broker.bootstrap, topic, [("k", json.dumps({"n": 1, "key": "k"})), ("bad", "not json")])
    account = Account(secure_broker.bootstrap, topic, platform)
    eventually(lambda: account.delivered() == {produced[0]} and account.all_committed(), 30, "one event and one letter", every=0.3)
    assert set(account.dead()) == {produced[1]}
    assert house.stop() == 0
    assert PASSWORD not in house.log()


@pytest.mark.parametrize("password", [False, True], ids=["plain key", "encrypted key"])
def test_mutual_tls(secure_broker, authority, platform, houses, topic, password):
    house = houses(secure_broker.mutual_bootstrap, {"p": platform.url}, {topic: {}}, mutual(authority, "alice", password))
    passes(house, secure_broker, platform, topic)


def test_a_certificate_for_kafka_that_ends_soon_is_told(secure_broker, authority, platform, houses, topic):
    ours, key = map(str, authority.issue("soon", days=3)[:2])
    house = houses(secure_broker.mutual_bootstrap, {"p": platform.url}, {topic: {}},
                   {**mutual(authority, "alice"), "ssl-certificate-location": ours, "ssl-key-location": key}).start(ready=False)
    eventually(lambda: "for Kafka expires soon" in house.log(), 20, "a line about it")
    (line,) = [line for line in map(json.loads, house.log().splitlines()) if "for Kafka expires soon" in line["message"]]
    assert (line["level"], line["days-left"]) == ("error", 2)
    assert house.stop() == 0


def test_mutual_tls_on_a_newer_library(secure_broker, authority, platform, houses, topic):
    if why := houses_module.missing("release-newest"):
        pytest.skip(f"no build with a newer librdkafka: {why} --librdkafka newest")
    house = houses(secure_broker.mutual_bootstrap, {"p": platform.url}, {topic: {}}, mutual(authority, "alice"), "release-newest")
    passes(house, secure_broker, platform, topic)


@pytest.mark.parametrize("fault, said", [
    ("none", None), ("expired", "`ssl-certificate-location`: the certificate has expired"),
    ("another's key", "the private key is not that of `ssl-certificate-location`"),
    ("no password", "the private key is encrypted, and there is no `ssl-key-password`"),
    ("wrong password", "`ssl-key-password` does not open the private key"),
    ("a key as certificate", "`ssl-certificate-location`: the file holds no certificate in PEM form"),
    ("a certificate as key", "`ssl-key-location`: the file holds no private key in PEM form"),
    ("a key as authority", "`ssl-ca-location`: the file holds no certificate in PEM form")])
def test_credentials_that_cannot_be_used_are_told_by_check(authority, houses, name, fault, said):
    kafka = mutual(authority, "carol", password="password" in fault)
    if fault == "expired":
        kafka["ssl-certificate-location"], kafka["ssl-key-location"] = map(str, authority.issue("late", days=-1)[:2])
    elif fault == "another's key":
        kafka["ssl-key-location"] = str(authority.issue("other")[1])
    elif fault == "no password":
        del kafka["ssl-key-password"]
    elif fault == "a key as certificate":
        kafka["ssl-certificate-location"] = kafka["ssl-key-location"]
    elif fault == "a certificate as key":
        kafka["ssl-key-location"] = kafka["ssl-certificate-location"]
    elif fault == "a key as authority":
        kafka["ssl-ca-location"] = kafka["ssl-key-location"]
    house = houses("localhost:1", {"p": "http://127.0.0.1:1"}, {name: {}}, kafka)
    house.put("secrets.d/kafka-password", "fel-hemligt" if fault == "wrong password" else PASSWORD)
    done = house.ctl("check")
    assert done.returncode == (0 if fault in ("none", "expired") else 78), done.stdout
    assert (said or "good: ") in done.stdout, done.stdout
    for secret in (PASSWORD, "fel-hemligt", "PRIVATE KEY"):
        assert secret not in done.stdout + done.stderr


def waits(house, words, password=PASSWORD):
    """It says why it cannot speak to Kafka, to everybody who asks, and goes on trying; nothing secret is said."""
    house.put("secrets.d/kafka-password", password)
    house.start(ready=False)
    eventually(lambda: any(word in house.log() for word in words), 30, lambda: f"one of {words} in:\n{house.log()[-3000:]}")
    eventually(house.socket.exists, 20, "the control socket")
    eventually(lambda: house.ask("/ready")[0] == 503 and "Kafka" in house.ask("/ready")[1], 30, lambda: f"Kafka in {house.ask('/ready')}")
    status = house.ctl("status")
    assert status.returncode == 1 and "kafka" in status.stdout, status.stdout
    assert metric(house.metrics(), "sluss_kafka_answers") == 0
    assert house.stop() == 0
    for said in (house.log(), status.stdout, status.stderr):
        assert password not in said and "PRIVATE KEY" not in said


@pytest.mark.parametrize("ours", ["of a stranger", "expired", "none"])
def test_a_broker_that_refuses_our_certificate_is_waited_for(secure_broker, authority, platform, houses, topic, tmp_path, ours):
    kafka = mutual(authority, "alice")
    if ours == "of a stranger":
        certificate, key, _ = Authority(tmp_path / "stranger").issue("alice")
    elif ours == "expired":
        certificate, key, _ = authority.issue("bob", days=-1)
    if ours == "none":
        del kafka["ssl-certificate-location"], kafka["ssl-key-location"]
    else:
        kafka |= {"ssl-certificate-location": str(certificate), "ssl-key-location": str(key)}
    house = houses(secure_broker.mutual_bootstrap, {"p": platform.url}, {topic: {}}, kafka)
    waits(house, ["certificate"])
    assert not platform.ledger


@pytest.mark.parametrize("options, word", [({"days": -1}, "expired"), ({"hosts": "DNS:elsewhere.example"}, "ostname mismatch"), (None, "certificate in certificate chain|unable to get local issuer")],
                         ids=["expired", "of another host", "of a stranger"])
def test_a_broker_whose_certificate_is_wrong_is_told_nothing(authority, houses, name, tmp_path, options, word):
    stranger = Authority(tmp_path / "stranger") if options is None else authority
    certificate, key, _ = stranger.issue("wrong", **(options or {}))
    with Platform(tls=(certificate, key)) as broker:
        kafka = {"security-protocol": "SASL_SSL", "sasl-mechanism": "PLAIN", "sasl-username": "alice", "sasl-password": "secret:kafka-password",
                 "ssl-ca-location": str(authority.certificate)}
        house = houses(broker.url.removeprefix("https://"), {"p": "http://127.0.0.1:1"}, {name: {}}, kafka)
        waits(house, word.split("|"))
        assert not broker.ledger


def test_plain(secure_broker, authority, platform, houses, topic):
    house = houses(secure_broker.secure_bootstrap, {"p": platform.url}, {topic: {}}, secure(authority, "PLAIN"))
    passes(house, secure_broker, platform, topic)


def system_library():
    text = subprocess.run(["pkg-config", "--modversion", "rdkafka"], capture_output=True, text=True).stdout
    return tuple(int(part) for part in text.strip().split("."))


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_scram_on_a_newer_library(secure_broker, authority, platform, houses, topic, mechanism):
    kind = houses_module.KIND if system_library() >= (2, 6, 1) else "release-newest"
    if why := houses_module.missing(kind):
        pytest.skip(f"no build with a newer librdkafka: {why} --librdkafka newest")
    house = houses(secure_broker.secure_bootstrap, {"p": platform.url}, {topic: {}}, secure(authority, mechanism), kind)
    passes(house, secure_broker, platform, topic)


@pytest.mark.skipif(system_library() >= (2, 6, 1), reason="the system's librdkafka can do SCRAM")
def test_scram_on_an_old_library_is_refused_with_its_cure(authority, houses, name):
    house = houses("localhost:1", {"p": "http://127.0.0.1:1"}, {name: {}}, secure(authority, "SCRAM-SHA-512"))
    house.put("secrets.d/kafka-password", PASSWORD)
    done = house.ctl("check")
    assert done.returncode == 78
    assert "SCRAM-SHA-512" in done.stdout and "2.6.1 or later" in done.stdout and "--librdkafka newest" in done.stdout


def test_wrong_password_never_becomes_ready_and_says_why(secure_broker, authority, platform, houses, topic):
    house = houses(secure_broker.secure_bootstrap, {"p": platform.url}, {topic: {}}, secure(authority, "PLAIN"))
    waits(house, ["uthentication failed"], password="fel-hemligt")
    assert not platform.ledger
