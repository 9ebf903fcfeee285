"""What may go wrong, one function each: it does it, and returns when it is mended. It judges nothing.

    A function of (scene, dice). .moves: partitions may change hands, so that what was begun and not committed comes again.
    .ambiguous: answers may be lost; it returns how often all of them, where more than once a timeout.
    .gentle: partitions change hands, and nothing comes again: each owner finishes what it began, and says so.
    .common: it happens to all groups at once, for it touches what they share.
    .forgets: see Strike. .kills: how many processes end with -9; the time to go on is counted from its beginning, and bounded.
    Its first line is what `run --list` says of it.
"""

import signal
import time

import hostile
from cluster import PATIENCE
from feeder import POISON
from process import eventually
from scene import TIMEOUT, TOPICS

ALL = []


def fault(moves=False, kills=0, ambiguous=False, forgets=False, gentle=False, common=False):
    def mark(function):
        function.common = common or forgets
        function.moves, function.kills, function.ambiguous, function.forgets, function.gentle = moves, kills, ambiguous, forgets, gentle
        function.title = function.__name__.replace("_", " ")
        ALL.append(function)
        return function
    return mark


def some(scene, dice):
    return dice.choice(scene.members)


# --- the members ---

@fault(moves=True, kills=1)
def kill_9(scene, dice):
    """One of the two members."""
    member = some(scene, dice)
    member.kill()
    member.start(ready=False)


@fault(moves=True, kills=2)
def kill_9_of_both(scene, dice):
    """Nobody is left to go on meanwhile."""
    for member in scene.members:
        member.kill()
    for member in scene.members:
        member.start(ready=False)


@fault(moves=True)
def stop_and_continue(scene, dice):
    """SIGSTOP, up to longer than the session; then SIGCONT."""
    daemon = some(scene, dice).house.daemon
    daemon.signal(signal.SIGSTOP)
    time.sleep(dice.choice((1, 4, 13)))  # the last is longer than the session
    daemon.signal(signal.SIGCONT)


@fault(gentle=True)
def stop_and_start(scene, dice):
    """SIGTERM: the other takes over, and nothing comes twice."""
    member = some(scene, dice)
    member.stop()
    member.start(ready=False)


@fault(gentle=True)
def stop_during_the_first_join(scene, dice):
    """SIGTERM while the group is still thinking about the new member: twice at least before its first assignment."""
    member = some(scene, dice)
    member.stop()
    early = 0
    for _ in range(10):
        member.start(ready=False)
        eventually(lambda: "sluss " in member.house.log() or not member.house.daemon.running(), 20, "its first word")
        time.sleep(dice.uniform(0, 1.2))
        member.stop()
        early += (member.life, "arende") not in scene.witness.assigned
        if early == 2:
            break
    assert early == 2, "it was never stopped before its first assignment"
    member.start(ready=False)


@fault(gentle=True)
def reload(scene, dice):
    """A new configuration, or one that is refused: nothing is lost, nothing comes twice, no event meets both."""
    member = some(scene, dice)
    if dice.random() < 0.3:
        assert member.reload('owner = "nobody@example.se";\nfrm = "arende";\n') == 78, "a wrong configuration was taken"
        member.house.write()
    eventually(member.house.socket.exists, 30, "the control socket")
    status = member.reload()
    assert status == 0, f"the reload ended with {status}"


# --- Kafka ---

@fault(moves=True, forgets=True)
def broker_stopped(scene, dice):
    """SIGTERM to one of three; it hands over what it leads."""
    node = dice.choice(scene.cluster.nodes)
    node.process.stop(PATIENCE)
    time.sleep(dice.uniform(0, 3))
    node.start()
    scene.cluster.whole()


@fault(moves=True, forgets=True)
def broker_killed(scene, dice):
    """kill -9 of one of three."""
    node = dice.choice(scene.cluster.nodes)
    node.kill()
    time.sleep(dice.uniform(0, 3))
    node.start()
    scene.cluster.whole()


