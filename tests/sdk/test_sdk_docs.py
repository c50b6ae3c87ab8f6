"""docs/sdk.md runs and is complete."""

import re
from pathlib import Path
from typing import Any, get_args

from touchline.sdk import Limits, Loss

PAGE = Path(__file__).parents[2] / "docs" / "sdk.md"


def test_the_page_runs_from_top_to_bottom(collector: Any) -> None:
    """Every Python block of the page runs, against a collector that stores what it sends."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    # The page's key is a placeholder that no header can hold.
    page = "\n".join(blocks).replace("http://127.0.0.1:8080", collector.url).replace("…", "k-1")
    exec(compile(page, str(PAGE), "exec"), names)
    names["test_checkout_is_tracked"]()
    names["patient"].close()
    assert names["tl"].close()
    assert [event["type"] for event in collector.events][:3] == [
        "checkout.started",
        "order.placed",
        "identity.linked",
    ]
    assert collector.events[-1]["data"]["resolved"] is True


def test_the_page_names_every_limit_and_loss() -> None:
    """The page names every limit and every reason for a loss."""
    text = PAGE.read_text()
    assert all(f"`{name}`" in text for name in [*get_args(Loss), *Limits.__slots__])
