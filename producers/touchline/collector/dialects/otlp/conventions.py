"""Events of the semantic conventions that the vocabulary has too.

Where such an event lacks what the type needs, or for other events, the name decides (`vocabulary_names`).
"""

from typing import Any, Final
from urllib.parse import urlsplit

PATH: Final = "path of "
"""Before the name of an attribute: the path of the URL that it holds."""

_CLICK: Final = {
    "element": ("browser.xpath", "xpath", "browser.tag_name", "tag_name"),
    "url": ("url.full", "browser.document.url.full"),
}
_PAGE: Final = {
    "page": (f"{PATH}url.full", f"{PATH}browser.document.url.full", f"{PATH}url"),
    "url": ("url.full", "browser.document.url.full", "url"),
    "title": ("browser.document.title", "title"),
    "referrer": ("browser.document.referrer", "referrer"),
}

CONVENTIONS: Final[dict[str, tuple[str, dict[str, tuple[str, ...]]]]] = {
    "app.widget.click": (
        "element.clicked",
        {"element": ("app.widget.name", "app.widget.id"), "page": ("app.screen.name",)},
    ),
    "browser.user_action.click": ("element.clicked", _CLICK),
    "browser.navigation": ("page.viewed", _PAGE),
    "browser.page_view": ("page.viewed", _PAGE),
}
"""Event name → type, and per field of its data the attributes that it is taken from: the first there is."""


def conventional(name: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The type and the data that the conventions give an event; None if they have none for it.

    Args:
        name: The name of the event.
        values: Its attributes, and the fields of its body. Those that give a field are not in the data, but
            the fields that they give.
    """
    found = CONVENTIONS.get(name)
    if found is None:
        return None
    event_type, table = found
    data = dict(values)
    given: dict[str, Any] = {}
    for field, places in table.items():
        for place in places:
            value = values.get(place.removeprefix(PATH))
            if place.startswith(PATH):
                value = _path(value)
            elif value is not None:
                del data[place]
            if value is not None:
                given[field] = value
                break
    return event_type, data | given


def _path(url: Any) -> str | None:
    try:
        return urlsplit(url).path or "/" if isinstance(url, str) else None
    except ValueError:
        return None
