"""What waits for an operator: behind a dead letter, or because nobody knows whether it was delivered. Held over a restart, and
let go by slussctl release."""

import json
import threading

import pytest

import hostile
from account import Account
from house import metric
from process import eventually
from records import produce, read_topic


def body(n, key):
    return json.dumps({"n": n, "key": key}, separators=(",", ":"))


@pytest.fixture
def topic(broker, name):
    broker.create_topic(name)
    broker.create_topic(f"{name}.dlq")
    return name


def held(house, route):
    return metric(house.metrics(), "sluss_keys_held", route=route)


def test_held_behind_a_dead_letter_until_released(broker, platform, houses, topic):
    house = houses(broker.bootstrap, {"p": platform.url}, {topic: {"after-dead-letter": "hold"}}).start()
    produced = produce(broker.bootstrap, topic, [("a", "not json"), ("a", body(1, "a")), ("b", body(2, "b")), ("a", body(3, "a"))])
    account = Account(broker.bootstrap, topic, platform)
    eventually(lambda: held(house, topic) == 1 and produced[2] in account.delivered(), 20, "the key to wait and the other to go on")
    assert house.stop() == 0
    assert account.committed() == {0: 1}, "nothing is committed past what waits"

    house.start()
    eventually(lambda: held(house, topic) == 1, 20, "the key to wait after a restart")
    assert account.delivered() == {produced[2]}
    assert "dead-letter-offset" in house.log(), "it says behind which one"
    missing = release(house, topic, f"{topic}/0/{produced[2][1]}")
    assert missing.returncode == 1 and "nothing is held there" in missing.stdout
    assert house.ctl("release", "no-such-route").returncode == 64
    freed = release(house, topic, f"{topic}/0/{produced[1][1]}")
    assert (freed.returncode, freed.stdout) == (0, "released 1 key\n"), freed.stderr
    eventually(account.all_committed, 20, "the last commit")
    assert [place for _, place in account.requests()] == [produced[2], produced[1], produced[3]]
    (line,) = [line for line in house.log().splitlines() if "an operator released" in line and '"keys":1' in line.replace(" ", "")]
    assert '"uid"' in line and '"pid"' in line, line
    eventually(lambda: held(house, topic) == 0, 20, "no key to wait")
    assert house.stop() == 0


def test_followers_are_put_aside_in_order(broker, platform, houses, topic):
    house = houses(broker.bootstrap, {"p": platform.url}, {topic: {"after-dead-letter": "follow"}}).start()
    produced = produce(broker.bootstrap, topic, [("a", "not json"), ("a", body(1, "a")), ("b", body(2, "b")), ("a", body(3, "a"))])
    account = Account(broker.bootstrap, topic, platform)
    eventually(account.all_committed, 20, "the last commit")
    assert account.delivered() == {produced[2]}
    letters = [letter.headers for letter in read_topic(broker.bootstrap, f"{topic}.dlq")]
    assert [(letter["sluss-reason"], int(letter["sluss-offset"])) for letter in letters] == [
        ("not-json", produced[0][1]), ("followed", produced[1][1]), ("followed", produced[3][1])]
    assert json.loads(letters[2]["sluss-detail"]) == {"follows": f"{topic}/0/{produced[0][1]}"}
    assert house.stop() == 0
    house.start()
    (follower,) = produce(broker.bootstrap, topic, [("a", body(5, "a"))])
    eventually(lambda: follower in account.dead(), 20, "it to follow after a restart, when nothing of its key waited")
    assert house.ctl("release", topic).stdout == "released 1 key\n"
    (later,) = produce(broker.bootstrap, topic, [("a", body(4, "a"))])
    eventually(lambda: later in account.delivered(), 20, "the key to live again")
    assert house.stop() == 0


