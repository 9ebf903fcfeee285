"""OAuth2: a platform that wants tokens and an endpoint that gives them, or does not. One recording platform plays both."""

import base64
import collections
import json
import re
import threading
import urllib.parse

import pytest

import hostile
from account import Account
from house import metric
from process import eventually
from records import produce

SECRET, OTHER = "hemligt:ord & å", "nytt-ord"
CLIENT = "sluss kommun"


class Endpoint:
    """Gives a token of its own for each right question, as a rule of the platform; the platform takes none but valid ones."""

    def __init__(self, platform, expires_in=3600, path="/token"):
        self.platform, self.path, self.secret, self.expires_in = platform, path, SECRET, expires_in
        self.given, self.valid, self.lock = [], set(), threading.Lock()
        platform.always(lambda request: request.target.startswith(path), self.answer())
        platform.always(lambda request: not self.knows(request), hostile.status(401))

    def knows(self, request):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and token in self.valid

    def revoke(self):
        self.valid.clear()

    def answer(self):
        def act(exchange, request):
            form = urllib.parse.parse_qs(request.body.decode())
            name, _, secret = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
            right = (urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(secret)) == (CLIENT, self.secret)
            if not right or form.get("grant_type") != ["client_credentials"]:
                return hostile.status(401, json.dumps({"error": "invalid_client", "error_description": secret}))(exchange, request)
            with self.lock:
                token = f"bricka-{len(self.given)}.{'x' * 100}=="
                self.given.append(token)
                self.valid.add(token)
            answer = {"access_token": token, "token_type": "bearer", "expires_in": self.expires_in}
            return hostile.status(200, json.dumps(answer), {"Content-Type": "application/json"})(exchange, request)
        act.label = "token"
        return act

    def questions(self):
        return [request for request in list(self.platform.ledger) if request.target.startswith(self.path)]

    def requests(self):
        return [request for request in list(self.platform.ledger) if not request.target.startswith(self.path)]


class Delivered(Account):
    """The bookkeeping without the questions for tokens."""

    def __init__(self, bootstrap, topic, endpoint, **more):
        super().__init__(bootstrap, topic, _Requests(endpoint), **more)


class _Requests:
    def __init__(self, endpoint):
        self.endpoint = endpoint

    @property
    def ledger(self):
        return self.endpoint.requests()


def body(n):
    return json.dumps({"n": n, "key": f"k{n}"}, separators=(",", ":"))


def events(count, begin=0):
    return [(f"k{n}", body(n)) for n in range(begin, begin + count)]


@pytest.fixture
def topic(broker, name):
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    return name


def house_of(houses, broker, topic, platform, url=None, workers=1, top=None, **options):
    auth = {"type": "oauth2", "token-url": url or f"{platform.url}/token?p=kommun", "client-id": CLIENT, "client-secret": "secret:bricka",
            "scope": "errands.write https://oep.example.se/.default"}
    house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "auth": auth, "timeout": "30s", "breaker": {"open": "1s"}, **options}}, {
        topic: {"retry": {"first": "200ms", "max": "1s"}, "deliver": {"platform": "p", "path": "/in"}, "workers": workers}},
        workers=workers, **(top or {}))
    house.put("secrets.d/bricka", SECRET + "\n")
    return house


def held(house):
    return eventually(lambda: next((json.loads(line) for line in house.log().splitlines()
                                    if '"state":"held"' in line and '"message":"the platform is held' in line), None), 20, "the hold in the log")


def no_secret(house, endpoint):
    """Neither secret nor token in anything that it says."""
    told = house.log() + house.ask("/metrics")[1] + house.ask("/status")[1]
    encoded = [base64.b64encode(f"{urllib.parse.quote_plus(CLIENT)}:{urllib.parse.quote_plus(secret)}".encode()).decode() for secret in (SECRET, OTHER)]
    for word in ("hemligt", OTHER, "bricka-", *encoded):
        assert word not in told, word


def test_a_token_is_taken_once_and_again_before_its_end(broker, platform, houses, topic):
    """60 events of a platform with 16 in flight ask one question; while tokens of 2 s come and go, none is refused."""
    endpoint = Endpoint(platform)
    house = house_of(houses, broker, topic, platform).start()
    produced = produce(broker.bootstrap, topic, events(60))
    account = Delivered(broker.bootstrap, topic, endpoint)
    eventually(lambda: account.delivered() >= set(produced), 30, "all")
    (question,) = endpoint.questions()
    assert (question.method, question.target) == ("POST", "/token?p=kommun")
    assert urllib.parse.parse_qs(question.body.decode()) == {
        "grant_type": ["client_credentials"], "scope": ["errands.write https://oep.example.se/.default"]}
    assert question.headers["content-type"] == "application/x-www-form-urlencoded"
    assert len(platform.ledger) == 61 and {request.answer for request in endpoint.requests()} == {200}
    no_secret(house, endpoint)
    assert house.stop() == 0


