"""Mounts the live page. Each page stands in its room, in a module `page`."""

import json
import re
from typing import Any, cast

from nicegui import app as nicegui_app
from nicegui import ui
from starlette.applications import Starlette
from starlette.routing import Mount

from touchline.live.alerts import page as alerts
from touchline.live.boards import download
from touchline.live.boards import page as boards
from touchline.live.cases import page as cases
from touchline.live.comparison import page as comparison
from touchline.live.connection.gate import Gate
from touchline.live.customers import page as customers
from touchline.live.elements import BROWSER
from touchline.live.importing import page as importing
from touchline.live.quarantine import page as quarantine
from touchline.live.queries import Store
from touchline.live.reports import page as reports
from touchline.live.rules import page as rules
from touchline.live.scorecard import page as scorecard
from touchline.live.segments import page as segments
from touchline.live.site import PageSettings, Site

_PAGES = (
    boards,
    download,
    scorecard,
    segments,
    rules,
    comparison,
    alerts,
    customers,
    cases,
    reports,
    quarantine,
    importing,
)
"""The modules of the pages; `AREAS` in `elements` has those of the navigation."""

_MESSAGES_KEPT = 50


def mount(app: Starlette, store: Store, settings: PageSettings) -> None:
    """Serve the live page at `/` of `app`. Call it once per process, after all other routes were added.

    Pages with the same content share one load, and nothing is loaded while no page is open.

    Args:
        app: Its own routes take precedence over the pages.
        store: Queried from threads.
        settings: What the page shows.
    """
    site = Site(store, settings)
    for page in _PAGES:
        page.add(site)
    _serve(app, settings.zone)


def _serve(app: Starlette, zone: str) -> None:
    ui.add_head_html(f"<script>window.touchlineZone = {json.dumps(zone)};</script>", shared=True)
    ui.add_head_html(f"<style>{(BROWSER / 'style.css').read_text()}</style>", shared=True)
    for script in ("shared.js", "parts.js", "sharing.js", "writing.js", "notes.js", "trying.js"):
        ui.add_head_html(f"<script>{(BROWSER / script).read_text()}</script>", shared=True)
    ui.run_with(
        cast("Any", app),
        title="Touchline",
        favicon=BROWSER / "icon.svg",
        dark=None,
        language="en-US",
        tailwind=False,
        binding_refresh_interval=None,
        message_history_length=_MESSAGES_KEPT,
        show_welcome_message=False,
    )
    pages = cast("Mount", app.routes[-1])
    # Starlette's own pattern ends a path at a line break, which an identifier may contain.
    pages.path_regex = re.compile(pages.path_regex.pattern, re.DOTALL)
    # Its bar at the top of the page has no name for screen readers.
    nicegui_app.config.quasar_config["loadingBar"]["skipHijack"] = True
    nicegui_app.config.socket_io_js_transports = ["websocket"]
    nicegui_app.add_middleware(Gate, routes=nicegui_app.routes)
