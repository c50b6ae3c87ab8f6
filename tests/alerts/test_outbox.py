"""What a channel was told, kept in the store; and in which order it is told and written."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from touchline.alerts.addresses import ADDRESSES
from touchline.alerts.message import Origin
from touchline.alerts.policy import first_row
from touchline.config.alerts_files import load_alerts
from touchline.runtime.alerting.channel import ChannelThread, Delivery
from touchline.runtime.alerting.outbox import Outbox
from touchline.runtime.alerting.queries import Insert, query_of
from touchline.store import Store, StoreError, StoreUnavailable
from touchline.tables import AlertRow, OutboxRow

T = 1_795_000_000_000
LATER = T + 60_000


@pytest.fixture
def waiting(row: AlertRow) -> OutboxRow:
    """What a channel has to be told first."""
    found = first_row(row, None, "chat")
    assert found is not None
    return found


def _outbox(store: Store, insert: Insert | None = None) -> Outbox:
    return Outbox(query_of(store), insert or store.insert)


def test_what_has_to_be_told_is_written_before_anything_else_happens(
    store: Store, waiting: OutboxRow
) -> None:
    """Another life finds it; where the store does not take it, it is not taken for written."""
    _outbox(store).expect([waiting])
    assert _outbox(store).of("chat") == [waiting]

    def broken(table: str, columns: dict[str, Sequence[Any]], token: str) -> None:
        raise StoreUnavailable("away")

    outbox = _outbox(store, broken)
    mail = replace(waiting, channel="mail")
    with pytest.raises(StoreError):
        outbox.expect([mail])
    assert outbox.get("mail", mail.fingerprint) is None


def test_what_the_store_did_not_take_is_written_with_the_next(store: Store, waiting: OutboxRow) -> None:
    """An attempt that could not be written down is remembered, and none is lost on the way."""
    away = [True]

    def insert(table: str, columns: dict[str, Sequence[Any]], token: str) -> None:
        if away[0]:
            raise StoreUnavailable("away")
        store.insert(table, columns, token)

    outbox = _outbox(store, insert)
    rows = [replace(waiting, channel=name, told="firing") for name in ("chat", "mail", "pager")]
    outbox.record(rows[0])
    outbox.record(rows[1])
    assert outbox.get("chat", waiting.fingerprint) == rows[0]
    assert _outbox(store).of("chat") == []
    away[0] = False
    outbox.record(rows[2])
    again = _outbox(store)
    assert [again.get(row.channel, row.fingerprint) for row in rows] == rows


def test_unfinished_is_what_a_channel_has_yet_to_be_told(store: Store, waiting: OutboxRow) -> None:
    """The beginning or the end; what it was told to its end is finished, and other channels are not asked."""
    outbox = _outbox(store)
    fingerprints = [UUID(int=number) for number in range(4)]
    for fingerprint, channel, told in zip(
        fingerprints,
        ("chat", "chat", "chat", "gone"),
        ("nothing", "firing", "resolved", "firing"),
        strict=True,
    ):
        outbox.record(replace(waiting, fingerprint=fingerprint, channel=channel, told=told))
    assert outbox.unfinished(["chat", "mail"]) == [str(one) for one in fingerprints[:2]]


@pytest.fixture
def channel(store: Store, row: AlertRow, waiting: OutboxRow) -> Callable[..., tuple[ChannelThread, Outbox]]:
    """Makes a channel that has to be told of an incident; `written` is called as its outbox is."""

    def make(
        kind: str, *, written: Callable[[], None] = lambda: None, owns: bool = True, **fields: Any
    ) -> tuple[ChannelThread, Outbox]:
        _outbox(store).expect([waiting])

        def insert(table: str, columns: dict[str, Sequence[Any]], token: str) -> None:
            written()
            store.insert(table, columns, token)

        outbox = _outbox(store, insert)
        current: Mapping[UUID, AlertRow] = {row.fingerprint: row}
        one = ChannelThread(
            "chat",
            ADDRESSES[kind].model_validate({"kind": kind, **fields}),  # type: ignore[arg-type]
            Delivery(
                {rule.id: rule for rule in load_alerts().rules},
                outbox,
                lambda: current,
                Origin("https://touchline.shop.example"),
                lambda channel, taken: None,
                lambda: owns,
                lambda: LATER / 1000,
            ),
        )
        return one, outbox

    return make


def test_it_is_written_that_a_channel_was_told_after_it_was(channel: Any, receiver: Any) -> None:
    """Killed in between it is told once more: never is it taken for told what was not."""
    sent_by_then: list[int] = []
    one, outbox = channel("webhook", written=lambda: sent_by_then.append(len(receiver.got)), url=receiver.url)
    one.send_due()
    assert sent_by_then == [1]
    assert [row.told for row in outbox.of("chat")] == ["firing"]


def test_a_process_whose_turn_it_is_not_tells_nothing(channel: Any, receiver: Any) -> None:
    """Another may tell it by now."""
    one, outbox = channel("webhook", owns=False, url=receiver.url)
    one.send_due()
    assert receiver.got == []
    assert [row.told for row in outbox.of("chat")] == ["nothing"]


def test_an_error_that_nobody_foresaw_is_an_attempt_that_failed(channel: Any) -> None:
    """It is named by its kind alone, as its text may hold a secret, and tried again."""
    one, outbox = channel("email", host="mail..example", sender="a@shop.example", to="b@shop.example")
    one.send_due()
    (row,) = outbox.of("chat")
    assert row.attempts == 1
    # How the error is called differs between versions of Python.
    assert row.error in ("UnicodeError while sending", "UnicodeEncodeError while sending")
