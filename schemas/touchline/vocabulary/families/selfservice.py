"""Self-service: the customer looks for help without a person, and finds it or not."""

from pydantic import Field

from touchline.vocabulary.data import Count, EventData, Id


class _Help(EventData):
    reason: str | None = Field(default=None, description="what it is about, in the words of contact.*")
    article_id: Id | None = Field(default=None, description="the page, article or dialogue")


class HelpSearched(_Help):
    """The customer searched the help pages, or asked the assistant."""

    query: str = Field(description="what was searched for")
    results: Count | None = Field(default=None, description="how many results were shown")


class HelpViewed(_Help):
    """The customer opened a help page."""

    article_id: Id = Field(description="the page, article or dialogue")


class HelpFailed(_Help):
    """Self-service did not help: no result, "this did not help", the assistant gave up."""

    query: str | None = Field(default=None, description="what was searched for")


class HelpSucceeded(_Help):
    """Self-service helped: the customer said so, or finished what they came for."""
