"""The page `/compare`."""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta, Struct
from nicegui import ui

from touchline.live.boards.spans import period_of
from touchline.live.comparison.comparer import ComparedPeriods, Comparer, KnownChange, Question
from touchline.live.connection.requests import on_request
from touchline.live.elements import BROWSER, PageElement
from touchline.live.feed import Feeds, FeedState
from touchline.live.site import Site, watch

_SLOWER = 60
_PATIENCE = 6
_Text = Annotated[str, Meta(max_length=256)]


class QuestionRequest(Struct, forbid_unknown_fields=True):
    """What a reader compares: a change, or two periods as `2026-11-01..2026-11-14`."""

    change: _Text
    before: _Text
    after: _Text


@dataclass(frozen=True)
class Answer:
    """The changes to choose from, and the comparison; `error` says why there is none."""

    changes: list[KnownChange] = field(default_factory=list)
    compared: ComparedPeriods | None = None
    error: str = ""


class ComparePage(PageElement, component=BROWSER / "compare.js"):
    """Two periods, compared."""

    def show_answer(self, state: FeedState[Answer]) -> None:
        """Show the comparison."""
        self.set_value("result", state.value, state.error)


def add(site: Site) -> None:
    """Add the page, if the process can compare."""
    comparer = site.settings.comparer
    if comparer is None:
        return
    answers: Feeds[Question, Answer] = site.feeds(
        lambda question: load(comparer, question), slower=_SLOWER, patience=_PATIENCE
    )

    @ui.page("/compare", title="Touchline: compare")
    def page(change: str = "", before: str = "", after: str = "") -> None:
        masthead = site.masthead("/compare")
        compared = ComparePage()
        zone = site.settings.zone
        switch = watch(
            answers, question_of(change, before, after, zone), masthead.show_state, compared.show_answer
        )

        def select(request: QuestionRequest) -> None:
            compared.set_prop("result", None)
            switch(question_of(request.change, request.before, request.after, zone))

        on_request(compared, "compare", QuestionRequest, select)


def load(comparer: Comparer, question: Question) -> Answer:
    """The answer to a question. Raises what the store raises."""
    changes = list(comparer.changes())
    if not question.is_complete:
        return Answer(changes)
    try:
        return Answer(changes, comparer.compare(question))
    except ValueError as error:
        return Answer(changes, error=str(error))


def question_of(change: str, before: str, after: str, zone: str) -> Question:
    """The question of an address; dates are in `zone`. Periods that are no dates are left out."""
    if change:
        return Question(change[:256])
    periods = (period_of(text[:256], zone, (), "") for text in (before, after))
    first, second = (period.dates for period in periods)
    return Question("", first, second)
