"""Whether Kafka's own coordinators serve groups, asked over plain sockets while somebody waits for these groups to go on: neither
librdkafka nor slussd has a part in it. It judges nothing.

One that does not answer for a group does not serve it; nor does one that has forgotten it, for all groups here have committed; nor one
that keeps more members than there are consumers for longer than a session: it must give up those that say nothing, and the others wait for
them. Seen in Kafka 4.3: where a node gets a partition of __consumer_offsets, loses it and gets it again while it reads it, the end of the
first reading counts as that of the second. Then it serves without having read anything, finds at the next write that it is "out of sync with
the underlying log", reads again, and takes the end of the reading before for that of this one, and so on for minutes.
"""

import collections
import socket
import struct
import threading
import time

FIND_COORDINATOR, DESCRIBE_GROUPS = 10, 15
EACH, PATIENCE = 1, 3  # seconds between two questions, and for one answer
JOINING = 3  # seconds: who answers for less, between two absences, lets nobody in: a member asks four times, and librdkafka once a second
AWAY = {14: "loads its groups", 15: "is not available", 16: "says that it is none"}  # a group's coordinator: what these errors mean

Absence = collections.namedtuple("Absence", "group began ended words")


def _text(words):
    data = words.encode()
    return struct.pack(">h", len(data)) + data


def _exactly(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise OSError("the connection was closed")
        data += part
    return data


def _ask(address, key, body):
    """The answer to version 0 of a request, behind its header."""
    request = struct.pack(">hhi", key, 0, 1) + _text("witness") + body
    with socket.create_connection(address, PATIENCE) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        size, = struct.unpack(">i", _exactly(connection, 4))
        return _exactly(connection, size)[4:]


def find(nodes, group):
    """The address of its coordinator as the first of these nodes tells it that answers."""
    for address in nodes:
        try:
            answer = _ask(address, FIND_COORDINATOR, _text(group))
        except OSError:
            continue
        error, _, size = struct.unpack_from(">hih", answer)
        if error == 0:
            return answer[8:8 + size].decode(), struct.unpack_from(">i", answer, 8 + size)[0]
    return None


def described(answer):
    """The error, the state and the count of members in the answer to DescribeGroups about one group."""
    place, words = 6, []
    for _ in range(4):  # its name, state, kind, protocol
        size = max(0, struct.unpack_from(">h", answer, place)[0])
        words.append(answer[place + 2:place + 2 + size].decode())
        place += 2 + size
    return struct.unpack_from(">h", answer, 4)[0], words[1], struct.unpack_from(">i", answer, place)[0]


def look(nodes, group):
    """Why Kafka cannot say how the group stands, or nothing; and how many members it has."""
    address = find(nodes, group)
    if not address:
        return "is not known to any node", 0
    try:
        answer = _ask(address, DESCRIBE_GROUPS, struct.pack(">i", 1) + _text(group))
    except OSError as error:
        return f"does not answer ({error})", 0
    error, state, count = described(answer)
    return "has forgotten the group" if state == "Dead" and not error else AWAY.get(error, ""), count


class Coordinators:
    """Asks until close(), each group by itself."""

    def __init__(self, nodes, groups, session):
        """groups: {group: its consumers that there are}; session: seconds, of each."""
        self.nodes, self.session, self.ended, self.lock = nodes, session, threading.Event(), threading.Lock()
        self.absences = {group: [] for group in groups}
        self.threads = [threading.Thread(target=self._watch, args=(group, consumers), daemon=True) for group, consumers in groups.items()]
        for thread in self.threads:
            thread.start()

    def _watch(self, group, consumers):
        before, crowded = False, None  # crowded: since when it has had more members than there are
        while not self.ended.is_set():
            began = time.monotonic()
            words, count = look(self.nodes, group)
            now = time.monotonic()
            crowded = (crowded or now) if count > consumers else None
            if crowded and began - crowded > self.session:
                words = f"keeps {count - consumers} members that have gone"
            if words:
                self._note(group, began, now, words, before)
            before = bool(words)
            self.ended.wait(EACH)

    def _note(self, group, began, ended, words, before):
        """What lies between two questions in vain is part of the absence; what lies before the first, or behind the last, is not."""
        with self.lock:
            found = self.absences[group]
            if before or (found and began - found[-1].ended < JOINING):
                found[-1] = found[-1]._replace(ended=ended, words=words)
            else:
                found.append(Absence(group, began, ended, words))

    def absent(self, group, since, until):
        """Seconds between these moments in which it was not there for the group."""
        with self.lock:
            return sum(max(0.0, min(one.ended, until) - max(one.began, since)) for one in self.absences[group])

    def close(self):
        self.ended.set()
