"""Walked audits: how a touchpoint did when a program walked through it."""

from pydantic import Field

from touchline.vocabulary.data import EventData, Id, Seconds, Time


class _StepData(EventData):
    walk: Id = Field(description="name of the audit")
    step: str = Field(max_length=200, description="the step, in words")
    run_id: Id = Field(description="id that all steps of one run share")
    seconds: Seconds | None = Field(default=None, description="how long the step took")
    limit_seconds: Seconds | None = Field(default=None, description="how long it may take")
    sent_at: Time | None = Field(default=None, description="when its e-mail was sent, RFC 3339")


class StepPassed(_StepData):
    """A step of a walked audit did what it should."""


class StepFailed(_StepData):
    """A step of a walked audit did not do what it should, or took too long."""

    message: str | None = Field(default=None, max_length=1_000, description="what was wrong")
