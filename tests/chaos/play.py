"""The faults of a run, one after the other, and what they did: each group has a play of its own, and some things happen to all. No verdict."""

import random
import statistics
import subprocess
import threading
import time

from process import starved
from scene import REACH, TIMEOUT
from verdict import Strike

GOING_ON, RECOVERED = 15, 60  # seconds after a kill; after any other fault is mended; and at most as long again where processes wait for a processor
GIVEN_UP = 180
KILLING = 0.8  # the share of kills, of what happens to one of several groups
HEARTBEAT = 3  # seconds between two of librdkafka's; one that was answered late counts from when it was answered
BEHIND = 60  # seconds of goods; a group that is further behind catches up before it is struck again, or it could never end
PAUSE = 60  # seconds between two faults that happen to all groups


class Play:
    """What happens to one group."""

    def __init__(self, scene, seed, wanted):
        self.scene, self.dice, self.strikes, self.kills = scene, random.Random(seed), [], 0
        deck = self.dice.sample(wanted, len(wanted))
        self.wanted, self.deck = wanted, sorted(deck, key=lambda fault: fault.kills > 0)  # popped: the kills come first
        self.under_way = {}  # by title: the most that was begun and not yet covered when it struck
        self.took = {}  # by title: how long until all went on, each time
        self.excused = 0  # limits that were exceeded only because Kafka's coordinator was not there

    def draw(self, killing):
        """killing: the share of kills, or 0 when they are faults like others."""
        if self.deck:
            return self.deck.pop()
        kills = [fault for fault in self.wanted if fault.kills]
        return self.dice.choice(kills if kills and self.dice.random() < killing else self.wanted)

    def before(self, fault):
        scene, strike = self.scene, Strike(fault.title, time.monotonic(), fault.forgets)
        strike.waited = starved()
        scene.exposed = exposed = scene.witness.would_repeat(scene.commits)
        self.under_way[fault.title] = max(exposed, self.under_way.get(fault.title, 0))
        self.strikes.append(strike)
        return strike

    def after(self, fault, strike, rounds, mended):
        """How long until every partition goes on, and what the fault may have cost."""
        scene = self.scene
        left = scene.witness.would_repeat(scene.commits)  # by those that were killed, too: nobody has taken over yet
        waited = strike.waited if fault.kills else starved()
        going = scene.going_on(mended, GIVEN_UP)  # what came before was perhaps the last word of a killed one
        waited = starved() - waited
        limit, before = (GOING_ON, mended - strike.began) if fault.kills else (RECOVERED, 0)
        strike.ended = time.monotonic() + TIMEOUT  # an answer may still be on its way to somebody who has gone
        if fault.moves and not fault.kills:
            strike.ended += scene.world.session + HEARTBEAT  # a member that heard nothing of its coordinator meanwhile may give itself up so much later
        if fault.kills:  # and what a killed one had sent and nobody had read yet
            strike.bound = left + REACH * fault.kills
        elif fault.moves or fault.ambiguous:  # answers may be lost with every attempt of what is in flight
            strike.bound = (max(scene.exposed, left) if fault.moves else 0) + \
                REACH * len(scene.members) * (rounds + int((time.monotonic() - strike.began) / TIMEOUT))
        said = f"{'' if going.on else 'more than '}{going.took + before:.1f}"
        absent = f", {going.absent:.1f} s of them without Kafka's coordinator" if going.absent else ""
        if going.own + before > limit + min(waited, limit):
            scene.broken.append(f"{scene.group}: after \"{fault.title}\" it took {said} s to go on{absent} (at most {limit}, and as long again without a processor "
                                f"for all, which was so for {waited:.1f} s); silent: {' '.join(scene.silent(mended)) or 'none'}")
        elif going.took + before > limit + min(waited, limit):
            self.excused += 1
        self.kills += fault.kills
        self.took.setdefault(fault.title, []).append(going.took + before)
        print(f"{scene.number}/{len(self.strikes):<4} {time.strftime('%H:%M:%S')} {fault.title}: {mended - strike.began:.1f} s, going on after "
              f"{said} s, {waited:.1f} s without a processor for all{absent}", flush=True)


def strike(plays, fault, dice):
    """One fault: it happens to the first of these, and all of them feel it."""
    begun = [(play, play.before(fault)) for play in plays]
    try:
        rounds = fault(plays[0].scene, random.Random(dice.random())) or 1
    except (AssertionError, RuntimeError, subprocess.TimeoutExpired) as error:
        plays[0].scene.broken.append(f"during \"{fault.title}\": {error}")
        rounds = 1
    mended = time.monotonic()
    waiting = [threading.Thread(target=play.after, args=(fault, struck, rounds, mended)) for play, struck in begun]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    for play in plays:
        play.scene.raise_fallen()


