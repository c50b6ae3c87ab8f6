"""`touchline customer`: a story, and decisions that take effect whether a server runs or not."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import orjson
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from touchline.cli.main import app
from touchline.identity import customer_id
from touchline.log.contract import Batch
from touchline.log.sqlite import SqliteLog
from touchline.services import decisions, submitting
from touchline.store.server_file import find_server

Command = Callable[..., Result]
Folder = Callable[[Path], Path]
Event = dict[str, Any]

TABLES = (
    "SELECT * EXCEPT (received_at, log_offset, context) FROM events ORDER BY id",
    "SELECT * EXCEPT (detected_at, version) FROM current_frictions ORDER BY customer, id",
    "SELECT * EXCEPT version FROM current_journeys ORDER BY customer, id",
    "SELECT entity, customer FROM current_identities ORDER BY entity",
)
DERIVED = "SELECT DISTINCT toString(customer) AS customer FROM {} ORDER BY customer"


def _call(number: int, *identifiers: str, **changes: Any) -> Event:
    kinds = (one.partition(":") for one in identifiers)
    return {
        "id": f"call-{number}",
        "type": "contact.started",
        "time": f"2025-10-09T10:{number:02}:00.000Z",
        "channel": "phone",
        "source": "pbx",
        "identifiers": {kind: value for kind, _, value in kinds},
        "data": {"contact_id": str(number), "reason": "billing"},
        **changes,
    }


ANNA = [
    _call(1, "account:anna", "email:a@b.example"),
    _call(2, "email:a@b.example"),
    _call(3, "device:lobby"),
]
LINK = _call(4, "account:anna", "device:lobby")
BERT = [_call(11, "account:bert"), _call(12, "account:bert")]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, with_store: Folder) -> Path:
    """The data folder that each test gets a copy of."""
    folder = tmp_path_factory.mktemp("customers")
    file, data = folder / "events.jsonl", with_store(folder / "data")
    file.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in [*ANNA, LINK, *BERT]))
    said = CliRunner().invoke(app, ["import", str(file), "--data", str(data)])
    assert said.exit_code == 0, said.output
    return data


@pytest.fixture
def data(imported: Path, tmp_path: Path) -> Path:
    """A data folder with two customers; a device of the lobby was taken for one's."""
    return copytree(imported, tmp_path / "data", symlinks=True)


def _output(touchline: Command, *arguments: object) -> Any:
    said = touchline("customer", *arguments, "--json")
    assert said.exit_code == 0, said.output
    return orjson.loads(said.stdout)


def test_show_prints_a_customer_history(touchline: Command, data: Path) -> None:
    """`show` prints identifiers, journeys, frictions and events, by any identifier or the id."""
    shown = _output(touchline, "show", " email:A@b.example".strip(), "--data", data)
    assert shown["customer"] == str(customer_id("account:anna"))
    assert shown["identifiers"] == ["account:anna", "email:a@b.example", "device:lobby"]
    assert [event["id"] for event in shown["events"]] == ["call-1", "call-2", "call-3", "call-4"]
    assert [(journey["events"], journey["path"]) for journey in shown["journeys"]] == [(4, ["phone"])]
    assert "repeat_contact" in {friction["rule"] for friction in shown["frictions"]}
    assert _output(touchline, "show", shown["customer"], "--data", data) == shown
    said = touchline("customer", "show", "account:anna", "--data", data).stdout
    assert "2025-10-09 10:01 UTC  contact.started (phone, pbx)" in said
    assert "4 events (phone)" in said


