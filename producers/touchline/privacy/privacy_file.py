"""Reads a file of privacy rules: the rules, and all its faults."""

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from touchline.documents import Document, Fault, by_place, explained, suggestion
from touchline.privacy.consent import Consent
from touchline.privacy.declaration import Declared, DeclaredConsent, DeclaredFields
from touchline.privacy.rules import PrivacyRules
from touchline.privacy.sealing import SHORTEST_KEY
from touchline.vocabulary.errors import ConfigurationError


class PrivacyError(ConfigurationError):
    """A file of privacy rules cannot be used. The message has a line for each fault, with its place."""


class PrivacyFile(NamedTuple):
    """A file of privacy rules as read. With any `faults` it cannot be used."""

    declared: Declared
    faults: tuple[Fault, ...]


def parse_privacy(text: str, key: str = "", name: str = "privacy") -> PrivacyRules:
    """The rules in a YAML text.

    Args:
        text: The YAML.
        key: The key of the hashes of identifiers.
        name: The name of the file in messages.

    Raises:
        PrivacyError: the file has faults, or hashes identifiers without a key.
    """
    document = Document(text, name)
    declared, faults = read_privacy(document)
    if faults:
        raise PrivacyError("\n".join(map(str, faults)))
    if (missing := missing_key(document, declared, key)) is not None:
        raise PrivacyError(str(missing))
    consent = declared.consent
    return PrivacyRules(
        declared.identifiers,
        [fields.rule for fields in declared.fields],
        Consent(consent.purpose, tuple(consent.types.items()), consent.unstated),
        key.encode(),
    )


def missing_key(document: Document, declared: Declared, key: str) -> Fault | None:
    """The fault that rules hash identifiers and the key is too short; None if it is not."""
    if "hash" not in declared.identifiers.values() or len(key) >= SHORTEST_KEY:
        return None
    message = (
        f"hashes need a key of at least {SHORTEST_KEY} characters, such as `openssl rand -hex 32` prints:"
        " set privacy_key (TOUCHLINE_PRIVACY_KEY, or a file touchline_privacy_key among the secrets)"
    )
    return document.fault(("identifiers",), message, key=True)


def read_privacy(document: Document) -> PrivacyFile:
    """The rules of a document, and its faults; with faults, no rules."""
    faults = list(document.faults)
    if not faults and not isinstance(document.raw, dict):
        faults.append(document.fault((), "write your rules under identifiers, fields or consent"))
    declared = Declared()
    if not faults:
        try:
            declared = Declared.model_validate(document.raw)
        except ValidationError as error:
            faults += _faults(document, error)
    return PrivacyFile(declared, tuple(sorted(faults, key=by_place)))


def _faults(document: Document, error: ValidationError) -> Iterator[Fault]:
    for detail in error.errors(include_url=False):
        path = tuple(step for step in detail["loc"] if step != "[key]")
        is_key = detail["type"] == "extra_forbidden" or "[key]" in detail["loc"]
        about = ".".join(map(str, path))
        yield document.fault(path, f"{about + ': ' if about else ''}{_message(detail, path)}", key=is_key)


def _message(detail: ErrorDetails, path: tuple[str | int, ...]) -> str:
    sections: dict[str, type[BaseModel]] = {"fields": DeclaredFields, "consent": DeclaredConsent}
    model = sections.get(str(path[0]), Declared) if len(path) > 1 else Declared
    match detail["type"]:
        case "literal_error":
            words = detail["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
            return f"{detail['input']!r} is none of {', '.join(words)}{suggestion(detail['input'], words)}"
        case "dict_type" | "model_type":
            return "write a map"
        case "list_type":
            return "write a list"
        case "too_short":
            return "write at least one"
        case "too_long":
            return (
                f"has {detail['ctx']['actual_length']} entries: write at most {detail['ctx']['max_length']}"
            )
    return explained(detail, model.model_fields, ())
