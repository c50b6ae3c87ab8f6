"""Runs walks: once, or again and again; each result is printed, and written to the log at least once."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from touchline.documents import Secret
from touchline.services.walking.chromium import BrowserFailed, chromium
from touchline.services.walking.mail import MailFailed, correspond
from touchline.vocabulary.errors import TouchlineError
from touchline.walks import Outcome, Walk, walked
from touchline.walks.declaration import Form

FIRST_RETRY = 5.0
LONGEST_RETRY = 60.0
"""Seconds until a report that failed is tried again."""


class Ran(NamedTuple):
    """What was walked at a time.

    Attributes:
        walk: The walk, with the steps of this portion.
        started_at: When it started, ms; for an e-mail, when it was sent.
        outcomes: What became of its steps; none while an answer is due.
        waits: What is waited for, in words.
        settle: What to do after the outcomes are written.
    """

    walk: Walk
    started_at: int
    outcomes: Sequence[Outcome]
    waits: str = ""
    settle: Callable[[], None] = lambda: None


def run_walk(
    walk: Walk,
    value_of: Callable[[Secret], str],
    *,
    sandbox: bool = True,
    clock: Callable[[], float] = time.time,
) -> Ran:
    """Walk through a portion of a walk: its pages with a fresh browser, or one e-mail.

    Raises:
        BrowserFailed: the browser is missing, or it ended: nothing is known of the site.
        MailFailed: a mail server cannot be used: nothing is known of the company's answers.
        ConfigurationError: the value of a form's field, or a password, is missing.
    """
    if (wanted := walk.steps[0].email) is not None:
        now = int(clock() * 1000)
        finding, settle = correspond(walk, wanted, value_of, now)
        outcomes = () if finding.outcome is None else (finding.outcome,)
        return Ran(walk, finding.asked_at or now, outcomes, finding.waits, settle)
    for step in walk.steps:
        if isinstance(step.does, Form):
            for value in step.does.fields.values():
                value_of(value)
    with chromium(walk, sandbox=sandbox) as browser:
        started_at = int(clock() * 1000)
        today = datetime.fromtimestamp(started_at / 1000, UTC).date()
        return Ran(walk, started_at, list(walked(walk, browser, time.monotonic, today, value_of)))


class Rounds(NamedTuple):
    """How walks go on: every so many seconds, with what each does.

    Attributes:
        every: Seconds from the start of one round to the start of the next.
        run: Walks through a walk.
        report: Writes its events; what it raises is tried again, with the same events.
        show: Shows a result.
        warn: Shows what went wrong.
    """

    every: float
    run: Callable[[Walk], Ran]
    report: Callable[[Ran], None]
    show: Callable[[Ran], None]
    warn: Callable[[str], None]


def go_on(
    walks: Iterable[Walk],
    rounds: Rounds,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Walk until interrupted. A round that is late starts at once; missed rounds are left out."""
    portions = [portion for walk in walks for portion in walk.portions()]
    due = clock()
    while True:
        for walk in portions:
            try:
                ran = rounds.run(walk)
            except (BrowserFailed, MailFailed) as failed:
                rounds.warn(f"walk {walk.name}: {failed}")
                continue
            rounds.show(ran)
            _report(ran, rounds, sleep)
        due += rounds.every
        due += max(0.0, (clock() - due) // rounds.every * rounds.every)
        sleep(max(0.0, due - clock()))


def _report(ran: Ran, rounds: Rounds, sleep: Callable[[float], None]) -> None:
    """Write the events of a walk, as often as it takes; later walks wait."""
    if not ran.outcomes:
        return
    pause = FIRST_RETRY
    while True:
        try:
            rounds.report(ran)
        except TouchlineError as error:
            rounds.warn(f"walk {ran.walk.name}: not written, tried again in {pause:.0f} s: {error}")
            sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY)
        else:
            break
    try:
        ran.settle()
    except MailFailed as failed:
        # The next run writes the same events again, which changes nothing.
        rounds.warn(f"walk {ran.walk.name}: {failed}")
