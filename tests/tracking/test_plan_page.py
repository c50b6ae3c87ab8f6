"""docs/plan.md agrees with the code: its plan, its tables, its generated client."""

import re
from pathlib import Path
from typing import Any

from touchline.documents import Document
from touchline.sdk import Memory
from touchline.tracking import read_plan
from touchline.tracking.declaration import FieldDeclaration, OwnType, Tightening
from touchline.tracking.event_methods import plan_methods
from touchline.tracking.lint import warnings
from touchline.vocabulary.registry import EVENT_TYPES

PAGE = (Path(__file__).parents[2] / "docs" / "plan.md").read_text(encoding="utf-8")


def test_the_plan_of_the_page_can_be_used() -> None:
    """The example has neither faults nor warnings, and the client generated from it sends its types."""
    text = PAGE.partition("```yaml\n")[2].partition("```")[0]
    file = read_plan(Document(text, "plan"))
    assert (file.faults, warnings(file)) == ((), [])
    own = [one for name, one in file.types.items() if EVENT_TYPES.get(name) is not one]
    names: dict[str, Any] = {"__name__": "shop_events"}
    exec(compile(plan_methods(own), "shop_events.py", "exec"), names)
    memory = Memory()
    with names["Touchline"](memory, source="shop") as tl:
        tl.quote_sent({"account": "u-17"}, quote_id="q-1", data={"desk": 7})
    assert memory.events[0]["data"] == {"quote_id": "q-1", "desk": 7}


def test_the_tables_of_the_page_are_whole() -> None:
    """The page names each key of an own type, of a tightened one and of a field."""
    for model in (OwnType, Tightening, FieldDeclaration):
        assert all(f"`{name}`" in PAGE for name in model.model_fields)
    kinds = re.findall(r"'(\w+)'", str(FieldDeclaration.model_fields["type"].annotation))
    assert kinds
    assert all(f"`{kind}`" in PAGE for kind in kinds)
