"""Rows for the live page: a shop's day, a customer of 1999, and a customer with hostile values."""

import random
from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tests.live import rows
from touchline.journeys import Journey, Strike, journeys
from touchline.vocabulary import event as touchpoint
from touchline.vocabulary.order import in_order

MINUTE, HOUR = 60_000, 3_600_000
Event = tuple[int, str, str, str, dict[str, Any]]


@dataclass(frozen=True)
class Text:
    """The texts of a rule."""

    id: str
    title: str
    why: str


RULES = [
    Text("queue_abandoned", "Abandoned in queue", "A caller who hangs up was not helped, and calls again."),
    Text("repeat_contact", "Contacted again for one reason", "A second contact costs twice and solves once."),
    Text("checkout_abandoned", "Checkout left unfinished", "They wanted to buy and something stopped them."),
    Text("help_failed", "Help did not help, then contact", "Self-service that fails becomes a call."),
    Text("promise_broken", "Broken promise", "Nothing loses trust faster than a promise not kept."),
    Text("transfer_ping_pong", "Passed from desk to desk", "Each transfer lowers satisfaction by a tenth."),
    Text("payment_failed", "Payment failed", "A failed payment sends every third shopper away."),
    Text("mention_unanswered", "Public complaint not answered", "Others read the silence too."),
    Text("strike_out", "Three frictions in a week", "After three, customers leave."),
]
ODD = (
    "account:odd0\nsecond line",
    "account:odd1/../b//c?d#e%2F",
    "email:odd2\\ 'x' \"y\" {z:String}",
    "device:odd3\ttab\r\n\n.",
)
"""Identifiers with signs that addresses and SQL treat specially."""

GOALS = {"service_level": 0.8, "strikes": 50.0, "nps": 30.0}
GRADES = ((90, "A"), (75, "B"), (60, "C"), (40, "D"), (0, "F"))
WEIGHTS = {"strike_out": 30, "promise_broken": 20, "repeat_contact": 15}
TYPICAL: list[tuple[str, float, str, str, list[tuple[int, str, dict[str, Any]]]]] = [
    (
        "queue_abandoned",
        0.30,
        "phone",
        "call-centre",
        [
            (0, "contact.started", {"reason": "delivery"}),
            (1, "contact.queued", {"queue": "tier 1"}),
            (9, "contact.abandoned", {"wait_seconds": 483}),
        ],
    ),
    (
        "repeat_contact",
        0.18,
        "phone",
        "call-centre",
        [
            (0, "contact.started", {"reason": "delivery"}),
            (2, "contact.answered", {"agent": "a7", "wait_seconds": 112}),
            (9, "contact.ended", {"resolved": False}),
        ],
    ),
    (
        "checkout_abandoned",
        0.20,
        "web",
        "shop",
        [
            (0, "cart.updated", {"value": 84.5, "currency": "EUR"}),
            (3, "checkout.started", {"value": 84.5, "currency": "EUR"}),
        ],
    ),
    (
        "help_failed",
        0.12,
        "app",
        "shop-app",
        [
            (0, "help.searched", {"query": "where is my order"}),
            (1, "help.failed", {"query": "where is my order"}),
        ],
    ),
    (
        "promise_broken",
        0.06,
        "phone",
        "call-centre",
        [(0, "promise.made", {"kind": "callback"}), (240, "promise.broken", {"kind": "callback"})],
    ),
    (
        "transfer_ping_pong",
        0.07,
        "chat",
        "shop-chat",
        [
            (0, "contact.started", {"reason": "refund"}),
            (3, "contact.transferred", {"queue": "billing"}),
            (8, "contact.transferred", {"queue": "returns"}),
        ],
    ),
    ("payment_failed", 0.08, "web", "shop", [(0, "payment.failed", {"method": "card", "code": "declined"})]),
    ("mention_unanswered", 0.05, "social", "mentions", [(0, "mention.posted", {"sentiment": "negative"})]),
]


def _walked(who: str, ids: list[str], events: list[Event], anchors: list[str]) -> Journey:
    """The journey of a customer's events, as the worker folds it."""
    order = in_order(
        touchpoint.Event(id=key, type=kind, time=time, channel=channel, source=source, identifiers=(who,))
        for key, (time, kind, channel, source, _) in zip(ids, events, strict=True)
    )
    [journey] = journeys(order, [Strike(0, 1, anchor) for anchor in anchors], gap=2**62)
    return journey


