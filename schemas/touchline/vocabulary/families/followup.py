"""Follow-up: coming back to the customer unasked."""

from pydantic import Field

from touchline.vocabulary.data import EventData, Id, Time


class _Followup(EventData):
    followup_id: Id = Field(description="the follow-up: the same when it is completed")
    contact_id: Id | None = Field(default=None, description="the contact that it follows")
    kind: str | None = Field(default=None, description="how, such as call or survey")


class FollowupScheduled(_Followup):
    """Someone means to come back to the customer."""

    due_at: Time | None = Field(default=None, description="by when, RFC 3339")


class FollowupCompleted(_Followup):
    """The follow-up is done: someone came back to the customer."""
