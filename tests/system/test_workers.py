"""Several workers in one slussd: routes on different ones, a route on two, two processes of two each."""

import contextlib
import json
import pathlib
import re
import signal
import threading
import time

import pytest

import broker as real
import hostile
from account import Account
from fence import Fence
from house import LASTING, conserved, metric
from process import eventually
from records import produce


def events(count, begin=0, keys=50):
    return [(f"k{n % keys}", json.dumps({"n": n, "key": f"k{n % keys}"}, separators=(",", ":"))) for n in range(begin, begin + count)]


def topics(broker, name, words, partitions=6):
    for word in words:
        broker.create_topic(f"{name}{word}", partitions)
        broker.create_topic(f"{name}{word}.dlq")
    return [f"{name}{word}" for word in words]


def members(broker, group):
    admin = broker.admin()
    try:
        return len(admin.describe_consumer_groups([group])[0].members)
    finally:
        admin.close()


def to(platform, **more):
    return {"deliver": {"platform": platform, "path": "/in"}, **more}


def all_delivered(account, produced, seconds=60):
    eventually(lambda: account.delivered() >= set(produced), seconds,
               lambda: f"all {len(produced)} events; missing {sorted(set(produced) - account.delivered())[:10]}")


def once_and_in_order(account, produced):
    assert account.delivered() == set(produced)
    twice = [event for event, count in account.deliveries().items() if count > 1]
    assert not twice, f"{len(twice)} delivered twice: {twice[:5]}"
    account.check_order(account.requests())


def test_routes_on_different_workers_and_one_on_both(broker, platform, houses, name):
    wide, one, other = topics(broker, name, ("a", "b", "c"))
    produced = {topic: produce(broker.bootstrap, topic, events(count)) for topic, count in ((wide, 3000), (one, 500), (other, 500))}
    house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "max-in-flight": 5}},
                   {wide: {"workers": 2}, one: {}, other: {}}, LASTING, workers=2).start()
    said = re.search(r"2 workers: (route .*?)\"", house.log())
    assert said and said[1] == f"route {wide} on workers 0 and 1, route {one} on worker 1, route {other} on worker 0", said
    assert members(broker, f"sluss.{wide}") == 2
    assert members(broker, f"sluss.{one}") == members(broker, f"sluss.{other}") == 1
    accounts = {topic: Account(broker.bootstrap, topic, platform) for topic in produced}

    def scraped():
        metrics = house.metrics()
        for route in produced:
            conserved(metrics, route)
        assert metric(metrics, "sluss_in_flight", platform="p") <= 5, "the shares are more than the whole"
        return all(accounts[topic].delivered() >= set(produced[topic]) for topic in produced)
    eventually(scraped, 60, lambda: f"all; delivered are {[len(account.delivered()) for account in accounts.values()]}", every=0.01)
    assert house.ask("/live")[0] == 200
    assert house.stop() == 0, house.log()[-3000:]
    for topic, account in accounts.items():
        once_and_in_order(account, produced[topic])
        assert account.all_committed()


def test_dead_platform_delays_no_other(broker, platform, houses, name):
    """Two routes on one worker, a third on the other; the platform of one of them is dead, then hangs."""
    dead, well, far = topics(broker, name, ("a", "b", "c"), 3)
    with hostile.Platform() as ill:
        ill.always("", hostile.hang())
        house = houses(broker.bootstrap, {"p": platform.url, "q": {"base-url": ill.url, "timeout": "1s", "breaker": {"open": "1s"}}},
                       {dead: to("q", workers=2), well: {"workers": 2}, far: {}}, workers=2).start()
        produced = produce(broker.bootstrap, dead, events(600))
        ill.wait_for(16, 20)
        for topic in (well, far):
            fine = produce(broker.bootstrap, topic, events(1000))
            account = Account(broker.bootstrap, topic, platform)
            all_delivered(account, fine, 20)
        assert metric(house.metrics(), "sluss_events_total", route=dead, outcome="delivered") == 0
        ill.refuse()
        more = produce(broker.bootstrap, well, events(500, 1000))
        all_delivered(Account(broker.bootstrap, well, platform), more, 20)
        ill.rules.clear()
        ill.listen()
        account = Account(broker.bootstrap, dead, ill)
        all_delivered(account, produced)
        assert house.stop() == 0, house.log()[-3000:]
        account.check_order(account.requests())


