"""What the group has committed, read over and over by an independent client: offsets and the maps beside them. It judges nothing."""

import bisect
import threading
import time
import zlib

from kafka.admin import KafkaAdminClient

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def known(text, base, partition):
    """The offsets above the base that a commit's metadata says are settled; none when it is not a map of ours for this place."""
    body, mark, check = text.rpartition(";")
    if body[:1] not in ("1", "2", "3") or not mark or f"{zlib.crc32(body.encode(), zlib.crc32(f'{partition}/{base}/'.encode())):08x}" != check:
        return []
    return [base + 6 * place + bit for place, digit in enumerate(body.split(";")[0][1:]) for bit in range(6)
            if DIGITS.index(digit) >> bit & 1]


STUCK = 12  # seconds; python3-kafka sometimes waits for ever for a node that has gone: its thread is left behind then


class Commits:
    """.steps[topic, partition]: (offset, when read) whenever it had grown; .mapped[topic, partition][offset]: when a map first named it."""

    def __init__(self, bootstrap, groups):
        """groups: {topic: group}"""
        self.bootstrap, self.groups, self.steps, self.mapped, self.fallen, self.readings = bootstrap, groups, {}, {}, [], 0
        self.ending, self.number, self.moved, self.lock = threading.Event(), 0, 0.0, threading.Lock()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.ending.wait(0.7):
            if time.monotonic() - self.moved > STUCK:
                with self.lock:
                    self.number, self.moved = self.number + 1, time.monotonic()
                threading.Thread(target=self._read, args=(self.number,), daemon=True).start()

    def _read(self, number):
        admin = None
        while self.number == number and not self.ending.wait(0.7):
            try:
                admin = admin or KafkaAdminClient(bootstrap_servers=self.bootstrap.split(","), api_version=(2, 6, 0), request_timeout_ms=8000,
                                                    api_version_auto_timeout_ms=8000)
                for topic, group in self.groups.items():
                    found = admin.list_consumer_group_offsets(group)
                    with self.lock:
                        if self.number == number:  # or it was left behind, and tells old news
                            self.note(topic, found, time.monotonic())
                            self.readings += 1
            except Exception:  # noqa: BLE001 python3-kafka raises what it likes while nodes come and go
                if admin:
                    self._leave(admin)
                admin = None
            with self.lock:
                if self.number == number:
                    self.moved = time.monotonic()
        if admin:
            self._leave(admin)

    @staticmethod
    def _leave(admin):
        try:
            admin.close()
        except Exception:  # noqa: BLE001
            pass

    def note(self, topic, found, now):
        for place, said in found.items():
            if place.topic != topic or said.offset < 0:
                continue
            steps = self.steps.setdefault((topic, place.partition), [])
            if steps and said.offset < steps[-1][0]:
                self.fallen.append((now, topic, place.partition, steps[-1][0], said.offset))
            elif not steps or said.offset > steps[-1][0]:
                steps.append((said.offset, now))
            mapped = self.mapped.setdefault((topic, place.partition), {})
            for offset in known(said.metadata, said.offset, place.partition):
                mapped.setdefault(offset, now)

    def covered(self, event):
        """When it was first seen that this event needs no delivery any more, by the offset or by the map; or infinity."""
        place, offset = event[:2], event[2]
        steps = self.steps.get(place, ())
        at = bisect.bisect_right(steps, (offset, float("inf")))
        return min(steps[at][1] if at < len(steps) else float("inf"), self.mapped.get(place, {}).get(offset, float("inf")))

    def close(self):
        self.ending.set()
        self.thread.join(30)