def test_short_tokens_are_refreshed_ahead(broker, platform, houses, topic):
    endpoint = Endpoint(platform, expires_in=2)
    house = house_of(houses, broker, topic, platform, rate="20/s").start()
    produced = produce(broker.bootstrap, topic, events(140))
    account = Delivered(broker.bootstrap, topic, endpoint)
    eventually(lambda: account.delivered() >= set(produced), 40, "all")
    assert len(endpoint.given) >= 3, "7 s of requests outlive tokens of 2 s"
    used = collections.Counter(request.headers["authorization"] for request in endpoint.requests())
    assert max(used.values()) <= 60, f"20 requests a second used a token of 2 s so often: {sorted(used.values())}"
    assert set(account.deliveries().values()) == {1} and {request.answer for request in endpoint.requests()} == {200}
    assert house.stop() == 0


def test_a_token_that_is_revoked_is_replaced_and_costs_nothing(broker, platform, houses, topic):
    endpoint = Endpoint(platform)
    house = house_of(houses, broker, topic, platform).start()
    produced = produce(broker.bootstrap, topic, events(5))
    account = Delivered(broker.bootstrap, topic, endpoint)
    eventually(lambda: account.delivered() >= set(produced), 30, "all")
    endpoint.revoke()
    produced += produce(broker.bootstrap, topic, events(20, 5))
    eventually(lambda: account.delivered() >= set(produced), 30, "all")
    assert len(endpoint.given) == 2, "one new token for all that carried the old one"
    assert "the platform is held" not in house.log()
    assert metric(house.metrics(), "sluss_delivery_attempts_total", route=topic, result="failed") == 0
    assert re.search(r"refresh token of p, 1 is refused", house.log())
    no_secret(house, endpoint)
    assert account.dead() == {} and set(account.deliveries().values()) == {1}
    assert house.stop() == 0


def test_a_fresh_token_that_is_refused_holds_the_platform(broker, platform, houses, topic):
    refusing = platform.always("/in", hostile.status(401))
    endpoint = Endpoint(platform)
    house = house_of(houses, broker, topic, platform).start()
    produced = produce(broker.bootstrap, topic, events(30))
    line = held(house)
    assert (line["status"], line["why"], line["level"]) == (401, "a fresh token is refused", "error")
    before = house.log().split('"message":"the platform is held', 1)[0]
    assert before.count('"a token was fetched"') == 2, "refreshed once"
    refusing.remove()
    account = Delivered(broker.bootstrap, topic, endpoint)
    eventually(lambda: account.delivered() >= set(produced), 40, "all, once the platform is well again")
    assert account.dead() == {}
    assert house.stop() == 0


# What the endpoint does, and the words for it.
ILL = {
    "refuses": (hostile.status(401, '{"error":"invalid_client","error_description":"hemligt"}'), "the token endpoint answered 401 (invalid_client)"),
    "refuses the scope": (hostile.status(400, '{"error":"invalid_scope"}'), "the token endpoint answered 400 (invalid_scope)"),
    "is down": (hostile.status(503), "the token endpoint answered 503"),
    "moves": (hostile.redirect("/elsewhere"), "the token endpoint answered 302"),
    "never ends": (hostile.endless_body(), "the token endpoint's answer did not come whole (too-large)"),
    "has endless headers": (hostile.endless_headers(), "the token endpoint gave no answer (too-large)"),
    "hangs": (hostile.hang(), "the token endpoint gave no answer (timeout)"),
    "resets": (hostile.reset(), "the token endpoint gave no answer (reset)"),
    "cuts": (hostile.cut_body(), "the token endpoint's answer did not come whole (reset)"),
    "talks HTML": (hostile.status(200, "<html>"), "the token endpoint's answer is not a JSON object"),
    "is empty": (hostile.status(204), "the token endpoint answered 204"),
    "gives another type": (hostile.status(200, '{"access_token":"bricka-m","token_type":"mac"}'),
                           "the token endpoint gives tokens of another type than Bearer"),
    "splits the header": (hostile.status(200, '{"access_token":"bricka-\\r\\nX-Evil: 1","token_type":"Bearer"}'),
                          "the token endpoint's access_token is not a token that fits into a header"),
}


