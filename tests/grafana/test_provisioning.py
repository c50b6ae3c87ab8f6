"""The files from which a Grafana provisions itself."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.grafana.drawn import drawn_in
from tests.live import rows as make
from touchline.config.alerts_files import load_alerts
from touchline.grafana import Connection, ConnectionRefused, Contents, dashboards, files
from touchline.panels import PANELS, expand

GOLDEN = Path(__file__).with_name("golden")
GOALS = {"service_level": 0.85, "abandonment": 0.06}


def rendered() -> dict[str, str]:
    return files(Connection.at("http://store:8123"), Contents(GOALS, load_alerts().rules))


def test_the_files_are_the_golden_ones() -> None:
    """Rendered files equal the golden files; `TOUCHLINE_GOLDEN=write` rewrites them."""
    if os.environ.get("TOUCHLINE_GOLDEN") == "write":
        for name, text in rendered().items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_text(text, encoding="utf-8")
    golden = {
        str(path.relative_to(GOLDEN)): path.read_text(encoding="utf-8")
        for path in GOLDEN.rglob("*")
        if path.is_file()
    }
    assert rendered() == golden


def test_rendering_twice_gives_the_same_files(touchline: Any, tmp_path: Path) -> None:
    """The command writes what there is to write, says so, and leaves other files alone."""
    other = tmp_path / "out" / "dashboards" / "other.yaml"
    other.parent.mkdir(parents=True)
    other.write_text("theirs")
    first = touchline("dashboards", "render", "out", "--mounted-at", "/srv/grafana/")
    assert first.exit_code == 0, first.output
    texts = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert sorted(first.output.split()) == sorted(
        str(path.relative_to(tmp_path)) for path in texts if path != other
    )
    assert touchline("dashboards", "render", "out", "--mounted-at", "/srv/grafana/").output == first.output
    assert {path: path.read_bytes() for path in texts} == texts
    assert other.read_text() == "theirs"
    provider = yaml.safe_load((tmp_path / "out" / "dashboards" / "touchline.yaml").read_text())["providers"][
        0
    ]
    assert provider["options"]["path"] == "/srv/grafana/dashboards/touchline"


def test_no_file_holds_a_password(touchline: Any, tmp_path: Path) -> None:
    """Grafana takes it from a variable of its own environment."""
    (tmp_path / "touchline.toml").write_text(
        'store = "https://store.example.com/ch"\nstore_user = "grafana"\nstore_password = "t0p-secret"\n'
    )
    assert touchline("dashboards", "render", ".").exit_code == 0
    text = (tmp_path / "datasources" / "touchline.yaml").read_text()
    [source] = yaml.safe_load(text)["datasources"]
    assert source["secureJsonData"] == {"password": "$TOUCHLINE_STORE_PASSWORD"}
    assert source["jsonData"] == {
        "host": "store.example.com",
        "port": 8443,
        "protocol": "http",
        "path": "/ch",
        "secure": True,
        "username": "grafana",
        "defaultDatabase": "touchline",
    }
    assert not [
        path for path in tmp_path.rglob("*.*") if path.suffix != ".toml" and "t0p" in path.read_text()
    ]


def test_what_cannot_be_written_is_said(touchline: Any, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "out").write_text("")
    refused = touchline("dashboards", "render", "out")
    assert refused.exit_code == 1
    assert "cannot be written: " in refused.output


@pytest.mark.parametrize(
    "url", ["store:8123", "clickhouse://store", "http://", "http://store:port", "http://u:p@s"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """With the form that it should have; a password is no part of it."""
    with pytest.raises(ConnectionRefused, match=r"http\(s\)|remove the password"):
        Connection.at(url)


def test_every_panel_is_drawn_once_and_asks_its_sql() -> None:
    """With its title, its question, what it says when empty, and a place on the grid."""
    drawn = {panel["title"]: panel for one in dashboards("here", Contents()) for panel in drawn_in(one)}
    assert len(drawn) == len(PANELS) == sum(len(drawn_in(one)) for one in dashboards("here", Contents()))
    for panel in PANELS:
        found = drawn[panel.title]
        assert found["targets"][0]["rawSql"] == panel.sql.strip()
        assert found["targets"][0]["datasource"]["uid"] == "here"
        assert found["description"].startswith(panel.question)
        assert found["fieldConfig"]["defaults"]["noValue"] == panel.empty
        assert panel.benchmark in found["description"]


def test_rows_group_the_panels_by_kind() -> None:
    """Key figures come first, then charts over time. No panel lies on another or beside the grid."""
    for board in dashboards("here", Contents()):
        rows = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
        assert rows == [title for title in ("Key figures", "Over time", "Details") if title in rows]
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        cells: set[tuple[int, int]] = set()
        row: Any = None
        kinds: dict[str, set[str]] = {}
        for panel in board["panels"]:
            place = panel["gridPos"]
            own = {
                (place.get("x", 0) + right, place.get("y", 0) + down)
                for right in range(place["w"])
                for down in range(place["h"])
            }
            assert not own & cells, panel["title"]
            assert max(column for column, _ in own) < 24, panel["title"]
            cells |= own
            if panel["type"] == "row":
                row = panel
            else:
                kinds.setdefault(row["title"], set()).add(panel["type"])
        assert kinds.get("Key figures", {"stat"}) == {"stat"}
        assert kinds["Over time"] <= {"timeseries", "heatmap"}
        assert not kinds["Details"] & {"stat", "timeseries", "heatmap"}


def test_numbers_of_panels_do_not_change() -> None:
    """A link to a panel stays right when others come before it."""
    [friction, *_] = dashboards("here", Contents())
    assert {panel["id"] for panel in drawn_in(friction) if panel["title"] == "Frictions over time"} == {
        291145973
    }


def links_of(board: Any, title: str, column: str) -> list[Any]:
    """The links of a column."""
    table = next(panel for panel in drawn_in(board) if panel["title"] == title)
    cell = next(one for one in table["fieldConfig"]["overrides"] if one["matcher"]["options"] == column)
    return next(one["value"] for one in cell["properties"] if one["id"] == "links")


def test_a_rule_links_to_its_journeys() -> None:
    """The cell's value is the variable of the other dashboard, which keeps the period and shared filters."""
    boards = {board["uid"]: board for board in dashboards("here", Contents())}
    friction, journeys = boards["touchline-friction"], boards["touchline-journeys"]
    [link] = links_of(friction, "Most frequent frictions", "rule")
    assert link["url"] == (
        f"/d/{journeys['uid']}?var-rule=${{__value.raw:percentencode}}&${{__url_time_range}}"
        "&${channel:queryparam}&${source:queryparam}"
        "&${queue:queryparam}&${reason:queryparam}&${team:queryparam}&${store:queryparam}"
        "&${segment:queryparam}"
    )
    assert "rule" in {one["name"] for one in journeys["templating"]["list"]}


