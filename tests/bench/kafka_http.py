"""kafka-http: Kafka to HTTP, one request an event, and 100 events a request. The floor (librdkafka and libcurl with nothing
between) and Sluss doing its whole work (decode, validate against a 2020-12 schema, enrich from a table, build, deliver in order per
key, settle) side by side in one run, in turn, on one broker. Rates are the receiver's: from the first request to the last. Ratios
count; absolute figures wander with the machine. Each side accounts for every event."""

import argparse
import json
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "system"))

import broker as kafka  # noqa: E402
import house  # noqa: E402
from process import die_with_parent, eventually  # noqa: E402
from records import end_offsets  # noqa: E402

BIN = ROOT / ".build" / "release" / "tests"
TICKS = 100  # of /proc/PID/stat
ROWS = 100_000  # of the lookup table; load.c knows it
MORE_IN_BATCHES = 10  # times: else it would be over before librdkafka has begun to read ahead
SCHEMA = {"event": "bygglov/status-andrad-1.schema.json", "full": "bygglov/status-andrad-1.schema.json", "order": "bench/order.schema.json"}


class Sink:
    """The platform: a process of its own that answers 204."""

    def __init__(self, delay_us=0):
        self.process = subprocess.Popen([BIN / "bench_sink", str(delay_us)], stdout=subprocess.PIPE, text=True,
                                        preexec_fn=die_with_parent)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def window(self):
        """What came since the last time."""
        self.process.send_signal(signal.SIGUSR1)
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return json.loads(self.process.communicate(timeout=10)[0])


