"""Cases: what staff do about one friction of one customer."""

from typing import Literal

from pydantic import Field

from touchline.vocabulary.data import EventData, Id

Verdict = Literal["solved", "known", "false_alarm"]
"""How a case ended: the customer was helped or the cause removed; the friction is real and nothing more is
done; there was no friction."""

_LONGEST_COMMENT = 4_000


class _CaseData(EventData):
    friction_id: Id = Field(description="id of the friction")
    by: str | None = Field(default=None, max_length=128, description="who did it: a person, or a system")


class CaseAssigned(_CaseData):
    """Somebody got the task to take care of a friction; without `assignee`, nobody has it any more."""

    assignee: str | None = Field(default=None, max_length=128, description="who takes care of it")


class CaseCommented(_CaseData):
    """Staff noted something about a friction."""

    comment: str = Field(min_length=1, max_length=_LONGEST_COMMENT, description="the comment")


class CaseClosed(_CaseData):
    """Staff closed the case of a friction."""

    verdict: Verdict = Field(description="how it ended")
    comment: str | None = Field(default=None, max_length=_LONGEST_COMMENT, description="what was done")


class CaseReopened(_CaseData):
    """Staff opened a closed case again."""

    comment: str | None = Field(default=None, max_length=_LONGEST_COMMENT, description="the reason")
