"""The test of the checker of what waits for an operator: each broken promise must be found. The story is test_chaos.py's: keys a, b, a, b."""

import collections

import pytest

from test_chaos import Story
from witness import DOUBT, read_letter

FIRST = ("t", 0, 0)  # of key a; behind it comes offset 2


@pytest.fixture
def story():
    story = Story()
    story.kept = {"holding": {"t"}, "died": {("t", 0, 3): [13.0]}, "dead": {("t", 0, 3)}, "releases": {"t": []}}
    return story


def dies(story, at=10.5):
    story.truth[FIRST] = "a", "bad"
    del story.requests[0]
    story.letters[FIRST] = 1
    story.kept["died"][FIRST] = [at]
    story.kept["dead"].add(FIRST)


def release(story, began, ended):
    story.kept["releases"]["t"].append((began, ended))


def test_behind_a_dead_letter_nothing_is_sent(story):
    assert story.found() == []
    dies(story)
    assert story.found() == [("inversions", 1)]
    story.kept["holding"] = set()
    assert story.found() == [], "where nothing is held, it goes on"


@pytest.mark.parametrize("began, ended, hasty", [(9, 10, 1), (10.6, 10.7, 0), (10, 11, 0), (12.1, 12.2, 1)])
def test_only_a_release_in_time_lets_it_go(story, began, ended, hasty):
    dies(story)
    release(story, began, ended)
    assert story.found() == [("inversions", 1)] * hasty


def test_refused_again_is_dead_again(story):
    story.truth[FIRST] = "a", "refuse"
    story.requests[0] = story.requests[0]._replace(outcome=1)
    story.letters[FIRST] = 2
    story.kept["died"][FIRST] = [10.1, 11.8]
    release(story, 10.5, 10.6)
    assert story.found() == []
    story.send(11.7, 0, outcome=1)
    story.strike(0, 99, 9)
    assert ("inversions", 1) in story.found()


def follows(story, root=FIRST):
    dies(story)
    del story.requests[1]  # of offset 2
    story.letters[("t", 0, 2)] = 1
    story.kept.update(holding=set(), following={"t"}, followed={("t", 0, 2): root})
    story.kept["died"][("t", 0, 2)] = [11.0]


def test_a_follower_is_not_lost(story):
    follows(story)
    assert story.found() == []
    del story.letters[("t", 0, 2)]
    assert ("lost", 1) in story.found()


@pytest.mark.parametrize("root", [("t", 0, 1), ("t", 0, 2), ("t", 0, 77), ("t", 1, 0)])
def test_a_follower_follows_a_dead_one_of_its_key(story, root):
    follows(story, root)
    assert story.found() == [("letters", 1)]


def test_a_follower_of_one_that_became_a_follower_after_a_kill(story):
    follows(story)
    story.kept["followed"][FIRST] = None  # what it followed before is told in t/0/0's second letter, and not to be named again
    assert story.found() == []
    story.kept["dead"].discard(FIRST)
    assert story.found() == [("letters", 1)]


def test_a_follower_where_none_is_asked_for(story):
    follows(story)
    story.kept["following"] = set()
    assert story.found() == [("letters", 1)]


def test_behind_a_follower_nothing_is_sent(story):
    follows(story)
    story.truth[("t", 0, 4)] = "a", "good"
    story.acknowledged.add(("t", 0, 4))
    story.send(14, 4)
    story.commits.steps.clear()
    story.commit(5, 20.0)
    assert story.found() == [("inversions", 1)]
    release(story, 12, 12.1)
    assert story.found() == []


def test_in_doubt_an_operator_is_asked(story):
    story.kept.update(holding=set(), doubtful={"t"})
    story.requests[0] = story.requests[0]._replace(outcome=DOUBT)
    story.send(10.4, 0)
    assert story.found() == [("duplicates", 1)]
    release(story, 10.1, 10.2)
    assert story.found() == []


Record = collections.namedtuple("Record", "headers timestamp")


def test_a_letter_says_what_it_follows():
    headers = {"sluss-topic": b"t", "sluss-partition": b"0", "sluss-offset": b"2", "sluss-reason": b"followed", "sluss-detail": b'{"follows": "t/0/0"}'}
    letter = read_letter(Record(list(headers.items()), 0))
    assert (letter.event, letter.reason, letter.follows) == (("t", 0, 2), "followed", FIRST)
    headers.update({"sluss-reason": b"not-json"})
    assert read_letter(Record(list(headers.items()), 0)).follows is None
