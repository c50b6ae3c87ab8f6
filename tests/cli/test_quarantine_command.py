"""`touchline quarantine`: list and show refused events."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from touchline.store import open_store

Folder = Callable[[Path], Path]

NOW = int(time.time() * 1000)
DAY = 86_400_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, with_store: Folder) -> Path:
    """A data folder with three refused events."""
    folder = with_store(tmp_path_factory.mktemp("quarantine"))
    with open_store(folder / "store") as store:
        store.insert(
            "quarantine",
            {
                "id": ["q-1", "q-2", "q-3"],
                "received_at": [NOW - 10 * DAY, NOW - DAY, NOW - 60_000],
                "producer": ["shop", "shop", "crm"],
                "reason": ["too_large", "unknown_type", "unknown_type"],
                "message": ["64 KB; at most 32 KB", "no event type 'cart'", "no event type 'call'"],
                "field": ["", "type", "type"],
                "body": ["{}", '{"type": "cart"}', '{"type": "call"}'],
            },
            "token",
        )
    return folder


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ([], ["q-3", "q-2"]),
        (["--since", "30d"], ["q-3", "q-2", "q-1"]),
        (["--since", "30d", "--reason", "too_large"], ["q-1"]),
        (["--producer", "crm"], ["q-3"]),
        (["--limit", "1"], ["q-3"]),
        (["--producer", "x' OR 1 = 1 --"], []),
    ],
)
def test_list_filters(
    data: Path, touchline: Callable[..., Result], options: list[str], ids: list[str]
) -> None:
    """The list is newest first, and filtered by time, reason, producer and limit."""
    listed = touchline("quarantine", "list", "--data", data, "--json", *options)
    assert listed.exit_code == 0, listed.output
    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == ids


def test_list_prints_a_table(data: Path, touchline: Callable[..., Result]) -> None:
    """Without --json the list is a table with a count."""
    listed = touchline("quarantine", "list", "--data", data).stdout
    assert "no event type 'call'" in listed
    assert "2 refused events" in listed


def test_show_prints_the_body(data: Path, touchline: Callable[..., Result]) -> None:
    """An entry is shown with its reason and its body as it arrived."""
    shown = touchline("quarantine", "show", "q-2", "--data", data).stdout
    assert "reason    unknown_type" in shown
    assert shown.endswith('\n\n{"type": "cart"}\n')
    entry = json.loads(touchline("quarantine", "show", "q-2", "--data", data, "--json").stdout)
    assert entry == {
        "id": "q-2",
        "received_at": NOW - DAY,
        "producer": "shop",
        "reason": "unknown_type",
        "field": "type",
        "message": "no event type 'cart'",
        "body": '{"type": "cart"}',
    }


def test_an_unknown_id_or_reason_is_refused(data: Path, touchline: Callable[..., Result]) -> None:
    """An unknown id ends with 1, an unknown reason with 2; both say what to write."""
    unknown = touchline("quarantine", "show", "q-9", "--data", data)
    assert (unknown.exit_code, "touchline quarantine list" in unknown.stderr) == (1, True)
    wrong = touchline("quarantine", "list", "--reason", "odd", "--data", data)
    assert (wrong.exit_code, "unknown_type" in wrong.stderr) == (2, True)
