"""The webhooks of a collector as a dialect: which source a request is for, and whether it is genuine."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from touchline.collector.dialects.dialect import (
    Answer,
    Described,
    Dialect,
    Received,
    Refusal,
    Refused,
    Translated,
    Unsplittable,
)
from touchline.collector.ingress.rate import TokenBucket
from touchline.collector.webhooks.delivery import Origin
from touchline.collector.webhooks.kind import Kind
from touchline.collector.webhooks.kinds import KINDS
from touchline.collector.webhooks.signatures import WrongSignature
from touchline.collector.webhooks.source import Opened
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

PATH: Final = "/v1/webhooks/{kind}/{source}"

WRONG_PER_SECOND: Final = 10.0
"""Requests with a wrong signature, by source, that are answered 401; others are answered 429."""

_OK: Final = Answer(b"{}")
"""The answer to a request that only tests the address."""


class Webhooks:
    """The sources in force, and what was refused of them.

    Args:
        sources: Gives the sources by name, which change while the process runs.
        clock: Returns seconds, monotonic.
    """

    def __init__(
        self,
        sources: Callable[[], Mapping[str, Opened[Any]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._wrong: dict[str, TokenBucket] = {}
        self.refused: Counter[str] = Counter()
        """By source, the requests with a wrong signature."""

    def dialect(self) -> Dialect:
        """The dialect."""
        return Dialect(
            name="webhooks",
            described=Described(
                "Send events of a provider in its own format, with its signature; GET tests the address.",
                accepts={"*/*": {}},
                answers={"*/*": {}},
                refuses={
                    401: "The signature is wrong, missing or too old.",
                    404: "The file of webhook sources has no source of this kind and name.",
                },
            ),
            paths=(PATH,),
            methods=("POST", "GET", "HEAD"),
            translate=self._translate,
            admit=self._admit,
        )

    def _admit(self, received: Received) -> str | Answer | None:
        """The producer of a genuine request, the answer to one that only tests the address, or None.

        None is for sources without a secret, whose requests need a key.
        """
        kind, opened = self._find(received)
        try:
            if (answer := kind.handshake(received, opened)) is not None:
                return answer
            if received.method != "POST":
                return self._tested(received)
            if not opened.secrets:
                return None
            kind.check(received, opened)
        except WrongSignature as error:
            raise self._refusal(opened.name, error) from None
        return f"{kind.name}.{opened.name}"

    def _tested(self, received: Received) -> Answer:
        """The answer to a request that can have no events. One with parameters may mean some."""
        if received.query:
            message = "Events come with POST alone: choose POST at the provider"
            raise Refused(Refusal(405, "method_not_allowed", message))
        return _OK

    def _translate(self, received: Received) -> list[Translated]:
        kind, opened = self._find(received)
        origin = Origin(kind.name, opened.name, received.received_at_ms)
        try:
            return kind.translate(received, opened, origin)
        except Unsplittable as error:
            # Not raised: the answer 400 would have the provider send the same body for days.
            return [Translated(received.body, InvalidEvent(Reason.MALFORMED_JSON, "", str(error)))]

    def _find(self, received: Received) -> tuple[Kind[Any], Opened[Any]]:
        _, kind, name = received.path.rsplit("/", 2)
        opened = self._sources().get(name)
        if opened is None or opened.source.kind != kind:
            raise Refused(
                Refusal(
                    404,
                    "unknown_source",
                    f"No source {name[:40]!r} of kind {kind[:40]!r}: add it to the file of webhook sources",
                )
            )
        return KINDS[kind], opened

    def _refusal(self, name: str, error: WrongSignature) -> Refused:
        self.refused[name] += 1
        bucket = self._wrong.setdefault(name, TokenBucket(WRONG_PER_SECOND, WRONG_PER_SECOND))
        now = self._clock()
        if bucket.wait(now):
            return Refused(
                Refusal(429, "too_many_wrong_signatures", "Too many requests with a wrong signature"), 1
            )
        bucket.charge(1, now)
        return Refused(Refusal(401, "wrong_signature", f"Not genuine: {error}"))
