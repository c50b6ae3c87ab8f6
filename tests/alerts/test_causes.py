"""Lines of likely cause in notifications: computed beside them, within a limit, and harmless."""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from tests.waiting import wait_for
from touchline.alerts import parse_alerts
from touchline.alerts.addresses import ADDRESSES
from touchline.alerts.channels import send
from touchline.alerts.messages.message import NOT_IN_TIME, Origin, message
from touchline.config.rule_packs import load_rules
from touchline.runtime.alerting.causes import Causes
from touchline.runtime.alerting.loop import Alerting
from touchline.runtime.alerting.metrics import AlertMetrics
from touchline.runtime.alerting.queries import query_of
from touchline.services.explaining import Explainer, cause_sentences
from touchline.store import Store
from touchline.tables import AlertRow
from touchline.vocabulary.event import Event

T = 1_795_000_000_000
MINUTE = 60_000
RULE = "{id: pay, kind: threshold, title: Pay, events: payment.failed, customers: 10, within: 2m, wait: 0s}"

Fold = Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]]


def _shop(who: str, at: int, kind: str, data: dict[str, Any]) -> Event:
    return Event(
        id=f"{kind}-{who}",
        type=kind,
        time=at,
        channel="web",
        source="webshop",
        identifiers=(f"account:{who}",),
        data=data,
        received_at=at,
        producer="webshop",
    )


@pytest.fixture
def outage_of_a_method() -> list[Event]:
    """300 customers at the checkout; payments of one method fail, those of the others hardly ever."""
    random = Random(7)
    events = []
    for number in range(300):
        at, method = T + random.randrange(3 * MINUTE), random.choice(["card-x", "card-y", "invoice"])
        mail = f"c{number}@shop.example"
        who = f"c{number}"
        chosen = {"method": method, "receipt": mail, "step": "payment", "cart_id": who}
        events.append(_shop(who, at, "checkout.step_completed", chosen))
        if random.random() < (0.8 if method == "card-x" else 0.05):
            events.append(_shop(who, at + 20_000, "payment.failed", {"reason": "timeout"}))
    return sorted(events, key=lambda event: event.time)


@pytest.fixture
def notified(store: Store, receiver: Any) -> Iterator[Callable[..., list[Any]]]:
    """Starts alerting at a time, which explains with a function, and returns what the receiver gets first."""
    started: list[Alerting] = []

    def start(explain: Any, now: int) -> list[Any]:
        one = Alerting(
            store,
            parse_alerts(f"rules: [{RULE}]\nchannels: {{hook: {{kind: webhook, url: '{receiver.url}'}}}}"),
            url="http://127.0.0.1:8080/",
            known=lambda: now,
            metrics=AlertMetrics(CollectorRegistry()),
            explain=explain,
            clock=lambda: now / 1000,
        )
        started.append(one)
        one.start()
        wait_for(lambda: bool(receiver.got))
        bodies: list[Any] = receiver.bodies
        return bodies

    yield start
    for one in started:
        one.stop(5)


def test_a_planted_method_is_the_cause(
    store: Store, fold: Fold, outage_of_a_method: list[Event], notified: Any
) -> None:
    """The first notification does not wait; the incident then names the method, and nobody's address."""
    for _ in fold(store, [outage_of_a_method], T + 60 * MINUTE):
        pass
    explainer = Explainer(query_of(store), load_rules().rules, parse_alerts(f"rules: [{RULE}]").rules)
    first, *_ = notified(lambda row, until: cause_sentences(explainer, row, until), T + 4 * MINUTE)
    assert first["causes"] == [NOT_IN_TIME]

    def stored() -> list[Any]:
        return store.query("SELECT causes, explained, customers FROM current_alerts").result_rows[0]

    wait_for(lambda: stored()[0])
    (cause,), explained, customers = stored()
    assert cause.startswith("Likely cause: ")
    assert " times as frequent (" in cause
    assert " with method card-x: " in cause
    assert re.search(r", compared with \d+ others who also had checkout step completed$", cause)
    assert "@" not in cause
    assert explained == customers > 60


def test_a_slow_explanation_holds_up_nothing(
    store: Store, fold: Fold, outage_of_a_method: list[Event], notified: Any
) -> None:
    """While an explanation hangs, the notification goes out and says so; alerting can be stopped."""
    for _ in fold(store, [outage_of_a_method], T + 60 * MINUTE):
        pass
    released = threading.Event()
    try:
        first, *_ = notified(lambda row, until: released.wait(30) and (), T + 4 * MINUTE)
        assert first["causes"] == [NOT_IN_TIME]
        assert first["customers"] > 60
    finally:
        released.set()


