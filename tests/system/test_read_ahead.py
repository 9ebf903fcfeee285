"""What librdkafka reads ahead is bounded, also where many partitions hold large batches of their producers': then partitions
share its queues, and none of them waits for another for long."""

import json
import pathlib

import pytest

import house as home
from account import Account
from hostile import Platform, status, wait
from house import metric
from process import eventually
from records import produce

LARGE = {"batch_size": 1_000_000, "linger_ms": 20_000}  # a producer's batch is sent when it is full
BESIDE = 30  # MiB: what the process takes beside limits.memory
SANITIZED = home.KIND in ("asan", "tsan")


def body(n, key, size):
    return json.dumps({"n": n, "key": key, "x": "x" * size}, separators=(",", ":"))


def peak_mib(house):
    status = pathlib.Path(f"/proc/{house.daemon.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


@pytest.mark.slow
@pytest.mark.skipif(SANITIZED, reason="a sanitizer takes memory of its own")
def test_peak_memory_stays_within_the_limit_and_thirty(broker, houses, name):
    partitions, each, limit = 64, 470, 32
    broker.create_topic(name, partitions)
    broker.create_topic(f"{name}.dlq")
    produced = produce(broker.bootstrap, name, ((f"k{n % 16}", body(n, f"k{n % 16}", 2000), (), partition)
                                                for partition in range(partitions) for n in range(each)), **LARGE)
    with Platform() as platform:
        platform.always("", wait(0.05, status(200)))  # librdkafka reads faster
        route = {"deliver": {"platform": "p", "path": "/in", "batch": {"events": 100, "bytes": "256 KiB"}}}
        house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "max-in-flight": 4}}, {name: route}, limits={"memory": f"{limit} MiB"},
                       log={"level": "info", "format": "json"}).start()
        eventually(lambda: metric(house.metrics(), "sluss_events_total", route=name, outcome="delivered") >= len(produced), 120,
                   lambda: f"all {len(produced)} events; {house.log()[-2000:]}")
        peak = peak_mib(house)
        assert house.stop() == 0, house.log()[-3000:]
    assert peak <= limit + BESIDE, f"{peak:.0f} MiB"
    assert Account(broker.bootstrap, name).all_committed()


def refused(house):
    """What `check` says of it, as one line."""
    done = house.ctl("check")
    return "" if done.returncode == 0 else f"{done.returncode}: {' '.join(done.stdout.split())}"


@pytest.mark.slow
@pytest.mark.skipif(SANITIZED, reason="a sanitizer takes memory of its own")
def test_peak_memory_of_many_routes_at_the_smallest_limit(broker, houses, name):
    """A batch of nearly a mebibyte on each partition, and a platform that is slower than Kafka: all wait for memory."""
    partitions, each, least = 4, 2300, 26
    names = [f"{name}-{n}" for n in range(8)]
    broker.create_topics(names, partitions)
    broker.create_topic(f"{name}.dlq")
    for topic in names:
        produce(broker.bootstrap, topic, ((f"k{n}", body(n, f"k{n}", 350), (), partition)
                                          for partition in range(partitions) for n in range(each)), **LARGE)
    routes = {topic: {"dead-letter": f"{name}.dlq", "deliver": {"platform": "p", "path": "/in", "batch": {"events": 100, "bytes": "256 KiB"}}}
              for topic in names}
    for limit, delivered in ((least, 3000), (least + 14, 9000)):
        with Platform() as platform:
            platform.always("", wait(0.3, status(200)))
            house = houses(broker.bootstrap, {"p": {"base-url": platform.url, "max-in-flight": 64}}, routes, {"group-id": f"{name}.{limit}"},
                           limits={"memory": f"{least - 1} MiB", "event": "64 KiB"}, log={"level": "info", "format": "json"})
            assert "78: " in refused(house) and f"make `memory` at least {least} MiB" in refused(house), refused(house)
            house.top["limits"]["memory"] = f"{limit} MiB"
            house.write()
            assert refused(house) == ""
            house.start()
            eventually(lambda: metric(house.metrics(), "sluss_events_total", outcome="delivered") >= delivered, 60,
                       lambda: f"{delivered} events; {house.log()[-2000:]}")
            peak = peak_mib(house)
            house.kill()
        assert peak <= limit + BESIDE, f"{peak:.0f} MiB with {limit}"


@pytest.mark.slow
def test_held_keys_at_the_head_of_every_queue_stop_no_other_partition(broker, houses, name):
    """Three queues for seven partitions: behind a held key a partition stops when its window is full, with more in its queue."""
    partitions, each, held = 7, 1500, (0, 1, 2)
    broker.create_topic(name, partitions)
    broker.create_topic(f"{name}.dlq")
    records = [("a", "not json" if n == 0 and partition in held else body(n, "a", 900), (), partition) if n < 2 else
               (f"k{n % 50}", body(n, f"k{n % 50}", 900), (), partition)
               for partition in range(partitions) for n in range(each)]
    produced = set(produce(broker.bootstrap, name, records, **LARGE))
    with Platform() as platform:
        house = houses(broker.bootstrap, {"p": platform.url}, {name: {"after-dead-letter": "hold"}}, limits={"memory": "24 MiB"},
                       log={"level": "info", "format": "json"}).start()
        account = Account(broker.bootstrap, name, platform)
        others = {place for place in produced if place[0] not in held}
        eventually(lambda: account.delivered() >= others and metric(house.metrics(), "sluss_keys_held", route=name) == len(held), 90,
                   lambda: f"all of the others, without {sorted(others - account.delivered())[:3]}; {house.log()[-2000:]}")
        assert all((partition, each - 1) not in account.delivered() for partition in held), "nothing stood still: this tests nothing"
        for partition in held:
            done = house.ctl("release", name, f"{name}/{partition}/1")
            assert (done.returncode, done.stdout) == (0, "released 1 key\n"), done.stderr
        letters = {(partition, 0) for partition in held}
        eventually(lambda: account.delivered() == produced - letters, 90,
                   lambda: f"all but the letters, without {sorted(produced - letters - account.delivered())[:3]}; {house.log()[-2000:]}")
        eventually(account.all_committed, 20, "the last commit")
        account.check_order(account.requests())
        assert house.stop() == 0, house.log()[-3000:]
