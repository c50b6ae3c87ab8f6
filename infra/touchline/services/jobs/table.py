"""The jobs of a process: one line each."""

from collections.abc import Callable

from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.services.jobs.changes import changes
from touchline.services.jobs.fixes import fixes
from touchline.services.jobs.impact import impact
from touchline.services.jobs.job import Job, JobMaker
from touchline.services.jobs.reports import audit, weekly
from touchline.services.jobs.runner import Jobs, Workplace
from touchline.services.jobs.segments import segments
from touchline.services.jobs.voice import voice

JOBS: tuple[JobMaker, ...] = (changes, voice, impact, segments, fixes, audit, weekly)
"""What makes each job, in the order in which they run; a short one first, since each delays the others."""


def jobs_of(settings: Settings, rules: Callable[[], RuleSet], place: Workplace) -> Jobs:
    """All jobs with these settings, and the rules that `rules` returns."""
    jobs: tuple[Job, ...] = tuple(make(settings, rules) for make in JOBS)
    return Jobs(jobs, place)
