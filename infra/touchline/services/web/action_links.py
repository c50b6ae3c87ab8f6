"""The page behind a signed link of a notification: its button acts, and nothing else of it does."""

import asyncio
import time
from collections.abc import Callable
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from touchline.alerts.life.acts import MAX_AUTHOR, NotAnAct, act_row
from touchline.alerts.life.links import LABELS, PATH, Permission, fields_of, permitted
from touchline.alerts.messages.incident_text import place
from touchline.engine.batch import columns
from touchline.runtime.alerting.queries import query_of
from touchline.runtime.alerting.rows import named_incident
from touchline.services.alert_acts import TABLE
from touchline.store import Store, StoreError
from touchline.tables import AlertRow
from touchline.vocabulary.moments import in_words
from touchline.vocabulary.wording import plain

MOST_BYTES = 4_096
"""The size of a submitted form."""

_USED = "SELECT author, toUnixTimestamp64Milli(written_at) FROM current_alert_acts WHERE id = {id:String}"
_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>Touchline: {title}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto; padding: 0 1rem;
color-scheme: light dark; overflow-wrap: anywhere }} input, button {{ font: inherit; padding: .4rem .8rem }}
label {{ display: block; margin: 1rem 0 }}</style></head>
<body><main><h1>{title}</h1>{body}</main></body></html>
"""
_FORM = """<form method="post"><label>Your name
<input name="author" required maxlength="{most}" autocomplete="name"></label>
<button type="submit">{label}</button></form>"""


class ActionLinks:
    """The pages of links.

    Args:
        store: Has the incidents, and gets the acts.
        key: What links are signed with.
        zone: The time zone of texts.
        written: Called after each act.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        key: bytes,
        zone: str,
        written: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._key, self._zone = store, key, zone
        self._written, self._clock = written, clock
        # A request of any other method is answered with 405: it does nothing either.
        self.route = Route(PATH + "{token}", self._answer, methods=["GET", "POST"])

    async def _answer(self, request: Request) -> Response:
        permission = permitted(request.path_params["token"], self._key)
        now = int(self._clock() * 1000)
        if permission is None:
            return _page(404, "This link is not valid", "<p>Open the live page, or write a command.</p>")
        try:
            row, used = await asyncio.to_thread(self._read, permission)
            if used:
                return _page(200, "Done", f"<p>{escape(used)}</p>")
            if permission.expires_at <= now or row is None:
                why = "late events showed that it did not happen" if row is None else "the link has expired"
                return _page(410, "This link no longer works", f"<p>About this incident, {why}.</p>")
            if request.method != "POST":
                return _page(200, LABELS[permission.what], _about(row, self._zone) + _form(permission))
            return await self._act(request, permission, row, now)
        except StoreError:
            return _page(503, "Not saved", "<p>The store does not answer. Try again in a minute.</p>")

    async def _act(self, request: Request, permission: Permission, row: AlertRow, now: int) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return _page(413, "Not saved", "<p>The form is too large.</p>")
        author = parse_qs(body.decode(errors="replace"), max_num_fields=10).get("author", [""])[0]
        fields = fields_of(row, permission.what, now)
        fields["comment"] = plain(f"by a link sent to {permission.channel}")
        try:
            act = act_row(fields, author, permission.act_id, now)
        except NotAnAct:
            again = _about(row, self._zone) + "<p>Write your name: others see who did this.</p>"
            return _page(400, LABELS[permission.what], again + _form(permission))
        # Of two submissions at once, the store keeps one.
        inserted_as = f"{TABLE}:{permission.act_id}"
        await asyncio.to_thread(self._store.insert, TABLE, columns([act]), inserted_as)
        self._written()
        return _page(
            200, "Done", f"<p>{escape(LABELS[permission.what])}: saved for {escape(act.author)}.</p>"
        )

    def _read(self, permission: Permission) -> tuple[AlertRow | None, str]:
        """The incident, unless it was retracted, and who used the link when; '' if nobody did."""
        query = query_of(self._store)
        used = query(_USED, {"id": permission.act_id})
        words = [
            f"{LABELS[permission.what]}: {plain(author, MAX_AUTHOR)} did it at {in_words(at, self._zone)}."
            for author, at in used
        ]
        return named_incident(query, permission.alert), " ".join(words)


def _about(row: AlertRow, zone: str) -> str:
    where = place(row.labels)
    since = in_words(row.opened_at, zone)
    state = "firing" if row.status == "firing" else "over"
    name = row.title + (f" ({where})" if where else "")
    return f"<p><b>{escape(plain(name, 300))}</b></p><p>Since {escape(since)}, {state}.</p>"


def _form(permission: Permission) -> str:
    return _FORM.format(most=MAX_AUTHOR, label=escape(LABELS[permission.what]))


def _page(status: int, title: str, body: str) -> Response:
    text = _PAGE.format(title=escape(title), body=body)
    return HTMLResponse(text, HTTPStatus(status), headers=_HEADERS)