class Day:
    """Rows by table."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def put(self, table: str, *more: dict[str, Any]) -> None:
        """Add rows."""
        self.rows[table] += more

    def customer(
        self,
        identifiers: list[str],
        events: list[Event],
        frictions: list[tuple[str, int, int | None, list[int]]],
    ) -> str:
        """Add a customer with one journey, and return the journey's id.

        Events are (time, type, channel, source, data); frictions are (rule, opened, resolved, the numbers
        of the events that are the evidence).
        """
        who = identifiers[0]
        start, last = events[0][0], events[-1][0]
        channels = [channel for _, _, channel, _, _ in events]
        path = [channel for channel, _ in groupby(channels)]
        points = sum(WEIGHTS.get(rule, 10) for rule, *_ in frictions)
        score = max(0, 100 - points)
        grade = next(letter for least, letter in GRADES if score >= least)
        ids = [f"{who}-{number}-{event[0]}" for number, event in enumerate(events)]
        ways = rows.ways(_walked(who, ids, events, [ids[evidence[0]] for *_, evidence in frictions]))
        counts = {"events": len(events), "strikes": points, "score": score, "grade": grade}
        journey = rows.journey(who, start, last, path=path, **counts, **ways)
        self.put("journeys", journey)
        for key, (time, kind, channel, source, data) in zip(ids, events, strict=True):
            event = rows.event(identifiers, key, time, kind, **data)
            self.put("events", event | {"channel": channel, "source": source})
        for rule, opened, resolved, evidence in frictions:
            _, _, channel, source, _ = events[evidence[0]]
            friction = rows.friction(
                who,
                rule,
                opened,
                journey=journey["id"],
                anchor=ids[evidence[0]],
                channel=channel,
                source=source,
                resolved_at=resolved,
                status="resolved" if resolved else "open",
                count=len(evidence),
                evidence=[ids[number] for number in evidence],
                weight=WEIGHTS.get(rule, 10),
            )
            self.put("frictions", friction)
        self.put(
            "identities",
            *({"entity": identifier, "customer": rows.of(who), "version": 1} for identifier in identifiers),
        )
        return str(journey["id"])

    def fill(self, now: int) -> None:
        """A day and the one before, and one customer for whom everything went wrong."""
        draw = random.Random(7)
        self.customer(["account:u-first"], [(now - 49 * HOUR, "page.viewed", "web", "shop", {})], [])
        for number in range(150):
            rule, _, channel, source, steps = draw.choices(TYPICAL, [share for _, share, *_ in TYPICAL])[0]
            ago = int(draw.triangular(5 * MINUTE, 47 * HOUR, 3 * HOUR))
            start = now - ago - steps[-1][0] * MINUTE
            views: list[Event] = [
                (start - (6 - n) * MINUTE, "page.viewed", "web", "shop", {}) for n in range(3)
            ]
            events = views + [
                (start + m * MINUTE, kind, channel, source, _of_contact(kind, data, f"c-{number}"))
                for m, kind, data in steps
            ]
            own = list(range(3, len(events)))
            frictions = [(rule, events[-1][0], now - ago + 9 * MINUTE if draw.random() < 0.4 else None, own)]
            if draw.random() < 0.35:
                self.customer([f"account:u-{number}"], views, [])
            else:
                self.customer(
                    [f"account:u-{number}", f"email:customer{number}@mail.example"], events, frictions
                )
        worst = self.customer(
            ["account:u-4711", "email:customer4711@mail.example", "phone:+31201234567"],
            [
                (now - 27 * HOUR, "campaign.clicked", "email", "newsletter", {"campaign": "autumn"}),
                *(
                    (now - 27 * HOUR + n * MINUTE, "page.viewed", "web", "shop", {"path": f"/p/{n}"})
                    for n in range(1, 5)
                ),
                (
                    now - 27 * HOUR + 6 * MINUTE,
                    "checkout.started",
                    "web",
                    "shop",
                    {"value": 129.0, "currency": "EUR"},
                ),
                (
                    now - 27 * HOUR + 8 * MINUTE,
                    "payment.failed",
                    "web",
                    "shop",
                    {"method": "card", "code": "declined"},
                ),
                (now - 26 * HOUR, "order.placed", "app", "shop-app", {"value": 129.0, "currency": "EUR"}),
                (now - 5 * HOUR, "help.searched", "app", "shop-app", {"query": "where is my order"}),
                (now - 5 * HOUR + MINUTE, "help.failed", "app", "shop-app", {"query": "where is my order"}),
                (now - 4 * HOUR, "contact.started", "phone", "call-centre", {"reason": "delivery"}),
                (now - 4 * HOUR + MINUTE, "contact.queued", "phone", "call-centre", {"queue": "tier 1"}),
                (
                    now - 4 * HOUR + 9 * MINUTE,
                    "contact.abandoned",
                    "phone",
                    "call-centre",
                    {"wait_seconds": 483},
                ),
                (now - 2 * HOUR, "contact.started", "phone", "call-centre", {"reason": "delivery"}),
                (now - 2 * HOUR + 4 * MINUTE, "contact.answered", "phone", "call-centre", {"agent": "a7"}),
                (now - 2 * HOUR + 9 * MINUTE, "promise.made", "phone", "call-centre", {"kind": "callback"}),
                (now - 25 * MINUTE, "mention.posted", "social", "mentions", {"sentiment": "negative"}),
            ],
            [
                ("payment_failed", now - 27 * HOUR + 8 * MINUTE, now - 26 * HOUR, [6]),
                ("help_failed", now - 4 * HOUR, None, [9, 10]),
                ("queue_abandoned", now - 4 * HOUR + 9 * MINUTE, None, [12]),
                ("repeat_contact", now - 2 * HOUR, None, [10, 13]),
                ("promise_broken", now - 45 * MINUTE, None, [15]),
                ("strike_out", now - 44 * MINUTE, None, [12, 13, 15]),
            ],
        )

        for title, severity, opened, resolved, met in (
            ("Payments fail", "critical", now - 25 * MINUTE, None, 31),
            ("Orders fail", "critical", now - 7 * HOUR, now - 6 * HOUR, 12),
        ):
            self.put(
                "alerts",
                rows.alert(
                    title,
                    opened,
                    severity=severity,
                    labels=["source=shop"],
                    resolved_at=resolved,
                    status="resolved" if resolved else "firing",
                    count=met,
                    customers=met,
                    evidence=[worst],
                    summary=f"{title} (source shop): {met} customers affected",
                ),
            )

    def history(self) -> None:
        """A call of 1999."""
        call = 920_287_800_000
        self.customer(
            ["phone:+97231234567"],
            [
                (call, "contact.queued", "phone", "bank", {}),
                (call + 90_000, "contact.abandoned", "phone", "bank", {}),
            ],
            [("queue_abandoned", call + 90_000, None, [0, 1])],
        )

    def cause(self, now: int) -> None:
        """Callers of one hour, half a day ago: most of those in the queue of bills hang up."""
        draw = random.Random(3)
        middle = now - 12 * HOUR
        harm = '<img src=x onerror="window.harmed=1">{{ 1+1 }}'
        for number in range(240):
            start, queue = middle + draw.randrange(HOUR), draw.choice(["bills", "orders", "returns"])
            gives_up = draw.random() < (0.8 if queue == "bills" else 0.08)
            menu = {"menu": harm} if queue == "bills" else {}
            contact = {"contact_id": f"k-{number}"}
            end: tuple[str, dict[str, Any]] = (
                ("contact.abandoned", {"wait_seconds": 400}) if gives_up else ("contact.answered", {})
            )
            calls: list[Event] = [
                (start, "contact.started", "phone", "call-centre", contact | menu),
                (start + MINUTE, "contact.queued", "phone", "call-centre", contact | {"queue": queue}),
                (start + 8 * MINUTE, end[0], "phone", "call-centre", contact | end[1]),
            ]
            frictions = [("queue_abandoned", start + 8 * MINUTE, None, [1, 2])] if gives_up else []
            self.customer([f"account:k-{number}"], calls, frictions)  # type: ignore[arg-type]
        self.put(
            "alerts",
            rows.alert(
                "More friction than usual",
                middle + 10 * MINUTE,
                rule="friction_unusual",
                labels=["rule=queue_abandoned"],
                causes=["Likely cause: 20.0 times as frequent (9.0–44.0) with queue bills: 40 of 46"],
            ),
        )

    def odd(self, now: int) -> None:
        """Customers with odd identifiers."""
        for identifier in ODD:
            self.customer([identifier], [(now - HOUR, "page.viewed", "web", "shop", {})], [])

    def refuse(self, now: int) -> None:
        """Refused events of two producers; what one of them sent is hostile."""
        same = {"received_at": now - MINUTE, "mark": ""}
        harm = '{"data": "<img src=x onerror=alert(1)> {{ 1+1 }} \x1b[31m"}'
        bad = {"reason": "invalid_data", "field": "data.value", "message": "expected a number", "body": harm}
        new = {
            "reason": "unknown_type",
            "field": "type",
            "message": "run `touchline schema list`",
            "body": "{}",
        }
        self.rows["quarantine"] = [
            {"id": "q-1 $(rm)", "producer": "shop", **bad, **same},
            *({"id": f"q-{number}", "producer": "till", **new, **same} for number in range(2, 9)),
        ]

    def hostile(self, now: int) -> None:
        """Markup, templates and very long values in every field that a producer can write."""
        harm = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>{{ 1+1 }}`${1}`'
        self.customer(
            [f"account:{harm}", "email:" + "x" * 10_000],
            [
                (now - 2 * MINUTE, f"custom.{harm}", harm, harm, {harm: harm, "big": "y" * 9_000}),
                (now - MINUTE, f"custom.{harm}", harm, harm, {harm: harm, "deep": {"a": [harm]}}),
            ],
            [(harm, now - MINUTE, None, [0])],
        )
        change = rows.event(
            ["account:ci"], harm, now - 20 * MINUTE, "change.deployed", change_id=harm, title=harm
        )
        self.put("events", change)


def _of_contact(kind: str, data: dict[str, Any], contact: str) -> dict[str, Any]:
    return {"contact_id": contact, **data} if kind.startswith("contact.") else data
