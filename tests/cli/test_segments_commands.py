"""`touchline segments`: what people saved on the page, listed and shown, and a file that is checked."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import Result

from tests.live import rows as make
from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.runtime.alerting.queries import query_of
from touchline.services.jobs.segments import segments
from touchline.store import open_store

NOW = 1_800_000_000_000
WEB = "{id: web, title: Came by the web, owner: kim, first_channel: [web]}"

Command = Callable[..., Result]


@pytest.fixture
def data(with_store: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A data folder with two customers of the web and one of the phone; one segment is broken."""
    folder = with_store(tmp_path / "data")
    by = {"author": "Kim", "written_at": NOW, "deleted": 0, "version": 1}
    with open_store(folder / "store") as store:
        first = {"account:a": "web", "account:b": "web", "account:c": "phone"}
        journeys = [make.journey(name, NOW, NOW, path=[channel]) for name, channel in first.items()]
        make.put(store, "journeys", journeys, "j")
        saved = {"web": WEB, "torn": "{id: torn, title: ["}
        make.put(
            store, "segments", [{"id": id_, "definition": text, **by} for id_, text in saved.items()], "s"
        )
        segments(Settings(), lambda: RuleSet(())).run(query_of(store), store.insert, NOW)
    return folder


def test_saved_segments_are_listed_with_their_customers(touchline: Command, data: Path) -> None:
    """Each segment has its title, owner and customers; one that cannot be read says why."""
    shown = touchline("segments", "list", "--data", data)
    assert shown.exit_code == 0, shown.output
    assert "Came by the web" in shown.stdout
    listed = {
        row["id"]: row for row in orjson.loads(touchline("segments", "list", "--json", "--data", data).stdout)
    }
    assert (listed["web"]["owner"], listed["web"]["customers"], listed["web"]["error"]) == ("kim", 2, "")
    assert listed["torn"]["error"]


def test_without_a_segment_the_list_says_where_to_save_one(
    touchline: Command, with_store: Callable[[Path], Path], tmp_path: Path
) -> None:
    """An empty list is no error."""
    shown = touchline("segments", "list", "--data", with_store(tmp_path / "new"))
    assert (shown.exit_code, "Save one on the live page" in shown.stdout) == (0, True)


def test_a_segment_is_shown_as_it_was_saved(touchline: Command, data: Path) -> None:
    """The definition can be checked again; an unknown name suggests the one that was meant."""
    assert touchline("segments", "show", "web", "--data", data).stdout == f"{WEB}\n"
    unknown = touchline("segments", "show", "wep", "--data", data)
    assert (unknown.exit_code, "did you mean 'web'?" in unknown.stderr) == (1, True)


def test_a_file_is_checked_and_its_customers_are_counted(
    touchline: Command, data: Path, tmp_path: Path
) -> None:
    """A definition gives a number of customers and saves nothing; a mistake names its place."""
    file = tmp_path / "phone.yaml"
    file.write_text("{id: phone, title: By phone, first_channel: [phone]}")
    assert touchline("segments", "check", file, "--data", data).stdout == "By phone: 1 customer\n"
    found = orjson.loads(touchline("segments", "check", file, "--json", "--data", data).stdout)
    assert (found["customers"], found["journeys"]) == (1, 0)
    file.write_text("{id: phone, title: By phone, first_chanel: [phone]}")
    wrong = touchline("segments", "check", file, "--data", data)
    assert (wrong.exit_code, "first_chanel" in wrong.stderr) == (1, True)
    missing = touchline("segments", "check", tmp_path / "none.yaml", "--data", data)
    assert (missing.exit_code, "cannot be read" in missing.stderr) == (1, True)
    listed = orjson.loads(touchline("segments", "list", "--json", "--data", data).stdout)
    assert sorted(row["id"] for row in listed) == ["torn", "web"]
