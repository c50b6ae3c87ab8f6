"""Marketing: what reached the customer before the customer came."""

from pydantic import Field

from touchline.vocabulary.data import Currency, EventData, Id


class _Campaign(EventData):
    campaign_id: Id = Field(description="the campaign")
    message_id: Id | None = Field(default=None, description="the single message that was sent")
    subject: str | None = Field(default=None, description="its subject or headline")


class CampaignDelivered(_Campaign):
    """A message of a campaign reached the customer: in the inbox, the letter box, the app."""


class CampaignOpened(_Campaign):
    """The customer opened a message of a campaign."""


class CampaignClicked(_Campaign):
    """The customer followed a link in a message of a campaign."""

    url: str | None = Field(default=None, description="where the link led")


class CouponRedeemed(EventData):
    """The customer used a coupon, on any channel."""

    coupon_id: Id = Field(description="the coupon or its code")
    campaign_id: Id | None = Field(default=None, description="the campaign that it came with")
    order_id: Id | None = Field(default=None, description="the order that it was used for")
    value: float | None = Field(default=None, description="what it took off the price")
    currency: Currency | None = Field(default=None, description="currency of the value, ISO 4217")
