"""The judge: what was produced against what was seen. It has no threads, clients or files, so that a test can bribe no witness."""

import collections

from held import judge_held
from witness import REFUSED, SUCCESS

Finding = collections.namedtuple("Finding", "kind count sentence")
LATE = 5  # seconds that a request may be on its way


class Strike:
    """One fault, as one group feels it: when it was felt, how many repetitions it may cost, how many were found."""

    def __init__(self, title, began, forgets=False):
        """forgets: the next coordinator may tell older commits for a while: a new leader's high watermark lags behind its log."""
        self.title, self.began, self.ended, self.forgets, self.bound, self.duplicates = title, began, began, forgets, 0, 0

    def explains(self, before, again):
        """Whether it was felt between two successes of one event."""
        return self.began <= again and before <= self.ended


def judge(truth, acknowledged, witness, commits, strikes):
    """truth: {event: (key, kind)} of all that stands in the topics. Findings; none is good."""
    found = []

    def find(kind, events, words):
        events = list(events)
        if events:
            found.append(Finding(kind, len(events), f"{len(events)} {words}: {sorted(events)[:5]}"))

    good = {event for event, (_, kind) in truth.items() if kind == "good"}
    delivered, again = witness.delivered()
    followed = set(witness.followed)
    alive = good - followed
    missing = [event for event in truth if event not in (delivered if event in alive else witness.letters)]
    behind = {event for event in missing if commits.covered(event) == float("inf")}
    find("lost", set(missing) - behind, "lost")
    find("behind", behind, "neither settled nor committed in the time that was given: whoever goes on would deliver them")
    find("strange", (set(delivered) | set(witness.letters)) - set(truth), "never produced")
    find("strange", [n for _, _, ns in witness.unplaced for n in ns if n not in witness.places], "in a batch and never produced")
    find("letters", good & set(witness.letters) - followed, "good ones in the dead letters")
    find("kafka", acknowledged - set(truth), "that Kafka acknowledged are not in its log")
    forgotten = [strike for strike in strikes if strike.forgets]
    find("commits", [fall for at, *fall in commits.fallen if not any(strike.began <= at <= strike.ended for strike in forgotten)],
         "commits went down (topic, partition, from, to)")
    find("scrapes", witness.unconserved, f"of {witness.scrapes} scrapes not conserved")
    judge_held(find, truth, witness)
    order(find, {event: told for event, told in truth.items() if event not in followed} if followed else truth, sorted(witness.seen, key=lambda seen: seen.at), witness.assigned)
    committed(find, alive, witness, commits, forgotten)
    repetitions(found, find, again, strikes)
    return found


def predecessors(truth):
    """{event: the event before it with its partition and key that a platform sees}"""
    before, last = {}, {}
    for event in sorted(truth):
        key, kind = truth[event]
        place = *event[:2], key
        if place in last:
            before[event] = last[place]
        if kind != "bad":
            last[place] = event
    return before


def companions(seen_in_order):
    """{batch: its events}"""
    found = collections.defaultdict(set)
    for seen in seen_in_order:
        if seen.batch:
            found[seen.batch].add(seen[2:5])
    return found


def order(find, truth, seen_in_order, assignments):
    """I2: inversions within an owner (a life and an assignment), and overtaking by anybody. A batch may come again, or be divided;
    inside it the order holds, and who stands behind another there does not overtake it."""
    before, highest, settled, inverted, overtaking = predecessors(truth), {}, set(), [], []
    together = companions(seen_in_order)
    for seen in seen_in_order:
        event = seen[2:5]
        if event not in truth:
            continue
        if not seen.late:
            place = seen.life, seen.topic, seen.partition, truth[event][0]
            top, at, batch = highest.get(place, (-1, 0.0, 0))
            excused = batch and batch != seen.batch and event in together[batch]
            assigned = assignments.get((seen.life, seen.topic), ())
            if seen.offset < top and not excused and not any(at <= moment + 0.05 and moment <= seen.at for moment in assigned):
                inverted.append((seen.life, event, top))
            highest[place] = seen.offset, seen.at, seen.batch
            previous = before.get(event)
            if previous and previous not in settled and not (seen.batch and previous in together[seen.batch]):
                overtaking.append((seen.life, event, previous))
        if seen.outcome in (SUCCESS, REFUSED):
            settled.add(event)
    find("inversions", inverted, "inversions within an owner (life, event, offset sent before)")
    find("inversions", overtaking, "overtook an unsettled one of their key (life, event, before it)")


def committed(find, good, witness, commits, forgotten):
    """I1 and I5: nothing is committed before its success, and nothing comes again that is known to be committed."""
    first, again = {}, []
    for seen in witness.seen:
        event = seen.topic, seen.partition, seen.offset
        if seen.outcome == SUCCESS:
            first.setdefault(event, seen.at)
        covered = commits.covered(event)
        if not seen.late and seen.at > covered + LATE and not any(covered <= strike.ended and strike.began <= seen.at for strike in forgotten):
            again.append((seen.life, event))
    find("commits", [event for event in good if commits.covered(event) < first.get(event, float("inf"))], "committed before they were delivered")
    find("duplicates", again, "sent again although committed (life, event)")


def repetitions(found, find, repeated, strikes):
    """Each repetition needs a fault that was felt between its two successes, and no fault may cost more than its bound: of several
    that one counts it that ended first and has room, for later ones can explain what comes later."""
    unexplained, in_order = [], sorted(strikes, key=lambda strike: strike.ended)
    for strike in strikes:
        strike.duplicates = 0
    for before, again, event in sorted(repeated, key=lambda one: one[1]):
        causes = [strike for strike in in_order if strike.explains(before, again)]
        if not causes:
            unexplained.append(event)
            continue
        cause = next((strike for strike in causes if strike.duplicates < strike.bound), causes[0])
        cause.duplicates += 1
    find("duplicates", unexplained, "repeated without any fault")
    found += [Finding("duplicates", strike.duplicates - strike.bound, f"fault {number}, \"{strike.title}\", cost {strike.duplicates} repetitions, {strike.bound} at most")
              for number, strike in enumerate(strikes, 1) if strike.duplicates > strike.bound]
