"""Staff: what those who serve the customers say about it."""

from pydantic import Field

from touchline.vocabulary.data import EventData


class StaffFeedbackGiven(EventData):
    """A member of staff said what gets in the way of serving customers."""

    topic: str = Field(description="what it is about: a tool, a rule, a process")
    score: float | None = Field(default=None, description="the score as it was given")
    scale: float | None = Field(default=None, gt=0, description="the highest score that could be given")
    comment: str | None = Field(default=None, description="their words")
    team: str | None = Field(default=None, description="the team that they are of")