def test_in_doubt_until_released(broker, platform, houses, topic):
    platform.on("/in", hostile.reset())
    house = houses(broker.bootstrap, {"p": platform.url},
                   {topic: {"deliver": {"platform": "p", "path": "/in", "ambiguous": "hold"}}}).start()
    (place,) = produce(broker.bootstrap, topic, [("a", body(1, "a"))])
    account = Account(broker.bootstrap, topic, platform)
    eventually(lambda: held(house, topic) == 1, 20, "the event to wait")
    assert house.stop() == 0
    house.start()
    eventually(lambda: held(house, topic) == 1, 20, "the event to wait after a restart")
    assert len(platform.ledger) == 1, "not sent again by itself"
    assert release(house, topic, "--to", "dead-letter").returncode == 0
    eventually(account.all_committed, 20, "the last commit")
    assert [letter.headers["sluss-reason"] for (letter,) in account.dead().values()] == ["ambiguous"]
    assert place not in account.delivered() and house.stop() == 0


def test_release_amid_a_handover_does_not_say_that_nothing_is_held(broker, platform, houses, topic):
    """A second slussd takes the partition while a request of the first hangs, which is waited for: asked meanwhile, the first says
    that it cannot tell; then the second lets go what is held, and the first says whom to ask."""
    first = houses(broker.bootstrap, {"p": {"base-url": platform.url, "timeout": "5m"}}, {topic: {"after-dead-letter": "hold"}}).start()
    produced = produce(broker.bootstrap, topic, [("a", "not json"), ("a", body(1, "a"))])
    eventually(lambda: held(first, topic) == 1, 20, "the key to wait")
    gate = threading.Event()
    platform.on("", hostile.when(gate, hostile.status(200)))
    produced += produce(broker.bootstrap, topic, [("b", body(2, "b"))])
    platform.wait_for(1, 20)
    second = first.copy(first.folder / "second")
    try:
        second.start(ready=False)
        last = [None]

        def told():
            last[0] = first.ctl("release", topic, f"{topic}/0/{produced[2][1]}")  # of no key that is held: it changes nothing
            return "being handed over" in last[0].stderr
        eventually(told, 40, lambda: f"the first to say that it hands over; it says {last[0]}")
        assert last[0].returncode == 69
        every = first.ctl("release", topic)
        assert every.returncode == 69 and "being handed over: try again" in every.stderr and not every.stdout, every
        gate.set()
        eventually(lambda: "partitions handed back" in first.log(), 20, "the end of the handover")
        readers = {first: second, second: first}
        reader = eventually(lambda: next((one for one in readers if reads_held(one)), None), 60, "the key to wait at one of the two")

        def other():
            last[0] = readers[reader].ctl("release", topic, f"{topic}/0/{produced[1][1]}")
            return last[0].returncode == 1 and f"ask the member of group sluss.{topic} that does" in last[0].stdout
        eventually(other, 20, lambda: f"the other to say whom to ask; it says {last[0]}")
        def stands_by():
            (route,) = readers[reader].status()["routes"]
            return (route["state"], route["well"], route["partitions"]) == ("standby", True, [])
        eventually(stands_by, 20, "no second partition, and that is no fault")
        assert readers[reader].ctl("status").returncode == 0
        done = release(reader, topic, f"{topic}/0/{produced[1][1]}")
        assert (done.returncode, done.stdout) == (0, "released 1 key\n"), done
        account = Account(broker.bootstrap, topic, platform)
        eventually(lambda: account.delivered() == set(produced[1:]), 20, "what was held, delivered")
    finally:
        gate.set()
        second.close()


def release(house, *words):
    """Ordered again while it says that what was held before has not been read yet."""
    last = [None]

    def ordered():
        last[0] = house.ctl("release", *words)
        return "read yet: try again in a moment" not in last[0].stderr
    eventually(ordered, 20, lambda: f"an order that is heard: {last[0]}")
    return last[0]


def reads_held(house):
    """Whether its one route has a partition, in which a key is held."""
    try:
        (route,) = json.loads(house.ask("/status")[1])["routes"]
    except (OSError, ValueError):  # it is not there yet
        return False
    return bool(route["partitions"]) and route["state"] == "held"


