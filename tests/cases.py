"""How many cases Hypothesis tries, by profile: laws get more than other properties.

`HYPOTHESIS_PROFILE` is `dev` (the default), `ci` (the default where `CI` is set) or `long`.
"""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

PROFILES = {"dev": (100, 100), "ci": (300, 2_000), "long": (5_000, 50_000)}
"""The cases of a property, and of a law."""

PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
CASES, LAW_CASES = PROFILES[PROFILE]


def load_profile() -> None:
    """Set how many cases a property is tried with."""
    settings.register_profile(PROFILE, max_examples=CASES, deadline=None)
    settings.load_profile(PROFILE)


def law(*strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`given`, with as many cases as a law is tried with."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        return given(*strategies)(settings(max_examples=LAW_CASES, deadline=None)(test))

    return decorate
