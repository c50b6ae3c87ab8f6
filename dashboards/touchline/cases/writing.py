"""The events that staff's actions become: native events as JSON, for the collector's own path."""

from typing import Any, Final

import orjson

from touchline.cases.case import Case
from touchline.vocabulary.moments import rfc3339

SOURCE: Final = "desk"
"""The source and the producer of the events that the page and the command write."""


def assigned(case: Case, assignee: str, comment: str = "") -> dict[str, Any]:
    """The type and data of an assignment; an empty `assignee` takes it from whoever has it."""
    return _said("case.assigned", case, {"assignee": assignee, "comment": comment})


def commented(case: Case, comment: str) -> dict[str, Any]:
    """The type and data of a comment."""
    return _said("case.commented", case, {"comment": comment})


def closed(case: Case, verdict: str, comment: str = "") -> dict[str, Any]:
    """The type and data of a closing."""
    return _said("case.closed", case, {"verdict": verdict, "comment": comment})


def reopened(case: Case, comment: str = "") -> dict[str, Any]:
    """The type and data of a reopening."""
    return _said("case.reopened", case, {"comment": comment})


def native(said: dict[str, Any], case: Case, *, by: str, at: int, event_id: str) -> bytes:
    """The native event of what `by` said about a case at a time (ms).

    It is on the friction's channel, and names the identifier of the friction's own event, so that
    the event stays with the friction's customer. It needs the consent that the friction's own event had.
    """
    kind, _, value = case.entity.partition(":")
    context = {"consent": orjson.loads(case.consent)} if case.consent else {}
    return orjson.dumps(
        {
            "id": event_id,
            "type": said["type"],
            "time": rfc3339(at),
            "channel": case.channel,
            "source": SOURCE,
            "identifiers": {kind: value},
            "data": {**said["data"], "by": by},
            "context": context,
        }
    )


def _said(type_: str, case: Case, about: dict[str, str]) -> dict[str, Any]:
    given = {name: value for name, value in about.items() if value}
    return {"type": type_, "data": {"friction_id": case.friction, **given}}
