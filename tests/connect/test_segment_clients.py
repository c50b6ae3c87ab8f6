"""The real clients of Segment and RudderStack, unchanged: all that they send is stored, once, as it was."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.chromium import headless_chromium
from tests.collector.served import Served, serving
from tests.connect.fetched import java_libraries, node_folder
from tests.connect.segment_outage import REFUSED, STORED, Outage
from tests.connect.segment_story import BESIDE_VIEWED, EVENTS, QUIZ_TIME, VIEWED, tell
from tests.waiting import wait_for
from touchline.collector import Keys
from touchline.log.sqlite import SqliteLog

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent / "segment_clients"
PLANS = {
    "segment-python": [REFUSED, STORED],
    "rudder-python": [REFUSED, STORED],
    "segment-node": [STORED, REFUSED],
    "rudder-node": [REFUSED, STORED],
    # It repeats after 15 seconds.
    "segment-java": [STORED],
    "segment-browser": [REFUSED, STORED],
    "segment-batching": [STORED],
}
"""What happens to the first requests of each client."""


class Site:
    """A collector that has a key for each client, behind an outage; each key has the client's name."""

    def __init__(self, served: Served, outage: Outage, pages: str) -> None:
        self.served, self.outage, self.pages = served, outage, pages
        self.began = int(time.time() * 1000)
        self.keys = {}
        for name, plan in PLANS.items():
            browser = name in ("segment-browser", "segment-batching")
            self.keys[name] = served.keys.create(name, [pages] if browser else [])
            outage.plans[self.keys[name]] = list(plan)

    def copies(self, name: str) -> list[dict[str, Any]]:
        """All accepted events of a client, repeated ones included."""
        return [line for line in self.served.lines("touchpoints") if line["producer"] == name]

    def arrived(self, name: str) -> bool:
        """Whether all of a client's events are there, and its plan is over."""
        return not self.outage.plans[self.keys[name]] and len({e["id"] for e in self.copies(name)}) >= EVENTS


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A web server for the page of the browser's client, and its folder."""
    folder = tmp_path_factory.mktemp("pages")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}", folder
    server.shutdown()
    thread.join(10)
    server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, pages: tuple[str, Path]) -> Iterator[Site]:
    """The collector of all clients."""
    folder, outage = tmp_path_factory.mktemp("collector"), Outage()
    log = SqliteLog(folder / "log.sqlite")
    try:
        with serving(log, log, Keys(folder / "keys.json"), around=outage.around) as served:
            yield Site(served, outage, pages[0])
    finally:
        log.close()


@pytest.fixture(scope="module")
def running(site: Site) -> Iterator[dict[str, "subprocess.Popen[str] | str"]]:
    """The processes of all clients that have one, started at once; or why one cannot run here."""
    commands: dict[str, Callable[[], list[str]]] = {
        "segment-java": lambda: ["java", "-cp", f"{java_libraries(FOLDER)}/*", str(FOLDER / "Story.java")],
        "segment-node": lambda: ["node", str(node_folder(FOLDER) / "segment_node.mjs")],
        "rudder-node": lambda: ["node", str(node_folder(FOLDER) / "rudder_node.mjs")],
    }
    found: dict[str, subprocess.Popen[str] | str] = {}
    with ExitStack() as stack:
        for name, command in commands.items():
            try:
                arguments = [*command(), site.served.url, site.keys[name]]
            except pytest.skip.Exception as reason:
                found[name] = str(reason)
                continue
            process = subprocess.Popen(
                arguments,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                stdin=subprocess.DEVNULL,
            )
            stack.callback(process.wait, 10)
            stack.callback(process.kill)
            found[name] = process
        yield found


def _python_client(name: str, url: str, key: str) -> Any:
    if name == "segment-python":
        analytics = pytest.importorskip("segment.analytics", reason="`uv sync --group clients` brings it")
        return analytics.Client(key, host=url, gzip=True)
    analytics = pytest.importorskip("rudderstack.analytics", reason="`uv sync --group clients` brings it")
    return analytics.Client(key, host=url)


