"""A server with the live page, which tests control over HTTP.

`python -m tests.live.live_server FOLDER PORT`. `POST /test/fill` inserts a plausible day, `/test/history` a
call of 1999, `/test/hostile` hostile values, `/test/odd` odd identifiers, `/test/cause` calls with a planted
cause, `/test/refuse` refused events.
`/test/away` makes the store unavailable until `/test/back`, `/test/seal` read-only until `/test/unseal`,
`/test/hold` makes it slow until `/test/release`, `/test/break` makes one query fail until
`/test/repair`.
`/test/end` ends the server.
`/test/clear` gives it a new, empty store. `GET /test/queries` returns the number of queries so far.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from shutil import rmtree
from time import time
from typing import Any
from uuid import uuid4

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from tests.live.day import GOALS, RULES, Day
from tests.reports.samples import sample_audit, sample_digest
from touchline.cases.case import Case
from touchline.cases.writing import native
from touchline.config.alerts_files import load_alerts
from touchline.config.rule_packs import load_pack, load_rules
from touchline.live import PageSettings, TourStep, mount
from touchline.reports.saved import AUDIT, WEEKLY, save
from touchline.runtime.alerting.queries import query_of
from touchline.services.explaining import Explainer
from touchline.services.importing.preview import preview
from touchline.services.web.alert_workshop import SimulatedAlerts
from touchline.services.web.comparer import PeriodComparer
from touchline.services.web.workshop import RuleWorkshop
from touchline.store import Reply, open_store
from touchline.vocabulary.validation import Validator


class Shop:
    """The store, with switches for its failures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = open_store(folder / "store")
        self.away = threading.Event()
        self.broken = threading.Event()
        self.sealed = threading.Event()
        self.prompt = threading.Event()
        self.prompt.set()
        self.queries = 0

    def clear(self) -> None:
        """Go on with an empty store, and without failures."""
        for switch in (self.away, self.broken, self.sealed):
            switch.clear()
        self.prompt.set()
        self.store.close()
        rmtree(self.folder / "store")
        self.store = open_store(self.folder / "store")

    def reply(self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None) -> Reply:
        """The answer to a query that no switch makes fail, for comparisons, simulations and trials."""
        return self.store.reply(sql, fmt, parameters)

    def query(self, sql: str, parameters: dict[str, Any]) -> Any:
        """Run a query, unless a switch makes it fail."""
        self.queries += 1
        self.prompt.wait(9)
        if self.away.is_set():
            raise ConnectionError("connection refused by the store")
        if self.broken.is_set() and "factor AS label" in sql:
            raise TimeoutError("it took too long")
        return self.store.query(sql, parameters)

    def ask(self, sql: str, parameters: Mapping[str, str]) -> Any:
        """The rows of a query, for explanations."""
        return self.query(sql, dict(parameters)).result_rows

    def insert(self, table: str, rows: dict[str, list[Any]], token: str) -> None:
        """Insert what somebody wrote on the page, unless the store is away."""
        if self.away.is_set():
            raise ConnectionError("connection refused by the store")
        self.store.insert(table, rows, token)

    def report(self) -> None:
        """Store an audit and a digest with a hostile text."""
        harm = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'
        for kind, made in ((AUDIT, sample_audit(harm)), (WEEKLY, sample_digest(harm))):
            save(self.store.insert, kind, made, made.since, made.until, int(time() * 1000))

    def say(self, said: dict[str, Any], case: Case, by: str) -> None:
        """Store at once what somebody says about a friction."""
        event = orjson.loads(native(said, case, by=by, at=int(time() * 1000), event_id=str(uuid4())))
        row = {name: event[name] for name in ("id", "type", "channel", "source")} | {
            "time": int(time() * 1000),
            "entity": case.entity,
            "identifiers": [case.entity],
            "data": orjson.dumps(event["data"]).decode(),
            "context": "{}",
        }
        self.insert("events", {name: [value] for name, value in row.items()}, event["id"])

    def refusal(self, table: str) -> str:
        """Why the page may not write: a switch decides."""
        return "Code: 497: not allowed" if self.sealed.is_set() else self.store.refusal(table)

    def fill(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        """Insert rows, by table."""
        for table, listed in rows.items():
            self.store.insert(table, {name: [row[name] for row in listed] for name in listed[0]}, str(time()))


TOUR = (TourStep("Now", "What goes wrong.", "/"), TourStep("Service", "How long.", "/contacts?span=7d"))


def main() -> None:
    """Serve until terminated."""
    shop = Shop(Path(sys.argv[1]))
    days: dict[str, Callable[[Day, int], None]] = {
        "fill": Day.fill,
        "history": lambda day, _: day.history(),
        "cause": Day.cause,
        "odd": Day.odd,
        "hostile": Day.hostile,
        "refuse": Day.refuse,
    }
    actions: dict[str, Callable[[], object]] = {
        "away": shop.away.set,
        "back": shop.away.clear,
        "break": shop.broken.set,
        "repair": shop.broken.clear,
        "seal": shop.sealed.set,
        "unseal": shop.sealed.clear,
        "hold": shop.prompt.clear,
        "release": shop.prompt.set,
        "clear": shop.clear,
        "reports": shop.report,
        "end": partial(os.kill, os.getpid(), signal.SIGTERM),
    }

    def do(request: Request) -> JSONResponse:
        action, now = request.path_params["action"], int(time() * 1000)
        if action in days:
            day = Day()
            days[action](day, now)
            shop.fill(day.rows)
        else:
            actions[action]()
        return JSONResponse({"now": now})

    app = Starlette(
        routes=[
            Route("/test/queries", lambda _: JSONResponse(shop.queries)),
            Route("/test/{action}", do, methods=["POST"]),
            Route("/healthz", lambda _: PlainTextResponse("fine")),
        ]
    )
    settings = PageSettings(
        rules=RULES,
        goals=GOALS,
        every=1.0,
        limit=10,
        explainer=Explainer(shop.ask, load_rules().rules, load_alerts().rules),
        desk=shop,
        staff=shop,
        previewer=lambda name, sample, mapping, cut: preview(name, sample, mapping, Validator(), cut=cut),
        comparer=PeriodComparer(query_of(shop), load_rules(), "UTC", lambda: int(time() * 1000)),
        alert_workshop=SimulatedAlerts(load_alerts(), None, query_of(shop)),
        workshop=RuleWorkshop(load_rules(), load_pack(), "", shop),
        tour=TOUR[: int(sys.argv[3])],
    )
    mount(app, shop, settings)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")


if __name__ == "__main__":
    main()
