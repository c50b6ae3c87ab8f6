"""The counters that a client sends with each batch."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from touchline.sdk import Accepted, Batch, Limits, Outcome, Refused, Retry, TooLarge, Touchline

MakeOutcome = Callable[[Batch], Outcome]


class Scripted:
    """A transport that returns scripted outcomes, then accepts; it keeps the batches."""

    def __init__(self, *answers: Outcome) -> None:
        self.batches: list[Batch] = []
        self._answers = list(answers)

    def send(self, batch: Batch) -> Outcome:
        self.batches.append(batch)
        return self._answers.pop(0) if self._answers else Accepted()

    def close(self) -> None:
        pass

    def forked(self) -> None:
        pass

    def counters(self) -> list[tuple[int, int, int, int, int]]:
        """Batch number, first position, events, emitted and queued of each attempt."""
        return [
            (account.batch, account.first, len(batch.lines), account.emitted, account.queued)
            for batch in self.batches
            if (account := batch.account) is not None
        ]


def _track(tl: Touchline, count: int) -> None:
    for number in range(count):
        tl.track("page.viewed", {"account": "u"}, number=number)


def test_batches_are_numbered_and_hold_positions(quick: Limits) -> None:
    """Each batch has a higher number and begins where the last one ended."""
    transport = Scripted()
    tl = Touchline(transport, source="shop", limits=replace(quick, batch_seconds=60))
    for count in (3, 2):
        _track(tl, count)
        assert tl.flush(5)
    tl.close(5)
    assert transport.counters() == [(1, 0, 3, 3, 3), (6, 3, 2, 5, 5)]
    assert len({batch.account.client for batch in transport.batches if batch.account}) == 1


def test_a_batch_that_is_sent_again_keeps_its_number(quick: Limits) -> None:
    """A retry keeps the batch number; each half of a batch that is too large gets its own."""
    transport = Scripted(Retry("away"), Accepted(), TooLarge(), Accepted(), Refused("no"))
    tl = Touchline(transport, source="shop", limits=replace(quick, batch_seconds=60))
    for count in (1, 4, 1):
        _track(tl, count)
        assert tl.flush(5)
    tl.close(5)
    assert transport.counters() == [
        (1, 0, 1, 1, 1),
        (1, 0, 1, 1, 1),
        (2, 1, 4, 5, 5),
        (3, 1, 2, 5, 5),
        (6, 3, 2, 5, 5),
        (9, 5, 1, 6, 6),
    ]
    last = transport.batches[-1].account
    assert last is not None
    assert last.lost == {"refused": 2}


def test_emitted_includes_events_lost_before_the_queue(quick: Limits) -> None:
    """Losses before the queue count as emitted only; losses after it count as queued, too."""
    transport = Scripted(Refused("no"))
    tl = Touchline(transport, source="shop", limits=replace(quick, batch_seconds=60))
    _track(tl, 2)
    assert tl.flush(5)
    tl.track("page.viewed", {"account": "u"}, id=object())  # type: ignore[arg-type]
    _track(tl, 1)
    assert tl.flush(5)
    tl.close(5)
    assert transport.counters()[-1] == (4, 2, 1, 4, 3)
    account = transport.batches[-1].account
    assert account is not None
    assert account.lost == {"refused": 2, "invalid": 1}
    assert account.header == (
        f"client={account.client}, batch=4, first=2, emitted=4, queued=3, lost.refused=2, lost.invalid=1"
    )


def test_losses_after_the_last_batch_are_reported_at_close(quick: Limits) -> None:
    """Losses after the last batch are reported by a batch without events when the client closes."""
    transport = Scripted()
    tl = Touchline(transport, source="shop", limits=quick)
    _track(tl, 1)
    assert tl.flush(5)
    tl.track("page.viewed", {"account": "u"}, id=object())  # type: ignore[arg-type]
    tl.close(5)
    last = transport.batches[-1]
    assert (list(last.lines), last.lost) == ([], {"invalid": 1})
    assert transport.counters()[-1] == (2, 1, 0, 2, 1)


def test_close_sends_nothing_if_all_losses_are_reported(quick: Limits) -> None:
    """A client whose last batch reported all losses closes without another request."""
    transport = Scripted()
    with Touchline(transport, source="shop", limits=quick) as tl:
        _track(tl, 1)
    assert len(transport.batches) == 1


def test_the_account_travels_in_a_header(collector: Any, quick: Limits) -> None:
    """Over HTTP the counters are the header Touchline-Account."""
    with Touchline(collector.url, source="shop", limits=quick) as tl:
        _track(tl, 2)
    header = collector.requests[0][1]["touchline-account"]
    assert header.endswith(", batch=1, first=0, emitted=2, queued=2")
