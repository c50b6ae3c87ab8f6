"""The page that shows what a file gives, in a real browser."""

from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.imports.test_preview import CALLS
from tests.live.browsing import Look, Picture, Site, sees


@pytest.mark.slow
def test_a_file_is_shown_as_events_by_a_mapping_that_can_be_changed(
    site: Site, browser: Chrome, picture: Picture, look: Look, tmp_path: Path
) -> None:
    """The suggested mapping and its events appear; a changed mapping gives others; values stay text."""
    file = tmp_path / "calls.csv"
    file.write_text(CALLS)
    browser.get(f"{site.url}/import")
    browser.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(file))
    sees(browser, "40 rows, 1 refused", "main")
    sees(browser, "=cmd|' /C calc'!A0", "table")
    sees(browser, "touchline import 'calls.csv' --map calls.yaml", "main")
    assert not browser.find_elements(By.CSS_SELECTOR, ".tl-fresh")
    mapping = browser.find_element(By.CSS_SELECTOR, "textarea")
    text = mapping.get_attribute("value") or ""
    picture("import")
    look(390, 844, "dark")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    look(1280, 900, "light")
    _write(browser, text.replace("channel: phone", "channel: chat"))
    browser.find_element(By.CSS_SELECTOR, "button.tl-main").click()
    sees(browser, "chat", "table")
    _write(browser, "events: <b>no</b>")
    browser.find_element(By.CSS_SELECTOR, "button.tl-main").click()
    sees(browser, "calls.yaml line 1", ".tl-fault")


def _write(browser: Chrome, text: str) -> None:
    """Put a text into the field of the mapping."""
    browser.execute_script(
        "const field = document.querySelector('textarea'); field.value = arguments[0];"
        "field.dispatchEvent(new Event('input'))",
        text,
    )