def _told(site: Site, name: str) -> list[dict[str, Any]]:
    """The events of a client that has told the story, each id once, after checking what it repeated."""
    wait_for(lambda: site.arrived(name), 60)
    events: dict[str, dict[str, Any]] = {}
    for copy in site.copies(name):
        received_at, again = copy.pop("received_at"), events.setdefault(copy["id"], copy)
        assert again == copy, "a repeated event differs from its first copy"
        assert copy["time"] == int(QUIZ_TIME.timestamp() * 1000) or site.began <= copy["time"] <= received_at
    assert site.served.lines("quarantine") == []
    return list(events.values())


def _check(name: str, events: list[dict[str, Any]]) -> None:
    """Check that these events are the story."""
    assert len(events) == EVENTS
    viewed = [event for event in events if event["type"] == "custom.product_viewed"]
    assert sorted(event["data"]["number"] for event in viewed) == list(range(VIEWED))
    for kind, called, channel, data in BESIDE_VIEWED:
        (event,) = [each for each in events if each["context"]["name"] == called]
        assert (event["type"], event["source"]) == (kind, name)
        assert event["channel"] == channel
        assert event["data"].items() >= data.items()
        assert (event["time"] == int(QUIZ_TIME.timestamp() * 1000)) == (called == "Quiz Finished")
    for event in events:
        identifiers = {one for one in event["identifiers"] if not one.startswith("device:")}
        emails = {f"email:ann@{name}.example"} if event["context"]["name"] == "identify" else set()
        assert identifiers == {f"account:u-{name}"} | emails
        if event["context"]["name"] == "alias":
            assert f"device:before-{name}" in event["identifiers"]


@pytest.mark.parametrize("name", ["segment-python", "rudder-python"])
@pytest.mark.usefixtures("running")
def test_clients_for_python(site: Site, name: str) -> None:
    """What a client for Python sends is stored once, although its first requests get 503."""
    tell(_python_client(name, site.served.url, site.keys[name]), name)
    _check(name, _told(site, name))


@pytest.fixture(scope="module")
def shown(
    site: Site, pages: tuple[str, Path], running: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], None]]:
    """Shows the page with the browser's client."""
    library = node_folder(FOLDER) / "node_modules" / "@segment" / "analytics-next" / "dist" / "umd"
    url, folder = pages
    (folder / "umd").symlink_to(library)
    for file in ("page.html", "story.mjs"):
        shutil.copy(FOLDER / file, folder)
    with headless_chromium(tmp_path_factory.mktemp("chromium")) as chromium:

        def show(name: str) -> None:
            query = {"collector": site.served.url, "key": site.keys[name]}
            query |= {"batching": "1"} if name == "segment-batching" else {}
            chromium.get(f"{url}/page.html?{urlencode(query)}")
            wait_for(lambda: site.arrived(name))
            assert chromium.execute_script("return window.failures") == []

        yield show


@pytest.mark.parametrize("name", ["segment-browser", "segment-batching"])
def test_the_client_for_browsers(site: Site, shown: Callable[[str], None], name: str) -> None:
    """A page that names the collector as its CDN sends everything there, one by one or in batches."""
    shown(name)
    events = _told(site, name)
    _check(name, events)
    devices = {one for event in events for one in event["identifiers"] if one.startswith("device:")}
    assert len(devices - {f"device:before-{name}"}) == 1
    assert all(event["context"]["page"]["title"] == "Shoes" for event in events)


@pytest.mark.parametrize("name", ["segment-node", "rudder-node", "segment-java"])
def test_clients_for_node_and_java(
    site: Site, running: dict[str, "subprocess.Popen[str] | str"], name: str
) -> None:
    """What a client for Node or Java sends is stored once, although its first requests get 503."""
    process = running[name]
    if isinstance(process, str):
        pytest.skip(process)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    _check(name, _told(site, name))
