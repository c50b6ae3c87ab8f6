"""Web and app: what the customer did and what went wrong on the page."""

from typing import Annotated

from pydantic import Field

from touchline.vocabulary.data import Count, EventData, Id, Seconds


class _OnPage(EventData):
    page: str | None = Field(default=None, description="path of the page or name of the screen")
    url: str | None = Field(default=None, description="the full URL")


class PageViewed(_OnPage):
    """A page or a screen was shown."""

    page: str = Field(description="path of the page or name of the screen")
    title: str | None = Field(default=None, description="title of the page")
    referrer: str | None = Field(default=None, description="URL of the previous page")


class _Requested(_OnPage):
    request: str = Field(description="method and path, without the query, such as POST /cart")
    status: Annotated[int, Field(ge=100, le=599)] | None = Field(
        default=None, description="HTTP status of the answer; absent if none came"
    )


class PageFailed(_Requested):
    """A request that the customer waited for failed, such as that of a button."""

    seconds: Seconds | None = Field(default=None, description="time until it failed, in seconds")


class PageStalled(_Requested):
    """A request that the customer waited for took long, or has no answer yet."""

    seconds: Seconds = Field(description="time waited, in seconds")


class SearchPerformed(_OnPage):
    """The customer searched the shop or the site (help pages: help.searched)."""

    query: str = Field(description="the search text")
    results: Count | None = Field(default=None, description="number of results")


class ElementClicked(_OnPage):
    """The customer clicked or tapped an element."""

    element: str = Field(description="name or selector of the element")
    text: str | None = Field(default=None, description="text of the element")


class ElementRageClicked(ElementClicked):
    """The customer clicked one element at least three times, each within a second of the last."""

    clicks: Count | None = Field(default=None, description="number of clicks")


class ElementDeadClicked(ElementClicked):
    """The customer clicked an element and nothing happened."""

    waited_seconds: Seconds | None = Field(default=None, description="time without a response, in seconds")


class ErrorShown(_OnPage):
    """The customer was shown an error message."""

    message: str = Field(description="the message that the customer saw")
    code: str | None = Field(default=None, description="error code")


class FormStarted(_OnPage):
    """The customer started to fill in a form."""

    form_id: Id = Field(description="id of the form")
    fields: Count | None = Field(default=None, description="number of fields")


class FormFieldFailed(_OnPage):
    """A form field rejected its input. Never send the input itself."""

    form_id: Id = Field(description="id of the form")
    field: str = Field(description="name of the field")
    message: str | None = Field(default=None, description="the message that the customer saw")


class FormSubmitted(_OnPage):
    """A form was submitted and accepted."""

    form_id: Id = Field(description="id of the form")
    seconds: Seconds | None = Field(default=None, description="time since the form was started, in seconds")