def test_times_are_shown_and_read_in_the_zone_of_the_settings(
    touchline: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a zone in the settings, `show` prints its times and reads a time without a zone in it."""
    monkeypatch.setenv("TOUCHLINE_ZONE", "Asia/Tokyo")
    said = touchline("customer", "show", "account:anna", "--data", data).stdout
    assert "2025-10-09 19:01 JST  contact.started (phone, pbx)" in said
    then = touchline("customer", "show", "account:anna", "--as-of", "2100-01-01T09:00", "--data", data).stdout
    assert "as of 2100-01-01 09:00 JST" in then


@pytest.mark.parametrize("who", ["account:nobody", "no identifier", str(customer_id("account:nobody"))])
def test_an_unknown_customer_is_refused(touchline: Command, data: Path, who: str) -> None:
    """If WHO names no customer, the error says how to name one."""
    said = touchline("customer", "show", who, "--data", data)
    assert said.exit_code == 1
    assert f"no customer {who}: name an identifier, such as account:u-17" in said.stderr


def test_a_split_parts_and_its_undoing_joins(touchline: Command, data: Path, ask_all: Any) -> None:
    """A split says what it bans; undone, the tables are what they were."""
    before = ask_all(data, TABLES)
    said = touchline("customer", "split", "account:anna", "device:lobby", "--reason", "lobby", "--data", data)
    assert said.exit_code == 0, said.output
    assert "Banned from linking:\n  account:anna | device:lobby" in said.stdout
    shown = _output(touchline, "show", "device:lobby", "--data", data)
    assert (shown["identifiers"], [event["id"] for event in shown["events"]]) == (
        ["device:lobby"],
        ["call-3"],
    )
    assert [(entry["what"], entry["reason"]) for entry in shown["ledger"]] == [("split", "lobby")]
    assert _output(touchline, "show", "account:anna", "--data", data)["journeys"][0]["events"] == 3

    again = touchline("customer", "split", "account:anna", "device:lobby", "--reason", "x", "--data", data)
    assert again.exit_code == 1
    assert "nothing links device:lobby to account:anna" in again.stderr

    undone = touchline("customer", "unsplit", "account:anna", "device:lobby", "--data", data)
    assert undone.exit_code == 0, undone.output
    assert ask_all(data, TABLES) == before
    twice = touchline("customer", "unsplit", "account:anna", "device:lobby", "--data", data)
    assert twice.exit_code == 1
    assert "was not split from account:anna, or that was undone already" in twice.stderr


@pytest.mark.parametrize("behind", [0, 86_400_000])
def test_a_decision_counts_after_the_clock_was_set_back(
    touchline: Command, data: Path, ask_all: Any, monkeypatch: pytest.MonkeyPatch, behind: int
) -> None:
    """A split that a clock ahead dated in the future is undone by a later command with an earlier date."""
    before, made = ask_all(data, TABLES), decisions.entry

    def ahead(*arguments: Any, **named: Any) -> Any:
        entry = made(*arguments, **named)
        # Ids begin with the time, too, and order entries of one time.
        return replace(entry, at=entry.at + behind, id="f" + entry.id[1:] if behind else entry.id)

    with monkeypatch.context() as patch:
        patch.setattr(decisions, "entry", ahead)
        _output(touchline, "split", "account:anna", "device:lobby", "--reason", "lobby", "--data", data)
    assert ask_all(data, TABLES) != before
    _output(touchline, "unsplit", "account:anna", "device:lobby", "--data", data)
    assert ask_all(data, TABLES) == before


def test_as_of_shows_whose_it_was_then(
    touchline: Command, data: Path, monkeypatch: pytest.MonkeyPatch, ask: Any
) -> None:
    """What was received and decided later does not count."""
    received = "SELECT toString(max(received_at)) AS at FROM events"
    then = ask(data, received)[0]["at"].replace(" ", "T") + "Z"
    entry = ("split", "account:anna", "device:lobby", "--reason", "lobby", "--data", data)
    assert touchline("customer", *entry).exit_code == 0
    now = _output(touchline, "show", "device:lobby", "--data", data)
    assert now["identifiers"] == ["device:lobby"]
    shown = _output(touchline, "show", "device:lobby", "--as-of", then, "--data", data)
    assert shown["identifiers"] == ["account:anna", "email:a@b.example", "device:lobby"]
    assert [journey["events"] for journey in shown["journeys"]] == [4]
    assert "repeat_contact" in {friction["rule"] for friction in shown["frictions"]}
    assert shown["ledger"] == []
    later = _output(touchline, "show", "device:lobby", "--as-of", "2999-01-01", "--data", data)
    assert (later["customer"], later["ledger"]) == (now["customer"], now["ledger"])
    early = touchline("customer", "show", "device:lobby", "--as-of", "2025-10-09", "--data", data)
    assert early.exit_code == 1
    assert "no event of device:lobby was received by then" in early.stderr


def test_export_gives_events_that_can_be_imported(
    touchline: Command, data: Path, ask_all: Any, tmp_path: Path, with_store: Folder
) -> None:
    """What is exported is native events: another folder that imports them holds the same customer."""
    said = touchline("customer", "export", "account:anna", "--data", data)
    assert said.exit_code == 0, said.output
    (tmp_path / "anna.jsonl").write_text(said.stdout)
    other = with_store(tmp_path / "other")
    assert touchline("import", tmp_path / "anna.jsonl", "--data", other).exit_code == 0
    own = [[row for row in rows if "bert" not in str(row)] for rows in ask_all(data, TABLES)]
    bert = str(customer_id("account:bert"))
    own[1:3] = [[row for row in rows if row["customer"] != bert] for rows in own[1:3]]
    own[0] = [row for row in own[0] if row["entity"] != "account:bert"]
    assert ask_all(other, TABLES) == own


def test_what_is_forgotten_was_never_seen(
    touchline: Command,
    data: Path,
    ask: Any,
    ask_all: Any,
    lines: Any,
    tmp_path: Path,
    with_store: Folder,
) -> None:
    """Nothing of the customer stays, what comes again is suppressed, and readmitted it is stored again."""
    before = ask_all(data, TABLES)
    assert touchline("customer", "split", "account:anna", "device:lobby", "--reason", "x", "--data", data)
    unconfirmed = touchline("customer", "forget", "account:anna", "--data", data)
    assert unconfirmed.exit_code == 2
    assert "this would delete 3 events and forget, for good:\n  account:anna\n" in unconfirmed.stderr
    said = touchline("customer", "forget", "account:anna", "--yes", "--data", data)
    assert said.exit_code == 0, said.output
    assert "3 events deleted, 2 identifiers forgotten" in said.stdout

    other = with_store(tmp_path / "other")
    assert touchline("import", lines([ANNA[2], *BERT], "others.jsonl"), "--data", other).exit_code == 0
    assert ask_all(data, TABLES) == ask_all(other, TABLES)
    left = {
        row["customer"] for table in ("frictions", "journeys") for row in ask(data, DERIVED.format(table))
    }
    assert left == {str(customer_id(one)) for one in ("account:bert", "device:lobby")}
    kept = ask(data, "SELECT what, identifiers, length(hashes) AS hashes FROM ledger")
    assert kept == [{"what": "erase", "identifiers": [], "hashes": 2}]

    again = touchline("import", lines([*ANNA, LINK], "again.jsonl"), "--data", data)
    assert "0 stored, 1 were there already" in again.stdout
    assert ask_all(data, TABLES) == ask_all(other, TABLES)

    back = touchline("customer", "readmit", "email:a@b.example", "--data", data)
    assert back.exit_code == 0, back.output
    assert touchline("import", lines([LINK, *ANNA], "later.jsonl"), "--data", data).exit_code == 0
    assert ask_all(data, TABLES) == before
    twice = touchline("customer", "readmit", "email:a@b.example", "--data", data)
    assert (twice.exit_code, "is not forgotten" in twice.stderr) == (1, True)


def test_a_shared_identifier_is_nobodys_to_forget(
    touchline: Command, data: Path, lines: Any, ask: Any
) -> None:
    """What several accounts were seen with stays theirs."""
    shared = lines([_call(13, "account:bert", "device:lobby")], "shared.jsonl")
    assert touchline("import", shared, "--data", data).exit_code == 0
    said = touchline("customer", "forget", "device:lobby", "--yes", "--data", data)
    assert said.exit_code == 1
    assert "device:lobby is shared, so it is nobody's" in said.stderr
    assert ask(data, "SELECT count() AS events FROM events") == [{"events": 7}]


def test_a_share_links_nobody_and_its_undoing_joins(touchline: Command, data: Path, ask_all: Any) -> None:
    """A shared identifier is alone, shown with the reason; undone, the tables are what they were."""
    before = ask_all(data, TABLES)
    share = ("customer", "share", "device:lobby", "--reason", "the reception", "--data", data)
    said = touchline(*share)
    assert said.exit_code == 0, said.output
    assert said.stdout.splitlines() == [
        "device:lobby links nobody (applied)",
        "undo it with: touchline customer unshare device:lobby",
    ]
    shown = _output(touchline, "show", "device:lobby", "--data", data)
    assert (shown["identifiers"], [event["id"] for event in shown["events"]]) == (
        ["device:lobby"],
        ["call-3"],
    )
    assert shown["shared"].endswith(": the reception")
    assert [(entry["what"], entry["identifiers"]) for entry in shown["ledger"]] == [
        ("share", ["device:lobby"])
    ]
    assert _output(touchline, "show", "account:anna", "--data", data)["shared"] is None
    assert (
        "shared, so it links no customers: by "
        in touchline("customer", "show", "device:lobby", "--data", data).stdout
    )
    again = touchline(*share)
    assert (again.exit_code, "device:lobby is shared already" in again.stderr) == (1, True)

    undone = _output(touchline, "unshare", "device:lobby", "--data", data)
    assert [(entry["what"], entry["identifiers"]) for entry in undone["entries"]] == [
        ("unshare", ["device:lobby"])
    ]
    assert ask_all(data, TABLES) == before
    twice = touchline("customer", "unshare", "device:lobby", "--data", data)
    assert (twice.exit_code, "was not shared by an operator" in twice.stderr) == (1, True)


def test_a_limit_holds_when_a_share_is_undone(
    touchline: Command, data: Path, lines: Any, tmp_path: Path
) -> None:
    """What occurs with more than a customer may have stays shared; the command and `show` say why."""
    link = lines([_call(13, "account:bert", "device:lobby")], "shared.jsonl")
    assert touchline("import", link, "--data", data).exit_code == 0
    why = "it occurs with more identifiers of the kind account than the 1 that a customer may have"
    assert _output(touchline, "show", "device:lobby", "--data", data)["shared"] == why
    assert touchline("customer", "share", "device:lobby", "--data", data).exit_code == 0
    undone = touchline("customer", "unshare", "device:lobby", "--data", data)
    assert undone.exit_code == 0, undone.output
    assert f"it still links nobody: {why}" in undone.stdout


@pytest.mark.parametrize(
    ("identifier", "why"),
    [
        ("account:anna", "account:anna: an account is never shared"),
        ("terminal:till-1", "identifiers of the kind terminal link nobody"),
        ("lobby", "lobby: write an identifier as kind:value, such as device:lobby"),
    ],
)
def test_what_cannot_be_shared_is_refused(touchline: Command, data: Path, identifier: str, why: str) -> None:
    """Accounts, kinds that link nobody, and values without a kind are refused with the reason."""
    said = touchline("customer", "share", identifier, "--data", data)
    assert said.exit_code == 1
    assert why in said.stderr


def test_other_limits_decide_about_everyone_again(
    touchline: Command,
    data: Path,
    lines: Any,
    ask_all: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    with_store: Folder,
) -> None:
    """After a change of the limits a decision is refused; the next import decides about everyone again."""
    events = [_call(20 + n, f"email:{n}@b.example", "device:kiosk") for n in range(4)]
    assert touchline("import", lines(events, "kiosk.jsonl"), "--data", data).exit_code == 0
    assert len(_output(touchline, "show", "device:kiosk", "--data", data)["identifiers"]) == 5
    monkeypatch.setenv("TOUCHLINE_LIMITS", '{"email": 3}')
    refused = touchline("customer", "share", "device:lobby", "--data", data)
    assert refused.exit_code == 1
    assert "folded by other rules or limits than these" in refused.stderr
    other = with_store(tmp_path / "other")
    every = lines([*ANNA, LINK, *BERT, *events], "every.jsonl")
    assert touchline("import", every, "--data", other).exit_code == 0
    assert touchline("import", lines(BERT, "bert.jsonl"), "--data", data).exit_code == 0
    assert ask_all(data, TABLES)[1:] == ask_all(other, TABLES)[1:]
    assert _output(touchline, "show", "device:kiosk", "--data", data)["identifiers"] == ["device:kiosk"]


def test_other_rules_are_not_brought_into_force_by_the_way(
    touchline: Command, data: Path, tmp_path: Path, ask: Any
) -> None:
    """A decision under other rules than those in force is refused, and leaves no trace in the log."""
    (tmp_path / "rules.yaml").write_text("rules: [{id: any, kind: match, when: {}}]")
    said = touchline(
        *("customer", "split", "account:anna", "device:lobby", "--reason", "x"),
        *("--data", data, "--rules", tmp_path / "rules.yaml"),
    )
    assert said.exit_code == 1
    assert "nothing was done: the customers in the store are folded by other rules" in said.stderr
    assert touchline("import", "--data", data).exit_code == 2
    assert ask(data, "SELECT count() AS entries FROM ledger") == [{"entries": 0}]


@pytest.mark.slow
def test_a_running_server_applies_what_is_decided(
    touchline: Command, data: Path, ask: Any, ask_all: Any, start: Any, wait: Any
) -> None:
    """While a server runs, the commands put their entries into its log and wait until it applied them."""
    before = ask_all(data, TABLES)
    server: subprocess.Popen[str] = start("up", "--data", data, "--port", "0")
    wait(lambda: find_server(data))
    split = touchline("customer", "split", "account:anna", "device:lobby", "--reason", "x", "--data", data)
    assert split.exit_code == 0, split.output
    assert "applied by the server at http://127.0.0.1" in split.stdout
    shown = _output(touchline, "show", "device:lobby", "--data", data)
    assert shown["identifiers"] == ["device:lobby"]
    assert touchline("customer", "unsplit", "account:anna", "device:lobby", "--data", data).exit_code == 0
    assert ask_all(data, TABLES)[0] == before[0]
    assert _output(touchline, "show", "device:lobby", "--data", data)["identifiers"][0] == "account:anna"
    assert touchline("customer", "share", "device:lobby", "--data", data).exit_code == 0
    assert _output(touchline, "show", "device:lobby", "--data", data)["identifiers"] == ["device:lobby"]
    assert touchline("customer", "unshare", "device:lobby", "--data", data).exit_code == 0
    assert ask_all(data, TABLES)[0] == before[0]
    forgotten = touchline("customer", "forget", "account:anna", "--yes", "--data", data)
    assert forgotten.exit_code == 0, forgotten.output
    assert {row["entity"] for row in ask(data, TABLES[0])} == {"account:bert"}
    server.terminate()
    assert server.wait(60) == 0


def test_an_entry_that_is_not_applied_in_time_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not get to it is given a while and no more."""
    monkeypatch.setattr(submitting, "APPLIED_SECONDS", 0.1)
    log = SqliteLog(tmp_path / "log.sqlite")
    log.append(Batch([], [], 1, [b"{}"]))
    with pytest.raises(submitting.NotApplied, match="will be applied later"):
        submitting._wait(log, log.end())
    log.commit(log.end())
    submitting._wait(log, log.end())
    log.close()