def usage(pid):
    """CPU seconds and peak memory in KiB of a running process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return (int(fields[11]) + int(fields[12])) / TICKS, peak


def run_floor(servers, topic, options, processes=1):
    """Several processes read every so-manieth partition each and share the requests in flight."""
    ends = end_offsets(servers, topic)
    sink = Sink(options.delay_us)
    floors = [subprocess.Popen([BIN / "bench_floor", servers, topic, str(sum(end for number, end in ends.items() if number % processes == part)),
                                str(options.in_flight // processes), sink.url + "/in", str(options.batch), str(part),
                                str(processes)], stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent) for part in range(processes)]
    results = [json.loads(floor.communicate(timeout=options.limit)[0].splitlines()[-1]) for floor in floors]
    received, events = sink.end(), sum(result["events"] for result in results)
    if any(result["failed"] for result in results) or events < options.events or received["requests"] * options.batch < options.events:
        raise SystemExit(f"the floor lost events: {results}, received {received}")
    return {"rate": rate(received, options), "together": options.events / received["requests"],
            "cpu": sum(result["cpu_us"] * result["events"] for result in results) / events,
            "rss": sum(result["rss_kb"] for result in results) / 1024}


def rate(received, options):
    """Events a second at the receiver. Repeated requests, if any, count only where each event is one."""
    events = received["requests"] if options.batch == 1 else options.events
    return events / received["seconds"]


def write_house(folder, servers, topics, url, options, number, workers=1):
    """A house with one route a topic, which reads on all workers."""
    house_routes = {}
    for index, topic in enumerate(topics):
        route = {
            "from": topic, "group": f"bench.{number}.{index}", "format": "cloudevents",
            "schema": SCHEMA[options.event],
            "enrich": ({"lookup": "status", "key": "$.data.statuskod", "into": "$.data.status"},),
            "deliver": {"platform": "p", "path": "/in/{$.data.arendeId}"}, "dead-letter": f"{topics[0]}.dlq", "workers": workers,
        }
        if options.batch > 1:  # one path, or each event would be a batch of its own
            route["deliver"] |= {"path": "/in", "batch": {"events": options.batch, "bytes": "1 MiB"}}
        if options.plain:
            for name in ("format", "schema", "enrich"):
                route.pop(name)
            route["deliver"]["path"] = "/in"
        house_routes[f"bench{index}"] = route
    limits = {"limits": {"memory": options.memory_limit}} if options.memory_limit else {}
    home = house.House(folder, servers, {"p": {"base-url": url, "max-in-flight": options.in_flight}}, house_routes,
                       kind="release", **limits, log={"level": "warning", "format": "json"}, workers=workers,
                       lookups={"status": {"table": "status.csv", "key": "kod", "value": "namn"}})
    for source in (ROOT / "schemas").rglob("*.json"):
        home.put(f"schemas/{source.relative_to(ROOT / 'schemas')}", source.read_text())
    home.put("schemas/bench/order.schema.json", (HERE / "order.schema.json").read_text())
    home.put("tables/status.csv", "kod;namn\n" + "".join(f"K{i};Status nummer {i}\n" for i in range(ROWS)))
    home.write()
    return home


def delivered(home):
    try:
        return house.metric(home.metrics(), "sluss_events_total", outcome="delivered") or 0
    except OSError:
        return 0


def end_sluss(home, sink, options):
    status, received = home.stop(), sink.end()
    if status != 0 or received["requests"] * options.batch < options.events:
        raise SystemExit(f"Sluss ended with {status}, received {received}")
    return received


def wait_delivered(home, options):
    eventually(lambda: delivered(home) >= options.events, options.limit,
               lambda: f"all events delivered, so far {delivered(home)}:\n{home.log()[-2000:]}", every=0.25)


def run_sluss(servers, topic, options, number, workers=1):
    with tempfile.TemporaryDirectory(prefix="slussbench") as folder:
        sink = Sink(options.delay_us)
        with write_house(folder, servers, [topic], sink.url, options, number, workers) as home:
            home.start(ready=False)
            pid = home.daemon.pid
            already = eventually(lambda: delivered(home), options.limit, "the first delivery", every=0.02)
            before, _ = usage(pid)  # behind are configuration, table and the group
            wait_delivered(home, options)
            cpu, peak = usage(pid)
            received = end_sluss(home, sink, options)
            return {"rate": rate(received, options), "together": options.events / received["requests"],
                    "cpu": (cpu - before) * 1e6 / (options.events - already),
                    "rss": peak / 1024}


def table(title, floor, *others):
    """others: (name, rounds)"""
    print(f"\n{title}\n")
    print(f"{'':18}{'floor':>10}" + "".join(f"{name:>18}{'ratio':>8}" for name, _ in others))
    for name, key, form in (("events/s", "rate", "{:,.0f}"), ("events a request", "together", "{:,.1f}"), ("CPU us an event", "cpu", "{:,.1f}"), ("peak memory MB", "rss", "{:,.0f}")):
        line = f"{name:18}{form.format(statistics.median(one[key] for one in floor)):>10}"
        for _, rounds in others:
            ratio = statistics.median(b[key] / a[key] for a, b in zip(floor, rounds))
            line += f"{form.format(statistics.median(one[key] for one in rounds)):>18}{ratio:>8.2f}"
        print(line)


def load(servers, topic, options, rate=0):
    subprocess.run([BIN / "bench_load", servers, topic, str(options.events), str(options.keys), HERE / f"{options.event}.json", str(rate)],
                   check=True)


def compare(servers, topic, options):
    sides = {
        "floor": lambda _: run_floor(servers, topic, options),
        "Sluss": lambda number: run_sluss(servers, topic, options, number),
    }
    if options.workers > 1:
        sides[f"{options.workers} floors"] = lambda _: run_floor(servers, topic, options, processes=options.workers)
        sides[f"{options.workers} workers"] = lambda number: run_sluss(servers, topic, options, f"{number}.w", options.workers)
    rounds = {name: [] for name in sides}
    for number in range(options.rounds):
        for name, run in sides.items():
            rounds[name].append(run(f"{options.batch}.{options.delay_us}.{number}"))
        print(f"round {number + 1} of {options.rounds}: " + ", ".join(f"{name} {side[-1]['rate']:,.0f}/s" for name, side in rounds.items()),
              flush=True)
    together = f"batches of {options.batch}, " if options.batch > 1 else ""
    floor = rounds.pop("floor")
    size = (HERE / f"{options.event}.json").stat().st_size
    table(f"{options.events:,} events of {size:,} bytes, {together}{options.keys:,} keys, {options.partitions} partitions, {options.in_flight} in flight, "
          f"platform answers after {options.delay_us / 1000:g} ms; medians of {options.rounds} rounds", floor, *rounds.items())


def parse(program, description, **defaults):
    parser = argparse.ArgumentParser(prog=f"./dev bench {program}", description=description)
    parser.add_argument("--events", type=int, default=100_000, help="so many a side and round (%(default)s); without --batch, ten times as many in batches")
    parser.add_argument("--keys", type=int, default=1_000, help="of so many keys, in turn: each is kept in order (%(default)s)")
    parser.add_argument("--partitions", type=int, default=4, help="of the topic (%(default)s)")
    parser.add_argument("--in-flight", type=int, default=64, help="requests under way at most (%(default)s)")
    parser.add_argument("--delay-us", type=int, help="the platform answers after so long; without it, at once and after 5 ms")
    parser.add_argument("--batch", type=int, help="so many events in one request; without it, 1, and 100 at a platform that answers at once")
    parser.add_argument("--workers", type=int, default=2, help="Sluss with so many workers too, beside as many floors; 1: neither")
    parser.add_argument("--rounds", type=int, default=3, help="each side runs so often; the table has the medians (%(default)s)")
    parser.add_argument("--limit", type=int, default=120, help="seconds a side may take (%(default)s)")
    parser.add_argument("--event", choices=SCHEMA, default="order",
                        help="order: 1 KB, nested, with a text of 400 characters; event: 0.4; full: 0.8, with all that its schema knows (%(default)s)")
    parser.add_argument("--plain", action="store_true", help="Sluss without schema and enrichment")
    parser.add_argument("--memory-limit", metavar="SIZE", help="Sluss with this limits.memory, as \"32 MiB\"")
    parser.add_argument("--routes", type=int, nargs="*", help="flat: with so many routes")
    parser.add_argument("--of-keys", type=int, nargs="*", help="flat: with so many keys")
    parser.set_defaults(**defaults)
    options = parser.parse_args()
    if kafka.available():
        raise SystemExit(f"bench: {kafka.available()}")
    return options


def main():
    options = parse("kafka-http", __doc__)
    events, batch, delay_us = options.events, options.batch, options.delay_us
    with tempfile.TemporaryDirectory(prefix="slussbench") as folder, kafka.Broker(folder) as broker:
        for options.batch in (1, 100) if batch is None else (batch,):
            topic = f"bench.{options.batch}"
            options.events = events * MORE_IN_BATCHES if batch is None and options.batch > 1 else events
            broker.create_topic(topic, partitions=options.partitions)
            broker.create_topic(f"{topic}.dlq", partitions=1)
            load(broker.bootstrap, topic, options)
            for options.delay_us in (0, 5000) if delay_us is None and options.batch == 1 else (delay_us or 0,):
                compare(broker.bootstrap, topic, options)


if __name__ == "__main__":
    main()
