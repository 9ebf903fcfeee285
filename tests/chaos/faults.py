"""What may go wrong, one function each: it does it, and returns when it is mended. It judges nothing.

    A function of (scene, dice). .moves: partitions may change hands, so that what was begun and not committed comes again.
    .ambiguous: answers may be lost; it returns how often all of them, where more than once a timeout.
    .forgets: see Strike. .kill: the time to go on is counted from its beginning, and bounded.
"""

import signal
import time

import hostile
from process import eventually
from records import committed, end_offsets
from scene import TIMEOUT, TOPICS

ALL = []


def fault(moves=False, kill=False, ambiguous=False, forgets=False):
    def mark(function):
        function.moves, function.kill, function.ambiguous, function.forgets = moves, kill, ambiguous, forgets
        function.title = function.__name__.replace("_", " ")
        ALL.append(function)
        return function
    return mark


def some(scene, dice):
    return dice.choice(scene.members)


# --- the members ---

@fault(moves=True, kill=True)
def kill_9(scene, dice):
    member = some(scene, dice)
    member.kill()
    member.start(ready=False)


@fault(moves=True, kill=True)
def kill_9_of_both(scene, dice):
    for member in scene.members:
        member.kill()
    for member in scene.members:
        member.start(ready=False)


@fault(moves=True)
def stop_and_continue(scene, dice):
    daemon = some(scene, dice).house.daemon
    daemon.signal(signal.SIGSTOP)
    time.sleep(dice.choice((1, 4, 13)))  # the last is longer than the session
    daemon.signal(signal.SIGCONT)


@fault(moves=True)
def stop_and_start(scene, dice):
    member = some(scene, dice)
    member.stop()
    member.start(ready=False)


@fault(moves=True)
def stop_during_the_first_join(scene, dice):
    member = some(scene, dice)
    member.stop()
    for _ in range(2):
        member.start(ready=False)
        eventually(lambda: "sluss " in member.house.log() or not member.house.daemon.running(), 20, "its first word")
        time.sleep(dice.uniform(0, 1.2))
        member.stop()
    member.start(ready=False)


# --- Kafka ---

@fault(moves=True)
def broker_stopped(scene, dice):
    node = dice.choice(scene.cluster.nodes)
    node.process.stop(60)
    time.sleep(dice.uniform(0, 3))
    node.start()
    scene.cluster.whole()


@fault(moves=True, forgets=True)
def broker_killed(scene, dice):
    node = dice.choice(scene.cluster.nodes)
    node.kill()
    time.sleep(dice.uniform(0, 3))
    node.start()
    scene.cluster.whole()


@fault(moves=True, forgets=True)
def all_brokers_killed(scene, _):
    for node in scene.cluster.nodes:
        node.kill()
    scene.cluster.start(scene.cluster.nodes)
    scene.cluster.whole()


@fault(moves=True)
def rolling_restart(scene, _):
    for node in scene.cluster.nodes:
        node.process.stop(60)
        node.start()
        scene.cluster.whole()


@fault(moves=True)
def leaders_moved(scene, _):
    """Also those of the group's own topic: its coordinator moves."""
    scene.cluster.rotate_leaders()


@fault(moves=True)
def partitions_added(scene, dice):
    topic = dice.choice(sorted(scene.partitions))
    if scene.partitions[topic] >= TOPICS[topic] + 6:
        return
    scene.cluster.add_partitions(topic, scene.partitions[topic] + 1)
    scene.partitions[topic] += 1


@fault()
def dead_letter_topic_deleted(scene, dice):
    topic = dice.choice(sorted(scene.partitions))
    scene.feeder.poison = False  # letters written and deleted before anybody read them could not be counted
    try:
        scene.feeder.producer.flush(60)
        ends = end_offsets(scene.cluster.bootstrap, topic)

        def past():
            now = committed(scene.cluster.bootstrap, f"sluss.{topic}", topic)
            return all((now[number] or 0) >= end for number, end in ends.items())
        eventually(past, 60, "the last letters", every=0.3)
        scene.witness.read_letters(scene.cluster.bootstrap)
        scene.cluster.delete_topic(f"{topic}.dlq")
    finally:
        scene.feeder.poison = True
    time.sleep(dice.uniform(1, 5))
    scene.cluster.create_topic(f"{topic}.dlq", 2)


