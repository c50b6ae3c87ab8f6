"""Self-service: the customer looks for help without an agent."""

from pydantic import Field

from touchline.vocabulary.data import Count, EventData, Id


class _Help(EventData):
    reason: str | None = Field(
        default=None, description="what it is about; use the same words as for contact.*"
    )
    article_id: Id | None = Field(default=None, description="id of the page, article or dialogue")


class HelpSearched(_Help):
    """The customer searched the help pages or asked the assistant."""

    query: str = Field(description="the search text")
    results: Count | None = Field(default=None, description="number of results")


class HelpViewed(_Help):
    """The customer opened a help page."""

    article_id: Id = Field(description="id of the page, article or dialogue")


class HelpFailed(_Help):
    """Self-service did not help: no result, "this did not help", the assistant gave up."""

    query: str | None = Field(default=None, description="the search text")


class HelpSucceeded(_Help):
    """Self-service helped: the customer said so, or finished what they came for."""
