"""Publishing to a Grafana: only what differs is written, and every refusal says what to do."""

import copy
import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from touchline.panels import DASHBOARDS

EVERYTHING = [
    "folder touchline",
    "data source Touchline",
    *(f"dashboard touchline-{dashboard.id}" for dashboard in DASHBOARDS),
    "rule group Touchline",
]


def test_twice_gives_the_same_state(publish: Any, grafana: Any) -> None:
    """The first time everything is made; the second time nothing is written."""
    first = publish()
    assert first.exit_code == 0, first.output
    assert grafana.writes == EVERYTHING
    state = copy.deepcopy((grafana.folders, grafana.sources, grafana.dashboards, grafana.groups))
    second = publish()
    assert second.exit_code == 0
    assert second.output.count(": unchanged") == len(EVERYTHING)
    assert grafana.writes == EVERYTHING
    assert (grafana.folders, grafana.sources, grafana.dashboards, grafana.groups) == state


def test_a_changed_panel_is_one_update(publish: Any, grafana: Any) -> None:
    """One panel differs: its dashboard is written once, and nothing else."""
    publish()
    there = grafana.dashboards["touchline-contacts"]["dashboard"]
    there["panels"][1]["title"] = "By hand"
    grafana.writes.clear()
    changed = json.loads(publish("--json").output)
    assert grafana.writes == ["dashboard touchline-contacts"]
    assert [one["name"] for one in changed["changes"] if one["action"] != "unchanged"] == ["Contacts"]
    assert grafana.dashboards["touchline-contacts"]["dashboard"]["panels"][1]["title"] == "Service level"


HEALTH = "touchline-health"
GROUP = ("touchline", "Touchline")


@pytest.mark.parametrize(
    ("meddle", "written"),
    [
        (lambda fake: fake.dashboards[HEALTH]["dashboard"]["panels"].append({}), f"dashboard {HEALTH}"),
        (lambda fake: fake.dashboards[HEALTH]["meta"].update(folderUid="other"), f"dashboard {HEALTH}"),
        (lambda fake: fake.groups[GROUP]["rules"].pop(), "rule group Touchline"),
        (lambda fake: fake.groups[GROUP]["rules"][0].update(labels={}), "rule group Touchline"),
        (lambda fake: fake.groups[GROUP].update(interval=10), "rule group Touchline"),
    ],
)
def test_what_was_changed_by_hand_is_undone(publish: Any, grafana: Any, meddle: Any, written: str) -> None:
    """A panel more, another folder, a rule less, other labels, another interval."""
    publish()
    meddle(grafana)
    grafana.writes.clear()
    assert publish().exit_code == 0
    assert grafana.writes == [written]


def test_dashboards_from_files_are_left_to_the_files(publish: Any, grafana: Any) -> None:
    """Where Grafana has the dashboards from files, publishing changes nothing and says what to do."""
    publish()
    grafana.folders.clear()
    grafana.dashboards["touchline-friction"]["meta"]["provisioned"] = True
    grafana.writes.clear()
    refused = publish()
    assert (refused.exit_code, grafana.writes) == (1, [])
    assert "touchline dashboards render" in refused.output


def test_own_funnels_are_panels_of_journeys(publish: Any, grafana: Any, tmp_path: Path) -> None:
    """A funnel of a file is three panels of Journeys; a faulty file, or two of one id, change nothing."""
    file, other = tmp_path / "funnel.yaml", tmp_path / "other.yaml"
    text = "id: help\ntitle: From help to a call\nwithin: 2d\nsteps:\n"
    file.write_text(
        f"{text}  - {{name: Searched, when: help.searched}}\n  - {{name: Called, when: contact.started}}\n"
    )
    assert publish("--funnel", str(file)).exit_code == 0
    titles = [panel["title"] for panel in grafana.dashboards["touchline-journeys"]["dashboard"]["panels"]]
    own = [title for title in titles if title.startswith("From help to a call")]
    assert own == [f"From help to a call{what}" for what in ("", ": what came next", ": who left")]
    grafana.writes.clear()
    other.write_text(text)
    for faulty, says in ((other, "steps"), (file, "'help'"), (tmp_path / "none.yaml", "cannot be read")):
        refused = publish("--funnel", str(file), "--funnel", str(faulty))
        assert (refused.exit_code, grafana.writes) == (1, [])
        assert says in refused.output


def test_a_dry_run_shows_and_changes_nothing(publish: Any, grafana: Any) -> None:
    """Nothing is written; the difference is shown line by line."""
    empty = publish("--dry-run")
    assert (empty.exit_code, grafana.writes) == (0, [])
    assert empty.output.count("would be created") == len(EVERYTHING)
    publish()
    grafana.dashboards["touchline-friction"]["dashboard"]["refresh"] = "5s"
    grafana.writes.clear()
    shown = publish("--dry-run").output
    assert grafana.writes == []
    assert '-  "refresh": "5s",' in shown
    assert '+  "refresh": "1m",' in shown
    assert shown.count("\n-  ") == 1


