"""A story: the touchpoints of one customer, and the frictions planted in them.

At every moment the default pack finds exactly the declared frictions in the touchpoints, in both layers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from random import Random
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID, uuid5

from touchline.simulation.causes import QUEUE, RELEASE, Cause
from touchline.simulation.words import comment
from touchline.vocabulary.ids import NAMESPACE

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

SILENCE = 30 * DAY
"""Silence after a friction (ms) from which a customer counts as lost."""

SECOND_LAYER = {
    "strike_out",
    "left_after_friction",
    "order_cancelled_after_friction",
    "silence_after_friction",
}
"""Rules of the second layer, which select frictions of other rules."""

_NO_SILENCE = {
    *("cart.updated", "order.placed", "contact.started", "visit.started"),
    *("account.closed", "subscription.cancelled"),
}
"""Touchpoints that end a silence: the customer is back, or has left for good."""

Identifiers = Mapping[str, str]
NOTHING: Mapping[str, Any] = MappingProxyType({})
Channel = Literal["web", "app", "phone", "chat", "email", "social", "store", "mail", "kiosk", "field"]
Source = Literal[
    "webshop", "call-centre", "stores", "social-desk", "logistics", "crm", "staff-survey", "releases"
]


def rfc3339(time: int) -> str:
    """A time in ms since 1970 as native events write it."""
    return datetime.fromtimestamp(time // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{time % 1000:03}Z"


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """An event before it is sent. Times are ms since 1970.

    It is sent at `due`: at its `time`, or later if the system that recorded it was offline.
    """

    id: str
    type: str
    time: int
    due: int
    channel: Channel
    source: Source
    identifiers: Identifiers
    data: Mapping[str, Any]
    context: Mapping[str, Any]

    def envelope(self) -> dict[str, Any]:
        """The touchpoint as a native event."""
        event = {
            "id": self.id,
            "type": self.type,
            "time": rfc3339(self.time),
            "channel": self.channel,
            "source": self.source,
            "identifiers": dict(self.identifiers),
            "data": dict(self.data),
        }
        if self.context:
            event["context"] = dict(self.context)
        return event


@dataclass(frozen=True, slots=True)
class Planted:
    """A friction in a story. Times are ms since 1970.

    At `taken_back_at` a late event or a link retracts it.
    """

    rule: str
    anchor: str
    opened_at: int
    resolved_at: int | None = None
    taken_back_at: int | None = None

    @property
    def id(self) -> UUID:
        """The friction id (docs/semantics.md#friction)."""
        return uuid5(NAMESPACE, f"{self.rule}:{self.anchor}")

    def as_known(self, now: int) -> "Planted | None":
        """The friction as known at `now`: open, resolved, or None."""
        if self.opened_at > now or (self.taken_back_at is not None and self.taken_back_at <= now):
            return None
        late = self.resolved_at is not None and self.resolved_at > now
        return replace(self, resolved_at=None if late else self.resolved_at, taken_back_at=None)


class Story:
    """Writes the touchpoints of one customer in time order, and declares the frictions in them.

    `key` seeds the story and names its customer; each story has its own key. Without `causes`, customers who
    meet a friction differ from others by chance only.
    """

    def __init__(self, key: str, begin: int, *, causes: bool = True) -> None:
        self.now = begin
        self._causes = causes
        self.touchpoints: list[Touchpoint] = []
        self.planted: list[Planted] = []
        self.random = Random(key)  # noqa: S311 - a simulation
        self._key = blake2b(key.encode(), digest_size=9).hexdigest()
        number = int(self._key, 16) % 10**10
        self.account: Identifiers = {"account": f"u-{self._key[:10]}"}
        self.device: Identifiers = {"device": f"d-{self._key[:12]}"}
        self.email: Identifiers = {"email": f"{self._key[:10]}@example.com"}
        self.phone: Identifiers = {"phone": f"+4915{number:010}"}
        self.social: Identifiers = {"social": f"@{self._key[:10]}"}
        self.release = RELEASE.of_anyone(self.random)
        """The release of the web shop that the customer's browser has."""

    def meets(self, cause: Cause) -> str:
        """The value of a cause for a customer who meets its friction."""
        return cause.of_affected(self.random) if self._causes else cause.of_anyone(self.random)

    def name(self, kind: str) -> str:
        """A new id in this story, such as a cart's."""
        return f"{kind}-{self._key[:10]}-{len(self.touchpoints)}"

    def wait(self, shortest: int, longest: int) -> None:
        """Let between `shortest` and `longest` ms pass."""
        self.now += self.random.randint(shortest, longest)

    def happen(
        self,
        type_: str,
        who: Identifiers,
        channel: Channel,
        source: Source,
        *,
        sent_after: int = 0,
        context: Mapping[str, Any] = NOTHING,
        **data: Any,
    ) -> Touchpoint:
        """Write a touchpoint at the story's time; it is sent `sent_after` ms later."""
        self.now += 1  # so that no two touchpoints of a story share a time
        touchpoint = Touchpoint(
            id=f"{self._key}-{len(self.touchpoints):02}",
            type=type_,
            time=self.now,
            due=self.now + sent_after,
            channel=channel,
            source=source,
            identifiers=dict(who),
            data=data,
            context=context,
        )
        self.touchpoints.append(touchpoint)
        return touchpoint

    def web(self, type_: str, who: Identifiers, **data: Any) -> Touchpoint:
        """Write a touchpoint of the web shop."""
        return self.happen(type_, who, "web", "webshop", context={"release": self.release}, **data)

    def store(self, type_: str, who: Identifiers, **data: Any) -> Touchpoint:
        """Write a touchpoint of a store."""
        return self.happen(type_, who, "store", "stores", **data)

    def rate(self, who: Identifiers, subject: str, *scores: int) -> None:
        """Give one of the scores (of five) an hour or more later, with a comment on the subject."""
        self.wait(HOUR, 6 * HOUR)
        self.web(
            "feedback.given", who,
            feedback_id=self.name("feedback"), metric="csat", score=self.random.choice(scores), scale=5,
            comment=comment(self.random, subject),
        )  # fmt: skip

    def known(self) -> None:
        """Link the customer's account, e-mail and phone by an event of the CRM."""
        self.happen("identity.linked", {**self.account, **self.email, **self.phone}, "web", "crm")
        self.wait(MINUTE, 10 * MINUTE)

    def contact(self, channel: Channel, who: Identifiers, reason: str, **data: Any) -> "Contact":
        """Start a contact, by the customer unless `direction` is `outbound`."""
        return Contact(self, channel, who, reason, **data)

    def plant(
        self,
        rule: str,
        anchor: Touchpoint | Planted,
        opened: Touchpoint | Planted | int,
        *,
        resolved: Touchpoint | None = None,
        taken_back_at: int | None = None,
    ) -> Planted:
        """Declare a friction: its rule, its anchor, what opens it (or when), and what resolves it."""
        if isinstance(opened, int):
            opened_at = opened
        else:
            opened_at = opened.time if isinstance(opened, Touchpoint) else opened.opened_at
        planted = Planted(
            rule=rule,
            anchor=str(anchor.id),
            opened_at=opened_at,
            resolved_at=resolved.time if resolved else None,
            taken_back_at=taken_back_at,
        )
        self.planted.append(planted)
        return planted

    def fall_silent(self) -> None:
        """End the story; after a friction, the silence is another friction."""
        seen = max(
            (
                one.time
                for one in self.touchpoints
                if one.type in _NO_SILENCE and one.data.get("direction") != "outbound"
            ),
            default=0,
        )
        since = [
            one
            for one in self.planted
            if one.rule not in SECOND_LAYER and one.taken_back_at is None and one.opened_at >= seen
        ]
        if since:
            first = min(since, key=lambda one: (one.opened_at, str(one.id)))
            last = max(one.opened_at for one in since)
            self.plant("silence_after_friction", first, last + SILENCE)


TEAMS = ("north", "south", "evening")
"""Teams of the agents."""


class Contact:
    """A contact in a story, on any channel."""

    def __init__(self, story: Story, channel: Channel, who: Identifiers, reason: str, **data: Any) -> None:
        self._story = story
        self._channel = channel
        self._who = who
        self._same: dict[str, Any] = {"contact_id": story.name("contact"), "reason": reason}
        self._waiting_since = story.now
        self._announced: dict[str, float] = {}
        self.started = self.step("started", **data)

    def step(self, name: str, **data: Any) -> Touchpoint:
        """Write `contact.<name>`."""
        source: Source = {"social": "social-desk", "store": "stores"}.get(self._channel, "call-centre")  # type: ignore[assignment]
        return self._story.happen(f"contact.{name}", self._who, self._channel, source, **self._same, **data)

    def menu(self) -> Touchpoint:
        """The customer is in the menu within seconds."""
        self._story.wait(2 * SECOND, 6 * SECOND)
        return self.step("menu_entered")

    def queue(self, name: str | None = None, **announced: float) -> Touchpoint:
        """The customer enters a queue within half a minute; without a name, that of anyone."""
        name = name or QUEUE.of_anyone(self._story.random)
        self._story.wait(5 * SECOND, 30 * SECOND)
        self._waiting_since = self._story.now
        self._announced = announced
        return self.step("queued", queue=name, **announced)

    def transfer(self, queue: str) -> Touchpoint:
        """The customer is transferred to another queue after a talk."""
        self.talk()
        self._waiting_since = self._story.now
        return self.step("transferred", queue=queue)

    def answer(self, shortest: int = 3 * SECOND, longest: int = 90 * SECOND) -> Touchpoint:
        """An agent answers after between `shortest` and `longest` ms."""
        self._story.wait(shortest, longest)
        number = self._story.random.randint(1, 40)
        return self.step(
            "answered",
            agent=f"a{number}",
            team=TEAMS[number % len(TEAMS)],
            wait_seconds=self._waited(),
            **self._announced,
        )

    def talk(self, shortest: int = MINUTE, longest: int = 6 * MINUTE) -> None:
        """Customer and agent talk for between `shortest` and `longest` ms."""
        self._story.wait(shortest, longest)

    def give_up(self, shortest: int, longest: int) -> Touchpoint:
        """The customer leaves after between `shortest` and `longest` ms."""
        self._story.wait(shortest, longest)
        waited = {"wait_seconds": self._waited()} if self._announced else {}
        return self.step("abandoned", **waited, **self._announced)

    def end(self, *, resolved: bool = True) -> Touchpoint:
        """The contact ends after a talk."""
        self.talk()
        return self.step("ended", resolved=resolved)

    def _waited(self) -> float:
        return (self._story.now - self._waiting_since) / 1000