def test_an_incident_is_explained_once_and_when_it_grows_much(row: AlertRow) -> None:
    """Growth by half is much; what failed or is late says so, and is not tried again at once."""
    explained: list[int] = []
    done = threading.Semaphore(0)

    def explain(row: AlertRow, until: int) -> tuple[str, ...]:
        explained.append(row.customers)
        if row.customers > 100:
            raise ArithmeticError("no such number")
        return (f"Likely cause: {row.customers}",)

    causes = Causes(explain, lambda: done.release())
    current = replace(row, customers=12)
    for customers in (12, 13, 17, 18, 400, 401):
        current = replace(current, customers=customers)
        causes.request([current], T)
        if done.acquire(timeout=0.3 if customers in (13, 17, 401) else 10):
            cause = causes.take()[row.id]
            current = replace(current, causes=cause.sentences, explained=cause.customers)
    causes.stop()
    assert explained == [12, 18, 400]
    assert current.causes == ("Cause: could not be computed",)


def test_what_takes_longer_than_its_limit_is_late(row: AlertRow) -> None:
    """The limit counts from the request, so those that wait behind a slow one are late, too."""
    now = [0.0]
    released, began = threading.Event(), threading.Event()

    def explain(row: AlertRow, until: int) -> tuple[str, ...]:
        began.set()
        released.wait(10)
        return ("Likely cause: too late",)

    found = threading.Event()
    causes = Causes(explain, found.set, clock=lambda: now[0], limit=20)
    second = replace(row, id=row.fingerprint)
    causes.request([row, second, replace(row, id=row.id, customers=0)], T)
    assert began.wait(10)
    now[0] = 19.9
    assert causes.take() == {}
    now[0] = 20
    assert {id_: cause.sentences for id_, cause in causes.take().items()} == dict.fromkeys(
        (row.id, second.id), (NOT_IN_TIME,)
    )
    released.set()
    assert found.wait(10)
    assert causes.take() == {}
    causes.stop()


def test_an_incident_without_customers_has_no_cause(row: AlertRow) -> None:
    """Where nothing looks for causes, or nobody is affected, no line says that there is none."""
    assert "Cause" not in message(row, "firing", Origin(), T).text
    assert "Cause" not in message(replace(row, customers=0), "firing", Origin(explains=True), T).text
    assert NOT_IN_TIME in message(row, "firing", Origin(explains=True), T).text.splitlines()


def test_causes_change_no_identity_and_no_limit(row: AlertRow, receiver: Any) -> None:
    """Hostile causes are plain lines of bounded length, and every receiver knows the incident as before."""
    hostile = "Likely cause: </a><!channel>\r\nBcc: all\n*b* \u202eexe\x00 &amp; =1+1 " + "x" * 9_000
    bare = message(row, "firing", Origin("https://live.example"), T)
    caused = message(replace(row, causes=(hostile,) * 5), "firing", Origin("https://live.example"), T)
    assert caused.fingerprint == bare.fingerprint
    assert caused.subject == bare.subject
    assert len(caused.causes) == 3
    assert all(len(cause) <= 300 and cause.isprintable() for cause in caused.causes)
    for sent in (bare, caused):
        for kind, fields in (
            ("alertmanager", {}),
            ("pagerduty", {"routing_key": "R" * 32}),
            ("slack", {}),
            ("webhook", {}),
        ):
            made: Any = ADDRESSES[kind].model_validate({"kind": kind, "url": receiver.url, **fields})
            send(made, sent)
    (alert,), page, slack, _, (caused_alert,), caused_page, caused_slack, _ = receiver.bodies
    assert caused_alert["labels"] == alert["labels"]
    assert set(caused_alert["annotations"]) - set(alert["annotations"]) == {"cause_1", "cause_2", "cause_3"}
    assert caused_page["dedup_key"] == page["dedup_key"]
    assert caused_page["payload"]["summary"] == page["payload"]["summary"]
    assert len(caused_page["payload"]["custom_details"]["causes"]) == 3
    text = caused_slack["blocks"][1]["text"]
    assert text["type"] == "plain_text"
    assert text["text"].count("Likely cause: ") == 3
    assert len(text["text"]) < 3_000
    assert caused_slack["text"] == slack["text"]