class Gate:
    """Several may be inside, or the one before whom all the others left."""

    def __init__(self):
        self.change, self.inside, self.closed = threading.Condition(), 0, False

    def enter(self):
        with self.change:
            self.change.wait_for(lambda: not self.closed)
            self.inside += 1

    def leave(self):
        with self.change:
            self.inside -= 1
            self.change.notify_all()

    def close(self):
        with self.change:
            self.closed = True
            self.change.wait_for(lambda: not self.inside)

    def open(self):
        with self.change:
            self.closed = False
            self.change.notify_all()


class Company:
    """All plays of a run. One group: one fault after the other. Several: each has its own, at the same time, until all feel one."""

    def __init__(self, world, seed, wanted, each=False):
        """each: it does not end before every kind that happens to one group alone has happened to each."""
        self.world, self.began, self.each = world, time.monotonic(), each
        several = len(world.scenes) > 1
        alone = [fault for fault in wanted if not (several and fault.common)]
        self.plays = [Play(scene, seed if not several else f"{seed}/{scene.number}", alone) for scene in world.scenes]
        shared = [fault for fault in wanted if fault.common]
        self.shared, self.gate, self.over, self.fallen = shared if several else [], Gate(), threading.Event(), []

    @property
    def kills(self):
        return sum(play.kills for play in self.plays)

    def ended(self, seconds, kills):
        late = bool(seconds and time.monotonic() - self.began >= seconds)
        owing = self.each and any(play.deck for play in self.plays)
        return self.over.is_set() or bool(kills and self.kills >= kills) or late and not owing

    def go(self, seconds, kills):
        if len(self.plays) == 1:
            (play,) = self.plays
            while not self.ended(seconds, kills):
                strike([play], play.draw(0.5 if kills else 0), play.dice)
            return
        threads = [threading.Thread(target=self._alone, args=(play, seconds, kills), daemon=True) for play in self.plays]
        for thread in threads:
            thread.start()
        self._together(seconds, kills)
        self.gate.close()  # when each has ended what it had begun
        if self.fallen:
            raise self.fallen[0]

    def _alone(self, play, seconds, kills):
        try:
            while not self.ended(seconds, kills):
                self._catch_up(play.scene, seconds, kills)
                self.gate.enter()
                try:
                    if not self.ended(seconds, kills):
                        strike([play], play.draw(KILLING), play.dice)
                finally:
                    self.gate.leave()
        except BaseException as error:  # noqa: BLE001 for the thread that waits
            self.fallen.append(error)
            self.over.set()
        self.world.ending.wait()  # the members that this thread started end with it

    def _catch_up(self, scene, seconds, kills):
        """Commits move while it is behind; where they do not, the next fault says so."""
        most = BEHIND * self.world.rate
        began = time.monotonic()
        while scene.behind() > most and not self.ended(seconds, kills) and time.monotonic() - began < GIVEN_UP:
            self.over.wait(0.5)

    def _together(self, seconds, kills):
        dice, deck, last = self.plays[0].dice, [], time.monotonic()
        while not self.ended(seconds, kills):
            self.over.wait(0.5)
            if not self.shared or time.monotonic() - last < PAUSE:
                continue
            deck = deck or dice.sample(self.shared, len(self.shared))
            self.gate.close()
            try:
                if not self.ended(seconds, kills):
                    strike(dice.sample(self.plays, len(self.plays)), deck.pop(), dice)
            finally:
                self.gate.open()
            last = time.monotonic()

    def table(self):
        print(f"\n{'fault':28} {'times':>5}  {'under way':>9}  {'going on, median':>16}  {'worst':>7}  {'repeated':>8}  {'at most':>7}")
        for title in dict.fromkeys(title for play in self.plays for title in play.took):
            mine = [struck for play in self.plays for struck in play.strikes if struck.title == title]
            took = [took for play in self.plays for took in play.took.get(title, ())]
            print(f"{title:28} {len(mine):5}  {max(play.under_way.get(title, 0) for play in self.plays):9}  {statistics.median(took):14.1f} s  "
                  f"{max(took):5.1f} s  {sum(struck.duplicates for struck in mine):8}  {sum(struck.bound for struck in mine):7}")

    def untouched(self):
        """Faults that never had goods under way."""
        titles = {title for play in self.plays for title in play.under_way}
        return sorted(title for title in titles if not any(play.under_way.get(title) for play in self.plays))

    def starvation(self):
        """Each time that the machine let us wait is like a fault that delays: answers may come after a timeout."""
        found = []
        for began, ended in self.world.lags:
            found.append(Strike("starved machine", began - TIMEOUT))
            found[-1].ended, found[-1].bound = ended + TIMEOUT, REACH * len(self.plays[0].scene.members)
        return found
