"""Platforms that misbehave: each event ends where SEMANTICS' table says, after as many requests as it says."""

import json
import re
import ssl

import pytest

import hostile
from account import Account
from process import eventually
from records import produce

# The misdeed that one event meets first, and how many requests it takes until it is delivered.
MENDED = [
    ("503", hostile.status(503), 2), ("500", hostile.status(500), 2), ("502", hostile.status(502, "x" * 100_000), 2),
    ("408", hostile.status(408), 2), ("425", hostile.status(425), 2),
    ("reset", hostile.reset(), 2), ("close", hostile.close(), 2), ("hang", hostile.hang(), 2),
    ("endless headers", hostile.endless_headers(), 2), ("garbage", hostile.garbage(), 2),
    ("only 1xx", hostile.only_interim(), 2), ("1xx, then 200", hostile.interim_then(hostile.status(200)), 1),
    ("cut body", hostile.cut_body(), 1), ("endless body", hostile.endless_body(), 1), ("slow body", hostile.slow_body(8), 1),
    ("close after 200", hostile.close_after(hostile.status(200)), 1), ("201", hostile.status(201), 1),
    ("slow answer", hostile.wait(1, hostile.status(200)), 1),
]
REFUSED = [400, 404, 405, 409, 410, 413, 415, 422, 451]


def body(**members):
    return json.dumps(members, separators=(",", ":"))


def met(number):
    return lambda request: request.body.startswith(b'{"n":%d,' % number)


@pytest.fixture
def topic(broker, name):
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    return name


def start(houses, broker, topic, platform, breaker=1000, timeout="30s", **deliver):
    return houses(broker.bootstrap, {"p": {"base-url": platform.url, "timeout": timeout, "breaker": {"failures": breaker, "open": "1s"}}}, {
        topic: {"retry": {"first": "200ms", "max": "1s"}, "deliver": {"platform": "p", "path": "/in", "refusals": 2, **deliver}}}).start()


def test_every_misdeed_is_mended_or_buried(broker, platform, houses, topic):
    for number, (_, answer, _) in enumerate(MENDED):
        platform.on(met(number), answer)
    for number, code in enumerate(REFUSED, len(MENDED)):
        platform.always(met(number), hostile.status(code, "no"))
    produced = produce(broker.bootstrap, topic, [
        (f"k{n}", body(n=n, key=f"k{n}", secret="hemlighet")) for n in range(len(MENDED) + len(REFUSED))])
    house = start(houses, broker, topic, platform, timeout="10s")  # longer than a machine that has no time for us keeps an answer back
    account = Account(broker.bootstrap, topic, platform)
    eventually(account.all_committed, 60, lambda: f"the end of all; delivered {sorted(account.delivered())}", every=0.3)
    asked = {}
    for _, event in account.requests():
        asked[event] = asked.get(event, 0) + 1
    wrong = {name: asked[produced[n]] for n, (name, _, wanted) in enumerate(MENDED) if asked[produced[n]] != wanted}
    assert wrong == {}, "requests until delivered"
    dead = account.dead()
    assert set(dead) == set(produced[len(MENDED):])
    for number, code in enumerate(REFUSED, len(MENDED)):
        (letter,) = dead[produced[number]]
        assert (asked[produced[number]], letter.headers["sluss-reason"], letter.headers["sluss-attempts"]) == (2, "refused", "2"), code
        assert str(code) in letter.headers["sluss-detail"]
    ids = {}
    for request, event in account.requests():
        ids.setdefault(event, set()).add((request.headers["idempotency-key"], request.headers["webhook-id"]))
    assert all(len(found) == 1 for found in ids.values()), "the same ids over every retry"
    assert house.stop() == 0
    assert "hemlighet" not in house.log(), "no value of an event in the log"


@pytest.mark.parametrize("answer", [hostile.status(401), hostile.status(403), hostile.redirect("/elsewhere")], ids=lambda answer: answer.label)
def test_a_platform_that_must_be_mended_is_held(broker, platform, houses, topic, answer):
    rule = platform.always("", answer)
    produced = produce(broker.bootstrap, topic, [(f"k{n}", body(n=n, key=f"k{n}")) for n in range(40)])
    house = start(houses, broker, topic, platform, breaker=5)
    account = Account(broker.bootstrap, topic, platform)
    platform.wait_for(16, 20)
    # All that were in flight when the first answer came, then probes alone: one a second and slower.
    house.ask("/live")
    rule.remove()
    eventually(lambda: account.delivered() >= set(produced), 40, "all, once the platform is well again")
    assert account.dead() == {}, "held platforms never dead-letter"
    assert all(request.target == "/in" for request in platform.ledger), "redirects are not followed"
    assert house.stop() == 0


