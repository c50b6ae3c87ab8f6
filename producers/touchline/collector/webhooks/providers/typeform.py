"""Typeform: responses to forms.

| Typeform | Type |
|---|---|
| a response with an answer of type `nps` | `feedback.given`, nps of 10 |
| a response with a rating or an opinion scale | `feedback.given`, csat; the scale as the form defines it |
| another response | `form.submitted` |
| all else | `custom.typeform_…` |

The customer is known by hidden fields (the source's option `hidden`), and by answers that are e-mail
addresses or phone numbers.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from touchline.collector.dialects.dialect import Received
from touchline.collector.webhooks.delivery import Foreign
from touchline.collector.webhooks.fields import (
    Object,
    Rule,
    as_number,
    as_text,
    as_time,
    at,
    digest,
    seconds_between,
    taken,
    text,
)
from touchline.collector.webhooks.kind import Kind, mapped, object_of
from touchline.collector.webhooks.signatures import check_hmac
from touchline.collector.webhooks.source import Opened, TypeformSource

_METRICS: Final[Mapping[str, tuple[str, float]]] = {
    "nps": ("nps", 10.0),
    "opinion_scale": ("csat", 10.0),
    "rating": ("csat", 5.0),
}
"""By the type of a question: the metric, and the highest answer unless the form defines it."""

_SUBMITTED: Final = Rule(
    "form.submitted", {"form_id": text("form_id"), "seconds": seconds_between("landed_at", "submitted_at")}
)


def check(received: Received, opened: Opened[TypeformSource]) -> None:
    """The HMAC-SHA256 of the body."""
    given = received.headers.get("typeform-signature", "").removeprefix("sha256=")
    check_hmac(received.body, given, opened.secrets, encoding="base64")


def events(received: Received, opened: Opened[TypeformSource]) -> list[Foreign]:
    """The event of a response."""
    event = object_of(received.body)
    given = event.get("form_response")
    response: dict[str, Any] = given if isinstance(given, dict) else {}
    name = as_text(event.get("event_type")) or "unnamed"
    time = as_time(response.get("submitted_at"))
    key = text("token")(response) or as_text(event.get("event_id")) or digest(received.body)
    known = _identifiers(response, opened.source.hidden)
    rest: dict[str, Any] = {
        part: response[part] for part in ("form_id", "hidden", "calculated") if part in response
    }
    answers = list(_answers(response))
    rest["answers"] = {
        question: value for question, kind, value in answers if kind not in ("email", "phone_number")
    }
    part = Foreign(received.body, name, f"{name}:{key}", time, opened.channel("web"), "", known, {}, rest)
    if name != "form_response":
        return [part]
    if (score := _score(response)) is not None:
        comment = next((value for _, kind, value in answers if kind == "text"), None)
        data = {"feedback_id": key, **score, **({"comment": comment} if comment else {})}
        return [part._replace(type="feedback.given", data=data)]
    return [part._replace(type=_SUBMITTED.type, data=taken(_SUBMITTED.data, response))]


def _answers(response: Object) -> Iterator[tuple[str, str, Any]]:
    """The reference of each question, the type of its answer, and the answer."""
    given = response.get("answers")
    for number, answer in enumerate(given if isinstance(given, list) else []):
        kind = as_text(at(answer, "type")) or "unnamed"
        value = at(answer, kind)
        if kind in ("choice", "choices"):
            value = at(value, "label") or at(value, "labels") or at(value, "other")
        yield text("field.ref", "field.id")(_object(answer)) or str(number), kind, value


def _identifiers(response: Object, hidden: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _, kind, value in _answers(response):
        if kind == "email":
            found["email"] = value
        elif kind == "phone_number":
            found["phone"] = value
    for name, kind in hidden.items():
        if (value := as_text(at(response, f"hidden.{name}"))) is not None:
            found[kind] = value
    return found


def _score(response: Object) -> dict[str, Any] | None:
    """The metric, the score and the scale of the first question that has one, NPS before others."""
    given = response.get("answers")
    scored = [
        answer
        for answer in (given if isinstance(given, list) else [])
        if as_text(at(answer, "field.type")) in _METRICS and as_number(at(answer, "number")) is not None
    ]
    scored.sort(key=lambda answer: at(answer, "field.type") != "nps")
    if not scored:
        return None
    metric, highest = _METRICS[at(scored[0], "field.type")]
    questions = at(response, "definition.fields")
    asked = at(scored[0], "field.id")
    for question in questions if isinstance(questions, list) else []:
        steps = as_number(at(question, "properties.steps"))
        if asked is not None and at(question, "id") == asked and steps is not None and steps > 1:
            # An opinion scale begins at 0 unless the form says otherwise.
            begins = 0 if metric != "nps" and at(question, "properties.start_at_one") is False else 1
            highest = steps if begins else steps - 1
    return {"metric": metric, "score": as_number(at(scored[0], "number")), "scale": highest}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


TYPEFORM: Final = Kind(
    name="typeform", title="Typeform", source=TypeformSource, check=check, translate=mapped(events)
)
