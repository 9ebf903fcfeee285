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
    if not body.startswith("1") or not mark or f"{zlib.crc32(body.encode(), zlib.crc32(f'{partition}/{base}/'.encode())):08x}" != check:
        return []
    return [base + 6 * place + bit for place, digit in enumerate(body.split(";")[0][1:]) for bit in range(6)
            if DIGITS.index(digit) >> bit & 1]


class Commits:
    """.steps[topic, partition]: (offset, when read) whenever it had grown; .mapped[event]: when a map first named it."""

    def __init__(self, bootstrap, groups):
        """groups: {topic: group}"""
        self.bootstrap, self.groups, self.steps, self.mapped, self.fallen, self.readings = bootstrap, groups, {}, {}, [], 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        admin = None
        while not self.ending.wait(0.7):
            try:
                admin = admin or KafkaAdminClient(bootstrap_servers=self.bootstrap.split(","), api_version=(2, 6, 0), request_timeout_ms=8000)
                for topic, group in self.groups.items():
                    self.note(topic, admin.list_consumer_group_offsets(group), time.monotonic())
                    self.readings += 1
            except Exception:  # noqa: BLE001 python3-kafka raises what it likes while nodes come and go
                if admin:
                    self._leave(admin)
                admin = None
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
            for offset in known(said.metadata, said.offset, place.partition):
                self.mapped.setdefault((topic, place.partition, offset), now)

    def covered(self, event):
        """When it was first seen that this event needs no delivery any more, by the offset or by the map; or infinity."""
        topic, partition, offset = event
        steps = self.steps.get((topic, partition), [])
        at = bisect.bisect_right(steps, (offset, float("inf")))
        return min(steps[at][1] if at < len(steps) else float("inf"), self.mapped.get(event, float("inf")))

    def close(self):
        self.ending.set()
        self.thread.join(30)
