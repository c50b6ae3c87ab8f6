"""Sending everything to a Grafana: what is there already, and the same, is left alone."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Literal, Protocol

from touchline.alerts import AlertRule
from touchline.grafana.alert_rules import EVERY_SECONDS, FOLDER, GROUP, alert_rules
from touchline.grafana.building import Json, dashboards
from touchline.grafana.provisioning import SOURCE, TITLE, Connection
from touchline.grafana.queries import PLUGIN

MESSAGE = "touchline dashboards publish"

_GROUP_PATH = f"/v1/provisioning/folder/{FOLDER}/rule-groups/{GROUP}"
_EDITABLE = {"X-Disable-Provenance": "true"}
"""Rules that were sent with it can be edited in Grafana as well."""

Action = Literal["created", "updated", "unchanged"]


class WrongSource(Exception):
    """There is a data source of our name that is none of ours."""


class Server(Protocol):
    """A Grafana, by its HTTP API below `/api`."""

    def get(self, path: str) -> Json | None:
        """What is there, or None."""

    def post(self, path: str, body: Json) -> Json:
        """Make something."""

    def put(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Json:
        """Put something in the place of what is there."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was done, or would be, to one thing; `diff` is of its JSON, where it is updated."""

    what: Literal["folder", "data source", "dashboard", "alert rules"]
    name: str
    action: Action
    diff: str = ""


def publish(
    grafana: Server,
    goals: Mapping[str, float],
    rules: Iterable[AlertRule] | None,
    connection: Connection,
    password: str,
    *,
    dry_run: bool = False,
) -> Iterator[Change]:
    """Make Grafana's folder, data source, dashboards and alert rules those of Touchline, one after the other.

    A data source that is there already is used as it is. What people changed in the dashboards is undone.
    Without `rules` (None) the alert rules are left alone.

    Raises:
        WrongSource: before anything was changed.
        GrafanaError: what came before stays done; the same call goes on from there.
    """
    source = grafana.get(f"/datasources/name/{TITLE}")
    if source is not None and source.get("type") != PLUGIN:
        raise WrongSource(
            f"Grafana has a data source named {TITLE} of the type {source.get('type')}: rename it, "
            f"ours is of {PLUGIN}"
        )
    yield _folder(grafana, dry_run)
    if source is None:
        body = connection.data_source() | {"secureJsonData": {"password": password}}
        if not dry_run:
            grafana.post("/datasources", body)
    yield Change("data source", TITLE, "created" if source is None else "unchanged")
    uid = SOURCE if source is None else str(source["uid"])
    for one in dashboards(uid, goals):
        yield _dashboard(grafana, one, dry_run)
    if rules is not None:
        yield _alert_rules(grafana, alert_rules(rules, uid), dry_run)


def _folder(grafana: Server, dry_run: bool) -> Change:
    there = grafana.get(f"/folders/{FOLDER}")
    if there is None and not dry_run:
        grafana.post("/folders", {"uid": FOLDER, "title": TITLE})
    return Change("folder", TITLE, "created" if there is None else "unchanged")


def _dashboard(grafana: Server, wanted: Json, dry_run: bool) -> Change:
    found = grafana.get(f"/dashboards/uid/{wanted['uid']}")
    there = None if found is None else found["dashboard"]
    moved = found is not None and found["meta"].get("folderUid") != FOLDER
    # Grafana brings the version of its schema up to date by itself.
    compared = {name: value for name, value in wanted.items() if name != "schemaVersion"}
    change = _change("dashboard", wanted["title"], there, compared, moved)
    if change.action != "unchanged" and not dry_run:
        # Whoever saved it since it was read has made a newer version: Grafana then refuses.
        version = {} if there is None else {"version": there["version"]}
        body = {"dashboard": wanted | {"id": None} | version, "folderUid": FOLDER, "overwrite": False}
        grafana.post("/dashboards/db", body | {"message": MESSAGE})
    return change


def _alert_rules(grafana: Server, wanted: list[Json], dry_run: bool) -> Change:
    group = {"title": GROUP, "folderUid": FOLDER, "interval": EVERY_SECONDS, "rules": wanted}
    change = _change("alert rules", GROUP, grafana.get(_GROUP_PATH), group)
    if change.action != "unchanged" and not dry_run:
        grafana.put(_GROUP_PATH, group, _EDITABLE)
    return change


def _change(
    what: Literal["dashboard", "alert rules"],
    name: str,
    there: Json | None,
    wanted: Json,
    moved: bool = False,
) -> Change:
    if there is None:
        return Change(what, name, "created")
    before, after = _text(_part(there, wanted)), _text(wanted)
    if before == after and not moved:
        return Change(what, name, "unchanged")
    lines = unified_diff(
        before.splitlines(), after.splitlines(), "in Grafana", "to publish", lineterm="", n=2
    )
    return Change(what, name, "updated", "\n".join(lines))


def _part(there: Any, wanted: Any) -> Any:
    """Of what is there, that which is wanted otherwise or is the same: not what Grafana adds by itself."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        return {name: _part(there[name], wanted[name]) for name in wanted if name in there}
    if isinstance(there, list) and isinstance(wanted, list) and len(there) == len(wanted):
        return [_part(one, other) for one, other in zip(there, wanted, strict=True)]
    return there


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
