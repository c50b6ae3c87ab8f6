"""A client for Grafana's HTTP API, with timeouts and retries. The only file that imports grafana-api."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import stamina
from grafana_api.grafana_api import GrafanaAPI, GrafanaException

from touchline.vocabulary.errors import TouchlineError

Json = dict[str, Any]

SECONDS = 10.0
"""Timeout of one request."""

ATTEMPTS = 4
TOGETHER_SECONDS = 30.0
"""Timeout of all attempts of one request."""

_TRY_AGAIN = (429, 502, 503, 504)


class GrafanaError(TouchlineError):
    """Grafana cannot be reached, or refuses a request: the message says what to do."""


class _Retryable(Exception):
    """A failure that may pass."""


class Grafana:
    """A Grafana server.

    Args:
        url: Its root, such as `https://grafana.example.com/sub`; https where no scheme is given.
        token: Of a service account.
        seconds: The timeout of one request.
    """

    def __init__(self, url: str, token: str, *, seconds: float = SECONDS) -> None:
        self._url = url if "://" in url else f"https://{url}"
        place = urlsplit(self._url)
        try:
            port = place.port
        except ValueError:
            port = None
        if place.scheme not in ("http", "https") or not place.hostname or place.username or place.query:
            raise GrafanaError(f"invalid Grafana address {url}: write https://HOST[:PORT][/PATH]")
        path = place.path.strip("/")
        self._api = GrafanaAPI(
            token,
            host=f"[{place.hostname}]" if ":" in place.hostname else place.hostname,
            port=port,
            url_path_prefix=f"{path}/" if path else "",
            protocol=place.scheme,
            timeout=seconds,
        )
        # A redirect turns a POST into a GET, and would send the token to another server.
        self._api.s.max_redirects = 0
        self._api.s.hooks["response"].append(self._remember_status)
        self._status = 0

    def get(self, path: str) -> Json | None:
        """The object at `path` below `/api`; None if there is none.

        Raises:
            GrafanaError: the request failed. `post` and `put` raise it too.
        """
        return self._request("GET", path, None, {})

    def post(self, path: str, body: Json) -> Json:
        """Create an object."""
        return self._request("POST", path, body, {}) or {}

    def put(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Json:
        """Replace an object."""
        return self._request("PUT", path, body, headers or {}) or {}

    def _remember_status(self, response: requests.Response, **_: Any) -> None:
        self._status = response.status_code

    def _request(self, verb: str, path: str, body: Json | None, headers: Mapping[str, str]) -> Json | None:
        try:
            for attempt in _attempts():
                with attempt:
                    return self._request_once(verb, path, body, headers)
        except _Retryable as error:
            raise GrafanaError(str(error)) from None
        raise AssertionError("the last attempt returns or raises")

    def _request_once(
        self, verb: str, path: str, body: Json | None, headers: Mapping[str, str]
    ) -> Json | None:
        try:
            answer = getattr(self._api, verb)(path, json=body, headers=dict(headers))
        except GrafanaException as refused:
            if refused.status_code == 404 and verb == "GET":
                return None
            reason = f"{verb} {path}: {_message(refused.response)}"
            if refused.status_code in _TRY_AGAIN:
                raise _Retryable(
                    f"Grafana at {self._url} is unavailable ({refused.status_code}): {reason}"
                ) from None
            raise GrafanaError(_refusal(refused.status_code, reason)) from None
        except requests.TooManyRedirects:
            raise GrafanaError(f"{self._url} redirects: use the address that it redirects to") from None
        except requests.exceptions.SSLError as error:
            raise GrafanaError(f"the certificate of {self._url} is not trusted: {_reason(error)}") from None
        except (requests.JSONDecodeError, TypeError):
            # grafana-api expects a JSON object, also where the body is a text.
            if self._status in _TRY_AGAIN:
                raise _Retryable(f"Grafana at {self._url} is unavailable ({self._status})") from None
            raise GrafanaError(
                f"{self._url} is not a Grafana server: use the root address of Grafana"
            ) from None
        except requests.RequestException as error:
            raise _Retryable(f"cannot reach Grafana at {self._url}: {_reason(error)}") from None
        if not isinstance(answer, dict):
            raise GrafanaError(f"{self._url} is not a Grafana server: use the root address of Grafana")
        return answer


def _attempts() -> Iterable[stamina.Attempt]:
    return stamina.retry_context(
        _Retryable, attempts=ATTEMPTS, timeout=TOGETHER_SECONDS, wait_initial=0.2, wait_jitter=0.2
    )


def _refusal(status: int, reason: str) -> str:
    match status:
        case 401:
            todo = "the token is invalid: create a service account in Grafana and use its token"
        case 403:
            todo = (
                "the token has too few permissions: its service account needs the role Admin (or Editor, if "
                "the data source exists)"
            )
        case 404:
            todo = "not found: use Grafana 10 or newer, and its root address"
        case 409 | 412:
            todo = "it was changed in Grafana at the same time: check it and publish again"
        case _:
            todo = "Grafana refused the request"
    return f"{todo} ({status}; {reason})"


def _message(response: Any) -> str:
    text = response.get("message") if isinstance(response, dict) else response
    return str(text or "no reason given")[:300]


def _reason(error: Exception) -> str:
    """The innermost cause. It cannot contain the token, which is only in the headers."""
    inner: BaseException = error
    while (before := inner.__cause__ or inner.__context__) is not None:
        inner = before
    return (str(inner) or type(inner).__name__)[:200]
