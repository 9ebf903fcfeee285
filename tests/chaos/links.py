"""Network namespaces of our own: one for the whole run, one for each member, and the cables between them. Nothing of the machine's
own network is touched; all goes with the processes in it."""

import os
import subprocess
import sys

from process import Process, eventually

MARK = "SLUSS_CHAOS_NETWORK"  # in the environment of a run that is inside
BAD = {  # what tc can make of a cable, where the kernel knows how
    "loses and delays": ("netem", "delay", "60ms", "20ms", "loss", "5%"),
    "delays": ("tbf", "rate", "400kbit", "burst", "4kb", "latency", "1500ms"),
    "loses": ("tbf", "rate", "150kbit", "burst", "4kb", "limit", "8kb"),
}


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
    """A namespace with one cable to here. A cable that is down loses what is sent, without FIN or RST."""

    def __init__(self, number, log):
        self.near, self.net = f"member{number}", f"10.77.{number}"
        self.holder = Process(["unshare", "--net", "sleep", "infinity"], log)
        place = f"/proc/{self.holder.pid}/ns/net"
        eventually(lambda: os.readlink(place) != os.readlink("/proc/self/ns/net") or not self.holder.running(), 20, "a namespace")
        self.prefix = ["nsenter", f"--net={place}", "--"]
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

    def spoil(self, how):
        """In the kernel, both ways. HOW: a name of BAD. Raises OSError where the kernel cannot."""
        self._do("tc", "qdisc", "add", "dev", self.near, "root", *BAD[how])
        self._inside("tc", "qdisc", "add", "dev", "world", "root", *BAD[how])

    def cannot(self):
        """What of BAD this kernel cannot do."""
        refused = []
        for how in BAD:
            try:
                self.spoil(how)
                self.mend()
            except OSError:
                refused.append(how)
        return refused

    def mend(self):
        self._do("tc", "qdisc", "del", "dev", self.near, "root")
        self._inside("tc", "qdisc", "del", "dev", "world", "root")

    def close(self):
        self.holder.close()
