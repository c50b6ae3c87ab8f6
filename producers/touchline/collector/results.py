"""The result of one event of a request."""

from typing import Literal

import msgspec

from touchline.vocabulary.refusal import Reason

Status = Literal["stored", "duplicate", "quarantined", "rejected", "suppressed"]


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of one event; `id` is None if the event has no readable id.

    A quarantined or rejected event has a `reason`, a `message`, and the path of the `field` that is wrong; so
    has a stored one that violates the tracking plan. `conflicting` is true of a duplicate whose content
    differs from the first event with the id. A suppressed event is not kept, because its customer refused its
    purpose; the `message` names that.
    """

    id: str | None
    status: Status
    reason: Reason | None
    message: str = ""
    field: str = ""
    conflicting: bool = False