def test_retry_after_holds_the_platform(broker, platform, houses, topic):
    platform.on("", hostile.retry_after("4"))
    house = start(houses, broker, topic, platform)
    produced = produce(broker.bootstrap, topic, [("k1", body(n=1, key="k1"))])
    (first,) = platform.wait_for(1, 20)
    produced += produce(broker.bootstrap, topic, [("k2", body(n=2, key="k2"))])
    account = Account(broker.bootstrap, topic, platform)
    eventually(lambda: account.delivered() >= set(produced), 20, "both")
    assert platform.ledger[1].at - first.at >= 3.9, "nothing was sent while the platform asked for patience"
    held = [line for line in map(json.loads, house.log().splitlines()) if "platform is held" in line["message"]]
    assert [(line["level"], line["status"], line["why"]) for line in held] == [("warning", 429, "it asks us to wait (Retry-After)")]
    assert house.stop() == 0


def test_a_body_decides(broker, platform, houses, topic):
    """With accept-body a 200 is a success only by what it says; a body that is cut, too long or hostile says nothing."""
    platform.otherwise = hostile.status(200, '{"code":20}')
    misdeeds = [hostile.status(200, '{"code":21}'), hostile.status(200, "<html>"), hostile.status(200), hostile.endless_body(),
                hostile.cut_body(), hostile.status(200, "[" * 60000), hostile.status(200, '{"code":20,"code":20}')]
    for number, answer in enumerate(misdeeds):
        platform.on(met(number), answer)
    platform.always(met(len(misdeeds)), hostile.status(500, "<fault>AccessDenied 19121212-1212</fault>"))
    produced = produce(broker.bootstrap, topic, [(f"k{n}", body(n=n, key=f"k{n}")) for n in range(len(misdeeds) + 1)])
    house = houses(broker.bootstrap, {"p": {
        "base-url": platform.url, "accept-body": "$.code == 20", "permanent-body": ["NotFound", "AccessDenied"], "breaker": {"failures": 1000}}}, {
            topic: {"retry": {"first": "200ms", "max": "1s"}}}).start()
    account = Account(broker.bootstrap, topic, platform)
    eventually(account.all_committed, 30, lambda: f"the end of all; delivered {sorted(account.delivered())}", every=0.3)
    asked = [sum(1 for _, event in account.requests() if event == one) for one in produced]
    assert asked == [2] * len(misdeeds) + [1]
    ((letter,),) = account.dead().values()
    assert (letter.headers["sluss-reason"], letter.headers["sluss-attempts"]) == ("refused", "1")
    assert json.loads(letter.headers["sluss-detail"])["why"] == "body permanent"
    assert "1212" not in letter.headers["sluss-detail"], "no personal number"
    assert house.stop() == 0


@pytest.mark.parametrize("ambiguous, requests", [("retry", 2), ("dead-letter", 1), ("hold", 1)])
def test_a_request_in_doubt_is_sent_again_only_if_the_route_says_so(broker, platform, houses, topic, ambiguous, requests):
    """A kept connection that is closed once the request was read: libcurl alone would send it again and say nothing."""
    house = start(houses, broker, topic, platform, ambiguous=ambiguous)
    produced = produce(broker.bootstrap, topic, [("k0", body(n=0, key="k0"))])
    account = Account(broker.bootstrap, topic, platform)
    eventually(lambda: account.delivered() >= set(produced), 20, "the one that leaves a connection")
    platform.on(met(1), hostile.close())
    produced += produce(broker.bootstrap, topic, [("k1", body(n=1, key="k1"))])
    platform.wait_for(1, 20, met(1))
    if ambiguous == "hold":
        eventually(lambda: '"message":"sent, but no answer came' in house.log(), 20, "the key held")
    else:
        eventually(account.all_committed, 30, "the end of both")
    assert [request.connection for request in platform.ledger[:2]] == [1, 1], "the connection was kept"
    assert len([request for request in platform.ledger if met(1)(request)]) == requests
    assert len(account.dead()) == (ambiguous == "dead-letter")
    assert house.stop() == 0


