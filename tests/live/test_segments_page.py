"""The page of segments, in a real browser."""

from functools import partial

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.live.browsing import Look, Picture, Site, sees, until

HARM = "<img src=x onerror='window.harmed=1'>"


def _write(browser: Chrome, text: str) -> None:
    field = browser.find_element(By.CSS_SELECTOR, ".tl-code")
    browser.execute_script(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", field, text
    )


def _drawn(browser: Chrome, panel: str) -> bool:
    """Whether the diagram of a panel has a point that is neither empty nor of the card's colour."""
    drawn: bool = browser.execute_script(
        """const canvas = document.querySelector(`[data-panel="${arguments[0]}"] canvas`);
        return !!canvas && new Set(new Uint32Array(canvas.getContext("2d")
          .getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size > 3;""",
        panel,
    )
    return drawn


def _labels(browser: Chrome, panel: str) -> tuple[set[str], set[str], float]:
    """The words of the steps of a panel's diagram, the words of all labels, and where these end (px)."""
    steps, labels, right = browser.execute_script(
        """const element = document.querySelector(`[data-panel="${arguments[0]}"] .nicegui-echart`);
        const { chart } = getElement(element.id.slice(1));
        const texts = chart.getZr().storage.getDisplayList(true).filter(({ type }) => type === "tspan");
        const ends = texts.map((text) => {
          const box = text.getBoundingRect().clone();
          if (text.transform) box.applyTransform(text.transform);
          return box.x + box.width;
        });
        const { left } = element.getBoundingClientRect();
        const names = chart.getOption().series[0].data.map(({ name }) => name);
        const steps = names.filter((name) => !name.startsWith("Then: "));
        return [steps, texts.map((text) => text.style.text), left + Math.max(...ends)];""",
        panel,
    )
    return set(" ".join(steps).split()), set(" ".join(labels).split()), right


@pytest.mark.slow
def test_a_segment_is_written_counted_edited_and_deleted(
    site: Site, browser: Chrome, look: Look, picture: Picture
) -> None:
    """A faulty segment names its place; a right one is counted, saved, edited and deleted; a funnel too."""
    browser.get(f"{site.url}/segments")
    sees(browser, "No segment yet", "[data-kind=segment]")
    browser.find_element(By.XPATH, "//button[text()='Add a segment']").click()
    _write(browser, "id: phone\ntitle: On the phone\nfirst_chanel: [phone]")
    browser.find_element(By.CSS_SELECTOR, "dialog input[autocomplete=name]").send_keys("Kim")
    browser.find_element(By.CSS_SELECTOR, "dialog button[type=submit]").click()
    sees(browser, "segment:3:1: first_chanel: unknown key", "dialog .tl-fault")
    _write(
        browser, f'id: phone\ntitle: "{HARM}"\nowner: CRM\nfirst_channel: [web]\nfirst_seen: {{within: 9d}}'
    )
    browser.find_element(By.XPATH, "//button[text()='Count customers']").click()
    sees(browser, "customers", "dialog [role=status]")
    picture("segment-draft")
    browser.find_element(By.CSS_SELECTOR, "dialog button[type=submit]").click()
    sees(browser, HARM, "[data-id=phone]")
    sees(browser, "phone · CRM · by Kim", "[data-id=phone]")
    sees(browser, "being computed", "[data-id=phone]")
    browser.execute_script("window.touchline.copy = async (text) => { window.copied = text; return true; }")
    browser.find_element(By.CSS_SELECTOR, "[data-id=phone] summary").click()
    sees(browser, "first_channel: [web]", "[data-id=phone] pre")
    browser.find_element(By.CSS_SELECTOR, "[data-id=phone] details button").click()
    sees(browser, "Copied", "[data-id=phone] details")
    assert browser.execute_script("return window.copied").startswith("id: phone\ntitle: ")
    assert browser.execute_script("return window.harmed") is None
    browser.find_element(By.XPATH, "//button[text()='Add a segment']").click()
    _write(browser, "id: phone\ntitle: Again\nfirst_channel: [web]")
    browser.find_element(By.CSS_SELECTOR, "dialog button[type=submit]").click()
    sees(browser, "There is a segment with the id phone already", "dialog .tl-fault")
    browser.find_element(By.XPATH, "//dialog//button[text()='Cancel']").click()
    browser.find_element(By.XPATH, "//button[text()='Add a funnel']").click()
    browser.find_element(By.CSS_SELECTOR, "dialog button[type=submit]").click()
    sees(browser, "From help to a call", "[data-id=help_to_call]")
    browser.get(f"{site.url}/journeys?span=30d")
    sees(browser, "Help searched", "[data-panel=funnel-help_to_call]")
    sees(browser, "of the step before", "[data-panel=funnel-help_to_call]")
    sees(browser, "Help failed", "[data-panel=left-help_to_call] tbody")
    for panel in ("cart_flows", "flows-help_to_call"):
        sees(browser, "Show as a table", f"[data-panel={panel}]")
        until(browser, partial(_drawn, panel=panel))
        browser.find_element(By.CSS_SELECTOR, f"[data-panel={panel}] .tl-rows > summary").click()
        sees(browser, "Then: ", f"[data-panel={panel}] tbody")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 1280
    picture("own-funnel")
    look(390, 844, "light")
    for panel in ("cart_flows", "flows-help_to_call"):
        until(browser, partial(_drawn, panel=panel))
        steps, words, right = _labels(browser, panel)
        assert steps <= words
        assert right < 390
    picture("own-funnel-390")
    look(1280, 900, "light")
    status, text = site.get("/panel/funnel-help_to_call.csv?span=30d")
    assert (status, text.count("\n")) == (200, 4)
    assert site.get("/panel/funnel-none.csv")[0] == 404
    browser.get(f"{site.url}/segments")
    sees(browser, "From help to a call", "[data-id=help_to_call]")
    look(390, 900, "dark")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    picture("segments-390-dark")
    look(1280, 900, "light")
    for row in ("phone", "help_to_call"):
        delete = f"[data-id={row}] .tl-buttons button:last-child"
        browser.find_element(By.CSS_SELECTOR, delete).click()
        sees(browser, "Really delete?", delete)
        browser.find_element(By.CSS_SELECTOR, delete).click()
    sees(browser, "No segment yet", "[data-kind=segment]")
    sees(browser, "No funnel of your own yet", "[data-kind=funnel]")
