"""Staff: feedback of employees who serve customers."""

from pydantic import Field

from touchline.vocabulary.data import EventData


class StaffFeedbackGiven(EventData):
    """An employee reported what makes serving customers hard."""

    topic: str = Field(description="the topic: a tool, a rule or a process")
    score: float | None = Field(default=None, description="the score")
    scale: float | None = Field(default=None, gt=0, description="the highest possible score")
    comment: str | None = Field(default=None, description="the comment")
    team: str | None = Field(default=None, description="team of the employee")
