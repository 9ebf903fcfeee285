"""What `cmake --install` lays down, and how closely systemd confines it. Nothing is started."""

import pathlib
import shutil
import subprocess

import pytest

import house

pytestmark = pytest.mark.xdist_group("install")  # all of them write the build's list of what was laid down
EXPOSURE = 12  # tenths: the floor for a service that opens sockets and must see who calls on its own


def lay_down(place):
    build = house.binaries().parent
    subprocess.run(["cmake", "--install", build, "--prefix", "/usr"], env={**house.os.environ, "DESTDIR": str(place)},
                   check=True, capture_output=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    if why := house.missing():
        pytest.skip(why)
    place = tmp_path_factory.mktemp("root")
    lay_down(place)
    return place


def test_everything_stands_where_the_system_looks(root):
    for path in ("usr/sbin/slussd", "usr/bin/slussctl", "usr/lib/systemd/system/slussd.service", "usr/lib/sysusers.d/sluss.conf",
                 "usr/lib/tmpfiles.d/sluss.conf", "etc/sluss/sluss.cfg", "etc/sluss/routes.d", "etc/sluss/schemas"):
        assert (root / path).exists(), path


def test_what_an_operator_wrote_stays(root):
    mine = root / "etc/sluss/sluss.cfg"
    example, route = mine.read_bytes(), root / "etc/sluss/routes.d/bygglov.cfg"
    taken = route.read_bytes()
    try:
        mine.write_text("workers = 1;\n")
        route.unlink()
        lay_down(root)
        assert mine.read_text() == "workers = 1;\n"
        assert not route.exists()
    finally:
        mine.write_bytes(example)
        route.write_bytes(taken)


def test_no_path_of_the_build_in_what_is_configured(root):
    for path in (root / "usr/lib").rglob("*"):
        assert not path.is_file() or str(house.ROOT) not in path.read_text(), path


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_exposure(root):
    unit = root / "usr/lib/systemd/system/slussd.service"
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", unit],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_unit_is_understood(root):
    """systemd-analyze verify: no unknown directive. That slussd is not installed here is no fault of the unit."""
    unit = root / "usr/lib/systemd/system/slussd.service"
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if "slussd.service" in line and "is not executable" not in line]
    assert told == []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_notify_reload_needs_253(tmp_path):
    """A contract of systemd's: older ones take such a unit for one of Type=simple, which is ready as soon as it is forked."""
    version = int(subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True).stdout.split()[1])
    unit = tmp_path / "trial.service"
    unit.write_text("[Service]\nType=notify-reload\nExecStart=/bin/true\n")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert ("notify-reload" in done.stderr) == (version < 253), f"systemd {version}: {done.stderr}"


def test_the_unit_keeps_clear_of_what_systemd_does_by_itself(root):
    lines = (root / "usr/lib/systemd/system/slussd.service").read_text().splitlines()
    options = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert options["Type"] == "notify", "notify-reload needs systemd 253"
    assert options["ExecReload"].endswith("slussctl reload --wait"), "or systemctl reload returns before anything is taken"
    assert options.get("PrivateUsers", "no") == "no", "it hides who calls on the control socket"
    assert int(options["TimeoutStopSec"]) > 30 + 5 + 10 + 21 + 5, "the longest drain, the final commit, leaving, a question, a client that does not end"
    assert options["LimitCORE"] == "0", "a core holds citizens' data"


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="no systemd-sysusers")
def test_user_and_folders_are_made(root):
    for tool, file in (("systemd-sysusers", "sysusers.d"), ("systemd-tmpfiles", "tmpfiles.d")):
        words = [tool, f"--root={root}"] + (["--create"] if tool == "systemd-tmpfiles" else [])
        done = subprocess.run([*words, root / f"usr/lib/{file}/sluss.conf"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert "sluss:" in (root / "etc/passwd").read_text()
    assert "sluss-admin:" in (root / "etc/group").read_text()
    assert pathlib.Path(root / "etc/sluss/secrets.d").stat().st_mode & 0o777 == 0o750
