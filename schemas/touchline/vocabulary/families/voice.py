"""Voice of the customer: scores, reviews, complaints, and what is said in public."""

from typing import Literal

from pydantic import Field

from touchline.vocabulary.data import EventData, Id

Metric = Literal["csat", "nps", "ces", "review", "complaint"]
Sentiment = Literal["negative", "neutral", "positive"]


class FeedbackGiven(EventData):
    """The customer gave a score, a review or a complaint."""

    feedback_id: Id = Field(description="the answer, review or complaint")
    metric: Metric = Field(description="csat, nps, ces, review or complaint")
    score: float | None = Field(default=None, description="the score as it was given")
    scale: float | None = Field(default=None, gt=0, description="the highest score that could be given")
    lower_is_better: bool | None = Field(default=None, description="true where a high score is a bad one")
    sentiment: Sentiment | None = Field(default=None, description="negative, neutral or positive")
    comment: str | None = Field(default=None, description="the customer's words")
    contact_id: Id | None = Field(default=None, description="the contact that it is about")
    order_id: Id | None = Field(default=None, description="the order that it is about")


class FeedbackAnswered(EventData):
    """Someone answered the feedback, to the customer."""

    feedback_id: Id = Field(description="the feedback that is answered")
    agent: str | None = Field(default=None, description="who answered, as a code and not a name")


class MentionPosted(EventData):
    """The customer spoke of the company, or to it, in public."""

    mention_id: Id = Field(description="the post")
    network: str | None = Field(default=None, description="where, such as mastodon or a review site")
    sentiment: Sentiment | None = Field(default=None, description="negative, neutral or positive")
    text: str | None = Field(default=None, description="the post's words")


class MentionAnswered(EventData):
    """The company answered a post."""

    mention_id: Id = Field(description="the post that is answered")
    network: str | None = Field(default=None, description="where, such as mastodon or a review site")
    agent: str | None = Field(default=None, description="who answered, as a code and not a name")
