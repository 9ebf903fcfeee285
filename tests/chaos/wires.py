"""What lies between a member and the world: wires of TCP that delay, stall, lose and reset. Not a proxy that understands."""

import asyncio
import random
import socket
import struct
import threading


class Wires:
    """Forwarders of TCP in one thread. A wire's mood is a dictionary: delay (seconds), loss (share of chunks that come late), stalled."""

    def __init__(self, address, seed):
        self.address, self.dice = address, random.Random(seed)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.moods, self.pairs, self.ports = {}, {}, {}  # by kind; ports: where its wires begin

    def lay(self, port, kind):
        """A wire to 127.0.0.1:PORT; returns the port where it begins. KIND is what moods are set by."""
        mood = {"delay": 0.0, "loss": 0.0, "stalled": None}
        self.moods.setdefault(kind, []).append(mood)
        pairs = self.pairs.setdefault(kind, set())
        near = socket.create_server((self.address, 0), backlog=256)
        asyncio.run_coroutine_threadsafe(
            asyncio.start_server(lambda reader, writer: self._carry(port, mood, pairs, reader, writer), sock=near), self.loop).result(10)
        self.ports.setdefault(kind, []).append(near.getsockname()[1])
        return self.ports[kind][-1]

    def set(self, kinds, **mood):
        def change():
            for kind in kinds:
                for one in self.moods.get(kind, ()):
                    one.update(mood)
        self.loop.call_soon_threadsafe(change)

    def stall(self, kinds):
        gate = asyncio.Event()
        self.set(kinds, stalled=gate)
        return gate

    def release(self, kinds, gate, reset):
        """Goes on; or resets what had waited too long, as a peer that gave up would have."""
        if reset:
            self.reset(kinds)
        self.set(kinds, stalled=None)
        self.loop.call_soon_threadsafe(gate.set)

    def reset(self, kinds):
        """RST on both ends of all connections."""
        def cut():
            for kind in kinds:
                for writer in list(self.pairs.get(kind, ())):
                    self._reset(writer)
        self.loop.call_soon_threadsafe(cut)

    @staticmethod
    def _reset(writer):
        try:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        writer.transport.abort()

    async def _carry(self, port, mood, pairs, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            self._reset(writer)
            return
        both = {writer, far_writer}
        pairs |= both
        try:
            await asyncio.gather(self._pump(mood, reader, far_writer), self._pump(mood, far_reader, writer))
        except (OSError, asyncio.CancelledError):
            for one in both:
                self._reset(one)
        finally:
            pairs -= both
            for one in both:
                one.close()

    async def _pump(self, mood, reader, writer):
        while data := await reader.read(65536):
            if mood["stalled"]:
                await mood["stalled"].wait()
            if mood["delay"]:
                await asyncio.sleep(mood["delay"] * self.dice.uniform(0.5, 1.5))
            if mood["loss"] and self.dice.random() < mood["loss"]:
                await asyncio.sleep(self.dice.choice((0.2, 0.4, 0.8)))  # what TCP makes of a lost segment
            if writer.transport.is_closing():
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
