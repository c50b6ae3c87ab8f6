"""Grafana's macros and variables, expanded."""

import pytest

from touchline.panels import MacroError, expand, interval
from touchline.panels.filters import all_chosen, chosen, values_of, without_open_filters
from touchline.store import Store

START, END = 1_790_000_000_999, 1_790_003_600_999


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("$__timeFilter(at)", "at >= toDateTime(1790000000) AND at <= toDateTime(1790003600)"),
        (
            "$__timeFilter_ms(at)",
            "at >= fromUnixTimestamp64Milli(1790000000999) AND at <= fromUnixTimestamp64Milli(1790003600999)",
        ),
        ("$__timeInterval(at)", "toStartOfInterval(toDateTime(at), INTERVAL 60 second)"),
        ("$__fromTime, $__toTime", "toDateTime(1790000000), toDateTime(1790003600)"),
        ("INTERVAL $__interval_s second", "INTERVAL 60 second"),
        ("'${channel:queryparam}'", "'var-channel=phone&var-channel=it%27s%20%5C%20web'"),
        ("'${rule:queryparam}'", "'var-rule=%24__all'"),
    ],
)
def test_each_macro_is_what_the_plugin_makes_of_it(sql: str, expected: str) -> None:
    """Times are cut to seconds; a variable without a choice is all."""
    assert expand(sql, START, END, 60, {"channel": ("phone", "it's \\ web"), "rule": ()}) == expected


@pytest.mark.parametrize("sql", ["$__timeGroup(at)", "$__timeFilter", "$__fromTime(at)", "$__timeFilter()"])
def test_a_macro_that_would_differ_is_refused(sql: str) -> None:
    """What changed between versions of the plugin, and what lacks its column, is an error here."""
    with pytest.raises(MacroError, match=r"\$__time|\$__from"):
        expand(sql, START, END, 60)


def test_an_open_filter_leaves_the_query() -> None:
    """A condition whose variables are all open is left out with all that is in it; others stay whole."""
    nested = f"x AND ({all_chosen('rule')} AND {all_chosen('channel')}\n OR y IN (SELECT ')' -- it's (\n, 1))"
    assert without_open_filters(f"{nested} AND z", {}) == "x AND true AND z"
    assert without_open_filters(nested, {"rule": ["$__all"], "channel": []}) == "x AND true"
    kept = without_open_filters(nested, {"channel": ["web"]})
    assert kept == nested.replace(all_chosen("rule"), "true")
    assert without_open_filters("(a OR (b))", {}) == "(a OR (b))"


def test_a_chosen_value_is_text_and_nothing_else(store: Store) -> None:
    """Whatever a value holds, a macro or a quote, the store reads it as it is."""
    hostile = (
        "'); DROP TABLE events; -- \\' $__toTime ${rule:queryparam}",
        "ends in \\",
        "a&b=c,d",
        "ü\n%27",
    )
    chosen = {"channel": hostile, "rule": ("x",)}
    sql = expand(f"SELECT {values_of('channel')}", START, END, 60, chosen)
    assert store.query(sql).result_rows == [[list(hostile)]]


def test_a_filter_keeps_chosen_values_or_all(store: Store) -> None:
    """A filter keeps the chosen values, or everything without a choice or with the value for all."""
    rows = "SELECT arrayJoin(['web', 'phone', 'kiosk']) AS channel"
    sql = f"SELECT groupArray(channel) FROM ({rows}) WHERE {chosen('channel', 'channel')}"

    def kept(*values: str) -> list[str]:
        found = store.query(expand(sql, START, END, 60, {"channel": values})).result_rows[0][0]
        assert isinstance(found, list)
        return found

    assert kept("web", "kiosk") == ["web", "kiosk"]
    assert kept() == kept("$__all") == ["web", "phone", "kiosk"]
    assert kept("") == []


@pytest.mark.parametrize(
    ("hours", "seconds"),
    [(0.1, 10), (1, 60), (24, 1_800), (7 * 24, 10_800), (30 * 24, 43_200), (10**6, 604_800)],
)
def test_a_span_has_a_readable_number_of_points(hours: float, seconds: int) -> None:
    """Buckets are of a length that people think in."""
    assert interval(0, int(hours * 3_600_000)) == seconds


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ("var-channel=%24__all", 1),
        ("var-channel=$__all", 1),
        ("var-channel=web&var-channel=%24__all", 1),
        ("var-channel=web", 0),
        ("var-channel=%2524__all", 0),
        ("var-channel=web%26var-channel=%24__all", 0),
    ],
)
def test_all_are_chosen_if_a_value_is_the_one_for_all(store: Store, pairs: str, expected: int) -> None:
    """Encoded or not, but no value that only looks like it."""
    condition = all_chosen("channel").replace("${channel:queryparam}", pairs)
    assert store.query(f"SELECT {condition}").result_rows[0][0] == expected


@pytest.mark.parametrize(("values", "reads"), [((), False), (("web",), True)])
def test_a_filter_reads_its_column_only_if_it_filters(
    store: Store, values: tuple[str, ...], reads: bool
) -> None:
    """With all values chosen, the engine drops the condition while it plans the query."""
    sql = f"EXPLAIN actions = 1, compact = 0 SELECT count() FROM events WHERE {chosen('channel', 'channel')}"
    plan = store.query(expand(sql, START, END, 60, {"channel": values})).result_rows
    assert any("channel" in line for [line] in plan) == reads
