"""Web and app: what the customer did, and what the page did not do."""

from pydantic import Field

from touchline.vocabulary.data import Count, EventData, Id, Seconds


class _OnPage(EventData):
    page: str | None = Field(default=None, description="path of the page, or name of the screen")
    url: str | None = Field(default=None, description="the whole address")


class PageViewed(_OnPage):
    """A page or a screen came into view."""

    page: str = Field(description="path of the page, or name of the screen")
    title: str | None = Field(default=None, description="its title")
    referrer: str | None = Field(default=None, description="address of the page before")


class SearchPerformed(_OnPage):
    """The customer searched the shop or the site (for a search of the help pages: help.searched)."""

    query: str = Field(description="what was searched for")
    results: Count | None = Field(default=None, description="how many results were shown")


class ElementClicked(_OnPage):
    """The customer clicked or tapped something worth counting."""

    element: str = Field(description="name or selector of the element")
    text: str | None = Field(default=None, description="the element's own words")


class ElementRageClicked(ElementClicked):
    """The customer clicked one element again and again, quickly: three or more within a second each."""

    clicks: Count | None = Field(default=None, description="how many clicks")


class ElementDeadClicked(ElementClicked):
    """The customer clicked an element and nothing happened."""

    waited_seconds: Seconds | None = Field(default=None, description="how long nothing happened, in seconds")


class ErrorShown(_OnPage):
    """The customer was shown an error, whoever made it."""

    message: str = Field(description="the words that the customer read")
    code: str | None = Field(default=None, description="the error's own code")


class FormStarted(_OnPage):
    """The customer typed into the first field of a form."""

    form_id: Id = Field(description="the form")
    fields: Count | None = Field(default=None, description="how many fields it has")


class FormFieldFailed(_OnPage):
    """A field of a form refused what the customer entered. Never send what was entered."""

    form_id: Id = Field(description="the form")
    field: str = Field(description="name of the field")
    message: str | None = Field(default=None, description="the words that the customer read")


class FormSubmitted(_OnPage):
    """A form was sent and accepted."""

    form_id: Id = Field(description="the form")
    seconds: Seconds | None = Field(default=None, description="time from its start, in seconds")