def test_a_rate_is_kept(broker, platform, houses, topic):
    platform.on("", hostile.status(500), hostile.status(500))
    produced = produce(broker.bootstrap, topic, [(f"k{n}", body(n=n, key=f"k{n}")) for n in range(60)])
    house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "rate": "20/s"}}, {
        topic: {"retry": {"first": "200ms", "max": "1s"}}}).start()
    account = Account(broker.bootstrap, topic, platform)
    eventually(lambda: account.delivered() >= set(produced), 30, "all")
    assert house.stop() == 0
    assert len(platform.ledger) == 62, "two were answered 500 and repeated"
    times = sent_at(house)  # by its own clock: the platform may read late, and then several at once
    assert len(times) == 62
    assert times[-1] - times[0] >= (len(times) - 1 - 2) / 20 - 0.1, "20 a second, a tenth of a second's at once"
    assert max(sum(1 for at in times if first <= at < first + 1) for first in times) <= 24, "in no second more"


def sent_at(house):
    """Of each request: seconds of the clock of slussd's one worker, as its log has them."""
    now, times = 0, []
    for step, sends in re.findall(r'"message":"(?:\[ *(\d+)\]|(  send request))', house.log()):
        now = int(step) / 1000 if step else now
        times += [now] if sends else []
    return times


def test_nobody_listens_for_a_while(broker, platform, houses, topic):
    platform.refuse()
    produced = produce(broker.bootstrap, topic, [(f"k{n}", body(n=n, key=f"k{n}")) for n in range(200)])
    house = start(houses, broker, topic, platform, breaker=5)
    account = Account(broker.bootstrap, topic, platform)
    eventually(lambda: state_of(house) in ("open", "half-open", "held"), 30, lambda: f"the breaker; it is {state_of(house)}")
    assert not any(account.committed().values())
    platform.listen()
    eventually(lambda: account.delivered() >= set(produced), 40, "all, once somebody listens")
    assert account.dead() == {}
    assert set(account.deliveries().values()) == {1}
    assert house.stop() == 0


def state_of(house):
    """The state of platform p in the metrics."""
    for (series, labels), value in house.metrics().items():
        labels = dict(labels)
        if series == "sluss_platform_state" and labels["platform"] == "p" and value == 1:
            return labels["state"]
    return None


def test_one_event_that_is_answered_500_for_ever_stops_only_its_key(broker, platform, houses, topic):
    platform.always(met(0), hostile.status(500))
    produced = produce(broker.bootstrap, topic, [
        (f"k{n % 5}", body(n=n, key=f"k{n % 5}"), (), 0) for n in range(50)])
    house = houses(broker.bootstrap, {"p": platform.url}, {
        topic: {"retry": {"first": "200ms", "max": "500ms", "for": "3s"}}}).start()
    account = Account(broker.bootstrap, topic, platform)
    others = {place for n, place in enumerate(produced) if n % 5}
    eventually(lambda: account.delivered() >= others, 20, "the other keys")
    eventually(lambda: account.delivered() >= set(produced[1:]), 30, "its key, after it")
    ((letter,),) = account.dead().values()
    assert (letter.offset, letter.headers["sluss-reason"], letter.headers["sluss-offset"]) == (0, "gave-up", str(produced[0][1]))
    account.check_order(account.requests())
    assert house.stop() == 0


def test_tls_and_proxy(broker, houses, topic, authority):
    certificate, key, _ = authority.issue("platform")
    with hostile.Platform(tls=(certificate, key)) as platform, hostile.Platform(proxy=True) as proxy:
        options = {"base-url": platform.url, "tls": {"ca": str(authority.certificate)}, "proxy": proxy.url}
        house = houses(broker.bootstrap, {"p": options}, {topic: {}}).start()
        produced = produce(broker.bootstrap, topic, [("k", body(n=1, key="k"))])
        account = Account(broker.bootstrap, topic, platform)
        eventually(lambda: account.delivered() >= set(produced), 20, "the event through the tunnel")
        assert [request.method for request in proxy.ledger] == ["CONNECT"]
        assert house.stop() == 0


