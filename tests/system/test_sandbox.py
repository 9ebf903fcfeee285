"""The first thing that a stranger sees: slussctl sandbox, by itself and as a broker for others."""

import json
import os
import pty
import re
import signal
import subprocess
import termios

import pytest

import house as houses_module
from account import Account
from process import Process, eventually
from records import produce


@pytest.fixture(scope="module")
def slussctl():
    if why := houses_module.missing():
        pytest.skip(why)
    return houses_module.binaries() / "slussctl"


def processes():
    """Command lines of all that runs, to see that nothing stays behind."""
    return subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True).stdout


def test_twelve_events_end_where_they_should(slussctl, tmp_path):
    done = subprocess.run([slussctl, "sandbox", "--events", "12"], capture_output=True, text=True, timeout=600,
                          env={**houses_module.os.environ, "TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "12 events: 9 delivered, 2 dead-lettered, 1 filtered, 0 lost"
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


def test_breaking_things_loses_nothing(slussctl, tmp_path):
    done = subprocess.run([slussctl, "sandbox", "--events", "48", "--break"], capture_output=True, text=True, timeout=600,
                          env={**houses_module.os.environ, "TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"48 events: \d+ delivered, \d+ dead-lettered, 4 filtered, 0 lost", done.stdout.splitlines()[-1])


def on_terminal(command, columns, environment):
    """What a program writes to a terminal of so many columns."""
    near, far = pty.openpty()
    termios.tcsetwinsize(far, (50, columns))
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=far, stderr=far, env=environment) as process:
        os.close(far)
        text = b""
        try:
            while data := os.read(near, 65536):
                text += data
        except OSError:
            pass  # the other end is closed
        os.close(near)
        assert process.wait(60) == 0, text.decode()
    return text.decode().replace("\r\n", "\n")


def test_the_table_fits_a_terminal(slussctl, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path), "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    coloured = on_terminal([slussctl, "sandbox", "--events", "8"], 80, environment)
    table = re.sub(r"\033\[[0-9;]*m", "", coloured).split("\nEVENT ")[1].splitlines()
    assert len(table) >= 9 and all(len(line) <= 80 for line in table), "\n".join(table)
    assert "dead-lettered: not-json" in "\n".join(table), "the fates are never cut"
    assert "\033[" in coloured
    assert "\033[" not in on_terminal([slussctl, "sandbox", "--events", "1"], 80, {**environment, "NO_COLOR": "1"})


def test_interrupt_leaves_nothing_behind(slussctl, tmp_path):
    process = Process([slussctl, "sandbox"], tmp_path / "log", env={**houses_module.os.environ, "TMPDIR": str(tmp_path)})
    eventually(lambda: "delivered" in process.output() or not process.running(), 60, process.output)
    process.signal(signal.SIGINT)
    process.wait(60)
    assert [path.name for path in tmp_path.iterdir()] == ["log"], process.output()
    assert str(tmp_path) not in processes()


def test_broker_only_serves_an_independent_client_and_slussd(sandbox_broker, platform, houses, name):
    produced = produce(sandbox_broker, name, [(f"k{n}", json.dumps({"n": n, "key": f"k{n}"}, separators=(",", ":"))) for n in range(40)])
    house = houses(sandbox_broker, {"p": platform.url}, {name: {}}, {"fetch-wait-max-ms": 10}).start()
    account = Account(sandbox_broker, name, platform)
    eventually(lambda: account.delivered() >= set(produced), 40, "all events from the sandbox's broker")
    assert house.stop() == 0
