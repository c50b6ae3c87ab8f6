"""Labels of dashboards, panels, columns, filters and measures use words that the glossary defines."""

import re
from pathlib import Path

from touchline.measures import MEASURES
from touchline.panels import DASHBOARDS, PANELS
from touchline.vocabulary.names import CHANNELS, FEEDBACK

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"

STEM = 5
"""Words with the same first letters are forms of one word: `resolved`, `resolution`."""

PLAIN_ENGLISH = """
a affected after against age alarm allow an and answer app are arrival at average avoided before brought by
came cart change chat close comment complaint computed converted cost culture currency day deployed did
difference distance each employee failure false feedback field first fix fixes for frequent from health
helped hour how hung interval it kiosk language last late latest level loop lost mail mean meant media
median message met most negative net newest next now observed occurrence odds of on one open opened order
other over owner passed people per percentile phone process promoter rate read reason report response result
review risk satisfaction say seen service severity short should silent since social speed staff status
summary technology text th that the their there those time times to top two until up usual value wait
waiting was way weakest web what when where which who with within without word wrote
"""
"""Words of labels that need no definition. Any other word is a term of the domain."""

USED_IN_SENTENCES = """
alert benchmark contact customer event evidence friction goal grade identifier incident journey measure
outcome period score strike touchpoint visit
"""
"""Terms of the domain in sentences of the live page."""


def stems(text: str) -> set[str]:
    """The first letters of the words of a text, without plural endings and single letters."""
    return {word.removesuffix("s")[:STEM] for word in re.findall(r"[a-z]{2,}", text.lower())}


def labels() -> list[str]:
    """All titles that people read."""
    return [
        *(dashboard.title for dashboard in DASHBOARDS),
        *(variable.title for dashboard in DASHBOARDS for variable in dashboard.variables),
        *(panel.title for panel in PANELS),
        *(column.title for panel in PANELS for column in panel.columns.values()),
        *(measure.title for measure in MEASURES),
        *CHANNELS.values(),
        *FEEDBACK.values(),
    ]


def test_the_glossary_defines_each_term_of_a_label() -> None:
    """A word of a label is plain English or part of a heading of the glossary."""
    headings = re.findall(r"^### (.+)$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    known = stems(" ".join(headings)) | stems(PLAIN_ENGLISH)
    undefined = {text for text in (*labels(), *USED_IN_SENTENCES.split()) if stems(text) - known}
    assert not undefined


def test_questions_are_questions() -> None:
    """The question of a dashboard, panel or measure starts with a capital letter and ends with its mark."""
    questions = [
        *(dashboard.question for dashboard in DASHBOARDS),
        *(panel.question for panel in PANELS),
        *(measure.question for measure in MEASURES),
    ]
    for question in questions:
        assert re.fullmatch(r"[A-Z][^?.]*\?", question), question
