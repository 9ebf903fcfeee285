"""The other forms of kafka-http, each a table from one run: latency (added at 1,000 events a second), flat (CPU an event over
routes and keys), memory (peak at 10^5 and 10^6 events), stages (where Sluss's CPU goes; needs perf)."""

import collections
import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import kafka_http as bench

LATENCY_RATE = 1_000
WAITING_S = 3


def latency(broker, options):
    """Half and 99 % of the requests were at the receiver so long after their event was made: floor and Sluss read the same
    events at the same time, in short windows; of each figure, and of each window's difference, the median counts."""
    broker.create_topic("latency", partitions=options.partitions)
    broker.create_topic("latency.dlq", partitions=1)
    sinks, windows = (bench.Sink(0), bench.Sink(0)), []
    floor = subprocess.Popen([bench.BIN / "bench_floor", broker.bootstrap, "latency", str((options.rounds + 1) * options.events),
                              str(options.in_flight), sinks[0].url + "/in"], stdout=subprocess.DEVNULL, preexec_fn=bench.die_with_parent)
    with tempfile.TemporaryDirectory(prefix="slussbench") as folder:
        with bench.write_house(folder, broker.bootstrap, ["latency"], sinks[1].url, options, "latency") as home:
            home.start()
            for number in range(options.rounds + 1):
                bench.load(broker.bootstrap, "latency", options, LATENCY_RATE)
                bench.eventually(lambda: bench.delivered(home) >= (number + 1) * options.events, options.limit, "all events delivered")
                windows.append([sink.window() for sink in sinks])
            floor.wait(options.limit)
            home.stop()
    for sink in sinks:
        sink.end()
    windows.pop(0)  # it measures how each side starts
    print(f"\n{LATENCY_RATE:,} events/s, ms from making an event to its request; medians of {options.rounds} windows of {options.events:,}\n")
    print(f"{'':8}{'floor':>10}{'Sluss':>10}{'added':>10}{'added, each window':>22}")
    for name in ("p50_ms", "p99_ms"):
        one, other = (bench.statistics.median(window[side][name] for window in windows) for side in (0, 1))
        added = sorted(window[1][name] - window[0][name] for window in windows)
        print(f"{name[:3]:8}{one:>10.2f}{other:>10.2f}{bench.statistics.median(added):>10.2f}{f'{added[0]:.2f} to {added[-1]:.2f}':>22}")


