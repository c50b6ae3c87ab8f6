"""Voice of the customer: scores, reviews, complaints and public posts."""

from typing import Literal

from pydantic import Field

from touchline.vocabulary.data import EventData, Id

Metric = Literal["csat", "nps", "ces", "review", "complaint"]
Sentiment = Literal["negative", "neutral", "positive"]


class FeedbackGiven(EventData):
    """The customer gave a score, a review or a complaint."""

    feedback_id: Id = Field(description="id of the response, review or complaint")
    metric: Metric = Field(description="csat, nps, ces, review or complaint")
    score: float | None = Field(default=None, description="the score")
    scale: float | None = Field(default=None, gt=0, description="the highest possible score")
    lower_is_better: bool | None = Field(default=None, description="true if a lower score is better")
    sentiment: Sentiment | None = Field(default=None, description="negative, neutral or positive")
    comment: str | None = Field(default=None, description="the customer's words")
    contact_id: Id | None = Field(default=None, description="the contact that it is about")
    order_id: Id | None = Field(default=None, description="the order that it is about")


class FeedbackAnswered(EventData):
    """The company answered the feedback to the customer."""

    feedback_id: Id = Field(description="id of the feedback")
    agent: str | None = Field(default=None, description="the agent, as a code, not a name")


class MentionPosted(EventData):
    """The customer posted about the company, or to it, in public."""

    mention_id: Id = Field(description="id of the post")
    network: str | None = Field(default=None, description="the network, such as mastodon or a review site")
    sentiment: Sentiment | None = Field(default=None, description="negative, neutral or positive")
    text: str | None = Field(default=None, description="text of the post")


class MentionAnswered(EventData):
    """The company answered a public post."""

    mention_id: Id = Field(description="id of the post")
    network: str | None = Field(default=None, description="the network, such as mastodon or a review site")
    agent: str | None = Field(default=None, description="the agent, as a code, not a name")