def test_a_certificate_of_strangers_holds_the_platform(broker, houses, topic, tmp_path, authority):
    from certificates import Authority
    certificate, key, _ = Authority(tmp_path / "strangers").issue("platform")
    with hostile.Platform(tls=(certificate, key)) as platform:
        options = {"base-url": platform.url, "tls": {"ca": str(authority.certificate)}, "breaker": {"open": "1s"}}
        house = houses(broker.bootstrap, {"p": options}, {topic: {}}).start()
        produced = produce(broker.bootstrap, topic, [("k", body(n=1, key="k"))])
        eventually(lambda: state_of(house) == "held", 20, lambda: f"held; it is {state_of(house)}")
        platform.exchange_certificate(*authority.issue("platform")[:2])
        account = Account(broker.bootstrap, topic, platform)
        eventually(lambda: account.delivered() >= set(produced), 40, "the event, once the certificate is right")
        assert account.dead() == {}
        assert house.stop() == 0


def old_protocol(platform):
    platform.tls.set_ciphers("ALL:@SECLEVEL=0")
    platform.tls.minimum_version = platform.tls.maximum_version = ssl.TLSVersion.TLSv1_1


# What is wrong with a platform's TLS: which certificate it shows, and what else; and what an operator reads of it.
UNTRUSTED = {
    "has ended": ({"days": -1}, lambda platform: None, "certificate has expired"),
    "is another's": ({"hosts": "DNS:elsewhere.example"}, lambda platform: None, "'localhost'"),
    "TLS 1.1": ({}, old_protocol, "SSL routines"),
}


@pytest.mark.parametrize("wrong", UNTRUSTED)
def test_tls_that_cannot_be_trusted_holds_the_platform(broker, houses, topic, authority, wrong):
    options, spoil, words = UNTRUSTED[wrong]
    with hostile.Platform(tls=authority.issue("wrong", **options)[:2]) as platform:
        spoil(platform)
        held_until(broker, houses, topic, authority, platform, platform.url,
                   lambda: platform.exchange_certificate(*authority.issue("right")[:2]), words)


def test_no_tls_where_it_should_be_holds_the_platform(broker, platform, houses, topic, authority):
    held_until(broker, houses, topic, authority, platform, f"https://localhost:{platform.port}",
               lambda: platform.exchange_certificate(*authority.issue("right")[:2]))
    assert all(request.target == "/in" for request in platform.ledger), "nothing was said in clear"


def held_until(broker, houses, topic, authority, platform, url, mend, words="SSL"):
    """All waits while the platform is wrong and is delivered once it is mended; no request is sent to the wrong one."""
    options = {"base-url": url, "tls": {"ca": str(authority.certificate)}, "breaker": {"open": "1s"}}
    house = houses(broker.bootstrap, {"p": options}, {topic: {"deliver": {"platform": "p", "path": "/in", "ambiguous": "dead-letter"}}}).start()
    produced = produce(broker.bootstrap, topic, [(f"k{n}", body(n=n, key=f"k{n}")) for n in range(3)])
    eventually(lambda: state_of(house) == "held", 20, lambda: f"held; it is {state_of(house)}")
    assert [request for request in platform.ledger if request.headers] == []
    told = house.status()
    assert words in told["platforms"][0]["why"] and words in told["routes"][0]["why"] and words in house.log()
    mend()
    account = Account(broker.bootstrap, topic, platform)
    eventually(lambda: account.delivered() >= set(produced), 40, "the events, once the platform is right")
    assert account.dead() == {}
    assert house.stop() == 0


PROXIES = {
    "asks who we are": (hostile.status(407), "held"),
    "cannot reach it": (hostile.status(503), "open"),
    "hangs up": (hostile.close(), "open"),
    "resets": (hostile.reset(), "open"),
}


