"""The chaos that every `./dev test` plays, and the test of its checker: each broken promise must be found. Not the long form: see run."""

import collections
import os
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import faults  # noqa: E402
from commits import Commits, known  # noqa: E402
from process import die_with_parent  # noqa: E402
from verdict import Strike, judge  # noqa: E402
from witness import OTHER, REFUSED, SUCCESS, Seen, Witness  # noqa: E402

Place = collections.namedtuple("Place", "topic partition")
Said = collections.namedtuple("Said", "offset metadata")
KEYS = "abab"  # of the offsets 0 to 3; offset 3 is refused, and all is well


class Story:
    """Four events, delivered in order and then committed; a test changes one thing."""

    def __init__(self):
        self.truth = {("t", 0, offset): (key, "refuse" if offset == 3 else "good") for offset, key in enumerate(KEYS)}
        self.requests = [Seen(10.0 + offset, "1.1", "t", 0, offset, REFUSED if offset == 3 else SUCCESS, False) for offset in range(4)]
        self.letters, self.acknowledged = {("t", 0, 3): 1}, set(self.truth)
        self.commits = Commits.__new__(Commits)
        self.commits.steps, self.commits.mapped, self.commits.fallen = {}, {}, []
        self.commit(4, 20.0)
        self.strikes, self.members, self.witness, self.batches = [], [], Witness({"t": "t.dlq"}), []
        self.kept = {}  # attributes of the witness, for what waits for an operator

    def commit(self, offset, now, metadata=""):
        self.commits.note("t", {Place("t", 0): Said(offset, metadata)}, now)

    def send(self, at, offset, life="1.1", outcome=SUCCESS, late=False):
        self.requests.append(Seen(at, life, "t", 0, offset, outcome, late))

    def strike(self, began, ended, bound):
        self.strikes.append(Strike("kill 9", began))
        self.strikes[-1].ended, self.strikes[-1].bound = ended, bound

    def found(self):
        witness = self.witness = Witness({"t": "t.dlq"})
        for seen in sorted(self.requests):
            witness.note(seen)
        witness.places = {offset: ("t", 0, offset) for offset in range(4)}
        for one, offsets in self.batches:
            witness.note_batch(one, offsets)
        for member in self.members:
            witness.scrape(member)
        witness.letters = self.letters
        vars(witness).update(self.kept)
        return [(finding.kind, finding.count) for finding in judge(self.truth, self.acknowledged, witness, self.commits, self.strikes)]


@pytest.fixture
def story():
    return Story()


def test_all_is_well(story):
    assert story.found() == []


def test_a_lost_event(story):
    del story.requests[2]
    assert ("lost", 1) in story.found()


def test_what_no_commit_covers_is_not_lost_but_behind(story):
    del story.requests[3]
    story.letters = {}
    story.commits.steps.clear()
    story.commit(3, 20.0)
    assert story.found() == [("behind", 1)]


def test_a_lost_letter(story):
    story.letters = {}
    assert story.found() == [("lost", 1)]


def test_a_good_one_in_the_dead_letters(story):
    story.letters[("t", 0, 1)] = 1
    assert story.found() == [("letters", 1)]


def batch(story, at, offsets, outcome=SUCCESS):
    story.requests = [seen for seen in story.requests if seen.offset not in offsets]
    story.batches.append((Seen(at, "1.1", "t", 0, offsets[0], outcome, False), offsets))


def test_a_batch_holds_all_its_events(story):
    batch(story, 12, [0, 1, 2])
    assert story.found() == []
    story.batches[0][1].remove(1)
    assert ("lost", 1) in story.found()


def test_a_batch_that_fails_settles_nothing(story):
    batch(story, 12, [0, 1, 2], OTHER)
    assert ("lost", 3) in story.found()
    story.batches.append((Seen(12.5, "1.1", "t", 0, 0, SUCCESS, False), [0, 1, 2]))
    assert story.found() == []
    story.batches[1] = Seen(12.5, "1.1", "t", 0, 2, SUCCESS, False), [2]
    story.send(12.6, 0)
    story.send(12.7, 1)
    assert story.found() == [("inversions", 1), ("inversions", 1)], "divided in the wrong order"


def test_an_inversion_inside_a_batch(story):
    batch(story, 12, [2, 0, 1])
    assert ("inversions", 1) in story.found()


def test_a_batch_of_what_nobody_made(story):
    batch(story, 12, [0, 1, 2, 77])
    assert ("strange", 1) in story.found()


def test_an_event_that_nobody_made(story):
    story.send(15, 9)
    assert ("strange", 1) in story.found()


def test_kafka_lost_one(story):
    story.acknowledged.add(("t", 0, 4))
    assert story.found() == [("kafka", 1)]


def test_an_inversion(story):
    story.strike(0, 99, 9)
    story.send(15, 0, outcome=OTHER)
    assert story.found() == [("inversions", 1)]


def test_what_came_late_is_no_inversion(story):
    story.strike(0, 99, 9)
    story.send(15, 0, outcome=OTHER, late=True)
    assert story.found() == []


def test_overtaking(story):
    story.requests[0] = story.requests[0]._replace(outcome=OTHER)
    story.strike(0, 99, 9)
    story.send(10.5, 0, outcome=OTHER)
    story.send(15, 0, life="2.1")
    assert ("inversions", 1) in story.found()


