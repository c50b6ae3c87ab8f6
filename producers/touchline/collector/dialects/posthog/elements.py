"""What was clicked, as PostHog writes elements: a chain, or a list, with the clicked one first."""

import re
from collections.abc import Mapping
from typing import Any

_LONGEST = 120
_FIRST = re.compile(r'(?:[^";]|"(?:[^"\\]|\\.)*+")*+')
_TAG = re.compile(r"([^.:;]+)(?:\.([^.:;]+))?")
_ATTRIBUTE = re.compile(r'(attr__id|attr_id|attr__name|text)="((?:[^"\\]|\\.)*+)"')


def element_of(properties: Mapping[str, Any]) -> str | None:
    """The tag with its id, name or first class, such as `button#pay`; None if the event names no element."""
    tag, its = _clicked(properties)
    if not tag:
        return None
    if identifier := its.get("attr__id") or its.get("attr_id"):
        tag = f"{tag}#{identifier}"
    elif name := its.get("attr__name"):
        tag = f"{tag}[name={name}]"
    elif first_class := its.get("class"):
        tag = f"{tag}.{first_class}"
    return tag[:_LONGEST]


def element_text(properties: Mapping[str, Any]) -> str | None:
    """The text of the element; None if the event has none."""
    text = properties.get("$el_text") or _clicked(properties)[1].get("text")
    return text if isinstance(text, str) and text else None


def _clicked(properties: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    chain = properties.get("$elements_chain")
    if isinstance(chain, str) and chain:
        first = _match(_FIRST, chain)
        named = _TAG.match(first)
        if named is None:
            return "", {}
        found = {name: value.replace('\\"', '"') for name, value in _ATTRIBUTE.findall(first, named.end())}
        if named[2]:
            found["class"] = named[2]
        return named[1], found
    elements = properties.get("$elements")
    element = elements[0] if isinstance(elements, list) and elements else None
    if not isinstance(element, dict):
        return "", {}
    tag = element.get("tag_name")
    classes = element.get("classes")
    found = {
        "attr__id": element.get("attr__id"),
        "attr__name": element.get("attr__name"),
        "class": classes[0] if isinstance(classes, list) and classes else None,
        "text": element.get("$el_text"),
    }
    given = {name: value for name, value in found.items() if isinstance(value, str) and value}
    return (tag if isinstance(tag, str) else ""), given


def _match(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found[0] if found else ""
