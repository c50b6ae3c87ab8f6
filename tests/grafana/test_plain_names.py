"""Plain names of values in Grafana."""

import re

import pytest

from tests.grafana.drawn import drawn_in
from touchline.grafana import Contents, dashboards
from touchline.vocabulary.names import plain_name


@pytest.mark.parametrize(
    ("board", "title", "column"),
    [
        ("friction", "Frictions by touchpoint", "label"),
        ("touchpoints", "Weakest touchpoints", "touchpoint"),
        ("fixes", "What each change did", "touchpoint"),
    ],
)
def test_touchpoints_have_their_plain_names(board: str, title: str, column: str) -> None:
    """A channel has its name and the source stays; a value of an unknown channel stays as it is."""
    boards = {one["uid"]: one for one in dashboards("here", Contents())}
    panel = next(one for one in drawn_in(boards[f"touchline-{board}"]) if one["title"] == title)
    mappings = [
        mapping["options"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == column
        for one in override["properties"]
        if one["id"] == "mappings"
        for mapping in one["value"]
    ]
    for stored in ("email · crm", "web · web · shop", "kiosk · ", "fax · office", "webshop · web"):
        shown = stored
        for one in mappings:
            pattern, text = one["pattern"].strip("/"), one["result"]["text"].replace("$1", r"\1")
            shown = re.sub(pattern, text, shown)
        assert shown == plain_name("touchpoint", stored)
