"""Marketing: campaigns and coupons."""

from pydantic import Field

from touchline.vocabulary.data import Currency, EventData, Id


class _Campaign(EventData):
    campaign_id: Id = Field(description="id of the campaign")
    message_id: Id | None = Field(default=None, description="id of the single message")
    subject: str | None = Field(default=None, description="subject or headline of the message")


class CampaignDelivered(_Campaign):
    """A campaign message reached the customer: in the inbox, the letter box or the app."""


class CampaignOpened(_Campaign):
    """The customer opened a campaign message."""


class CampaignClicked(_Campaign):
    """The customer followed a link in a campaign message."""

    url: str | None = Field(default=None, description="target of the link")


class CouponRedeemed(EventData):
    """The customer used a coupon, on any channel."""

    coupon_id: Id = Field(description="id or code of the coupon")
    campaign_id: Id | None = Field(default=None, description="the campaign of the coupon")
    order_id: Id | None = Field(default=None, description="the order that it was used for")
    value: float | None = Field(default=None, description="the discount")
    currency: Currency | None = Field(default=None, description="currency of the value, ISO 4217")
