"""Contacts with people, on any channel: phone, chat, e-mail, social, store.

One contact is one call, one chat, one ticket, one conversation: all its events carry its `contact_id`. Any
of them may carry any of the fields below, as early as they are known.
"""

from typing import Literal

from pydantic import Field

from touchline.vocabulary.data import EventData, Id, Seconds, Time


class _Contact(EventData):
    contact_id: Id = Field(description="the call, chat or ticket: the same from its start to its end")
    reason: str | None = Field(default=None, description="what it is about, in the team's own fixed words")
    queue: str | None = Field(default=None, description="the queue or team it is with")
    agent: str | None = Field(default=None, description="who answers, as a code and not a name")
    resolved: bool | None = Field(default=None, description="whether it is solved")
    wait_seconds: Seconds | None = Field(default=None, description="how long the customer waited, in seconds")


class ContactStarted(_Contact):
    """The customer got in touch, or with `direction` outbound we did: a call, a chat, a message."""

    direction: Literal["inbound", "outbound"] | None = Field(
        default=None, description="outbound where we got in touch with the customer; inbound if not given"
    )


class ContactMenuEntered(_Contact):
    """The customer reached a menu, or a point of it."""

    menu: str | None = Field(default=None, description="the menu, or the choice in it")


class ContactQueued(_Contact):
    """The customer waits in a queue."""

    position: int | None = Field(default=None, ge=0, description="place in the queue")
    told_seconds: Seconds | None = Field(default=None, description="the wait that was announced, in seconds")
    due_at: Time | None = Field(default=None, description="by when an answer was announced, RFC 3339")


class ContactAnswered(_Contact):
    """A person, or what stands for one, answered."""


class ContactHeld(_Contact):
    """The customer was put on hold."""


class ContactResumed(_Contact):
    """The customer was taken off hold."""

    held_seconds: Seconds | None = Field(default=None, description="how long the hold was, in seconds")


class ContactTransferred(_Contact):
    """The contact went to another queue or person."""

    from_queue: str | None = Field(default=None, description="the queue it came from; `queue` is the new one")


class ContactEscalated(_Contact):
    """The contact went up: to a supervisor, a second line, a complaint desk."""

    level: str | None = Field(default=None, description="where to, such as tier2")


class ContactReauthenticated(_Contact):
    """The customer had to say again who they are."""


class ContactAbandoned(_Contact):
    """The customer left before anyone answered: hung up in the queue, closed the chat."""

    stage: str | None = Field(default=None, description="where: menu or queue")


class ContactEnded(_Contact):
    """The contact is over, after an answer."""

    seconds: Seconds | None = Field(default=None, description="time from its start, in seconds")
