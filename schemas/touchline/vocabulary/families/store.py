"""Stores: visits to a place with staff."""

from pydantic import Field

from touchline.vocabulary.data import EventData, Id, Seconds


class _InStore(EventData):
    visit_id: Id | None = Field(default=None, description="id of the visit")
    store: str | None = Field(default=None, description="the store")
    reason: str | None = Field(default=None, description="purpose of the visit")


class VisitStarted(_InStore):
    """The customer entered the store or checked in."""

    visit_id: Id = Field(description="id of the visit; the same from its start to its end")


class AssistanceRequested(_InStore):
    """The customer asked for help: pressed a button, took a number, asked at the desk."""

    assistance_id: Id | None = Field(default=None, description="id of this request for help")


class AssistanceGiven(_InStore):
    """An employee helped the customer."""

    assistance_id: Id | None = Field(default=None, description="id of the request for help")
    agent: str | None = Field(default=None, description="the employee, as a code, not a name")
    wait_seconds: Seconds | None = Field(default=None, description="how long the customer waited, in seconds")


class RequestDenied(_InStore):
    """A request of the customer was denied, on any channel."""

    kind: str = Field(description="what the customer asked for, such as return, discount or exchange")
    reason: str | None = Field(default=None, description="the reason of the denial")


class VisitEnded(_InStore):
    """The customer left the store."""

    visit_id: Id = Field(description="id of the visit; the same from its start to its end")
    bought: bool | None = Field(default=None, description="whether the customer bought something")