@pytest.mark.parametrize("page", ["", "https://touchline.example.com/live"])
def test_links_to_the_live_page_need_its_address(touchline: Any, tmp_path: Path, page: str) -> None:
    """With `public_url`, each dashboard links to the live page and a customer to their story."""
    (tmp_path / "touchline.toml").write_text(f'public_url = "{page}/"\n' if page else "")
    assert touchline("dashboards", "render", "out").exit_code == 0
    folder = tmp_path / "out" / "dashboards" / "touchline"
    boards = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    paths = {"friction": "/", "contacts": "/contacts", "journeys": "/journeys", "health": "/health"}
    for name, path in paths.items():
        links = {link["title"]: link.get("url") for link in boards[f"touchline-{name}"]["links"]}
        assert links.get("Live page") == (page + path if page else None)
    stories = {
        link["title"]: link["url"]
        for link in links_of(boards["touchline-friction"], "Journeys at risk", "customer")
    }
    story = f"{page}/customer/${{__value.raw:percentencode}}"
    assert stories.get("Show the customer's story") == (story if page else None)


def test_a_panel_says_which_filters_it_ignores() -> None:
    """The description of a panel names the variables of its dashboard that its query does not use."""
    for board in dashboards("here", Contents()):
        variables = {one["name"]: one["label"].lower() for one in board["templating"].get("list", [])}
        for panel in drawn_in(board):
            sql = panel["targets"][0]["rawSql"]
            unused = [label for name, label in variables.items() if f"${{{name}:" not in sql]
            said = re.findall(r"^Not filtered by (.+)\.$", panel["description"], re.MULTILINE)
            assert [re.split(" or |, ", one) for one in said] == ([unused] if unused else []), panel["title"]


