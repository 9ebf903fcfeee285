"""I15: no byte of an event's key or value, and no secret, in anything that slussd writes but requests and dead letters.

A canary sits in every field of events that end in every way; log (at its most talkative), metrics, health and the headers
of dead letters are searched for it.
"""

import json
import re

import pytest

import hostile
from account import Account
from process import eventually
from records import produce

CANARY, PERSON = "kanariefagel", "19121212-1212"
BORN = PERSON[:8]  # no shorter: a few digits stand in any clock
NAME = "fagelnamn"  # of a member: part of the instance path in `sluss-detail`, and of nothing else
SECRETS = {"token": "hemligt-ord-ett", "nyckel": "hemligt-ord-tva"}
TOKEN = "hemlig-bricka-tre"
HEADERS = {"sluss-reason", "sluss-stage", "sluss-detail", "sluss-route", "sluss-topic", "sluss-partition", "sluss-offset",
           "sluss-timestamp", "sluss-attempts", "sluss-first-failed", "sluss-generation"}
SCHEMA = {
    "type": "object", "required": ["id", "kind"], "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "maxLength": 40}, "kind": {"enum": ["a", "b", "c"]}, "n": {"type": "integer", "maximum": 9},
        "mail": {"type": "string", "pattern": "^[a-z@.-]*$"}, "list": {"type": "array", "uniqueItems": True}, "text": {}, "inner": {}}}


def event(**members):
    return json.dumps({"id": f"{CANARY}-id", "kind": "a", "inner": {}, "text": f"{CANARY} {PERSON}", **members})


# What is sent, and the reason in its dead letter (none: it is delivered).
EVENTS = [
    (event(), None),
    (event(text={CANARY: [CANARY, {CANARY: CANARY}]}), None),
    ('{"id":"%s", "kind":' % CANARY, "not-json"), ('"%s\\q"' % CANARY, "not-json"), (b'{"id":"%s\xff"}' % CANARY.encode(), "not-json"),
    ('{"%s":1,"%s":2}' % (CANARY, CANARY), "not-json"), ("%s" % CANARY, "not-json"), ("[" * 70 + '"%s"' % CANARY, "too-deep"),
    ('{"id":"%s","n":0120}' % CANARY, "not-json"),
    (event(kind=CANARY), "schema"), (event(**{NAME: 1}), "schema"), (event(id=CANARY * 9), "schema"), (event(n=CANARY), "schema"),
    (event(mail=CANARY.upper()), "schema"), (event(list=[CANARY, CANARY]), "schema"), (event(n=int(BORN + "12")), "schema"), ('"%s"' % CANARY, "schema"),
    (event(kind="c"), "lookup-absent"),
    (event(inner=CANARY), "enrich"),
    (event(text={"deep": CANARY}, id=f"{CANARY}-400"), "refused"),
    (event(id=f"{CANARY}-500"), "gave-up"), (event(id=f"{CANARY}-reset"), "ambiguous"),
]


@pytest.fixture
def topic(broker, name):
    broker.create_topic(name, 2)
    broker.create_topic(f"{name}.dlq")
    return name


def target_ends(word):
    return lambda request: request.target.split("?")[0].endswith(f"-{word}")


@pytest.fixture
def endpoint():
    """Gives the same token to everybody; the second time it refuses, with all that it was told."""
    with hostile.Platform() as endpoint:
        endpoint.on("", hostile.status(200, json.dumps({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 1})),
                    hostile.status(401, json.dumps({"error": SECRETS["token"], "error_description": TOKEN, "access_token": TOKEN})))
        endpoint.otherwise = hostile.status(200, json.dumps({"access_token": TOKEN, "token_type": "Bearer"}))
        yield endpoint