def test_status_says_why(broker, platform, houses, name):
    """Over two workers: a platform that is held, a key behind a dead letter, what their events wait for."""
    routes = {f"{name}-held": {"after-dead-letter": "hold", "workers": 2}, f"{name}-platform": {"deliver": {"platform": "q", "path": "/out"}}}
    for route in routes:
        broker.create_topic(route, 4)
        broker.create_topic(f"{route}.dlq")
    platform.always("/out", hostile.status(401))
    house = houses(broker.bootstrap, {"p": platform.url, "q": platform.url}, routes, workers=2).start()
    ((partition, first),) = produce(broker.bootstrap, f"{name}-held", [("hemlig", "not json")])
    ((_, waits), (_, behind)) = produce(broker.bootstrap, f"{name}-held", [("hemlig", body(1, "hemlig")), ("hemlig", body(2, "hemlig"))])
    ((other, place),) = produce(broker.bootstrap, f"{name}-platform", [("k", body(3, "k"))])
    last, q = [None], {}

    def told():
        status = house.status()
        last[0] = {route["name"]: route for route in status["routes"]}
        q.update(*(one for one in status["platforms"] if one["name"] == "q"))
        return [last[0][route]["state"] for route in routes] == ["held", "platform"] and last[0][f"{name}-held"]["waiting"]["longest"][0]["behind"] \
            and q["state"] == "held" and q["probe-in-ms"] > 0
    eventually(told, 30, lambda: f"both to be told: {last[0]}, {q}")
    held_route, platform_route = (last[0][route] for route in routes)
    assert not held_route["well"] and "slussctl release" in held_route["why"]
    (wait,) = held_route["waiting"]["longest"]
    assert (wait["event"], wait["dead-letter"], wait["behind"]) == (
        f"{name}-held/{partition}/{waits}", f"{name}-held/{partition}/{first}", behind - waits)
    assert wait["why"] == "key held behind a dead letter" and wait["waiting-ms"] >= wait["since-ms"] >= 0
    assert {number["partition"] for number in held_route["partitions"]} == {0, 1, 2, 3}, "of both workers"
    (read,) = [number for number in held_route["partitions"] if number["partition"] == partition]
    assert (read["base"], read["next"], read["unsettled"], read["state"]) == (waits, behind + 1, 2, "reading")
    assert held_route["dead-letter"] == {"topic": f"{name}-held.dlq", "reachable": True, "why": None}
    (wait,) = platform_route["waiting"]["longest"]
    assert (wait["event"], wait["status"], wait["why"]) == (f"{name}-platform/{other}/{place}", 401, "the platform is not up")
    assert wait["next-try-in-ms"] > 0
    assert (q["state"], q["status"], q["waiting"]) == ("held", 401, 1)
    assert "hemlig" not in house.ask("/status")[1] and "hemlig" not in house.log(), "no key is shown"
    shown = house.ctl("status")
    assert shown.returncode == 1 and f"{name}-held" in shown.stdout.splitlines()[1], shown.stdout + shown.stderr
    assert "platform q is held" in shown.stdout
    told_why = house.ctl("why", f"{name}-platform")
    assert told_why.returncode == 1 and f"{name}-platform/{other}/{place}" in told_why.stdout and "answered 401" in told_why.stdout
    assert json.loads(house.ctl("why", f"{name}-held", "--json").stdout)["state"] == "held"
    assert house.ctl("why", "nobody").returncode == 64
    assert house.ctl("release", f"{name}-held", wait["event"]).returncode == 64, "of another route's topic"
    assert house.ctl("release", f"{name}-held").stdout == "released 1 key\n"
    eventually(lambda: told() is not None and (rates := last[0][f"{name}-held"]["rates"]) and rates["settled"] > 0, 8,
               lambda: f"a rate of what was released: {last[0][f'{name}-held']['rates']}")
    eventually(lambda: house.ctl("why", f"{name}-held").returncode == 0, 20, "the route to be well")
    house.daemon.stop(45)