@fault(moves=True, forgets=True)
def all_brokers_killed(scene, _):
    """kill -9 of all three at once."""
    for node in scene.cluster.nodes:
        node.kill()
    scene.cluster.start(scene.cluster.nodes)
    scene.cluster.whole()


@fault(moves=True, forgets=True)
def broker_frozen(scene, dice):
    """SIGSTOP of one of three, up to long after the others have given it up; then it goes on as if it were still in office."""
    node = dice.choice(scene.cluster.nodes)
    node.process.signal(signal.SIGSTOP)
    time.sleep(dice.choice((1, 4, 13)))
    node.process.signal(signal.SIGCONT)
    scene.cluster.whole()


@fault(moves=True, forgets=True)
def rolling_restart(scene, _):
    """One after the other is stopped and started, as in an upgrade."""
    for node in scene.cluster.nodes:
        node.process.stop(PATIENCE)
        node.start()
        scene.cluster.whole()


@fault(moves=True, forgets=True)
def leaders_moved(scene, _):
    """Of every partition; also those of the group's own topic: its coordinator moves."""
    scene.cluster.rotate_leaders()


@fault(moves=True, common=True)
def partitions_added(scene, dice):
    """To a topic that is read."""
    topic = dice.choice(sorted(scene.partitions))
    if scene.partitions[topic] >= TOPICS[topic] + 6:
        return
    scene.cluster.add_partitions(topic, scene.partitions[topic] + 1)
    scene.partitions[topic] += 1


@fault(common=True)
def dead_letter_topic_deleted(scene, dice):
    """With letters under way; made anew later."""
    topic = dice.choice(sorted(scene.partitions))
    scene.world.feeder.poison = 0.2
    try:
        time.sleep(dice.uniform(1, 2))
        scene.cluster.delete_topic(scene.letters(topic))
        time.sleep(dice.choice((1, 4, 8, 18)))  # after 5 s librdkafka gives a letter back, after 15 whatever it could not write
        scene.witness.exhume(scene.cluster.deleted(scene.letters(topic)))
        scene.cluster.create_topic(scene.letters(topic), 2)
    finally:
        scene.world.feeder.poison = POISON


# --- the network ---

def kinds(scene, dice):
    first, second = (f"platform{member.number}" for member in scene.members)
    return dice.choice((["kafka"], [first], [second], [first, second], ["kafka", first, second]))


def places_of(scene, member):
    """For what happens to one member, where it has no cable of its own. Kafka's wires are shared by all groups."""
    return [f"platform{member.number}"] + (["kafka"] if len(scene.world.scenes) == 1 else [])


def spoil(scene, dice, places, **how):
    """For some seconds. Packets, where the members' cables can be bad; else what wires of TCP make of it."""
    if scene.cannot:
        several = len(scene.world.scenes) > 1
        places = [place for place in places if place != "kafka" or not several] or [f"platform{some(scene, dice).number}"]
        scene.wires.set(places, **how)
        time.sleep(4)
        scene.wires.set(places, **dict.fromkeys(how, 0.0))
        return
    touched = [(member, [port for place in places if place in ("kafka", f"platform{member.number}") for port in scene.wires.ports[place]])
               for member in scene.members]
    links = [(member.link, ports) for member, ports in touched if ports]
    for link, ports in links:
        link.spoil(dice.random(), ports=ports, **how)
    time.sleep(4)
    for link, _ in links:
        scene.packets.update(link.mend())


@fault(moves=True, ambiguous=True)
def delay(scene, dice):
    """Packets of one member or both arrive late, both ways: to and from Kafka, the platforms, or both."""
    spoil(scene, dice, kinds(scene, dice), delay=dice.choice((0.02, 0.1, 0.5)))


@fault(moves=True, ambiguous=True)
def loss(scene, dice):
    """Some of these packets never arrive, and TCP has to repeat them."""
    spoil(scene, dice, kinds(scene, dice), loss=dice.choice((0.02, 0.1)))


@fault(moves=True, ambiguous=True)
def cable_bad(scene, dice):
    """All packets of a member arrive late, some never."""
    spoil(scene, dice, ["kafka", f"platform{some(scene, dice).number}"], delay=0.06, loss=0.05)


