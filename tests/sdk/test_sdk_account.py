"""What a client tells of itself with each batch."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from touchline.sdk import Accepted, Batch, Limits, Outcome, Refused, Retry, TooLarge, Touchline

MakeOutcome = Callable[[Batch], Outcome]


class Scripted:
    """A transport that answers as it is told, then accepts; it keeps what it was given."""

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

    def told(self) -> list[tuple[int, int, int, int, int]]:
        """Batch number, first position, events, emitted and queued of each attempt."""
        return [
            (one.account.batch, one.account.first, len(one.lines), one.account.emitted, one.account.queued)
            for one in self.batches
            if one.account is not None
        ]


def _track(tl: Touchline, count: int) -> None:
    for number in range(count):
        tl.track("page.viewed", {"account": "u"}, number=number)


def test_batches_are_numbered_and_hold_positions(quick: Limits) -> None:
    """Each batch has the next number and begins where the last one ended."""
    transport = Scripted()
    tl = Touchline(transport, source="shop", limits=replace(quick, batch_seconds=60))
    for count in (3, 2):
        _track(tl, count)
        assert tl.flush(5)
    tl.close(5)
    assert transport.told() == [(1, 0, 3, 3, 3), (2, 3, 2, 5, 5)]
    assert len({one.account.client for one in transport.batches if one.account}) == 1


def test_a_batch_that_is_sent_again_keeps_its_number(quick: Limits) -> None:
    """A repeat is the same batch; halves of one that was too large are batches of their own."""
    transport = Scripted(Retry("away"), Accepted(), TooLarge(), Accepted(), Refused("no"))
    tl = Touchline(transport, source="shop", limits=replace(quick, batch_seconds=60))
    for count in (1, 4, 1):
        _track(tl, count)
        assert tl.flush(5)
    tl.close(5)
    assert transport.told() == [
        (1, 0, 1, 1, 1),
        (1, 0, 1, 1, 1),
        (2, 1, 4, 5, 5),
        (3, 1, 2, 5, 5),
        (4, 3, 2, 5, 5),
        (5, 5, 1, 6, 6),
    ]
    last = transport.batches[-1].account
    assert last is not None
    assert last.lost == {"refused": 2}


def test_emitted_counts_what_never_entered_the_queue(quick: Limits) -> None:
    """Losses before the queue are emitted and not queued; losses on the way are both."""
    transport = Scripted(Refused("no"))
    tl = Touchline(transport, source="shop", limits=replace(quick, batch_seconds=60))
    _track(tl, 2)
    assert tl.flush(5)
    tl.track("page.viewed", {"account": "u"}, data={"what": object()})
    _track(tl, 1)
    assert tl.flush(5)
    tl.close(5)
    assert transport.told()[-1] == (2, 2, 1, 4, 3)
    account = transport.batches[-1].account
    assert account is not None
    assert account.lost == {"refused": 2, "invalid": 1}
    assert account.header == (
        f"client={account.client}, batch=2, first=2, emitted=4, queued=3, lost.refused=2, lost.invalid=1"
    )


def test_losses_without_a_next_batch_are_told_at_the_end(quick: Limits) -> None:
    """What was lost after the last batch is told by one without events, when the client closes."""
    transport = Scripted()
    tl = Touchline(transport, source="shop", limits=quick)
    _track(tl, 1)
    assert tl.flush(5)
    tl.track("page.viewed", {"account": "u"}, data={"what": object()})
    tl.close(5)
    last = transport.batches[-1]
    assert (list(last.lines), last.lost) == ([], {"invalid": 1})
    assert transport.told()[-1] == (2, 1, 0, 2, 1)


def test_nothing_is_told_at_the_end_where_all_is_known(quick: Limits) -> None:
    """A client whose last batch told everything ends without another request."""
    transport = Scripted()
    with Touchline(transport, source="shop", limits=quick) as tl:
        _track(tl, 1)
    assert len(transport.batches) == 1


def test_the_account_travels_in_a_header(collector: Any, quick: Limits) -> None:
    """Over HTTP it is the header Touchline-Account."""
    with Touchline(collector.url, source="shop", limits=quick) as tl:
        _track(tl, 2)
    header = collector.requests[0][1]["touchline-account"]
    assert header.endswith(", batch=1, first=0, emitted=2, queued=2")
