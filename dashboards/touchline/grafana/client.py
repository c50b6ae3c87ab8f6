"""The only file that knows grafana-api: a Grafana server, asked within limits of time and of attempts."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import stamina
from grafana_api.grafana_api import GrafanaAPI, GrafanaException

Json = dict[str, Any]

SECONDS = 10.0
"""How long one request may take."""

ATTEMPTS = 4
TOGETHER_SECONDS = 30.0
"""How long all attempts of one request may take together."""

_TRY_AGAIN = (429, 502, 503, 504)


class GrafanaError(Exception):
    """Grafana cannot be reached, or refuses: the message says what to do."""


class _Passing(Exception):
    """A failure that may be over soon."""


class Grafana:
    """A Grafana server, by its HTTP API.

    Args:
        url: Its root, such as `https://grafana.example.com/sub`; https where no scheme is given.
        token: Of a service account.
        seconds: How long one request may take.
    """

    def __init__(self, url: str, token: str, *, seconds: float = SECONDS) -> None:
        self._url = url if "://" in url else f"https://{url}"
        place = urlsplit(self._url)
        try:
            port = place.port
        except ValueError:
            port = None
        if place.scheme not in ("http", "https") or not place.hostname or place.username or place.query:
            raise GrafanaError(f"{url} is no address of a Grafana: write https://HOST[:PORT][/PATH]")
        path = place.path.strip("/")
        self._api = GrafanaAPI(
            token,
            host=f"[{place.hostname}]" if ":" in place.hostname else place.hostname,
            port=port,
            url_path_prefix=f"{path}/" if path else "",
            protocol=place.scheme,
            timeout=seconds,
        )
        # A redirect would turn a POST into a GET, and carry the token elsewhere.
        self._api.s.max_redirects = 0
        self._api.s.hooks["response"].append(self._note)
        self._status = 0

    def get(self, path: str) -> Json | None:
        """What is at `path` below `/api`; None where there is nothing.

        Raises:
            GrafanaError: as do the others.
        """
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: Json) -> Json:
        """Make something."""
        return self._ask("POST", path, body, {}) or {}

    def put(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Json:
        """Put something in the place of what is there."""
        return self._ask("PUT", path, body, headers or {}) or {}

    def _note(self, response: requests.Response, **_: Any) -> None:
        self._status = response.status_code

    def _ask(self, verb: str, path: str, body: Json | None, headers: Mapping[str, str]) -> Json | None:
        try:
            for attempt in _attempts():
                with attempt:
                    return self._once(verb, path, body, headers)
        except _Passing as passing:
            raise GrafanaError(str(passing)) from None
        raise AssertionError("the last attempt returns or raises")

    def _once(self, verb: str, path: str, body: Json | None, headers: Mapping[str, str]) -> Json | None:
        try:
            answer = getattr(self._api, verb)(path, json=body, headers=dict(headers))
        except GrafanaException as refused:
            if refused.status_code == 404 and verb == "GET":
                return None
            said = f"{verb} {path}: {_said(refused.response)}"
            if refused.status_code in _TRY_AGAIN:
                raise _Passing(f"Grafana at {self._url} is unwell ({refused.status_code}): {said}") from None
            raise GrafanaError(_refusal(refused.status_code, said)) from None
        except requests.TooManyRedirects:
            raise GrafanaError(f"{self._url} sends us elsewhere: give Grafana's own address") from None
        except requests.exceptions.SSLError as error:
            raise GrafanaError(f"the certificate of {self._url} is not trusted: {_reason(error)}") from None
        except (requests.JSONDecodeError, TypeError):
            # grafana-api looks for a message in whatever comes, also where it is a text.
            if self._status in _TRY_AGAIN:
                raise _Passing(f"Grafana at {self._url} is unwell ({self._status})") from None
            raise GrafanaError(
                f"{self._url} answers, but not as Grafana does: give the root of a Grafana"
            ) from None
        except requests.RequestException as error:
            raise _Passing(f"cannot reach Grafana at {self._url}: {_reason(error)}") from None
        if not isinstance(answer, dict):
            raise GrafanaError(f"{self._url} answers, but not as Grafana does: give the root of a Grafana")
        return answer


def _attempts() -> Iterable[stamina.Attempt]:
    return stamina.retry_context(
        _Passing, attempts=ATTEMPTS, timeout=TOGETHER_SECONDS, wait_initial=0.2, wait_jitter=0.2
    )


def _refusal(status: int, said: str) -> str:
    match status:
        case 401:
            todo = "Grafana does not know the token: make a service account, and give one of its tokens"
        case 403:
            todo = (
                "the token may not do that: its service account needs the role Admin (Editor, once there is "
                "a data source)"
            )
        case 404:
            todo = "there is no such thing: it must be Grafana 10 or newer, and the address its root"
        case 409 | 412:
            todo = "somebody changed it in Grafana at the same time: look at it, and publish again"
        case _:
            todo = "Grafana refused"
    return f"{todo} ({status}; {said})"


def _said(response: Any) -> str:
    text = response.get("message") if isinstance(response, dict) else response
    return str(text or "no reason given")[:300]


def _reason(error: Exception) -> str:
    """The innermost cause, in a few words; it names no token, which is only in the headers."""
    inner: BaseException = error
    while (before := inner.__cause__ or inner.__context__) is not None:
        inner = before
    return (str(inner) or type(inner).__name__)[:200]
