"""The page `/import`: a sample of a file, a mapping, and what both give. Nothing is stored."""

import asyncio
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from typing import Annotated, Any, Final, Protocol

from msgspec import Meta, Struct
from nicegui import ui

from touchline.live.connection.requests import on_request
from touchline.live.elements import BROWSER, PageElement
from touchline.live.labels import clip, full_text
from touchline.live.site import Site
from touchline.vocabulary.errors import TouchlineError

SAMPLE_BYTES: Final = 256 * 1024
"""The beginning of a file that the browser sends."""

_MAX_MAPPING: Final = 64 * 1024
_MAX_CELL: Final = 200
_MAX_SECONDS: Final = 20.0


class Previewed(Protocol):
    """What a sample gives: see `touchline.services.importing.preview`."""

    @property
    def mapping(self) -> str: ...
    @property
    def error(self) -> str: ...
    @property
    def detected(self) -> Sequence[tuple[str, str]]: ...
    @property
    def rows(self) -> int: ...
    @property
    def refused(self) -> int: ...
    @property
    def reasons(self) -> Sequence[tuple[str, int, str]]: ...
    @property
    def shown(self) -> Sequence[tuple[int, list[dict[str, Any]], str]]: ...
    @property
    def cut(self) -> bool: ...


class PreviewRequest(Struct, forbid_unknown_fields=True):
    """The beginning of a file in base 64, whether the file goes on, and a mapping or '' for a suggestion."""

    ticket: Annotated[int, Meta(ge=0, lt=2**31)]
    name: Annotated[str, Meta(max_length=256)]
    sample: Annotated[str, Meta(max_length=4 * SAMPLE_BYTES // 3 + 4)]
    cut: bool
    mapping: Annotated[str, Meta(max_length=_MAX_MAPPING)]


class ImportPage(PageElement, component=BROWSER / "importing.js"):
    """A form for a file, the mapping, and its first rows as events."""


def add(site: Site) -> None:
    """Add the page, if this process can read files."""
    previewer = site.settings.previewer
    if previewer is None:
        return
    alone = asyncio.Semaphore(1)

    @ui.page("/import", title="Touchline: import")
    def page() -> None:
        masthead = site.masthead("/import")
        masthead.props["state"] = {"error": ""}  # the page shows no data that have an age
        shown = ImportPage()
        shown.set_prop("most", SAMPLE_BYTES)

        async def preview(given: PreviewRequest) -> None:
            try:
                sample = b64decode(given.sample, validate=True)
            except NotBase64:
                return
            async with alone:
                work = asyncio.to_thread(previewer, given.name, sample, given.mapping, given.cut)
                try:
                    found = await asyncio.wait_for(asyncio.shield(work), _MAX_SECONDS)
                except TimeoutError:
                    answer = {"error": "this takes too long: use `touchline import --preview`"}
                except TouchlineError as error:
                    answer = {"error": clip(str(error), 600)}
                else:
                    answer = _result(found)
            shown.set_prop("result", {"ticket": given.ticket, **answer})

        on_request(shown, "preview", PreviewRequest, preview)


def _result(found: Previewed) -> dict[str, Any]:
    return {
        "mapping": found.mapping,
        "error": clip(found.error, 600),
        "detected": [[clip(option), clip(value)] for option, value in found.detected],
        "rows": found.rows,
        "refused": found.refused,
        "cut": found.cut,
        "reasons": [[clip(why, 400), rows, first] for why, rows, first in found.reasons],
        "shown": [
            {"row": row, "refused": clip(refused, 400), "events": [_event(event) for event in events]}
            for row, events, refused in found.shown
        ],
    }


def _event(event: dict[str, Any]) -> dict[str, Any]:
    data = ", ".join(f"{name} {value}" for name, value in event["data"].items())
    return {
        "at": event["time"],
        "type": clip(event["type"]),
        "channel": clip(event["channel"]),
        "identifiers": clip(", ".join(event["identifiers"]), _MAX_CELL),
        "data": clip(data, _MAX_CELL),
        "full": full_text(data, _MAX_CELL),
    }
