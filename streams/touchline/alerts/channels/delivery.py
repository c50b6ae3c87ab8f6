"""What the channels share: secrets, an HTTP request with limits, and the one error."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import urllib3

from touchline.alerts.addresses import Secret
from touchline.alerts.incident_text import plain
from touchline.vocabulary.errors import TouchlineError

_LONGEST_ANSWER = 200


class Undelivered(TouchlineError):
    """A message was not taken; the text says why. `retry_after` (ms) is what the receiver asks for."""

    def __init__(self, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


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


def post(url: str, body: Any, timeout: int, headers: Mapping[str, str] | None = None) -> None:
    """Post JSON (bytes as they are); an answer of 2xx is what counts as taken. Time in ms.

    Raises:
        Undelivered: it was not taken. The address is named by its host alone: the rest may be a secret.
    """
    host = urlsplit(url).hostname or "the address"
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    sent = {"Content-Type": "application/json", "User-Agent": "touchline", **(headers or {})}
    try:
        answer = urllib3.request(
            "POST", url, body=content, headers=sent, timeout=timeout / 1000, retries=False, redirect=False
        )
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise Undelivered(f"{host} cannot be reached ({type(error).__name__})") from None
    if not 200 <= answer.status < 300:
        detail = plain(answer.data[: _LONGEST_ANSWER * 4].decode(errors="replace"), _LONGEST_ANSWER)
        wait = answer.headers.get("Retry-After", "")
        raise Undelivered(
            f"{host} answered {answer.status}" + (f": {detail}" if detail else ""),
            int(wait) * 1000 if wait.isdigit() and len(wait) < 7 else 0,
        )
