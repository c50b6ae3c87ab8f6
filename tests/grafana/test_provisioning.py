"""The files from which a Grafana provisions itself."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from touchline.config.alerts_files import load_alerts
from touchline.grafana import Connection, ConnectionRefused, dashboards, files
from touchline.panels import PANELS, expand

GOLDEN = Path(__file__).with_name("golden")
GOALS = {"service_level": 0.85, "abandonment": 0.06}


def rendered() -> dict[str, str]:
    return files(Connection.at("http://store:8123"), GOALS, load_alerts().rules)


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
    drawn = {panel["title"]: panel for one in dashboards("here", {}) for panel in one["panels"]}
    assert len(drawn) == len(PANELS) == sum(len(one["panels"]) for one in dashboards("here", {}))
    for panel in PANELS:
        found = drawn[panel.title]
        assert found["targets"][0]["rawSql"] == panel.sql.strip()
        assert found["targets"][0]["datasource"]["uid"] == "here"
        assert found["description"].startswith(panel.question)
        assert found["fieldConfig"]["defaults"]["noValue"] == panel.empty
        assert panel.benchmark in found["description"]


def test_numbers_of_panels_do_not_change() -> None:
    """A link to a panel stays right when others come before it."""
    [friction, *_] = dashboards("here", {})
    assert {panel["id"] for panel in friction["panels"] if panel["title"] == "Frictions over time"} == {
        291145973
    }


def test_a_rule_links_to_its_journeys() -> None:
    """The cell's value is the variable of the dashboard that it leads to, in the same span."""
    [friction, _, journeys, _] = dashboards("here", {})
    table = next(panel for panel in friction["panels"] if panel["title"] == "Most frequent frictions")
    cell = next(one for one in table["fieldConfig"]["overrides"] if one["matcher"]["options"] == "rule")
    [link] = next(one["value"] for one in cell["properties"] if one["id"] == "links")
    assert (
        link["url"] == f"/d/{journeys['uid']}?var-rule=${{__value.raw:percentencode}}&${{__url_time_range}}"
    )
    assert "rule" in {one["name"] for one in journeys["templating"]["list"]}


def test_variables_take_all_or_several_values() -> None:
    """The value of All is the one that the filters expect; each dashboard uses only its own variables."""
    for dashboard in dashboards("here", {}):
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
    text = files(Connection.at("http://store"), {}, load_alerts(rules).rules)["alerting/touchline.yaml"]
    [rule] = yaml.safe_load(text)["groups"][0]["rules"]
    assert (rule["title"], rule["labels"]["owner"]) == ("over $$5", "$$team")
    assert rule["annotations"]["summary"] == "over $5: {{ $values.A }}"
    assert "$__toTime" in rule["data"][0]["model"]["rawSql"].replace("$$", "")


def test_files_have_the_names_that_grafana_reads() -> None:
    """Files say how long a rule keeps firing, and how long a missing series stays, in the names of files."""
    text = files(Connection.at("http://store"), {}, load_alerts().rules)["alerting/touchline.yaml"]
    rules = {rule["uid"]: rule for rule in yaml.safe_load(text)["groups"][0]["rules"]}
    outage = rules["touchline-payment_outage"]
    assert (outage["keepFiringFor"], outage["missing_series_evals_to_resolve"]) == ("5m", 5)
    assert not {"keep_firing_for", "missingSeriesEvalsToResolve"} & set(outage)
    assert outage["annotations"]["summary"] == "Payments fail (source {{ $labels.source }}): {{ $values.A }}"


def test_every_null_is_a_dash() -> None:
    """In a cell, and in the usual value of a tile, NULL is a dash; the panel's text is for no rows."""
    for board in dashboards("here", {}):
        for panel in board["panels"]:
            for override in panel["fieldConfig"]["overrides"]:
                settings = {setting["id"]: setting["value"] for setting in override["properties"]}
                if panel["type"] == "table" and "displayName" in settings:
                    assert settings["noValue"] == "–"


def test_charts_have_few_points_and_plain_names() -> None:
    """A chart has at most 100 points, and a series is named by its own value."""
    charts = [
        one for board in dashboards("here", {}) for one in board["panels"] if one["type"] == "timeseries"
    ]
    assert charts
    for chart in charts:
        assert chart["maxDataPoints"] == 100
        named = " AS series" in chart["targets"][0]["rawSql"]
        assert (chart["fieldConfig"]["defaults"].get("displayName") is not None) == named


def test_nothing_hides_links_or_marks() -> None:
    """Links and the toggle of marks stay on the dashboard, and no default of the builder is left in."""
    text = json.dumps(dashboards("here", {}))
    assert not [word for word in ("inControlsMenu", "auto_count", '"footer"') if word in text]


def test_without_alert_rules_there_is_no_file_of_them(touchline: Any, tmp_path: Path) -> None:
    """`--no-alerts` renders no alert rules, for installations where Touchline itself alerts."""
    assert touchline("dashboards", "render", "out", "--no-alerts", "--json").exit_code == 0
    assert not (tmp_path / "out" / "alerting").exists()
    assert (tmp_path / "out" / "dashboards" / "touchline" / "touchline-friction.json").exists()


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
    for one in dashboards("here", {}):
        [mark] = one["annotations"]["list"]
        sql = expand(mark["target"]["rawSql"], 1_789_999_000_000, 1_790_001_000_000, 60)
        answer = store.query(sql)
        assert answer.column_names == ("time", "title", "text", "tags")
        assert [row[1:] for row in answer.result_rows] == [["47", "Coupons first", "rage_clicks"]]
        found = {
            variable["name"]: store.query(variable["query"]).result_rows
            for variable in one["templating"].get("list", [])
            if variable["type"] == "query"
        }
        assert found.get("channel", [["web"]]) == [["web"]]
        assert found.get("source", [["releases"]]) == [["releases"]]
