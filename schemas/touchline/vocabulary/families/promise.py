"""Promises: what the customer was told would happen, and by when."""

from pydantic import Field

from touchline.vocabulary.data import EventData, Id, Time


class _Promise(EventData):
    promise_id: Id = Field(description="the promise: the same when it is kept or broken")
    kind: str | None = Field(default=None, description="what was promised, such as callback")


class PromiseMade(_Promise):
    """Someone promised the customer something by a time: a call back, a repair, an answer."""

    due_at: Time = Field(description="the time by which it was promised, RFC 3339")


class PromiseKept(_Promise):
    """What was promised was done."""


class PromiseBroken(_Promise):
    """It is known that what was promised will not be done, or not in time."""

    reason: str | None = Field(default=None, description="why")
