"""The page of rules in a real browser: what each found, and trials of other numbers."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.live.browsing import Look, Picture, Site, sees, until
from touchline.live.rules.trials import MOST_WAITING, Trials, TrialState
from touchline.live.rules.workshop import RuleSheet, TrialFailed, TrialResult

RESULT = TrialResult(120.0, 31.0, 0, 623, 7.0, 1.0, "extends: default\n")


class Slow:
    """A workshop whose trials end when a test says so."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.running, self.most = 0, 0

    def sheets(self) -> Sequence[RuleSheet]:
        return []

    def run(
        self,
        rule: str,
        positions: Mapping[str, int],
        days: int,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> TrialResult:
        self.running += 1
        self.most = max(self.most, self.running)
        progress(0.5)
        while not self.may_end.wait(0.01):
            if cancelled():
                break
        self.running -= 1
        if cancelled():
            raise TrialFailed("Cancelled")
        return RESULT


async def test_trials_run_one_at_a_time_and_can_be_cancelled() -> None:
    """Others wait and see how many are before them; past a number of them, a page is told to come back."""
    slow = Slow()
    trials = Trials(slow.run)
    states: dict[int, list[TrialState[TrialResult]]] = {number: [] for number in range(MOST_WAITING + 2)}
    cancelled = {number: threading.Event() for number in states}
    tasks = [
        asyncio.create_task(trials.run(number, "r", {}, 7, cancelled[number], states[number].append))
        for number in states
    ]
    async with asyncio.timeout(20):
        while not (states[0] and states[0][-1].done == 0.5 and states[1]):
            await asyncio.sleep(0.01)
        assert states[1][-1].stage == "waiting"
        assert states[1][-1].ahead == 1
        last = states[MOST_WAITING + 1][-1]
        assert (last.stage, "try again" in last.error) == ("failed", True)
        cancelled[0].set()
        while states[0][-1].stage != "failed":
            await asyncio.sleep(0.01)
        assert states[0][-1].error == "Cancelled"
        slow.may_end.set()
        await asyncio.gather(*tasks)
    assert states[1][-1] == TrialState(1, "done", done=1.0, result=RESULT)
    assert slow.most == 1
    await trials.close()


@pytest.mark.slow
def test_a_rule_is_tried_with_other_numbers(
    site: Site, browser: Chrome, look: Look, picture: Picture
) -> None:
    """The page lists what each rule found; a slider moved by keys gives a sentence and the YAML."""
    browser.get(f"{site.url}/rules?span=24h")
    sees(browser, "rules, ", "h1")
    first = browser.find_element(By.CSS_SELECTOR, ".tl-rules > li")
    assert first.get_attribute("data-rule") == "queue_abandoned"
    picture("rules")
    rule = "[data-rule=checkout_abandoned]"
    browser.find_element(By.CSS_SELECTOR, f"{rule} summary").click()
    sees(browser, "All journeys with it", rule)
    slider = browser.find_element(By.CSS_SELECTOR, f"{rule} input[type=range]")
    assert slider.get_attribute("aria-valuetext") == "30m"
    assert not browser.find_element(By.CSS_SELECTOR, f"{rule} .tl-main").is_enabled()
    slider.send_keys(Keys.ARROW_RIGHT * 3)
    sees(browser, "Time window 2h instead of 30m", rule)
    browser.find_element(By.CSS_SELECTOR, f"{rule} .tl-main").click()
    sees(browser, "Would have found", rule)
    sees(browser, "extends: default\nchange:\n  checkout_abandoned:\n    within: 2h", f"{rule} .tl-try pre")
    picture("rules-tried")
    look(390, 844, "dark")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    picture("rules-390-dark")
    browser.find_element(By.LINK_TEXT, "All journeys with it").click()
    until(browser, lambda _: "/journeys" in browser.current_url)
    assert "rule=checkout_abandoned" in browser.current_url
