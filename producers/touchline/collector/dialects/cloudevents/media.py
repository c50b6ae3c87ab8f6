"""Content types: what is JSON, what is text, and in which character set."""

from typing import Final

from touchline.collector.dialects.dialect import Unsplittable

_CHARSETS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
}


def is_json(content_type: str) -> bool:
    """Whether a content type is of JSON, such as `application/json` or `application/vnd.shop+json`."""
    return _media(content_type).endswith(("/json", "+json"))


def is_text(content_type: str) -> bool:
    """Whether a content type is of text, such as `text/plain` or `application/xml`."""
    media = _media(content_type)
    return media.startswith("text/") or media.endswith(("/xml", "+xml"))


def utf8(body: bytes, content_type: str) -> bytes:
    """A body in UTF-8, by the character set that its content type names.

    Raises:
        Unsplittable: the character set is unknown, or the body is not in it.
    """
    charset = _charset(content_type)
    if charset == "utf-8":
        return body
    if charset not in _CHARSETS:
        raise Unsplittable(f"unknown charset {charset[:40]!r}: send UTF-8")
    try:
        return body.decode(_CHARSETS[charset]).encode()
    except UnicodeError:
        raise Unsplittable(f"the body is not in {charset}: send UTF-8") from None


def _media(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"
