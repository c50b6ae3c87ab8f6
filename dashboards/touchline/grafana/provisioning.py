"""Files for Grafana's provisioning folder: path → text."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import yaml

from touchline.grafana.alert_rules import EVERY_SECONDS, GROUP, alert_rules
from touchline.grafana.building import Contents, Json, dashboards
from touchline.grafana.queries import PLUGIN
from touchline.vocabulary.errors import ConfigurationError

SOURCE = "touchline"
"""The uid of the data source and of the folder."""

TITLE = "Touchline"
PASSWORD = "TOUCHLINE_STORE_PASSWORD"  # noqa: S105 - the name of a variable
"""Grafana reads the password from this environment variable; no file contains it."""

MOUNTED_AT = "/etc/grafana/provisioning"

_NAMES_IN_FILES = {
    "keep_firing_for": "keepFiringFor",
    "missingSeriesEvalsToResolve": "missing_series_evals_to_resolve",
}
_PORTS = {"http": 8123, "https": 8443}


class ConnectionRefused(ConfigurationError):
    """An unusable store address."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How Grafana reaches the store, by ClickHouse's HTTP protocol (a server, or `/clickhouse`)."""

    host: str
    port: int
    path: str
    secure: bool
    user: str

    @classmethod
    def at(cls, url: str, user: str = "") -> "Connection":
        """Parse `http(s)://[user@]host[:port][/path]`.

        Without a user in the address it is `user`, or `touchline`.

        Raises:
            ConnectionRefused: the address has another form, or contains a password.
        """
        place = urlsplit(url)
        try:
            port = place.port
        except ValueError:
            port = -1
        if place.scheme not in _PORTS or not place.hostname or port == -1:
            raise ConnectionRefused(f"invalid store address {url}: write http(s)://[user@]host[:port][/path]")
        if place.password:
            raise ConnectionRefused(
                f"remove the password from the address: Grafana reads it from ${PASSWORD}"
            )
        return cls(
            place.hostname,
            port or _PORTS[place.scheme],
            place.path.rstrip("/"),
            place.scheme == "https",
            place.username or user or "touchline",
        )

    def data_source(self) -> Json:
        """The data source in the format of Grafana's API, without its password."""
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


def files(connection: Connection, contents: Contents, mounted_at: str = MOUNTED_AT) -> dict[str, str]:
    """All files, by path below the provisioning folder. The same arguments give the same texts.

    Args:
        connection: How Grafana reaches the store.
        contents: What Grafana shows; without alert rules, no file for them is written.
        mounted_at: The path of the provisioning folder as Grafana sees it.
    """
    texts = {
        f"dashboards/touchline/{board['uid']}.json": json.dumps(board, indent=2, ensure_ascii=False) + "\n"
        for board in dashboards(SOURCE, contents)
    }
    texts["dashboards/touchline.yaml"] = _yaml({"providers": [_provider(mounted_at)]})
    source = connection.data_source() | {"secureJsonData": {"password": f"${PASSWORD}"}}
    texts["datasources/touchline.yaml"] = _yaml({"datasources": [source]})
    if built := [_provisioned(rule) for rule in alert_rules(contents.rules or (), SOURCE)]:
        group = {"orgId": 1, "name": GROUP, "folder": TITLE, "interval": f"{EVERY_SECONDS}s", "rules": built}
        texts["alerting/touchline.yaml"] = _yaml({"groups": [group]})
    return texts


def _provider(mounted_at: str) -> Json:
    return {
        "name": TITLE,
        # Alert rules name their folder by title alone: a uid here could make it a second folder.
        "folder": TITLE,
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "options": {"path": f"{mounted_at.rstrip('/')}/dashboards/touchline"},
    }


def _provisioned(rule: Json) -> Json:
    """A rule as a provisioning file has it: folder, group and organisation are set by the group.

    Two fields have other names in files than in the API; Grafana ignores the API's names there.

    Grafana expands environment variables in titles and labels, so a dollar sign is doubled there. It does not
    expand them in queries and annotations.
    """
    kept = {
        _NAMES_IN_FILES.get(name, name): value
        for name, value in rule.items()
        if name not in ("folderUID", "ruleGroup", "orgID")
    }
    labels = {name: text.replace("$", "$$") for name, text in kept["labels"].items()}
    title = kept.pop("title").replace("$", "$$")
    return {"uid": kept.pop("uid"), "title": title, **kept, "labels": labels}


class _Lines(yaml.SafeDumper):
    """Writes texts with several lines as literal blocks."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Lines.add_representer(str, _represent)


def _yaml(document: Json) -> str:
    return yaml.dump(
        {"apiVersion": 1, **document}, Dumper=_Lines, sort_keys=False, allow_unicode=True, width=100_000
    )
