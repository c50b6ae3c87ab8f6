"""From a request body to its events, each as the bytes that came, so that one cannot spoil another."""

import re

import msgspec

from touchline.vocabulary.errors import TouchlineError

_elements = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder(msgspec.Raw)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that it cannot read."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)


class Unsplittable(TouchlineError, ValueError):
    """The body is neither a JSON object, nor an array, nor lines of which at least one is an object."""


def split(body: bytes) -> list[bytes]:
    """The events of a body: one JSON object, an array, or NDJSON (blank lines are skipped).

    In an array each element stands for itself, in NDJSON each line, whatever it is.

    Raises:
        Unsplittable: no events can be told apart in it.
    """
    text = body.removeprefix(_BYTE_ORDER_MARK).strip()
    try:
        if text.startswith(b"["):
            return [bytes(element) for element in _elements.decode(text)]
        return [bytes(_value.decode(text))]
    except NOT_JSON as error:
        found = _by_brackets(text) if text.startswith(b"[") else None
        if found is None:
            found = [line for raw in text.split(b"\n") if (line := raw.strip())]
            if len(found) < 2 or not any(map(_is_object, found)):
                raise Unsplittable(str(error)) from error
        return found


def _by_brackets(text: bytes) -> list[bytes] | None:
    """The elements of an array in which some are no JSON (a NaN, half an emoji), or None if it has no end."""
    found: list[bytes] = []
    depth = 0
    start = 1
    for token in _STRING_OR_BRACKET.finditer(text):
        match token[0]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
            case b"," if depth == 1:
                found.append(text[start : token.start()].strip())
                start = token.end()
        if depth == 0:
            found.append(text[start : token.start()].strip())
            return found if token.end() == len(text) else None
    return None


def _is_object(line: bytes) -> bool:
    try:
        _object.decode(line)
    except NOT_JSON:
        return False
    return True
