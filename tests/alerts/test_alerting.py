"""Alerting as it runs: unavailable channels, restarts and evaluations that fail."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from tests.waiting import wait_for
from touchline.alerts import parse_alerts
from touchline.alerts.life.acts import act_row, expectation, mute
from touchline.alerts.life.reading import held_rows
from touchline.engine.batch import columns
from touchline.runtime.alerting.loop import Alerting
from touchline.runtime.alerting.metrics import AlertMetrics
from touchline.runtime.alerting.outbox import outbox_rows
from touchline.runtime.alerting.queries import query_of
from touchline.runtime.alerting.rows import alerts_since
from touchline.store import Reply, Store, StoreUnavailable
from touchline.vocabulary.event import Event

T = 1_795_000_000_000
MINUTE = 60_000
DAY = 86_400_000
RULE = "{id: pay, kind: threshold, title: Pay, events: payment.failed, customers: 10, within: 2m, wait: 0s}"

Fold = Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]]


@pytest.fixture
def alerting(store: Store) -> Iterator[Callable[..., tuple[Alerting, CollectorRegistry]]]:
    """Makes alerting over the store with channels of an alerts file; stopped at the end."""
    made: list[Alerting] = []

    def make(channels: str, clock: Callable[[], float]) -> tuple[Alerting, CollectorRegistry]:
        registry = CollectorRegistry()
        one = Alerting(
            store,
            parse_alerts(f"rules: [{RULE}]\nchannels: {{{channels}}}"),
            url="http://127.0.0.1:8080/",
            known=lambda: int(clock() * 1000),
            metrics=AlertMetrics(registry),
            clock=clock,
        )
        made.append(one)
        return one, registry

    yield make
    for one in made:
        one.stop(5)


def test_channels_without_the_address_of_the_page_are_warned_about(store: Store) -> None:
    """Notifications without links are logged as a warning at the start, and only if there are channels."""
    channel = "channels: {back: {kind: webhook, url: 'http://127.0.0.1:9'}}"
    for text, url, warned in ((channel, "", 1), (channel, "https://x.example", 0), ("", "", 0)):
        started = Alerting(
            store,
            parse_alerts(f"rules: [{RULE}]\n{text}"),
            url=url,
            known=lambda: None,
            metrics=AlertMetrics(CollectorRegistry()),
        )
        with capture_logs() as logs:
            started.start()
        started.stop(5)
        assert sum(log["event"] == "alerts.without_links" for log in logs) == warned


def test_an_unavailable_channel_delays_no_other_and_is_notified_later(
    store: Store, fold: Fold, outage: list[Event], receiver: Any, alerting: Any
) -> None:
    """A failing channel is reported and retried while the others are notified at once."""
    for _ in fold(store, [outage], T + 60 * MINUTE):
        pass
    now = [(T + 4 * MINUTE) / 1000]
    receiver.answers += [(503, {}, b"away")]
    one, registry = alerting(
        f"back: {{kind: webhook, url: '{receiver.url}/back'}}, "
        "dead: {kind: slack, url: 'http://127.0.0.1:9/hush-hush', timeout: 1s}",
        lambda: now[0],
    )
    one.evaluate(T + 4 * MINUTE)
    wait_for(lambda: sum(row.attempts for row in outbox_rows(query_of(store))) == 2)
    metrics = generate_latest(registry).decode()
    assert 'touchline_alerts_channel_refused{channel="dead"} 1.0' in metrics
    assert 'touchline_alerts_firing{severity="warning"} 1.0' in metrics

    now[0] += 1.5
    one.evaluate(int(now[0] * 1000))
    wait_for(lambda: any(row.told == "firing" for row in outbox_rows(query_of(store))))
    rows = {row.channel: row for row in outbox_rows(query_of(store))}
    assert (rows["back"].told, rows["back"].attempts, rows["back"].error) == ("firing", 0, "")
    wait_for(lambda: {row.channel: row.attempts for row in outbox_rows(query_of(store))}["dead"] == 2)
    dead = {row.channel: row for row in outbox_rows(query_of(store))}["dead"]
    assert dead.failing_since == T + 4 * MINUTE
    assert "127.0.0.1 cannot be reached" in dead.error
    assert "hush-hush" not in dead.error
    assert 'touchline_alerts_channel_refused{channel="back"} 0.0' in generate_latest(registry).decode()


def test_a_restart_sends_nothing_twice(
    store: Store, fold: Fold, outage: list[Event], receiver: Any, alerting: Any
) -> None:
    """A recorded notification is not sent again after a restart; the end is sent once."""
    for _ in fold(store, [outage], T + 60 * MINUTE):
        pass
    now = [(T + 4 * MINUTE) / 1000]
    channel = f"hook: {{kind: webhook, url: '{receiver.url}'}}"
    for at in (T + 4 * MINUTE, T + 4 * MINUTE + 1, T + 30 * MINUTE, T + 30 * MINUTE + 1):
        now[0] = at / 1000
        wanted = "firing" if at < T + 5 * MINUTE else "resolved"
        one, _ = alerting(channel, lambda: now[0])
        one.evaluate(at)
        wait_for(lambda: {row.told for row in outbox_rows(query_of(store))} == {wanted})  # noqa: B023
        one.stop(5)
    assert [body["status"] for body in receiver.bodies] == ["firing", "resolved"]


def test_a_write_to_the_store_triggers_an_evaluation(
    store: Store, fold: Fold, outage: list[Event], receiver: Any, alerting: Any
) -> None:
    """Started over an empty store, alerting evaluates as soon as `touched` reports a write."""
    folding = fold(store, [outage], T + 60 * MINUTE)
    one, registry = alerting(
        f"hook: {{kind: webhook, url: '{receiver.url}'}}", lambda: (T + 4 * MINUTE) / 1000
    )
    one.start()
    next(folding)
    one.touched()
    wait_for(lambda: len(receiver.got) == 1)
    assert receiver.bodies[0]["customers"] == 500
    assert "touchline_alerts_evaluation_failed 0.0" in generate_latest(registry).decode()


def test_an_evaluation_that_fails_is_seen_and_does_not_end_alerting(
    store: Store, fold: Fold, outage: list[Event], receiver: Any, alerting: Any
) -> None:
    """Whatever went wrong is counted, and the next evaluation finds what the failed one did not."""
    for _ in fold(store, [outage], T + 60 * MINUTE):
        pass
    well = threading.Event()

    def clock() -> float:
        if not well.is_set():
            raise ArithmeticError("no time")
        return (T + 4 * MINUTE) / 1000

    one, registry = alerting(f"hook: {{kind: webhook, url: '{receiver.url}'}}", clock)
    one.start()
    wait_for(lambda: "touchline_alerts_evaluation_failed 1.0" in generate_latest(registry).decode())
    well.set()
    one.touched()
    wait_for(lambda: len(receiver.got) == 1)
    assert "touchline_alerts_evaluation_failed 0.0" in generate_latest(registry).decode()


def test_a_process_whose_turn_it_is_not_writes_nothing(store: Store, fold: Fold, outage: list[Event]) -> None:
    """Whoever lost its turn while it evaluated leaves what it found to the next."""
    for _ in fold(store, [outage], T + 60 * MINUTE):
        pass
    one = Alerting(
        store,
        parse_alerts(f"rules: [{RULE}]"),
        url="http://127.0.0.1:8080/",
        known=lambda: T,
        metrics=AlertMetrics(CollectorRegistry()),
        owns=lambda: False,
    )
    with pytest.raises(StoreUnavailable, match="another process evaluates"):
        one.evaluate(T + 4 * MINUTE)
    assert store.query("SELECT count() FROM alerts").result_rows == [[0]]


def test_an_earlier_beginning_keeps_the_notified_fingerprint(
    store: Store, fold: Fold, outage: list[Event], receiver: Any, alerting: Any
) -> None:
    """Late events move the beginning; the notified incident keeps its fingerprint and ends once."""
    at = {event.id: event.time for event in outage}
    early = [event for event in outage if T <= at[event.id] < T + MINUTE]
    folding = fold(store, [[event for event in outage if event not in early], early], T + 60 * MINUTE)
    now = [(T + 4 * MINUTE) / 1000]
    for portion, time_of in enumerate((T + 4 * MINUTE, T + 4 * MINUTE + 10, T + 30 * MINUTE)):
        if portion < 2:
            next(folding)
        now[0] = time_of / 1000
        one, _ = alerting(f"hook: {{kind: webhook, url: '{receiver.url}'}}", lambda: now[0])
        one.evaluate(time_of)
        wanted = "resolved" if portion == 2 else "firing"
        wait_for(lambda: {row.told for row in outbox_rows(query_of(store))} == {wanted})  # noqa: B023
        one.stop(5)
    first, last = receiver.bodies
    assert (first["status"], last["status"], last["taken_back"]) == ("firing", "resolved", False)
    assert first["fingerprint"] == last["fingerprint"]
    assert first["since"] > last["since"]


def test_a_rule_is_not_evaluated_more_often_than_its_window_needs(
    store: Store, fold: Fold, outage: list[Event]
) -> None:
    """A second evaluation at the same time queries only the current incidents."""
    for _ in fold(store, [outage], T + 60 * MINUTE):
        pass
    queries: list[str] = []

    class Counting:
        """A store that records its queries."""

        insert = staticmethod(store.insert)

        def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply:
            queries.append(sql)
            return store.reply(sql, fmt, parameters)

    one = Alerting(
        Counting(),
        parse_alerts(f"rules: [{RULE.replace('2m', '1h')}]"),
        url="http://127.0.0.1:8080/",
        known=lambda: T,
        metrics=AlertMetrics(CollectorRegistry()),
    )
    one.evaluate(T + 4 * MINUTE)
    assert any("payment.failed" in sql for sql in queries)
    queries.clear()
    one.evaluate(T + 4 * MINUTE)
    held, acts = queries
    assert "FROM alerts" in held
    assert "FROM current_alert_acts" in acts


def test_what_became_of_an_incident_is_told_after_a_day_and_a_week(
    store: Store, fold: Fold, outage: list[Event], failed: Any, receiver: Any, alerting: Any
) -> None:
    """Once its change is deployed, each channel is told twice what became of it, whatever was restarted."""
    deployed = T + 10 * MINUTE
    change = replace(failed("robot", deployed, "change.deployed"), data={"change_id": "release-481"})
    again = [failed(f"d{number}", deployed + 3 * DAY) for number in range(12)]
    for _ in fold(store, [[*outage, change, *again]], deployed + 3 * DAY):
        pass
    now = [0.0]

    def evaluated(at: int, sent: int) -> None:
        now[0] = at / 1000
        one, _ = alerting(f"hook: {{kind: webhook, url: '{receiver.url}'}}", lambda: now[0])
        for _ in range(2):  # The first evaluation finds which old incidents are followed.
            one.evaluate(at)
        wait_for(lambda: len(receiver.got) == sent)
        one.stop(5)

    evaluated(T + 4 * MINUTE, 1)
    (alert,) = alerts_since(query_of(store), 0)
    act = act_row(expectation(alert, T + 5 * MINUTE, "release-481"), "Kim", "expect-1", T + 5 * MINUTE)
    store.insert("alert_acts", columns([act]), "expect-1")
    evaluated(T + 6 * MINUTE, 2)
    evaluated(T + 30 * MINUTE, 3)
    for _ in range(2):
        evaluated(deployed + DAY + 1, 4)
    for _ in range(2):
        evaluated(deployed + 7 * DAY + 1, 5)
    statuses = [body["status"] for body in receiver.bodies]
    assert statuses == ["firing", "firing", "resolved", "followup", "followup"]
    assert len({body["fingerprint"] for body in receiver.bodies}) == 1
    told = "The change release-481 should end it, says Kim"
    assert receiver.bodies[1]["story"][0].startswith(told)
    day, week = (body["story"][0] for body in receiver.bodies[3:])
    when = "after the change release-481 (2026-11-18 11:16 UTC): "
    assert day == f"One day {when}it has not come again; 1,000 times, 500 customers in the day before"
    assert week.startswith(f"One week {when}12 times, 12 customers, ")
    assert week.endswith("; 1,000 times, 500 customers in the week before")


def test_what_is_muted_is_not_sent_and_stands_in_the_ledger(
    store: Store, fold: Fold, outage: list[Event], receiver: Any, alerting: Any
) -> None:
    """A muted incident is not sent; late events move its entry of the ledger; after its end it stays."""
    early = {event.id for event in outage if T <= event.time < T + MINUTE}
    parts = [[e for e in outage if e.id not in early], [e for e in outage if e.id in early]]
    folding = fold(store, parts, T + 60 * MINUTE)
    act = act_row(mute("pay", [], T, T + 20 * MINUTE), "Kim", "mute-1", T)
    store.insert("alert_acts", columns([act]), "mute-1")
    now = [0.0]
    entries = []
    for number, time_of in enumerate((T + 4 * MINUTE, T + 4 * MINUTE + 10, T + 30 * MINUTE, T + 31 * MINUTE)):
        if number < 2:
            next(folding)
        now[0] = time_of / 1000
        # Each evaluation begins with what is stored, as after a kill.
        one, _ = alerting(f"hook: {{kind: webhook, url: '{receiver.url}'}}", lambda: now[0])
        one.evaluate(time_of)
        one.stop(5)
        (entry,) = held_rows(query_of(store), T)
        entries.append(entry)
        assert (entry.reason, entry.name, entry.rule) == ("mute", "Kim", "pay")
    first, moved, ended, later = entries
    assert (first.ended_at, moved.ended_at) == (None, None)
    assert (moved.alert, moved.customers) == (ended.alert, 500)
    assert first.alert != moved.alert
    assert T + 3 * MINUTE < (ended.ended_at or 0) < T + 6 * MINUTE
    assert later == ended
    assert receiver.got == []
