"""What the channels share: secrets, an HTTP request with limits, and the one error."""

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.client import HTTPS_PORT, HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from urllib3.exceptions import HTTPError
from urllib3.util import Url, parse_url

from touchline.documents import Secret
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.wording import plain

_LONGEST_ANSWER = 200
_CUT_SECONDS = 0.1


class Undelivered(TouchlineError):
    """A message was not taken; the text says why. `retry_after` (ms) is what the receiver asks for."""

    def __init__(self, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Deadline:
    """The end of a delivery of several requests. `timeout` is in ms."""

    def __init__(self, timeout: int) -> None:
        self._ends = time.monotonic() + timeout / 1000

    @property
    def left(self) -> int:
        """The time until then, at least 1 ms."""
        return max(1, int((self._ends - time.monotonic()) * 1000))


def secret(given: Secret) -> str:
    """The secret, read again on each call so that it can be rotated.

    Raises:
        Undelivered: the environment or the file does not have it.
    """
    if given.text is not None:
        return given.text.get_secret_value()
    if given.env is not None:
        if value := os.environ.get(given.env):
            return value
        raise Undelivered(f"the environment has no {given.env}, which should hold the channel's secret")
    try:
        return Path(str(given.file)).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Undelivered(f"the channel's secret in {given.file} cannot be read: {error}") from None


def post(
    url: str,
    body: Any,
    timeout: int,
    headers: Mapping[str, str] | None = None,
    *,
    longest_answer: int = 0,
) -> bytes:
    """Post JSON (bytes as they are); an answer of 2xx is what counts as taken.

    Returns the beginning of such an answer, at most `longest_answer` bytes.

    `timeout` (ms) limits all of it together, and of an answer only the beginning is read: the receiver may
    be slow, endless or hostile. Redirects are not followed.

    Raises:
        Undelivered: it was not taken. The address is named by its host alone: the rest may be a secret.
    """
    host = urlsplit(url).hostname or "the address"
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    sent = {"Content-Type": "application/json", "User-Agent": "touchline", **(headers or {})}
    late = threading.Event()
    try:
        to = parse_url(url)
        connection = _connection(to, timeout / 1000)
        with closing(connection), cut_off(timeout, lambda: connection.sock, late):
            connection.request("POST", to.request_uri, content, sent)
            with connection.getresponse() as answer:
                if 200 <= answer.status < 300:
                    return answer.read(longest_answer)
                beginning = answer.read(_LONGEST_ANSWER * 4)
    except (OSError, HTTPException, HTTPError, ValueError) as error:
        raise Undelivered(f"{host} {_why(error, late, timeout)}") from None
    detail = plain(beginning.decode(errors="replace"), _LONGEST_ANSWER)
    wait = answer.headers.get("Retry-After", "")
    raise Undelivered(
        f"{host} answered {answer.status}" + (f": {detail}" if detail else ""),
        int(wait) * 1000 if wait.isdigit() and len(wait) < 7 else 0,
    )


@contextmanager
def cut_off(
    timeout: int, connected: Callable[[], socket.socket | None], late: threading.Event
) -> Iterator[None]:
    """Cut a connection off when the time (ms) is over, however the other side keeps it busy.

    `late` is set then; the block fails with the error of whatever it was doing.
    """
    over = threading.Event()

    def watch() -> None:
        if over.wait(timeout / 1000):
            return
        late.set()
        # A connection may still be made, with a limit of its own.
        while not over.wait(_CUT_SECONDS):
            if (found := connected()) is not None:
                with suppress(OSError):
                    # Not the TLS socket's own: that one takes the other thread's state away.
                    socket.socket.shutdown(found, socket.SHUT_RDWR)

    watching = threading.Thread(target=watch, name="touchline-cut-off", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _connection(to: Url, seconds: float) -> HTTPConnection:
    if to.scheme not in ("http", "https") or not to.host:
        raise ValueError("not an address of HTTP")
    host = to.host.strip("[]")
    kind = _Https if to.scheme == "https" else HTTPConnection
    return kind(host, to.port, timeout=seconds)


class _Https(HTTPConnection):
    """HTTP over TLS, whose socket can be cut off during the handshake too."""

    default_port = HTTPS_PORT

    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(
            self.sock, server_hostname=self.host, do_handshake_on_connect=False
        )
        self.sock.do_handshake()


def _why(error: Exception, late: threading.Event, timeout: int) -> str:
    if late.is_set() or isinstance(error, TimeoutError):
        return f"did not answer within {timeout / 1000:g} s"
    return f"cannot be reached ({type(error).__name__})"