# --- the network ---

def kinds(dice):
    return dice.choice((["kafka"], ["platform1"], ["platform2"], ["platform1", "platform2"], ["kafka", "platform1", "platform2"]))


@fault(moves=True, ambiguous=True)
def delay(scene, dice):
    places = kinds(dice)
    scene.wires.set(places, delay=dice.choice((0.02, 0.1, 0.5)))
    time.sleep(4)
    scene.wires.set(places, delay=0.0)


@fault(moves=True, ambiguous=True)
def loss(scene, dice):
    places = kinds(dice)
    scene.wires.set(places, loss=dice.choice((0.02, 0.2)))
    time.sleep(4)
    scene.wires.set(places, loss=0.0)


@fault(moves=True, ambiguous=True)
def stall(scene, dice):
    places, seconds = kinds(dice), dice.choice((0.5, 2, 6))
    gate = scene.wires.stall(places)
    time.sleep(seconds)
    scene.wires.release(places, gate, seconds > 2)


@fault(moves=True, ambiguous=True)
def resets(scene, dice):
    places = kinds(dice)
    rounds = dice.randint(1, 5)
    for _ in range(rounds):
        scene.wires.reset(places)
        time.sleep(dice.uniform(0.1, 1))
    return rounds


@fault(moves=True, ambiguous=True)
def cable_cut(scene, dice):
    member = some(scene, dice)
    seconds = dice.choice((1, 4, 13))
    near = [f"platform{member.number}"]
    if not member.link:
        gate = scene.wires.stall(["kafka", *near])
        time.sleep(seconds)
        scene.wires.release(["kafka", *near], gate, True)
        return
    member.link.down()
    time.sleep(seconds)
    if seconds > TIMEOUT:
        scene.wires.reset(near)  # or TCP would bring requests whose sender gave up long ago
    member.link.up()


@fault(moves=True, ambiguous=True)
def cable_narrow(scene, dice):
    """Little goes through; the rest is lost on the way, by the kernel where it can."""
    member = some(scene, dice)
    try:
        if not member.link:
            raise OSError("no cable")
        member.link.narrow()
    except OSError:
        loss(scene, dice)
        return
    time.sleep(5)
    member.link.widen()


# --- the platforms ---

@fault(ambiguous=True)
def platform_restarts(scene, dice):
    platform = dice.choice(some(scene, dice).platforms)
    platform.refuse()
    time.sleep(dice.uniform(0, 4))
    platform.listen()


@fault(ambiguous=True)
def platform_slow(scene, dice):
    platform = dice.choice(some(scene, dice).platforms)
    rule = platform.always("", hostile.wait(dice.choice((0.3, 1, 2 * TIMEOUT)), hostile.status(200)))
    time.sleep(4)
    rule.remove()


@fault(ambiguous=True)
def platform_hostile(scene, dice):
    platform = dice.choice(some(scene, dice).platforms)
    rule = platform.sometimes(50, hostile.status(500), hostile.status(503), hostile.reset(), hostile.close(), hostile.garbage(),
                              hostile.cut_body(), hostile.endless_headers(), hostile.retry_after("1"), hostile.status(401),
                              hostile.close_after(hostile.status(200)), hostile.redirect("/elsewhere"), seed=dice.random())
    time.sleep(4)
    rule.remove()


@fault(ambiguous=True)
def certificate_exchanged(scene, dice):
    platform = some(scene, dice).platforms[1]
    platform.exchange_certificate(*scene.certificate(f"next{dice.randrange(10 ** 6)}"))
    platform.refuse()
    platform.listen()


@fault(ambiguous=True)
def certificate_of_a_stranger(scene, dice):
    platform = some(scene, dice).platforms[1]
    platform.exchange_certificate(*scene.certificate("stranger", scene.foreign))
    platform.refuse()
    platform.listen()
    time.sleep(dice.uniform(1, 4))
    platform.exchange_certificate(*scene.certificate(f"next{dice.randrange(10 ** 6)}"))
    platform.refuse()
    platform.listen()
