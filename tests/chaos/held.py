"""The judge of what waits for an operator: keys behind a dead letter, followers, and events of which nobody knows whether they arrived.
Like verdict.py without threads, clients or files."""

import bisect
import collections

from witness import DOUBT, REFUSED

SLACK = 0.05  # seconds between the clocks of a letter and of a request


class Releases:
    """When an operator let go what waited, by topic."""

    def __init__(self, releases):
        self.ends = {topic: sorted((ended, began) for began, ended in when) for topic, when in releases.items()}

    def between(self, topic, before, after):
        """Whether one may have been felt then."""
        ends = self.ends.get(topic, [])
        return any(began <= after for _, began in ends[bisect.bisect_left(ends, (before, 0.0)):])


def judge_held(find, truth, witness):
    releases = Releases(witness.releases)
    followers(find, truth, witness)
    patience(find, truth, witness, releases)
    doubts(find, witness, releases)


def followers(find, truth, witness):
    """A follower names what it follows: an earlier one of its key that was dead-lettered for a reason of its own. After a kill that one
    may have become a follower itself: its letter was written, but neither its end nor the release before it was committed yet."""
    wrong = []
    for event, root in witness.followed.items():
        sound = event[0] in witness.following and event in truth
        if sound and root:
            sound = root[:2] == event[:2] and root[2] < event[2] and truth[root][0] == truth[event][0] if root in truth else False
            sound = sound and root in witness.dead
        if not sound:
            wrong.append((event, root))
    find("letters", wrong, "follow what no dead letter of their key explains (event, what it follows)")


def patience(find, truth, witness, releases):
    """Who comes behind a dead letter is sent after a release, and not before."""
    kept = witness.following | witness.holding
    before, last = {}, {}
    for event in sorted(event for event in truth if event[0] in kept):
        place = *event[:2], truth[event][0]
        if place in last:
            before[event] = last[place]
        last[place] = event
    refused, hasty = {}, []  # refused: (life, event): when last
    for seen in sorted(one for one in witness.seen if one.topic in kept and not one.late):
        event = seen[2:5]
        previous = before.get(event)
        root = witness.followed.get(previous) or previous
        if root in witness.died:
            since = max(min(witness.died[root]) - SLACK, refused.get((seen.life, root), 0))
            if not releases.between(seen.topic, since, seen.at):
                hasty.append((seen.life, event, root))
        if seen.outcome == REFUSED:
            refused[seen.life, event] = seen.at
    find("inversions", hasty, "sent behind a dead letter that no operator had released (life, event, dead letter)")


def doubts(find, witness, releases):
    """Who does not know whether an event arrived asks an operator before it is sent again."""
    doubted, hasty = collections.defaultdict(float), []
    for seen in sorted(one for one in witness.seen if one.topic in witness.doubtful and not one.late):
        key = seen.life, seen[2:5]
        since = doubted.get(key)
        assigned = witness.assigned.get((seen.life, seen.topic), ())
        if since is not None and not releases.between(seen.topic, since, seen.at) and not any(since <= at <= seen.at for at in assigned):
            hasty.append(key)
        if seen.outcome == DOUBT:
            doubted[key] = seen.at
    find("duplicates", hasty, "sent again in doubt without an operator's word (life, event)")
