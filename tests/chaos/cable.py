"""A bad cable from a network namespace to ours: its packets come late, or never. It is a process of its own for as long as the cable is bad.

    cable.py NAMESPACE NEAR FAR DELAY LOSS SEED [PORT ...]

Makes a TUN device NEAR here and FAR in NAMESPACE (a path), says "ready", and carries packets between them, those of TCP from or to one of the
ports (no port: of all) DELAY seconds later, give or take a quarter of it and in their order, but for the share LOSS of them, which it drops.
SIGTERM: what is under way arrives yet; then it says `{"carried": N, "delayed": N, "dropped": N}`.
"""

import collections
import ctypes
import fcntl
import json
import os
import random
import select
import signal
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
CLONE_NEWNET = 0x40000000
IPV4, TCP = 4, 6
LARGEST = 65535  # bytes


def device(name):
    """A TUN device of the namespace that we are in."""
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return end


def go_into(namespace):
    libc = ctypes.CDLL(None, use_errno=True)
    place = os.open(namespace, os.O_RDONLY)
    if libc.setns(place, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), namespace)
    os.close(place)


def ports_of(packet):
    """Of a TCP segment: where from, where to; of anything else nothing."""
    length = (packet[0] & 15) * 4
    if packet[0] >> 4 != IPV4 or packet[9] != TCP or len(packet) < length + 4:
        return ()
    return struct.unpack_from("!HH", packet, length)


class Cable:
    """near, far: descriptors to read packets from and write them to. ports: whose segments suffer; empty: all packets do."""

    def __init__(self, near, far, delay, loss, seed, ports):
        self.other, self.delay, self.loss = {near: far, far: near}, delay, loss
        self.dice, self.ports = random.Random(seed), set(ports)
        self.waiting = {near: collections.deque(), far: collections.deque()}  # by where they go: (when, packet)
        self.carried = self.delayed = self.dropped = 0

    def take(self, source, now):
        """All that has come."""
        while True:
            try:
                packet = os.read(source, LARGEST)
            except BlockingIOError:
                return
            target = self.other[source]
            if self.ports and not self.ports.intersection(ports_of(packet)):
                self.give(target, packet)
            elif self.dice.random() < self.loss:
                self.dropped += 1
            else:
                queue = self.waiting[target]
                due = now + self.delay * self.dice.uniform(0.75, 1.25)
                queue.append((max(due, queue[-1][0]) if queue else due, packet))
                self.delayed += self.delay > 0

    def give(self, target, packet):
        try:
            os.write(target, packet)
            self.carried += 1
        except OSError:
            pass  # its device is down, or has no room

    def give_due(self, now):
        """Seconds until there is more to give, or nothing."""
        for target, queue in self.waiting.items():
            while queue and queue[0][0] <= now:
                self.give(target, queue.popleft()[1])
        return min((queue[0][0] - now for queue in self.waiting.values() if queue), default=None)

    def carry(self, ending):
        """Until ending() and all has arrived."""
        while True:
            left = self.give_due(time.monotonic())
            if ending() and left is None:
                return
            sources = [] if ending() else list(self.other)
            readable, _, _ = select.select(sources, [], [], 0.1 if left is None else min(left, 0.1))
            for source in readable:
                self.take(source, time.monotonic())


def main(namespace, near, far, delay, loss, seed, *ports):
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    first = device(near)
    go_into(namespace)
    cable = Cable(first, device(far), float(delay), float(loss), seed, map(int, ports))
    print("ready", flush=True)
    cable.carry(lambda: ended)
    print(json.dumps({"carried": cable.carried, "delayed": cable.delayed, "dropped": cable.dropped}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
