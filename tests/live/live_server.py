"""A server with the live page, which tests control over HTTP.

`python -m tests.live.live_server FOLDER PORT`. `POST /test/fill` inserts a plausible day, `/test/history` a
call of 1999, `/test/hostile` hostile values, `/test/odd` odd identifiers. `/test/away` makes the store
unavailable until `/test/back`, `/test/hold` makes it slow until `/test/release`, `/test/break` makes one
query fail until `/test/repair`.
`GET /test/queries` returns the number of queries so far.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from time import time
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from tests.live.day import GOALS, RULES, Day
from touchline.live import PageSettings, mount
from touchline.store import open_store


class Shop:
    """The store, with switches for its failures."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder / "store")
        self.away = threading.Event()
        self.broken = threading.Event()
        self.prompt = threading.Event()
        self.prompt.set()
        self.queries = 0

    def query(self, sql: str, parameters: dict[str, Any]) -> Any:
        """Run a query, unless a switch makes it fail."""
        self.queries += 1
        self.prompt.wait(9)
        if self.away.is_set():
            raise ConnectionError("connection refused by the store")
        if self.broken.is_set() and "factor AS label" in sql:
            raise TimeoutError("it took too long")
        return self.store.query(sql, parameters)

    def insert(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        """Insert rows, by table."""
        for table, listed in rows.items():
            self.store.insert(table, {name: [row[name] for row in listed] for name in listed[0]}, str(time()))


def main() -> None:
    """Serve until terminated."""
    shop = Shop(Path(sys.argv[1]))
    days: dict[str, Callable[[Day], None]] = {
        "fill": lambda day: day.fill(int(time() * 1000)),
        "history": Day.history,
        "odd": lambda day: day.odd(int(time() * 1000)),
        "hostile": lambda day: day.hostile(int(time() * 1000)),
    }
    actions: dict[str, Callable[[], object]] = {
        "away": shop.away.set,
        "back": shop.away.clear,
        "break": shop.broken.set,
        "repair": shop.broken.clear,
        "hold": shop.prompt.clear,
        "release": shop.prompt.set,
    }

    def do(request: Request) -> JSONResponse:
        action = request.path_params["action"]
        if action in days:
            day = Day()
            days[action](day)
            shop.insert(day.rows)
        else:
            actions[action]()
        return JSONResponse({})

    app = Starlette(
        routes=[
            Route("/test/queries", lambda _: JSONResponse(shop.queries)),
            Route("/test/{action}", do, methods=["POST"]),
            Route("/healthz", lambda _: PlainTextResponse("fine")),
        ]
    )
    mount(app, shop, PageSettings(rules=RULES, goals=GOALS, every=0.5, limit=10))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")


if __name__ == "__main__":
    main()
