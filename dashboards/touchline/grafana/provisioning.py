"""The files from which a Grafana server provisions itself: path → text."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import yaml

from touchline.alerts import AlertRule
from touchline.grafana.alert_rules import EVERY_SECONDS, FOLDER, GROUP, alert_rules
from touchline.grafana.building import Json, dashboards
from touchline.grafana.queries import PLUGIN

SOURCE = "touchline"
"""The uid of the data source, and of the folder; nothing else in a Grafana has it."""

TITLE = "Touchline"
PASSWORD = "TOUCHLINE_STORE_PASSWORD"  # noqa: S105 - the name of a variable
"""From this variable of its environment Grafana takes the password; no file holds it."""

MOUNTED_AT = "/etc/grafana/provisioning"

_PORTS = {"http": 8123, "https": 8443}


class ConnectionRefused(ValueError):
    """An address of a store that Grafana cannot be given."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where Grafana finds the store: ClickHouse's HTTP protocol, a server's or Touchline's own."""

    host: str
    port: int
    path: str
    secure: bool
    user: str

    @classmethod
    def at(cls, url: str, user: str = "") -> "Connection":
        """From `http(s)://[user@]host[:port][/path]`; a password is not taken from there.

        Without a user in the address it is `user`, or `touchline`.

        Raises:
            ConnectionRefused: no such address, or one with a password.
        """
        place = urlsplit(url)
        try:
            port = place.port
        except ValueError:
            port = -1
        if place.scheme not in _PORTS or not place.hostname or port == -1:
            raise ConnectionRefused(f"{url} is no http(s)://[user@]host[:port][/path] of a store")
        if place.password:
            raise ConnectionRefused(
                f"leave the password out of the address: Grafana takes it from ${PASSWORD}"
            )
        return cls(
            place.hostname,
            port or _PORTS[place.scheme],
            place.path.rstrip("/"),
            place.scheme == "https",
            place.username or user or "touchline",
        )

    def data_source(self) -> Json:
        """The data source as Grafana's API takes it, without its password."""
        return {
            "name": TITLE,
            "uid": SOURCE,
            "type": PLUGIN,
            "access": "proxy",
            "jsonData": {
                "host": self.host,
                "port": self.port,
                "protocol": "http",
                "path": self.path,
                "secure": self.secure,
                "username": self.user,
                "defaultDatabase": "touchline",
            },
        }


def files(
    connection: Connection,
    goals: Mapping[str, float],
    rules: Iterable[AlertRule],
    mounted_at: str = MOUNTED_AT,
) -> dict[str, str]:
    """Every file, by its path below the provisioning folder, which Grafana sees at `mounted_at`.

    The same arguments give the same texts.
    """
    found = {
        f"dashboards/touchline/{one['uid']}.json": json.dumps(one, indent=2, ensure_ascii=False) + "\n"
        for one in dashboards(SOURCE, goals)
    }
    found["dashboards/touchline.yaml"] = _yaml({"providers": [_provider(mounted_at)]})
    source = connection.data_source() | {"secureJsonData": {"password": f"${PASSWORD}"}}
    found["datasources/touchline.yaml"] = _yaml({"datasources": [source]})
    if built := [_provisioned(rule) for rule in alert_rules(rules, SOURCE)]:
        group = {"orgId": 1, "name": GROUP, "folder": TITLE, "interval": f"{EVERY_SECONDS}s", "rules": built}
        found["alerting/touchline.yaml"] = _yaml({"groups": [group]})
    return found


def _provider(mounted_at: str) -> Json:
    return {
        "name": TITLE,
        "folder": TITLE,
        "folderUid": FOLDER,
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "options": {"path": f"{mounted_at.rstrip('/')}/dashboards/touchline"},
    }


def _provisioned(rule: Json) -> Json:
    """A rule as a file holds it: its folder, group and organisation are said once, by the group.

    Grafana reads variables of its environment into titles and labels, where a dollar is therefore written
    twice; into queries and annotations it does not.
    """
    kept = {name: value for name, value in rule.items() if name not in ("folderUID", "ruleGroup", "orgID")}
    labels = {name: text.replace("$", "$$") for name, text in kept["labels"].items()}
    title = kept.pop("title").replace("$", "$$")
    return {"uid": kept.pop("uid"), "title": title, **kept, "labels": labels}


class _Lines(yaml.SafeDumper):
    """Writes a text of several lines as such."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Lines.add_representer(str, _represent)


def _yaml(document: Json) -> str:
    return yaml.dump(
        {"apiVersion": 1, **document}, Dumper=_Lines, sort_keys=False, allow_unicode=True, width=100_000
    )
