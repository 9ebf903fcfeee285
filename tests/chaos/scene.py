"""What the faults happen to: a cluster, two members of one group, a kind platform over HTTP and one over TLS for each. It breaks nothing."""

import contextlib
import pathlib
import threading
import time

from certificates import Authority
from cluster import Cluster
from house import House
from process import eventually
import hostile
from commits import Commits
from feeder import Feeder
from links import Link
from records import committed, end_offsets, read_topic
from wires import Wires
from witness import Ledger, Witness

TOPICS = {"arende": 6, "svar": 3, "lista": 3}  # route and topic: partitions
PLATFORM = {"arende": "arende", "svar": "svar", "lista": "arende"}  # the first over HTTP, the second over TLS
WORKERS = {"arende": 2, "svar": 1, "lista": 2}
BATCH = {"lista": {"events": 20, "wait": "100ms"}}
TIMEOUT, IN_FLIGHT = 3, 16
REACH = sum(IN_FLIGHT * BATCH.get(topic, {"events": 1})["events"] for topic in TOPICS)  # events that one member may have in flight
WORK = 0.02  # seconds that a platform needs, so that goods are in flight whenever something happens
LAG = 0.3  # seconds
LOGS = 20  # lives of a member whose logs stay for a look


class Member:
    """One slussd, again and again: each life has its number in a header of every request and a log of its own."""

    def __init__(self, scene, number, link):
        self.scene, self.number, self.link, self.lives, self.life, self.born = scene, number, link, 0, "", []
        self.platforms = [hostile.Platform(), hostile.Platform(tls=scene.certificate("first"))]
        for platform in self.platforms:
            platform.ledger = Ledger(scene.witness)
            platform.always(lambda request: b'"refuse"' in request.body, hostile.status(400))
            platform.otherwise = hostile.wait(WORK, hostile.status(200))
        near = [scene.wires.lay(platform.port, f"platform{number}") for platform in self.platforms]
        plain = {"timeout": f"{TIMEOUT}s", "connect-timeout": "2s", "max-in-flight": IN_FLIGHT,
                 "breaker": {"open": "500ms", "max-open": "2s"}}
        self.house = House(scene.folder / f"m{number}", scene.cluster.far_bootstrap, {
            "arende": {"base-url": f"http://{scene.gate}:{near[0]}", **plain},
            "svar": {"base-url": f"https://{scene.gate}:{near[1]}", "tls": {"ca": scene.authority.certificate}, **plain}},
            {}, {"session-timeout-ms": scene.session * 1000}, scene.kind, workers=2)
        self.house.prefix = link.prefix if link else []

    def write(self):
        self.lives += 1
        self.life = f"{self.number}.{self.lives}"
        self.born.append(self.life)
        self.house.routes = {topic: {
            "workers": WORKERS[topic],
            "retry": {"first": "100ms", "max": "1s"},
            "deliver": {"platform": PLATFORM[topic], "path": "/in", "refusals": 2, "headers": (f"X-Life: {self.life}",),
                        **({"batch": BATCH[topic]} if topic in BATCH else {})}} for topic in TOPICS}
        self.house.write()

    def start(self, ready=True):
        self.born = []
        self.write()
        self.house.start(ready, 60)

    def reload(self, words=""):
        """A new life in the same process. WORDS: something that no configuration may say, so that nothing changes. Its exit status."""
        self.write()
        if words:
            self.house.put("routes.d/bad.cfg", words)
        return self.house.ctl("reload", "--wait", timeout=90).returncode

    def ended(self):
        """After its end: what its log said of assignments; the log goes."""
        text = self.house.log()
        for life in self.born:
            self.scene.witness.read_log(life, text)
        self.house.daemon.log.rename(self.house.folder / f"life{self.lives}.log")
        (self.house.folder / f"life{self.lives - LOGS}.log").unlink(missing_ok=True)

    def kill(self):
        self.house.kill()
        self.ended()

    def stop(self):
        status = self.house.stop(60)
        self.ended()
        if status not in (0, 75):
            self.scene.broken.append(f"{self.life} ended with {status}")
        return status

    def metrics(self):
        return self.house.metrics()

    def close(self):
        self.house.close()
        for platform in self.platforms:
            platform.close()


