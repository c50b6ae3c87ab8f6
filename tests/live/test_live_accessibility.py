"""Every page for everybody: axe-core in light and dark, the keyboard, and a phone's width."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.live.browsing import LIMIT, Look, Picture, Site, sees, until
from touchline.live.elements import TITLES
from touchline.panels import DASHBOARDS, PANELS, Dashboard

AXE = Path(__file__).parent / "axe"
PAGES = [*TITLES, "/customer/account:u-4711", "/customer/nobody"]
RUN = """
const done = arguments[arguments.length - 1];
const only = arguments[0] ? { runOnly: { type: "rule", values: arguments[0] } } : {};
const words = (fault, node) => `${fault.id}: ${node.target.join(" ")}: ${node.failureSummary}`;
axe.run(document, { resultTypes: ["violations"], ...only }).then(
  ({ violations }) => done(violations
    .filter((fault) => ["serious", "critical"].includes(fault.impact))
    .flatMap((fault) => fault.nodes.map((node) => words(fault, node)))),
  (error) => done([String(error)]));
"""
OPEN_ALL = """
const closed = document.querySelectorAll(".tl-measures details, .tl-rules > li:first-child > details");
for (const details of closed) details.open = true;
"""


FOCUSED = """
const part = document.activeElement, card = document.querySelector(".tl-tour aside");
const { left, right, top, bottom } = part.getBoundingClientRect();
const tour = card.getBoundingClientRect(), isTall = bottom - top > innerHeight / 2;
return {
  name: `${part.tagName} ${part.innerText}`,
  isBody: part === document.body,
  isInside: left >= 0 && right <= innerWidth && (isTall || (top >= 0 && bottom <= innerHeight)),
  isFree: card.contains(part) || bottom <= tour.top || right <= tour.left || isTall,
  outline: getComputedStyle(part).outlineStyle,
};
"""
"""Where the focus is: whether the window shows it whole, clear of the tour, and with an outline."""

CUT = "return [...document.querySelectorAll('.tl-scroll')].filter(x => x.scrollWidth > x.clientWidth)"


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, of the version that the lock file names. Without npm, tests skip."""
    if (AXE / "node_modules").is_dir():
        return (AXE / "node_modules" / "axe-core" / "axe.min.js").read_text()
    if shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed (Debian: apt install nodejs npm)")
    folder = tmp_path_factory.mktemp("axe")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(AXE / name, folder)
    command = ["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm cannot install axe-core within 120 s")
    if done.returncode:
        pytest.skip(f"npm cannot install axe-core: {done.stderr.strip()[-200:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


def faults(browser: Chrome, axe: str, rules: list[str] | None = None) -> list[str]:
    """The serious and critical violations on the page."""
    browser.execute_script(axe)
    browser.set_script_timeout(LIMIT)
    found: list[Any] = browser.execute_async_script(RUN, rules)
    return [str(one) for one in found]


def wait_until_loaded(browser: Chrome, scheme: str = "") -> None:
    """Wait until the page shows its data, however long the store takes."""
    heading = f"{scheme} main:not([aria-busy=true]) h1"
    wait_for_count(browser, heading, 1)
    until(browser, lambda _: browser.find_element(By.CSS_SELECTOR, heading).text != "No data yet")


def shows_its_panels(browser: Chrome, dashboard: Dashboard) -> None:
    """Check that a page without a headline shows its title, and each its panels without an error."""
    if dashboard.path != "/":
        sees(browser, dashboard.title, "h1")
    panels = browser.find_elements(By.CSS_SELECTOR, "[data-panel]")
    drawn = {panel.get_attribute("data-panel") for panel in panels}
    assert drawn == {panel.id for panel in PANELS if panel.dashboard == dashboard.id}
    assert not browser.find_elements(By.CSS_SELECTOR, ".tl-failed")


def wait_for_count(browser: Chrome, selector: str, count: int) -> None:
    """Wait until so many elements are on the page."""
    until(browser, lambda _: len(browser.find_elements(By.CSS_SELECTOR, selector)) == count)


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_serious_violation(
    site: Site, browser: Chrome, look: Look, picture: Picture, axe: str, path: str
) -> None:
    """A page passes axe-core in light, its colours also in dark, and does not scroll sideways on a phone.

    A dashboard shows its title and all its panels, without an error; on a phone its tables show all columns.
    """
    browser.get(f"{site.url}{path}")
    wait_until_loaded(browser)
    shown = [dashboard for dashboard in DASHBOARDS if dashboard.path == path]
    for dashboard in shown:
        shows_its_panels(browser, dashboard)
    browser.execute_script(OPEN_ALL)
    name = path.strip("/").replace("/", "-").replace(":", "-") or "friction"
    assert faults(browser, axe) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 1280
    picture(f"all-{name}-light")
    look(390, 844, "dark")
    if browser.find_elements(By.CSS_SELECTOR, ".tl-chart :is(canvas, svg)"):
        # Charts take the colours of the scheme as they are drawn.
        browser.refresh()
    wait_until_loaded(browser, "body.body--dark")
    if shown:
        assert not browser.execute_script(CUT)
    browser.execute_script(OPEN_ALL)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    look(1280, 900, "dark")
    assert faults(browser, axe, ["color-contrast"]) == []
    picture(f"all-{name}-dark")
    look(390, 844, "dark")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    picture(f"all-{name}-390")


@pytest.mark.slow
def test_dialogs_and_menus_have_no_serious_violation(site: Site, browser: Chrome, axe: str) -> None:
    """What opens on a page passes axe-core, too, and closes with Escape, which returns the focus."""
    browser.get(f"{site.url}/?span=24h")
    sees(browser, "in the last 24 hours", "h1")
    for opener, opened in (
        ("//button[text()='Add a note']", "dialog[open]"),
        ("//button[text()='Share']", "dialog[open]"),
        ("//*[@data-panel='friction_by_rule']//summary", "details[open]"),
    ):
        button = browser.find_element(By.XPATH, opener)
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].focus()", button)
        button.send_keys(Keys.ENTER)
        wait_for_count(browser, opened, 1)
        assert faults(browser, axe) == []
        browser.switch_to.active_element.send_keys(Keys.ESCAPE)
        wait_for_count(browser, opened, 0)
        assert browser.switch_to.active_element == button


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "panel", "drawn"),
    [
        ("/?span=24h", "friction_rate", "return window.chart.xAxis.data.length"),
        ("/touchpoints?span=7d", "touchpoint_hours", "return window.chart.yAxis.data.length"),
    ],
)
def test_a_chart_is_a_table_too(
    site: Site, browser: Chrome, axe: str, path: str, panel: str, drawn: str
) -> None:
    """The keyboard opens the table of a chart: a row for each of its points, with a head and values."""
    browser.get(f"{site.url}{path}")
    wait_until_loaded(browser)
    summary = browser.find_element(By.CSS_SELECTOR, f"[data-panel={panel}] .tl-rows summary")
    summary.send_keys(Keys.ENTER)
    wait_for_count(browser, f"[data-panel={panel}] .tl-rows table", 1)
    browser.execute_script(
        "window.chart = getElement(document.querySelector(arguments[0]).id.slice(1)).options",
        f"[data-panel={panel}] .nicegui-echart",
    )
    rows = browser.find_elements(By.CSS_SELECTOR, f"[data-panel={panel}] .tl-rows tbody tr")
    assert len(rows) == browser.execute_script(drawn)
    assert all(row.find_elements(By.CSS_SELECTOR, "th[scope=row]") for row in rows)
    cells = browser.find_elements(By.CSS_SELECTOR, f"[data-panel={panel}] .tl-rows tbody td")
    assert {cell.get_attribute("textContent") for cell in cells} - {"", "–", "0"}
    assert faults(browser, axe) == []


