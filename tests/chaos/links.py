"""Network namespaces of our own: one for the whole run, one for each member, and the cables between them. Nothing of the machine's
own network is touched; all goes with the processes in it."""

import json
import os
import pathlib
import subprocess
import sys

from process import Process, eventually

MARK = "SLUSS_CHAOS_NETWORK"  # in the environment of a run that is inside
CABLE = pathlib.Path(__file__).resolve().parent / "cable.py"


def enter():
    """Goes on as the same program in a network of its own, where that can be had. Returns why not, or nothing when inside."""
    if MARK not in os.environ:
        for words in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
            why = attempt([*words, "true"])
            if not why:
                os.environ[MARK] = "own"
                os.execvp(words[0], [*words, sys.executable, *sys.argv])
        return why
    return attempt(["ip", "link", "set", "lo", "up"])


def attempt(command):
    """Why it failed, or nothing."""
    try:
        subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    except FileNotFoundError:
        return f"no {command[0]}"
    except subprocess.CalledProcessError as error:
        return (error.stderr or f"{command[0]} ended with {error.returncode}").strip()
    return ""


class Link:
    """A namespace with one cable to here. A cable that is down loses what is sent, without FIN or RST; one that is spoiled delays or loses packets."""

    def __init__(self, number, log, gate="10.77.1.1"):
        """gate: the address, here, that those inside talk to."""
        self.near, self.net, self.log, self.gate = f"member{number}", f"10.77.{number}", log, gate
        self.spoiled, self.cable = f"bad{number}", None
        self.holder = Process(["unshare", "--net", "sleep", "infinity"], log)
        self.place = f"/proc/{self.holder.pid}/ns/net"
        eventually(lambda: os.readlink(self.place) != os.readlink("/proc/self/ns/net") or not self.holder.running(), 20, "a namespace")
        self.prefix = ["nsenter", f"--net={self.place}", "--"]
        try:
            self._do("ip", "link", "add", self.near, "type", "veth", "peer", "name", "world", "netns", self.holder.pid)
            self._do("ip", "address", "add", f"{self.net}.1/24", "dev", self.near)
            self._do("ip", "link", "set", self.near, "up")
            self._inside("ip", "link", "set", "lo", "up")
            self._inside("ip", "address", "add", f"{self.net}.2/24", "dev", "world")
            self.up()
        except OSError:
            self.close()
            raise

    @staticmethod
    def _do(*command):
        if why := attempt(command):
            raise OSError(f"{' '.join(map(str, command))}: {why}")

    def _inside(self, *command):
        self._do(*self.prefix, *command)

    def up(self):
        self._inside("ip", "link", "set", "world", "up")
        self._inside("ip", "route", "replace", "default", "via", f"{self.net}.1")

    def down(self):
        self._inside("ip", "link", "set", "world", "down")

    def abort(self):
        """All connections inside end at once, with RST to their peers. Whether the kernel can (CONFIG_INET_DIAG_DESTROY)."""
        return not attempt([*self.prefix, "ss", "--kill", "--tcp", "state", "established"])

    def spoil(self, seed, delay=0.0, loss=0.0, ports=()):
        """From now on, both ways, packets of these ports here (none: all) go through a process that delays (seconds) and loses (share) them.
        Raises OSError where that cannot be."""
        self.cable = Process([sys.executable, CABLE, self.place, self.spoiled, "bad", delay, loss, seed, *ports], self.log)
        eventually(lambda: "ready" in self.cable.output() or not self.cable.running(), 20, "a bad cable")
        try:
            if not self.cable.running():
                raise OSError(self.cable.output().strip().splitlines()[-1])
            self._do("ip", "link", "set", self.spoiled, "up")
            self._inside("ip", "link", "set", "bad", "up")
            self._inside("ip", "route", "add", self.gate, "dev", "bad", "src", f"{self.net}.2")
            self._do("ip", "route", "add", f"{self.net}.2", "dev", self.spoiled)
        except OSError:
            self.cable.close()
            raise

    def mend(self):
        """What the bad cable did: {"carried": packets, "delayed": packets, "dropped": packets}."""
        attempt(["ip", "route", "del", f"{self.net}.2", "dev", self.spoiled])
        attempt([*self.prefix, "ip", "route", "del", self.gate, "dev", "bad"])
        assert self.cable.stop() == 0, f"the bad cable: {self.cable.output()}"
        return json.loads(self.cable.output().splitlines()[-1])

    def cannot(self):
        """Why this machine has no bad cables, or nothing."""
        try:
            self.spoil(0)
            self.mend()
        except OSError as error:
            return str(error)
        return ""

    def close(self):
        if self.cable:
            self.cable.close()
        self.holder.close()
