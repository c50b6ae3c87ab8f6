"""Requests of a page's browser: what a reader selects or writes, as a value of a known shape."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from nicegui.element import Element

R = TypeVar("R", bound=msgspec.Struct)


def on_request(element: Element, name: str, kind: type[R], handle: Callable[[R], object]) -> None:
    """Call `handle` with each request `name` of the element's browser.

    A request of another shape is dropped: the page itself never sends one.

    Args:
        element: The element whose component emits `name` with one object.
        name: The name of the event.
        kind: The shape of the object, with bounds of its texts and lists.
        handle: May return an awaitable.
    """

    def take(event: Any) -> object:
        try:
            request = msgspec.convert(event.args, kind)
        except msgspec.ValidationError:
            return None
        return handle(request)

    element.on(name, take)
