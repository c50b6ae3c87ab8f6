"""The outbox: the notifications of each channel, and the order of sending and recording."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from touchline.alerts.addresses import ADDRESSES
from touchline.alerts.life.plan import HoldPlan
from touchline.alerts.life.situation import Situation
from touchline.alerts.messages.message import Origin
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
    """The first row of an incident: nothing is sent yet."""
    found = first_row(row, None, "chat")
    assert found is not None
    return found


def _outbox(store: Store, insert: Insert | None = None) -> Outbox:
    return Outbox(query_of(store), insert or store.insert)


def test_a_pending_notification_is_written_first(store: Store, waiting: OutboxRow) -> None:
    """Another process finds the row; if the insert fails, the outbox does not hold it either."""
    _outbox(store).expect([waiting])
    assert _outbox(store).of("chat") == [waiting]

    def broken(table: str, columns: dict[str, Sequence[Any]], token: str) -> None:
        raise StoreUnavailable("away")

    outbox = _outbox(store, broken)
    mail = replace(waiting, channel="mail")
    with pytest.raises(StoreError):
        outbox.expect([mail])
    assert outbox.get("mail", mail.fingerprint) is None


def test_a_failed_write_is_repeated_with_the_next(store: Store, waiting: OutboxRow) -> None:
    """A row that could not be written is kept and written with the next one."""
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


def test_unfinished_lists_incidents_not_yet_resolved_for_a_channel(store: Store, waiting: OutboxRow) -> None:
    """Rows whose end is sent are finished; rows of other channels are left out."""
    outbox = _outbox(store)
    fingerprints = [UUID(int=number) for number in range(4)]
    for fingerprint, channel, status in zip(
        fingerprints,
        ("chat", "chat", "chat", "gone"),
        ("nothing", "firing", "resolved", "firing"),
        strict=True,
    ):
        outbox.record(replace(waiting, fingerprint=fingerprint, channel=channel, told=status))
    assert outbox.unfinished(["chat", "mail"]) == [str(fingerprint) for fingerprint in fingerprints[:2]]


@pytest.fixture
def channel(store: Store, row: AlertRow, waiting: OutboxRow) -> Callable[..., tuple[ChannelThread, Outbox]]:
    """Makes a channel with a pending notification; `written` is called before each outbox write."""

    def make(
        kind: str, *, written: Callable[[], None] = lambda: None, owns: bool = True, **fields: Any
    ) -> tuple[ChannelThread, Outbox]:
        _outbox(store).expect([waiting])

        def insert(table: str, columns: dict[str, Sequence[Any]], token: str) -> None:
            written()
            store.insert(table, columns, token)

        outbox = _outbox(store, insert)
        rules = {rule.id: rule for rule in load_alerts().rules}
        situation = Situation(rules, None, HoldPlan(), [row], [], LATER)
        one = ChannelThread(
            "chat",
            ADDRESSES[kind].model_validate({"kind": kind, **fields}),  # type: ignore[arg-type]
            Delivery(
                rules,
                outbox,
                lambda: situation,
                Origin("https://touchline.shop.example"),
                lambda channel, taken: None,
                lambda: owns,
                lambda: LATER / 1000,
            ),
        )
        return one, outbox

    return make


def test_a_notification_is_recorded_after_it_is_sent(channel: Any, receiver: Any) -> None:
    """A kill in between repeats a notification and never loses one."""
    sent_by_then: list[int] = []
    one, outbox = channel("webhook", written=lambda: sent_by_then.append(len(receiver.got)), url=receiver.url)
    one.send_due()
    assert sent_by_then == [1]
    assert [row.told for row in outbox.of("chat")] == ["firing"]


def test_a_process_that_does_not_lead_sends_nothing(channel: Any, receiver: Any) -> None:
    """Without the lease, a due notification stays pending."""
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
