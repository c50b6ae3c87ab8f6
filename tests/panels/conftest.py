"""A store with the simulated retailer in it, and the same retailer in plain lists, to be counted by loops."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import time
from typing import Any
from uuid import UUID, uuid5

import msgspec
import orjson
import pytest

from tests.panels.counting.reading import Plain, Row, Seen
from tests.stored_twice import store_twice
from touchline.analysis.reading.texts import read_texts
from touchline.analysis.replay import replay
from touchline.analysis.voice.rows import voice_rows
from touchline.config.rule_packs import load_rules
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.runtime.alerting.queries import query_of
from touchline.simulation import Planted, Retailer, Touchpoint
from touchline.simulation.retailer import Fix
from touchline.simulation.story import rfc3339
from touchline.store import Store, open_store
from touchline.vocabulary.envelope import Envelope, to_event
from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import NAMESPACE
from touchline.vocabulary.internal import INTERNAL_TYPES
from touchline.vocabulary.order import in_order

START = 1_790_000_000_000
DAY = 86_400_000
HISTORY = 24 * DAY
FAR = 4_000_000_000_001
"""When the texts were examined: rows that are a month old are deleted."""

FIXED = START - 5 * DAY
"""When a change is deployed."""

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


def _internal(events: Sequence[Event]) -> list[Event]:
    """Events of each internal type about the customers of these events, which no figure may count."""
    types = sorted(INTERNAL_TYPES)
    return [
        msgspec.structs.replace(
            event,
            id=f"internal-{number}",
            type=types[number % len(types)],
            source=event.source if number % len(types) < 2 else "desk",
            identifiers=event.identifiers[:1] if number % 2 else ("walk:shop",),
            data={
                "friction_id": event.id,
                "walk": ("shop", "branch")[number // 12 % 2],
                "step": f"step {number // 6 % 2}",
                "run_id": f"run {number // 200}",
                "seconds": number % 7 / 4,
                "message": f"message {number}",
            },
            context={"plan_violation": "data.value"},
            producer=("desk", event.producer)[number % 2],
        )
        for number, event in enumerate(events[::20])
    ]


def _take_in(store: Store, events: Sequence[Event], rules: RuleSet) -> list[Row]:
    """As they came, by a worker that looks at the clock after each part; says what became of each part."""
    internal = _internal(events)
    accounts: list[Row] = []
    log = MemoryLog()
    worker = Worker(log, store, rules)
    worker.bring_rules_into_force()
    for step in range(STEPS):
        now = START - HISTORY + (step + 1) * HISTORY // STEPS
        since = now - HISTORY // STEPS
        came = [event for event in events if since < event.received_at <= now]
        beside = [event for event in internal if since < event.received_at <= now]
        log.append("touchpoints", [msgspec.json.encode(event) for event in (*came, *beside)], now)
        while records := worker.read():
            worker.flush(records, now)
        while worker.flush([], now) is not None:
            pass
        for producer, stored in Counter(event.producer for event in (*came, *beside)).items():
            accounts.append(
                {**dict.fromkeys(ACCOUNTED, 0), "at": now, "producer": producer, "stored": stored}
            )
    return accounts


def _frictions(planted: Iterable[Planted], events: Sequence[Event], folded: Row, rules: RuleSet) -> list[Row]:
    """What was planted, with what its rule and the event that it hangs on say."""
    planted = list(planted)
    by_id = {event.id: event for event in events}
    contacts: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.type.startswith("contact."):
            contacts[event.data["contact_id"]].append(event)
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
                "anchor": one.anchor,
                "opened_at": one.opened_at,
                "resolved_at": one.resolved_at,
                "weight": rule_of[one.rule].weight,
                "factor": rule_of[one.rule].factor,
                **_places(event, contacts),
            }
        )
    return found


def _places(anchor: Event, contacts: Mapping[str, Sequence[Event]]) -> Row:
    """The queues, reasons and teams of the contact that a friction hangs on, and the store."""
    steps = contacts.get(anchor.data.get("contact_id", ""), ())
    found = {
        name: {step.data[name] for step in steps if name in step.data} for name in ("queue", "reason", "team")
    }
    return {**found, "store": {anchor.data["store"]} if "store" in anchor.data else set()}


def _written(store: Store) -> list[Row]:
    """The newest row of each friction."""
    answer = store.query(
        "SELECT customer, id, toString(status) AS status, toUnixTimestamp64Milli(opened_at) AS opened_at, "
        "toUnixTimestamp64Milli(detected_at) AS detected_at, version FROM frictions"
    )
    rows = [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]
    rows.sort(key=lambda row: row["version"])
    return list({(row["customer"], row["id"]): row for row in rows}.values())


def _event(number: int, kind: str, time: int, place: tuple[str, str], who: Row, data: Row) -> Event:
    sent = {
        "id": f"{kind}-{number}",
        "type": kind,
        "time": rfc3339(time),
        "channel": place[0],
        "source": place[1],
        "identifiers": who,
        "data": data,
    }
    event = to_event(Envelope.model_validate_json(orjson.dumps(sent)), received_at_ms=time)
    assert event is not None
    return msgspec.structs.replace(event, producer=place[1])


def _staff() -> Iterable[Event]:
    """What employees reported, several times each."""
    for number in range(14):
        data: Row = {
            "topic": ("scanner tool", "refund rule", "training", "parking")[number % 4],
            "comment": ("", f"it fails again: {number}")[number % 2],
            "score": number % 5 + 1,
        }
        if number % 3 == 0:
            data |= {"score": None, "factor": "people"}
        place = (("phone", "call-centre"), ("email", "crm"))[number % 3 // 2]
        who = {"account": f"staff-{number % 5}"}
        yield _event(number, "staff.feedback_given", START - 2 * DAY - number * DAY // 4, place, who, data)


def _scored(touchpoints: Iterable[Touchpoint]) -> Iterable[Event]:
    """Scores of those who hung up, an hour later."""
    left = [one for one in touchpoints if one.type == "contact.abandoned" and one.time < START - DAY]
    for number, one in enumerate(left):
        data = {"feedback_id": f"after-{number}", "metric": "csat", "score": 3 + number % 3, "scale": 5}
        if number % 2:
            data["comment"] = "nobody answered my call for ages"
        who = dict(one.identifiers)
        yield _event(number, "feedback.given", one.time + 3_600_000, ("phone", "call-centre"), who, data)


def _words(at: int) -> dict[str, Sequence[Any]]:
    """Words that stand out: too few customers of the retailer write after a friction."""
    count = 3 + at % 2 * 17
    return {
        "computed_at": [at] * count,
        "rule": [("long_wait", "delivery_late", "cart_abandoned")[number % 3] for number in range(count)],
        "language": ["en"] * count,
        "word": [f"word {number}" for number in range(count)],
        "customers": [20 + number for number in range(count)],
        "affected": [60] * count,
        "others": list(range(count)),
        "unaffected": [90] * count,
        "odds": [2.5 + number for number in range(count)],
        "z": [4.0 + number // 2 for number in range(count)],
    }


def _voice(store: Store) -> dict[str, list[Row]]:
    """The rows of each table of what is found in texts; an older run has other rows."""
    texts = read_texts(query_of(store), START - HISTORY, START)
    found: dict[str, list[Row]] = {}
    for at, read in ((FAR - 1, texts[:100]), (FAR, texts)):
        tables = voice_rows(read, START - HISTORY, START, at)
        tables["voice_words"] = _words(at)
        for table, columns in tables.items():
            store.insert(table, columns, f"{table} {at}")
            found[table] = [
                dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]
    return found


def _put_members(store: Store, members: Iterable[str]) -> None:
    """The customers of the segment `vip`, twice; one who has left, and one of another segment."""
    for version, member in ((1, 1), (2, 1)):
        rows = [("vip", customer, member) for customer in members]
        rows += [
            ("vip", str(uuid5(NAMESPACE, "gone")), version % 2),
            ("other", str(uuid5(NAMESPACE, "x")), 1),
        ]
        segments, customers, flags = zip(*rows, strict=True)
        columns = {"segment": segments, "customer": customers, "journey": [UUID(int=0)] * len(rows)}
        columns |= {"member": flags, "version": [version] * len(rows)}
        store.insert("segment_members", columns, f"members {version}")


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


def _impacts(store: Store) -> list[Row]:
    """The rows of two runs of one day; those of the second count."""
    ended = START - 2 * DAY
    run = {
        "since": ended - 30 * DAY,
        "until": ended,
        "outcome": "order.placed",
        "within": 7 * DAY,
        "one_in": 1,
    }
    run |= {"currency": "EUR", "contact_cost": 6.5, "controls": 90, "matched": 1.0, "converted": 0.25}
    unknown = dict.fromkeys(("difference", "loss", "contacts", "placebo"), (None, None, None))
    figures: list[tuple[str, str, Mapping[str, tuple[float | None, ...]], Row]] = [
        (
            "queue_abandoned",
            "loss",
            {"difference": (-0.25, -0.4, -0.1), "loss": (1234567.4, 1000.0, 2000000.0)}
            | {"contacts": (12.0, 3.0, 20.0), "placebo": (0.01, -0.1, 0.1)},
            {"exposed": 40, "e_value": 2.345, "at_risk": 5e6, "factor": "people", "owner": "service"},
        ),
        (
            "request_denied",
            "loss",
            {"difference": (-0.5, -0.6, -0.4), "loss": (999.5, 800.0, 1200.0)}
            | {"contacts": (-4.0, -9.0, 1.0), "placebo": (-0.2, -0.3, -0.1)},
            {"exposed": 50, "e_value": float("inf"), "at_risk": 4000.0},
        ),
        (
            "long_wait",
            "no clear difference",
            unknown | {"difference": (0.0, -0.1, 0.1), "loss": (-15.0, -100_000.4, 70.0)},
            {"exposed": 60, "e_value": 1.0, "at_risk": 300.0},
        ),
        ("cart_abandoned", "unknown", unknown, {"exposed": 0, "missing": "the rule itself waits"}),
        ("dead_clicks", "unknown", unknown, {"exposed": 7, "missing": "too few: 7 met it"}),
        (
            "",
            "loss",
            {"difference": (-0.2, -0.3, -0.1), "loss": (2000.0, 1000.0, 3000.0)}
            | {"contacts": (8.0, 2.0, 14.0), "placebo": (None, None, None)},
            {"exposed": 90, "e_value": 2.0, "at_risk": 9000.0},
        ),
    ]
    computed_at = int(time() * 1000) - 5 * DAY - DAY // 2
    rows: list[Row] = []
    for rule, verdict, ranges, more in figures:
        row = run | {"computed_at": computed_at, "rule": rule, "verdict": verdict, "title": ""}
        row |= {"missing": "", "e_value": None, "at_risk": None, "factor": "process", "owner": ""} | more
        for name, values in ranges.items():
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
        rows.append(row)
    older = [row | {"computed_at": computed_at - 1, "loss": 1.0} for row in rows]
    older.append(rows[0] | {"computed_at": computed_at - 1, "rule": "rage_clicks"})
    for token, some in (("older", older), ("newer", rows)):
        store.insert("rule_impact", {name: [row[name] for row in some] for name in rows[0]}, token)
    return rows


def _effects(store: Store) -> list[Row]:
    """The rows of two runs; those of the second count. One change is not in the log any more."""
    same = {"change": "carrier-2", "deployed_at": FIXED, "title": "T", "days_wanted": 7.0, "currency": "EUR"}
    figures: list[Row] = [
        {"rule": "delivery_late", "channel": "mail", "source": "carrier", "meant": 1, "verdict": "fell"}
        | {"before": 40, "journeys_before": 800, "after": 10, "journeys_after": 900, "days": 14.0}
        | {"saved": 1500.0, "saved_low": 900.0, "saved_high": 2200.0, "sentence": "Fell by 50 to 90 %"},
        {
            "rule": "queue_abandoned",
            "channel": "phone",
            "source": "call-centre",
            "meant": 0,
            "verdict": "rose",
        }
        | {"before": 8, "journeys_before": 400, "after": 30, "journeys_after": 500, "days": 14.0}
        | {"saved": -400.0, "saved_low": -900.0, "saved_high": -100.0, "sentence": "Rose 2.0 to 4.0 times"},
        {"rule": "long_wait", "channel": "phone", "source": "call-centre", "meant": 0, "verdict": "chance"}
        | {"before": 8, "journeys_before": 400, "after": 9, "journeys_after": 500, "days": 14.0}
        | {"saved": None, "saved_low": None, "saved_high": None, "sentence": "No clear change"},
    ]
    rows = [same | row | {"computed_at": START} for row in figures]
    lost = rows[0] | {"change": "not-there"}
    older = [
        row | {"computed_at": START - 1, "sentence": "old"} for row in [*rows, rows[0] | {"rule": "gone"}]
    ]
    for token, some in (("older", older), ("newer", [*rows, lost])):
        store.insert("change_effects", {name: [row[name] for row in some] for name in rows[0]}, token)
    return rows


@pytest.fixture(scope="module")
def _retailer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Plain]]:
    rules = load_rules()
    retailer = Retailer(7, START, history=HISTORY, rate=0.012, fix=Fix(FIXED, times=1))
    touchpoints = list(retailer.until(START))
    events = [*_accepted(touchpoints), *_staff(), *_scored(touchpoints)]
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
        plain.internal = _internal(events)
        plain.written, plain.reaches = _written(store), rules.reaches
        plain.impacts, plain.effects = _impacts(store), _effects(store)
        plain.voice = _voice(store)
        _put_members(store, plain.members())
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
    "places": {
        "queue": ("tier1", "parts"),
        "reason": ("billing", "delivery", "return"),
        "team": ("north", "evening"),
    },
    "segment": {"segment": ("vip",)},
}


@pytest.fixture(params=CHOICES)
def seen(request: pytest.FixtureRequest, plain: Plain) -> Seen:
    """A week that ends within the data, cut unevenly, with all chosen, or some; one customer is looked at."""
    start, end = START - 8 * DAY - 7_654_321, START - DAY + 12_345
    owners = Counter(plain.owners[one.id] for one in plain.events if start < one.time < end)
    [(customer, _)] = owners.most_common(1)
    known_as = next(one.entity for one in plain.events if plain.owners[one.id] == customer)
    who = known_as if request.param == "some" else customer
    chosen = CHOICES[request.param] | {"customer": (who,)}
    return Seen(start, end, 21_600, chosen, customer)
