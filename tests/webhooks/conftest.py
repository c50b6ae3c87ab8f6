"""Sources of webhooks, opened from a file as a collector opens them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.webhooks.signing import OPTIONS, secret_of
from touchline.collector.webhooks.receiver import Webhooks
from touchline.collector.webhooks.sources_file import open_sources

MAPPING = """
events:
  - type: feedback.given
    id: "{id}"
    time: {column: at, format: unix}
    channel: web
    identifiers: {email: person.mail}
    data:
      feedback_id: id
      metric: {value: csat}
      score: {column: stars, as: float}
"""

MakeWebhooks = Callable[..., Webhooks]


@pytest.fixture
def webhooks(tmp_path: Path) -> MakeWebhooks:
    """`webhooks(kind, …)` has one source `src` of a kind; keywords are its options."""
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")

    def make(kind: str, **options: Any) -> Webhooks:
        source = {"kind": kind, "secret": secret_of(kind), **OPTIONS.get(kind, {}), **options}
        text = yaml.safe_dump({"sources": {"src": source}})
        sources = open_sources(text, tmp_path / "webhooks.yaml")
        return Webhooks(lambda: sources, clock=lambda: 0.0)

    return make
