"""Publishes everything to a Grafana server; what is already there and equal is left alone."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Literal, Protocol

from touchline.grafana.alert_rules import EVERY_SECONDS, FOLDER, GROUP, alert_rules
from touchline.grafana.building import Contents, Json, dashboards
from touchline.grafana.drawing import dashboard_uid
from touchline.grafana.provisioning import SOURCE, TITLE, Connection
from touchline.grafana.queries import PLUGIN
from touchline.panels import DASHBOARDS
from touchline.vocabulary.errors import TouchlineError

MESSAGE = "touchline dashboards publish"

_GROUP_PATH = f"/v1/provisioning/folder/{FOLDER}/rule-groups/{GROUP}"
_EDITABLE = {"X-Disable-Provenance": "true"}
"""With this header, published rules stay editable in Grafana."""

Action = Literal["created", "updated", "unchanged"]


class WrongSource(TouchlineError):
    """Grafana has a data source with our name and another type."""


class ProvisionedFromFiles(TouchlineError):
    """Grafana has our dashboards from files, and takes no changes of them."""


class Server(Protocol):
    """A Grafana server; paths are below `/api`."""

    def get(self, path: str) -> Json | None:
        """The object at `path`, or None."""

    def post(self, path: str, body: Json) -> Json:
        """Create an object."""

    def put(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Json:
        """Replace an object."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change to one object, made or planned; `diff` is the difference of its JSON if it is updated."""

    what: Literal["folder", "data source", "dashboard", "alert rules"]
    name: str
    action: Action
    diff: str = ""


def publish(
    grafana: Server,
    contents: Contents,
    connection: Connection,
    password: str,
    *,
    dry_run: bool = False,
) -> Iterator[Change]:
    """Publish the folder, data source, dashboards and alert rules, and yield each change.

    An existing data source is used as it is. Edits to the dashboards in Grafana are overwritten. Without
    rules (None), alert rules are left alone.

    Raises:
        WrongSource: a data source has the wrong type; nothing was changed.
        ProvisionedFromFiles: Grafana has the dashboards from files; nothing was changed.
        GrafanaError: a request failed; earlier changes stay, and the next call continues from there.
    """
    source = grafana.get(f"/datasources/name/{TITLE}")
    if source is not None and source.get("type") != PLUGIN:
        raise WrongSource(
            f"the data source {TITLE} in Grafana has the type {source.get('type')}, expected {PLUGIN}: "
            "rename it"
        )
    # Otherwise Grafana would get a second folder of this name, and then refuse the dashboards.
    there = grafana.get(f"/dashboards/uid/{dashboard_uid(DASHBOARDS[0].id)}")
    if there is not None and there["meta"].get("provisioned"):
        raise ProvisionedFromFiles(
            "Grafana has these dashboards from provisioning files: write those again with `touchline "
            "dashboards render`, or delete them before you publish"
        )
    yield _folder(grafana, dry_run)
    if source is None:
        body = connection.data_source() | {"secureJsonData": {"password": password}}
        if not dry_run:
            grafana.post("/datasources", body)
    yield Change("data source", TITLE, "created" if source is None else "unchanged")
    uid = SOURCE if source is None else str(source["uid"])
    for dashboard in dashboards(uid, contents):
        yield _dashboard(grafana, dashboard, dry_run)
    if contents.rules is not None:
        yield _alert_rules(grafana, alert_rules(contents.rules, uid), dry_run)


def _folder(grafana: Server, dry_run: bool) -> Change:
    there = grafana.get(f"/folders/{FOLDER}")
    if there is None and not dry_run:
        grafana.post("/folders", {"uid": FOLDER, "title": TITLE})
    return Change("folder", TITLE, "created" if there is None else "unchanged")


def _dashboard(grafana: Server, wanted: Json, dry_run: bool) -> Change:
    found = grafana.get(f"/dashboards/uid/{wanted['uid']}")
    there = None if found is None else found["dashboard"]
    moved = found is not None and found["meta"].get("folderUid") != FOLDER
    # Grafana updates the schema version by itself.
    compared = {name: value for name, value in wanted.items() if name != "schemaVersion"}
    change = _change("dashboard", wanted["title"], there, compared, moved)
    if change.action != "unchanged" and not dry_run:
        # With this version, Grafana refuses if somebody saved the dashboard after it was read.
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
    """The fields of `there` that `wanted` has too, without those that Grafana adds by itself."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        return {name: _part(there[name], wanted[name]) for name in wanted if name in there}
    if isinstance(there, list) and isinstance(wanted, list) and len(there) == len(wanted):
        return [_part(one, other) for one, other in zip(there, wanted, strict=True)]
    return there


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
