"""Events with fields of their own in the tracker protocol: page views, structured events, transactions."""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.snowplow.payload import Fields
from touchline.collector.dialects.snowplow.values import number

STRUCTURED: Final = "structured_event"

_EVENTS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "pv": ("page_view", {}),
    "pp": ("page_ping", {"pp_mix": "min_x", "pp_max": "max_x", "pp_miy": "min_y", "pp_may": "max_y"}),
    "se": (
        STRUCTURED,
        {"se_ca": "category", "se_ac": "action", "se_la": "label", "se_pr": "property", "se_va": "value"},
    ),
    "tr": (
        "transaction",
        {
            "tr_id": "order_id",
            "tr_tt": "total",
            "tr_cu": "currency",
            "tr_tx": "tax",
            "tr_sh": "shipping",
            "tr_af": "affiliation",
            "tr_ci": "city",
            "tr_st": "state",
            "tr_co": "country",
        },
    ),
    "ti": (
        "transaction_item",
        {
            "ti_id": "order_id",
            "ti_sk": "sku",
            "ti_nm": "name",
            "ti_ca": "category",
            "ti_pr": "price",
            "ti_qu": "quantity",
            "ti_cu": "currency",
        },
    ),
}
"""By `e`: Snowplow's name of the event, and the names in `data` of its fields."""

FIELDS: Final = frozenset(name for _, names in _EVENTS.values() for name in names)
"""The fields that become data."""

_NUMBERS: Final = frozenset({"se_va", "tr_tt", "tr_tx", "tr_sh", "ti_pr", "ti_qu", *_EVENTS["pp"][1]})


def classic(fields: Fields) -> tuple[str, dict[str, Any]]:
    """Snowplow's name and the data of an event; an unknown `e` is its own name, without data."""
    name, names = _EVENTS.get(fields["e"], (fields["e"], {}))
    return name, {ours: _value(its, fields[its]) for its, ours in names.items() if its in fields}


def _value(name: str, value: Any) -> Any:
    found = number(value) if name in _NUMBERS else None
    return value if found is None else found