@pytest.mark.parametrize("does", PROXIES)
def test_a_proxy_that_lets_nothing_through_delays_and_loses_nothing(broker, houses, topic, authority, does):
    """What never reached the platform is no doubt about the event: ambiguous = "dead-letter" is not for it."""
    answer, state = PROXIES[does]
    with hostile.Platform(tls=authority.issue("platform")[:2]) as platform, hostile.Platform(proxy=True) as proxy:
        rule = proxy.always("", answer)
        options = {"base-url": platform.url, "tls": {"ca": str(authority.certificate)}, "proxy": proxy.url,
                   "breaker": {"failures": 3, "open": "1s"}}
        house = houses(broker.bootstrap, {"p": options}, {topic: {
            "retry": {"first": "100ms", "max": "500ms"}, "deliver": {"platform": "p", "path": "/in", "ambiguous": "dead-letter"}}}).start()
        produced = produce(broker.bootstrap, topic, [(f"k{n}", body(n=n, key=f"k{n}")) for n in range(3)])
        eventually(lambda: state_of(house) in (state, "half-open"), 20, lambda: f"{state}; it is {state_of(house)}")
        rule.remove()
        account = Account(broker.bootstrap, topic, platform)
        eventually(lambda: account.delivered() >= set(produced), 40, "the events, once the proxy lets them through")
        assert account.dead() == {}
        assert {request.method for request in proxy.ledger} == {"CONNECT"}, "nothing is told to the proxy but where to"
        assert house.stop() == 0


def test_a_certificate_of_ours_that_is_refused_holds_the_platform(broker, houses, topic, authority):
    """With TLS 1.3 the refusal comes after the request was sent; it is no doubt about the event."""
    certificate, key, _ = authority.issue("strict")
    with hostile.Platform(tls=(certificate, key)) as platform:
        platform.tls.load_verify_locations(authority.certificate)
        platform.tls.verify_mode = ssl.CERT_REQUIRED
        options = {"base-url": platform.url, "tls": {"ca": str(authority.certificate), "min-version": "1.3"}, "breaker": {"open": "1s"}}
        house = houses(broker.bootstrap, {"p": options}, {
            topic: {"deliver": {"platform": "p", "path": "/in", "ambiguous": "dead-letter"}}}).start()
        produced = produce(broker.bootstrap, topic, [("k", body(n=1, key="k"))])
        eventually(lambda: state_of(house) == "held", 20, lambda: f"held; it is {state_of(house)}")
        platform.exchange_certificate(certificate, key)
        account = Account(broker.bootstrap, topic, platform)
        eventually(lambda: account.delivered() >= set(produced), 40, "the event, once the platform takes us")
        assert account.dead() == {}
        assert house.stop() == 0


def test_a_certificate_that_ends_soon_is_told(broker, houses, topic, authority):
    certificate, key, _ = authority.issue("brief", days=1)
    ours, our_key, _ = authority.issue("ours", days=2)
    later, later_key, _ = authority.issue("later", days=20)
    lasting, lasting_key, _ = authority.issue("lasting", days=40)
    with hostile.Platform(tls=(certificate, key)) as platform, hostile.Platform() as plain:
        tls = {"ca": str(authority.certificate)}
        house = houses(broker.bootstrap, {
            "p": {"base-url": platform.url, "tls": tls}, "plain": plain.url,
            **{name: {"base-url": platform.url, "tls": {**tls, "certificate": str(own), "key": f"secret:{name}-key"}}
               for name, own in (("mutual", ours), ("later", later), ("lasting", lasting))}}, {topic: {}})
        for name, own_key in (("mutual", our_key), ("later", later_key), ("lasting", lasting_key)):
            (house.etc / "secrets.d" / f"{name}-key").write_text(own_key.read_text())
            (house.etc / "secrets.d" / f"{name}-key").chmod(0o600)
        house.start()
        produce(broker.bootstrap, topic, [("k", body(n=1, key="k"))])

        def left():
            return {dict(labels)["platform"]: value for (series, labels), value in house.metrics().items()
                    if series == "sluss_certificate_expiry_seconds"}
        eventually(lambda: set(left()) == {"p", "mutual", "later", "lasting"}, 20, lambda: f"all four; seen are {left()}")
        assert 86400 - 600 < left()["p"] <= 86400 and 2 * 86400 - 600 < left()["mutual"] <= 2 * 86400
        lines = [line for line in house.log().splitlines() if "expires soon" in line]
        assert sorted((line["platform"], line["days-left"], line["level"]) for line in map(json.loads, lines)) == [
            ("later", 19, "warning"), ("mutual", 1, "error"), ("p", 0, "error")]
        assert house.stop() == 0
