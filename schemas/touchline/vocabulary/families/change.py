"""Changes: deployed fixes, so that friction before and after can be compared."""

from pydantic import Field

from touchline.vocabulary.data import EventData, Id


class ChangeDeployed(EventData):
    """A fix or a change went live. `touchline compare` measures before and after it."""

    change_id: Id = Field(description="id of the change, such as a release or a ticket")
    title: str | None = Field(default=None, description="what changed, in one sentence")
    rule: str | None = Field(default=None, description="the friction rule that the change should reduce")
