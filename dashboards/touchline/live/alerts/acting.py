"""What the reader of the page does about an incident."""

import asyncio
from typing import Annotated, Any, Literal

from msgspec import Meta

from touchline.alerts.life.acts import (
    MAX_CHANGE,
    MOST_TIMES,
    NotAnAct,
    acknowledgement,
    expectation,
    mute,
    snooze,
    verdict,
)
from touchline.live.alerts.loading import find_incident, find_mutes
from touchline.live.desk.desk import Desk
from touchline.live.desk.documents import Id, Kind, NotWritten
from touchline.live.desk.writing import WriteRequest, Writing
from touchline.live.site import Site
from touchline.tables import AlertRow
from touchline.vocabulary.durations import HOUR

ACTS = Kind("alert_acts", "act", 100_000)
LONGEST = 168
"""Hours of a snooze or a mute at most: a week."""


class ActRequest(WriteRequest, forbid_unknown_fields=True):
    """What a reader does about the incident `id`.

    Attributes:
        hours: The length of a snooze or a mute; 0 for no end.
        times: A snooze ends when so many times the customers are affected; 0 for no such end.
        everywhere: Whether a mute is of the whole rule, not only of incidents with the same labels.
        change: The change that should end the incident.
    """

    id: Id
    what: Literal[
        "acknowledge", "release", "snooze", "wake", "mute", "unmute", "expect", "real", "known", "noise"
    ]
    hours: Annotated[int, Meta(ge=0, le=LONGEST)]
    times: Annotated[float, Meta(ge=0, le=MOST_TIMES)] = 0.0
    everywhere: bool = False
    change: Annotated[str, Meta(max_length=MAX_CHANGE)] = ""


def take_acts(site: Site, writing: Writing) -> None:
    """Write acts: the request `act` of a page."""

    async def act(desk: Desk, request: ActRequest, author: str) -> None:
        row = await asyncio.to_thread(find_incident, site.store, request.id)
        if row is None:
            raise NotWritten("Not saved: late events showed that this incident did not happen")
        try:
            if request.what == "unmute":
                for muted in await asyncio.to_thread(find_mutes, site.store, row, site.now()):
                    ended = mute(muted.rule, muted.labels, site.now(), site.now())
                    await desk.put(ACTS, "", ended, author)
            else:
                await desk.put(ACTS, "", act_fields(row, request, site.now()), author)
        except NotAnAct as error:
            raise NotWritten(f"Not saved: {error}") from None

    writing.on("act", ActRequest, act)


def act_fields(row: AlertRow, request: ActRequest, now: int) -> dict[str, Any]:
    """The columns of an act at a time (ms).

    Raises:
        NotAnAct: the act makes no sense.
    """
    ends_at = now + request.hours * HOUR if request.hours else None
    match request.what:
        case "acknowledge" | "release":
            return acknowledgement(row, now, undo=request.what == "release")
        case "snooze":
            return snooze(row, now, ends_at, request.times)
        case "wake":
            return snooze(row, now, now)
        case "mute":
            return mute(row.rule, () if request.everywhere else row.labels, now, ends_at)
        case "expect":
            if not request.change.strip():
                raise NotAnAct("no change is named: write its change_id")
            return expectation(row, now, request.change)
    return verdict(row, now, request.what)
