"""Takes what commands write about incidents while this process has the store open."""

import asyncio
import hmac
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from touchline.alerts.life.acts import ACTS
from touchline.collector.ingress.problem import Problem, busy
from touchline.engine.batch import columns
from touchline.services.alert_acts import PATH, TABLE, token
from touchline.store import Store, StoreError
from touchline.store.clickhouse_http.roles import password_of
from touchline.tables import AlertActRow

MOST_BYTES = 64 * 1024

_decode = msgspec.json.Decoder(AlertActRow).decode


class AlertActs:
    """The route that takes acts.

    Args:
        store: Gets the rows.
        secret: The token of the data folder: a request must bring it, wherever this process listens.
        written: Called after each act.
    """

    def __init__(self, store: Store, secret: str, written: Callable[[], None]) -> None:
        self._store, self._secret, self._written = store, secret.encode(), written
        self.route = Route(PATH, self._take, methods=["POST"])

    async def _take(self, request: Request) -> Response:
        try:
            return await self._write(request)
        except Problem as problem:
            return problem.response()

    async def _write(self, request: Request) -> Response:
        password = password_of(request)
        if password is None or not hmac.compare_digest(password.encode(), self._secret):
            raise Problem(401, "token_required", "Send the token: the file `token` in the data folder")
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                raise Problem(413, "too_large", f"An act has at most {MOST_BYTES:,} bytes")
        try:
            act = _decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Problem(400, "no_act", f"This is no act: {error}") from None
        if act.act not in ACTS:
            raise Problem(400, "no_act", f"act: write one of {', '.join(ACTS)}")
        try:
            await asyncio.to_thread(self._store.insert, TABLE, columns([act]), token(act))
        except StoreError as error:
            raise busy("store_unavailable", str(error)) from None
        self._written()
        return JSONResponse({"id": act.id})