@pytest.mark.parametrize("does", ILL)
def test_an_endpoint_that_gives_none_holds_the_platform(broker, platform, houses, topic, does):
    """Nothing reaches the platform, nothing is put aside, nothing is lost of an event's patience (2 s)."""
    answer, words = ILL[does]
    ill = platform.always("/token", answer)
    endpoint = Endpoint(platform)
    house = house_of(houses, broker, topic, platform, timeout="1s" if does == "hangs" else "30s", breaker={"open": "100ms"})
    house.routes[topic].update({"retry": {"first": "200ms", "max": "1s", "for": "2s"}})
    house.routes[topic]["deliver"]["ambiguous"] = "dead-letter"
    house.write()
    house.start()
    produced = produce(broker.bootstrap, topic, events(30))
    line = held(house)
    assert (line.get("fault"), line.get("why"), line["level"]) == ("token", words, "error") and words in line["message"]
    status = house.status()
    assert status["platforms"][0]["why"] == words and words in status["routes"][0]["why"]
    why = house.ctl("why", topic)
    assert why.returncode == 1 and words in why.stdout, why.stdout
    platform.wait_for(4, 30, lambda request: request.target.startswith("/token"))  # probed, after ever longer pauses
    times = [request.at for request in endpoint.questions()]
    assert times[3] - times[2] > 0.3, f"probed at {times}"
    assert endpoint.requests() == [], "nothing is sent without a token"
    no_secret(house, endpoint)
    if does == "hangs":  # from here on an answer that takes long is only slow
        refusing = hostile.Rule(platform, "/token", [hostile.status(503)], repeat=True)
        platform.rules.insert(0, refusing)
        house.platforms["p"]["timeout"] = "30s"
        house.write()
        assert house.ctl("reload", "--wait").returncode == 0
        refusing.remove()
    ill.remove()
    account = Delivered(broker.bootstrap, topic, endpoint)
    eventually(lambda: account.delivered() >= set(produced), 40, "all, once tokens are to be had")
    eventually(account.all_committed, 20, "the commit")
    assert account.dead() == {} and set(account.deliveries().values()) == {1}
    assert metric(house.metrics(), "sluss_delivery_attempts_total", route=topic, result="failed") == 0
    assert house.stop() == 0


def test_a_token_that_is_over_when_it_comes_is_none(broker, platform, houses, topic):
    late = hostile.wait(1.3, hostile.status(200, '{"access_token":"bricka-m","token_type":"Bearer","expires_in":0}'))
    ill = platform.always("/token", late)
    endpoint = Endpoint(platform)
    house = house_of(houses, broker, topic, platform).start()
    produced = produce(broker.bootstrap, topic, events(10))
    assert held(house)["why"] == "the token endpoint's token had expired when it came"
    assert endpoint.requests() == [], "nothing is sent without a token"
    ill.remove()
    account = Delivered(broker.bootstrap, topic, endpoint)
    eventually(lambda: account.delivered() >= set(produced), 40, "all, once tokens are good")
    assert account.dead() == {} and metric(house.metrics(), "sluss_delivery_attempts_total", route=topic, result="failed") == 0
    assert house.stop() == 0


def test_an_endpoint_that_nobody_listens_at(broker, platform, houses, topic):
    with hostile.Platform() as elsewhere:
        endpoint = Endpoint(elsewhere)
        platform.always(lambda request: not endpoint.knows(request), hostile.status(401))
        elsewhere.refuse()
        house = house_of(houses, broker, topic, platform, url=f"{elsewhere.url}/token").start()
        produced = produce(broker.bootstrap, topic, events(30))
        why = held(house)["why"]
        assert why.startswith("the token endpoint cannot be reached (") and str(elsewhere.port) in why
        assert platform.ledger == []
        elsewhere.listen()
        account = Account(broker.bootstrap, topic, platform)
        eventually(lambda: account.delivered() >= set(produced), 40, "all, once tokens are to be had")
        elsewhere.refuse()  # the token that it has is good
        produced += produce(broker.bootstrap, topic, events(30, 30))
        eventually(lambda: account.delivered() >= set(produced), 20, "all, with the token from before")
        assert account.dead() == {}
        assert house.stop() == 0
        elsewhere.listen()


@pytest.mark.slow
def test_refreshing_ahead_may_fail_for_a_while(broker, platform, houses, topic):
    """The endpoint is ill just when the token nears its end (the last tenth of its life): the old one is used until it mends, and nothing is held."""
    endpoint = Endpoint(platform, expires_in=30)
    second = hostile.Rule(platform, lambda request: request.target.startswith("/token") and endpoint.given, [hostile.status(503)], repeat=False)
    platform.rules.insert(0, second)
    house = house_of(houses, broker, topic, platform, rate="10/s").start()
    produced = produce(broker.bootstrap, topic, events(320))
    account = Delivered(broker.bootstrap, topic, endpoint)
    eventually(lambda: account.delivered() >= set(produced), 60, "all")
    assert "no new token yet: the token endpoint answered 503: the current one is used until it expires" in house.log()
    assert "the platform is held" not in house.log()
    questions = endpoint.questions()
    assert [question.answer for question in questions[:3]] == ["token", 503, "token"]
    assert all(after.at - before.at > 20 for before, after in zip(questions, questions[1:]) if before.answer == "token"), "no more questions than needed"
    assert house.stop() == 0


