"""Walks on a schedule: each report is written at least once, and late rounds are not made up for."""

import pytest

from touchline.services.walking.chromium import BrowserFailed
from touchline.services.walking.running import Ran, Rounds, go_on
from touchline.vocabulary.errors import TouchlineError
from touchline.walks import Outcome, Walk, parse_walks


class Over(Exception):
    """The end of a test."""


def test_a_report_is_tried_again_and_missed_rounds_are_left_out() -> None:
    """The same events are written until it works; the next round begins at its time, or at once if late."""
    [walk] = parse_walks("walks: [{name: shop, site: 'https://shop.example', steps: [{name: a, open: /}]}]")
    now, started, reported, warned = [0.0], list[float](), list[int](), list[str]()

    def run(one: Walk) -> Ran:
        started.append(now[0])
        if len(started) == 2:
            raise BrowserFailed("no browser")
        if len(started) == 4:
            now[0] += 250
        if len(started) == 6:
            raise Over
        return Ran(one, int(now[0] * 1000), (Outcome("a", "", 1.0, 10.0, 1.0),))

    def report(ran: Ran) -> None:
        reported.append(ran.started_at)
        if len(reported) <= 3:
            raise TouchlineError("the log is full")

    def sleep(seconds: float) -> None:
        now[0] += seconds

    rounds = Rounds(100.0, run, report, lambda ran: None, warned.append)
    with pytest.raises(Over):
        go_on([walk], rounds, lambda: now[0], sleep)
    assert started == [0, 100, 200, 300, 550, 600]
    assert reported == [0, 0, 0, 0, 200_000, 550_000, 550_000]
    assert [warning.partition(": ")[2] for warning in warned] == [
        *(f"not written, tried again in {pause} s: the log is full" for pause in (5, 10, 20)),
        "no browser",
    ]
