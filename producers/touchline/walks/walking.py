"""Walks through the steps with a browser, and says what became of each. Clock and browser are passed in."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from touchline.documents import Secret
from touchline.vocabulary.durations import DAY, exact_duration
from touchline.vocabulary.wording import counted
from touchline.walks.browser import Browser, Page, PageFailed
from touchline.walks.contact import seek_contact
from touchline.walks.declaration import ContactWithin, Correspondence, Form, Open, PhoneMenu, Step, Walk
from touchline.walks.outcomes import Outcome

Clock = Callable[[], float]
"""Seconds that only ever grow."""

ValueOf = Callable[[Secret], str]
"""The value of a field of a form."""


def walked(walk: Walk, browser: Browser, clock: Clock, today: date, value_of: ValueOf) -> Iterator[Outcome]:
    """What became of each step, in order; each step begins anew, whatever became of the one before.

    Raises:
        ValueError: a step is an e-mail.
    """
    start = clock()
    ends = start + walk.limit / 1000
    for step in walk.steps:
        began = clock()
        if began >= ends and not isinstance(step.does, PhoneMenu):
            why = f"not reached: the walk may take {exact_duration(walk.limit)}"
            yield Outcome(step.in_words, why, None, _seconds(step), began - start)
            continue
        why = _why(
            step, walk, browser, _Left(clock, min(ends, began + (step.limit or 0) / 1000)), today, value_of
        )
        ended = clock()
        took = None if isinstance(step.does, PhoneMenu) else ended - began
        if not why and took is not None and step.limit is not None and took * 1000 > step.limit:
            why = f"took {took:.1f} s: it may take {exact_duration(step.limit)}"
        yield Outcome(step.in_words, why, took, _seconds(step), ended - start)


class _Left:
    """The seconds that are left until a time."""

    def __init__(self, clock: Clock, until: float) -> None:
        self._clock, self._until = clock, until

    def __call__(self) -> float:
        return max(0.0, self._until - self._clock())


def _seconds(step: Step) -> float | None:
    return None if step.limit is None else step.limit / 1000


def _why(step: Step, walk: Walk, browser: Browser, left: _Left, today: date, value_of: ValueOf) -> str:
    """What is wrong with a step; '' if it passes."""
    try:
        match step.does:
            case Open() as wanted:
                _open(wanted, walk, browser, left)
            case Form() as wanted:
                _send(wanted, walk, browser, left, value_of)
            case ContactWithin() as wanted:
                seek_contact(wanted, walk, browser, left)
            case PhoneMenu() as stated:
                _look_up(stated, today)
            case Correspondence():
                raise ValueError("an e-mail is a portion of its own, without a browser")
    except PageFailed as failed:
        return str(failed) or "the page failed"
    return ""


def _open(wanted: Open, walk: Walk, browser: Browser, left: _Left) -> None:
    page = browser.load(walk.address(wanted.page), left())
    _stays(page, walk)
    if not page.status:
        raise PageFailed(f"{page.where} did not load, or its status is not known")
    if page.status != wanted.status:
        raise PageFailed(f"{page.where} answers {page.status}: expected {wanted.status}")
    if wanted.expect is not None and not browser.shows(wanted.expect, left()):
        raise PageFailed(f"{page.where} does not show '{wanted.expect}'")


def _send(wanted: Form, walk: Walk, browser: Browser, left: _Left, value_of: ValueOf) -> None:
    page = browser.load(walk.address(wanted.page), left())
    _stays(page, walk)
    if page.status >= 400:
        raise PageFailed(f"{page.where} answers {page.status}")
    if browser.shows(wanted.expect, 0):
        raise PageFailed(
            f"{page.where} shows '{wanted.expect}' before the form is sent: expect a text of the answer"
        )
    for selector, value in wanted.fields.items():
        browser.fill(selector, value_of(value))
    browser.press(wanted.submit, left())
    shown = browser.shows(wanted.expect, left())
    answer = browser.page()
    _stays(answer, walk)
    if not shown:
        status = f" (it answers {answer.status})" if answer.status >= 400 else ""
        raise PageFailed(f"after the form was sent, {answer.where} does not show '{wanted.expect}'{status}")


def _stays(page: Page, walk: Walk) -> None:
    if not walk.covers(page.address):
        raise PageFailed(f"leads to {page.where}, which is not on the walk's hosts")


def _look_up(stated: PhoneMenu, today: date) -> None:
    if today > stated.stated + timedelta(days=stated.valid // DAY):
        raise PageFailed(
            f"stated {stated.stated}, which is longer ago than {exact_duration(stated.valid)}: call, and "
            "state it again"
        )
    if stated.levels > stated.at_most:
        raise PageFailed(
            f"the menu has {counted(stated.levels, 'level')}: at most {stated.at_most} are allowed"
        )