def test_a_new_secret_is_taken_with_a_reload(broker, platform, houses, topic):
    endpoint = Endpoint(platform)
    house = house_of(houses, broker, topic, platform).start()
    produced = produce(broker.bootstrap, topic, events(5))
    account = Delivered(broker.bootstrap, topic, endpoint)
    eventually(lambda: account.delivered() >= set(produced), 30, "all")
    endpoint.secret = OTHER
    endpoint.revoke()
    produced += produce(broker.bootstrap, topic, events(20, 5))
    assert held(house)["why"] == "the token endpoint answered 401 (invalid_client)"
    house.put("secrets.d/bricka", OTHER + "\n")
    done = house.ctl("reload", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    eventually(lambda: account.delivered() >= set(produced), 30, "all, with the new secret")
    no_secret(house, endpoint)
    assert account.dead() == {}
    assert house.stop() == 0


def test_each_worker_has_its_own_token(broker, platform, houses, topic):
    endpoint = Endpoint(platform)
    house = house_of(houses, broker, topic, platform, workers=2).start()
    produced = produce(broker.bootstrap, topic, [(key, value, (), n % 2) for n, (key, value) in enumerate(events(100))])
    account = Delivered(broker.bootstrap, topic, endpoint)
    eventually(lambda: account.delivered() >= set(produced), 30, "all")
    assert len(endpoint.questions()) == 2
    assert {request.headers["authorization"] for request in endpoint.requests()} == {f"Bearer {token}" for token in endpoint.given}
    endpoint.revoke()
    produced += produce(broker.bootstrap, topic, [(key, value, (), n % 2) for n, (key, value) in enumerate(events(100, 100))])
    eventually(lambda: account.delivered() >= set(produced), 30, "all, with new tokens")
    assert len(endpoint.questions()) == 4 and "the platform is held" not in house.log()
    assert house.stop() == 0


def test_a_stop_waits_for_no_token(broker, platform, houses, topic):
    """Requests that wait for a token are given back when the daemon ends; whoever is next sends them."""
    slow = platform.always("/token", hostile.hang())
    endpoint = Endpoint(platform)
    house = house_of(houses, broker, topic, platform, timeout="30s").start()
    produced = produce(broker.bootstrap, topic, events(30))
    platform.wait_for(1, 20)
    house.daemon.signal(15)
    eventually(lambda: "stopping: events under way" in house.log(), 20, "the first SIGTERM")
    house.daemon.signal(15)
    assert house.daemon.wait(40) == 0, house.log()[-2000:]
    assert "gave no answer (timeout)" not in house.log(), "they were waited for"
    slow.remove()
    house.start()
    account = Delivered(broker.bootstrap, topic, endpoint)
    eventually(lambda: account.delivered() >= set(produced), 30, "all")
    assert set(account.deliveries().values()) == {1}
    assert house.stop() == 0


def test_tokens_come_over_tls_and_the_proxy(broker, houses, topic, authority):
    with hostile.Platform(tls=authority.issue("platform")[:2]) as platform, hostile.Platform(proxy=True) as proxy:
        endpoint = Endpoint(platform)
        house = house_of(houses, broker, topic, platform, tls={"ca": str(authority.certificate)}, proxy=proxy.url).start()
        produced = produce(broker.bootstrap, topic, events(5))
        account = Delivered(broker.bootstrap, topic, endpoint)
        eventually(lambda: account.delivered() >= set(produced), 30, "all")
        assert {request.method for request in proxy.ledger} == {"CONNECT"} and len(endpoint.given) == 1
        assert house.stop() == 0


def test_try_shows_where_the_token_would_come_from(broker, platform, houses, topic, tmp_path):
    house = house_of(houses, broker, topic, platform)
    (tmp_path / "event.json").write_text(body(1))
    done = house.ctl("try", topic, tmp_path / "event.json", "--reply", "401")
    assert f"Authorization: Bearer (a token from {platform.url}/token?p=kommun)" in done.stdout, done.stdout + done.stderr
    assert "another token is fetched" in done.stdout and done.returncode == 1
    assert platform.ledger == [] and "hemligt" not in done.stdout
