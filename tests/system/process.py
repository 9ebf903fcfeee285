"""Child processes that never outlive the tests. It knows nothing of what they are."""

import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """Between fork and exec: the kernel kills the child when the thread that made it ends, however it ends."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One child with its output in a file. Stopped at the latest by close()."""

    def __init__(self, command, log, env=None, cwd=None):
        self.command, self.log = [str(word) for word in command], log
        with open(log, "ab") as output:
            self.began_at = output.tell()
            self.popen = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=env, cwd=cwd, preexec_fn=die_with_parent)

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def output(self):
        with open(self.log, "rb") as file:
            file.seek(self.began_at)
            return file.read().decode("utf-8", "replace")

    def signal(self, number):
        if self.running():
            self.popen.send_signal(number)

    def wait(self, seconds=30):
        """The exit status (negative: the signal that ended it)."""
        return self.popen.wait(seconds)

    def stop(self, seconds=40):
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def close(self):
        if self.running():
            self.signal(signal.SIGCONT)
            self.kill()


def eventually(condition, seconds, what, every=0.05):
    """Polls until condition() is true and returns its value; says what it waited for when it never becomes true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for: {what() if callable(what) else what}")
        time.sleep(every)


def starved():
    """Seconds, since some beginning, in which some process of this machine waited for a processor (0 where the kernel does not say).
    What a test allows a process to take, it allows it on a machine that lets it run."""
    try:
        with open("/proc/pressure/cpu", encoding="ascii") as file:
            return int(file.readline().rsplit("total=", 1)[1]) / 1e6
    except (OSError, IndexError, ValueError):
        return 0.0


def free_ports(count):
    """Ports that nobody listens on now; below the range from which the kernel draws, so that no client takes one meanwhile."""
    found = []
    start = 10000 + (os.getpid() * 37 + time.monotonic_ns() // 1000) % 20000
    for port in range(start, start + 2000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")


def answers(port):
    """Whether somebody listens."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
