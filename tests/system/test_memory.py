"""limits.memory is kept, however large the events and however many the partitions; and all of them arrive."""

import json
import threading

import pytest

from account import Account
from hostile import Platform, status, wait, when
from house import metric
from process import eventually
from records import produce

LIMIT = 16 << 20


def events(begin, end, size, keys):
    return [(f"k{n % keys}", json.dumps({"n": n, "key": f"k{n % keys}", "x": "x" * size}, separators=(",", ":"))) for n in range(begin, end)]


@pytest.mark.parametrize("batch", [{}, {"batch": {"events": 50, "bytes": "1 MiB", "wait": "100ms"}}], ids=["single", "batches"])
def test_limit_is_kept_with_large_events_on_many_partitions(broker, houses, name, batch):
    broker.create_topic(name, 32)
    broker.create_topic(f"{name}.dlq")
    produced = []
    for turn in range(2):
        produced += produce(broker.bootstrap, name, events(turn * 30, turn * 30 + 30, 600_000, 40))
        produced += produce(broker.bootstrap, name, events(1000 + turn * 300, 1300 + turn * 300, 2000, 400))
    with Platform() as platform:
        full = threading.Event()
        platform.always("", when(full, wait(0.02, status(200))))
        house = houses(broker.bootstrap, {"p": platform.url}, {name: {"deliver": {"platform": "p", "path": "/in", **batch}}},
                       limits={"memory": "16 MiB", "event": "1 MiB"}, log={"level": "info", "format": "json"}).start()
        account = Account(broker.bootstrap, name, platform)
        most = [0]

        def all_there():
            most[0] = max(most[0], metric(house.metrics(), "sluss_memory_accounted_bytes"))
            assert most[0] <= LIMIT
            if most[0] > LIMIT / 8:  # an eighth of it is a quarter of what consumers and reading ahead leave
                full.set()
            if batch:
                return metric(house.metrics(), "sluss_events_total", route=name, outcome="delivered") >= len(produced)
            return account.delivered() >= set(produced)
        eventually(all_there, 90, lambda: f"all {len(produced)} events, at {most[0]} bytes; {house.log()[-2000:]}")
        assert house.stop() == 0, house.log()[-3000:]
        if not batch:
            account.check_order(account.requests())
        assert account.all_committed()
