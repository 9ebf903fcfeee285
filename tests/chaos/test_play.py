"""The order of the play: what happens to one group happens beside the others, what they share breaks for all and beside nothing."""

import pathlib
import sys
import threading

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import play  # noqa: E402
from scene import going  # noqa: E402


class Scene:
    """A group that goes on at once."""

    def __init__(self, number):
        self.number, self.group, self.broken, self.members, self.exposed, self.commits = number, f"sluss{number}", [], [1, 2], 0, None
        self.witness = self

        self.world, self.late = World, []

    def would_repeat(self, _):
        return 7 * self.number

    def going_on(self, *_):
        return going([(0.5 if self.number == 1 else 99.0, 0)])

    def silent(self, _):
        return ["t/0"]

    def behind(self):
        return self.late.pop() if self.late else 0

    def raise_fallen(self):
        pass


class World:
    session, rate = 6, 10

    def __init__(self, groups):
        self.scenes, self.ending, self.lags = [Scene(number) for number in range(1, groups + 1)], threading.Event(), []


def fault(act, common=False, kills=0, moves=True):
    act.title, act.common, act.kills, act.moves = act.__name__.replace("_", " "), common, kills, moves
    act.ambiguous = act.forgets = False
    return act


def company(monkeypatch, groups, *wanted, each=False):
    monkeypatch.setattr(play, "PAUSE", 10 ** 9)
    monkeypatch.setattr(play, "print", lambda *_, **__: None, raising=False)  # a line each
    world = World(groups)
    return world, play.Company(world, 1, list(wanted), each)


@pytest.mark.parametrize("each, kinds", [(False, 1), (True, 3)])
def test_each_kind_comes_once_whatever_the_time(monkeypatch, each, kinds):
    seen = []

    def act(name):
        def fault_of_that_name(*_):
            seen.append(name)
            one.began -= 1000
        fault_of_that_name.__name__ = name
        return fault(fault_of_that_name)
    _, one = company(monkeypatch, 1, act("a"), act("b"), act("c"), each=each)
    one.go(500, 0)
    assert len(seen) == len(set(seen)) == kinds


def test_groups_are_struck_together_and_counted_for_themselves(monkeypatch):
    """Two kills can only go on when both are under way; then, and only then, what they share breaks."""
    both, begun, inside, crowd = threading.Barrier(2), set(), [], []

    def kill(scene, _):
        inside.append(scene.number)
        if scene.number not in begun:
            begun.add(scene.number)
            both.wait(20)
            play.PAUSE = 0
        world.ending.wait(0.02)  # long enough to be met inside
        inside.remove(scene.number)

    def all_broken(*_):
        crowd.append(list(inside))
        if len(crowd) == 3:
            one.over.set()
        return 2
    world, one = company(monkeypatch, 2, fault(kill, kills=1), fault(all_broken, common=True))
    one.go(0, 0)
    world.ending.set()
    assert crowd == [[], [], []], "nobody else was struck meanwhile"
    shared = [[strike for strike in each.strikes if strike.title == "all broken"] for each in one.plays]
    assert [len(strikes) for strikes in shared] == [3, 3]
    assert [[strike.bound for strike in strikes] for strikes in shared] == [
        [7 * number + play.REACH * 2 * 2] * 3 for number in (1, 2)], "each by what it had begun"
    assert one.kills == sum(each.kills for each in one.plays) >= 2 and all(each.kills for each in one.plays)
    slow, quick = one.plays[1].scene.broken, one.plays[0].scene.broken
    assert not quick and len(slow) == len(one.plays[1].strikes) and "sluss2: after" in slow[0], "only the slow one is to blame"


def test_a_group_that_is_behind_catches_up_first(monkeypatch):
    left = []

    def kill(scene, _):
        left.append(len(scene.late))
        one.over.set()
    world, one = company(monkeypatch, 2, fault(kill, kills=1))
    monkeypatch.setattr(one.over, "wait", lambda _: False)
    world.scenes[0].late = [1, play.BEHIND * World.rate, play.BEHIND * World.rate + 1, 10 ** 6]  # from the end
    world.scenes[1].late = [1, play.BEHIND * World.rate, 10 ** 6, 10 ** 6]
    world.ending.set()
    one.go(0, 0)
    assert left and set(left) == {1}, "as soon as it is near enough"


def test_a_busy_machine_excuses_a_limit_only_once_more(monkeypatch):
    """Somebody always waits for a processor there."""
    waited = iter(range(0, 10 ** 9, 1000))
    monkeypatch.setattr(play, "starved", lambda: next(waited))
    world, one = company(monkeypatch, 2, fault(_note([], "kill"), kills=1))
    took = {1: play.GOING_ON * 1.9, 2: play.GOING_ON * 2.1}
    for scene in world.scenes:
        scene.going_on = lambda *_, number=scene.number: going([(took[number], 0)])
    for each in one.plays:
        play.strike([each], each.draw(0), each.dice)
    assert not one.plays[0].scene.broken and one.plays[1].scene.broken


def test_the_absence_of_kafkas_coordinator_is_none_of_ours(monkeypatch):
    """But what comes on top of it is, and another topic whose coordinator was there."""
    monkeypatch.setattr(play, "starved", lambda: 0)
    world, one = company(monkeypatch, 3, fault(_note([], "kill"), kills=1))
    topics = {1: [(290, 280), (5, 0)], 2: [(290, 270), (5, 0)], 3: [(290, 280), (20, 0)]}
    for scene in world.scenes:
        scene.going_on = lambda *_, number=scene.number: going(topics[number])._replace(on=number != 2)
    for each in one.plays:
        play.strike([each], each.draw(0), each.dice)
    broken = [scene.broken for scene in world.scenes]
    assert not broken[0] and len(broken[1]) == len(broken[2]) == 1
    assert "took more than 290.0 s to go on, 270.0 s of them without Kafka's coordinator" in broken[1][0]
    assert [each.excused for each in one.plays] == [1, 0, 0] and one.plays[0].took == {"kill": [pytest.approx(290, abs=30)]}


def test_an_error_ends_the_play(monkeypatch):
    def kill(*_):
        raise OSError("no such process")
    world, one = company(monkeypatch, 2, fault(kill, kills=1))
    try:
        one.go(0, 0)
        raise AssertionError("it went on")
    except OSError as error:
        assert "no such process" in str(error)
    finally:
        world.ending.set()


def test_alone_one_fault_comes_after_the_other(monkeypatch):
    seen = []
    world, one = company(monkeypatch, 1, fault(_note(seen, "kill"), kills=1), fault(_note(seen, "common"), common=True))
    one.go(0, 2)
    assert one.kills == 2 and seen[:2] == ["kill", "common"], "kills come first, then whatever was asked for"


def _note(seen, name):
    def note(*_):
        seen.append(name)
    note.__name__ = name
    return note
