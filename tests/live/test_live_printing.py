"""Pages on paper, in a real browser."""

import re

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.live.browsing import Look, Picture, Site, sees, until

A4 = {"paperWidth": 8.27, "paperHeight": 11.69}

SPLIT_WORDS = """
const range = document.createRange();
const texts = [...document.querySelectorAll("td, th")].flatMap((cell) => {
  const found = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (found.nextNode()) nodes.push(found.currentNode);
  return nodes;
});
return texts.flatMap((text) => [...text.data.matchAll(/\\S+/g)].filter(({ 0: word, index }) => {
  range.setStart(text, index);
  range.setEnd(text, index + word.length);
  return word.length < 15 && range.getClientRects().length > 1;
}).map(([word]) => word));
"""
"""The words in tables, of fewer than 15 letters, that go over two lines."""

CANVASES = """
return [...document.querySelectorAll(".tl-chart canvas")].filter((one) => one.clientHeight).map((canvas) => {
  const { id } = canvas.closest(".tl-chart > [id]");
  return [canvas.clientWidth, canvas.clientHeight, getElement(id.slice(1)).chart.getWidth()];
});
"""
"""The width and height of each chart on the page, and the width for which it was drawn."""

LABELS = """
const elements = [...document.querySelectorAll(".tl-chart > [id]")].map(({ id }) => getElement(id.slice(1)));
const axes = elements.flatMap(({ chart }) => chart?.getOption().yAxis || []);
return [...new Set(axes.map((axis) => axis.axisLabel.color))];
"""
"""The colours of the labels of all charts."""

HEAT_MAP = "[data-panel=touchpoint_hours] .tl-chart"
WATCH_PRINT = f"""
window.addEventListener("beforeprint", () => {{
  const parts = [...document.querySelectorAll("{HEAT_MAP} svg *")];
  window.printed = {{
    width: document.querySelector("{HEAT_MAP} svg").getAttribute("width"),
    texts: parts.filter((part) => part.tagName === "text").map((part) => part.textContent),
    colours: parts.map((part) => part.getAttribute("fill")),
  }};
}});
"""
"""Keeps what the heat map has when the page is laid out for paper."""


@pytest.mark.slow
def test_a_printed_page_is_whole(site: Site, browser: Chrome, look: Look, picture: Picture) -> None:
    """On paper a page is black on white, with dates, without controls; tables, words, charts are whole."""
    look(718, 1000, "dark")
    browser.get(site.url)
    sees(browser, "Show all 50", "[data-panel=journeys_at_risk]")
    rows = browser.find_elements(By.CSS_SELECTOR, "[data-panel=journeys_at_risk] tbody tr")
    assert not rows[-1].is_displayed()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert all(row.is_displayed() for row in rows)
        controls = (
            ".tl-pages",
            ".tl-search",
            "[data-panel=journeys_at_risk] button",
            "[name=channel]",
            "summary",
        )
        for hidden in controls:
            assert not any(one.is_displayed() for one in browser.find_elements(By.CSS_SELECTOR, hidden)), (
                hidden
            )
        dates = browser.find_element(By.CSS_SELECTOR, ".tl-paper").text
        assert re.fullmatch(r"\d+ \w+ 20\d\d, \d\d:\d\d to .*, UTC", dates)
        style = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
        assert browser.execute_script(style) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
        tables = browser.find_elements(By.TAG_NAME, "table")
        assert max(table.rect["x"] + table.rect["width"] for table in tables) <= 718
        assert browser.execute_script(SPLIT_WORDS) == []
        browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
        for width, height, drawn in browser.execute_script(CANVASES):
            assert width == 718
            assert height > 200
            assert drawn == 718
        assert browser.execute_script(LABELS) == ["#333"]
        picture("friction-print")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        browser.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert all(drawn < 718 for _, _, drawn in browser.execute_script(CANVASES))
    assert browser.execute_script(LABELS) == ["#9ba7b6"]


@pytest.mark.slow
def test_a_printed_heat_map_is_whole(site: Site, browser: Chrome, look: Look, picture: Picture) -> None:
    """On paper a heat map is one drawing, with its cells, names and legend, in the colours of paper."""
    look(1280, 900, "dark")
    browser.get(f"{site.url}/touchpoints?span=7d")
    sees(browser, "Phone · call-centre", HEAT_MAP)
    dark = ("#9ba7b6", "rgb(255,224,163)")
    browser.execute_script(WATCH_PRINT)
    browser.execute_cdp_cmd("Page.printToPDF", A4)
    printed = browser.execute_script("return window.printed")
    assert printed["width"] == "718"
    assert {"Phone · call-centre", "Web · shop", "00:00", "12:00", "0"} <= set(printed["texts"])
    assert {"#333", "rgb(125,31,63)"} <= set(printed["colours"])
    assert not set(dark) & set(printed["colours"])
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        [drawing] = browser.find_elements(By.CSS_SELECTOR, f"{HEAT_MAP} :is(canvas, svg)")
        assert drawing.rect["width"] > 700
        assert drawing.rect["height"] > 200
        picture("touchpoints-print")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    colours = "return [...document.querySelectorAll(arguments[0])].map((part) => part.getAttribute('fill'))"
    until(browser, lambda _: set(dark) <= set(browser.execute_script(colours, f"{HEAT_MAP} svg *")))
