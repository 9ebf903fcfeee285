"""What all scenes share: a cluster of Kafka, the wires, the producer of goods and the truth of what stands in the topics. It breaks nothing."""

import contextlib
import pathlib
import threading
import time

from certificates import Authority
from cluster import Cluster
from feeder import Feeder
from links import Link
from records import read_topic
from scene import AFTER, BATCH, FEW, LAG, TOPICS, Scene
from wires import Wires

MEMBERS = 2  # of each group


class World:
    def __init__(self, folder, seed, rate, kind, own, groups=1, drop=0, session=10, logs=20):
        """own: whether we are in a network of our own, so that members may have namespaces. drop: see Witness. session: seconds.
        logs: of how many lives of each member."""
        self.folder, self.kind, self.session, self.logs, self.broken, self.lags = pathlib.Path(folder), kind, session, logs, [], []
        self.rate = rate  # events a second
        self.closing, self.ending, self.places, self.scenes = contextlib.ExitStack(), threading.Event(), {}, []
        try:
            self._build(seed, rate, own, groups, drop)
        except BaseException:
            self.close()
            raise

    def keep(self, thing):
        self.closing.callback(thing.close)
        return thing

    def _build(self, seed, rate, own, groups, drop):
        numbers = range(1, MEMBERS * groups + 1)
        links = [self.keep(Link(number, self.folder / f"link{number}.log")) if own else None for number in numbers]
        self.cannot = links[0].cannot() if own else "no namespaces"  # why cables cannot be bad, or nothing
        self.gate = f"{links[0].net}.1" if own else "127.0.0.1"
        self.wires = Wires("0.0.0.0" if own else self.gate, seed)
        self.authority, self.foreign = Authority(self.folder / "authority"), Authority(self.folder / "foreign")
        self.cluster = self.keep(Cluster(self.folder / "kafka", lambda port: f"{self.gate}:{self.wires.lay(port, 'kafka')}"))
        for topic, partitions in TOPICS.items():
            self.cluster.create_topic(topic, partitions)
        self.partitions = dict(TOPICS)
        for number in range(groups):
            here = range(number * MEMBERS, (number + 1) * MEMBERS)
            self.scenes.append(self.keep(Scene(self, number + 1, {numbers[place]: links[place] for place in here}, drop)))
        self.feeder = self.keep(Feeder(self.cluster.bootstrap, list(TOPICS), rate, seed, set(BATCH), self.places, dict.fromkeys(AFTER, FEW)))
        threading.Thread(target=self._watch, daemon=True).start()
        for scene in self.scenes:
            scene.begin()

    def certificate(self, name, authority=None):
        certificate, key, _ = (authority or self.authority).issue(name, hosts=f"DNS:localhost,IP:127.0.0.1,IP:{self.gate}")
        return certificate, key

    def _watch(self):
        """When this machine let a thread of ours wait: what comes too late because of that is no fault of Sluss's, but like one of ours."""
        last = time.monotonic()
        while not self.ending.wait(0.1):
            now = time.monotonic()
            if now - last > 0.1 + LAG:
                self.lags.append((last, now))
            last = now

    def finish(self):
        """No more faults and goods: everything must settle. Returns the truth, as Feeder.kind() tells it."""
        self.feeder.close()
        for scene in self.scenes:
            scene.finish()
        self.ending.set()
        truth, keys = {}, {}
        for topic in TOPICS:
            for event, key, value in read_topic(self.cluster.bootstrap, topic, lambda record: (
                    (topic, record.partition, record.offset), keys.setdefault(record.key, record.key), record.value)):
                truth[event] = key, self.feeder.kind(value)
                if topic in BATCH and truth[event][1] != "bad":
                    self.places[self.feeder.number(value)] = event
        for scene in self.scenes:
            scene.witness.place()
        return truth

    def close(self):
        self.ending.set()
        self.closing.close()