def test_hold_seen_by_one_worker_reaches_the_other(broker, platform, houses, name):
    first, second = topics(broker, name, ("a", "b"), 2)
    refused = platform.always("", hostile.status(401))
    house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "max-in-flight": 4, "breaker": {"open": "2s", "max-open": "2s"}}},
                   {first: to("p"), second: {"deliver": {"platform": "p", "path": "/second"}}}, workers=2).start()
    produced = {first: produce(broker.bootstrap, first, events(100))}
    eventually(lambda: metric(house.metrics(), "sluss_platform_state", platform="p", state="held") == 1, 20, "the hold")
    eventually(lambda: len(re.findall("says another worker", house.log())) > 0, 20, "the other worker to hear of it")
    produced[second] = produce(broker.bootstrap, second, events(100))
    eventually(lambda: metric(house.metrics(), "sluss_events_unsettled", route=second) == 100, 20, "the second route's events, waiting")
    platform.wait_for(len(platform.ledger) + 3, 30)  # probed again and again, by the worker that saw it first

    def told():
        log = house.log()
        return log.count("platform p is held, says another worker") >= log.count("platform p is held, status 401") > 1
    eventually(told, 20, "the other worker to hear of each probe in vain, and not of the first one alone")
    refused.remove()
    asked = {target: [request.at for request in platform.ledger if request.target == target and request.answer == 401] for target in ("/in", "/second")}
    begun = [at for at in asked["/in"] if at - asked["/in"][0] < 2]  # before the first answer came
    assert len(begun) <= 4
    # The worker that heard of it asks by itself only where the other one, for whatever reason, lets its time go by: one request, as a probe.
    for probes in ([begun[0], *asked["/in"][len(begun):]], [begun[0], *asked["/second"]]):
        assert all(after - before >= 2 for before, after in zip(probes, probes[1:])), f"more than a probe each two seconds: {probes}"
    for topic in produced:
        account = Account(broker.bootstrap, topic, platform)
        all_delivered(account, produced[topic], 30)
        once_and_in_order(account, produced[topic])
    assert house.stop() == 0, house.log()[-3000:]


def test_only_one_worker_probes_at_a_time(broker, platform, houses, name):
    """A platform that takes long to say that it is down: each probe has its answer before anybody sends the next one."""
    first, second = topics(broker, name, ("a", "b"), 2)
    slow = platform.always("", hostile.wait(2, hostile.status(503)))
    house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "max-in-flight": 4, "breaker": {"failures": 1, "open": "400ms", "max-open": "400ms"}}},
                   {first: to("p"), second: to("p")}, workers=2).start()
    produced = {topic: produce(broker.bootstrap, topic, events(20)) for topic in (first, second)}
    platform.wait_for(1, 20)
    eventually(lambda: metric(house.metrics(), "sluss_platform_state", platform="p", state="up") == 0, 20, "the breaker")
    begun = len(platform.ledger)  # what was sent before
    platform.wait_for(begun + 5, 60)
    probes = [request.at for request in platform.ledger[begun + 1:]]  # the first may be one of the other worker, which had not heard of it yet
    assert all(after - before >= 2 for before, after in zip(probes, probes[1:])), f"several at once: {probes}"
    slow.remove()
    for topic in produced:
        account = Account(broker.bootstrap, topic, platform)
        all_delivered(account, produced[topic], 30)
        account.check_order(account.requests())
    assert house.stop() == 0, house.log()[-3000:]


@pytest.mark.slow
def test_kills_lose_nothing(broker, platform, houses, name):
    wide, one = topics(broker, name, ("a", "b"))
    produced = {topic: produce(broker.bootstrap, topic, events(4000, keys=300)) for topic in (wide, one)}
    house = houses(broker.bootstrap, {"p": platform.url}, {wide: {"workers": 2}, one: {}}, workers=2)
    accounts = {topic: Account(broker.bootstrap, topic, platform) for topic in produced}
    lives = [0]
    for mark in (1500, 4000):
        house.start(ready=False)
        platform.wait_for(mark, 60)
        house.kill()
        eventually(platform.deserted, 10, "the end of the dead process's connections")
        lives.append(len(platform.ledger))
        for account in accounts.values():
            account.check_commits()
    house.start(ready=False)
    for topic, account in accounts.items():
        all_delivered(account, produced[topic])
    eventually(lambda: all(account.all_committed() for account in accounts.values()), 30, "the last commit")
    assert house.stop() == 0, house.log()[-3000:]
    place = {id(request): number for number, request in enumerate(platform.ledger)}
    for account in accounts.values():
        for begin, end in zip(lives, [*lives[1:], len(platform.ledger)]):
            account.check_order([(request, event) for request, event in account.requests() if begin <= place[id(request)] < end])


@pytest.mark.slow
def test_one_fenced_ends_all_in_order(houses, name, tmp_path):
    """The worker whose route is fenced ends without a commit; the other finishes and commits what it has under way."""
    if why := real.available():
        pytest.skip(f"no real Kafka: {why}")
    gate = threading.Event()
    with contextlib.closing(Fence()) as fence, real.Broker(tmp_path / "kafka", front=fence, immortal=True) as broker, \
            hostile.Platform() as left, hostile.Platform() as right:
        fenced, well = topics(broker, name, ("a", "b"), 1)
        fence.group = f"sluss.{fenced}"  # before anything is asked: no question of the other may be taken for one of this
        left.always("", hostile.hang())
        right.on("", hostile.when(gate, hostile.status(200)))
        house = houses(broker.bootstrap, {"p": left.url, "q": right.url}, {fenced: {}, well: to("q")}, workers=2).start()
        for topic, platform in ((fenced, left), (well, right)):
            produce(broker.bootstrap, topic, events(1))
            platform.wait_for(1, 20)
        fence.shut = True
        eventually(lambda: "a worker ended: the others finish" in house.log(), 40, "the end of the first worker")
        assert house.daemon.running()
        house.daemon.signal(signal.SIGTERM)
        eventually(lambda: '"stopping: events under way are finished and committed"' in house.log(), 20, "the first SIGTERM")
        gate.set()
        assert house.daemon.wait(60) == 69, house.log()[-3000:]
        assert Account(broker.bootstrap, well, right).committed() == {0: 1}
        assert Account(broker.bootstrap, fenced, left).committed() == {0: 0}


