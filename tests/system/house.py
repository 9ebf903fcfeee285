"""A slussd with its own configuration folder, control socket and log: written, started, stopped, killed, asked. Not a test."""

import http.client
import json
import os
import pathlib
import re
import socket
import subprocess

from process import Process, eventually

ROOT = pathlib.Path(__file__).resolve().parents[2]
KIND = os.environ.get("SLUSS_KIND", "dev")
LASTING = {"session-timeout-ms": 60000}  # a membership that a machine cannot cost which lets nobody run for 10 s


def binaries(kind=KIND):
    return ROOT / ".build" / kind / "bin"


def missing(kind=KIND):
    """Why slussd cannot be run, or nothing."""
    place = binaries(kind)
    return "" if (place / "slussd").exists() and (place / "slussctl").exists() else f"no slussd in {place}: ./dev build {kind}"


def setting(value):
    """A Python value in libconfig's words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + " ".join(f"{key} = {setting(item)};" for key, item in value.items()) + " }"
    if isinstance(value, tuple):
        return "( " + ", ".join(map(setting, value)) + " )"
    if isinstance(value, list):
        return "[ " + ", ".join(map(setting, value)) + " ]"
    if isinstance(value, int):
        return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def settings(options):
    return "".join(f"{key} = {setting(value)};\n" for key, value in options.items())


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class House:
    """FOLDER/etc is the configuration; daemons share it, each with a socket of its own when made by copy()."""

    def __init__(self, folder, bootstrap, platforms, routes, kafka=(), kind=KIND, **top):
        """platforms: {name: url or options}; routes: {name: options} over a plain route from topic NAME to platform "p"."""
        self.folder = pathlib.Path(folder)
        self.etc, self.kind = self.folder / "etc", kind
        self.socket = self.folder / "s.sock"  # short: a Unix socket's path has 107 bytes
        for place in ("routes.d", "secrets.d", "schemas", "tables", "templates"):
            (self.etc / place).mkdir(parents=True, exist_ok=True)
        self.kafka = {"bootstrap-servers": bootstrap, "group-id": "sluss", "security-protocol": "PLAINTEXT",
                      "start": "earliest", **dict(kafka)}
        self.platforms = {name: ({"base-url": platform} if isinstance(platform, str) else platform)
                          for name, platform in platforms.items()}
        self.routes, self.top = routes, {"log": {"level": "debug", "format": "json"}, **top}
        self.daemon, self.prefix = None, []  # prefix: words before the command, as "ip netns exec NAME"
        self.environment = {}  # beside the tests' own
        self.write()

    def copy(self, folder):
        """A second slussd of the same group."""
        return House(folder, self.kafka["bootstrap-servers"], self.platforms, self.routes, self.kafka, self.kind, **self.top)

    def write(self):
        """What stands in the attributes, as files."""
        (self.etc / "sluss.cfg").write_text(settings(
            {**self.top, "kafka": self.kafka, "platforms": self.platforms, "admin": {"socket": self.socket}}))
        for old in (self.etc / "routes.d").glob("*.cfg"):
            old.unlink()
        for name, options in self.routes.items():
            plain = {"owner": "prov@example.se", "from": name, "deliver": {"platform": "p", "path": "/in"},
                     "dead-letter": f"{name}.dlq"}
            (self.etc / "routes.d" / f"{name}.cfg").write_text(settings({**plain, **options}))

    def put(self, path, text):
        target = self.etc / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(0o600)
        return path

    # --- life ---

    def start(self, ready=True, seconds=40):
        self.socket.unlink(missing_ok=True)
        environment = {**os.environ, "ASAN_OPTIONS": "abort_on_error=0:detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
        for name in ("NOTIFY_SOCKET", "http_proxy", "https_proxy", "CREDENTIALS_DIRECTORY"):
            environment.pop(name, None)
        environment.update(self.environment)
        self.daemon = Process([*self.prefix, binaries(self.kind) / "slussd", "--config", self.etc], self.folder / "slussd.log", env=environment)
        if ready:
            self.wait_ready(seconds)
        return self

    def wait_ready(self, seconds=40):
        last = ["nothing"]

        def asked():
            if not self.daemon.running():
                raise AssertionError(f"slussd ended with {self.daemon.wait()}:\n{self.log()[-3000:]}")
            try:
                code, last[0] = self.ask("/ready")
                return code == 200
            except OSError as error:
                last[0] = str(error)
                return False
        eventually(asked, seconds, lambda: f"/ready of slussd; it says {last[0]!r}, its log:\n{self.log()[-3000:]}")

    def stop(self, seconds=45):
        return self.daemon.stop(seconds)

    def kill(self):
        return self.daemon.kill()

    def log(self):
        """Whole lines: while it runs the last one may be under way."""
        text = self.daemon.output()
        return text[:text.rfind("\n") + 1]

    def close(self):
        if self.daemon:
            self.daemon.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- questions ---

    def ask(self, path):
        connection = UnixConnection(self.socket)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def status(self):
        """What /status says; asked again while a worker that is kept from running does not answer."""
        def answered():
            code, text = self.ask("/status")
            return code != 503 and (code, text)
        code, text = eventually(answered, 20, "a worker's answer")
        assert code == 200, text
        return json.loads(text)

    def metrics(self):
        """{(name, frozenset of (label, value)): number}"""
        code, text = self.ask("/metrics")
        assert code == 200, text
        return parse_metrics(text)

    def ctl(self, *words, timeout=240, **more):
        """Does as it is told while a worker that is kept from running does not answer: it asks again."""
        def asked():
            last[0] = subprocess.run([binaries(self.kind) / "slussctl", "--config", self.etc, *map(str, words)],
                                     capture_output=True, text=True, timeout=timeout, **more)
            return "a worker does not answer: ask again" not in last[0].stderr
        last = [None]
        eventually(asked, 20, lambda: f"a worker's answer: {last[0]}")
        return last[0]


def parse_metrics(text):
    found = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r'([a-zA-Z_:]\w*)(?:\{(.*)\})? (\S+)', line)
        assert match, f"no line of the Prometheus text format: {line!r}"
        labels = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or "")
        key = (match[1], frozenset(labels))
        assert key not in found, f"twice in one scrape: {line!r}"
        found[key] = float(match[3])
    return found


def metric(metrics, name, **labels):
    """The sum over all series with these labels."""
    wanted = set(labels.items())
    return sum(value for (series, found), value in metrics.items() if series == name and wanted <= found)


def metrics_only_grow(scrapes):
    """Raises when a counter of one scrape is less than in the one before."""
    last = {}
    for scrape in scrapes:
        for (series, labels), value in scrape.items():
            if series.endswith(("_total", "_count", "_bucket", "_sum")):
                assert value >= last.get((series, labels), 0), f"{series}{dict(labels)} fell from {last[series, labels]} to {value}"
                last[series, labels] = value
        missing = [key for key in last if key not in scrape]
        assert not missing, f"counters that vanished: {missing[:3]}"


def conserved(metrics, route):
    """Raises unless consumed = delivered + dead-lettered + filtered + skipped + released + unsettled; returns the parts."""
    parts = {outcome: metric(metrics, "sluss_events_total", route=route, outcome=outcome)
             for outcome in ("delivered", "dead-lettered", "filtered", "skipped", "released")}
    parts["unsettled"] = metric(metrics, "sluss_events_unsettled", route=route)
    consumed = metric(metrics, "sluss_events_consumed_total", route=route)
    assert consumed == sum(parts.values()), f"consumed {consumed} is not the sum of {parts}"
    return parts
