"""docs/sdk.md runs and is complete."""

import re
from pathlib import Path
from typing import Any, get_args

import mypy.api
import pytest

from touchline.sdk import Limits, Loss

PAGE = Path(__file__).parents[2] / "docs" / "sdk.md"


def _blocks() -> list[str]:
    """The Python blocks of the page, in order."""
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def test_the_page_runs_from_top_to_bottom(collector: Any) -> None:
    """Every Python block of the page runs, against a collector that stores what it sends."""
    names: dict[str, Any] = {}
    # The page's key is a placeholder that no header can hold.
    page = "\n".join(_blocks()).replace("http://127.0.0.1:8080", collector.url).replace("…", "k-1")
    exec(compile(page, str(PAGE), "exec"), names)
    names["test_checkout_is_tracked"]()
    names["test_with_a_url"]()
    names["patient"].close()
    names["durable"].close()
    names["scrubbed"].close()
    assert names["tl"].close()
    types = [event["type"] for event in collector.events]
    assert types[:4] == ["checkout.started", "order.placed", "identity.linked", "page.viewed"]
    assert types[-2:] == ["promise.kept", "change.deployed"]
    assert [event["data"]["resolved"] for event in collector.events if event["type"] == "contact.ended"] == [
        True
    ]


@pytest.mark.slow
def test_the_page_passes_a_type_checker(tmp_path: Path) -> None:
    """The Python blocks of the page pass mypy's strict check against the SDK's own types."""
    page = tmp_path / "page.py"
    page.write_text("\n".join(_blocks()))
    config = Path(__file__).parents[2] / "pyproject.toml"
    report, errors, code = mypy.api.run(["--config-file", str(config), "--strict", str(page)])
    assert (code, errors) == (0, ""), report


def test_the_page_names_every_limit_and_loss() -> None:
    """The page names every limit and every reason for a loss."""
    text = PAGE.read_text()
    assert all(f"`{name}`" in text for name in [*get_args(Loss), *Limits.__slots__])
