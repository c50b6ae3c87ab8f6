"""Writes what people do about incidents: to the store, or through the server that has the store open."""

import time
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import msgspec
import urllib3

from touchline.alerts.life.acts import act_row
from touchline.config.settings import Settings
from touchline.config.stores import writable_store
from touchline.engine.batch import columns
from touchline.store import StoreUnavailable
from touchline.store.reader import running_server
from touchline.tables import AlertActRow

PATH = "/v1/alerts/acts"
TABLE = "alert_acts"
ANSWER_SECONDS = 30


def write_act(settings: Settings, fields: dict[str, Any], author: str) -> AlertActRow:
    """Write an act with these columns, as `touchline.alerts.life.acts` makes them; return its row.

    Raises:
        NotAnAct: nobody is named.
        StoreError: the store cannot be written.
    """
    now = int(time.time() * 1000)
    act = act_row(fields, author, str(uuid4()), now)
    server = None if settings.store_address is not None else running_server(settings.data)
    if server is None:
        with writable_store(settings) as store:
            store.insert(TABLE, columns([act]), token(act))
        return act
    try:
        response = urllib3.request(
            "POST",
            f"{server.url}{PATH}",
            body=msgspec.json.encode(act),
            headers={"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"},
            timeout=ANSWER_SECONDS,
            retries=False,
        )
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise StoreUnavailable(
            f"the server at {server.url} broke off its answer ({error}): try again"
        ) from error
    if response.status != HTTPStatus.OK:
        answer = response.data[:500].decode(errors="replace").strip()
        raise StoreUnavailable(f"the server at {server.url} answered {response.status}: {answer}")
    return act


def token(act: AlertActRow) -> str:
    """What the store deduplicates the insert of an act by."""
    return f"{TABLE}:{act.id}:{act.version}"
