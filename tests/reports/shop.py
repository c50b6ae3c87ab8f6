"""Four weeks of a shop with a known story, as rows of the store's tables.

In the last week, dead clicks become three times as frequent on the web, among those who pay by wallet alone;
who meets them does not order. Callers hang up as often as ever. The till falls silent after the second week.
"""

from collections import defaultdict
from random import Random
from typing import Any

from tests.live import rows
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR, MINUTE, WEEK

BEGAN = 1_793_577_600_000
"""Monday, 2 November 2026, 00:00 UTC: week 45."""

END = BEGAN + 4 * WEEK
"""The end of week 48."""

NEWEST = END + 6 * HOUR
CUSTOMERS = 1_600
RULES = {"dead_clicks": 5, "queue_abandoned": 15}

Row = dict[str, Any]


class Shop:
    """The rows, by table."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.internal: list[Row] = []
        """Events of staff and of walks, which no figure counts."""
        self._random = Random(48)
        for number in range(CUSTOMERS):
            self._customer(number)
        for day in range(14):
            self._event(
                "account:till", f"till-{day}", BEGAN + day * DAY + HOUR, "visit.started", producer="till"
            )
        self._identity("account:till")
        self._event("account:last", "last", NEWEST, "page.viewed")
        self._identity("account:last")
        for day in range(-9, 16):
            at, run = BEGAN + day * DAY, f"shop-{day}"
            kind = "audit.step_passed" if day < 11 else "audit.step_failed"
            self._say("walk:shop", kind, at, run, walk="shop", step="form", run_id=run, message="gone")
            self._say("walk:shop", "audit.step_passed", at, run + "s", walk="shop", step="start", run_id=run)
        mail = {"walk": "shop", "step": "mail", "run_id": "shop-mail", "sent_at": "2026-05-01T08:00:00Z"}
        self._say("walk:shop", "audit.step_passed", BEGAN + 2 * DAY, "shop-mail", **mail)
        self._identity("walk:shop")
        self.rows["quarantine"] += [
            {
                "id": f"q-{number}",
                "received_at": END - number * HOUR,
                "producer": "web",
                "reason": "bad_json",
                "message": "",
                "field": "",
                "body": "{}",
            }
            for number in range(1, 41)
        ]

    def put(self, store: Store) -> None:
        """Insert all rows."""
        for table, listed in self.rows.items():
            rows.put(store, table, listed, f"shop {table}")
        rows.put(store, "events", self.internal, "shop internal")

    def _customer(self, number: int) -> None:
        draw = self._random
        who = f"account:{number}"
        came = BEGAN + draw.randrange(4 * WEEK - DAY)
        last_week = came >= BEGAN + 3 * WEEK
        method = "wallet" if draw.random() < 0.4 else "card"
        self._identity(who)
        self._event(who, f"page-{number}", came, "page.viewed", method=method)
        frictions: list[tuple[str, int]] = []
        if draw.random() < (0.1 if method == "card" or not last_week else 0.6):
            frictions.append(("dead_clicks", came + HOUR))
        elif draw.random() < 0.5:
            order: Row = {"order_id": f"o-{number}", "value": 50.0, "currency": "EUR"}
            self._event(who, f"order-{number}", came + 2 * HOUR, "order.placed", **order)
        if draw.random() < 0.3:
            contact = {"contact_id": f"c-{number}", "reason": "billing"}
            self._event(who, f"call-{number}", came + 3 * HOUR, "contact.started", channel="phone", **contact)
            if draw.random() < 0.2:
                frictions.append(("queue_abandoned", came + 3 * HOUR + 5 * MINUTE))
        if draw.random() < 0.1:
            self._feedback(who, number, came + 5 * HOUR)
        for rule, at in frictions:
            self._friction(who, rule, at, came)
            self._say(who, "case.commented", at + DAY, str(number), friction_id=rule)
        points = sum(RULES[rule] for rule, _ in frictions)
        self.rows["journeys"].append(
            rows.journey(who, came, came + 6 * HOUR, strikes=points, score=100 - points, path=["web"])
        )

    def _say(self, who: str, kind: str, at: int, key: str, **data: Any) -> None:
        event = rows.event([who], f"{kind} {key}", at, kind, **data)
        self.internal.append(event | {"channel": "web", "source": "shop", "producer": kind[:5]})

    def _feedback(self, who: str, number: int, at: int) -> None:
        draw = self._random
        comment = (
            f"I clicked the button of basket {number} twelve times and nothing at all happened to my order."
        )
        data = {"feedback_id": f"f-{number}", "metric": "nps", "score": draw.randrange(0, 9), "scale": 10}
        self._event(who, f"feedback-{number}", at, "feedback.given", channel="email", comment=comment, **data)
        later = at + draw.choice([HOUR, 47 * HOUR, 49 * HOUR])
        if draw.random() < 0.5 and later < NEWEST:
            self._event(
                who,
                f"answer-{number}",
                later,
                "feedback.answered",
                channel="email",
                feedback_id=f"f-{number}",
            )

    def _event(self, who: str, key: str, at: int, kind: str, channel: str = "web", **data: Any) -> None:
        producer = data.pop("producer", "web")
        event = rows.event([who], key, at, kind, **data)
        self.rows["events"].append(event | {"channel": channel, "producer": producer})

    def _friction(self, who: str, rule: str, at: int, came: int) -> None:
        journey = rows.journey(who, came, came)["id"]
        channel = "phone" if rule == "queue_abandoned" else "web"
        self.rows["frictions"].append(
            rows.friction(who, rule, at, channel=channel, source="shop", journey=journey, weight=RULES[rule])
        )

    def _identity(self, who: str) -> None:
        self.rows["identities"].append({"entity": who, "customer": rows.of(who), "version": 1})