@pytest.mark.parametrize("form, auth", [("json", "bearer"), ("text", "oauth2")])
def test_no_byte_of_an_event_is_told(broker, platform, endpoint, houses, topic, form, auth):
    platform.always(target_ends("400"), hostile.status(400, "no such thing"))
    platform.always(target_ends("500"), hostile.status(500, "nothing works"))
    platform.always(target_ends("reset"), hostile.reset())
    options = {"base-url": platform.url, "timeout": "30s", "breaker": {"failures": 1000, "open": "1s"}}
    ways = {"bearer": {"token": "secret:token"}, "oauth2": {"token-url": f"{endpoint.url}/", "client-id": "sluss", "client-secret": "secret:token"}}
    house = houses(broker.bootstrap, {
        "p": {**options, "auth": {"type": auth, **ways[auth]}},
        "q": {**options, "auth": {"type": "header", "name": "X-Api-Key", "value": "secret:nyckel"}}}, {topic: {
            "schema": "s.json", "retry": {"first": "100ms", "max": "200ms", "for": "1s"},
            "enrich": ({"lookup": "codes", "key": "$.kind", "into": "$.inner.name", "absent": "leave-out"},
                       {"lookup": "codes", "key": "$.kind", "into": "$.name"}),
            "deliver": {"platform": "p", "path": "/in/{$.id}?text={$.kind}", "headers": ("X-Text: {$.id}",), "order-by": "$.id",
                        "event-id": "{$.id}", "refusals": 2, "ambiguous": "dead-letter"}}},
        lookups={"codes": {"table": "codes.csv", "key": "code", "value": "name"}}, log={"level": "debug", "format": form})
    for name, value in SECRETS.items():
        house.put(f"secrets.d/{name}", value + "\n")
    house.put("schemas/s.json", json.dumps(SCHEMA))
    house.put("tables/codes.csv", f"code;name\na;{CANARY}-ur-tabellen\n")
    told = []
    sent = [(f"{CANARY}-{n}", value, [("h", f"{CANARY}-huvud"), ("ce_x", CANARY)]) for n, (value, _) in enumerate(EVENTS)]
    produced = produce(broker.bootstrap, topic, [*sent, (CANARY, None)])
    house.start()
    account = Account(broker.bootstrap, topic, platform)

    def ended():
        told.extend(house.ask(path)[1] for path in ("/metrics", "/status", "/ready", "/live", f"/{CANARY[:3]}"))
        return account.all_committed()
    eventually(ended, 60, lambda: f"the end of all; dead are {account.dead()}", every=0.3)
    dead = account.dead()
    wrong = {n: (reason, dead.get(place, [None])[0]) for n, ((_, reason), place) in enumerate(zip(EVENTS, produced))
             if reason != (dead[place][0].headers["sluss-reason"] if place in dead else None)}
    assert wrong == {}, "each ends as it should"
    for place, (letter,) in dead.items():
        key, value, _ = sent[produced.index(place)]
        assert (letter.key, letter.value) == (key.encode(), value if isinstance(value, bytes) else value.encode())
        ours = {name: text for name, text in letter.headers.items() if name.startswith("sluss-")}
        assert set(ours) == HEADERS, "CONTRACT 6"
        assert CANARY.lower() not in str(ours).lower() and BORN not in str(ours), ours
        json.loads(ours["sluss-detail"])
    with open(f"/proc/{house.daemon.pid}/limits", encoding="ascii") as limits:
        assert re.search(r"^Max core file size +0 +0 ", limits.read(), re.M), "no core is written"
    assert house.stop() == 0
    told.append(house.log())
    for place in re.findall(rf"{topic}[^ ]*", house.log()):
        assert CANARY not in place
    found = [line for text in told for line in text.splitlines()
             if any(word in line.lower() for word in (CANARY, NAME, BORN, TOKEN, *SECRETS.values()))]
    assert found == [], f"{len(found)} lines tell too much"
    if auth == "oauth2":
        assert len(endpoint.ledger) > 2 and all(request.headers["authorization"] == f"Bearer {TOKEN}" for request in platform.ledger)
    assert any(CANARY in request.target and CANARY in str(request.headers) for request in platform.ledger), "the canary sings"
