"""The collector's HTTP application.

For each request, in this order: authenticate, check the rate, read the body within limits, validate each
event, append all of them in one transaction, respond. Before the append nothing is stored; after it all of it
is stored, even if the response does not reach the producer.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from touchline.collector.acceptance import VOCABULARY, Acceptance, CurrentValidator, accept
from touchline.collector.accounts import HEADER, ClientCounters, with_account
from touchline.collector.committer import Committer
from touchline.collector.dialects import DIALECTS
from touchline.collector.dialects.dialect import (
    Answer,
    Dialect,
    Received,
    Refusal,
    Refused,
    TooManyEvents,
    no_secret,
)
from touchline.collector.dialects.native import NATIVE
from touchline.collector.ingress.answers import WrongMethod, check_method, problem_of, router_error
from touchline.collector.ingress.asyncapi import messages
from touchline.collector.ingress.authentication import key_of, may_read, secret_of
from touchline.collector.ingress.body import Memory, decompressed
from touchline.collector.ingress.cors import cross_origin, is_preflight, preflight
from touchline.collector.ingress.openapi import description
from touchline.collector.ingress.operations import CALL_METHODS
from touchline.collector.ingress.problem import Problem
from touchline.collector.ingress.rate import TokenBucket
from touchline.collector.ingress.script import script_routes
from touchline.collector.key import Key
from touchline.collector.keys import Keys
from touchline.collector.metrics import Metrics
from touchline.log.contract import Batch, Log, LogFull, LogUnavailable
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.health import ALIVE, readiness
from touchline.vocabulary.registry import EventType

_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_INLINE_BYTES = 32 * 1024
"""Smaller bodies are read and validated on the event loop, larger ones in a thread."""

Handler = Callable[[Request], Awaitable[Response]]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the collector.

    Args:
        body_seconds: The longest time to read a body.
        commit_seconds: The longest time to make a request durable.
        memory_bytes: The memory of all request bodies together.
        events_per_second: The rate of one producer; the burst is one second's worth.
    """

    body_seconds: float = 30
    commit_seconds: float = 30
    memory_bytes: int = 64 * 1024**2
    events_per_second: float = 50_000


