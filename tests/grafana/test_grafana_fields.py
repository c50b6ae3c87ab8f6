"""The fields of rendered files, against those that Grafana reads: it ignores others without a word."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.grafana.test_provisioning import rendered

FIELDS: dict[str, Any] = json.loads(Path(__file__).with_name("grafana_fields.json").read_text())
"""The names that Grafana knows; `source` says where they come from."""


def paths_in(value: Any, path: str = "") -> Iterator[str]:
    """The path of every field in a document; `[]` stands for the items of a list."""
    if isinstance(value, dict):
        for name, inner in value.items():
            below = f"{path}.{name}" if path else name
            yield below
            yield from paths_in(inner, below)
    elif isinstance(value, list):
        for inner in value:
            yield from paths_in(inner, f"{path}[]")


def unknown(document: Any, known: list[str]) -> set[str]:
    """The fields of a document that are not known; whatever is below `.*` is."""
    names = set(known)
    open_below = tuple(name.removesuffix("*") for name in known if name.endswith(".*"))
    return {path for path in paths_in(document) if path not in names and not path.startswith(open_below)}


def boards() -> Iterator[Any]:
    """The rendered dashboards."""
    for name, text in rendered().items():
        if name.endswith(".json"):
            yield json.loads(text)


def test_dashboards_have_only_fields_that_grafana_reads() -> None:
    """Every field of a dashboard, a row, a panel, its options and its own settings is in Grafana's types."""
    for board in boards():
        # The target of an annotation is a query of the plugin.
        plain = [mark | {"target": {}} for mark in board["annotations"]["list"]]
        panels = board["panels"]
        assert not unknown(board | {"annotations": {"list": plain}, "panels": []}, FIELDS["dashboard"])
        for panel in panels:
            if panel["type"] == "row":
                assert not unknown(panel, FIELDS["row"])
                continue
            of_kind = FIELDS[panel["type"]]
            shared = panel | {"options": {}, "fieldConfig": panel["fieldConfig"] | {"overrides": []}}
            assert not unknown(shared, FIELDS["panel"]), panel["title"]
            assert not unknown(panel["options"], of_kind["options"]), panel["title"]
            assert not unknown(panel["fieldConfig"]["defaults"].get("custom", {}), of_kind["custom"])


def test_overrides_set_only_fields_that_grafana_reads() -> None:
    """An override names a field of all panels, or one of its kind as `custom.…`, with its form."""
    seen = set()
    for board in boards():
        for panel in board["panels"]:
            for override in panel.get("fieldConfig", {}).get("overrides", []):
                assert override["matcher"]["id"] == "byName"
                for setting in override["properties"]:
                    name, value = setting["id"], setting["value"]
                    seen.add(name)
                    if name.startswith("custom."):
                        known = FIELDS[panel["type"]]["custom"]
                        assert not unknown({name.removeprefix("custom."): value}, known), name
                    else:
                        defaults = {"fieldConfig": {"defaults": {name: value}}}
                        assert not unknown(defaults, FIELDS["panel"]), name
    assert {"displayName", "custom.cellOptions", "mappings", "links"} <= seen


@pytest.mark.parametrize(
    ("file", "known"),
    [
        ("alerting/touchline.yaml", "alert_rules"),
        ("datasources/touchline.yaml", "datasources"),
        ("dashboards/touchline.yaml", "providers"),
    ],
)
def test_other_files_have_only_fields_that_grafana_reads(file: str, known: str) -> None:
    """A field of a provisioning file that Grafana's reader does not have is a fault here."""
    document = yaml.safe_load(rendered()[file])
    assert not unknown(document, FIELDS[known])
    assert unknown(document | {"keep_firing_for": 1}, FIELDS[known]) == {"keep_firing_for"}
