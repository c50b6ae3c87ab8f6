"""Follow-ups: the company contacts the customer again."""

from pydantic import Field

from touchline.vocabulary.data import EventData, Id, Time


class _Followup(EventData):
    followup_id: Id = Field(description="id of the follow-up; the same when it is completed")
    contact_id: Id | None = Field(default=None, description="the contact that it follows up")
    kind: str | None = Field(default=None, description="kind of follow-up, such as call or survey")


class FollowupScheduled(_Followup):
    """A follow-up with the customer was scheduled."""

    due_at: Time | None = Field(default=None, description="the time by which it is due, RFC 3339")


class FollowupCompleted(_Followup):
    """The follow-up was done."""
