"""What the faults happen to: two members of one group, a kind platform over HTTP and one over TLS for each. It breaks nothing."""

import collections
import contextlib
import re
import subprocess
import threading
import time

from house import House
from process import eventually
import hostile
from commits import Commits
from coordinators import Coordinators
from records import committed, end_offsets
from witness import Ledger, Witness

TOPICS = {"arende": 6, "svar": 3, "lista": 3, "vanta": 2, "folj": 2}  # route and topic: partitions
PLATFORM = {"arende": "arende", "svar": "svar", "lista": "arende", "vanta": "arende", "folj": "svar"}  # the first over HTTP, the second over TLS
WORKERS = {"arende": 2, "svar": 1, "lista": 2, "vanta": 1, "folj": 1}
AFTER = {"vanta": "hold", "folj": "follow"}  # a dead letter; of the others: they go on
DOUBTFUL = {"vanta"}  # ambiguous = "hold"
FEW = 30  # keys of the topics in AFTER, so that something comes behind a dead letter before an operator does
STANDSTILL, PATIENCE = 120, 600  # seconds, at the end: without a commit; with commits
ROUND = 3  # seconds between an operator's rounds
STUCK = 5  # seconds that an operator waits for an answer; the order may be heard LATER all the same
LATER = 20
BATCH = {"lista": {"events": 20, "wait": "100ms"}}
TIMEOUT, IN_FLIGHT = 3, 16
REACH = sum(IN_FLIGHT * BATCH.get(topic, {"events": 1})["events"] for topic in TOPICS)  # events that one member may have in flight
WORK = 0.02  # seconds that a platform needs, so that goods are in flight whenever something happens
LAG = 0.3  # seconds


