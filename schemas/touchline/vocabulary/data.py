"""The base of every event type's data, and the types of its fields."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


class EventData(BaseModel):
    """The data of one event type.

    Types are exact: a string is never read as a number. Unknown fields are kept.
    """

    model_config = ConfigDict(strict=True, extra="allow", frozen=True, allow_inf_nan=False)


Id = Annotated[str, Field(min_length=1, max_length=256)]
"""An id that other events or other systems repeat exactly."""

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


def _parse(value: object) -> object:
    # pydantic would read "1700000000" as seconds since 1970.
    if not isinstance(value, str):
        return value
    try:
        if _RFC_3339.match(value):
            return datetime.fromisoformat(value.upper())
    except ValueError:
        raise _no_time() from None
    raise _no_time()


def _no_time() -> PydanticCustomError:
    return PydanticCustomError("time", "expected a time in RFC 3339, such as 2026-11-21T10:00:00Z")


Time = Annotated[AwareDatetime, BeforeValidator(_parse, json_schema_input_type=AwareDatetime)]
"""A time with a time zone."""

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 currency code, such as EUR."""
