"""Each measure over the simulated retailer, against a plain count over the list of its events."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

import pytest

from touchline.analysis.replay import replay
from touchline.config.rule_packs import load_rules
from touchline.identity import customers, pairs
from touchline.measures import BY_NAME, MEASURES, Ask, Span, evaluate
from touchline.simulation import Retailer
from touchline.store import Store, open_store
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order

START = 1_790_000_000_000
DAY = 86_400_000
SPAN = Span(START - 5 * DAY, START - DAY)

Counted = tuple[float, float, float | None]


class Plain:
    """The events in a list, counted by loops; numerator, denominator, value."""

    def __init__(self, events: list[Event]) -> None:
        self.events = in_order(events)
        links = customers({pair for event in events for pair in pairs(event.identifiers)})
        self.customer = {event.id: links.get(event.entity, event.entity) for event in events}
        newest = max(event.time for event in events)
        self.folded = replay(events, load_rules(), now=newest)
        self.weights = {rule.id: rule.weight for rule in load_rules().rules}
        self.steps: dict[str, list[Event]] = defaultdict(list)
        self.contacts: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if event.type.startswith("contact."):
                self.contacts[event.data["contact_id"]].append(event)

    def during(self, time: int) -> bool:
        return SPAN.since <= time < SPAN.until

    def ratio(self, found: Sequence[float]) -> Counted:
        return sum(found), len(found), sum(found) / len(found)

    def resolved(self, across: bool) -> Counted:
        matters: dict[tuple[str, ...], list[tuple[int, bool, bool]]] = defaultdict(list)
        for steps in self.contacts.values():
            started = next(event for event in steps if event.type == "contact.started")
            handled = any(e.type in ("contact.answered", "contact.ended") for e in steps)
            unresolved = any(e.data.get("resolved") is False for e in steps)
            if started.data.get("direction") == "outbound":
                continue
            matter = (self.customer[started.id], started.data["reason"], "" if across else started.channel)
            matters[matter].append((started.time, handled, unresolved))
        found: list[float] = []
        for own in matters.values():
            for time, handled, unresolved in own:
                first = not any(h and 0 < time - t <= 7 * DAY for t, h, _ in own)
                again = any(0 < t - time <= 7 * DAY for t, _, _ in own)
                if handled and first and self.during(time):
                    found.append(not again and not unresolved)
        return self.ratio(found)

    def queued(self) -> Iterator[tuple[str, float]]:
        for steps in self.contacts.values():
            for number, event in enumerate(steps):
                if event.type == "contact.queued":
                    if self.during(event.time):
                        ends = ("contact.answered", "contact.abandoned")
                        end = next(e for e in steps[number:] if e.type in ends)
                        waited = end.data.get("wait_seconds", (end.time - event.time) / 1000)
                        yield end.type.removeprefix("contact."), waited
                    break

    def handed_on(self, what: str) -> Counted:
        return self.ratio(
            [
                any(event.type == what for event in steps)
                for steps in self.contacts.values()
                if self.during(steps[0].time)
                and any(e.type in ("contact.answered", "contact.ended") for e in steps)
            ]
        )

    def answers(self, request: str, key: str, which: Callable[[Event], bool]) -> list[float | None]:
        answered = request.rpartition(".")[0] + ".answered"
        answer = {e.data[key]: e.time for e in reversed(self.events) if e.type == answered}
        return [
            (answer[event.data[key]] - event.time) / 1000 if event.data[key] in answer else None
            for event in self.events
            if event.type == request and self.during(event.time) and which(event)
        ]

    def within(self, waits: list[float | None], limit: float) -> Counted:
        return self.ratio([wait is not None and wait <= limit for wait in waits])

    def middle(self, waits: list[float | None]) -> Counted:
        given = [wait for wait in waits if wait is not None]
        return sum(given), len(given), median(given)

    def scores(self, metric: str) -> list[float]:
        return [
            event.data["score"]
            for event in self.events
            if event.type == "feedback.given" and event.data["metric"] == metric and self.during(event.time)
        ]

    def journeys(self, of: Callable[[dict[str, Any], list[Event]], float]) -> Counted:
        own: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            own[self.folded["customers"][event.id]].append(event)
        return self.ratio(
            [
                of(
                    journey,
                    [e for e in own[journey["customer"]] if journey["start"] <= e.time <= journey["last"]],
                )
                for journey in self.folded["journeys"]
                if self.during(journey["last"])
            ]
        )

    def frictions(self) -> list[dict[str, Any]]:
        return [one for one in self.folded["signals"] if self.during(one["opened_at"])]

    def at_risk(self) -> Counted:
        met = {one["customer"] for one in self.frictions()}
        own: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if self.folded["customers"][event.id] in met and self.during(event.time):
                own[self.folded["customers"][event.id]].append(event)
        found: list[float] = []
        for events in own.values():
            value: dict[str, Any] = {}
            touched: dict[str, int] = {}
            for event in events:
                if event.type in ("cart.updated", "checkout.started", "checkout.step_completed"):
                    cart = event.data["cart_id"]
                    touched[cart] = event.time
                    value[cart] = event.data.get("value", value.get(cart, 0))
            orders = [event for event in events if event.type == "order.placed"]
            bought_at = max((event.time for event in orders), default=0)
            found += [value[cart] for cart, time in touched.items() if time > bought_at]
            ends = ("order.cancelled", "delivery.completed", "refund.issued")
            over = {event.data["order_id"] for event in events if event.type in ends}
            found += [
                event.data.get("value") or value.get(event.data.get("cart_id", ""), 0)
                for event in orders
                if event.channel != "store" and event.data["order_id"] not in over
            ]
        found = [one for one in found if one > 0]
        return sum(found), len(found), sum(found)


def _effort(journey: dict[str, Any], events: list[Event]) -> float:
    started = [event for event in events if event.type == "contact.started"]
    transfers = sum(event.type == "contact.transferred" for event in events)
    repeats = len(started) - len({event.data["reason"] for event in started})
    return float(len(started) + transfers + len(journey["path"]) - 1 + repeats)


def _waited(events: list[Event]) -> float:
    waits = [
        e.data.get("wait_seconds", 0) for e in events if e.type in ("contact.answered", "contact.abandoned")
    ]
    return float(round(sum(waits)))


def _graded(letters: str) -> Callable[[dict[str, Any], list[Event]], float]:
    grades = {"A": (90, 101), "B": (75, 90), "C": (60, 75), "D": (40, 60), "F": (0, 40)}
    low, high = grades[letters]
    return lambda journey, _: float(low <= max(0, 100 - journey["strikes"]) < high)


def _took(one: dict[str, Any]) -> float | None:
    return None if one["resolved_at"] is None else (one["resolved_at"] - one["opened_at"]) / 1000


def _detractor(event: Event) -> bool:
    return bool(event.data["metric"] == "nps" and event.data["score"] <= 6)


def _cases(of: "Plain", frictions: Sequence[dict[str, Any]]) -> Iterator[Event]:
    """What staff did about some of the frictions: assigned, closed at different times, opened again."""
    entity = {event.id: event.identifiers[0] for event in of.events}
    anchor = {one["id"]: one["anchor"] for one in of.folded["signals"]}
    for number, one in enumerate(frictions):
        event = anchor.get(one["anchor"], one["anchor"])
        said: list[tuple[int, str, dict[str, Any]]] = []
        if number % 3:
            said.append((1, "case.assigned", {"assignee": "kim" if number % 5 else ""}))
        if number % 3 == 1:
            verdict = ("solved", "known", "false_alarm")[number % 7 % 3]
            said.append((1 + number % 80, "case.closed", {"verdict": verdict}))
            if number % 4 == 0:
                said.append((90, "case.reopened", {}))
        for step, (hours, type_, data) in enumerate(said):
            time = one["opened_at"] + hours * 3_600_000
            yield Event(
                id=f"case-{number}-{step}",
                type=type_,
                time=time,
                channel="web",
                source="desk",
                identifiers=(entity[event],),
                data={"friction_id": one["id"], **data},
                received_at=time,
            )


def _closed(of: "Plain") -> list[tuple[float, str]]:
    """The seconds to the closing of the frictions of the span that stayed closed, and the verdict."""
    found = []
    for one in of.frictions():
        steps = of.steps[one["id"]]
        ends = [event for event in steps if event.type in ("case.closed", "case.reopened")]
        if ends and ends[-1].type == "case.closed":
            found.append(((ends[-1].time - one["opened_at"]) / 1000, ends[-1].data["verdict"]))
    return found


def _loop(of: "Plain") -> Counted:
    taken_up = sum(bool(of.steps[one["id"]]) for one in of.frictions())
    in_time = sum(seconds <= 172_800 for seconds, _ in _closed(of))
    return in_time, taken_up, in_time / taken_up


def _unassigned(of: "Plain") -> Counted:
    found = []
    for one in of.frictions():
        steps = of.steps[one["id"]]
        closed = [event.type for event in steps if event.type in ("case.closed", "case.reopened")]
        if one["resolved_at"] is None and closed[-1:] != ["case.closed"]:
            given = [event.data["assignee"] for event in steps if event.type == "case.assigned"]
            found.append(float((given or [""])[-1] == ""))
    return of.ratio(found)


PLAIN: dict[str, Callable[[Plain], Counted]] = {
    "first_contact_resolution": lambda of: of.resolved(across=False),
    "one_contact_resolution": lambda of: of.resolved(across=True),
    "service_level": lambda of: of.ratio([end == "answered" and wait <= 20 for end, wait in of.queued()]),
    "abandonment": lambda of: of.ratio(
        [end == "abandoned" for end, wait in of.queued() if end == "answered" or wait > 10]
    ),
    "short_abandons": lambda of: of.ratio([end == "abandoned" and wait <= 10 for end, wait in of.queued()]),
    "average_wait": lambda of: of.ratio([wait for end, wait in of.queued() if end == "answered"]),
    "transfer_rate": lambda of: of.handed_on("contact.transferred"),
    "escalation_rate": lambda of: of.handed_on("contact.escalated"),
    "mentions_answered": lambda of: of.within(
        of.answers("mention.posted", "mention_id", lambda _: True), 3600
    ),
    "mention_response_time": lambda of: of.middle(of.answers("mention.posted", "mention_id", lambda _: True)),
    "detractors_answered": lambda of: of.within(
        of.answers("feedback.given", "feedback_id", _detractor), 172_800
    ),
    "feedback_response_time": lambda of: of.middle(
        of.answers("feedback.given", "feedback_id", lambda _: True)
    ),
    "nps": lambda of: of.ratio([100 * ((s >= 9) - (s <= 6)) for s in of.scores("nps")]),
    "csat": lambda of: of.ratio([s >= 4 for s in of.scores("csat")]),
    "effort": lambda of: of.journeys(_effort),
    "waiting": lambda of: of.journeys(lambda _, events: _waited(events)),
    "strikes": lambda of: of.journeys(lambda journey, _: journey["strikes"]),
    "grade_a": lambda of: of.journeys(_graded("A")),
    "grade_b": lambda of: of.journeys(_graded("B")),
    "grade_c": lambda of: of.journeys(_graded("C")),
    "grade_d": lambda of: of.journeys(_graded("D")),
    "grade_f": lambda of: of.journeys(_graded("F")),
    "recovered": lambda of: of.ratio([one["resolved_at"] is not None for one in of.frictions()]),
    "recovery_time": lambda of: of.middle([_took(one) for one in of.frictions()]),
    "value_at_risk": lambda of: of.at_risk(),
    "loop_closed": _loop,
    "time_to_close": lambda of: of.middle([seconds for seconds, _ in _closed(of)]),
    "unassigned": _unassigned,
    "false_alarms": lambda of: of.ratio([verdict == "false_alarm" for _, verdict in _closed(of)]),
}


@pytest.fixture(scope="module")
def events(accept: Any) -> list[Event]:
    """Six days of the retailer, as they were sent: some late, some customers known only later."""
    retailer = Retailer(11, START, history=6 * DAY, rate=0.03)
    accepted: list[Event] = accept(one.envelope() for one in retailer.until(START))
    return accepted


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, events: list[Event], fold: Any) -> Iterator[Store]:
    """A store with the retailer in it; a tenth of the events are there twice, not merged yet."""
    plain = Plain(events)
    with open_store(tmp_path_factory.mktemp("shop") / "store") as store:
        fold(store, [*events, *_cases(plain, plain.folded["signals"])])
        columns = ("id", "type", "time", "channel", "source", "entity")
        twice: dict[str, list[Any]] = {name: [getattr(e, name) for e in events[::10]] for name in columns}
        rows = store.query("SELECT id, data, identifiers FROM events").result_rows
        stored = {row[0]: row[1:] for row in rows}
        twice["data"] = [stored[event.id][0] for event in events[::10]]
        twice["identifiers"] = [stored[event.id][1] for event in events[::10]]
        store.insert("events", twice, "twice")
        assert store.query("SELECT count() - uniqExact(id) FROM events").result_rows[0][0] > 500
        assert store.query("SELECT count() FROM frictions WHERE status = 'retracted'").result_rows[0][0] > 0
        yield store


@pytest.fixture(scope="module")
def plain(events: list[Event]) -> Plain:
    """The same events, to be counted by hand."""
    of = Plain(events)
    for event in _cases(of, of.folded["signals"]):
        of.steps[event.data["friction_id"]].append(event)
    return of


def test_every_measure_is_counted_by_hand() -> None:
    """Only the effort score is not: the retailer does not ask for it."""
    assert set(BY_NAME) - set(PLAIN) == {"ces"}


@pytest.mark.parametrize("name", PLAIN)
def test_the_measure_is_the_plain_count(name: str, shop: Store, plain: Plain, measured: Any) -> None:
    """Numerator, denominator and value are those of a loop over the events, whatever is there twice."""
    reading = measured(shop, name, SPAN)
    numerator, denominator, value = PLAIN[name](plain)
    assert denominator > 5
    assert (reading.numerator, reading.denominator) == (pytest.approx(numerator), denominator)
    assert reading.value == pytest.approx(value)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.name)
def test_parts_make_up_the_whole(measure: Any, shop: Store, ask_of: Callable[[Store], Ask]) -> None:
    """Numerators and denominators by queue, reason and channel add up to those of the whole."""
    [whole] = evaluate(ask_of(shop), SPAN, {}, measures=[measure], now=START)
    parts = shop.query(measure.query(("queue", "reason", "channel")), SPAN.parameters).result_rows
    assert sum(row[-2] for row in parts) == pytest.approx(whole.numerator)
    assert sum(row[-1] for row in parts) == whole.denominator


def test_a_channel_is_measured_alone(shop: Store, measured: Any) -> None:
    """A filter takes its part of the whole, and a queue is no matter of a journey's grade."""
    parts = [
        measured(shop, "service_level", Span(SPAN.since, SPAN.until, channel=c)) for c in ("phone", "chat")
    ]
    assert sum(one.denominator for one in parts) == measured(shop, "service_level", SPAN).denominator
    assert all(one.denominator for one in parts)
    assert measured(shop, "grade_a", Span(SPAN.since, SPAN.until, queue="tier1")).value is None
