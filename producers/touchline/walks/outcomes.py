"""What became of a step, and the native event that says so."""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

import orjson

from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.moments import rfc3339
from touchline.walks.declaration import Walk

PASSED: Final = "audit.step_passed"
FAILED: Final = "audit.step_failed"

PRODUCER: Final = "walk"
"""The producer of the events of walks."""

LONGEST_MESSAGE: Final = 1_000


class Outcome(NamedTuple):
    """What became of a step.

    Attributes:
        step: The step, in words.
        why: What was wrong; '' if the step passed.
        seconds: How long it took; None if nothing was measured.
        limit_seconds: How long it may take.
        after: Seconds from the start of the walk to the end of the step.
    """

    step: str
    why: str
    seconds: float | None
    limit_seconds: float | None
    after: float

    @property
    def passed(self) -> bool:
        """Whether the step did what it should."""
        return not self.why


def run_id(walk: Walk, started_at: int) -> str:
    """The id that all steps of a walk that started at a time (ms) share."""
    return f"{walk.name}-{rfc3339(started_at)}"


def step_id(walk: Walk, number: int, started_at: int) -> str:
    """The id of a step's event, by its number: the same walk and time always give the same one."""
    return str(derived_id(f"walk {run_id(walk, started_at)} {number}"))


def native(
    walk: Walk, outcome: Outcome, number: int, started_at: int, purposes: Collection[str] = ()
) -> bytes:
    """The native event of the step with this number, of a walk that started at a time (ms).

    It consents to `purposes`: a walk is no person.
    """
    data: dict[str, Any] = {
        "walk": walk.name,
        "step": outcome.step,
        "run_id": run_id(walk, started_at),
    }
    if outcome.seconds is not None:
        data["seconds"] = round(outcome.seconds, 3)
    if outcome.limit_seconds is not None:
        data["limit_seconds"] = outcome.limit_seconds
    if walk.steps[number].email is not None:
        data["sent_at"] = rfc3339(started_at)
    if not outcome.passed:
        data["message"] = outcome.why[:LONGEST_MESSAGE]
    return orjson.dumps(
        {
            "id": step_id(walk, number, started_at),
            "type": PASSED if outcome.passed else FAILED,
            "time": rfc3339(started_at + round(outcome.after * 1000)),
            "channel": walk.channel,
            "source": walk.source or walk.name,
            "identifiers": {"walk": walk.name},
            "data": data,
            "context": {"consent": dict.fromkeys(sorted(purposes), True)} if purposes else {},
        }
    )
