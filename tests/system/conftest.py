"""What system tests may ask for: brokers, platforms, houses. Everything that they start ends with them."""

import itertools
import re
import signal
import sys

import pytest

import broker as real
import house
from certificates import Authority
from hostile import Platform
from process import Process, eventually


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: a third of a minute and longer, so it begins first")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))  # so that fixtures still tear down


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Several tests run abreast: the longest begin first, and one process alone starts the broker that takes longest to start."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if "secure_broker" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("secure"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """One real Kafka for all tests that only use topics of their own."""
    if why := real.available():
        pytest.skip(f"no real Kafka: {why}")
    with real.Broker(tmp_path_factory.mktemp("kafka"), immortal=True) as started:
        yield started


@pytest.fixture(scope="session")
def secure_broker(tmp_path_factory, authority):
    """A real Kafka with SASL_SSL (PLAIN, SCRAM) for alice, who may do what a test grants her."""
    if why := real.available():
        pytest.skip(f"no real Kafka: {why}")
    with real.Broker(tmp_path_factory.mktemp("secure"), users={"alice": "hemligt-ord"}, authority=authority, acls=True,
                     immortal=True) as started:
        yield started


@pytest.fixture(scope="session")
def sandbox_broker(tmp_path_factory):
    """The bootstrap address of librdkafka's mock broker in a process of its own."""
    if why := house.missing():
        pytest.skip(why)
    process = Process([house.binaries() / "slussctl", "sandbox", "--broker-only"], tmp_path_factory.mktemp("sandbox") / "log")
    try:
        found = eventually(lambda: re.search(r"^bootstrap-servers=(\S+)$", process.output(), re.M) or not process.running(),
                           20, lambda: f"the sandbox broker's address in: {process.output()}")
        assert found is not True, f"slussctl sandbox --broker-only ended: {process.output()}"
        yield found[1]
    finally:
        process.close()


@pytest.fixture
def platform():
    with Platform() as platform:
        yield platform


_numbers = itertools.count(1)


@pytest.fixture
def name():
    """A word for the topic, route and group of this test alone."""
    return f"t{next(_numbers)}"


@pytest.fixture
def houses(tmp_path):
    """Makes houses: houses(bootstrap, platforms, routes, ...) not yet started."""
    if why := house.missing():
        pytest.skip(why)
    made = []

    def make(*words, **options):
        made.append(house.House(tmp_path / f"h{len(made)}", *words, **options))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of each daemon's log."""
    report = (yield).get_result()
    if report.when == "call" and report.failed and "tmp_path" in item.funcargs:
        for log in sorted(item.funcargs["tmp_path"].glob("**/slussd.log")):
            report.sections.append((str(log), log.read_text(errors="replace")[-6000:]))
