"""A store in which late deliveries make customers write about them, and give low scores."""

from random import Random
from typing import Any
from uuid import UUID, uuid5

import orjson

from tests.analysis.voice.writing import LIEFERUNG, RECHNUNG, THEMES, english, german
from touchline.identity import customer_id
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR

BEGAN = 1_780_000_000_000
END = BEGAN + 28 * DAY
SPACE = UUID(int=0)

MET, OTHERS, GERMANS = 80, 240, 130
PRIVATE = (
    "my parcel 4471-0093 is late, write to anna.long@mail.example or +49 30 1234 567, I am @anna_long, "
    "https://shop.example/o/77?t=secret, loyalty GOLDMEMBER, IBAN DE89 3704 0044 0532 0130 00, two days late"
)
PRIVATE_PARTS = ("4471", "anna", "1234", "secret", "GOLDMEMBER", "DE89", "3704")


def fill(store: Store) -> None:
    """Fill the store."""
    random = Random(4)
    events: list[dict[str, Any]] = []
    frictions: list[tuple[str, int]] = []

    def add(who: str, at: int, kind: str, data: dict[str, Any], channel: str = "email") -> None:
        events.append({"who": who, "at": at, "type": kind, "data": data, "channel": channel})

    for number in range(MET + OTHERS):
        who, at = f"account:{number}", BEGAN + random.randrange(20 * DAY)
        met = number < MET
        if met:
            frictions.append((who, at))
        theme = "delivery" if met else list(THEMES)[1 + number % 3]
        low = random.random() < (0.7 if met else 0.2)
        survey = {"feedback_id": f"f{number}", "metric": "csat", "score": 1 if low else 5, "scale": 5}
        text = english(theme, random) + (" terrible awful disgrace" if low else " lovely great kind")
        add(who, at + random.randrange(1, 48) * HOUR, "feedback.given", survey | {"comment": text})
        nps = {"feedback_id": f"n{number}", "metric": "nps", "score": 3 if low else 10}
        add(who, at + random.randrange(1, 48) * HOUR, "feedback.given", nps)
    for number in range(GERMANS):
        text = german(RECHNUNG if number % 2 else LIEFERUNG, random)
        at = BEGAN + random.randrange(28 * DAY)
        add(
            f"social:german{number}",
            at,
            "mention.posted",
            {"mention_id": f"m{number}", "text": text},
            "social",
        )
    add("account:0", END - DAY, "mention.posted", {"mention_id": "m-private", "text": PRIVATE}, "social")
    frictions.append(("account:0", END - 2 * DAY))
    for number in range(3):
        comment = {
            "topic": "scanner tool",
            "comment": "call 030 1234567, the scanner fails",
            "score": 1,
            "scale": 5,
        }
        add(f"account:staff{number}", BEGAN + number * DAY, "staff.feedback_given", comment, "mail")
    _put(store, events, frictions)


def _put(store: Store, events: list[dict[str, Any]], frictions: list[tuple[str, int]]) -> None:
    extra = {"account:0": ["loyalty:GOLDMEMBER"]}
    store.insert(
        "events",
        {
            "id": [f"e{number}" for number in range(len(events))],
            "type": [one["type"] for one in events],
            "time": [one["at"] for one in events],
            "channel": [one["channel"] for one in events],
            "source": ["depot" if one["channel"] == "mail" else "shop" for one in events],
            "entity": [one["who"] for one in events],
            "identifiers": [[one["who"], *extra.get(one["who"], [])] for one in events],
            "data": [orjson.dumps(one["data"]).decode() for one in events],
        },
        "events",
    )
    everyone = sorted({one["who"] for one in events})
    rows: dict[str, list[Any]] = {"entity": everyone, "customer": [customer_id(who) for who in everyone]}
    store.insert("identities", rows | {"version": [1] * len(everyone)}, "identities")
    store.insert(
        "frictions",
        {
            "id": [uuid5(SPACE, f"{who} {at}") for who, at in frictions],
            "customer": [customer_id(who) for who, _ in frictions],
            "opened_at": [at for _, at in frictions],
            "channel": ["mail"] * len(frictions),
            "source": ["depot"] * len(frictions),
            "rule": ["delivery_late"] * len(frictions),
            "factor": ["technology"] * len(frictions),
            "status": ["open"] * len(frictions),
            "version": [1] * len(frictions),
        },
        "frictions",
    )
