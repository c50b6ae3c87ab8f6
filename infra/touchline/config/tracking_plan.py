"""Reads a tracking plan from its file."""

from collections.abc import Mapping
from pathlib import Path

from touchline.config.text_files import text_of
from touchline.documents import Document
from touchline.tracking import PlanError, PlanFile, parse_plan, read_plan
from touchline.vocabulary.registry import EVENT_TYPES, EventType


def load_plan(path: Path | None) -> Mapping[str, EventType]:
    """The event types under the tracking plan in a file; without one, those of the vocabulary.

    Raises:
        PlanError: the file cannot be read, or has faults.
    """
    return EVENT_TYPES if path is None else parse_plan(text_of(path, PlanError), str(path))


def plan_file(path: Path) -> PlanFile:
    """A tracking plan with its faults.

    Raises:
        PlanError: the file cannot be read.
    """
    return read_plan(Document(text_of(path, PlanError), str(path)))
