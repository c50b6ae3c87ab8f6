"""What is wrong with an application's configuration: its variables, its collector and its spool.

It sends no event. Run it where the application runs, with its environment: `python -m touchline.sdk`.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from time import time
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from touchline.sdk.client import Touchline
from touchline.sdk.delivery.spool import Spool, SpoolError, spool_path
from touchline.sdk.environment import Environment, read

CONNECT_SECONDS = 5.0
SKEW_SECONDS = 5.0
"""A clock that differs by more than this from the collector's shifts the times of events."""

_ANSWERS = {
    400: "",  # The body is empty: the collector looked at the key first.
    401: "the collector does not know the key: copy it again, or create one with `touchline keys create`",
    403: "the key may not send from here",
    404: "nothing takes events at this address: check the path of TOUCHLINE_URL",
    405: "nothing takes events at this address: check the path of TOUCHLINE_URL",
    429: "the key sends too many events per second: raise its limit, or send fewer",
    503: "the collector is not ready: look at its /readyz",
}


class Finding(NamedTuple):
    """The result of one check; `text` says what was found, or what to do."""

    check: str
    is_ok: bool
    text: str


def examine(variables: Mapping[str, str]) -> Iterator[Finding]:
    """Check a configuration that comes from environment variables, and what it names."""
    try:
        given = read(variables)
    except ValueError as error:
        yield Finding("configuration", False, str(error))
        return
    if given.enabled is False:
        yield Finding("configuration", False, "TOUCHLINE_ENABLED is false: no event is sent")
        return
    try:
        Touchline(given.url, source=given.source, key=given.key).close(0)
    except ValueError as error:
        yield Finding("configuration", False, str(error))
        return
    url, source = given.url or "", given.source or ""
    yield Finding("configuration", True, f"the source {source} sends to {_shown(url)}")
    if url.startswith("http"):
        yield _collector(urlsplit(url), given.key)
    yield _spool(given, url, source)


def _collector(url: SplitResult, key: str | None) -> Finding:
    """Post an empty body: the collector looks at the key first, and stores nothing."""
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=CONNECT_SECONDS)
    try:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        connection.request("POST", f"{url.path.rstrip('/')}/v1/events", b"", headers)
        response = connection.getresponse()
        status, date = response.status, response.getheader("Date")
    except (OSError, HTTPException) as error:
        why = f"{type(error).__name__}: check that the collector runs and that this host may reach it"
        return Finding("collector", False, why)
    finally:
        connection.close()
    if wrong := _ANSWERS.get(status, f"it answers {status}, as a Touchline collector would not"):
        return Finding("collector", False, wrong)
    skew = 0.0 if date is None else time() - parsedate_to_datetime(date).timestamp()
    if abs(skew) > SKEW_SECONDS:
        return Finding(
            "collector", False, f"this clock differs by {skew:+.0f} s from the collector's: set it"
        )
    return Finding("collector", True, "it answers, and accepts the key")


def _spool(given: Environment, url: str, source: str) -> Finding:
    if given.spool is None:
        text = "none: what waits in memory is lost when the process ends; set TOUCHLINE_SPOOL to a folder"
        return Finding("spool", True, text)
    folder = Path(given.spool)
    spool = Spool(spool_path(folder, url, source), given.limits)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            events = spool.events()
    except (OSError, SpoolError) as error:
        return Finding(
            "spool", False, f"{folder} cannot be used ({error}): choose a folder that can be written"
        )
    finally:
        spool.close()
    others = sum(path != spool.path for path in folder.glob("*.sqlite"))
    text = f"{events} events wait in {spool.path}"
    if others:
        text += f"; {others} other files there belong to clients with another URL or source"
    return Finding("spool", True, text)


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def report() -> tuple[list[str], bool]:
    """The findings of this process's environment as lines, and whether all is well."""
    findings = [*examine(os.environ)]
    lines = [f"{'ok' if found.is_ok else 'WRONG':5} {found.check}: {found.text}" for found in findings]
    return lines, all(found.is_ok for found in findings)