def test_grades_and_severities_have_their_colours() -> None:
    """A grade, a severity and a long silence have the colour of their worth; other series one by name."""
    boards = {board["uid"]: board for board in dashboards("here", Contents())}
    friction, journeys, health = (boards[f"touchline-{name}"] for name in ("friction", "journeys", "health"))
    text = json.dumps(journeys)
    assert '"F": {"text": "F", "color": "red"' in text
    assert '"critical": {"text": "critical", "color": "red"' in json.dumps(friction)
    producers = next(one for one in health["panels"] if one["title"] == "Producers")
    silent = next(
        one for one in producers["fieldConfig"]["overrides"] if one["matcher"]["options"] == "silent"
    )
    thresholds = next(one["value"] for one in silent["properties"] if one["id"] == "thresholds")
    assert [step["color"] for step in thresholds["steps"]] == ["green", "orange", "red"]
    named = next(one for one in friction["panels"] if one["title"] == "Frictions by rule")
    assert named["fieldConfig"]["defaults"]["color"]["mode"] == "palette-classic-by-name"
    grades = next(one for one in journeys["panels"] if one["title"] == "Grades over time")
    colours = {
        one["matcher"]["options"]: one["properties"][0]["value"]["fixedColor"]
        for one in grades["fieldConfig"]["overrides"]
    }
    assert list(colours) == ["A", "B", "C", "D", "F"]


def test_variables_take_all_or_several_values() -> None:
    """The value of All is the one that the filters expect; each dashboard uses only its own variables."""
    for dashboard in dashboards("here", Contents()):
        variables = {variable["name"]: variable for variable in dashboard["templating"].get("list", [])}
        used = set(re.findall(r"\$\{(\w+):queryparam\}", json.dumps(dashboard["panels"])))
        assert used <= set(variables)
        for variable in variables.values():
            if variable["type"] == "query":
                assert (variable["multi"], variable["includeAll"]) == (True, True)
                assert "allValue" not in variable


def test_dollars_are_written_for_what_grafana_reads(tmp_path: Path) -> None:
    """It reads variables into titles and labels of alert rules, and leaves queries as they are."""
    rules = tmp_path / "alerts.yaml"
    rules.write_text(
        "rules:\n  - {id: dear, kind: threshold, title: over $5, owner: $team, frictions: '*', "
        "customers: 1, within: 5m}\n"
    )
    text = files(Connection.at("http://store"), Contents(rules=load_alerts(rules).rules))[
        "alerting/touchline.yaml"
    ]
    [rule] = yaml.safe_load(text)["groups"][0]["rules"]
    assert (rule["title"], rule["labels"]["owner"]) == ("over $$5", "$$team")
    assert rule["annotations"]["summary"] == "over $5{{ with $values.A }}: {{ . }} customers{{ end }}"
    assert "$__toTime" in rule["data"][0]["model"]["rawSql"].replace("$$", "")


def test_files_have_the_names_that_grafana_reads() -> None:
    """Files say how long a rule keeps firing, and how long a missing series stays, in the names of files."""
    text = files(Connection.at("http://store"), Contents(rules=load_alerts().rules))[
        "alerting/touchline.yaml"
    ]
    rules = {rule["uid"]: rule for rule in yaml.safe_load(text)["groups"][0]["rules"]}
    outage = rules["touchline-payment_outage"]
    assert (outage["keepFiringFor"], outage["missing_series_evals_to_resolve"]) == ("5m", 6)
    assert not {"keep_firing_for", "missingSeriesEvalsToResolve"} & set(outage)
    assert outage["annotations"]["summary"] == (
        "Payments fail (source {{ $labels.source }}){{ with $values.A }}: {{ . }} customers{{ end }}"
    )


def test_every_null_is_a_dash() -> None:
    """In a cell, and in the usual value of a tile, NULL is a dash; the panel's text is for no rows."""
    for board in dashboards("here", Contents()):
        for panel in drawn_in(board):
            for override in panel["fieldConfig"]["overrides"]:
                settings = {setting["id"]: setting["value"] for setting in override["properties"]}
                if panel["type"] == "table" and "displayName" in settings:
                    missing = "no baseline yet" if panel["title"] == "Most frequent frictions" else "–"
                    expected = missing if override["matcher"]["options"] == "usual" else "–"
                    assert settings["noValue"] == expected


def test_charts_have_few_points_and_plain_names() -> None:
    """A chart has at most 100 points, and a series is named by its own value."""
    charts = [
        one
        for board in dashboards("here", Contents())
        for one in drawn_in(board)
        if one["type"] == "timeseries"
    ]
    assert charts
    for chart in charts:
        assert chart["maxDataPoints"] == 100
        named = " AS series" in chart["targets"][0]["rawSql"]
        assert (chart["fieldConfig"]["defaults"].get("displayName") is not None) == named


def test_nothing_hides_links_or_marks() -> None:
    """Links and the toggle of marks stay on the dashboard, and no default of the builder is left in."""
    text = json.dumps(dashboards("here", Contents()))
    assert not [word for word in ("inControlsMenu", "auto_count", '"footer"') if word in text]


