"""A schema registry with Confluent's API: the schema of an id, with the schemas that it refers to.

An id never changes its schema, so schemas are kept in memory, a bounded number of them.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec
import urllib3

from touchline.topics.errors import RegistryUnavailable, UnreadableRecord, WrongAddress

SECONDS: Final = urllib3.Timeout(connect=5.0, read=10.0)
"""How long an answer may take."""

_MOST_BYTES: Final = 4 * 1024**2
_MOST_SCHEMAS: Final = 1_000
_MOST_REFERENCES: Final = 100
_MISSING_SECONDS: Final = 60.0
_NO_SCHEMA: Final = (40401, 40402, 40403)
_ACCEPT: Final = "application/vnd.schemaregistry.v1+json, application/json"


class Reference(msgspec.Struct, frozen=True):
    """A schema that another one refers to."""

    name: str
    subject: str
    version: int


class _Answer(msgspec.Struct, frozen=True, rename={"kind": "schemaType"}):
    text: str = msgspec.field(name="schema")
    kind: str = "AVRO"
    references: tuple[Reference, ...] = ()


class _Error(msgspec.Struct, frozen=True):
    error_code: int = 0
    message: str = ""


class Schema(NamedTuple):
    """A schema as the registry has it.

    Attributes:
        kind: The language it is written in.
        text: The schema.
        references: The texts of the schemas that it refers to, each after those that it refers to itself.
    """

    kind: Literal["AVRO", "JSON"]
    text: str
    references: tuple[str, ...] = ()


class RegistryAccess(NamedTuple):
    """A schema registry and what it requires of a client.

    Attributes:
        url: Its address, such as `https://registry.example:8081`; a path is kept.
        user: The user's name; empty where none is required.
        password: The user's.
        verify: Whether its certificate is verified.
        ca: The trusted certificate authorities (PEM); the system's if None.
    """

    url: str
    user: str = ""
    password: str = ""
    verify: bool = True
    ca: Path | None = None


class Registry:
    """The schemas of a registry, by their ids. Use it from one thread.

    Raises:
        WrongAddress: the address is no http or https URL, or a file cannot be read.
    """

    def __init__(self, access: RegistryAccess, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = access.url.rstrip("/")
        if "@" in self._url:
            raise WrongAddress(
                "the address of the schema registry contains a user or a password: set registry_user and "
                "registry_password instead"
            )
        split = urlsplit(self._url)
        if split.scheme not in ("http", "https") or not split.hostname:
            raise WrongAddress(f"the schema registry is {access.url!r}: write https://registry.example:8081")
        if access.ca is not None and not access.ca.is_file():
            raise WrongAddress(f"registry_ca {access.ca} is no file")
        self._headers = {"Accept": _ACCEPT}
        if access.user:
            self._headers |= urllib3.make_headers(basic_auth=f"{access.user}:{access.password}")
        self._http = urllib3.PoolManager(
            maxsize=1,
            retries=False,
            timeout=SECONDS,
            cert_reqs="CERT_REQUIRED" if access.verify else "CERT_NONE",
            ca_certs=None if access.ca is None else str(access.ca),
        )
        self._clock = clock
        self._known: dict[int, Schema] = {}
        self._missing: dict[int, tuple[float, str]] = {}

    def schema(self, number: int) -> Schema:
        """The schema with this id.

        Raises:
            UnreadableRecord: the registry has no such schema, or it is of a kind that is not read.
            RegistryUnavailable: the registry cannot be asked now.
        """
        if (known := self._known.get(number)) is not None:
            return known
        if (missing := self._missing.get(number)) and self._clock() < missing[0]:
            raise UnreadableRecord(missing[1])
        try:
            answer = self._get(f"/schemas/ids/{number}", f"id {number}")
            schema = Schema(_kind(answer.kind, number), answer.text, tuple(self._references(answer)))
        except UnreadableRecord as error:
            # Otherwise each of many broken records would cost a request.
            _bound(self._missing)
            self._missing[number] = (self._clock() + _MISSING_SECONDS, str(error))
            raise
        _bound(self._known)
        self._known[number] = schema
        return schema

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()

    def _references(self, answer: _Answer) -> list[str]:
        found: dict[tuple[str, int], str] = {}

        def follow(references: tuple[Reference, ...]) -> None:
            for reference in references:
                place = (reference.subject, reference.version)
                if place in found:
                    continue
                if len(found) >= _MOST_REFERENCES:
                    raise UnreadableRecord(f"its schema refers to more than {_MOST_REFERENCES} others")
                # Before its own references, so that a circle ends.
                found[place] = ""
                path = f"/subjects/{quote(reference.subject, safe='')}/versions/{reference.version}"
                named = self._get(path, f"{reference.subject} version {reference.version}")
                follow(named.references)
                # Last: a schema stands after those that it needs.
                del found[place]
                found[place] = named.text

        follow(answer.references)
        return list(found.values())

    def _get(self, path: str, what: str) -> _Answer:
        where = f"the schema registry at {self._url}"
        try:
            response = self._http.request(
                "GET", self._url + path, headers=self._headers, preload_content=False, redirect=False
            )
            try:
                body = response.read(_MOST_BYTES + 1)
            finally:
                response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise RegistryUnavailable(
                f"{where} does not answer ({_reason(error)}): check that it runs, and its address"
            ) from None
        if response.status in (401, 403):
            raise RegistryUnavailable(
                f"{where} refuses us ({response.status}): check registry_user and registry_password"
            )
        if response.status == 404 and (error_ := _decode(body, _Error)) and error_.error_code in _NO_SCHEMA:
            raise UnreadableRecord(f"{where} has no schema with {what}")
        is_whole = response.status == 200 and len(body) <= _MOST_BYTES
        answer: _Answer | None = _decode(body, _Answer) if is_whole else None
        if answer is None:
            raise RegistryUnavailable(
                f"{where} answers {response.status} to GET {path}, and not as a schema registry: check its "
                "address"
            )
        return answer


def _kind(kind: str, number: int) -> Literal["AVRO", "JSON"]:
    if kind == "AVRO":
        return "AVRO"
    if kind == "JSON":
        return "JSON"
    raise UnreadableRecord(f"its schema (id {number}) is of the kind {kind}: AVRO and JSON are read")


def _decode(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _bound(kept: dict[int, Any]) -> None:
    if len(kept) >= _MOST_SCHEMAS:
        del kept[next(iter(kept))]


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return type(reason).__name__
