"""Sends with PostHog's library for Python, to a collector at a URL with a key, and prints its errors."""

import json
import sys
from datetime import UTC, datetime

import posthog

_VISITOR = "01a22a99-e630-7d2f-9b7e-2c39b51a4ee3"


def main(url: str, key: str) -> None:
    """Send by version 0 of the protocol, then by version 1."""
    errors: list[str] = []
    shop = posthog.Posthog(key, host=url, on_error=lambda error, _: errors.append(str(error)))
    when = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    quiz = {"score": 7, "ratio": 0.5, "words": ["ä"], "limit": float("inf")}
    shop.capture(
        "Quiz Finished", distinct_id="u-py", properties=quiz, timestamp=when, groups={"company": "acme"}
    )
    shop.set(distinct_id="u-py", properties={"email": "Py@Shop.example", "plan": "pro"})
    shop.set_once(distinct_id="u-py", properties={"phone": "+49 30 1234567"})
    shop.alias(previous_id=_VISITOR, distinct_id="u-py")
    shop.group_identify("company", "acme", {"name": "Acme"})
    shop.capture("of nobody")
    shop.capture_exception(ValueError("no stock"), distinct_id="u-py")
    with shop.new_context():
        shop.identify_context("u-py")
        shop.set_context_session("s-py")
        shop.capture("in a context")
    shop.shutdown()

    shop = posthog.Posthog(
        key,
        host=url,
        capture_mode="v1",
        capture_compression="gzip",
        on_error=lambda error, _: errors.append(str(error)),
    )
    shop.capture("by version 1", distinct_id="u-py", properties={"$session_id": "s-1"}, timestamp=when)
    shop.set(distinct_id="u-py", properties={"email": "Py@Shop.example"})
    shop.capture("too large", distinct_id="u-py", properties={"text": "x" * 40_000})
    shop.shutdown()
    sys.stdout.write(json.dumps(errors))


main(*sys.argv[1:])