def burned(pid):
    """CPU seconds of all threads so far. A thread that ended just now did little."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def measure(pid, broker, topics, sink, options):
    """CPU us an event of a side that waits for the events, and how much of that it takes while it waits, too: timers, heartbeats,
    fetches that bring nothing. Asks the sink how far it is, for asking Sluss would be measured."""
    before = burned(pid)
    time.sleep(WAITING_S)
    waiting = (burned(pid) - before) / WAITING_S
    before, began, received = burned(pid), time.monotonic(), 0
    bench.load(broker.bootstrap, ",".join(topics), options)  # at once: beside one another, not one route after the other

    def all_there():
        nonlocal received
        received += sink.window()["requests"]
        return received >= options.events
    bench.eventually(all_there, options.limit, lambda: f"all events, so far {received}", every=0.02)
    taken, seconds = burned(pid) - before, time.monotonic() - began
    return taken * 1e6 / options.events, waiting * seconds * 1e6 / options.events


def floor_ready(broker, topics, options):
    """A floor with a consumer for each topic, which would go on after the last event."""
    sink = bench.Sink(0)
    floor = subprocess.Popen([bench.BIN / "bench_floor", broker.bootstrap, ",".join(topics), str(options.events + 1),
                              str(options.in_flight), sink.url + "/in"], stdout=subprocess.PIPE, text=True, preexec_fn=bench.die_with_parent)
    if floor.stdout.readline() != "ready\n":
        raise SystemExit("the floor did not start")
    result = measure(floor.pid, broker, topics, sink, options)
    floor.kill()
    floor.wait(options.limit)
    sink.end()
    return result


def sluss_ready(broker, topics, options, number):
    """A Sluss that has joined its groups."""
    sink = bench.Sink(0)
    with tempfile.TemporaryDirectory(prefix="slussbench") as folder:
        with bench.write_house(folder, broker.bootstrap, topics, sink.url, options, number) as home:
            home.start(seconds=options.limit)
            result = measure(home.daemon.pid, broker, topics, sink, options)
            bench.wait_delivered(home, options)
            if home.stop() != 0:
                raise SystemExit(f"Sluss did not end well:\n{home.log()[-2000:]}")
            sink.end()
            return result


def flat(broker, options):
    """CPU us an event over routes, each with a consumer of its own, and over keys; the floor has as many consumers. It takes many
    events: what is read ahead of 50 routes is memory that is touched for the first time."""
    print(f"\n{options.events:,} events to sides that wait for them, CPU us an event, and how much of that they take while they wait; "
          f"medians of {options.rounds} rounds\n", flush=True)
    shapes = list(dict.fromkeys([(routes, 1_000) for routes in options.routes] + [(1, keys) for keys in options.of_keys]))
    found = {shape: [] for shape in shapes}
    for number in range(options.rounds):
        for shape in shapes:
            count, options.keys = shape
            sides = []
            for side in ("floor", "sluss"):
                topics = [f"flat{number}.{options.keys}.{side}{count}.{index}" for index in range(count)]
                broker.create_topics(topics, partitions=options.partitions if count == 1 else 1)
                broker.create_topic(topics[0] + ".dlq", partitions=1)
                sides.append(floor_ready(broker, topics, options) if side == "floor" else
                             sluss_ready(broker, topics, options, topics[0]))
                broker.delete_topics([*topics, topics[0] + ".dlq"])
            found[shape].append(sides)
    print(f"{'':26}{'floor':>8}{'waits':>8}{'Sluss':>8}{'waits':>8}{'ratio':>8}{'ours':>8}")
    for (count, keys), rounds in found.items():
        line = "".join(f"{bench.statistics.median(sides[side][which] for sides in rounds):>8.1f}" for side in (0, 1) for which in (0, 1))
        ratio, ours = (bench.statistics.median(values) for values in zip(*((b / a, b - a) for (a, _), (b, _) in rounds)))
        print(f"{f'{count} routes, {keys:,} keys':26}{line}{ratio:>8.2f}{ours:>8.1f}")


def memory(broker, options):
    print(f"\npeak memory MB, medians of {options.rounds} rounds\n")
    print(f"{'events':>12}{'floor':>10}{'Sluss':>10}")
    for events in (100_000, 1_000_000):
        topic = f"memory{events}"
        broker.create_topic(topic, partitions=options.partitions)
        broker.create_topic(topic + ".dlq", partitions=1)
        options.events = events
        bench.load(broker.bootstrap, topic, options)
        sides = [(bench.run_floor(broker.bootstrap, topic, options)["rss"], bench.run_sluss(broker.bootstrap, topic, options, f"{topic}.{number}")["rss"])
                 for number in range(options.rounds)]
        floor, sluss = (bench.statistics.median(values) for values in zip(*sides))
        print(f"{events:>12,}{floor:>10.0f}{sluss:>10.0f}", flush=True)


# The innermost of these in a sample's stack says which stage it belongs to.
STAGES = {"decode": "decode", "gate_check": "validate", "recipe_run": "enrich", "mapping_apply": "shape",
          "http_client_send": "deliver", "http_client_perform": "deliver", "http_client_wait": "deliver",
          "consequence_take": "settle", "commit_tend": "settle", "perform": "settle", "flow_step": "core: order, pace, credit",
          "supply_serve": "Kafka", "consumer_serve": "Kafka", "event_create": "Kafka"}
ORDER = ("Kafka", "decode", "validate", "enrich", "shape", "core: order, pace, credit", "deliver", "settle", "other")


def stage_of(sample):
    lines = sample.splitlines()
    if lines[0].startswith("rdk:"):
        return "Kafka"
    for line in lines[1:]:
        match = re.match(r"\s+[0-9a-f]+ (\S+)", line)
        if match and match[1] in STAGES:
            return STAGES[match[1]]
    return "other"


def stages(broker, options):
    topic = "stages"
    broker.create_topic(topic, partitions=options.partitions)
    broker.create_topic(topic + ".dlq", partitions=1)
    sink = bench.Sink(0)
    with tempfile.TemporaryDirectory(prefix="slussbench") as folder:
        with bench.write_house(folder, broker.bootstrap, [topic], sink.url, options, topic) as home:
            home.start()
            before, _ = bench.usage(home.daemon.pid)
            data = f"{folder}/perf.data"
            recorder = subprocess.Popen(["perf", "record", "-q", "-F", "499", "--call-graph", "dwarf,8192", "-o", data, "-p",
                                         str(home.daemon.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            bench.load(broker.bootstrap, topic, options)
            bench.wait_delivered(home, options)
            cpu, _ = bench.usage(home.daemon.pid)
            recorder.send_signal(bench.signal.SIGINT)
            recorder.wait(options.limit)
            bench.end_sluss(home, sink, options)
            text = subprocess.run(["perf", "script", "-i", data, "-F", "comm,ip,sym", "--no-inline"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True, errors="replace", check=True).stdout
    found = collections.Counter(stage_of(sample) for sample in text.split("\n\n") if sample.strip())
    total, each = sum(found.values()), (cpu - before) * 1e6 / options.events
    print(f"\n{options.events:,} events, {each:.1f} CPU us each ({total:,} samples)\n")
    for name in ORDER:
        print(f"{name:32}{found[name] * each / total:>8.1f}{found[name] * 100 / total:>7.0f} %")


FORMS = {"latency": (latency, {"events": 3_000, "rounds": 9}),
         "flat": (flat, {"events": 1_000_000, "event": "event", "routes": [1, 10, 50], "of_keys": [10, 1_000, 1_000_000]}), "memory": (memory, {"limit": 300}), "stages": (stages, {})}


def main():
    form, defaults = FORMS[sys.argv.pop(1)]
    options = bench.parse(form.__name__, form.__doc__ or __doc__, delay_us=0, batch=1, **defaults)
    with tempfile.TemporaryDirectory(prefix="slussbench") as folder, bench.kafka.Broker(folder) as broker:
        form(broker, options)


if __name__ == "__main__":
    main()
