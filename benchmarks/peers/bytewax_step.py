"""The pack as a Bytewax dataflow: input, a stateful step, output; one worker, in this process.

It includes what Bytewax does with an event in memory, and leaves out what a deployment adds: reading Kafka,
decoding, recovery snapshots on disk.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.testing import TestingSink, TestingSource, run_main

from benchmarks.peers import pack
from benchmarks.peers.patterns import Event, Found, State


class Customer(StatefulBatchLogic[Event, Found, State]):  # type: ignore[misc, unused-ignore]
    """One customer's state; deadlines are checked for the last time at `now` (ms)."""

    def __init__(self, state: State | None, now: int) -> None:
        self._state = pack.initial_state() if state is None else state
        self._now = now

    def on_batch(self, values: list[Event]) -> tuple[Iterable[Found], bool]:
        state = self._state
        if len(values) == 1:
            return pack.step(state, values[0]), self.RETAIN
        return [found for event in values for found in pack.step(state, event)], self.RETAIN

    def on_eof(self) -> tuple[Iterable[Found], bool]:
        return pack.sweep(self._state, self._now), self.RETAIN

    def snapshot(self) -> State:
        # Without a recovery store no copy is needed.
        return self._state


def run(events: Sequence[tuple[str, Event]], now: int, batch: int) -> list[Found]:
    """Fold (customer, event) pairs in batches of `batch`; return what was found up to `now` (ms)."""
    out: list[tuple[str, Any]] = []
    flow = Dataflow("touchline")
    keyed = op.input("events", flow, TestingSource(events, batch))
    found = op.stateful_batch("frictions", keyed, lambda state: Customer(state, now))
    op.output("found", found, TestingSink(out))
    run_main(flow)
    return [friction for _, friction in out]
