"""Configuration from the environment: what the application does not pass, `TOUCHLINE_…` sets.

| Variable | Argument |
|---|---|
| `TOUCHLINE_URL`, `TOUCHLINE_KEY` | `url`, `key` |
| `TOUCHLINE_SOURCE`, `TOUCHLINE_CHANNEL` | `source`, `channel` |
| `TOUCHLINE_SPOOL`, `TOUCHLINE_WHEN_FULL` | `spool`, `when_full` |
| `TOUCHLINE_ENABLED`, `TOUCHLINE_STRICT` | `enabled`, `strict`: `true` or `false` |
| `TOUCHLINE_LIMIT_QUEUE_EVENTS` and the others | `Limits.queue_events` and the others |
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from touchline.sdk.limits import Limits

PREFIX = "TOUCHLINE_"
LIMIT_PREFIX = "TOUCHLINE_LIMIT_"

_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment sets; None where it sets nothing. An empty variable sets nothing."""

    url: str | None
    key: str | None
    source: str | None
    channel: str | None
    spool: str | None
    when_full: str | None
    enabled: bool | None
    strict: bool | None
    limits: Limits


def read(variables: Mapping[str, str]) -> Environment:
    """Read the variables.

    Raises:
        ValueError: a variable has a value that it cannot have.
    """
    return Environment(
        url=_text("URL", variables),
        key=_text("KEY", variables),
        source=_text("SOURCE", variables),
        channel=_text("CHANNEL", variables),
        spool=_text("SPOOL", variables),
        when_full=_text("WHEN_FULL", variables),
        enabled=_flag("ENABLED", variables),
        strict=_flag("STRICT", variables),
        limits=_limits(variables),
    )


def _text(name: str, variables: Mapping[str, str]) -> str | None:
    return variables.get(PREFIX + name) or None


def _flag(name: str, variables: Mapping[str, str]) -> bool | None:
    given = _text(name, variables)
    if given is None:
        return None
    if given.lower() not in _FLAGS:
        raise ValueError(f"{PREFIX}{name} is {given!r}: write true or false")
    return _FLAGS[given.lower()]


def _limits(variables: Mapping[str, str]) -> Limits:
    kinds = {field.name: type(field.default) for field in fields(Limits)}
    given: dict[str, Any] = {}
    for variable, value in variables.items():
        if not variable.startswith(LIMIT_PREFIX) or not value:
            continue
        name = variable.removeprefix(LIMIT_PREFIX).lower()
        if name not in kinds:
            known = ", ".join(LIMIT_PREFIX + limit.upper() for limit in kinds)
            raise ValueError(f"{variable} names no limit: use one of {known}")
        try:
            given[name] = int(value) if kinds[name] is int else float(value)
        except ValueError:
            raise ValueError(f"{variable} is {value!r}: write a number") from None
    return Limits(**given)
