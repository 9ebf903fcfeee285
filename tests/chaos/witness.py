"""Who saw what: every request as the platforms had it, the scrapes, the logs' assignments, the dead letters. It judges nothing."""

import collections
import json
import re
import sys
import threading
import time

from house import conserved
from records import read_topic

DOUBT, SUCCESS, REFUSED, OTHER = 3, 2, 1, 0  # DOUBT: a whole request, and never a byte of an answer
SILENT = ("hang", "reset", "close")

# One event of a request. late: its sender had given up before it was read. batch: 0, or the number of the request that carried it with others.
Seen = collections.namedtuple("Seen", "at life topic partition offset outcome late batch", defaults=[0])


class Ledger:
    """Takes the place of a Platform's ledger: a few bytes a request, so that millions may come."""

    def __init__(self, witness):
        self.witness, self.count = witness, 0

    def __len__(self):
        return self.count

    def append(self, request):
        self.count += 1
        answer = 200 if request.answer == "cut-body" else request.answer  # its head is whole: a success
        answer = answer if isinstance(answer, int) else 0
        outcome = SUCCESS if 200 <= answer < 300 else REFUSED if answer == 400 else DOUBT if request.answer in SILENT else OTHER
        one = Seen(request.at, sys.intern(request.headers["x-life"]), *place_of(request.headers["sluss-event"]), outcome, request.abandoned)
        if "sluss-events" in request.headers:
            self.witness.note_batch(one, [event["n"] for event in json.loads(request.body)])
        else:
            self.witness.note(one)


# What a dead letter says. at: seconds of time.monotonic(). follows: the event, or nothing.
Letter = collections.namedtuple("Letter", "event at reason follows")


class Witness:
    holding = following = doubtful = frozenset()  # topics with after-dead-letter = "hold" or "follow", and with ambiguous = "hold"

    def __init__(self, topics, places=None, drop=0):
        """topics: {topic: its dead-letter topic}. places: {n: (topic, partition, offset)}, as Kafka told the feeder, of topics that are
        sent in batches. drop: the success with this number is forgotten, as if it had never come; for the test of the checker. 0: none is."""
        self.topics, self.seen, self.lock = topics, [], threading.Lock()
        self.drop, self.dropped, self.successes = drop, None, 0
        self.places = {} if places is None else places
        self.unplaced = []          # (number, a Seen, ns): batches of which a place is not known yet
        self.batches = 0
        self.last_success = {}      # (topic, partition): when
        self.assigned = {}          # (life, route): times of assignments, from the life's own log
        self.letters = {}           # (topic, partition, offset): how many
        self.buried = collections.Counter()  # the same, of topics that are deleted
        self.died = {}              # event: when each of its letters was written
        self.dead = set()           # events with a letter for a reason of their own
        self.followed = {}          # event: what it follows, as its letter says, or nothing
        self.releases = {topic: [] for topic in topics}  # (began, ended): an operator let go what waited in a topic
        self.released = 0           # keys
        self.begun = set()          # events asked for, and not yet found to be covered
        self.scrapes, self.unconserved = 0, []

    def note(self, seen):
        event = seen.topic, seen.partition, seen.offset
        with self.lock:
            if seen.outcome == SUCCESS:
                self.successes += 1
                if self.successes == self.drop:
                    self.dropped = event
            if event == self.dropped:
                return
            self.seen.append(seen)
            self.begun.add(event)
            if seen.outcome == SUCCESS:
                self.last_success[event[:2]] = max(seen.at, self.last_success.get(event[:2], 0))

    def note_batch(self, one, ns):
        with self.lock:
            self.batches += 1
            self.unplaced.append((self.batches, one, ns))
        self.place()

    def place(self):
        """Notes what is in the batches whose events have a place by now; the others wait."""
        with self.lock:
            waiting, self.unplaced = self.unplaced, []
        for number, one, ns in waiting:
            if not all(n in self.places for n in ns):
                with self.lock:
                    self.unplaced.append((number, one, ns))
                continue
            if one.outcome == REFUSED and len(ns) > 1:
                one = one._replace(outcome=OTHER)  # it will be divided: nothing is settled by that
            for topic, partition, offset in map(self.places.get, ns):
                self.note(one._replace(topic=topic, partition=partition, offset=offset, batch=number))

    def delivered(self):
        """{event: when last answered with success}, and (when before, when again, event) of each further success."""
        last, again = {}, []
        for seen in sorted(self.seen, key=lambda one: one.at):
            if seen.outcome == SUCCESS:
                event = seen[2:5]
                if event in last:
                    again.append((last[event], seen.at, event))
                last[event] = seen.at
        return last, again

    def scrape(self, member):
        """The equation of I12 for each route of one member."""
        metrics = member.metrics()
        self.scrapes += 1
        for route in self.topics:
            try:
                conserved(metrics, route)
            except AssertionError as error:
                self.unconserved.append(f"{member.life} {route}: {error}")

    def would_repeat(self, commits):
        """What may come twice if all members ended now: events begun, and covered by no commit and no map that was read (I5);
        of a batch whose events have no place yet, all."""
        self.place()
        with self.lock:
            self.begun = {event for event in self.begun if commits.covered(event) == float("inf")}
            return len(self.begun) + sum(len(ns) for _, _, ns in self.unplaced)

    def read_log(self, life, text):
        for at, route in re.findall(r'"\[ *(\d+)\] assigned (\S+) epoch', text):
            self.assigned.setdefault((life, route), []).append(int(at) / 1000)

    def read_letters(self, bootstrap):
        self.letters = collections.Counter(self.buried)
        for letters in self.topics.values():
            self.letters.update(self.tell(letter) for letter in read_topic(bootstrap, letters, read_letter))

    def exhume(self, copies):
        """The letters of a deleted topic, from each replica's log: a letter counts as often as in the replica that has most of it."""
        found = collections.Counter()
        for records in copies:
            found |= collections.Counter(self.tell(read_letter(record)) for record in records)
        self.buried.update(found)
        return len(found)

    def tell(self, letter):
        self.died.setdefault(letter.event, []).append(letter.at)
        if letter.reason == "followed":
            self.followed[letter.event] = letter.follows
        else:
            self.dead.add(letter.event)
        return letter.event

    def release(self, topic, began, ended, keys):
        self.releases[topic].append((began, ended))
        self.released += keys


def place_of(text):
    topic, partition, offset = text.rsplit("/", 2)
    return sys.intern(topic), int(partition), int(offset)


def read_letter(record):
    headers = {name: value.decode() for name, value in record.headers}
    event = sys.intern(headers["sluss-topic"]), int(headers["sluss-partition"]), int(headers["sluss-offset"])
    follows = json.loads(headers.get("sluss-detail", "{}")).get("follows") if headers["sluss-reason"] == "followed" else None
    return Letter(event, record.timestamp / 1000 - time.time() + time.monotonic(), headers["sluss-reason"], follows and place_of(follows))
