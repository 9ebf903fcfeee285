"""A wire in front of a broker that answers heartbeats as a broker that has fenced the member. Not a broker: it passes all else on.

No broker fences a member without an instance id, and Sluss has none: so the error that librdkafka calls fatal is written
into the answer on its way.
"""

import socket
import struct
import threading

HEARTBEAT, FENCED_INSTANCE_ID = 12, 82


class Fence:
    """Listens on .port; what is said there is said to 127.0.0.1:far. While .shut, heartbeats
    (of .group alone, where it was given when they were asked) are answered with the error."""

    def __init__(self):
        self.far, self.shut, self.group = None, False, None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.far))
            except OSError:
                return
            heartbeats = {}  # correlation: version
            for source, sink, see in ((near, far, self._request), (far, near, self._answer)):
                threading.Thread(target=self._pump, args=(source, sink, see, heartbeats), daemon=True).start()

    @staticmethod
    def _pump(source, sink, see, heartbeats):
        """Frame by frame: four bytes of length, then so many bytes."""
        try:
            with source, sink, source.makefile("rb") as stream:
                while len(length := stream.read(4)) == 4:
                    frame = bytearray(stream.read(struct.unpack(">i", length)[0]))
                    see(frame, heartbeats)
                    sink.sendall(length + frame)
        except OSError:
            pass

    def _request(self, frame, heartbeats):
        key, version, correlation = struct.unpack_from(">hhi", frame)
        if key == HEARTBEAT and (self.group is None or self.group.encode() in frame):
            heartbeats[correlation] = version

    def _answer(self, frame, heartbeats):
        (correlation,) = struct.unpack_from(">i", frame)
        version = heartbeats.pop(correlation, None)
        if version is None or not self.shut:
            return
        # correlation, from version 4 on an empty list of tags, from version 1 on the throttle time, the error
        place = 4 + (1 if version >= 4 else 0) + (4 if version >= 1 else 0)
        struct.pack_into(">h", frame, place, FENCED_INSTANCE_ID)
