"""The job that finds topics and words in customers' texts, into the tables `voice_…`."""

from collections.abc import Callable
from typing import Final

from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.runtime.alerting.queries import Insert, Query
from touchline.services.jobs.job import Job
from touchline.vocabulary.durations import DAY, HOUR

EVERY: Final = 6 * HOUR
"""How often (ms) texts are examined."""

PERIOD: Final = 90 * DAY
"""Of how much time (ms), up to now or to the newest event if that is old."""


def voice(_settings: Settings, _rules: Callable[[], RuleSet]) -> Job:
    """The job `voice`."""

    def run(query: Query, insert: Insert, now: int) -> None:
        # These take time and memory to load; a process whose store is empty never needs them.
        from touchline.analysis.reading.extent import extent
        from touchline.analysis.reading.texts import read_texts
        from touchline.analysis.voice.rows import voice_rows

        covered = extent(query, now)
        if covered is None:
            return
        _, until = covered
        texts = read_texts(query, until - PERIOD, until)
        for table, rows in voice_rows(texts, until - PERIOD, until, now).items():
            insert(table, rows, f"voice:{now}")

    return Job("voice", EVERY, run)