@fault(moves=True, ambiguous=True, common=True)
def stall(scene, dice):
    """Nothing arrives, nobody is told; then all of it, or a reset."""
    places, seconds = kinds(scene, dice), dice.choice((0.5, 2, 6))
    gate = scene.wires.stall(places)
    time.sleep(seconds)
    scene.wires.release(places, gate, seconds > 2)


@fault(moves=True, ambiguous=True, common=True)
def resets(scene, dice):
    """RST from the far side of the connections, up to five times."""
    places = kinds(scene, dice)
    rounds = dice.randint(1, 5)
    for _ in range(rounds):
        scene.wires.reset(places)
        time.sleep(dice.uniform(0.1, 1))
    return rounds


@fault(moves=True, ambiguous=True)
def resets_in_the_kernel(scene, dice):
    """The kernel of a member's namespace aborts all its connections: RST on both sides, also in the middle of a request."""
    member = some(scene, dice)
    rounds = dice.randint(1, 5)
    for _ in range(rounds):
        if not member.link or not member.link.abort():
            scene.wires.reset(places_of(scene, member))
        time.sleep(dice.uniform(0.1, 1))
    return rounds


@fault(moves=True, ambiguous=True)
def cable_cut(scene, dice):
    """A member's cable is pulled: no FIN, no RST."""
    member = some(scene, dice)
    seconds = dice.choice((1, 4, 13))
    if not member.link:
        gate = scene.wires.stall(places_of(scene, member))
        time.sleep(seconds)
        scene.wires.release(places_of(scene, member), gate, True)
        return
    member.link.down()
    time.sleep(seconds)
    if seconds > TIMEOUT:
        scene.wires.reset([f"platform{member.number}"])  # or TCP would bring requests whose sender gave up long ago
    member.link.up()


# --- the platforms ---

@fault(ambiguous=True)
def platform_restarts(scene, dice):
    """Nobody listens for a while."""
    platform = dice.choice(some(scene, dice).platforms)
    platform.refuse()
    time.sleep(dice.uniform(0, 4))
    platform.listen()


@fault(ambiguous=True)
def platform_slow(scene, dice):
    """Up to longer than the timeout."""
    platform = dice.choice(some(scene, dice).platforms)
    rule = platform.always("", hostile.wait(dice.choice((0.3, 1, 2 * TIMEOUT)), hostile.status(200)))
    time.sleep(4)
    rule.remove()


@fault(ambiguous=True)
def platform_hostile(scene, dice):
    """Every other answer is none."""
    platform = dice.choice(some(scene, dice).platforms)
    rule = platform.sometimes(50, hostile.status(500), hostile.status(503), hostile.reset(), hostile.close(), hostile.garbage(),
                              hostile.cut_body(), hostile.endless_headers(), hostile.endless_body(500), hostile.hang(),
                              hostile.only_interim(), hostile.slow_body(1, 500), hostile.retry_after("1"), hostile.status(401),
                              hostile.close_after(hostile.status(200)), hostile.redirect("/elsewhere"), seed=dice.random())
    time.sleep(4)
    rule.remove()


@fault(ambiguous=True)
def certificate_exchanged(scene, dice):
    """Under a platform that goes on; it is restarted with the new one."""
    platform = some(scene, dice).platforms[1]
    platform.exchange_certificate(*scene.world.certificate(f"next{dice.randrange(10 ** 6)}"))
    platform.refuse()
    platform.listen()


@fault(ambiguous=True)
def certificate_of_a_stranger(scene, dice):
    """One that nobody trusts, for some seconds: the platform is held, and nothing is dead-lettered."""
    platform = some(scene, dice).platforms[1]
    platform.exchange_certificate(*scene.world.certificate("stranger", scene.world.foreign))
    platform.refuse()
    platform.listen()
    time.sleep(dice.uniform(1, 4))
    platform.exchange_certificate(*scene.world.certificate(f"next{dice.randrange(10 ** 6)}"))
    platform.refuse()
    platform.listen()
