"""Promises to the customer, each with a deadline."""

from pydantic import Field

from touchline.vocabulary.data import EventData, Id, Time


class _Promise(EventData):
    promise_id: Id = Field(description="id of the promise; the same when it is kept or broken")
    kind: str | None = Field(default=None, description="what was promised, such as callback")


class PromiseMade(_Promise):
    """The customer was promised something by a deadline: a call back, a repair, an answer."""

    due_at: Time = Field(description="the deadline, RFC 3339")


class PromiseKept(_Promise):
    """The promise was kept."""


class PromiseBroken(_Promise):
    """The promise will not be kept, or not in time."""

    reason: str | None = Field(default=None, description="the reason")
