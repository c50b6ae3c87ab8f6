"""The rows of a panel as a file: complete, exact, and harmless in a spreadsheet."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.live.browsing import Site, sees, until
from touchline.live.boards.csv_text import BYTE_ORDER_MARK, MAX_ROWS, TooManyRows, csv_text, harmless
from touchline.live.boards.loading import LoadedPanel
from touchline.live.boards.panel_view import Names
from touchline.panels import BY_ID, PANELS


def rows_of(text: str) -> list[list[str]]:
    """The rows of a CSV text, as a spreadsheet reads them."""
    return list(csv.reader(StringIO(text.removeprefix(BYTE_ORDER_MARK))))


def test_a_file_has_the_columns_of_the_page_and_all_digits() -> None:
    """Columns are named as on the page, customers too; times are ISO 8601, numbers whole, NULL is empty."""
    panel = BY_ID["journeys_at_risk"]
    names = [name for name, column in panel.columns.items() if column.unit == "time"]
    row = dict.fromkeys(panel.columns) | {
        names[0]: "2026-11-30 06:40:00.000",
        "customer": "c-1",
        "extra": 0.1234567,
    }
    loaded = LoadedPanel(panel, [row], Names({}, {"c-1": "account u-1"}), 0, 1)
    [header, cells] = rows_of(csv_text(loaded))
    found = dict(zip(header, cells, strict=True))
    assert found[panel.columns[names[0]].title] == "2026-11-30T06:40:00.000Z"
    assert found["Customer"] == "account u-1"
    assert found["Extra"] == "0.1234567"
    assert "" in found.values()
    assert csv_text(loaded, "\t").split("\r\n")[0] == "\t".join(header)
    with pytest.raises(TooManyRows, match="choose a shorter period"):
        csv_text(LoadedPanel(panel, [row] * (MAX_ROWS + 1), Names({}), 0, 1))


@given(st.text(max_size=20) | st.from_regex(r"[\s\u200b]*[=+@-].*", fullmatch=True))
def test_no_text_is_a_formula(text: str) -> None:
    """No cell begins with what a spreadsheet runs; texts are kept whole, and numbers stay numbers."""
    shown = harmless(text)
    assert shown in (text, f"'{text}")
    bare = shown.strip().strip("\u200b\u200c\u200d\u200e\u200f\ufeff").strip()
    is_number = bare.removeprefix("-").replace(".", "", 1).isdigit()
    assert not bare.startswith(("=", "+", "@", "-")) or is_number
    panel = BY_ID["friction_by_touchpoint"]
    written = csv_text(LoadedPanel(panel, [{"label": text, "frictions": -2}], Names({}), 0, 1))
    assert rows_of(written)[1] == [shown, "-2"]


@pytest.mark.slow
def test_every_panel_gives_a_file(site: Site, browser: Chrome) -> None:
    """Each panel has a file with its period and filters; its menu downloads it, and copies its rows."""
    for panel in PANELS:
        status, text = site.get(f"/panel/{panel.id}.csv?span=7d&channel=phone")
        assert (status, text[:1]) == (200, BYTE_ORDER_MARK), f"{panel.id}: {text[:300]}"
        assert len(rows_of(text)) >= 1
    by_rule = rows_of(site.get("/panel/friction_by_rule.csv?span=24h")[1])
    assert by_rule[0][0] == "Rule"
    assert by_rule[1][0] == "Abandoned in queue"
    on_web = rows_of(site.get("/panel/friction_by_rule.csv?span=24h&channel=web")[1])
    assert 1 < len(on_web) < len(by_rule)
    for path in ("nothing.csv", "frictions.exe", "../frictions.csv"):
        assert site.get(f"/panel/{path}")[0] == 404
    browser.get(f"{site.url}/?channel=web")
    sees(browser, "Most affected: Web · shop", ".tl-lead")
    menu = "[data-panel=friction_by_rule] .tl-menu"
    browser.find_element(By.CSS_SELECTOR, f"{menu} summary").click()
    link = browser.find_element(By.CSS_SELECTOR, f"{menu} a")
    until(
        browser,
        lambda _: (link.get_attribute("href") or "").endswith("friction_by_rule.csv?channel=web&span=24h"),
    )
    browser.execute_script("window.touchline.copy = async (text) => { window.copied = text; return true; }")
    browser.find_element(By.CSS_SELECTOR, f"{menu} button").click()
    sees(browser, "Copied", menu)
    copied = browser.execute_script("return window.copied")
    assert [line.split("\t")[0] for line in copied.splitlines()] == [row[0] for row in on_web]
    browser.find_element(By.CSS_SELECTOR, ".tl-share > button").click()
    browser.find_element(By.XPATH, "//button[text()='Copy with these dates']").click()
    dated = browser.execute_script("return window.copied")
    assert "channel=web" in dated
    assert dated.partition("span=")[2].count("..") == 1