@pytest.mark.slow
def test_the_keyboard_reaches_the_content_first(site: Site, browser: Chrome) -> None:
    """The first Tab shows a link that skips the head; it moves the focus to the content of the page."""
    browser.get(f"{site.url}/rules")
    sees(browser, "rules, ", "h1")
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = browser.switch_to.active_element
    assert skip.text == "Skip to the content"
    assert skip.is_displayed()
    skip.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element == browser.find_element(By.CSS_SELECTOR, "main.tl-page")
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.execute_script("return Boolean(document.activeElement.closest('main.tl-page'))")
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert browser.execute_script(outline) == "solid"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/journeys?span=7d", "/alerts", "/compare"])
def test_the_focus_is_always_seen(toured: Site, browser: Chrome, look: Look, path: str) -> None:
    """On a phone, what the keyboard reaches has an outline, is in the window, and not behind the tour."""
    toured.do("history")
    toured.do("fill")
    look(390, 844, "light")
    browser.get(f"{toured.url}{path}")
    wait_until_loaded(browser)
    sees(browser, "Step 1 of 2", ".tl-tour")
    for _ in range(60):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        focused = browser.execute_script(FOCUSED)
        if focused["isBody"]:
            break
        seen = (focused["isInside"], focused["isFree"], focused["outline"])
        assert seen == (True, True, "solid"), focused["name"]
