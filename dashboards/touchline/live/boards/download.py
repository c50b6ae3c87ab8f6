"""`GET /panel/{id}.csv`: the rows of a panel for a period and filters, as its dashboard takes them.

`.tsv` gives them separated by tabs, for the clipboard of a spreadsheet.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import orjson
from nicegui import app as nicegui_app
from starlette.requests import Request
from starlette.responses import Response

from touchline.live.boards.csv_text import TooManyRows, csv_text
from touchline.live.boards.loading import load_panel
from touchline.live.boards.page import view_of
from touchline.live.site import Site
from touchline.panels import BY_ID, DASHBOARDS
from touchline.segments.funnels import DASHBOARD, OF_FUNNELS
from touchline.vocabulary.health import error_body

SECONDS = 30.0
"""How long a download may take, its wait for others included."""

MOST_WAITING = 20
"""Downloads that wait for their turn: one is made at a time."""

_DELIMITERS = {"csv": ",", "tsv": "\t"}
_TYPES = {"csv": "text/csv", "tsv": "text/tab-separated-values"}
_DASHBOARDS = {dashboard.id: dashboard for dashboard in DASHBOARDS}


class Downloads:
    """Makes the files, one at a time.

    Args:
        site: Has the store and the settings.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="touchline-csv")
        self._waiting = 0

    async def answer(self, panel_id: str, kind: str, parameters: Mapping[str, str]) -> Response:
        """The file, or an error that says what to do."""
        if kind not in _DELIMITERS or not (panel_id in BY_ID or panel_id.startswith(OF_FUNNELS)):
            return _unknown(panel_id)
        if self._waiting >= MOST_WAITING:
            return _problem(503, "busy", "Too many downloads at once: try again in a minute")
        self._waiting += 1
        making = asyncio.get_running_loop().run_in_executor(
            self._pool, self._make, panel_id, kind, parameters
        )
        making.add_done_callback(self._made)
        done, _ = await asyncio.wait([making], timeout=SECONDS)
        if not done:
            making.cancel()
            return _problem(503, "slow", "This takes too long: choose a shorter period or one channel")
        try:
            name, text = making.result()
        except KeyError:
            return _unknown(panel_id)
        except TooManyRows as error:
            return _problem(413, "too_many_rows", str(error))
        except Exception as error:  # any error of the store
            why = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            return _problem(503, "store", f"The store cannot be read: {why}")
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
        return Response(text.encode(), headers=headers, media_type=_TYPES[kind])

    def _make(self, panel_id: str, kind: str, parameters: Mapping[str, str]) -> tuple[str, str]:
        site = self._site
        dashboard = _DASHBOARDS[BY_ID[panel_id].dashboard if panel_id in BY_ID else DASHBOARD]
        view = view_of(dashboard, parameters, site.settings.zone)
        loaded = load_panel(site.store, panel_id, view, site.now(), site.goal_values(), site.rules)
        if loaded is None:
            return f"touchline-{panel_id}.{kind}", ""
        name = f"touchline-{panel_id}-{_day(loaded.start)}-{_day(loaded.end)}.{kind}"
        return name, csv_text(loaded, _DELIMITERS[kind])

    def _made(self, making: "asyncio.Future[tuple[str, str]]") -> None:
        self._waiting -= 1
        if not making.cancelled():
            making.exception()  # marks it as retrieved


def add(site: Site) -> None:
    """Add the address."""
    downloads = Downloads(site)

    @nicegui_app.get("/panel/{panel_id}.{kind}")
    async def download(panel_id: str, kind: str, request: Request) -> Response:
        return await downloads.answer(panel_id, kind, dict(request.query_params))


def _unknown(panel_id: str) -> Response:
    return _problem(404, "not_found", f"There is no panel {panel_id[:80]!r}: use the link on the page")


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y%m%d")


def _problem(status: int, code: str, message: str) -> Response:
    return Response(orjson.dumps(error_body(code, message)), status, media_type="application/json")
