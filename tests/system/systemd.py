"""The other end of NOTIFY_SOCKET: what a daemon tells systemd. Not systemd: it does nothing about it."""

import socket
import threading

from process import eventually


class Systemd:
    """What was said, line by line and in order. It listens all the time: a full socket takes no word more."""

    def __init__(self, folder):
        self.path, self.said, self.marks = folder / "notify", [], 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.ear = threading.Thread(target=self._listen, daemon=True)
        self.ear.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._say(b"")
        self.ear.join()
        self.socket.close()

    def _say(self, word):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            mouth.sendto(word, str(self.path))

    def _listen(self):
        while heard := self.socket.recv(4096):
            self.said.extend(heard.decode().splitlines())

    def count(self, word):
        """How often a line has been said so far."""
        return self.said.count(word)

    def catch_up(self):
        """Whatever was said before this is heard now: a word of ours stands behind it."""
        self.marks += 1
        mark = f"mark {self.marks}"
        self._say(mark.encode())
        eventually(lambda: mark in self.said, 20, "our own word")

    def heard(self, *beginnings):
        """Whether lines that begin so were said, in this order; others may stand between them."""
        lines = iter(list(self.said))
        return all(any(line.startswith(word) for line in lines) for word in beginnings)
