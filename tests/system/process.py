"""Child processes that never outlive the tests. It knows nothing of what they are."""

import contextlib
import ctypes
import os
import pathlib
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
        patience = Patience(seconds)
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.popen.wait(patience.every)
            if patience.ends():
                raise subprocess.TimeoutExpired(self.command, seconds)

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


class Patience:
    """How long something is waited for: so many seconds, and as many looks as a quiet machine has in them. Where all are kept
    waiting for a processor the looks are too, so nothing is given up there for being slow; but no longer than LONGER seconds more."""

    LONGER = 120

    def __init__(self, seconds, every=0.05):
        self.every, self.began, self.seconds, self.looks = every, time.monotonic(), seconds, seconds / max(every, 0.05)

    def ends(self):
        """To be asked after each look that was in vain."""
        self.looks -= 1
        passed = time.monotonic() - self.began
        return passed > self.seconds and (self.looks <= 0 or passed > self.seconds + self.LONGER)


def eventually(condition, seconds, what, every=0.05):
    """Polls until condition() is true and returns its value; says what it waited for when it never becomes true."""
    patience = Patience(seconds, every)
    while True:
        value = condition()
        if value:
            return value
        if patience.ends():
            raise AssertionError(f"waited {time.monotonic() - patience.began:.0f} s in vain for: {what() if callable(what) else what}")
        time.sleep(every)


def pressed(resource):
    """Seconds, since some beginning, in which some process of this machine waited for it (0 where the kernel does not say)."""
    try:
        with open(f"/proc/pressure/{resource}", encoding="ascii") as file:
            return int(file.readline().rsplit("total=", 1)[1]) / 1e6
    except (OSError, IndexError, ValueError):
        return 0.0


def stolen():
    """Seconds, since some beginning, in which this machine's processors ran another machine (0 where there is none, or it does not say)."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0


def starved():
    """Seconds, since some beginning, in which this machine let some process wait for a processor or a disk.
    What a test allows a process to take, it allows it on a machine that lets it run."""
    return pressed("cpu") + pressed("io") + stolen()


def kept_waiting(*pids):
    """Seconds that the threads of these processes have waited for a processor (0 where the kernel does not say), or anybody for a disk.
    What waits itself because it may only run where nobody else wants to does not count."""
    waited = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):  # the thread has ended
                waited += int(task.read_text().split()[1])
    return waited / 1e9 + pressed("io") + stolen()


claims = []  # sockets whose names say that a port is ours; they go with the process, however it ends


def claim(port):
    """Whether this port is ours as long as this process lives, although nobody may listen on it for a while: tests run abreast, and
    a broker takes seconds to start and may be down for a while. Like ports, these names are known in one network alone."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0sluss-test-port-{port}")
    except OSError:
        mark.close()
        return False
    claims.append(mark)
    return True


def free_ports(count):
    """Ports that nobody listens on and no other test will; below the range from which the kernel draws, so that no client takes one."""
    found = []
    start = 10000 + (os.getpid() * 37 + time.monotonic_ns() // 1000) % 20000
    for port in range(start, start + 2000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if not claim(port):
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
