"""docs/vocabulary.md matches the code."""

import re
from pathlib import Path

from touchline.vocabulary import Channel, Envelope, Reason
from touchline.vocabulary.registry import EVENT_TYPES

PAGE = (Path(__file__).parents[2] / "docs" / "vocabulary.md").read_text(encoding="utf-8")


def test_the_table_lists_every_type() -> None:
    """The page has a line per type, in order, with family, phase and meaning, and the number of types."""
    rows = re.findall(r"^\| (\w+) \| `([a-z_.]+)` \| (\d) \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (event_type.family, name, str(event_type.phase), event_type.doc)
        for name, event_type in EVENT_TYPES.items()
    ]
    assert f"knows {len(EVENT_TYPES)} types" in PAGE


def test_the_event_on_the_page_is_valid() -> None:
    """The collector accepts the event on the page."""
    shown = re.search(r"```json\n(.+?)```", PAGE, re.DOTALL)
    assert shown is not None
    envelope = Envelope.model_validate_json(shown[1])
    EVENT_TYPES[envelope.type].model.model_validate(envelope.data)


def test_every_field_channel_and_reason_is_named() -> None:
    """The page names each field of the envelope, each channel and each reason."""
    fields = [info.alias or name for name, info in Envelope.model_fields.items()]
    for name in [*fields, *Channel, *Reason]:
        assert f"`{name}`" in PAGE