class Member:
    """One slussd, again and again: each life has its number in a header of every request and a log of its own."""

    def __init__(self, scene, number, link):
        self.scene, self.number, self.link, self.lives, self.life, self.born = scene, number, link, 0, "", []
        world = scene.world
        self.platforms = [hostile.Platform(), hostile.Platform(tls=world.certificate("first"))]
        for platform in self.platforms:
            platform.ledger = Ledger(scene.witness)
            platform.always(lambda request: b'"refuse"' in request.body, hostile.status(400))
            platform.otherwise = hostile.wait(WORK, hostile.status(200))
        near = [world.wires.lay(platform.port, f"platform{number}") for platform in self.platforms]
        plain = {"timeout": f"{TIMEOUT}s", "connect-timeout": "2s", "max-in-flight": IN_FLIGHT,
                 "breaker": {"open": "500ms", "max-open": "2s"}}
        self.house = House(world.folder / f"m{number}", world.cluster.far_bootstrap, {
            "arende": {"base-url": f"http://{world.gate}:{near[0]}", **plain},
            "svar": {"base-url": f"https://{world.gate}:{near[1]}", "tls": {"ca": world.authority.certificate}, **plain}},
            {}, {"session-timeout-ms": world.session * 1000, "group-id": scene.group}, world.kind, workers=2,
            **({"limits": {"memory": "64 MiB"}} if number % 2 else {}))  # there partitions share queues
        self.house.prefix = link.prefix if link else []

    def write(self):
        self.lives += 1
        self.life = f"{self.number}.{self.lives}"
        self.born.append(self.life)
        self.house.routes = {topic: {
            "workers": WORKERS[topic], "dead-letter": self.scene.letters(topic),
            "retry": {"first": "100ms", "max": "1s"}, "after-dead-letter": AFTER.get(topic, "continue"),
            "deliver": {"platform": PLATFORM[topic], "path": "/in", "refusals": 2, "ambiguous": "hold" if topic in DOUBTFUL else "retry", "headers": (f"X-Life: {self.life}",),
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
        (self.house.folder / f"life{self.lives - self.scene.world.logs}.log").unlink(missing_ok=True)

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


# on: whether all went on; took: how long that was, at least; own: the same without the time in which Kafka's coordinator was not there for
# the group, of the topic where this is the longest; absent: the longest such time. Seconds.
Going = collections.namedtuple("Going", "on took own absent")


def going(topics):
    """topics: (took, absent) of each."""
    topics = list(topics)
    return Going(True, max(took for took, _ in topics), max(max(0.0, took - absent) for took, absent in topics), max(absent for _, absent in topics))


class Scene:
    """One group: what is said of it is said of no other."""

    def __init__(self, world, number, links, drop=0):
        """links: {number of a member: its Link or None}. drop: see Witness."""
        self.world, self.number, self.group, self.broken, self.closing = world, number, f"sluss{number}", [], contextlib.ExitStack()
        self.cluster, self.wires, self.partitions, self.cannot = world.cluster, world.wires, world.partitions, world.cannot
        self.packets = collections.Counter()  # what bad cables did to them
        self.absences = []  # of Kafka's coordinators, while it was waited for going on
        self.exposed, self.ending = 0, threading.Event()  # exposed: the most that could have come again, since somebody wrote 0 here
        self.witness = Witness({topic: self.letters(topic) for topic in TOPICS}, world.places, drop)
        self.witness.holding = {topic for topic, after in AFTER.items() if after == "hold"}
        self.witness.following, self.witness.doubtful = set(AFTER) - self.witness.holding, DOUBTFUL
        for topic in TOPICS:
            self.cluster.create_topic(self.letters(topic), 2)
        try:
            self.members = [self._keep(Member(self, member, link)) for member, link in links.items()]
            for member in self.members:
                member.start()
        except BaseException:
            self.close()
            raise

    def _keep(self, thing):
        self.closing.callback(thing.close)
        return thing

    def letters(self, topic):
        """The dead-letter topic."""
        return f"{topic}.{self.group}.dlq"

    def begin(self):
        """Goods are coming."""
        self.commits = self._keep(Commits(self.cluster.bootstrap, {topic: self.group_of(topic) for topic in TOPICS}))
        self.scraper = threading.Thread(target=self._scrape, daemon=True)
        self.scraper.start()
        self.operator = threading.Thread(target=self._release, daemon=True)
        self.operator.start()
        eventually(lambda: not self.silent(0), 60, "the first event of every partition")

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

    def _release(self):
        """The operator, who lets go whatever waits, now and then."""
        while not self.ending.wait(ROUND):
            for member in self.members:
                for topic in AFTER:
                    began = time.monotonic()
                    try:
                        said = member.house.ctl("release", topic, timeout=STUCK).stdout
                    except subprocess.TimeoutExpired:
                        self.witness.release(topic, began, began + LATER, 0)
                        continue
                    found = re.match(r"released (\d+) key", said)
                    self.witness.release(topic, began, time.monotonic(), int(found[1]) if found else 0)

    def going_on(self, since, seconds):
        """Until every partition has had a success since then, or so many seconds have passed: see Going."""
        nodes = [("127.0.0.1", node.port) for node in self.world.cluster.nodes]
        watch = Coordinators(nodes, {self.group_of(topic): WORKERS[topic] * len(self.members) for topic in TOPICS}, self.world.session)
        when = {}

        def all_go_on():
            left = {place.rpartition("/")[0] for place in self.silent(since)}
            for topic in TOPICS:
                if topic not in left:
                    when.setdefault(topic, time.monotonic())
            return not left
        try:
            eventually(all_go_on, seconds, "all partitions")
        except AssertionError:
            pass
        watch.close()
        self.absences += [absence for group in watch.absences.values() for absence in group]
        now = time.monotonic()
        return going((when.get(topic, now) - since, watch.absent(self.group_of(topic), since, when.get(topic, now))) for topic in TOPICS)._replace(
            on=len(when) == len(TOPICS))

    def group_of(self, topic):
        return f"{self.group}.{topic}"

    def silent(self, since):
        return [f"{topic}/{number}" for topic, count in self.partitions.items() for number in range(count)
                if self.witness.last_success.get((topic, number), 0) <= since]

    def behind(self):
        """Events that stand in Kafka and that no commit covers yet."""
        ends, steps = dict(self.world.feeder.last), dict(self.commits.steps)
        return sum(offset + 1 - (steps[place][-1][0] if place in steps else 0) for place, offset in ends.items())

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
            if any(offset >= ends.get(number, 0) for (name, number), offset in self.world.feeder.last.items() if name == topic):
                return False  # a leader that does not know yet how far it has come
            if {number: offset or 0 for number, offset in committed(self.cluster.bootstrap, f"{self.group}.{topic}", topic).items()} != ends:
                return False
        return True

    def settle(self):
        """Until all is committed; as long as commits go on, but not for ever."""
        began = moved = time.monotonic()
        far = -1
        while not self.settled():
            now, reached = time.monotonic(), sum(steps[-1][0] for steps in list(self.commits.steps.values()))
            if reached > far:
                far, moved = reached, now
            if now - moved > STANDSTILL or now - began > PATIENCE:
                self.broken.append(f"{self.group}: not everything was committed after {now - began:.0f} s, the last commit came {now - moved:.0f} s ago")
                return
            time.sleep(1)

    def finish(self):
        """No more faults and goods: everything must settle."""
        self.settle()
        for member in self.members:
            if member.stop() != 0:
                self.broken.append(f"the last stop of {member.life} was not 0")
        self.ending.set()
        self.scraper.join()
        self.operator.join()
        self.commits.close()
        self.witness.read_letters(self.cluster.bootstrap)

    def close(self):
        self.ending.set()
        self.closing.close()
