"""A store with the simulated retailer in it, and the same retailer in plain lists, to be counted by loops."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from uuid import uuid5

import msgspec
import orjson
import pytest

from tests.panels.counting.reading import Plain, Row, Seen
from tests.stored_twice import store_twice
from touchline.analysis.replay import replay
from touchline.config.rule_packs import load_rules
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.simulation import Planted, Retailer, Touchpoint
from touchline.store import Store, open_store
from touchline.vocabulary.envelope import Envelope, to_event
from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import NAMESPACE
from touchline.vocabulary.order import in_order

START = 1_790_000_000_000
DAY = 86_400_000
HISTORY = 24 * DAY
STEPS = 24
"""Flushes, each at a time of its own."""


ACCOUNTED = ("quarantined", "repeated", "stored", "duplicates", "conflicting", "suppressed")


def _accepted(touchpoints: Iterable[Touchpoint]) -> list[Event]:
    found = []
    for one in touchpoints:
        envelope = Envelope.model_validate_json(orjson.dumps(one.envelope()))
        event = to_event(envelope, received_at_ms=one.due)
        assert event is not None
        event = msgspec.structs.replace(event, producer=one.source)
        if event.type in ("payment.failed", "contact.abandoned"):
            event = msgspec.structs.replace(event, context={"plan_violation": "data.value"})
        found.append(event)
    return found


def _take_in(store: Store, events: Sequence[Event], rules: RuleSet) -> list[Row]:
    """As they came, by a worker that looks at the clock after each part; says what became of each part."""
    accounts: list[Row] = []
    log = MemoryLog()
    worker = Worker(log, store, rules)
    worker.bring_rules_into_force()
    for step in range(STEPS):
        now = START - HISTORY + (step + 1) * HISTORY // STEPS
        came = [event for event in events if now - HISTORY // STEPS < event.received_at <= now]
        log.append("touchpoints", [msgspec.json.encode(event) for event in came], now)
        while records := worker.read():
            worker.flush(records, now)
        while worker.flush([], now) is not None:
            pass
        for producer, stored in Counter(event.producer for event in came).items():
            accounts.append(
                {**dict.fromkeys(ACCOUNTED, 0), "at": now, "producer": producer, "stored": stored}
            )
    return accounts


def _frictions(planted: Iterable[Planted], events: Sequence[Event], folded: Row, rules: RuleSet) -> list[Row]:
    """What was planted, with what its rule and the event that it hangs on say."""
    planted = list(planted)
    by_id = {event.id: event for event in events}
    anchors = {str(one.id): one.anchor for one in planted}
    rule_of = {rule.id: rule for rule in rules.rules}
    journeys: dict[str, list[Row]] = defaultdict(list)
    for journey in sorted(folded["journeys"], key=lambda one: one["start"]):
        journeys[journey["customer"]].append(journey)
    found = []
    for one in planted:
        event = by_id[anchors.get(one.anchor, one.anchor)]
        customer = folded["customers"][event.id]
        own = [journey for journey in journeys[customer] if journey["start"] <= one.opened_at]
        found.append(
            {
                "id": str(one.id),
                "rule": one.rule,
                "channel": event.channel,
                "source": event.source,
                "customer": customer,
                "journey": own[-1],
                "opened_at": one.opened_at,
                "resolved_at": one.resolved_at,
                "weight": rule_of[one.rule].weight,
                "factor": rule_of[one.rule].factor,
            }
        )
    return found


def _written(store: Store) -> list[Row]:
    """The newest row of each friction."""
    answer = store.query(
        "SELECT customer, id, toString(status) AS status, toUnixTimestamp64Milli(opened_at) AS opened_at, "
        "toUnixTimestamp64Milli(detected_at) AS detected_at, version FROM frictions"
    )
    rows = [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]
    rows.sort(key=lambda row: row["version"])
    return list({(row["customer"], row["id"]): row for row in rows}.values())


REASONS = ("bad_json", "no_type", "too_large")


def _refused(store: Store) -> list[Row]:
    rows: list[Row] = [
        {
            "id": f"q-{number}",
            "received_at": START - number * 5 * 3_600_000 - 1_234,
            "producer": ("webshop", "crm", "kiosk-app")[number % 3],
            "reason": REASONS[number % 2 + number % 3 // 2],
            "message": f"message {number}",
            "field": "data.value",
            "body": ("{}", '{"type": "quote.requested"}')[number // 3 % 2],
        }
        for number in range(100)
    ]
    store.insert("quarantine", {name: [row[name] for row in rows] for name in rows[0]}, "refused")
    return rows


def _accounts(store: Store) -> list[Row]:
    """Two rows per batch: one of the ingress, one of the worker."""
    rows: list[Row] = []
    for number in range(60):
        same = {"producer": ("webshop", "crm", "idle")[number % 3], "client": "c", "lost": "{}"}
        zeros = dict.fromkeys(("first", "emitted", "queued", *ACCOUNTED, "events"), 0)
        at = START - number * 4 * 3_600_000 - 77
        ingress = {"id": uuid5(NAMESPACE, f"ingress {number}"), "at": at, "batch": number, **same, **zeros}
        taken = {"id": uuid5(NAMESPACE, f"worker {number}"), "at": at + 900, "batch": 0, **same, **zeros}
        if number % 3 < 2:
            ingress |= {"events": 10, "quarantined": number % 4, "repeated": 1}
            taken |= {
                "stored": 6,
                "duplicates": number % 2,
                "conflicting": number % 2,
                "suppressed": number % 5 // 4,
            }
        rows += [ingress, taken]
    store.insert("accounts", {name: [row[name] for row in rows] for name in rows[0]}, "accounts")
    return rows


def _alerts(store: Store) -> list[Row]:
    """Firing, resolved, retracted, some before the span and some after it; an older row of each as well."""
    rows: list[Row] = []
    for number in range(24):
        opened_at = START - number * DAY // 2 - 4_321
        resolved_at = opened_at + number * 3_600_000 if number % 3 else None
        row = {
            "id": uuid5(NAMESPACE, f"alert {number}"),
            "fingerprint": uuid5(NAMESPACE, f"fingerprint {number}"),
            "rule": ("payment_outage", "friction_unusual")[number % 2],
            "kind": "threshold",
            "title": f"Title {number}",
            "severity": ("critical", "warning")[number % 2],
            "labels": ["channel=web", "source=shop"][: number % 3],
            "opened_at": opened_at,
            "detected_at": opened_at,
            "resolved_at": resolved_at,
            "status": "retracted" if number % 7 == 5 else "resolved" if resolved_at else "firing",
            "count": number + 5,
            "customers": number + 3,
            "usual": None if number % 2 else 1.5,
            "evidence": [],
            "summary": f"Sentence {number}.",
            "version": 2,
        }
        rows.append(row)
    for token, some in (
        (
            "older",
            [row | {"status": "firing", "resolved_at": None, "count": 1, "version": 1} for row in rows],
        ),
        ("newer", rows),
    ):
        store.insert("alerts", {name: [row[name] for row in some] for name in rows[0]}, token)
    return [row for row in rows if row["status"] != "retracted"]


@pytest.fixture(scope="module")
def _retailer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Plain]]:
    rules = load_rules()
    retailer = Retailer(7, START, history=HISTORY, history_rate=0.012, rate=0.012)
    events = _accepted(retailer.until(START))
    folded = replay(events, rules, now=START)
    with open_store(tmp_path_factory.mktemp("panels") / "store") as store:
        accounts = _take_in(store, events, rules)
        plain = Plain(
            in_order(events),
            _frictions(retailer.planted(START), events, folded, rules),
            folded["journeys"],
            _refused(store),
            accounts + _accounts(store),
            _alerts(store),
            folded["customers"],
        )
        plain.written, plain.reaches = _written(store), rules.reaches
        store_twice(store, "events", "cityHash64(id) % 10 = 0")
        store_twice(store, "frictions", "cityHash64(id) % 5 = 0 OR status = 'retracted'")
        store_twice(store, "journeys", "cityHash64(id) % 10 = 0 OR superseded")
        store_twice(store, "quarantine", "cityHash64(id) % 10 = 0")
        store_twice(store, "accounts", "cityHash64(id) % 3 = 0")
        yield store, plain


@pytest.fixture(scope="module")
def shop(_retailer: tuple[Store, Plain]) -> Store:
    """The store: some rows are there twice and not merged, some frictions retracted, some journeys gone."""
    return _retailer[0]


@pytest.fixture(scope="module")
def plain(_retailer: tuple[Store, Plain]) -> Plain:
    """The same in lists."""
    return _retailer[1]


CHOICES: dict[str, dict[str, Sequence[str]]] = {
    "all": {},
    "some": {
        "channel": ("phone", "web"),
        "source": ("webshop", "call-centre"),
        "rule": ("cart_abandoned", "queue_abandoned", "long_wait"),
        "producer": ("webshop", "crm"),
    },
}


@pytest.fixture(params=CHOICES)
def seen(request: pytest.FixtureRequest, plain: Plain) -> Seen:
    """A week that ends within the data, cut unevenly, with all chosen, or some; one customer is looked at."""
    start, end = START - 8 * DAY - 7_654_321, START - DAY + 12_345
    owners = Counter(plain.owners[one.id] for one in plain.events if start < one.time < end)
    [(customer, _)] = owners.most_common(1)
    known_as = next(one.entity for one in plain.events if plain.owners[one.id] == customer)
    who = customer if request.param == "all" else known_as
    chosen = CHOICES[request.param] | {"customer": (who,)}
    return Seen(start, end, 21_600, chosen, customer)
