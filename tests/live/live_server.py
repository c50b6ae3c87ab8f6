"""A server with the live page over a store filled by hand, driven by the tests over HTTP.

`python -m tests.live.live_server FOLDER PORT`. `POST /test/fill` puts a plausible day in, `/test/history` one
of 1999, `/test/hostile` values that mean harm; `/test/away` and `/test/back` take the store away and give it
back, `/test/hold` and `/test/release` make it slow, `/test/break` and `/test/mend` let one question fail;
`GET /test/asked` counts the queries so far.
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
from touchline.live import mount
from touchline.store import open_store


class Shop:
    """The store, the rows put into it by hand, and what happens to those who ask."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder / "store")
        self.away = threading.Event()
        self.broken = threading.Event()
        self.prompt = threading.Event()
        self.prompt.set()
        self.asked = 0

    def query(self, sql: str, parameters: dict[str, Any]) -> Any:
        """Answer, unless the store is away."""
        self.asked += 1
        self.prompt.wait(9)
        if self.away.is_set():
            raise ConnectionError("connection refused by the store")
        if self.broken.is_set() and "factor AS label" in sql:
            raise TimeoutError("it took too long")
        return self.store.query(sql, parameters)

    def put_in(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        """Insert rows, by table."""
        for table, own in rows.items():
            self.store.insert(table, {name: [row[name] for row in own] for name in own[0]}, str(time()))


def main() -> None:
    """Serve until told to end."""
    shop = Shop(Path(sys.argv[1]))
    days: dict[str, Callable[[Day], None]] = {
        "fill": lambda day: day.fill(int(time() * 1000)),
        "history": Day.history,
        "hostile": lambda day: day.hostile(int(time() * 1000)),
    }
    deeds: dict[str, Callable[[], object]] = {
        "away": shop.away.set,
        "back": shop.away.clear,
        "break": shop.broken.set,
        "mend": shop.broken.clear,
        "hold": shop.prompt.clear,
        "release": shop.prompt.set,
    }

    def do(request: Request) -> JSONResponse:
        deed = request.path_params["deed"]
        if deed in days:
            day = Day()
            days[deed](day)
            shop.put_in(day.rows)
        else:
            deeds[deed]()
        return JSONResponse({})

    app = Starlette(
        routes=[
            Route("/test/asked", lambda _: JSONResponse(shop.asked)),
            Route("/test/{deed}", do, methods=["POST"]),
            Route("/healthz", lambda _: PlainTextResponse("fine")),
        ]
    )
    mount(app, shop, rules=RULES, goals=GOALS, every=0.5, limit=10)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")


if __name__ == "__main__":
    main()
