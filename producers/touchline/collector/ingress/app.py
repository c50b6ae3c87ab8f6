"""The collector over HTTP: a request is judged, made durable, and only then answered.

The order is: let in, read within bounds, judge each event, append all of it in one transaction, answer.
Before the append nothing is kept; after it everything is, whether the producer hears the answer or not.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import msgspec
import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from touchline.collector.acceptance import Acceptance, TooManyEvents, accept
from touchline.collector.accounts import HEADER, Told, accounted
from touchline.collector.committer import Committer
from touchline.collector.dialects import DIALECTS, Dialect
from touchline.collector.ingress.authentication import producer_of
from touchline.collector.ingress.body import Memory, unpacked
from touchline.collector.ingress.openapi import description
from touchline.collector.ingress.problem import Problem, busy
from touchline.collector.ingress.rate import TokenBucket
from touchline.collector.keys import Keys
from touchline.collector.metrics import Metrics
from touchline.log.contract import Batch, Log, LogFull, LogUnavailable
from touchline.vocabulary.envelope import REQUEST_BYTES, REQUEST_EVENTS

_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_QUICKLY_JUDGED_BYTES = 32 * 1024

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the collector holds and waits for at most.

    `body_seconds` to read a body, `commit_seconds` to make it durable; `memory_bytes` of bodies in all
    requests together; `events_per_second` of one producer, with a second's worth as burst.
    """

    body_seconds: float = 30
    commit_seconds: float = 30
    memory_bytes: int = 64 * 1024**2
    events_per_second: float = 50_000


class Collector:
    """The routes of a collector that writes to a log.

    Args:
        log: Where events become durable; its `append` is called in a thread of the collector's own.
        keys: Who may send.
        ready: Says why the whole is not ready, or None when it is.
        region: The region by which local phone numbers are read (ISO 3166 alpha-2).
        limits: What it holds and waits for at most.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        log: Log,
        keys: Keys,
        *,
        ready: Callable[[], str | None] = lambda: None,
        region: str | None = None,
        limits: Limits = Limits(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._ready = ready
        self._region = region
        self._limits = limits
        self._clock = clock
        self._committer = Committer(log)
        self._memory = Memory(limits.memory_bytes)
        self._rates: dict[str, TokenBucket] = {}
        self.metrics = Metrics(lambda: self._committer.waiting_bytes)

    def routes(self) -> list[Route]:
        """Everything the collector answers, to be put into any Starlette application."""
        return [
            *(
                Route(dialect.path, partial(self._events, dialect), methods=_ANY_METHOD)
                for dialect in DIALECTS
            ),
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
            Route("/openapi.json", self._openapi),
        ]

    def close(self) -> None:
        """Take nothing more and write what waits; the log may be closed after it."""
        self._committer.close()

    async def _events(self, dialect: Dialect, request: Request) -> Response:
        try:
            response = await self._taken(dialect, request)
        except Problem as problem:
            response = problem.response()
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody: nothing was kept, and the producer knows that
        self.metrics.count_request(response.status_code)
        return response

    async def _taken(self, dialect: Dialect, request: Request) -> Response:
        if request.method != "POST":
            raise Problem(
                405,
                "method_not_allowed",
                f"events are sent by POST, not {request.method[:16]}",
                {"Allow": "POST"},
            )
        producer = producer_of(request, self._keys)
        rate = self._rate(producer)
        told = Told.parse(request.headers.get(HEADER))
        acceptance = await self._judged(dialect, request, producer, empty=told is not None)
        rate.charge(len(acceptance.results), time.monotonic())
        await self._durable(accounted(acceptance, producer, told))
        self.metrics.count(producer, acceptance.results)
        self.metrics.count_lost(producer, request.headers.get("touchline-lost", ""))
        if not acceptance.readable:
            raise Problem(
                400,
                "malformed_json",
                f"{acceptance.results[0].message}. The body was kept in quarantine, whole: do not repeat it",
            )
        return Response(msgspec.json.encode({"results": acceptance.results}), media_type="application/json")

    def _rate(self, producer: str) -> TokenBucket:
        rate = self._rates.get(producer)
        if rate is None:
            allowed = self._limits.events_per_second
            rate = self._rates[producer] = TokenBucket(allowed, burst=allowed)
        if seconds := rate.wait(time.monotonic()):
            raise Problem(
                429,
                "too_many_events_per_second",
                f"{producer!r} may send {self._limits.events_per_second:g} events a second;"
                " nothing was accepted: send this later",
                {"Retry-After": f"{max(1, round(seconds))}"},
            )
        return rate

    async def _judged(self, dialect: Dialect, request: Request, producer: str, *, empty: bool) -> Acceptance:
        """What becomes of the events in a request; one without any is allowed if it may be `empty`."""
        limits = self._limits
        async with unpacked(
            request, memory=self._memory, most_bytes=REQUEST_BYTES, seconds=limits.body_seconds
        ) as body:
            if not body.strip() and empty:
                return Acceptance(Batch([], [], int(self._clock() * 1000)), [])
            if not body.strip():
                raise Problem(400, "empty_body", "the body is empty: send one event, an array, or one a line")
            judge = partial(
                accept,
                body,
                dialect=dialect,
                received_at_ms=int(self._clock() * 1000),
                producer=producer,
                region=self._region,
                most_events=REQUEST_EVENTS,
            )
            try:
                # A large body is judged beside the event loop, so that others are answered meanwhile.
                return judge() if len(body) <= _QUICKLY_JUDGED_BYTES else await run_in_threadpool(judge)
            except TooManyEvents as error:
                raise Problem(413, "too_many_events", f"{error}; nothing was accepted") from None

    async def _durable(self, batch: Batch) -> None:
        if not batch:
            return
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._limits.commit_seconds):
                # Held by nobody here: with what it fails by, it would hold this frame, and that the batch.
                await asyncio.wrap_future(self._committer.submit(batch))
        except LogFull:
            raise busy(
                "log_full",
                "the collector has no room; nothing was accepted: keep the events and send them later",
                30,
            ) from None
        except LogUnavailable as error:
            raise busy(
                "log_unavailable", f"{error}: keep the events and send them again; their ids tell repeats", 2
            ) from None
        except TimeoutError:
            raise busy(
                "log_slow", "the log did not answer in time: send the events again; their ids tell repeats", 5
            ) from None
        self.metrics.commit_seconds.observe(time.monotonic() - began)

    async def _healthz(self, request: Request) -> Response:
        return _json({"status": "ok"})

    async def _readyz(self, request: Request) -> Response:
        why = self._ready()
        return _json({"status": "ready"}) if why is None else _json({"status": "not ready", "why": why}, 503)

    async def _metrics(self, request: Request) -> Response:
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")

    async def _openapi(self, request: Request) -> Response:
        return _json(description())


def create_app(collector: Collector) -> Starlette:
    """A collector alone, as an ASGI application that closes it at the end."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(collector.close)

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
        code = "not_found" if error.status_code == 404 else "refused"
        message = f"{error.detail}: {request.url.path[:80]}; see /openapi.json for what there is"
        return Problem(error.status_code, code, message, error.headers).response()

    return Starlette(routes=collector.routes(), lifespan=lifespan, exception_handlers={HTTPException: answer})


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")