def test_workers_leave_their_group_together(sandbox_broker, platform, houses, name):
    """One worker has nothing under way at the stop, the other waits for an answer: its final commit finds the group as it was.
    A group that a member has left refuses commits for a while here: librdkafka's broker in memory is stricter than Kafka. It also
    refuses a member that asks for its share after the leader has given them out; then all join anew, within 9 s. So the group is
    let come to rest before anything is under way."""
    produce(sandbox_broker, f"{name}.dlq", events(1))
    produce(sandbox_broker, name, [("a", "{}")])
    house = houses(sandbox_broker, {"p": platform.url}, {name: {"workers": 2}}, workers=2).start(seconds=120)
    eventually(Account(sandbox_broker, name, platform).all_committed, 60, lambda: f"a commit of a group at rest: {house.log()[-2000:]}")
    gate = threading.Event()
    platform.on("", hostile.when(gate, hostile.status(200)))
    seen, told = len(platform.ledger), len(house.log())
    produce(sandbox_broker, name, [("a", "{}")])
    platform.wait_for(seen + 1, 30)
    house.daemon.signal(signal.SIGTERM)
    eventually(lambda: '"  hand back ' in house.log()[told:], 20, "the end of the worker that has nothing to do")
    assert house.daemon.running()
    gate.set()
    assert house.daemon.wait(45) == 0, house.log()[-3000:]
    assert "commit refused" not in house.log()[told:]


def test_two_processes_of_two_workers_in_one_group(broker, houses, name):
    (topic,) = topics(broker, name, ("a",), 8)
    with hostile.Platform() as left, hostile.Platform() as right:
        one = houses(broker.bootstrap, {"p": left.url}, {topic: {"workers": 2}}, LASTING, workers=2).start()
        two = houses(broker.bootstrap, {"p": right.url}, {topic: {"workers": 2}}, LASTING, workers=2).start()
        eventually(lambda: members(broker, f"sluss.{topic}") == 4, 20, "four members")
        account = Account(broker.bootstrap, topic, left, right)
        produced = produce(broker.bootstrap, topic, events(4000))
        all_delivered(account, produced)
        assert left.ledger and right.ledger
        assert one.stop() == 0, one.log()[-3000:]
        before = len(left.ledger)
        produced += produce(broker.bootstrap, topic, events(1000, 4000))
        all_delivered(account, produced)
        assert len(left.ledger) == before, "the stopped one sends nothing any more"
        assert two.stop() == 0, two.log()[-3000:]
        assert account.all_committed()
        twice = [event for event, count in account.deliveries().items() if count > 1]
        assert not twice, f"{len(twice)} delivered twice"
        for platform in (left, right):
            account.check_order(Account(broker.bootstrap, topic, platform).requests())


def threads(pid):
    """Of each thread: the ticks of a processor that it has used, and how often it has let go of one by itself."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
            slept = re.search(r"^voluntary_ctxt_switches:\s*(\d+)", (task / "status").read_text(), re.M)
            found[task.name] = int(fields[11]) + int(fields[12]), int(slept[1])
    return found


def test_a_worker_that_waits_for_the_others_sleeps(broker, platform, houses, name):
    """One has nothing to finish, the other waits for an answer: what it tells meanwhile does not wake the first for good."""
    quick, slow = topics(broker, name, ("a", "b"), 1)
    refusal, success = threading.Event(), threading.Event()
    platform.on("", hostile.when(refusal, hostile.status(401)), hostile.when(success, hostile.status(200)))
    house = houses(broker.bootstrap, {"p": platform.url}, {quick: {}, slow: {}}, workers=2).start()
    produce(broker.bootstrap, slow, events(2))
    platform.wait_for(2, 20)
    house.daemon.signal(signal.SIGTERM)
    eventually(lambda: '"  stopped 0"' in house.log(), 20, "the worker that has nothing to finish to end")
    refusal.set()
    eventually(lambda: "  tell workers p is held" in house.log(), 20, lambda: f"a word to the other; {house.log()[-2000:]}")
    before, began = threads(house.daemon.pid), time.monotonic()
    eventually(lambda: time.monotonic() - began > 3, 10, "three seconds of waiting", 0.5)
    after = threads(house.daemon.pid)
    success.set()
    assert house.daemon.wait(40) == 0
    used = {thread: (after[thread][0] - before[thread][0], after[thread][1] - before[thread][1]) for thread in before.keys() & after.keys()}
    assert not [thread for thread, (ticks, sleeps) in used.items() if ticks >= 5 and sleeps < 10], f"thread: (ticks, sleeps) in 3 s: {used}"