def test_without_alert_rules_there_is_no_file_of_them(touchline: Any, tmp_path: Path) -> None:
    """`--no-alerts` renders no alert rules, for installations where Touchline itself alerts."""
    assert touchline("dashboards", "render", "out", "--no-alerts", "--json").exit_code == 0
    assert not (tmp_path / "out" / "alerting").exists()
    assert (tmp_path / "out" / "dashboards" / "touchline" / "touchline-friction.json").exists()


def test_alerts_are_marked_from_their_opening_to_their_end(store: Any) -> None:
    """An alert marks the time that it was open; one that fires is open to the end of the period."""
    now = 1_790_000_000_000
    rows = [
        make.alert("Payments fail", now - 3_600_000, severity="critical"),
        make.alert("Orders fail", now - 7_200_000, status="resolved", resolved_at=now - 5_400_000),
        make.alert("Long over", now - 190_000_000, status="resolved", resolved_at=now - 180_000_000),
        make.alert("Never was", now - 60_000, status="retracted"),
    ]
    make.put(store, "alerts", rows, "alerts")
    for board in dashboards("here", Contents()):
        [_, mark, _] = board["annotations"]["list"]
        answer = store.query(expand(mark["target"]["rawSql"], now - 86_400_000, now, 60))
        assert answer.column_names == ("time", "timeEnd", "title", "text", "tags")
        assert [(row[0], row[1], row[2], row[4]) for row in answer.result_rows] == [
            ("2026-09-21 12:13:20.000", "2026-09-21 12:43:20.000", "Orders fail", "warning,source=webshop"),
            (
                "2026-09-21 13:13:20.000",
                "2026-09-21 14:13:20.000",
                "Payments fail",
                "critical,source=webshop",
            ),
        ]


def test_notes_are_marked_on_their_dashboards(store: Any) -> None:
    """A note is marked on its dashboard or on all, over its period, unless it was deleted."""
    now = 1_790_000_000_000
    written = {"author": "Ann", "written_at": now, "rule": "", "ends_at": None, "deleted": 0, "version": 1}
    rows = [
        written | {"id": "a", "starts_at": now - 3_600_000, "text": "Sale", "dashboard": "friction"},
        written | {"id": "b", "starts_at": now, "ends_at": now + 1, "text": "Outage", "dashboard": ""},
        written | {"id": "c", "starts_at": now, "text": "Mistake", "dashboard": "", "deleted": 1},
    ]
    store.insert("notes", {name: [row[name] for row in rows] for name in rows[0]}, "notes")
    for board in dashboards("here", Contents()):
        [_, _, mark] = board["annotations"]["list"]
        answer = store.query(expand(mark["target"]["rawSql"], now - 86_400_000, now, 60))
        assert answer.column_names == ("time", "timeEnd", "title", "text", "tags")
        shown = [(row[2], row[3]) for row in answer.result_rows]
        own = [("Sale", "by Ann")] if board["uid"] == "touchline-friction" else []
        assert shown == [*own, ("Outage", "by Ann")]


def test_queries_of_variables_and_annotations_run(store: Any) -> None:
    """A change that went live is marked once, with its title, though its row is there twice."""
    row = {
        "id": "c1",
        "type": "change.deployed",
        "time": 1_790_000_000_000,
        "received_at": 1_790_000_000_000,
        "channel": "web",
        "source": "releases",
        "identifiers": ["change:47"],
        "schema": 1,
        "log_offset": 1,
        "data": json.dumps({"change_id": "47", "title": "Coupons first", "rule": "rage_clicks"}),
        **dict.fromkeys(("producer", "entity", "context"), ""),
    }
    for token in ("once", "twice"):
        store.insert("events", {name: [value] for name, value in row.items()}, token)
    for one in dashboards("here", Contents()):
        [mark, _, _] = one["annotations"]["list"]
        sql = expand(mark["target"]["rawSql"], 1_789_999_000_000, 1_790_001_000_000, 60)
        answer = store.query(sql)
        assert answer.column_names == ("time", "title", "text", "tags")
        assert [row[1:] for row in answer.result_rows] == [["47", "Coupons first", "rage_clicks"]]
        found = {
            variable["name"]: store.query(variable["query"]).result_rows
            for variable in one["templating"].get("list", [])
            if variable["type"] == "query"
        }
        assert found.get("channel", [["web", "Web"]]) == [["web", "Web"]]
        assert found.get("source", [["releases"]]) == [["releases"]]
