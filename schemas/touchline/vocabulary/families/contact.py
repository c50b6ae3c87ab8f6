"""Contacts with agents, on any channel: phone, chat, e-mail, social, store.

A contact is one call, one chat, one ticket or one conversation; all its events have the same `contact_id`.
Every event may have any of the fields below, as soon as they are known.
"""

from typing import Literal

from pydantic import Field

from touchline.vocabulary.data import EventData, Id, Seconds, Time


class _Contact(EventData):
    contact_id: Id = Field(description="id of the call, chat or ticket; the same from its start to its end")
    reason: str | None = Field(default=None, description="what it is about; use a fixed list of words")
    queue: str | None = Field(default=None, description="the queue or team that handles it")
    agent: str | None = Field(default=None, description="the agent, as a code, not a name")
    team: str | None = Field(default=None, description="team of the agent")
    resolved: bool | None = Field(default=None, description="whether the request is resolved")
    wait_seconds: Seconds | None = Field(default=None, description="how long the customer waited, in seconds")
    told_seconds: Seconds | None = Field(
        default=None, description="the announced wait, in seconds; send it with `wait_seconds`, too"
    )


class ContactStarted(_Contact):
    """A contact started: a call, a chat or a message; `direction` says who contacted whom."""

    direction: Literal["inbound", "outbound"] | None = Field(
        default=None, description="outbound if the company contacted the customer; default: inbound"
    )


class ContactMenuEntered(_Contact):
    """The customer entered a menu, or a submenu."""

    menu: str | None = Field(default=None, description="the menu, or the option chosen in it")


class ContactQueued(_Contact):
    """The customer joined a queue."""

    position: int | None = Field(default=None, ge=0, description="position in the queue")
    due_at: Time | None = Field(default=None, description="the announced time of an answer, RFC 3339")


class ContactAnswered(_Contact):
    """An agent, human or automated, answered."""


class ContactHeld(_Contact):
    """The customer was put on hold."""


class ContactResumed(_Contact):
    """The customer was taken off hold."""

    held_seconds: Seconds | None = Field(default=None, description="length of the hold, in seconds")


class ContactTransferred(_Contact):
    """The contact was transferred to another queue or agent."""

    from_queue: str | None = Field(default=None, description="the previous queue; `queue` is the new one")


class ContactEscalated(_Contact):
    """The contact was escalated: to a supervisor, a second line or a complaint desk."""

    level: str | None = Field(default=None, description="the new level, such as tier2")


class ContactReauthenticated(_Contact):
    """The customer had to authenticate again."""


class ContactAbandoned(_Contact):
    """The customer left before anyone answered: hung up in the queue, closed the chat."""

    stage: str | None = Field(default=None, description="where the customer left: menu or queue")


class ContactEnded(_Contact):
    """The contact ended after an answer."""

    seconds: Seconds | None = Field(default=None, description="time since its start, in seconds")