class Collector:
    """The routes of a collector that writes to a log.

    Args:
        log: The log; its `append` is called in the collector's own thread.
        keys: The keys of producers.
        ready: Returns why the service is not ready, or None if it is ready.
        warning: Returns what is wrong although the service is ready, for `/readyz`.
        validator: Returns what events are validated by.
        limits: Limits of the collector.
        clock: Returns seconds since 1970.
        dialects: The request formats that it accepts.
        beside: What the OpenAPI description says of other paths of the same server.
    """

    def __init__(
        self,
        log: Log,
        keys: Keys,
        *,
        ready: Callable[[], str | None] = lambda: None,
        warning: Callable[[], str | None] = lambda: None,
        validator: CurrentValidator = lambda: VOCABULARY,
        limits: Limits = Limits(),
        clock: Callable[[], float] = time.time,
        dialects: Sequence[Dialect] = DIALECTS,
        beside: Mapping[str, Any] = {},
    ) -> None:
        self._beside = beside
        self._dialects = dialects
        self._keys = keys
        self._ready = ready
        self._warning = warning
        self._validator = validator
        self._limits = limits
        self._clock = clock
        self._committer = Committer(log)
        self._memory = Memory(limits.memory_bytes)
        self._rates: dict[tuple[str, float], TokenBucket] = {}
        # By function, the types that it described last, and the description.
        self._descriptions: dict[object, tuple[object, bytes]] = {}
        self.metrics = Metrics(lambda: self._committer.waiting_bytes)

    def routes(self) -> list[Route]:
        """The routes of the collector, for any Starlette application."""
        return [
            *(
                Route(path, partial(self._events, dialect), methods=_ANY_METHOD)
                for dialect in self._dialects
                for path in dialect.paths
            ),
            *(
                Route(path, partial(self._call, dialect, answer), methods=_ANY_METHOD)
                for dialect in self._dialects
                for path, answer in dialect.calls.items()
            ),
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
            Route(
                "/openapi.json",
                partial(self._describe, partial(description, dialects=self._dialects, beside=self._beside)),
            ),
            Route("/asyncapi.json", partial(self._describe, messages)),
            *script_routes(),
        ]

    def close(self) -> None:
        """Reject new events and write the waiting ones; the log may be closed afterwards."""
        self._committer.close()

    async def _events(self, dialect: Dialect, request: Request) -> Response:
        if is_preflight(request):
            return preflight(request, dialect.cors, may_read=self._may_read(request))
        try:
            check_method(request, dialect.methods)
            response = await self._response(dialect, request)
        except WrongMethod as problem:
            # No client of a dialect sends so: the answer is for whoever tries it by hand.
            response = problem.response()
        except Refused as error:
            wait = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
            refusal = error.refusal._replace(headers=dict(request.headers.items()))
            response = _response(dialect.refuse(refusal), wait)
            self.metrics.count_refused(dialect.name, refusal.code)
        except Problem as problem:
            refused = dialect.refuse(
                Refusal(problem.status, problem.code, problem.message, dict(request.headers.items()))
            )
            response = _response(refused, problem.headers)
            self.metrics.count_refused(dialect.name, problem.code)
        except ClientDisconnect:
            return Response(status_code=400)  # Nobody receives it; nothing was stored.
        self._open_to_pages(dialect, request, response)
        self.metrics.count_request(response.status_code)
        return response

    async def _call(
        self, dialect: Dialect, answer: Callable[[Received], Answer], request: Request
    ) -> Response:
        if is_preflight(request):
            return preflight(request, dialect.cors, may_read=self._may_read(request))
        try:
            check_method(request, CALL_METHODS)
        except WrongMethod as problem:
            return problem.response()
        response = _response(answer(self._received(request, b"", "")))
        self._open_to_pages(dialect, request, response)
        return response

    def _may_read(self, request: Request) -> bool:
        origin = request.headers.get("origin")
        return origin is not None and may_read(origin, request, self._keys)

    def _open_to_pages(self, dialect: Dialect, request: Request, response: Response) -> None:
        origin = request.headers.get("origin")
        if origin is not None:
            readable = self._may_read(request)
            response.headers.update(cross_origin(origin, dialect.cors, may_read=readable))

    def _received(self, request: Request, body: bytes, producer: str) -> Received:
        now = int(self._clock() * 1000)
        return Received(
            body,
            now,
            producer,
            request.scope["path"],
            request.query_params,
            dict(request.headers.items()),
            request.method,
        )

    async def _response(self, dialect: Dialect, request: Request) -> Response:
        is_elsewhere = dialect.secret is not no_secret and not secret_of(request)
        # A key in the path or the query is checked before the body is read.
        early = dialect.secret(self._received(request, b"", "")) if is_elsewhere else ""
        is_unknown = dialect.admit is not None or (is_elsewhere and not early)
        key = None if is_unknown else key_of(request, self._keys, early)
        if key is not None:
            self._rate(key)
        async with decompressed(
            request,
            memory=self._memory,
            most_bytes=dialect.most_bytes,
            seconds=self._limits.body_seconds,
            sniffs_gzip=dialect.sniffs_gzip,
        ) as body:
            received = self._received(request, body, "")
            admitted = None
            if dialect.admit is not None:
                admitted = await _computed(body, partial(dialect.admit, received))
            if isinstance(admitted, Answer):
                return _response(admitted)
            if admitted is not None:
                key = Key(admitted, "", "")
                request.scope["user"] = key.name
            elif key is None:
                found = await _computed(body, partial(dialect.secret, received)) if is_elsewhere else ""
                key = key_of(request, self._keys, found)
            received = received._replace(producer=key.name)
            return await self._accepted(dialect, request, received, key)

    async def _accepted(self, dialect: Dialect, request: Request, received: Received, key: Key) -> Response:
        producer = key.name
        rate = self._rate(key)
        # Anybody can send with a public key, so it has no accounts.
        counters = None if key.is_public else ClientCounters.parse(request.headers.get(HEADER))
        acceptance = await self._accept(dialect, received, may_be_empty=counters is not None)
        rate.charge(len(acceptance.results), time.monotonic())
        await self._commit(with_account(acceptance, producer, counters))
        self.metrics.count(producer, acceptance.results)
        lost = request.headers.get("touchline-lost") or request.query_params.get("lost", "")
        self.metrics.count_lost(producer, lost)
        if not acceptance.readable:
            raise Problem(
                400,
                "malformed_json",
                f"{acceptance.results[0].message}. The whole body is in quarantine: do not send it again",
            )
        return _response(dialect.answer(received, acceptance.results))

    def _rate(self, key: Key) -> TokenBucket:
        allowed = self._limits.events_per_second
        if key.events_per_second is not None:
            allowed = min(allowed, key.events_per_second)
        rate = self._rates.get((key.name, allowed))
        if rate is None:
            rate = self._rates[key.name, allowed] = TokenBucket(allowed, burst=max(1, allowed))
        if seconds := rate.wait(time.monotonic()):
            raise Problem(
                429,
                "too_many_events_per_second",
                f"{key.name!r} sends more than {allowed:g} events per second;"
                " nothing was accepted: retry after the time in Retry-After",
                {"Retry-After": f"{max(1, round(seconds))}"},
            )
        return rate

    async def _accept(self, dialect: Dialect, received: Received, *, may_be_empty: bool) -> Acceptance:
        """Validate the events of a request."""
        if dialect is NATIVE and not received.body.strip():
            if may_be_empty:
                return Acceptance(Batch([], [], received.received_at_ms), [])
            raise Problem(
                400, "empty_body", "The body is empty: send one event, an array, or one event per line"
            )
        validate = partial(
            accept,
            received,
            dialect=dialect,
            validator=self._validator()._replace(may_reject=True),
            most_events=dialect.most_events,
        )
        try:
            return await _computed(received.body, validate)
        except TooManyEvents as error:
            raise problem_of(error) from None

    async def _commit(self, batch: Batch) -> None:
        if not batch:
            return
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._limits.commit_seconds):
                # No variable for the future: its exception would hold this frame, and the frame the batch.
                await asyncio.wrap_future(self._committer.submit(batch))
        except (LogFull, LogUnavailable, TimeoutError) as error:
            raise problem_of(error) from None
        self.metrics.commit_seconds.observe(time.monotonic() - began)

    async def _healthz(self, request: Request) -> Response:
        return _json(ALIVE)

    async def _readyz(self, request: Request) -> Response:
        status, body = readiness(self._ready(), self._warning())
        return _json(body, status)

    async def _metrics(self, request: Request) -> Response:
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")

    async def _describe(
        self, describe: Callable[[Mapping[str, EventType]], dict[str, Any]], request: Request
    ) -> Response:
        types = self._validator().types
        made_for, content = self._descriptions.get(describe, (None, b""))
        if made_for is not types:
            content = orjson.dumps(describe(types))
            self._descriptions[describe] = types, content
        return Response(content, media_type="application/json")


def create_app(collector: Collector) -> Starlette:
    """An ASGI application of a collector alone. It closes the collector at shutdown."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(collector.close)

    return Starlette(
        routes=collector.routes(), lifespan=lifespan, exception_handlers={HTTPException: router_error}
    )


async def _computed(body: bytes, function: Callable[[], _T]) -> _T:
    """What a function makes of a body; in a thread, if it is so large that other requests would wait."""
    if len(body) <= _INLINE_BYTES:
        return function()
    results, error = await run_in_threadpool(_caught, function)
    if error is None:
        return results[0]
    try:
        raise error
    finally:
        del error  # This frame holds it, and it would hold this frame.


def _caught(function: Callable[[], _T]) -> tuple[list[_T], TouchlineError | None]:
    """What a function returns, in a list, or the error that it raises.

    If a thread raised it, it would hold the frames with the request until a garbage collection.
    """
    try:
        return [function()], None
    except TouchlineError as error:
        error.__traceback__ = error.__context__ = None
        return [], error


def _response(answer: Answer, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        answer.body,
        status_code=answer.status,
        headers={**answer.headers, **(headers or {})},
        media_type=answer.media_type,
    )


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")
