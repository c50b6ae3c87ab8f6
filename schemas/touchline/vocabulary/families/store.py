"""Stores: visits to a place with people in it."""

from pydantic import Field

from touchline.vocabulary.data import EventData, Id, Seconds


class _InStore(EventData):
    visit_id: Id | None = Field(default=None, description="the visit")
    store: str | None = Field(default=None, description="the place")
    reason: str | None = Field(default=None, description="what the customer came for")


class VisitStarted(_InStore):
    """The customer came in, or checked in."""

    visit_id: Id = Field(description="the visit: the same from its start to its end")


class AssistanceRequested(_InStore):
    """The customer asked for help: pressed the button, took a number, asked at the desk."""

    assistance_id: Id | None = Field(default=None, description="this one wish for help")


class AssistanceGiven(_InStore):
    """A member of staff helped."""

    assistance_id: Id | None = Field(default=None, description="the wish for help that is answered")
    agent: str | None = Field(default=None, description="who helped, as a code and not a name")
    wait_seconds: Seconds | None = Field(default=None, description="how long the customer waited, in seconds")


class RequestDenied(_InStore):
    """The customer asked for something and was told no. On any channel."""

    kind: str = Field(description="what was asked for, such as return, discount or exchange")
    reason: str | None = Field(default=None, description="why it was denied")


class VisitEnded(_InStore):
    """The customer left."""

    visit_id: Id = Field(description="the visit: the same from its start to its end")
    bought: bool | None = Field(default=None, description="whether something was bought")
