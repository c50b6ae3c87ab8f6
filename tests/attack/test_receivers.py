"""Receivers of alerts that hang, answer without end, or send the sender elsewhere."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import chain, repeat
from multiprocessing import get_context
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import pytest

from touchline.alerts.addresses import Apprise
from touchline.alerts.channels import send
from touchline.alerts.channels.delivery import Undelivered, post
from touchline.alerts.messages.message import Origin, message
from touchline.tables import AlertRow
from touchline.vocabulary.ids import derived_id

TIMEOUT = 1_000
SOON = 5.0


@contextmanager
def _answering(parts: Callable[[], Iterator[bytes]], pause: float) -> Iterator[tuple[str, list[int]]]:
    """Answer each connection with parts, a pause after each; yield the URL and the bytes sent."""
    ended = threading.Event()
    sent: list[int] = [0]

    def serve() -> None:
        while not ended.is_set():
            with suppress(OSError), listening.accept()[0] as connection:
                connection.recv(65_536)
                for part in parts():
                    connection.sendall(part)
                    sent[0] += len(part)
                    if ended.wait(pause):
                        return

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.settimeout(0.2)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook", sent
        finally:
            ended.set()
            thread.join(SOON)


REFUSED = b"HTTP/1.1 500 No\r\n"
SLOW = {
    "silence": [],
    "a status line by the letter": repeat(b"H"),
    "interim answers without end": repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers without end": chain([REFUSED], repeat(b"a: b\r\n")),
    "a body by the letter": chain([REFUSED + b"Content-Length: 800\r\n\r\n"], repeat(b"x")),
}


@pytest.mark.parametrize("parts", SLOW.values(), ids=SLOW.keys())
def test_one_deadline_holds_for_the_whole_delivery(parts: Iterator[bytes]) -> None:
    """A receiver that goes on sending, slower than any single timeout, is given up in time."""

    def answer() -> Iterator[bytes]:
        yield from parts
        while True:
            yield b""

    with _answering(answer, 0.1) as (url, _):
        began = time.monotonic()
        with pytest.raises(Undelivered, match=r"127\.0\.0\.1"):
            post(url, {}, TIMEOUT)
        assert time.monotonic() - began < SOON


@pytest.mark.parametrize("status", [b"200 OK", b"500 No"])
def test_of_a_large_answer_only_the_beginning_is_read(status: bytes) -> None:
    """Of an answer of a gigabyte, packed or not, no more is taken than sockets hold; the status counts."""
    head = b"HTTP/1.1 " + status + b"\r\nContent-Encoding: gzip\r\nContent-Length: 1000000000\r\n\r\n"
    with _answering(lambda: chain([head], repeat(b"\x1f\x8b" * 50_000)), 0) as (url, sent):
        if status.startswith(b"200"):
            post(url, {}, TIMEOUT)
        else:
            with pytest.raises(Undelivered, match="answered 500"):
                post(url, {}, TIMEOUT)
        assert sent[0] < 16 * 1024**2


def test_redirects_are_not_followed() -> None:
    """A receiver cannot send the message on to an address inside the network."""
    with _answering(lambda: repeat(b"x"), 0.1) as (inside, reached):
        answer = f"HTTP/1.1 307 Moved\r\nLocation: {inside}\r\nContent-Length: 0\r\n\r\n".encode()
        with _answering(lambda: iter([answer]), 0) as (url, _), pytest.raises(Undelivered, match="307"):
            post(url, {}, TIMEOUT)
        assert reached == [0]


INCIDENT = AlertRow(
    id=derived_id("incident"),
    fingerprint=derived_id("fingerprint"),
    rule="payment_outage",
    kind="threshold",
    title="Payments fail",
    severity="critical",
    labels=(),
    opened_at=1_795_000_000_000,
    detected_at=1_795_000_001_000,
    resolved_at=None,
    status="firing",
    count=24,
    customers=12,
    usual=None,
    evidence=(),
    summary="24 payments failed",
    version=1,
)


def _notify(url: str, timeout: str) -> None:
    """Send a notification through Apprise to a receiver of JSON."""
    address = {"kind": "apprise", "url": url.replace("http://", "json://"), "timeout": timeout}
    send(Apprise.model_validate(address), message(INCIDENT, "firing", Origin(), 0))


@pytest.mark.slow
@pytest.mark.parametrize("parts", [SLOW["silence"], SLOW["a body by the letter"]], ids=["silence", "letters"])
def test_apprise_has_one_deadline_too(parts: Iterator[bytes]) -> None:
    """A service that hangs, or sends slower than any single timeout, is given up, whatever Apprise does."""
    with _answering(lambda: chain(parts, repeat(b"")), 0.1) as (url, _):
        began = time.monotonic()
        with pytest.raises(Undelivered, match=r"within 1 s|did not take it"):
            _notify(url, "1s")
        assert time.monotonic() - began < 4 * SOON


def _peaks_of_a_notification(url: str) -> tuple[bool, int, int]:
    """Notify; whether that failed, by how many KiB this process grew, and the peak of its children."""
    before = getrusage(RUSAGE_SELF).ru_maxrss
    failed = False
    try:
        _notify(url, "60s")
    except Undelivered:
        failed = True
    return failed, getrusage(RUSAGE_SELF).ru_maxrss - before, getrusage(RUSAGE_CHILDREN).ru_maxrss


@pytest.mark.slow
def test_apprise_reads_large_answers_apart() -> None:
    """An answer without end fails in the memory of a process of its own; the sender's does not grow."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n"
    # The sender is a new process: the peak of children is kept for ever, and begins with the parent's.
    with (
        _answering(lambda: chain([head], repeat(b"x" * 1_000_000)), 0) as (url, sent),
        ProcessPoolExecutor(1, get_context("spawn")) as sender,
    ):
        failed, growth, peak = sender.submit(_peaks_of_a_notification, url).result(80)
        assert sent[0] < 1_000_000_000
    assert failed
    assert growth < 50_000
    assert peak < 1_000_000
