"""A transport that keeps events in a list, and validates each as a collector would."""

import threading
from collections import Counter
from pathlib import Path
from time import time
from typing import Any, NamedTuple

import orjson

from touchline.documents import suggestion
from touchline.sdk import lifetime
from touchline.sdk.client import Touchline
from touchline.sdk.transport import Accepted, Batch, Outcome
from touchline.sdk.transports.memory import Memory
from touchline.tracking import parse_plan
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.registry import EVENT_TYPES
from touchline.vocabulary.validation import InvalidEvent, Validator

FLUSH_SECONDS = 5.0
"""How long the recorder waits for events that clients still hold."""

_ALIKE = 0.75


class Violation(NamedTuple):
    """What is wrong with a recorded event: the path of the field, and what to write instead."""

    event: dict[str, Any]
    field: str
    message: str

    def __str__(self) -> str:
        path = f"{self.field}: " if self.field else ""
        return f"{self.event.get('type', 'event')}: {path}{self.message}"


class Recorder:
    """Keeps sent events for a test, and finds those that a collector would not store. A transport.

    Reading waits until the clients that send here have sent all they hold, so no `flush` is needed.

    Args:
        plan: The team's tracking plan, a YAML file. Default: the vocabulary alone.

    Raises:
        PlanError: the plan cannot be used.
        OSError: the file cannot be read.
    """

    def __init__(self, plan: str | Path | None = None) -> None:
        types = EVENT_TYPES if plan is None else parse_plan(Path(plan).read_text(encoding="utf-8"), str(plan))
        self._validator = Validator(types=types)
        self._memory = Memory()
        self._lock = threading.Lock()
        self._violations: list[Violation] = []
        self._cleared: Counter[str] = Counter()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events sent so far, in order, as dictionaries."""
        self._flush()
        return list(self._memory.events)

    @property
    def violations(self) -> list[Violation]:
        """What is wrong with the events sent so far."""
        self._flush()
        return list(self._violations)

    def types(self) -> list[str]:
        """The types of the events sent so far, in order."""
        return [event["type"] for event in self.events]

    def of(self, type: str) -> list[dict[str, Any]]:
        """The events of one type sent so far, in order."""
        return [event for event in self.events if event["type"] == type]

    def clear(self) -> None:
        """Forget all events, violations and losses so far."""
        self._flush()
        with self._lock:
            self._memory.clear()
            self._violations.clear()
        self._cleared = self._losses()

    def check(self) -> None:
        """Raise AssertionError if a collector would not store an event, or if a client lost one."""
        __tracebackhide__ = True
        lines = [str(violation) for violation in self.violations]
        losses = self._losses() - self._cleared
        lines += [f"{count} {what} by the client" for what, count in sorted(losses.items())]
        if lines:
            text = "\n".join(f"  {line}" for line in lines)
            raise AssertionError(f"of {len(self._memory.events)} events, some would not be stored:\n{text}")

    def send(self, batch: Batch) -> Outcome:
        """Record and validate the events of a batch."""
        with self._lock:
            outcome = self._memory.send(batch)
            if isinstance(outcome, Accepted):
                for line in batch.lines:
                    self._violations += self._faults(line)
        return outcome

    def close(self) -> None:
        """Do nothing: a test can read the events after the client is closed."""

    def forked(self) -> None:
        """Start with an empty list in the child."""
        self._memory.forked()

    def _flush(self) -> None:
        for client in self._clients():
            client.flush(FLUSH_SECONDS)

    def _clients(self) -> list[Touchline]:
        return [
            client
            for client in lifetime.clients()
            if isinstance(client, Touchline) and client.transport is self
        ]

    def _losses(self) -> Counter[str]:
        """What the clients lost so far: events by reason, and fields."""
        losses: Counter[str] = Counter()
        for client in self._clients():
            stats = client.stats
            losses.update({f"events lost as {reason!r}": count for reason, count in stats.lost.items()})
            losses["fields left out"] += stats.omitted
        return losses

    def _faults(self, line: bytes) -> list[Violation]:
        """What is wrong with an event: what a collector refuses, and fields that look misspelt."""
        event = orjson.loads(line)
        faults: list[Violation] = []
        try:
            _, violation = self._validator.validated(line, int(time() * 1000), "test")
        except InvalidEvent as invalid:
            violation = invalid
        if violation is not None:
            faults.append(Violation(event, violation.field, self._explained(event, violation)))
        event_type = self._validator.types.get(event["type"])
        known = () if event_type is None else event_type.fields
        for name in event["data"]:
            if name not in known and (near := suggestion(name, known, cutoff=_ALIKE)):
                message = f"unknown field{near}; if it is your own, declare it in the tracking plan"
                faults.append(Violation(event, f"data.{name}", message))
        return faults

    def _explained(self, event: dict[str, Any], invalid: InvalidEvent) -> str:
        if invalid.reason is not Reason.UNKNOWN_TYPE:
            return str(invalid)
        near = suggestion(event["type"], self._validator.types)
        return f"unknown event type{near or '; declare your own in the tracking plan'}"
