"""Whether Kafka's own coordinators answer for groups, asked over plain sockets while somebody waits for these groups to go on: neither
librdkafka nor slussd has a part in it. It judges nothing."""

import collections
import socket
import struct
import threading
import time

FIND_COORDINATOR, DESCRIBE_GROUPS = 10, 15
EACH, PATIENCE = 1, 3  # seconds between two questions, and for one answer
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


def away(nodes, group):
    """Why Kafka cannot say how the group stands, or nothing."""
    address = find(nodes, group)
    if not address:
        return "is not known to any node"
    try:
        answer = _ask(address, DESCRIBE_GROUPS, struct.pack(">i", 1) + _text(group))
    except OSError as error:
        return f"does not answer ({error})"
    return AWAY.get(struct.unpack_from(">h", answer, 4)[0], "")


class Coordinators:
    """Asks until close(), each group by itself."""

    def __init__(self, nodes, groups):
        self.nodes, self.ended, self.absences, self.lock = nodes, threading.Event(), {group: [] for group in groups}, threading.Lock()
        self.threads = [threading.Thread(target=self._watch, args=(group,), daemon=True) for group in groups]
        for thread in self.threads:
            thread.start()

    def _watch(self, group):
        before = False
        while not self.ended.is_set():
            began = time.monotonic()
            words = away(self.nodes, group)
            if words:
                self._note(group, began, time.monotonic(), words, before)
            before = bool(words)
            self.ended.wait(EACH)

    def _note(self, group, began, ended, words, before):
        """What lies between two questions in vain is part of the absence; what lies before the first, or behind the last, is not."""
        with self.lock:
            found = self.absences[group]
            if before:
                found[-1] = found[-1]._replace(ended=ended, words=words)
            else:
                found.append(Absence(group, began, ended, words))

    def absent(self, group, since, until):
        """Seconds between these moments in which it was not there for the group."""
        with self.lock:
            return sum(max(0.0, min(one.ended, until) - max(one.began, since)) for one in self.absences[group])

    def close(self):
        self.ended.set()