class Scene:
    def __init__(self, folder, seed, rate, kind, own, drop=0, session=10):
        """own: whether we are in a network of our own, so that members may have namespaces. drop: see Witness. session: seconds."""
        self.folder, self.kind, self.broken, self.closing = pathlib.Path(folder), kind, [], contextlib.ExitStack()
        self.lags = []
        self.session, self.exposed = session, 0  # exposed: the most that could have come again, since somebody wrote 0 here
        try:
            self._build(seed, rate, own, drop)
        except BaseException:
            self.close()
            raise

    def _keep(self, thing):
        self.closing.callback(thing.close)
        return thing

    def _build(self, seed, rate, own, drop):
        links = [self._keep(Link(number, self.folder / f"link{number}.log")) if own else None for number in (1, 2)]
        self.cannot = links[0].cannot() if own else []
        self.gate = f"{links[0].net}.1" if own else "127.0.0.1"
        self.wires = Wires("0.0.0.0" if own else self.gate, seed)
        self.authority, self.foreign = Authority(self.folder / "authority"), Authority(self.folder / "foreign")
        self.witness = Witness(list(TOPICS), drop)
        self.cluster = self._keep(Cluster(self.folder / "kafka", lambda port: f"{self.gate}:{self.wires.lay(port, 'kafka')}"))
        for topic, partitions in TOPICS.items():
            self.cluster.create_topic(topic, partitions)
            self.cluster.create_topic(f"{topic}.dlq", 2)
        self.partitions = dict(TOPICS)
        self.members = [self._keep(Member(self, number, link)) for number, link in enumerate(links, 1)]
        for member in self.members:
            member.start()
        self.ending = threading.Event()
        self.feeder = self._keep(Feeder(self.cluster.bootstrap, list(TOPICS), rate, seed, set(BATCH), self.witness.places))
        self.commits = self._keep(Commits(self.cluster.bootstrap, {topic: f"sluss.{topic}" for topic in TOPICS}))
        self.scraper = threading.Thread(target=self._scrape, daemon=True)
        self.scraper.start()
        threading.Thread(target=self._watch, daemon=True).start()
        eventually(lambda: not self.silent(0), 60, "the first event of every partition")

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

    def _scrape(self):
        while not self.ending.wait(0.5):
            self.exposed = max(self.exposed, self.witness.would_repeat(self.commits))
            for member in self.members:
                try:
                    self.witness.scrape(member)
                except OSError:
                    pass  # it is down, stopped, or not up yet
                except AssertionError as error:
                    self.broken.append(f"{member.life}: {error}")

    def going_on(self, since, seconds):
        """Until every partition has had a success since then; how long that took, or None."""
        places = [(topic, number) for topic, count in self.partitions.items() for number in range(count)]
        try:
            eventually(lambda: all(self.witness.last_success.get(place, 0) > since for place in places), seconds, "all partitions")
        except AssertionError:
            return None
        return max(0.0, time.monotonic() - since)

    def silent(self, since):
        return [f"{topic}/{number}" for topic, count in self.partitions.items() for number in range(count)
                if self.witness.last_success.get((topic, number), 0) <= since]

    def raise_fallen(self):
        """No member may end by itself."""
        for member in self.members:
            if not member.house.daemon.running():
                self.broken.append(f"{member.life} ended by itself with {member.house.daemon.wait()}: {member.house.log()[-1500:]}")
                member.ended()
                member.start(ready=False)

    def settled(self):
        """Whether everything is committed, so that nothing can come any more."""
        for topic in TOPICS:
            ends = end_offsets(self.cluster.bootstrap, topic)
            if any(offset >= ends.get(number, 0) for name, number, offset in self.feeder.acknowledged if name == topic):
                return False  # a leader that does not know yet how far it has come
            if {number: offset or 0 for number, offset in committed(self.cluster.bootstrap, f"sluss.{topic}", topic).items()} != ends:
                return False
        return True

    def finish(self):
        """No more faults and goods: everything must settle. Returns the truth, as Feeder.kind() tells it."""
        self.feeder.close()
        try:
            eventually(self.settled, 120, "everything to be committed", every=1)
        except AssertionError as error:
            self.broken.append(str(error))
        for member in self.members:
            if member.stop() != 0:
                self.broken.append(f"the last stop of {member.life} was not 0")
        self.ending.set()
        self.scraper.join()
        self.commits.close()
        self.witness.read_letters(self.cluster.bootstrap)
        truth = {}
        for topic in TOPICS:
            for event, key, value in read_topic(self.cluster.bootstrap, topic, lambda record: (
                    (topic, record.partition, record.offset), record.key, record.value)):
                truth[event] = key, self.feeder.kind(value)
                if topic in BATCH and truth[event][1] != "bad":
                    self.witness.places[self.feeder.number(value)] = event
        self.witness.place()
        return truth

    def close(self):
        self.closing.close()