def test_goals_and_alert_rules_are_those_of_the_team(publish: Any, grafana: Any, tmp_path: Path) -> None:
    """A goal is a line of its dashboard; without alerts the rules in Grafana are left alone."""
    (tmp_path / "touchline.toml").write_text("[goals]\nservice_level = 0.85\n")
    assert publish("--no-alerts").exit_code == 0
    assert not grafana.groups
    sent = grafana.dashboards["touchline-contacts"]["dashboard"]["panels"]
    lines = next(one for one in sent if one["title"] == "Service level over time")
    assert [step["value"] for step in lines["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [
        None,
        0.8,
        0.85,
    ]


def test_a_data_source_that_is_there_is_used(publish: Any, grafana: Any) -> None:
    """Its own uid is in every query; its settings and its password are not touched."""
    grafana.sources["Touchline"] = {"uid": "byhand", "type": "grafana-clickhouse-datasource", "jsonData": {}}
    assert publish().exit_code == 0
    assert "data source Touchline" not in grafana.writes
    panels = grafana.dashboards["touchline-friction"]["dashboard"]["panels"]
    assert {panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"} == {"byhand"}


def test_a_data_source_of_another_kind_is_refused(publish: Any, grafana: Any) -> None:
    """Before anything is written."""
    grafana.sources["Touchline"] = {"uid": "x", "type": "prometheus"}
    refused = publish()
    assert (refused.exit_code, grafana.writes) == (1, [])
    assert "has the type prometheus, expected grafana-clickhouse-datasource: rename it" in refused.output


def test_the_store_s_token_goes_to_grafana_alone(publish: Any, grafana: Any, tmp_path: Path) -> None:
    """The data folder's token is the password of the data source, and nowhere in what is said."""
    (tmp_path / "touchline-data").mkdir()
    (tmp_path / "touchline-data" / "token").write_text("t0p-secret\n")
    said = publish().output + publish("--dry-run", "--json").output
    assert grafana.sources["Touchline"]["secureJsonFields"] == {"password": True}
    assert "t0p-secret" not in said + json.dumps(grafana.dashboards)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--token", "wrong"),
            "the token is invalid: create a service account in Grafana and use its token (401;",
        ),
        (
            ("--url", "{root}"),
            "not found: use Grafana 10 or newer, and its root address (404;",
        ),
        (("--url", "http://127.0.0.1:{closed}"), "cannot reach Grafana at http://127.0.0.1:"),
        (("--url", "127.0.0.1:{port}/grafana"), "the certificate of https://127.0.0.1:"),
        (
            ("--url", "ftp://127.0.0.1"),
            "invalid Grafana address ftp://127.0.0.1: write https://HOST[:PORT][/PATH]",
        ),
        (("--clickhouse", "http://u:pw@store"), "remove the password from the address"),
        (
            ("--clickhouse", "store:8123"),
            "invalid store address store:8123: write http(s)://[user@]host[:port][/path]",
        ),
    ],
)
def test_what_is_wrong_is_said(touchline: Any, grafana: Any, arguments: Any, said: str) -> None:
    """One line, with what to do; nothing was written, and no token is in it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = free.getsockname()[1]
    port = int(grafana.url.split(":")[2].split("/")[0])
    places = {"root": f"http://127.0.0.1:{port}", "closed": closed, "port": port}
    given = {"--url": grafana.url, "--token": "glsa_of_the_tests"}
    given |= {arguments[0]: arguments[1].format(**places)}
    refused = touchline("dashboards", "publish", *[one for pair in given.items() for one in pair])
    assert refused.exit_code == 1
    assert said in refused.output
    assert refused.output.count("\n") == 1
    assert grafana.writes == []
    assert given["--token"] not in refused.output


def test_a_change_at_the_same_time_is_not_overwritten(publish: Any, grafana: Any) -> None:
    """Somebody saves between our look and our writing: Grafana's 412 is said, their change stays."""
    publish()
    there = grafana.dashboards["touchline-contacts"]["dashboard"]
    there["title"] = "Theirs"

    def save() -> None:
        there["version"] = 17

    grafana.meddler = save
    refused = publish()
    assert refused.exit_code == 1
    assert "it was changed in Grafana at the same time" in refused.output
    assert "(412; POST /dashboards/db: The dashboard has been changed by someone else)" in refused.output
    assert there["title"] == "Theirs"


def test_a_passing_failure_is_passed_over(publish: Any, grafana: Any) -> None:
    """Two answers of 503, and the third is right."""
    grafana.next_answers = [(503, b'{"message": "starting"}', {}), (503, b"<html>message</html>", {})]
    done = publish()
    assert done.exit_code == 0, done.output
    assert grafana.writes == EVERYTHING


def test_a_lasting_failure_ends(publish: Any, grafana: Any) -> None:
    """After four attempts the command reports the error."""
    grafana.next_answers = [(503, b'{"message": "down for today"}', {})] * 20
    refused = publish()
    assert refused.exit_code == 1
    assert "is unavailable (503): GET /datasources/name/Touchline: down for today" in refused.output
    assert grafana.requests == 4


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, b"<html>sign in</html>", {}), "is not a Grafana server"),
        ((200, b"[]", {}), "is not a Grafana server"),
        ((400, b"a message that is no JSON", {}), "is not a Grafana server"),
        (
            (302, b"", {"Location": "http://127.0.0.1:1/login"}),
            "redirects: use the address that it redirects to",
        ),
        ((403, b'{"message": "no rights"}', {}), "its service account needs the role Admin"),
        (
            (422, b'{"message": "no"}', {}),
            "Grafana refused the request (422; GET /datasources/name/Touchline: no)",
        ),
    ],
)
def test_a_strange_answer_is_said(publish: Any, grafana: Any, answer: Any, said: str) -> None:
    """A proxy's page, a redirect, a refusal."""
    grafana.next_answers = [answer]
    refused = publish()
    assert refused.exit_code == 1
    assert said in refused.output


def test_a_grafana_that_hangs_does_not_hang_us(grafana: Any) -> None:
    """A request has its limit, and so have all its attempts."""
    from touchline.grafana.client import Grafana, GrafanaError

    grafana.wait.clear()
    client = Grafana(grafana.url, "x", seconds=0.1)
    with pytest.raises(GrafanaError, match=r"cannot reach Grafana at .*: .*timed out"):
        client.get("/health")
    assert threading.active_count() < 20
