"""Changes: what was altered, so that before and after can be compared."""

from pydantic import Field

from touchline.vocabulary.data import EventData, Id


class ChangeDeployed(EventData):
    """A fix or a change went live: before and after are measured from here."""

    change_id: Id = Field(description="the change, such as a release or a ticket")
    title: str | None = Field(default=None, description="what changed, in a sentence")
    rule: str | None = Field(default=None, description="the friction rule that it is meant to bring down")