def test_a_repetition_needs_a_fault(story):
    story.send(15, 2, life="2.1")
    assert story.found() == [("duplicates", 1)]


def test_a_fault_explains_so_many_repetitions(story):
    story.strike(13.5, 14, 1)
    story.send(15, 2, life="2.1")
    assert story.found() == []
    story.send(16, 1, life="2.1")
    assert ("duplicates", 1) in story.found()


def test_two_faults_explain_what_one_cannot(story):
    """Whatever their order: the first repetition is explained by both, the second by the later one alone."""
    story.strike(15, 40, 1)
    story.strike(9, 13, 1)
    story.send(16, 0, life="2.1")
    story.send(16.5, 3, life="2.1", outcome=SUCCESS)
    story.truth[("t", 0, 3)], story.letters = ("b", "good"), {}
    story.requests[3] = story.requests[3]._replace(outcome=SUCCESS, at=14)
    assert story.found() == []
    story.strikes[0].bound = 0
    assert ("duplicates", 1) in story.found()


def test_committed_too_early(story):
    story.commits.steps.clear()
    story.commit(3, 11.5)
    assert story.found() == [("commits", 1)]


def test_a_commit_that_went_down(story):
    story.commit(2, 21)
    assert story.found() == [("commits", 1)]


def test_sent_again_although_committed(story):
    story.strike(0, 99, 9)
    story.send(30, 2, life="2.1")
    assert story.found() == [("duplicates", 1)]


def test_sent_again_although_a_map_knew(story):
    story.commits.steps.clear()
    story.commit(0, 20, "1E;f5f8550a")  # offset 2 alone
    assert story.found() == []
    story.strike(0, 99, 9)
    story.send(30, 1, life="2.1")
    story.send(31, 2, life="2.1")
    assert story.found() == [("duplicates", 1)]


def test_a_broken_broker_may_forget_commits(story):
    story.strike(21, 40, 9)
    story.strikes[0].forgets = True
    story.commit(2, 25)
    story.send(30, 2, life="2.1")
    assert story.found() == []


class Member:
    """Its scrape is what a test writes."""

    life, number = "1.1", 1

    def __init__(self, consumed, **outcomes):
        self.numbers = {("sluss_events_consumed_total", frozenset({("route", "t")})): consumed}
        for outcome, count in outcomes.items():
            name = "sluss_events_unsettled" if outcome == "unsettled" else "sluss_events_total"
            labels = {("route", "t")} | ({("outcome", outcome)} if name == "sluss_events_total" else set())
            self.numbers[name, frozenset(labels)] = count

    def metrics(self):
        return self.numbers


@pytest.mark.parametrize("unsettled, wrong", [(2, 0), (1, 1), (3, 1)])
def test_a_scrape_that_does_not_balance(story, unsettled, wrong):
    story.members.append(Member(10, delivered=7, released=1, unsettled=unsettled))
    assert story.found() == [("scrapes", wrong)] * wrong


def test_begun_is_what_no_commit_covers(story):
    story.found()
    assert story.witness.would_repeat(story.commits) == 0
    story.send(21, 4)
    story.send(22, 5, outcome=OTHER)
    story.found()
    assert story.witness.would_repeat(story.commits) == 2
    story.commit(5, 23)
    assert story.witness.would_repeat(story.commits) == 1


def test_begun_is_also_what_has_no_place_yet(story):
    story.batches.append((Seen(21.0, "1.1", "t", 0, 4, SUCCESS, False), [77, 78]))
    story.found()
    assert story.witness.would_repeat(story.commits) == 2


Record = collections.namedtuple("Record", "headers timestamp")


def test_a_letter_on_three_disks_is_one_letter(story):
    def letter(offset):
        return Record([("sluss-topic", b"t"), ("sluss-partition", b"0"), ("sluss-offset", str(offset).encode()),
                       ("sluss-reason", b"not-json")], 0)
    story.witness.exhume([[letter(3)], [letter(3), letter(1), letter(1)], []])
    assert story.witness.buried == {("t", 0, 3): 1, ("t", 0, 1): 2}


def test_a_map_with_a_wrong_sum_is_not_believed():
    assert known("1G;cbe9ad94", 7, 2) == [8, 9]
    assert known("1G;cbe9ad94", 8, 2) == known("1G;cbe9ad95", 7, 2) == known("", 7, 2) == []


def play(*words):
    """Runs the real thing: its status, what it printed, the numbers of its last line."""
    done = subprocess.run([sys.executable, HERE / "run", *words], capture_output=True, text=True, timeout=1200, preexec_fn=die_with_parent)
    print(done.stdout, done.stderr)
    if done.returncode == 69:
        pytest.skip(done.stdout.strip().removeprefix("skipped: "))
    numbers = {name: int(text) for name, text in re.findall(r"(\w+)=(\d+)", done.stdout.splitlines()[-1])}
    return done.returncode, numbers


def test_a_dropped_event_is_found():
    status, numbers = play("--seconds", "1", "--seed", "5", "--only", "platform slow", "--drop", "500")
    assert (status, numbers["lost"]) == (1, 1)


def test_three_minutes_of_chaos():
    status, numbers = play("--seconds", os.environ.get("SLUSS_CHAOS_SECONDS", "180"), "--each", "--seed", "1")
    assert (status, numbers["violations"]) == (0, 0)
    assert numbers["faults"] >= len(faults.ALL), "each kind, whatever comes twice"
    assert numbers["kills"] >= 2
