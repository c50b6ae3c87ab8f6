"""Customer lifecycle: accounts and subscriptions."""

from pydantic import Field

from touchline.vocabulary.data import EventData, Id


class AccountOpened(EventData):
    """The customer opened an account."""

    plan: str | None = Field(default=None, description="the plan or product")


class AccountClosed(EventData):
    """The customer closed the account, or it was closed."""

    reason: str | None = Field(default=None, description="the reason")


class SubscriptionCancelled(EventData):
    """The customer cancelled a subscription or a contract, now or for a later date."""

    subscription_id: Id | None = Field(default=None, description="the subscription")
    plan: str | None = Field(default=None, description="the plan or product")
    reason: str | None = Field(default=None, description="the reason")
